// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch of I/O ports. There are two serial ports, the registers that switch
 * off and reset, and nothing else.
 */
#include <linux/kvm.h>
#include <string.h>

#include "pio.h"
#include "vm.h"

#define PM1_CNT_SCI_EN (1u << 0) /* ACPI mode, always */
#define PM1_CNT_SLP_EN (1u << 13)

static struct uart *pio_uart(struct vm *vm, uint16_t port)
{
	if (port >= PIO_COM1 && port < PIO_COM1 + UART_PORTS)
		return &vm->com1;
	if (port >= PIO_COM2 && port < PIO_COM2 + UART_PORTS)
		return &vm->com2;
	return NULL;
}

static void pio_out(struct vm *vm, uint16_t port, uint32_t val)
{
	struct uart *uart = pio_uart(vm, port);

	if (uart) {
		uart_write(uart, port % UART_PORTS, val);
		return;
	}
	switch (port) {
	case PIO_PM1_EN:
		vm->pm1_en = val;
		break;
	case PIO_PM1_CNT:
		if (val & PM1_CNT_SLP_EN)
			vm_stop(vm, VM_END_OK);
		break;
	case PIO_RESET:
		if (val & PIO_RESET_CPU)
			vm_stop(vm, VM_END_OK);
		break;
	}
}

static uint32_t pio_in(struct vm *vm, uint16_t port)
{
	struct uart *uart = pio_uart(vm, port);

	if (uart)
		return uart_read(uart, port % UART_PORTS);
	if (port == PIO_PM1_CNT)
		return PM1_CNT_SCI_EN;
	if (port == PIO_PM1_EN)
		return vm->pm1_en;
	if (port >= PIO_PM1_EVT && port < PIO_PM1_EVT + PIO_PM1_EVT_LEN)
		return 0;
	if (port == PIO_RESET)
		return 0;
	return 0xffffffff;
}

void pio_exit(struct vm *vm, struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i, val;

	for (i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			val = 0;
			memcpy(&val, data, run->io.size);
			pio_out(vm, run->io.port, val);
		} else {
			val = pio_in(vm, run->io.port);
			memcpy(data, &val, run->io.size);
		}
	}
}
