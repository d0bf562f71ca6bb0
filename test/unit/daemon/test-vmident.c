// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "vmident.h"

/* CMDLINE without its last zero byte, which sizeof() brings along. */
#define PARSE(ident, cmdline) parse(ident, cmdline, sizeof(cmdline))

static void parse(struct vm_ident *ident, const char *cmdline, size_t len)
{
	char *copy = test_copy(cmdline, len);

	memset(ident, 0x5a, sizeof(*ident));
	vm_ident_from_cmdline(ident, copy, len);
	free(copy);
}

static void names(void **state)
{
	struct vm_ident id;

	(void)state;
	PARSE(&id, "testvmm\0--name\0manager\0--uuid\0"
		   "6f1c0b0e-1d2c-4b5a-8f00-0123456789ab");
	assert_string_equal(id.name, "manager");
	assert_true(id.has_uuid);
	assert_int_equal(id.uuid[0], 0x6f);

	PARSE(&id,
	      "qemu-system-x86_64\0-m\0001G\0-name\0guest=web,debug-threads=on");
	assert_string_equal(id.name, "web");
	assert_false(id.has_uuid);

	PARSE(&id, "qemu\0-name\0web,process=qemu:web");
	assert_string_equal(id.name, "web");
	PARSE(&id, "qemu\0-name\0process=qemu:web,guest=db");
	assert_string_equal(id.name, "db");
	PARSE(&id, "qemu\0-name\0process=x");
	assert_string_equal(id.name, "");
	PARSE(&id, "qemu\0-name\0guest=a,,b,,,process=x");
	assert_string_equal(id.name, "a,b,");
	PARSE(&id,
	      "vmm\0--name=x\0--uuid=6f1c0b0e-1d2c-4b5a-8f00-0123456789ab");
	assert_string_equal(id.name, "x");
	assert_true(id.has_uuid);
	/* As QEMU does it: the last one. */
	PARSE(&id, "qemu\0-name\0a\0-name\0b");
	assert_string_equal(id.name, "b");
}

static void not_names(void **state)
{
	struct vm_ident id;

	(void)state;
	/* The program's own name is no option. */
	PARSE(&id, "-name\0x");
	assert_string_equal(id.name, "");
	/* Nor is an option's value; "-name" here is the name. */
	PARSE(&id, "qemu\0-name\0-uuid\0x");
	assert_string_equal(id.name, "-uuid");
	PARSE(&id, "qemu\0name\0x\0-names\0y\0---name\0z");
	assert_string_equal(id.name, "");
	PARSE(&id, "qemu\0-name");
	assert_string_equal(id.name, "");
	PARSE(&id, "qemu\0-name\0");
	assert_string_equal(id.name, "");
	PARSE(&id, "qemu\0-name\0a\nb");
	assert_string_equal(id.name, "");
	PARSE(&id, "qemu\0-name\0\xc3\xa9");
	assert_string_equal(id.name, "");
	/* A later bad claim does not leave the earlier one standing. */
	PARSE(&id, "qemu\0-name\0good\0-name\0ba\td");
	assert_string_equal(id.name, "");
	PARSE(&id, "qemu\0-uuid\0006f1c0b0e");
	assert_false(id.has_uuid);
}

static void lengths(void **state)
{
	char cmdline[128] = "vmm\0-name\0";
	struct vm_ident id;
	unsigned int n;

	(void)state;
	for (n = 60; n < 75; n++) {
		memset(cmdline + 10, 'x', n);
		cmdline[10 + n] = '\0';
		parse(&id, cmdline, 10 + n + 1);
		assert_int_equal(strlen(id.name), n <= 63 ? n : 0);
	}
}

/* A process can write what it likes there, or die while it is read. */
static void hostile(void **state)
{
	static const char cmdline[] =
		"qemu\0-name\0guest=web\0-uuid\0006f1c0b0e-1d2c-4b5a-8f00-0123456789ab";
	struct vm_ident id;
	char noise[64];
	size_t n, i;

	(void)state;
	parse(&id, "", 0);
	assert_string_equal(id.name, "");
	/* An argument that was cut off is not one. */
	parse(&id, "qemu\0-name\0manage", 16);
	assert_string_equal(id.name, "");
	for (n = 0; n < sizeof(cmdline); n++) {
		parse(&id, cmdline, n);
		assert_false(id.has_uuid);
	}
	srand(1);
	for (i = 0; i < 20000; i++) {
		static const char alphabet[] = "-nameuid=,\0\0\0\0x\xff";

		for (n = 0; n < sizeof(noise); n++)
			noise[n] = alphabet[rand() % (sizeof(alphabet) - 1)];
		parse(&id, noise, rand() % sizeof(noise));
		assert_true(strlen(id.name) < VM_NAME_SIZE);
	}
}

static void status(void **state)
{
	static const char good[] =
		"Name:\tqemu\nTgid:\t42\nPid:\t43\n"
		"Uid:\t107\t107\t107\t107\nGid:\t0\t0\t0\t0\n";
	static const char forged[] = "Name:\tx\\nUid:\t0\t0\t0\t0\n"
				     "Tgid:\t42\nUid:\t7\t7\t7\t7\n";
	struct vm_ident id = { 0 };

	(void)state;
	assert_int_equal(vm_ident_from_status(&id, good), 0);
	assert_int_equal(id.pid, 42);
	assert_true(id.has_uid);
	assert_int_equal(id.uid, 107);
	assert_string_equal(id.comm, "qemu");

	/* A set-user-id program must not count as its owner. */
	assert_int_equal(vm_ident_from_status(&id,
					      "Name:\tsu\nTgid:\t42\nUid:\t1000\t0\t0\t0\n"),
			 0);
	assert_false(id.has_uid);
	assert_int_equal(vm_ident_from_status(&id,
					      "Name:\tsu\nTgid:\t42\nUid:\t0\t0\t1000\t0\n"),
			 0);
	assert_false(id.has_uid);

	/* The kernel writes a newline in a name as \n. */
	assert_int_equal(vm_ident_from_status(&id, forged), 0);
	assert_int_equal(id.uid, 7);
}

static void status_bad(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"Name:\tx\n",
		"Name:\tx\nTgid:\t42\n",
		"Name:\tx\nTgid:\t\nUid:\t0\t0\t0\t0\n",
		"Name:\tx\nTgid:\t0\nUid:\t0\t0\t0\t0\n",
		"Name:\tx\nTgid:\t99999999999\nUid:\t0\t0\t0\t0\n",
		"Name:\tx\nTgid:\t42\nUid:\t0\t0\t0\n",
		"Name:\tx\nTgid:\t42\nUid:\tx\t0\t0\t0\n",
	};
	struct vm_ident id;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		char *copy = test_copy(texts[i], strlen(texts[i]) + 1);

		if (vm_ident_from_status(&id, copy) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
		free(copy);
	}
}

static void own_process(void **state)
{
	struct vm_ident id;

	(void)state;
	assert_int_equal(vm_ident_read(&id, getpid()), 0);
	assert_int_equal(id.pid, getpid());
	assert_true(id.has_uid);
	assert_int_equal(id.uid, getuid());
	assert_string_equal(id.comm, "test-vmident");
	assert_int_equal(vm_ident_read(&id, 0x7ffffff0), -ESRCH);
}

/* What a process calls itself must not look like something that we say. */
static void format(void **state)
{
	struct vm_ident id = { .pid = 7, .has_uid = true, .uid = 107 };
	char text[VM_IDENT_TEXT_SIZE];

	(void)state;
	strcpy(id.comm, "a\" uid=0\n");
	strcpy(id.name, "web uid=0");
	strcpy(id.unit, "vm-web.service");
	vm_ident_format(&id, text, sizeof(text));
	assert_string_equal(text,
			    "pid=7 comm=\"a? uid=0?\" uid=107 unit=vm-web.service name=\"web uid=0\"");
	/* The longest that there is */
	memset(id.comm, 'c', sizeof(id.comm) - 1);
	memset(id.name, 'n', sizeof(id.name) - 1);
	memset(id.unit, 'u', sizeof(id.unit) - 1);
	id.has_uuid = true;
	vm_ident_format(&id, text, sizeof(text));
	assert_string_equal(text + strlen(text) - 5, "00000");
	vm_ident_format(&id, text, 20);
	assert_int_equal(strlen(text), 19);
}

static void check_cgroup(const char *cgroup, const char *slices,
			 const char *unit, const char *libvirt)
{
	struct vm_ident id = { .pid = 1 };
	char *copy = test_copy(cgroup, strlen(cgroup) + 1);

	vm_ident_from_cgroup(&id, copy);
	free(copy);
	assert_string_equal(id.slices, slices);
	assert_string_equal(id.unit, unit);
	assert_string_equal(id.libvirt, libvirt);
}

static void cgroups(void **state)
{
	char line[1024];

	(void)state;
	check_cgroup("0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/vcpu0\n",
		     "machine.slice", "machine-qemu\\x2d1\\x2dweb.scope",
		     "web");
	/* The hierarchy of its own that systemd has with version 1 */
	check_cgroup("5:cpu:/a.slice/b.scope\n1:name=systemd:/c.slice/d.service\n0::/\n",
		     "c.slice", "d.service", "");
	check_cgroup("0::/a.slice/a-b.slice/x.service/y.scope\n",
		     "a.slice/a-b.slice", "x.service", "");
	/* Units without a slice, which PID 1 is: nothing above it */
	check_cgroup("0::/init.scope\n", "", "init.scope", "");
	/* Slices alone do not run anything. */
	check_cgroup("0::/a.slice\n", "", "", "");
	check_cgroup("0::/a.slice/\n", "", "", "");
	check_cgroup("0::/a.slice/payload/x.scope\n", "", "", "");
	check_cgroup("0::/a.slice/x y.scope\n", "", "", "");
	check_cgroup("0::a.slice/x.scope\n", "", "", "");
	check_cgroup("junk", "", "", "");
	check_cgroup("", "", "", "");
	/* The name of a domain may have what separates it. */
	check_cgroup("0::/machine-qemu\\x2d12\\x2da\\x2d3\\x2db.scope\n", "",
		     "machine-qemu\\x2d12\\x2da\\x2d3\\x2db.scope", "a-3-b");
	check_cgroup("0::/machine-qemu\\x2dx\\x2dweb.scope\n", "",
		     "machine-qemu\\x2dx\\x2dweb.scope", "");
	check_cgroup("0::/machine-qemu\\x2d1\\x2dweb.service\n", "",
		     "machine-qemu\\x2d1\\x2dweb.service", "");
	check_cgroup("0::/machine-qemu\\x2d1\\x2dweb\\x00.scope\n", "",
		     "machine-qemu\\x2d1\\x2dweb\\x00.scope", "");
	check_cgroup("0::/machine-qemu\\x2d1\\x2d\\x.scope\n", "",
		     "machine-qemu\\x2d1\\x2d\\x.scope", "");
	check_cgroup("0::/machine-qemu\\x2d1\\x2d.scope\n", "",
		     "machine-qemu\\x2d1\\x2d.scope", "");
	/* Too long for a unit, and slices too deep */
	memset(line, 'a', sizeof(line));
	memcpy(line, "0::/", 4);
	strcpy(line + 300, ".scope\n");
	check_cgroup(line, "", "", "");
	strcpy(line, "0::/");
	while (strlen(line) < 400)
		strcat(line, "aaaaaaaaaaaaaaaaaaaaaaaaa.slice/");
	strcat(line, "x.scope\n");
	check_cgroup(line, "", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),       cmocka_unit_test(not_names),
		cmocka_unit_test(lengths),     cmocka_unit_test(hostile),
		cmocka_unit_test(status),      cmocka_unit_test(status_bad),
		cmocka_unit_test(own_process), cmocka_unit_test(format),
		cmocka_unit_test(cgroups),
	};

	return cmocka_run_group_tests_name("vmident", tests, NULL, NULL);
}
