// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fewest ACPI tables with which Linux finds all CPUs and can switch off.
 * (Debian's kernels are built without the older MP table.)
 */
#include <stddef.h>
#include <string.h>

#include "acpi.h"
#include "layout.h"
#include "pio.h"
#include "vm.h"

#define LOCAL_APIC_ADDR 0xfee00000
#define IO_APIC_ADDR	0xfec00000
#define SCI_IRQ		9

#define SPACE_IO 1

#define FADT_NO_VGA	     (1u << 2)
#define FADT_NO_RTC	     (1u << 5)
#define FADT_WBINVD	     (1u << 0)
#define FADT_C1		     (1u << 2)
#define FADT_NO_POWER_BUTTON (1u << 4)
#define FADT_NO_SLEEP_BUTTON (1u << 5)
#define FADT_RESET_REG	     (1u << 10)

#define MADT_PC_COMPAT	 1
#define MADT_CPU_ENABLED 1
#define MADT_LEVEL_HIGH	 0xd

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all;
	uint8_t reserved[3];
} __attribute__((packed));

struct xsdt {
	struct header h;
	uint64_t fadt;
	uint64_t madt;
} __attribute__((packed));

/* Generic address structure. */
struct gas {
	uint8_t space;
	uint8_t bits;
	uint8_t offset;
	uint8_t access;
	uint64_t addr;
} __attribute__((packed));

struct fadt {
	struct header h;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t model;
	uint8_t profile;
	uint16_t sci_irq;
	uint32_t smi_cmd;
	uint8_t smi_values[4];
	uint32_t pm1a_evt;
	uint32_t pm1b_evt;
	uint32_t pm1a_cnt;
	uint32_t pm1b_cnt;
	uint32_t pm2_cnt;
	uint32_t pm_timer;
	uint32_t gpe0;
	uint32_t gpe1;
	uint8_t pm1_evt_len;
	uint8_t pm1_cnt_len;
	uint8_t pm2_cnt_len;
	uint8_t pm_timer_len;
	uint8_t gpe0_len;
	uint8_t gpe1_len;
	uint8_t gpe1_base;
	uint8_t cst_cnt;
	uint16_t c2_latency;
	uint16_t c3_latency;
	uint16_t flush_size;
	uint16_t flush_stride;
	uint8_t duty[2];
	uint8_t rtc[3];
	uint16_t boot_arch;
	uint8_t reserved;
	uint32_t flags;
	struct gas reset_reg;
	uint8_t reset_value;
	uint8_t arm[3];
	uint64_t x_facs;
	uint64_t x_dsdt;
	struct gas x_pm1a_evt;
	struct gas x_pm1b_evt;
	struct gas x_pm1a_cnt;
	struct gas x_pm1b_cnt;
	struct gas x_pm2_cnt;
	struct gas x_pm_timer;
	struct gas x_gpe0;
	struct gas x_gpe1;
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 244, "FADT revision 3");

struct facs {
	char signature[4];
	uint32_t length;
	uint8_t zero[56];
} __attribute__((packed));

struct dsdt {
	struct header h;
	uint8_t aml[14];
} __attribute__((packed));

struct madt_cpu {
	uint8_t type;
	uint8_t length;
	uint8_t acpi_id;
	uint8_t apic_id;
	uint32_t flags;
} __attribute__((packed));

struct madt_io_apic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t addr;
	uint32_t gsi_base;
} __attribute__((packed));

struct madt_override {
	uint8_t type;
	uint8_t length;
	uint8_t bus;
	uint8_t irq;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

enum { MADT_TYPE_CPU = 0, MADT_TYPE_IO_APIC = 1, MADT_TYPE_OVERRIDE = 2 };

struct madt {
	struct header h;
	uint32_t local_apic;
	uint32_t flags;
	struct madt_io_apic io_apic;
	struct madt_override sci;
	/* Last, since fewer of them are there than this. */
	struct madt_cpu cpus[VM_MAX_CPUS];
} __attribute__((packed));

struct tables {
	struct rsdp rsdp;
	struct xsdt xsdt;
	struct facs facs __attribute__((aligned(64)));
	struct dsdt dsdt;
	struct fadt fadt;
	struct madt madt;
};

#define GPA(member) (LAYOUT_ACPI + offsetof(struct tables, member))

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return -sum;
}

/* Fill in the header of a table whose rest is complete. */
static void finish(struct header *h, const char *signature, uint8_t revision,
		   size_t len)
{
	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = len;
	h->revision = revision;
	memcpy(h->oem_id, "ELISA ", sizeof(h->oem_id));
	memcpy(h->oem_table_id, "TESTVMM ", sizeof(h->oem_table_id));
	h->oem_revision = 1;
	memcpy(h->creator_id, "ELIS", sizeof(h->creator_id));
	h->creator_revision = 1;
	h->checksum = checksum(h, len);
}

static struct gas io_register(uint16_t port, uint8_t len)
{
	return (struct gas){
		.space = SPACE_IO,
		.bits = len * 8,
		.addr = port,
	};
}

static void build_dsdt(struct dsdt *dsdt)
{
	/* Name (_S5, Package () { 5, 5, 0, 0 }): how to switch off. */
	static const uint8_t aml[sizeof(dsdt->aml)] = {
		0x08, '_',  'S',  '5',	'_',  0x12, 0x08,
		0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00,
	};

	memcpy(dsdt->aml, aml, sizeof(aml));
	finish(&dsdt->h, "DSDT", 2, sizeof(*dsdt));
}

static void build_fadt(struct fadt *fadt)
{
	fadt->facs = GPA(facs);
	fadt->dsdt = GPA(dsdt);
	fadt->x_dsdt = GPA(dsdt);
	fadt->sci_irq = SCI_IRQ;
	fadt->pm1a_evt = PIO_PM1_EVT;
	fadt->pm1a_cnt = PIO_PM1_CNT;
	fadt->pm1_evt_len = PIO_PM1_EVT_LEN;
	fadt->pm1_cnt_len = PIO_PM1_CNT_LEN;
	fadt->x_pm1a_evt = io_register(PIO_PM1_EVT, PIO_PM1_EVT_LEN);
	fadt->x_pm1a_cnt = io_register(PIO_PM1_CNT, PIO_PM1_CNT_LEN);
	/* No C2 or C3. */
	fadt->c2_latency = 0xffff;
	fadt->c3_latency = 0xffff;
	fadt->boot_arch = FADT_NO_VGA | FADT_NO_RTC;
	fadt->flags = FADT_WBINVD | FADT_C1 | FADT_NO_POWER_BUTTON |
		      FADT_NO_SLEEP_BUTTON | FADT_RESET_REG;
	fadt->reset_reg = io_register(PIO_RESET, 1);
	fadt->reset_value = PIO_RESET_CPU;
	finish(&fadt->h, "FACP", 3, sizeof(*fadt));
}

static void build_madt(struct madt *madt, unsigned int nr_cpus)
{
	unsigned int i;

	madt->local_apic = LOCAL_APIC_ADDR;
	madt->flags = MADT_PC_COMPAT;
	madt->io_apic = (struct madt_io_apic){
		.type = MADT_TYPE_IO_APIC,
		.length = sizeof(madt->io_apic),
		.addr = IO_APIC_ADDR,
	};
	madt->sci = (struct madt_override){
		.type = MADT_TYPE_OVERRIDE,
		.length = sizeof(madt->sci),
		.irq = SCI_IRQ,
		.gsi = SCI_IRQ,
		.flags = MADT_LEVEL_HIGH,
	};
	for (i = 0; i < nr_cpus; i++)
		madt->cpus[i] = (struct madt_cpu){
			.type = MADT_TYPE_CPU,
			.length = sizeof(madt->cpus[i]),
			.acpi_id = i,
			.apic_id = i,
			.flags = MADT_CPU_ENABLED,
		};
	finish(&madt->h, "APIC", 3,
	       offsetof(struct madt, cpus) + nr_cpus * sizeof(madt->cpus[0]));
}

uint64_t acpi_build(struct vm *vm)
{
	struct tables *t = vm_ram(vm, LAYOUT_ACPI, sizeof(*t));

	_Static_assert(sizeof(*t) <= LAYOUT_ACPI_SIZE, "ACPI tables fit");

	memcpy(t->facs.signature, "FACS", sizeof(t->facs.signature));
	t->facs.length = sizeof(t->facs);
	build_dsdt(&t->dsdt);
	build_fadt(&t->fadt);
	build_madt(&t->madt, vm->nr_cpus);

	t->xsdt.fadt = GPA(fadt);
	t->xsdt.madt = GPA(madt);
	finish(&t->xsdt.h, "XSDT", 1, sizeof(t->xsdt));

	memcpy(t->rsdp.signature, "RSD PTR ", sizeof(t->rsdp.signature));
	memcpy(t->rsdp.oem_id, "ELISA ", sizeof(t->rsdp.oem_id));
	t->rsdp.revision = 2;
	t->rsdp.length = sizeof(t->rsdp);
	t->rsdp.xsdt = GPA(xsdt);
	t->rsdp.checksum = checksum(&t->rsdp, offsetof(struct rsdp, length));
	t->rsdp.checksum_all = checksum(&t->rsdp, sizeof(t->rsdp));
	return GPA(rsdp);
}
