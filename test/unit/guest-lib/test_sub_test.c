// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* libelisa-sub-test, with the image of native/basic.c and native/more.c. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <elisa/layout.h>
#include <elisa/sub_test.h>

#define RW (ELISA_RIGHT_READ | ELISA_RIGHT_WRITE)

static struct elisa_test_export *export_open(size_t data_size)
{
	struct elisa_test_export *exp;
	char path[4096];

	snprintf(path, sizeof(path), "%s/basic.test.so", getenv("IMAGES"));
	assert_int_equal(elisa_test_export_open(&exp, path, data_size), 0);
	return exp;
}

static struct elisa_test_vm *attach(struct elisa_test_export *exp,
				    unsigned int rights, size_t xbuf_size)
{
	struct elisa_test_vm *vm;

	assert_int_equal(elisa_test_attach(&vm, exp, rights, xbuf_size), 0);
	return vm;
}

static void calls(void **state)
{
	struct elisa_test_export *exp = export_open(8192);
	struct elisa_test_vm *a = attach(exp, RW, 4096);
	struct elisa_test_vm *b = attach(exp, ELISA_RIGHT_READ, 0);
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_test_call(a, "sum6", &ret, 1, 1, 1, 1, 1, 1), 0);
	assert_int_equal(ret, 63);
	assert_int_equal(elisa_test_call(a, "sum6", &ret, 0, 0, 0, 0, 0, 3), 0);
	assert_int_equal(ret, 96);
	assert_int_equal(elisa_test_call(a, "sum6", &ret), 0);
	assert_int_equal(ret, 0);
	assert_int_equal(elisa_test_call(a, "no_such", &ret), -ENOENT);
	assert_int_equal(elisa_test_lookup(exp, "no_such"), -ENOENT);
	assert_true(elisa_test_lookup(exp, "more") >= 0);
	assert_int_equal(elisa_test_call(a, "more", &ret, 5), 0);
	assert_int_equal(ret, 38);
	assert_int_equal(elisa_test_call(a, "caller", &ret), 0);
	assert_true(ret == (1ULL << 32 | RW));
	assert_int_equal(elisa_test_call(b, "caller", &ret), 0);
	assert_true(ret == (2ULL << 32 | ELISA_RIGHT_READ));
	assert_int_equal(elisa_test_call(a, "sizes", &ret), 0);
	assert_true(ret == (8192ULL << 32 | 4096));
	assert_int_equal(elisa_test_call(b, "sizes", &ret), 0);
	assert_true(ret == 8192ULL << 32);
	assert_null(elisa_test_xbuf(b));
	elisa_test_detach(a);
	elisa_test_detach(b);
	elisa_test_export_close(exp);
}

static void memory(void **state)
{
	struct elisa_test_export *exp = export_open(4096);
	struct elisa_test_vm *a = attach(exp, RW, 4096);
	struct elisa_test_vm *b = attach(exp, ELISA_RIGHT_READ, 4096);
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_test_call(a, "data_set", &ret, 4095, 7), 0);
	assert_int_equal(((uint8_t *)elisa_test_data(exp))[4095], 7);
	assert_int_equal(elisa_test_call(b, "data_get", &ret, 4095), 0);
	assert_int_equal(ret, 7);
	((uint8_t *)elisa_test_xbuf(a))[9] = 1;
	((uint8_t *)elisa_test_xbuf(b))[9] = 2;
	assert_int_equal(elisa_test_call(a, "xbuf_get", &ret, 9), 0);
	assert_int_equal(ret, 1);
	assert_int_equal(elisa_test_call(b, "xbuf_get", &ret, 9), 0);
	assert_int_equal(ret, 2);
	elisa_test_detach(a);
	elisa_test_detach(b);
	elisa_test_export_close(exp);
}

/* The image's own data is new each time, and the shared data. */
static void fresh(void **state)
{
	unsigned int i;
	uint64_t ret;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct elisa_test_export *exp = export_open(4096);
		struct elisa_test_vm *vm = attach(exp, RW, 0);

		assert_int_equal(elisa_test_call(vm, "count", &ret), 0);
		assert_int_equal(ret, 41);
		assert_int_equal(elisa_test_call(vm, "data_get", &ret, 5), 0);
		assert_int_equal(ret, 0);
		assert_int_equal(elisa_test_call(vm, "data_set", &ret, 5, 5),
				 0);
		elisa_test_detach(vm);
		elisa_test_export_close(exp);
	}
}

static void faults(void **state)
{
	struct elisa_test_export *exp = export_open(0);
	struct elisa_test_vm *vm = attach(exp, RW, 0);
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_test_call(vm, "positive", &ret, 3), 0);
	assert_int_equal(ret, 3);
	assert_string_equal(elisa_test_fault_text(vm), "");
	assert_int_equal(elisa_test_call(vm, "positive", &ret, -3), -EFAULT);
	assert_int_equal(ELISA_FAULT_KIND(ret), ELISA_FAULT_KIND_VECTOR);
	assert_int_equal(ELISA_FAULT_CODE(ret), 6);
	assert_non_null(strstr(elisa_test_fault_text(vm), "basic.c:"));
	assert_non_null(strstr(elisa_test_fault_text(vm), "(int64_t)n > 0"));
	assert_int_equal(elisa_test_call(vm, "positive", &ret, 4), 0);
	assert_int_equal(ret, 4);
	elisa_test_detach(vm);
	elisa_test_export_close(exp);
}

/* The status of a child that makes a call: 0, or it crashed. */
static int child_call(struct elisa_test_vm *vm, const char *name, uint64_t a0)
{
	uint64_t ret;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		/* No reports of the sanitizers. */
		signal(SIGSEGV, SIG_DFL);
		_exit(elisa_test_call(vm, name, &ret, a0, 1) ? 2 : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void crashes(void **state)
{
	struct elisa_test_export *exp = export_open(4096);
	struct elisa_test_vm *a = attach(exp, RW, 4096);
	struct elisa_test_vm *b = attach(exp, ELISA_RIGHT_READ, 4096);

	(void)state;
	assert_int_equal(child_call(a, "data_set", 4095), 0);
	assert_int_not_equal(child_call(a, "data_set", 4096), 0);
	assert_int_not_equal(child_call(a, "data_get", (uint64_t)-1), 0);
	assert_int_equal(child_call(b, "data_get", 0), 0);
	assert_int_not_equal(child_call(b, "data_set", 0), 0);
	assert_int_not_equal(child_call(a, "xbuf_get", 4096), 0);
	assert_int_not_equal(child_call(a, "xbuf_get", (uint64_t)-1), 0);
	elisa_test_detach(a);
	elisa_test_detach(b);
	elisa_test_export_close(exp);
}

static void deaths(void **state)
{
	struct elisa_test_export *exp = export_open(4096);
	struct elisa_test_vm *a = attach(exp, RW, 0);
	struct elisa_test_vm *b = attach(exp, RW, 0);
	unsigned int n;
	uint64_t ret;
	int err;

	(void)state;
	for (n = 1;; n++) {
		elisa_test_die_after(a, n);
		err = elisa_test_call(a, "steps", &ret);
		if (err != -ENOLINK)
			break;
		assert_int_equal(elisa_test_call(b, "steps", &ret), 0);
		assert_int_equal(ret, n - 1);
	}
	assert_int_equal(err, 0);
	assert_int_equal(n, 5);
	/* It holds for one call only. */
	assert_int_equal(elisa_test_call(a, "steps", &ret), 0);
	elisa_test_detach(a);
	elisa_test_detach(b);
	elisa_test_export_close(exp);
}

static void locks(void **state)
{
	struct elisa_test_export *exp = export_open(4096);
	struct elisa_test_vm *a = attach(exp, RW, 0);
	struct elisa_test_vm *b = attach(exp, RW, 0);
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_test_call(a, "lock", &ret), -EDEADLK);
	assert_int_equal(ret, 0);
	elisa_test_detach(a);
	/* Its owner is gone: the lock can be had. */
	assert_int_equal(elisa_test_call(b, "steps", &ret), 0);
	elisa_test_detach(b);
	elisa_test_export_close(exp);
}

static void *many_steps(void *arg)
{
	unsigned int i;
	uint64_t ret;

	for (i = 0; i < 20000; i++) {
		if (!(i % 7))
			elisa_test_die_after(arg, 1 + i % 4);
		if (elisa_test_call(arg, "steps", &ret) != -ENOLINK)
			assert_true(ret <= 3);
	}
	return NULL;
}

static void threads(void **state)
{
	struct elisa_test_export *exp = export_open(4096);
	struct elisa_test_vm *vm[4];
	pthread_t thread[4];
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		vm[i] = attach(exp, RW, 0);
		assert_int_equal(pthread_create(&thread[i], NULL, many_steps,
						vm[i]),
				 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		elisa_test_detach(vm[i]);
	}
	elisa_test_export_close(exp);
}

static void arguments(void **state)
{
	struct elisa_test_export *exp;
	struct elisa_test_vm *vm;
	int i;

	(void)state;
	assert_int_equal(elisa_test_export_open(&exp, "/nowhere", 0), -ENOEXEC);
	/* The test program itself, which is no image. */
	assert_int_equal(elisa_test_export_open(&exp, NULL, 0), -ENOEXEC);
	assert_int_equal(elisa_test_export_open(&exp, NULL, 100), -EINVAL);
	exp = export_open(0);
	assert_int_equal(elisa_test_attach(&vm, exp, RW, 100), -EINVAL);
	assert_int_equal(elisa_test_attach(&vm, exp, RW, 513 * 4096), -EINVAL);
	assert_int_equal(elisa_test_attach(&vm, exp, ELISA_RIGHT_WRITE, 0),
			 -EINVAL);
	for (i = 0; i < ELISA_OWNER_SLOTS; i++)
		elisa_test_detach(attach(exp, RW, 0));
	assert_int_equal(elisa_test_attach(&vm, exp, RW, 0), -ENOSPC);
	elisa_test_export_close(exp);
	elisa_test_export_close(NULL);
	elisa_test_detach(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),     cmocka_unit_test(memory),
		cmocka_unit_test(fresh),     cmocka_unit_test(faults),
		cmocka_unit_test(crashes),   cmocka_unit_test(deaths),
		cmocka_unit_test(locks),     cmocka_unit_test(threads),
		cmocka_unit_test(arguments),
	};

	return cmocka_run_group_tests_name("sub_test", tests, NULL, NULL);
}
