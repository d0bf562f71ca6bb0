// SPDX-License-Identifier: GPL-2.0-only
/*
 * elisactl monitor: what it prints, and what when events were lost.  The module
 * is played by the test.
 */
#include "test.h"

#include <errno.h>
#include <unistd.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <elisa/hypercall.h>
#include <elisa/netlink.h>

#include "cmd.h"
#include "nl.h"

#define FAMILY 0x1234

/* --- the module: what reading an event gives next, and its lists */

enum step { EVENT, NOTHING, LOST, BAD, BROKEN };

static const enum step *steps;
static bool deaf;    /* requests fail */
static int ready[2]; /* can always be read */
static bool torn;

int enl_open(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	if (!deaf)
		return 0;
	strcpy(enl->error, "the module does not answer");
	return -ENOENT;
}

int enl_open_events(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	return 0;
}

void enl_close(struct enl *enl)
{
	(void)enl;
}

int enl_fd(const struct enl *enl)
{
	(void)enl;
	return ready[0];
}

struct nl_msg *enl_msg(int family, __u8 cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096);

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 1, 1, family, 0, flags, cmd, 1));
	return msg;
}

static int give(struct nl_msg *msg, enl_fn fn, void *arg)
{
	int ret = fn(nlmsg_hdr(msg), arg);

	nlmsg_free(msg);
	return ret;
}

int enl_read_events(struct enl *enl, enl_fn fn, void *arg)
{
	struct nl_msg *msg;

	switch (*steps++) {
	case NOTHING:
		return -EAGAIN;
	case LOST:
		return -ENOBUFS;
	case BROKEN:
		strcpy(enl->error, "the end");
		return -EIO;
	case BAD:
		return give(enl_msg(FAMILY, ELISA_CMD_EVENT, 0), fn, arg);
	case EVENT:
		break;
	}
	msg = enl_msg(FAMILY, ELISA_CMD_EVENT, 0);
	nla_put_u8(msg, ELISA_A_EVENT_KIND, ELISA_EVENT_DENIED);
	nla_put_u32(msg, ELISA_A_VM_ID, 2);
	nla_put_string(msg, ELISA_A_VM_NAME, "web");
	nla_put_string(msg, ELISA_A_EXPORT_NAME, "kv");
	nla_put_u32(msg, ELISA_A_ERRNO, EACCES);
	nla_put_u8(msg, ELISA_A_DENIAL, ELISA_DENIAL_EXPORT);
	return give(msg, fn, arg);
}

static int give_vm(__u32 id, const char *name, __u8 state, enl_fn fn, void *arg)
{
	struct nl_msg *msg = enl_msg(FAMILY, ELISA_CMD_VM_GET, 0);

	nla_put_u32(msg, ELISA_A_VM_ID, id);
	nla_put_string(msg, ELISA_A_VM_NAME, name);
	nla_put_u8(msg, ELISA_A_VM_STATE, state);
	return give(msg, fn, arg);
}

static int give_export(__u32 id, __u32 vm, const char *name, enl_fn fn,
		       void *arg)
{
	struct nl_msg *msg = enl_msg(FAMILY, ELISA_CMD_EXPORT_GET, 0);

	nla_put_u32(msg, ELISA_A_EXPORT_ID, id);
	nla_put_string(msg, ELISA_A_EXPORT_NAME, name);
	nla_put_u32(msg, ELISA_A_VM_ID, vm);
	return give(msg, fn, arg);
}

int enl_dump(struct enl *enl, __u8 cmd, enl_fn fn, void (*restart)(void *),
	     void *arg)
{
	struct nl_msg *msg;

	(void)enl;
	switch (cmd) {
	case ELISA_CMD_VM_GET:
		assert_int_equal(give_vm(1, "db", ELISA_VM_ACTIVE, fn, arg), 0);
		assert_int_equal(give_vm(2, "web", ELISA_VM_ACTIVE, fn, arg),
				 0);
		return give_vm(3, "old", ELISA_VM_LEAVING, fn, arg);
	case ELISA_CMD_EXPORT_GET:
		assert_int_equal(give_export(7, 1, "kv", fn, arg), 0);
		if (torn) {
			restart(arg);
			assert_int_equal(give_export(7, 1, "kv", fn, arg), 0);
		}
		return give_export(8, 0, "log", fn, arg);
	case ELISA_CMD_ATTACHMENT_GET:
		msg = enl_msg(FAMILY, cmd, 0);
		nla_put_u32(msg, ELISA_A_ATTACHMENT_ID, 9);
		nla_put_u32(msg, ELISA_A_VM_ID, 2);
		nla_put_u32(msg, ELISA_A_EXPORT_ID, 7);
		nla_put_string(msg, ELISA_A_EXPORT_NAME, "kv");
		nla_put_u32(msg, ELISA_A_RIGHTS, ELISA_RIGHT_READ);
		return give(msg, fn, arg);
	}
	fail_msg("a list of %u is asked for", cmd);
	return -EINVAL;
}

bool cmd_print_help(FILE *to, const char *noun)
{
	(void)to;
	(void)noun;
	return false;
}

/* --- the command */

/* All that it prints, without the times */
static char *monitor(const enum step *what, bool json)
{
	static char word[16], text[8192];
	struct cmd_env env = { .json = json };
	char *argv[2] = { word }, line[1024];
	FILE *out = tmpfile(), *was = stdout;
	char *from, *to = text;

	assert_non_null(out);
	steps = what;
	strcpy(word, "monitor");
	stdout = out;
	assert_int_equal(cmd_monitor(&env, 1, argv), CMD_FAILED);
	stdout = was;
	rewind(out);
	*text = '\0';
	while (fgets(line, sizeof(line), out)) {
		from = json ? strchr(line, ',') : strchr(line, ' ');
		assert_non_null(from);
		to = stpcpy(to, from + 1);
	}
	fclose(out);
	return text;
}

static void denied(void **state)
{
	static const enum step what[] = { NOTHING, EVENT, BAD, EVENT, BROKEN };

	(void)state;
	assert_string_equal(monitor(what, false),
			    "denied vm 2 (web) export (kv): Permission denied (no rule lets it export under this name)\n"
			    "denied vm 2 (web) export (kv): Permission denied (no rule lets it export under this name)\n");
	assert_string_equal(monitor(what + 3, true),
			    "\"event\":\"denied\",\"vm\":2,\"vm_name\":\"web\",\"export_name\":\"kv\",\"errno\":13,\"error\":\"Permission denied\",\"reason\":\"no-export-rule\"}\n");
}

static void lost(void **state)
{
	static const enum step what[] = { LOST, NOTHING, EVENT, BROKEN };
	static const char *const all =
		"lost\n"
		"present vm 1 (db)\n"
		"present vm 2 (web)\n"
		"present vm 1 (db) export 7 (kv)\n"
		"present export 8 (log)\n"
		"present vm 2 (web) export 7 (kv) attachment 9 rights ro\n"
		"denied vm 2 (web) export (kv): Permission denied (no rule lets it export under this name)\n";

	(void)state;
	assert_string_equal(monitor(what, false), all);
	torn = true;
	assert_string_equal(monitor(what, false), all);
	torn = false;
	assert_non_null(
		strstr(monitor(what, true),
		       "\"event\":\"lost\"}\n\"event\":\"present\",\"vm\":1,\"vm_name\":\"db\"}\n"));
	assert_non_null(
		strstr(monitor(what, true),
		       "\"event\":\"present\",\"vm\":2,\"vm_name\":\"web\",\"export\":7,\"export_name\":\"kv\",\"attachment\":9,\"rights\":\"ro\"}\n"));
}

/* Without the lists there is no going on as if nothing had happened. */
static void unanswered(void **state)
{
	static const enum step what[] = { LOST, EVENT, BROKEN };

	(void)state;
	deaf = true;
	assert_string_equal(monitor(what, false), "lost\n");
	deaf = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denied),
		cmocka_unit_test(lost),
		cmocka_unit_test(unanswered),
	};

	if (pipe(ready) || write(ready[1], "", 1) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
