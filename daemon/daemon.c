// SPDX-License-Identifier: GPL-2.0-only
/*
 * Give each VM that appears the rights that the policy says.
 *
 * KVM's uevents tell when a VM is created.  They are subscribed to before
 * the first scan of all processes, so none is missed in between, and when the
 * kernel says that some were lost all processes are scanned again.  Looking at
 * a VM twice does no harm: the module answers that it is enrolled.
 *
 * All state is in the module.  When the daemon ends, enrolled VMs go on; one
 * that starts finds them, and changes what is not as the policy says.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "daemon.h"
#include "enrol.h"
#include "log.h"
#include "nl.h"
#include "nl_event.h"
#include "nl_info.h"
#include "notify.h"
#include "policy_yaml.h"
#include "reload.h"
#include "retry.h"
#include "uevent.h"
#include "vmguard.h"
#include "vmscan.h"

/* Whoever makes us rescan, not more often than this. */
#define RESCAN_MS 1000

/* Messages taken from one socket before the others get their turn. */
#define BATCH 64

struct daemon {
	const char *config;
	struct policy policy;
	struct enl enl; /* requests */
	struct enl events;
	int uevents;
	int signals;
	int control;		      /* -1: none */
	int clients[CONTROL_CLIENTS]; /* connected, have not asked yet */
	int epoll;
	bool module_gone;
	bool end;
	struct retry retry;
	__u64 rescan_due; /* RETRY_NEVER: no rescan wanted */
	__u64 rescan_last;
	__u64 watchdog_ms; /* 0: nobody watches us */
	__u64 watchdog_due;
};

enum look {
	LOOK_FOUND, /* a VM was enrolled, or must not be */
	LOOK_AGAIN, /* nothing new (yet) */
	LOOK_GONE,
};

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void want_rescan(struct daemon *d)
{
	__u64 now = now_ms();

	if (d->rescan_last && now < d->rescan_last + RESCAN_MS)
		now = d->rescan_last + RESCAN_MS;
	if (now < d->rescan_due)
		d->rescan_due = now;
}

/* Who could not be looked at now may be willing, or be given a child, later. */
static void want_later_rescan(struct daemon *d)
{
	__u64 due = now_ms() + GUARD_FORGET_MS;

	if (due < d->rescan_due)
		d->rescan_due = due;
}

/*
 * The sockets to the module.  It can be unloaded and loaded again while no VM
 * is enrolled; then the family has another number and the events are no
 * longer joined.
 */
static int connect_module(struct daemon *d)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ret;

	ret = enl_open(&d->enl);
	if (ret) {
		log_err("%s", d->enl.error);
		return ret;
	}
	ret = enl_open_events(&d->events);
	if (ret) {
		log_err("%s", d->events.error);
		goto err_close;
	}
	ev.data.fd = enl_fd(&d->events);
	if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, ev.data.fd, &ev)) {
		ret = -errno;
		log_err("epoll: %s", strerror(errno));
		enl_close(&d->events);
		goto err_close;
	}
	d->module_gone = false;
	return 0;

err_close:
	enl_close(&d->enl);
	return ret;
}

static void disconnect_module(struct daemon *d)
{
	/* Closing takes it out of the epoll set, too. */
	enl_close(&d->events);
	enl_close(&d->enl);
	d->module_gone = true;
}

static int reconnect_module(struct daemon *d)
{
	int ret;

	disconnect_module(d);
	ret = connect_module(d);
	/* What was enrolled with the module's former life is not any more. */
	if (!ret)
		want_rescan(d);
	return ret;
}

static int on_info(struct nlmsghdr *nlh, void *arg)
{
	return enl_info_decode(nlh, arg);
}

static int check_abi(struct daemon *d)
{
	struct enl_info info = { 0 };
	int ret;

	ret = enl_request(&d->enl, enl_info_msg(d->enl.family), on_info, &info);
	if (ret) {
		log_err("%s", d->enl.error);
		return ret;
	}
	if (info.abi != ELISA_ABI_VERSION) {
		log_err("the elisa module speaks ABI %u and this elisactl %u: install the same version of both",
			info.abi, ELISA_ABI_VERSION);
		return -EPROTONOSUPPORT;
	}
	log_debug("module: ABI %u, %u VMs, %u exports", info.abi, info.n_vms,
		  info.n_exports);
	return 0;
}

static int enrol_one(struct daemon *d, const struct vmscan *scan, int number,
		     const struct policy_entry *entry)
{
	const struct enl_enrol template = {
		.grants = entry->grants,
		.n_grants = entry->n_grants,
		.limits = &entry->limits,
		.pcid = entry->pcid,
		.origin = ELISA_ORIGIN_POLICY,
	};
	char who[VM_IDENT_TEXT_SIZE];
	__u32 id;
	int ret;

	vm_ident_format(&scan->ident, who, sizeof(who));
	ret = enrol(&d->enl, scan, number, &template, &id);
	if (ret == -ENOENT) {
		/* Perhaps the module was loaded anew. */
		if (reconnect_module(d))
			return ret;
		ret = enrol(&d->enl, scan, number, &template, &id);
	}
	if (!ret)
		log_notice("vm-enrolled vm=%u %s fd=%d policy=%s:%u grants=%zu",
			   id, who, number, entry->file, entry->line,
			   entry->n_grants);
	else if (ret == -EEXIST)
		log_debug("vm-enrolled-already %s fd=%d", who, number);
	else
		log_warn("vm-enrol-failed %s fd=%d policy=%s:%u: %s", who,
			 number, entry->file, entry->line, d->enl.error);
	return ret;
}

static enum look look_at(struct daemon *d, pid_t pid)
{
	const struct policy_entry *entry;
	enum look look = LOOK_AGAIN;
	struct vmscan scan;
	unsigned int i;
	char who[VM_IDENT_TEXT_SIZE];
	int ret;

	ret = vmscan_open(&scan, pid);
	if (ret) {
		if (ret != -ESRCH)
			log_warn("cannot look at process %d: %s", pid,
				 strerror(-ret));
		if (ret == -EAGAIN)
			want_later_rescan(d);
		return LOOK_GONE;
	}
	if (!scan.n_fds)
		goto out;
	if (scan.ident.is_silent)
		want_later_rescan(d);

	entry = policy_find(&d->policy, &scan.ident);
	if (!entry || !entry->n_grants) {
		vm_ident_format(&scan.ident, who, sizeof(who));
		if (entry)
			log_info("vm-refused %s policy=%s:%u: the entry grants nothing",
				 who, entry->file, entry->line);
		else
			log_info("vm-refused %s policy=none: no entry matches",
				 who);
		look = LOOK_FOUND;
		goto out;
	}
	look = LOOK_FOUND;
	if (d->module_gone && reconnect_module(d))
		goto out;
	look = LOOK_AGAIN;
	if (scan.more)
		log_warn("process %d has more than %d VM descriptors; the others are not looked at",
			 scan.ident.pid, VMSCAN_FDS_MAX);
	for (i = 0; i < scan.n_fds && !d->module_gone; i++) {
		ret = enrol_one(d, &scan, scan.fds[i], entry);
		if (ret == -ETIMEDOUT || ret == -EAGAIN)
			want_later_rescan(d);
		/* Busy: it is still leaving after `vm del`. */
		if (ret != -EEXIST && ret != -EBUSY)
			look = LOOK_FOUND;
	}
out:
	vmscan_close(&scan);
	return look;
}

static void look_at_process(pid_t pid, void *arg)
{
	look_at(arg, pid);
}

static void rescan(struct daemon *d)
{
	int ret;

	d->rescan_due = RETRY_NEVER;
	ret = vmscan_all(look_at_process, d);
	d->rescan_last = now_ms();
	if (ret)
		log_err("cannot read /proc: %s", strerror(-ret));
}

static void run_retries(struct daemon *d)
{
	__u64 now = now_ms();
	bool last;
	pid_t pid;

	while ((pid = retry_take(&d->retry, now, &last))) {
		switch (look_at(d, pid)) {
		case LOOK_FOUND:
			retry_drop(&d->retry, pid);
			break;
		case LOOK_GONE:
			/* The thread may have ended, its process not. */
			retry_drop(&d->retry, pid);
			want_rescan(d);
			break;
		case LOOK_AGAIN:
			if (last)
				log_debug("process %d: no VM that is new", pid);
			break;
		}
	}
}

static void on_uevents(struct daemon *d)
{
	struct uevent_kvm event;
	unsigned int i;
	int ret;

	for (i = 0; i < BATCH; i++) {
		ret = uevent_read(d->uevents, &event);
		if (ret == -EAGAIN || ret == -EINTR)
			return;
		if (ret == -ENOBUFS) {
			log_warn(
				"KVM events were lost; looking at all processes");
			want_rescan(d);
		} else if (ret < 0) {
			log_err("cannot read KVM events: %s", strerror(-ret));
			want_rescan(d);
			return;
		}
		if (ret <= 0)
			continue;
		log_debug("kvm: a VM was %s, pid %d",
			  event.create ? "created" : "destroyed", event.pid);
		if (event.create && !retry_add(&d->retry, event.pid, now_ms()))
			want_rescan(d);
	}
}

static int on_event(struct nlmsghdr *nlh, void *arg)
{
	struct enl_event event;
	char text[512];

	(void)arg;
	if (enl_event_decode(nlh, &event)) {
		log_warn("event-unknown: one that cannot be understood");
		return 0;
	}
	enl_event_log(&event, text, sizeof(text));
	if (event.kind == ELISA_EVENT_DENIED ||
	    event.kind == ELISA_EVENT_FAULT ||
	    event.kind == ELISA_EVENT_ABORTED)
		log_notice("event-%s", text);
	else
		log_info("event-%s", text);
	return 0;
}

static void on_events(struct daemon *d)
{
	unsigned int i;
	int ret;

	for (i = 0; i < BATCH; i++) {
		ret = enl_read_events(&d->events, on_event, d);
		if (ret == -EAGAIN || ret == -EINTR)
			return;
		if (ret == -ENOBUFS) {
			log_warn(
				"events of the module were lost; looking at all processes");
			want_rescan(d);
		} else if (ret == -ENODEV) {
			/* No VM is enrolled, so nothing is lost by it. */
			log_notice(
				"module-unloaded: it is looked for when a VM appears");
			disconnect_module(d);
			return;
		} else if (ret) {
			log_err("%s", d->events.error);
			return;
		}
	}
}

/* Tell the module; it may have been loaded anew since we spoke to it. */
static int apply(struct daemon *d, const struct policy *policy,
		 struct reload *result)
{
	int ret = 0;

	if (d->module_gone)
		ret = reconnect_module(d);
	if (!ret)
		ret = reload_apply(result, &d->enl, policy);
	if (ret == -ENOENT && !d->module_gone && !reconnect_module(d))
		ret = reload_apply(result, &d->enl, policy);
	return ret;
}

/*
 * Read the policy files again and make them the policy, or leave everything as
 * it is.  Returns the answer for a client, on the heap.
 */
static char *reload(struct daemon *d)
{
	struct reload result = { 0 };
	struct policy policy;
	char err[POLICY_ERR_SIZE];
	char *answer;
	int ret;

	notify("RELOADING=1\nSTATUS=Reading the policy");
	ret = policy_load(&policy, d->config, err, sizeof(err));
	if (!ret) {
		ret = apply(d, &policy, &result);
		if (ret) {
			snprintf(err, sizeof(err), "%s", d->enl.error);
			policy_free(&policy);
		}
	}
	if (ret) {
		log_err("%s", err);
		log_err("policy-refused policy=%s: the policy stays as it was",
			d->config);
		notify("READY=1\nSTATUS=Reload failed, the old policy stays");
		return reload_refusal(err);
	}
	policy_free(&d->policy);
	d->policy = policy;
	log_notice("policy-loaded policy=%s entries=%zu kept=%u enrolled=%u changed=%u removed=%u failed=%u",
		   d->config, policy.n_entries, result.kept, result.enrolled,
		   result.changed, result.removed, result.failed);
	answer = reload_answer(&result, d->config, policy.n_entries);
	notify(result.failed ?
		       "READY=1\nSTATUS=Policy reloaded, but not for all VMs" :
		       "READY=1\nSTATUS=Policy reloaded");
	reload_free(&result);
	return answer;
}

/* --- the control socket */

static void on_control(struct daemon *d)
{
	struct epoll_event ev = { .events = EPOLLIN };
	unsigned int i;
	int client;

	client = control_accept(d->control);
	if (client < 0) {
		if (client == -EPERM)
			log_warn("control-refused: a client that is not root");
		return;
	}
	for (i = 0; i < CONTROL_CLIENTS && d->clients[i] >= 0; i++)
		;
	ev.data.fd = client;
	/* One client too many: who waits without asking makes room. */
	if (i == CONTROL_CLIENTS) {
		i = 0;
		close(d->clients[0]);
	}
	d->clients[i] = client;
	if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, client, &ev)) {
		close(client);
		d->clients[i] = -1;
	}
}

static char *answer_request(struct daemon *d, const char *request)
{
	if (!strcmp(request, "reload"))
		return reload(d);
	return reload_refusal(
		"this daemon does not know the request: it is of another version than elisactl");
}

/* Is FD a client's?  Then it was served. */
static bool on_client(struct daemon *d, int fd)
{
	char request[CONTROL_REQUEST_SIZE];
	unsigned int i;
	char *answer;
	int ret;

	for (i = 0; i < CONTROL_CLIENTS && d->clients[i] != fd; i++)
		;
	if (i == CONTROL_CLIENTS)
		return false;
	ret = control_receive(fd, request);
	if (ret == -EAGAIN)
		return true;
	if (!ret) {
		answer = answer_request(d, request);
		/* A client that is gone by now has had its reload. */
		if (answer &&
		    send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			log_warn("control-failed: cannot answer: %s",
				 strerror(errno));
		free(answer);
	}
	close(fd);
	d->clients[i] = -1;
	return true;
}

static void on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		free(reload(d));
	else
		d->end = true;
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* Blocked, or they would not wait for signalfd. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* It is of use, but not needed: SIGHUP does the same without an answer. */
static int open_control(struct daemon *d, const char *path)
{
	struct epoll_event ev = { .events = EPOLLIN };

	d->control = control_listen(path);
	if (d->control == -EADDRINUSE) {
		log_err("another elisactl daemon runs already: %s is in use",
			path);
		return -EADDRINUSE;
	}
	if (d->control < 0) {
		log_warn("control-failed socket=%s: %s; `elisactl policy reload` will not work",
			 path, strerror(-d->control));
		return 0;
	}
	ev.data.fd = d->control;
	if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->control, &ev)) {
		log_err("epoll: %s", strerror(errno));
		return -EIO;
	}
	return 0;
}

static int setup(struct daemon *d)
{
	struct epoll_event ev = { .events = EPOLLIN };

	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->signals = open_signals();
	if (d->epoll < 0 || d->signals < 0) {
		log_err("cannot set up the event loop");
		return -EIO;
	}
	d->uevents = uevent_open();
	if (d->uevents < 0) {
		log_err("cannot listen to KVM events: %s",
			strerror(-d->uevents));
		return d->uevents;
	}
	ev.data.fd = d->signals;
	if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->signals, &ev))
		goto err_epoll;
	ev.data.fd = d->uevents;
	if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->uevents, &ev))
		goto err_epoll;
	return 0;

err_epoll:
	log_err("epoll: %s", strerror(errno));
	return -EIO;
}

static void teardown(struct daemon *d, const char *control)
{
	unsigned int i;

	vmguard_stop();
	disconnect_module(d);
	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (d->clients[i] >= 0)
			close(d->clients[i]);
	}
	if (d->control >= 0) {
		unlink(control);
		close(d->control);
	}
	if (d->uevents >= 0)
		close(d->uevents);
	if (d->signals >= 0)
		close(d->signals);
	if (d->epoll >= 0)
		close(d->epoll);
	policy_free(&d->policy);
}

static int wait_ms(const struct daemon *d)
{
	__u64 due = retry_due(&d->retry);
	__u64 now = now_ms();

	if (d->rescan_due < due)
		due = d->rescan_due;
	if (d->watchdog_ms && d->watchdog_due < due)
		due = d->watchdog_due;
	if (due == RETRY_NEVER)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

/* Half of what the service manager gives us, as sd_watchdog_enabled(3) says. */
static void start_watchdog(struct daemon *d)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoul(pid, NULL, 10) != (unsigned long)getpid()))
		return;
	d->watchdog_ms = strtoull(usec, NULL, 10) / 2000;
	d->watchdog_due = now_ms();
}

static void feed_watchdog(struct daemon *d)
{
	__u64 now = now_ms();

	if (!d->watchdog_ms || now < d->watchdog_due)
		return;
	notify("WATCHDOG=1");
	d->watchdog_due = now + d->watchdog_ms;
}

static void loop(struct daemon *d)
{
	struct epoll_event ev[8];
	int i, n;

	start_watchdog(d);
	while (!d->end) {
		feed_watchdog(d);
		n = epoll_wait(d->epoll, ev, 8, wait_ms(d));
		if (n < 0 && errno != EINTR) {
			log_err("epoll: %s", strerror(errno));
			return;
		}
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == d->signals)
				on_signal(d);
			else if (ev[i].data.fd == d->uevents)
				on_uevents(d);
			else if (!d->module_gone &&
				 ev[i].data.fd == enl_fd(&d->events))
				on_events(d);
			else if (ev[i].data.fd == d->control)
				on_control(d);
			else
				on_client(d, ev[i].data.fd);
		}
		run_retries(d);
		if (d->rescan_due <= now_ms())
			rescan(d);
	}
}

/* What the module has from earlier is made to be as the policy says. */
static int adopt(struct daemon *d)
{
	struct reload result;
	int ret;

	ret = apply(d, &d->policy, &result);
	if (ret) {
		log_err("%s", d->enl.error);
		return ret;
	}
	log_info("ready policy=%s entries=%zu kept=%u enrolled=%u changed=%u removed=%u failed=%u",
		 d->config, d->policy.n_entries, result.kept, result.enrolled,
		 result.changed, result.removed, result.failed);
	reload_free(&result);
	return 0;
}

int daemon_run(const char *config, const char *control)
{
	struct daemon d = {
		.config = config,
		.uevents = -1,
		.signals = -1,
		.control = -1,
		.clients = { -1, -1, -1, -1 },
		.epoll = -1,
		.module_gone = true,
		.rescan_due = RETRY_NEVER,
	};
	char err[POLICY_ERR_SIZE];
	int status = 1;

	/* The policy first: a mistake there must not wait for the module. */
	if (policy_load(&d.policy, config, err, sizeof(err))) {
		log_err("%s", err);
		return 1;
	}
	vmguard_start();
	if (setup(&d) || open_control(&d, control) || connect_module(&d) ||
	    check_abi(&d))
		goto out;
	if (!d.policy.n_entries)
		log_notice("%s has no VM entry: every VM is refused", config);
	if (adopt(&d))
		goto out;
	/* Also tells what is refused, and by what. */
	rescan(&d);
	notify("READY=1\nSTATUS=Watching for VMs");
	loop(&d);
	if (d.end) {
		log_info("ending: enrolled VMs keep their rights");
		status = 0;
	}
	notify("STOPPING=1");
out:
	teardown(&d, control);
	return status;
}
