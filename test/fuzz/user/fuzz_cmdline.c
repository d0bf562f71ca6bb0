// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of elisactl, a word a line, with a module that is played: it
 * answers as the first byte says.  The exit status is 0, 1 or 2, and whatever is
 * not 0 has said something on standard error.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <elisa/netlink.h>

#include "cmd.h"
#include "daemon.h"
#include "fuzz.h"
#include "nl.h"

#define FAMILY 0x1234
#define WORDS  64

int elisactl_main(int argc, char **argv);

/* --- the module */

static uint8_t mood;

static int play(struct enl *enl, int bit, int error)
{
	if (!(mood & 1 << bit))
		return 0;
	strcpy(enl->error, "played");
	return error;
}

int enl_open(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	enl->family = FAMILY;
	return play(enl, 0, -ENOENT);
}

/* The monitor would wait for ever. */
int enl_open_events(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	strcpy(enl->error, "played");
	return -ENOENT;
}

void enl_close(struct enl *enl)
{
	(void)enl;
}

int enl_fd(const struct enl *enl)
{
	(void)enl;
	return -1;
}

int enl_read_events(struct enl *enl, enl_fn fn, void *arg)
{
	(void)enl;
	(void)fn;
	(void)arg;
	return -EIO;
}

/* `top` would, too: it sees two more tables at once, then a signal. */
static unsigned int tables;

int fuzz_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *delay,
	       const sigset_t *mask);
int fuzz_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *delay,
	       const sigset_t *mask)
{
	(void)fds;
	(void)n;
	(void)delay;
	(void)mask;
	if (tables++ < 2)
		return 0;
	errno = EINTR;
	return -1;
}

struct nl_msg *enl_msg(int family, __u8 cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(16384);

	must(msg);
	must(genlmsg_put(msg, 1, 1, family, 0, flags, cmd, 1));
	return msg;
}

static struct nl_msg *answer_to(__u8 cmd)
{
	struct nl_msg *answer = enl_msg(FAMILY, cmd, 0);

	nla_put_u32(answer, ELISA_A_VM_ID, 1);
	nla_put_string(answer, ELISA_A_VM_NAME, "web");
	nla_put_u32(answer, ELISA_A_EXPORT_ID, 1);
	nla_put_string(answer, ELISA_A_EXPORT_NAME, "kv");
	nla_put_u32(answer, ELISA_A_ATTACHMENT_ID, 1);
	if (mood & 0x10)
		nla_put_u32(answer, ELISA_A_RIGHTS, mood);
	return answer;
}

int enl_request(struct enl *enl, struct nl_msg *msg, enl_fn fn, void *arg)
{
	const struct genlmsghdr *ghdr;
	struct nl_msg *answer;
	int ret;

	if (!msg) {
		strcpy(enl->error, "no message");
		return -ENOMEM;
	}
	ghdr = nlmsg_data(nlmsg_hdr(msg));
	ret = play(enl, 1, -EPERM);
	answer = answer_to(ghdr->cmd);
	if (!ret && fn && mood & 0x20)
		ret = fn(nlmsg_hdr(answer), arg);
	if (ret)
		strcpy(enl->error, "played");
	nlmsg_free(answer);
	nlmsg_free(msg);
	return ret;
}

int enl_dump(struct enl *enl, __u8 cmd, enl_fn fn, void (*restart)(void *),
	     void *arg)
{
	struct nl_msg *answer = answer_to(cmd);
	int ret = play(enl, 2, -EAGAIN);

	if (!ret)
		ret = fn(nlmsg_hdr(answer), arg);
	if (!ret && mood & 8) {
		restart(arg);
		ret = fn(nlmsg_hdr(answer), arg);
	}
	if (ret)
		strcpy(enl->error, "played");
	nlmsg_free(answer);
	return ret;
}

int cmd_doctor(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	(void)argc;
	(void)argv;
	return CMD_OK;
}

int cmd_bench(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	(void)argc;
	(void)argv;
	return CMD_OK;
}

int daemon_run(const char *config, const char *control)
{
	must(config && control);
	return 0;
}

/* --- */

static FILE *said, *nowhere;
static char *said_text;
static size_t said_size;

static void begin(void)
{
	char dir[] = "/tmp/elisa-fuzz-XXXXXX";

	/* No file can be named but what is not there. */
	must(mkdtemp(dir) && !chdir(dir) && !rmdir(dir));
	said = open_memstream(&said_text, &said_size);
	nowhere = fopen("/dev/null", "w");
	must(said && nowhere);
}

static int split(char *words, char **argv)
{
	int argc = 1;

	argv[0] = (char *)"elisactl";
	while (*words && argc < WORDS) {
		char *end = strchrnul(words, '\n');

		argv[argc++] = words;
		if (!*end)
			break;
		*end = '\0';
		words = end + 1;
	}
	argv[argc] = NULL;
	return argc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *real_err = stderr, *real_out = stdout;
	char *argv[WORDS + 1];
	char *words;
	int argc, ret;

	if (!said)
		begin();
	if (!size || size > 4096 || memchr(data, '/', size))
		return 0;
	mood = *data;
	words = strndup((const char *)data + 1, size - 1);
	must(words);
	argc = split(words, argv);

	rewind(said);
	stderr = said;
	stdout = nowhere;
	optind = 0;
	tables = 0;
	ret = elisactl_main(argc, argv);
	fflush(said);
	stderr = real_err;
	stdout = real_out;
	must(ret >= 0 && ret <= 2);
	must(!ret || ftell(said) > 0);
	free(words);
	return 0;
}
