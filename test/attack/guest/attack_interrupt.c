// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, NMIs, SMIs and signals while sub has secrets in every register.
 *
 * The attacker hopes to see sub's registers: in an interrupt handler, in an
 * SMI's save area, at the AEP, or through the VMM; or to change them before the
 * call goes on.  It must fail because an exit from sub saves and replaces all
 * of them before KVM looks at the event, and RESUME loads them last.
 */
#include "busy.h"

#define SMM_CODE  0x38000
#define SMM_COUNT 0x39000
#define SMM_SAVED 0x3fe00
/* CF PF AF ZF SF DF OF NT AC ID */
#define FLAGS	   0x244cd5ULL
#define KVM_SMI_NR _IO(KVMIO, 0xb7)

static u8 *shared;
static struct att att[2];
static struct vectors junk;
static u64 call_rsp;
static struct {
	u64 aex, in_handler, at_aep, on_vmcall, smis, nmis;
} count;

static void trash(void)
{
	vectors_put(&junk);
	write_cr2(random());
}

static void make_junk(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(junk); i++)
		junk.byte[i] = random();
	memset(junk.byte, 0, 160);
	*(u16 *)(junk.byte + VECTORS_FCW) = 0x27f;
	*(u32 *)(junk.byte + VECTORS_MXCSR) = 0x1fbf;
	memset(junk.byte + 416, 0, 160);
	*(u64 *)(junk.byte + 512) = 7;
}

extern const char stub_vmcall[];

static void handler(struct regs *f)
{
	static struct vectors v;
	u64 offset = f->rip - ELISA_WINDOW_BASE, cr2 = read_cr2();

	count.in_handler++;
	count.nmis += f->vector == 2;
	expect(!holds_secret(f, sizeof(*f)), "the secret in a frame, rip %llx",
	       f->rip);
	expect(offset >= 1ULL << 30 || (offset & 0x3000) != ELISA_W_GATE,
	       "an interrupt at %llx", f->rip);
	vectors_get(&v);
	expect(!holds_secret(&v, sizeof(v)), "the secret in vectors, rip %llx",
	       f->rip);
	expect(!is_secret(&cr2), "the secret in CR2, rip %llx", f->rip);
	if (f->rip == att[0].window + ELISA_W_AEP ||
	    f->rip == att[1].window + ELISA_W_AEP) {
		count.at_aep++;
		expect((f->rflags & ~0x10000ULL) == (FLAG_IF | FLAG_FIXED),
		       "flags %llx at the AEP", f->rflags);
	}
	if (f->rip == (u64)stub_vmcall) {
		count.on_vmcall++;
		trash();
	}
}

static bool smi_works;

static void at_aep(const struct att *a, u64 handle, struct outcome *out)
{
	const char *wrong = stub_is_wrong(a, &out->trap, call_rsp);
	struct regs in = { .rsp = call_rsp };
	u64 *gpr = &in.rax;
	unsigned int i;

	expect(!wrong && !out->trap.regs.rax && !out->trap.regs.rdx,
	       "at the AEP: %s is wrong", wrong);
	if (!vcpu_posted(0)) {
		if (smi_works && ++count.smis & 1)
			vcpu_post(0, KVM_SMI_NR, NULL, SVC_WHEN_INTR, 0, 0);
		else
			vcpu_post(0, KVM_NMI, NULL, SVC_WHEN_INTR, 0, 0);
	}
	for (i = 0; i < 15; i++)
		gpr[i] = random();
	count.aex++;
	trash();
	resume(handle, &in, a->cpl, out);
}

static void smm_setup(void)
{
	/* incw %cs:0x9000; rsm */
	static const u8 code[] = { 0x2e, 0xff, 0x06, 0x00, 0x90, 0x0f, 0xaa };

	memcpy((void *)SMM_CODE, code, sizeof(code));
	*(volatile u16 *)SMM_COUNT = 0;
	if (!arg("smi", 1))
		return;
	smi_works = !vcpu_ioctl(0, KVM_SMI_NR, NULL) &&
		    *(volatile u16 *)SMM_COUNT == 1;
	check(smi_works, "an SMI in the default context");
}

static void interrupted(int cpl, u64 rounds)
{
	struct poker *poker = pages(1);
	const struct att *a = &att[cpl == 3];
	/* IF is the guest's; sub cannot set it at CPL 3. */
	u64 flags = FLAGS | FLAG_IF | FLAG_FIXED;
	struct regs in = {
		.rdi = rounds,
		.rsi = flags,
		.rdx = !cpl,
		.r11 = BUSY_RUN,
		.rsp = random() & ~15ULL,
	};
	struct state before, after;
	struct result res;
	const char *wrong;

	memset(&count, 0, sizeof(count));
	*(volatile u16 *)SMM_COUNT = 0;
	call_rsp = in.rsp;
	poker->period_us = 2500;
	poker->secret[0] = ORACLE_SECRET;
	state_get(&before);
	aep_hook = at_aep;
	irq_hook[2] = handler;
	irq_hook[VECTOR_TIMER] = handler;
	poker_start(0, poker);
	storm_start(500000, 1500000);
	res = elisa_call_regs(a, &in);
	storm_stop();
	poker_stop(0, poker);
	aep_hook = NULL;
	irq_hook[2] = NULL;
	irq_hook[VECTOR_TIMER] = NULL;
	state_get(&after);
	vmm_exit(); /* for a post that is left */

	wrong = busy_is_wrong(shared, flags, cpl);
	check(!res.status && !wrong,
	      "a call goes on as it was, CPL %d: status %lld, %s is wrong", cpl,
	      res.status, wrong ?: "nothing");
	wrong = state_differs(&before, &after);
	check(!wrong, "the caller's state, CPL %d: %s differs", cpl,
	      wrong ?: "nothing");
	check(!poker->secrets_seen && !poker->in_window && !poker->stub_wrong,
	      "the VMM sees nothing, CPL %d: %llu, %llu, %llu at %llx", cpl,
	      poker->secrets_seen, poker->in_window, poker->stub_wrong,
	      poker->first_rip);
	check(count.aex >= 50 && count.at_aep >= 10 && poker->at_aep >= 10,
	      "it was interrupted, CPL %d: %llu AEX, %llu interrupts at the AEP, %llu signals",
	      cpl, count.aex, count.at_aep, poker->at_aep);
	check(count.nmis >= 5, "NMIs, CPL %d: %llu", cpl, count.nmis);
	if (smi_works)
		check(*(volatile u16 *)SMM_COUNT >= 5 &&
			      !holds_secret((void *)SMM_SAVED, 512),
		      "SMIs, CPL %d: %u, nothing in their save area", cpl,
		      *(volatile u16 *)SMM_COUNT);
	check(count.on_vmcall,
	      "RESUMEs that an interrupt was before, CPL %d: %llu", cpl,
	      count.on_vmcall);
}

static void run_interrupts(void)
{
	u64 rounds = arg("long", 0) ? 100000000 : 5000000;

	if (!busy_export(&shared, "busy"))
		return;
	attach(&att[0], "busy", 0, NULL, 0);
	attach(&att[1], "busy", 3, NULL, 0);
	check(!att[0].err && !att[1].err, "attach at CPL 0 and 3");
	make_junk();
	smm_setup();
	interrupted(3, rounds);
	interrupted(0, rounds);
}

ATTACK("interrupt", run_interrupts);

/*
 * The VMM queues an exception between the RESUME hypercall and the entry that
 * follows.  It is for the code at the AEP: delivered in sub it would end the
 * call, and the guest's kernel would never see it.
 */
#define LATE_CALLS 20
#define LATE_LEAST 5

static u64 injected;

static void late(const struct att *a, u64 handle, struct outcome *out)
{
	static struct kvm_vcpu_events events = {
		.exception = { .injected = 1, .nr = 6 },
	};

	count.aex++;
	if (!vcpu_posted(0))
		vcpu_post(0, KVM_SET_VCPU_EVENTS, &events, SVC_WHEN_INTR,
			  (u64)stub_vmcall, (u64)stub_vmcall);
	for (;;) {
		resume(handle, NULL, a->cpl, out);
		if (out->how != HOW_TRAP || out->trap.regs.vector != 6 ||
		    out->trap.regs.rip != (u64)stub_vmcall)
			break;
		injected++;
	}
}

static void run_late(void)
{
	u64 flags = FLAGS | FLAG_IF | FLAG_FIXED;
	struct poker *poker = pages(1);
	struct regs in = {
		.rdi = arg("long", 0) ? 100000000 : 10000000,
		.rsi = flags,
		.r11 = BUSY_RUN,
		.rsp = random() & ~15ULL,
	};
	const char *wrong = NULL;
	struct result res;
	unsigned int i;

	if (!busy_export(&shared, "late"))
		return;
	attach(&att[1], "late", 3, NULL, 0);
	check(!att[1].err, "attach");
	poker->period_us = 700;
	aep_hook = late;
	poker_start(0, poker);
	/* The guest executes RESUME after its own interrupts only. */
	storm_start(500000, 1500000);
	/* How often the VMM's thread gets its turn is not the guest's to say. */
	for (i = 0; i < LATE_CALLS && (!i || injected < LATE_LEAST); i++) {
		res = elisa_call_regs(&att[1], &in);
		wrong = busy_is_wrong(shared, flags, 3);
		if (res.status || wrong)
			break;
	}
	storm_stop();
	poker_stop(0, poker);
	aep_hook = NULL;
	check(!res.status && !wrong,
	      "a call goes on as it was: status %lld, details %llx, %s is wrong",
	      res.status, res.value, wrong ?: "nothing");
	check(injected >= LATE_LEAST, "%llu exceptions at RESUME, %llu AEX",
	      injected, count.aex);
}

ATTACK("late", run_late);

/*
 * PAUSE in a loop exits at CPL 0, and KVM goes on behind the PAUSE: not behind
 * the first instruction of the AEP.
 */
static void run_pauses(void)
{
	u64 rounds = arg("long", 0) ? 10000000 : 300000;
	struct result res;

	if (!busy_export(&shared, "pauses"))
		return;
	attach(&att[0], "pauses", 0, NULL, 0);
	res = elisa_call(&att[0], BUSY_PAUSES, ARGS(rounds));
	check(!res.status && res.value == rounds,
	      "%llu PAUSEs in sub at CPL 0: %s, status %lld, vector %llu",
	      rounds, how_name[res.last.how], res.status,
	      res.last.trap.regs.vector);
	/* KVM doubles the time to the next exit at each, but when it schedules. */
	check(res.aex >= 5, "they exit: %llu AEX", res.aex);
}

ATTACK("pause", run_pauses);
