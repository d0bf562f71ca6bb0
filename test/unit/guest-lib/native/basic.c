// SPDX-License-Identifier: MIT
/* An image for the tests of libelisa-sub-test: one thing an entry point. */
#include <elisa/sub.h>

static uint64_t counter = 40;

/* At the start of the shared data. */
struct basic_data {
	struct elisa_mutex mutex;
	uint64_t steps;
};

ELISA_ENTRY(sum6, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	    uint64_t a4, uint64_t a5)
{
	return a0 + 2 * a1 + 4 * a2 + 8 * a3 + 16 * a4 + 32 * a5;
}

ELISA_ENTRY(count, void)
{
	return ++counter;
}

ELISA_ENTRY(caller, void)
{
	return elisa_info()->vm << 32 | elisa_info()->rights;
}

ELISA_ENTRY(sizes, void)
{
	return elisa_data_size() << 32 | elisa_xbuf_size();
}

ELISA_ENTRY(positive, uint64_t n)
{
	elisa_assert((int64_t)n > 0);
	return n;
}

ELISA_ENTRY(data_set, uint64_t offset, uint64_t value)
{
	((uint8_t *)elisa_data())[offset] = (uint8_t)value;
	return 0;
}

ELISA_ENTRY(data_get, uint64_t offset)
{
	return ((uint8_t *)elisa_data())[offset];
}

ELISA_ENTRY(xbuf_get, uint64_t offset)
{
	return ((uint8_t *)elisa_xbuf())[offset];
}

ELISA_ENTRY(lock, void)
{
	struct basic_data *data = elisa_data();

	return (uint64_t)elisa_mutex_lock(&data->mutex);
}

/* Three steps under the lock; what an owner that died has done is undone. */
ELISA_ENTRY(steps, void)
{
	struct basic_data *data = elisa_data();
	int err = elisa_mutex_lock(&data->mutex);
	unsigned int i;
	uint64_t found;

	if (err == -EOWNERDEAD)
		elisa_mutex_consistent(&data->mutex);
	else if (err)
		return (uint64_t)err;
	elisa_test_point();
	found = data->steps;
	data->steps = 0;
	for (i = 0; i < 3; i++) {
		data->steps++;
		elisa_test_point();
	}
	data->steps = 0;
	elisa_mutex_unlock(&data->mutex);
	return found;
}
