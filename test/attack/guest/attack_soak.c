// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest of the soak (test/soak): each vCPU does what the driver on the host
 * asks for.  It knows nothing of what to expect; the driver does.
 */
#include "../../soak/abi.h"
#include "steps.h"

BLOB(soak_put);
BLOB(soak_get);
BLOB(soak_mix);
BLOB(soak_add);
BLOB(soak_work);
BLOB(soak_fault);
BLOB(soak_xput);

#define XBUF_PAGES 2
#define SLOT	   6
#define SLOT_GPA   0x1c0000000ULL
#define SLOT_SIZE  0x10000ULL
#define MANY	   16

static struct export own;
static u8 code[2 * PAGE_SIZE] ALIGNED(PAGE_SIZE);
static u64 data[PAGE_SIZE / 8] ALIGNED(PAGE_SIZE);

static struct slot {
	struct att att;
	u64 entry[SOAK_ENTRIES];
} slots[SOAK_ATTS];

static u64 xbuf[SOAK_ATTS][XBUF_PAGES * PAGE_SIZE / 8] ALIGNED(PAGE_SIZE);

static struct {
	u64 handle, rsp;
	const struct slot *slot;
} handles[SOAK_HANDLES];

static struct poker pokers[SOAK_CPUS];

/* As export_begin(), without memory that is never freed. */
static s64 create(struct export *e, const char *name)
{
	u64 word[4];
	struct hc hc;

	memset(e, 0, sizeof(*e));
	name_pack(word, name);
	hc = (struct hc){ word[0], word[1], word[2], word[3], 0, 0 };
	e->err = hypercall(ELISA_HC_EXPORT_CREATE, &hc);
	e->token = hc.rdi;
	e->code = code;
	return e->err;
}

static void add_code(struct export *e, const char *name, const u8 *from,
		     const u8 *end)
{
	expect(e->used + (end - from) <= sizeof(code), "the code has room");
	export_code(e, name, from, end);
}

#define ADD(e, name) \
	add_code(e, #name, blob_soak_##name, blob_soak_##name##_end)

static s64 do_export(const char *name)
{
	struct export e;

	if (create(&e, name))
		return e.err;
	memset(data, 0, sizeof(data));
	export_data(&e, data, 1);
	ADD(&e, put);
	ADD(&e, get);
	ADD(&e, mix);
	ADD(&e, add);
	ADD(&e, work);
	ADD(&e, fault);
	ADD(&e, xput);
	if (export_seal(&e))
		export_destroy(&e);
	else
		own = e;
	return e.err;
}

static s64 export_all(struct soak_box *box)
{
	static const char *const name[] = { "many.0", "many.1", "many.2" };
	struct export e[ARRAY_SIZE(name)];
	unsigned int n = 0;
	s64 ret = 0, err;

	while (n < ARRAY_SIZE(name)) {
		ret = create(&e[n], name[n]);
		if (ret)
			break;
		n++;
	}
	box->value[0] = n;
	while (n) {
		err = export_destroy(&e[--n]);
		expect(!err, "an export that is being built is destroyed: %lld",
		       err);
	}
	return ret;
}

static s64 lookup(struct slot *slot)
{
	static const char *const name[] = SOAK_ENTRY_NAMES;
	unsigned int i;
	u64 word[4];
	struct hc hc;
	s64 ret;

	for (i = 0; i < SOAK_ENTRIES; i++) {
		name_pack(word, name[i]);
		hc = (struct hc){ slot->att.token, word[0], word[1],
				  word[2],	   word[3], 0 };
		ret = hypercall_at(slot->att.cpl, ELISA_HC_ENTRY, &hc);
		if (ret < 0)
			return ret;
		slot->entry[i] = ret;
	}
	return 0;
}

static s64 do_attach(struct soak_box *box)
{
	unsigned int i = box->arg[0];
	struct slot *slot = &slots[i];
	struct att att;
	s64 err;

	attach(&att, box->name, box->arg[1], box->arg[2] ? xbuf[i] : NULL,
	       box->arg[2]);
	if (att.err)
		return att.err;
	slot->att = att;
	box->value[0] = att.rights;
	memset(xbuf[i], 0, sizeof(xbuf[i]));
	err = lookup(slot);
	if (err)
		detach(&att);
	return err;
}

static s64 attach_all(struct soak_box *box)
{
	struct att att[MANY];
	unsigned int n = 0;
	s64 ret = 0, err;

	while (n < MANY) {
		attach(&att[n], box->name, box->arg[1], NULL, 0);
		ret = att[n].err;
		if (ret)
			break;
		n++;
	}
	box->value[0] = n;
	while (n) {
		err = detach(&att[--n]);
		expect(!err, "an attachment is detached: %lld", err);
	}
	return ret;
}

static s64 status(const struct outcome *out)
{
	if (out->how == HOW_RETURN || out->how == HOW_REFUSED)
		return out->trap.regs.rax;
	return SOAK_TRAPPED - (s64)out->how;
}

static s64 call(struct soak_box *box)
{
	const struct slot *slot = &slots[box->arg[0]];
	struct result res;

	if (box->arg[5] & SOAK_STORM)
		storm_start_tiring(1000000, 2000000);
	res = elisa_call(&slot->att, slot->entry[box->arg[1]],
			 ARGS(box->arg[2], box->arg[3], box->arg[4]));
	if (box->arg[5] & SOAK_STORM)
		storm_stop();
	box->value[0] = res.value;
	box->value[1] = res.aex;
	return res.status;
}

static s64 read_cells(struct soak_box *box)
{
	const struct slot *slot = &slots[box->arg[0]];
	struct result res;
	unsigned int i;

	for (i = 0; i < SOAK_CELLS; i++) {
		res = elisa_call(&slot->att, slot->entry[SOAK_GET], ARGS(i));
		if (res.status)
			return res.status;
		box->value[i] = res.value;
	}
	return 0;
}

static s64 loop(struct soak_box *box)
{
	const struct slot *slot = &slots[box->arg[0]];
	unsigned int cpu = this_cpu()->index;
	struct poker *poker = &pokers[cpu];
	u64 rounds = box->arg[3], seed = box->arg[4], flags = box->arg[5], i;
	bool adds = box->arg[2] != ~0ULL;
	u64 want = soak_mix(seed, rounds);
	struct result res = {};

	box->value[0] = 0;
	box->value[1] = 0;
	box->value[2] = 0;
	if (flags & SOAK_STORM)
		storm_start_tiring(1000000, 2000000);
	if (flags & SOAK_POKER) {
		*poker = (struct poker){ .period_us = 3000 };
		expect(!poker_start(cpu, poker), "the poker starts");
	}
	for (i = 0; i < box->arg[1]; i++) {
		if (adds)
			res = elisa_call(&slot->att, slot->entry[SOAK_ADD],
					 ARGS(box->arg[2], 1, seed, rounds));
		else
			res = elisa_call(&slot->att, slot->entry[SOAK_MIX],
					 ARGS(seed, rounds));
		box->value[0] += res.aex;
		if (res.status)
			break;
		if (res.value != want)
			box->value[1]++;
		__atomic_store_n(&box->progress, i + 1, __ATOMIC_SEQ_CST);
	}
	if (flags & SOAK_POKER) {
		expect(!poker_stop(cpu, poker), "the poker stops");
		box->value[2] = poker->in_window + poker->stub_wrong;
	}
	if (flags & SOAK_STORM)
		storm_stop();
	return res.status;
}

static s64 suspend(struct soak_box *box)
{
	const struct slot *slot = &slots[box->arg[0]];
	const struct regs in = {
		.rdi = box->arg[2],
		.rsi = box->arg[3],
		.rdx = box->arg[4],
		.r11 = slot->entry[SOAK_WORK],
		.rsp = random() & ~15ULL,
	};
	unsigned int i = box->arg[1];
	struct outcome out;

	handles[i].slot = slot;
	handles[i].rsp = in.rsp;
	box->value[0] = 0;
	storm_start_tiring(1000000, 2000000);
	enter(slot->att.window, 0, &in, slot->att.cpl, &out);
	storm_stop();
	if (out.how == HOW_AEP) {
		handles[i].handle = out.trap.regs.rdi;
		box->value[0] = 1;
		return 0;
	}
	box->value[1] = out.trap.regs.rdx;
	return status(&out);
}

static s64 resume_handle(struct soak_box *box)
{
	unsigned int i = box->arg[1];
	const struct att *att = &handles[i].slot->att;
	struct outcome out;

	/* It may come out on a vCPU that has not used the window yet. */
	window_at(att->window);
	steps_finish(handles[i].handle, att->cpl, &out);
	if (out.how == HOW_RETURN)
		expect(out.trap.regs.rsp == handles[i].rsp &&
			       out.window == att->window,
		       "a resumed call comes back to its stack");
	box->value[0] = out.trap.regs.rdx;
	return status(&out);
}

/* With dirty logging in between, which takes rights from KVM's EPT. */
static s64 slots_come_and_go(u64 n)
{
	s64 err;

	while (n--) {
		err = memslot(SLOT, SLOT_GPA, SLOT_SIZE, 0, (u64)data);
		if (!err)
			err = memslot(SLOT, SLOT_GPA, SLOT_SIZE, 1, (u64)data);
		if (!err)
			err = memslot(SLOT, SLOT_GPA, 0, 0, 0);
		if (err)
			return err;
	}
	return 0;
}

/* Tokens, handles, addresses and numbers that nobody was given. */
static s64 junk(u64 seed)
{
	static const u8 nr[] = {
		ELISA_HC_DETACH,	 ELISA_HC_ENTRY,
		ELISA_HC_EXPORT_IMAGE,	 ELISA_HC_EXPORT_DATA,
		ELISA_HC_EXPORT_ENTRY,	 ELISA_HC_EXPORT_SEAL,
		ELISA_HC_EXPORT_DESTROY, ELISA_HC_RESUME,
		ELISA_HC_ABORT,		 ELISA_HC_ATTACH,
	};
	unsigned int i;
	s64 ret;

	for (i = 0; i < 3 * ARRAY_SIZE(nr); i++) {
		struct hc hc = {
			soak_mix(seed, 6 * i + 1), soak_mix(seed, 6 * i + 2),
			soak_mix(seed, 6 * i + 3), soak_mix(seed, 6 * i + 4),
			soak_mix(seed, 6 * i + 5), soak_mix(seed, 6 * i + 6),
		};

		ret = hypercall_at(i & 1 ? 3 : 0, nr[i % ARRAY_SIZE(nr)], &hc);
		if (ret >= 0)
			return ret;
	}
	return -EINVAL;
}

static s64 serve(struct soak_box *box)
{
	switch (box->request) {
	case SOAK_EXPORT:
		return do_export(box->name);
	case SOAK_UNEXPORT:
		return export_destroy(&own);
	case SOAK_EXPORT_ALL:
		return export_all(box);
	case SOAK_PEEK:
		memcpy(box->value, data, SOAK_CELLS * 8);
		return 0;
	case SOAK_ATTACH:
		return do_attach(box);
	case SOAK_DETACH:
		return detach(&slots[box->arg[0]].att);
	case SOAK_ATTACH_ALL:
		return attach_all(box);
	case SOAK_CALL:
		return call(box);
	case SOAK_READ:
		return read_cells(box);
	case SOAK_LOOP:
		return loop(box);
	case SOAK_SUSPEND:
		return suspend(box);
	case SOAK_RESUME:
		return resume_handle(box);
	case SOAK_ABORT:
		return abort_call(handles[box->arg[1]].handle);
	case SOAK_MEMSLOT:
		return slots_come_and_go(box->arg[0]);
	case SOAK_JUNK:
		return junk(box->arg[0]);
	}
	return SOAK_TRAPPED;
}

static void serve_box(u64 cpu)
{
	struct soak_box *box = (void *)(ATTACK_SHARED(0) + cpu * SOAK_BOX_SIZE);
	u64 asked;

	for (;;) {
		for (;;) {
			asked = __atomic_load_n(&box->asked, __ATOMIC_SEQ_CST);
			if (asked != box->answered)
				break;
			vmm_wait((u32 *)&box->asked, asked, 100000);
		}
		if (box->request != SOAK_QUIT)
			box->ret = serve(box);
		__atomic_store_n(&box->answered, asked, __ATOMIC_SEQ_CST);
		if (box->request == SOAK_QUIT)
			return;
	}
}

static void soak(void)
{
	/* The host says when a request takes too long; it may be a slow one. */
	run_limit = ~0ULL >> 2;
	cpu_start(1, serve_box, 1);
	serve_box(0);
	cpu_wait(1);
	check(true, "soak");
}

ATTACK("soak", soak);
