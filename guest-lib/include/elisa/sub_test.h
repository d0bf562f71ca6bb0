/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libelisa-sub-test: unit tests of a sub image on any machine, without ELISA.
 *
 * The image's sources are compiled with $(ELISA_SUB_TEST_CFLAGS), which has
 * sanitizers and defines ELISA_SUB_TEST, into an ordinary shared object.  A
 * test program loads it and calls its entry points as other VMs would:
 *
 *	struct elisa_test_export *exp;
 *	struct elisa_test_vm *vm;
 *	uint64_t ret;
 *
 *	err = elisa_test_export_open(&exp, "kv.test.so", 1 << 20);
 *	err = elisa_test_attach(&vm, exp, ELISA_RIGHT_READ | ELISA_RIGHT_WRITE,
 *				4096);
 *	err = elisa_test_call(vm, "kv_put_u64", &ret, 7, 42);
 *	...
 *	elisa_test_detach(vm);
 *	elisa_test_export_close(exp);
 *
 * Link the program with -rdynamic -lelisa-sub-test -ldl -pthread and with the
 * sanitizers that the image was built with.
 *
 * What is as in a sub context: the arguments, the shared data and exchange
 * buffers, with nothing mapped around them, and read-only for callers that may
 * only read; identities, liveness, locks.  elisa_assert() ends the call with
 * -EFAULT.  What is different: anything else that would be a fault is a crash
 * of the test, so that debuggers and sanitizers show the place; the C library's
 * memory functions are used; a call has its thread's stack; the addresses are
 * not those of ELISA_SUB_DATA and the like, and the shared data is at two
 * addresses, so what is stored in it has to be relative.
 *
 * Functions may be used from any thread; a VM by one thread at a time.  They
 * return 0 or a negative errno value.
 */
#ifndef _ELISA_SUB_TEST_H
#define _ELISA_SUB_TEST_H

#include <stddef.h>
#include <stdint.h>

#include <elisa/hypercall.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct elisa_test_export - an image with shared data */
struct elisa_test_export;

/** struct elisa_test_vm - a caller */
struct elisa_test_vm;

/**
 * elisa_test_export_open() - load an image and give it shared data
 * @exp: where to store it; release it with elisa_test_export_close()
 * @path: a shared object, or NULL: the image is linked into the test program
 * @data_size: bytes of shared data, a multiple of 4096 or 0; zeroed
 *
 * Each open of a shared object that is not open starts with the image's own
 * data as the file has it.
 *
 * Return: 0; -EINVAL; -ENOEXEC no shared object that can be loaded, or no image
 * built for tests (stderr says which); -ENOMEM.
 */
int elisa_test_export_open(struct elisa_test_export **exp, const char *path,
			   size_t data_size);

/**
 * elisa_test_export_close() - release an export
 * @exp: the export, or NULL; no VM is attached any more
 */
void elisa_test_export_close(struct elisa_test_export *exp);

/** elisa_test_data() - the shared data, as the manager sees it */
void *elisa_test_data(struct elisa_test_export *exp);

/**
 * elisa_test_attach() - a VM that may call
 * @vm: where to store it; release it with elisa_test_detach()
 * @exp: the export
 * @rights: ELISA_RIGHT_READ, or with ELISA_RIGHT_WRITE
 * @xbuf_size: bytes of exchange buffer, a multiple of 4096 up to 2 MiB, or 0
 *
 * VMs have the numbers 1, 2, ... in elisa_info().
 *
 * Return: 0; -EINVAL; -ENOSPC there were ELISA_OWNER_SLOTS already; -ENOMEM.
 */
int elisa_test_attach(struct elisa_test_vm **vm, struct elisa_test_export *exp,
		      unsigned int rights, size_t xbuf_size);

/**
 * elisa_test_detach() - release a VM
 * @vm: the VM, or NULL; it is in no call
 *
 * Locks that it has not released have a dead owner then.
 */
void elisa_test_detach(struct elisa_test_vm *vm);

/** elisa_test_xbuf() - the VM's exchange buffer, NULL without one */
void *elisa_test_xbuf(struct elisa_test_vm *vm);

/**
 * elisa_test_lookup() - number of an entry point
 * @exp: the export
 * @name: its name
 *
 * Return: the number, the one that struct elisa_entry has; or -ENOENT.
 */
int elisa_test_lookup(const struct elisa_test_export *exp, const char *name);

/**
 * elisa_test_call6() - call an entry point
 * @vm: the caller
 * @name: name of the entry point
 * @ret: what it returned; details of a fault
 * @a0: first argument; and so on
 * @a1: second argument
 * @a2: third argument
 * @a3: fourth argument
 * @a4: fifth argument
 * @a5: sixth argument
 *
 * Return: 0; -ENOENT no such entry point; -EFAULT an assertion failed, or the
 * call waited half a minute for a lock (elisa_test_fault_text()); -ENOLINK it
 * died as elisa_test_die_after() said; -EDEADLK it returned in a critical
 * section, so with a lock that it had not released.
 */
int elisa_test_call6(struct elisa_test_vm *vm, const char *name, uint64_t *ret,
		     uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		     uint64_t a4, uint64_t a5);

/** elisa_test_call() - elisa_test_call6() with 0 to 6 arguments */
#define elisa_test_call(vm, name, ...) \
	_ELISA_TEST_CALL(vm, name, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define _ELISA_TEST_CALL(vm, name, ret, a0, a1, a2, a3, a4, a5, ...) \
	elisa_test_call6(vm, name, ret, a0, a1, a2, a3, a4, a5)

/**
 * elisa_test_die_after() - let the next call die
 * @vm: its caller
 * @points: at which elisa_test_point() that it comes to, from 1 on; 0 at none
 *
 * The call ends there as if its VM had been killed: what it has stored stays,
 * its locks have a dead owner.  The points are in the code of <elisa/alloc.h>
 * after each store to the shared data, and wherever the image has some.
 *
 * For all of them: count up from 1 until the call does not return -ENOLINK.
 */
void elisa_test_die_after(struct elisa_test_vm *vm, unsigned int points);

/** elisa_test_fault_text() - why the VM's last call ended with -EFAULT */
const char *elisa_test_fault_text(const struct elisa_test_vm *vm);

#ifdef __cplusplus
}
#endif

#endif /* _ELISA_SUB_TEST_H */
