// SPDX-License-Identifier: GPL-2.0-only
/*
 * IDT, GDT and TSS in memory that a sub context maps.
 *
 * Hope: an exception in sub finds gates that the caller has written into the
 * exchange buffer, and goes on wherever they say: in the middle of exported
 * code, or at CPL 0.
 *
 * Why it fails: a vCPU whose IDT lies there is not armed, and cannot move it
 * there while it is armed, because LIDT exits.  GDT and TSS are not looked at:
 * without an IDT only a far transfer or a segment load of the exported code
 * itself reads them.  Whoever puts them into memory that the manager can write
 * has given the manager his own CPL 0, and nobody else's.
 */
#include <linux/kvm.h>

#include "cr3.h"

#define GATE_SIZE	16
#define SEL_CODE32	0x50 /* entries 10.. of the GDT are free */
#define SEL_USER_CODE32 0x5b
#define SEL_CALL_GATE	0x63
#define IDT_BYTES	0x1000

struct table_reg {
	u16 limit;
	u64 base;
} __attribute__((packed));

static const u8 lidt_rbx[3] = { 0x0f, 0x01, 0x1b };
static const u8 lgdt_rbx[3] = { 0x0f, 0x01, 0x13 };
static const u8 nops[3] = { 0x90, 0x90, 0x90 };

static struct craft c;
static struct table_reg idtr, gdtr;
static struct kvm_sregs *sregs;
static unsigned int refused;

static u64 lidt(u64 reg)
{
	__asm__ volatile("lidt (%0)" : : "r"(reg) : "memory");
	return 0;
}

static u64 set_cr4(u64 cr4)
{
	write_cr4(cr4);
	return 0;
}

static u64 lgdt(u64 reg)
{
	__asm__ volatile("lgdt (%0)" : : "r"(reg) : "memory");
	return 0;
}

static u64 sgdt(u64 reg)
{
	__asm__ volatile("sgdt (%0)" : : "r"(reg) : "memory");
	return 0;
}

/*
 * A copy of the IDT in @page (two pages) at @va, where the default context
 * finds it, too; with the divide error's gate leading to the sled.
 */
static void idt_at(u64 va, u8 *page)
{
	u64 *gate = (u64 *)(page + (va & 0xfff));
	unsigned int i;

	memcpy(gate, (void *)idtr.base, IDT_BYTES);
	gate[0] = (SLED_VA & 0xffff) | SEL_CODE << 16 | 0xee00ULL << 32 |
		  (SLED_VA >> 16 & 0xffff) << 48;
	gate[1] = SLED_VA >> 32;
	for (i = 0; i < 2; i++)
		map((va & ~0xfffULL) + i * PAGE_SIZE, (u64)page + i * PAGE_SIZE,
		    PTE_RWU);
}

static void vmm_set_idt(u64 base)
{
	vcpu_ioctl(0, KVM_GET_SREGS, sregs);
	sregs->idt.base = base;
	expect(!vcpu_ioctl(0, KVM_SET_SREGS, sregs), "KVM_SET_SREGS");
}

static void idt_back(void)
{
	lidt((u64)&idtr);
}

/* An IDT there, by LIDT right before the call and by the VMM. */
static void idt_case(const char *where, u64 va, u8 *page, bool allowed)
{
	static struct table_reg reg;
	const s64 want = allowed ? -EFAULT : -EOPNOTSUPP;
	struct result res[3];

	idt_at(va, page);
	reg = (struct table_reg){ IDT_BYTES - 1, va };
	res[0] = call_behind(&c.at0, lidt_rbx, (u64)&reg, X_DIVIDE);
	idt_back();
	lidt((u64)&reg);
	res[1] = elisa_call(&c.at3, X_DIVIDE, ARGS(0));
	idt_back();
	vmm_set_idt(va);
	res[2] = elisa_call(&c.at3, X_DIVIDE, ARGS(0));
	idt_back();
	check(res[0].status == want && res[1].status == want &&
		      res[2].status == want && !c.shared->secret[0],
	      "IDT %s (%llx): %lld, %lld, %lld, sled %llx", where, va,
	      res[0].status, res[1].status, res[2].status, c.shared->secret[0]);
	check(unharmed(&c, where), "and back again");
}

static void idt_places(void)
{
	const u64 end = ELISA_WINDOW_BASE + (1ULL << 30);
	u8 *page = pages(2);

	idt_case("in the exchange buffer", ELISA_SUB_XBUF, c.xbuf, false);
	idt_case("in the shared data", ELISA_SUB_DATA + 2 * PAGE_SIZE,
		 c.data + 2 * PAGE_SIZE, false);
	idt_case("in the image", SLED_VA, page, false);
	idt_case("on the stack", ELISA_SUB_STACK_TOP - PAGE_SIZE, page, false);
	idt_case("in the info page", ELISA_SUB_INFO, page, false);
	idt_case("in a window", ELISA_WINDOW(100) + ELISA_W_GATE, page, false);
	idt_case("at the EPTP list", LIST_VA, page, false);
	idt_case("at the saved RSP", PRIVATE_VA, page, false);
	idt_case("reaching into the windows", ELISA_WINDOW_BASE - GATE_SIZE,
		 page, false);
	idt_case("reaching out of the chunks", end - 8, page, false);
	idt_case("reaching into the list's chunk", 0x1fc00000 - IDT_BYTES + 8,
		 page, false);
	idt_case("below the windows", ELISA_WINDOW_BASE - IDT_BYTES, page,
		 true);
	idt_case("above the chunks", end, page, true);
}

/* --- between AEX and RESUME */

static bool by_vmm;

static void on_aep(const struct att *att, u64 handle, struct outcome *out)
{
	static struct table_reg reg = { IDT_BYTES - 1, ELISA_SUB_XBUF };

	if (by_vmm)
		vmm_set_idt(reg.base);
	else
		lidt((u64)&reg);
	resume(handle, NULL, att->cpl, out);
	idt_back();
	refused += out->how == HOW_REFUSED &&
		   (s64)out->trap.regs.rax == -EINVAL;
}

static void idt_resume(void)
{
	struct result res;
	unsigned int i;

	idt_at(ELISA_SUB_XBUF, c.xbuf);
	for (i = 0; i < 4; i++) {
		by_vmm = i & 1;
		refused = 0;
		res = call_interrupted(&c, i & 2 ? &c.at3 : &c.at0, on_aep);
		check(res.status == -EINVAL && refused == 1 &&
			      unharmed(&c, "RESUME"),
		      "IDT in the exchange buffer at RESUME, %s: %lld",
		      by_vmm ? "KVM_SET_SREGS" : "LIDT", res.status);
	}
}

/* --- GDT and TSS in the exchange buffer */

/*
 * The GDT's copy in the exchange buffer, and what a manager might add to it: a
 * 32-bit code segment and a call gate to CPL 0 into the sled.
 */
static void gdt_in_xbuf(struct table_reg *reg, bool tss)
{
	u64 *gdt = (u64 *)c.xbuf;
	const u64 to = SLED_VA, base = ELISA_SUB_XBUF + PAGE_SIZE;
	u64 old;

	memset(c.xbuf, 0, 2 * PAGE_SIZE);
	memcpy(gdt, (void *)gdtr.base, gdtr.limit + 1);
	gdt[SEL_CODE32 / 8] = 0x00cf9b000000ffff;
	gdt[SEL_USER_CODE32 / 8] = 0x00cffb000000ffff;
	gdt[SEL_CALL_GATE / 8] = (to & 0xffff) | SEL_CODE << 16 |
				 0xec00ULL << 32 | (to >> 16 & 0xffff) << 48;
	gdt[SEL_CALL_GATE / 8 + 1] = to >> 32;
	if (tss) {
		/* Its RSP0 is the sub context's stack. */
		old = (gdt[6] >> 16 & 0xffffff) | gdt[6] >> 56 << 24;
		memcpy(c.xbuf + PAGE_SIZE, (void *)old, 0x68);
		*(u64 *)(c.xbuf + PAGE_SIZE + 4) = ELISA_SUB_STACK_TOP - 0x800;
		gdt[6] = 0x67 | (base & 0xffffff) << 16 | 0x89ULL << 40 |
			 (base >> 24 & 0xff) << 56;
		gdt[7] = base >> 32;
	}
	map(ELISA_SUB_XBUF, (u64)c.xbuf, PTE_RWU);
	map(ELISA_SUB_XBUF + PAGE_SIZE, (u64)c.xbuf + PAGE_SIZE, PTE_RWU);
	*reg = (struct table_reg){ gdtr.limit, ELISA_SUB_XBUF };
}

static void vmm_set_tr(u64 base)
{
	vcpu_ioctl(0, KVM_GET_SREGS, sregs);
	sregs->tr.base = base;
	expect(!vcpu_ioctl(0, KVM_SET_SREGS, sregs), "KVM_SET_SREGS");
}

/* Ends with -EFAULT, at the CPL and in the code segment of the caller. */
static void far_case(const char *what, const struct att *att, u64 entry,
		     u64 selector, u64 to, bool sled)
{
	struct result res = elisa_call(att, entry, ARGS(selector, to));
	const struct regs *r = &res.last.trap.regs;
	unsigned int tries = sled ? 10 : 0;
	u64 magic;

	/* At the wrong CPL an interrupt ends the call, too. */
	for (; tries && !c.shared->secret[0]; tries--)
		res = elisa_call(att, entry, ARGS(selector, to));
	magic = c.shared->secret[0];
	c.shared->secret[0] = 0;
	check(res.status == -EFAULT && (r->cs & 3) == (u64)att->cpl &&
		      r->cs == (att->cpl ? SEL_USER_CODE : SEL_CODE) &&
		      !!magic == sled,
	      "%s, CPL %d: %lld %llx, CS %llx, sled %llx", what, att->cpl,
	      res.status, res.value, r->cs, magic);
}

static void gdt_games(void)
{
	static struct table_reg reg;
	u64 tss_base;

	far_case("far return, GDT elsewhere", &c.at3, X_FAR_RETURN,
		 SEL_USER_CODE, SLED_VA, false);
	far_case("far call, GDT elsewhere", &c.at3, X_FAR_CALL, SEL_CALL_GATE,
		 0, false);
	gdt_in_xbuf(&reg, false);
	check(!call_behind(&c.at0, lgdt_rbx, (u64)&reg, X_NOP).status ||
		      !elisa_call(&c.at0, X_NOP, ARGS(0)).status,
	      "a GDT in the exchange buffer does not matter to a call");
	far_case("into 32-bit code", &c.at3, X_FAR_RETURN, SEL_USER_CODE32,
		 0x1000, false);
	far_case("into 32-bit code", &c.at0, X_FAR_RETURN, SEL_CODE32, 0x1000,
		 false);
	far_case("call gate, TSS elsewhere", &c.at3, X_FAR_CALL, SEL_CALL_GATE,
		 0, false);

	/* With the TSS there as well: CPL 0 in sub, and not outside. */
	vcpu_ioctl(0, KVM_GET_SREGS, sregs);
	tss_base = sregs->tr.base;
	/* Not while it is cleared: there are interrupts. */
	lgdt((u64)&gdtr);
	gdt_in_xbuf(&reg, true);
	lgdt((u64)&reg);
	memcpy(c.xbuf + PAGE_SIZE + 0x24, (u8 *)tss_base + 0x24, 0x40);
	vmm_set_tr(ELISA_SUB_XBUF + PAGE_SIZE);
	far_case("call gate, TSS in the exchange buffer", &c.at3, X_FAR_CALL,
		 SEL_CALL_GATE, 0, true);
	vmm_set_tr(tss_base);
	lgdt((u64)&gdtr);
	check(unharmed(&c, "GDT"), "and back again");
}

/* --- UMIP that KVM emulates by the same exits */

static void umip(void)
{
	static struct table_reg reg;
	struct trap t;
	u64 cr4 = read_cr4();

	write_cr4(cr4 | 1 << 11);
	check(!elisa_call(&c.at3, X_NOP, ARGS(0)).status, "a call with UMIP");
	check(!try_at(3, sgdt, (u64)&reg, &t) && t.regs.vector == 13,
	      "SGDT at CPL 3 with UMIP, armed");
	check(!try_at(3, sgdt, (u64)&reg, &t) && t.regs.vector == 13,
	      "SGDT at CPL 3 with UMIP, once more");
	check(!elisa_call(&c.at3, X_NOP, ARGS(0)).status &&
		      try(sgdt, (u64)&reg, &t) && reg.base == gdtr.base,
	      "SGDT at CPL 0");
	idt_case("in the exchange buffer, UMIP", ELISA_SUB_XBUF, c.xbuf, false);
	write_cr4(cr4);
	check(try_at(3, sgdt, (u64)&reg, &t) && reg.base == gdtr.base,
	      "SGDT at CPL 3 without UMIP");
}

static bool begin(void)
{
	static bool done;

	if (done)
		return true;
	__asm__ volatile("sidt %0" : "=m"(idtr));
	sgdt((u64)&gdtr);
	sregs = pages(1);
	done = craft_export(&c, "tables");
	return done && check(!call_behind(&c.at0, nops, 0, X_NOP).status,
			     "the way in with three NOPs in place of LIDT");
}

/*
 * A gate names a code segment: for the handler to run in sub, the GDT must be
 * there, too, and nothing forbids that.
 */
static void idt(void)
{
	const u64 va = ELISA_SUB_XBUF + 3 * PAGE_SIZE;
	static struct table_reg reg;

	if (!begin())
		return;
	memcpy(c.xbuf + 3 * PAGE_SIZE, (void *)gdtr.base, gdtr.limit + 1);
	map(va, (u64)c.xbuf + 3 * PAGE_SIZE, PTE_RWU);
	reg = (struct table_reg){ gdtr.limit, va };
	lgdt((u64)&reg);
	check(unharmed(&c, "GDT"), "calls with a GDT in the exchange buffer");
	idt_places();
	idt_resume();
	lgdt((u64)&gdtr);
}

static void gdt(void)
{
	if (begin())
		gdt_games();
}

static void run_umip(void)
{
	static struct table_reg reg;
	u64 cr4 = read_cr4();
	struct trap t;

	if (!try(set_cr4, cr4 | 1 << 11, &t)) {
		print("# no UMIP here\n");
		return;
	}
	check(!try_at(3, sgdt, (u64)&reg, &t) && t.regs.vector == 13,
	      "SGDT at CPL 3 with UMIP, before all");
	write_cr4(cr4);
	if (begin())
		umip();
}

ATTACK("idt", idt);
ATTACK("gdt", gdt);
ATTACK("umip", run_umip);
