// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzz target without libFuzzer: on the files named, else on inputs
 * that are random and the same in each run.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define RUNS 100000
#define SIZE 128

static u32 next(void)
{
	static u64 state = 0x853c49e6748fea9bULL;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 33;
}

/* Exactly as large as the input, so that ASan sees a read behind it. */
static void run(const u8 *data, size_t size)
{
	u8 *copy = malloc(size ? size : 1);

	if (!copy)
		err(1, "malloc");
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_random(void)
{
	size_t size = next() % SIZE, i;
	u8 data[SIZE];

	for (i = 0; i < size; i++)
		data[i] = next() % 4 ? fuzz_bytes[next() % fuzz_n_bytes] :
				       next();
	run(data, size);
}

static void run_file(const char *path)
{
	static u8 data[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		err(1, "%s", path);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	run(data, size);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc > 1)
		return 0;
	for (i = 0; i < RUNS; i++)
		run_random();
	printf("%d inputs\n", RUNS);
	return 0;
}
