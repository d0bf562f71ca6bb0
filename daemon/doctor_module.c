// SPDX-License-Identifier: GPL-2.0-only
/* Whether the module may be loaded, is there, is loaded. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor_find.h"
#include "version.h"

/* What ends a signed module (scripts/sign-file.c). */
static const char signature[] = "~Module signature appended~\n";

/* The module's file below /lib/modules/RELEASE, as depmod knows it. */
static bool module_file(const struct doctor_host *host, char path[PATH_MAX])
{
	char full[PATH_MAX], *line = NULL, *colon, *base;
	bool found = false;
	size_t size = 0;
	FILE *file;

	if (snprintf(full, sizeof(full), "%s/lib/modules/%s/modules.dep",
		     host->root, host->release) >= (int)sizeof(full))
		return false;
	file = fopen(full, "re");
	if (!file)
		return false;
	while (!found && getline(&line, &size, file) >= 0) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		base = strrchr(line, '/');
		base = base ? base + 1 : line;
		if (strncmp(base, "elisa.ko", 8))
			continue;
		found = snprintf(path, PATH_MAX, "/lib/modules/%s/%s",
				 host->release, line) < PATH_MAX;
	}
	free(line);
	fclose(file);
	return found;
}

/* -1: it is compressed, which hides it. */
static int is_signed(const struct doctor_host *host, const char *path)
{
	char end[sizeof(signature) - 1];
	const char *dot = strrchr(path, '.');
	int fd, ret = 0;
	struct stat st;

	if (!dot || strcmp(dot, ".ko"))
		return -1;
	fd = find_open(host, path);
	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && st.st_size > (off_t)sizeof(end) &&
	    pread(fd, end, sizeof(end), st.st_size - sizeof(end)) ==
		    sizeof(end))
		ret = !memcmp(end, signature, sizeof(end));
	close(fd);
	return ret;
}

/* Only signed modules are loaded: in lockdown, or as the kernel was told. */
static bool wants_signature(const struct doctor_host *host, struct finder *f)
{
	char line[128] = "", enforce[8] = "";
	bool locked;

	find_line(host, "/sys/kernel/security/lockdown", line, sizeof(line));
	find_line(host, "/sys/module/module/parameters/sig_enforce", enforce,
		  sizeof(enforce));
	/* "[none] integrity confidentiality": the present one in brackets. */
	locked = *line && !strstr(line, "[none]");
	finder_found(f, "lockdown %s, sig_enforce %s", *line ? line : "-",
		     *enforce ? enforce : "-");
	return locked || *enforce == 'Y';
}

static void check_signature(const struct doctor_host *host, struct finder *f,
			    const char *path)
{
	bool wanted = wants_signature(host, f);
	int has;

	if (!wanted) {
		finder_row(f, "module signatures", DOCTOR_OK, "%s", "");
		return;
	}
	has = path ? is_signed(host, path) : -1;
	if (has > 0)
		/* By whom, the kernel decides when it is loaded. */
		finder_row(f, "module signatures", DOCTOR_OK, "%s", "");
	else
		finder_row(f, "module signatures",
			   has ? DOCTOR_UNKNOWN : DOCTOR_NO,
			   "sign the module with an enrolled key: see README, Secure Boot");
}

/* What the module last said in the kernel's log, which may be why it is not loaded. */
static bool last_words(const struct doctor_host *host, char *text, size_t size)
{
	static const char prefix[] = "elisa: ";
	char record[8192], *save, *line, *semicolon;
	int fd = find_open(host, "/dev/kmsg");
	bool found = false;
	ssize_t n;

	if (fd < 0)
		return false;
	/* A record for each read(); EPIPE: some were overwritten. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = '\0';
		for (line = strtok_r(record, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			semicolon = strchr(line, ';');
			if (!semicolon ||
			    strncmp(semicolon + 1, prefix, sizeof(prefix) - 1))
				continue;
			/* The kernel's own words about any such module. */
			if (strstr(semicolon, "taint"))
				continue;
			snprintf(text, size, "%s", semicolon + sizeof(prefix));
			found = true;
		}
	}
	close(fd);
	return found;
}

static void check_loaded(const struct doctor_host *host, struct finder *f,
			 bool installed)
{
	char version[64] = "", said[100];

	if (!find_file(host, "/sys/module/elisa")) {
		if (last_words(host, said, sizeof(said)))
			finder_found(f, "no; it said: %s", said);
		else
			finder_found(f, "not loaded");
		finder_row(f, "module loaded", DOCTOR_TODO, "%s",
			   installed ? "modprobe elisa" :
				       "install it, then modprobe elisa");
		return;
	}
	find_line(host, "/sys/module/elisa/version", version, sizeof(version));
	finder_found(f, "version %s", version);
	if (strcmp(version, ELISACTL_VERSION))
		finder_row(f, "module loaded", DOCTOR_NO,
			   "this is elisactl %s: install and load the same",
			   ELISACTL_VERSION);
	else
		finder_row(f, "module loaded", DOCTOR_OK, "%s", "");
}

void doctor_module(const struct doctor_host *host, struct finder *f)
{
	char path[PATH_MAX], build[PATH_MAX];
	bool installed = module_file(host, path);

	if (installed) {
		finder_found(f, "%.120s", path);
		finder_row(f, "module installed", DOCTOR_OK, "%s", "");
	} else {
		snprintf(build, sizeof(build), "/lib/modules/%s/build/Makefile",
			 host->release);
		finder_found(f, "no; kernel headers: %s",
			     find_file(host, build) ? "yes" : "no");
		finder_row(f, "module installed", DOCTOR_TODO,
			   find_file(host, build) ?
				   "make install-host" :
				   "apt-get install linux-headers-%s, then make install-host",
			   host->release);
	}
	check_signature(host, f, installed ? path : NULL);
	check_loaded(host, f, installed);
}
