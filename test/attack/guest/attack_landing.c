// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile exported code leaves by the landing page.
 *
 * What the attacker hopes for: to come back to its caller somewhere else than
 * at the return stub, or with a stack pointer of its choice, which makes the
 * caller run what the attacker likes.  Its own code holds no VMFUNC; landing
 * does, and sub code can jump to each byte of it with any registers.
 *
 * Why it must fail: VMFUNC(0) exits, because list[0] is invalid while the vCPU
 * is in sub; VMFUNC(1) is where it is; VMFUNC(2) arrives at the gate's return
 * half, which takes RSP from a page that sub does not map, and continues at the
 * return stub.  Everything else there is INT3.  The gate's pages and the
 * window's other ones are not mapped in sub.
 */
#include "gate_oracle.h"

#define LANDING_VMFUNC 0xfe0 /* kmod/gate_code.c: leave */
#define LANDING_START  0x20
#define CODE_MOST      0x60 /* landing's entry part ends before */
#define FAULT_DB       (ELISA_FAULT_KIND_VECTOR | 1 << 8)
#define FAULT_INT3     (ELISA_FAULT_KIND_VECTOR | 3 << 8)

static struct att att;
static struct gate_shared *shared;
static u64 *stack; /* the caller's, one page */
static u64 count_return, count_fault, count_einval, count_tries;

static u64 stack_word(unsigned int i)
{
	return 0xca11e2000000000ULL + i;
}

static bool stack_is_intact(void)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / 8; i++)
		if (stack[i] != stack_word(i))
			return false;
	return true;
}

/* One call of gate_become; checks what holds whatever the code did. */
static struct result leave(u64 rip, int cpl)
{
	const struct regs in = {
		.r11 = GATE_BECOME,
		.rsp = (u64)(stack + 256),
	};
	const struct regs *r;
	struct result res;

	shared->become.rip = rip;
	res = elisa_call_regs(&att, &in);
	if (res.last.how == HOW_RETURN)
		res.status = (s32)res.status; /* EAX is the status */
	r = &res.last.trap.regs;
	count_tries++;
	count_return += !res.status;
	count_fault += res.status == -EFAULT;
	count_einval += res.status == -EINVAL;
	expect(res.last.how == HOW_RETURN && res.last.window == att.window &&
		       (!res.status || res.status == -EFAULT ||
			res.status == -EINVAL),
	       "jump to %llx, rax %llx rcx %llx: %s, vector %llu rip %llx rax %llx",
	       rip, shared->become.rax, shared->become.rcx,
	       how_name[res.last.how], r->vector, r->rip, r->rax);
	expect(r->rsp == in.rsp && (r->cs & 3) == (u64)cpl &&
		       (r->rflags & 0x3200) == FLAG_IF,
	       "jump to %llx: back with rsp %llx cs %llx flags %llx", rip,
	       r->rsp, r->cs, r->rflags);
	expect(stack_is_intact(), "jump to %llx: the caller's stack", rip);
	expect(ways_out_are_shut(cpl, !(count_tries % 32)), "jump to %llx",
	       rip);
	if (!(count_tries % 64))
		expect(calls_work(&att, shared), "calls after a jump to %llx",
		       rip);
	return res;
}

static void become(unsigned int set, unsigned int n, int cpl)
{
	const u64 rsp[] = {
		ELISA_SUB_STACK_TOP - 64,
		0,
		0x8000000000000000ULL,
		(u64)(stack + 128),
		0x1fd6e010,
		att.window + ELISA_W_RETURN,
		ELISA_SUB_DATA + 0xf00,
		0x1fd6d010,
	};
	u64 *r = &shared->become.rax;
	unsigned int i;

	for (i = 0; i < 15; i++)
		r[i] = set == 0 ? 0 :
		       set == 1 ? ~0ULL :
		       set == 2 ? (i & 1 ? 0x1fd6d008 : 0x1e) :
				  random();
	shared->become.rcx = n & 7;
	shared->become.rax = n & 32 ? n & 3 : 0;
	/* Not an entry that never ends. */
	if (!(n & 16))
		shared->become.r11 = n % GATE_ENTRIES;
	shared->become.rsp = rsp[(n + set) % ARRAY_SIZE(rsp)];
	shared->become.rflags = FLAG_FIXED | FLAG_IF | (n & 8 ? 0x400 : 0) |
				(n & 64 ? 0x40000 : 0);
	/* TF, NT, IOPL: at CPL 0 IF would be the attacker's, as it is known. */
	if (cpl == 3 && !(n % 11))
		shared->become.rflags ^= random() & 0x247fd7;
}

static bool in_sample(unsigned int offset)
{
	return offset < CODE_MOST || offset >= LANDING_VMFUNC - 0x30 ||
	       offset % 128 == 1;
}

static void every_offset(int cpl)
{
	const u64 page = att.window + ELISA_W_GATE;
	bool all = arg("long", 0), tf;
	unsigned int offset, i, set, n = 0;
	struct result res;

	for (offset = 0; offset < PAGE_SIZE; offset++) {
		if (!all && !in_sample(offset))
			continue;
		for (i = 0; i < (all ? 16 : 6); i++) {
			set = i % 4;
			n += 1 + 8 * (random() & 7);
			become(set, n, cpl);
			res = leave(page + offset, cpl);
			tf = shared->become.rflags & FLAG_TF;
			if (offset < LANDING_START ||
			    offset > LANDING_VMFUNC + 2 ||
			    (offset >= CODE_MOST &&
			     offset < LANDING_VMFUNC - 0x30))
				expect(res.status == -EFAULT &&
					       (res.value & 0xffffff) ==
						       (tf ? FAULT_DB :
							     FAULT_INT3),
				       "INT3 at offset %x: %lld %llx", offset,
				       res.status, res.value);
		}
	}
}

/* The VMFUNC with everything that it could be asked for. */
static void every_index(int cpl)
{
	const u64 at = att.window + ELISA_W_GATE + LANDING_VMFUNC;
	unsigned int set, i, good = 0;
	struct result res;
	u64 eax, ecx;

	for (set = 0; set < 4; set++) {
		for (i = 0; i < 36; i++) {
			become(set, i * 8, cpl);
			eax = i % 9 == 8 ? 1 : 0;
			ecx = i % 9 == 7 ? 0xffffffff : i % 9;
			shared->become.rax = eax | random() << 32;
			shared->become.rcx = ecx | random() << 32;
			shared->become.rdx = 0x1234 + i;
			shared->become.rflags = FLAG_FIXED | FLAG_IF;
			res = leave(at, cpl);
			if (eax || ecx != ELISA_IDX_GATE) {
				expect(res.status == -EFAULT,
				       "VMFUNC(%llx, %llx) from landing: %lld",
				       eax, ecx, res.status);
				continue;
			}
			good += !res.status && res.value == 0x1234 + i;
		}
	}
	check_eq(good, 16, "VMFUNC(0, 2) from landing returns, CPL %d", cpl);
}

/* Where sub maps nothing, or nothing executable. */
static void elsewhere(int cpl)
{
	const u64 other = att.window ^ ELISA_WINDOW_SIZE;
	const u64 at[] = {
		att.window,
		att.window + 0xffd,
		att.window + ELISA_W_RETURN,
		att.window + ELISA_W_AEP,
		other + ELISA_W_GATE,
		other + ELISA_W_GATE + 0xfe3,
		0x1fd6d000,
		0x1fd6e000,
		ELISA_SUB_DATA,
		ELISA_SUB_INFO,
		ELISA_SUB_STACK_TOP - 64,
		ELISA_SUB_ENTRIES,
		(u64)stack,
		ATTACK_LOAD,
		0,
		0x8000000000000000ULL,
		~0ULL,
		att.window + 0x5000,
	};
	struct result res;
	unsigned int i;

	for (i = 0; i < 4 * ARRAY_SIZE(at); i++) {
		become(i / ARRAY_SIZE(at), i * 8, cpl);
		shared->become.rflags = FLAG_FIXED | FLAG_IF;
		res = leave(at[i % ARRAY_SIZE(at)], cpl);
		expect(res.status == -EFAULT, "jump to %llx: %lld",
		       at[i % ARRAY_SIZE(at)], res.status);
	}
}

static void leave_by_landing(void)
{
	static struct export e;
	unsigned int i;
	int cpl;

	shared = gate_export(&e, "hostile");
	if (!shared)
		return;
	shared->go = 1;
	stack = pages(1);
	for (i = 0; i < PAGE_SIZE / 8; i++)
		stack[i] = stack_word(i);
	for (cpl = 3; cpl >= 0; cpl -= 3) {
		attach(&att, "hostile", cpl, NULL, 0);
		if (!check(!att.err && calls_work(&att, shared),
			   "attached at CPL %d", cpl))
			return;
		every_index(cpl);
		elsewhere(cpl);
		every_offset(cpl);
		check(count_return > 20 && count_fault > 100,
		      "landing, CPL %d: %llu jumps: %llu returned 0, %llu -EFAULT, %llu -EINVAL, other %llu",
		      cpl, count_tries, count_return, count_fault, count_einval,
		      count_tries - count_return - count_fault - count_einval);
		expect(calls_work(&att, shared), "calls at the end");
		count_tries = 0;
		count_return = 0;
		count_fault = 0;
		count_einval = 0;
	}
}

ATTACK("landing", leave_by_landing);
