// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_add: EXPORT_ADD requests that elisactl would never send, and what the
 * module answers.  Prints a line for each.
 *
 * All are made from one that is right, by changing one thing.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>
#include <elisa/netlink.h>

#define RX   (ELISA_PROT_R | ELISA_PROT_X)
#define RW   (ELISA_PROT_R | ELISA_PROT_W)
#define NONE 0xffffffff

struct segment {
	uint32_t first, pages, prot;
};

struct request {
	const char *name;
	uint32_t fd;
	struct segment segment[3];
	unsigned int n_segments;
	const char *entry[3];
	uint32_t offset;
	unsigned int n_entries;
	uint32_t data_pages;
	uint32_t trust;
	uint32_t data_fd; /* 0: none */
};

static struct {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	char attrs[16384];
} msg;

static int sock, family;

static struct nlattr *put(uint16_t type, const void *data, size_t len)
{
	struct nlattr *nla = (void *)((char *)&msg + msg.nl.nlmsg_len);

	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	memcpy(nla + 1, data, len);
	msg.nl.nlmsg_len += NLA_ALIGN(nla->nla_len);
	return nla;
}

static void put_u32(uint16_t type, uint32_t value)
{
	if (value != NONE)
		put(type, &value, sizeof(value));
}

static struct nlattr *begin(uint16_t type)
{
	return put(type | NLA_F_NESTED, "", 0);
}

static void end(struct nlattr *nest)
{
	nest->nla_len = (char *)&msg + msg.nl.nlmsg_len - (char *)nest;
}

static void start(int type, int cmd)
{
	memset(&msg, 0, sizeof(msg));
	msg.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	msg.nl.nlmsg_type = type;
	msg.nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	msg.genl.cmd = cmd;
	msg.genl.version = 1;
}

/* The message of @type in the answer; @text: the ACK's. */
static int talk(int want, char *reply, size_t size, char *text)
{
	int error = -EBADMSG;
	bool done = false;

	text[0] = '\0';
	if (send(sock, &msg, msg.nl.nlmsg_len, 0) < 0)
		err(1, "send");
	while (!done) {
		static char buf[32768];
		ssize_t len = recv(sock, buf, sizeof(buf), 0);
		struct nlmsghdr *nl = (void *)buf;

		if (len < 0)
			err(1, "recv");
		for (; NLMSG_OK(nl, len); nl = NLMSG_NEXT(nl, len)) {
			if (nl->nlmsg_type == want && reply)
				memcpy(reply, nl,
				       nl->nlmsg_len < size ? nl->nlmsg_len :
							      size);
			if (nl->nlmsg_type != NLMSG_ERROR)
				continue;
			const struct nlmsgerr *e = NLMSG_DATA(nl);
			const char *p = (const char *)(e + 1);
			const char *stop = (const char *)nl + nl->nlmsg_len;

			done = true;
			error = e->error;
			while (nl->nlmsg_flags & NLM_F_ACK_TLVS &&
			       p + NLA_HDRLEN < stop) {
				const struct nlattr *nla = (const void *)p;

				if (nla->nla_type == NLMSGERR_ATTR_MSG)
					strcpy(text, p + NLA_HDRLEN);
				p += NLA_ALIGN(nla->nla_len);
			}
		}
	}
	return error;
}

static void resolve(void)
{
	static char reply[4096];
	const struct nlmsghdr *nl = (void *)reply;
	const char *p = reply + NLMSG_LENGTH(GENL_HDRLEN);
	char text[256];

	start(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(CTRL_ATTR_FAMILY_NAME, ELISA_GENL_NAME, sizeof(ELISA_GENL_NAME));
	if (talk(GENL_ID_CTRL, reply, sizeof(reply), text))
		errx(1, "the module is not loaded");
	while (p < reply + nl->nlmsg_len) {
		const struct nlattr *nla = (const void *)p;

		if (nla->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(const uint16_t *)(nla + 1);
		p += NLA_ALIGN(nla->nla_len);
	}
}

static int request(const struct request *r, char *text)
{
	struct nlattr *nest;
	unsigned int i;

	start(family, ELISA_CMD_EXPORT_ADD);
	if (r->name)
		put(ELISA_A_EXPORT_NAME, r->name, strlen(r->name) + 1);
	put_u32(ELISA_A_IMAGE_FD, r->fd);
	for (i = 0; i < r->n_segments; i++) {
		nest = begin(ELISA_A_SEGMENT);
		put_u32(ELISA_SEGMENT_A_FIRST_PAGE, r->segment[i].first);
		put_u32(ELISA_SEGMENT_A_PAGES, r->segment[i].pages);
		put_u32(ELISA_SEGMENT_A_PROT, r->segment[i].prot);
		end(nest);
	}
	for (i = 0; i < r->n_entries; i++) {
		nest = begin(ELISA_A_ENTRY);
		if (r->entry[i])
			put(ELISA_ENTRY_A_NAME, r->entry[i],
			    strlen(r->entry[i]) + 1);
		put_u32(ELISA_ENTRY_A_OFFSET, r->offset);
		end(nest);
	}
	put_u32(ELISA_A_DATA_PAGES, r->data_pages);
	if (r->trust != NONE)
		put(ELISA_A_TRUST, &r->trust, 1);
	if (r->data_fd)
		put_u32(ELISA_A_DATA_FD, r->data_fd);
	return talk(family, NULL, 0, text);
}

static void check(const char *what, const struct request *r, int error,
		  const char *want)
{
	char text[4096];
	int got = -request(r, text);

	if (got == error && (want ? !strcmp(text, want) : text[0]))
		printf("ok - EXPORT_ADD, %s: %s\n", what, text);
	else
		printf("not ok - EXPORT_ADD, %s: got %d '%s', expected %d '%s'\n",
		       what, got, text, error, want ? want : "any");
}

/* Two pages: XOR EAX, EAX; RET, with @bad at the end of the first; zeroes. */
static int image(const void *bad, size_t len)
{
	static const uint8_t code[] = { 0x31, 0xc0, 0xc3 };
	int fd = memfd_create("image", 0);

	if (fd < 0 || ftruncate(fd, 8192) ||
	    pwrite(fd, code, sizeof(code), 0) != sizeof(code) ||
	    pwrite(fd, bad, len, 4095) != (ssize_t)len)
		err(1, "image");
	return fd;
}

/* A memfd of @size bytes. */
static int memory(off_t size, int seals, unsigned int flags)
{
	int fd = memfd_create("memory", MFD_ALLOW_SEALING | flags);

	if (fd < 0 || ftruncate(fd, size) || fcntl(fd, F_ADD_SEALS, seals))
		err(1, "memory");
	return fd;
}

static int again(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, flags);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* So many pages, and no right to more. */
static void limit_pins(unsigned int pages)
{
	const struct rlimit limit = { pages * 4096, pages * 4096 };
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];

	if (setrlimit(RLIMIT_MEMLOCK, &limit) ||
	    syscall(SYS_capget, &head, caps))
		err(1, "limit_pins");
	caps[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &=
		~CAP_TO_MASK(CAP_IPC_LOCK);
	if (syscall(SYS_capset, &head, caps))
		err(1, "limit_pins");
}

#define CHANGE(what, error, want, change)     \
	do {                                  \
		struct request r = good;      \
		change;                       \
		check(what, &r, error, want); \
	} while (0)

int main(void)
{
	static const uint8_t vmfunc[] = { 0x0f, 0x01, 0xd4 };
	const struct request good = {
		.name = "good",
		.fd = image("", 0),
		.segment = { { 0, 1, RX }, { 1, 1, RW }, { 2, 1, RW } },
		.n_segments = 2,
		.entry = { "nop", "one", "two" },
		.n_entries = 1,
		.data_pages = 3,
		.trust = ELISA_TRUST_SEALED,
	};
	const int one = 1;
	unsigned int i;
	int pipes[2];

	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (sock < 0 || pipe(pipes) ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		err(1, "socket");
	resolve();

	CHANGE("no name", EINVAL, "EXPORT_NAME is missing", r.name = NULL);
	CHANGE("a name with a blank", EINVAL,
	       "an export's name is 1..31 bytes of [A-Za-z0-9._-]",
	       r.name = "a b");
	CHANGE("an empty name", EINVAL,
	       "an export's name is 1..31 bytes of [A-Za-z0-9._-]",
	       r.name = "");
	CHANGE("a name that is too long", EINVAL, NULL,
	       r.name = "01234567890123456789012345678901");
	CHANGE("no file", EINVAL, "IMAGE_FD is missing", r.fd = NONE);
	CHANGE("a closed descriptor", EBADF,
	       "IMAGE_FD is not an open file of this process", r.fd = 1000);
	CHANGE("a pipe", EINVAL,
	       "IMAGE_FD is not a regular file that can be read",
	       r.fd = pipes[0]);
	CHANGE("a folder", EINVAL,
	       "IMAGE_FD is not a regular file that can be read",
	       r.fd = open("/", O_RDONLY));
	CHANGE("a file that cannot be read", EINVAL,
	       "IMAGE_FD is not a regular file that can be read",
	       r.fd = open("/tmp/export_add", O_WRONLY | O_CREAT, 0600));
	CHANGE("no segment", EINVAL,
	       "an entry does not point into an executable segment",
	       r.n_segments = 0);
	CHANGE("nothing at all", EINVAL,
	       "an export needs a segment and an entry",
	       (r.n_segments = 0, r.n_entries = 0));
	CHANGE("no entry", EINVAL, "an export needs a segment and an entry",
	       r.n_entries = 0);
	CHANGE("a segment without protection", EINVAL,
	       "a segment needs FIRST_PAGE, PAGES and PROT",
	       r.segment[0].prot = NONE);
	CHANGE("an empty segment", EINVAL, "a segment has 1 page or more",
	       r.segment[1].pages = 0);
	CHANGE("a writable and executable segment", EINVAL,
	       "a segment is writable and executable",
	       r.segment[0].prot = RX | RW);
	CHANGE("a write-only segment", EINVAL,
	       "a segment's protection is R, RW, X or RX",
	       r.segment[1].prot = ELISA_PROT_W);
	CHANGE("an unknown protection", EINVAL, NULL, r.segment[1].prot = 8);
	CHANGE("a segment beyond the limit", EINVAL,
	       "a segment lies outside the 511 pages of an image",
	       r.segment[1].first = ELISA_IMAGE_PAGES_MAX);
	CHANGE("a segment whose end wraps", EINVAL,
	       "a segment lies outside the 511 pages of an image",
	       (r.segment[1].first = 2, r.segment[1].pages = 0xfffffffe));
	CHANGE("overlapping segments", EEXIST, "two segments overlap",
	       r.segment[1].first = 0);
	CHANGE("a segment beyond the file", EINVAL,
	       "the image file ends inside a segment", r.n_segments = 3);
	CHANGE("an entry without offset", EINVAL,
	       "an entry needs NAME and OFFSET", r.offset = NONE);
	CHANGE("an entry's name", EINVAL,
	       "an entry's name is 1..31 bytes of [A-Za-z0-9._-]",
	       r.entry[0] = "a/b");
	CHANGE("an entry in data", EINVAL,
	       "an entry does not point into an executable segment",
	       r.offset = 4096);
	CHANGE("an entry far away", EINVAL,
	       "an entry does not point into an executable segment",
	       r.offset = 0xfffffff0);
	CHANGE("two entries of one name", EEXIST,
	       "two entries have the same name",
	       (r.n_entries = 2, r.entry[1] = "nop"));
	CHANGE("too much data", EINVAL, "shared data is more than 256 MiB",
	       r.data_pages = ELISA_DATA_PAGES_MAX + 1);
	CHANGE("an unknown trust", ERANGE, NULL, r.trust = 2);

	CHANGE("memory of a closed descriptor", EBADF,
	       "DATA_FD is not an open file of this process", r.data_fd = 1000);
	CHANGE("memory of a pipe", EINVAL, "DATA_FD is not a memfd",
	       r.data_fd = pipes[0]);
	CHANGE("memory of a folder", EINVAL, "DATA_FD is not a memfd",
	       r.data_fd = open("/", O_RDONLY));
	CHANGE("memory of /dev/zero", EINVAL, "DATA_FD is not a memfd",
	       r.data_fd = open("/dev/zero", O_RDWR));
	CHANGE("memory of a file", EINVAL, NULL,
	       r.data_fd = open("/tmp/export_add", O_RDWR));
	CHANGE("memory that can shrink", EINVAL,
	       "DATA_FD is not sealed against shrinking (F_SEAL_SHRINK)",
	       r.data_fd = memory(12288, F_SEAL_GROW, 0));
	CHANGE("memory sealed against writing", EINVAL,
	       "DATA_FD is sealed against writing",
	       r.data_fd = memory(12288, F_SEAL_SHRINK | F_SEAL_WRITE, 0));
	CHANGE("memory sealed against later writing", EINVAL,
	       "DATA_FD is sealed against writing",
	       r.data_fd =
		       memory(12288, F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE, 0));
	CHANGE("no memory", EINVAL,
	       "DATA_FD is empty, or not a multiple of 4096 bytes long",
	       r.data_fd = memory(0, F_SEAL_SHRINK, 0));
	CHANGE("a part of a page", EINVAL,
	       "DATA_FD is empty, or not a multiple of 4096 bytes long",
	       r.data_fd = memory(12289, F_SEAL_SHRINK, 0));
	CHANGE("less memory than wanted", EINVAL,
	       "DATA_FD is smaller than DATA_PAGES",
	       r.data_fd = memory(8192, F_SEAL_SHRINK, 0));
	CHANGE("too much memory", EINVAL, "shared data is more than 256 MiB",
	       (r.data_fd = memory((ELISA_DATA_PAGES_MAX + 1L) * 4096,
				   F_SEAL_SHRINK, 0),
		r.data_pages = 0));
	CHANGE("memory for reading only", EACCES,
	       "DATA_FD is not open for writing",
	       r.data_fd = again(memory(12288, F_SEAL_SHRINK, 0), O_RDONLY));
	CHANGE("memory for writing only", EACCES, "cannot map DATA_FD",
	       r.data_fd = again(memory(12288, F_SEAL_SHRINK, 0), O_WRONLY));
	CHANGE("memory in vain", EINVAL,
	       "an export needs a segment and an entry",
	       (r.data_fd = memory(12288, F_SEAL_SHRINK, 0), r.n_segments = 0,
		r.n_entries = 0));
	CHANGE("VMFUNC across two pages", ENOEXEC,
	       "VMFUNC at image offset 0xfff",
	       (r.fd = image(vmfunc, 3), r.segment[1].prot = RX,
		r.trust = ELISA_TRUST_FULL));
	/* The texts that are made at run time: each refusal gets its own. */
	for (i = 0; i < 40; i++)
		CHANGE("WRPKRU", ENOEXEC, "WRPKRU at image offset 0xfff",
		       (r.fd = image("\x0f\x01\xef", 3),
			r.segment[1].prot = RX));

	CHANGE("all right", 0, "", (void)r);
	CHANGE("the same again", EEXIST, "an export has this name already",
	       (void)r);

	/* What is refused is not charged any longer, also what was pinned. */
	limit_pins(3);
	for (i = 0; i < 3; i++)
		CHANGE("as much memory as may be locked", EEXIST,
		       "an export has this name already",
		       r.data_fd = memory(12288, F_SEAL_SHRINK, 0));
	CHANGE("more memory than may be locked", ENOMEM,
	       "not enough memory for the shared data, or RLIMIT_MEMLOCK",
	       (r.data_fd = memory(16384, F_SEAL_SHRINK, 0), r.data_pages = 4));
	if (setuid(1000))
		err(1, "setuid");
	CHANGE("no root", EPERM,
	       "needs CAP_SYS_ADMIN in the initial user namespace",
	       r.name = "other");
	return 0;
}
