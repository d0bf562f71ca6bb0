// SPDX-License-Identifier: GPL-2.0-only
/*
 * CR3 into the special range.
 *
 * Hope: crafted page tables in memory that a sub context maps too, or the page
 * that holds the saved RSP, are walked in gate or sub; the gate then stores to
 * the EPTP list what the attacker likes, or a resumed call goes on in other
 * code.  The VMM helps: it has memory at these addresses, so that the guest
 * can execute there.
 *
 * Why it fails: no such page is present in both contexts, so the first fetch
 * behind one of the VMFUNCs is an EPT violation; where the module looks first
 * (each VM entry, RESUME) the vCPU is not armed.
 */
#include <linux/kvm.h>

#include "cr3.h"

#define SLOT 4

static const u8 mov_rbx_cr3[3] = { 0x0f, 0x22, 0xdb };
static const u8 nops[3] = { 0x90, 0x90, 0x90 };

static struct craft c;
static u64 *view; /* what the default context finds at the CR3 */
static u64 good;  /* CR3 */
static struct kvm_sregs *sregs;
static unsigned int tried, armed_tries, in_special;

static void back(void)
{
	write_cr3(good);
}

/* Show it the default context's tables there, mapped by KVM already. */
static bool memory_at(u64 cr3)
{
	if (!expect(!memslot(SLOT, cr3, PAGE_SIZE, 0, (u64)view),
		    "memory at %llx", cr3))
		return false;
	write_cr3(cr3);
	back();
	elisa_call(&c.at3, X_NOP, ARGS(0));
	return true;
}

static void vmm_set_cr3(u64 cr3)
{
	vcpu_ioctl(0, KVM_GET_SREGS, sregs);
	sregs->cr3 = cr3;
	expect(!vcpu_ioctl(0, KVM_SET_SREGS, sregs), "KVM_SET_SREGS %llx", cr3);
}

static void judge(const char *how, u64 cr3, s64 status, bool by_vmm)
{
	tried++;
	armed_tries += status == -EFAULT;
	in_special += read_cr3() == cr3;
	/* What the VMM writes is seen before the vCPU enters. */
	expect(status == -EOPNOTSUPP || (status == -EFAULT && !by_vmm),
	       "%s, CR3 %llx: status %lld", how, cr3, status);
}

/* One page of the range as the top-level table. */
static void at_page(u64 cr3)
{
	struct regs in = { .r11 = X_SLED, .rsp = cr3 };
	struct result res;

	if (!memory_at(cr3))
		return;
	res = call_behind(&c.at0, mov_rbx_cr3, cr3, X_SLED);
	judge("MOV, CPL 0", cr3, res.status, false);
	back();
	expect(unharmed(&c, "MOV, CPL 0"), "CR3 %llx", cr3);

	write_cr3(cr3);
	res = elisa_call_regs(&c.at3, &in);
	judge("MOV, then CPL 3", cr3, res.status, false);
	back();
	expect(unharmed(&c, "MOV, then CPL 3"), "CR3 %llx", cr3);

	vmm_set_cr3(cr3);
	res = elisa_call_regs(&c.at3, &in);
	judge("KVM_SET_SREGS, CPL 3", cr3, res.status, true);
	back();
}

static void every_page(void)
{
	static const unsigned int gate[] = {
		GATE_L3, GATE_L2, GATE_L1, GATE_LOW_L3, GATE_LOW_L2, 131,
	};
	static const unsigned int some[] = { 0, 1, 2, LIST_PAGE };
	bool all = arg("long", 0);
	unsigned int chunk, i;

	for (i = 0; i < ARRAY_SIZE(gate); i++)
		at_page(special_gpa(ELISA_CHUNK_GATE, gate[i]));
	at_page(special_gpa(ELISA_CHUNK_GATE, slot_of(&c.at0)));
	at_page(special_gpa(ELISA_CHUNK_GATE_DATA, LIST_PAGE));
	at_page(special_gpa(ELISA_CHUNK_GATE_DATA, PRIVATE_PAGE));
	at_page(special_gpa(HOLE_CHUNK, 0));
	at_page(special_gpa(HOLE_CHUNK, 511));
	for (chunk = 0; chunk < (all ? 141 : 8); chunk++)
		for (i = 0; i < (all ? ARRAY_SIZE(some) : 3); i++)
			at_page(special_gpa(chunk, some[i]));
	check(in_special == tried, "%u calls under a CR3 in the range, %u ran",
	      tried, in_special);
	check(armed_tries >= tried / 2,
	      "%u of them reached the gate and came back with -EFAULT",
	      armed_tries);
}

static u64 load_cr3(u64 cr3)
{
	write_cr3(cr3);
	return 0;
}

/* CR3s that the range does not contain: all lead to the same tables. */
static void innocent(void)
{
	const u64 base = special_gpa(0, 0);
	const u64 cr3[] = {
		base - PAGE_SIZE, base - ELISA_CHUNK_SIZE, 1ULL << 36,
		(u64)view,	  (u64)view | 0xfff,
	};
	unsigned int i, right = 0;
	struct result res;
	struct trap t;

	for (i = 0; i < ARRAY_SIZE(cr3); i++) {
		u64 page = cr3[i] & ~0xfffULL;

		if (page != (u64)view &&
		    memslot(SLOT, page, PAGE_SIZE, 0, (u64)view))
			continue;
		res = call_behind(&c.at0, mov_rbx_cr3, cr3[i], X_NOP);
		right += !res.status && res.value == 1;
		vmm_set_cr3(page);
		right += !elisa_call(&c.at3, X_NOP, ARGS(1)).status;
		back();
	}
	check_eq(right, 2 * ARRAY_SIZE(cr3), "calls under other CR3s");
	check(!try(load_cr3, 1ULL << phys_bits(), &t) && t.regs.vector == 13,
	      "CR3 beyond the CPU's addresses is #GP");
}

/* The gate, walking crafted tables, would store RSP to the EPTP list. */
static void crafted_in_gate(void)
{
	static const struct {
		const char *name;
		unsigned int chunk;
	} where[] = {
		{ "exchange buffer", ELISA_CHUNK_XBUF },
		{ "shared data", ELISA_CHUNK_DATA },
	};
	unsigned int i, cpl, slot;
	u64 *leak;

	for (i = 0; i < 4; i++) {
		const struct att *att = i & 1 ? &c.at3 : &c.at0;
		u8 *mem = i & 2 ? c.data : c.xbuf;
		u64 cr3 = special_gpa(where[i / 2].chunk, 2);
		struct regs in = { .r11 = X_SLED, .rsp = 0x1f1f1f1e };
		struct result res;

		cpl = att->cpl;
		slot = slot_of(att);
		leak = (u64 *)(mem + 12 * PAGE_SIZE);
		memset(leak, 0, PAGE_SIZE);
		craft_gate_tables((u64 *)(mem + 2 * PAGE_SIZE), cr3, slot,
				  special_gpa(where[i / 2].chunk, 12));
		memory_at(cr3);
		if (cpl) {
			write_cr3(cr3);
			res = elisa_call_regs(att, &in);
		} else {
			res = call_behind(att, mov_rbx_cr3, cr3, X_SLED);
		}
		back();
		check(res.status == -EFAULT && !leak[0] && !leak[1],
		      "tables in the %s, CPL %u: the gate does not walk them: %lld, leak %llx %llx",
		      where[i / 2].name, cpl, res.status, leak[0], leak[1]);
		check(unharmed(&c, "tables in memory of sub"),
		      "and the EPTP list is as it was");
		memset(mem + 2 * PAGE_SIZE, 0, 9 * PAGE_SIZE);
	}
}

/* --- the gate-private page as a top-level table: its entry 2 is RSP */

#define PRIVATE_CODE(slot) ((2ULL << 39) + (4 * (slot) + 1) * PAGE_SIZE)

static unsigned int through_rsp(const struct att *att, u64 rsp, int cpl)
{
	static const u16 offset[] = {
		0, 8, 0x13, 0x15, 0x1d, 0xfe3, 0xfeb, 0xff3, 0xffb, 0xffd,
	};
	const u64 cr3 = special_gpa(ELISA_CHUNK_GATE_DATA, PRIVATE_PAGE);
	const u64 at = PRIVATE_CODE(slot_of(att));
	unsigned int i, j, returned = 0;
	u8 *code = pages(3);
	struct outcome out;

	for (i = 0; i < 3; i++)
		map(at + i * PAGE_SIZE - PAGE_SIZE, (u64)code + i * PAGE_SIZE,
		    PTE_RWU);
	memcpy(view, this_cpu()->root, PAGE_SIZE);
	memory_at(cr3);
	for (i = 0; i < ARRAY_SIZE(offset); i++) {
		struct regs in = { .rsp = rsp, .r11 = X_SLED };
		struct result res = elisa_call_regs(att, &in);

		expect(!res.status, "RSP %llx: %lld", rsp, res.status);
		c.shared->secret[0] = 0;
		in.rcx = ELISA_IDX_GATE;
		memset(code, 0xcc, 3 * PAGE_SIZE);
		for (j = 0; j < 3; j++)
			code[PAGE_SIZE + offset[i] - 3 + j] = "\x0f\x01\xd4"[j];
		write_cr3(cr3);
		vmfunc_at(at + offset[i] - 3, &in, cpl, &out);
		back();
		expect(out.how == HOW_TRAP && (out.trap.regs.vector == 6 ||
					       out.trap.regs.vector == 3),
		       "gate at %x by RSP %llx, CPL %d: %s %llu at %llx",
		       offset[i], rsp, cpl, how_name[out.how],
		       out.trap.regs.vector, out.trap.regs.rip);
		/* The end of the return half is VMFUNC(0) with ECX cleared. */
		returned += out.trap.regs.vector == 3 && !out.trap.regs.rcx &&
			    out.trap.regs.rip == at + PAGE_SIZE + 1;
		expect(unharmed(&c, "through the private page"),
		       "offset %x, RSP %llx", offset[i], rsp);
	}
	return returned;
}

static void private_page(void)
{
	const struct {
		u64 rsp;
		bool works; /* maps the gate page where RIP is */
	} entry[] = {
		{ special_gpa(ELISA_CHUNK_GATE, GATE_L3) | PTE_ALL, true },
		{ special_gpa(ELISA_CHUNK_GATE, GATE_L2) | PTE_ALL, false },
		{ special_gpa(ELISA_CHUNK_GATE, GATE_L1) | PTE_ALL, false },
		{ special_gpa(ELISA_CHUNK_GATE_DATA, PRIVATE_PAGE) | PTE_ALL,
		  false },
		{ special_gpa(ELISA_CHUNK_GATE_DATA, LIST_PAGE) | PTE_ALL,
		  false },
		{ special_gpa(ELISA_CHUNK_XBUF, 2) | PTE_ALL, false },
		{ PTE_ALL, false },
	};
	unsigned int i, walked = 0, returned;

	for (i = 0; i < ARRAY_SIZE(entry); i++) {
		returned = through_rsp(&c.at3, entry[i].rsp, 3);
		returned += through_rsp(&c.at0, entry[i].rsp, 0);
		expect(!returned || entry[i].works, "RSP %llx: %u",
		       entry[i].rsp, returned);
		walked += returned;
	}
	/*
	 * That much is possible: the gate, at an address of the attacker's.
	 * It cannot store anywhere, and nothing of it is in sub.
	 */
	check(walked,
	      "the saved RSP as a table entry: the gate ran at another address %u times, to no avail",
	      walked);
}

/* --- CR3 changes between AEX and RESUME */

static enum { NO_CHANGE, INNOCENT, MOV, VMM, VMM_RUNNING } change;
static u64 changed_cr3;
static unsigned int resumes, refused, changes;

static void on_aep(const struct att *att, u64 handle, struct outcome *out)
{
	bool bad = change >= MOV;

	if (change == INNOCENT) {
		write_cr3(resumes & 1 ? good : changed_cr3);
	} else if (change == MOV) {
		write_cr3(changed_cr3);
	} else if (change == VMM) {
		vmm_set_cr3(changed_cr3);
	} else if (change == VMM_RUNNING && !vcpu_posted(0)) {
		vcpu_ioctl(0, KVM_GET_SREGS, sregs);
		sregs->cr3 = changed_cr3;
		vcpu_post(0, KVM_SET_SREGS, sregs, SVC_WHEN_INTR, 0, 0);
	}
	changes += read_cr3() == changed_cr3;
	resume(handle, NULL, att->cpl, out);
	resumes++;
	if (out->how == HOW_REFUSED && (s64)out->trap.regs.rax == -EINVAL)
		refused++;
	if (!bad && resumes == 20)
		c.shared->go = 1;
	back();
}

static struct result resumed(const struct att *att, int what)
{
	change = what;
	resumes = 0;
	refused = 0;
	changes = 0;
	return call_interrupted(&c, att, on_aep);
}

static void between_aex_and_resume(void)
{
	static const char *const name[] = {
		[MOV] = "MOV",
		[VMM] = "KVM_SET_SREGS",
		[VMM_RUNNING] = "KVM_SET_SREGS at a signal",
	};
	struct poker *poker = pages(1);
	struct result res;
	unsigned int i, what;
	u64 cr3;

	changed_cr3 = (u64)root_copy();
	for (i = 0; i < 2; i++) {
		res = resumed(i ? &c.at3 : &c.at0, INNOCENT);
		check(!res.status && resumes >= 20 && changes >= 10,
		      "a call goes on under other CR3s: %llu AEX, status %lld",
		      res.aex, res.status);
	}
	for (i = 0; i < 4; i++) {
		const struct att *att = i & 1 ? &c.at3 : &c.at0;
		u8 *mem = i & 2 ? c.data : c.xbuf;

		cr3 = special_gpa(i & 2 ? ELISA_CHUNK_DATA : ELISA_CHUNK_XBUF,
				  2);
		craft_sub_tables((u64 *)(mem + 2 * PAGE_SIZE), cr3,
				 slot_of(att));
		memcpy(view, this_cpu()->root, PAGE_SIZE);
		memslot(SLOT, cr3, PAGE_SIZE, 0, (u64)view);
		changed_cr3 = cr3;
		for (what = MOV; what <= VMM_RUNNING; what++) {
			poker->period_us = 300;
			if (what == VMM_RUNNING)
				poker_start(0, poker);
			res = resumed(att, what);
			if (what == VMM_RUNNING)
				poker_stop(0, poker);
			back();
			check(res.status == -EINVAL && refused == 1,
			      "RESUME with crafted tables, %s, CPL %d: %lld after %llu AEX, sled %llx",
			      name[what], att->cpl, res.status, res.aex,
			      c.shared->secret[0]);
			check(unharmed(&c, "RESUME"), "and nothing else ran");
		}
		memset(mem + 2 * PAGE_SIZE, 0, 9 * PAGE_SIZE);
	}
}

static bool begin(void)
{
	sregs = pages(1);
	good = read_cr3();
	if (!craft_export(&c, "cr3"))
		return false;
	check(!call_behind(&c.at0, nops, 0, X_NOP).status,
	      "the way in with three NOPs in place of the MOV");
	view = root_copy();
	return true;
}

static void cr3_pages(void)
{
	if (!begin())
		return;
	every_page();
	innocent();
	check(unharmed(&c, "CR3 pages"), "the vCPU can make calls as before");
}

static void cr3_crafted(void)
{
	if (!begin())
		return;
	crafted_in_gate();
	private_page();
	check(unharmed(&c, "crafted tables"), "crafted tables in the gate");
}

static void cr3_resume(void)
{
	if (begin())
		between_aex_and_resume();
}

/*
 * Without memory at the address the guest cannot execute anything: its vCPU
 * ends with an error to its VMM.
 */
static void cr3_nowhere(void)
{
	if (!begin())
		return;
	check(true, "CR3 at %llx, where nothing is",
	      special_gpa(arg("chunk", 5), arg("page", 2)));
	call_behind(&c.at0, mov_rbx_cr3,
		    special_gpa(arg("chunk", 5), arg("page", 2)), X_SLED);
	check(false, "the guest goes on");
}

ATTACK("cr3-pages", cr3_pages);
ATTACK("cr3-crafted", cr3_crafted);
ATTACK("cr3-resume", cr3_resume);
ATTACK("cr3-nowhere", cr3_nowhere);
