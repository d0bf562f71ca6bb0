// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs: tables, start, work. */
#include "guest.h"

#define STACK_SIZE (1 << STACK_SHIFT)
#define N_IST	   4
#define IO_BITMAP  0xc1 /* ports 0..0x607, and the final byte */

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 io_map;
	u8 io[IO_BITMAP + 1];
} __attribute__((packed));

struct gate {
	u16 offset0, selector;
	u8 ist, type;
	u16 offset1;
	u32 offset2, reserved;
};

struct cpu cpus[ATTACK_MAX_CPUS];
unsigned int n_cpus;
const struct attack_info *info;

u8 stacks[ATTACK_MAX_CPUS][STACK_SIZE] ALIGNED(4096);
static u8 ist[ATTACK_MAX_CPUS][N_IST][STACK_SIZE] ALIGNED(16);
static u64 gdt[ATTACK_MAX_CPUS][16] ALIGNED(4096);
static struct tss tss[ATTACK_MAX_CPUS] ALIGNED(4096);
static struct gate idt[256] ALIGNED(4096);
extern const char trap_entries[];

void attacks_main(void);

/* Does not exit, at any CPL, whatever FS, GS and TSC_AUX hold. */
struct cpu *this_cpu(void)
{
	u32 limit;

	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(SEL_CPU));
	return &cpus[limit];
}

u64 random(void)
{
	u64 *x = &this_cpu()->random;

	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return *x * 0x2545f4914f6cdd1dULL;
}

void delay(u64 most)
{
	u64 until = rdtsc() + random() % most;

	while (rdtsc() < until)
		pause();
}

/* #NMI, #DB, #DF and the rest have a stack each. */
static u8 ist_of(unsigned int vector)
{
	return vector == 2 ? 2 : vector == 1 ? 3 : vector == 8 ? 4 : 1;
}

static void build_idt(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		u64 at = (u64)trap_entries + i * TRAP_ENTRY_SIZE;
		bool user = i == 3 ||
			    (i >= VECTOR_RETURN && i <= VECTOR_SOFT_LAST);

		idt[i] = (struct gate){
			.offset0 = at,
			.offset1 = at >> 16,
			.offset2 = at >> 32,
			.selector = SEL_CODE,
			.ist = ist_of(i),
			.type = user ? 0xee : 0x8e,
		};
	}
}

static void load_tables(unsigned int n)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) ptr;
	struct tss *t = &tss[n];
	u64 *g = gdt[n], base = (u64)t, limit = sizeof(*t) - 1;
	unsigned int i;

	for (i = 0; i < N_IST; i++)
		t->ist[i] = (u64)ist[n][i] + STACK_SIZE;
	t->rsp[0] = t->ist[0];
	t->io_map = offsetof(struct tss, io);
	memset(t->io, 0xff, sizeof(t->io));
	t->io[ATTACK_PORT / 8] = 0;

	g[1] = 0x00af9b000000ffff;
	g[2] = 0x00cf93000000ffff;
	g[3] = 0x00cff3000000ffff;
	g[4] = 0x00affb000000ffff;
	g[5] = 0x0040f30000000000 | n; /* limit in bytes */
	g[6] = limit | (base & 0xffffff) << 16 | 0x89ULL << 40 |
	       (base >> 24 & 0xff) << 56;
	g[7] = base >> 32;

	ptr.limit = sizeof(gdt[n]) - 1;
	ptr.base = (u64)g;
	__asm__ volatile("lgdt %0" : : "m"(ptr));
	ptr.limit = sizeof(idt) - 1;
	ptr.base = (u64)idt;
	__asm__ volatile("lidt %0\n\t"
			 "push %1\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1: mov %2, %%ss\n\t"
			 "mov %2, %%ds\n\t"
			 "mov %2, %%es\n\t"
			 "mov %2, %%fs\n\t"
			 "mov %2, %%gs\n\t"
			 "ltr %w3"
			 :
			 : "m"(ptr), "i"(SEL_CODE), "r"(SEL_DATA), "r"(SEL_TSS)
			 : "rax", "memory");
}

/* SSE and AVX for whoever wants to look at vector registers. */
static void init_features(void)
{
	u64 cr4 = read_cr4() | 0x600; /* OSFXSR, OSXMMEXCPT */
	u32 id[4];

	cpuid(1, 0, id);
	if (id[2] & 1 << 26)
		cr4 |= 1 << 18;			   /* OSXSAVE */
	write_cr0((read_cr0() | 0x10022) & ~4ULL); /* WP, NE, MP; no EM */
	write_cr4(cr4);
	if (id[2] & 1 << 26)
		__asm__ volatile("xsetbv"
				 :
				 : "c"(0), "d"(0),
				   "a"(id[2] & 1 << 28 ? 7 : 3));
	wrmsr(0xc0000080, rdmsr(0xc0000080) | 0x801); /* NXE, SCE */
}

void cpu_start(unsigned int n, void (*fn)(u64 arg), u64 arg)
{
	cpus[n].job_arg = arg;
	barrier_mem();
	cpus[n].job = fn;
	ipi(n, VECTOR_WAKE);
}

void cpu_wait(unsigned int n)
{
	while (cpus[n].job)
		pause();
}

void barrier(struct barrier *b, u32 n)
{
	u32 round = b->round;

	if (__atomic_add_fetch(&b->count, 1, __ATOMIC_SEQ_CST) == n) {
		b->count = 0;
		__atomic_add_fetch(&b->round, 1, __ATOMIC_SEQ_CST);
		return;
	}
	while (b->round == round)
		pause();
}

static _Noreturn void serve(struct cpu *cpu)
{
	for (;;) {
		__asm__ volatile("cli");
		if (cpu->job) {
			__asm__ volatile("sti");
			cpu->job(cpu->job_arg);
			barrier_mem();
			cpu->job = NULL;
			continue;
		}
		__asm__ volatile("sti\n\thlt" : : : "memory");
	}
}

/* From _start. */
void start(unsigned int n, const struct attack_info *from_vmm)
{
	static volatile bool ready;
	struct cpu *cpu = &cpus[n];
	unsigned int i;

	if (!n) {
		info = from_vmm;
		n_cpus = info->n_cpus;
		build_idt();
		memory_init();
		ready = true;
	}
	while (!ready)
		pause();
	cpu->index = n;
	cpu->random = (arg("seed", 1) * 0x9e3779b97f4a7c15ULL + n) | 1;
	memory_init_cpu(cpu);
	load_tables(n);
	init_features();
	apic_init();
	__asm__ volatile("sti");
	cpu->up = true;
	if (n)
		serve(cpu);
	for (i = 1; i < n_cpus; i++)
		while (!cpus[i].up)
			pause();
	attacks_main();
	quit();
}
