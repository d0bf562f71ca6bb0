// SPDX-License-Identifier: GPL-2.0-only
/* Operations on exports, of VMs and of the host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ops.h"

void export_it(const struct draws *d)
{
	struct vm *vm = &vms[d->v];
	int64_t want = 0;

	becomes("export");
	strcpy(request(d->v, d->cpu, SOAK_EXPORT)->name, export_name[d->v]);
	if (vm->exported)
		want = -EEXIST;
	else if (pinned_pages(d->v) + 1 > LIMIT_PINNED)
		want = -ENOSPC;
	expect_ret(ask(d->v, d->cpu), want, "export");
	if (!want) {
		vm->exported = true;
		export_born(d->v);
	}
}

void do_export(const struct draws *d)
{
	if (has_vm(d))
		export_it(d);
}

void do_unexport(const struct draws *d)
{
	bool had;

	if (!has_vm(d))
		return;
	had = vms[d->v].exported;
	request(d->v, d->cpu, SOAK_UNEXPORT);
	expect_ret(ask(d->v, d->cpu), had ? 0 : -ENOENT, "unexport");
	if (had)
		export_gone(d->v);
}

void do_export_all(const struct draws *d)
{
	struct soak_box *box;

	if (!has_vm(d))
		return;
	box = request(d->v, d->cpu, SOAK_EXPORT_ALL);
	expect_ret(ask(d->v, d->cpu), -ENOSPC, "exports up to the limit");
	if (box->value[0] != LIMIT_EXPORTS - (uint64_t)vms[d->v].exported)
		wrong("exports up to the limit: %llu",
		      (unsigned long long)box->value[0]);
}

void add_of_host(unsigned int e)
{
	char out[512];
	int ret;

	becomes("host-add");
	ret = run_command(out, sizeof(out),
			  "elisactl export add %s /x/soak.sub --data 1 --trust %s",
			  export_name[e], e == EXPORT_FULL ? "full" : "sealed");
	if (ret != exports[e].alive)
		wrong("export add: status %d: %s", ret, out);
	result(ret ? "refused" : "good");
	if (!exports[e].alive)
		export_born(e);
}

void do_host_add(const struct draws *d)
{
	add_of_host(d->x & 1 ? EXPORT_HOST : EXPORT_FULL);
}

void end_export(unsigned int e)
{
	char out[512];
	int ret;

	becomes("revoke");
	ret = run_command(out, sizeof(out), "elisactl revoke %s",
			  export_name[e]);
	if (ret != !exports[e].alive)
		wrong("revoke %s: status %d: %s", export_name[e], ret, out);
	result(ret ? "refused" : "revoked");
	if (exports[e].alive)
		export_gone(e);
}

void do_revoke(const struct draws *d)
{
	end_export(d->e);
}
