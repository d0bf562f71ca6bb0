// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "log.h"
#include "nl.h"
#include "nl_attachment.h"
#include "nl_event.h"
#include "print.h"
#include "resync.h"

static void put_id(struct print *print, const char *key, __u32 id)
{
	if (id)
		print_uint(print, key, id);
}

static void put_name(struct print *print, const char *key, const char *name)
{
	if (name[0])
		print_text(print, key, name);
}

static int show(const struct cmd_env *env, const struct enl_event *event)
{
	char when[40], text[512];
	struct timespec now;
	struct print print;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + n, sizeof(when) - n, ".%03ld", now.tv_nsec / 1000000);
	n = snprintf(text, sizeof(text), "%s ", when);
	enl_event_format(event, text + n, sizeof(text) - n);
	log_sanitize(text);

	print_begin(&print, env->json);
	print_row(&print);
	print_text(&print, "time", when);
	print_text(&print, "event", enl_event_name(event->kind));
	put_id(&print, "vm", event->vm_id);
	put_name(&print, "vm_name", event->vm_name);
	put_id(&print, "export", event->export_id);
	put_name(&print, "export_name", event->export_name);
	put_id(&print, "attachment", event->attachment_id);
	if (event->has_rights)
		print_text(&print, "rights", enl_rights_name(event->rights));
	if (event->error) {
		print_uint(&print, "errno", event->error);
		print_text(&print, "error", strerror(event->error));
	}
	if (event->denial)
		print_text(&print, "reason", enl_denial_name(event->denial));
	/* Nobody reads any more: end. */
	return print_line(&print, text) ? -EPIPE : 0;
}

static int on_event(struct nlmsghdr *nlh, void *arg)
{
	struct enl_event event;

	if (enl_event_decode(nlh, &event)) {
		/* Of a newer module, perhaps; the next one may be readable. */
		complain("an event that cannot be understood");
		return 0;
	}
	return show(arg, &event);
}

/*
 * Events were lost.  Whoever follows them forgets what he knew and takes what
 * there is now; an event that comes behind it may be older than that.
 */
static int start_anew(const struct cmd_env *env)
{
	static const struct enl_event lost = { .kind = ENL_EVENT_LOST };
	struct resync resync;
	struct enl enl;
	size_t i;
	int ret;

	ret = show(env, &lost);
	if (ret)
		return ret;
	/* Answers must not stand in line behind events. */
	ret = enl_open(&enl);
	if (!ret)
		ret = resync_take(&enl, &resync);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	if (ret)
		return ret;
	for (i = 0; !ret && i < resync.n; i++)
		ret = show(env, &resync.events[i]);
	resync_free(&resync);
	return ret;
}

/* 0: there may be more */
static int read_events(struct enl *enl, const struct cmd_env *env)
{
	struct pollfd poll_fd = { .fd = enl_fd(enl), .events = POLLIN };
	int ret;

	if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR) {
		ret = -errno;
		complain("poll: %s", strerror(errno));
		return ret;
	}
	ret = enl_read_events(enl, on_event, (void *)env);
	if (ret == -ENOBUFS)
		return start_anew(env);
	if (!ret || ret == -EAGAIN || ret == -EINTR)
		return 0;
	if (ret != -EPIPE)
		complain("%s", enl->error);
	return ret;
}

int cmd_monitor(const struct cmd_env *env, int argc, char **argv)
{
	struct enl enl;

	(void)argv;
	if (!cmd_args(argc, 1, 1, "monitor"))
		return CMD_USAGE;
	if (enl_open_events(&enl)) {
		complain("%s", enl.error);
		return CMD_FAILED;
	}
	while (!read_events(&enl, env))
		;
	enl_close(&enl);
	return CMD_FAILED;
}
