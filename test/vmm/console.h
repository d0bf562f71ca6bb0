/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's console: COM1, written to stdout in whole lines.
 */
#ifndef TESTVMM_CONSOLE_H
#define TESTVMM_CONSOLE_H

#include <stdint.h>

struct vm;

/* For uart_init(); the context is the VM. */
void console_send(void *vm, uint8_t byte);

/* Write an unfinished line; once the vCPUs have stopped. */
void console_flush(struct vm *vm);

#endif /* TESTVMM_CONSOLE_H */
