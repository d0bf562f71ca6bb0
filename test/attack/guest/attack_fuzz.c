// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls with every kind of argument, in every order, by two vCPUs on the
 * same objects, while page tables and memory slots change beneath.
 *
 * Hoped for: a length that wraps, an address whose walk leaves guest memory, an
 * object freed under another vCPU, a reference or a count lost.  Each argument
 * is checked before it is used, objects are referenced and locked, and what a
 * walk finds is checked as it is found.
 *
 * Stock kernels have no coverage to steer by (KCOV).  Calls that gave a result,
 * or an order of two results, not seen before are kept and varied.
 */
#include <linux/kvm.h>

#include "steps.h"

#define PAIRS	    4096
#define TRANSITIONS 65536
#define KEPT	    256
#define ATTS	    64
#define EXPORTS	    64
#define HANDLES	    32
#define NAMES	    6

/* Shared by all vCPUs: below 512 GiB. */
#define VA_GOOD	     0x7000000000ULL /* 16 pages, read-write, user */
#define VA_READ_ONLY 0x7000100000ULL
#define VA_KERNEL    0x7000200000ULL
#define VA_MOVING    0x7000300000ULL /* somebody remaps it */
#define VA_SLOT	     0x7000400000ULL /* its slot comes and goes */
#define VA_RO_SLOT   0x7000500000ULL
#define VA_BEYOND    0x7000600000ULL /* maps what is no memory */
#define VA_UNMAPPED  0x7000700000ULL
#define GPA_SLOT     0x180000000ULL
#define GPA_RO_SLOT  0x190000000ULL
#define GPA_BEYOND   0x1f0000000ULL
#define AREA_PAGES   16

struct live {
	u64 token, window;
	int cpl;
};

struct kept {
	unsigned int nr;
	int cpl;
	struct hc hc;
};

BLOB(steps);

static struct live atts[ATTS];
static u64 export_tokens[EXPORTS], handles[HANDLES];
static u8 pair_seen[PAIRS];
static u32 pair_key[PAIRS];
static u8 transition_seen[TRANSITIONS / 8];
static struct kept kept[KEPT];
static u32 n_kept, n_pairs, n_transitions;
static u64 n_calls, n_good, n_wrong;
static u64 calls_each;
static u8 *memory;

static const char *const good_name[NAMES] = {
	"f0", "f1", "f2", "f3", "a.name-with_31.bytes-0123456789", "Z",
};

static const char bad_name[][ELISA_NAME_SIZE + 1] = {
	"",
	"a b",
	"x\0y",
	"name/",
	"\xff\xfe",
	"*",
	"?",
	"this.name.has.32.bytes.which.is.",
	"a\0\0\0\0\0\0\0\0\0\0b",
};

/* clang-format off */
static const u64 values[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 255, 256, 510, 511, 512, 513,
	4095, 4096, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0xffffffff,
	0x100000000, 0x100000001, 0x1000000000000, 1ULL << 52, 1ULL << 63,
	(1ULL << 63) - 1, ~0ULL, ~0ULL - 1, ~0ULL - 510, ~0ULL - 511, -4096ULL,
};

static const u64 addresses[] = {
	VA_GOOD, VA_GOOD, VA_GOOD + PAGE_SIZE, VA_GOOD + 15 * PAGE_SIZE,
	VA_READ_ONLY, VA_KERNEL, VA_MOVING, VA_MOVING, VA_SLOT, VA_RO_SLOT,
	VA_BEYOND, VA_UNMAPPED, VA_GOOD + 1, VA_GOOD + 4088,
	0x7fffffffffff, 0x7ffffffff000, 0x800000000000, 0xffff7ffffffff000,
	0xffff800000000000, 0xfffffffffffff000, 0x3fffffff000, 0x8000000000,
	ELISA_WINDOW_BASE, ELISA_WINDOW(1) + ELISA_W_GATE, ELISA_SUB_INFO,
	ELISA_SUB_XBUF, ELISA_SUB_DATA, 0xfee00000, 0xfec00000, 0xfffbc000,
	0xfffbd000, 0, 0x1000, ATTACK_LOAD, ATTACK_HIGH,
	ATTACK_HIGH + ATTACK_HIGH_SIZE - PAGE_SIZE,
	ATTACK_HIGH + ATTACK_HIGH_SIZE,
};
/* clang-format on */

#define ANY(array) ((array)[random() % ARRAY_SIZE(array)])

static bool chance(unsigned int percent)
{
	return random() % 100 < percent;
}

/* --- objects that exist, as far as one vCPU can know */

/* One of few in a large array, seldom none. */
static u64 existing(const u64 *array, unsigned int n)
{
	unsigned int i, first = random() % n;

	if (chance(10))
		return array[first];
	for (i = 0; i < n; i++)
		if (array[(first + i) % n])
			return array[(first + i) % n];
	return 0;
}

static u64 an_export(void)
{
	return existing(export_tokens, EXPORTS);
}

static u64 a_handle(void)
{
	return existing(handles, HANDLES);
}

static struct live an_att(void)
{
	unsigned int i, first = random() % ATTS;

	for (i = 0; i < ATTS; i++)
		if (atts[(first + i) % ATTS].token)
			break;
	return atts[(first + i) % ATTS];
}

static u64 a_token(void)
{
	return chance(50) ? an_export() : an_att().token;
}

static void put_att(u64 token, u64 window, int cpl)
{
	unsigned int i;

	for (i = 0; i < ATTS; i++) {
		u64 none = 0;

		if (!__atomic_compare_exchange_n(&atts[i].token, &none, token,
						 false, __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
			continue;
		atts[i].window = window;
		atts[i].cpl = cpl;
		return;
	}
	expect(false, "room for a token");
}

static bool put_token(u64 *array, unsigned int n, u64 token)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 none = 0;

		if (__atomic_compare_exchange_n(&array[i], &none, token, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return true;
	}
	return false;
}

static void drop(u64 token)
{
	unsigned int i;

	for (i = 0; i < ATTS; i++)
		if (atts[i].token == token)
			atts[i].token = 0;
	for (i = 0; i < EXPORTS; i++)
		if (export_tokens[i] == token)
			export_tokens[i] = 0;
}

/* --- arguments */

static u64 any_value(void)
{
	switch (random() % 5) {
	case 0:
		return ANY(values);
	case 1:
		return ANY(addresses);
	case 2:
		return a_token() ^ (chance(50) ? 1ULL << random() % 64 : 0);
	case 3:
		return a_handle();
	default:
		return random() >> random() % 64;
	}
}

static void any_name(u64 word[4])
{
	if (chance(85))
		name_pack(word, ANY(good_name));
	else
		memcpy(word, ANY(bad_name), ELISA_NAME_SIZE);
}

static u64 sensible_count(u64 most)
{
	return chance(80) ? random() % AREA_PAGES :
	       chance(50) ? most :
			    most + 1;
}

static void fill_args(unsigned int nr, struct hc *hc)
{
	u64 word[4];

	*hc = (struct hc){};
	any_name(word);
	switch (nr) {
	case ELISA_HC_ATTACH:
	case ELISA_HC_EXPORT_CREATE:
		*hc = (struct hc){
			word[0],
			word[1],
			word[2],
			word[3],
			chance(50) ? 0 : ANY(addresses),
			chance(50) ? 0 : sensible_count(ELISA_XBUF_PAGES_MAX)
		};
		break;
	case ELISA_HC_DETACH:
		hc->rdi = an_att().token;
		break;
	case ELISA_HC_ENTRY:
	case ELISA_HC_EXPORT_ENTRY:
		*hc = (struct hc){
			nr == ELISA_HC_ENTRY ? an_att().token : an_export(),
			word[0],
			word[1],
			word[2],
			word[3],
			chance(70) ? random() % 2 * 16 : ANY(values)
		};
		break;
	case ELISA_HC_EXPORT_IMAGE:
		*hc = (struct hc){
			.rdi = an_export(),
			.rsi = chance(60) ? VA_GOOD : ANY(addresses),
			.rdx = chance(50) ? 0 :
			       chance(50) ? random() % 512 :
					    ANY(values),
			.r10 = chance(50) ?
				       1 :
				       sensible_count(ELISA_IMAGE_PAGES_MAX),
			.r8 = chance(60) ? ELISA_PROT_X : random() % 9,
		};
		break;
	case ELISA_HC_EXPORT_DATA:
		*hc = (struct hc){
			.rdi = an_export(),
			.rsi = ANY(addresses),
			.rdx = ANY(values),
			.r10 = sensible_count(ELISA_DATA_PAGES_MAX),
		};
		break;
	case ELISA_HC_EXPORT_SEAL:
	case ELISA_HC_EXPORT_DESTROY:
		hc->rdi = an_export();
		break;
	case ELISA_HC_RESUME:
	case ELISA_HC_ABORT:
		hc->rdi = a_handle();
		break;
	}
}

static void spoil(struct hc *hc)
{
	u64 *const reg[] = { &hc->rdi, &hc->rsi, &hc->rdx,
			     &hc->r10, &hc->r8,	 &hc->r9 };

	*ANY(reg) = any_value();
}

static unsigned int any_nr(void)
{
	/* DETACH and EXPORT_DESTROY are paced and end what others need. */
	static const u8 often[] = {
		0, 1, 1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 5,	5,  5,	5,
		6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 9, 10, 10, 11,
	};

	return chance(97) ? ANY(often) : random() % 256;
}

/* --- results */

static bool is_one_of(s64 ret, const short *list)
{
	for (; *list; list++)
		if (ret == -*list)
			return true;
	return false;
}

/* What uapi/elisa/hypercall.h allows. */
static bool is_documented(unsigned int nr, s64 ret)
{
	static const short errors[ELISA_HC_COUNT][10] = {
		[ELISA_HC_ATTACH] = { EINVAL, EACCES, ENOENT, EOPNOTSUPP,
				      ENOSPC, EFAULT, 12 },
		[ELISA_HC_DETACH] = { ENOENT },
		[ELISA_HC_ENTRY] = { EINVAL, ENOENT, ENOLINK },
		[ELISA_HC_EXPORT_CREATE] = { EINVAL, EACCES, EEXIST, ENOSPC,
					     12 },
		[ELISA_HC_EXPORT_IMAGE] = { EINVAL, ENOENT, EBUSY, EFAULT,
					    EEXIST, 12 },
		[ELISA_HC_EXPORT_DATA] = { EINVAL, ENOENT, EBUSY, EFAULT,
					   ENOSPC, 12 },
		[ELISA_HC_EXPORT_ENTRY] = { EINVAL, ENOENT, EBUSY, ENOSPC,
					    EEXIST },
		[ELISA_HC_EXPORT_SEAL] = { EINVAL, ENOENT, EBUSY, ENOEXEC,
					   EEXIST, 12 },
		[ELISA_HC_EXPORT_DESTROY] = { ENOENT },
		[ELISA_HC_RESUME] = { EAGAIN, ENOLINK, EINVAL },
		[ELISA_HC_ABORT] = { ENOLINK, EBUSY },
		[ELISA_HC_CALL] = { EINVAL },
	};

	if (nr >= ELISA_HC_COUNT)
		return ret == -1000;
	if (nr == ELISA_HC_VERSION)
		return ret == ELISA_ABI_VERSION;
	if (ret >= 0)
		return nr == ELISA_HC_ENTRY || nr == ELISA_HC_EXPORT_ENTRY ?
			       ret < ELISA_ENTRIES_MAX :
			       !ret && nr != ELISA_HC_RESUME;
	return is_one_of(ret, errors[nr]);
}

static bool is_new(unsigned int nr, s64 ret, u32 *before)
{
	u32 key = nr << 16 | (u16)ret, i = key * 2654435761u >> 20;
	u32 both = (*before * 31 + key) * 2654435761u >> 16;
	bool news = false;

	*before = key;
	while (pair_seen[i] && pair_key[i] != key)
		i = (i + 1) % PAIRS;
	if (!pair_seen[i]) {
		pair_key[i] = key;
		pair_seen[i] = 1;
		n_pairs++;
		news = true;
	}
	if (!(transition_seen[both / 8] & 1 << both % 8)) {
		transition_seen[both / 8] |= 1 << both % 8;
		n_transitions++;
		news = true;
	}
	return news;
}

static void keep_handle(u64 handle)
{
	if (!put_token(handles, HANDLES, handle))
		abort_call(handle);
}

/* RESUME does not come back to the VMCALL when it succeeds. */
static s64 try_resume(u64 handle, int cpl)
{
	unsigned int i;
	struct outcome out;

	window_at(ELISA_WINDOW(handle % ELISA_WINDOWS));
	for (i = 0; i < HANDLES; i++)
		if (handles[i] == handle && handle)
			handles[i] = 0;
	/* Code entered in its middle may never end. */
	storm_start(1000000, 2000000);
	resume(handle, NULL, cpl, &out);
	storm_stop();
	if (out.how == HOW_AEP)
		keep_handle(out.trap.regs.rdi);
	else if (out.how == HOW_REFUSED && (s64)out.trap.regs.rax == -EAGAIN &&
		 handle)
		keep_handle(handle);
	expect(out.how != HOW_TRAP && out.how != HOW_FELL,
	       "RESUME %llx: %s, vector %llu at %llx", handle,
	       how_name[out.how], out.trap.regs.vector, out.trap.regs.rip);
	return out.how == HOW_REFUSED ? (s64)out.trap.regs.rax : -EAGAIN;
}

static s64 one(unsigned int nr, int cpl, const struct hc *in)
{
	struct hc hc = *in;
	s64 ret;

	if (nr == ELISA_HC_RESUME)
		return try_resume(hc.rdi, cpl);
	ret = hypercall_at(cpl, nr, &hc);
	if (ret)
		return ret;
	switch (nr) {
	case ELISA_HC_ATTACH:
		put_att(hc.rdi, hc.rsi, cpl);
		break;
	case ELISA_HC_EXPORT_CREATE:
		expect(put_token(export_tokens, EXPORTS, hc.rdi),
		       "room for a token");
		break;
	case ELISA_HC_DETACH:
	case ELISA_HC_EXPORT_DESTROY:
		drop(in->rdi);
		break;
	}
	return ret;
}

/* A call, so that instances and handles are there.  At CPL 3 only. */
static void call_something(void)
{
	const struct live att = an_att();
	struct regs in = {
		.rdi = random() % STEPS_IDS,
		.rsi = random() % 200,
		.rdx = 1000,
		.r11 = random() % 3,
	};
	struct outcome out;

	if (!att.token || att.cpl != 3 || !att.window)
		return;
	storm_start(1000000, 2000000);
	enter(att.window, 0, &in, 3, &out);
	storm_stop();
	if (out.how == HOW_AEP)
		keep_handle(out.trap.regs.rdi);
	expect(out.how == HOW_AEP || out.how == HOW_RETURN,
	       "a call: %s, vector %llu at %llx", how_name[out.how],
	       out.trap.regs.vector, out.trap.regs.rip);
}

/* --- memory that changes beneath */

static void remap(void)
{
	static const u64 flags[] = {
		PTE_RWU, PTE_RWU, PTE_P | PTE_W, PTE_P | PTE_U, 0,
	};
	static const u64 gpa[] = {
		0,	     GPA_SLOT,	 GPA_BEYOND,
		GPA_RO_SLOT, 0xfee00000, 0xfffffffff000,
	};
	u64 to = ANY(gpa) ?: (u64)memory;

	*pte(VA_MOVING + random() % AREA_PAGES * PAGE_SIZE, true) = to |
								    ANY(flags);
}

static void change_slot(void)
{
	static volatile bool there;

	if (__atomic_exchange_n(&there, !there, __ATOMIC_SEQ_CST))
		memslot(4, GPA_SLOT, 0, 0, 0);
	else
		memslot(4, GPA_SLOT, AREA_PAGES * PAGE_SIZE, 0, (u64)memory);
}

static void area(u64 va, u64 gpa, u64 flags)
{
	unsigned int i;

	for (i = 0; i < AREA_PAGES; i++)
		*pte(va + i * PAGE_SIZE, true) = (gpa + i * PAGE_SIZE) | flags;
}

static void prepare_memory(void)
{
	memory = pages(AREA_PAGES);
	memcpy(memory, blob_steps, blob_steps_end - blob_steps);
	area(VA_GOOD, (u64)memory, PTE_RWU);
	area(VA_READ_ONLY, (u64)memory, PTE_P | PTE_U);
	area(VA_KERNEL, (u64)memory, PTE_P | PTE_W);
	area(VA_MOVING, (u64)memory, PTE_RWU);
	area(VA_SLOT, GPA_SLOT, PTE_RWU);
	area(VA_RO_SLOT, GPA_RO_SLOT, PTE_RWU);
	area(VA_BEYOND, GPA_BEYOND, PTE_RWU);
	area(VA_UNMAPPED, 0, 0);
	memslot(5, GPA_RO_SLOT, AREA_PAGES * PAGE_SIZE, KVM_MEM_READONLY,
		(u64)memory);
	change_slot();
}

/* --- a vCPU's work */

static void fuzz_cpu(u64 until)
{
	u32 before = 0;
	u64 i;

	for (i = 0; until ? rdtsc() < until : i < calls_each; i++) {
		struct kept call;
		u32 n = n_kept;
		s64 ret;

		if (n && chance(40)) {
			call = kept[random() % (n < KEPT ? n : KEPT)];
			spoil(&call.hc);
		} else {
			call.nr = any_nr();
			call.cpl = chance(60) ? 3 : 0;
			fill_args(call.nr, &call.hc);
			if (chance(15))
				spoil(&call.hc);
		}
		ret = one(call.nr, call.cpl, &call.hc);
		__atomic_add_fetch(&n_calls, 1, __ATOMIC_SEQ_CST);
		if (ret >= 0)
			__atomic_add_fetch(&n_good, 1, __ATOMIC_SEQ_CST);
		if (!is_documented(call.nr, ret)) {
			__atomic_add_fetch(&n_wrong, 1, __ATOMIC_SEQ_CST);
			expect(false,
			       "hypercall %u at CPL %d (%llx %llx %llx %llx %llx %llx): %lld",
			       call.nr, call.cpl, call.hc.rdi, call.hc.rsi,
			       call.hc.rdx, call.hc.r10, call.hc.r8, call.hc.r9,
			       ret);
		}
		if (is_new(call.nr, ret, &before))
			kept[__atomic_fetch_add(&n_kept, 1, __ATOMIC_SEQ_CST) %
			     KEPT] = call;
		if (chance(3))
			call_something();
		if (chance(3))
			remap();
		if (!(random() % 300))
			change_slot();
	}
}

static void clean_up(void)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < HANDLES; i++)
		if (handles[i])
			abort_call(handles[i]);
	for (i = 0; i < ATTS; i++)
		if (atts[i].token)
			wrong += !!detach(
				&(struct att){ .token = atts[i].token });
	for (i = 0; i < EXPORTS; i++) {
		struct export e = { .token = export_tokens[i] };

		if (e.token)
			wrong += !!export_destroy(&e);
	}
	check_eq(wrong, 0, "tokens that should have been good");
}

/* Nothing is lost: as many exports and attachments as ever. */
static void full_limits(void)
{
	unsigned int i, n = arg("limit", 4);
	struct steps_shared *shared;
	struct export e, more[64];
	struct steps_call call;
	struct att att[64];
	struct outcome out;

	shared = steps_export(&e, "fresh");
	if (!shared)
		return;
	for (i = 0; i < n; i++)
		export_begin(&more[i], "more");
	check(!more[n - 2].err && more[n - 1].err == -ENOSPC,
	      "%u exports, as many as ever (%lld, %lld)", n, more[n - 2].err,
	      more[n - 1].err);
	for (i = 0; i < n; i++)
		export_destroy(&more[i]);
	for (i = 0; i < n + 1; i++)
		attach(&att[i], "fresh", 3, NULL, 0);
	check(!att[n - 1].err && att[n].err == -ENOSPC,
	      "%u attachments, as many as ever (%lld, %lld)", n, att[n - 1].err,
	      att[n].err);
	call = (struct steps_call){ &att[n - 1], 7, 300, 2000 };
	steps_finish(steps_suspend(&call, &out), 3, &out);
	check(steps_good(shared, &call, &out), "and a call works");
	for (i = 0; i < n; i++)
		detach(&att[i]);
	export_destroy(&e);
}

static void fuzz(void)
{
	u64 until = arg("mticks", 0) ? rdtsc() + arg("mticks", 0) * 1000000 : 0;
	unsigned int i;

	calls_each = arg("calls", 1500);
	run_limit = 100000000;
	prepare_memory();
	for (i = 1; i < n_cpus; i++)
		cpu_start(i, fuzz_cpu, until);
	fuzz_cpu(until);
	for (i = 1; i < n_cpus; i++)
		cpu_wait(i);
	print("# seed %llu: %llu hypercalls, %llu succeeded, %u different (nr, result), %u orders of two\n",
	      arg("seed", 1), n_calls, n_good, n_pairs, n_transitions);
	check_eq(n_wrong, 0, "%llu hypercalls, undocumented results", n_calls);
	check(n_calls < 1000 || (n_pairs >= 40 && n_good >= n_calls / 20),
	      "the fuzzer gets somewhere: %u results, %llu successes", n_pairs,
	      n_good);
	clean_up();
	full_limits();
	meet(1);
}

ATTACK("fuzz", fuzz);

/*
 * --- the same arguments one at a time, each with the one right answer, so that a
 * check that is missing shows where a fuzzer sees only "an error".
 */

static u64 building;

static s64 ask(int cpl, unsigned int nr, u64 rdi, u64 rsi, u64 rdx, u64 r10,
	       u64 r8, u64 r9)
{
	struct hc hc = { rdi, rsi, rdx, r10, r8, r9 };

	return hypercall_at(cpl, nr, &hc);
}

static s64 image(int cpl, u64 va, u64 first, u64 n, u64 prot)
{
	return ask(cpl, ELISA_HC_EXPORT_IMAGE, building, va, first, n, prot, 0);
}

static s64 data(int cpl, u64 va, u64 n)
{
	return ask(cpl, ELISA_HC_EXPORT_DATA, building, va, 0, n, 0, 0);
}

static void addresses_and_counts(int cpl)
{
	static const struct {
		const char *what;
		u64 va;
		short image[2], data[2]; /* at CPL 0, 3 */
	} place[] = {
		/* clang-format off */
		{ "unmapped", VA_UNMAPPED, { EFAULT, EFAULT },
		  { EFAULT, EFAULT } },
		{ "read-only", VA_READ_ONLY, { 0, 0 }, { EFAULT, EFAULT } },
		{ "the kernel's", VA_KERNEL, { 0, EFAULT }, { 0, EFAULT } },
		{ "no memory", VA_BEYOND, { EFAULT, EFAULT },
		  { EFAULT, EFAULT } },
		{ "a read-only slot", VA_RO_SLOT, { EFAULT, EFAULT },
		  { EFAULT, EFAULT } },
		{ "not canonical", 0x800000000000, { EFAULT, EFAULT },
		  { EFAULT, EFAULT } },
		{ "not canonical, low bits good", VA_GOOD | 1ULL << 52,
		  { EFAULT, EFAULT }, { EFAULT, EFAULT } },
		{ "the kernel's half", 0xffff800000000000, { EFAULT, EFAULT },
		  { EFAULT, EFAULT } },
		{ "a gate", ELISA_WINDOW(100) + ELISA_W_GATE,
		  { EFAULT, EFAULT }, { EFAULT, EFAULT } },
		{ "sub's data", ELISA_SUB_DATA, { EFAULT, EFAULT },
		  { EFAULT, EFAULT } },
		{ "not aligned", VA_GOOD + 8, { EINVAL, EINVAL },
		  { EINVAL, EINVAL } },
		{ "good", VA_GOOD, { 0, 0 }, { 0, 0 } },
		/* clang-format on */
	};
	static const u64 bad_n[] = {
		0, 512, 1ULL << 32, 1ULL << 63, ~0ULL, ~0ULL - 510,
	};
	static const u8 bad_prot[] = { 0, 2, 6, 7, 8, 9, 255 };
	static u64 next;
	unsigned int i, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(place); i++) {
		s64 a = image(cpl, place[i].va, next++ % 400, 1, ELISA_PROT_R);
		s64 b = data(cpl, place[i].va, 1);

		check(a == -place[i].image[cpl & 1] &&
			      b == -place[i].data[cpl & 1],
		      "CPL %d, %s: EXPORT_IMAGE %lld, EXPORT_DATA %lld", cpl,
		      place[i].what, a, b);
	}
	for (i = 0; i < ARRAY_SIZE(bad_n); i++) {
		wrong += image(cpl, VA_GOOD, 0, bad_n[i], 1) != -EINVAL;
		wrong += image(cpl, VA_GOOD, bad_n[i] ?: 511, 1, 1) != -EINVAL;
		wrong += bad_n[i] != 512 &&
			 data(cpl, VA_GOOD, bad_n[i]) != -EINVAL;
	}
	wrong += data(cpl, VA_GOOD, ELISA_DATA_PAGES_MAX + 1) != -EINVAL;
	check_eq(wrong, 0, "CPL %d: counts that are too large", cpl);
	for (i = 0; i < ARRAY_SIZE(bad_prot); i++)
		wrong += image(cpl, VA_GOOD, 500, 1, bad_prot[i]) != -EINVAL;
	check_eq(wrong, 0, "CPL %d: protections that are none", cpl);
}

static void names(void)
{
	unsigned int i, wrong = 0;
	u64 w[4];

	for (i = 0; i < ARRAY_SIZE(bad_name); i++) {
		memcpy(w, bad_name[i], ELISA_NAME_SIZE);
		wrong += ask(0, ELISA_HC_EXPORT_CREATE, w[0], w[1], w[2], w[3],
			     0, 0) != -EINVAL;
		wrong += ask(0, ELISA_HC_ATTACH, w[0], w[1], w[2], w[3], 0,
			     0) != -EINVAL;
		wrong += ask(3, ELISA_HC_EXPORT_ENTRY, building, w[0], w[1],
			     w[2], w[3], 0) != -EINVAL;
	}
	check_eq(wrong, 0, "%zu names that are none", ARRAY_SIZE(bad_name));
}

static void hypercalls(void)
{
	unsigned int nr, wrong = 0;
	struct export e;

	for (nr = ELISA_HC_COUNT; nr < 256; nr++) {
		wrong += ask(0, nr, 0, 0, 0, 0, 0, 0) != -1000;
		wrong += ask(3, nr, 0, 0, 0, 0, 0, 0) != -1000;
	}
	check_eq(wrong, 0, "hypercalls that there are not");
	prepare_memory();
	export_begin(&e, "directed");
	building = e.token;
	names();
	addresses_and_counts(0);
	addresses_and_counts(3);
	check_eq(image(3, VA_GOOD, 450, 1, ELISA_PROT_X), 0, "code");
	check_eq(image(3, VA_GOOD, 450, 1, ELISA_PROT_X), -EEXIST,
		 "the same page again");
	check_eq(export_destroy(&e), 0, "destroy");
	check_eq(export_destroy(&e), -ENOENT, "destroy again");
}

ATTACK("hypercalls", hypercalls);
