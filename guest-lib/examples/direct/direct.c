// SPDX-License-Identifier: MIT
/*
 * Direct mapping, see direct.h.
 *
 * Who is alive.  Each connection has a slot, and holds a lock on the byte of
 * that number of the file, which the kernel releases when the process ends,
 * however it ends.  A waiter that can lock the byte of an owner knows that it is
 * dead, and removes its identity.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elisa/test_image.h>

#include "direct.h"
#include "direct_context.h"

/* At the start of the shared memory; the shared data follows. */
struct direct_shared {
	uint64_t generation;
	uint64_t unused[511];
	uint64_t liveness[ELISA_OWNER_SLOTS];
};

_Static_assert(sizeof(struct direct_shared) == DIRECT_OVERHEAD, "5 pages");

#define XBUF_MAX ((size_t)ELISA_XBUF_PAGES_MAX * ELISA_PAGE_SIZE)
#define DATA_MAX ((size_t)ELISA_DATA_PAGES_MAX * ELISA_PAGE_SIZE)

extern const struct elisa_test_image elisa_test_image;

_Thread_local struct direct_context direct_context;
uint64_t direct_entries[ELISA_ENTRIES_MAX];

/*
 * What elisa_callN() calls: the number of the entry point in R11, the fourth
 * argument in R10.  The result goes to RDX, and RAX says that there was a call.
 */
__asm__(".pushsection .text\n"
	".type direct_stub, @function\n"
	"direct_stub:\n\t"
	"push %rbp\n\t"
	"mov %rsp, %rbp\n\t"
	"and $-16, %rsp\n\t"
	"mov %r10, %rcx\n\t"
	"lea direct_entries(%rip), %rax\n\t"
	"call *(%rax,%r11,8)\n\t"
	"mov %rax, %rdx\n\t"
	"xor %eax, %eax\n\t"
	"leave\n\t"
	"ret\n\t"
	".size direct_stub, . - direct_stub\n\t"
	".popsection");
extern const char direct_stub[];

static int lock_slot(int fd, unsigned int slot, short type)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = slot,
		.l_len = 1,
	};

	return fcntl(fd, F_OFD_SETLK, &lock) ? -errno : 0;
}

void direct_wait(uint64_t owner)
{
	const unsigned int slot = owner & (ELISA_OWNER_SLOTS - 1);
	const unsigned int own = direct_context.self.id &
				 (ELISA_OWNER_SLOTS - 1);
	uint64_t dead = owner & ~(uint64_t)ELISA_OWNER_DIED;

	sched_yield();
	if (direct_context.fd < 0 || slot == own ||
	    lock_slot(direct_context.fd, slot, F_WRLCK))
		return;
	__atomic_compare_exchange_n(&direct_context.liveness[slot], &dead, 0,
				    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	lock_slot(direct_context.fd, slot, F_UNLCK);
}

static void set_up(struct direct_shared *shared, size_t data_size,
		   unsigned int slot, size_t xbuf_size)
{
	struct direct_context *c = &direct_context;
	const struct elisa_test_image *image = &elisa_test_image;
	unsigned int i;

	for (i = 0; i < image->end - image->begin; i++)
		direct_entries[i] = image->begin[i].address;
	c->info = (struct elisa_sub_info){
		.abi = ELISA_ABI_VERSION,
		.rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE,
		.data_size = data_size,
		.xbuf_size = xbuf_size,
	};
	c->data = shared + 1;
	c->liveness = shared->liveness;
	c->self.id =
		__atomic_add_fetch(&shared->generation, 1, __ATOMIC_RELAXED)
			<< ELISA_OWNER_GENERATION_SHIFT |
		slot;
	c->control = (struct elisa_sub_control){ 0 };
	/* Whoever had the slot before is dead from now on. */
	__atomic_store_n(&c->liveness[slot], c->self.id, __ATOMIC_RELEASE);
}

int direct_open_memory(void *memory, size_t size, unsigned int slot,
		       size_t xbuf_size)
{
	struct direct_context *c = &direct_context;

	if (c->liveness)
		return -EALREADY;
	if (size < sizeof(struct direct_shared) ||
	    size - sizeof(struct direct_shared) > DATA_MAX ||
	    size % ELISA_PAGE_SIZE || slot >= ELISA_OWNER_SLOTS ||
	    xbuf_size > XBUF_MAX)
		return -EINVAL;
	c->xbuf = calloc(1, xbuf_size + 1);
	if (!c->xbuf)
		return -ENOMEM;
	c->mapping = NULL;
	c->fd = -1;
	set_up(memory, size - sizeof(struct direct_shared), slot, xbuf_size);
	return 0;
}

/* Makes the file as large as it has to be, whoever comes first. */
static int size_file(int fd, size_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size)
		return (size_t)st.st_size == size ? 0 : -EINVAL;
	return ftruncate(fd, (off_t)size) ? -errno : 0;
}

int direct_open(const char *path, size_t data_size, size_t xbuf_size)
{
	const size_t size = sizeof(struct direct_shared) + data_size;
	struct direct_context *c = &direct_context;
	unsigned int slot;
	void *memory;
	int fd, err;

	if (c->liveness)
		return -EALREADY;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = -EINVAL;
	if (data_size <= DATA_MAX)
		err = size_file(fd, size);
	if (err)
		goto err_close;
	for (slot = 0; slot < ELISA_OWNER_SLOTS; slot++)
		if (!lock_slot(fd, slot, F_WRLCK))
			break;
	err = -EUSERS;
	if (slot == ELISA_OWNER_SLOTS)
		goto err_close;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	err = -errno;
	if (memory == MAP_FAILED)
		goto err_close;
	err = direct_open_memory(memory, size, slot, xbuf_size);
	if (err)
		goto err_unmap;
	c->mapping = memory;
	c->mapped = size;
	c->fd = fd;
	return 0;

err_unmap:
	munmap(memory, size);
err_close:
	close(fd);
	return err;
}

void direct_close(void)
{
	struct direct_context *c = &direct_context;

	if (!c->liveness)
		return;
	__atomic_store_n(&c->liveness[c->self.id & (ELISA_OWNER_SLOTS - 1)], 0,
			 __ATOMIC_RELEASE);
	c->liveness = NULL;
	free(c->xbuf);
	if (c->mapping)
		munmap(c->mapping, c->mapped);
	if (c->fd >= 0)
		close(c->fd);
	memset(c, 0, sizeof(*c));
}

void *direct_data(void)
{
	return direct_context.data;
}

void *direct_xbuf(void)
{
	return direct_context.xbuf;
}

int direct_lookup(const char *name, struct elisa_entry *entry)
{
	const struct elisa_test_image *image = &elisa_test_image;
	unsigned int i;

	for (i = 0; i < image->end - image->begin; i++) {
		if (strncmp(image->begin[i].name, name, ELISA_NAME_SIZE))
			continue;
		entry->stub = (uint64_t)direct_stub;
		entry->index = i;
		return 0;
	}
	return -ENOENT;
}
