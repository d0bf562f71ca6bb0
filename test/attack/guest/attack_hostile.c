// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile exported code.
 *
 * The manager hopes that his code reaches memory of the caller, makes code of
 * data, changes code, meets another instance's stack, or sends the caller on
 * with another stack pointer.  It must fail because the EPT of sub has nothing
 * else and its rights do not depend on anything that code can change, and
 * because the gate alone says where the caller goes on.
 */
#include "oracle.h"

BLOB(h_read);
BLOB(h_write);
BLOB(h_store);
BLOB(h_execute);
BLOB(h_ret);
BLOB(h_execute_stack);
BLOB(h_recurse);
BLOB(h_smash);
BLOB(h_trash);

enum {
	H_READ,
	H_WRITE,
	H_STORE,
	H_EXECUTE,
	H_RET,
	H_EXECUTE_STACK,
	H_RECURSE,
	H_SMASH,
	H_TRASH,
};

#define DONE	     0x600d
#define XBUF_PAGES   3
#define DATA_PAGES   5
#define LEAVE	     0xfe0 /* landing's VMFUNC */
#define MEMORY_PAGES 16

static u64 *data;
static u8 *xbuf, *memory, *copy;
static struct export export;
static struct att att[2];
static u64 image_pages;

static bool set_up(void)
{
	unsigned int i;

	data = pages(DATA_PAGES);
	xbuf = pages(XBUF_PAGES + 1);
	memory = pages(MEMORY_PAGES);
	copy = pages(MEMORY_PAGES);
	for (i = 0; i < MEMORY_PAGES * PAGE_SIZE; i++)
		memory[i] = random();
	memcpy(copy, memory, MEMORY_PAGES * PAGE_SIZE);
	export_begin(&export, "hostile");
	export_data(&export, data, DATA_PAGES);
	export_blob(&export, h_read);
	export_blob(&export, h_write);
	export_blob(&export, h_store);
	export_blob(&export, h_execute);
	export_blob(&export, h_ret);
	export_blob(&export, h_execute_stack);
	export_blob(&export, h_recurse);
	export_blob(&export, h_smash);
	export_blob(&export, h_trash);
	image_pages = (export.used + PAGE_SIZE - 1) / PAGE_SIZE;
	if (!check(!export_seal(&export), "export: %lld", export.err))
		return false;
	attach(&att[0], "hostile", 0, NULL, 0);
	attach(&att[1], "hostile", 3, xbuf, XBUF_PAGES);
	return check(!att[0].err && !att[1].err, "attach at CPL 0 and 3");
}

/* With a stack in the middle of @memory. */
static struct result call(const struct att *a, u64 entry, const u64 arg[5])
{
	const struct regs in = {
		.rdi = arg[0],
		.rsi = arg[1],
		.rdx = arg[2],
		.r10 = arg[3],
		.r8 = arg[4],
		.r11 = entry,
		.rsp = (u64)memory + MEMORY_PAGES * PAGE_SIZE / 2,
	};
	struct result res = elisa_call_regs(a, &in);
	const char *wrong = NULL;

	if (res.status == -EFAULT)
		wrong = stub_is_wrong(a, &res.last.trap, in.rsp);
	expect(res.last.how == HOW_RETURN && !wrong &&
		       res.last.trap.regs.rsp == in.rsp,
	       "entry %llu (%llx): %s, vector %llu, %s is wrong", entry, arg[0],
	       how_name[res.last.how], res.last.trap.regs.vector,
	       wrong ?: "nothing");
	return res;
}

static bool memory_is_intact(void)
{
	return !memcmp(memory, copy, MEMORY_PAGES * PAGE_SIZE);
}

/* --- who may do what where */

#define R 1
#define W 2
#define X 4

static struct {
	u64 tried, holes, readable, writable;
} count;

static bool can(const struct att *a, u64 entry, u64 va)
{
	struct result res = call(a, entry, ARGS(va));

	expect(res.status == -EFAULT || (!res.status && res.value == DONE),
	       "entry %llu at %llx: status %lld, value %llx", entry, va,
	       res.status, res.value);
	return !res.status;
}

static void page(const struct att *a, u64 va, unsigned int rights)
{
	unsigned int got = (can(a, H_READ, va) ? R : 0) |
			   (can(a, H_WRITE, va) ? W : 0);

	/* Is there a RET to be executed? */
	if (can(a, H_STORE, va))
		got |= can(a, H_EXECUTE, va) ? X : 0;
	expect(got == rights, "CPL %d, %llx: rights %x, not %x", a->cpl, va,
	       got, rights);
	count.tried++;
	count.holes += !got;
	count.readable += !!(got & R);
	count.writable += !!(got & W);
}

static void chunk(const struct att *a, u64 base, unsigned int first,
		  unsigned int n, unsigned int rights, unsigned int beyond)
{
	unsigned int i;

	for (i = first; i < n; i++)
		page(a, base + i * PAGE_SIZE, rights);
	for (i = n; i < n + beyond && i < 512; i++)
		page(a, base + i * PAGE_SIZE, 0);
}

static void addresses(const struct att *a, bool all)
{
	static const u64 holes[] = {
		0,
		0x1000,
		ATTACK_INFO,
		ATTACK_LOAD,
		0xfee00000,
		0xfec00000,
		ATTACK_HIGH,
		0x1fd6d000,
		0x1fd6e000,
		0x7fffffffe000,
		0xffff800000000000,
		0xffffffff80000000,
		0xfffffffffffff000,
	};
	unsigned int beyond = all ? 512 : 12, i;

	memset(&count, 0, sizeof(count));
	/* No execution: not a hole; R only with a CPU that lacks X-only. */
	page(a, ELISA_SUB_INFO, R);
	chunk(a, ELISA_SUB_INFO, 1, 1, 0, ELISA_SELF_PAGE - 1);
	page(a, ELISA_SUB_SELF, R);
	chunk(a, ELISA_SUB_INFO, ELISA_CONTROL_PAGE, ELISA_CONTROL_PAGE + 1,
	      R | W, ELISA_STACK_FIRST_PAGE - ELISA_CONTROL_PAGE - 1);
	/*
	 * The topmost page holds return addresses; RET is written at the
	 * beginning.
	 */
	chunk(a, ELISA_SUB_INFO, ELISA_STACK_FIRST_PAGE,
	      ELISA_STACK_FIRST_PAGE + ELISA_STACK_PAGES, R | W,
	      ELISA_LIVENESS_FIRST_PAGE - ELISA_STACK_FIRST_PAGE -
		      ELISA_STACK_PAGES);
	chunk(a, ELISA_SUB_INFO, ELISA_LIVENESS_FIRST_PAGE,
	      ELISA_LIVENESS_FIRST_PAGE + ELISA_LIVENESS_PAGES, R, beyond);
	page(a, ELISA_SUB_ENTRIES, R);
	chunk(a, ELISA_SUB_IMAGE, image_pages, image_pages, 0, beyond);
	chunk(a, ELISA_SUB_XBUF, 0, a->cpl ? XBUF_PAGES : 0, R | W, beyond);
	chunk(a, ELISA_SUB_DATA, 0, DATA_PAGES, R | W, beyond);
	for (i = 7; i < (all ? 512 : 16); i++)
		page(a, ELISA_CHUNK_VA(i), 0);
	for (i = 0; i < ARRAY_SIZE(holes); i++)
		page(a, holes[i], 0);
	page(a, (u64)memory, 0);
	page(a, (u64)xbuf, 0);
	page(a, (u64)data, 0);
	/* The window, and others */
	page(a, a->window + ELISA_W_ENTRY, 0);
	page(a, a->window + ELISA_W_RETURN, 0);
	page(a, a->window + ELISA_W_AEP, 0);
	page(a, (a->window ^ 0x4000) + ELISA_W_GATE, 0);
	for (i = 2; i < 6; i++)
		page(a, ELISA_WINDOW(i) + ELISA_W_GATE, 0);
	/* Code: never written.  The CPU of the rig can execute only. */
	expect(can(a, H_READ, ELISA_SUB_IMAGE) == !arg("xonly", 1) &&
		       can(a, H_READ, a->window + ELISA_W_GATE) ==
			       !arg("xonly", 1),
	       "code can be read: %llx", ELISA_SUB_IMAGE);
	expect(!can(a, H_STORE, ELISA_SUB_IMAGE) &&
		       !can(a, H_STORE, a->window + ELISA_W_GATE) &&
		       !can(a, H_STORE, a->window + ELISA_W_GATE + 0x100),
	       "code can be written");
	expect(can(a, H_EXECUTE, ELISA_SUB_IMAGE + export.entry[H_RET].offset),
	       "code can be executed");
	expect(!can(a, H_EXECUTE_STACK, 0), "the stack can be executed");
	check(count.holes >= 60 && count.readable >= 11 && count.writable >= 9,
	      "%llu pages in sub at CPL %d: %llu holes, %llu to read, %llu to write",
	      count.tried, a->cpl, count.holes, count.readable, count.writable);
	check(memory_is_intact(), "the caller's memory");
}

static void run_pages(void)
{
	if (!set_up())
		return;
	addresses(&att[1], arg("long", 0));
	addresses(&att[0], arg("long", 0));
}

ATTACK("sub-pages", run_pages);

/* --- garbage */

static void trash(const struct att *a)
{
	static const u64 stack[] = {
		0,
		1,
		0x8000000000000000,
		ELISA_SUB_DATA + 64,
		ATTACK_LOAD,
		ELISA_SUB_INFO,
		~0ULL,
	};
	/* AC, NT, DF, arithmetic; IOPL, IF off */
	static const u64 flags[] = { 0x202, 0x244ed7, 0x247cd7 };
	unsigned int i, j, returned = 0, failed = 0, tried = 0;
	struct state before, after;
	const char *wrong;
	struct result res;
	/* What landing's VMFUNC is told. */
	static const struct {
		u64 rax, rcx;
		bool leaves;
	} function[] = {
		{ 0, 2, true },
		/* Upper halves do not count. */
		{ 0xffffffff00000000, 0xffffffff00000002, true },
		{ 0, 0, false },
		{ 0, 3, false },
		{ 0, 511, false },
		{ 0, 512, false },
		{ 0, 0xffffffff, false },
		{ 1, 2, false },
		{ 63, 2, false },
		{ 64, 2, false },
	};

	data[1] = ORACLE_SECRET;
	state_get(&before);
	for (i = 0; i < ARRAY_SIZE(stack); i++) {
		for (j = 0; j < ARRAY_SIZE(function); j++) {
			res = call(a, H_TRASH,
				   ARGS(a->window + ELISA_W_GATE + LEAVE,
					stack[i], 0x202, function[j].rax,
					function[j].rcx));
			/* The caller's status is EAX. */
			res.status = (s32)res.status;
			expect(res.status == (function[j].leaves ? 0 : -EFAULT),
			       "VMFUNC(%llx, %llx), CPL %d: status %lld, details %llx",
			       function[j].rax, function[j].rcx, a->cpl,
			       res.status, res.value);
			returned += !res.status;
			failed += res.status == -EFAULT;
			tried++;
		}
		/* An address of the caller: sub cannot go there. */
		res = call(a, H_TRASH,
			   ARGS(a->window + ELISA_W_RETURN, stack[i], 0x202));
		failed += res.status == -EFAULT;
		tried++;
		expect(res.status == -EFAULT, "a jump to the return stub");
	}
	for (j = 0; j < ARRAY_SIZE(flags); j++) {
		/* Trash and return; at CPL 0 the flags are sub's then. */
		if (a->cpl || !(flags[j] & 0x3000)) {
			res = call(a, H_TRASH, ARGS(0, 0, flags[j]));
			expect(!res.status && (res.last.trap.regs.rflags &
					       0x33300) == FLAG_IF,
			       "garbage returned: status %lld, flags %llx",
			       res.status, res.last.trap.regs.rflags);
			returned += !res.status;
			tried++;
		}
		res = call(a, H_TRASH, ARGS(1, 0, flags[j]));
		expect(res.status == -EFAULT, "garbage, fault: %lld",
		       res.status);
		failed += res.status == -EFAULT;
		tried++;
	}
	state_get(&after);
	wrong = state_differs(&before, &after);
	check(tried == returned + failed && returned >= 16 && failed >= 60 &&
		      !wrong,
	      "%u times garbage in all registers, CPL %d: %u returned, %u failed, %s differs",
	      tried, a->cpl, returned, failed, wrong ?: "nothing");
	check(memory_is_intact(), "the caller's memory");
}

static void stacks(const struct att *a)
{
	const u64 depth = ELISA_STACK_PAGES * PAGE_SIZE / 8 - 1;
	struct result res;

	data[0] = 0;
	res = call(a, H_RECURSE, ARGS(0));
	check(res.status == -EFAULT &&
		      ELISA_FAULT_KIND(res.value) == ELISA_FAULT_KIND_MEMORY &&
		      data[0] >= depth - 1 && data[0] <= depth + 1,
	      "endless recursion, CPL %d: status %lld after %llu calls", a->cpl,
	      res.status, data[0]);
	res = call(a, H_SMASH, ARGS(0));
	check(res.status == -EFAULT, "a smashed stack, CPL %d: %lld", a->cpl,
	      res.status);
	check(can(a, H_READ, ELISA_SUB_INFO), "the next call");
	check(memory_is_intact(), "the caller's memory");
}

static void run_trash(void)
{
	unsigned int i;

	if (!set_up())
		return;
	for (i = 0; i < 2; i++) {
		trash(&att[i]);
		stacks(&att[i]);
	}
}

ATTACK("sub-trash", run_trash);
