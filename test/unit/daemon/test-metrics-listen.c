// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "metrics_listen.h"
#include "test.h"

#define PASSED_FD 3

bool cmd_print_help(FILE *to, const char *noun)
{
	(void)to;
	(void)noun;
	return false;
}

static char why[METRICS_LISTEN_WHY_SIZE];

static void is_refused(const char *where, int error, const char *text)
{
	*why = '\0';
	assert_int_equal(metrics_listen(where, why), error);
	if (!strstr(why, text))
		fail_msg("'%s' instead of '%s'", why, text);
}

/* Where a socket listens. */
static struct sockaddr_in6 address_of(int fd)
{
	struct sockaddr_in6 addr = { 0 };
	socklen_t len = sizeof(addr);
	int listens = 0;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	len = sizeof(listens);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
				    &len),
			 0);
	assert_int_equal(listens, 1);
	return addr;
}

static void loopback(void **state)
{
	/* A port that nobody has. */
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int probe = socket(AF_INET, SOCK_STREAM, 0), fd;
	socklen_t len = sizeof(addr);
	struct sockaddr_in6 got;
	char where[64];

	(void)state;
	assert_int_equal(bind(probe, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(probe, (struct sockaddr *)&addr, &len), 0);
	snprintf(where, sizeof(where), "%u", ntohs(addr.sin_port));
	is_refused(where, -EADDRINUSE, "Address already in use");
	close(probe);
	fd = metrics_listen(where, why);
	assert_true(fd >= 0);
	got = address_of(fd);
	assert_int_equal(got.sin6_family, AF_INET);
	assert_memory_equal((char *)&got + 2, (char *)&addr + 2, 6);
	close(fd);
	snprintf(where, sizeof(where), "127.8.9.10:%u", ntohs(addr.sin_port));
	fd = metrics_listen(where, why);
	assert_true(fd >= 0);
	close(fd);
	snprintf(where, sizeof(where), "[::1]:%u", ntohs(addr.sin_port));
	fd = metrics_listen(where, why);
	/* There may be no IPv6. */
	assert_true(fd >= 0 || fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL);
	if (fd >= 0) {
		assert_int_equal(address_of(fd).sin6_family, AF_INET6);
		close(fd);
	}
}

static void wrong(void **state)
{
	char path[200] = "/";

	(void)state;
	is_refused("", -EINVAL, "a port is");
	is_refused("x", -EINVAL, "a port is");
	is_refused("127.0.0.1:", -EINVAL, "a port is");
	is_refused("127.0.0.1:-1", -EINVAL, "a port is");
	is_refused("127.0.0.1:65536", -EINVAL, "a port is");
	is_refused("localhost:1", -EINVAL, "not a numeric address");
	is_refused(":1", -EINVAL, "not a numeric address");
	is_refused("[]:1", -EINVAL, "not a numeric address");
	is_refused("::1:1", -EINVAL, "brackets");
	is_refused("0.0.0.0:1", -EINVAL, "not an address of the loopback");
	is_refused("126.255.255.255:1", -EINVAL,
		   "not an address of the loopback");
	is_refused("128.0.0.1:1", -EINVAL, "not an address of the loopback");
	is_refused("[::]:1", -EINVAL, "not an address of the loopback");
	is_refused("[::2]:1", -EINVAL, "not an address of the loopback");
	/* Not one of IPv6, and reachable for others as IPv4's wildcard is. */
	is_refused("[::ffff:0.0.0.0]:1", -EINVAL,
		   "not an address of the loopback");
	memset(path + 1, 'x', sizeof(path) - 2);
	is_refused(path, -EINVAL, "107 bytes");
}

static void unix_path(void **state)
{
	char dir[] = "/tmp/elisa-test-XXXXXX", path[64];
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	fd = metrics_listen(path, why);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	is_refused(path, -EADDRINUSE, "Address already in use");
	close(fd);
	/* Left behind by one that was killed */
	fd = metrics_listen(path, why);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	/* What is no socket stays. */
	fclose(fopen(path, "w"));
	is_refused(path, -EADDRINUSE, "Address already in use");
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	rmdir(dir);
}

static void pass(int fd, const char *fds, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", fds, 1);
	assert_int_equal(dup2(fd, PASSED_FD), PASSED_FD);
}

/* Not the number that systemd's has. */
static int elsewhere(int fd)
{
	int high = fcntl(fd, F_DUPFD, PASSED_FD + 1);

	close(fd);
	return high;
}

static void from_systemd(void **state)
{
	int own = dup(PASSED_FD), stream, datagram;

	(void)state;
	stream = elsewhere(socket(AF_INET, SOCK_STREAM, 0));
	datagram = elsewhere(socket(AF_INET, SOCK_DGRAM, 0));
	pass(stream, "1", getpid());
	is_refused(NULL, -ENOTSOCK, "ListenStream=");
	assert_int_equal(listen(stream, 1), 0);
	assert_int_equal(metrics_listen(NULL, why), PASSED_FD);
	pass(stream, "2", getpid());
	is_refused(NULL, -EINVAL, "systemd passed 2 sockets");
	pass(stream, "0", getpid());
	is_refused(NULL, -EINVAL, "systemd passed 0 sockets");
	pass(datagram, "1", getpid());
	is_refused(NULL, -ENOTSOCK, "ListenStream=");
	close(datagram);
	close(PASSED_FD);
	is_refused(NULL, -ENOTSOCK, "ListenStream=");
	/* Meant for another process, or not what is wanted */
	pass(stream, "1", getppid());
	assert_int_not_equal(metrics_listen(NULL, why), PASSED_FD);
	pass(stream, "1", getpid());
	is_refused("x", -EINVAL, "a port is");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	close(stream);
	if (own >= 0)
		dup2(own, PASSED_FD);
	else
		close(PASSED_FD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback),
		cmocka_unit_test(wrong),
		cmocka_unit_test(unix_path),
		cmocka_unit_test(from_systemd),
	};

	return cmocka_run_group_tests_name("metrics-listen", tests, NULL, NULL);
}
