/* SPDX-License-Identifier: GPL-2.0-only */
/* The events that the module multicasts. */
#ifndef ELISACTL_NL_EVENT_H
#define ELISACTL_NL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <elisa/hypercall.h>

#include "vmident.h"

struct nlmsghdr;

/* Kinds of our own, see resync.h: the module's are counted from 1. */
enum {
	ENL_EVENT_LOST = 254, /* the module's were, before this one */
	ENL_EVENT_PRESENT,    /* what there was when they had been */
};

/* An ID of 0 and an empty name mean: the event does not tell. */
struct enl_event {
	__u8 kind; /* enum elisa_event */
	__u32 vm_id;
	char vm_name[VM_NAME_SIZE];
	__u32 export_id;
	char export_name[ELISA_NAME_SIZE];
	__u32 attachment_id;
	bool has_rights;
	__u32 rights;
	__u32 error; /* positive errno, 0: none */
	__u8 denial; /* enum elisa_denial, 0: none */
};

int enl_event_decode(struct nlmsghdr *nlh, struct enl_event *event);
const char *enl_event_name(__u8 kind);

/* A word for a program; "unknown" of a newer module, NULL for 0. */
const char *enl_denial_name(__u8 denial);

/* One line without a newline, for people. */
void enl_event_format(const struct enl_event *event, char *buf, size_t size);

/* The same for a log: denied vm=2 name="web" export="kv" ... */
void enl_event_log(const struct enl_event *event, char *buf, size_t size);

#endif /* ELISACTL_NL_EVENT_H */
