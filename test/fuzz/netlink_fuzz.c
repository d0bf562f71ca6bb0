// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink_fuzz [-s SEED] [-n MESSAGES] [-r TIMES] [-S|-I]
 *
 * Hostile messages for the netlink family, from a process with all rights.
 * Stock kernels have no coverage to steer by; what steers instead is the
 * answer: a message that is answered by a new (command, errno, text) is kept
 * and mutated further.  -S: a second and a third process enrol and delete
 * VMs, and dump, all the time.  -I: these alone, until SIGTERM.  -r: send each
 * message that was kept so many times more, and see whether that costs memory.
 *
 * Prints the seed first, for a replay; then figures.  The status is 1 when a
 * refusal of the family's own lacks its text, something that was enrolled
 * is left, or memory is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <elisa/netlink.h>

#include "genl.h"
#include "small_vm.h"

#define HEADERS	     (NLMSG_HDRLEN + GENL_HDRLEN)
#define CORPUS_MAX   512
#define OUTCOMES_MAX 1024
#define FILES_MAX    16
#define REPLACED     100 /* times, for each that a message is sent again */
#define LEAK_KIB     128

struct sample {
	size_t len;
	uint8_t *bytes;
};

struct outcome {
	uint8_t cmd;
	int errnum;
	char text[128];
};

static struct sample corpus[CORPUS_MAX];
static struct outcome outcomes[OUTCOMES_MAX];
static unsigned int n_corpus, n_outcomes;
static unsigned long sent, refused, accepted, silent, textless;
static uint32_t files[FILES_MAX];
static unsigned int n_files;
static struct genl_family family;
static uint64_t rng;

static uint64_t rnd(void)
{
	/* xorshift64* */
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return rng * 0x2545f4914f6cdd1d;
}

static uint32_t below(uint32_t n)
{
	return (rnd() >> 32) % n;
}

static int one_in(uint32_t n)
{
	return !below(n);
}

/* --- files of every kind for VM_FD */

static void add_file(int fd)
{
	if (fd >= 0 && n_files < FILES_MAX)
		files[n_files++] = fd;
}

static void open_files(void)
{
	int pipes[2], vm;

	add_file(open("/dev/null", O_RDWR));
	add_file(open("/dev/kvm", O_RDWR));
	add_file(open("/dev/kvm", O_RDWR | O_PATH));
	add_file(open("/proc/self/maps", O_RDONLY));
	add_file(epoll_create1(0));
	add_file(memfd_create("fuzz", 0));
	add_file(genl_open());
	if (!pipe(pipes)) {
		add_file(pipes[0]);
		add_file(pipes[1]);
	}
	vm = small_vm_create();
	add_file(vm);
	add_file(small_vm_add_vcpu(vm));
	add_file(small_vm_create());
	add_file(small_vm_create());
}

static uint32_t some_fd(void)
{
	static const uint32_t none[] = { -1, 0x7fffffff, 0x80000000, 1023, 9 };

	if (one_in(6))
		return none[below(5)];
	return files[below(n_files)];
}

/* --- messages of the right form with wrong contents */

static uint32_t some_u32(void)
{
	static const uint32_t edge[] = {
		0,	    1,		2,	    3,	  4,	   7,
		8,	    16,		63,	    64,	  65,	   127,
		128,	    129,	4096,	    4097, 1048576, 1048577,
		0x7fffffff, 0x80000000, 0xffffffff,
	};

	if (one_in(3))
		return rnd();
	return edge[below(sizeof(edge) / sizeof(edge[0]))];
}

/* A string: often good, sometimes without its zero, too long, or of junk. */
static void put_string(struct genl_msg *msg, uint16_t type, uint32_t max)
{
	static const char good[] = "abcXYZ019._-*?";
	uint32_t len = one_in(4) ? below(3 * max) : 1 + below(max);
	char text[512];
	uint32_t i;

	for (i = 0; i < len; i++)
		text[i] = one_in(60) ? (char)rnd() : good[below(14)];
	text[len] = 0;
	genl_put(msg, type, text, len + !one_in(5));
}

static void put_u8(struct genl_msg *msg, uint16_t type, uint8_t value)
{
	genl_put(msg, type, &value, 1);
}

static void put_grant(struct genl_msg *msg)
{
	size_t nest = genl_nest(msg, ELISA_A_GRANT);

	if (!one_in(12))
		put_u8(msg, ELISA_GRANT_A_KIND,
		       one_in(5) ? rnd() : 1 + below(2));
	if (!one_in(12))
		put_string(msg, ELISA_GRANT_A_PATTERN, 31);
	if (one_in(2))
		genl_put_u32(msg, ELISA_GRANT_A_RIGHTS,
			     one_in(3) ? some_u32() : below(8));
	if (one_in(12))
		genl_put_u32(msg, below(12), some_u32());
	genl_nest_end(msg, nest);
}

static void put_limits(struct genl_msg *msg)
{
	size_t nest = genl_nest(msg, ELISA_A_LIMITS);
	uint16_t type;

	for (type = 1; type <= ELISA_LIMIT_A_MAX; type++)
		if (one_in(2))
			genl_put_u32(msg, type,
				     one_in(2) ? some_u32() : below(60));
	if (one_in(12))
		genl_put_u32(msg, below(12), some_u32());
	genl_nest_end(msg, nest);
}

static void put_policy(struct genl_msg *msg)
{
	static const uint32_t counts[] = { 0, 1, 2, 63, 64, 65, 130 };
	uint32_t grants = one_in(4) ? counts[below(7)] : below(3);

	if (one_in(3))
		put_u8(msg, ELISA_A_PCID, one_in(3) ? rnd() : below(3));
	if (one_in(3))
		put_u8(msg, ELISA_A_ORIGIN, one_in(3) ? rnd() : below(2));
	if (one_in(2))
		put_limits(msg);
	while (grants--)
		put_grant(msg);
}

/* By its number, by its file, by neither, by both; numbers are low. */
static void put_which(struct genl_msg *msg)
{
	uint32_t how = one_in(10) ? 3 : below(3);

	if (how != 1)
		genl_put_u32(msg, ELISA_A_VM_ID,
			     one_in(3) ? some_u32() : below(60));
	if (how == 1 || (how == 3 && one_in(2)))
		genl_put_u32(msg, ELISA_A_VM_FD, some_fd());
}

static void put_enrolment(struct genl_msg *msg)
{
	uint8_t uuid[40];

	memset(uuid, rnd(), sizeof(uuid));
	if (!one_in(15))
		genl_put_u32(msg, ELISA_A_VM_FD, some_fd());
	if (!one_in(15))
		put_string(msg, ELISA_A_VM_NAME, 63);
	if (one_in(3))
		genl_put(msg, ELISA_A_VM_UUID, uuid,
			 one_in(4) ? below(40) : 16);
	if (one_in(3))
		genl_put_u32(msg, ELISA_A_VM_PID,
			     one_in(3) ? some_u32() : (uint32_t)getpid());
	put_policy(msg);
}

static void generate(struct genl_msg *msg)
{
	static const uint16_t dump = NLM_F_ROOT | NLM_F_MATCH;
	static const uint16_t more[] = {
		0,	    NLM_F_ROOT,	  NLM_F_MATCH,	   NLM_F_ATOMIC,
		NLM_F_ECHO, NLM_F_APPEND, NLM_F_DUMP_INTR, 0xfff0,
	};
	uint8_t cmd = one_in(20) ? rnd() : below(ELISA_CMD_MAX + 2);
	uint16_t flags = NLM_F_ACK;

	if (cmd == ELISA_CMD_VM_GET || cmd == ELISA_CMD_EXPORT_GET ||
	    cmd == ELISA_CMD_ATTACHMENT_GET)
		flags |= dump;
	if (one_in(6))
		flags ^= more[below(8)];
	genl_begin(msg, family.id, flags, cmd);
	if (one_in(30))
		msg->buf[NLMSG_HDRLEN + 1] = rnd(); /* version */
	if (one_in(30))
		msg->buf[NLMSG_HDRLEN + 2] = rnd(); /* reserved */
	switch (cmd) {
	case ELISA_CMD_VM_ENROL:
		put_enrolment(msg);
		break;
	case ELISA_CMD_VM_DEL:
		if (!one_in(10))
			genl_put_u32(msg, ELISA_A_VM_ID, some_u32());
		break;
	case ELISA_CMD_VM_SET:
		put_which(msg);
		put_policy(msg);
		break;
	case ELISA_CMD_VM_POLICY_GET:
		put_which(msg);
		break;
	case ELISA_CMD_EXPORT_DEL:
		if (!one_in(10))
			genl_put_u32(msg, ELISA_A_EXPORT_ID, some_u32());
		break;
	case ELISA_CMD_ATTACHMENT_DEL:
		if (!one_in(10))
			genl_put_u32(msg, ELISA_A_ATTACHMENT_ID, some_u32());
		if (one_in(2))
			genl_put(msg, ELISA_A_FORGET, NULL, 0);
		break;
	default:
		break;
	}
	if (one_in(8))
		genl_put_u32(msg, below(40) | (one_in(3) ? rnd() & 0xc000 : 0),
			     some_u32());
	genl_end(msg);
}

/* --- mutations of bytes */

/* Where the attribute after a random number of others begins, or 0. */
static size_t some_attr(const struct genl_msg *msg)
{
	uint32_t hops = below(6);
	size_t at = HEADERS;
	uint16_t len;

	for (;;) {
		if (at + NLA_HDRLEN > msg->len)
			return 0;
		memcpy(&len, msg->buf + at, sizeof(len));
		if (len < NLA_HDRLEN || !hops--)
			return at;
		/* Into a nest as often as past it. */
		at += one_in(3) ? NLA_HDRLEN : NLA_ALIGN(len);
	}
}

static void store16(struct genl_msg *msg, size_t at, uint16_t value)
{
	if (at + 2 <= msg->len)
		memcpy(msg->buf + at, &value, sizeof(value));
}

static void mutate_once(struct genl_msg *msg)
{
	size_t at = some_attr(msg), n;
	uint32_t len;

	switch (below(9)) {
	case 0: /* a bit */
		n = NLMSG_HDRLEN + below(msg->len - NLMSG_HDRLEN);
		msg->buf[n] ^= 1 << below(8);
		break;
	case 1: /* a byte */
		n = NLMSG_HDRLEN + below(msg->len - NLMSG_HDRLEN);
		msg->buf[n] = one_in(2) ? rnd() : 0;
		break;
	case 2: /* an attribute's length */
		if (at)
			store16(msg, at, one_in(2) ? rnd() : below(80));
		break;
	case 3: /* its type */
		if (at)
			store16(msg, at + 2, one_in(3) ? rnd() : below(36));
		break;
	case 4: /* shorter, the header agrees */
		msg->len = HEADERS + below(msg->len - HEADERS + 1);
		genl_end(msg);
		break;
	case 5: /* the header lies */
		len = one_in(2) ? rnd() : below(2 * msg->len);
		memcpy(msg->buf, &len, sizeof(len));
		break;
	case 6: /* everything twice, or many times */
		for (n = msg->len - HEADERS;
		     n && msg->len + n <= sizeof(msg->buf) / 2; msg->len += n) {
			memcpy(msg->buf + msg->len, msg->buf + HEADERS, n);
			if (one_in(2))
				break;
		}
		genl_end(msg);
		break;
	case 7: /* junk behind */
		for (n = below(64); n && msg->len < sizeof(msg->buf); n--)
			msg->buf[msg->len++] = rnd();
		genl_end(msg);
		break;
	default: /* another command for the same attributes */
		msg->buf[NLMSG_HDRLEN] = below(ELISA_CMD_MAX + 2);
		break;
	}
}

/* Random or stale contents must not address another family. */
static void aim(struct genl_msg *msg)
{
	memcpy(msg->buf + 4, &family.id, sizeof(family.id));
	msg->buf[6] |= NLM_F_REQUEST | NLM_F_ACK;
}

static void next_message(struct genl_msg *msg)
{
	uint32_t n;

	if (!n_corpus || one_in(3)) {
		generate(msg);
	} else {
		const struct sample *s = &corpus[below(n_corpus)];

		memcpy(msg->buf, s->bytes, s->len);
		msg->len = s->len;
		for (n = 1 + below(4); n; n--)
			mutate_once(msg);
	}
	if (msg->len < HEADERS)
		msg->len = HEADERS;
	aim(msg);
}

/* --- what came back */

static void keep(const struct genl_msg *msg)
{
	uint32_t slot = n_corpus < CORPUS_MAX ? n_corpus++ : below(CORPUS_MAX);
	struct sample *s = &corpus[slot];

	free(s->bytes);
	s->bytes = malloc(msg->len);
	if (!s->bytes)
		exit(2);
	memcpy(s->bytes, msg->buf, msg->len);
	s->len = msg->len;
}

static int is_new(uint8_t cmd, const struct genl_answer *a)
{
	struct outcome *o;
	unsigned int i;

	for (i = 0; i < n_outcomes; i++) {
		o = &outcomes[i];
		if (o->cmd == cmd && o->errnum == a->errnum &&
		    !strcmp(o->text, a->text))
			return 0;
	}
	if (n_outcomes == OUTCOMES_MAX)
		return 0;
	o = &outcomes[n_outcomes++];
	o->cmd = cmd;
	o->errnum = a->errnum;
	memcpy(o->text, a->text, sizeof(o->text));
	return 1;
}

/*
 * Refusals by the generic netlink core have no text: a command that does not
 * exist or not in this form (do or dump), a message without its header.  What
 * follows a header that lies is another message, perhaps of another family.
 */
static int must_have_text(const struct genl_msg *msg,
			  const struct genl_answer *a)
{
	uint32_t len;

	memcpy(&len, msg->buf, sizeof(len));
	return a->errnum && a->errnum != EOPNOTSUPP && len == msg->len;
}

static void judge(const struct genl_msg *msg, const struct genl_answer *a)
{
	uint8_t cmd = msg->buf[NLMSG_HDRLEN];

	sent++;
	if (!a->answered) {
		silent++;
		return;
	}
	if (a->errnum)
		refused++;
	else
		accepted++;
	if (must_have_text(msg, a) && !a->text[0] && textless++ < 10)
		printf("no text: command %u, %s, %zu bytes\n", cmd,
		       strerror(a->errnum), msg->len);
	if (is_new(cmd, a))
		keep(msg);
}

/* --- VMs that come and go, meanwhile */

static int enrol(int sock, int vm, struct genl_answer *answer)
{
	struct genl_msg msg;

	genl_begin(&msg, family.id, NLM_F_ACK, ELISA_CMD_VM_ENROL);
	genl_put_u32(&msg, ELISA_A_VM_FD, vm);
	genl_put(&msg, ELISA_A_VM_NAME, "storm", 6);
	genl_put_u32(&msg, ELISA_A_VM_PID, getpid());
	genl_end(&msg);
	return genl_send(sock, &msg, answer);
}

static int set(int sock, uint32_t id, unsigned int grants,
	       struct genl_answer *answer)
{
	struct genl_msg msg;
	size_t nest;

	genl_begin(&msg, family.id, NLM_F_ACK, ELISA_CMD_VM_SET);
	genl_put_u32(&msg, ELISA_A_VM_ID, id);
	while (grants--) {
		nest = genl_nest(&msg, ELISA_A_GRANT);
		put_u8(&msg, ELISA_GRANT_A_KIND, 1 + below(2));
		genl_put(&msg, ELISA_GRANT_A_PATTERN, "*", 2);
		genl_nest_end(&msg, nest);
	}
	put_u8(&msg, ELISA_A_PCID, below(3));
	genl_end(&msg);
	return genl_send(sock, &msg, answer);
}

static int delete_vm(int sock, uint32_t id, struct genl_answer *answer)
{
	struct genl_msg msg;

	genl_begin(&msg, family.id, NLM_F_ACK, ELISA_CMD_VM_DEL);
	genl_put_u32(&msg, ELISA_A_VM_ID, id);
	genl_end(&msg);
	return genl_send(sock, &msg, answer);
}

static int dump(int sock, uint8_t cmd, struct genl_answer *answer)
{
	struct genl_msg msg;

	genl_begin(&msg, family.id, NLM_F_ROOT | NLM_F_MATCH, cmd);
	genl_end(&msg);
	return genl_send(sock, &msg, answer);
}

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static unsigned long *shared_count;

/* What a storm must have done, of each kind, before the fuzzing may end. */
#define STORM_LEAST 10

static bool storm_is_young(void)
{
	return shared_count[0] < STORM_LEAST || shared_count[1] < STORM_LEAST;
}

/* Half of the VMs are deleted, the others just die. */
static int storm_vms(void)
{
	struct genl_answer answer;
	int sock = genl_open();

	while (!stop) {
		int vm = small_vm_create();
		int vcpu = one_in(2) ? small_vm_add_vcpu(vm) : -1;
		uint32_t vm_id;

		if (vm < 0 || enrol(sock, vm, &answer) || answer.errnum)
			return 1;
		vm_id = answer.vm_id;
		/* The fuzzer's VM_DEL may hit it, too. */
		if (set(sock, vm_id, 1, &answer) ||
		    (answer.errnum && answer.errnum != ENOENT &&
		     answer.errnum != EBUSY))
			return 1;
		if (one_in(2) && (delete_vm(sock, vm_id, &answer) ||
				  (answer.errnum && answer.errnum != ENOENT)))
			return 1;
		if (vcpu >= 0)
			close(vcpu);
		close(vm);
		shared_count[0]++;
	}
	return 0;
}

static int storm_dumps(void)
{
	static const uint8_t cmds[] = {
		ELISA_CMD_VM_GET,
		ELISA_CMD_EXPORT_GET,
		ELISA_CMD_ATTACHMENT_GET,
	};
	struct genl_answer answer;
	int sock = genl_open();

	while (!stop) {
		if (dump(sock, cmds[below(3)], &answer) || answer.errnum)
			return 1;
		shared_count[1]++;
		usleep(500);
	}
	return 0;
}

static pid_t start(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGTERM, on_term);
	rng += 77;
	_exit(fn());
}

static int finish(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return status;
}

/* --- */

static int delete_all(int sock)
{
	struct genl_answer answer, ignored;
	unsigned int tries = 0;

	for (;;) {
		if (dump(sock, ELISA_CMD_VM_GET, &answer))
			return 1;
		if (!answer.messages)
			return 0;
		/* None was armed, so deleting is all at once. */
		if (tries++ == 1000 || delete_vm(sock, answer.vm_id, &ignored))
			return 1;
	}
}

/* KiB that nobody can have, after the caches were dropped. */
static long unavailable(void)
{
	long total = 0, free = 0, n;
	char key[64], line[128];
	FILE *f = fopen("/proc/sys/vm/drop_caches", "w");

	/* Frees that wait for RCU. */
	usleep(200000);
	if (!f || fputs("3", f) == EOF || fclose(f))
		exit(2);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld", key, &n) != 2)
			continue;
		if (!strcmp(key, "MemTotal:"))
			total = n;
		if (!strcmp(key, "MemFree:"))
			free = n;
	}
	if (!total)
		exit(2);
	fclose(f);
	return total - free;
}

static void send_all_kept(int sock, unsigned int times)
{
	struct genl_answer answer;
	struct genl_msg msg;
	unsigned int i;

	while (times--) {
		for (i = 0; i < n_corpus; i++) {
			memcpy(msg.buf, corpus[i].bytes, corpus[i].len);
			msg.len = corpus[i].len;
			genl_send(sock, &msg, &answer);
		}
	}
}

/*
 * Each way out of the code that was found, many times: what leaks on one of
 * them leaks @times as much as the noise of the rest of the machine.
 */
static int replay(int sock, unsigned int times)
{
	long before, grown;

	send_all_kept(sock, 1);
	if (delete_all(sock))
		return 1;
	before = unavailable();
	send_all_kept(sock, times);
	if (delete_all(sock))
		return 1;
	grown = unavailable() - before;
	printf("%u messages, each %u times more: %ld KiB\n", n_corpus, times,
	       grown);
	return grown >= LEAK_KIB;
}

/* A policy that changes all the time: VM_SET replaces all that a VM may do. */
static int replace(int sock, unsigned int times)
{
	struct genl_answer answer = {};
	int vm = small_vm_create();
	uint32_t id;
	long before, grown;

	if (vm < 0 || enrol(sock, vm, &answer) || answer.errnum)
		return 1;
	id = answer.vm_id;
	before = unavailable();
	while (times && !set(sock, id, ELISA_GRANTS_MAX, &answer) &&
	       !answer.errnum)
		times--;
	grown = unavailable() - before;
	printf("grants replaced but for %u times: %ld KiB\n", times, grown);
	close(vm);
	return times || grown >= LEAK_KIB;
}

static void print_outcomes(void)
{
	unsigned int i;

	for (i = 0; i < n_outcomes; i++)
		printf("outcome: %u %s \"%s\"\n", outcomes[i].cmd,
		       strerrorname_np(outcomes[i].errnum) ?: "?",
		       outcomes[i].text);
}

int main(int argc, char **argv)
{
	unsigned long messages = 10000, strange = 0;
	unsigned int times = 0;
	pid_t vms = 0, dumps = 0;
	struct genl_answer answer;
	struct genl_msg msg;
	int storm = 0, innocent = 0, bad = 0;
	uint64_t seed = time(NULL);
	int c, sock, err;

	while ((c = getopt(argc, argv, "s:n:r:SI")) != -1) {
		if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'n')
			messages = strtoul(optarg, NULL, 0);
		else if (c == 'r')
			times = strtoul(optarg, NULL, 10);
		else if (c == 'S')
			storm = 1;
		else if (c == 'I')
			innocent = 1;
		else
			return 2;
	}
	storm |= innocent;
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	rng = seed * 0x9e3779b97f4a7c15 + 1;

	sock = genl_open();
	err = sock < 0 ? sock : genl_resolve(sock, &family);
	if (err) {
		fprintf(stderr, "netlink_fuzz: %s\n", strerror(-err));
		return 2;
	}
	open_files();
	shared_count = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared_count == MAP_FAILED)
		return 2;
	/* What never waits; others have work to do. */
	if (innocent && nice(10) == -1)
		return 2;
	if (storm) {
		vms = start(storm_vms);
		dumps = start(storm_dumps);
		/* They wait a lot; this does not. */
		if (!innocent && nice(10) == -1)
			return 2;
	}
	if (innocent) {
		signal(SIGTERM, on_term);
		while (!stop)
			usleep(50000);
		messages = 0;
	}
	/* On a busy machine the storm's processes get ahead slowly. */
	while (sent < messages ||
	       (storm && storm_is_young() && sent < 20 * messages)) {
		next_message(&msg);
		err = genl_send(sock, &msg, &answer);
		if (err) {
			sent++;
			strange++;
			continue;
		}
		judge(&msg, &answer);
	}
	if (storm) {
		bad |= finish(vms);
		bad |= finish(dumps);
		if (bad)
			puts("a process of the storm failed");
	}
	if (!innocent)
		bad |= delete_all(sock);
	if (times)
		bad |= replay(sock, times) || replace(sock, REPLACED * times);
	print_outcomes();
	printf("messages %lu outcomes %u kept %u accepted %lu refused %lu unanswered %lu unsent %lu textless %lu storm %lu dumps %lu\n",
	       sent, n_outcomes, n_corpus, accepted, refused, silent, strange,
	       textless, shared_count[0], shared_count[1]);
	return bad || textless;
}
