// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550A as the Linux 8250 driver knows it.
 */
#include <linux/serial_reg.h>

#include "uart.h"
#include "vm.h"

/* Modem lines: the other end is always there and ready. */
#define MSR_CONNECTED (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

static bool uart_rx_ready(struct uart *uart)
{
	return !buf_empty(&uart->rx) &&
	       (uart->mcr & (UART_MCR_RTS | UART_MCR_LOOP)) == UART_MCR_RTS;
}

static uint8_t uart_iir(struct uart *uart)
{
	if ((uart->ier & UART_IER_RDI) && uart_rx_ready(uart))
		return UART_IIR_RDI;
	if ((uart->ier & UART_IER_THRI) && uart->thre)
		return UART_IIR_THRI;
	return UART_IIR_NO_INT;
}

/* The line is edge triggered: tell KVM about every change. */
static void uart_update_irq(struct uart *uart)
{
	bool level = uart_iir(uart) != UART_IIR_NO_INT &&
		     (uart->mcr & UART_MCR_OUT2) != 0;

	if (level == uart->irq_level)
		return;
	uart->irq_level = level;
	vm_irq(uart->vm, uart->irq, level);
}

static uint8_t uart_msr(struct uart *uart)
{
	uint8_t mcr = uart->mcr;
	uint8_t msr = 0;

	if (!(mcr & UART_MCR_LOOP))
		return MSR_CONNECTED;
	if (mcr & UART_MCR_DTR)
		msr |= UART_MSR_DSR;
	if (mcr & UART_MCR_RTS)
		msr |= UART_MSR_CTS;
	if (mcr & UART_MCR_OUT1)
		msr |= UART_MSR_RI;
	if (mcr & UART_MCR_OUT2)
		msr |= UART_MSR_DCD;
	return msr;
}

void uart_init(struct uart *uart, struct vm *vm, unsigned int irq,
	       void (*send)(void *ctx, uint8_t byte), void *ctx)
{
	*uart = (struct uart){
		.vm = vm,
		.irq = irq,
		.send = send,
		.ctx = ctx,
		.thre = true,
	};
	pthread_mutex_init(&uart->lock, NULL);
}

uint8_t uart_read(struct uart *uart, unsigned int reg)
{
	bool dlab;
	uint8_t val = 0;

	pthread_mutex_lock(&uart->lock);
	dlab = uart->lcr & UART_LCR_DLAB;
	switch (reg) {
	case UART_RX:
		if (dlab)
			val = uart->dll;
		else if (uart_rx_ready(uart))
			val = buf_pop(&uart->rx);
		break;
	case UART_IER:
		val = dlab ? uart->dlm : uart->ier;
		break;
	case UART_IIR:
		val = uart_iir(uart);
		if (val == UART_IIR_THRI)
			uart->thre = false;
		if (uart->fcr & UART_FCR_ENABLE_FIFO)
			val |= 0xc0;
		break;
	case UART_LCR:
		val = uart->lcr;
		break;
	case UART_MCR:
		val = uart->mcr;
		break;
	case UART_LSR:
		val = UART_LSR_THRE | UART_LSR_TEMT;
		if (uart_rx_ready(uart))
			val |= UART_LSR_DR;
		break;
	case UART_MSR:
		val = uart_msr(uart);
		break;
	case UART_SCR:
		val = uart->scr;
		break;
	}
	uart_update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
	return val;
}

void uart_write(struct uart *uart, unsigned int reg, uint8_t val)
{
	bool dlab;

	pthread_mutex_lock(&uart->lock);
	dlab = uart->lcr & UART_LCR_DLAB;
	switch (reg) {
	case UART_TX:
		if (dlab) {
			uart->dll = val;
			break;
		}
		/* Sent at once: the line drops and rises again. */
		uart->thre = false;
		uart_update_irq(uart);
		if (!(uart->mcr & UART_MCR_LOOP))
			uart->send(uart->ctx, val);
		uart->thre = true;
		break;
	case UART_IER:
		if (dlab) {
			uart->dlm = val;
			break;
		}
		if ((val & ~uart->ier) & UART_IER_THRI)
			uart->thre = true;
		uart->ier = val & 0x0f;
		break;
	case UART_FCR:
		/* Without RTS the queue has not entered the FIFO yet. */
		if ((val & UART_FCR_CLEAR_RCVR) && uart_rx_ready(uart))
			buf_clear(&uart->rx);
		uart->fcr = val;
		break;
	case UART_LCR:
		uart->lcr = val;
		break;
	case UART_MCR:
		uart->mcr = val & 0x1f;
		break;
	case UART_SCR:
		uart->scr = val;
		break;
	}
	uart_update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
}

void uart_receive(struct uart *uart, const void *data, size_t len)
{
	pthread_mutex_lock(&uart->lock);
	buf_append(&uart->rx, data, len);
	uart_update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
}
