/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Images of the window stubs, assembled in stubs.S. */
#ifndef ELISA_STUBS_H
#define ELISA_STUBS_H

extern const unsigned char elisa_stub_entry[], elisa_stub_entry_end[];
extern const unsigned char elisa_stub_entry_fs[], elisa_stub_entry_fs_end[];
extern const unsigned char elisa_stub_entry_full[], elisa_stub_entry_full_end[];
extern const unsigned char elisa_stub_entry_full_fs[];
extern const unsigned char elisa_stub_entry_full_fs_end[];
extern const unsigned char elisa_stub_entry_vmcall[];
extern const unsigned char elisa_stub_entry_vmcall_end[];
extern const unsigned char elisa_stub_entry_vmcall_fs[];
extern const unsigned char elisa_stub_entry_vmcall_fs_end[];
extern const unsigned char elisa_stub_refused[], elisa_stub_refused_end[];
extern const unsigned char elisa_stub_return[], elisa_stub_return_end[];
extern const unsigned char elisa_stub_return_fs[], elisa_stub_return_fs_end[];
extern const unsigned char elisa_stub_aep[], elisa_stub_aep_end[];
/* In the AEP stub: eight bytes for the address of its counter. */
extern const unsigned char elisa_stub_aep_counter[];

#endif /* ELISA_STUBS_H */
