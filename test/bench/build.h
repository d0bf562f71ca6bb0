/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A build of the store: the same entry points, reached in different ways.  A new
 * one is another function that fills in struct build.
 */
#ifndef BENCH_BUILD_H
#define BENCH_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include <elisa/guest.h>

/* Bytes of shared data of the direct build, and where testvmm has them. */
#define BUILD_SHARED_SIZE (4ul << 20)

/**
 * struct build - a connection to the store
 * @name: what the report calls it: direct, elisa, full, or interposed
 * @xbuf: exchange buffer
 * @vmfuncs: VMFUNCs that a call takes; none if it is interposed
 * @nop: entry points, see kv.h; and so on
 */
struct build {
	const char *name;
	unsigned char *xbuf;
	unsigned int vmfuncs;
	struct elisa_entry nop, get_u64, put_u64, get, put, mget;
	/* private */
	struct elisa_attachment *att;
	struct elisa_buffer buffer;
	void *region;
};

/**
 * build_open_elisa() - attach to an export of kv.sub
 * @b: filled in; release it with build_close()
 * @export: its name
 * @xbuf_size: bytes of exchange buffer
 * @what: set to what has failed
 *
 * Return: 0, or as elisa_buffer_alloc(), elisa_attach(), elisa_lookup().
 */
int build_open_elisa(struct build *b, const char *export, size_t xbuf_size,
		     const char **what);

/**
 * build_open_direct() - the same store in memory that all VMs map
 * @b: filled in; release it with build_close()
 * @slot: 0..2047; no other user of the memory has it
 * @xbuf_size: bytes of exchange buffer
 * @what: set to what has failed
 *
 * Return: 0, or -errno of what has failed.
 */
int build_open_direct(struct build *b, unsigned int slot, size_t xbuf_size,
		      const char **what);

/** build_close() - release it: 0, or as elisa_detach() */
int build_close(struct build *b);

/**
 * build_map_shared() - map what lies in the memory of all VMs
 * @offset: from where it begins
 * @size: bytes
 *
 * Return: its address, or NULL with errno set.
 */
void *build_map_shared(size_t offset, size_t size);

#endif /* BENCH_BUILD_H */
