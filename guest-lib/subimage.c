// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Loader of sub images, see subimage.h.
 *
 * Everything in the file is hostile.  Structures are copied out before use,
 * because the bytes may lie at any alignment; every offset and size is checked
 * with arithmetic that cannot overflow.  The relocation and dynamic tables are
 * read from the file, not from the image being built, so relocations cannot
 * change what is still to be read.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "subimage.h"

#define PAGE	  ((uint64_t)ELISA_PAGE_SIZE)
#define IMAGE_MAX (ELISA_IMAGE_PAGES_MAX * PAGE)
#define PHDRS_MAX 32
#define INT3	  0xcc

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR	  36
#endif

/* Dynamic section entries that are used, all optional. */
enum dyn {
	DYN_RELA,
	DYN_RELASZ,
	DYN_RELAENT,
	DYN_SYMTAB,
	DYN_STRTAB,
	DYN_STRSZ,
	DYN_COUNT,
};

struct loader {
	const uint8_t *elf;
	size_t size;
	Elf64_Phdr ph[PHDRS_MAX];
	unsigned int n_ph;
	/* Program header of each segment of the image. */
	unsigned int seg_ph[SUBIMAGE_SEGMENTS_MAX];
	const Elf64_Phdr *dynamic;
	const Elf64_Phdr *entries;
	uint64_t dyn[DYN_COUNT];
	bool dyn_seen[DYN_COUNT];
	struct subimage *img;
	char *err;
	size_t err_size;
};

static int refuse(struct loader *ld, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct loader *ld, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ld->err, ld->err_size, fmt, ap);
	va_end(ap);
	return -ENOEXEC;
}

/* True if [@start, @start + @len) lies in [0, @limit). */
static bool in_range(uint64_t start, uint64_t len, uint64_t limit)
{
	return len <= limit && start <= limit - len;
}

/* True if [@start, @start + @len) lies in [@base, @base + @size). */
static bool inside(uint64_t start, uint64_t len, uint64_t base, uint64_t size)
{
	return start >= base && in_range(start - base, len, size);
}

/*
 * The file's bytes for [@vaddr, @vaddr + @len) of the image, or NULL if they
 * are not contents of one segment.
 */
static const uint8_t *file_bytes(const struct loader *ld, uint64_t vaddr,
				 uint64_t len)
{
	unsigned int i;

	for (i = 0; i < ld->img->n_segments; i++) {
		const Elf64_Phdr *ph = &ld->ph[ld->seg_ph[i]];

		if (inside(vaddr, len, ph->p_vaddr, ph->p_filesz))
			return ld->elf + ph->p_offset + (vaddr - ph->p_vaddr);
	}
	return NULL;
}

/* The segment whose memory holds [@vaddr, @vaddr + @len), or NULL. */
static const struct subimage_segment *segment_at(const struct loader *ld,
						 uint64_t vaddr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < ld->img->n_segments; i++) {
		const struct subimage_segment *seg = &ld->img->segments[i];

		if (inside(vaddr, len, seg->first_page * PAGE, seg->size))
			return seg;
	}
	return NULL;
}

static int read_header(struct loader *ld)
{
	Elf64_Ehdr eh;
	unsigned int i;

	if (ld->size < sizeof(eh))
		return refuse(ld, "file is shorter than an ELF header");
	memcpy(&eh, ld->elf, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return refuse(ld, "not an ELF file");
	if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(ld, "not a 64-bit ELF file");
	if (eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return refuse(ld, "not a little-endian ELF file");
	if (eh.e_ident[EI_VERSION] != EV_CURRENT || eh.e_version != EV_CURRENT)
		return refuse(ld, "unknown ELF version");
	if (eh.e_type != ET_DYN)
		return refuse(ld, "not a shared object (ELF type %u)",
			      eh.e_type);
	if (eh.e_machine != EM_X86_64)
		return refuse(ld, "not for x86-64 (ELF machine %u)",
			      eh.e_machine);
	if (eh.e_phnum == 0)
		return refuse(ld, "no program headers");
	if (eh.e_phentsize != sizeof(Elf64_Phdr))
		return refuse(ld, "program header size is %u instead of %zu",
			      eh.e_phentsize, sizeof(Elf64_Phdr));
	if (eh.e_phnum > PHDRS_MAX)
		return refuse(ld, "%u program headers, at most %u are allowed",
			      eh.e_phnum, PHDRS_MAX);
	if (!in_range(eh.e_phoff, eh.e_phnum * sizeof(Elf64_Phdr), ld->size))
		return refuse(ld, "program headers lie outside the file");
	ld->n_ph = eh.e_phnum;
	for (i = 0; i < ld->n_ph; i++)
		memcpy(&ld->ph[i], ld->elf + eh.e_phoff + i * sizeof(ld->ph[i]),
		       sizeof(ld->ph[i]));
	return 0;
}

static uint32_t segment_prot(uint32_t flags)
{
	uint32_t prot = 0;

	if (flags & PF_R)
		prot |= ELISA_PROT_R;
	if (flags & PF_W)
		prot |= ELISA_PROT_W;
	if (flags & PF_X)
		prot |= ELISA_PROT_X;
	return prot;
}

static int add_segment(struct loader *ld, unsigned int n)
{
	const Elf64_Phdr *ph = &ld->ph[n];
	struct subimage *img = ld->img;
	struct subimage_segment *seg;

	if (img->n_segments == SUBIMAGE_SEGMENTS_MAX)
		return refuse(ld, "more than %u loadable segments",
			      SUBIMAGE_SEGMENTS_MAX);
	if (ph->p_filesz > ph->p_memsz)
		return refuse(ld,
			      "segment %u is larger in the file than in memory",
			      n);
	/* The linker leaves these where an image has no data. */
	if (!ph->p_memsz)
		return 0;
	if (!in_range(ph->p_offset, ph->p_filesz, ld->size))
		return refuse(ld, "segment %u lies outside the file", n);
	if (ph->p_align != PAGE)
		return refuse(ld,
			      "segment %u is aligned to %#llx instead of %#x (link with -z max-page-size=4096)",
			      n, (unsigned long long)ph->p_align,
			      ELISA_PAGE_SIZE);
	if (ph->p_vaddr % PAGE)
		return refuse(ld, "segment %u does not start on a page", n);
	if (!in_range(ph->p_vaddr, ph->p_memsz, IMAGE_MAX))
		return refuse(ld,
			      "segment %u ends beyond the limit of %u pages", n,
			      ELISA_IMAGE_PAGES_MAX);
	if (ph->p_flags & ~(PF_R | PF_W | PF_X))
		return refuse(ld, "segment %u has unknown flags %#x", n,
			      ph->p_flags);
	if ((ph->p_flags & PF_W) && (ph->p_flags & PF_X))
		return refuse(ld, "segment %u is writable and executable", n);
	if (!(ph->p_flags & (PF_R | PF_X)))
		return refuse(ld, "segment %u is not readable", n);
	if ((ph->p_flags & PF_X) && ph->p_filesz != ph->p_memsz)
		return refuse(ld,
			      "segment %u is executable and partly not in the file",
			      n);
	/* Segments ascend, so npages is the end of the one before. */
	if (ph->p_vaddr < img->npages * PAGE)
		return refuse(ld,
			      "segment %u overlaps or precedes the one before it",
			      n);

	ld->seg_ph[img->n_segments] = n;
	seg = &img->segments[img->n_segments++];
	seg->first_page = (uint32_t)(ph->p_vaddr / PAGE);
	seg->npages = (uint32_t)((ph->p_memsz + PAGE - 1) / PAGE);
	seg->prot = segment_prot(ph->p_flags);
	seg->size = (uint32_t)ph->p_memsz;
	img->npages = seg->first_page + seg->npages;
	return 0;
}

static int find_entries(struct loader *ld)
{
	unsigned int i;

	for (i = 0; i < ld->n_ph; i++) {
		if (ld->ph[i].p_type != PT_ELISA_ENTRIES)
			continue;
		if (ld->entries)
			return refuse(ld, "more than one entry table");
		ld->entries = &ld->ph[i];
	}
	if (!ld->entries)
		return refuse(ld, "no entry table (not linked with sub.lds?)");
	return 0;
}

static int read_segments(struct loader *ld)
{
	bool code = false;
	unsigned int i;
	int rc;

	/* First: of all that is wrong with a foreign object, say this. */
	rc = find_entries(ld);
	if (rc)
		return rc;
	for (i = 0; i < ld->n_ph; i++) {
		const Elf64_Phdr *ph = &ld->ph[i];

		switch (ph->p_type) {
		case PT_LOAD:
			rc = add_segment(ld, i);
			if (rc)
				return rc;
			code |= ph->p_flags & PF_X;
			break;
		case PT_DYNAMIC:
			if (ld->dynamic)
				return refuse(ld,
					      "more than one dynamic section");
			ld->dynamic = ph;
			break;
		case PT_INTERP:
			return refuse(ld,
				      "asks for a program interpreter (PT_INTERP)");
		case PT_TLS:
			return refuse(ld, "uses thread-local storage (PT_TLS)");
		default:
			break;
		}
	}
	if (!ld->img->n_segments)
		return refuse(ld, "no loadable segment");
	if (!code)
		return refuse(ld, "no executable segment");
	if (!ld->dynamic)
		return refuse(ld,
			      "no dynamic section (not linked with -shared?)");
	return 0;
}

static int copy_segments(struct loader *ld)
{
	struct subimage *img = ld->img;
	unsigned int i;

	img->pages = aligned_alloc(ELISA_PAGE_SIZE, img->npages * PAGE);
	if (!img->pages)
		return -ENOMEM;
	memset(img->pages, 0, img->npages * PAGE);
	for (i = 0; i < img->n_segments; i++) {
		const Elf64_Phdr *ph = &ld->ph[ld->seg_ph[i]];
		struct subimage_segment *seg = &img->segments[i];

		seg->bytes = img->pages + seg->first_page * PAGE;
		if (seg->prot & ELISA_PROT_X)
			memset(seg->bytes, INT3, seg->npages * PAGE);
		memcpy(seg->bytes, ld->elf + ph->p_offset, ph->p_filesz);
	}
	return 0;
}

static int keep(struct loader *ld, enum dyn what, const Elf64_Dyn *d)
{
	if (ld->dyn_seen[what])
		return refuse(ld, "dynamic tag %lld occurs twice",
			      (long long)d->d_tag);
	ld->dyn_seen[what] = true;
	ld->dyn[what] = d->d_un.d_val;
	return 0;
}

static int read_dynamic_entry(struct loader *ld, const Elf64_Dyn *d)
{
	switch (d->d_tag) {
	case DT_RELA:
		return keep(ld, DYN_RELA, d);
	case DT_RELASZ:
		return keep(ld, DYN_RELASZ, d);
	case DT_RELAENT:
		return keep(ld, DYN_RELAENT, d);
	case DT_SYMTAB:
		return keep(ld, DYN_SYMTAB, d);
	case DT_STRTAB:
		return keep(ld, DYN_STRTAB, d);
	case DT_STRSZ:
		return keep(ld, DYN_STRSZ, d);
	case DT_NEEDED:
		return refuse(ld, "needs a shared library (DT_NEEDED)");
	case DT_TEXTREL:
		return refuse(ld, "has relocations in code (DT_TEXTREL)");
	case DT_FLAGS:
		if (d->d_un.d_val & DF_TEXTREL)
			return refuse(ld,
				      "has relocations in code (DF_TEXTREL)");
		if (d->d_un.d_val & DF_STATIC_TLS)
			return refuse(ld,
				      "uses thread-local storage (DF_STATIC_TLS)");
		return 0;
	case DT_REL:
	case DT_RELSZ:
		return refuse(ld, "has relocations without addend (DT_REL)");
	case DT_RELR:
	case DT_RELRSZ:
		return refuse(ld,
			      "has packed relocations (DT_RELR, link with -z nopack-relative-relocs)");
	case DT_JMPREL:
	case DT_PLTRELSZ:
		return refuse(ld, "has a procedure linkage table (DT_JMPREL)");
	case DT_INIT:
	case DT_INIT_ARRAY:
	case DT_PREINIT_ARRAY:
		return refuse(ld,
			      "has constructors, which nobody would run (DT_INIT)");
	case DT_FINI:
	case DT_FINI_ARRAY:
		return refuse(ld,
			      "has destructors, which nobody would run (DT_FINI)");
	default:
		return 0;
	}
}

static int read_dynamic(struct loader *ld)
{
	const Elf64_Phdr *ph = ld->dynamic;
	const uint8_t *bytes;
	uint64_t i, n;
	Elf64_Dyn d;
	int rc;

	bytes = file_bytes(ld, ph->p_vaddr, ph->p_filesz);
	if (!bytes)
		return refuse(ld,
			      "the dynamic section lies outside the segments");
	n = ph->p_filesz / sizeof(d);
	for (i = 0; i < n; i++) {
		memcpy(&d, bytes + i * sizeof(d), sizeof(d));
		if (d.d_tag == DT_NULL)
			return 0;
		rc = read_dynamic_entry(ld, &d);
		if (rc)
			return rc;
	}
	return refuse(ld, "the dynamic section has no end (DT_NULL)");
}

/* The name of symbol @n, for a message; "?" if the file has no such thing. */
static void symbol_name(const struct loader *ld, uint64_t n, char *name,
			size_t size, bool *undefined)
{
	const uint8_t *sym_bytes, *str;
	size_t len, i, max;
	Elf64_Sym sym;

	snprintf(name, size, "?");
	*undefined = false;
	if (!ld->dyn_seen[DYN_SYMTAB] || !ld->dyn_seen[DYN_STRTAB] ||
	    !ld->dyn_seen[DYN_STRSZ])
		return;
	/* @n has 32 bits; a sum that wraps just leads nowhere. */
	sym_bytes = file_bytes(ld, ld->dyn[DYN_SYMTAB] + n * sizeof(sym),
			       sizeof(sym));
	if (!sym_bytes)
		return;
	memcpy(&sym, sym_bytes, sizeof(sym));
	*undefined = sym.st_shndx == SHN_UNDEF;
	str = file_bytes(ld, ld->dyn[DYN_STRTAB], ld->dyn[DYN_STRSZ]);
	if (!str || sym.st_name >= ld->dyn[DYN_STRSZ])
		return;
	str += sym.st_name;
	max = ld->dyn[DYN_STRSZ] - sym.st_name;
	len = strnlen((const char *)str, max < size ? max : size - 1);
	if (!len || len == max)
		return;
	for (i = 0; i < len; i++)
		name[i] = str[i] > ' ' && str[i] < 0x7f ? (char)str[i] : '?';
	name[len] = '\0';
}

static int refuse_relocation(struct loader *ld, uint64_t n,
			     const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	uint32_t sym = ELF64_R_SYM(rela->r_info);
	bool undefined;
	char name[64];

	switch (type) {
	case R_X86_64_IRELATIVE:
		return refuse(ld,
			      "relocation %llu is an indirect function (IFUNC)",
			      (unsigned long long)n);
	case R_X86_64_DTPMOD64:
	case R_X86_64_DTPOFF64:
	case R_X86_64_TPOFF64:
	case R_X86_64_TLSDESC:
		return refuse(ld, "relocation %llu uses thread-local storage",
			      (unsigned long long)n);
	case R_X86_64_COPY:
		return refuse(ld, "relocation %llu copies from another object",
			      (unsigned long long)n);
	default:
		break;
	}
	if (sym) {
		symbol_name(ld, sym, name, sizeof(name), &undefined);
		if (undefined)
			return refuse(ld, "undefined symbol '%s'", name);
		return refuse(ld,
			      "relocation %llu (type %u) goes through symbol '%s' (compile with -fvisibility=hidden, link with -Bsymbolic)",
			      (unsigned long long)n, type, name);
	}
	return refuse(ld,
		      "relocation %llu has type %u, only R_X86_64_RELATIVE is allowed",
		      (unsigned long long)n, type);
}

static int relocate_one(struct loader *ld, uint64_t n, const Elf64_Rela *rela)
{
	const struct subimage_segment *seg;
	uint64_t value;

	if (ELF64_R_TYPE(rela->r_info) == R_X86_64_NONE)
		return 0;
	if (ELF64_R_TYPE(rela->r_info) != R_X86_64_RELATIVE ||
	    ELF64_R_SYM(rela->r_info))
		return refuse_relocation(ld, n, rela);
	seg = segment_at(ld, rela->r_offset, sizeof(value));
	if (!seg)
		return refuse(ld, "relocation %llu lies outside the segments",
			      (unsigned long long)n);
	if (seg->prot & ELISA_PROT_X)
		return refuse(ld, "relocation %llu changes code",
			      (unsigned long long)n);
	if (rela->r_addend < 0 ||
	    (uint64_t)rela->r_addend > ld->img->npages * PAGE)
		return refuse(ld, "relocation %llu points outside the image",
			      (unsigned long long)n);
	value = ELISA_SUB_IMAGE + (uint64_t)rela->r_addend;
	memcpy(ld->img->pages + rela->r_offset, &value, sizeof(value));
	return 0;
}

static int relocate(struct loader *ld)
{
	const uint8_t *bytes;
	Elf64_Rela rela;
	uint64_t i, n;
	int rc;

	if (!ld->dyn_seen[DYN_RELA] && !ld->dyn_seen[DYN_RELASZ])
		return 0;
	if (!ld->dyn_seen[DYN_RELA] || !ld->dyn_seen[DYN_RELASZ] ||
	    !ld->dyn_seen[DYN_RELAENT])
		return refuse(ld,
			      "the relocation table is described incompletely");
	if (ld->dyn[DYN_RELAENT] != sizeof(rela) ||
	    ld->dyn[DYN_RELASZ] % sizeof(rela))
		return refuse(ld, "relocations have the wrong size");
	bytes = file_bytes(ld, ld->dyn[DYN_RELA], ld->dyn[DYN_RELASZ]);
	if (!bytes)
		return refuse(ld,
			      "the relocation table lies outside the segments");
	n = ld->dyn[DYN_RELASZ] / sizeof(rela);
	for (i = 0; i < n; i++) {
		memcpy(&rela, bytes + i * sizeof(rela), sizeof(rela));
		rc = relocate_one(ld, i, &rela);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_entry_name(struct loader *ld, unsigned int n, const char *name)
{
	size_t len = strnlen(name, ELISA_NAME_SIZE);
	unsigned int i;

	if (!elisa_name_valid(name, len))
		return refuse(ld, "entry %u has an invalid name", n);
	for (i = (unsigned int)len; i < ELISA_NAME_SIZE; i++)
		if (name[i])
			return refuse(ld, "entry %u has bytes after its name",
				      n);
	for (i = 0; i < ld->img->n_entries; i++)
		if (!strcmp(name, ld->img->entries[i].name))
			return refuse(ld, "entry '%s' occurs twice", name);
	return 0;
}

static int add_entry(struct loader *ld, unsigned int n,
		     const struct elisa_entry_record *rec)
{
	struct subimage *img = ld->img;
	const struct subimage_segment *seg;
	struct subimage_entry *entry;
	uint64_t offset;
	int rc;

	rc = check_entry_name(ld, n, rec->name);
	if (rc)
		return rc;
	/* An address that was not relocated wraps, and is in no segment. */
	offset = rec->address - ELISA_SUB_IMAGE;
	seg = segment_at(ld, offset, 1);
	if (!seg || !(seg->prot & ELISA_PROT_X))
		return refuse(ld, "entry '%s' does not point into code",
			      rec->name);
	entry = &img->entries[img->n_entries++];
	memcpy(entry->name, rec->name, sizeof(entry->name));
	entry->offset = offset;
	return 0;
}

static int read_entries(struct loader *ld)
{
	const Elf64_Phdr *ph = ld->entries;
	const struct subimage_segment *seg;
	struct elisa_entry_record rec;
	uint64_t i, n;
	int rc;

	if (!ph->p_memsz)
		return refuse(ld, "the entry table is empty");
	seg = segment_at(ld, ph->p_vaddr, ph->p_memsz);
	if (!seg)
		return refuse(ld, "the entry table lies outside the segments");
	if (seg->prot != ELISA_PROT_R)
		return refuse(ld,
			      "the entry table is not in a read-only segment");
	if (ph->p_memsz % sizeof(rec))
		return refuse(ld,
			      "the entry table's size is not a multiple of %zu",
			      sizeof(rec));
	n = ph->p_memsz / sizeof(rec);
	if (n > ELISA_ENTRIES_MAX)
		return refuse(ld, "%llu entries, at most %u are allowed",
			      (unsigned long long)n, ELISA_ENTRIES_MAX);
	for (i = 0; i < n; i++) {
		memcpy(&rec, ld->img->pages + ph->p_vaddr + i * sizeof(rec),
		       sizeof(rec));
		rc = add_entry(ld, (unsigned int)i, &rec);
		if (rc)
			return rc;
	}
	return 0;
}

int subimage_parse(struct subimage *img, const void *elf, size_t size,
		   char *err, size_t err_size)
{
	struct loader ld = {
		.elf = elf,
		.size = size,
		.img = img,
		.err = err,
		.err_size = err_size,
	};
	int rc;

	memset(img, 0, sizeof(*img));
	err[0] = '\0';
	rc = read_header(&ld);
	if (!rc)
		rc = read_segments(&ld);
	if (!rc)
		rc = copy_segments(&ld);
	if (!rc)
		rc = read_dynamic(&ld);
	if (!rc)
		rc = relocate(&ld);
	if (!rc)
		rc = read_entries(&ld);
	if (rc)
		subimage_release(img);
	return rc;
}

int subimage_verify(const struct subimage *img, subimage_verifier verify,
		    char *err, size_t err_size)
{
	uint32_t i = 0;

	err[0] = '\0';
	while (i < img->n_segments) {
		uint32_t first = img->segments[i].first_page;
		uint32_t end = first;
		const char *what;
		size_t offset = 0;

		while (i < img->n_segments &&
		       (img->segments[i].prot & ELISA_PROT_X) &&
		       img->segments[i].first_page == end)
			end += img->segments[i++].npages;
		if (end == first) {
			i++;
			continue;
		}
		what = verify(img->pages + first * PAGE, (end - first) * PAGE,
			      &offset);
		if (what) {
			snprintf(err, err_size,
				 "forbidden instruction %s at image offset %#llx",
				 what,
				 (unsigned long long)(first * PAGE + offset));
			return -ENOEXEC;
		}
	}
	return 0;
}

void subimage_release(struct subimage *img)
{
	free(img->pages);
	memset(img, 0, sizeof(*img));
}
