/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host is told as it happens: the netlink multicast group "events". */
#ifndef ELISA_EVENT_H
#define ELISA_EVENT_H

#include <elisa/netlink.h>

struct elisa_export;
struct elisa_vm;
struct kvm;

void elisa_event_vm(enum elisa_event kind, struct elisa_vm *vm);
void elisa_event_export(enum elisa_event kind, struct elisa_export *export);
void elisa_event_attachment(enum elisa_event kind, struct elisa_vm *vm,
			    const char *export_name);
void elisa_event_denied(struct elisa_vm *vm, const char *export_name,
			enum elisa_denial denial);
void elisa_event_aborted(struct elisa_vm *vm, const char *export_name);
void elisa_event_faults(struct kvm *kvm);

#endif /* ELISA_EVENT_H */
