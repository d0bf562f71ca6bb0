/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A serial port with interrupts.
 *
 * It transmits at once. What comes in waits in a queue of any length until the
 * guest wants it: as long as the guest does not assert RTS (no driver, port not
 * open, reader too slow with CRTSCTS) nothing enters the port, so nothing is
 * lost.
 */
#ifndef TESTVMM_UART_H
#define TESTVMM_UART_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define UART_PORTS 8

struct vm;

struct uart {
	pthread_mutex_t lock;
	struct vm *vm;
	unsigned int irq;
	/* Called for every byte sent, under @lock. */
	void (*send)(void *ctx, uint8_t byte);
	void *ctx;

	uint8_t ier;
	uint8_t fcr;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t scr;
	uint8_t dll;
	uint8_t dlm;
	bool thre; /* "transmitter empty" not yet reported */
	bool irq_level;
	struct buf rx;
};

void uart_init(struct uart *uart, struct vm *vm, unsigned int irq,
	       void (*send)(void *ctx, uint8_t byte), void *ctx);
uint8_t uart_read(struct uart *uart, unsigned int reg);
void uart_write(struct uart *uart, unsigned int reg, uint8_t val);
void uart_receive(struct uart *uart, const void *data, size_t len);

#endif /* TESTVMM_UART_H */
