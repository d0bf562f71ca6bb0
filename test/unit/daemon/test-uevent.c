// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "uevent.h"

#define HEAD                                                \
	"change@/devices/virtual/misc/kvm\0ACTION=change\0" \
	"DEVPATH=/devices/virtual/misc/kvm\0SUBSYSTEM=misc\0"
#define NODE		   "MAJOR=10\0MINOR=232\0DEVNAME=kvm\0"
#define PARSE(event, text) parse(event, text, sizeof(text))

/* SEQNUM comes last; the compiler adds its zero byte. */
#define TAIL "SEQNUM=2731"

static bool parse(struct uevent_kvm *event, const char *buf, size_t len)
{
	char *copy = test_copy(buf, len);
	bool ret;

	memset(event, 0x5a, sizeof(*event));
	ret = uevent_parse(copy, len, event);
	free(copy);
	return ret;
}

static void created(void **state)
{
	struct uevent_kvm event;

	(void)state;
	assert_true(
		PARSE(&event, HEAD
		      "CREATED=3\0COUNT=1\0EVENT=create\0"
		      "PID=4711\0STATS_PATH=/devices/kvm/4711-12\0" NODE TAIL));
	assert_true(event.create);
	assert_int_equal(event.pid, 4711);
}

static void destroyed(void **state)
{
	struct uevent_kvm event;

	(void)state;
	assert_true(PARSE(&event, HEAD "CREATED=3\0COUNT=0\0EVENT=destroy\0"
				       "PID=1\0" NODE TAIL));
	assert_false(event.create);
	assert_int_equal(event.pid, 1);
}

static void others(void **state)
{
	struct uevent_kvm event;

	(void)state;
	/* /dev/kvm appears: no VM. */
	assert_false(PARSE(&event,
			   "add@/devices/virtual/misc/kvm\0ACTION=add\0"
			   "SUBSYSTEM=misc\0EVENT=create\0PID=1\0" NODE TAIL));
	assert_false(PARSE(&event, HEAD NODE TAIL));
	assert_false(PARSE(&event, HEAD "EVENT=create\0" NODE TAIL));
	assert_false(PARSE(&event, HEAD "PID=1\0" NODE TAIL));
	assert_false(PARSE(&event, HEAD "EVENT=change\0PID=1\0" NODE TAIL));
	/* Another device of the same subsystem */
	assert_false(
		PARSE(&event, HEAD "EVENT=create\0PID=1\0DEVNAME=kvm2\0" TAIL));
	assert_false(PARSE(&event, HEAD "EVENT=create\0PID=1\0" TAIL));
	/* Another subsystem */
	assert_false(PARSE(&event, "change@/x\0ACTION=change\0SUBSYSTEM=block\0"
				   "EVENT=create\0PID=1\0" NODE TAIL));
	/* What udev sends on */
	assert_false(PARSE(&event, "libudev\0\xfe\xed\xca\xfe" HEAD
				   "EVENT=create\0PID=1\0" NODE TAIL));
}

static void pids(void **state)
{
	static const char *const bad[] = {
		"",   "0",    "-1", "+1",	  " 1",
		"1 ", "0x10", "1a", "4294967297", "99999999999999999999",
	};
	struct uevent_kvm event;
	char buf[256];
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		static const char head[] = HEAD NODE "EVENT=create";

		memcpy(buf, head, sizeof(head));
		n = sizeof(head);
		n += sprintf(buf + n, "PID=%s", bad[i]) + 1;
		if (parse(&event, buf, n))
			fail_msg("taken: PID '%s'", bad[i]);
	}
}

static void hostile(void **state)
{
	static const char good[] = HEAD "EVENT=create\0PID=4711\0" NODE TAIL;
	struct uevent_kvm event;
	char noise[sizeof(good)];
	unsigned int i, n;

	(void)state;
	assert_true(PARSE(&event, good));
	assert_false(parse(&event, "", 0));
	assert_false(parse(&event, "\0", 1));
	assert_false(parse(&event, "\0\0\0\0", 4));
	/* No zero byte at the end, in any cut but those between strings */
	for (n = 0; n < sizeof(good); n++) {
		if (n && !good[n - 1])
			continue;
		assert_false(parse(&event, good, n));
	}
	/* One byte changed at random, twenty thousand times */
	srand(1);
	for (i = 0; i < 20000; i++) {
		memcpy(noise, good, sizeof(good));
		noise[rand() % sizeof(good)] = rand();
		parse(&event, noise, sizeof(good));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(created), cmocka_unit_test(destroyed),
		cmocka_unit_test(others),  cmocka_unit_test(pids),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests_name("uevent", tests, NULL, NULL);
}
