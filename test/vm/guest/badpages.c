// SPDX-License-Identifier: GPL-2.0-only
/*
 * badpages NAME EXPORT: guest root gives hypercalls memory that is not the
 * guest's: EXPORT_DATA and EXPORT_IMAGE of an export NAME that it begins, and
 * an exchange buffer for an attachment to EXPORT.
 *
 * Physical addresses are reached by /dev/mem: beyond the RAM, devices, the
 * pages that KVM keeps in the guest's address space for itself.  Prints each
 * that was not refused, and "N places, N refusals, N wrong".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/hypercall.h>

#include "name.h"
#include "vmcall.h"

#define PAGE 4096

static struct elisa_packed_name create, attach;
static unsigned int places, refusals, wrong;
static uint64_t token;

static int64_t hc(unsigned int nr, struct elisa_regs *regs)
{
	return elisa_vmcall(ELISA_HC(nr), regs);
}

static void expect(const char *place, const char *what, int64_t got,
		   int64_t want)
{
	if (got == want) {
		refusals++;
		return;
	}
	printf("%s: %s returned %lld, not %lld\n", place, what, (long long)got,
	       (long long)want);
	wrong++;
}

static int64_t data(uint64_t gva, uint64_t n)
{
	struct elisa_regs regs = { .rdi = token, .rsi = gva, .r10 = n };

	return hc(ELISA_HC_EXPORT_DATA, &regs);
}

static int64_t image(uint64_t gva, uint64_t n)
{
	struct elisa_regs regs = {
		.rdi = token,
		.rsi = gva,
		.rdx = 7,
		.r10 = n,
		.r8 = ELISA_PROT_R,
	};

	return hc(ELISA_HC_EXPORT_IMAGE, &regs);
}

static int64_t buffer(uint64_t gva, uint64_t n)
{
	struct elisa_regs regs = {
		.rdi = attach.word[0],
		.rsi = attach.word[1],
		.rdx = attach.word[2],
		.r10 = attach.word[3],
		.r8 = gva,
		.r9 = n,
	};
	struct elisa_regs detach;
	int64_t rax = hc(ELISA_HC_ATTACH, &regs);

	detach = (struct elisa_regs){ .rdi = regs.rdi };
	if (!rax)
		hc(ELISA_HC_DETACH, &detach);
	return rax;
}

static void try(const char *place, uint64_t gva, int64_t want)
{
	places++;
	expect(place, "EXPORT_DATA", data(gva, 1), want);
	expect(place, "EXPORT_IMAGE", image(gva, 1), want);
	expect(place, "ATTACH", buffer(gva, 1), want);
}

static void try_physical(int mem, const char *place, uint64_t gpa)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, mem, gpa);

	if (p == MAP_FAILED) {
		printf("%s: cannot be mapped: %s\n", place, strerror(errno));
		return;
	}
	try(place, (uintptr_t)p, -EFAULT);
	munmap(p, PAGE);
}

static void *page(int prot)
{
	void *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED || mprotect(p, PAGE, prot))
		return NULL;
	return p;
}

/* 0 if the guest does not say. */
static uint64_t ram_end(void)
{
	unsigned long long first, last;
	uint64_t end = 0;
	char line[128];
	FILE *f = fopen("/proc/iomem", "r");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, ": System RAM") &&
		    sscanf(line, "%llx-%llx", &first, &last) == 2)
			end = last + 1;
	fclose(f);
	return end;
}

static void physical(void)
{
	int mem = open("/dev/mem", O_RDWR | O_SYNC);

	if (mem < 0) {
		perror("/dev/mem");
		wrong++;
		return;
	}
	try_physical(mem, "behind the RAM", ram_end());
	try_physical(mem, "in a device hole", 0xd0000000);
	try_physical(mem, "the I/O APIC", 0xfec00000);
	try_physical(mem, "KVM's APIC access page", 0xfee00000);
	try_physical(mem, "KVM's identity map", 0xfffbc000);
	try_physical(mem, "KVM's TSS", 0xfffbd000);
	try_physical(mem, "KVM's TSS, last page", 0xfffbf000);
	try_physical(mem, "at 4 GiB", 1ULL << 32);
	try_physical(mem, "at 64 GiB", 1ULL << 36);
	try_physical(mem, "below the special range",
		     (1ULL << 39) - (2ULL << 30));
	try_physical(mem, "in the special range", (1ULL << 39) - (1ULL << 30));
	close(mem);
}

static void virtual(void)
{
	uint64_t gap, readonly, ok;

	try("address 0", 0, -EFAULT);
	try("the guest's kernel", 0xffffffff81000000, -EFAULT);
	try("the direct map", 0xffff888000000000, -EFAULT);
	try("not canonical", 1ULL << 47, -EFAULT);
	try("a window's gate page", 0x3e0000001000, -EFAULT);
	try("the last page", -PAGE, -EFAULT);
	try("not aligned", (uintptr_t)page(PROT_READ | PROT_WRITE) + 8,
	    -EINVAL);
	try("no rights", (uintptr_t)page(PROT_NONE), -EFAULT);

	readonly = (uintptr_t)page(PROT_READ);
	expect("read-only", "EXPORT_DATA", data(readonly, 1), -EFAULT);
	expect("read-only", "ATTACH", buffer(readonly, 1), -EFAULT);
	/* The first page is good, the second is not there. */
	gap = (uintptr_t)page(PROT_READ | PROT_WRITE);
	munmap((void *)(gap + PAGE), PAGE);
	expect("half", "EXPORT_DATA", data(gap, 2), -EFAULT);
	expect("half", "ATTACH", buffer(gap, 2), -EFAULT);
	expect("half", "EXPORT_IMAGE", image(gap, 2), -EFAULT);
	ok = (uintptr_t)page(PROT_READ | PROT_WRITE);
	expect("no pages", "EXPORT_DATA", data(ok, 0), -EINVAL);
	expect("2^63 pages", "EXPORT_DATA", data(ok, 1ULL << 63), -EINVAL);
	expect("-1 pages", "EXPORT_DATA", data(ok, ~0ULL), -EINVAL);
	expect("too many", "EXPORT_DATA", data(ok, 65537), -EINVAL);
	expect("more than the limit", "EXPORT_DATA", data(ok, 65535), -ENOSPC);
	expect("2^63 pages", "ATTACH", buffer(ok, 1ULL << 63), -EINVAL);
	expect("513 pages", "ATTACH", buffer(ok, 513), -EINVAL);
}

int main(int argc, char **argv)
{
	struct elisa_regs regs = { 0 };
	uint64_t ok;

	if (argc != 3 || elisa_name_pack(argv[1], &create) ||
	    elisa_name_pack(argv[2], &attach))
		return 2;
	regs = (struct elisa_regs){
		.rdi = create.word[0],
		.rsi = create.word[1],
		.rdx = create.word[2],
		.r10 = create.word[3],
	};
	if (hc(ELISA_HC_EXPORT_CREATE, &regs)) {
		puts("EXPORT_CREATE failed");
		return 1;
	}
	token = regs.rdi;
	/* That good memory is taken shows that the refusals have a reason. */
	ok = (uintptr_t)page(PROT_READ | PROT_WRITE);
	if (data(ok, 1) || buffer(ok, 1)) {
		puts("good memory is refused");
		wrong++;
	}
	physical();
	virtual();
	regs = (struct elisa_regs){ .rdi = token };
	expect("the export", "EXPORT_DESTROY",
	       hc(ELISA_HC_EXPORT_DESTROY, &regs), 0);
	printf("%u places, %u refusals, %u wrong\n", places, refusals, wrong);
	return wrong != 0;
}
