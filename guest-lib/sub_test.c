// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Calls of an image's entry points in an ordinary process, see
 * <elisa/sub_test.h>.
 *
 * A call runs on the stack of its thread; one that ends early leaves by
 * longjmp().
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <elisa/sub_test.h>
#include <elisa/test_context.h>
#include <elisa/test_image.h>

/* A waiter looks this often before it sleeps, and then for this many ms. */
#define WAITS	1000u
#define WAIT_MS 30000u

#define VECTOR_UD 6

/* How a call can end early; values of longjmp(). */
enum end {
	END_FAULT = 1,
	END_DEATH,
};

struct elisa_test_export {
	void *object;
	const struct elisa_entry_record *entry;
	unsigned int n_entries;
	void *data;    /* writable */
	void *data_ro; /* the same memory */
	size_t data_size;
	unsigned int n_vms;
	uint64_t generation;
	uint64_t liveness[ELISA_OWNER_SLOTS];
	uint64_t addresses[ELISA_ENTRIES_MAX];
};

struct elisa_test_vm {
	struct elisa_test_export *exp;
	struct elisa_test_context context;
	unsigned int slot;
	unsigned int die_after;
	unsigned int waits;
	jmp_buf out;
	char fault[160];
};

/* The caller of the call that this thread is in, or NULL. */
static _Thread_local struct elisa_test_vm *caller;

/* --- memory, with a page before and after it that is not accessible */

static void *map_guarded(size_t size, int fd, int prot)
{
	char *p;

	p = mmap(NULL, size + 2 * ELISA_PAGE_SIZE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mmap(p + ELISA_PAGE_SIZE, size, prot, MAP_SHARED | MAP_FIXED, fd,
		 0) == MAP_FAILED) {
		munmap(p, size + 2 * ELISA_PAGE_SIZE);
		return NULL;
	}
	return p + ELISA_PAGE_SIZE;
}

static void unmap_guarded(void *p, size_t size)
{
	if (p)
		munmap((char *)p - ELISA_PAGE_SIZE, size + 2 * ELISA_PAGE_SIZE);
}

/* @size bytes of zeros, writable; unless @ro is NULL, also read-only. */
static int map_memory(size_t size, void **rw, void **ro)
{
	int fd = memfd_create("elisa-sub-test", MFD_CLOEXEC);
	int rc = -ENOMEM;

	if (fd < 0)
		return -ENOMEM;
	if (ftruncate(fd, (off_t)size))
		goto out;
	*rw = map_guarded(size, fd, PROT_READ | PROT_WRITE);
	if (!*rw)
		goto out;
	rc = 0;
	if (ro) {
		*ro = map_guarded(size, fd, PROT_READ);
		if (!*ro) {
			unmap_guarded(*rw, size);
			rc = -ENOMEM;
		}
	}
out:
	close(fd);
	return rc;
}

/* --- exports */

/* dlopen(), for which a name without a folder is that of a library. */
static void *open_image(const char *path)
{
	char *here = NULL;
	void *object;

	if (path && !strchr(path, '/') && asprintf(&here, "./%s", path) < 0)
		return NULL;
	object = dlopen(here ? here : path, RTLD_NOW | RTLD_LOCAL);
	free(here);
	return object;
}

static int load_image(struct elisa_test_export *e, const char *path)
{
	const struct elisa_test_image *image;
	unsigned int i;

	e->object = open_image(path);
	image = e->object ? dlsym(e->object, "elisa_test_image") : NULL;
	if (!image || image->end - image->begin > ELISA_ENTRIES_MAX) {
		const char *why = image ? "too many entry points" : dlerror();

		fprintf(stderr, "elisa_test_export_open: %s\n", why);
		if (e->object)
			dlclose(e->object);
		return -ENOEXEC;
	}
	e->entry = image->begin;
	e->n_entries = (unsigned int)(image->end - image->begin);
	for (i = 0; i < e->n_entries; i++)
		e->addresses[i] = e->entry[i].address;
	return 0;
}

int elisa_test_export_open(struct elisa_test_export **exp, const char *path,
			   size_t data_size)
{
	struct elisa_test_export *e;
	int rc;

	if (data_size % ELISA_PAGE_SIZE)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	rc = load_image(e, path);
	if (rc)
		goto err_free;
	e->data_size = data_size;
	if (data_size)
		rc = map_memory(data_size, &e->data, &e->data_ro);
	if (rc)
		goto err_unload;
	*exp = e;
	return 0;

err_unload:
	dlclose(e->object);
err_free:
	free(e);
	return rc;
}

void elisa_test_export_close(struct elisa_test_export *exp)
{
	if (!exp)
		return;
	unmap_guarded(exp->data, exp->data_size);
	unmap_guarded(exp->data_ro, exp->data_size);
	dlclose(exp->object);
	free(exp);
}

void *elisa_test_data(struct elisa_test_export *exp)
{
	return exp->data;
}

int elisa_test_lookup(const struct elisa_test_export *exp, const char *name)
{
	unsigned int i;

	for (i = 0; i < exp->n_entries; i++)
		if (!strncmp(exp->entry[i].name, name, ELISA_NAME_SIZE))
			return (int)i;
	return -ENOENT;
}

/* --- callers */

/* A new identity; whoever has seen the old one in a lock sees a dead owner. */
static void renew(struct elisa_test_vm *vm)
{
	struct elisa_test_export *exp = vm->exp;
	uint64_t generation;

	generation = __atomic_add_fetch(&exp->generation, 1, __ATOMIC_RELAXED);
	vm->context.self.id = generation << ELISA_OWNER_GENERATION_SHIFT |
			      vm->slot;
	vm->context.control = (struct elisa_sub_control){ 0 };
	__atomic_store_n(&exp->liveness[vm->slot], vm->context.self.id,
			 __ATOMIC_RELEASE);
}

int elisa_test_attach(struct elisa_test_vm **vm, struct elisa_test_export *exp,
		      unsigned int rights, size_t xbuf_size)
{
	struct elisa_test_vm *v;
	int rc;

	if (xbuf_size % ELISA_PAGE_SIZE ||
	    xbuf_size / ELISA_PAGE_SIZE > ELISA_XBUF_PAGES_MAX ||
	    !(rights & ELISA_RIGHT_READ))
		return -EINVAL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->exp = exp;
	v->slot = __atomic_fetch_add(&exp->n_vms, 1, __ATOMIC_RELAXED);
	rc = v->slot < ELISA_OWNER_SLOTS ? 0 : -ENOSPC;
	if (!rc && xbuf_size)
		rc = map_memory(xbuf_size, &v->context.xbuf, NULL);
	if (rc) {
		free(v);
		return rc;
	}
	v->context.info = (struct elisa_sub_info){
		.abi = ELISA_ABI_VERSION,
		.rights = rights,
		.vm = v->slot + 1,
		.attachment = v->slot + 1,
		.data_size = exp->data_size,
		.xbuf_size = xbuf_size,
	};
	v->context.liveness = exp->liveness;
	v->context.entries = exp->addresses;
	v->context.data = rights & ELISA_RIGHT_WRITE ? exp->data : exp->data_ro;
	renew(v);
	*vm = v;
	return 0;
}

void elisa_test_detach(struct elisa_test_vm *vm)
{
	if (!vm)
		return;
	__atomic_store_n(&vm->exp->liveness[vm->slot], 0, __ATOMIC_RELEASE);
	unmap_guarded(vm->context.xbuf, vm->context.info.xbuf_size);
	free(vm);
}

void *elisa_test_xbuf(struct elisa_test_vm *vm)
{
	return vm->context.xbuf;
}

void elisa_test_die_after(struct elisa_test_vm *vm, unsigned int points)
{
	vm->die_after = points;
}

const char *elisa_test_fault_text(const struct elisa_test_vm *vm)
{
	return vm->fault;
}

/* --- calls */

typedef uint64_t entry_point(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
			     uint64_t);

/* The end of a call that has returned. */
static int returned(struct elisa_test_vm *vm)
{
	if (!vm->context.control.depth)
		return 0;
	vm->context.control.depth = 0;
	return -EDEADLK;
}

/* The end of one that has not. */
static int died(struct elisa_test_vm *vm, enum end end, uint64_t *ret)
{
	renew(vm);
	*ret = 0;
	if (end == END_DEATH)
		return -ENOLINK;
	*ret = ELISA_FAULT_KIND_VECTOR | VECTOR_UD << 8;
	return -EFAULT;
}

int elisa_test_call6(struct elisa_test_vm *vm, const char *name, uint64_t *ret,
		     uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		     uint64_t a4, uint64_t a5)
{
	int n = elisa_test_lookup(vm->exp, name);
	entry_point *entry;
	int end, rc;

	if (n < 0)
		return n;
	entry = (entry_point *)vm->exp->addresses[n];
	if (caller)
		abort(); /* a call in a call */
	vm->waits = 0;
	vm->fault[0] = '\0';
	caller = vm;
	end = setjmp(vm->out);
	if (!end) {
		*ret = entry(a0, a1, a2, a3, a4, a5);
		rc = returned(vm);
	} else {
		rc = died(vm, (enum end)end, ret);
	}
	caller = NULL;
	vm->die_after = 0;
	return rc;
}

/* --- what the image calls */

struct elisa_test_context *elisa_test_context(void)
{
	if (!caller)
		abort(); /* code of an image outside of a call */
	return &caller->context;
}

void elisa_test_fault(const char *what, const char *file, int line)
{
	if (!caller) {
		fprintf(stderr, "%s:%d: %s, outside of a call\n", file, line,
			what);
		abort();
	}
	snprintf(caller->fault, sizeof(caller->fault), "%s:%d: %s", file, line,
		 what);
	longjmp(caller->out, END_FAULT);
}

void elisa_test_point(void)
{
	if (caller && caller->die_after && !--caller->die_after)
		longjmp(caller->out, END_DEATH);
}

void elisa_test_wait(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	caller->waits++;
	if (caller->waits < WAITS)
		sched_yield();
	else if (caller->waits < WAITS + WAIT_MS)
		nanosleep(&ms, NULL);
	else
		elisa_test_fault("waits for a lock that nobody releases",
				 __FILE__, __LINE__);
}
