// SPDX-License-Identifier: GPL-2.0-only
/* State of the caller, before and after. */
#include "oracle.h"

static const u32 msrs[STATE_MSRS] = {
	0x174,	    0x175,	0x176,	    /* SYSENTER */
	0xc0000081, 0xc0000082, 0xc0000084, /* STAR, LSTAR, FMASK */
	0xc0000100, 0xc0000101, 0xc0000102, /* FS, GS, kernel GS */
};

void vectors_get(struct vectors *v)
{
	memset(v, 0, sizeof(*v));
	__asm__ volatile("xsave64 %0" : "+m"(*v) : "a"(7), "d"(0) : "memory");
}

void vectors_put(const struct vectors *v)
{
	__asm__ volatile("xrstor64 %0" : : "m"(*v), "a"(7), "d"(0) : "memory");
}

static bool is_zero(const u8 *p, size_t size)
{
	while (size--)
		if (*p++)
			return false;
	return true;
}

bool vectors_are_initial(const struct vectors *v)
{
	const u8 *p = v->byte;

	return *(const u16 *)(p + VECTORS_FCW) == 0x37f &&
	       !*(const u16 *)(p + VECTORS_FSW) &&
	       *(const u32 *)(p + VECTORS_MXCSR) == 0x1f80 &&
	       is_zero(p + 32, 384) &&
	       is_zero(p + VECTORS_AVX, VECTORS_END - VECTORS_AVX);
}

/*
 * Without ever having the secret in a register, where a handler or the VMM
 * would find it.
 */
#define MASK 0x00ff00ff00ff00ffULL

static volatile u64 mask = MASK;

bool is_secret(const void *p)
{
	return (*(const u64 *)p ^ mask) == (ORACLE_SECRET ^ MASK);
}

bool holds_secret(const void *p, size_t size)
{
	const u8 *byte = p;
	size_t i;

	for (i = 0; i + 8 <= size; i++)
		if (byte[i] == (u8)ORACLE_SECRET && is_secret(byte + i))
			return true;
	return false;
}

void state_get(struct state *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	vcpu_ioctl(this_cpu()->index, KVM_GET_SREGS, &s->sregs);
	vcpu_ioctl(this_cpu()->index, KVM_GET_DEBUGREGS, &s->debug);
	for (i = 0; i < STATE_MSRS; i++)
		s->msr[i] = rdmsr(msrs[i]);
}

void state_put(const struct state *s)
{
	static struct state copy[ATTACK_MAX_CPUS];
	unsigned int i, cpu = this_cpu()->index;

	copy[cpu] = *s;
	vcpu_ioctl(cpu, KVM_SET_SREGS, &copy[cpu].sregs);
	vcpu_ioctl(cpu, KVM_SET_DEBUGREGS, &copy[cpu].debug);
	for (i = 0; i < STATE_MSRS; i++)
		wrmsr(msrs[i], s->msr[i]);
}

#define PART(field, text)                                        \
	{                                                        \
		offsetof(struct state, field),                   \
			sizeof(((struct state *)0)->field), text \
	}

static const struct {
	size_t offset, size;
	const char *name;
} part[] = {
	PART(sregs.cs, "CS"),		PART(sregs.ss, "SS"),
	PART(sregs.ds, "DS"),		PART(sregs.es, "ES"),
	PART(sregs.fs, "FS"),		PART(sregs.gs, "GS"),
	PART(sregs.tr, "TR"),		PART(sregs.ldt, "LDT"),
	PART(sregs.gdt, "GDT"),		PART(sregs.idt, "IDT"),
	PART(sregs.cr0, "CR0"),		PART(sregs.cr3, "CR3"),
	PART(sregs.cr4, "CR4"),		PART(sregs.cr8, "CR8"),
	PART(sregs.efer, "EFER"),	PART(sregs.apic_base, "APIC base"),
	PART(debug, "debug registers"), PART(msr, "an MSR"),
};

const char *state_differs(const struct state *a, const struct state *b)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		if (memcmp((const u8 *)a + part[i].offset,
			   (const u8 *)b + part[i].offset, part[i].size))
			return part[i].name;
	return NULL;
}

const char *stub_is_wrong(const struct att *att, const struct trap *t, u64 rsp)
{
	static struct vectors vectors[ATTACK_MAX_CPUS];
	struct vectors *v = &vectors[this_cpu()->index];
	const struct regs *r = &t->regs;

	vectors_get(v);
	if (r->cs != (att->cpl ? SEL_USER_CODE : SEL_CODE))
		return "CS";
	if (r->ss != (att->cpl ? SEL_USER_DATA : SEL_DATA))
		return "SS";
	if (r->rflags != (FLAG_IF | FLAG_FIXED))
		return "flags";
	if (r->rsp != rsp)
		return "RSP";
	if (t->cr2)
		return "CR2";
	if (r->rbx || r->rbp || r->rcx || r->rsi || r->r8 || r->r9 || r->r10 ||
	    r->r11 || r->r12 || r->r13 || r->r14 || r->r15)
		return "a general register";
	if (holds_secret(r, sizeof(*r)))
		return "the secret in a register";
	if (holds_secret(v, sizeof(*v)))
		return "the secret in a vector register";
	if (!vectors_are_initial(v))
		return "vector state";
	return NULL;
}
