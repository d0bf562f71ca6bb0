// SPDX-License-Identifier: GPL-2.0-only
/* elisactl top on a terminal; the module is played by the test. */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "cmd.h"
#include "nl.h"
#include "snapshot.h"

/* --- what the command takes from elsewhere */

static unsigned int snapshots, fail_after;

int enl_open(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	return 0;
}

void enl_close(struct enl *enl)
{
	(void)enl;
}

int snapshot_take(struct enl *enl, struct snapshot *snapshot)
{
	memset(snapshot, 0, sizeof(*snapshot));
	if (fail_after && snapshots == fail_after) {
		snprintf(enl->error, sizeof(enl->error), "it is gone");
		return -ENOENT;
	}
	snapshot->vms = calloc(30, sizeof(*snapshot->vms));
	assert_non_null(snapshot->vms);
	for (snapshot->n_vms = 0; snapshot->n_vms < 30; snapshot->n_vms++) {
		struct enl_vm *vm = &snapshot->vms[snapshot->n_vms];

		vm->id = snapshot->n_vms + 1;
		strcpy(vm->name, "guest");
		vm->has_stats = true;
	}
	snapshot->info.n_vms = 30;
	snapshots++;
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->vms);
	memset(snapshot, 0, sizeof(*snapshot));
}

struct nl_msg *enl_msg(int family, __u8 cmd, int flags)
{
	(void)family;
	(void)cmd;
	(void)flags;
	return NULL;
}

bool cmd_print_help(FILE *to, const char *noun)
{
	(void)to;
	(void)noun;
	return false;
}

/* --- a terminal with 24 lines of 60 characters */

static pid_t pid;
static int terminal, slave;
static char seen[1 << 20];
static size_t n_seen;

static void start(const char *delay)
{
	struct winsize size = { .ws_row = 24, .ws_col = 60 };
	char words[3][16], *argv[4];
	struct cmd_env env = { 0 };

	n_seen = 0;
	assert_int_equal(openpty(&terminal, &slave, NULL, NULL, &size), 0);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* getopt() wants words that may be written to. */
		snprintf(words[0], sizeof(words[0]), "top");
		snprintf(words[1], sizeof(words[1]), "-d");
		snprintf(words[2], sizeof(words[2]), "%s", delay);
		argv[0] = words[0];
		argv[1] = words[1];
		argv[2] = words[2];
		argv[3] = NULL;
		close(terminal);
		login_tty(dup(slave));
		_exit(cmd_top(&env, 3, argv));
	}
}

/* Until TEXT was printed N times */
static void expect(const char *text, unsigned int n)
{
	struct pollfd in = { .fd = terminal, .events = POLLIN };
	unsigned int count;
	const char *p;
	ssize_t len;

	for (;;) {
		seen[n_seen] = '\0';
		count = 0;
		for (p = seen; (p = strstr(p, text)); p++)
			count++;
		if (count >= n)
			return;
		if (poll(&in, 1, 60000) <= 0)
			fail_msg("'%s' never came; '%s' did", text, seen);
		len = read(terminal, seen + n_seen, sizeof(seen) - 1 - n_seen);
		assert_true(len > 0);
		n_seen += len;
	}
}

static bool echoes(void)
{
	struct termios mode;

	assert_int_equal(tcgetattr(slave, &mode), 0);
	return mode.c_lflag & ECHO && mode.c_lflag & ICANON;
}

static void finish(int want)
{
	int status;

	/* The cursor is back, and so is what was on the screen. */
	expect("\033[?25h\033[?1049l", 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
	assert_true(echoes());
	close(terminal);
	close(slave);
}

static void quit(void **state)
{
	const char *home, *next;
	unsigned int lines = 0;

	(void)state;
	start("1000");
	expect("\033[J", 1);
	assert_false(echoes());
	/* It fits: 24 lines, the last of them empty. */
	home = strstr(seen, "\033[Hq: quit  every 1000.0 s  VMs 30");
	assert_non_null(home);
	for (; (next = strchr(home, '\n')); home = next + 1) {
		assert_true(next - home <= 60 + 3 + 3 + 1);
		lines++;
	}
	assert_int_equal(lines, 23);
	assert_non_null(strstr(seen, "      ... and 11 more\033[K"));
	/* Any other key draws anew. */
	assert_int_equal(write(terminal, "x", 1), 1);
	expect("\033[J", 2);
	assert_int_equal(write(terminal, "q", 1), 1);
	finish(0);
}

static void signals(void **state)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		start("1000");
		expect("\033[J", 1);
		kill(pid, SIGWINCH);
		expect("\033[J", 2);
		kill(pid, ends[i]);
		finish(0);
	}
}

static void module_gone(void **state)
{
	(void)state;
	fail_after = 2;
	start("0.01");
	expect("elisactl: it is gone", 1);
	/* Said where it stays to be read. */
	assert_true(strstr(seen, "it is gone") > strstr(seen, "\033[?1049l"));
	finish(1);
	fail_after = 0;
}

static void hung_up(void **state)
{
	int status;

	(void)state;
	start("1000");
	expect("\033[J", 1);
	close(slave);
	close(terminal);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quit),
		cmocka_unit_test(signals),
		cmocka_unit_test(module_gone),
		cmocka_unit_test(hung_up),
	};

	return cmocka_run_group_tests_name("top-screen", tests, NULL, NULL);
}
