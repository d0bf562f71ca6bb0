// SPDX-License-Identifier: GPL-2.0-only
/*
 * owndata EXPORT VALUE CALLS: writes VALUE to a cell of a selftest export, then
 * reads it CALLS times, going from vCPU to vCPU meanwhile.  Another process does
 * the same with another export: neither may ever see the other's value.
 *
 * Prints "calls N other N errors N".
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elisa/guest.h>

#define CELL 77

static int call(const struct elisa_entry *e, uint64_t *ret, uint64_t a,
		uint64_t b)
{
	int err;

	do
		err = elisa_call2(e, ret, a, b);
	while (err == -EBUSY);
	return err;
}

int main(int argc, char **argv)
{
	unsigned long calls, i, other = 0, errors = 0;
	struct elisa_attachment *att;
	struct elisa_entry add, read;
	uint64_t value, ret;
	cpu_set_t set;
	long cpus;
	int err;

	if (argc != 4)
		return 2;
	value = strtoull(argv[2], NULL, 0);
	calls = strtoul(argv[3], NULL, 0);
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	err = elisa_attach(&att, argv[1], NULL, 0);
	if (!err)
		err = elisa_lookup(att, "data_add", &add);
	if (!err)
		err = elisa_lookup(att, "data_read", &read);
	if (!err)
		err = call(&read, &ret, CELL, 0);
	if (!err)
		err = call(&add, &ret, CELL, value - ret);
	if (err) {
		printf("%s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	for (i = 0; i < calls; i++) {
		if (!(i % 20)) {
			CPU_ZERO(&set);
			CPU_SET(i / 20 % cpus, &set);
			sched_setaffinity(0, sizeof(set), &set);
			sched_yield();
		}
		if (call(&read, &ret, CELL, 0))
			errors++;
		else if (ret != value)
			other++;
	}
	elisa_detach(att);
	printf("calls %lu other %lu errors %lu\n", calls, other, errors);
	return other || errors;
}
