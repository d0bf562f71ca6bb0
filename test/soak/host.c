// SPDX-License-Identifier: GPL-2.0-only
/* Commands and figures of the emulated host. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

#define DAEMON_LOG "/tmp/daemon.log"

bool daemon_runs;
static pid_t daemon_pid;

/*
 * Of emulated time.  On a debug kernel the daemon's start takes 12 s, and more
 * beside three VMs' storms of interrupts.
 */
#define WAIT_SECONDS 120

void nap(unsigned int us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

bool wait_for(bool (*done)(void *arg), void *arg)
{
	struct timespec now;
	time_t until;

	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec + WAIT_SECONDS;
	while (!done(arg)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > until)
			return done(arg);
		nap(20000);
	}
	return true;
}

/* By the shell; output of both streams into @out; the exit status. */
int run_command(char *out, size_t size, const char *fmt, ...)
{
	char command[512], rest[512];
	size_t used = 0, n;
	va_list args;
	FILE *pipe;
	int ret;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command) - 6, fmt, args);
	va_end(args);
	strcat(command, " 2>&1");
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	while (used + 1 < size &&
	       (n = fread(out + used, 1, size - used - 1, pipe)))
		used += n;
	out[used] = 0;
	while (fread(rest, 1, sizeof(rest), pipe))
		;
	ret = pclose(pipe);
	return WIFEXITED(ret) ? WEXITSTATUS(ret) : -1;
}

/* The number behind "NAME" and @mark in @text, or -1. */
static long number_of(const char *text, const char *name, char mark)
{
	size_t len = strlen(name);
	const char *p;

	for (p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, name, len) && p[len] == mark)
			return strtol(p + len + 1, NULL, 10);
	}
	return -1;
}

long figure(const char *vm, const char *name)
{
	char out[4096];

	if (run_command(out, sizeof(out), "elisactl stats %s", vm))
		return -1;
	return number_of(out, name, ':');
}

long info(const char *name)
{
	char out[4096];

	if (run_command(out, sizeof(out), "elisactl info"))
		return -1;
	return number_of(out, name, ':');
}

static long read_number(const char *path, const char *key, char mark)
{
	char text[16384];
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	return key ? number_of(text, key, mark) : strtol(text, NULL, 10);
}

/* The file's only number, or that in its line "KEY: NUMBER"; -1 if none */
long proc_number(const char *path, const char *key)
{
	return read_number(path, key, ':');
}

/* In its line "KEY NUMBER". */
long proc_field(const char *path, const char *key)
{
	return read_number(path, key, ' ');
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

bool module_is_free(void *unused)
{
	(void)unused;
	return !proc_number("/sys/module/elisa/refcnt", NULL);
}

bool module_load(void)
{
	char out[512];

	return !run_command(out, sizeof(out), "insmod /x/elisa.ko");
}

bool module_unload(void)
{
	char out[512];

	return !run_command(out, sizeof(out), "rmmod elisa");
}

/* @log_end: where its log ended before it was started */
static bool daemon_is_ready(void *log_end)
{
	char text[4096];
	int fd = open(DAEMON_LOG, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 :
			     pread(fd, text, sizeof(text), *(off_t *)log_end);

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(text, n, ": ready", 7);
}

void daemon_start(void)
{
	struct stat log_before = {};
	off_t log_end;

	stat(DAEMON_LOG, &log_before);
	log_end = log_before.st_size;
	daemon_pid = fork();
	if (!daemon_pid) {
		int log = open(DAEMON_LOG, O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(log, 1);
		dup2(log, 2);
		execlp("elisactl", "elisactl", "daemon", "--config",
		       "/x/elisa.conf", NULL);
		_exit(127);
	}
	daemon_runs = true;
	if (!wait_for(daemon_is_ready, &log_end))
		wrong("the daemon does not start");
}

void daemon_stop(int sig)
{
	int status;

	if (!daemon_runs)
		return;
	if (waitpid(daemon_pid, &status, WNOHANG) == daemon_pid) {
		wrong("the daemon has ended by itself, status %x", status);
		daemon_runs = false;
		return;
	}
	kill(daemon_pid, sig);
	waitpid(daemon_pid, &status, 0);
	daemon_runs = false;
	if (sig == SIGTERM && status)
		wrong("the daemon ended with status %x", status);
}

unsigned int daemon_fds(void)
{
	char path[64];
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", daemon_pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/*
 * KASAN keeps what was freed for a while, up to 1/32 of the memory, and gives it
 * back when the cache is shrunk.  The kernel that has it has kmemleak as well.
 */
static void end_quarantine(void)
{
	glob_t caches;
	size_t i;

	if (access("/sys/kernel/debug/kmemleak", F_OK) ||
	    glob("/sys/kernel/slab/*/shrink", GLOB_NOSORT, NULL, &caches))
		return;
	for (i = 0; i < caches.gl_pathc; i++)
		write_file(caches.gl_pathv[i], "1");
	globfree(&caches);
}

/* In kB, without caches of files. */
void measure_memory(long *available, long *slab)
{
	sync();
	end_quarantine();
	write_file("/proc/sys/vm/drop_caches", "3");
	nap(1000000);
	*available = proc_number("/proc/meminfo", "MemAvailable");
	*slab = proc_number("/proc/meminfo", "Slab");
}
