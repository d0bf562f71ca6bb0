/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Memory and strings in a sub image, which has no C library.  Part of
 * <elisa/sub.h>.  All do what functions of these names do elsewhere.
 *
 * They are for memory of the image, of the call and of the shared data.  What
 * somebody else can change meanwhile, the exchange buffer above all, is copied
 * first: a function here may read a byte twice.
 */
#ifndef _ELISA_STRING_H
#define _ELISA_STRING_H

#include <stddef.h>
#include <stdint.h>

#if defined(ELISA_SUB_TEST) || defined(ELISA_SUB_CONTEXT)
#include <string.h>
#else
/*
 * The compiler emits calls to the first four even in freestanding code.  Weak
 * and hidden, so that each object of an image may bring them along.  In
 * assembly or through volatile pointers, because the compiler would turn plain
 * loops into calls of themselves.
 */
#define _ELISA_MEM __attribute__((weak, visibility("hidden"), used))

_ELISA_MEM void *memcpy(void *to, const void *from, size_t n);
_ELISA_MEM void *memset(void *to, int value, size_t n);
_ELISA_MEM void *memmove(void *to, const void *from, size_t n);
_ELISA_MEM int memcmp(const void *a, const void *b, size_t n);
_ELISA_MEM size_t strlen(const char *s);
_ELISA_MEM size_t strnlen(const char *s, size_t max);
_ELISA_MEM int strcmp(const char *a, const char *b);

void *memcpy(void *to, const void *from, size_t n)
{
	size_t words = n / 8, bytes = n % 8;
	void *p = to;

	__asm__ volatile("rep movsq\n\t"
			 "mov %[bytes], %%rcx\n\t"
			 "rep movsb"
			 : "+D"(p), "+S"(from), "+c"(words)
			 : [bytes] "r"(bytes)
			 : "memory");
	return to;
}

void *memset(void *to, int value, size_t n)
{
	void *p = to;

	__asm__ volatile("rep stosb"
			 : "+D"(p), "+c"(n)
			 : "a"(value)
			 : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	const char *s;
	char *p;

	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	s = (const char *)from + n - 1;
	p = (char *)to + n - 1;
	__asm__ volatile("std\n\t"
			 "rep movsb\n\t"
			 "cld"
			 : "+D"(p), "+S"(s), "+c"(n)
			 :
			 : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;

	for (; n; n--, p++, q++) {
		unsigned char x = *p, y = *q;

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *s)
{
	const volatile char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	const volatile char *p = s;

	for (; max && *p; max--)
		p++;
	return (size_t)(p - s);
}

int strcmp(const char *a, const char *b)
{
	const volatile unsigned char *p = (const volatile unsigned char *)a;
	const volatile unsigned char *q = (const volatile unsigned char *)b;
	unsigned char x, y;

	do {
		x = *p++;
		y = *q++;
	} while (x && x == y);
	return (x > y) - (x < y);
}
#endif

#endif /* _ELISA_STRING_H */
