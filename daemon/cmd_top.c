// SPDX-License-Identifier: GPL-2.0-only
/*
 * top: on a terminal a table that is drawn over and over, else one table
 * after the other.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "log.h"
#include "nl.h"
#include "print.h"
#include "snapshot.h"
#include "top.h"

#define DELAY_MS_DEFAULT  2000
#define DELAY_SECONDS_MAX 3600

struct top {
	const struct cmd_env *env;
	struct enl enl;
	unsigned int delay_ms;
	unsigned int left; /* tables to print; 0: no end */
	bool screen;	   /* draw over, listen to keys */
	struct termios saved;
	struct snapshot now, before;
	bool has_before;
	struct timespec when;
};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	stop = signal;
}

/*
 * Only the wait is interrupted: elsewhere the signals are blocked, so that none
 * comes between the look at STOP and the wait.
 */
static void catch_signals(sigset_t *during_wait)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, during_wait);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigdelset(during_wait, signals[i]);
}

static bool screen_begin(struct top *top)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &top->saved))
		return false;
	raw = top->saved;
	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return false;
	/* The other screen, so that what was on this one comes back. */
	printf("\033[?1049h\033[?25l");
	return true;
}

static void screen_end(struct top *top)
{
	printf("\033[?25h\033[?1049l");
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &top->saved);
}

static int draw(struct top *top, const struct top_row *rows)
{
	struct winsize size = { 0 };
	char head[128];
	int len;

	if (!top->screen) {
		top_text(stdout, &top->now, rows, 0, 0, "");
		/* Between two tables */
		if (top->left != 1)
			putchar('\n');
		return 0;
	}
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	len = snprintf(head, sizeof(head),
		       "q: quit  every %.1f s  VMs %u, exports %u, hooks %s",
		       top->delay_ms / 1000.0, top->now.info.n_vms,
		       top->now.info.n_exports,
		       top->now.info.hooks ? "installed" : "not installed");
	if (size.ws_col && len > size.ws_col)
		len = size.ws_col;
	/* Home; each line clears what is left of the old one behind it. */
	printf("\033[H%.*s\033[K\n\033[K\n", len, head);
	/* The last line stays empty, or the screen would scroll. */
	top_text(stdout, &top->now, rows, size.ws_col,
		 size.ws_row > 6 ? size.ws_row - 3 : 0, "\033[K");
	printf("\033[J");
	return 0;
}

static int draw_json(struct top *top, const struct top_row *rows)
{
	struct print print;

	print_begin(&print, true);
	top_json(&print, &top->now, rows);
	return print_table(&print);
}

/* One table; 0, or the exit status. */
static int show(struct top *top)
{
	struct timespec when;
	struct top_row *rows;
	double seconds;
	int ret;

	if (snapshot_take(&top->enl, &top->now)) {
		/* Said by our caller, when the screen is the old one again. */
		return CMD_FAILED;
	}
	clock_gettime(CLOCK_MONOTONIC, &when);
	seconds = when.tv_sec - top->when.tv_sec +
		  (when.tv_nsec - top->when.tv_nsec) / 1e9;
	rows = top_rows(top->has_before ? &top->before : NULL, &top->now,
			seconds);
	if (!rows && top->now.n_vms) {
		snprintf(top->enl.error, sizeof(top->enl.error),
			 "out of memory");
		snapshot_free(&top->now);
		return CMD_FAILED;
	}
	ret = top->env->json ? draw_json(top, rows) : draw(top, rows);
	free(rows);
	if (top->has_before)
		snapshot_free(&top->before);
	top->before = top->now;
	top->has_before = true;
	top->when = when;
	if (!ret && (fflush(stdout) || ferror(stdout))) {
		snprintf(top->enl.error, sizeof(top->enl.error),
			 "cannot write to standard output");
		ret = CMD_FAILED;
	}
	return ret;
}

/* Until the next table is due; false: end. */
static bool wait_next(struct top *top, const sigset_t *mask)
{
	struct timespec delay = {
		.tv_sec = top->delay_ms / 1000,
		.tv_nsec = top->delay_ms % 1000 * 1000000L,
	};
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;
	int n;

	n = ppoll(&key, top->screen, &delay, mask);
	if (n < 0)
		/* The window has another size: draw at once. */
		return errno == EINTR && stop == SIGWINCH;
	if (n && (read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == 'Q'))
		return false;
	/* Another key, also: draw at once. */
	return true;
}

static int run(struct top *top)
{
	sigset_t mask;
	int ret;

	catch_signals(&mask);
	if (top->screen && !screen_begin(top))
		top->screen = false;
	for (;;) {
		ret = show(top);
		if (ret || top->left == 1)
			break;
		if (top->left)
			top->left--;
		if (!wait_next(top, &mask))
			break;
	}
	if (top->screen)
		screen_end(top);
	if (ret && *top->enl.error)
		complain("%s", top->enl.error);
	if (top->has_before)
		snapshot_free(&top->before);
	return ret;
}

/* Seconds with at most three digits behind the point; 0: it is none of them */
static unsigned int parse_delay(const char *text)
{
	unsigned int ms = 0, scale = 1000;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		ms = ms * 10 + (*p - '0') * 1000;
		if (ms > DELAY_SECONDS_MAX * 1000)
			return 0;
	}
	if (p != text && *p == '.') {
		for (p++; *p >= '0' && *p <= '9' && scale > 1; p++) {
			scale /= 10;
			ms += (*p - '0') * scale;
		}
	}
	return *p || ms > DELAY_SECONDS_MAX * 1000 ? 0 : ms;
}

static const struct option options[] = {
	{ "delay", required_argument, NULL, 'd' },
	{ "count", required_argument, NULL, 'n' },
	{ "batch", no_argument, NULL, 'b' },
	{},
};

static bool top_arg(struct top *top, int opt, const char *arg)
{
	switch (opt) {
	case 'd':
		top->delay_ms = parse_delay(arg);
		if (!top->delay_ms)
			complain("--delay is a number of seconds, 0.001 to %u, not '%s'",
				 DELAY_SECONDS_MAX, arg);
		return top->delay_ms;
	case 'n':
		top->left = cmd_id(arg);
		if (!top->left)
			complain("--count is a number from 1, not '%s'", arg);
		return top->left;
	case 'b':
		top->screen = false;
		return true;
	}
	return false; /* getopt has complained */
}

int cmd_top(const struct cmd_env *env, int argc, char **argv)
{
	struct top top = { .env = env, .delay_ms = DELAY_MS_DEFAULT };
	int opt, ret;

	top.screen = !env->json && isatty(STDIN_FILENO) &&
		     isatty(STDOUT_FILENO);
	optind = 1;
	while ((opt = getopt_long(argc, argv, "d:n:b", options, NULL)) != -1) {
		if (!top_arg(&top, opt, optarg))
			return CMD_USAGE;
	}
	if (optind != argc) {
		cmd_args(0, 1, 1,
			 "top [--delay SECONDS] [--count N] [--batch]");
		return CMD_USAGE;
	}
	if (enl_open(&top.enl)) {
		complain("%s", top.enl.error);
		return CMD_FAILED;
	}
	ret = run(&top);
	enl_close(&top.enl);
	return ret;
}
