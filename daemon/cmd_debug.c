// SPDX-License-Identifier: GPL-2.0-only
/*
 * debug: one archive for a bug report.  It is for the time when something does
 * not work, so what cannot be had is noted in it and does not end it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "compiler.h"
#include "log.h"
#include "policy_yaml.h"
#include "redact.h"
#include "tar.h"
#include "version.h"

#define PART_MAX     (4 * 1024 * 1024)
#define PART_SECONDS 60

/* Of syslog(2); libc has no names for them. */
#define KLOG_READ_ALL	 3
#define KLOG_SIZE_BUFFER 10

struct debug {
	FILE *tar;
	FILE *contents; /* of README.txt */
	time_t when;
	bool progress;
	int error;
};

static void __printf(2, 3)
note(struct debug *debug, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(debug->contents, fmt, ap);
	va_end(ap);
}

static void progress(const struct debug *debug, const char *what)
{
	if (debug->progress)
		fprintf(stderr, "\r\033[Kcollecting: %s", what);
}

static void add(struct debug *debug, const char *name, const void *data,
		size_t size)
{
	char path[100];
	int ret;

	snprintf(path, sizeof(path), "elisa-debug/%s", name);
	ret = tar_file(debug->tar, path, data, size, debug->when);
	if (ret && !debug->error)
		debug->error = ret;
}

/* --- what commands print */

static const struct {
	const char *name;
	const char *what;
	const char *argv[8];
} commands[] = {
	{ "info.json", "the module as a whole", { "-j", "info" } },
	{ "vms.json",
	  "enrolled VMs: names, UUIDs, process IDs",
	  { "-j", "vm", "list" } },
	{ "exports.json", "exports: names, sizes", { "-j", "export", "list" } },
	{ "attachments.json", "attachments", { "-j", "attachment", "list" } },
	{ "stats.json", "counters of each VM", { "-j", "stats" } },
	{ "policy-check.txt",
	  "whether the policy is well-formed",
	  { "policy", "check" } },
	{ "doctor.txt",
	  "what 'elisactl doctor' says of this host",
	  { "doctor" } },
};

static void add_command(struct debug *debug, size_t i)
{
	const char *argv[ARRAY_SIZE(commands[0].argv) + 1] = {
		"/proc/self/exe"
	};
	const char *name = commands[i].name;
	int status = 0;
	size_t size, n;
	char *text;

	for (n = 0; commands[i].argv[n]; n++)
		argv[n + 1] = commands[i].argv[n];
	progress(debug, name);
	text = child_output(argv, PART_MAX, PART_SECONDS, &size, &status);
	if (!text) {
		note(debug, "%-20s could not be had: %s\n", name,
		     strerror(errno));
		return;
	}
	note(debug, "%-20s %s%s\n", name, commands[i].what,
	     status ? " (it failed: the file has the message)" : "");
	add(debug, name, text, size);
	free(text);
}

static void add_journal(struct debug *debug)
{
	/* clang-format off */
	static const char *const argv[] = {
		"journalctl", "--no-pager", "-q", "-o", "short-iso",
		"-n", "1000", "-u", "elisactl.service", NULL
	};
	/* clang-format on */
	int status = 0;
	size_t size;
	char *text;

	progress(debug, "journal.txt");
	text = child_output(argv, PART_MAX, PART_SECONDS, &size, &status);
	if (text && !status) {
		note(debug, "%-20s the last 1000 lines of the daemon's log\n",
		     "journal.txt");
		add(debug, "journal.txt", text, size);
	} else {
		note(debug, "%-20s could not be had\n", "journal.txt");
	}
	free(text);
}

/* --- the kernel log */

static void add_dmesg(struct debug *debug)
{
	int size = klogctl(KLOG_SIZE_BUFFER, NULL, 0), n = -1;
	char *text = size > 0 ? malloc(size + 1) : NULL;

	progress(debug, "dmesg.txt");
	if (text)
		n = klogctl(KLOG_READ_ALL, text, size);
	if (n < 0) {
		note(debug, "%-20s could not be had: %s\n", "dmesg.txt",
		     strerror(errno));
	} else {
		text[n] = '\0';
		note(debug,
		     "%-20s the lines of the kernel log with 'elisa' in them\n",
		     "dmesg.txt");
		add(debug, "dmesg.txt", text, keep_lines(text, "elisa"));
	}
	free(text);
}

/* --- files */

/* To be freed; NULL: see errno. */
static char *read_file(const char *file, size_t *size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	char *text = fd < 0 ? NULL : malloc(PART_MAX + 1);
	ssize_t n = 1;

	*size = 0;
	while (text && n > 0 && *size < PART_MAX) {
		/* In small pieces: /proc/sys refuses to fill a large buffer. */
		n = read(fd, text + *size, MIN(PART_MAX - *size, 4096));
		if (n > 0)
			*size += n;
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	if (text && n >= 0) {
		text[*size] = '\0';
		return text;
	}
	free(text);
	errno = error;
	return NULL;
}

static void add_config(struct debug *debug, const char *file, const char *name)
{
	size_t size;
	char *text;

	text = read_file(file, &size);
	if (!text) {
		note(debug, "%-20s could not be had: %s: %s\n", name, file,
		     strerror(errno));
		return;
	}
	/* No text at all: who knows what it is. */
	if (strlen(text) != size) {
		note(debug, "%-20s left out: %s is not a text\n", name, file);
	} else {
		strip_comments(text);
		note(debug, "%-20s %s without its comments\n", name, file);
		add(debug, name, text, strlen(text));
	}
	free(text);
}

static int is_config(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && !strcmp(dot, ".conf") &&
	       strlen(entry->d_name) < 64;
}

static void add_policy(struct debug *debug)
{
	static const char dir[] = "/etc/elisa/conf.d";
	struct dirent **entries = NULL;
	char file[PATH_MAX], name[90];
	int n, i;

	progress(debug, "elisa.conf");
	add_config(debug, POLICY_DEFAULT_FILE, "elisa.conf");
	n = scandir(dir, &entries, is_config, alphasort);
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", dir, entries[i]->d_name);
		snprintf(name, sizeof(name), "conf.d/%.64s",
			 entries[i]->d_name);
		log_sanitize(name);
		add_config(debug, file, name);
		free(entries[i]);
	}
	free(entries);
}

static void add_kernel_config(struct debug *debug)
{
	struct utsname uts;
	char file[PATH_MAX];
	size_t size;
	char *text;

	progress(debug, "kernel-config");
	uname(&uts);
	snprintf(file, sizeof(file), "/boot/config-%s", uts.release);
	text = read_file(file, &size);
	if (text) {
		note(debug, "%-20s the kernel's configuration\n",
		     "kernel-config");
		add(debug, "kernel-config", text, size);
	} else {
		text = read_file("/proc/config.gz", &size);
		if (text) {
			note(debug, "%-20s the kernel's configuration\n",
			     "kernel-config.gz");
			add(debug, "kernel-config.gz", text, size);
		} else {
			note(debug,
			     "%-20s could not be had: neither %s nor /proc/config.gz can be read\n",
			     "kernel-config", file);
		}
	}
	free(text);
}

/* "FILE: its first line" for each file of DIR */
static void put_dir(FILE *to, const char *dir)
{
	struct dirent **entries = NULL;
	char file[PATH_MAX];
	int n, i;
	char *text;
	size_t size;

	n = scandir(dir, &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", dir, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			text = read_file(file, &size);
			if (text)
				fprintf(to, "%s: %.*s\n", file,
					(int)strcspn(text, "\n"), text);
			free(text);
		}
		free(entries[i]);
	}
	free(entries);
}

/* The lines of FILE that begin with WORD, or its first one for NULL. */
static void put_lines(FILE *to, const char *file, const char *word)
{
	size_t size, len;
	char *text = read_file(file, &size), *line;

	if (!text) {
		fprintf(to, "%s: %s\n", file, strerror(errno));
		return;
	}
	for (line = text; *line; line += len + !!line[len]) {
		len = strcspn(line, "\n");
		if (word && strncmp(line, word, strlen(word)))
			continue;
		fprintf(to, "%s: %.*s\n", file, (int)len, line);
		if (!word)
			break;
	}
	free(text);
}

/* The lines of /proc/cpuinfo that tell of the first CPU what it can do */
static void put_cpu(FILE *to)
{
	static const char *const keys[] = {
		"model name", "stepping",  "microcode",
		"flags",      "vmx flags", "bugs",
	};
	size_t size, len, i;
	char *text = read_file("/proc/cpuinfo", &size), *line;

	for (line = text; line && *line && *line != '\n';
	     line += len + !!line[len]) {
		len = strcspn(line, "\n");
		for (i = 0; i < ARRAY_SIZE(keys); i++) {
			if (!strncmp(line, keys[i], strlen(keys[i])))
				fprintf(to, "%.*s\n", (int)len, line);
		}
	}
	free(text);
}

static void put_system(FILE *to)
{
	struct utsname uts;

	uname(&uts);
	fprintf(to, "elisactl: %s\nkernel: %s %s %s\n", ELISACTL_VERSION,
		uts.release, uts.version, uts.machine);
	put_lines(to, "/etc/os-release", "PRETTY_NAME=");
	put_lines(to, "/proc/sys/kernel/tainted", NULL);
	put_lines(to, "/proc/sys/kernel/ftrace_enabled", NULL);
	put_lines(to, "/sys/kernel/security/lockdown", NULL);
	put_lines(to, "/proc/meminfo", "Huge");
	put_lines(to, "/sys/module/elisa/version", NULL);
	put_lines(to, "/sys/module/elisa/srcversion", NULL);
	put_lines(to, "/sys/module/elisa/refcnt", NULL);
	put_lines(to, "/sys/module/elisa/taint", NULL);
	put_lines(to, "/proc/modules", "elisa ");
	put_lines(to, "/proc/modules", "kvm");
	put_dir(to, "/sys/module/elisa/parameters");
	put_dir(to, "/sys/module/kvm/parameters");
	put_dir(to, "/sys/module/kvm_intel/parameters");
	put_cpu(to);
}

static void add_system(struct debug *debug)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	progress(debug, "system.txt");
	if (!to)
		return;
	put_system(to);
	if (!fclose(to)) {
		note(debug, "%-20s versions, CPU, module parameters\n",
		     "system.txt");
		add(debug, "system.txt", text, size);
	}
	free(text);
}

/* --- the archive */

static void collect(struct debug *debug)
{
	char *text = NULL;
	size_t size, i;

	debug->contents = open_memstream(&text, &size);
	if (!debug->contents) {
		debug->error = -ENOMEM;
		return;
	}
	note(debug,
	     "Made by 'elisactl debug', version %s.\n\nIt holds names, UUIDs, process and user IDs of VMs, names of exports, and who\nmay share what.  It holds no memory of a VM, no key, no kernel command line and\nno host name (but the log may).  Look it through before you send it.\n\n",
	     ELISACTL_VERSION);
	add_system(debug);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		add_command(debug, i);
	add_dmesg(debug);
	add_journal(debug);
	add_policy(debug);
	add_kernel_config(debug);
	if (fclose(debug->contents))
		debug->error = -ENOMEM;
	else
		add(debug, "README.txt", text, size);
	free(text);
}

/* Write what COLLECT() finds through gzip into FD; 0, or -1 and it was said. */
static int write_archive(int fd)
{
	static const char *const gzip[] = { "gzip", "-c", NULL };
	struct debug debug = {
		.when = time(NULL),
		.progress = isatty(STDERR_FILENO),
	};
	int pipe_fds[2], status;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC)) {
		complain("cannot make a pipe: %s", strerror(errno));
		return -1;
	}
	pid = child_start(gzip, pipe_fds[0], fd, false);
	close(pipe_fds[0]);
	debug.tar = pid < 0 ? NULL : fdopen(pipe_fds[1], "w");
	if (!debug.tar) {
		complain("cannot start gzip: %s",
			 strerror(pid < 0 ? -pid : errno));
		close(pipe_fds[1]);
		if (pid > 0)
			child_wait(pid);
		return -1;
	}
	collect(&debug);
	if (tar_end(debug.tar) && !debug.error)
		debug.error = -EIO;
	if (fclose(debug.tar) && !debug.error)
		debug.error = -EIO;
	status = child_wait(pid);
	if (debug.progress)
		fputs("\r\033[K", stderr);
	if (status == 127)
		complain("cannot start gzip");
	else if (status || debug.error || fsync(fd))
		complain("cannot write the archive: is the disk full?");
	else
		return 0;
	return -1;
}

/*
 * Until it is whole the archive has no name: who is interrupted leaves nothing.
 * NAMED: this file system cannot do that, it has its name at once.
 */
static int open_archive(const char *file, bool *named)
{
	char dir[PATH_MAX];
	int fd;

	*named = false;
	/* It tells who shares what: not for everybody; and nothing is lost. */
	if (!faccessat(AT_FDCWD, file, F_OK, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		return -1;
	}
	snprintf(dir, sizeof(dir), "%s", file);
	fd = open(dirname(dir), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	*named = true;
	return open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int name_archive(int fd, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!linkat(AT_FDCWD, path, AT_FDCWD, file, AT_SYMLINK_FOLLOW))
		return 0;
	complain("cannot make %s: %s", file, strerror(errno));
	return -1;
}

int cmd_debug(const struct cmd_env *env, int argc, char **argv)
{
	char name[64];
	const char *file = argc > 1 ? argv[1] : name;
	time_t now = time(NULL);
	struct tm tm;
	bool named;
	int fd, ret;

	(void)env;
	if (!cmd_args(argc, 1, 2, "debug [FILE]"))
		return CMD_USAGE;
	strftime(name, sizeof(name), "elisa-debug-%Y%m%d-%H%M%S.tar.gz",
		 localtime_r(&now, &tm));
	fd = open_archive(file, &named);
	if (fd < 0) {
		complain("cannot make %s: %s", file, strerror(errno));
		return CMD_FAILED;
	}
	ret = write_archive(fd);
	if (!ret && !named)
		ret = name_archive(fd, file);
	close(fd);
	if (ret) {
		if (named)
			unlink(file);
		return CMD_FAILED;
	}
	printf("%s: README.txt in it says what it holds\n", file);
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write to standard output");
		return CMD_FAILED;
	}
	return CMD_OK;
}
