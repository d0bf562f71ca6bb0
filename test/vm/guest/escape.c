// SPDX-License-Identifier: GPL-2.0-only
/*
 * escape EXPORT: calls every entry point of hostile.sub.  Each call has to end
 * with -EFAULT and leave this process as it was; the next call is good again.
 *
 * Prints what was not so, and "N attempts, N wrong".
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <elisa/guest.h>

#define FLAGS_LASTING 0x247700 /* ID, AC, NT, IOPL, DF, IF, TF */

/* clang-format off */
static const char *const faults[] = {
	"sti", "cli", "in", "out", "rdmsr", "wrmsr", "mov_from_cr3",
	"mov_to_cr3", "mov_to_dr7", "xsetbv", "wbinvd", "invlpg", "swapgs",
	"sysret", "lgdt", "lidt", "monitor", "icebp", "int2", "int3", "int14",
	"int255", "load_fs", "load_gs", "load_ss", "far_return", "far_to_32",
	"iretq", "verr", "lsl", "vmread", "vmwrite", "vmptrld", "vmclear",
	"vmlaunch", "vmresume", "vmxoff", "vmxon", "invept", "invvpid",
	"jump_entry", "jump_return", "jump_gate_data", "read_list",
	"write_list", "write_rsp", "write_landing", "write_entries",
	"read_kernel", "push_nowhere", "jump_noncanonical",
};
/* clang-format on */

static const char *const passes[] = { "null_flags", "null_ds_es" };

static struct elisa_attachment *att;
static unsigned int attempts, wrong;
static __thread uint64_t local = 0x1234567;

struct state {
	uint64_t flags, cs, ss, fs, local;
};

static struct state look(void)
{
	struct state s;

	__asm__ volatile("pushfq\n\tpop %0\n\tmov %%cs, %1\n\tmov %%ss, %2\n\t"
			 "mov %%fs, %3"
			 : "=r"(s.flags), "=r"(s.cs), "=r"(s.ss), "=r"(s.fs));
	s.flags &= FLAGS_LASTING;
	s.local = *(volatile uint64_t *)&local;
	return s;
}

static int call(const char *name, uint64_t *ret)
{
	struct elisa_entry e;
	int err = elisa_lookup(att, name, &e);

	if (err)
		return err;
	do
		err = elisa_call0(&e, ret);
	while (err == -EBUSY);
	return err;
}

static void try(const char *name, int want)
{
	struct state before, after;
	uint64_t ret;
	int err;

	attempts++;
	before = look();
	err = call(name, &ret);
	after = look();
	if (err != want) {
		printf("%s: %s, details %#llx\n", name, strerror(-err),
		       (unsigned long long)ret);
		wrong++;
	}
	if (memcmp(&before, &after, sizeof(before))) {
		printf("%s: flags %#llx became %#llx, or segments changed\n",
		       name, (unsigned long long)before.flags,
		       (unsigned long long)after.flags);
		wrong++;
	}
	err = call("nop", &ret);
	if (err || ret) {
		printf("%s: the call after it: %s\n", name, strerror(-err));
		wrong++;
	}
}

int main(int argc, char **argv)
{
	unsigned int i;
	int err;

	if (argc != 2)
		return 2;
	err = elisa_attach(&att, argv[1], NULL, 0);
	if (err) {
		printf("attach: %s\n", strerror(-err));
		return 1;
	}
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		try(faults[i], -EFAULT);
	for (i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
		try(passes[i], 0);
	elisa_detach(att);
	printf("%u attempts, %u wrong\n", attempts, wrong);
	return wrong != 0;
}
