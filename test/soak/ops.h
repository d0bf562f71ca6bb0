/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the operations; see ops.c. */
#ifndef SOAK_OPS_H
#define SOAK_OPS_H

#include "soak.h"

/* What an operation works on. */
struct draws {
	unsigned int v, cpu, a, e, handle, cpl, xbuf_pages;
	uint64_t x, y, z;
};

typedef void operation(const struct draws *d);

/* ops.c */
void becomes(const char *name);
void expect_ret(int64_t got, int64_t want, const char *what);
void checkpoint_begins(void);

/* op_vm.c */
operation start, enrol, do_start, do_kill, do_quit, do_unenrol, do_memslot,
	do_junk, do_figures, do_freeze;
/* The VM runs and is enrolled; if not, this operation was to make it so. */
bool has_vm(const struct draws *d);
void check_figures(unsigned int v);

/* op_export.c */
operation export_it, do_export, do_unexport, do_export_all, do_host_add,
	do_revoke;
void add_of_host(unsigned int e);
void end_export(unsigned int e);

/* op_attach.c */
operation attach_it, detach_it, do_attach, do_detach, do_attach_all;
/* Attached there; if not, this operation was to make it so. */
bool has_att(const struct draws *d);

/* op_call.c */
operation do_call, do_call_storm, do_loop, do_suspend, do_resume, do_abort,
	resume_it, abort_it;

/* op_host.c */
operation do_lists, do_daemon, do_reload, do_cpu, do_memory;
void all_cpus_on(void);

#endif /* SOAK_OPS_H */
