// SPDX-License-Identifier: MIT
/*
 * The manager of the switch: exports its image with a shared region, and keeps its
 * clock, until it is told to stop.
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

#include "vs.h"

#define MIB ((size_t)1 << 20)

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: vs_manager [OPTION]... IMAGE\n"
		"Export the switch IMAGE until SIGTERM or SIGINT; print READY when done.\n"
		"  -n NAME     name of the export (default: " VS_EXPORT ")\n"
		"  -s MIB      size of the shared region (default: 4): its rings\n"
		"  -a SECONDS  until an address is forgotten (default: 300; 0: never)\n"
		"  -l SECONDS  until a port that makes no call is freed (default: 10;\n"
		"              0: never)\n"
		"  -p PORTS    that each VM may have (default: 4; 0: all %u)\n"
		"  -m COUNT    addresses that can be behind a port (default: %u)\n",
		VS_PORTS, VS_PORT_MACS);
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "vs_manager: %s: %s\n", what, strerror(-err));
	return 1;
}

/* Until a signal of @stop.  The clock begins with 2, see struct vs_setup. */
static void serve(const sigset_t *stop, struct vs_setup *setup)
{
	const struct timespec second = { .tv_sec = 1 };
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		__atomic_store_n(&setup->clock,
				 (uint64_t)(now.tv_sec - start.tv_sec) + 2,
				 __ATOMIC_RELAXED);
	} while (sigtimedwait(stop, NULL, &second) < 0);
}

static int export(const char *name, const char *path, size_t size,
		  const struct vs_setup *limits)
{
	char why[ELISA_IMAGE_ERR_SIZE];
	struct elisa_buffer data = { 0 };
	struct elisa_image *image;
	struct elisa_export *exp;
	struct vs_setup *setup;
	sigset_t stop;
	int err;

	/* Before READY, so that a signal after it finds us prepared. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	err = elisa_image_load(&image, path, why, sizeof(why));
	if (err) {
		fprintf(stderr, "vs_manager: %s: %s\n", path, why);
		return 1;
	}
	err = elisa_buffer_alloc(&data, size);
	if (err) {
		elisa_image_free(image);
		return fail("shared region (enough vm.nr_hugepages?)", err);
	}
	setup = data.addr;
	*setup = *limits;
	setup->clock = 2;
	if (getrandom(&setup->seed, sizeof(setup->seed), GRND_NONBLOCK) < 0)
		perror("vs_manager: getrandom");
	err = elisa_export_create(&exp, name, image, data.addr, data.size);
	elisa_image_free(image);
	if (err) {
		elisa_buffer_free(&data);
		return fail(name, err);
	}

	printf("READY %s\n", name);
	fflush(stdout);
	serve(&stop, setup);

	err = elisa_export_destroy(exp);
	elisa_buffer_free(&data);
	return err ? fail("destroying the export", err) : 0;
}

static bool number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 10);
	return !*end && end != text && *value <= max;
}

int main(int argc, char **argv)
{
	struct vs_setup setup = { .age = 300, .lease = 10, .vm_ports = 4 };
	const char *name = VS_EXPORT;
	uint64_t mib = 4;
	bool ok = true;
	int c;

	while ((c = getopt(argc, argv, "n:s:a:l:p:m:h")) != -1) {
		switch (c) {
		case 'n':
			name = optarg;
			break;
		case 's':
			ok = ok && number(optarg, 256, &mib) && mib;
			break;
		case 'a':
			ok = ok && number(optarg, VS_AGE_MAX, &setup.age);
			break;
		case 'l':
			ok = ok && number(optarg, UINT32_MAX, &setup.lease);
			break;
		case 'p':
			ok = ok && number(optarg, VS_PORTS, &setup.vm_ports);
			break;
		case 'm':
			ok = ok && number(optarg, 2048, &setup.port_macs);
			break;
		case 'h':
			return usage(stdout);
		default:
			ok = false;
		}
	}
	if (!ok || optind + 1 != argc)
		return usage(stderr);
	return export(name, argv[optind], mib * MIB, &setup);
}
