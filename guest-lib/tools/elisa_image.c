// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * elisa-image: what is in a sub image, and why it would be refused.
 *
 * The loader is the library's, and the search for forbidden instructions is the
 * module's own source, kmod/verify.c; that is under the GPL, and so is the
 * program as a whole.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/batch_op.h>

#include "subimage.h"
#include "symbol.h"
#include "verify.h"

/* As the library: an image is small, but there is debug information. */
#define FILE_MAX     (16u << 20)
#define FINDINGS_MAX 100

enum status {
	STATUS_OK,
	STATUS_REFUSED, /* or cannot be read */
	STATUS_USAGE,
};

struct finding {
	const char *instruction;
	uint64_t offset; /* in the image */
};

static struct {
	uint8_t *bytes;
	size_t size;
	struct subimage image;
	char refusal[SUBIMAGE_ERR_SIZE]; /* the loader's */
	struct finding finding[FINDINGS_MAX];
	unsigned int n_findings;
} file;

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: elisa-image [-j] check FILE   would a host accept this sub image?\n"
		"       elisa-image [-j] show FILE    what is in it\n"
		"       elisa-image -V | -h\n"
		"  -j  print JSON\n");
	return to == stdout ? STATUS_OK : STATUS_USAGE;
}

/* --- reading */

static int read_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	int err = 0;

	if (!in)
		return errno;
	file.bytes = malloc(FILE_MAX + 1);
	if (!file.bytes) {
		fclose(in);
		return ENOMEM;
	}
	file.size = fread(file.bytes, 1, FILE_MAX + 1, in);
	if (ferror(in))
		err = errno ? errno : EIO;
	else if (file.size > FILE_MAX)
		err = EFBIG;
	fclose(in);
	return err;
}

/* A verifier that finds nothing, but keeps all that it sees. */
static const char *collect(const uint8_t *code, size_t len, size_t *offset)
{
	size_t from = 0;

	while (from < len && file.n_findings < FINDINGS_MAX) {
		enum elisa_verdict verdict;
		struct finding *finding;

		verdict = elisa_verify_code(code + from, len - from, offset);
		if (verdict == ELISA_CODE_OK)
			break;
		from += *offset;
		finding = &file.finding[file.n_findings++];
		finding->instruction = elisa_verdict_text(verdict);
		finding->offset = (uint64_t)(code - file.image.pages) + from;
		from++;
	}
	return NULL;
}

static int load(const char *path)
{
	char none[SUBIMAGE_ERR_SIZE];
	int err = read_file(path);

	if (!err)
		err = -subimage_parse(&file.image, file.bytes, file.size,
				      file.refusal, sizeof(file.refusal));
	if (err == ENOEXEC)
		return 0;
	if (err) {
		fprintf(stderr, "elisa-image: %s: %s\n", path, strerror(err));
		return -1;
	}
	subimage_verify(&file.image, collect, none, sizeof(none));
	return 0;
}

/* --- printing */

static bool accepted(void)
{
	return !file.refusal[0] && !file.n_findings;
}

static bool find(struct symbol *symbol, uint64_t place)
{
	return symbol_find(symbol, file.bytes, file.size, place);
}

static void print_findings(void)
{
	struct symbol symbol;
	unsigned int i;

	for (i = 0; i < file.n_findings; i++) {
		const struct finding *f = &file.finding[i];

		printf("refused: forbidden instruction %s at image offset %#" PRIx64,
		       f->instruction, f->offset);
		if (find(&symbol, f->offset))
			printf(", in %s+%#" PRIx64, symbol.name, symbol.offset);
		putchar('\n');
	}
	if (file.n_findings == FINDINGS_MAX)
		printf("(and maybe more)\n");
}

/* --- JSON; a member that is NULL was not to be had, and spoils the whole */

static bool incomplete;

static void put(json_t *object, const char *key, json_t *value)
{
	incomplete |= json_object_set_new(object, key, value) != 0;
}

static void append(json_t *list, json_t *value)
{
	incomplete |= json_array_append_new(list, value) != 0;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *json_findings(void)
{
	json_t *list = json_array();
	struct symbol symbol;
	unsigned int i;

	for (i = 0; i < file.n_findings; i++) {
		const struct finding *f = &file.finding[i];
		json_t *item = json_object();

		put(item, "instruction", json_string(f->instruction));
		put(item, "offset", number(f->offset));
		if (find(&symbol, f->offset)) {
			put(item, "symbol", json_string(symbol.name));
			put(item, "symbol_offset", number(symbol.offset));
		}
		append(list, item);
	}
	return list;
}

static void json_verdict(json_t *root)
{
	put(root, "accepted", json_boolean(accepted()));
	if (file.refusal[0])
		put(root, "reason", json_string(file.refusal));
	else if (file.n_findings)
		put(root, "reason", json_string("forbidden instructions"));
	put(root, "forbidden", json_findings());
}

static void json_print(json_t *root)
{
	json_verdict(root);
	if (incomplete || json_dumpf(root, stdout, 0))
		fprintf(stderr, "elisa-image: out of memory\n");
	else
		putchar('\n');
	json_decref(root);
}

static int print_check(bool json)
{
	if (json)
		json_print(json_object());
	else if (file.refusal[0])
		printf("refused: %s\n", file.refusal);
	else if (file.n_findings)
		print_findings();
	else
		printf("accepted\n");
	return accepted() && !incomplete ? STATUS_OK : STATUS_REFUSED;
}

static const char *kind(const struct subimage_segment *seg)
{
	if (seg->prot & ELISA_PROT_X)
		return "code";
	return seg->prot & ELISA_PROT_W ? "data" : "constants";
}

static bool has_batches(void)
{
	unsigned int i;

	for (i = 0; i < file.image.n_entries; i++)
		if (!strcmp(file.image.entries[i].name, ELISA_BATCH_ENTRY))
			return true;
	return false;
}

static void show_text(void)
{
	const struct subimage *img = &file.image;
	unsigned int i;

	printf("pages    %u of %u\n", img->npages, ELISA_IMAGE_PAGES_MAX);
	printf("batches  %s\n", has_batches() ? "yes" : "no");
	printf("entries  %u of %u\n", img->n_entries, ELISA_ENTRIES_MAX);
	printf("\nSEGMENT    OFFSET    BYTES     PAGES\n");
	for (i = 0; i < img->n_segments; i++) {
		const struct subimage_segment *seg = &img->segments[i];

		printf("%-9s  0x%-6x  %-8u  %u\n", kind(seg),
		       seg->first_page * ELISA_PAGE_SIZE, seg->size,
		       seg->npages);
	}
	printf("\nENTRY  OFFSET    NAME\n");
	for (i = 0; i < img->n_entries; i++)
		printf("%-5u  0x%-6" PRIx64 "  %s\n", i, img->entries[i].offset,
		       img->entries[i].name);
	putchar('\n');
}

static json_t *show_json(void)
{
	const struct subimage *img = &file.image;
	json_t *root = json_object(), *list = json_array();
	unsigned int i;

	put(root, "pages", number(img->npages));
	put(root, "batches", json_boolean(has_batches()));
	for (i = 0; i < img->n_segments; i++) {
		const struct subimage_segment *seg = &img->segments[i];
		json_t *item = json_object();

		put(item, "kind", json_string(kind(seg)));
		put(item, "offset",
		    number((uint64_t)seg->first_page * ELISA_PAGE_SIZE));
		put(item, "bytes", number(seg->size));
		put(item, "pages", number(seg->npages));
		append(list, item);
	}
	put(root, "segments", list);
	list = json_array();
	for (i = 0; i < img->n_entries; i++) {
		json_t *item = json_object();

		put(item, "index", number(i));
		put(item, "name", json_string(img->entries[i].name));
		put(item, "offset", number(img->entries[i].offset));
		append(list, item);
	}
	put(root, "entries", list);
	return root;
}

static int print_show(bool json)
{
	/* There is nothing to show of what is no image. */
	if (file.refusal[0] || !json) {
		if (!file.refusal[0])
			show_text();
		return print_check(json);
	}
	json_print(show_json());
	return accepted() && !incomplete ? STATUS_OK : STATUS_REFUSED;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int (*print)(bool json);
	bool json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "jVh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'V':
			printf("elisa-image " ELISA_VERSION "\n");
			return STATUS_OK;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind + 2 != argc)
		return usage(stderr);
	if (!strcmp(argv[optind], "check"))
		print = print_check;
	else if (!strcmp(argv[optind], "show"))
		print = print_show;
	else
		return usage(stderr);

	status = STATUS_REFUSED;
	if (!load(argv[optind + 1]))
		status = print(json);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "elisa-image: standard output: %s\n",
			strerror(errno));
		status = STATUS_REFUSED;
	}
	subimage_release(&file.image);
	free(file.bytes);
	return status;
}
