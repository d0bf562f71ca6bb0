// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "figures.h"
#include "metrics.h"
#include "replace_file.h"
#include "snapshot.h"

static char *print(const struct snapshot *s)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	metrics_print(to, s);
	fclose(to);
	return text;
}

/* NAME{LABEL="VALUE",...} NUMBER; returns the length of NAME, 0: malformed */
static size_t sample_name(const char *line)
{
	const char *p = line;
	size_t len;

	while (isalnum((unsigned char)*p) || *p == '_' || *p == ':')
		p++;
	len = p - line;
	if (*p == '{') {
		do {
			p++;
			if (!isalpha((unsigned char)*p))
				return 0;
			while (isalnum((unsigned char)*p) || *p == '_')
				p++;
			if (*p++ != '=' || *p++ != '"')
				return 0;
			for (; *p != '"'; p++) {
				if (*p == '\\' && !strchr("\\\"n", *++p))
					return 0;
				if (!*p)
					return 0;
			}
			p++;
		} while (*p == ',');
		if (*p++ != '}')
			return 0;
	}
	if (*p++ != ' ' || !isdigit((unsigned char)*p))
		return 0;
	return p[strspn(p, "0123456789")] ? 0 : len;
}

/*
 * The format's rules: HELP and TYPE once and before the samples of a metric,
 * which stand together; counters, and nothing else, end in _total.
 */
static unsigned int check_format(char *text)
{
	char seen[64][64], *line, *save;
	unsigned int n = 0, samples = 0;
	char name[64] = "", type[16] = "";
	int n_read;

	assert_int_equal(text[strlen(text) - 1], '\n');
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t len;

		if (!strncmp(line, "# HELP ", 7)) {
			unsigned int i;

			n_read = sscanf(line, "# HELP %63s", name);
			assert_int_equal(n_read, 1);
			for (i = 0; i < n; i++)
				assert_string_not_equal(seen[i], name);
			assert_true(n < ARRAY_SIZE(seen));
			strcpy(seen[n++], name);
			*type = '\0';
			continue;
		}
		if (*line == '#') {
			char typed[64];

			n_read = sscanf(line, "# TYPE %63s %15s", typed, type);
			assert_int_equal(n_read, 2);
			assert_string_equal(typed, name);
			len = strlen(name);
			assert_int_equal(!strcmp(name + len - 6, "_total"),
					 !strcmp(type, "counter"));
			continue;
		}
		assert_true(*type);
		len = sample_name(line);
		if (len != strlen(name) || strncmp(line, name, len))
			fail_msg("bad sample '%s' of %s", line, name);
		samples++;
	}
	return samples;
}

static void no_module(void **state)
{
	char *text = print(NULL);

	(void)state;
	assert_non_null(strstr(text, "\nelisa_up 0\n"));
	assert_int_equal(check_format(text), 1);
	free(text);
}

static void nothing_enrolled(void **state)
{
	struct snapshot s = { .info = { .abi = 1 } };
	char *text = print(&s);

	(void)state;
	assert_non_null(strstr(text, "\nelisa_up 1\n"));
	assert_non_null(strstr(text, "\nelisa_hooks_installed 0\n"));
	assert_int_equal(check_format(text), 5);
	free(text);
}

static void hostile_names(void **state)
{
	struct enl_vm vms[3] = {
		{ .id = 1, .name = "web", .pid = 7, .has_stats = true },
		{ .id = 2, .name = "a\"} 1\n\\x\xff", .has_stats = true },
		{ .id = 3, .name = "no figures" },
	};
	struct enl_export exports[1] = {
		{ .id = 4, .name = "kv\".*\\", .vm_id = 2, .data_pages = 3 },
	};
	struct snapshot s = {
		.info = { .abi = 1, .hooks = 1, .n_vms = 3, .n_exports = 1 },
		.vms = vms,
		.n_vms = 3,
		.exports = exports,
		.n_exports = 1,
	};
	static const char *const lines[] = {
		"\nelisa_vm_pinned_bytes{vm=\"1\",name=\"web\"} 20480\n",
		"\nelisa_vm_denied_total{vm=\"1\",name=\"web\"} 18446744073709551615\n",
		"{vm=\"2\",name=\"a\\\"} 1\\n\\\\x?\"} 0\n",
		"\nelisa_export_data_bytes{export=\"4\",name=\"kv\\\".*\\\\\",vm=\"2\",trust=\"sealed\"} 12288\n",
	};
	const struct figure *f;
	unsigned int n = 0;
	char *text;
	size_t i;

	(void)state;
	for (f = figures; f->key; f++)
		n++;
	/* A figure that the table lacks would be missed by all commands. */
	assert_int_equal(n, ELISA_STAT_A_MAX - ELISA_STAT_A_PAD);
	vms[0].stat[ELISA_STAT_A_PINNED_PAGES] = 5;
	vms[0].stat[ELISA_STAT_A_DENIED] = ~0ULL;
	text = print(&s);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		assert_non_null(strstr(text, lines[i]));
	assert_int_equal(check_format(text), 5 + 3 + 2 * n + 3);
	free(text);
}

/* --- replace_file() */

static char dir[32];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-metrics.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void write_text(FILE *to, const void *arg)
{
	fputs(arg, to);
}

static void content(const char *file, char *buf, size_t size)
{
	FILE *from = fopen(file, "r");

	assert_non_null(from);
	buf[fread(buf, 1, size - 1, from)] = '\0';
	fclose(from);
}

static unsigned int files(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	return n;
}

static void replaced(void **state)
{
	char name[64], big[8192], buf[64];
	struct rlimit old, limit;
	struct stat st;

	(void)state;
	snprintf(name, sizeof(name), "%s/x.prom", dir);
	assert_int_equal(replace_file(name, write_text, "one\n"), 0);
	assert_int_equal(replace_file(name, write_text, "two\n"), 0);
	content(name, buf, sizeof(buf));
	assert_string_equal(buf, "two\n");
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(files(), 1);

	/* A write that fails leaves the old file and nothing else. */
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(replace_file(name, write_text, big), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	content(name, buf, sizeof(buf));
	assert_string_equal(buf, "two\n");
	assert_int_equal(files(), 1);
	unlink(name);

	assert_int_equal(replace_file("/nonexistent/x", write_text, ""),
			 -ENOENT);
	assert_int_equal(replace_file("", write_text, ""), -EINVAL);
	assert_int_equal(replace_file(dir, write_text, ""), -EINVAL);
	assert_int_equal(symlink("/dev/null", name), 0);
	assert_int_equal(replace_file(name, write_text, ""), -EINVAL);
	unlink(name);
	assert_int_equal(files(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_module),
		cmocka_unit_test(nothing_enrolled),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test_setup_teardown(replaced, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
