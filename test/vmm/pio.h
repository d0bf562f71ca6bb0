/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O ports.
 */
#ifndef TESTVMM_PIO_H
#define TESTVMM_PIO_H

struct vm;
struct kvm_run;

/* The ACPI registers that acpi.c tells the guest about. */
#define PIO_PM1_EVT	0x600
#define PIO_PM1_EVT_LEN 4
#define PIO_PM1_EN	(PIO_PM1_EVT + 2)
#define PIO_PM1_CNT	0x604
#define PIO_PM1_CNT_LEN 2

#define PIO_RESET     0xcf9
#define PIO_RESET_CPU 0x04 /* this bit resets */

#define PIO_COM1     0x3f8
#define PIO_COM2     0x2f8
#define PIO_COM1_IRQ 4
#define PIO_COM2_IRQ 3

/* Handle KVM_EXIT_IO. */
void pio_exit(struct vm *vm, struct kvm_run *run);

#endif /* TESTVMM_PIO_H */
