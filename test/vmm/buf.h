/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of bytes that grows as needed.
 */
#ifndef TESTVMM_BUF_H
#define TESTVMM_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct buf {
	uint8_t *data;
	size_t head; /* first byte in use */
	size_t tail; /* first byte free */
	size_t size;
};

static inline size_t buf_len(const struct buf *buf)
{
	return buf->tail - buf->head;
}

static inline bool buf_empty(const struct buf *buf)
{
	return buf->tail == buf->head;
}

static inline uint8_t *buf_bytes(struct buf *buf)
{
	return buf->data + buf->head;
}

/* Drop @len bytes at the front; there must be as many. */
static inline void buf_consume(struct buf *buf, size_t len)
{
	buf->head += len;
	if (buf->head == buf->tail) {
		buf->head = 0;
		buf->tail = 0;
	}
}

static inline uint8_t buf_pop(struct buf *buf)
{
	uint8_t byte = *buf_bytes(buf);

	buf_consume(buf, 1);
	return byte;
}

static inline void buf_clear(struct buf *buf)
{
	buf_consume(buf, buf_len(buf));
}

/* Out of memory ends the program: a test must not lose bytes unnoticed. */
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_free(struct buf *buf);

#endif /* TESTVMM_BUF_H */
