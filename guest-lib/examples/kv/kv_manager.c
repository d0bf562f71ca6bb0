// SPDX-License-Identifier: MIT
/*
 * A manager: exports a sub image with a shared region until it is told to
 * stop.  Nothing in it is about key-value stores, so it serves the other
 * examples as well.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/guest.h>
#include <elisa/manager.h>

#include "kv.h"

#define MIB ((size_t)1 << 20)

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: kv_manager [-n NAME] [-s MIB] IMAGE\n"
		"Export the sub image IMAGE until SIGTERM or SIGINT; print READY when done.\n"
		"  -n NAME  name of the export (default: " KV_EXPORT ")\n"
		"  -s MIB   size of the shared region (default: 16; 0: none)\n");
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "kv_manager: %s: %s\n", what, strerror(-err));
	return 1;
}

static int serve(const char *name, const char *path, size_t size)
{
	char why[ELISA_IMAGE_ERR_SIZE];
	struct elisa_buffer data = { 0 };
	struct elisa_image *image;
	struct elisa_export *exp;
	sigset_t stop;
	int err, sig;

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
	err = elisa_export_create(&exp, name, image, data.addr, data.size);
	elisa_image_free(image);
	if (err) {
		elisa_buffer_free(&data);
		return fail(name, err);
	}

	printf("READY %s\n", name);
	fflush(stdout);
	sigwait(&stop, &sig);

	err = elisa_export_destroy(exp);
	elisa_buffer_free(&data);
	return err ? fail("destroying the export", err) : 0;
}

int main(int argc, char **argv)
{
	const char *name = KV_EXPORT;
	unsigned long mib = 16;
	char *end;
	int c;

	while ((c = getopt(argc, argv, "n:s:h")) != -1) {
		switch (c) {
		case 'n':
			name = optarg;
			break;
		case 's':
			mib = strtoul(optarg, &end, 10);
			if (*end || end == optarg || mib > 256)
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
	return serve(name, argv[optind], mib * MIB);
}
