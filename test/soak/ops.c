// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations: which there are, one drawn, how often they ended how.  Each
 * draws the same numbers whatever the world is like, and one that finds something
 * missing becomes what makes it: a call of a VM that does not exist its start,
 * and so on.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ops.h"

struct op {
	const char *name;
	unsigned int weight;
	void (*run)(const struct draws *d);
	unsigned long done;
	uint64_t ms; /* of emulated time */
	struct {
		const char *what;
		unsigned long n;
	} result[8];
};

static struct op *current;
static uint64_t current_began;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static struct op ops[] = {
	{ .name = "start", .weight = 3, .run = do_start },
	/* No operation is one of these at first. */
	{ .name = "enrol", .weight = 0 },
	{ .name = "kill", .weight = 2, .run = do_kill },
	{ .name = "quit", .weight = 1, .run = do_quit },
	{ .name = "unenrol", .weight = 2, .run = do_unenrol },
	{ .name = "export", .weight = 4, .run = do_export },
	{ .name = "unexport", .weight = 2, .run = do_unexport },
	{ .name = "export-all", .weight = 2, .run = do_export_all },
	{ .name = "host-add", .weight = 3, .run = do_host_add },
	{ .name = "revoke", .weight = 3, .run = do_revoke },
	{ .name = "attach", .weight = 8, .run = do_attach },
	{ .name = "detach", .weight = 4, .run = do_detach },
	{ .name = "attach-all", .weight = 2, .run = do_attach_all },
	{ .name = "call", .weight = 14, .run = do_call },
	{ .name = "call-storm", .weight = 8, .run = do_call_storm },
	{ .name = "loop", .weight = 12, .run = do_loop },
	{ .name = "suspend", .weight = 8, .run = do_suspend },
	{ .name = "resume", .weight = 6, .run = do_resume },
	{ .name = "abort", .weight = 3, .run = do_abort },
	{ .name = "memslot", .weight = 4, .run = do_memslot },
	{ .name = "junk", .weight = 2, .run = do_junk },
	{ .name = "figures", .weight = 3, .run = do_figures },
	{ .name = "lists", .weight = 2, .run = do_lists },
	{ .name = "daemon", .weight = 2, .run = do_daemon },
	{ .name = "reload", .weight = 2, .run = do_reload },
	{ .name = "cpu", .weight = 2, .run = do_cpu },
	{ .name = "freeze", .weight = 2, .run = do_freeze },
	{ .name = "memory", .weight = 2, .run = do_memory },
};

#define N_OPS (sizeof(ops) / sizeof(*ops))

static struct op teardown = { .name = "checkpoint" };

/* An operation that found something missing was to make it. */
void becomes(const char *name)
{
	unsigned int i;

	if (current == &teardown || !strcmp(current->name, name))
		return;
	current->done--;
	for (i = 0; i < N_OPS; i++)
		if (!strcmp(ops[i].name, name))
			current = &ops[i];
	current->done++;
}

static void count(struct op *op, const char *what)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (op->result[i].what && strcmp(op->result[i].what, what))
			continue;
		op->result[i].what = what;
		op->result[i].n++;
		return;
	}
}

void result(const char *what)
{
	if (current)
		count(current, what);
}

void loop_result(const char *what)
{
	unsigned int i;

	for (i = 0; i < N_OPS; i++)
		if (ops[i].run == do_loop)
			count(&ops[i], what);
}

void expect_ret(int64_t got, int64_t want, const char *what)
{
	if (got != want)
		wrong("%s: %lld, expected %lld", what, (long long)got,
		      (long long)want);
	result(got ? "refused" : "good");
}

void checkpoint_begins(void)
{
	current = &teardown;
	current->done++;
	current_began = now_ms();
}

void op_ends(void)
{
	current->ms += now_ms() - current_began;
}

void one_op(unsigned int n)
{
	unsigned int total = 0, i;
	uint64_t at;
	struct draws d;

	for (i = 0; i < N_OPS; i++)
		total += ops[i].weight;
	at = draw(total);
	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	d.v = draw(VMS);
	d.cpu = draw(SOAK_CPUS);
	/* Some more often, so that most of what is asked for is there. */
	d.a = draw(2) ? draw(SOAK_ATTS / 2) : draw(SOAK_ATTS);
	d.e = draw(EXPORTS);
	d.handle = draw(SOAK_HANDLES);
	d.cpl = 3 * draw(2);
	d.xbuf_pages = draw(3);
	d.x = draw(0);
	d.y = draw(0);
	d.z = draw(0);
	trace("%u: %s vm=%u cpu=%u att=%u export=%s handle=%u cpl=%u xbuf=%u",
	      n, ops[i].name, d.v, d.cpu, d.a, export_name[d.e], d.handle,
	      d.cpl, d.xbuf_pages);
	current = &ops[i];
	current->done++;
	current_began = now_ms();
	current->run(&d);
	op_ends();
}

static void report_op(const struct op *op)
{
	unsigned int i;

	printf("# %-10s %5lu, %5llu ms each:", op->name, op->done,
	       (unsigned long long)(op->done ? op->ms / op->done : 0));
	for (i = 0; i < 8 && op->result[i].what; i++)
		printf("%s %lu %s", i ? "," : "", op->result[i].n,
		       op->result[i].what);
	printf("\n");
}

void report_ops(void)
{
	unsigned int i;

	for (i = 0; i < N_OPS; i++)
		report_op(&ops[i]);
	report_op(&teardown);
}
