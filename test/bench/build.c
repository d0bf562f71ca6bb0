// SPDX-License-Identifier: GPL-2.0-only
/* See build.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "build.h"
#include "direct.h"

#define SHARED_GPA 0x100000000 /* testvmm, layout.h */

void *build_map_shared(size_t offset, size_t size)
{
	void *region;
	int fd, err;

	fd = open("/dev/mem", O_RDWR);
	if (fd < 0)
		return NULL;
	region = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd,
		      (off_t)SHARED_GPA + (off_t)offset);
	err = errno;
	close(fd);
	errno = err;
	return region == MAP_FAILED ? NULL : region;
}

/* Entry points, whichever way they are looked up. */
static int lookup(struct build *b,
		  int (*find)(struct build *b, const char *name,
			      struct elisa_entry *entry))
{
	const struct {
		const char *name;
		struct elisa_entry *entry;
	} wanted[] = {
		{ "nop", &b->nop },
		{ "kv_get_u64", &b->get_u64 },
		{ "kv_put_u64", &b->put_u64 },
		{ "kv_get", &b->get },
		{ "kv_put", &b->put },
		{ "kv_mget", &b->mget },
	};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted) && !err; i++)
		err = find(b, wanted[i].name, wanted[i].entry);
	return err;
}

static int find_elisa(struct build *b, const char *name,
		      struct elisa_entry *entry)
{
	return elisa_lookup(b->att, name, entry);
}

static int find_direct(struct build *b, const char *name,
		       struct elisa_entry *entry)
{
	(void)b;
	return direct_lookup(name, entry);
}

int build_open_elisa(struct build *b, const char *export, size_t xbuf_size,
		     const char **what)
{
	struct elisa_attachment_info info;
	int err;

	memset(b, 0, sizeof(*b));
	b->name = "elisa";
	*what = "exchange buffer (any free vm.nr_hugepages?)";
	err = elisa_buffer_alloc(&b->buffer, xbuf_size);
	if (err)
		return err;
	b->xbuf = b->buffer.addr;
	*what = export;
	err = elisa_attach(&b->att, export, b->xbuf, xbuf_size);
	if (!err) {
		*what = "lookup";
		err = lookup(b, find_elisa);
	}
	if (!err)
		err = elisa_attachment_info(b->att, &info, sizeof(info));
	if (err) {
		build_close(b);
		return err;
	}
	b->vmfuncs = info.vmfuncs;
	if (!b->vmfuncs)
		b->name = "interposed";
	else if (info.rights & ELISA_RIGHT_FULL_TRUST)
		b->name = "full";
	return 0;
}

int build_open_direct(struct build *b, unsigned int slot, size_t xbuf_size,
		      const char **what)
{
	int err;

	memset(b, 0, sizeof(*b));
	b->name = "direct";
	*what = "mapping the shared memory";
	b->region = build_map_shared(0, BUILD_SHARED_SIZE);
	if (!b->region)
		return -errno;
	*what = "the shared memory";
	err = direct_open_memory(b->region, BUILD_SHARED_SIZE, slot, xbuf_size);
	if (!err) {
		b->xbuf = direct_xbuf();
		*what = "lookup";
		err = lookup(b, find_direct);
	}
	if (err)
		build_close(b);
	return err;
}

int build_close(struct build *b)
{
	int err = 0;

	if (b->att)
		err = elisa_detach(b->att);
	if (b->buffer.addr)
		elisa_buffer_free(&b->buffer);
	if (b->region) {
		direct_close();
		munmap(b->region, BUILD_SHARED_SIZE);
	}
	memset(b, 0, sizeof(*b));
	return err;
}
