/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Hypercalls of ELISA and the register protocol of a call.
 *
 * A hypercall is VMCALL with ELISA_HC(nr) in RAX, at any CPL.  Everything
 * travels in registers; the module reads guest memory only where an argument
 * is said to be a guest-virtual address, through the caller's page tables and
 * with the caller's access rights.  RAX returns 0 or a positive value, or
 * -errno (the full 64-bit register).
 *
 * In a VM that is not enrolled KVM itself answers: -KVM_ENOSYS (-1000) at
 * CPL 0 and -KVM_EPERM (-1) above.  A guest therefore probes with
 * ELISA_HC_VERSION and takes anything but a positive answer for "no ELISA".
 *
 * Names are 1..31 bytes of [A-Za-z0-9._-], zero-padded to 32 and packed
 * little-endian into four registers.  Tokens and handles are random 64-bit
 * numbers.
 *
 *  nr  name            arguments                           results
 *   0  VERSION         -                                   RAX = ABI version
 *                                                          RDI = VMFUNCs that
 *                                                          a call executes
 *                                                          between its stubs
 *                                                          (full trust: less 1)
 *                                                          RSI = ELISA_FEATURE_*;
 *                                                          0 from modules that
 *                                                          have no interposed
 *                                                          mode, if it was 0
 *   1  ATTACH          RDI RSI RDX R10 = export name       RDI = token
 *                      R8 = exchange buffer address        RSI = window W
 *                      R9 = its pages (0: none),           RDX = rights
 *                      ELISA_ATTACH_INTERPOSED
 *   2  DETACH          RDI = token                         -
 *   3  ENTRY           RDI = token                         RAX = entry index
 *                      RSI RDX R10 R8 = entry name
 *   4  EXPORT_CREATE   RDI RSI RDX R10 = export name       RDI = token
 *   5  EXPORT_IMAGE    RDI = token, RSI = source address,  -
 *                      RDX = first page in the image,
 *                      R10 = pages, R8 = ELISA_PROT_*
 *   6  EXPORT_DATA     RDI = token, RSI = source address,  -
 *                      R10 = pages (appended)
 *   7  EXPORT_ENTRY    RDI = token, R9 = offset in image   RAX = entry index
 *                      RSI RDX R10 R8 = entry name
 *   8  EXPORT_SEAL     RDI = token                         -
 *   9  EXPORT_DESTROY  RDI = token                         -
 *  10  RESUME          RDI = handle                        only on error
 *  11  ABORT           RDI = handle                        -
 *  12  CALL            see below; -EINVAL where there is no entry stub
 *
 * ATTACH records the CPL at which calls are to be made; at CPL 0 the policy must
 * give ELISA_RIGHT_KERNEL.  A kernel that calls through a window of its user
 * space has itself to blame: the exported code then runs at CPL 0.
 * Source pages of EXPORT_DATA and of exchange buffers stay pinned on the
 * host until no sub context maps them; the guest's kernel must not move them
 * (hugetlb pages, a device BAR).  EXPORT_IMAGE copies.
 *
 * Errors common to all: -EINVAL malformed argument, -ENOENT no such name or
 * token, -EACCES the host's policy refuses, -EFAULT an address is not mapped
 * with the needed rights, -ENOSPC a policy limit is reached, -ENOMEM,
 * -ENOEXEC EXPORT_SEAL found a forbidden instruction, -EOPNOTSUPP this vCPU's
 * mode cannot use ELISA (it needs 64-bit mode, IOPL 0, IF 1, no CET, PCIDE as
 * the policy says), -EEXIST, -EBUSY.  Never -EPERM, which is KVM's own answer.
 */
#ifndef _UAPI_ELISA_HYPERCALL_H
#define _UAPI_ELISA_HYPERCALL_H

#define ELISA_ABI_VERSION 1

#define ELISA_HC_BASE 0x454c4900
#define ELISA_HC(nr)  (ELISA_HC_BASE | (nr))

#define ELISA_HC_VERSION	0
#define ELISA_HC_ATTACH		1
#define ELISA_HC_DETACH		2
#define ELISA_HC_ENTRY		3
#define ELISA_HC_EXPORT_CREATE	4
#define ELISA_HC_EXPORT_IMAGE	5
#define ELISA_HC_EXPORT_DATA	6
#define ELISA_HC_EXPORT_ENTRY	7
#define ELISA_HC_EXPORT_SEAL	8
#define ELISA_HC_EXPORT_DESTROY 9
#define ELISA_HC_RESUME		10
#define ELISA_HC_ABORT		11
#define ELISA_HC_CALL		12
#define ELISA_HC_COUNT		13

#define ELISA_NAME_MAX	31 /* bytes, without the terminating zero */
#define ELISA_NAME_SIZE 32

/* Result of VERSION: how calls can be made on this host. */
#define ELISA_FEATURE_VMFUNC	 1
#define ELISA_FEATURE_INTERPOSED 2

/* In R9 of ATTACH: calls are made with VMCALL.  An older module: -EINVAL. */
#define ELISA_ATTACH_INTERPOSED 0x100000000ULL

/* EXPORT_IMAGE protection; W and X together are refused. */
#define ELISA_PROT_R 1
#define ELISA_PROT_W 2
#define ELISA_PROT_X 4

/* Rights of an attachment. */
#define ELISA_RIGHT_READ  1
#define ELISA_RIGHT_WRITE 2
/* Attach at CPL 0: the export's code has the rights of the guest's kernel. */
#define ELISA_RIGHT_KERNEL 4
/*
 * In a grant: attach also to exports that the host trusts fully.  ATTACH
 * reports it for such an export.
 */
#define ELISA_RIGHT_FULL_TRUST 8

/*
 * Register protocol of a call.
 *
 * At the entry stub's VMFUNC: RDI RSI RDX R10 R8 R9 = arguments, R11 = entry
 * index, EAX = 0, ECX = ELISA_IDX_GATE.
 *
 * Interposed, the same with VMCALL in the place of VMFUNC and
 * RAX = ELISA_HC(ELISA_HC_CALL); ECX means nothing.  The module then does what
 * the gate does.  Exports that are trusted fully are called like others.
 *
 * At the return stub (W+0x2000): RSP as it was at the VMFUNC, and
 *	EAX = 0          the call returned, RDX = its value
 *	EAX = -errno     it did not; RDX = details.  Every other register
 *	                 except RSP may hold anything.
 *		-EFAULT  fault in the sub context; RDX = ELISA_FAULT_*
 *		-EBUSY   no instance is free, try again
 *		-ENOLINK the export or attachment was revoked, or the call was
 *		         suspended for too long while others waited for it or
 *		         wanted its instance
 *		-EINVAL  no entry has this index
 *		-EOPNOTSUPP  this vCPU's mode does not allow it (any more)
 *		-ENOMEM
 *
 * At the AEP stub (W+0x3000), after an asynchronous exit: RSP as at the
 * VMFUNC, RDI = handle, the rest zero.  The stub executes RESUME with the
 * handle; the call then continues and ends at the return stub.  RESUME
 * returns only when it did not: RAX = -EAGAIN, try again; any other -errno,
 * the call is over.  It does not matter which thread or vCPU resumes.
 */

/*
 * Sub hypercalls: VMCALL of exported code, with one of these in RAX.  Any other
 * value there is a fault.
 *
 * WAIT: RDI = identity of the owner of a lock, RSI = 0 when the wait for it
 * begins here.  The call is interrupted as by an asynchronous exit, so that the
 * owner can run, on the host and in its guest; it goes on behind the VMCALL,
 * with RAX = 0.  The host gives the CPU to the owner if it can; an owner that
 * was suspended for longer than the policy allows is aborted.  An identity that
 * no instance of this export has is ignored.
 */
#define ELISA_SUB_HC_WAIT 0x454c5301

/* RDX of a call that ended with -EFAULT. */
#define ELISA_FAULT_KIND(rdx)	(0xff & (rdx))
#define ELISA_FAULT_CODE(rdx)	(((rdx) >> 8) & 0xffff)
#define ELISA_FAULT_KIND_VECTOR 1 /* CODE = exception or INT vector */
#define ELISA_FAULT_KIND_EXIT	2 /* CODE = VM-exit reason */
#define ELISA_FAULT_KIND_MEMORY 3 /* access to an unmapped address */

#endif /* _UAPI_ELISA_HYPERCALL_H */
