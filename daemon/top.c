// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include <elisa/layout.h>

#include "compiler.h"
#include "log.h"
#include "print.h"
#include "snapshot.h"
#include "top.h"

/* What is shown as it is now, and what by its change in a second. */
static const struct {
	unsigned int attr;
	const char *head, *key;
	bool rate;
} columns[] = {
	{ ELISA_STAT_A_ATTACHMENTS, "ATT", "attachments", false },
	{ ELISA_STAT_A_EXPORTS, "EXP", "exports", false },
	{ ELISA_STAT_A_INSTANCES, "INST", "instances", false },
	{ ELISA_STAT_A_SUSPENDED, "SUSP", "suspended", false },
	{ ELISA_STAT_A_PINNED_PAGES, "PIN/M", "pinned_bytes", false },
	{ ELISA_STAT_A_AEX, "AEX/s", "aex_per_second", true },
	{ ELISA_STAT_A_RESUMES, "RES/s", "resumes_per_second", true },
	{ ELISA_STAT_A_FAULTS, "FLT/s", "faults_per_second", true },
	{ ELISA_STAT_A_BUSY, "BUSY/s", "busy_per_second", true },
	{ ELISA_STAT_A_DENIED, "DENY/s", "denied_per_second", true },
};

static const struct enl_vm *vm_of(const struct snapshot *snapshot, __u32 id)
{
	size_t i;

	for (i = 0; snapshot && i < snapshot->n_vms; i++) {
		if (snapshot->vms[i].id == id)
			return &snapshot->vms[i];
	}
	return NULL;
}

/* Of all that a VM's calls make the host do */
static double activity(const struct top_row *row)
{
	size_t i;
	double sum = 0;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		if (columns[i].rate)
			sum += row->rate[columns[i].attr];
	}
	return sum;
}

static int compare(const void *a, const void *b)
{
	const struct top_row *left = a, *right = b;
	double l = activity(left), r = activity(right);

	if (l != r)
		return l < r ? 1 : -1;
	return left->vm->id < right->vm->id ? -1 : 1;
}

static void set_rates(struct top_row *row, const struct enl_vm *before,
		      double seconds)
{
	const struct enl_vm *now = row->vm;
	unsigned int i;

	if (!before || !before->has_stats || !now->has_stats || seconds <= 0)
		return;
	row->has_rates = true;
	for (i = 1; i <= ELISA_STAT_A_MAX; i++) {
		/* Not so when the module was loaded anew. */
		if (now->stat[i] > before->stat[i])
			row->rate[i] =
				(now->stat[i] - before->stat[i]) / seconds;
	}
}

struct top_row *top_rows(const struct snapshot *before,
			 const struct snapshot *now, double seconds)
{
	struct top_row *rows;
	size_t i;

	if (!now->n_vms)
		return NULL;
	rows = calloc(now->n_vms, sizeof(*rows));
	if (!rows)
		return NULL;
	for (i = 0; i < now->n_vms; i++) {
		rows[i].vm = &now->vms[i];
		set_rates(&rows[i], vm_of(before, now->vms[i].id), seconds);
	}
	qsort(rows, now->n_vms, sizeof(*rows), compare);
	return rows;
}

static void format(char *text, size_t size, const struct top_row *row, size_t c)
{
	unsigned int attr = columns[c].attr;

	if (columns[c].rate ? !row->has_rates : !row->vm->has_stats)
		snprintf(text, size, "-");
	else if (columns[c].rate)
		/* Less than one a second is still not nothing. */
		snprintf(text, size, "%.*f", row->rate[attr] < 10,
			 row->rate[attr]);
	else if (attr == ELISA_STAT_A_PINNED_PAGES)
		snprintf(text, size, "%.1f",
			 (double)row->vm->stat[attr] * ELISA_PAGE_SIZE /
				 (1024 * 1024));
	else
		snprintf(text, size, "%llu", row->vm->stat[attr]);
}

/* LINE cut to WIDTH, and no blanks at its end */
static void put_line(FILE *to, char *line, unsigned int width, const char *eol)
{
	size_t len = strlen(line);

	if (width && len > width)
		len = width;
	while (len && line[len - 1] == ' ')
		len--;
	fprintf(to, "%.*s%s\n", (int)len, line, eol);
}

#define LINE_SIZE 512

void top_text(FILE *to, const struct snapshot *now, const struct top_row *rows,
	      unsigned int width, unsigned int height, const char *eol)
{
	char line[LINE_SIZE], name[VM_NAME_SIZE], text[32];
	size_t i, c;
	int n;

	n = snprintf(line, sizeof(line), "%5s %-16s %-7s", "VM", "NAME",
		     "STATE");
	for (c = 0; c < ARRAY_SIZE(columns); c++)
		n += snprintf(line + n, sizeof(line) - n, " %6s",
			      columns[c].head);
	put_line(to, line, width, eol);
	for (i = 0; rows && i < now->n_vms; i++) {
		const struct enl_vm *vm = rows[i].vm;

		/* The last line says what is not there. */
		if (height && i + 2 >= height && i + 1 < now->n_vms) {
			snprintf(line, sizeof(line), "      ... and %zu more",
				 now->n_vms - i);
			put_line(to, line, width, eol);
			break;
		}
		snprintf(name, sizeof(name), "%s", vm->name);
		log_sanitize(name);
		n = snprintf(line, sizeof(line), "%5u %-16.16s %-7s", vm->id,
			     name, enl_vm_state_name(vm->state));
		for (c = 0; c < ARRAY_SIZE(columns); c++) {
			format(text, sizeof(text), &rows[i], c);
			n += snprintf(line + n, sizeof(line) - n, " %6s", text);
		}
		put_line(to, line, width, eol);
	}
}

void top_json(struct print *print, const struct snapshot *now,
	      const struct top_row *rows)
{
	size_t i, c;

	for (i = 0; rows && i < now->n_vms; i++) {
		const struct top_row *row = &rows[i];

		print_row(print);
		print_uint(print, "id", row->vm->id);
		print_text(print, "name", row->vm->name);
		print_text(print, "state", enl_vm_state_name(row->vm->state));
		for (c = 0; c < ARRAY_SIZE(columns); c++) {
			unsigned int attr = columns[c].attr;
			const char *key = columns[c].key;
			bool pages = attr == ELISA_STAT_A_PINNED_PAGES;
			__u64 unit = pages ? ELISA_PAGE_SIZE : 1;

			if (columns[c].rate ? !row->has_rates :
					      !row->vm->has_stats)
				print_none(print, key);
			else if (columns[c].rate)
				print_real(print, key, row->rate[attr]);
			else
				print_uint(print, key,
					   row->vm->stat[attr] * unit);
		}
	}
}
