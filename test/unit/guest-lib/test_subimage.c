// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The loader: good images, and for each of its messages an image that gets it.
 *
 * The linker script gives every image the program headers 0 code, 1 constants,
 * 2 data, 3 dynamic section, 4 entries, 5 stack; mutations use the numbers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "image_file.h"
#include "subimage.h"

#define PAGE ELISA_PAGE_SIZE

static uint64_t word_at(const struct subimage *img, uint64_t offset)
{
	uint64_t value;

	memcpy(&value, img->pages + offset, sizeof(value));
	return value;
}

static int parse(struct subimage *img, const char *name, char *err)
{
	struct image_file f;
	uint8_t *copy;
	int rc;

	assert_int_equal(image_file_read(&f, name), 0);
	/* Exactly the file's bytes, so that ASan sees a read behind them. */
	copy = malloc(f.size);
	memcpy(copy, f.bytes, f.size);
	rc = subimage_parse(img, copy, f.size, err, SUBIMAGE_ERR_SIZE);
	free(copy);
	image_file_free(&f);
	return rc;
}

static void good_image(void **state)
{
	char err[SUBIMAGE_ERR_SIZE];
	unsigned int i, found = 0;
	struct subimage img;

	(void)state;
	assert_int_equal(parse(&img, "good.sub", err), 0);
	assert_string_equal(err, "");
	assert_int_equal(img.n_segments, 3);
	assert_int_equal(img.npages, 4);
	assert_int_equal((uintptr_t)img.pages % PAGE, 0);

	assert_int_equal(img.segments[0].prot, ELISA_PROT_R | ELISA_PROT_X);
	assert_int_equal(img.segments[0].first_page, 0);
	assert_int_equal(img.segments[0].npages, 1);
	assert_int_equal(img.segments[1].prot, ELISA_PROT_R);
	assert_int_equal(img.segments[1].first_page, 1);
	assert_int_equal(img.segments[2].prot, ELISA_PROT_R | ELISA_PROT_W);
	assert_int_equal(img.segments[2].first_page, 2);
	assert_int_equal(img.segments[2].npages, 2);
	/* counter and three pointers in any order, then zeros to the end */
	for (i = 0; i < 64; i += 8)
		found += word_at(&img, 2 * PAGE + i) == 42;
	assert_int_equal(found, 1);
	for (i = 64; i < 2 * PAGE; i += 8)
		assert_int_equal(word_at(&img, 2 * PAGE + i), 0);
	/* behind the code: int3 */
	assert_int_equal(img.pages[PAGE - 1], 0xcc);

	assert_int_equal(img.n_entries, 3);
	/* sub.lds sorts them. */
	assert_string_equal(img.entries[0].name,
			    "a_name_of_thirty_one_characters");
	assert_string_equal(img.entries[1].name, "first");
	assert_string_equal(img.entries[2].name, "second");
	for (i = 0; i < 3; i++)
		assert_true(img.entries[i].offset < img.segments[0].size);
	subimage_release(&img);
	assert_null(img.pages);
}

static void relocations_applied(void **state)
{
	char err[SUBIMAGE_ERR_SIZE];
	struct image_file f;
	struct subimage img;
	uint64_t n, i;

	(void)state;
	assert_int_equal(image_file_read(&f, "good.sub"), 0);
	assert_int_equal(subimage_parse(&img, f.bytes, f.size, err,
					sizeof(err)),
			 0);
	n = dyn(&f, DT_RELASZ)->d_un.d_val / sizeof(Elf64_Rela);
	/* Three entries and at least one pointer. */
	assert_true(n >= 4);
	for (i = 0; i < n; i++)
		assert_true(word_at(&img, rela(&f, i)->r_offset) ==
			    0x3e0000801000 + (uint64_t)rela(&f, i)->r_addend);
	assert_true(ELISA_SUB_IMAGE == 0x3e0000801000);
	subimage_release(&img);
	image_file_free(&f);
}

static void other_good_images(void **state)
{
	char err[SUBIMAGE_ERR_SIZE];
	struct subimage img;

	(void)state;
	/* The linker leaves an empty data segment. */
	assert_int_equal(parse(&img, "plain.sub", err), 0);
	assert_int_equal(img.n_segments, 2);
	subimage_release(&img);
	assert_int_equal(parse(&img, "most.sub", err), 0);
	assert_int_equal(img.n_entries, 256);
	subimage_release(&img);
}

static void any_alignment(void **state)
{
	char err[SUBIMAGE_ERR_SIZE];
	struct image_file f;
	struct subimage img;

	(void)state;
	assert_int_equal(image_file_read(&f, "good.sub"), 0);
	memmove(f.bytes + 1, f.bytes, f.size);
	assert_int_equal(subimage_parse(&img, f.bytes + 1, f.size, err,
					sizeof(err)),
			 0);
	subimage_release(&img);
	image_file_free(&f);
}

/* Images that were built to be bad. */
static void bad_builds(void **state)
{
	static const struct {
		const char *name, *message;
	} bad[] = {
		{ "undefined.sub", "undefined symbol 'not_here'" },
		{ "visible.sub", "goes through symbol 'preemptible'" },
		{ "ifunc.sub", "indirect" },
		{ "many.sub", "257 entries, at most 256 are allowed" },
		{ "foreign.sub", "no entry table (not linked with sub.lds?)" },
	};
	char err[SUBIMAGE_ERR_SIZE];
	struct subimage img;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&img, bad[i].name, err), -ENOEXEC);
		if (!strstr(err, bad[i].message))
			fail_msg("%s: \"%s\"", bad[i].name, err);
		assert_null(img.pages);
	}
}

/* Mutations of good.sub, each named after what it does. */

#define MUTATION(name) static void name(struct image_file *f)
/* One that is a single statement. */
#define CHANGE(name, statement) \
	MUTATION(name)          \
	{                       \
		statement;      \
	}

CHANGE(cut_header, f->size = 63);
CHANGE(cut_everything, f->size = 0);
CHANGE(magic, f->bytes[1] = 'e');
CHANGE(elf32, f->bytes[EI_CLASS] = ELFCLASS32);
CHANGE(big_endian, f->bytes[EI_DATA] = ELFDATA2MSB);
CHANGE(ident_version, f->bytes[EI_VERSION] = 2);
CHANGE(version, ehdr(f)->e_version = 0);
CHANGE(executable, ehdr(f)->e_type = ET_EXEC);
CHANGE(relocatable, ehdr(f)->e_type = ET_REL);
CHANGE(i386, ehdr(f)->e_machine = EM_386);
CHANGE(no_phdrs, ehdr(f)->e_phnum = 0);
CHANGE(phdr_size, ehdr(f)->e_phentsize = 32);
CHANGE(many_phdrs, ehdr(f)->e_phnum = 33);
CHANGE(xnum, ehdr(f)->e_phnum = PN_XNUM);
CHANGE(phdrs_behind, ehdr(f)->e_phoff = f->size - 56);
CHANGE(phdrs_wrap, ehdr(f)->e_phoff = -64ULL);
CHANGE(filesz_large, phdr(f, 2)->p_filesz = phdr(f, 2)->p_memsz + 1);
CHANGE(segment_behind, phdr(f, 1)->p_offset = f->size - 16);
CHANGE(segment_wraps, phdr(f, 1)->p_offset = -16ULL);
CHANGE(cut_segment, f->size = phdr(f, 2)->p_offset + 4);
CHANGE(huge_alignment, phdr(f, 0)->p_align = 0x200000);
CHANGE(no_alignment, phdr(f, 0)->p_align = 1);
CHANGE(misaligned, phdr(f, 2)->p_vaddr += 8);
CHANGE(far_segment, phdr(f, 2)->p_vaddr = 510 * PAGE);
CHANGE(vaddr_wraps, phdr(f, 2)->p_vaddr = -PAGE);
CHANGE(memsz_huge, phdr(f, 2)->p_memsz = UINT64_MAX - 100);
CHANGE(bss_huge, phdr(f, 2)->p_memsz = 510 * PAGE);
CHANGE(unknown_flags, phdr(f, 1)->p_flags |= 0x100000);
CHANGE(data_executable, phdr(f, 2)->p_flags |= PF_X);
CHANGE(code_writable, phdr(f, 0)->p_flags |= PF_W);
CHANGE(no_rights, phdr(f, 1)->p_flags = 0);
CHANGE(write_only, phdr(f, 2)->p_flags = PF_W);
CHANGE(code_bss, phdr(f, 0)->p_memsz++);
CHANGE(overlap, phdr(f, 2)->p_vaddr = PAGE);
CHANGE(overlap_bss, phdr(f, 1)->p_memsz = PAGE + 1);

MUTATION(descending)
{
	Elf64_Phdr first = *phdr(f, 0);

	*phdr(f, 0) = *phdr(f, 1);
	*phdr(f, 1) = first;
}

CHANGE(two_dynamics, *phdr(f, 5) = *phdr(f, 3));
CHANGE(two_tables, *phdr(f, 5) = *phdr(f, 4));
CHANGE(interp, phdr(f, 5)->p_type = PT_INTERP);
CHANGE(tls, phdr(f, 5)->p_type = PT_TLS);
CHANGE(no_dynamic, phdr(f, 3)->p_type = PT_NULL);
CHANGE(no_table, phdr(f, 4)->p_type = PT_NULL);
CHANGE(no_code, phdr(f, 0)->p_flags = PF_R);

MUTATION(no_segments)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		phdr(f, i)->p_type = PT_NULL;
}

MUTATION(many_segments)
{
	Elf64_Phdr *ph;
	unsigned int i;

	f->size = (f->size + 7) & ~7ULL;
	ph = (Elf64_Phdr *)(f->bytes + f->size);
	for (i = 0; i < 17; i++) {
		ph[i] = *phdr(f, 1);
		ph[i].p_vaddr = i * PAGE;
	}
	ph[17] = *phdr(f, 4);
	ehdr(f)->e_phoff = f->size;
	ehdr(f)->e_phnum = 18;
	f->size += 18 * sizeof(*ph);
}

CHANGE(dynamic_outside, phdr(f, 3)->p_vaddr = 8 * PAGE);
CHANGE(dynamic_in_bss, phdr(f, 3)->p_vaddr = 3 * PAGE);
CHANGE(dynamic_wraps, phdr(f, 3)->p_filesz = -8ULL);
CHANGE(dynamic_endless, phdr(f, 3)->p_filesz = 5 * 16);
CHANGE(dynamic_empty, phdr(f, 3)->p_filesz = 0);
CHANGE(needed, dyn(f, DT_SYMBOLIC)->d_tag = DT_NEEDED);
CHANGE(textrel, dyn(f, DT_SYMBOLIC)->d_tag = DT_TEXTREL);
CHANGE(df_textrel, dyn(f, DT_FLAGS)->d_un.d_val |= DF_TEXTREL);
CHANGE(df_tls, dyn(f, DT_FLAGS)->d_un.d_val |= DF_STATIC_TLS);
CHANGE(dt_rel, dyn(f, DT_SYMBOLIC)->d_tag = DT_REL);
CHANGE(dt_relr, dyn(f, DT_SYMBOLIC)->d_tag = 36);
CHANGE(jmprel, dyn(f, DT_SYMBOLIC)->d_tag = DT_JMPREL);
CHANGE(init, dyn(f, DT_SYMBOLIC)->d_tag = DT_INIT);
CHANGE(init_array, dyn(f, DT_SYMBOLIC)->d_tag = DT_INIT_ARRAY);
CHANGE(fini_array, dyn(f, DT_SYMBOLIC)->d_tag = DT_FINI_ARRAY);
CHANGE(twice, dyn(f, DT_SYMBOLIC)->d_tag = DT_RELA);
CHANGE(rela_no_size, dyn(f, DT_RELASZ)->d_tag = DT_DEBUG);
CHANGE(rela_no_entry_size, dyn(f, DT_RELAENT)->d_tag = DT_DEBUG);
CHANGE(rela_no_address, dyn(f, DT_RELA)->d_tag = DT_DEBUG);
CHANGE(rela_entry_size, dyn(f, DT_RELAENT)->d_un.d_val = 8);
CHANGE(rela_odd, dyn(f, DT_RELASZ)->d_un.d_val++);
CHANGE(rela_outside, dyn(f, DT_RELA)->d_un.d_ptr = 9 * PAGE);
CHANGE(rela_long, dyn(f, DT_RELASZ)->d_un.d_val = 24 * 10000);
CHANGE(rela_wraps, dyn(f, DT_RELASZ)->d_un.d_val = UINT64_MAX / 24 * 24);

static void reloc(struct image_file *f, uint32_t sym, uint32_t type)
{
	rela(f, 1)->r_info = ELF64_R_INFO((uint64_t)sym, type);
}

CHANGE(irelative, reloc(f, 0, R_X86_64_IRELATIVE));
CHANGE(tls_reloc, reloc(f, 0, R_X86_64_TPOFF64));
CHANGE(tlsdesc, reloc(f, 0, R_X86_64_TLSDESC));
CHANGE(copy_reloc, reloc(f, 1, R_X86_64_COPY));
CHANGE(pc32, reloc(f, 0, R_X86_64_PC32));
CHANGE(symbol_behind, reloc(f, 0x7fffffff, R_X86_64_64));
CHANGE(relative_symbol, reloc(f, 0x7fffffff, R_X86_64_RELATIVE));
CHANGE(reloc_outside, rela(f, 1)->r_offset = 4 * PAGE);
CHANGE(reloc_wraps, rela(f, 1)->r_offset = -4ULL);
MUTATION(reloc_crosses)
{
	rela(f, 1)->r_offset = 2 * PAGE + phdr(f, 2)->p_memsz - 7;
}

CHANGE(reloc_code, rela(f, 1)->r_offset = 0);
CHANGE(reloc_points_out, rela(f, 1)->r_addend = 4 * PAGE + 1);
CHANGE(reloc_points_before, rela(f, 1)->r_addend = -1);

static struct elisa_entry_record *record(struct image_file *f, unsigned int n)
{
	return (struct elisa_entry_record *)at(f, phdr(f, 4)->p_vaddr) + n;
}

/* Makes the record's address what it is in the file: absolute. */
static void unrelocated(struct image_file *f, unsigned int n, uint64_t address)
{
	uint64_t offset = phdr(f, 4)->p_vaddr + n * 40 + 32;
	unsigned int i = 0;

	while (rela(f, i)->r_offset != offset)
		i++;
	rela(f, i)->r_info = R_X86_64_NONE;
	record(f, n)->address = address;
}

CHANGE(table_empty, phdr(f, 4)->p_memsz = 0);
CHANGE(table_outside, phdr(f, 4)->p_vaddr = 9 * PAGE);
CHANGE(table_long, phdr(f, 4)->p_memsz = 40 * 200);
CHANGE(table_wraps, phdr(f, 4)->p_memsz = -40ULL);
CHANGE(table_writable, phdr(f, 1)->p_flags |= PF_W);
MUTATION(table_in_code)
{
	phdr(f, 4)->p_vaddr = 0;
	phdr(f, 4)->p_memsz = 40;
}

CHANGE(table_size, phdr(f, 4)->p_memsz = 41);
CHANGE(name_empty, memset(record(f, 1)->name, 0, 32));
CHANGE(name_space, record(f, 1)->name[2] = ' ');
CHANGE(name_unterminated, record(f, 0)->name[31] = 'x');
CHANGE(name_tail, record(f, 1)->name[20] = 'x');
CHANGE(name_twice, memcpy(record(f, 2)->name, record(f, 1)->name, 32));
CHANGE(entry_unrelocated, unrelocated(f, 2, 0));
CHANGE(entry_in_data, unrelocated(f, 2, ELISA_SUB_IMAGE + 2 * PAGE));
MUTATION(entry_behind_code)
{
	unrelocated(f, 2, ELISA_SUB_IMAGE + phdr(f, 0)->p_memsz);
}

CHANGE(entry_far, unrelocated(f, 2, UINT64_MAX));

struct mutation {
	const char *name;
	void (*apply)(struct image_file *f);
	const char *message;
};

/* clang-format off */
#define M(fn, text)	{ #fn, fn, text }
/* clang-format on */

static const struct mutation mutations[] = {
	M(cut_header, "file is shorter than an ELF header"),
	M(cut_everything, "file is shorter than an ELF header"),
	M(magic, "not an ELF file"),
	M(elf32, "not a 64-bit ELF file"),
	M(big_endian, "not a little-endian ELF file"),
	M(ident_version, "unknown ELF version"),
	M(version, "unknown ELF version"),
	M(executable, "not a shared object (ELF type 2)"),
	M(relocatable, "not a shared object (ELF type 1)"),
	M(i386, "not for x86-64 (ELF machine 3)"),
	M(no_phdrs, "no program headers"),
	M(phdr_size, "program header size is 32 instead of 56"),
	M(many_phdrs, "33 program headers, at most 32 are allowed"),
	M(xnum, "65535 program headers, at most 32 are allowed"),
	M(phdrs_behind, "program headers lie outside the file"),
	M(phdrs_wrap, "program headers lie outside the file"),
	M(filesz_large, "segment 2 is larger in the file than in memory"),
	M(segment_behind, "segment 1 lies outside the file"),
	M(segment_wraps, "segment 1 lies outside the file"),
	M(cut_segment, "segment 2 lies outside the file"),
	M(huge_alignment,
	  "segment 0 is aligned to 0x200000 instead of 0x1000 (link with -z max-page-size=4096)"),
	M(no_alignment,
	  "segment 0 is aligned to 0x1 instead of 0x1000 (link with -z max-page-size=4096)"),
	M(misaligned, "segment 2 does not start on a page"),
	M(far_segment, "segment 2 ends beyond the limit of 511 pages"),
	M(vaddr_wraps, "segment 2 ends beyond the limit of 511 pages"),
	M(memsz_huge, "segment 2 ends beyond the limit of 511 pages"),
	M(bss_huge, "segment 2 ends beyond the limit of 511 pages"),
	M(unknown_flags, "segment 1 has unknown flags 0x100004"),
	M(data_executable, "segment 2 is writable and executable"),
	M(code_writable, "segment 0 is writable and executable"),
	M(no_rights, "segment 1 is not readable"),
	M(write_only, "segment 2 is not readable"),
	M(code_bss, "segment 0 is executable and partly not in the file"),
	M(overlap, "segment 2 overlaps or precedes the one before it"),
	M(overlap_bss, "segment 2 overlaps or precedes the one before it"),
	M(descending, "segment 1 overlaps or precedes the one before it"),
	M(two_dynamics, "more than one dynamic section"),
	M(two_tables, "more than one entry table"),
	M(interp, "asks for a program interpreter (PT_INTERP)"),
	M(tls, "uses thread-local storage (PT_TLS)"),
	M(no_dynamic, "no dynamic section (not linked with -shared?)"),
	M(no_table, "no entry table (not linked with sub.lds?)"),
	M(no_code, "no executable segment"),
	M(no_segments, "no loadable segment"),
	M(many_segments, "more than 16 loadable segments"),
	M(dynamic_outside, "the dynamic section lies outside the segments"),
	M(dynamic_in_bss, "the dynamic section lies outside the segments"),
	M(dynamic_wraps, "the dynamic section lies outside the segments"),
	M(dynamic_endless, "the dynamic section has no end (DT_NULL)"),
	M(dynamic_empty, "the dynamic section has no end (DT_NULL)"),
	M(needed, "needs a shared library (DT_NEEDED)"),
	M(textrel, "has relocations in code (DT_TEXTREL)"),
	M(df_textrel, "has relocations in code (DF_TEXTREL)"),
	M(df_tls, "uses thread-local storage (DF_STATIC_TLS)"),
	M(dt_rel, "has relocations without addend (DT_REL)"),
	M(dt_relr,
	  "has packed relocations (DT_RELR, link with -z nopack-relative-relocs)"),
	M(jmprel, "has a procedure linkage table (DT_JMPREL)"),
	M(init, "has constructors, which nobody would run (DT_INIT)"),
	M(init_array, "has constructors, which nobody would run (DT_INIT)"),
	M(fini_array, "has destructors, which nobody would run (DT_FINI)"),
	M(twice, "dynamic tag 7 occurs twice"),
	M(rela_no_size, "the relocation table is described incompletely"),
	M(rela_no_entry_size, "the relocation table is described incompletely"),
	M(rela_no_address, "the relocation table is described incompletely"),
	M(rela_entry_size, "relocations have the wrong size"),
	M(rela_odd, "relocations have the wrong size"),
	M(rela_outside, "the relocation table lies outside the segments"),
	M(rela_long, "the relocation table lies outside the segments"),
	M(rela_wraps, "the relocation table lies outside the segments"),
	M(irelative, "relocation 1 is an indirect function (IFUNC)"),
	M(tls_reloc, "relocation 1 uses thread-local storage"),
	M(tlsdesc, "relocation 1 uses thread-local storage"),
	M(copy_reloc, "relocation 1 copies from another object"),
	M(pc32, "relocation 1 has type 2, only R_X86_64_RELATIVE is allowed"),
	M(symbol_behind,
	  "relocation 1 (type 1) goes through symbol '?' (compile with -fvisibility=hidden, link with -Bsymbolic)"),
	M(relative_symbol,
	  "relocation 1 (type 8) goes through symbol '?' (compile with -fvisibility=hidden, link with -Bsymbolic)"),
	M(reloc_outside, "relocation 1 lies outside the segments"),
	M(reloc_wraps, "relocation 1 lies outside the segments"),
	M(reloc_crosses, "relocation 1 lies outside the segments"),
	M(reloc_code, "relocation 1 changes code"),
	M(reloc_points_out, "relocation 1 points outside the image"),
	M(reloc_points_before, "relocation 1 points outside the image"),
	M(table_empty, "the entry table is empty"),
	M(table_outside, "the entry table lies outside the segments"),
	M(table_long, "the entry table lies outside the segments"),
	M(table_wraps, "the entry table lies outside the segments"),
	M(table_writable, "the entry table is not in a read-only segment"),
	M(table_in_code, "the entry table is not in a read-only segment"),
	M(table_size, "the entry table's size is not a multiple of 40"),
	M(name_empty, "entry 1 has an invalid name"),
	M(name_space, "entry 1 has an invalid name"),
	M(name_unterminated, "entry 0 has an invalid name"),
	M(name_tail, "entry 1 has bytes after its name"),
	M(name_twice, "entry 'first' occurs twice"),
	M(entry_unrelocated, "entry 'second' does not point into code"),
	M(entry_in_data, "entry 'second' does not point into code"),
	M(entry_behind_code, "entry 'second' does not point into code"),
	M(entry_far, "entry 'second' does not point into code"),
};

static void bad_mutations(void **state)
{
	size_t i, n = sizeof(mutations) / sizeof(mutations[0]);
	unsigned int wrong = 0;

	(void)state;
	for (i = 0; i < n; i++) {
		char err[SUBIMAGE_ERR_SIZE];
		struct image_file f;
		struct subimage img;
		uint8_t *copy;
		int rc;

		assert_int_equal(image_file_read(&f, "good.sub"), 0);
		mutations[i].apply(&f);
		copy = malloc(f.size ? f.size : 1);
		memcpy(copy, f.bytes, f.size);
		rc = subimage_parse(&img, copy, f.size, err, sizeof(err));
		if (rc != -ENOEXEC || strcmp(err, mutations[i].message)) {
			print_error("%s: %d \"%s\" instead of \"%s\"\n",
				    mutations[i].name, rc, err,
				    mutations[i].message);
			wrong++;
		}
		subimage_release(&img);
		free(copy);
		image_file_free(&f);
	}
	print_message("%zu bad images\n", n);
	assert_int_equal(wrong, 0);
}

/* No prefix of a good file is a good file, as long as it cuts a segment. */
static void every_prefix(void **state)
{
	char err[SUBIMAGE_ERR_SIZE];
	struct image_file f;
	struct subimage img;
	size_t size, end;

	(void)state;
	assert_int_equal(image_file_read(&f, "good.sub"), 0);
	end = phdr(&f, 2)->p_offset + phdr(&f, 2)->p_filesz;
	for (size = 0; size < end; size += 1 + size / 500) {
		uint8_t *copy = malloc(size ? size : 1);

		memcpy(copy, f.bytes, size);
		assert_int_equal(subimage_parse(&img, copy, size, err,
						sizeof(err)),
				 -ENOEXEC);
		free(copy);
	}
	image_file_free(&f);
}

static void short_message(void **state)
{
	struct subimage img;
	char err[4] = "zzz";

	(void)state;
	assert_int_equal(subimage_parse(&img, "", 0, err, 3), -ENOEXEC);
	assert_string_equal(err, "fi");
	assert_int_equal(subimage_parse(&img, "", 0, err, 1), -ENOEXEC);
	assert_string_equal(err, "");
}

/* A verifier that looks for the bytes of VMFUNC. */
static unsigned int verifier_calls;

static const char *find_vmfunc(const uint8_t *code, size_t len, size_t *offset)
{
	size_t i;

	verifier_calls++;
	for (i = 0; i + 3 <= len; i++)
		if (code[i] == 0x0f && code[i + 1] == 1 &&
		    code[i + 2] == 0xd4) {
			*offset = i;
			return "VMFUNC";
		}
	return NULL;
}

static void verifies_code(void **state)
{
	char err[SUBIMAGE_ERR_SIZE], want[SUBIMAGE_ERR_SIZE];
	struct subimage img;
	size_t offset = 0;

	(void)state;
	assert_int_equal(parse(&img, "good.sub", err), 0);
	assert_int_equal(subimage_verify(&img, find_vmfunc, err, sizeof(err)),
			 0);
	assert_string_equal(err, "");
	/* In data it does not matter. */
	memcpy(img.segments[2].bytes, "\x0f\x01\xd4", 3);
	assert_int_equal(subimage_verify(&img, find_vmfunc, err, sizeof(err)),
			 0);
	subimage_release(&img);

	assert_int_equal(parse(&img, "forbidden.sub", err), 0);
	assert_non_null(find_vmfunc(img.pages, PAGE, &offset));
	assert_int_equal(subimage_verify(&img, find_vmfunc, err, sizeof(err)),
			 -ENOEXEC);
	snprintf(want, sizeof(want),
		 "forbidden instruction VMFUNC at image offset %#zx", offset);
	assert_string_equal(err, want);
	subimage_release(&img);
}

/* Two code segments side by side are one run for the verifier. */
static void verifies_across_segments(void **state)
{
	char err[SUBIMAGE_ERR_SIZE];
	struct subimage img;

	(void)state;
	assert_int_equal(parse(&img, "good.sub", err), 0);
	img.segments[1].prot = ELISA_PROT_X;
	memcpy(img.pages + PAGE - 2, "\x0f\x01\xd4", 3);
	verifier_calls = 0;
	assert_int_equal(subimage_verify(&img, find_vmfunc, err, sizeof(err)),
			 -ENOEXEC);
	assert_int_equal(verifier_calls, 1);
	assert_string_equal(err,
			    "forbidden instruction VMFUNC at image offset 0xffe");
	/* A gap between them makes two. */
	img.segments[1].prot = ELISA_PROT_R;
	img.segments[2].prot = ELISA_PROT_X;
	verifier_calls = 0;
	assert_int_equal(subimage_verify(&img, find_vmfunc, err, sizeof(err)),
			 0);
	assert_int_equal(verifier_calls, 2);
	subimage_release(&img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_image),
		cmocka_unit_test(relocations_applied),
		cmocka_unit_test(other_good_images),
		cmocka_unit_test(any_alignment),
		cmocka_unit_test(bad_builds),
		cmocka_unit_test(bad_mutations),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(short_message),
		cmocka_unit_test(verifies_code),
		cmocka_unit_test(verifies_across_segments),
	};

	return cmocka_run_group_tests_name("subimage", tests, NULL, NULL);
}
