/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runtime of a hostile guest: everything at CPL 0, on the bare vCPU, without
 * an operating system.  See ../README.md.
 */
#ifndef GUEST_H
#define GUEST_H

#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "../abi.h"
#include "regs.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
#define PAGE_SIZE     4096UL
#define ALIGNED(n)    __attribute__((aligned(n)))

/* --- attacks: each file registers its own */

struct attack {
	const char *name;
	void (*run)(void);
} ALIGNED(16);

#define ATTACK(attack_name, fn)                                            \
	static const struct attack attack_##fn                             \
		__attribute__((section("attacks"), used)) = { attack_name, \
							      fn }

/* The number after KEY= in the attack's arguments, else @otherwise. */
u64 arg(const char *key, u64 otherwise);

/* --- output (print.c); checks are counted, a failed one is the exit status */

void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
size_t format(char *to, size_t size, const char *fmt, va_list args);

/* "ok - NAME" or "not ok - NAME: failed" */
bool check(bool good, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "not ok - NAME: got 0x..., expected 0x..." */
bool check_eq(u64 got, u64 expected, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * For what is checked thousands of times: prints nothing when good, and the
 * first few failures only; after 500 it ends the attack.  End with a check()
 * that says how many were tried.
 */
bool expect(bool good, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void quit(void);

/* --- registers, exceptions (trap.c) */

/* In the order in which trap_common pushes them. */
struct regs {
	u64 rax, rcx, rdx, rbx, rbp, rsi, rdi;
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

/* How something ended: vector, error code and all registers at that time. */
struct trap {
	struct regs regs;
	u64 cr2;
};

#define FLAG_TF	   0x100ULL
#define FLAG_IF	   0x200ULL
#define FLAG_FIXED 0x2ULL

/*
 * Become *@in: all registers, RIP, RFLAGS, RSP; CS and SS by @cpl (0 or 3) if
 * zero.  Comes back at the first exception, INT VECTOR_* (0x80..0x8f), or when
 * the time for it is over (VECTOR_TIMEOUT); interrupts and NMIs are served and
 * go on.  rflags 0 stands for IF=1.  Not to be nested on a vCPU.
 */
void run(const struct regs *in, int cpl, struct trap *out);

/* How long run() may take, in TSC ticks (1 tick = 1 instruction). */
extern u64 run_limit;

/*
 * Call @fn(@arg) at @cpl with interrupts on; true when it returned, *@out
 * holds its registers then (rax = its value), else the exception.
 */
bool try_at(int cpl, u64 (*fn)(u64 arg), u64 arg, struct trap *out);
#define try(fn, arg, out) try_at(0, fn, arg, out)

/* Called in interrupt context, before EOI; any vector from 0x20, and 2. */
extern void (*irq_hook[256])(struct regs *frame);

/* --- vCPUs (cpu.c) */

struct cpu {
	unsigned int index;
	u64 *root;     /* its own top-level page table */
	u64 irqs[256]; /* interrupts and NMIs, by vector */
	/* run() */
	struct trap *catch;
	u64 back_rsp, deadline;
	/* storm */
	u32 storm_least, storm_most;
	u32 storm_tires; /* ticks until it slows down; 0: never */
	u64 random;
	/* work for it */
	void (*volatile job)(u64 arg);
	u64 job_arg;
	volatile bool up;
	void *window[128]; /* elisa.c */
	struct {
		u64 limit_base[2];
	} idtr;
};

extern struct cpu cpus[ATTACK_MAX_CPUS];
extern unsigned int n_cpus;
extern const struct attack_info *info;

struct cpu *this_cpu(void);

/* Run @fn(@arg) on another vCPU; wait until it has returned. */
void cpu_start(unsigned int cpu, void (*fn)(u64 arg), u64 arg);
void cpu_wait(unsigned int cpu);

/* All @n callers go on together; zero-initialized. */
struct barrier {
	volatile u32 count, round;
};

void barrier(struct barrier *b, u32 n);

/* --- interrupts (apic.c) */

void apic_init(void);
void apic_eoi(void);
void ipi(unsigned int cpu, u8 vector); /* also to itself */
/* Timer interrupts after a random number of ns in this range, over and over. */
void storm_start(u32 least, u32 most);
void storm_start_tiring(u32 least, u32 most);
void storm_stop(void);
void timer_tick(void);

/* --- memory (mem.c); physical memory is mapped at its own address */

void *pages(unsigned int n); /* zeroed; never freed */

#define PTE_P	 1ULL
#define PTE_W	 2ULL
#define PTE_U	 4ULL
#define PTE_PS	 0x80ULL
#define PTE_G	 0x100ULL
#define PTE_NX	 (1ULL << 63)
#define PTE_ADDR 0x000ffffffffff000ULL
#define PTE_RWU	 (PTE_P | PTE_W | PTE_U)

/*
 * On this vCPU only, but for addresses below 512 GiB, which all vCPUs share
 * (then the others must flush their TLBs).  @flags 0 unmaps.
 */
void map(u64 va, u64 pa, u64 flags);
/* The entry for @va, large pages are split; NULL when @create is false. */
u64 *pte(u64 va, bool create);
void memory_init(void);
void memory_init_cpu(struct cpu *cpu);

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

/* --- the VMM (vmm.c); requests are KVM_* of <linux/kvm.h> */

s64 vcpu_ioctl(unsigned int cpu, u64 request, void *arg);
s64 vm_ioctl(u64 request, void *arg);
/* When @cpu exits next: see SVC_POST. */
s64 vcpu_post(unsigned int cpu, u64 request, void *arg, u64 when, u64 rip_first,
	      u64 rip_last);
s64 vcpu_posted(unsigned int cpu);
s64 poker_start(unsigned int cpu, struct poker *poker);
s64 poker_stop(unsigned int cpu, struct poker *poker);
s64 memslot(unsigned int slot, u64 gpa, u64 size, u32 flags, u64 shows);
/* Pages of @slot that were written since the last time: see SVC_DIRTY_LOG. */
u64 dirty_log(unsigned int slot, bool clear);
s64 vmm_new_vcpu(void);
void vmm_sleep(u64 us);
/* Until *@word is not @value: the host, or another guest, changes it. */
void vmm_wait(const u32 *word, u32 value, u64 us);
s64 vmm_kick(unsigned int cpu);
/* Files of the host; text is zero-terminated.  Bytes or -errno. */
s64 host_read(const char *name, char *text, size_t size);
s64 host_write(const char *name, const char *text);
s64 service(struct svc *svc);

static inline void vmm_exit(void) /* to the VMM and back */
{
	__asm__ volatile("out %%eax, %%dx"
			 :
			 : "a"(0), "d"(ATTACK_PORT_NOP)
			 : "memory");
}

/* --- instructions */

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
}

#define READ_WRITE(reg)                                                        \
	static inline u64 read_##reg(void)                                     \
	{                                                                      \
		u64 value;                                                     \
		__asm__ volatile("mov %%" #reg ", %0"                          \
				 : "=r"(value)                                 \
				 :                                             \
				 : "memory");                                  \
		return value;                                                  \
	}                                                                      \
	static inline void write_##reg(u64 value)                              \
	{                                                                      \
		__asm__ volatile("mov %0, %%" #reg : : "r"(value) : "memory"); \
	}

READ_WRITE(cr0)
READ_WRITE(cr2)
READ_WRITE(cr3)
READ_WRITE(cr4)
READ_WRITE(dr0)
READ_WRITE(dr6)
READ_WRITE(dr7)

static inline void cpuid(u32 leaf, u32 sub, u32 out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]),
			   "=d"(out[3])
			 : "a"(leaf), "c"(sub));
}

static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void barrier_mem(void)
{
	__asm__ volatile("" : : : "memory");
}

/* xorshift64*, of this vCPU; seeded by seed= of the arguments */
u64 random(void);
/* Spin for up to @most ticks, so as not to be in step with anything. */
void delay(u64 most);

void vectors_load(const void *xmm); /* 256 bytes: XMM0..15 */
void vectors_store(void *xmm);

#endif /* GUEST_H */
