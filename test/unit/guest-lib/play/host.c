// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A library that works on any machine: host, module and CPU are played in the
 * process, so that what is documented can be run as it stands.  It takes the
 * place of vmcall.c and buffer.c in a libelisa-guest.so.
 *
 *	PLAY_IMAGE	the sub image, built for unit tests; without it there is
 *			no ELISA
 *	PLAY_EXPORT	name of the export: kv.store
 *	PLAY_READ_ONLY	callers may only read
 *	PLAY_DATA	file that keeps the shared data for other processes
 *
 * Each call executes the stubs as they are, but for VMFUNC.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/layout.h>
#include <elisa/sub_test.h>

#include "vmcall.h"

#define DATA_SIZE ((size_t)64 << 10)
#define HUGE	  ((size_t)2 << 20)
#define SLOTS	  8
#define TOKEN	  0x700c0de000000000ULL

struct slot {
	struct elisa_test_vm *vm;
	void *xbuf;
	size_t xbuf_size;
};

static struct elisa_test_export *image;
static struct slot slots[SLOTS];
static char names[ELISA_ENTRIES_MAX][ELISA_NAME_SIZE];

/* --- the shared data, for others */

static void data_file(bool save)
{
	const char *path = getenv("PLAY_DATA");
	char *data = elisa_test_data(image);
	ssize_t n = 0;
	int fd;

	if (!path)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	n = save ? pwrite(fd, data, DATA_SIZE, 0) :
		   pread(fd, data, DATA_SIZE, 0);
	close(fd);
	if (n < 0)
		abort();
}

/* --- calls: what is instead of gate and sub context */

/* Return: what EAX is at the return stub. */
__attribute__((used, visibility("hidden"))) int
play_call(const uint64_t *arg, uint64_t index, uint64_t slot, uint64_t *ret)
{
	struct slot *s = &slots[slot];
	const int saved_errno = errno;
	int rc;

	*ret = 0;
	if (!s->vm)
		return -ENOLINK;
	if (index >= ELISA_ENTRIES_MAX || !names[index][0])
		return -EINVAL;
	if (s->xbuf)
		memcpy(elisa_test_xbuf(s->vm), s->xbuf, s->xbuf_size);
	rc = elisa_test_call6(s->vm, names[index], ret, arg[0], arg[1], arg[2],
			      arg[3], arg[4], arg[5]);
	if (s->xbuf)
		memcpy(s->xbuf, elisa_test_xbuf(s->vm), s->xbuf_size);
	data_file(true);
	errno = saved_errno;
	return rc;
}

/* RCX = slot; otherwise as at the entry stub's VMFUNC. */
void play_gate(void);
__asm__(".pushsection .text\n"
	".type play_gate, @function\n"
	"play_gate:\n\t"
	/* The stub keeps something below RSP. */
	"lea	-128(%rsp), %rbx\n\t"
	"mov	%rbx, %rsp\n\t"
	"and	$-16, %rsp\n\t"
	"push	%r9\n\tpush	%r8\n\tpush	%r10\n\t"
	"push	%rdx\n\tpush	%rsi\n\tpush	%rdi\n\t"
	"mov	%rsp, %rdi\n\t"
	"mov	%r11, %rsi\n\t"
	"mov	%rcx, %rdx\n\t"
	"mov	%rcx, %r12\n\t"
	"sub	$16, %rsp\n\t"
	"mov	%rsp, %rcx\n\t"
	"call	play_call\n\t"
	"mov	(%rsp), %rdx\n\t"
	"lea	128(%rbx), %rsp\n\t"
	/* To the return stub of the window. */
	"shl	$14, %r12\n\t"
	"movabs	$0x3e0000002000, %r10\n\t"
	"add	%r12, %r10\n\t"
	"jmp	*%r10\n\t"
	".size play_gate, . - play_gate\n"
	".popsection\n");

_Static_assert(ELISA_WINDOW(1) + ELISA_W_RETURN == 0x3e0000006000,
	       "what play_gate computes");

/* Once the library has mapped the window: VMFUNC leads to play_gate(). */
static void open_window(uint64_t slot)
{
	unsigned char *w = (unsigned char *)ELISA_WINDOW(slot);
	/* mov $slot, %ecx; movabs $play_gate, %rax; jmp *%rax */
	char code[] = "\xb9\0\0\0\0\x48\xb8\0\0\0\0\0\0\0\0\xff\xe0";
	void (*gate)(void) = play_gate;

	code[1] = (char)slot;
	memcpy(code + 7, &gate, sizeof(gate));
	if (mprotect(w, 2 * ELISA_PAGE_SIZE, PROT_READ | PROT_WRITE))
		abort();
	memset(w + ELISA_W_GATE - 3, 0x90, 3);
	memcpy(w + ELISA_W_GATE, code, sizeof(code));
	if (mprotect(w, 2 * ELISA_PAGE_SIZE, PROT_READ | PROT_EXEC))
		abort();
}

/* --- hypercalls */

static int64_t attach(struct elisa_regs *r)
{
	const uint64_t name[4] = { r->rdi, r->rsi, r->rdx, r->r10 };
	const char *export = getenv("PLAY_EXPORT");
	unsigned int rights = ELISA_RIGHT_READ;
	uint64_t slot;

	if (strncmp((const char *)name, export ? export : "kv.store",
		    sizeof(name)))
		return -ENOENT;
	if (!getenv("PLAY_READ_ONLY"))
		rights |= ELISA_RIGHT_WRITE;
	for (slot = 0; slot < SLOTS && slots[slot].vm; slot++)
		;
	if (slot == SLOTS)
		return -ENOSPC;
	if (!image) {
		if (elisa_test_export_open(&image, getenv("PLAY_IMAGE"),
					   DATA_SIZE))
			abort();
		data_file(false);
	}
	slots[slot].xbuf = (void *)r->r8;
	slots[slot].xbuf_size = r->r9 * ELISA_PAGE_SIZE;
	if (elisa_test_attach(&slots[slot].vm, image, rights,
			      slots[slot].xbuf_size))
		return -ENOMEM;
	r->rdi = TOKEN + slot;
	r->rsi = ELISA_WINDOW(slot);
	r->rdx = rights;
	return 0;
}

static int64_t detach(uint64_t slot)
{
	elisa_test_detach(slots[slot].vm);
	slots[slot].vm = NULL;
	return 0;
}

static int64_t lookup(uint64_t slot, const struct elisa_regs *r)
{
	const uint64_t name[4] = { r->rsi, r->rdx, r->r10, r->r8 };
	int index = elisa_test_lookup(image, (const char *)name);

	if (index >= 0) {
		memcpy(names[index], name, sizeof(name));
		open_window(slot);
	}
	return index;
}

bool elisa_vmcall_present(void)
{
	return getenv("PLAY_IMAGE");
}

int64_t elisa_vmcall(uint64_t rax, struct elisa_regs *r)
{
	const uint64_t slot = r->rdi - TOKEN;
	const bool attached = slot < SLOTS && slots[slot].vm;

	switch (rax & 0xff) {
	case ELISA_HC_VERSION:
		r->rdi = 3;
		return ELISA_ABI_VERSION;
	case ELISA_HC_ATTACH:
		return attach(r);
	case ELISA_HC_DETACH:
		return attached ? detach(slot) : -ENOENT;
	case ELISA_HC_ENTRY:
		return attached ? lookup(slot, r) : -ENOENT;
	case ELISA_HC_EXPORT_CREATE:
		r->rdi = TOKEN;
		return 0;
	default:
		return 0;
	}
}

/* --- huge pages, which few machines have reserved */

int elisa_buffer_alloc(struct elisa_buffer *buf, size_t size)
{
	if (!size)
		return -EINVAL;
	buf->size = (size + HUGE - 1) & ~(HUGE - 1);
	buf->addr = aligned_alloc(HUGE, buf->size);
	if (!buf->addr)
		return -ENOMEM;
	memset(buf->addr, 0, buf->size);
	return 0;
}

void elisa_buffer_free(struct elisa_buffer *buf)
{
	free(buf->addr);
	memset(buf, 0, sizeof(*buf));
}
