// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel offers, and how KVM was loaded. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "doctor_find.h"

static void check_release(const struct doctor_host *host, struct finder *f)
{
	unsigned int major = 0, minor = 0;

	finder_found(f, "%s", host->release);
	if (sscanf(host->release, "%u.%u", &major, &minor) != 2)
		finder_row(f, "kernel", DOCTOR_UNKNOWN,
			   "5.10 to 7.3 are known to work");
	else if (major < 5 || (major == 5 && minor < 10))
		finder_row(f, "kernel", DOCTOR_NO, "install 5.10 or newer");
	else if (major > 7 || (major == 7 && minor > 3))
		finder_row(f, "kernel", DOCTOR_UNKNOWN,
			   "newer than what is known to work: try --probe");
	else
		finder_row(f, "kernel", DOCTOR_OK, "%s", "");
}

/* -1: nobody tells the configuration. */
static int has_option(const struct doctor_host *host, const char *option)
{
	static const char *const where[] = {
		"/boot/config-%s",
		"/lib/modules/%s/config",
		"/lib/modules/%s/build/.config",
	};
	char path[PATH_MAX], built_in[64], module[64];
	const char *const lines[] = { built_in, module };
	unsigned int i;

	snprintf(built_in, sizeof(built_in), "CONFIG_%s=y", option);
	snprintf(module, sizeof(module), "CONFIG_%s=m", option);
	for (i = 0; i < ARRAY_SIZE(where); i++) {
		snprintf(path, sizeof(path), where[i], host->release);
		if (find_file(host, path))
			return !!find_lines(host, path, lines, 2);
	}
	return -1;
}

static void check_option(const struct doctor_host *host, struct finder *f,
			 const char *option, const char *other)
{
	int has = has_option(host, option);

	if (!has && other && has_option(host, other) > 0) {
		has = 1;
		option = other;
	}
	if (has < 0) {
		finder_found(f, "no config file");
		finder_row(f, option, DOCTOR_UNKNOWN,
			   "/boot/config-%s would tell", host->release);
	} else {
		finder_found(f, has ? "set" : "not set");
		finder_row(f, option, has ? DOCTOR_OK : DOCTOR_NO, "%s",
			   has ? "" : "use a kernel that has it");
	}
}

static void check_kvm_option(const struct doctor_host *host, struct finder *f,
			     const char *name)
{
	char path[PATH_MAX], value[16] = "";

	snprintf(path, sizeof(path), "/sys/module/kvm_intel/parameters/%s",
		 name);
	if (!find_line(host, path, value, sizeof(value)))
		return;
	finder_found(f, "%s=%s", name, value);
	snprintf(path, sizeof(path), "kvm_intel %s", name);
	if (*value == 'Y' || *value == '1')
		finder_row(f, path, DOCTOR_OK, "%s", "");
	else
		finder_row(f, path, DOCTOR_NO, "load kvm_intel without %s=0",
			   name);
}

/* As hook[] of the module has it. */
static const char *const hooked[] = {
	"vmx_vcpu_run",
	"vmx_handle_exit_irqoff",
	"vmx_handle_exit",
	"kvm_arch_destroy_vm",
};

static void check_hooks(const struct doctor_host *host, struct finder *f)
{
	const char *path = "/sys/kernel/tracing/available_filter_functions";
	unsigned int i, found;

	if (!find_file(host, path))
		path = "/sys/kernel/debug/tracing/available_filter_functions";
	found = find_lines(host, path, hooked, ARRAY_SIZE(hooked));
	if (!found) {
		finder_found(f, "%s",
			     find_file(host, path) ? "none in tracefs" :
						     "no tracefs");
		finder_row(f, "functions to hook", DOCTOR_UNKNOWN,
			   "as root: mount -t tracefs none /sys/kernel/tracing");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(hooked); i++) {
		const bool has = found & 1u << i;

		finder_found(f, "%sin available_filter_functions",
			     has ? "" : "not ");
		finder_row(f, hooked[i], has ? DOCTOR_OK : DOCTOR_NO, "%s",
			   has ? "" : "this kernel cannot be hooked there");
	}
}

void doctor_kernel(const struct doctor_host *host, struct finder *f)
{
	char line[64];

	check_release(host, f);
	check_option(host, f, "KVM_INTEL", NULL);
	check_option(host, f, "KPROBES", NULL);
	check_option(host, f, "DYNAMIC_FTRACE_WITH_ARGS",
		     "DYNAMIC_FTRACE_WITH_REGS");
	if (find_line(host, "/proc/sys/kernel/ftrace_enabled", line,
		      sizeof(line))) {
		finder_found(f, "%s", line);
		finder_row(f, "kernel.ftrace_enabled",
			   *line == '1' ? DOCTOR_OK : DOCTOR_NO, "%s",
			   *line == '1' ? "" :
					  "sysctl kernel.ftrace_enabled=1");
	}
	if (!find_file(host, "/sys/module/kvm_intel")) {
		finder_found(f, "not loaded");
		finder_row(f, "kvm_intel", DOCTOR_TODO, "modprobe kvm_intel");
		return;
	}
	finder_found(f, "loaded");
	finder_row(f, "kvm_intel", DOCTOR_OK, "%s", "");
	check_kvm_option(host, f, "ept");
	check_kvm_option(host, f, "unrestricted_guest");
	check_hooks(host, f);
}
