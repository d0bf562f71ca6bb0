// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon and changed policies: reload, refusals, restarts.  VMs and module
 * are played: a VM is a process that holds a memory file with a certain name,
 * the module is the functions below, whose state all processes share, as that of
 * a kernel would be.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "control.h"
#include "daemon.h"
#include "nl.h"
#include "nl_attr.h"
#include "nl_vm.h"

#define FAMILY 0x1234
#define VMS    8

/* --- the module */

struct played_vm {
	ino_t ino; /* 0: none */
	__u32 id, pid;
	__u8 origin, pcid;
	char name[VM_NAME_SIZE];
	struct policy_grant grants[4];
	unsigned int n_grants;
};

struct module {
	struct played_vm vm[VMS];
	__u32 next_id;
	char log[4096];	       /* "enrol a;set b;" */
	__u32 refuse_id;       /* VM_SET of this VM fails */
	unsigned int refusals; /* so often */
	int dump_error;
};

static struct module *module;

static int events_fd = -1;

int enl_open(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	enl->family = FAMILY;
	return 0;
}

int enl_open_events(struct enl *enl)
{
	return enl_open(enl);
}

void enl_close(struct enl *enl)
{
	(void)enl;
}

int enl_fd(const struct enl *enl)
{
	(void)enl;
	return events_fd;
}

int enl_read_events(struct enl *enl, enl_fn fn, void *arg)
{
	(void)enl;
	(void)fn;
	(void)arg;
	return -EAGAIN;
}

struct nl_msg *enl_msg(int family, __u8 cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(8192);

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 1, 1, family, 0, flags, cmd, 1));
	return msg;
}

/* Names without what own() added to them */
static void note(const char *what, const struct played_vm *vm)
{
	sprintf(module->log + strlen(module->log), "%s %.*s;", what,
		(int)strcspn(vm->name, "-"), vm->name);
}

static struct played_vm *find(struct nlattr **tb)
{
	struct stat st = { 0 };
	unsigned int i;
	__u32 id = 0;

	if (tb[ELISA_A_VM_ID])
		id = enl_get_u32(tb[ELISA_A_VM_ID]);
	else
		assert_int_equal(fstat(enl_get_u32(tb[ELISA_A_VM_FD]), &st), 0);
	for (i = 0; i < VMS; i++) {
		struct played_vm *vm = &module->vm[i];

		if (vm->ino && (id ? vm->id == id : vm->ino == st.st_ino))
			return vm;
	}
	return NULL;
}

static void take_policy(struct played_vm *vm, struct nlattr **tb,
			struct nlmsghdr *nlh)
{
	struct nlattr *attr;
	int rem;

	vm->pcid = enl_get_u8(tb[ELISA_A_PCID]);
	vm->origin = enl_get_u8(tb[ELISA_A_ORIGIN]);
	vm->n_grants = 0;
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		struct policy_grant *grant = &vm->grants[vm->n_grants];
		struct nlattr *g[ELISA_GRANT_A_MAX + 1];

		if (nla_type(attr) != ELISA_A_GRANT)
			continue;
		assert_true(vm->n_grants++ < ARRAY_SIZE(vm->grants));
		assert_int_equal(nla_parse_nested(g, ELISA_GRANT_A_MAX, attr,
						  NULL),
				 0);
		grant->kind = enl_get_u8(g[ELISA_GRANT_A_KIND]);
		grant->rights = enl_get_u32(g[ELISA_GRANT_A_RIGHTS]);
		enl_get_text(grant->pattern, sizeof(grant->pattern),
			     g[ELISA_GRANT_A_PATTERN]);
	}
}

static int play_enrol(struct nlattr **tb, struct nlmsghdr *nlh,
		      struct nl_msg *answer)
{
	struct played_vm *vm = module->vm;
	struct stat st;

	if (find(tb))
		return -EEXIST;
	while (vm->ino)
		vm++;
	assert_int_equal(fstat(enl_get_u32(tb[ELISA_A_VM_FD]), &st), 0);
	vm->ino = st.st_ino;
	vm->id = ++module->next_id;
	vm->pid = enl_get_u32(tb[ELISA_A_VM_PID]);
	enl_get_text(vm->name, sizeof(vm->name), tb[ELISA_A_VM_NAME]);
	take_policy(vm, tb, nlh);
	note("enrol", vm);
	return nla_put_u32(answer, ELISA_A_VM_ID, vm->id);
}

static int play_set(struct enl *enl, struct nlattr **tb, struct nlmsghdr *nlh,
		    struct nl_msg *answer)
{
	struct played_vm *vm = find(tb);

	if (!vm)
		return -ENOENT;
	if (vm->id == module->refuse_id && module->refusals) {
		module->refusals--;
		note("refuse", vm);
		strcpy(enl->error, "out of memory (Cannot allocate memory)");
		return -ENOMEM;
	}
	take_policy(vm, tb, nlh);
	note("set", vm);
	nla_put_u32(answer, ELISA_A_N_ATTACHMENTS, 2);
	nla_put_u32(answer, ELISA_A_N_EXPORTS, 1);
	return nla_put_u32(answer, ELISA_A_VM_ID, vm->id);
}

static int play_get(struct nlattr **tb, struct nl_msg *answer)
{
	struct played_vm *vm = find(tb);
	unsigned int i;

	if (!vm)
		return -ENOENT;
	nla_put_u32(answer, ELISA_A_VM_ID, vm->id);
	nla_put_u8(answer, ELISA_A_PCID, vm->pcid);
	nla_put_u8(answer, ELISA_A_ORIGIN, vm->origin);
	for (i = 0; i < vm->n_grants; i++) {
		struct nlattr *nest = nla_nest_start(answer, ELISA_A_GRANT);

		nla_put_u8(answer, ELISA_GRANT_A_KIND, vm->grants[i].kind);
		nla_put_string(answer, ELISA_GRANT_A_PATTERN,
			       vm->grants[i].pattern);
		nla_put_u32(answer, ELISA_GRANT_A_RIGHTS, vm->grants[i].rights);
		nla_nest_end(answer, nest);
	}
	return 0;
}

static int play_del(struct nlattr **tb)
{
	struct played_vm *vm = find(tb);

	if (!vm)
		return -ENOENT;
	note("del", vm);
	vm->ino = 0;
	return 0;
}

int enl_request(struct enl *enl, struct nl_msg *msg, enl_fn fn, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct genlmsghdr *ghdr = nlmsg_data(nlh);
	struct nl_msg *answer = enl_msg(FAMILY, ghdr->cmd, 0);
	struct nlattr *tb[ELISA_A_MAX + 1];
	int ret = 0;

	strcpy(enl->error, "played");
	assert_int_equal(enl_parse(nlh, ghdr->cmd, tb), 0);
	switch (ghdr->cmd) {
	case ELISA_CMD_INFO:
		nla_put_u32(answer, ELISA_A_ABI, ELISA_ABI_VERSION);
		break;
	case ELISA_CMD_VM_ENROL:
		ret = play_enrol(tb, nlh, answer);
		break;
	case ELISA_CMD_VM_SET:
		ret = play_set(enl, tb, nlh, answer);
		break;
	case ELISA_CMD_VM_POLICY_GET:
		ret = play_get(tb, answer);
		break;
	case ELISA_CMD_VM_DEL:
		ret = play_del(tb);
		break;
	default:
		fail_msg("command %u", ghdr->cmd);
	}
	if (!ret && fn)
		ret = fn(nlmsg_hdr(answer), arg);
	nlmsg_free(answer);
	nlmsg_free(msg);
	return ret;
}

int enl_dump(struct enl *enl, __u8 cmd, enl_fn fn, void (*restart)(void *),
	     void *arg)
{
	unsigned int i;
	int ret = 0;

	(void)restart;
	assert_int_equal(cmd, ELISA_CMD_VM_GET);
	if (module->dump_error) {
		strcpy(enl->error, "the list cannot be had");
		return module->dump_error;
	}
	for (i = 0; !ret && i < VMS; i++) {
		struct nl_msg *msg = enl_msg(FAMILY, cmd, 0);
		struct played_vm *vm = &module->vm[i];

		nla_put_u32(msg, ELISA_A_VM_ID, vm->id);
		nla_put_string(msg, ELISA_A_VM_NAME, vm->name);
		nla_put_u32(msg, ELISA_A_VM_PID, vm->pid);
		nla_put_u8(msg, ELISA_A_ORIGIN, vm->origin);
		if (vm->ino)
			ret = fn(nlmsg_hdr(msg), arg);
		nlmsg_free(msg);
	}
	return ret;
}

/* --- the VMs */

static int be_a_vm(char **argv)
{
	if (memfd_create("elisa-test-vm", 0) < 0 ||
	    write(atoi(argv[2]), "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* Names of this run: another one may be going on. */
static const char *own(const char *name)
{
	static char buf[VM_NAME_SIZE];

	snprintf(buf, sizeof(buf), "%s-%d", name, getpid());
	return buf;
}

/* A child that does not outlive a failed test */
static pid_t start(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
	}
	return pid;
}

static pid_t start_vm(const char *name)
{
	const char *arg = own(name);
	char ready_fd[16], c;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	snprintf(ready_fd, sizeof(ready_fd), "%d", ready[1]);
	pid = start();
	if (!pid) {
		close(ready[0]);
		execl("/proc/self/exe", "test-reload", "be-a-vm", ready_fd,
		      "--name", arg, NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop(pid_t pid, int signal, int want)
{
	int status;

	kill(pid, signal);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (want >= 0) {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), want);
	}
}

/* --- the daemon */

static char dir[32], config[64], extra[64], control[64], notified[64];
static int notify_fd;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (; *text; text++) {
		if (*text == '@')
			fputs(own(""), file);
		else if (*text == '$')
			fprintf(file, "%u", getuid());
		else
			fputc(*text, file);
	}
	assert_int_equal(fclose(file), 0);
}

/* Wait until the daemon tells its service manager this. */
static void expect_notified(const char *what)
{
	struct pollfd poll_fd = { .fd = notify_fd, .events = POLLIN };
	char text[256];
	ssize_t n;

	do {
		assert_int_equal(poll(&poll_fd, 1, 20000), 1);
		n = recv(notify_fd, text, sizeof(text) - 1, 0);
		assert_true(n > 0);
		text[n] = '\0';
	} while (!strstr(text, what));
}

/* Forget what it told before. */
static void drain_notified(void)
{
	char text[256];

	while (recv(notify_fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

static void hang_up(pid_t daemon, const char *what)
{
	drain_notified();
	kill(daemon, SIGHUP);
	expect_notified("RELOADING=1");
	expect_notified(what);
}

static pid_t start_daemon_with(const char *watchdog_usec)
{
	int events[2];
	pid_t pid;

	drain_notified();
	assert_int_equal(pipe2(events, O_CLOEXEC), 0);
	pid = start();
	if (!pid) {
		setenv("NOTIFY_SOCKET", notified, 1);
		if (watchdog_usec)
			setenv("WATCHDOG_USEC", watchdog_usec, 1);
		events_fd = events[0];
		exit(daemon_run(config, control));
	}
	close(events[0]);
	close(events[1]);
	return pid;
}

static pid_t start_daemon(void)
{
	pid_t pid = start_daemon_with(NULL);

	expect_notified("READY=1");
	return pid;
}

static json_t *ask(const char *request)
{
	static char answer[CONTROL_ANSWER_SIZE];
	json_t *json;

	assert_int_equal(control_ask(control, request, answer), 0);
	json = json_loads(answer, 0, NULL);
	assert_true(json_is_object(json));
	return json;
}

static void check_refused(const char *want)
{
	json_t *json = ask("reload");

	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_string_equal(json_string_value(json_object_get(json, "error")),
			    want);
	json_decref(json);
}

static int figure(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* What was done since the last look, in this order. */
static void expect_log(const char *want)
{
	assert_string_equal(module->log, want);
	module->log[0] = '\0';
}

#define A_RW "- { match: { name: a@, uid: $ }, attach: [ x ] }\n"
#define A_RO \
	"- { match: { name: a@, uid: $ }, attach: [ { name: x, rights: ro } ] }\n"
#define A_MORE "- { match: { name: a@, uid: $ }, attach: [ x, y ] }\n"
#define B_RW   "- { match: { name: b@, uid: $ }, attach: [ x ] }\n"
#define B_MORE "- { match: { name: b@, uid: $ }, attach: [ x, y ] }\n"
#define C_RW   "- { match: { name: c@, uid: $ }, export: [ x ] }\n"
#define B_NONE "- { match: { name: b@, uid: $ }, attach: [] }\n"

static int begin(void **state)
{
	(void)state;
	memset(module, 0, sizeof(*module));
	unlink(extra);
	return 0;
}

static void reloads(void **state)
{
	pid_t a, b, c, daemon;
	json_t *json;

	(void)state;
	a = start_vm("a");
	b = start_vm("b");
	write_file(config, "vms:\n" A_RW B_RW);
	daemon = start_daemon();
	/* In the order of /proc */
	assert_true(!strcmp(module->log, "enrol a;enrol b;") ||
		    !strcmp(module->log, "enrol b;enrol a;"));
	module->log[0] = '\0';
	assert_int_equal(module->vm[0].origin, ELISA_ORIGIN_POLICY);

	/* Nothing has changed: nothing is done. */
	json = ask("reload");
	assert_true(json_is_true(json_object_get(json, "ok")));
	assert_int_equal(figure(json, "kept"), 2);
	assert_int_equal(figure(json, "entries"), 2);
	json_decref(json);
	expect_log("");

	/* One more right for the one, one less for the other: that first. */
	write_file(config, "vms:\n" A_MORE B_RW);
	json_decref(ask("reload"));
	expect_log("set a;");
	write_file(config, "vms:\n" A_RO B_MORE);
	json = ask("reload");
	assert_int_equal(figure(json, "changed"), 2);
	assert_int_equal(figure(json, "attachments_revoked"), 4);
	assert_int_equal(figure(json, "exports_revoked"), 2);
	json_decref(json);
	expect_log("set a;set b;");
	write_file(config, "vms:\n" A_MORE B_RW);
	json_decref(ask("reload"));
	expect_log("set b;set a;");

	/* A VM that is new to the policy, from another file; one that is not. */
	c = start_vm("c");
	write_file(config, "vms:\n" A_MORE);
	write_file(extra, "vms:\n" C_RW);
	json = ask("reload");
	assert_int_equal(figure(json, "enrolled"), 1);
	assert_int_equal(figure(json, "removed"), 1);
	json_decref(json);
	expect_log("del b;enrol c;");
	/* An entry that grants nothing, by SIGHUP */
	write_file(config, "vms:\n" A_MORE B_RW);
	hang_up(daemon, "STATUS=Policy reloaded");
	expect_log("enrol b;");
	write_file(config, "vms:\n" A_MORE B_NONE);
	hang_up(daemon, "STATUS=Policy reloaded");
	expect_log("del b;");

	stop(daemon, SIGTERM, 0);
	assert_int_equal(access(control, F_OK), -1);
	stop(a, SIGKILL, -1);
	stop(b, SIGKILL, -1);
	stop(c, SIGKILL, -1);
}

/* Whatever is wrong anywhere, nothing changes. */
static void refused(void **state)
{
	char want[256];
	pid_t a, daemon;
	json_t *json;

	(void)state;
	a = start_vm("a");
	write_file(config, "vms:\n" A_RW);
	daemon = start_daemon();
	expect_log("enrol a;");

	write_file(config, "vms:\n" A_RO);
	write_file(extra, "vms:\n" B_RW "- { match: { name: c } }\n");
	snprintf(want, sizeof(want),
		 "%s:3:12: any local user can start a VM with this name or UUID (add uid, unit, slice or libvirt)",
		 extra);
	check_refused(want);
	expect_log("");
	hang_up(daemon, "STATUS=Reload failed");
	expect_log("");

	/* The files are good, but the module cannot be asked. */
	unlink(extra);
	module->dump_error = -EIO;
	check_refused("the list cannot be had");
	expect_log("");
	module->dump_error = 0;
	json = ask("reload");
	assert_true(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	expect_log("set a;");

	json = ask("restart");
	assert_true(json_is_false(json_object_get(json, "ok")));
	json_decref(json);
	stop(daemon, SIGTERM, 0);
	stop(a, SIGKILL, -1);
}

static void module_refuses(void **state)
{
	const json_t *failed;
	pid_t a, b, daemon;
	unsigned int i;
	json_t *json;

	(void)state;
	a = start_vm("a");
	b = start_vm("b");
	write_file(config, "vms:\n" A_MORE B_MORE);
	daemon = start_daemon();
	module->log[0] = '\0';
	for (i = 0; module->vm[i].name[0] != 'a'; i++)
		;
	module->refuse_id = module->vm[i].id;

	/* Once: it is tried again. */
	module->refusals = 1;
	write_file(config, "vms:\n" A_RW B_MORE);
	json = ask("reload");
	assert_int_equal(json_array_size(json_object_get(json, "failed")), 0);
	json_decref(json);
	expect_log("refuse a;set a;");

	/* For good: the others get theirs, and it is named. */
	module->refusals = 100;
	write_file(config, "vms:\n" A_RO B_RW);
	json = ask("reload");
	assert_true(json_is_true(json_object_get(json, "ok")));
	failed = json_object_get(json, "failed");
	assert_int_equal(json_array_size(failed), 1);
	failed = json_array_get(failed, 0);
	assert_int_equal(figure(failed, "vm"), module->refuse_id);
	assert_string_equal(json_string_value(json_object_get(failed, "why")),
			    "out of memory (Cannot allocate memory)");
	assert_int_equal(figure(json, "changed"), 1);
	json_decref(json);
	assert_int_equal(module->vm[i].grants[0].rights,
			 ELISA_RIGHT_READ | ELISA_RIGHT_WRITE);
	module->log[0] = '\0';
	/* The next reload has it on its list again. */
	module->refusals = 0;
	json_decref(ask("reload"));
	expect_log("set a;");
	stop(daemon, SIGTERM, 0);
	stop(a, SIGKILL, -1);
	stop(b, SIGKILL, -1);
}

/* A daemon that starts takes over what an earlier one has left. */
static void restarts(void **state)
{
	pid_t a, b, c, daemon;
	json_t *json;

	(void)state;
	a = start_vm("a");
	b = start_vm("b");
	c = start_vm("c");
	write_file(config, "vms:\n" A_RW B_RW C_RW);
	daemon = start_daemon();
	module->log[0] = '\0';
	stop(daemon, SIGKILL, -1);

	/* The same policy: nothing happens to VMs that run. */
	daemon = start_daemon();
	expect_log("");
	stop(daemon, SIGKILL, -1);

	/* Another one; and a VM that is gone, but not from the module. */
	stop(b, SIGKILL, -1);
	write_file(config, "vms:\n" A_RO B_RW C_RW);
	daemon = start_daemon();
	assert_true(!strcmp(module->log, "set a;del b;") ||
		    !strcmp(module->log, "del b;set a;"));
	module->log[0] = '\0';

	/* Enrolled by hand, or changed so: not our business. */
	module->vm[0].origin = ELISA_ORIGIN_HAND;
	module->vm[1].origin = ELISA_ORIGIN_HAND;
	module->vm[2].origin = ELISA_ORIGIN_HAND;
	write_file(config, "vms: []\n");
	json = ask("reload");
	assert_int_equal(figure(json, "by_hand"), 2);
	assert_int_equal(figure(json, "removed"), 0);
	json_decref(json);
	expect_log("");
	stop(daemon, SIGTERM, 0);
	stop(a, SIGKILL, -1);
	stop(c, SIGKILL, -1);
}

/*
 * A process that holds another's VM, as one does that was handed the
 * descriptor, does not speak for it.
 */
static void not_the_creator(void **state)
{
	pid_t a, daemon;

	(void)state;
	a = start_vm("a");
	write_file(config, "vms:\n" A_RW);
	daemon = start_daemon();
	expect_log("enrol a;");
	/* As if another process had created it. */
	module->vm[0].pid = daemon;
	json_decref(ask("reload"));
	expect_log("del a;");
	stop(daemon, SIGTERM, 0);
	stop(a, SIGKILL, -1);
}

static void control_socket(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char big[CONTROL_REQUEST_SIZE + 1], answer[CONTROL_ANSWER_SIZE];
	int idle[3 * CONTROL_CLIENTS];
	pid_t daemon, second;
	struct stat st;
	unsigned int i;

	(void)state;
	write_file(config, "vms: []\n");
	assert_int_equal(control_ask(control, "reload", answer), -ENOENT);
	daemon = start_daemon();
	assert_int_equal(stat(control, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	second = start_daemon_with(NULL);
	stop(second, 0, 1);
	assert_int_equal(access(control, F_OK), 0);

	/* Not a request: no answer, and no harm */
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(control_ask(control, big, answer), -ECONNRESET);
	assert_int_equal(control_ask(control, "re\nload", answer), -ECONNRESET);
	/* Who connects and says nothing holds nobody up. */
	strcpy(addr.sun_path, control);
	for (i = 0; i < ARRAY_SIZE(idle); i++) {
		idle[i] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		assert_int_equal(connect(idle[i], (struct sockaddr *)&addr,
					 sizeof(addr)),
				 0);
	}
	json_decref(ask("reload"));
	for (i = 0; i < ARRAY_SIZE(idle); i++)
		close(idle[i]);
	json_decref(ask("reload"));

	/* Killed, it leaves the socket behind: the next one takes it. */
	stop(daemon, SIGKILL, -1);
	assert_int_equal(control_ask(control, "reload", answer), -ECONNREFUSED);
	daemon = start_daemon();
	json_decref(ask("reload"));
	stop(daemon, SIGTERM, 0);
}

static void watchdog(void **state)
{
	pid_t daemon;

	(void)state;
	write_file(config, "vms: []\n");
	daemon = start_daemon_with("200000");
	expect_notified("READY=1");
	expect_notified("WATCHDOG=1");
	expect_notified("WATCHDOG=1");
	expect_notified("WATCHDOG=1");
	kill(daemon, SIGTERM);
	expect_notified("STOPPING=1");
	stop(daemon, 0, 0);
}

static void open_notify(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(addr.sun_path, notified);
	if (bind(notify_fd, (struct sockaddr *)&addr, sizeof(addr)))
		exit(1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reloads, begin),
		cmocka_unit_test_setup(refused, begin),
		cmocka_unit_test_setup(module_refuses, begin),
		cmocka_unit_test_setup(restarts, begin),
		cmocka_unit_test_setup(not_the_creator, begin),
		cmocka_unit_test_setup(control_socket, begin),
		cmocka_unit_test_setup(watchdog, begin),
	};
	char path[80];
	int ret;

	if (argc > 2 && !strcmp(argv[1], "be-a-vm"))
		return be_a_vm(argv);

	strcpy(dir, "/tmp/elisa-test-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(config, sizeof(config), "%s/elisa.conf", dir);
	snprintf(extra, sizeof(extra), "%s/conf.d/10-more.conf", dir);
	snprintf(control, sizeof(control), "%s/control", dir);
	snprintf(notified, sizeof(notified), "%s/notify", dir);
	snprintf(path, sizeof(path), "%s/conf.d", dir);
	mkdir(path, 0755);
	open_notify();
	module = mmap(NULL, sizeof(*module), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (module == MAP_FAILED)
		return 1;
	ret = cmocka_run_group_tests_name("reload", tests, NULL, NULL);
	unlink(extra);
	rmdir(path);
	unlink(config);
	unlink(control);
	unlink(notified);
	rmdir(dir);
	return ret;
}
