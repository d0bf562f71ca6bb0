// SPDX-License-Identifier: GPL-2.0-only
/*
 * badimage NAME [TOKEN]: images that no loader would let through, by bare
 * hypercalls.  NAME is an export that this VM may make and attach to.  With
 * TOKEN, that of another VM's export, it tries to meddle with that instead.
 *
 * Prints what was not answered as it should, and "N checks, N wrong".
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <elisa/guest.h>
#include <elisa/layout.h>

#include "name.h"
#include "vmcall.h"

#define PAGE ELISA_PAGE_SIZE

static struct elisa_packed_name export_name;
static const char *plain_name;
static unsigned int checks, wrong;
static uint8_t *pages; /* two of them, to copy from */

static int64_t hc(unsigned int nr, struct elisa_regs *regs)
{
	return elisa_vmcall(ELISA_HC(nr), regs);
}

static void expect(const char *what, int64_t got, int64_t want)
{
	checks++;
	if (got == want)
		return;
	printf("%s: %lld, not %lld\n", what, (long long)got, (long long)want);
	wrong++;
}

static uint64_t create(void)
{
	struct elisa_regs regs = {
		.rdi = export_name.word[0],
		.rsi = export_name.word[1],
		.rdx = export_name.word[2],
		.r10 = export_name.word[3],
	};

	expect("EXPORT_CREATE", hc(ELISA_HC_EXPORT_CREATE, &regs), 0);
	return regs.rdi;
}

static int64_t image(uint64_t token, const void *from, uint64_t first,
		     uint64_t n, uint64_t prot)
{
	struct elisa_regs regs = {
		.rdi = token,
		.rsi = (uintptr_t)from,
		.rdx = first,
		.r10 = n,
		.r8 = prot,
	};

	return hc(ELISA_HC_EXPORT_IMAGE, &regs);
}

static int64_t entry(uint64_t token, const char *name, uint64_t offset)
{
	struct elisa_packed_name packed;
	struct elisa_regs regs;

	if (elisa_name_pack(name, &packed))
		exit(2);
	regs = (struct elisa_regs){
		.rdi = token,
		.rsi = packed.word[0],
		.rdx = packed.word[1],
		.r10 = packed.word[2],
		.r8 = packed.word[3],
		.r9 = offset,
	};
	return hc(ELISA_HC_EXPORT_ENTRY, &regs);
}

static int64_t by_token(unsigned int nr, uint64_t token)
{
	struct elisa_regs regs = { .rdi = token };

	return hc(nr, &regs);
}

static int64_t seal(uint64_t token)
{
	return by_token(ELISA_HC_EXPORT_SEAL, token);
}

static void destroy(uint64_t token)
{
	expect("EXPORT_DESTROY", by_token(ELISA_HC_EXPORT_DESTROY, token), 0);
}

/* Code that returns 1, in both pages. */
static void good_code(void)
{
	static const uint8_t code[] = { 0xb8, 1, 0, 0, 0, 0xc3 };

	memset(pages, 0xcc, 2 * PAGE);
	memcpy(pages, code, sizeof(code));
	memcpy(pages + PAGE, code, sizeof(code));
}

static void arguments(void)
{
	uint64_t token = create(), prot;
	char name[16];
	int i;

	good_code();
	expect("SEAL of nothing", seal(token), -EINVAL);
	for (prot = 0; prot < 16; prot++)
		if (prot != 1 && prot != 3 && prot != 4 && prot != 5)
			expect("IMAGE, bad rights",
			       image(token, pages, 0, 1, prot), -EINVAL);
	expect("IMAGE, W and X", image(token, pages, 0, 1, 6), -EINVAL);
	expect("IMAGE, R, W and X", image(token, pages, 0, 1, 7), -EINVAL);
	expect("IMAGE, rights 2^32 + R",
	       image(token, pages, 0, 1, (1ULL << 32) + 1), -EINVAL);
	expect("IMAGE, not aligned", image(token, pages + 1, 0, 1, 1), -EINVAL);
	expect("IMAGE, no pages", image(token, pages, 0, 0, 1), -EINVAL);
	expect("IMAGE, 512 pages", image(token, pages, 0, 512, 1), -EINVAL);
	expect("IMAGE, behind the end", image(token, pages, 511, 1, 1),
	       -EINVAL);
	expect("IMAGE, across the end", image(token, pages, 510, 2, 1),
	       -EINVAL);
	expect("IMAGE, page 2^63", image(token, pages, 1ULL << 63, 1, 1),
	       -EINVAL);
	expect("IMAGE, page -1", image(token, pages, ~0ULL, 2, 1), -EINVAL);
	expect("IMAGE, 2^63 pages", image(token, pages, 0, 1ULL << 63, 1),
	       -EINVAL);
	expect("IMAGE, last page", image(token, pages, 510, 1, 5), 0);
	expect("IMAGE, code", image(token, pages, 0, 1, 5), 0);
	expect("IMAGE, constants", image(token, pages, 2, 1, 1), 0);
	expect("IMAGE, page taken", image(token, pages, 0, 1, 3), -EEXIST);
	expect("IMAGE, second page taken", image(token, pages, 1, 2, 3),
	       -EEXIST);
	expect("SEAL without entries", seal(token), -EINVAL);
	expect("ENTRY in constants", entry(token, "e", 2 * PAGE), -EINVAL);
	expect("ENTRY where nothing is", entry(token, "e", 3 * PAGE), -EINVAL);
	expect("ENTRY behind the end", entry(token, "e", 511 * PAGE), -EINVAL);
	expect("ENTRY at -1", entry(token, "e", ~0ULL), -EINVAL);
	expect("ENTRY at 2^44", entry(token, "e", 1ULL << 44), -EINVAL);
	for (i = 0; i < ELISA_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		expect("ENTRY", entry(token, name, i), i);
		if (!i)
			expect("ENTRY, name taken", entry(token, name, 1),
			       -EEXIST);
	}
	expect("ENTRY number 257", entry(token, "more", 0), -ENOSPC);
	expect("SEAL of another token", seal(token ^ 1), -ENOENT);
	destroy(token);
	expect("SEAL after DESTROY", seal(token), -ENOENT);
}

/* @code at @offset of two pages that come as @split says. */
static void forbidden(const char *what, const uint8_t *code, size_t len,
		      size_t offset, int split)
{
	uint64_t token = create();
	char text[80];

	good_code();
	memcpy(pages + offset, code, len);
	switch (split) {
	case 0: /* in one piece */
		expect("IMAGE", image(token, pages, 0, 2, 5), 0);
		break;
	case 1: /* in two, of different rights */
		expect("IMAGE", image(token, pages, 0, 1, 4), 0);
		expect("IMAGE", image(token, pages + PAGE, 1, 1, 5), 0);
		break;
	default: /* the second first, and at the end of the image */
		expect("IMAGE", image(token, pages + PAGE, 510, 1, 5), 0);
		expect("IMAGE", image(token, pages, 509, 1, 5), 0);
		break;
	}
	expect("ENTRY", entry(token, "e", split == 2 ? 509 * PAGE : 0), 0);
	snprintf(text, sizeof(text), "SEAL with %s at %#zx, split %d", what,
		 offset, split);
	expect(text, seal(token), -ENOEXEC);
	expect("SEAL once more", seal(token), -ENOEXEC);
	destroy(token);
}

static void instructions(void)
{
	static const struct {
		const char *name;
		uint8_t code[5];
	} bad[] = {
		{ "VMFUNC", { 0x0f, 0x01, 0xd4, 0x90, 0x90 } },
		{ "WRPKRU", { 0x0f, 0x01, 0xef, 0x90, 0x90 } },
		{ "XRSTOR", { 0x0f, 0xae, 0x2f, 0x90, 0x90 } },
		{ "XRSTORS", { 0x48, 0x0f, 0xc7, 0x1f, 0x90 } },
		{ "WRFSBASE", { 0xf3, 0x48, 0x0f, 0xae, 0xd0 } },
		{ "WRGSBASE", { 0xf3, 0x0f, 0xae, 0xdf, 0x90 } },
		{ "LDTILECFG", { 0xc4, 0xe2, 0x78, 0x49, 0x07 } },
	};
	size_t i, offset;
	int split;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (split = 0; split < 3; split++)
			for (offset = PAGE - 5; offset <= PAGE; offset++)
				forbidden(bad[i].name, bad[i].code, 5, offset,
					  split);
	/* The very end of the image. */
	forbidden("VMFUNC", bad[0].code, 3, 2 * PAGE - 3, 2);
}

/* Code is what it was when it was copied, and nothing changes it later. */
static void changed_later(void)
{
	static const uint8_t vmfunc[] = { 0x0f, 0x01, 0xd4 };
	struct elisa_attachment *att;
	struct elisa_entry e;
	uint64_t token = create(), ret = 0;

	good_code();
	expect("IMAGE", image(token, pages, 0, 1, 5), 0);
	memcpy(pages, vmfunc, sizeof(vmfunc));
	expect("ENTRY", entry(token, "e", 0), 0);
	expect("SEAL", seal(token), 0);
	memset(pages, 0xcc, PAGE);
	expect("IMAGE after SEAL", image(token, pages, 0, 1, 5), -EBUSY);
	expect("IMAGE of more after SEAL", image(token, pages, 1, 1, 5),
	       -EBUSY);
	expect("ENTRY after SEAL", entry(token, "late", 0), -EBUSY);
	expect("SEAL after SEAL", seal(token), -EBUSY);
	expect("attach", elisa_attach(&att, plain_name, NULL, 0), 0);
	expect("lookup", elisa_lookup(att, "e", &e), 0);
	expect("call", elisa_call0(&e, &ret), 0);
	expect("its result", ret, 1);
	destroy(token);
	expect("call after DESTROY", elisa_call0(&e, &ret), -ENOLINK);
	expect("detach", elisa_detach(att), 0);
}

static void meddle(uint64_t token)
{
	struct elisa_regs regs = {
		.rdi = token,
		.rsi = (uintptr_t)pages,
		.r10 = 1,
	};

	expect("SEAL", seal(token), -ENOENT);
	expect("IMAGE", image(token, pages, 5, 1, 1), -ENOENT);
	expect("DATA", hc(ELISA_HC_EXPORT_DATA, &regs), -ENOENT);
	expect("ENTRY", entry(token, "mine", 0), -ENOENT);
	expect("DETACH", by_token(ELISA_HC_DETACH, token), -ENOENT);
	expect("DESTROY", by_token(ELISA_HC_EXPORT_DESTROY, token), -ENOENT);
}

int main(int argc, char **argv)
{
	if (argc < 2 || elisa_name_pack(argv[1], &export_name))
		return 2;
	plain_name = argv[1];
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (pages == MAP_FAILED)
		return 2;
	if (argc > 2 && !strcmp(argv[2], "begin")) {
		printf("%#llx\n", (unsigned long long)create());
		return 0;
	}
	if (argc > 2) {
		meddle(strtoull(argv[2], NULL, 0));
	} else {
		arguments();
		instructions();
		changed_later();
	}
	printf("%u checks, %u wrong\n", checks, wrong);
	return wrong != 0;
}
