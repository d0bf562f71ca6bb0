/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELISA for attackers: hypercalls, exports, attachments, calls, and entering
 * the gate wherever one likes.
 */
#ifndef ELISA_ATTACK_H
#define ELISA_ATTACK_H

#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "blob.h"
#include "guest.h"

#define EAGAIN	   11
#define ENOENT	   2
#define EFAULT	   14
#define EBUSY	   16
#define ENOLINK	   67
#define EINVAL	   22
#define EOPNOTSUPP 95
#define ENOSPC	   28
#define EACCES	   13
#define ENOEXEC	   8
#define EEXIST	   17

/* --- hypercalls: ELISA_HC_* with raw registers */

struct hc {
	u64 rdi, rsi, rdx, r10, r8, r9;
};

/* RAX; *@hc holds the registers afterwards.  -1000000 - vector: it trapped. */
s64 hypercall_at(int cpl, unsigned int nr, struct hc *hc);
#define hypercall(nr, hc) hypercall_at(0, nr, hc)
void name_pack(u64 word[4], const char *name);

/* --- exports, made by this VM, at CPL 0 */

#define EXPORT_CODE_PAGES 8

/* clang-format off */
struct export {
	s64 err;		/* the first thing that failed */
	u64 token;
	u8 *code;		/* EXPORT_CODE_PAGES, copied when it is sealed */
	size_t used;
	unsigned int n;
	struct {
		const char *name;
		size_t offset;
	} entry[64];
};
/* clang-format on */

void export_begin(struct export *e, const char *name);
/* Machine code as the next entry point; its index. */
unsigned int export_code(struct export *e, const char *name, const u8 *code,
			 const u8 *end);
#define export_blob(e, name) \
	export_code(e, #name, blob_##name, blob_##name##_end)
void export_data(struct export *e, void *data, unsigned int pages);
s64 export_seal(struct export *e); /* e->err */
s64 export_destroy(struct export *e);

/* --- attachments */

/*
 * Interposed with the attack's argument interposed=1: then enter() at offset 0 and
 * elisa_call() use VMCALL.
 */
struct att {
	s64 err; /* 0 or -errno of ATTACH */
	int cpl;
	bool interposed;
	u64 token, window, rights;
};

void attach(struct att *a, const char *name, int cpl, void *xbuf,
	    unsigned int xbuf_pages);
void attach_mode(struct att *a, const char *name, int cpl, void *xbuf,
		 unsigned int xbuf_pages, bool interposed);
s64 detach(const struct att *a);

/* --- windows */

/*
 * The four pages at W of this vCPU, in the default context.  Filled with INT3,
 * but for: VMFUNC(gate) with the 7 bytes before it at the end of page 0, INT
 * VECTOR_W_RETURN at the start of page 2 and INT VECTOR_W_AEP of page 3.
 * Interposed, VMCALL in place of VMFUNC, with 5 bytes before it.
 * Attackers may write other things into them, and page 1 belongs to enter().
 */
struct window {
	u8 *page[4];
	bool is_interposed;
};

extern bool window_interposed[ELISA_WINDOWS]; /* its attachment was, last */

u64 window_entry(u64 base);	    /* from W: where its entry stub begins */
struct window *window_at(u64 base); /* ELISA_WINDOW(slot), attached or not */

/* --- entering */

enum how {
	HOW_RETURN,  /* at W+0x2000; RAX, RDX and RSP count */
	HOW_AEP,     /* at W+0x3000; RDI = handle */
	HOW_TRAP,    /* any exception: see trap.regs.vector */
	HOW_FELL,    /* VMFUNC did nothing: INT3 or INT VECTOR_FELL behind it */
	HOW_REFUSED, /* RESUME returned: RAX */
	HOW_TIMEOUT, /* run_limit ticks passed */
	HOW_COUNT,
};

extern const char *const how_name[HOW_COUNT];

struct outcome {
	enum how how;
	u64 window; /* of HOW_RETURN, HOW_AEP */
	struct trap trap;
};

/*
 * Execute a VMFUNC that ends at W+0x1000 + @offset (0..4095), with *@in in the
 * registers (RIP is not used, RSP is the attacker's), RFLAGS with TF or
 * whatever, at @cpl.  enter() sets EAX = 0 and ECX = 2 and leaves their upper
 * halves; enter_raw() takes RAX and RCX as they are.
 */
void enter_raw(u64 window, unsigned int offset, const struct regs *in, int cpl,
	       struct outcome *out);
void enter(u64 window, unsigned int offset, const struct regs *in, int cpl,
	   struct outcome *out);
/* VMFUNC with its first byte at @rip, behind it INT VECTOR_FELL or INT3. */
void vmfunc_at(u64 rip, const struct regs *in, int cpl, struct outcome *out);
/* The same in an ordinary page. */
void vmfunc(const struct regs *in, int cpl, struct outcome *out);

/* RESUME at @cpl, whatever @in's RIP, RAX and RDI are.  @in may be NULL. */
void resume(u64 handle, const struct regs *in, int cpl, struct outcome *out);
s64 abort_call(u64 handle);

/* --- calls as they are meant */

struct result {
	s64 status; /* 0, -errno; -1000000 - enum how: neither */
	u64 value;  /* RDX */
	u64 aex;    /* how often it was interrupted */
	struct outcome last;
};

/* Called at each AEX instead of resume() when set; it must do that itself. */
extern void (*aep_hook)(const struct att *a, u64 handle, struct outcome *out);
/* Such a hook: ABORTs the call, and counts. */
void abort_at_aep(const struct att *a, u64 handle, struct outcome *out);
extern u64 aborted_calls;

#define ARGS(...) ((const u64[6]){ __VA_ARGS__ })

struct result elisa_call(const struct att *a, u64 entry, const u64 args[6]);
/* The same with RSP, flags and all other registers of one's choice. */
struct result elisa_call_regs(const struct att *a, const struct regs *in);

/* --- a ready-made export: sub.S */

enum {
	SUB_NOP,   /* returns sub_nop_value() of its arguments */
	SUB_LOG,   /* notes arguments and registers in the log */
	SUB_SPIN,  /* until shared->go; returns the rounds */
	SUB_HOLD,  /* the secret in all registers for RDI rounds */
	SUB_READ,  /* returns *(u64 *)RDI */
	SUB_WRITE, /* *(u64 *)RDI = RSI */
	SUB_UD2,
	SUB_INT3,
	SUB_INT80,
	SUB_CPUID,
	SUB_HLT,
	SUB_SYSCALL,
	SUB_VMCALL,
	SUB_DIVIDE,
	SUB_OUT,
	SUB_STI,
	SUB_POPF,
	SUB_ICEBP,
	SUB_COUNT,
};

#define SUB_LOG_SIZE 32

/* At ELISA_SUB_DATA in sub; the offsets are known to sub.S. */
struct sub_shared {
	volatile u64 calls;   /* 0x00: of SUB_LOG */
	volatile u64 go;      /* 0x08 */
	volatile u64 spins;   /* 0x10: rounds of SUB_SPIN, all time */
	volatile u64 entered; /* 0x18: SUB_SPIN, SUB_HOLD began */
	u64 reserved[28];
	struct sub_log { /* 0x100, by call number */
		u64 rsp, rip, rflags, rdi, rsi, rdx, rcx, r8;
	} log[SUB_LOG_SIZE];
	u8 rest[PAGE_SIZE - 0x100 - SUB_LOG_SIZE * 64];
	u64 secret[PAGE_SIZE / 8]; /* 0x1000 */
};

#define SUB_SHARED_PAGES 2

/* Seals it under @name; NULL and a failed check if that fails. */
struct sub_shared *sub_export(struct export *e, const char *name);
u64 sub_nop_value(const u64 args[6]);

#endif /* ELISA_ATTACK_H */
