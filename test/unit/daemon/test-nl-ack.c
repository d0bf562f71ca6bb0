// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <linux/netlink.h>

#include "nl.h"

struct ack {
	unsigned char buf[512] __attr(aligned(8));
	size_t len;
};

static void add(struct ack *ack, const void *data, size_t len)
{
	memcpy(ack->buf + ack->len, data, len);
	ack->len += NLA_ALIGN(len);
}

static void add_attr(struct ack *ack, __u16 type, const char *text, __u16 len)
{
	struct nlattr attr = { .nla_len = NLA_HDRLEN + len, .nla_type = type };

	add(ack, &attr, sizeof(attr));
	add(ack, text, len);
}

/* An error message that repeats a request of REQUEST bytes after its header */
static void begin(struct ack *ack, int error, __u16 flags, __u32 request)
{
	struct nlmsghdr nlh = { .nlmsg_type = NLMSG_ERROR,
				.nlmsg_flags = flags };
	struct nlmsgerr err = { .error = error };

	memset(ack, 0, sizeof(*ack));
	err.msg.nlmsg_len = NLMSG_HDRLEN + request;
	add(ack, &nlh, sizeof(nlh));
	add(ack, &err, sizeof(err));
	if (!(flags & NLM_F_CAPPED))
		ack->len += NLA_ALIGN(request);
}

static int parse(const struct ack *ack, char *text, size_t size)
{
	struct nlmsghdr *nlh = test_copy(ack->buf, ack->len);
	int ret;

	nlh->nlmsg_len = ack->len;
	memset(text, 0x5a, size);
	ret = enl_ack_parse(nlh, text, size);
	free(nlh);
	return ret;
}

static void text(void **state)
{
	struct ack ack;
	char out[64];

	(void)state;
	begin(&ack, -EACCES, NLM_F_ACK_TLVS | NLM_F_CAPPED, 100);
	add_attr(&ack, NLMSGERR_ATTR_OFFS, "\0\0\0\0", 4);
	add_attr(&ack, NLMSGERR_ATTR_MSG, "not now", 8);
	assert_int_equal(parse(&ack, out, sizeof(out)), -EACCES);
	assert_string_equal(out, "not now");
	/* Cut to the buffer */
	assert_int_equal(parse(&ack, out, 4), -EACCES);
	assert_string_equal(out, "not");

	/* With the request in front, of an odd length */
	begin(&ack, -EINVAL, NLM_F_ACK_TLVS, 21);
	add_attr(&ack, NLMSGERR_ATTR_MSG, "bad fd", 7);
	assert_int_equal(parse(&ack, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "bad fd");

	/* None */
	begin(&ack, -EINVAL, 0, 20);
	assert_int_equal(parse(&ack, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "");
	begin(&ack, 0, NLM_F_CAPPED, 20);
	assert_int_equal(parse(&ack, out, sizeof(out)), 0);
}

static void done(void **state)
{
	struct nlmsghdr nlh = { .nlmsg_type = NLMSG_DONE,
				.nlmsg_flags = NLM_F_ACK_TLVS };
	struct ack ack = { .len = 0 };
	int error = -EPERM;
	char out[64];

	(void)state;
	add(&ack, &nlh, sizeof(nlh));
	add(&ack, &error, sizeof(error));
	add_attr(&ack, NLMSGERR_ATTR_MSG, "no dump", 8);
	assert_int_equal(parse(&ack, out, sizeof(out)), -EPERM);
	assert_string_equal(out, "no dump");
}

static void hostile(void **state)
{
	struct ack ack, cut;
	char out[64];
	unsigned int i;
	size_t n;

	(void)state;
	/* No zero byte */
	begin(&ack, -EINVAL, NLM_F_ACK_TLVS | NLM_F_CAPPED, 0);
	add_attr(&ack, NLMSGERR_ATTR_MSG, "abcd", 4);
	assert_int_equal(parse(&ack, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "abcd");
	/* A request longer than the message */
	begin(&cut, -EINVAL, NLM_F_ACK_TLVS, 0xfffffff0);
	cut.len = 64;
	parse(&cut, out, sizeof(out));
	assert_string_equal(out, "");
	begin(&cut, -EINVAL, NLM_F_ACK_TLVS, (__u32)-NLMSG_HDRLEN);
	cut.len = 64;
	assert_int_equal(parse(&cut, out, sizeof(out)), -EBADMSG);
	/* Success is no positive number */
	begin(&cut, 5, NLM_F_CAPPED, 0);
	assert_int_equal(parse(&cut, out, sizeof(out)), -EBADMSG);

	for (n = NLMSG_HDRLEN; n < ack.len; n++) {
		cut = ack;
		cut.len = n;
		parse(&cut, out, sizeof(out));
	}
	srand(1);
	for (i = 0; i < 50000; i++) {
		cut = ack;
		for (n = rand() % 4; n < 4; n++)
			cut.buf[4 + rand() % (cut.len - 4)] = rand();
		parse(&cut, out, sizeof(out));
		assert_true(strlen(out) < sizeof(out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(done),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests_name("nl-ack", tests, NULL, NULL);
}
