// SPDX-License-Identifier: GPL-2.0-only
/* Calls: made, in the background, suspended, resumed, aborted. */
#include <errno.h>

#include "ops.h"

/* Rounds of a call: a few microseconds; long enough to be suspended; */
#define ROUNDS_SHORT 50
#define ROUNDS_LONG  60000
/* of each of the calls in the background, which take a second or so. */
#define ROUNDS_LOOP 1500

#define XCELL 5

/* A call that ended with @ret; @value is right? */
static void judge_call(const struct draws *d, const struct att *att,
		       int64_t ret, int64_t want, bool value, uint64_t got)
{
	if (!att->live)
		want = -ENOLINK;
	if (ret == -EBUSY && d->v == VM_LOW && att->live) {
		result("busy");
		return;
	}
	if (ret != want)
		wrong("call: %lld, expected %lld", (long long)ret,
		      (long long)want);
	else if (!ret && !value)
		wrong("call: value %llx", (unsigned long long)got);
	result(!ret ? "good" : ret == -EFAULT ? "fault" : "no link");
}

static void call(const struct draws *d, unsigned int flags)
{
	struct vm *vm = &vms[d->v];
	struct att *att = &vm->att[d->a];
	struct export *e = &exports[att->export];
	unsigned int entry = d->y % SOAK_ENTRIES,
		     own = 4 * d->v + d->y / 16 % 4;
	struct cell *cell = &e->cell[own];
	uint64_t value = d->x, seed = d->x | 1, rounds = ROUNDS_SHORT;
	int64_t ret, want = 0;
	struct soak_box *box = request(d->v, d->cpu, SOAK_CALL);

	if (flags)
		rounds = ROUNDS_LONG;
	box->arg[0] = d->a;
	box->arg[1] = entry;
	box->arg[5] = flags;
	switch (entry) {
	case SOAK_PUT:
	case SOAK_XPUT:
		box->arg[2] = entry == SOAK_PUT ? own : XCELL;
		box->arg[3] = value;
		break;
	case SOAK_GET:
		box->arg[2] = own;
		break;
	case SOAK_MIX:
		box->arg[2] = seed;
		box->arg[3] = rounds;
		break;
	case SOAK_ADD:
		/* Without rounds: a0..a2 are all that a request has room for. */
		box->arg[2] = SOAK_SUM + d->v;
		box->arg[3] = d->z % 1000;
		box->arg[4] = seed;
		break;
	case SOAK_WORK:
		box->arg[2] = d->v;
		box->arg[3] = seed;
		box->arg[4] = rounds;
		break;
	case SOAK_FAULT:
		box->arg[2] = d->z % SOAK_FAULTS;
		want = -EFAULT;
		break;
	}
	if (!may_write(d->v) &&
	    (entry == SOAK_PUT || entry == SOAK_ADD || entry == SOAK_WORK))
		want = -EFAULT;
	if (entry == SOAK_XPUT && !att->xbuf_pages)
		want = -EFAULT;
	ret = ask(d->v, d->cpu);
	switch (entry) {
	case SOAK_PUT:
	case SOAK_GET:
		judge_call(d, att, ret, want, box->value[0] == cell->lo,
			   box->value[0]);
		break;
	case SOAK_XPUT:
		judge_call(d, att, ret, want, box->value[0] == att->xcell,
			   box->value[0]);
		break;
	case SOAK_ADD:
		judge_call(d, att, ret, want, box->value[0] == seed,
			   box->value[0]);
		break;
	default:
		judge_call(d, att, ret, want,
			   box->value[0] == soak_mix(seed, rounds),
			   box->value[0]);
		break;
	}
	if (ret)
		return;
	if (entry == SOAK_PUT) {
		*cell = (struct cell){ value, value };
	} else if (entry == SOAK_XPUT) {
		att->xcell = value;
	} else if (entry == SOAK_ADD) {
		cell_add(&e->cell[SOAK_SUM + d->v], d->z % 1000, d->z % 1000);
	} else if (entry == SOAK_WORK) {
		cell_add(&e->cell[SOAK_BEGUN + d->v], 1, 1);
		cell_add(&e->cell[SOAK_DONE + d->v], 1, 1);
	}
}

/* Of a VM that is not enrolled: an ordinary #UD, as without ELISA. */
static void stale_call(const struct draws *d)
{
	struct soak_box *box = request(d->v, d->cpu, SOAK_JUNK);
	int64_t ret;

	box->arg[0] = d->x | 1;
	ret = ask(d->v, d->cpu);
	if (ret >= 0)
		wrong("a hypercall of a VM that is not enrolled: %lld",
		      (long long)ret);
	result("not enrolled");
}

void do_call(const struct draws *d)
{
	if (vms[d->v].alive && !vms[d->v].enrolled && d->z & 1)
		stale_call(d);
	else if (has_att(d))
		call(d, 0);
}

void do_call_storm(const struct draws *d)
{
	if (has_att(d))
		call(d, SOAK_STORM);
}

void do_loop(const struct draws *d)
{
	struct vm *vm = &vms[d->v];
	const struct att *att = &vm->att[d->a];
	struct soak_box *box;
	struct background *bg;

	if (!has_att(d))
		return;
	box = request(d->v, d->cpu, SOAK_LOOP);
	bg = &vm->bg[d->cpu];
	*bg = (struct background){
		.running = true,
		.att = d->a,
		.export = att->export,
		.born = exports[att->export].born,
		.calls = 300 + d->x % 2000,
		.adds = may_write(d->v) && d->y & 1,
		.want = att->live ? 0 : -ENOLINK,
	};
	box->arg[0] = d->a;
	box->arg[1] = bg->calls;
	box->arg[2] = bg->adds ? SOAK_SUM + d->v : ~0ULL;
	box->arg[3] = ROUNDS_LOOP;
	box->arg[4] = d->z | 1;
	box->arg[5] = d->y >> 1 & (SOAK_STORM | SOAK_POKER);
	if (sum_of(d->v, bg))
		cell_add(sum_of(d->v, bg), 0, bg->calls);
	post(d->v, d->cpu);
	result("begun");
}

static void suspend(const struct draws *d)
{
	struct vm *vm = &vms[d->v];
	struct att *att = &vm->att[d->a];
	struct handle *h = &vm->handle[d->handle];
	struct export *e = &exports[att->export];
	struct soak_box *box = request(d->v, d->cpu, SOAK_SUSPEND);
	bool suspended;
	int64_t ret;

	becomes("suspend");
	*h = (struct handle){
		.asked = true,
		.att = d->a,
		.want = soak_mix(d->x | 1, ROUNDS_LONG),
	};
	box->arg[0] = d->a;
	box->arg[1] = d->handle;
	box->arg[2] = d->v;
	box->arg[3] = d->x | 1;
	box->arg[4] = ROUNDS_LONG;
	ret = ask(d->v, d->cpu);
	suspended = !ret && box->value[0];
	if (suspended) {
		if (!att->live)
			wrong("a call through a revoked attachment was suspended");
		h->suspended = true;
		h->live = true;
		result("suspended");
	} else {
		judge_call(d, att, ret, may_write(d->v) ? 0 : -EFAULT,
			   box->value[1] == h->want, box->value[1]);
	}
	/* The interrupt may have come before its first or after its last. */
	if (!ret) {
		cell_add(&e->cell[SOAK_BEGUN + d->v], !suspended, 1);
		cell_add(&e->cell[SOAK_DONE + d->v], !suspended, 1);
	}
}

void resume_it(const struct draws *d)
{
	struct vm *vm = &vms[d->v];
	struct handle *h = &vm->handle[d->handle];
	struct export *e = &exports[vm->att[h->att].export];
	struct soak_box *box;
	int64_t ret;

	becomes("resume");
	h->asked = false;
	if (!h->suspended) {
		result("had ended");
		return;
	}
	box = request(d->v, d->cpu, SOAK_RESUME);
	box->arg[1] = d->handle;
	ret = ask(d->v, d->cpu);
	if (!h->live) {
		if (ret != -ENOLINK)
			wrong("RESUME of a call that is over: %lld",
			      (long long)ret);
		result("no link");
		return;
	}
	/* Read-only: it was suspended before it could fault. */
	if (!may_write(d->v) && ret == -EFAULT) {
		result("fault");
		return;
	}
	if (ret || box->value[0] != h->want)
		wrong("RESUME: %lld, value %llx, expected %llx", (long long)ret,
		      (unsigned long long)box->value[0],
		      (unsigned long long)h->want);
	cell_add(&e->cell[SOAK_BEGUN + d->v], 1, 0);
	cell_add(&e->cell[SOAK_DONE + d->v], 1, 0);
	result("good");
}

void abort_it(const struct draws *d)
{
	struct handle *h = &vms[d->v].handle[d->handle];
	struct soak_box *box;

	h->asked = false;
	if (!h->suspended) {
		result("had ended");
		return;
	}
	box = request(d->v, d->cpu, SOAK_ABORT);
	box->arg[1] = d->handle;
	expect_ret(ask(d->v, d->cpu), h->live ? 0 : -ENOLINK, "ABORT");
}

/* There is a request for this handle; if not, this operation was to make it. */
static bool has_handle(const struct draws *d)
{
	if (vms[d->v].alive && vms[d->v].enrolled &&
	    vms[d->v].handle[d->handle].asked)
		return true;
	if (has_att(d))
		suspend(d);
	return false;
}

void do_suspend(const struct draws *d)
{
	if (has_handle(d))
		resume_it(d);
}

void do_resume(const struct draws *d)
{
	if (has_handle(d))
		resume_it(d);
}

void do_abort(const struct draws *d)
{
	if (has_handle(d))
		abort_it(d);
}
