/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The exchange buffer without double fetches.  Part of <elisa/sub.h>.
 *
 * The caller's other threads can change the buffer between a check and a use.
 * So a struct elisa_xptr, which names a part of it, cannot be dereferenced:
 * what lies there is copied in, each byte read once, then checked and used.
 *
 *	struct request req;
 *	struct elisa_xptr x;
 *
 *	if (elisa_xptr(&x, offset, sizeof(req) + room) ||
 *	    elisa_fetch(&x, 0, &req))
 *		return -EFAULT;
 *	if (req.len > room)
 *		return -EINVAL;
 *	...
 *	return elisa_copy_out(&x, sizeof(req), result, req.len);
 */
#ifndef _ELISA_XPTR_H
#define _ELISA_XPTR_H

#ifndef _ELISA_SUB_H
#error "include <elisa/sub.h>"
#endif

#include <linux/errno.h>

#include <elisa/nospec.h>

/**
 * struct elisa_xptr - a checked part of the exchange buffer
 * @_start: only for the functions below
 * @len: its bytes
 */
struct elisa_xptr {
	volatile unsigned char *_start;
	uint64_t len;
};

/* Eight bytes at any address. */
typedef uint64_t _elisa_word __attribute__((may_alias, aligned(1)));

/* The compiler makes neither more nor fewer accesses than stand here. */
static inline void _elisa_copy_once(volatile unsigned char *to,
				    const volatile unsigned char *from,
				    uint64_t len)
{
	for (; len >= 8; len -= 8, to += 8, from += 8)
		*(volatile _elisa_word *)to =
			*(const volatile _elisa_word *)from;
	for (; len; len--)
		*to++ = *from++;
}

/**
 * elisa_xptr() - check a part of the exchange buffer
 * @x: filled in; after an error it has no bytes
 * @offset: of its first byte
 * @len: its bytes, may be 0
 *
 * Return: 0, or -EFAULT if the buffer does not have that part.
 */
static inline int elisa_xptr(struct elisa_xptr *x, uint64_t offset,
			     uint64_t len)
{
	const uint64_t size = elisa_xbuf_size();

	x->_start = (volatile unsigned char *)elisa_xbuf();
	x->len = 0;
	if (!elisa_range_ok(offset, len, size))
		return -EFAULT;
	if (len) {
		x->_start += elisa_nospec(offset, size);
		x->len = len;
	}
	return 0;
}

/**
 * elisa_copy_in() - take bytes out of the exchange buffer
 * @to: where they go; the call's own memory, or shared data
 * @x: a part of the buffer
 * @at: of the first byte in it
 * @len: how many
 *
 * Return: 0, or -EFAULT if @x does not have them; nothing is copied then.
 */
static inline int elisa_copy_in(void *to, const struct elisa_xptr *x,
				uint64_t at, uint64_t len)
{
	if (!elisa_range_ok(at, len, x->len))
		return -EFAULT;
	if (len)
		_elisa_copy_once((volatile unsigned char *)to,
				 x->_start + elisa_nospec(at, x->len), len);
	return 0;
}

/**
 * elisa_copy_out() - put bytes into the exchange buffer
 * @x: a part of the buffer
 * @at: of the first byte in it
 * @from: what they are; the caller, and its VM, may see all of them
 * @len: how many
 *
 * Return: 0, or -EFAULT if @x does not have them; nothing is copied then.
 */
static inline int elisa_copy_out(const struct elisa_xptr *x, uint64_t at,
				 const void *from, uint64_t len)
{
	if (!elisa_range_ok(at, len, x->len))
		return -EFAULT;
	if (len)
		_elisa_copy_once(x->_start + elisa_nospec(at, x->len),
				 (const volatile unsigned char *)from, len);
	return 0;
}

/** elisa_fetch() - elisa_copy_in() of a whole variable, *@variable */
#define elisa_fetch(x, at, variable) \
	elisa_copy_in(variable, x, at, sizeof(*(variable)))

/** elisa_put() - elisa_copy_out() of a whole variable, *@variable */
#define elisa_put(x, at, variable) \
	elisa_copy_out(x, at, variable, sizeof(*(variable)))

/**
 * elisa_copy_string_in() - take a string out of the exchange buffer
 * @to: filled in, with a zero at its end
 * @room: bytes at @to, at least 1
 * @x: a part of the buffer
 * @at: of the string's first byte in it
 *
 * Return: the length of the string; -EFAULT if @x ends before it does;
 * -E2BIG if there is no room for it.  After an error @to is the empty string.
 */
static inline int64_t elisa_copy_string_in(char *to, uint64_t room,
					   const struct elisa_xptr *x,
					   uint64_t at)
{
	uint64_t n;

	for (n = 0; n < room; n++) {
		int err = elisa_copy_in(&to[n], x, at + n, 1);

		if (!err && to[n])
			continue;
		if (err)
			to[0] = '\0';
		return err ? err : (int64_t)n;
	}
	to[0] = '\0';
	return -E2BIG;
}

#endif /* _ELISA_XPTR_H */
