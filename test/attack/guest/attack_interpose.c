// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interposed calls: VMCALL in the place of VMFUNC.
 *
 * There is no gate that could be entered anywhere, but there is a hypercall that
 * anybody can execute anywhere, and a module that switches contexts by itself: in
 * the wrong place, at the wrong CPL, in the wrong mode, with the shadow of a MOV
 * to SS, or where exported code says that it returns.
 *
 * Why that must fail: the place of the VMCALL is the window, the attachment there
 * says the rest; and a return leads to the return stub, with the caller's stack and
 * flags, whatever the code has left.
 */
#include <linux/kvm.h>

#include "elisa.h"

#define GARBAGE	       0x5ec2e7c0ffee1234ULL
#define LANDING_VMCALL (ELISA_W_RETURN - 3)
#define CALL	       ELISA_HC(ELISA_HC_CALL)
#define FLAG_CF	       1ULL
#define FLAG_DF	       0x400ULL

enum { I_LEAVE, I_FLAGS, I_STI, I_CLI, I_NULL_SS };

BLOB(i_leave);
BLOB(i_flags);
BLOB(i_sti);
BLOB(i_cli);
BLOB(i_null_ss);

static struct sub_shared *shared;
static struct att user, kernel, native;

static const u8 code_vmcall[] = { 0x0f, 0x01, 0xc1 };
static const u8 code_vmfunc[] = { 0x0f, 0x01, 0xd4 };

/* Run @code of @size bytes that ends at @window + @end; then what is there. */
static void plant_and_run(u64 window, unsigned int end, const u8 *code,
			  unsigned int size, const struct regs *in, int cpl,
			  struct outcome *out)
{
	struct window *w = window_at(window);
	struct regs regs = *in;
	u8 kept[16];
	unsigned int i;

	for (i = 0; i < size; i++) {
		unsigned int at = end - size + i;

		kept[i] = w->page[at >> 12][at & 0xfff];
		w->page[at >> 12][at & 0xfff] = code[i];
	}
	regs.rip = window + end - size;
	vmfunc_at(regs.rip, &regs, cpl, out);
	for (i = 0; i < size; i++) {
		unsigned int at = end - size + i;

		w->page[at >> 12][at & 0xfff] = kept[i];
	}
}

static s64 ended(const struct outcome *out)
{
	return out->how == HOW_RETURN ? (s64)out->trap.regs.rax :
					-1000000 - (s64)out->how;
}

static u64 calls_of(u64 before)
{
	return shared->calls - before;
}

/* What a call would be if it were let in: SUB_LOG counts. */
static const struct regs log_regs = {
	.rax = CALL,
	.rcx = ELISA_IDX_GATE,
	.r11 = SUB_LOG,
	.rsp = 0x123456789ab0,
};

/* CALL from places that are no entry stub's end. */
static void places(const struct att *att)
{
	static const unsigned int near[] = { ELISA_W_GATE - 2, ELISA_W_GATE - 1,
					     ELISA_W_GATE + 1,
					     ELISA_W_GATE + 2 };
	u64 before = shared->calls;
	unsigned int i, end, wrong = 0, n = 0;
	struct outcome out;
	struct hc hc = {};

	check_eq(hypercall_at(att->cpl, ELISA_HC_CALL, &hc), -EINVAL,
		 "CALL outside of windows, CPL %d", att->cpl);
	for (i = 0; i < 400; i++) {
		end = i < ARRAY_SIZE(near) ? near[i] :
					     3 + random() % (4 * PAGE_SIZE - 3);
		/* Not where its end is another stub's INT or VMCALL. */
		if (end >= 2 * PAGE_SIZE ?
			    end % PAGE_SIZE < 3 :
			    end > ELISA_W_GATE - 16 && end <= ELISA_W_GATE &&
				    i >= ARRAY_SIZE(near))
			continue;
		plant_and_run(att->window, end, code_vmcall, 3, &log_regs,
			      att->cpl, &out);
		n++;
		wrong += out.how != HOW_FELL && out.how != HOW_RETURN &&
			 out.how != HOW_AEP;
		wrong += (s64)out.trap.regs.rax != -EINVAL;
	}
	check(!wrong && !calls_of(before),
	      "CALL at %u places of a window, CPL %d: %u wrong, %llu calls", n,
	      att->cpl, wrong, calls_of(before));
}

static void prefixes(const struct att *att)
{
	static const u8 prefix[] = { 0x66, 0x67, 0x2e, 0x40, 0x48, 0x26 };
	u64 before = shared->calls;
	unsigned int i, wrong = 0;
	struct outcome out;

	for (i = 0; i < ARRAY_SIZE(prefix); i++) {
		const u8 code[] = { prefix[i], 0x0f, 0x01, 0xc1 };

		/* RIP is that of the prefix: no entry stub's, or #UD. */
		plant_and_run(att->window, ELISA_W_GATE, code, sizeof(code),
			      &log_regs, att->cpl, &out);
		wrong += out.how == HOW_RETURN || out.how == HOW_AEP;
	}
	check(!wrong && !calls_of(before), "VMCALL with a prefix, CPL %d",
	      att->cpl);
}

/* The other CPL, the other mode, another window, another number in RAX. */
static void wrong_ways(void)
{
	const u64 nobodys = ELISA_WINDOW(ELISA_WINDOWS - 1);
	struct regs in = log_regs;
	u64 before = shared->calls;
	struct outcome out;
	unsigned int i;

	plant_and_run(user.window, ELISA_W_GATE, code_vmcall, 3, &in, 0, &out);
	check_eq(ended(&out), -EOPNOTSUPP, "a call of CPL 3's at CPL 0");
	plant_and_run(kernel.window, ELISA_W_GATE, code_vmcall, 3, &in, 3,
		      &out);
	check_eq(ended(&out), -EOPNOTSUPP, "a call of CPL 0's at CPL 3");
	plant_and_run(nobodys, ELISA_W_GATE, code_vmcall, 3, &in, 3, &out);
	check_eq(ended(&out), -ENOLINK, "a window without an attachment");
	for (i = 0; i < 2; i++) {
		plant_and_run(native.window, ELISA_W_GATE, code_vmcall, 3, &in,
			      3, &out);
		check_eq(ended(&out), -EOPNOTSUPP,
			 "VMCALL in a window of VMFUNC's, %s",
			 i ? "bound" : "not bound");
		check_eq(elisa_call(&native, SUB_NOP, ARGS(1)).value, 1,
			 "a call by VMFUNC");
	}
	/* The vCPU has VM functions now. */
	in.rax = 0;
	plant_and_run(user.window, ELISA_W_GATE, code_vmfunc, 3, &in, 3, &out);
	check(ended(&out) == -EOPNOTSUPP || ended(&out) == -EFAULT,
	      "VMFUNC in a window of VMCALL's: %lld", ended(&out));
	check_eq(elisa_call(&user, SUB_NOP, ARGS(1)).value, 1, "bound again");
	plant_and_run(user.window, ELISA_W_GATE, code_vmfunc, 3, &in, 3, &out);
	check(ended(&out) == -EOPNOTSUPP || ended(&out) == -EFAULT,
	      "VMFUNC in a window of VMCALL's that is bound: %lld",
	      ended(&out));
	in.rax = CALL | 1ULL << 32;
	plant_and_run(user.window, ELISA_W_GATE, code_vmcall, 3, &in, 3, &out);
	check(out.how == HOW_FELL && (s64)out.trap.regs.rax < 0,
	      "another number in RAX: %s", how_name[out.how]);
	check_eq(calls_of(before), 0, "calls that were let in");
}

/* The VMCALL of landing, in the default context. */
static void return_without_call(const struct att *att)
{
	const u64 values[] = { 0, CALL, ELISA_SUB_HC_WAIT };
	struct regs in = { .rsp = 0x123456789ab0, .rdx = 77 };
	struct outcome out;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		in.rax = values[i];
		plant_and_run(att->window, ELISA_W_RETURN, code_vmcall, 3, &in,
			      att->cpl, &out);
		check(out.how == HOW_RETURN && (s64)out.trap.regs.rax < 0 &&
			      out.trap.regs.rdx == 77 &&
			      out.trap.regs.rsp == in.rsp,
		      "a return that follows no call, RAX %llx, CPL %d: %s %lld",
		      values[i], att->cpl, how_name[out.how],
		      (s64)out.trap.regs.rax);
	}
}

/* MOV to SS, then VMCALL: with the trap flag, its shadow has to go. */
static void shadow(const struct att *att, const char *what, s64 status)
{
	/* mov %edx, %ss; vmcall */
	static const u8 code[] = { 0x8e, 0xd2, 0x0f, 0x01, 0xc1 };
	struct regs in = {
		.rax = CALL,
		.rdx = att->cpl ? SEL_USER_DATA : SEL_DATA,
		.r11 = SUB_NOP,
		.rsp = random() & ~15ULL,
	};
	struct outcome out;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		in.rflags = FLAG_FIXED | FLAG_IF | (i ? 0 : FLAG_TF);
		plant_and_run(att->window, ELISA_W_GATE, code, sizeof(code),
			      &in, att->cpl, &out);
		if (out.how == HOW_AEP)
			resume(out.trap.regs.rdi, NULL, att->cpl, &out);
		check(ended(&out) == status && out.trap.regs.rsp == in.rsp,
		      "MOV to SS, then VMCALL%s, %s, CPL %d: %s %lld",
		      i ? "" : ", single-stepped", what, att->cpl,
		      how_name[out.how], (s64)out.trap.regs.rax);
	}
}

/* Exported code goes to landing's VMCALL by itself. */
static void returns(const struct att *att)
{
	const u64 vmcall = att->window + LANDING_VMCALL;
	const u64 values[] = { 0, ELISA_SUB_HC_WAIT, CALL };
	static const int beside[] = { -1, 1, 2 };
	struct regs in = {
		.rdi = vmcall,
		.r11 = I_LEAVE,
		.rsp = random() & ~15ULL,
		.rflags = FLAG_FIXED | FLAG_IF,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		struct result res;
		const struct regs *r = &res.last.trap.regs;

		in.rsi = values[i];
		res = elisa_call_regs(att, &in);
		check(!res.status && res.value == GARBAGE && r->rsp == in.rsp,
		      "a return with RAX %llx, CPL %d: %lld, RSP %llx",
		      values[i], att->cpl, res.status, r->rsp);
		check(!(r->rbx | r->rcx | r->rbp | r->rsi | r->rdi | r->r8 |
			r->r9 | r->r10 | r->r11 | r->r12 | r->r13 | r->r14 |
			r->r15) &&
			      !(r->rflags & (FLAG_DF | FLAG_CF)) &&
			      r->rflags & FLAG_IF,
		      "and the caller finds no registers or flags of it, CPL %d",
		      att->cpl);
	}
	for (i = 0; i < ARRAY_SIZE(beside); i++) {
		struct result res;

		in.rdi = vmcall + beside[i];
		in.rsi = 0;
		res = elisa_call_regs(att, &in);
		check_eq(res.status, -EFAULT, "beside it, CPL %d", att->cpl);
	}
}

/* Flags and selectors are the caller's afterwards. */
static void state(const struct att *att, int interrupts)
{
	const u64 flags = FLAG_FIXED | FLAG_CF | (interrupts ? FLAG_IF : 0);
	struct regs in = {
		.rsp = random() & ~15ULL,
		.rflags = flags,
	};
	unsigned int entry;

	for (entry = I_FLAGS; entry <= I_NULL_SS; entry++) {
		struct result res;
		const struct regs *r = &res.last.trap.regs;
		bool may = att->cpl == 0 || entry == I_FLAGS;

		/* Nothing may interrupt a guest with IF=0 that lasts. */
		if (!interrupts && entry != I_FLAGS && entry != I_STI)
			continue;
		in.r11 = entry;
		res = elisa_call_regs(att, &in);
		check_eq(res.status, may ? 0 : -EFAULT, "code %u, CPL %d",
			 entry, att->cpl);
		if (may && entry == I_FLAGS)
			check(!((res.value ^ flags) & FLAG_IF),
			      "code sees its caller's IF, CPL %d: %llx",
			      att->cpl, res.value);
		/* A call that failed is one that was interrupted: IF is 1. */
		check(!((r->rflags ^ flags) & FLAG_IF) || !may,
		      "IF %d afterwards, CPL %d, code %u: %llx", interrupts,
		      att->cpl, entry, r->rflags);
		check((r->cs & 3) == (u64)att->cpl && r->ss && r->rsp == in.rsp,
		      "selectors afterwards, CPL %d, code %u: %llx %llx",
		      att->cpl, entry, r->cs, r->ss);
	}
}

static void interpose(void)
{
	struct export e, leave;
	struct att gone, *each[] = { &user, &kernel };
	unsigned int i;

	shared = sub_export(&e, "interpose");
	export_begin(&leave, "leave");
	export_blob(&leave, i_leave);
	export_blob(&leave, i_flags);
	export_blob(&leave, i_sti);
	export_blob(&leave, i_cli);
	export_blob(&leave, i_null_ss);
	if (!shared || !check(!export_seal(&leave), "exports"))
		return;
	attach_mode(&user, "interpose", 3, NULL, 0, true);
	attach_mode(&kernel, "interpose", 0, NULL, 0, true);
	if (!check(!user.err && !kernel.err, "attachments"))
		return;

	/* Nothing is bound yet, and the vCPU has no VM functions. */
	for (i = 0; i < 2; i++)
		shadow(each[i], "not bound", 0);
	attach_mode(&gone, "interpose", 3, NULL, 0, true);
	check_eq(detach(&gone), 0, "detach");
	shadow(&gone, "no attachment", -ENOLINK);
	for (i = 0; i < 2; i++) {
		shadow(each[i], "bound", 0);
		places(each[i]);
		prefixes(each[i]);
		return_without_call(each[i]);
	}
	attach_mode(&native, "interpose", 3, NULL, 0, false);
	check_eq(native.err, 0, "an attachment for VMFUNC");
	wrong_ways();
	for (i = 0; i < 2; i++)
		shadow(each[i], "with VM functions", 0);

	for (i = 0; i < 2; i++) {
		struct att att;

		check_eq(elisa_call(each[i], SUB_VMCALL, ARGS(0)).status,
			 -EFAULT, "any other VMCALL of the code, CPL %d",
			 each[i]->cpl);
		attach_mode(&att, "leave", i ? 0 : 3, NULL, 0, true);
		check_eq(att.err, 0, "attach, CPL %d", att.cpl);
		returns(&att);
		state(&att, 1);
		if (!att.cpl)
			state(&att, 0);
		check_eq(detach(&att), 0, "detach");
	}
	check_eq(export_destroy(&e), 0, "destroy");
	for (i = 0; i < 2; i++)
		shadow(each[i], "revoked", -ENOLINK);
}

ATTACK("interpose", interpose);
