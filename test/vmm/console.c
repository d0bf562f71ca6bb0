// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's console. A line goes out with one write() and the VM's name
 * before it, so that the lines of several VMs may share a terminal.
 */
#include <stdio.h>
#include <unistd.h>

#include "console.h"
#include "vm.h"

#define LINE_MAX_LEN 1024

/* One VM a process. */
static char line[LINE_MAX_LEN];
static size_t line_len;

static void console_write_line(struct vm *vm)
{
	char out[LINE_MAX_LEN + 128];
	int len;

	len = snprintf(out, sizeof(out), "[%.100s] %.*s\n", vm->name,
		       (int)line_len, line);
	line_len = 0;
	/* A test that closed our stdout does not want it. */
	if (write(STDOUT_FILENO, out, len) < 0)
		return;
}

void console_send(void *ctx, uint8_t byte)
{
	if (byte == '\r' || !byte)
		return;
	if (byte != '\n')
		line[line_len++] = byte;
	if (byte == '\n' || line_len == LINE_MAX_LEN)
		console_write_line(ctx);
}

void console_flush(struct vm *vm)
{
	if (line_len)
		console_write_line(vm);
}
