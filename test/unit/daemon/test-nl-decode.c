// SPDX-License-Identifier: GPL-2.0-only
/* Answers and events, well-formed, of another version, cut short, and worse. */
#include "test.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <elisa/netlink.h>

#include "nl.h"
#include "nl_attachment.h"
#include "nl_event.h"
#include "nl_export.h"
#include "nl_info.h"
#include "nl_vm.h"

#define FAMILY 0x1234

/* A message under construction, without help from libnl */
struct build {
	unsigned char buf[8192] __attr(aligned(8));
	size_t len;
};

static void begin(struct build *b, __u8 cmd)
{
	struct genlmsghdr ghdr = { .cmd = cmd, .version = 1 };
	struct nlmsghdr nlh = { .nlmsg_type = FAMILY };

	memset(b, 0, sizeof(*b));
	memcpy(b->buf, &nlh, sizeof(nlh));
	memcpy(b->buf + NLMSG_HDRLEN, &ghdr, sizeof(ghdr));
	b->len = NLMSG_HDRLEN + GENL_HDRLEN;
}

static void put(struct build *b, __u16 type, const void *data, __u16 len)
{
	struct nlattr attr = { .nla_type = type, .nla_len = NLA_HDRLEN + len };

	memcpy(b->buf + b->len, &attr, sizeof(attr));
	memcpy(b->buf + b->len + NLA_HDRLEN, data, len);
	b->len += NLA_HDRLEN + NLA_ALIGN(len);
}

static void put_u8(struct build *b, __u16 type, __u8 v)
{
	put(b, type, &v, sizeof(v));
}

static void put_u32(struct build *b, __u16 type, __u32 v)
{
	put(b, type, &v, sizeof(v));
}

static void put_u64(struct build *b, __u16 type, __u64 v)
{
	put(b, type, &v, sizeof(v));
}

static void put_str(struct build *b, __u16 type, const char *s)
{
	put(b, type, s, strlen(s) + 1);
}

/* On the heap and exactly as long as its header says */
static struct nlmsghdr *end(const struct build *b)
{
	struct nlmsghdr *nlh = test_copy(b->buf, b->len);

	nlh->nlmsg_len = b->len;
	return nlh;
}

static int info(const struct build *b, struct enl_info *info)
{
	struct nlmsghdr *nlh = end(b);
	int ret = enl_info_decode(nlh, info);

	free(nlh);
	return ret;
}

static int vm(const struct build *b, struct enl_vm *vm)
{
	struct nlmsghdr *nlh = end(b);
	int ret = enl_vm_decode(nlh, vm);

	free(nlh);
	return ret;
}

static int export(const struct build *b, struct enl_export *export)
{
	struct nlmsghdr *nlh = end(b);
	int ret = enl_export_decode(nlh, export);

	free(nlh);
	return ret;
}

static int event(const struct build *b, struct enl_event *event)
{
	struct nlmsghdr *nlh = end(b);
	int ret = enl_event_decode(nlh, event);

	free(nlh);
	return ret;
}

static void infos(void **state)
{
	struct enl_info i;
	struct build b;

	(void)state;
	begin(&b, ELISA_CMD_INFO);
	assert_int_equal(info(&b, &i), -EBADMSG);
	put_u32(&b, ELISA_A_ABI, 1);
	put_u32(&b, ELISA_A_HOOKS, 1);
	put_u32(&b, ELISA_A_N_VMS, 3);
	put_u32(&b, ELISA_A_N_EXPORTS, 4);
	assert_int_equal(info(&b, &i), 0);
	assert_int_equal(i.abi, 1);
	assert_int_equal(i.hooks, 1);
	assert_int_equal(i.n_vms, 3);
	assert_int_equal(i.n_exports, 4);

	/* An attribute of a later version is no error. */
	put_u32(&b, ELISA_A_MAX + 7, 4);
	assert_int_equal(info(&b, &i), 0);
	/* The answer to something else is. */
	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_ABI, 1);
	assert_int_equal(info(&b, &i), -EBADMSG);
}

static void build_vm(struct build *b)
{
	static const __u8 uuid[UUID_SIZE] = { 0x6f, 1 };
	struct build nest;
	unsigned int i;

	begin(b, ELISA_CMD_VM_GET);
	put_u32(b, ELISA_A_VM_ID, 2);
	put_str(b, ELISA_A_VM_NAME, "manager");
	put(b, ELISA_A_VM_UUID, uuid, sizeof(uuid));
	put_u32(b, ELISA_A_VM_PID, 4711);
	put_u8(b, ELISA_A_VM_STATE, ELISA_VM_LEAVING);
	put_u32(b, ELISA_A_UNMIGRATABLE,
		ELISA_UNMIGRATABLE_EXPORTS | ELISA_UNMIGRATABLE_MOVED |
			1U << 31);
	nest.len = 0;
	for (i = ELISA_STAT_A_ATTACHES; i <= ELISA_STAT_A_MAX; i++)
		put_u64(&nest, i, 0x100000000ULL + i);
	put(b, ELISA_A_STATS | NLA_F_NESTED, nest.buf, nest.len);
}

static void vms(void **state)
{
	struct build b;
	char why[UNMIGRATABLE_TEXT_SIZE];
	struct enl_vm v;

	(void)state;
	build_vm(&b);
	assert_int_equal(vm(&b, &v), 0);
	assert_int_equal(v.id, 2);
	enl_vm_unmigratable_text(v.unmigratable, why);
	assert_string_equal(why, "exports,buffer-moved,other");
	enl_vm_unmigratable_text(~0U, why);
	assert_string_equal(why,
			    "exports,suspended-calls,dirty-ring,buffer-moved,scattered,other");
	enl_vm_unmigratable_text(0, why);
	assert_string_equal(why, "");
	assert_string_equal(v.name, "manager");
	assert_true(v.has_uuid);
	assert_int_equal(v.uuid[0], 0x6f);
	assert_int_equal(v.pid, 4711);
	assert_string_equal(enl_vm_state_name(v.state), "leaving");
	assert_true(v.has_stats);
	assert_true(v.stat[ELISA_STAT_A_ATTACHES] ==
		    0x100000000ULL + ELISA_STAT_A_ATTACHES);
	assert_true(v.stat[ELISA_STAT_A_BUSY] ==
		    0x100000000ULL + ELISA_STAT_A_BUSY);

	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_VM_ID, 2);
	assert_int_equal(vm(&b, &v), 0);
	assert_false(v.has_stats);
	assert_false(v.has_uuid);
	assert_string_equal(v.name, "");
}

static void vm_bad(void **state)
{
	char text[80];
	struct build b, nest;
	struct enl_vm v;
	unsigned int len;

	(void)state;
	memset(text, 'x', sizeof(text));

	/* A number of another size */
	for (len = 0; len < 9; len++) {
		begin(&b, ELISA_CMD_VM_GET);
		put(&b, ELISA_A_VM_ID, "12345678", len);
		assert_int_equal(vm(&b, &v), len == 4 ? 0 : -EBADMSG);
	}
	for (len = 0; len < 20; len++) {
		begin(&b, ELISA_CMD_VM_GET);
		put_u32(&b, ELISA_A_VM_ID, 1);
		put(&b, ELISA_A_VM_UUID, text, len);
		assert_int_equal(vm(&b, &v), len == 16 ? 0 : -EBADMSG);
	}
	/* A string without its end, too long, or empty */
	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_VM_ID, 1);
	put(&b, ELISA_A_VM_NAME, text, 8);
	assert_int_equal(vm(&b, &v), -EBADMSG);
	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_VM_ID, 1);
	text[64] = '\0';
	put(&b, ELISA_A_VM_NAME, text, 65);
	assert_int_equal(vm(&b, &v), -EBADMSG);
	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_VM_ID, 1);
	put(&b, ELISA_A_VM_NAME, text, 0);
	assert_int_equal(vm(&b, &v), -EBADMSG);
	/* A statistic of 32 bits */
	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_VM_ID, 1);
	nest.len = 0;
	put_u32(&nest, ELISA_STAT_A_AEX, 1);
	put(&b, ELISA_A_STATS, nest.buf, nest.len);
	assert_int_equal(vm(&b, &v), -EBADMSG);
}

static void exports(void **state)
{
	struct enl_export e;
	struct build b;

	(void)state;
	begin(&b, ELISA_CMD_EXPORT_GET);
	put_u32(&b, ELISA_A_EXPORT_ID, 5);
	assert_int_equal(export(&b, &e), -EBADMSG);
	put_str(&b, ELISA_A_EXPORT_NAME, "kv.store");
	put_u32(&b, ELISA_A_VM_ID, 2);
	put_u8(&b, ELISA_A_TRUST, ELISA_TRUST_FULL);
	put_u32(&b, ELISA_A_N_ENTRIES, 3);
	put_u32(&b, ELISA_A_IMAGE_PAGES, 4);
	put_u32(&b, ELISA_A_DATA_PAGES, 6);
	put_u32(&b, ELISA_A_N_ATTACHMENTS, 7);
	assert_int_equal(export(&b, &e), 0);
	assert_int_equal(e.id, 5);
	assert_string_equal(e.name, "kv.store");
	assert_int_equal(e.vm_id, 2);
	assert_int_equal(e.trust, ELISA_TRUST_FULL);
	assert_string_equal(enl_trust_name(e.trust), "full");
	assert_string_equal(enl_trust_name(ELISA_TRUST_SEALED), "sealed");
	assert_string_equal(enl_trust_name(9), "unknown");
	assert_int_equal(e.n_entries, 3);
	assert_int_equal(e.image_pages, 4);
	assert_int_equal(e.data_pages, 6);
	assert_int_equal(e.n_attachments, 7);
	/* An older module does not say. */
	assert_string_equal(enl_data_name(e.data_source), "vm");
	assert_int_equal(e.data_inode, 0);
	put_u8(&b, ELISA_A_DATA_SOURCE, ELISA_DATA_MEMFD);
	put_u64(&b, ELISA_A_DATA_INODE, 1ULL << 33);
	assert_int_equal(export(&b, &e), 0);
	assert_string_equal(enl_data_name(e.data_source), "memfd");
	assert_int_equal(e.data_inode, 1ULL << 33);
	assert_string_equal(enl_data_name(ELISA_DATA_MODULE), "module");
	assert_string_equal(enl_data_name(9), "unknown");
}

static void export_added(void **state)
{
	struct nlmsghdr *nlh;
	struct build b;
	__u32 id = 0;

	(void)state;
	begin(&b, ELISA_CMD_EXPORT_ADD);
	nlh = end(&b);
	assert_int_equal(enl_export_add_decode(nlh, &id), -EBADMSG);
	free(nlh);
	put_u32(&b, ELISA_A_EXPORT_ID, 77);
	nlh = end(&b);
	assert_int_equal(enl_export_add_decode(nlh, &id), 0);
	assert_int_equal(id, 77);
	free(nlh);
}

static void put_nest(struct build *b, __u16 type, const struct build *inner)
{
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;

	put(b, type | NLA_F_NESTED, inner->buf + head, inner->len - head);
}

static void put_grant(struct build *b, __u8 kind, const char *pattern,
		      long rights)
{
	struct build grant;

	begin(&grant, 0);
	put_u8(&grant, ELISA_GRANT_A_KIND, kind);
	put_str(&grant, ELISA_GRANT_A_PATTERN, pattern);
	if (rights >= 0)
		put_u32(&grant, ELISA_GRANT_A_RIGHTS, rights);
	put_nest(b, ELISA_A_GRANT, &grant);
}

static void policies(void **state)
{
	static struct enl_vm_policy p;
	struct build b, limits;
	struct nlmsghdr *nlh;

	(void)state;
	begin(&b, ELISA_CMD_VM_POLICY_GET);
	put_u32(&b, ELISA_A_VM_ID, 3);
	put_u8(&b, ELISA_A_PCID, ELISA_PCID_DENY);
	put_u8(&b, ELISA_A_ORIGIN, ELISA_ORIGIN_POLICY);
	begin(&limits, 0);
	put_u32(&limits, ELISA_LIMIT_A_EXPORTS, 0);
	put_u32(&limits, ELISA_LIMIT_A_EVENTS, 10);
	put_u32(&limits, 40, 10);
	put_nest(&b, ELISA_A_LIMITS, &limits);
	put_grant(&b, ELISA_GRANT_EXPORT, "kv.*", -1);
	put_grant(&b, ELISA_GRANT_ATTACH, "a", ELISA_RIGHT_READ);
	put_grant(&b, ELISA_GRANT_ATTACH, "a", ELISA_RIGHT_WRITE);
	nlh = end(&b);
	assert_int_equal(enl_policy_decode(nlh, &p), 0);
	free(nlh);
	assert_int_equal(p.id, 3);
	assert_int_equal(p.origin, ELISA_ORIGIN_POLICY);
	assert_int_equal(p.entry.pcid, ELISA_PCID_DENY);
	assert_true(p.entry.limits.set[ELISA_LIMIT_A_EXPORTS]);
	assert_int_equal(p.entry.limits.value[ELISA_LIMIT_A_EVENTS], 10);
	assert_false(p.entry.limits.set[ELISA_LIMIT_A_ATTACHMENTS]);
	assert_int_equal(p.entry.n_grants, 2);
	assert_string_equal(p.entry.grants[0].pattern, "kv.*");
	assert_int_equal(p.entry.grants[1].rights,
			 ELISA_RIGHT_READ | ELISA_RIGHT_WRITE);

	/* Each wrong in one thing */
	begin(&b, ELISA_CMD_VM_POLICY_GET);
	put_u8(&b, ELISA_A_PCID, 0);
	nlh = end(&b);
	assert_int_equal(enl_policy_decode(nlh, &p), -EBADMSG);
	free(nlh);
	begin(&b, ELISA_CMD_VM_POLICY_GET);
	put_u32(&b, ELISA_A_VM_ID, 3);
	put_grant(&b, ELISA_GRANT_ATTACH, "a", -1);
	nlh = end(&b);
	assert_int_equal(enl_policy_decode(nlh, &p), -EBADMSG);
	free(nlh);
	begin(&b, ELISA_CMD_VM_POLICY_GET);
	put_u32(&b, ELISA_A_VM_ID, 3);
	begin(&limits, 0);
	put_u8(&limits, ELISA_LIMIT_A_EXPORTS, 0);
	put_nest(&b, ELISA_A_LIMITS, &limits);
	nlh = end(&b);
	assert_int_equal(enl_policy_decode(nlh, &p), -EBADMSG);
	free(nlh);
}

/* A newer module with more grants than we know of: no more than fit. */
static void many_grants(void **state)
{
	static struct enl_vm_policy p;
	char pattern[ELISA_NAME_SIZE];
	struct nlmsghdr *nlh;
	struct build b;
	unsigned int i;

	(void)state;
	begin(&b, ELISA_CMD_VM_POLICY_GET);
	put_u32(&b, ELISA_A_VM_ID, 3);
	for (i = 0; i <= ELISA_GRANTS_MAX; i++) {
		sprintf(pattern, "p%u", i);
		put_grant(&b, ELISA_GRANT_ATTACH, pattern, 1);
	}
	nlh = end(&b);
	assert_int_equal(enl_policy_decode(nlh, &p), -EBADMSG);
	free(nlh);
}

static void sets(void **state)
{
	struct enl_set_result r;
	struct nlmsghdr *nlh;
	struct build b;

	(void)state;
	begin(&b, ELISA_CMD_VM_SET);
	put_u32(&b, ELISA_A_N_ATTACHMENTS, 2);
	nlh = end(&b);
	assert_int_equal(enl_set_decode(nlh, &r), -EBADMSG);
	free(nlh);
	put_u32(&b, ELISA_A_VM_ID, 3);
	put_u32(&b, ELISA_A_N_EXPORTS, 1);
	nlh = end(&b);
	assert_int_equal(enl_set_decode(nlh, &r), 0);
	free(nlh);
	assert_int_equal(r.id, 3);
	assert_int_equal(r.attachments, 2);
	assert_int_equal(r.exports, 1);
}

/* A number of another size than we read it with */
static void short_number(void **state)
{
	struct nlmsghdr *nlh;
	struct enl_vm vm;
	struct build b;

	(void)state;
	begin(&b, ELISA_CMD_VM_GET);
	put_u32(&b, ELISA_A_VM_ID, 3);
	put_u8(&b, ELISA_A_UNMIGRATABLE, 1);
	nlh = end(&b);
	assert_int_equal(enl_vm_decode(nlh, &vm), -EBADMSG);
	free(nlh);
}

static void attachments(void **state)
{
	struct enl_attachment a;
	struct nlmsghdr *nlh;
	struct build b;

	(void)state;
	begin(&b, ELISA_CMD_ATTACHMENT_GET);
	put_u32(&b, ELISA_A_ATTACHMENT_ID, 9);
	put_u32(&b, ELISA_A_VM_ID, 2);
	put_u32(&b, ELISA_A_EXPORT_ID, 5);
	put_str(&b, ELISA_A_EXPORT_NAME, "kv.store");
	put_u32(&b, ELISA_A_RIGHTS, ELISA_RIGHT_READ | ELISA_RIGHT_WRITE);
	put_u64(&b, ELISA_A_WINDOW, 0x3e0000004000ULL);
	put_u32(&b, ELISA_A_XBUF_PAGES, 1);
	put_u32(&b, ELISA_A_N_INSTANCES, 8);
	put_u8(&b, ELISA_A_CALLS, ELISA_CALLS_INTERPOSED);
	nlh = end(&b);
	assert_int_equal(enl_attachment_decode(nlh, &a), 0);
	free(nlh);
	assert_int_equal(a.id, 9);
	assert_int_equal(a.vm_id, 2);
	assert_int_equal(a.export_id, 5);
	assert_string_equal(a.export_name, "kv.store");
	assert_string_equal(enl_rights_name(a.rights), "rw");
	assert_true(a.window == 0x3e0000004000ULL);
	assert_int_equal(a.xbuf_pages, 1);
	assert_int_equal(a.n_instances, 8);
	assert_string_equal(enl_calls_name(a.calls), "interposed");
	assert_string_equal(enl_calls_name(99), "unknown");
}

static void events(void **state)
{
	struct enl_event e;
	char text[512];
	struct build b;

	(void)state;
	begin(&b, ELISA_CMD_EVENT);
	put_u32(&b, ELISA_A_VM_ID, 2);
	assert_int_equal(event(&b, &e), -EBADMSG);
	put_u8(&b, ELISA_A_EVENT_KIND, ELISA_EVENT_DENIED);
	put_str(&b, ELISA_A_VM_NAME, "guest1");
	put_str(&b, ELISA_A_EXPORT_NAME, "kv.store");
	put_u32(&b, ELISA_A_ERRNO, EACCES);
	assert_int_equal(event(&b, &e), 0);
	enl_event_format(&e, text, sizeof(text));
	assert_string_equal(text,
			    "denied vm 2 (guest1) export (kv.store): Permission denied");
	/* A newer module says which rule is missing. */
	put_u8(&b, ELISA_A_DENIAL, ELISA_DENIAL_KERNEL);
	assert_int_equal(event(&b, &e), 0);
	enl_event_format(&e, text, sizeof(text));
	assert_string_equal(text,
			    "denied vm 2 (guest1) export (kv.store): Permission denied (its kernel asked, and the rule has no 'kernel: yes')");
	enl_event_log(&e, text, sizeof(text));
	assert_string_equal(text,
			    "denied vm=2 name=\"guest1\" export=\"kv.store\" error=\"Permission denied\" reason=no-kernel-right");
	/* One that is newer still has reasons that we do not know. */
	e.denial = 77;
	enl_event_format(&e, text, sizeof(text));
	assert_string_equal(text,
			    "denied vm 2 (guest1) export (kv.store): Permission denied");
	assert_string_equal(enl_denial_name(e.denial), "unknown");

	begin(&b, ELISA_CMD_EVENT);
	put_u8(&b, ELISA_A_EVENT_KIND, ELISA_EVENT_ATTACHED);
	put_u32(&b, ELISA_A_VM_ID, 2);
	put_u32(&b, ELISA_A_EXPORT_ID, 5);
	put_u32(&b, ELISA_A_ATTACHMENT_ID, 9);
	put_u32(&b, ELISA_A_RIGHTS, ELISA_RIGHT_READ);
	assert_int_equal(event(&b, &e), 0);
	enl_event_format(&e, text, sizeof(text));
	assert_string_equal(text,
			    "attached vm 2 export 5 attachment 9 rights ro");
	enl_event_log(&e, text, sizeof(text));
	assert_string_equal(text,
			    "attached vm=2 export-id=5 attachment=9 rights=ro");
	/* A name cannot pretend to be another value. */
	strcpy(e.vm_name, "a\" vm=1\n");
	enl_event_log(&e, text, sizeof(text));
	assert_string_equal(text,
			    "attached vm=2 name=\"a? vm=1?\" export-id=5 attachment=9 rights=ro");
	/* Too small a buffer: cut, not overrun */
	enl_event_log(&e, text, 10);
	assert_string_equal(text, "attached ");
	enl_event_format(&e, text, 10);
	assert_string_equal(text, "attached ");

	begin(&b, ELISA_CMD_EVENT);
	put_u8(&b, ELISA_A_EVENT_KIND, 200);
	assert_int_equal(event(&b, &e), 0);
	assert_string_equal(enl_event_name(e.kind), "unknown");
}

static bool tells_gone(const struct build *b, __u16 type)
{
	struct nlmsghdr *nlh = end(b);
	bool gone;

	nlh->nlmsg_type = type;
	gone = enl_tells_gone(nlh);
	free(nlh);
	return gone;
}

/* The controller tells of all families that come and go. */
static void unloaded(void **state)
{
	struct build b;

	(void)state;
	begin(&b, CTRL_CMD_DELFAMILY);
	assert_false(tells_gone(&b, GENL_ID_CTRL));
	put_str(&b, CTRL_ATTR_FAMILY_NAME, ELISA_GENL_NAME);
	assert_true(tells_gone(&b, GENL_ID_CTRL));
	assert_false(tells_gone(&b, FAMILY));

	begin(&b, CTRL_CMD_DELFAMILY);
	put_str(&b, CTRL_ATTR_FAMILY_NAME, "elisa2");
	assert_false(tells_gone(&b, GENL_ID_CTRL));

	begin(&b, CTRL_CMD_NEWFAMILY);
	put_str(&b, CTRL_ATTR_FAMILY_NAME, ELISA_GENL_NAME);
	assert_false(tells_gone(&b, GENL_ID_CTRL));

	b.len = NLMSG_HDRLEN + 1;
	assert_false(tells_gone(&b, GENL_ID_CTRL));
}

static void enrolled(void **state)
{
	struct nlmsghdr *nlh;
	struct build b;
	__u32 id;

	(void)state;
	begin(&b, ELISA_CMD_VM_ENROL);
	nlh = end(&b);
	assert_int_equal(enl_enrol_decode(nlh, &id), -EBADMSG);
	free(nlh);
	put_u32(&b, ELISA_A_VM_ID, 77);
	nlh = end(&b);
	assert_int_equal(enl_enrol_decode(nlh, &id), 0);
	assert_int_equal(id, 77);
	free(nlh);
}

/* Whatever arrives, nothing beyond the message is read (ASan watches). */
static void hostile(void **state)
{
	struct enl_attachment a;
	struct enl_export ex;
	struct enl_event ev;
	struct enl_info in;
	struct build b, c;
	struct enl_vm v;
	unsigned int i;
	size_t n;

	(void)state;
	build_vm(&b);
	/* Cut off anywhere */
	for (n = NLMSG_HDRLEN; n <= b.len; n++) {
		c = b;
		c.len = n;
		vm(&c, &v);
	}
	/* An attribute longer than the message, and than all there is */
	c = b;
	c.buf[NLMSG_HDRLEN + GENL_HDRLEN] = 0xff;
	assert_int_equal(vm(&c, &v), -EBADMSG);
	c.buf[NLMSG_HDRLEN + GENL_HDRLEN + 1] = 0xff;
	assert_int_equal(vm(&c, &v), -EBADMSG);
	/* Bytes changed at random */
	srand(1);
	for (i = 0; i < 50000; i++) {
		struct nlmsghdr *nlh;
		unsigned int k;

		c = b;
		for (k = rand() % 4; k < 4; k++)
			c.buf[NLMSG_HDRLEN + rand() % (c.len - NLMSG_HDRLEN)] =
				rand();
		c.buf[NLMSG_HDRLEN] = 1 + i % ELISA_CMD_MAX;
		nlh = end(&c);
		enl_vm_decode(nlh, &v);
		enl_export_decode(nlh, &ex);
		enl_attachment_decode(nlh, &a);
		enl_event_decode(nlh, &ev);
		enl_info_decode(nlh, &in);
		free(nlh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(infos),	cmocka_unit_test(vms),
		cmocka_unit_test(vm_bad),	cmocka_unit_test(exports),
		cmocka_unit_test(export_added), cmocka_unit_test(policies),
		cmocka_unit_test(many_grants),	cmocka_unit_test(sets),
		cmocka_unit_test(short_number), cmocka_unit_test(attachments),
		cmocka_unit_test(events),	cmocka_unit_test(unloaded),
		cmocka_unit_test(enrolled),	cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests_name("nl-decode", tests, NULL, NULL);
}
