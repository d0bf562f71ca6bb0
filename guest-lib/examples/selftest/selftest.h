/* SPDX-License-Identifier: MIT */
/*
 * Computations that the selftest image does in a sub context and its client
 * repeats outside, to compare.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <stdint.h>

#define SELFTEST_EXPORT "selftest"

/* Where in the shared data heap_cycle has its heap. */
#define SELFTEST_HEAP	   0x10000
#define SELFTEST_HEAP_SIZE 0x10000

static inline uint64_t selftest_sum6(uint64_t a0, uint64_t a1, uint64_t a2,
				     uint64_t a3, uint64_t a4, uint64_t a5)
{
	return a0 + 3 * a1 + 5 * a2 + 7 * a3 + 11 * a4 + 13 * a5;
}

static inline uint64_t selftest_rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

/*
 * @n rounds over ten numbers: with the counter and a temporary that is nearly
 * every general register, so one that is lost or mixed up shows in the result.
 */
static inline uint64_t selftest_spin(uint64_t n)
{
	uint64_t a = n ^ 0x0123456789abcdefULL, b = ~n, c = 3 * n,
		 d = 5 * n + 1;
	uint64_t e = 0x1111, f = 0x2222, g = 0x3333, h = 0x4444, i = 0x5555;
	uint64_t j = 0x6666;

	while (n--) {
		a += b;
		b = selftest_rotl(b, 7) ^ a;
		c += d + 1;
		d = selftest_rotl(d, 11) ^ c;
		e += f + a;
		f = selftest_rotl(f, 13) ^ e;
		g += h + c;
		h = selftest_rotl(h, 17) ^ g;
		i += j + e;
		j = selftest_rotl(j, 19) ^ i;
	}
	return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j;
}

#ifdef __SSE2__
typedef uint32_t selftest_v4 __attribute__((vector_size(16)));

/* Keeps @v in a vector register, so that the loop below lives in them. */
#define SELFTEST_IN_XMM(v) __asm__ volatile("" : "+x"(v))

/* The same idea for vector registers: @n rounds over fourteen of them. */
static inline uint64_t selftest_spin_sse(uint64_t n)
{
	selftest_v4 v[14], s = { 0 };
	unsigned int i;

#pragma GCC unroll 14
	for (i = 0; i < 14; i++) {
		uint32_t k = (uint32_t)n + i;

		selftest_v4 start = { k, 3 * k + 1, 5 * k + 2, ~k };

		v[i] = start;
	}
	while (n--) {
#pragma GCC unroll 14
		for (i = 0; i < 14; i++) {
			v[i] += v[(i + 1) % 14];
			SELFTEST_IN_XMM(v[i]);
		}
#pragma GCC unroll 14
		for (i = 0; i < 14; i++) {
			v[i] ^= v[(i + 5) % 14] << 3;
			SELFTEST_IN_XMM(v[i]);
		}
	}
#pragma GCC unroll 14
	for (i = 0; i < 14; i++)
		s = s * 3 + v[i];
	return ((uint64_t)s[0] << 32 | s[1]) ^ ((uint64_t)s[2] << 32 | s[3]);
}
#endif

/* Checksum of @len bytes (FNV-1a). */
static inline uint64_t selftest_sum(const void *bytes, uint64_t len)
{
	const volatile unsigned char *p = bytes;
	uint64_t sum = 0xcbf29ce484222325ULL;

	for (; len; len--)
		sum = (sum ^ *p++) * 0x100000001b3ULL;
	return sum;
}

/* Byte @i of what entry xfill(offset, len, seed) writes. */
static inline unsigned char selftest_fill_byte(uint64_t i, uint64_t seed)
{
	return (unsigned char)((i + seed) * 167 >> 3);
}

#endif /* SELFTEST_H */
