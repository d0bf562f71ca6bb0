// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control channel.
 *
 * Locking: @lock covers the clients' output queues and the guest's unfinished
 * line, which vCPU threads write. A vCPU takes it inside the UART's lock; so
 * the main loop, which feeds the UART, must not hold it then.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "control.h"
#include "vm.h"

/* A line without end, from either side, is passed on in pieces this long. */
#define LINE_MAX_LEN (64u << 10)
/* A client that does not read is dropped rather than memory filled. */
#define CLIENT_MAX_LAG (16u << 20)

struct client {
	int fd; /* -1: free */
	bool broken;
	struct buf in; /* unfinished line to the guest */
	struct buf out;
};

static struct {
	pthread_mutex_t lock;
	int listen_fd;
	int wake_fd; /* eventfd: an output queue is not empty */
	const char *path;
	struct buf line; /* unfinished line from the guest */
	struct client clients[CONTROL_MAX_CLIENTS];
} control = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.listen_fd = -1,
};

int control_open(struct vm *vm, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int i;

	for (i = 0; i < CONTROL_MAX_CLIENTS; i++)
		control.clients[i].fd = -1;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		vm_log(vm, "%s: path too long for a socket", path);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	unlink(path);
	control.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	control.listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control.wake_fd < 0 || control.listen_fd < 0 ||
	    bind(control.listen_fd, (void *)&addr, sizeof(addr)) < 0 ||
	    listen(control.listen_fd, CONTROL_MAX_CLIENTS) < 0) {
		vm_log(vm, "%s: %s", path, strerror(errno));
		return -errno;
	}
	control.path = path;
	return 0;
}

void control_close(void)
{
	if (control.path)
		unlink(control.path);
}

/* Send what the socket takes; under the lock. */
static void client_flush(struct client *client)
{
	while (!buf_empty(&client->out)) {
		ssize_t sent = send(client->fd, buf_bytes(&client->out),
				    buf_len(&client->out),
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			buf_consume(&client->out, sent);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			client->broken = true;
		return;
	}
}

void control_send(void *ctx, uint8_t byte)
{
	bool pending = false;
	int i;

	(void)ctx;
	if (control.listen_fd < 0)
		return;

	pthread_mutex_lock(&control.lock);
	buf_append(&control.line, &byte, 1);
	if (byte != '\n' && buf_len(&control.line) < LINE_MAX_LEN)
		goto out;

	for (i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		struct client *client = &control.clients[i];

		if (client->fd < 0 || client->broken)
			continue;
		buf_append(&client->out, buf_bytes(&control.line),
			   buf_len(&control.line));
		client_flush(client);
		if (buf_len(&client->out) > CLIENT_MAX_LAG)
			client->broken = true;
		pending |= !buf_empty(&client->out) || client->broken;
	}
	buf_clear(&control.line);
	if (pending)
		eventfd_write(control.wake_fd, 1);
out:
	pthread_mutex_unlock(&control.lock);
}

static void client_close(struct client *client)
{
	close(client->fd);
	buf_free(&client->in);
	buf_free(&client->out);
	client->broken = false;
	client->fd = -1;
}

/* Pass whole lines on to the guest. */
static void client_read(struct vm *vm, struct client *client)
{
	uint8_t data[4096];
	ssize_t got = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);
	uint8_t *start, *end;
	size_t len;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client->broken = true;
		return;
	}
	buf_append(&client->in, data, got);
	start = buf_bytes(&client->in);
	end = memrchr(start, '\n', buf_len(&client->in));
	if (end)
		len = end + 1 - start;
	else if (buf_len(&client->in) >= LINE_MAX_LEN)
		len = buf_len(&client->in);
	else
		return;
	uart_receive(&vm->com2, start, len);
	buf_consume(&client->in, len);
}

static void control_accept(struct vm *vm)
{
	int fd = accept4(control.listen_fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	int i;

	if (fd < 0)
		return;
	pthread_mutex_lock(&control.lock);
	for (i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		if (control.clients[i].fd < 0) {
			control.clients[i].fd = fd;
			break;
		}
	}
	pthread_mutex_unlock(&control.lock);
	if (i == CONTROL_MAX_CLIENTS) {
		vm_log(vm, "control channel: too many clients");
		close(fd);
	}
}

/* The clients come first, at their own index; poll() skips an fd of -1. */
unsigned int control_poll_prepare(struct pollfd *fds)
{
	int i;

	if (control.listen_fd < 0)
		return 0;
	pthread_mutex_lock(&control.lock);
	for (i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		struct client *client = &control.clients[i];

		fds[i].fd = client->fd;
		fds[i].events = POLLIN;
		if (!buf_empty(&client->out))
			fds[i].events |= POLLOUT;
	}
	pthread_mutex_unlock(&control.lock);
	fds[i].fd = control.wake_fd;
	fds[i++].events = POLLIN;
	fds[i].fd = control.listen_fd;
	fds[i++].events = POLLIN;
	return i;
}

void control_poll_done(struct vm *vm, const struct pollfd *fds, unsigned int n)
{
	eventfd_t count;
	int i;

	if (!n)
		return;
	for (i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		struct client *client = &control.clients[i];

		if (client->fd < 0)
			continue;
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			client_read(vm, client);
		pthread_mutex_lock(&control.lock);
		if (!client->broken && (fds[i].revents & POLLOUT))
			client_flush(client);
		if (client->broken)
			client_close(client);
		pthread_mutex_unlock(&control.lock);
	}
	if (fds[i++].revents)
		eventfd_read(control.wake_fd, &count);
	if (fds[i].revents)
		control_accept(vm);
}
