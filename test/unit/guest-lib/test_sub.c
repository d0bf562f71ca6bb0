// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* What of <elisa/sub.h> can run outside a sub context. */
#define memcpy	sub_memcpy
#define memset	sub_memset
#define memmove sub_memmove
#define memcmp	sub_memcmp
#define strlen	sub_strlen
#define strnlen sub_strnlen
#define strcmp	sub_strcmp
#include <elisa/sub.h>
#undef memcpy
#undef memset
#undef memmove
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void ranges(void **state)
{
	(void)state;
	assert_true(elisa_range_ok(0, 0, 0));
	assert_true(elisa_range_ok(0, 10, 10));
	assert_true(elisa_range_ok(10, 0, 10));
	assert_true(elisa_range_ok(3, 7, 10));
	assert_false(elisa_range_ok(3, 8, 10));
	assert_false(elisa_range_ok(11, 0, 10));
	assert_false(elisa_range_ok(UINT64_MAX, 2, 10));
	assert_false(elisa_range_ok(2, UINT64_MAX, 10));
	assert_false(elisa_range_ok(UINT64_MAX, UINT64_MAX, 10));
	assert_true(elisa_range_ok(1, UINT64_MAX - 1, UINT64_MAX));
}

static void copies(void **state)
{
	unsigned char from[70], to[90], want[90];
	size_t n, at;

	(void)state;
	for (n = 0; n < sizeof(from); n++)
		from[n] = (unsigned char)(n + 1);
	for (n = 0; n <= sizeof(from); n++)
		for (at = 0; at < 9; at++) {
			memset(to, 0xaa, sizeof(to));
			memset(want, 0xaa, sizeof(want));
			memcpy(want + at, from, n);
			assert_ptr_equal(sub_memcpy(to + at, from, n), to + at);
			assert_memory_equal(to, want, sizeof(to));
			memset(want + at, 0x5b, n);
			assert_ptr_equal(sub_memset(to + at, 0x5b, n), to + at);
			assert_memory_equal(to, want, sizeof(to));
		}
}

static void moves(void **state)
{
	unsigned char buf[64], want[64];
	size_t from, to, n;

	(void)state;
	for (from = 0; from < 24; from++)
		for (to = 0; to < 24; to++)
			for (n = 0; n <= 40; n++) {
				size_t i;

				for (i = 0; i < sizeof(buf); i++)
					want[i] = (unsigned char)i;
				memcpy(buf, want, sizeof(buf));
				memmove(want + to, want + from, n);
				sub_memmove(buf + to, buf + from, n);
				assert_memory_equal(buf, want, sizeof(buf));
			}
}

static void compares(void **state)
{
	(void)state;
	assert_int_equal(sub_memcmp("abc", "abd", 2), 0);
	assert_true(sub_memcmp("abc", "abd", 3) < 0);
	assert_true(sub_memcmp("\xff", "\x01", 1) > 0);
	assert_int_equal(sub_memcmp("a", "b", 0), 0);
}

static void strings(void **state)
{
	/* No zero at its end: nothing may look there. */
	const char open[3] = { 'a', 'b', 'c' };

	(void)state;
	assert_int_equal(sub_strlen(""), 0);
	assert_int_equal(sub_strlen("abc"), 3);
	assert_int_equal(sub_strnlen(open, 0), 0);
	assert_int_equal(sub_strnlen(open, 3), 3);
	assert_int_equal(sub_strnlen("ab", 9), 2);
	assert_int_equal(sub_strcmp("", ""), 0);
	assert_int_equal(sub_strcmp("abc", "abc"), 0);
	assert_true(sub_strcmp("ab", "abc") < 0);
	assert_true(sub_strcmp("abc", "ab") > 0);
	assert_true(sub_strcmp("\xff", "\x01") > 0);
}

/* The signal that ends a process which asserts that @n is 1 or 2. */
static int signal_of_assertion(unsigned int n)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGILL, SIG_DFL);
		elisa_assert(n != 0);
		elisa_assert(n < 3);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void assertions(void **state)
{
	unsigned int n = 0;

	(void)state;
	assert_int_equal(signal_of_assertion(0), SIGILL);
	assert_int_equal(signal_of_assertion(1), 0);
	assert_int_equal(signal_of_assertion(2), 0);
	assert_int_equal(signal_of_assertion(3), SIGILL);
	elisa_assert(++n);
	assert_int_equal(n, 1);
}

static struct elisa_spinlock lock;
static uint64_t counter;
static pthread_barrier_t start;

static void *locked(void *arg)
{
	unsigned int i;

	pthread_barrier_wait(&start);
	for (i = 0; i < 500000; i++) {
		while (!elisa_spin_lock_tries(&lock, 100))
			;
		counter = *(volatile uint64_t *)&counter + 1;
		elisa_spin_unlock(&lock);
	}
	return arg;
}

static void spinlock(void **state)
{
	pthread_t thread[3];
	unsigned int i;

	(void)state;
	assert_true(elisa_spin_trylock(&lock));
	assert_false(elisa_spin_trylock(&lock));
	assert_false(elisa_spin_lock_tries(&lock, 1));
	assert_false(elisa_spin_lock_tries(&lock, 1000));
	elisa_spin_unlock(&lock);
	assert_true(elisa_spin_lock_tries(&lock, 1));
	elisa_spin_unlock(&lock);
	pthread_barrier_init(&start, NULL, 3);
	for (i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, locked, NULL);
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(counter, 1500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),   cmocka_unit_test(copies),
		cmocka_unit_test(moves),    cmocka_unit_test(compares),
		cmocka_unit_test(strings),  cmocka_unit_test(assertions),
		cmocka_unit_test(spinlock),
	};

	return cmocka_run_group_tests_name("sub", tests, NULL, NULL);
}
