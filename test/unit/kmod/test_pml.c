// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit that the module swallows does with the PML buffer.  The emulated
 * CPUs have no page-modification logging, so the CPU's half is played here: it
 * stores at the index and counts down from 511, and with an index of 0xffff
 * the buffer is full (SDM vol. 3, "Page-Modification Logging").
 */
#include "test.h"

/* pml.c gets these instead of the kernel's and the VMCS. */
#define ELISA_VMCS_H
#define ELISA_KVM_INTERNAL_H
#include <linux/kvm_host.h>

#define ENTRIES 512

static struct {
	u64 buffer[ENTRIES];
	u64 index;
	bool enabled;
} cpu;

static gfn_t marked[ENTRIES + 1];
static unsigned int n_marked;

static u64 elisa_vmread(unsigned long field)
{
	switch (field) {
	case GUEST_PML_INDEX:
		return cpu.index;
	case PML_ADDRESS:
		return (uintptr_t)cpu.buffer;
	case SECONDARY_VM_EXEC_CONTROL:
		return cpu.enabled ? SECONDARY_EXEC_ENABLE_PML : 0;
	default:
		fail_msg("VMREAD of %#lx", field);
		return 0;
	}
}

static void elisa_vmwrite(unsigned long field, u64 value)
{
	assert_int_equal(field, GUEST_PML_INDEX);
	cpu.index = value;
}

static void elisa_kvm_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	assert_null(vcpu);
	assert_in_range(n_marked, 0, ENTRIES - 1);
	marked[n_marked++] = gfn;
}

#include "pml.c"

/* The guest writes @n pages, the first is 1000; then an exit. */
static void exit_after(unsigned int n)
{
	unsigned int i;

	memset(&cpu, 0xa5, sizeof(cpu));
	cpu.enabled = true;
	cpu.index = ENTRIES - 1;
	for (i = 0; i < n; i++) {
		cpu.buffer[cpu.index] = (1000ULL + i) << PAGE_SHIFT;
		cpu.index = (cpu.index - 1) & 0xffff;
	}
	n_marked = 0;
	elisa_pml_flush(NULL);
}

static void check_marked(unsigned int n)
{
	bool seen[ENTRIES] = {};
	unsigned int i;

	assert_int_equal(n_marked, n);
	for (i = 0; i < n; i++) {
		assert_in_range(marked[i], 1000, 1000 + n - 1);
		assert_false(seen[marked[i] - 1000]);
		seen[marked[i] - 1000] = true;
	}
	assert_int_equal(cpu.index, ENTRIES - 1);
}

static void nothing_written(void **unused)
{
	(void)unused;
	exit_after(0);
	check_marked(0);
}

static void some_written(void **unused)
{
	unsigned int n;

	(void)unused;
	for (n = 1; n < ENTRIES; n++) {
		exit_after(n);
		check_marked(n);
	}
}

static void buffer_full(void **unused)
{
	(void)unused;
	exit_after(ENTRIES);
	check_marked(ENTRIES);
}

static void not_enabled(void **unused)
{
	(void)unused;
	memset(&cpu, 0, sizeof(cpu));
	n_marked = 0;
	elisa_pml_flush(NULL);
	assert_int_equal(n_marked, 0);
	assert_int_equal(cpu.index, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_written),
		cmocka_unit_test(some_written),
		cmocka_unit_test(buffer_full),
		cmocka_unit_test(not_enabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
