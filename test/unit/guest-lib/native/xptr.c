// SPDX-License-Identifier: MIT
/* An image for the tests of <elisa/xptr.h>. */
#include <elisa/sub.h>

/* In the shared data, which has nothing else. */
struct bytes {
	unsigned char b[64];
};

/* Copies bytes of a part of the buffer to the start of the shared data. */
ELISA_ENTRY(in, uint64_t offset, uint64_t part, uint64_t at, uint64_t len)
{
	struct elisa_xptr x;

	if (elisa_xptr(&x, offset, part))
		return (uint64_t)-EINVAL;
	return (uint64_t)(int64_t)elisa_copy_in(elisa_data(), &x, at, len);
}

ELISA_ENTRY(out, uint64_t offset, uint64_t part, uint64_t at, uint64_t len)
{
	struct elisa_xptr x;

	if (elisa_xptr(&x, offset, part))
		return (uint64_t)-EINVAL;
	return (uint64_t)(int64_t)elisa_copy_out(&x, at, elisa_data(), len);
}

/* Swaps the words of a pair. */
ELISA_ENTRY(swap, uint64_t offset)
{
	struct {
		uint64_t a, b;
	} pair;
	struct elisa_xptr x;
	uint64_t a;

	if (elisa_xptr(&x, offset, sizeof(pair)) || elisa_fetch(&x, 0, &pair))
		return (uint64_t)-EFAULT;
	a = pair.a;
	pair.a = pair.b;
	pair.b = a;
	return (uint64_t)(int64_t)elisa_put(&x, 0, &pair);
}

ELISA_ENTRY(string, uint64_t offset, uint64_t part, uint64_t at, uint64_t room)
{
	struct elisa_xptr x;

	elisa_xptr(&x, offset, part);
	return (uint64_t)elisa_copy_string_in(elisa_data(), room, &x, at);
}

/* After an error an xptr has no bytes. */
ELISA_ENTRY(useless, uint64_t offset, uint64_t part)
{
	struct elisa_xptr x;
	unsigned char byte;

	return elisa_xptr(&x, offset, part) && elisa_fetch(&x, 0, &byte);
}

ELISA_ENTRY(nospec, uint64_t index, uint64_t size)
{
	return elisa_nospec(index, size);
}
