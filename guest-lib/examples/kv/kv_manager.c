// SPDX-License-Identifier: MIT
/*
 * A manager: exports a sub image with a shared region until it is told to
 * stop.  If the image is the store's, it also writes what struct kv_setup has;
 * otherwise nothing, so it serves the other examples as well.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <elisa/guest.h>
#include <elisa/manager.h>

#include "kv.h"

#define MIB ((size_t)1 << 20)

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: kv_manager [-n NAME] [-s MIB] [-q KIB] IMAGE\n"
		"Export the sub image IMAGE until SIGTERM or SIGINT; print READY when done.\n"
		"  -n NAME  name of the export (default: " KV_EXPORT ")\n"
		"  -s MIB   size of the shared region (default: 16; 0: none)\n"
		"  -q KIB   what each VM may have in a store (default: all of it)\n");
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "kv_manager: %s: %s\n", what, strerror(-err));
	return 1;
}

/* Is it the image of the store? */
static bool is_store(const struct elisa_image *image)
{
	unsigned int i;

	for (i = 0; i < elisa_image_entries(image); i++)
		if (!strcmp(elisa_image_entry_name(image, i), "kv_mget"))
			return true;
	return false;
}

/* The clock begins with 2, see struct kv_setup. */
static void tick(struct kv_setup *setup, time_t start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	__atomic_store_n(&setup->clock, (uint64_t)(now.tv_sec - start) + 2,
			 __ATOMIC_RELAXED);
}

/* Until a signal of @stop; with @setup, keeps the store's clock. */
static void wait_for(const sigset_t *stop, struct kv_setup *setup)
{
	const struct timespec second = { .tv_sec = 1 };
	struct timespec start;
	int sig;

	if (!setup) {
		sigwait(stop, &sig);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		tick(setup, start.tv_sec);
	while (sigtimedwait(stop, NULL, &second) < 0);
}

static int serve(const char *name, const char *path, size_t size,
		 uint64_t quota)
{
	char why[ELISA_IMAGE_ERR_SIZE];
	struct elisa_buffer data = { 0 };
	struct kv_setup *setup = NULL;
	struct elisa_image *image;
	struct elisa_export *exp;
	sigset_t stop;
	int err;

	/* Before READY, so that a signal after it finds us prepared. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	err = elisa_image_load(&image, path, why, sizeof(why));
	if (err) {
		fprintf(stderr, "kv_manager: %s: %s\n", path, why);
		return 1;
	}
	if (size) {
		err = elisa_buffer_alloc(&data, size);
		if (err) {
			elisa_image_free(image);
			return fail("shared region (enough vm.nr_hugepages?)",
				    err);
		}
	}
	if (size && is_store(image)) {
		setup = data.addr;
		if (getrandom(setup->seed, sizeof(setup->seed), GRND_NONBLOCK) <
		    0)
			perror("kv_manager: getrandom");
		setup->quota = quota;
		setup->clock = 2;
	}
	err = elisa_export_create(&exp, name, image, data.addr, data.size);
	elisa_image_free(image);
	if (err) {
		elisa_buffer_free(&data);
		return fail(name, err);
	}

	printf("READY %s\n", name);
	fflush(stdout);
	wait_for(&stop, setup);

	err = elisa_export_destroy(exp);
	elisa_buffer_free(&data);
	return err ? fail("destroying the export", err) : 0;
}

int main(int argc, char **argv)
{
	const char *name = KV_EXPORT;
	unsigned long mib = 16, quota = 0;
	char *end;
	int c;

	while ((c = getopt(argc, argv, "n:s:q:h")) != -1) {
		switch (c) {
		case 'n':
			name = optarg;
			break;
		case 's':
			mib = strtoul(optarg, &end, 10);
			if (*end || end == optarg || mib > 256)
				return usage(stderr);
			break;
		case 'q':
			quota = strtoul(optarg, &end, 10);
			if (*end || end == optarg || quota > 256 * 1024)
				return usage(stderr);
			break;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind + 1 != argc)
		return usage(stderr);
	return serve(name, argv[optind], mib * MIB, quota << 10);
}
