// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/layout.h>

#include "attachment.h"
#include "hypercall.h"
#include "window.h"

static bool is_full(const struct elisa_attachment *att)
{
	return att->rights & ELISA_RIGHT_FULL_TRUST;
}

static int check_xbuf(const void *xbuf, size_t size)
{
	if (!xbuf != !size)
		return -EINVAL;
	if ((uintptr_t)xbuf % ELISA_PAGE_SIZE || size % ELISA_PAGE_SIZE)
		return -EINVAL;
	if (size / ELISA_PAGE_SIZE > ELISA_XBUF_PAGES_MAX)
		return -EINVAL;
	return 0;
}

int elisa_attach(struct elisa_attachment **att, const char *name, void *xbuf,
		 size_t xbuf_size)
{
	struct elisa_packed_name packed;
	struct elisa_attachment *a;
	struct elisa_regs regs;
	int64_t rc;

	rc = elisa_name_pack(name, &packed);
	if (!rc)
		rc = check_xbuf(xbuf, xbuf_size);
	if (!rc)
		rc = elisa_probe();
	if (rc)
		return (int)rc;

	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;

	regs = (struct elisa_regs){
		.rdi = packed.word[0],
		.rsi = packed.word[1],
		.rdx = packed.word[2],
		.r10 = packed.word[3],
		.r8 = (uintptr_t)xbuf,
		.r9 = xbuf_size / ELISA_PAGE_SIZE,
	};
	rc = elisa_hypercall(ELISA_HC_ATTACH, &regs);
	if (rc < 0)
		goto err_free;
	a->token = regs.rdi;
	a->window = regs.rsi;
	a->rights = (unsigned int)regs.rdx;
	a->owner = getpid();
	a->xbuf = xbuf;
	a->xbuf_size = xbuf_size;

	rc = elisa_window_map(a->window, is_full(a), &a->interrupted);
	if (rc)
		goto err_detach;
	*att = a;
	return 0;

err_detach:
	elisa_hypercall_token(ELISA_HC_DETACH, a->token);
err_free:
	free(a);
	return (int)rc;
}

int elisa_detach(struct elisa_attachment *att)
{
	int rc = 0;

	if (!att)
		return 0;
	if (att->owner == getpid())
		rc = elisa_hypercall_token(ELISA_HC_DETACH, att->token);
	elisa_window_unmap(att->window);
	free(att);
	return rc;
}

unsigned int elisa_rights(const struct elisa_attachment *att)
{
	return att->rights;
}

/* A name that no compiler makes an entry point of. */
#define NO_ENTRY "."

static int still_attached(const struct elisa_attachment *att)
{
	struct elisa_packed_name packed;
	int64_t rc;

	rc = elisa_name_pack(NO_ENTRY, &packed);
	if (!rc)
		rc = elisa_hypercall_entry(ELISA_HC_ENTRY, att->token, &packed,
					   0);
	return rc == -ENOLINK || rc == -ENOSYS ? (int)rc : 0;
}

int elisa_attachment_info(const struct elisa_attachment *att,
			  struct elisa_attachment_info *info, size_t size)
{
	struct elisa_attachment_info now = {
		.rights = att->rights,
		.window = att->window,
		.xbuf_size = att->xbuf_size,
		.interrupted =
			__atomic_load_n(&att->interrupted, __ATOMIC_RELAXED),
	};
	struct elisa_regs regs = { 0 };

	if (size < sizeof(now))
		return -EINVAL;
	/* It counts those between the stubs; the entry stub has one as well. */
	if (elisa_hypercall(ELISA_HC_VERSION, &regs) > 0)
		now.vmfuncs = (uint32_t)regs.rdi + !is_full(att);
	memset(info, 0, size);
	memcpy(info, &now, sizeof(now));
	return still_attached(att);
}

int elisa_lookup(const struct elisa_attachment *att, const char *name,
		 struct elisa_entry *entry)
{
	struct elisa_packed_name packed;
	int64_t rc;

	rc = elisa_name_pack(name, &packed);
	if (rc)
		return (int)rc;
	rc = elisa_hypercall_entry(ELISA_HC_ENTRY, att->token, &packed, 0);
	if (rc < 0)
		return (int)rc;
	entry->stub = elisa_window_stub(att->window, is_full(att));
	entry->index = (uint64_t)rc;
	return 0;
}
