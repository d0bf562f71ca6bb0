// SPDX-License-Identifier: GPL-2.0-only
/* Requests, taken apart again by hand: the kernel's view of them. */
#include "test.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include <elisa/netlink.h>

#include "../guest-lib/subimage.h"
#include "nl.h"
#include "nl_attachment.h"
#include "nl_export.h"
#include "nl_info.h"
#include "nl_vm.h"

#define FAMILY 0x1234

/* Every attribute in order, as "TYPE:LENGTH" and its bytes in hex. */
static void dump_attrs(char *out, const unsigned char *data, int len)
{
	while (len > 0) {
		struct nlattr attr;
		int i;

		assert_true(len >= (int)sizeof(attr));
		memcpy(&attr, data, sizeof(attr));
		assert_in_range(attr.nla_len, sizeof(attr), len);
		out += sprintf(out,
			       "%s%d:", attr.nla_type & NLA_F_NESTED ? "n" : "",
			       attr.nla_type & NLA_TYPE_MASK);
		if (attr.nla_type & NLA_F_NESTED) {
			*out++ = '{';
			dump_attrs(out, data + 4, attr.nla_len - 4);
			out += strlen(out);
			*out++ = '}';
		} else {
			for (i = 4; i < attr.nla_len; i++)
				out += sprintf(out, "%02x", data[i]);
		}
		*out++ = ' ';
		data += NLA_ALIGN(attr.nla_len);
		len -= NLA_ALIGN(attr.nla_len);
	}
	*out = '\0';
}

static char *check(struct nl_msg *msg, int cmd)
{
	static char out[32768];
	const struct genlmsghdr *ghdr;
	const struct nlmsghdr *nlh;

	assert_non_null(msg);
	nlh = nlmsg_hdr(msg);
	assert_int_equal(nlh->nlmsg_type, FAMILY);
	ghdr = nlmsg_data(nlh);
	assert_int_equal(ghdr->cmd, cmd);
	assert_int_equal(ghdr->version, ELISA_GENL_VERSION);
	dump_attrs(out, (const unsigned char *)(ghdr + 1),
		   nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
	nlmsg_free(msg);
	return out;
}

static void simple(void **state)
{
	(void)state;
	assert_string_equal(check(enl_info_msg(FAMILY), ELISA_CMD_INFO), "");
	assert_string_equal(check(enl_vm_del_msg(FAMILY, 0x01020304),
				  ELISA_CMD_VM_DEL),
			    "6:04030201 ");
	assert_string_equal(check(enl_export_del_msg(FAMILY, 9),
				  ELISA_CMD_EXPORT_DEL),
			    "16:09000000 ");
	assert_string_equal(check(enl_attachment_del_msg(FAMILY, 7, false),
				  ELISA_CMD_ATTACHMENT_DEL),
			    "22:07000000 ");
	assert_string_equal(check(enl_attachment_del_msg(FAMILY, 8, true),
				  ELISA_CMD_ATTACHMENT_DEL),
			    "22:08000000 34: ");
}

#define ADD_HEAD "17:6b7600 29:07000000 20:00010000 32:01 "
#define ADD_SEGMENTS                               \
	"n30:{1:00000000 2:01000000 3:05000000 } " \
	"n30:{1:03000000 2:02000000 3:01000000 } "
#define ADD_ENTRY "n31:{1:6e6f7000 2:23010000 } "

static void export_add(void **state)
{
	static struct subimage image = {
		.n_segments = 2,
		.segments = {
			{ .first_page = 0, .npages = 1,
			  .prot = ELISA_PROT_R | ELISA_PROT_X },
			{ .first_page = 3, .npages = 2, .prot = ELISA_PROT_R },
		},
		.n_entries = 1,
		.entries = { { .name = "nop", .offset = 0x123 } },
	};
	const int data_fd = 0;
	struct enl_export_add add = {
		.name = "kv",
		.fd = 7,
		.image = &image,
		.data_pages = 256,
		.trust = ELISA_TRUST_FULL,
	};

	(void)state;
	assert_string_equal(check(enl_export_add_msg(FAMILY, &add),
				  ELISA_CMD_EXPORT_ADD),
			    ADD_HEAD ADD_SEGMENTS ADD_ENTRY);
	add.data_fd = &data_fd;
	assert_string_equal(check(enl_export_add_msg(FAMILY, &add),
				  ELISA_CMD_EXPORT_ADD),
			    ADD_HEAD "37:00000000 " ADD_SEGMENTS ADD_ENTRY);
	add.fd = -1;
	assert_null(enl_export_add_msg(FAMILY, &add));
	add.fd = 7;
	add.name = "01234567890123456789012345678901";
	assert_null(enl_export_add_msg(FAMILY, &add));
}

/* The most that an image can hold fits. */
static void export_add_largest(void **state)
{
	static struct subimage image = {
		.n_segments = SUBIMAGE_SEGMENTS_MAX,
		.n_entries = ELISA_ENTRIES_MAX,
	};
	struct enl_export_add add = {
		.name = "0123456789012345678901234567890",
		.image = &image,
	};
	unsigned int i, n = 0;
	const char *text;

	(void)state;
	for (i = 0; i < ELISA_ENTRIES_MAX; i++)
		sprintf(image.entries[i].name,
			"012345678901234567890123456.%03u", i);
	text = check(enl_export_add_msg(FAMILY, &add), ELISA_CMD_EXPORT_ADD);
	while ((text = strstr(text, "n31:"))) {
		text++;
		n++;
	}
	assert_int_equal(n, ELISA_ENTRIES_MAX);
}

static void enrol_small(void **state)
{
	struct enl_enrol e = { .fd = 5, .name = "vm" };

	(void)state;
	assert_string_equal(check(enl_enrol_msg(FAMILY, &e),
				  ELISA_CMD_VM_ENROL),
			    "7:05000000 8:766d00 14:00 35:00 ");
}

#define ENROL_BASE                       \
	"7:07000000 8:6d616e6167657200 " \
	"9:6f0102030405060708090a0b0c0d0e0f 10:02010000 "
#define ENROL_GRANTS                \
	"n12:{1:01 2:6b762e2a00 } " \
	"n12:{1:02 2:6100 3:01000000 } "

static void enrol_full(void **state)
{
	static const __u8 uuid[UUID_SIZE] = { 0x6f, 1, 2,  3,  4,  5,  6,  7,
					      8,    9, 10, 11, 12, 13, 14, 15 };
	static const struct policy_grant grants[] = {
		{ ELISA_GRANT_EXPORT, 0, "kv.*" },
		{ ELISA_GRANT_ATTACH, ELISA_RIGHT_READ, "a" },
	};
	struct policy_limits limits = { .set = { false } };
	struct enl_enrol e = {
		.fd = 7,
		.name = "manager",
		.uuid = uuid,
		.pid = 258,
		.grants = grants,
		.n_grants = 2,
		.limits = &limits,
		.pcid = ELISA_PCID_TRUST,
		.origin = ELISA_ORIGIN_POLICY,
	};

	(void)state;
	limits.set[ELISA_LIMIT_A_INSTANCES] = true;
	limits.value[ELISA_LIMIT_A_INSTANCES] = 0;
	limits.set[ELISA_LIMIT_A_PINNED_PAGES] = true;
	limits.value[ELISA_LIMIT_A_PINNED_PAGES] = 16384;
	assert_string_equal(check(enl_enrol_msg(FAMILY, &e),
				  ELISA_CMD_VM_ENROL),
			    ENROL_BASE ENROL_GRANTS
			    "n13:{2:00000000 4:00400000 } 14:02 35:01 ");

	/* Limits of which none is set do not make an empty nest. */
	memset(&limits, 0, sizeof(limits));
	assert_null(strstr(check(enl_enrol_msg(FAMILY, &e), ELISA_CMD_VM_ENROL),
			   "n13:"));
}

static void set(void **state)
{
	static const struct policy_grant grants[] = {
		{ ELISA_GRANT_EXPORT, 0, "kv.*" },
		{ ELISA_GRANT_ATTACH, ELISA_RIGHT_READ, "a" },
	};
	struct policy_limits limits = { .set = { false } };
	struct enl_set e = {
		.vm = { .id = 3, .fd = -1 },
		.grants = grants,
		.n_grants = 2,
		.limits = &limits,
		.pcid = ELISA_PCID_DENY,
		.origin = ELISA_ORIGIN_POLICY,
	};

	(void)state;
	limits.set[ELISA_LIMIT_A_EVENTS] = true;
	limits.value[ELISA_LIMIT_A_EVENTS] = 7;
	assert_string_equal(check(enl_set_msg(FAMILY, &e), ELISA_CMD_VM_SET),
			    "6:03000000 " ENROL_GRANTS
			    "n13:{7:07000000 } 14:01 35:01 ");
	/* By a descriptor, and with nothing left. */
	e = (struct enl_set){ .vm = { .fd = 9 } };
	assert_string_equal(check(enl_set_msg(FAMILY, &e), ELISA_CMD_VM_SET),
			    "7:09000000 14:00 35:00 ");
	assert_string_equal(check(enl_policy_get_msg(FAMILY, &e.vm),
				  ELISA_CMD_VM_POLICY_GET),
			    "7:09000000 ");
	e.vm.id = 5;
	assert_string_equal(check(enl_policy_get_msg(FAMILY, &e.vm),
				  ELISA_CMD_VM_POLICY_GET),
			    "6:05000000 ");
	e.n_grants = ELISA_GRANTS_MAX + 1;
	assert_null(enl_set_msg(FAMILY, &e));
	e = (struct enl_set){ .vm = { .fd = -1 } };
	assert_null(enl_set_msg(FAMILY, &e));
}

/* The most that a policy can hold fits. */
static void enrol_largest(void **state)
{
	static struct policy_grant grants[ELISA_GRANTS_MAX];
	static const __u8 uuid[UUID_SIZE];
	struct policy_limits limits;
	struct enl_enrol e = {
		.fd = 7,
		.uuid = uuid,
		.pid = 1,
		.name = "012345678901234567890123456789012345678901234567890123456789012",
		.grants = grants,
		.n_grants = ELISA_GRANTS_MAX,
		.limits = &limits,
	};
	unsigned int i, n = 0;
	const char *s;

	(void)state;
	memset(&limits, 1, sizeof(limits));
	for (i = 0; i < ELISA_GRANTS_MAX; i++) {
		grants[i].kind = ELISA_GRANT_ATTACH;
		memset(grants[i].pattern, 'x', ELISA_NAME_SIZE - 1);
	}
	s = check(enl_enrol_msg(FAMILY, &e), ELISA_CMD_VM_ENROL);
	while ((s = strstr(s, "n12:"))) {
		n++;
		s++;
	}
	assert_int_equal(n, ELISA_GRANTS_MAX);
}

static void enrol_bad(void **state)
{
	static struct policy_grant grants[ELISA_GRANTS_MAX + 1];
	struct enl_enrol e = { .fd = -1, .name = "vm", .grants = grants };

	(void)state;
	assert_null(enl_enrol_msg(FAMILY, &e));
	e.fd = 0;
	e.name = "";
	assert_null(enl_enrol_msg(FAMILY, &e));
	e.name =
		"0123456789012345678901234567890123456789012345678901234567890123";
	assert_null(enl_enrol_msg(FAMILY, &e));
	e.name = "vm";
	e.n_grants = ELISA_GRANTS_MAX + 1;
	assert_null(enl_enrol_msg(FAMILY, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple),
		cmocka_unit_test(export_add),
		cmocka_unit_test(export_add_largest),
		cmocka_unit_test(enrol_small),
		cmocka_unit_test(enrol_full),
		cmocka_unit_test(set),
		cmocka_unit_test(enrol_largest),
		cmocka_unit_test(enrol_bad),
	};

	return cmocka_run_group_tests_name("nl-encode", tests, NULL, NULL);
}
