// SPDX-License-Identifier: MIT
/* The sub image of the kv example: the store, behind checked entry points. */
#include <elisa/sub.h>
#include <elisa/sub_batch.h>

#include "kv_store.h"

static bool may_write(void)
{
	return elisa_info()->rights & ELISA_RIGHT_WRITE;
}

ELISA_ENTRY(nop, void)
{
	return 0;
}

ELISA_ENTRY(kv_put, uint64_t key, uint64_t offset, uint64_t len)
{
	const void *value = elisa_xbuf_range(offset, len);

	if (!may_write())
		return -EACCES;
	if (!value)
		return -EINVAL;
	return kv_store_put(elisa_data(), elisa_data_size(), key, value, len);
}

ELISA_ENTRY(kv_get, uint64_t key, uint64_t offset, uint64_t room)
{
	void *value = elisa_xbuf_range(offset, room);

	if (!value)
		return -EINVAL;
	return kv_store_get(elisa_data(), elisa_data_size(), key, value, room);
}

ELISA_ENTRY(kv_put_u64, uint64_t key, uint64_t value)
{
	if (!may_write())
		return -EACCES;
	return kv_store_put_u64(elisa_data(), elisa_data_size(), key, value);
}

ELISA_ENTRY(kv_get_u64, uint64_t key)
{
	return kv_store_get_u64(elisa_data(), elisa_data_size(), key);
}

ELISA_ENTRY(kv_count, void)
{
	return kv_store_count(elisa_data(), elisa_data_size());
}

/* All that is worth it. */
static const uint64_t batched[] = {
	ELISA_BATCHED(kv_put),
	ELISA_BATCHED(kv_get),
	ELISA_BATCHED(kv_put_u64),
	ELISA_BATCHED(kv_get_u64),
};

ELISA_BATCH(batched);
