// SPDX-License-Identifier: GPL-2.0-only
/*
 * PVH: the kernel's ELF segments go where they want, a note tells the 32-bit
 * entry point, a start-info block tells the rest. The structures are Xen's
 * (xen/include/public/arch-x86/hvm/start_info.h).
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acpi.h"
#include "layout.h"
#include "pvh.h"
#include "vm.h"

#define START_INFO_MAGIC 0x336ec578
#define XEN_PHYS32_ENTRY 18
#define NOTES_MAX	 4096

enum { MEMMAP_RAM = 1, MEMMAP_RESERVED = 2 };

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memmap;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct module {
	uint64_t addr;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

struct boot_block {
	struct start_info info;
	struct module initrd;
	struct memmap_entry memmap[3];
};

static int read_at(int fd, void *buf, size_t len, off_t pos)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t got = pread(fd, p, len, pos);

		if (got < 0)
			return -errno;
		if (!got)
			return -ENOEXEC;
		p += got;
		pos += got;
		len -= got;
	}
	return 0;
}

/* The entry point in a note segment; 0 if it is not there. */
static uint32_t pvh_find_entry(const uint8_t *notes, size_t len)
{
	size_t pos = 0;

	while (pos + sizeof(Elf64_Nhdr) <= len) {
		const Elf64_Nhdr *n = (const void *)(notes + pos);
		size_t name = pos + sizeof(*n);
		size_t desc = name + ((n->n_namesz + 3) & ~3u);
		uint32_t entry;

		if (desc + sizeof(entry) > len)
			break;
		if (n->n_type == XEN_PHYS32_ENTRY && n->n_namesz == 4 &&
		    !memcmp(notes + name, "Xen", 4)) {
			memcpy(&entry, notes + desc, sizeof(entry));
			return entry;
		}
		pos = desc + ((n->n_descsz + 3) & ~3u);
	}
	return 0;
}

static int pvh_load_segment(struct vm *vm, int fd, const Elf64_Phdr *ph,
			    uint32_t *entry)
{
	uint8_t notes[NOTES_MAX];
	void *dest;
	int err;

	if (ph->p_type == PT_LOAD) {
		dest = vm_ram(vm, ph->p_paddr, ph->p_memsz);
		if (!dest || ph->p_filesz > ph->p_memsz)
			return -ENOMEM;
		return read_at(fd, dest, ph->p_filesz, ph->p_offset);
	}
	if (ph->p_type == PT_NOTE && ph->p_filesz <= sizeof(notes)) {
		err = read_at(fd, notes, ph->p_filesz, ph->p_offset);
		if (err)
			return err;
		if (!*entry)
			*entry = pvh_find_entry(notes, ph->p_filesz);
	}
	return 0;
}

static int pvh_load_kernel(struct vm *vm, int fd, uint32_t *entry)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	int err, i;

	err = read_at(fd, &eh, sizeof(eh), 0);
	if (err)
		return err;
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64 ||
	    eh.e_phentsize != sizeof(ph))
		return -ENOEXEC;

	*entry = 0;
	for (i = 0; i < eh.e_phnum; i++) {
		err = read_at(fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph));
		if (!err)
			err = pvh_load_segment(vm, fd, &ph, entry);
		if (err)
			return err;
	}
	return *entry ? 0 : -ENOEXEC;
}

/* At the top of RAM, far from where the kernel unpacks things. */
static int pvh_load_initrd(struct vm *vm, int fd, struct module *mod)
{
	struct stat st;
	void *dest;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((size_t)st.st_size > vm->mem_size / 2)
		return -ENOMEM;
	mod->addr = (vm->mem_size - st.st_size) & ~0xfffull;
	mod->size = st.st_size;
	dest = vm_ram(vm, mod->addr, mod->size);
	return dest ? read_at(fd, dest, mod->size, 0) : -ENOMEM;
}

static int load_file(struct vm *vm, const char *path,
		     int (*load)(struct vm *vm, int fd, void *arg), void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0) {
		err = -errno;
	} else {
		err = load(vm, fd, arg);
		close(fd);
	}
	if (err)
		vm_log(vm, "%s: %s", path, strerror(-err));
	return err;
}

static int load_kernel(struct vm *vm, int fd, void *arg)
{
	return pvh_load_kernel(vm, fd, arg);
}

static int load_initrd(struct vm *vm, int fd, void *arg)
{
	return pvh_load_initrd(vm, fd, arg);
}

int pvh_load(struct vm *vm, const char *kernel, const char *initrd,
	     const char *cmdline, uint32_t *entry)
{
	struct boot_block *boot;
	struct start_info *info;
	int err;

	err = load_file(vm, kernel, load_kernel, entry);
	if (err)
		return err;

	boot = vm_ram(vm, LAYOUT_START_INFO, sizeof(*boot));
	if (!boot || strlen(cmdline) >= LAYOUT_CMDLINE_SIZE)
		return -E2BIG;
	strcpy(vm_ram(vm, LAYOUT_CMDLINE, LAYOUT_CMDLINE_SIZE), cmdline);

	info = &boot->info;
	info->magic = START_INFO_MAGIC;
	info->version = 1;
	info->cmdline = LAYOUT_CMDLINE;
	info->rsdp = acpi_build(vm);
	info->memmap = LAYOUT_START_INFO + offsetof(struct boot_block, memmap);
	info->memmap_entries = 3;
	boot->memmap[0] = (struct memmap_entry){
		.addr = 0,
		.size = LAYOUT_LOW_END,
		.type = MEMMAP_RAM,
	};
	boot->memmap[1] = (struct memmap_entry){
		.addr = LAYOUT_ACPI,
		.size = LAYOUT_ACPI_SIZE,
		.type = MEMMAP_RESERVED,
	};
	boot->memmap[2] = (struct memmap_entry){
		.addr = LAYOUT_HIGH,
		.size = vm->mem_size - LAYOUT_HIGH,
		.type = MEMMAP_RAM,
	};

	if (initrd) {
		err = load_file(vm, initrd, load_initrd, &boot->initrd);
		if (err)
			return err;
		info->nr_modules = 1;
		info->modlist =
			LAYOUT_START_INFO + offsetof(struct boot_block, initrd);
	}
	return 0;
}
