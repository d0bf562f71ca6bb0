// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzz target without libFuzzer, for a few seconds of each check:
 *
 *	TARGET SECONDS SEED FILE...
 *
 * The files as they are, and then changed at random.  SEED 0: by the clock.  The
 * seed is printed, and replays the run, but for where it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

#define SIZE  65536
#define FILES 512

static struct {
	uint8_t *bytes;
	size_t size;
} corpus[FILES];
static unsigned int n_corpus;
static uint64_t rng;

static uint32_t below(uint32_t n)
{
	/* xorshift64* */
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1d >> 32) % n;
}

/* Exactly as large as the input, so that ASan sees a read behind it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	must(copy);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int load(const char *path)
{
	static uint8_t bytes[SIZE];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file || n_corpus == FILES)
		return 1;
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	corpus[n_corpus].bytes = malloc(size + 1);
	corpus[n_corpus].size = size;
	memcpy(corpus[n_corpus].bytes, bytes, size);
	run(bytes, size);
	n_corpus++;
	return 0;
}

/* Put a piece of some file over, or between, what is there. */
static size_t splice(uint8_t *data, size_t size)
{
	unsigned int from = below(n_corpus);
	size_t at = below(size + 1), n, start, tail;

	if (!corpus[from].size)
		return size;
	start = below(corpus[from].size);
	n = 1 + below(corpus[from].size - start);
	tail = below(2) ? size - at : 0; /* kept behind it */
	if (at + n + tail > SIZE)
		return size;
	memmove(data + at + n, data + at, tail);
	memcpy(data + at, corpus[from].bytes + start, n);
	if (at + n + tail > size || tail)
		size = at + n + tail;
	return size;
}

static size_t mutate(uint8_t *data, size_t size)
{
	size_t at;

	if (!size)
		return splice(data, size);
	at = below(size);
	switch (below(6)) {
	case 0:
		data[at] ^= 1 << below(8);
		return size;
	case 1:
		data[at] = below(256);
		return size;
	case 2:
		return at;
	case 3:
		memmove(data + at, data + at + 1, size - at - 1);
		return size - 1;
	default:
		return splice(data, size);
	}
}

int main(int argc, char **argv)
{
	static uint8_t data[SIZE];
	unsigned long runs = 0;
	unsigned int file, n;
	time_t end;
	int i;

	if (argc < 4)
		return 2;
	rng = strtoull(argv[2], NULL, 0) ?: (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)rng);
	fflush(stdout);
	rng = rng * 0x9e3779b97f4a7c15 + 1;
	for (i = 3; i < argc; i++) {
		if (load(argv[i])) {
			fprintf(stderr, "cannot read %s\n", argv[i]);
			return 2;
		}
	}
	end = time(NULL) + atoi(argv[1]);
	do {
		size_t size;

		file = below(n_corpus);
		size = corpus[file].size;
		memcpy(data, corpus[file].bytes, size);
		for (n = 1 + below(8); n; n--)
			size = mutate(data, size);
		run(data, size);
		runs++;
	} while ((runs & 15) || time(NULL) < end);
	printf("ok - %s: %lu inputs\n", strrchr(argv[0], '/') + 1, runs);
	return 0;
}
