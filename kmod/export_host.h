/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exports that the host itself makes: EXPORT_ADD of the netlink family.
 *
 *	begin -> segment... -> entry... -> data -> finish
 *
 * Nobody else sees the export before finish, and cancel takes all back.
 */
#ifndef ELISA_EXPORT_HOST_H
#define ELISA_EXPORT_HOST_H

#include <linux/types.h>

#include <elisa/netlink.h>

struct elisa_export;
struct elisa_finding;
struct file;

struct elisa_export *elisa_export_host_begin(const char *name,
					     enum elisa_trust trust);
int elisa_export_host_segment(struct elisa_export *export, struct file *image,
			      u32 first, u32 n, u32 prot, const char **why);
int elisa_export_host_entry(struct elisa_export *export, const char *name,
			    u32 offset, const char **why);
int elisa_export_host_data(struct elisa_export *export, u32 n,
			   const char **why);
int elisa_export_host_memfd(struct elisa_export *export, struct file *file,
			    u32 n, const char **why);
int elisa_export_host_finish(struct elisa_export *export, u32 *id,
			     struct elisa_finding *finding, const char **why);
void elisa_export_host_cancel(struct elisa_export *export);

#endif /* ELISA_EXPORT_HOST_H */
