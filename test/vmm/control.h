/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control channel: COM2 as a unix stream socket with any number of clients.
 *
 * What the guest sends goes to all clients, a line at a time. What clients send
 * goes to the guest, a line at a time, so that lines of two clients do not mix.
 * With no client, what the guest sends is dropped.
 */
#ifndef TESTVMM_CONTROL_H
#define TESTVMM_CONTROL_H

#include <poll.h>
#include <stdint.h>

struct vm;

#define CONTROL_MAX_CLIENTS 32
#define CONTROL_MAX_POLL    (CONTROL_MAX_CLIENTS + 2)

/* Listen at @path, replacing a socket that is there. */
int control_open(struct vm *vm, const char *path);
void control_close(void);

/* For uart_init(); the context is not used. */
void control_send(void *ctx, uint8_t byte);

/* For the main loop: what to poll for, then what came of it. */
unsigned int control_poll_prepare(struct pollfd *fds);
void control_poll_done(struct vm *vm, const struct pollfd *fds, unsigned int n);

#endif /* TESTVMM_CONTROL_H */
