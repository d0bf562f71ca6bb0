// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC, in x2APIC mode: timer and IPIs. */
#include "guest.h"

#define MSR_APIC_BASE	    0x1b
#define X2APIC_EOI	    0x80b
#define X2APIC_SVR	    0x80f
#define X2APIC_ICR	    0x830
#define X2APIC_LVT_TIMER    0x832
#define X2APIC_TIMER_COUNT  0x838
#define X2APIC_TIMER_DIVIDE 0x83e

#define PERIODIC (1u << 17)
#define TICK_NS	 10000000 /* for run()'s time limit */

#define STORM_TIRES   32
#define STORM_SLOWEST 500000000 /* ns */

static void watch(void)
{
	/* Or what is left of a storm would be its period for a moment. */
	wrmsr(X2APIC_TIMER_COUNT, 0);
	wrmsr(X2APIC_LVT_TIMER, VECTOR_TIMER | PERIODIC);
	wrmsr(X2APIC_TIMER_COUNT, TICK_NS);
}

void apic_init(void)
{
	if (!info->irqchip)
		return;
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
	wrmsr(X2APIC_SVR, 0x1ff);
	wrmsr(X2APIC_TIMER_DIVIDE, 0xb); /* KVM's clock: 1 GHz */
	watch();
}

void apic_eoi(void)
{
	if (info->irqchip)
		wrmsr(X2APIC_EOI, 0);
}

void ipi(unsigned int cpu, u8 vector)
{
	if (info->irqchip)
		wrmsr(X2APIC_ICR, (u64)cpu << 32 | 1 << 14 | vector);
}

static void next_storm(struct cpu *cpu)
{
	wrmsr(X2APIC_TIMER_COUNT,
	      cpu->storm_least +
		      random() % (cpu->storm_most - cpu->storm_least + 1));
}

void storm_start(u32 least, u32 most)
{
	struct cpu *cpu = this_cpu();

	if (!info->irqchip)
		return;
	cpu->storm_least = least ?: 1;
	cpu->storm_most = most > least ? most : least;
	cpu->storm_tires = 0;
	wrmsr(X2APIC_LVT_TIMER, VECTOR_TIMER);
	next_storm(cpu);
}

/*
 * One that comes less and less often: what it interrupts makes headway even on a
 * host that takes longer for an interrupt than @most.
 */
void storm_start_tiring(u32 least, u32 most)
{
	storm_start(least, most);
	this_cpu()->storm_tires = STORM_TIRES;
}

void storm_stop(void)
{
	this_cpu()->storm_most = 0;
	if (info->irqchip)
		watch();
}

/* Interrupt context. */
void timer_tick(void)
{
	struct cpu *cpu = this_cpu();

	if (!cpu->storm_most)
		return;
	if (cpu->storm_tires && !--cpu->storm_tires &&
	    cpu->storm_most < STORM_SLOWEST) {
		cpu->storm_least *= 2;
		cpu->storm_most *= 2;
		cpu->storm_tires = STORM_TIRES;
	}
	next_storm(cpu);
}
