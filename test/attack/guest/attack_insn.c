// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every instruction in sub.
 *
 * The attacker hopes that one of them is not noticed as an exit from sub, or is
 * handled as if it had been executed in the default context: that KVM emulates
 * the bytes that the guest has put at the same address, that an exception is
 * injected with sub's registers in it, that the caller goes on with sub's CPL,
 * flags or segments.  It must fail because every exit is turned into one at a
 * stub of the caller, with nothing in it, before KVM sees it.
 */
#include "insn.h"
#include "oracle.h"

#define CODE_PAGES 4
#define SPIN	   "spin as a target"
#define CELL	   0x5a5a5a5a5a5a5a5aULL

static struct export export;
static u8 *shared;
static u64 *cell;
static struct att att[2];

static const struct att *att_of(int cpl)
{
	return &att[cpl == 3];
}

/*
 * Where the image is in sub, the guest has STOSB, and RDI is the address of
 * @cell: whoever fetches there in the default context changes it.
 */
static void plant_decoy(void)
{
	u8 *code = pages(CODE_PAGES);
	unsigned int i;

	memset(code, 0xaa, CODE_PAGES * PAGE_SIZE);
	for (i = 0; i < CODE_PAGES; i++)
		map(ELISA_SUB_IMAGE + i * PAGE_SIZE, (u64)code + i * PAGE_SIZE,
		    PTE_RWU);
}

static bool set_up(void)
{
	shared = pages(2);
	*(u64 *)(shared + PAGE_SIZE) = ORACLE_SECRET;
	cell = pages(1);
	*cell = CELL;
	export_begin(&export, "insn");
	export_data(&export, shared, 2);
	export_blob(&export, insn);
	if (!check(!export_seal(&export), "export: %lld", export.err))
		return false;
	attach(&att[0], "insn", 0, NULL, 0);
	attach(&att[1], "insn", 3, NULL, 0);
	plant_decoy();
	return check(!att[0].err && !att[1].err, "attach at CPL 0 and 3");
}

static struct result execute(int cpl, u64 n, struct regs *in)
{
	*in = (struct regs){
		.rdi = n,
		.rsi = (u64)cell,
		.rsp = random() & ~15ULL,
	};
	return elisa_call_regs(att_of(cpl), in);
}

/* In sub, or nowhere: what the next call does is not affected. */
static bool next_is_right(int cpl)
{
	struct regs in;
	struct result res = execute(cpl, 0, &in);

	return !res.status && !res.value;
}

/* Failed as it must; @wrong says how not. */
static const char *failure_is_wrong(int cpl, const struct regs *in,
				    const struct result *res)
{
	u64 kind = ELISA_FAULT_KIND(res->value);
	/* Reads the vector registers. */
	const char *wrong =
		stub_is_wrong(att_of(cpl), &res->last.trap, in->rsp);

	if (wrong)
		return wrong;
	if (kind < ELISA_FAULT_KIND_VECTOR || kind > ELISA_FAULT_KIND_MEMORY)
		return "details";
	return NULL;
}

static const char *return_is_wrong(int cpl, const struct regs *in,
				   const struct result *res)
{
	const struct regs *r = &res->last.trap.regs;

	/* Arithmetic flags, AC, DF, NT and ID are the return stub's. */
	if (r->cs != (cpl ? SEL_USER_CODE : SEL_CODE))
		return "CS";
	if (r->ss != (cpl ? SEL_USER_DATA : SEL_DATA))
		return "SS";
	if ((r->rflags & 0x3b300) != FLAG_IF)
		return "IF, IOPL, TF, VM or RF";
	if (r->rsp != in->rsp)
		return "RSP";
	return NULL;
}

static struct {
	unsigned int tried, faults, returns;
} count;

static void one(int cpl, u64 n, const struct state *before)
{
	const struct insn *insn = &insn_table[n];
	u64 legal = cpl ? LEGAL3 : LEGAL0, any = cpl ? ANY3 : ANY0;
	u64 alters = cpl ? ALTERS3 : ALTERS0;
	const char *wrong;
	struct state after;
	struct result res;
	struct regs in;

	res = execute(cpl, n, &in);
	if (res.status == -EFAULT)
		wrong = failure_is_wrong(cpl, &in, &res);
	else
		wrong = return_is_wrong(cpl, &in, &res);
	expect(!wrong, "%s at CPL %d: %s is wrong", insn->name, cpl, wrong);
	expect(res.status == -EFAULT || !res.status,
	       "%s at CPL %d: %s, status %lld, vector %llu", insn->name, cpl,
	       how_name[res.last.how], res.status, res.last.trap.regs.vector);
	if (!(insn->flags & any))
		expect(res.status == (insn->flags & legal ? 0 : -EFAULT),
		       "%s at CPL %d: status %lld", insn->name, cpl,
		       res.status);
	expect(*cell == CELL, "%s at CPL %d: the guest's code was executed",
	       insn->name, cpl);
	*cell = CELL;
	state_get(&after);
	wrong = state_differs(before, &after);
	if (insn->flags & alters)
		state_put(before);
	else
		expect(!wrong, "%s at CPL %d: %s changed", insn->name, cpl,
		       wrong);
	expect(next_is_right(cpl), "%s at CPL %d: the next call fails",
	       insn->name, cpl);
	count.tried++;
	count.faults += res.status == -EFAULT;
	count.returns += !res.status;
}

static void all(int cpl)
{
	struct state before;
	u64 n;

	count.tried = 0;
	count.faults = 0;
	count.returns = 0;
	state_get(&before);
	for (n = 0; n < insn_count; n++)
		if (!(insn_table[n].flags & TARGET))
			one(cpl, n, &before);
	check(count.tried >= 150 && count.faults >= 120 && count.returns >= 15,
	      "%u instructions in sub at CPL %d: %u faults, %u returns",
	      count.tried, cpl, count.faults, count.returns);
}

static u64 insn_number(const char *name)
{
	u64 n;

	for (n = 0; n < insn_count; n++)
		if (!strcmp(insn_table[n].name, name))
			return n;
	check(false, "instruction %s is there", name);
	quit();
}

static u64 insn_va(const char *name)
{
	return ELISA_SUB_IMAGE + (insn_first - blob_insn) +
	       insn_number(name) * INSN_SIZE;
}

static void run_insns(void)
{
	if (!set_up())
		return;
	all(3);
	all(0);
}

ATTACK("insn", run_insns);

/*
 * The guest's kernel lets SYSCALL, SYSENTER and SYSRET go to exported code: it
 * runs at another CPL, and with flags and segments that are not the caller's.
 */
static const struct {
	const char *insn, *target;
} transfer[] = {
	{ "syscall", "ud2 as a target" },
	{ "syscall", SPIN },
	{ "syscall", "popf, ud2 as a target" },
	{ "sysenter", "ud2 as a target" },
	{ "sysenter", "popf, ud2 as a target" },
	{ "sysretq", NULL },
	{ "sysretl", NULL },
	{ "sysexitq", NULL },
	{ "sysexitl", NULL },
};

static void transfers(int cpl, u64 star)
{
	struct state before, after, original;
	unsigned int i;

	state_get(&original);
	wrmsr(0xc0000081, star);
	wrmsr(0xc0000084, FLAG_TF | FLAG_IF);
	wrmsr(0x174, SEL_CODE);
	for (i = 0; i < ARRAY_SIZE(transfer); i++) {
		u64 target = transfer[i].target ? insn_va(transfer[i].target) :
						  0;
		struct result res;
		const char *wrong;
		struct regs in;

		/* At CPL 0 that is a call that takes its time. */
		if (!cpl && transfer[i].target &&
		    !strcmp(transfer[i].target, SPIN))
			continue;
		wrmsr(0xc0000082, target);
		wrmsr(0x176, target);
		state_get(&before);
		res = execute(cpl, insn_number(transfer[i].insn), &in);
		wrong = failure_is_wrong(cpl, &in, &res);
		expect(res.status == -EFAULT && !wrong,
		       "%s to %s at CPL %d: status %lld, %s is wrong",
		       transfer[i].insn, transfer[i].target ?: "sub", cpl,
		       res.status, wrong ?: "nothing");
		state_get(&after);
		wrong = state_differs(&before, &after);
		expect(!wrong, "%s at CPL %d: %s changed", transfer[i].insn,
		       cpl, wrong);
		expect(next_is_right(cpl), "%s at CPL %d: the next call fails",
		       transfer[i].insn, cpl);
	}
	state_put(&original);
	check(i == ARRAY_SIZE(transfer),
	      "SYSCALL and its kind into sub at CPL %d, STAR %llx", cpl, star);
}

static void run_transfers(void)
{
	if (!set_up())
		return;
	transfers(3, 0x0010ULL << 48 | (u64)SEL_CODE << 32);
	transfers(0, 0x0010ULL << 48 | (u64)SEL_CODE << 32);
	/* Selectors that are nobody's: they must not be the caller's either. */
	transfers(3, 0x0100ULL << 48 | 0x0200ULL << 32);
	transfers(0, 0x0100ULL << 48 | 0x0200ULL << 32);
}

ATTACK("transfer", run_transfers);

/* Exceptions that the guest arranges for: CR0.TS, CR0.AM. */
static void run_cr0(void)
{
	u64 cr0 = read_cr0();
	const char *wrong;
	struct result res;
	struct regs in;

	if (!set_up())
		return;
	write_cr0(cr0 | 8);
	res = execute(3, 0, &in);
	write_cr0(cr0);
	wrong = failure_is_wrong(3, &in, &res);
	check(res.status == -EFAULT && ELISA_FAULT_CODE(res.value) == 7 &&
		      !wrong,
	      "#NM in sub: status %lld, details %llx, %s is wrong", res.status,
	      res.value, wrong ?: "nothing");
	write_cr0(cr0 | 1 << 18);
	in = (struct regs){
		.rdi = insn_number("read unaligned"),
		.rsi = (u64)cell,
		.rsp = random() & ~15ULL,
		.rflags = FLAG_IF | 1 << 18,
	};
	res = elisa_call_regs(att_of(3), &in);
	write_cr0(cr0);
	wrong = failure_is_wrong(3, &in, &res);
	check(res.status == -EFAULT && ELISA_FAULT_CODE(res.value) == 17 &&
		      !wrong,
	      "#AC in sub: status %lld, details %llx, %s is wrong", res.status,
	      res.value, wrong ?: "nothing");
	check(next_is_right(3), "the next call");
}

ATTACK("cr0", run_cr0);

/*
 * Interrupts are held off for one instruction behind STI and MOV SS; the VMM
 * sees whether the stub inherits that.
 */
static void run_shadow(void)
{
	u64 sti, mov_ss, i, calls = arg("long", 0) ? 20000 : 600;
	struct poker *poker = pages(1);
	unsigned int faults = 0;

	if (!set_up())
		return;
	sti = insn_number("sti, vmcall");
	mov_ss = insn_number("mov ss, vmcall");
	poker->period_us = 200;
	poker_start(0, poker);
	for (i = 0; i < calls; i++) {
		struct regs in;

		faults += execute(0, i & 1 ? sti : mov_ss, &in).status ==
			  -EFAULT;
	}
	poker_stop(0, poker);
	check(faults == calls && poker->at_return >= 20,
	      "%u calls end in a shadow, %llu of %llu signals at the return stub",
	      faults, poker->at_return, poker->kicks);
	check(!poker->stub_wrong, "the stub is in none: %llu are",
	      poker->stub_wrong);
}

ATTACK("shadow", run_shadow);
