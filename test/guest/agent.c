// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent: PID 1 of a test guest once its init is done. Runs what the control
 * channel tells, any number of commands at a time.
 *
 * Requests and answers are lines. An ID is letters and digits, chosen by who
 * asks, so that several can share the channel:
 *
 *	ID COMMAND	run it with sh
 *	ID!		kill it (SIGKILL to its process group)
 *	ID?		are you there?
 *
 *	ID| TEXT	a line of output (stdout and stderr)
 *	ID= STATUS	the end: exit status, or 128 + signal; 0 for ID?
 *
 * In COMMAND "\n" is a newline and "\\" a backslash. A last output line without
 * a newline gets one. Lines that are no requests are ignored. A command has
 * ended when its shell has: what it left in the background keeps running, but
 * its later output is dropped.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_JOBS    64
#define MAX_ID	    31
#define MAX_REQUEST (64 << 10)
#define MAX_TEXT    4096 /* longer output lines are split */

struct job {
	char id[MAX_ID + 1]; /* empty: free */
	pid_t pid;
	int out; /* read end of its output */
	size_t len;
	char text[MAX_TEXT]; /* unfinished line */
};

static struct job jobs[MAX_JOBS];
static int tty;

static void tty_write(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(tty, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		data += n;
		len -= n;
	}
}

static void answer(const char *id, char kind, const char *text, size_t len)
{
	char line[MAX_ID + MAX_TEXT + 4];
	size_t n;

	n = sprintf(line, "%s%c ", id, kind);
	memcpy(line + n, text, len);
	n += len;
	line[n++] = '\n';
	tty_write(line, n);
}

static void answer_status(const char *id, int status)
{
	char text[16];

	answer(id, '=', text, sprintf(text, "%d", status));
}

static int open_tty(const char *path)
{
	struct termios t;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &t) < 0)
		return -1;
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	/* With RTS the port holds back what we have not read yet. */
	t.c_cflag |= CLOCAL | CREAD | CRTSCTS;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		return -1;
	return fd;
}

static struct job *find_job(const char *id)
{
	struct job *job;

	for (job = jobs; job < jobs + MAX_JOBS; job++)
		if (!strcmp(job->id, id))
			return job;
	return NULL;
}

static void flush_text(struct job *job)
{
	answer(job->id, '|', job->text, job->len);
	job->len = 0;
}

/* Pass on what the job wrote. False if there is no more for now. */
static bool read_output(struct job *job)
{
	char data[1024];
	ssize_t got = read(job->out, data, sizeof(data));
	ssize_t i;

	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0) {
		/* All writers are gone: do not poll it any more. */
		if (!got) {
			close(job->out);
			job->out = -1;
		}
		return false;
	}
	for (i = 0; i < got; i++) {
		if (data[i] != '\n')
			job->text[job->len++] = data[i];
		if (data[i] == '\n' || job->len == MAX_TEXT)
			flush_text(job);
	}
	return true;
}

static void end_job(struct job *job, int status)
{
	if (job->out >= 0) {
		while (read_output(job))
			;
		close(job->out);
	}
	if (job->len)
		flush_text(job);
	answer_status(job->id, status);
	job->id[0] = '\0';
}

static void run_child(const char *command, int out)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void start_job(const char *id, const char *command)
{
	struct job *job = find_job("");
	int fds[2];
	pid_t pid;

	if (!job || find_job(id) || pipe2(fds, O_CLOEXEC) < 0) {
		answer_status(id, 126);
		return;
	}
	pid = fork();
	if (!pid)
		run_child(command, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		answer_status(id, 126);
		return;
	}
	/* Only our end: the job's writes shall block as usual. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	strcpy(job->id, id);
	job->pid = pid;
	job->out = fds[0];
	job->len = 0;
}

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*to++ = *s == 'n' ? '\n' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static void handle_request(char *line)
{
	struct job *job;
	char *rest = line;
	char kind;

	while (isalnum((unsigned char)*rest))
		rest++;
	kind = *rest;
	if (rest == line || rest - line > MAX_ID || !kind)
		return;
	*rest++ = '\0';

	switch (kind) {
	case ' ':
		unescape(rest);
		start_job(line, rest);
		break;
	case '!':
		job = find_job(line);
		if (job)
			kill(-job->pid, SIGKILL);
		break;
	case '?':
		answer_status(line, 0);
		break;
	}
}

static void read_requests(void)
{
	static char buf[MAX_REQUEST];
	static size_t len;
	char *start = buf, *end;
	ssize_t got = read(tty, buf + len, sizeof(buf) - len);

	if (got <= 0)
		return;
	len += got;
	while ((end = memchr(start, '\n', buf + len - start))) {
		*end = '\0';
		handle_request(start);
		start = end + 1;
	}
	len -= start - buf;
	memmove(buf, start, len);
	/* Too long: nobody's request. */
	if (len == sizeof(buf))
		len = 0;
}

/* As PID 1 we inherit orphans as well. */
static void reap(int signal_fd)
{
	struct signalfd_siginfo info;
	struct job *job;
	int status;
	pid_t pid;

	if (read(signal_fd, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (job = jobs; job < jobs + MAX_JOBS; job++) {
			if (!*job->id || job->pid != pid)
				continue;
			if (WIFSIGNALED(status))
				end_job(job, 128 + WTERMSIG(status));
			else
				end_job(job, WEXITSTATUS(status));
		}
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[2 + MAX_JOBS];
	sigset_t set;
	int i;

	if (argc != 2) {
		fputs("usage: agent TTY\n", stderr);
		return 2;
	}
	tty = open_tty(argv[1]);
	if (tty < 0) {
		perror(argv[1]);
		return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[0] = (struct pollfd){ .fd = tty, .events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = signalfd(-1, &set, SFD_CLOEXEC),
		.events = POLLIN,
	};

	/* Whoever waits for us need not ask again. */
	answer_status("agent", 0);

	for (;;) {
		for (i = 0; i < MAX_JOBS; i++) {
			fds[2 + i].fd = *jobs[i].id ? jobs[i].out : -1;
			fds[2 + i].events = POLLIN;
		}
		if (poll(fds, 2 + MAX_JOBS, -1) < 0)
			continue;
		for (i = 0; i < MAX_JOBS; i++)
			if (fds[2 + i].fd >= 0 && fds[2 + i].revents)
				read_output(&jobs[i]);
		if (fds[1].revents)
			reap(fds[1].fd);
		if (fds[0].revents)
			read_requests();
	}
}
