// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTTP server of `elisactl metrics --listen`, as it is installed but for
 * shorter limits of time, and with real clients.  We play elisactl.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "metrics_http.h"
#include "test.h"

#define TEXT	    "# HELP elisa_up x\nelisa_up 1\n"
#define CONNECTIONS 16
#define PATIENCE    60000 /* ms */
#define GET	    "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"

static int source;
static pid_t server;
static struct sockaddr_in inet_addr_;
static struct sockaddr_un unix_addr;

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void become_server(int listener, int theirs)
{
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		_exit(125);
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/" METRICS_HTTP_PROGRAM, dirname(self));
	listener = fcntl(listener, F_DUPFD, 16);
	theirs = fcntl(theirs, F_DUPFD, 16);
	dup2(listener, METRICS_HTTP_LISTEN);
	dup2(theirs, METRICS_HTTP_SOURCE);
	close(listener);
	close(theirs);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(path, path, NULL);
	_exit(127);
}

/* The number that the server sends; -1: it is silent for so long. */
static long long question(int ms)
{
	struct pollfd in = { .fd = source, .events = POLLIN };
	struct metrics_http_msg msg;

	if (poll(&in, 1, ms) <= 0)
		return -1;
	assert_int_equal(recv(source, &msg, sizeof(msg), 0), sizeof(msg));
	return msg.number;
}

static int start(void **state, int family)
{
	socklen_t len = sizeof(inet_addr_);
	int listener, pair[2];

	(void)state;
	listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0);
	if (family == AF_INET) {
		inet_addr_ = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		assert_int_equal(bind(listener, (void *)&inet_addr_, len), 0);
		assert_int_equal(getsockname(listener, (void *)&inet_addr_,
					     &len),
				 0);
	} else {
		/* Without a file: the address begins with a zero. */
		unix_addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
		len = sizeof(sa_family_t);
		assert_int_equal(bind(listener, (void *)&unix_addr, len), 0);
		len = sizeof(unix_addr);
		assert_int_equal(getsockname(listener, (void *)&unix_addr,
					     &len),
				 0);
	}
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    pair),
			 0);
	server = fork();
	if (!server)
		become_server(listener, pair[1]);
	assert_true(server > 0);
	close(listener);
	close(pair[1]);
	source = pair[0];
	assert_int_equal(question(PATIENCE), 0);
	return 0;
}

static int start_inet(void **state)
{
	return start(state, AF_INET);
}

static int start_unix(void **state)
{
	return start(state, AF_UNIX);
}

/* The server ends by itself, and well, when elisactl has. */
static int end(void **state)
{
	int status;

	(void)state;
	close(source);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
	return 0;
}

static int text_fd(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* FD -1: none.  It is closed. */
static void answer(__u32 number, int fd)
{
	struct metrics_http_msg body = { number };
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { &body, sizeof(body) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(source, &msg, MSG_NOSIGNAL), sizeof(body));
	if (fd >= 0)
		close(fd);
}

static int client_of(const void *addr, socklen_t len, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, addr, len), 0);
	return fd;
}

static int client(void)
{
	return client_of(&inet_addr_, sizeof(inet_addr_), AF_INET);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 strlen(text));
}

/* All that comes until the end, which comes in time; FD is closed. */
static const char *hear(int fd, int ms)
{
	static char buf[65536];
	struct pollfd in = { .fd = fd, .events = POLLIN };
	long long end = now_ms() + ms, left;
	size_t n = 0;
	ssize_t more;

	for (;;) {
		left = end - now_ms();
		if (left <= 0 || !poll(&in, 1, left))
			fail_msg("no end after %d ms, %zu bytes", ms, n);
		more = recv(fd, buf + n, sizeof(buf) - 1 - n, 0);
		if (more <= 0)
			break;
		n += more;
	}
	close(fd);
	buf[n] = '\0';
	return buf;
}

static void has(const char *answer, const char *want)
{
	if (!strstr(answer, want))
		fail_msg("no '%s' in '%s'", want, answer);
}

static const char *request(int fd, const char *text)
{
	long long number;

	say(fd, text);
	number = question(PATIENCE);
	assert_true(number > 0);
	answer(number, text_fd(TEXT));
	return hear(fd, PATIENCE);
}

static void is_served(void)
{
	const char *got = request(client(), GET);

	has(got, "HTTP/1.1 200 OK\r\n");
	has(got,
	    "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	has(got, "\r\n\r\n" TEXT);
}

static void get(void **state)
{
	(void)state;
	is_served();
	is_served();
}

static void get_unix(void **state)
{
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 6;

	(void)state;
	has(request(client_of(&unix_addr, len, AF_UNIX), GET), "\r\n\r\n" TEXT);
}

static void head(void **state)
{
	const char *got;
	char length[64];

	(void)state;
	got = request(client(), "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	has(got, "HTTP/1.1 200 OK\r\n");
	snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n",
		 strlen(TEXT));
	has(got, length);
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
}

static void old_protocol(void **state)
{
	(void)state;
	has(request(client(), "GET /metrics HTTP/1.0\r\n\r\n"), TEXT);
}

/* With a body, which nobody wants, and a second request, likewise. */
static void too_much(void **state)
{
	const char *got;

	(void)state;
	got = request(client(),
		      "GET /metrics?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" GET);
	has(got, "\r\n\r\n" TEXT);
	assert_null(strstr(strstr(got, TEXT) + 1, "HTTP/1.1"));
	assert_int_equal(question(300), -1);
}

static void refused(const char *text, const char *status, const char *more)
{
	int fd = client();
	const char *got;

	say(fd, text);
	got = hear(fd, PATIENCE);
	has(got, status);
	has(got, more);
	/* Nobody was asked. */
	assert_int_equal(question(0), -1);
}

static void wrong(void **state)
{
	(void)state;
	refused("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n");
	refused("DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ",
		"only GET and HEAD");
	refused("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ",
		"the metrics are at /metrics\n");
	refused("GET /metrics/../metrics HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/1.1 404 ", "");
	refused("GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "");
	is_served();
}

static void junk(void **state)
{
	static char large[40000];
	const char *got;
	int fd, i;

	(void)state;
	/* A header that is larger than a connection's memory. */
	memset(large, 'a', sizeof(large) - 1);
	memcpy(large, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: ", 36);
	fd = client();
	send(fd, large, sizeof(large) - 1, MSG_NOSIGNAL);
	got = hear(fd, PATIENCE);
	assert_true(!*got || strstr(got, "HTTP/1.1 4"));
	srand(4711);
	for (i = 0; i < 200; i++) {
		size_t k, n = 1 + rand() % 300;

		for (k = 0; k < n; k++)
			large[k] = rand();
		if (i & 1)
			memcpy(large, "GET /metrics HTTP/1.1\r\n", 23);
		fd = client();
		send(fd, large, n, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		hear(fd, PATIENCE);
	}
	while (question(0) >= 0)
		;
	is_served();
}

/* Each byte is in time, all of them are not. */
static void slow(void **state)
{
	long long began = now_ms();
	int fd = client(), i;
	char c;

	(void)state;
	for (i = 0; i < PATIENCE / 50; i++) {
		if (send(fd, "G", 1, MSG_NOSIGNAL) < 0 ||
		    recv(fd, &c, 1, MSG_DONTWAIT) == 0)
			break;
		usleep(50000);
	}
	assert_in_range(i, 2, PATIENCE / 50 - 1);
	close(fd);
	assert_in_range(now_ms() - began, LIFE_MS, PATIENCE);
	is_served();
}

/* Who comes late is served when the first ones were cut off. */
static void many(void **state)
{
	int fds[3 * CONNECTIONS], i, last;
	long long number, began = now_ms(), left;

	(void)state;
	for (i = 0; i < 3 * CONNECTIONS; i++) {
		fds[i] = client();
		say(fds[i], "GET /met");
	}
	last = client();
	say(last, GET);
	left = began + LIFE_MS - now_ms();
	if (left > 0)
		assert_int_equal(question(left), -1);
	number = question(PATIENCE);
	assert_true(number > 0);
	answer(number, text_fd(TEXT));
	has(hear(last, PATIENCE), TEXT);
	for (i = 0; i < 3 * CONNECTIONS; i++)
		assert_string_equal(hear(fds[i], PATIENCE), "");
}

static void no_answer(void **state)
{
	long long late, number;
	int fd = client();

	(void)state;
	say(fd, GET);
	late = question(PATIENCE);
	assert_true(late > 0);
	has(hear(fd, PATIENCE), "HTTP/1.1 503 ");

	/* Late, of another question, without a file: not taken for ours. */
	fd = client();
	say(fd, GET);
	number = question(PATIENCE);
	assert_true(number > 0 && number != late);
	answer(late, text_fd("late\n"));
	answer(number + 1, text_fd("early\n"));
	answer(number, -1);
	answer(number, text_fd(TEXT));
	has(hear(fd, PATIENCE), "\r\n\r\n" TEXT);
}

static void strange_file(void **state)
{
	long long number;
	int fd = client(), pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	close(pipes[1]);
	say(fd, GET);
	number = question(PATIENCE);
	answer(number, pipes[0]);
	assert_string_equal(hear(fd, PATIENCE), "");
	is_served();
}

/* The files of the answers, and connections. */
static unsigned int open_files(void)
{
	char path[64];
	unsigned int i, n = 0;

	for (i = 0; i < 256; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", server, i);
		n += !access(path, F_OK) || errno != ENOENT;
	}
	return n;
}

static void leaks(void **state)
{
	unsigned int before, tries = 50;
	int i;

	(void)state;
	is_served();
	usleep(100000);
	before = open_files();
	assert_in_range(before, 5, 20);
	for (i = 0; i < 40; i++)
		is_served();
	no_answer(NULL);
	strange_file(NULL);
	while (open_files() > before && tries--)
		usleep(100000);
	assert_int_equal(open_files(), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_inet, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(get),
		cmocka_unit_test_setup_teardown(get_unix, start_unix, end),
		TEST(head),
		TEST(old_protocol),
		TEST(too_much),
		TEST(wrong),
		TEST(junk),
		TEST(slow),
		TEST(many),
		TEST(no_answer),
		TEST(strange_file),
		TEST(leaks),
	};

	return cmocka_run_group_tests_name("metrics-http", tests, NULL, NULL);
}
