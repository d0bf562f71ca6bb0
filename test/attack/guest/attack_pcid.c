// SPDX-License-Identifier: GPL-2.0-only
/*
 * CR4.PCIDE.
 *
 * Hope: with PCIDs a MOV to CR3 can leave all translations in place, so that
 * those of gate and landing from an earlier call stand in for the walk that a
 * CR3 into crafted tables fails.
 *
 * Why it fails: such a vCPU's MOV to CR3 exits while it is armed, and a CR3 in
 * the special range disarms it.  To the guest it must be the instruction that
 * it was.  (The emulator keeps no translations over a VMFUNC: what is tested is
 * the interception.)
 */
#include <linux/kvm.h>

#include "cr3.h"

#define CR4_PCIDE  (1ULL << 17)
#define NO_FLUSH   (1ULL << 63)
#define EXIT_TICKS 200 /* an exit takes more, an instruction 1 */
#define SLOT	   4
#define SEL_CODE32 0x50

static const u8 mov_rbx_cr3[3] = { 0x0f, 0x22, 0xdb };

static struct craft c;
static u64 good;

static s64 call(void)
{
	return elisa_call(&c.at3, X_NOP, ARGS(1)).status;
}

static void pcide(bool on)
{
	u64 cr4 = read_cr4();

	write_cr4(on ? cr4 | CR4_PCIDE : cr4 & ~CR4_PCIDE);
}

static u64 ticks_of_mov(u64 cr3)
{
	u64 from = rdtsc();

	write_cr3(cr3);
	return rdtsc() - from;
}

/* The least of some: an interrupt may come between. */
static u64 least_ticks(void)
{
	u64 least = ~0ULL, ticks;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ticks = ticks_of_mov(good);
		if (ticks < least)
			least = ticks;
	}
	return least;
}

static void exits(bool expected, const char *when)
{
	u64 ticks = least_ticks();

	check((ticks > EXIT_TICKS) == expected, "MOV to CR3 %s, %s: %llu ticks",
	      expected ? "exits" : "does not exit", when, ticks);
}

/* Where register @n of an instruction is in struct regs. */
static u64 *reg(struct regs *r, unsigned int n)
{
	u64 *const at[] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
		&r->rsi, &r->rdi, &r->r8,  &r->r9,  &r->r10, &r->r11,
		&r->r12, &r->r13, &r->r14, &r->r15,
	};

	return at[n];
}

/* MOV from each register: value, RIP, all other registers, TF. */
static void each_register(u64 value, const char *what)
{
	unsigned int n, i, wrong = 0;
	u8 *code = pages(1);
	struct trap t;

	for (n = 0; n < 32; n++) {
		bool step = n & 16;
		struct regs in = { .rip = (u64)code };
		u8 *p = code;

		for (i = 0; i < 16; i++)
			*reg(&in, i) = random();
		*reg(&in, n & 15) = value;
		in.rflags = FLAG_IF | (step ? FLAG_TF : 0);
		if (n & 8)
			*p++ = 0x41;
		*p++ = 0x0f;
		*p++ = 0x22;
		*p++ = 0xd8 | (n & 7);
		*p++ = 0xcd;
		*p++ = VECTOR_FELL;
		call(); /* armed */
		run(&in, 0, &t);
		if (t.regs.vector != (step ? 1 : VECTOR_FELL) ||
		    t.regs.rip != (u64)p - (step ? 2 : 0) ||
		    read_cr3() != (value & ~NO_FLUSH))
			wrong++;
		for (i = 0; i < 16; i++)
			wrong += *reg(&in, i) != *reg(&t.regs, i);
		write_cr3(good);
	}
	check_eq(wrong, 0, "MOV from each register, with TF and without, %s",
		 what);
}

/* A changed translation is seen behind a MOV that flushes. */
static void flushes(void)
{
	u64 *a = pages(1), *b = pages(1);
	volatile u64 *va = (u64 *)0x7000000000;
	unsigned int i, wrong = 0;

	a[0] = 1;
	b[0] = 2;
	for (i = 0; i < 10; i++) {
		map((u64)va, (u64)a, PTE_RWU);
		call();
		wrong += *va != 1;
		*pte((u64)va, false) = (u64)b | PTE_RWU;
		write_cr3(good | NO_FLUSH); /* may or may not be seen */
		write_cr3(good);
		wrong += *va != 2;
	}
	map((u64)va, 0, 0);
	check_eq(wrong, 0, "MOV without bit 63 flushes");
}

static u64 load_cr3(u64 value)
{
	write_cr3(value);
	return 0;
}

static u64 invpcid_all(u64 type)
{
	const u64 desc[2] = { 0, 0 };

	__asm__ volatile("invpcid %0, %1" : : "m"(desc), "r"(type) : "memory");
	return 0;
}

static void reserved_bits(void)
{
	unsigned int bit, wrong = 0, n = 0;
	struct trap t;

	for (bit = phys_bits(); bit < 63; bit++, n++) {
		call();
		wrong += try(load_cr3, good | 1ULL << bit, &t) ||
			 t.regs.vector != 13 || t.regs.error ||
			 read_cr3() != good;
	}
	check_eq(wrong, 0, "%u reserved bits are #GP each", n);
	check_eq(call(), 0, "and a call afterwards");
}

/* MOV to CR3 in 32-bit code takes 32 bits of the register. */
static void compatibility_mode(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) gdtr;
	static const u8 mov[] = { 0x0f, 0x22, 0xdb, 0xcd, VECTOR_FELL };
	u8 *code = pages(1);
	struct regs in = {
		.rip = (u64)code,
		.cs = SEL_CODE32,
		.rbx = good | 0xabcdULL << 32,
	};
	struct trap t;

	__asm__ volatile("sgdt %0" : "=m"(gdtr));
	((u64 *)gdtr.base)[SEL_CODE32 / 8] = 0x00cf9b000000ffff;
	memcpy(code, mov, sizeof(mov));
	call();
	run(&in, 0, &t);
	check(t.regs.vector == VECTOR_FELL && t.regs.cs == SEL_CODE32 &&
		      read_cr3() == good &&
		      t.regs.rip == (u64)code + sizeof(mov),
	      "MOV to CR3 in 32-bit code: CR3 %llx", read_cr3());
	check_eq(call(), 0, "and a call afterwards");
}

static void special(bool intercepted)
{
	static const u8 nops[3] = { 0x90, 0x90, 0x90 };
	u64 *view, no_flush, cr3 = special_gpa(ELISA_CHUNK_XBUF, 2);
	unsigned int i, right = 0, tries = 10;
	struct result res;
	s64 want = intercepted ? -EOPNOTSUPP : -EFAULT;

	call_behind(&c.at0, nops, 0, X_NOP);
	view = root_copy();
	craft_gate_tables((u64 *)(c.xbuf + 2 * PAGE_SIZE), cr3, slot_of(&c.at0),
			  cr3 + 10 * PAGE_SIZE);
	check(!memslot(SLOT, cr3, PAGE_SIZE, 0, (u64)view), "memory there");
	write_cr3(cr3);
	write_cr3(good);
	for (i = 0; i < tries; i++) {
		call();
		no_flush = read_cr4() & CR4_PCIDE && i & 1 ? NO_FLUSH : 0;
		res = call_behind(&c.at0, mov_rbx_cr3, cr3 | no_flush, X_NOP);
		right += res.status == want && read_cr3() == cr3;
		write_cr3(good);
		expect(unharmed(&c, "CR3 with PCIDs"), "try %u", i);
	}
	check_eq(right, tries,
		 "CR3 into the range with PCIDs: calls end with %lld", want);
	memset(c.xbuf + 2 * PAGE_SIZE, 0, 9 * PAGE_SIZE);
	memslot(SLOT, cr3, 0, 0, 0);
}

static u64 set_events(u64 events)
{
	return vcpu_ioctl(0, KVM_SET_VCPU_EVENTS, (void *)events);
}

/*
 * A failed VM entry, which the VMM can have with an event that is none, leaves
 * an error number in the VMCS for ever.  MOV to CR3 must still end in the
 * module: KVM's handler for it warns.
 */
static void after_failed_entry(void)
{
	struct kvm_vcpu_events *ev = pages(1);
	struct trap t;

	vcpu_ioctl(0, KVM_GET_VCPU_EVENTS, ev);
	/* KVM injects what it failed to inject again: something else, #UD. */
	ev->exception.injected = 1;
	ev->exception.nr = 6;
	ev->exception.has_error_code = 0;
	vcpu_post(0, KVM_SET_VCPU_EVENTS, ev, SVC_WHEN_FAIL, 0, 0);
	/* #GP has an error code, always. */
	ev->exception.nr = 13;
	if (!check(!try(set_events, (u64)ev, &t) && t.regs.vector == 6 &&
			   !vcpu_posted(0),
		   "an entry that fails"))
		return;
	check_eq(call(), 0, "a call after a failed entry");
	exits(true, "after a failed entry");
	each_register(good, "after a failed entry");
}

static bool begin(void)
{
	u32 id[4];

	good = read_cr3();
	cpuid(1, 0, id);
	if (!check(id[2] >> 17 & 1, "the CPU has PCIDs") ||
	    !craft_export(&c, "pcid"))
		return false;
	exits(false, "armed without PCIDE");
	return true;
}

static void intercept(void)
{
	struct trap t;

	if (!begin())
		return;
	special(false);
	pcide(true);
	check_eq(call(), 0, "a call with PCIDE");
	exits(true, "armed with PCIDE");
	each_register(good, "no PCID");
	each_register(good | 0x123, "a PCID");
	each_register(good | 0x123 | NO_FLUSH, "a PCID, no flush");
	check_eq(call(), 0, "a call afterwards");
	flushes();
	check(try(invpcid_all, 2, &t) || t.regs.vector == 6,
	      "INVPCID is the CPU's: %llu", t.regs.vector);
	reserved_bits();
	compatibility_mode();
	special(true);
	write_cr3(good | 5);
	check_eq(call(), 0, "a call in PCID 5");
	write_cr3(good);
	after_failed_entry();
	pcide(false);
	check_eq(call(), 0, "a call without PCIDE again");
	exits(false, "without PCIDE again");
	check(unharmed(&c, "PCIDs"), "and all is well");
}

/* --- CR4.PCIDE is set while a call is suspended, and the policy denies it */

static bool by_vmm;
static unsigned int resumes;

static void set_pcide_by_vmm(void)
{
	struct kvm_sregs *sregs = pages(1);

	vcpu_ioctl(0, KVM_GET_SREGS, sregs);
	sregs->cr4 |= CR4_PCIDE;
	vcpu_ioctl(0, KVM_SET_SREGS, sregs);
}

static void set_at_aep(const struct att *att, u64 handle, struct outcome *out)
{
	if (by_vmm)
		set_pcide_by_vmm();
	else
		pcide(true);
	resumes += !!(read_cr4() & CR4_PCIDE);
	resume(handle, NULL, att->cpl, out);
	pcide(false);
}

static void denied_resume(const struct att *att, bool vmm)
{
	struct result res;

	by_vmm = vmm;
	resumes = 0;
	res = call_interrupted(&c, att, set_at_aep);
	check(res.status == -EINVAL && resumes == 1,
	      "PCIDE by %s between AEX and RESUME, CPL %d: %lld, %u RESUME",
	      vmm ? "KVM_SET_SREGS" : "MOV", att->cpl, res.status, resumes);
	check(unharmed(&c, "RESUME"), "and nothing else ran");
}

static void deny(void)
{
	struct att att;

	if (!begin())
		return;
	pcide(true);
	check_eq(call(), -EOPNOTSUPP, "a call with PCIDE, denied");
	exits(false, "denied");
	attach(&att, "pcid", 3, NULL, 0);
	check_eq(att.err, -EOPNOTSUPP, "attach with PCIDE, denied");
	pcide(false);
	check_eq(call(), 0, "a call without PCIDE again");
	denied_resume(&c.at0, false);
	denied_resume(&c.at3, false);
	denied_resume(&c.at0, true);
	denied_resume(&c.at3, true);
	check_eq(call(), 0, "and a call after those that were aborted");
}

static void trust(void)
{
	if (!begin())
		return;
	pcide(true);
	check_eq(call(), 0, "a call with PCIDE, trusted");
	exits(false, "trusted");
	each_register(good | 0x123 | NO_FLUSH, "trusted");
	special(false);
	pcide(false);
	check_eq(call(), 0, "a call without PCIDE again");
}

ATTACK("pcid-intercept", intercept);
ATTACK("pcid-deny", deny);
ATTACK("pcid-trust", trust);
