// SPDX-License-Identifier: GPL-2.0-only
#include <elisa/layout.h>

#include "figures.h"
#include "metrics.h"
#include "snapshot.h"
#include "uuid.h"
#include "version.h"

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* KEY="TEXT": names come from guests and from whoever starts VMs. */
static void label(FILE *to, const char *key, const char *text)
{
	fprintf(to, "%s=\"", key);
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", to);
		else if (*text == '\\' || *text == '"')
			fprintf(to, "\\%c", *text);
		/* The format is UTF-8, a broken sequence would spoil it all. */
		else if (*text < 0x20 || *text > 0x7e)
			putc('?', to);
		else
			putc(*text, to);
	}
	putc('"', to);
}

static void vm_labels(FILE *to, const struct enl_vm *vm)
{
	fprintf(to, "{vm=\"%u\",", vm->id);
	label(to, "name", vm->name);
}

static void print_module(FILE *to, const struct snapshot *s)
{
	head(to, "elisa_build_info", "gauge",
	     "Versions of elisactl and of the interface to guests.");
	fprintf(to, "elisa_build_info{version=\"%s\",abi=\"%u\"} 1\n",
		ELISACTL_VERSION, s->info.abi);
	head(to, "elisa_hooks_installed", "gauge",
	     "Whether KVM is hooked, which it is while a VM is enrolled.");
	fprintf(to, "elisa_hooks_installed %u\n", s->info.hooks);
	head(to, "elisa_vms", "gauge", "Enrolled VMs.");
	fprintf(to, "elisa_vms %u\n", s->info.n_vms);
	head(to, "elisa_exports", "gauge", "Exports of VMs and of the host.");
	fprintf(to, "elisa_exports %u\n", s->info.n_exports);
}

static void print_vm_info(FILE *to, const struct snapshot *s)
{
	char uuid[UUID_TEXT_SIZE];
	size_t i;

	head(to, "elisa_vm_info", "gauge", "Who an enrolled VM is.");
	for (i = 0; i < s->n_vms; i++) {
		const struct enl_vm *vm = &s->vms[i];

		fputs("elisa_vm_info", to);
		vm_labels(to, vm);
		*uuid = '\0';
		if (vm->has_uuid)
			uuid_format(vm->uuid, uuid);
		fprintf(to, ",uuid=\"%s\",pid=\"%u\",state=\"%s\"} 1\n", uuid,
			vm->pid, enl_vm_state_name(vm->state));
	}
}

static void print_figures(FILE *to, const struct snapshot *s)
{
	const struct figure *f;
	size_t i;

	for (f = figures; f->key; f++) {
		head(to, f->metric, f->counter ? "counter" : "gauge", f->help);
		for (i = 0; i < s->n_vms; i++) {
			const struct enl_vm *vm = &s->vms[i];

			if (!vm->has_stats)
				continue;
			fputs(f->metric, to);
			vm_labels(to, vm);
			fprintf(to, "} %llu\n",
				vm->stat[f->attr] * (f->scale ? f->scale : 1));
		}
	}
}

static void print_exports(FILE *to, const struct snapshot *s,
			  const char *metric, const char *help,
			  __u64 (*value)(const struct enl_export *export))
{
	size_t i;

	head(to, metric, "gauge", help);
	for (i = 0; i < s->n_exports; i++) {
		const struct enl_export *export = &s->exports[i];

		fprintf(to, "%s{export=\"%u\",", metric, export->id);
		label(to, "name", export->name);
		/* 0 is the host. */
		fprintf(to, ",vm=\"%u\",trust=\"%s\"} %llu\n", export->vm_id,
			enl_trust_name(export->trust), value(export));
	}
}

static __u64 attachments(const struct enl_export *export)
{
	return export->n_attachments;
}

static __u64 image_bytes(const struct enl_export *export)
{
	return export->image_pages * (__u64)ELISA_PAGE_SIZE;
}

static __u64 data_bytes(const struct enl_export *export)
{
	return export->data_pages * (__u64)ELISA_PAGE_SIZE;
}

void metrics_print(FILE *to, const struct snapshot *s)
{
	head(to, "elisa_up", "gauge",
	     "Whether the elisa module is loaded and answers.");
	fprintf(to, "elisa_up %d\n", !!s);
	if (!s)
		return;
	print_module(to, s);
	print_vm_info(to, s);
	print_figures(to, s);
	print_exports(to, s, "elisa_export_attachments",
		      "Attachments to an export.", attachments);
	print_exports(to, s, "elisa_export_image_bytes",
		      "Size of an export's code.", image_bytes);
	print_exports(to, s, "elisa_export_data_bytes",
		      "Size of an export's shared memory.", data_bytes);
}
