// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that changes the vCPU between RESUME and the VM entry that loads the
 * call.
 *
 * RESUME only marks the vCPU; the call is loaded at the next entry.  A signal in
 * between gives the VMM the vCPU, as it was when it passed all checks, and
 * whatever the VMM changes would be in force in sub: CPL 0, an XCR0 with which
 * XRSTOR faults in the host, a pending exception that pushes sub's registers.
 * So all is checked again, and a RIP that is not the VMCALL's cancels.
 *
 * A poker's signals find the place: each change is posted for a signal that
 * finds RIP on the VMCALL, and RESUME repeated until that has happened.
 *
 * The same with an interposed CALL, which is begun at the next entry, too; and with
 * a call that the host has interrupted: the entry hook resumes it by itself if it
 * finds the vCPU at the AEP, where the exit hook has left it.
 */
#include <linux/kvm.h>

#include "steps.h"

#define STEPS		 600
#define ROUNDS		 4000
#define ATTEMPTS	 40
#define CALL_STEPS	 5
#define CALL_ROUNDS	 10
#define CALLS		 500
#define VECTOR_ELSEWHERE 0x86
#define EFER_LMA_LME	 0x500
#define REAL_CODE	 0x7000
#define OTHER_RDI	 0x1234567

extern const char stub_vmcall[], stub_elsewhere[];

__asm__(".pushsection .text\n"
	"stub_elsewhere: int $0x86\n"
	"	ud2\n"
	".popsection");

static struct steps_shared *shared;
static struct att att;
static struct kvm_sregs *user, *kernel, *special;
static struct kvm_regs *regs;
static struct kvm_vcpu_events *events;
static struct kvm_xcrs *xcrs;
static struct kvm_guest_debug *debug;
static struct poker *poker;
static u64 nmis;
static enum {
	AFTER_RESUME,
	AFTER_CALL,
	AFTER_AEX,
} after;
/* The VMCALL of resume() or of the window's entry stub, or the AEP. */
static u64 place;
static struct kvm_regs *found;

/* When a signal finds RIP there. */
static bool post(u64 request, void *arg)
{
	return !vcpu_post(0, request, arg, SVC_WHEN_INTR, place, place);
}

/* @how: SVC_KEEP_RDI or SVC_ONLY_RDI */
static bool post_regs(u64 how)
{
	return !vcpu_post(0, KVM_SET_REGS, regs, SVC_WHEN_INTR | how, place,
			  place);
}

static bool rip_elsewhere(void)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = (u64)stub_elsewhere;
	regs->rflags = FLAG_IF | FLAG_FIXED;
	return post_regs(SVC_KEEP_RDI);
}

static bool other_rdi(void)
{
	memset(regs, 0, sizeof(*regs));
	regs->rdi = OTHER_RDI;
	return post_regs(SVC_ONLY_RDI);
}

static bool cpl_0(void)
{
	return post(KVM_SET_SREGS, kernel);
}

/* The same page tables at another address: nothing that matters changes. */
static bool other_cr3(void)
{
	u64 *copy = pages(1);

	memcpy(copy, this_cpu()->root, PAGE_SIZE);
	*special = *user;
	special->cr3 = (u64)copy;
	return post(KVM_SET_SREGS, special);
}

static bool efer(void)
{
	*special = *user;
	special->efer &= ~1ULL; /* SCE */
	return post(KVM_SET_SREGS, special);
}

static bool exception(void)
{
	vcpu_ioctl(0, KVM_GET_VCPU_EVENTS, events);
	events->exception.injected = 1;
	events->exception.nr = 6;
	events->exception.has_error_code = 0;
	events->flags = 0;
	return post(KVM_SET_VCPU_EVENTS, events);
}

static bool nmi(void)
{
	nmis = this_cpu()->irqs[2];
	return post(KVM_NMI, NULL);
}

static bool single_step(void)
{
	memset(debug, 0, sizeof(*debug));
	debug->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	return post(KVM_SET_GUEST_DEBUG, debug);
}

static bool no_avx(void)
{
	vcpu_ioctl(0, KVM_GET_XCRS, xcrs);
	xcrs->xcrs[0].value = 3;
	return post(KVM_SET_XCRS, xcrs);
}

/*
 * INIT, as good as: real mode, where OUT tells the VMM to put all back.  The
 * VMCALL is then executed again, with the handle in RDI.
 */
static bool real_mode(void)
{
	static const u8 code[] = {
		0xba, 0x04, 0x05, /* mov $ATTACK_PORT_NOP, %dx */
		0x66, 0xef,	  /* out %eax, (%dx) */
		0xeb, 0xfc,	  /* again */
	};
	struct kvm_regs *back = pages(1);
	struct kvm_segment seg = {
		.limit = 0xffff,
		.type = 3,
		.present = 1,
		.s = 1,
	};

	memcpy((void *)REAL_CODE, code, sizeof(code));
	*special = *user;
	special->ds = seg;
	special->es = seg;
	special->fs = seg;
	special->gs = seg;
	special->ss = seg;
	seg.type = 11;
	special->cs = seg;
	special->cr0 = 0x60000010;
	special->cr3 = 0;
	special->cr4 = 0;
	special->efer = 0;
	memset(regs, 0, sizeof(*regs));
	regs->rip = REAL_CODE;
	regs->rflags = FLAG_FIXED;
	back->rip = place;
	back->rflags = FLAG_IF | FLAG_FIXED;
	if (after == AFTER_CALL) {
		back->rax = ELISA_HC(ELISA_HC_CALL);
		back->rsi = CALL_STEPS;
		back->rdx = CALL_ROUNDS;
		back->r11 = STEPS_ENTRY;
	} else {
		/* What resume() had: only RAX and RDI count. */
		back->rax = ELISA_HC(ELISA_HC_RESUME);
	}
	if (!post(KVM_SET_SREGS, special) || !post(KVM_SET_REGS, regs))
		return false;
	return !vcpu_post(0, KVM_SET_SREGS, user, SVC_WHEN_PORT, REAL_CODE,
			  REAL_CODE + sizeof(code)) &&
	       !vcpu_post(0, KVM_SET_REGS, back, SVC_WHEN_PORT, REAL_CODE,
			  REAL_CODE + sizeof(code));
}

static u64 get_sregs(u64 to)
{
	return vcpu_ioctl(0, KVM_GET_SREGS, (void *)to);
}

/* --- what must come of it */

static bool is_trap(const struct outcome *out, u64 vector, u64 rip)
{
	return out->how == HOW_TRAP && out->trap.regs.vector == vector &&
	       out->trap.regs.rip == rip;
}

/* The handle is as good as before; or the call has not begun. */
static bool goes_on(const struct steps_call *call, u64 handle,
		    struct outcome *out)
{
	if (after == AFTER_CALL)
		return !shared->count[call->id];
	steps_finish(handle, 3, out);
	return steps_good(shared, call, out);
}

static bool is_elsewhere(const struct steps_call *call, u64 handle,
			 struct outcome *out)
{
	return is_trap(out, VECTOR_ELSEWHERE, (u64)stub_elsewhere + 2) &&
	       goes_on(call, handle, out);
}

static bool is_ud(const struct steps_call *call, u64 handle,
		  struct outcome *out)
{
	return is_trap(out, 6, place) && goes_on(call, handle, out);
}

/* The guest is at the AEP as if nobody had thought of going on. */
static bool is_at_aep(const struct steps_call *call, u64 handle,
		      struct outcome *out)
{
	return out->how == HOW_AEP && out->trap.regs.rdi == handle &&
	       goes_on(call, handle, out);
}

/*
 * "-EINVAL the vCPU's state does not allow it, the call is aborted".  CALL: it is
 * not that of the attachment.  AEX: nobody has asked for anything.
 */
static bool is_aborted(const struct steps_call *call, u64 handle,
		       struct outcome *out)
{
	if (after == AFTER_AEX)
		return is_at_aep(call, handle, out);
	if (after == AFTER_CALL)
		return out->how == HOW_RETURN &&
		       (s64)out->trap.regs.rax == -EOPNOTSUPP &&
		       goes_on(call, handle, out);
	return out->how == HOW_REFUSED && (s64)out->trap.regs.rax == -EINVAL &&
	       resume_refused(handle, 3) == -ENOLINK;
}

/* Nothing that concerns the call: it was resumed all the same. */
static bool is_resumed(const struct steps_call *call, u64 handle,
		       struct outcome *out)
{
	(void)handle;
	if (out->how == HOW_AEP)
		steps_finish(out->trap.regs.rdi, 3, out);
	return steps_good(shared, call, out);
}

static bool is_aborted_xcr(const struct steps_call *call, u64 handle,
			   struct outcome *out)
{
	xcrs->xcrs[0].value = 7;
	vcpu_ioctl(0, KVM_SET_XCRS, xcrs);
	return after == AFTER_CALL ? is_resumed(call, handle, out) :
				     is_aborted(call, handle, out);
}

static bool is_resumed_nmi(const struct steps_call *call, u64 handle,
			   struct outcome *out)
{
	return is_resumed(call, handle, out) && this_cpu()->irqs[2] > nmis;
}

static bool is_resumed_stepped(const struct steps_call *call, u64 handle,
			       struct outcome *out)
{
	debug->control = 0;
	vcpu_ioctl(0, KVM_SET_GUEST_DEBUG, debug);
	return is_resumed(call, handle, out);
}

/* The VMCALL came again; RESUME without the handle: that is none. */
static bool is_unharmed(const struct steps_call *call, u64 handle,
			struct outcome *out)
{
	if (after == AFTER_CALL)
		return is_resumed(call, handle, out);
	if (after == AFTER_AEX)
		return out->how == HOW_AEP && !out->trap.regs.rdi &&
		       goes_on(call, handle, out);
	return out->how == HOW_REFUSED && (s64)out->trap.regs.rax == -ENOLINK &&
	       goes_on(call, handle, out);
}

/* Whatever the VMM wants with the other handle, this is not the same call. */
static bool is_other_handle(const struct steps_call *call, u64 handle,
			    struct outcome *out)
{
	return out->how == HOW_AEP && out->trap.regs.rdi == OTHER_RDI &&
	       goes_on(call, handle, out);
}

static const struct change {
	const char *name;
	bool (*post)(void);
	bool (*ended)(const struct steps_call *call, u64 handle,
		      struct outcome *out);
	bool aex_only;
} changes[] = {
	{ "RIP", rip_elsewhere, is_elsewhere, false },
	{ "CPL", cpl_0, is_aborted, false },
	{ "XCR0", no_avx, is_aborted_xcr, false },
	{ "an exception", exception, is_ud, false },
	{ "an NMI", nmi, is_resumed_nmi, false },
	{ "single-stepping", single_step, is_resumed_stepped, false },
	{ "CR3", other_cr3, is_resumed, false },
	{ "EFER.SCE", efer, is_resumed, false },
	{ "real mode", real_mode, is_unharmed, false },
	{ "RDI", other_rdi, is_other_handle, true },
};

/* The same with CALL. */
static bool attempt_call(const struct change *change, unsigned int n,
			 bool *good)
{
	const struct steps_call call = { &att, 0, CALL_STEPS, CALL_ROUNDS };
	const struct regs in = steps_regs(&call);
	struct outcome out;
	bool came = false;
	unsigned int i;

	(void)n;
	poker->period_us = 500 + random() % 1000;
	if (poker_start(0, poker))
		return expect(false, "%s: a call is poked", change->name);
	for (i = 0; i < CALLS && !came; i++) {
		shared->count[call.id] = 0;
		enter(att.window, 0, &in, 3, &out);
		came = !vcpu_posted(0);
		if (came) {
			*good = change->ended(&call, 0, &out);
			break;
		}
		*good = is_resumed(&call, 0, &out);
		if (!*good)
			break;
	}
	poker_stop(0, poker);
	return came;
}

/* The same with calls that the poker's signals interrupt. */
static bool attempt_aex(const struct change *change, unsigned int n, bool *good)
{
	const struct steps_call call = { &att, n % STEPS_IDS, STEPS, ROUNDS };
	const struct regs in = steps_regs(&call);
	struct outcome out;
	bool came;

	shared->count[call.id] = 0;
	poker->period_us = 500 + random() % 1000;
	if (poker_start(0, poker))
		return expect(false, "%s: a call is poked", change->name);
	enter(att.window, 0, &in, 3, &out);
	poker_stop(0, poker);
	came = !vcpu_posted(0);
	if (came)
		*good = change->ended(&call, found->rdi, &out);
	else
		*good = is_resumed(&call, 0, &out);
	return came;
}

/* One call under the poker.  Return: the change has come; *good: as it must. */
static bool attempt(const struct change *change, unsigned int n, bool *good)
{
	struct steps_call call = { &att, n % STEPS_IDS, STEPS, ROUNDS };
	struct outcome out;
	u64 handle;
	bool came = false;

	shared->count[call.id] = 0;
	handle = steps_suspend(&call, &out);
	poker->period_us = 500 + random() % 1000;
	if (!handle || poker_start(0, poker))
		return expect(false, "%s: a call is poked", change->name);
	for (;;) {
		resume(handle, NULL, 3, &out);
		came = !vcpu_posted(0);
		if (came || out.how != HOW_AEP)
			break;
		handle = out.trap.regs.rdi;
	}
	poker_stop(0, poker);
	if (came)
		*good = change->ended(&call, handle, &out);
	else
		*good = steps_good(shared, &call, &out);
	return came;
}

static bool (*const attempts[])(const struct change *change, unsigned int n,
				bool *good) = {
	[AFTER_RESUME] = attempt,
	[AFTER_CALL] = attempt_call,
	[AFTER_AEX] = attempt_aex,
};

static const char *const names[] = {
	[AFTER_RESUME] = "RESUME",
	[AFTER_CALL] = "CALL",
	[AFTER_AEX] = "AEX",
};

static void change_it(const struct change *change, unsigned int times)
{
	unsigned int i, n = 0, came = 0, wrong = 0;
	bool good = false;

	for (i = 0; i < times; i++) {
		if (!post(KVM_GET_REGS, found) || !change->post()) {
			expect(false, "%s: posted", change->name);
			break;
		}
		do {
			bool here = attempts[after](change, n, &good);

			came += here;
			wrong += !good;
			if (here)
				break;
		} while (++n < times * ATTEMPTS);
	}
	check(came == times && !wrong && !shared->wrong,
	      "%s changed between %s and entry: %u times, %u calls, %u wrong",
	      change->name, names[after], came, n + came, wrong);
}

static void between(void)
{
	unsigned int i, only = arg("only", 99), times = arg("times", 2);
	struct export e;
	struct trap t;

	shared = steps_export(&e, "between");
	attach_mode(&att, "between", 3, NULL, 0,
		    after == AFTER_CALL || arg("interposed", 0));
	if (!shared || !check(!att.err, "attached"))
		return;
	window_at(att.window);
	place = after == AFTER_CALL ? att.window + ELISA_W_GATE - 3 :
		after == AFTER_AEX  ? att.window + ELISA_W_AEP :
				      (u64)stub_vmcall;
	found = pages(1);
	user = pages(1);
	kernel = pages(1);
	special = pages(1);
	regs = pages(1);
	events = pages(1);
	xcrs = pages(1);
	debug = pages(1);
	poker = pages(1);
	get_sregs((u64)kernel);
	try_at(3, get_sregs, (u64)user, &t);
	check(!(kernel->cs.selector & 3) && (user->cs.selector & 3) == 3,
	      "special registers at CPL 0 and 3");
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		if ((only == i || only == 99) &&
		    (after == AFTER_AEX || !changes[i].aex_only))
			change_it(&changes[i], times);
	check_eq(shared->cpl, 1 << 3, "CPLs at which the code ran");
}

static void between_call(void)
{
	after = AFTER_CALL;
	between();
}

static void between_aex(void)
{
	after = AFTER_AEX;
	between();
}

ATTACK("between", between);
ATTACK("between-call", between_call);
ATTACK("between-aex", between_aex);
