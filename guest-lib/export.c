// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/layout.h>
#include <elisa/manager.h>

#include "hypercall.h"
#include "image.h"

/* Pages that one EXPORT_DATA hypercall pins: keeps each of them short. */
#define DATA_STEP 512u

/* How often pages that are not resident are touched and offered again. */
#define IMAGE_TRIES 4

struct elisa_export {
	uint64_t token;
	pid_t owner;
};

/*
 * The module reads the image through our page tables and does not wait for
 * page faults.  So lock the pages (a help, not a need), touch each before it is
 * offered, and offer them one by one: a hypercall for several that fails in the
 * middle has copied some of them and cannot be repeated.
 */
static int export_page(uint64_t token, const uint8_t *bytes, uint64_t page,
		       uint64_t prot)
{
	int64_t rc = -EFAULT;
	int tries;

	for (tries = 0; tries < IMAGE_TRIES && rc == -EFAULT; tries++) {
		struct elisa_regs regs = {
			.rdi = token,
			.rsi = (uintptr_t)bytes,
			.rdx = page,
			.r10 = 1,
			.r8 = prot,
		};

		(void)*(const volatile uint8_t *)bytes;
		rc = elisa_hypercall(ELISA_HC_EXPORT_IMAGE, &regs);
	}
	return rc < 0 ? (int)rc : 0;
}

static int export_image(uint64_t token, const struct subimage *sub)
{
	size_t size = (size_t)sub->npages * ELISA_PAGE_SIZE;
	bool locked = !mlock(sub->pages, size);
	unsigned int i, page;
	int rc = 0;

	for (i = 0; i < sub->n_segments; i++) {
		const struct subimage_segment *seg = &sub->segments[i];

		for (page = 0; page < seg->npages && !rc; page++)
			rc = export_page(token,
					 seg->bytes + page * ELISA_PAGE_SIZE,
					 seg->first_page + page, seg->prot);
	}
	if (locked)
		munlock(sub->pages, size);
	return rc;
}

static int export_data(uint64_t token, uintptr_t data, size_t pages)
{
	while (pages) {
		size_t step = pages < DATA_STEP ? pages : DATA_STEP;
		struct elisa_regs regs = {
			.rdi = token,
			.rsi = data,
			.r10 = step,
		};
		int64_t rc = elisa_hypercall(ELISA_HC_EXPORT_DATA, &regs);

		if (rc < 0)
			return (int)rc;
		data += step * ELISA_PAGE_SIZE;
		pages -= step;
	}
	return 0;
}

static int export_entries(uint64_t token, const struct subimage *sub)
{
	unsigned int i;

	for (i = 0; i < sub->n_entries; i++) {
		const struct subimage_entry *entry = &sub->entries[i];
		struct elisa_packed_name packed;
		int64_t rc;

		rc = elisa_name_pack(entry->name, &packed);
		if (!rc)
			rc = elisa_hypercall_entry(ELISA_HC_EXPORT_ENTRY, token,
						   &packed, entry->offset);
		if (rc < 0)
			return (int)rc;
	}
	return 0;
}

static int check_data(const void *data, size_t size)
{
	if (!data != !size)
		return -EINVAL;
	if ((uintptr_t)data % ELISA_PAGE_SIZE || size % ELISA_PAGE_SIZE)
		return -EINVAL;
	if (size / ELISA_PAGE_SIZE > ELISA_DATA_PAGES_MAX)
		return -EINVAL;
	return 0;
}

int elisa_export_create(struct elisa_export **exp, const char *name,
			const struct elisa_image *image, void *data,
			size_t data_size)
{
	struct elisa_packed_name packed;
	struct elisa_export *e;
	struct elisa_regs regs;
	int64_t rc;

	rc = elisa_name_pack(name, &packed);
	if (!rc)
		rc = check_data(data, data_size);
	if (!rc)
		rc = elisa_probe();
	if (rc)
		return (int)rc;

	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;

	regs = (struct elisa_regs){
		.rdi = packed.word[0],
		.rsi = packed.word[1],
		.rdx = packed.word[2],
		.r10 = packed.word[3],
	};
	rc = elisa_hypercall(ELISA_HC_EXPORT_CREATE, &regs);
	if (rc < 0)
		goto err_free;
	e->token = regs.rdi;
	e->owner = getpid();

	rc = export_image(e->token, &image->sub);
	if (!rc)
		rc = export_data(e->token, (uintptr_t)data,
				 data_size / ELISA_PAGE_SIZE);
	if (!rc)
		rc = export_entries(e->token, &image->sub);
	if (!rc)
		rc = elisa_hypercall_token(ELISA_HC_EXPORT_SEAL, e->token);
	if (rc)
		goto err_destroy;
	*exp = e;
	return 0;

err_destroy:
	elisa_hypercall_token(ELISA_HC_EXPORT_DESTROY, e->token);
err_free:
	free(e);
	return (int)rc;
}

int elisa_export_destroy(struct elisa_export *exp)
{
	int rc = 0;

	if (!exp)
		return 0;
	if (exp->owner == getpid())
		rc = elisa_hypercall_token(ELISA_HC_EXPORT_DESTROY, exp->token);
	free(exp);
	return rc;
}
