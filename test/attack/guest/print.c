// SPDX-License-Identifier: GPL-2.0-only
/* Output and checks. */
#include "guest.h"

#define LINE	       400
#define EXPECT_PRINTED 8
#define EXPECT_MAX     500 /* each may have taken until run_limit */

static u32 failed, expectations_failed;

struct out {
	char *to;
	size_t size, used;
};

static void put(struct out *out, char c)
{
	if (out->used + 1 < out->size)
		out->to[out->used] = c;
	out->used++;
}

static void put_number(struct out *out, u64 value, unsigned int base,
		       unsigned int width, char fill, bool minus)
{
	char digits[24];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (minus)
		digits[n++] = '-';
	for (; width > n; width--)
		put(out, fill);
	while (n)
		put(out, digits[--n]);
}

static u64 take(va_list *args, unsigned int longs, bool is_signed)
{
	if (longs)
		return va_arg(*args, u64);
	return is_signed ? (u64)va_arg(*args, int) : va_arg(*args, u32);
}

/* c s d u x p % with l, ll, z and a width */
size_t format(char *to, size_t size, const char *fmt, va_list args)
{
	struct out out = { to, size, 0 };
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		unsigned int longs = 0, width = 0;
		char fill = ' ';
		const char *s;
		s64 value;

		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		fmt++;
		if (*fmt == '0')
			fill = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			longs++;
		switch (*fmt) {
		case 'c':
			put(&out, va_arg(ap, int));
			break;
		case 's':
			for (s = va_arg(ap, const char *); *s; s++)
				put(&out, *s);
			break;
		case 'd':
			value = take(&ap, longs, true);
			put_number(&out, value < 0 ? -(u64)value : (u64)value,
				   10, width, fill, value < 0);
			break;
		case 'u':
			put_number(&out, take(&ap, longs, false), 10, width,
				   fill, false);
			break;
		case 'p':
			longs = 1;
			/* fallthrough */
		case 'x':
			put_number(&out, take(&ap, longs, false), 16, width,
				   fill, false);
			break;
		default:
			put(&out, *fmt);
			break;
		}
	}
	va_end(ap);
	if (size)
		to[out.used < size ? out.used : size - 1] = '\0';
	return out.used;
}

static void write_out(const char *text)
{
	struct svc svc = {
		.op = SVC_PRINT,
		.a = { (u64)text, strlen(text) },
	};

	service(&svc);
}

void print(const char *fmt, ...)
{
	char line[LINE];
	va_list args;

	va_start(args, fmt);
	format(line, sizeof(line), fmt, args);
	va_end(args);
	write_out(line);
}

static bool result(bool good, const char *why, const char *fmt, va_list args)
{
	char line[LINE];

	format(line, sizeof(line), fmt, args);
	if (!good)
		__atomic_add_fetch(&failed, 1, __ATOMIC_SEQ_CST);
	print("%s - %s%s%s\n", good ? "ok" : "not ok", line, good ? "" : ": ",
	      good ? "" : why);
	return good;
}

bool check(bool good, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(good, "failed", fmt, args);
	va_end(args);
	return good;
}

static void explain(char *to, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(to, size, fmt, args);
	va_end(args);
}

bool check_eq(u64 got, u64 expected, const char *fmt, ...)
{
	char why[80];
	va_list args;

	explain(why, sizeof(why), "got 0x%llx, expected 0x%llx", got, expected);
	va_start(args, fmt);
	result(got == expected, why, fmt, args);
	va_end(args);
	return got == expected;
}

bool expect(bool good, const char *fmt, ...)
{
	va_list args;
	u32 n;

	if (good)
		return true;
	n = __atomic_add_fetch(&expectations_failed, 1, __ATOMIC_SEQ_CST);
	if (n == EXPECT_MAX)
		quit();
	if (n > EXPECT_PRINTED)
		return false;
	va_start(args, fmt);
	result(false, "not as expected", fmt, args);
	va_end(args);
	return false;
}

void quit(void)
{
	struct svc svc = { .op = SVC_EXIT };

	if (expectations_failed > EXPECT_PRINTED)
		print("# %u expectations failed, %u are shown\n",
		      expectations_failed, EXPECT_PRINTED);
	svc.a[0] = failed || expectations_failed;
	for (;;)
		service(&svc);
}
