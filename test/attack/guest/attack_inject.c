// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and pin of the module fails in turn, at each hypercall that a
 * guest can make, at its first call, and when it resumes a call on a vCPU that
 * has not used ELISA before (kmod/inject.h).
 *
 * Each time the guest must get the error that stands for it, never a success
 * that is none, and all that is counted must be as before.  What a VM or a vCPU
 * keeps once it has it makes the next try shorter; it begins anew then.
 */
#include "steps.h"

#define PARAMETERS "/sys/module/elisa/parameters/"
#define ENOMEM	   12
#define TRIES_MAX  400

#define XBUF_PAGES  3
#define IMAGE_PAGES 4
#define DATA_PAGES  4
#define DROPPED	    8 /* attachments for the host to end */

/* --- the host's side */

enum figure {
	ATTACHMENTS,
	EXPORTS,
	INSTANCES,
	PINNED,
	ARMED,
	PAGES,
	PINNED_VM,
	REFS,
	FIGURES
};

static const char *const figure_name[FIGURES] = {
	"attachments", "exports", "instances", "pinned pages",
	"armed",       "pages",	  "VmPin",     "module references",
};

struct figures {
	u64 value[FIGURES];
};

static const char *number(const char *p, u64 *value)
{
	while (*p == ' ' || *p == '\t')
		p++;
	for (*value = 0; *p >= '0' && *p <= '9'; p++)
		*value = *value * 10 + *p - '0';
	return p;
}

static char text[4096];

static struct figures figures(void)
{
	struct figures f = {};
	const char *p;
	unsigned int i;

	if (host_read(PARAMETERS "figures", text, sizeof(text)) <= 0)
		check(false, "figures can be read");
	for (p = text, i = 0; i <= PAGES; i++)
		p = number(p, &f.value[i]);
	host_read("/sys/module/elisa/refcnt", text, sizeof(text));
	number(text, &f.value[REFS]);
	host_read("/proc/self/status", text, sizeof(text));
	for (p = text; *p && strncmp(p, "VmPin:", 6); p++)
		;
	if (*p)
		number(p + 6, &f.value[PINNED_VM]);
	return f;
}

static void inject(u64 n)
{
	char digits[24];
	unsigned int i = sizeof(digits);

	digits[--i] = 0;
	do {
		digits[--i] = '0' + n % 10;
		n /= 10;
	} while (n);
	if (host_write(PARAMETERS "inject", digits + i) <= 0)
		check(false, "inject can be written");
}

enum failed { NOTHING, OPERATION, EVENT };

static enum failed injected(u64 *points)
{
	u64 left, failed;

	host_read(PARAMETERS "inject", text, sizeof(text));
	number(number(number(text, &left), points), &failed);
	return failed;
}

/* --- operations */

static struct export e;
static struct att att;
static struct steps_shared *shared;
static u8 *code, *data, *xbuf;
static u64 handle;

BLOB(steps);

static s64 create(void)
{
	u64 word[4];
	struct hc hc;
	s64 err;

	name_pack(word, "injected");
	hc = (struct hc){ word[0], word[1], word[2], word[3], 0, 0 };
	err = hypercall(ELISA_HC_EXPORT_CREATE, &hc);
	e.token = hc.rdi;
	return err;
}

static s64 image(void)
{
	struct hc hc = { e.token, (u64)code, 0, IMAGE_PAGES, ELISA_PROT_X, 0 };

	return hypercall(ELISA_HC_EXPORT_IMAGE, &hc);
}

static s64 data_of(void)
{
	struct hc hc = { e.token, (u64)data, 0, DATA_PAGES, 0, 0 };

	return hypercall(ELISA_HC_EXPORT_DATA, &hc);
}

static s64 entry(void)
{
	u64 word[4];
	struct hc hc;

	name_pack(word, "steps");
	hc = (struct hc){ e.token, word[0], word[1], word[2], word[3], 0 };
	return hypercall(ELISA_HC_EXPORT_ENTRY, &hc);
}

static s64 seal(void)
{
	struct hc hc = { .rdi = e.token };

	return hypercall(ELISA_HC_EXPORT_SEAL, &hc);
}

static s64 destroy(void)
{
	return export_destroy(&e);
}

static void created(void)
{
	expect(!create(), "create");
}

static void with_image(void)
{
	created();
	expect(!image(), "image");
}

static void with_all(void)
{
	with_image();
	expect(!data_of(), "data");
	expect(!entry(), "entry");
}

static void sealed(void)
{
	with_all();
	expect(!seal(), "seal");
}

static void destroyed(s64 err)
{
	(void)err;
	expect(!destroy(), "destroy");
}

/* What was to be undone is gone. */
static void nothing(s64 err)
{
	expect(!err, "gone");
}

static void destroyed_if(s64 err)
{
	if (!err)
		destroyed(err);
}

static s64 attach_it(void)
{
	attach(&att, "inject", 3, xbuf, XBUF_PAGES);
	return att.err;
}

static void attached(void)
{
	expect(!attach_it(), "attach: %lld", att.err);
}

static s64 detach_it(void)
{
	return detach(&att);
}

static void detached_if(s64 err)
{
	if (!err)
		expect(!detach(&att), "detach");
}

static s64 call_it(void)
{
	return elisa_call(&att, STEPS_ENTRY, ARGS(0, 1, 1)).status;
}

static s64 resumed;

static void resume_here(u64 unused)
{
	struct outcome out;

	(void)unused;
	window_at(att.window);
	resume(handle, NULL, 3, &out);
	resumed = 0;
	if (out.how == HOW_REFUSED)
		resumed = out.trap.regs.rax;
	else if (out.how == HOW_AEP)
		handle = out.trap.regs.rdi;
	else
		resumed = -1000 - (s64)out.how;
}

static s64 resume_it(void)
{
	cpu_start(1, resume_here, 0);
	cpu_wait(1);
	return resumed;
}

/**
 * struct operation - see try_all()
 * @prepare: without failures, each time
 * @run: 0 or -errno
 * @error: what it gives when memory is refused
 * @undo: @prepare and @run, whose value it gets
 * @least: allocations that there are at least
 */
struct operation {
	const char *name;
	void (*prepare)(void);
	s64 (*run)(void);
	s64 error;
	void (*undo)(s64 err);
	unsigned int least;
};

/* Pages that a VM or a vCPU keeps are no leak; they show when all has gone. */
static bool same(const struct operation *op, u64 n, const struct figures *a,
		 const struct figures *b)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < FIGURES; i++)
		if (i != ARMED && i != PAGES)
			good &= expect(a->value[i] == b->value[i],
				       "%s, point %llu: %s were %llu, are %llu",
				       op->name, n, figure_name[i], a->value[i],
				       b->value[i]);
	return good;
}

static void try_all(const struct operation *op)
{
	unsigned int tries, wrong = 0, events = 0;
	struct figures before, after;
	enum failed failed;
	u64 n = 1, points;
	s64 err;

	for (tries = 0; tries < TRIES_MAX; tries++) {
		before = figures();
		if (op->prepare)
			op->prepare();
		inject(n);
		err = op->run();
		failed = injected(&points);
		inject(0);
		if (failed == NOTHING)
			break;
		events += failed == EVENT;
		wrong += !expect(err == (failed == EVENT ? 0 : op->error),
				 "%s, point %llu: %lld", op->name, n, err);
		if (op->undo)
			op->undo(err);
		after = figures();
		wrong += !same(op, n, &before, &after);
		n = after.value[PAGES] == before.value[PAGES] ? n + 1 : 1;
	}
	check(!err && !wrong && tries < TRIES_MAX && tries >= op->least,
	      "%s: %u points failed, %u of them events, then %lld", op->name,
	      tries, events, err);
	if (op->undo)
		op->undo(err);
}

static const struct operation export_op[] = {
	{ "EXPORT_CREATE", NULL, create, -ENOMEM, destroyed_if, 3 },
	{ "EXPORT_IMAGE", created, image, -ENOMEM, destroyed, IMAGE_PAGES },
	{ "EXPORT_DATA", created, data_of, -ENOMEM, destroyed, 1 + DATA_PAGES },
	{ "EXPORT_ENTRY", with_image, entry, -ENOMEM, destroyed, 0 },
	{ "EXPORT_SEAL", with_all, seal, -ENOMEM, destroyed, 6 },
	{ "EXPORT_DESTROY", sealed, destroy, -ENOMEM, nothing, 1 },
};

static const struct operation attach_op = { "ATTACH", NULL,	   attach_it,
					    -ENOMEM,  detached_if, 20 };

static const struct operation detach_op = { "DETACH", attached, detach_it,
					    -ENOMEM,  nothing,	1 };

static const struct operation call_op = { "first call", NULL, call_it,
					  -ENOMEM,	NULL, 18 };

static const struct operation resume_op = {
	"RESUME on another vCPU", NULL, resume_it, -EAGAIN, NULL, 9
};

/* For the host to end: with instances that are bound to this vCPU. */
static void attach_dropped(struct att a[DROPPED])
{
	unsigned int i;
	s64 err = 0;

	for (i = 0; i < DROPPED && !err; i++) {
		attach(&a[i], "inject", 3, xbuf, XBUF_PAGES);
		err = a[i].err;
		if (!err)
			err = elisa_call(&a[i], STEPS_ENTRY, ARGS(0, 1, 1))
				      .status;
	}
	check_eq(err, 0, "attachments for the host to end");
}

/* Those that were forgotten are not there; the others are still to be given up. */
static void detach_dropped(const struct att a[DROPPED])
{
	unsigned int i, forgotten = 0, left = 0;

	for (i = 0; i < DROPPED; i++) {
		s64 err = detach(&a[i]);

		forgotten += err == -ENOENT;
		left += !err;
	}
	check(forgotten && left && forgotten + left == DROPPED,
	      "detach: %u are there, %u are not", left, forgotten);
}

static void inject_attack(void)
{
	struct att dropped[DROPPED];
	struct steps_call call = { &att, 1, 400, 2000 };
	struct export own;
	struct outcome out;
	unsigned int i;

	code = pages(IMAGE_PAGES);
	data = pages(DATA_PAGES);
	xbuf = pages(XBUF_PAGES);
	memcpy(code, blob_steps, blob_steps_end - blob_steps);

	meet(1); /* the host tries to enrol */
	if (!check(true, "the host is done") || !arg("run", 1))
		return;
	for (i = 0; i < ARRAY_SIZE(export_op); i++)
		try_all(&export_op[i]);
	shared = steps_export(&own, "inject");
	if (!shared)
		return;
	try_all(&attach_op);
	try_all(&detach_op);
	attached();
	try_all(&call_op);
	handle = steps_suspend(&call, &out);
	check(handle, "a call is suspended");
	try_all(&resume_op);
	steps_finish(handle, 3, &out);
	check(steps_good(shared, &call, &out),
	      "it comes to its end, each step done once");
	attach_dropped(dropped);
	meet(2); /* the host asks for lists, ends some */
	detach_dropped(dropped);
	check_eq(detach(&att), 0, "detach");
	check_eq(export_destroy(&own), 0, "destroy");
	meet(3); /* the host gives it up */
}

ATTACK("inject", inject_attack);
