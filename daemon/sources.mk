# SPDX-License-Identifier: GPL-2.0-only
# What elisactl is made of; the unit tests take from here, too.

# Needs neither root nor a kernel
ELISACTL_CORE := \
	bench_ticks.c \
	doctor.c \
	doctor_cpu.c \
	doctor_find.c \
	doctor_kernel.c \
	doctor_module.c \
	child.c \
	figures.c \
	limit.c \
	log.c \
	memfd.c \
	metrics.c \
	nl.c \
	nl_ack.c \
	nl_attachment.c \
	nl_attr.c \
	nl_event.c \
	nl_export.c \
	nl_gone.c \
	nl_info.c \
	nl_version.c \
	nl_vm.c \
	pattern.c \
	policy.c \
	policy_yaml.c \
	plan_diff.c \
	print.c \
	quote.c \
	redact.c \
	replace_file.c \
	retry.c \
	tar.c \
	top.c \
	uevent.c \
	uuid.c \
	vmfd.c \
	vmguard.c \
	vmident.c \
	vmscan.c \
	yaml_tree.c

ELISACTL_SRCS := $(ELISACTL_CORE) \
	cmd.c \
	cmd_attachment.c \
	cmd_bench.c \
	cmd_daemon.c \
	cmd_doctor.c \
	cmd_debug.c \
	cmd_export.c \
	cmd_info.c \
	cmd_list.c \
	cmd_metrics.c \
	cmd_monitor.c \
	cmd_policy.c \
	cmd_stats.c \
	cmd_top.c \
	cmd_vm.c \
	control.c \
	daemon.c \
	enrol.c \
	find.c \
	long_mode.c \
	main.c \
	metrics_listen.c \
	metrics_serve.c \
	notify.c \
	plan.c \
	probe.c \
	probe_session.c \
	probe_vm.c \
	reload.c \
	resync.c \
	snapshot.c

ELISACTL_ASM := bench_code.S

# The HTTP server of `elisactl metrics --listen`, a program of its own
ELISACTL_HTTP := metrics_http.c
ELISACTL_HTTP_PKGS := libmicrohttpd

# The loader of sub images: the guest library's, the only one there is.
ELISACTL_LOADER := image.c name.c subimage.c
