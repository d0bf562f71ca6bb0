// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of bytes that grows as needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BUF_MIN 256

void buf_append(struct buf *buf, const void *data, size_t len)
{
	size_t used = buf_len(buf);

	if (buf->size - buf->tail < len && buf->head) {
		memmove(buf->data, buf_bytes(buf), used);
		buf->head = 0;
		buf->tail = used;
	}
	if (buf->size - buf->tail < len) {
		size_t size = buf->size ? buf->size : BUF_MIN;

		while (size < used + len)
			size *= 2;
		buf->data = realloc(buf->data, size);
		if (!buf->data) {
			fputs("out of memory\n", stderr);
			abort();
		}
		buf->size = size;
	}
	memcpy(buf->data + buf->tail, data, len);
	buf->tail += len;
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}
