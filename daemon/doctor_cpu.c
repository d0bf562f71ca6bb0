// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the CPU offers.  The capability MSRs tell all, but need the msr driver
 * and root; /proc/cpuinfo names some of it to everybody.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_find.h"

/* SDM vol. 3, appendix A: A.3.3, A.10, A.11. */
#define MSR_VMX_PROCBASED_CTLS2 0x48b
#define MSR_VMX_EPT_VPID_CAP	0x48c
#define MSR_VMX_VMFUNC		0x491
#define ALLOWED_1(bit)		(1ULL << (32 + (bit)))
#define VM_FUNCTIONS		ALLOWED_1(13)

/* As elisa_cpu_check() of the module has it. */
static const struct {
	const char *what;
	__u32 msr;
	__u64 bits;
	const char *flag; /* of "vmx flags" in /proc/cpuinfo, or NULL */
} feature[] = {
	{ "EPT", MSR_VMX_PROCBASED_CTLS2, ALLOWED_1(1), "ept" },
	{ "unrestricted guest", MSR_VMX_PROCBASED_CTLS2, ALLOWED_1(7),
	  "unrestricted_guest" },
	{ "VM functions", MSR_VMX_PROCBASED_CTLS2, VM_FUNCTIONS, NULL },
	{ "EPTP switching", MSR_VMX_VMFUNC, 1 << 0, NULL },
	{ "descriptor-table exiting", MSR_VMX_PROCBASED_CTLS2, ALLOWED_1(2),
	  NULL },
	{ "4-level EPT", MSR_VMX_EPT_VPID_CAP, 1 << 6, NULL },
	{ "write-back EPT tables", MSR_VMX_EPT_VPID_CAP, 1 << 14, NULL },
	{ "global INVEPT", MSR_VMX_EPT_VPID_CAP, 1 << 20 | 1 << 26, NULL },
};

void doctor_hypervisor(char name[HYPERVISOR_SIZE])
{
	unsigned int a, b, c, d;

	memset(name, 0, HYPERVISOR_SIZE);
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
}

bool doctor_read_msr(__u32 msr, __u64 *value)
{
	int fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = pread(fd, value, sizeof(*value), msr) == sizeof(*value);
	close(fd);
	return ok;
}

static bool read_capability(const struct doctor_host *host, __u32 msr,
			    __u64 *value)
{
	__u64 controls;

	/* Only a CPU with VM functions has this one (SDM vol. 3, A.11). */
	if (msr == MSR_VMX_VMFUNC &&
	    host->read_msr(MSR_VMX_PROCBASED_CTLS2, &controls) &&
	    !(controls & VM_FUNCTIONS)) {
		*value = 0;
		return true;
	}
	return host->read_msr(msr, value);
}

/* Where it is missing calls are interposed. */
static bool is_vmfunc(unsigned int i)
{
	return feature[i].msr == MSR_VMX_VMFUNC ||
	       feature[i].bits == VM_FUNCTIONS;
}

static void check_feature(const struct doctor_host *host, unsigned int i,
			  struct finder *f)
{
	const char *flag = feature[i].flag;
	__u64 value;
	bool has;

	if (read_capability(host, feature[i].msr, &value)) {
		has = (value & feature[i].bits) == feature[i].bits;
		if (has || !is_vmfunc(i))
			finder_found(f, "MSR %x: %llx", feature[i].msr, value);
		else
			finder_found(f,
				     "MSR %x: no VMFUNC: calls are interposed",
				     feature[i].msr);
		has = has || is_vmfunc(i);
	} else if (flag &&
		   find_word(host, "/proc/cpuinfo", "vmx flags", NULL)) {
		has = find_word(host, "/proc/cpuinfo", "vmx flags", flag);
		finder_found(f, "/proc/cpuinfo: %s%s", has ? "" : "no ", flag);
	} else {
		finder_found(f, "cannot read MSR %x", feature[i].msr);
		finder_row(f, feature[i].what, DOCTOR_UNKNOWN,
			   "modprobe msr, and run this as root");
		return;
	}
	finder_row(f, feature[i].what, has ? DOCTOR_OK : DOCTOR_NO, "%s",
		   has ? "" :
		   *host->hypervisor ?
			 "the hypervisor below must offer it to this VM" :
			 "this CPU cannot do it");
}

void doctor_cpu(const struct doctor_host *host, struct finder *f)
{
	bool vmx = find_word(host, "/proc/cpuinfo", "flags", "vmx");
	bool xsave = find_word(host, "/proc/cpuinfo", "flags", "xsave");
	const char *on = *host->hypervisor ? host->hypervisor : "bare metal";
	unsigned int i;

	finder_found(f, "%s", on);
	/* Its enlightened VMCS cannot be read as the module reads it. */
	if (!strcmp(host->hypervisor, "Microsoft Hv"))
		finder_row(f, "runs on", DOCTOR_NO,
			   "Hyper-V is not supported: use another host");
	else
		finder_row(f, "runs on", DOCTOR_OK, "%s", "");

	finder_found(f, "/proc/cpuinfo: %svmx", vmx ? "" : "no ");
	finder_row(f, "VMX", vmx ? DOCTOR_OK : DOCTOR_NO, "%s",
		   vmx ? "" :
		   *host->hypervisor ?
			 "switch on nested virtualization below" :
			 "an Intel CPU with VT-x, switched on in the firmware");
	finder_found(f, "/proc/cpuinfo: %sxsave", xsave ? "" : "no ");
	finder_row(f, "XSAVE", xsave ? DOCTOR_OK : DOCTOR_NO, "%s",
		   xsave ? "" : "another CPU, or boot without noxsave");
	if (!vmx)
		return;
	for (i = 0; i < ARRAY_SIZE(feature); i++)
		check_feature(host, i, f);
}
