// SPDX-License-Identifier: GPL-2.0-only
/*
 * revoke_time: how long does the host's revocation take while vCPUs do not
 * leave the exported code?
 *
 *	revoke_time FILE VCPUS ROUNDS
 *
 * FILE is what the attacker's VMs share, see attack_lifecycle.c.  Each round:
 * wait until all of them are in sub, EXPORT_DEL, and see that the counter which
 * they all increase stands still from then on.
 *
 * Prints ticks from request to answer: the least, median, 90th percentile, most;
 * and for how long this thread waited for a CPU in the one that took most.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include <elisa/netlink.h>

#include "genl.h"

#define PAGE	     4096
#define SHARED_PAGES 3

struct scene {
	volatile uint64_t round, revoked, wrong, detached, looked;
};

struct sub_shared {
	volatile uint64_t calls, go, spins, entered;
};

static uint32_t export_id(void)
{
	unsigned int id = 0;
	FILE *list =
		popen("elisactl export list | awk '$2 == \"spin\" { print $1 }'",
		      "r");

	if (!list || fscanf(list, "%u", &id) != 1)
		errx(1, "no export");
	pclose(list);
	return id;
}

struct sample {
	uint64_t ticks;
	uint64_t delay; /* ns on a run queue */
};

static int compare(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return x->ticks < y->ticks ? -1 : x->ticks > y->ticks;
}

/* What the thread has waited for a CPU so far, in ns. */
static uint64_t run_delay(void)
{
	unsigned long long ran, delay;
	FILE *file = fopen("/proc/self/schedstat", "r");

	if (!file || fscanf(file, "%llu %llu", &ran, &delay) != 2)
		err(1, "/proc/self/schedstat");
	fclose(file);
	return delay;
}

static void wait_for(const volatile uint64_t *counter, uint64_t value,
		     const char *what)
{
	unsigned int i;

	for (i = 0; i < 60000 && *counter < value; i++)
		usleep(2000);
	if (*counter != value)
		errx(1, "%s: %llu, not %llu", what,
		     (unsigned long long)*counter, (unsigned long long)value);
}

int main(int argc, char **argv)
{
	unsigned int vcpus, rounds, i, bad = 0;
	static struct genl_answer answer;
	static struct genl_msg msg;
	struct genl_family family;
	struct sub_shared *shared;
	struct scene *scene;
	struct sample *took;
	int fd, sock;

	if (argc != 4)
		return 2;
	vcpus = atoi(argv[2]);
	rounds = atoi(argv[3]);
	took = calloc(rounds, sizeof(*took));
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || !took)
		err(1, "%s", argv[1]);
	scene = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (scene == MAP_FAILED)
		err(1, "%s", argv[1]);
	shared = (void *)((char *)scene + PAGE);
	sock = genl_open();
	if (sock < 0 || genl_resolve(sock, &family))
		err(1, "elisa");

	srand(vcpus);
	for (i = 0; i < rounds; i++) {
		uint64_t begin, delay, spins;
		uint32_t id;

		wait_for(&scene->round, i + 1, "round");
		wait_for(&shared->entered, vcpus, "calls");
		id = export_id();
		usleep(rand() % 10000);
		genl_begin(&msg, family.id, NLM_F_REQUEST | NLM_F_ACK,
			   ELISA_CMD_EXPORT_DEL);
		genl_put_u32(&msg, ELISA_A_EXPORT_ID, id);
		genl_end(&msg);
		delay = run_delay();
		begin = __rdtsc();
		if (genl_send(sock, &msg, &answer) || answer.errnum)
			errx(1, "EXPORT_DEL: %d %s", answer.errnum,
			     answer.text);
		took[i].ticks = __rdtsc() - begin;
		took[i].delay = run_delay() - delay;
		spins = shared->spins;
		usleep(20000);
		if (shared->spins != spins) {
			printf("not ok - round %u: a vCPU is in sub after the revocation\n",
			       i);
			bad++;
		}
		wait_for(&scene->revoked, (uint64_t)vcpus * (i + 1),
			 "calls that ended");
		scene->looked = i + 1;
	}
	if (scene->wrong) {
		printf("not ok - %llu calls ended with another error\n",
		       (unsigned long long)scene->wrong);
		bad++;
	}
	qsort(took, rounds, sizeof(*took), compare);
	printf("%u vCPUs, %u revocations, ticks: least %llu median %llu p90 %llu most %llu (%llu us waiting for a CPU)\n",
	       vcpus, rounds, (unsigned long long)took[0].ticks,
	       (unsigned long long)took[rounds / 2].ticks,
	       (unsigned long long)took[rounds * 9 / 10].ticks,
	       (unsigned long long)took[rounds - 1].ticks,
	       (unsigned long long)took[rounds - 1].delay / 1000);
	return !!bad;
}
