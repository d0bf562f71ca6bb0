// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/layout.h>

#include "attachment.h"
#include "hypercall.h"
#include "window.h"

/* Overrules what a program leaves to the library. */
#define MODE_VARIABLE "ELISA_MODE"

static enum elisa_window_kind kind_of(unsigned int rights, bool interposed)
{
	if (interposed)
		return ELISA_WINDOW_INTERPOSED;
	return rights & ELISA_RIGHT_FULL_TRUST ? ELISA_WINDOW_FULL :
						 ELISA_WINDOW_SEALED;
}

static int mode_from_environment(enum elisa_mode *mode)
{
	const char *value = secure_getenv(MODE_VARIABLE);

	if (!value || !strcmp(value, "auto"))
		return 0;
	if (!strcmp(value, "vmfunc"))
		*mode = ELISA_MODE_VMFUNC;
	else if (!strcmp(value, "interposed"))
		*mode = ELISA_MODE_INTERPOSED;
	else
		return -EINVAL;
	return 0;
}

/* Returns 1 or 0: interposed or not; or -errno. */
static int choose_mode(enum elisa_mode mode)
{
	struct elisa_regs regs = { 0 };
	bool vmfunc, interposed;
	int64_t rc;

	if (mode == ELISA_MODE_AUTO) {
		rc = mode_from_environment(&mode);
		if (rc)
			return (int)rc;
	}
	rc = elisa_hypercall(ELISA_HC_VERSION, &regs);
	if (rc < 0)
		return (int)rc;
	/* Modules that know one mode only leave the register as it is. */
	vmfunc = !regs.rsi || regs.rsi & ELISA_FEATURE_VMFUNC;
	interposed = regs.rsi & ELISA_FEATURE_INTERPOSED;
	switch (mode) {
	case ELISA_MODE_AUTO:
		return !vmfunc && interposed;
	case ELISA_MODE_VMFUNC:
		return vmfunc ? 0 : -EOPNOTSUPP;
	case ELISA_MODE_INTERPOSED:
		return interposed ? 1 : -EOPNOTSUPP;
	}
	return -EINVAL;
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
	return elisa_attach_mode(att, name, xbuf, xbuf_size, ELISA_MODE_AUTO);
}

int elisa_attach_mode(struct elisa_attachment **att, const char *name,
		      void *xbuf, size_t xbuf_size, enum elisa_mode mode)
{
	struct elisa_packed_name packed;
	struct elisa_attachment *a;
	struct elisa_regs regs;
	int64_t rc;
	int interposed;

	rc = elisa_name_pack(name, &packed);
	if (!rc)
		rc = check_xbuf(xbuf, xbuf_size);
	if (!rc)
		rc = elisa_probe();
	if (rc)
		return (int)rc;
	interposed = choose_mode(mode);
	if (interposed < 0)
		return interposed;

	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;

	regs = (struct elisa_regs){
		.rdi = packed.word[0],
		.rsi = packed.word[1],
		.rdx = packed.word[2],
		.r10 = packed.word[3],
		.r8 = (uintptr_t)xbuf,
		.r9 = xbuf_size / ELISA_PAGE_SIZE |
		      (interposed ? ELISA_ATTACH_INTERPOSED : 0),
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

	a->kind = kind_of(a->rights, interposed);
	rc = elisa_window_map(a->window, a->kind, &a->interrupted);
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
	/* First: from DETACH on it can be that of another thread's attachment. */
	elisa_window_unmap(att->window);
	if (att->owner == getpid())
		rc = elisa_hypercall_token(ELISA_HC_DETACH, att->token);
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

/* What the structure was in its first version. */
#define INFO_SIZE_1 offsetof(struct elisa_attachment_info, mode)

int elisa_attachment_info(const struct elisa_attachment *att,
			  struct elisa_attachment_info *info, size_t size)
{
	struct elisa_attachment_info now = {
		.rights = att->rights,
		.window = att->window,
		.xbuf_size = att->xbuf_size,
		.interrupted =
			__atomic_load_n(&att->interrupted, __ATOMIC_RELAXED),
		.mode = ELISA_MODE_VMFUNC,
	};
	struct elisa_regs regs = { 0 };

	if (size < INFO_SIZE_1)
		return -EINVAL;
	if (att->kind == ELISA_WINDOW_INTERPOSED)
		now.mode = ELISA_MODE_INTERPOSED;
	/* It counts those between the stubs; the entry stub has one as well. */
	else if (elisa_hypercall(ELISA_HC_VERSION, &regs) > 0)
		now.vmfuncs =
			(uint32_t)regs.rdi + (att->kind == ELISA_WINDOW_SEALED);
	memset(info, 0, size);
	memcpy(info, &now, size < sizeof(now) ? size : sizeof(now));
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
	entry->stub = elisa_window_stub(att->window, att->kind);
	entry->index = (uint64_t)rc;
	return 0;
}
