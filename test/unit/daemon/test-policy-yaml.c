// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in policy/bad say in a comment what is to be found where; those
 * in policy/good and the shipped example must be taken.
 */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_yaml.h"

#define POLICY_DIR TEST_DIR "/policy"
#define RW	   (ELISA_RIGHT_READ | ELISA_RIGHT_WRITE)

/* One text that is called "F", or PATH. */
static int parse(struct policy *policy, const char *path, const char *buf,
		 size_t len, char *err, size_t err_size)
{
	const struct policy_text text = { .file = path,
					  .buf = buf,
					  .len = len };

	return policy_parse(policy, &text, 1, err, err_size);
}

static char *slurp(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	char *buf;

	if (!file)
		fail_msg("%s: cannot open", path);
	buf = malloc(65536);
	assert_non_null(buf);
	*len = fread(buf, 1, 65536, file);
	fclose(file);
	buf = realloc(buf, *len + 1);
	assert_non_null(buf);
	buf[*len] = '\0';
	return buf;
}

static void check_bad(const char *path)
{
	char err[1024], want[512];
	struct policy policy;
	char *buf, *expect;
	size_t len;
	int ret;

	buf = slurp(path, &len);
	expect = strstr(buf, "# expect ");
	if (!expect)
		fail_msg("%s: no '# expect'", path);
	expect += strlen("# expect ");
	*strchrnul(expect, '\n') = '\0';
	expect = strdup(expect);
	free(buf);

	buf = slurp(path, &len);
	err[0] = '\0';
	ret = parse(&policy, "F", buf, len, err, sizeof(err));
	free(buf);
	if (!ret)
		fail_msg("%s: taken", path);
	snprintf(want, sizeof(want), "F:%s", expect);
	if (strcmp(err, want))
		fail_msg("%s: want '%s', got '%s'", path, want, err);
	assert_null(policy.entries);
	assert_int_equal(policy.n_entries, 0);
	free(expect);
}

static unsigned int each_file(const char *dir, void (*check)(const char *path))
{
	const struct dirent *entry;
	unsigned int n = 0;
	char path[1024];
	DIR *d;

	d = opendir(dir);
	if (!d)
		fail_msg("%s: cannot open", dir);
	while ((entry = readdir(d))) {
		if (!strstr(entry->d_name, ".conf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		check(path);
		n++;
	}
	closedir(d);
	print_message("           %u files in %s\n", n, strrchr(dir, '/') + 1);
	return n;
}

static void bad_files(void **state)
{
	(void)state;
	assert_true(each_file(POLICY_DIR "/bad", check_bad) >= 80);
}

static void check_good(const char *path)
{
	struct policy policy;
	char err[1024];
	size_t len;
	char *buf;

	buf = slurp(path, &len);
	if (parse(&policy, path, buf, len, err, sizeof(err)))
		fail_msg("%s", err);
	free(buf);
	policy_free(&policy);
}

static void good_files(void **state)
{
	(void)state;
	assert_true(each_file(POLICY_DIR "/good", check_good) >= 4);
	check_good(TEST_DIR "/../../../daemon/elisa.conf.example");
}

/* '@' stands for the folder. */
static void expected(const char *dir, char *text, size_t size)
{
	char path[1024], *from, *at;
	size_t len;

	snprintf(path, sizeof(path), "%s/expect", dir);
	from = slurp(path, &len);
	from[strcspn(from, "\n")] = '\0';
	at = strchr(from, '@');
	if (at)
		snprintf(text, size, "%.*s%s%s", (int)(at - from), from, dir,
			 at + 1);
	else
		snprintf(text, size, "%s", from);
	free(from);
}

/* Folders of files; "expect" has the error, or "good" and how many entries. */
static void sets(void **state)
{
	const struct dirent *entry;
	char dir[512], file[600], err[1024], want[1024], got[1600];
	struct policy policy;
	unsigned int n = 0;
	DIR *d;

	(void)state;
	d = opendir(POLICY_DIR "/sets");
	assert_non_null(d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(dir, sizeof(dir), "%s/sets/%s", POLICY_DIR,
			 entry->d_name);
		snprintf(file, sizeof(file), "%s/elisa.conf", dir);
		expected(dir, want, sizeof(want));
		if (policy_load(&policy, file, err, sizeof(err)))
			snprintf(got, sizeof(got), "%s",
				 err + (strncmp(err, dir, strlen(dir)) ?
						0 :
						strlen(dir) + 1));
		else
			snprintf(got, sizeof(got), "good %zu",
				 policy.n_entries);
		if (strcmp(got, want))
			fail_msg("%s: want '%s', got '%s'", dir, want, got);
		policy_free(&policy);
		n++;
	}
	closedir(d);
	assert_true(n >= 6);
}

/* Entries in the order of the files, defaults from any of them for all. */
static void set_content(void **state)
{
	struct policy policy;
	char err[1024];
	size_t i;

	(void)state;
	assert_int_equal(policy_load(&policy,
				     POLICY_DIR "/sets/good/elisa.conf", err,
				     sizeof(err)),
			 0);
	assert_int_equal(policy.entries[0].match.uid, 1000);
	assert_int_equal(policy.entries[1].match.uid, 1);
	assert_int_equal(policy.entries[2].match.uid, 2);
	assert_string_equal(strrchr(policy.entries[1].file, '/'), "/10-a.conf");
	for (i = 0; i < 3; i++)
		assert_int_equal(policy.entries[i]
					 .limits.value[ELISA_LIMIT_A_INSTANCES],
				 8);
	policy_free(&policy);

	assert_int_equal(policy_load(&policy,
				     POLICY_DIR
				     "/sets/defaults-later/elisa.conf",
				     err, sizeof(err)),
			 0);
	assert_int_equal(policy.entries[0].limits.value[ELISA_LIMIT_A_INSTANCES],
			 9);
	policy_free(&policy);
}

/* Whoever can add a file to the folder can grant himself anything. */
static void unsafe_folder(void **state)
{
	char dir[] = "/tmp/elisa-test-XXXXXX", path[64], conf_d[64];
	struct policy policy;
	char err[1024];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/elisa.conf", dir);
	snprintf(conf_d, sizeof(conf_d), "%s/conf.d", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), 0);
	policy_free(&policy);
	assert_int_equal(mkdir(conf_d, 0777), 0);
	assert_int_equal(chmod(conf_d, 0757), 0);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), -EPERM);
	assert_non_null(
		strstr(err, "conf.d: refused, other users can write it"));
	assert_int_equal(chmod(conf_d, 0755), 0);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), 0);
	policy_free(&policy);
	rmdir(conf_d);
	unlink(path);
	rmdir(dir);
}

static void attach_keys(void **state)
{
	static const char text[] = "vms:\n"
				   "- match: { libvirt: web }\n"
				   "  attach:\n"
				   "  - a\n"
				   "  - { name: b, kernel: yes, rights: ro }\n"
				   "  - { trust: full, name: c, kernel: no }\n"
				   "  - { name: d, trust: sealed }\n";
	struct policy policy;
	char err[1024];

	(void)state;
	assert_int_equal(parse(&policy, "F", text, sizeof(text) - 1, err,
			       sizeof(err)),
			 0);
	assert_string_equal(policy.entries[0].match.libvirt, "web");
	/* Neither the guest's kernel nor full trust, unless it says so. */
	assert_int_equal(policy.entries[0].grants[0].rights, RW);
	assert_int_equal(policy.entries[0].grants[1].rights,
			 ELISA_RIGHT_READ | ELISA_RIGHT_KERNEL);
	assert_int_equal(policy.entries[0].grants[2].rights,
			 RW | ELISA_RIGHT_FULL_TRUST);
	assert_int_equal(policy.entries[0].grants[3].rights, RW);
	policy_free(&policy);
}

/* What an operator gets after removing the '#' of "#vms:" and below. */
static void example_uncommented(void **state)
{
	struct policy policy;
	char *buf, *line, *out;
	char err[1024];
	size_t len;

	(void)state;
	buf = slurp(TEST_DIR "/../../../daemon/elisa.conf.example", &len);
	out = calloc(1, len + 1);
	assert_non_null(out);
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
		bool text = line[0] == '#' && (line[1] == ' ' || !line[1]) &&
			    strncmp(line, "#  ", 3);

		if (!text)
			strcat(strcat(out, line + (line[0] == '#')), "\n");
	}
	if (parse(&policy, "F", out, strlen(out), err, sizeof(err)))
		fail_msg("%s in\n%s", err, out);
	assert_int_equal(policy.n_entries, 2);
	policy_free(&policy);
	free(out);
	free(buf);
}

static void check_grant(const struct policy_grant *grant, __u8 kind,
			const char *pattern, __u32 rights)
{
	assert_int_equal(grant->kind, kind);
	assert_string_equal(grant->pattern, pattern);
	assert_int_equal(grant->rights, rights);
}

static void content(void **state)
{
	const struct policy_entry *e;
	struct policy policy;
	char err[1024];
	size_t len;
	char *buf;

	(void)state;
	buf = slurp(POLICY_DIR "/good/full.conf", &len);
	assert_int_equal(parse(&policy, "F", buf, len, err, sizeof(err)), 0);
	free(buf);
	assert_int_equal(policy.n_entries, 3);

	e = &policy.entries[0];
	assert_int_equal(e->line, 5);
	assert_string_equal(e->match.name, "manager");
	assert_false(e->match.has_uuid);
	assert_int_equal(e->match.uid, 1000);
	assert_int_equal(e->n_grants, 1);
	check_grant(&e->grants[0], ELISA_GRANT_EXPORT, "kv.*", 0);
	assert_int_equal(e->pcid, ELISA_PCID_INTERCEPT);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_ATTACHMENTS], 16);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_INSTANCES], 64);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_EXPORTS], 4);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_PINNED_PAGES], 16384);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_SUSPENDED_MS], 500);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_SECTION_US], 50);

	e = &policy.entries[1];
	assert_string_equal(e->match.name, "");
	assert_true(e->match.has_uuid);
	assert_int_equal(e->match.uuid[15], 0xab);
	assert_true(e->match.has_uid);
	assert_int_equal(e->match.uid, 1000);
	assert_int_equal(e->n_grants, 3);
	check_grant(&e->grants[0], ELISA_GRANT_ATTACH, "kv.*",
		    ELISA_RIGHT_READ);
	check_grant(&e->grants[1], ELISA_GRANT_ATTACH, "log-?", RW);
	check_grant(&e->grants[2], ELISA_GRANT_ATTACH, "net_0", RW);
	assert_int_equal(e->pcid, ELISA_PCID_TRUST);
	/* Its own limits win over the defaults, zero included. */
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_PINNED_PAGES], 2);
	assert_true(e->limits.set[ELISA_LIMIT_A_EXPORTS]);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_EXPORTS], 0);
	assert_int_equal(e->limits.value[ELISA_LIMIT_A_ATTACHMENTS], 16);

	e = &policy.entries[2];
	assert_int_equal(e->match.uid, 4294967294U);
	assert_int_equal(e->n_grants, 0);
	policy_free(&policy);
}

static void no_defaults(void **state)
{
	static const char text[] =
		"vms: [ { match: { uid: 0 }, export: [ x ] } ]";
	struct policy policy;
	char err[1024];
	unsigned int i;

	(void)state;
	assert_int_equal(parse(&policy, "F", text, sizeof(text) - 1, err,
			       sizeof(err)),
			 0);
	for (i = 0; i <= ELISA_LIMIT_A_MAX; i++)
		assert_false(policy.entries[0].limits.set[i]);
	policy_free(&policy);
}

/* "vms: [ { match: { uid: 1 }, export: [ p0,p1,... ] } ]" on three lines */
static void many_grants(void **state)
{
	struct policy policy;
	char text[4096];
	char err[1024];
	unsigned int i, n;

	(void)state;
	for (n = ELISA_GRANTS_MAX; n <= ELISA_GRANTS_MAX + 1; n++) {
		int ret;

		strcpy(text, "vms:\n  - match: { uid: 1 }\n    export:\n");
		for (i = 0; i < n; i++)
			sprintf(text + strlen(text), "    - p%u\n", i);
		ret = parse(&policy, "F", text, strlen(text), err, sizeof(err));
		if (n == ELISA_GRANTS_MAX) {
			assert_int_equal(ret, 0);
			assert_int_equal(policy.entries[0].n_grants, n);
			policy_free(&policy);
		} else {
			assert_int_equal(ret, -EINVAL);
			assert_string_equal(err,
					    "F:68:7: more than 64 patterns for one VM (use wildcards to need fewer)");
		}
	}
}

static void many_entries(void **state)
{
	size_t size = 400000, len;
	struct policy policy;
	char err[1024];
	unsigned int i;
	char *text;

	(void)state;
	text = malloc(size);
	assert_non_null(text);
	len = sprintf(text, "vms:\n");
	for (i = 0; i <= POLICY_ENTRIES_MAX; i++)
		len += sprintf(text + len,
			       "- { match: { uid: %u }, export: [ x ] }\n", i);
	assert_int_equal(parse(&policy, "F", text, len, err, sizeof(err)),
			 -EINVAL);
	assert_string_equal(err, "F:4098:3: more than 4096 VM entries");
	free(text);
}

static void too_large(void **state)
{
	struct policy policy;
	char err[1024];
	char *text;

	(void)state;
	text = malloc(POLICY_FILE_MAX + 1);
	assert_non_null(text);
	memset(text, '\n', POLICY_FILE_MAX + 1);
	assert_int_equal(parse(&policy, "F", text, POLICY_FILE_MAX, err,
			       sizeof(err)),
			 0);
	policy_free(&policy);
	assert_int_equal(parse(&policy, "F", text, POLICY_FILE_MAX + 1, err,
			       sizeof(err)),
			 -EFBIG);
	assert_string_equal(err, "F:1:1: larger than 1 MiB");
	free(text);
}

/* Every beginning of a good file ends well or with an error, no worse. */
static void truncated(void **state)
{
	struct policy policy;
	char err[1024];
	size_t len, n;
	char *buf;

	(void)state;
	buf = slurp(POLICY_DIR "/good/full.conf", &len);
	for (n = 0; n < len; n++) {
		char *copy = test_copy(buf, n);

		if (!parse(&policy, "F", copy, n, err, sizeof(err)))
			policy_free(&policy);
		free(copy);
	}
	free(buf);
}

static void load(void **state)
{
	char path[] = "/tmp/elisa-test-XXXXXX";
	struct policy policy;
	char err[1024];
	int fd;

	(void)state;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "vms: []\n", 8), 8);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), 0);
	policy_free(&policy);

	/* Whoever can write it, is the one who decides. */
	assert_int_equal(fchmod(fd, 0646), 0);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), -EPERM);
	assert_non_null(strstr(err, "other users can write it"));

	close(fd);
	unlink(path);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "No such file"));
	assert_int_equal(policy_load(&policy, "/", err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "/: not a regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(policy_load(&policy, path, err, sizeof(err)), -EINVAL);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files),
		cmocka_unit_test(good_files),
		cmocka_unit_test(sets),
		cmocka_unit_test(set_content),
		cmocka_unit_test(unsafe_folder),
		cmocka_unit_test(attach_keys),
		cmocka_unit_test(example_uncommented),
		cmocka_unit_test(content),
		cmocka_unit_test(no_defaults),
		cmocka_unit_test(many_grants),
		cmocka_unit_test(many_entries),
		cmocka_unit_test(too_large),
		cmocka_unit_test(truncated),
		cmocka_unit_test(load),
	};

	return cmocka_run_group_tests_name("policy-yaml", tests, NULL, NULL);
}
