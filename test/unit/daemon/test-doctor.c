// SPDX-License-Identifier: GPL-2.0-only
/*
 * elisactl doctor on hosts that are folders: one where all is well, and others
 * that differ from it in one file each.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "version.h"

#define RELEASE "6.1.0-13-amd64"
#define TRACEFS "/sys/kernel/tracing/available_filter_functions"
#define SIGNED	"code~Module signature appended~\n"
#define MODULE	"/lib/modules/" RELEASE "/updates/dkms/elisa.ko"

static const struct file {
	const char *path, *text;
} good[] = {
	{ "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vmx xsave\n"
			   "vmx flags\t: vnmi ept unrestricted_guest\n" },
	{ "/boot/config-" RELEASE, "CONFIG_KVM_INTEL=m\nCONFIG_KPROBES=y\n"
				   "CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y\n" },
	{ "/proc/sys/kernel/ftrace_enabled", "1\n" },
	{ "/sys/module/kvm_intel/parameters/ept", "Y\n" },
	{ "/sys/module/kvm_intel/parameters/unrestricted_guest", "Y\n" },
	{ TRACEFS, "schedule\nkvm_arch_destroy_vm [kvm]\n"
		   "vmx_vcpu_run [kvm_intel]\nvmx_handle_exit [kvm_intel]\n"
		   "vmx_handle_exit_irqoff [kvm_intel]\n" },
	{ "/lib/modules/" RELEASE "/modules.dep",
	  "kernel/a/notelisa.ko: kernel/b.ko\n"
	  "updates/dkms/elisa.ko: kernel/arch/x86/kvm/kvm.ko\n" },
	{ MODULE, "code" },
	{ "/sys/kernel/security/lockdown",
	  "[none] integrity confidentiality\n" },
	{ "/sys/module/module/parameters/sig_enforce", "N\n" },
	{ "/sys/module/elisa/version", ELISACTL_VERSION "\n" },
};

/* What an Intel CPU with all of it has; the numbers are the rig's. */
static const struct {
	unsigned int msr;
	unsigned long long value;
} msrs[] = {
	{ 0x48b, 0x0007ffff00000000 },
	{ 0x48c, 0x00000f0106734141 },
	{ 0x491, 1 },
};

#define ROOT "/tmp/test-doctor-XXXXXX"

static char root[sizeof(ROOT)];

static void make_folders(char *path)
{
	char *slash;

	for (slash = strchr(path + sizeof(root), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(!mkdir(path, 0700) || errno == EEXIST);
		*slash = '/';
	}
}

static int create(const char *path)
{
	char full[PATH_MAX];
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	make_folders(full);
	fd = open(full, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void put(const char *path, const char *text)
{
	int fd = create(path);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The MSR that is zero; or none can be read. */
static unsigned int zero_msr;
static bool no_msrs;

static bool read_msr(__u32 msr, __u64 *value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs) && !no_msrs; i++) {
		if (msrs[i].msr == msr) {
			*value = msr == zero_msr ? 0 : msrs[i].value;
			return true;
		}
	}
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int begin(void **state)
{
	unsigned int i;

	(void)state;
	strcpy(root, ROOT);
	if (!mkdtemp(root))
		return -1;
	for (i = 0; i < ARRAY_SIZE(good); i++)
		put(good[i].path, good[i].text);
	zero_msr = 0;
	no_msrs = false;
	return 0;
}

static int end(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct seen {
	const char *what; /* the one that may differ */
	enum doctor_state state;
	char found[128], todo[192];
	unsigned int rows, others; /* that are not ok */
	bool is_there;
};

static void on_row(const struct doctor_row *row, void *arg)
{
	struct seen *seen = arg;

	seen->rows++;
	if (seen->what && !strcmp(row->what, seen->what)) {
		seen->is_there = true;
		seen->state = row->state;
		strcpy(seen->found, row->found);
		strcpy(seen->todo, row->todo);
	} else if (row->state != DOCTOR_OK) {
		seen->others++;
		print_message("%s: %s: %s\n", row->what,
			      doctor_state_name(row->state), row->found);
	}
	assert_true(*row->found);
	/* Whatever is not well says what to do. */
	assert_int_equal(row->state != DOCTOR_OK, !!*row->todo);
}

static struct seen check_on(const char *what, const char *hypervisor,
			    const char *release)
{
	const struct doctor_host host = {
		.root = root,
		.release = release,
		.hypervisor = hypervisor,
		.read_msr = read_msr,
	};
	struct seen seen = { .what = what };

	doctor_check(&host, on_row, &seen);
	return seen;
}

static struct seen check(const char *what)
{
	return check_on(what, "", RELEASE);
}

static void test_all_is_well(void **state)
{
	struct seen seen = check(NULL);

	(void)state;
	assert_int_equal(seen.others, 0);
	assert_int_equal(seen.rows, 26);
}

/* Each file that differs makes one row differ, and only that. */
static void test_one_thing_is_wrong(void **state)
{
	static const struct {
		const char *path, *text, *what;
		enum doctor_state state;
	} wrong[] = {
		{ "/proc/cpuinfo", "flags\t: not_vmx vmx_not xsave\n", "VMX",
		  DOCTOR_NO },
		{ "/proc/cpuinfo", "flags\t: vmx\n", "XSAVE", DOCTOR_NO },
		{ "/boot/config-" RELEASE,
		  "CONFIG_KVM_INTEL=m\nCONFIG_KPROBES_X=y\n"
		  "CONFIG_DYNAMIC_FTRACE_WITH_REGS=y\n",
		  "KPROBES", DOCTOR_NO },
		{ "/boot/config-" RELEASE,
		  "CONFIG_KVM_INTEL=m\nCONFIG_KPROBES=y\n",
		  "DYNAMIC_FTRACE_WITH_ARGS", DOCTOR_NO },
		{ "/boot/config-" RELEASE,
		  "# CONFIG_KVM_INTEL is not set\nCONFIG_KPROBES=y\n"
		  "CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y\n",
		  "KVM_INTEL", DOCTOR_NO },
		{ "/proc/sys/kernel/ftrace_enabled", "0\n",
		  "kernel.ftrace_enabled", DOCTOR_NO },
		{ "/sys/module/kvm_intel/parameters/ept", "N\n",
		  "kvm_intel ept", DOCTOR_NO },
		{ "/sys/module/kvm_intel/parameters/unrestricted_guest", "N\n",
		  "kvm_intel unrestricted_guest", DOCTOR_NO },
		{ TRACEFS,
		  "kvm_arch_destroy_vm [kvm]\nvmx_vcpu_run [k]\n"
		  "not_vmx_handle_exit\nvmx_handle_exit_irqoff [k]\n",
		  "vmx_handle_exit", DOCTOR_NO },
		{ TRACEFS,
		  "kvm_arch_destroy_vm [kvm]\nvmx_vcpu_run [k]\n"
		  "vmx_handle_exit [k]\n",
		  "vmx_handle_exit_irqoff", DOCTOR_NO },
		{ TRACEFS,
		  "kvm_arch_destroy_vm\nvmx_handle_exit [k]\n"
		  "vmx_handle_exit_irqoff [k]\n",
		  "vmx_vcpu_run", DOCTOR_NO },
		{ TRACEFS, "schedule\n", "functions to hook", DOCTOR_UNKNOWN },
		{ "/lib/modules/" RELEASE "/modules.dep", "a/notelisa.ko:\n",
		  "module installed", DOCTOR_TODO },
		{ "/sys/kernel/security/lockdown",
		  "none [integrity] confidentiality\n", "module signatures",
		  DOCTOR_NO },
		{ "/sys/module/module/parameters/sig_enforce", "Y\n",
		  "module signatures", DOCTOR_NO },
		{ "/sys/module/elisa/version", "0.0.9\n", "module loaded",
		  DOCTOR_NO },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct seen seen;

		put(wrong[i].path, wrong[i].text);
		seen = check(wrong[i].what);
		print_message("%s: %s: %s\n", wrong[i].what, seen.found,
			      seen.todo);
		assert_true(seen.is_there);
		assert_int_equal(seen.state, wrong[i].state);
		assert_int_equal(seen.others, 0);
		end(state);
		begin(state);
	}
}

static void test_cpu_features(void **state)
{
	struct seen seen;

	(void)state;
	zero_msr = 0x491;
	seen = check("EPTP switching");
	assert_int_equal(seen.state, DOCTOR_OK);
	assert_non_null(strstr(seen.found, "calls are interposed"));
	assert_int_equal(seen.others, 0);
	seen = check("VM functions");
	assert_null(strstr(seen.found, "calls are interposed"));
	zero_msr = 0x48c;
	seen = check("global INVEPT");
	assert_int_equal(seen.state, DOCTOR_NO);
	assert_int_equal(seen.others, 2);
	seen = check_on("global INVEPT", "KVMKVMKVM", RELEASE);
	assert_non_null(strstr(seen.todo, "hypervisor"));
	zero_msr = 0;

	/* Without the MSRs /proc/cpuinfo names two, the others are open. */
	no_msrs = true;
	seen = check("unrestricted guest");
	assert_int_equal(seen.state, DOCTOR_OK);
	assert_int_equal(seen.others, 6);
	put("/proc/cpuinfo", "flags : vmx xsave\nvmx flags : ept\n");
	seen = check("unrestricted guest");
	assert_int_equal(seen.state, DOCTOR_NO);
	/* Kernels before 5.9 have no such line. */
	put("/proc/cpuinfo", "flags : vmx xsave\n");
	seen = check("unrestricted guest");
	assert_int_equal(seen.state, DOCTOR_UNKNOWN);
}

static void test_hypervisor(void **state)
{
	(void)state;
	assert_int_equal(check_on("runs on", "Microsoft Hv", RELEASE).state,
			 DOCTOR_NO);
	assert_int_equal(check_on("runs on", "KVMKVMKVM", RELEASE).state,
			 DOCTOR_OK);
}

static void test_release(void **state)
{
	(void)state;
	assert_int_equal(check_on("kernel", "", "5.9.16").state, DOCTOR_NO);
	assert_int_equal(check_on("kernel", "", "4.19.0").state, DOCTOR_NO);
	assert_int_equal(check_on("kernel", "", "5.10.0-46").state, DOCTOR_OK);
	assert_int_equal(check_on("kernel", "", "7.3.1").state, DOCTOR_OK);
	assert_int_equal(check_on("kernel", "", "7.4.0").state, DOCTOR_UNKNOWN);
	assert_int_equal(check_on("kernel", "", "8.0").state, DOCTOR_UNKNOWN);
	assert_int_equal(check_on("kernel", "", "next").state, DOCTOR_UNKNOWN);
}

static void test_signed(void **state)
{
	struct seen seen;

	(void)state;
	put("/sys/module/module/parameters/sig_enforce", "Y\n");
	put(MODULE, SIGNED);
	seen = check("module signatures");
	assert_int_equal(seen.state, DOCTOR_OK);
	put(MODULE, "code~Module signature appended~");
	seen = check("module signatures");
	assert_int_equal(seen.state, DOCTOR_NO);
}

static void test_last_words(void **state)
{
	char old[PATH_MAX], new[PATH_MAX];
	struct seen seen;

	(void)state;
	put("/dev/kmsg",
	    "6,1,2,-;something else\n"
	    "3,2,3,-;elisa: this CPU has no EPT\n SUBSYSTEM=x\n"
	    "4,3,4,-;elisa: loading out-of-tree module taints kernel.\n"
	    "3,4,5,-;elisactl: not the module\n");
	assert_int_equal(check("module loaded").state, DOCTOR_OK);
	snprintf(old, sizeof(old), "%s/sys/module/elisa", root);
	snprintf(new, sizeof(new), "%s/sys/module/other", root);
	assert_int_equal(rename(old, new), 0);
	seen = check("module loaded");
	assert_int_equal(seen.state, DOCTOR_TODO);
	assert_string_equal(seen.found, "no; it said: this CPU has no EPT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_is_well, begin, end),
		cmocka_unit_test_setup_teardown(test_one_thing_is_wrong, begin,
						end),
		cmocka_unit_test_setup_teardown(test_cpu_features, begin, end),
		cmocka_unit_test_setup_teardown(test_hypervisor, begin, end),
		cmocka_unit_test_setup_teardown(test_release, begin, end),
		cmocka_unit_test_setup_teardown(test_signed, begin, end),
		cmocka_unit_test_setup_teardown(test_last_words, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
