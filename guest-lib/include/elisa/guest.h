/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libelisa-guest: calling code that another VM exports, without a VM exit.
 *
 *	struct elisa_attachment *att;
 *	struct elisa_entry get;
 *	uint64_t value;
 *	int err;
 *
 *	err = elisa_attach(&att, "kv.store", NULL, 0);
 *	err = elisa_lookup(att, "kv_get_u64", &get);
 *	err = elisa_call1(&get, &value, key);
 *	err = elisa_detach(att);
 *
 * Every function returns 0 or a negative errno value; errno itself is changed
 * by those only that are not async-signal-safe, and means nothing.  Functions
 * may be called from any thread at any time, and an elisa_entry may be used by
 * any number of threads at once: a call keeps all its state on the calling
 * thread's stack.  Threads may move between CPUs in the middle of a call.
 *
 * Signals.  Handlers run normally while a call is in progress, and elisa_callN()
 * itself may be used in them (it is async-signal-safe, so are
 * elisa_batch_run() and elisa_rights(); the other functions are not).  A
 * handler must return: leaving a call by longjmp(), by asynchronous
 * cancellation or by an exception strands the instance that serves it.
 * No function is a cancellation point.
 *
 * fork().  An attachment belongs to the VM; the child inherits its windows and
 * may make calls and look entries up, for as long as the parent stays attached:
 * after that they fail, until the VM is attached to something else through the
 * same window, into which the child then calls.  Exchange buffers of
 * elisa_buffer_alloc() are shared between parent and child.  Only the process
 * that attached can detach the VM; in a child elisa_detach() merely gives up
 * the child's copy of the handle and window.  A child that attaches by itself
 * should do that first, because the host may assign it the same window once the
 * parent has detached (the attach fails with -EEXIST otherwise).
 *
 * Calls need no VM exit where the host's CPUs have VMFUNC.  Where they do not,
 * the same calls are made with VMCALL, for two VM exits each: they are interposed.
 *
 * Once the VM is not enrolled any more, calls raise SIGILL, as VMFUNC does
 * without ELISA; interposed ones return -EPERM.
 *
 * All processes of a VM are one principal: the host does not protect them
 * from each other.
 */
#ifndef _ELISA_GUEST_H
#define _ELISA_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include <elisa/hypercall.h>

#ifndef __x86_64__
#error "ELISA needs x86-64"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What is inline here the library has as functions, too, for other languages:
 * it compiles this header with the macro empty.
 */
#ifndef _ELISA_INLINE
#define _ELISA_INLINE static inline
#endif

/**
 * struct elisa_attachment - this VM's binding to one export
 *
 * Created by elisa_attach(), released by elisa_detach().
 */
struct elisa_attachment;

/**
 * struct elisa_entry - an entry point that can be called
 * @stub: address of the attachment's entry stub
 * @index: number of the entry in the export
 *
 * Filled in by elisa_lookup(); treat it as opaque.  Plain data that may be
 * copied; valid until the attachment is detached.
 */
struct elisa_entry {
	uint64_t stub;
	uint64_t index;
};

/**
 * struct elisa_buffer - memory that can be handed to a sub context
 * @addr: its first byte; of elisa_buffer_alloc(), aligned to 2 MiB
 * @size: its size in bytes; of elisa_buffer_alloc(), a multiple of 2 MiB
 */
struct elisa_buffer {
	void *addr;
	size_t size;
};

/**
 * elisa_probe() - find out whether this VM can use ELISA
 *
 * Safe on any machine, virtual or not.  elisa_attach() and
 * elisa_export_create() call it by themselves.
 *
 * Return: 0; -ENOSYS if this is no VM, or the VM is not enrolled on its host;
 * -EPROTONOSUPPORT if the host's module speaks another ABI version; -ENOMEM,
 * -EAGAIN or -EPERM if the process may not create the short-lived child that
 * probes.
 */
int elisa_probe(void);

/**
 * elisa_buffer_alloc() - allocate memory for exchange buffers or shared data
 * @buf: filled in; zeroed memory
 * @size: bytes wanted, at least 1; rounded up to a multiple of 2 MiB
 *
 * The memory consists of huge pages, because the guest's kernel does not move
 * those.  It is resident from the start and stays the same memory across
 * fork().  The VM needs reserved huge pages (sysctl vm.nr_hugepages).
 *
 * Return: 0; -EINVAL for a size of 0 or an overflowing one, or if the guest's
 * kernel has no huge pages of 2 MiB; -ENOMEM if the VM has too few free ones.
 */
int elisa_buffer_alloc(struct elisa_buffer *buf, size_t size);

/**
 * elisa_buffer_map() - use memory of a file for exchange buffers or shared data
 * @buf: filled in
 * @fd: the file, open for reading and writing, which stays the caller's; it may be
 *	closed afterwards
 * @offset: where in the file, a multiple of 4096, of 2 MiB for hugetlbfs
 * @size: bytes wanted, likewise; 0: up to the file's end
 *
 * The file has to be one whose memory the guest's kernel does not move: on
 * hugetlbfs, or a device BAR that is memory, such as that of an ivshmem device,
 * /sys/bus/pci/devices/ADDRESS/resource2_wc, of a device that is enabled.  The
 * contents stay as they are.
 *
 * Return: 0; -EINVAL a malformed argument, or nothing is left of the file there;
 * -EBADF @fd is no open file; -EACCES it is not open for reading and writing;
 * -ENODEV it cannot be mapped; or another error of mmap(2).
 */
int elisa_buffer_map(struct elisa_buffer *buf, int fd, uint64_t offset,
		     size_t size);

/**
 * elisa_buffer_free() - release memory of a buffer
 * @buf: the buffer; no attachment or export may use it any more
 *
 * Harmless on a buffer that is all zero.
 */
void elisa_buffer_free(struct elisa_buffer *buf);

/**
 * elisa_attach() - attach this VM to an export
 * @att: where to store the new attachment; release it with elisa_detach()
 * @name: name of the export, 1..31 bytes of [A-Za-z0-9._-]
 * @xbuf: exchange buffer, the memory that the export's code can access during
 *	calls, aligned to 4096 bytes; or NULL.  It must be memory that the
 *	guest's kernel does not move: part of an elisa_buffer, other hugetlb
 *	memory, or a device BAR.  It stays the caller's, must outlive the
 *	attachment, and may be used by several attachments.
 * @xbuf_size: bytes of @xbuf, a multiple of 4096 up to 2 MiB; 0 without one
 *
 * Calls can be made in the CPU mode in which the attachment was made, that is,
 * from user space.
 *
 * Return: 0; -EINVAL malformed argument; as elisa_probe(); -ENOENT no export
 * has this name; -EACCES the host's policy refuses; -EFAULT the exchange buffer
 * is not resident, writable memory; -ENOSPC a limit of the policy is reached, or
 * the VM has 128 attachments; -EOPNOTSUPP the CPU's present mode cannot use
 * ELISA (shadow stacks, PCID under the host's policy); -EEXIST something is
 * mapped at the window; -EACCES or -EPERM also if the process may not make
 * memory executable; -ENOMEM the guest, the host, or what the VMM may lock is at
 * its end; -EPROTO the host answered nonsense.  After an error *@att is as it was.
 */
int elisa_attach(struct elisa_attachment **att, const char *name, void *xbuf,
		 size_t xbuf_size);

/**
 * enum elisa_mode - how calls switch to the export's context and back
 * @ELISA_MODE_AUTO: by VMFUNC if the host has it, else interposed
 * @ELISA_MODE_VMFUNC: by VMFUNC, without a VM exit
 * @ELISA_MODE_INTERPOSED: by VMCALL, with two VM exits
 */
enum elisa_mode {
	ELISA_MODE_AUTO,
	ELISA_MODE_VMFUNC,
	ELISA_MODE_INTERPOSED,
};

/**
 * elisa_attach_mode() - attach this VM to an export, and say how to call it
 * @att: as elisa_attach()
 * @name: as elisa_attach()
 * @xbuf: as elisa_attach()
 * @xbuf_size: as elisa_attach()
 * @mode: ELISA_MODE_AUTO is what elisa_attach() does: then the environment
 *	variable ELISA_MODE, "vmfunc" or "interposed", overrules it, but for
 *	programs that run with more privileges than their callers
 *
 * Attachments of different modes work side by side, also to the same export.
 * An export with full trust has no shorter call when it is interposed.
 *
 * Return: as elisa_attach(); -EOPNOTSUPP also if the host does not offer @mode;
 * -EINVAL also for another @mode, or another value of the variable.
 */
int elisa_attach_mode(struct elisa_attachment **att, const char *name,
		      void *xbuf, size_t xbuf_size, enum elisa_mode mode);

/**
 * elisa_detach() - end an attachment
 * @att: the attachment, or NULL.  It is released in any case, also on error.
 *
 * No thread may be inside a call, or start one, through this attachment.  In a
 * child of the process that attached only the child's copy is released.
 *
 * Return: 0, also if it was revoked before; -ENOENT the host had forgotten the
 * attachment; -ENOSYS the VM is not enrolled any more.
 */
int elisa_detach(struct elisa_attachment *att);

/**
 * elisa_rights() - what the host's policy allows this attachment
 * @att: the attachment
 *
 * Return: ELISA_RIGHT_READ, ELISA_RIGHT_WRITE or both: the access that the
 * export's code has to the shared data when this VM calls it.  Together with
 * them ELISA_RIGHT_KERNEL, and ELISA_RIGHT_FULL_TRUST, which is no right but
 * says that the export is one that its host trusts fully.
 */
unsigned int elisa_rights(const struct elisa_attachment *att);

/**
 * struct elisa_attachment_info - facts and figures of an attachment
 * @rights: as elisa_rights()
 * @vmfuncs: VMFUNC instructions that a call executes; interposed none
 * @window: guest-virtual address of its window, by which the host's
 *	"elisactl attachment list" has it, too
 * @xbuf_size: bytes of exchange buffer, 0 without one
 * @interrupted: how often calls of this process were suspended, by an interrupt or
 *	to wait for a lock; a child of fork() goes on from there with its own
 * @mode: ELISA_MODE_VMFUNC or ELISA_MODE_INTERPOSED
 * @reserved: 0
 *
 * Calls themselves are counted by nobody: that would cost as much as a part of
 * the call.
 */
struct elisa_attachment_info {
	uint32_t rights;
	uint32_t vmfuncs;
	uint64_t window;
	uint64_t xbuf_size;
	uint64_t interrupted;
	uint32_t mode;
	uint32_t reserved;
};

/**
 * elisa_attachment_info() - what there is to know about an attachment
 * @att: the attachment
 * @info: filled in, unless the error is -EINVAL
 * @size: sizeof(*@info); what a later version has behind these members is 0 where
 *	the library is older, and left out where the program is
 *
 * It asks the host, which takes two VM exits.
 *
 * Return: 0; -EINVAL @size is less than what the members up to @interrupted
 * take; -ENOLINK the
 * export or the attachment was revoked; -ENOSYS the VM is not enrolled any more,
 * and @vmfuncs is 0.
 */
int elisa_attachment_info(const struct elisa_attachment *att,
			  struct elisa_attachment_info *info, size_t size);

/**
 * elisa_lookup() - find an entry point of an export
 * @att: the attachment
 * @name: name of the entry, 1..31 bytes of [A-Za-z0-9._-]
 * @entry: filled in on success
 *
 * Return: 0; -EINVAL malformed name; -ENOENT the export has no such entry, or
 * the host has forgotten the attachment; -ENOLINK the export or the attachment
 * was revoked; -ENOSYS the VM is not enrolled any more.
 */
int elisa_lookup(const struct elisa_attachment *att, const char *name,
		 struct elisa_entry *entry);

/**
 * elisa_fault_describe() - put the details of an -EFAULT into words
 * @details: what the failed call stored through its @ret
 * @text: filled in with a zero-terminated string, e.g. "exception 6 (#UD)"
 * @size: bytes at @text; a longer text is cut
 *
 * Return: the length of the whole text, as snprintf() does.
 */
int elisa_fault_describe(uint64_t details, char *text, size_t size);

/*
 * All registers but RSP, RBP and RBX are given up, the callee-saved ones, too: what
 * the compiler does not hold in them need not be saved, and what it does hold it
 * saves where that is cheap, outside of a loop say.
 */
/* clang-format off */
#define _ELISA_CLOBBER_X87						\
	"st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"
#define _ELISA_CLOBBER_SSE						\
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",	\
	"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#ifdef __AVX512F__
#define _ELISA_CLOBBER_AVX512						\
	, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",	\
	"xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29",	\
	"xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define _ELISA_CLOBBER_AVX512
#endif
/* clang-format on */

/**
 * elisa_call6() - call an entry point with six arguments
 * @entry: the entry point
 * @ret: stores what the entry point returned; on error, the details of it
 *	(<elisa/hypercall.h>, ELISA_FAULT_*; elisa_fault_describe())
 * @a0: first argument
 * @a1: second argument
 * @a2: third argument
 * @a3: fourth argument
 * @a4: fifth argument
 * @a5: sixth argument
 *
 * The export's code sees the six arguments and the attachment's exchange
 * buffer; it is not trusted: it cannot reach other memory of the caller, and
 * every register but the returned value is restored or given up.
 *
 * Async-signal-safe.  In user space only.
 *
 * Return: 0; -EFAULT the export's code faulted, details in *@ret; -EBUSY the
 * host has no free instance for this VM, try again; -ENOLINK the export or the
 * attachment was revoked, or the call was suspended for too long while others
 * waited for a lock of it or wanted its instance; -EINVAL the entry does not
 * exist, or the CPU's mode changed while the call was suspended; -EOPNOTSUPP
 * the CPU's present mode cannot use ELISA (any more); -ENOMEM the host has no
 * memory; -EPERM the VM is not enrolled any more, and the call was suspended or
 * interposed.
 * The call may or may not have had its effect, in whole or in part, after
 * -EFAULT, -ENOLINK, -EINVAL and -EPERM; it had none after the others.
 */
_ELISA_INLINE int elisa_call6(const struct elisa_entry *entry, uint64_t *ret,
			      uint64_t a0, uint64_t a1, uint64_t a2,
			      uint64_t a3, uint64_t a4, uint64_t a5)
{
	uint64_t rax = entry->stub;
	register uint64_t r11 __asm__("r11") = entry->index;
	register uint64_t r10 __asm__("r10") = a3;
	register uint64_t r8 __asm__("r8") = a4;
	register uint64_t r9 __asm__("r9") = a5;

	/* The compiler may use 128 bytes below RSP: step over them. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%%rax\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+a"(rax), "+D"(a0), "+S"(a1), "+d"(a2), "+r"(r10),
			   "+r"(r8), "+r"(r9), "+r"(r11)
			 :
			 : "rcx", "r12", "r13", "r14", "r15", "cc", "memory",
			   _ELISA_CLOBBER_X87,
			   _ELISA_CLOBBER_SSE _ELISA_CLOBBER_AVX512);
	*ret = a2;
	return (int)rax;
}

/**
 * elisa_call0() - call an entry point without arguments
 * @entry: the entry point
 * @ret: as elisa_call6()
 *
 * The entry point sees zeros for the arguments that are not given; likewise
 * elisa_call1() to elisa_call5().
 *
 * Return: as elisa_call6().
 */
_ELISA_INLINE int elisa_call0(const struct elisa_entry *entry, uint64_t *ret)
{
	return elisa_call6(entry, ret, 0, 0, 0, 0, 0, 0);
}

/** elisa_call1() - call an entry point with one argument */
_ELISA_INLINE int elisa_call1(const struct elisa_entry *entry, uint64_t *ret,
			      uint64_t a0)
{
	return elisa_call6(entry, ret, a0, 0, 0, 0, 0, 0);
}

/** elisa_call2() - call an entry point with two arguments */
_ELISA_INLINE int elisa_call2(const struct elisa_entry *entry, uint64_t *ret,
			      uint64_t a0, uint64_t a1)
{
	return elisa_call6(entry, ret, a0, a1, 0, 0, 0, 0);
}

/** elisa_call3() - call an entry point with three arguments */
_ELISA_INLINE int elisa_call3(const struct elisa_entry *entry, uint64_t *ret,
			      uint64_t a0, uint64_t a1, uint64_t a2)
{
	return elisa_call6(entry, ret, a0, a1, a2, 0, 0, 0);
}

/** elisa_call4() - call an entry point with four arguments */
_ELISA_INLINE int elisa_call4(const struct elisa_entry *entry, uint64_t *ret,
			      uint64_t a0, uint64_t a1, uint64_t a2,
			      uint64_t a3)
{
	return elisa_call6(entry, ret, a0, a1, a2, a3, 0, 0);
}

/** elisa_call5() - call an entry point with five arguments */
_ELISA_INLINE int elisa_call5(const struct elisa_entry *entry, uint64_t *ret,
			      uint64_t a0, uint64_t a1, uint64_t a2,
			      uint64_t a3, uint64_t a4)
{
	return elisa_call6(entry, ret, a0, a1, a2, a3, a4, 0);
}

#ifdef __cplusplus
}
#endif

#endif /* _ELISA_GUEST_H */
