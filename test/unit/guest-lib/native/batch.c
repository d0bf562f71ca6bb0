// SPDX-License-Identifier: MIT
/* An image for the tests of batches. */
#include <elisa/sub.h>
#include <elisa/sub_batch.h>

ELISA_ENTRY(sum6, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	    uint64_t a4, uint64_t a5)
{
	return a0 + 10 * a1 + 100 * a2 + 1000 * a3 + 10000 * a4 + 100000 * a5;
}

ELISA_ENTRY(add, uint64_t value)
{
	return __atomic_add_fetch((uint64_t *)elisa_data(), value,
				  __ATOMIC_RELAXED);
}

/* Overwrites the exchange buffer. */
ELISA_ENTRY(scribble, uint64_t offset, uint64_t value)
{
	uint64_t *word = elisa_xbuf_range(offset, 8);

	elisa_assert(word);
	*word = value;
	return 0;
}

ELISA_ENTRY(has_entry, uint64_t index)
{
	return !!elisa_entry_address(index);
}

ELISA_ENTRY(not_batched, void)
{
	return 1;
}

static const uint64_t batched[] = {
	ELISA_BATCHED(sum6),
	ELISA_BATCHED(add),
	ELISA_BATCHED(scribble),
};

ELISA_BATCH(batched);
