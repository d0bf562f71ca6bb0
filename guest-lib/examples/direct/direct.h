/* SPDX-License-Identifier: MIT */
/*
 * Direct mapping: the code of an image as a part of each program that uses it,
 * on memory that all of them map.  As fast as it gets, and without any
 * isolation; what ELISA is compared with.
 *
 *	err = direct_open("/dev/shm/kv", 16 << 20, 4096);
 *	err = direct_lookup("kv_get_u64", &get);
 *	err = elisa_call1(&get, &value, key);
 *	direct_close();
 *
 * A connection belongs to a thread: only the thread that has opened it can make
 * calls with it.  Processes may be killed at any time, as callers of an export
 * may: their locks have a dead owner then.  A child of fork() must not use its
 * parent's connection, nor keep it when it lives on without its parent.
 *
 * Functions return 0 or a negative errno value.
 */
#ifndef DIRECT_H
#define DIRECT_H

#include <stddef.h>
#include <stdint.h>

#include <elisa/guest.h>

/* Bytes in front of the shared data in the memory that is mapped. */
#define DIRECT_OVERHEAD (5 * 4096)

/**
 * direct_open() - connect this thread to the shared data in a file
 * @path: the file; made if it is not there, best in /dev/shm
 * @data_size: bytes of shared data, a multiple of 4096 up to 256 MiB; the same
 *	for all
 * @xbuf_size: bytes of exchange buffer, up to 2 MiB
 *
 * Return: 0; -EINVAL malformed argument, or the file is for another size;
 * -EALREADY the thread is connected; -EUSERS too many are; -ENOMEM; or what
 * opening and mapping the file reported.
 */
int direct_open(const char *path, size_t data_size, size_t xbuf_size);

/**
 * direct_open_memory() - connect this thread to shared data in memory
 * @memory: aligned to 4096 bytes; zeroed, or in use by others already.  It stays
 *	the caller's.
 * @size: its bytes, DIRECT_OVERHEAD of them before the shared data
 * @slot: 0..2047; no other user of the memory has it
 * @xbuf_size: bytes of exchange buffer, up to 2 MiB
 *
 * For memory that several VMs see.  Nobody notices when one of its users dies.
 *
 * Return: 0; -EINVAL malformed argument; -EALREADY; -ENOMEM.
 */
int direct_open_memory(void *memory, size_t size, unsigned int slot,
		       size_t xbuf_size);

/** direct_close() - end the thread's connection, if it has one */
void direct_close(void);

/** direct_data() - the shared data, NULL without a connection */
void *direct_data(void);

/** direct_xbuf() - the exchange buffer, NULL without a connection */
void *direct_xbuf(void);

/**
 * direct_lookup() - find an entry point of the image in this program
 * @name: its name
 * @entry: filled in on success, for elisa_call0() to elisa_call6()
 *
 * Return: 0, or -ENOENT.
 */
int direct_lookup(const char *name, struct elisa_entry *entry);

#endif /* DIRECT_H */
