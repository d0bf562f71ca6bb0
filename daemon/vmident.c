// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quote.h"
#include "vmident.h"

/* A longer command line is cut; the names are wanted from its first part. */
#define CMDLINE_SIZE 65536
#define TEXT_SIZE    8192 /* of status, and of cgroup */

bool vm_name_valid(const char *name, size_t len)
{
	size_t i;

	if (!len || len >= VM_NAME_SIZE)
		return false;
	for (i = 0; i < len; i++) {
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	}
	return true;
}

/* Copy up to a single comma, undoubling others; returns where it stopped. */
static const char *next_item(const char *value, char *item, size_t size)
{
	size_t n = 0;

	while (*value) {
		if (*value == ',' && *++value != ',')
			break;
		if (n < size - 1)
			item[n++] = *value;
		value++;
	}
	item[n] = '\0';
	return value;
}

/*
 * QEMU's option syntax: "web", "web,process=x", "guest=web,debug-threads=on";
 * a comma inside a value is written twice.  The last claim counts, also when
 * it is not a usable name.
 */
static void set_name(struct vm_ident *ident, const char *value)
{
	/* One byte more than the longest good one, to see that it is longer. */
	char item[sizeof("guest=") + VM_NAME_SIZE];
	bool first = true;

	do {
		const char *name = NULL;

		value = next_item(value, item, sizeof(item));
		if (!strncmp(item, "guest=", 6))
			name = item + 6;
		else if (first && !strchr(item, '='))
			name = item;
		first = false;
		if (!name)
			continue;
		ident->name[0] = '\0';
		if (vm_name_valid(name, strlen(name)))
			strcpy(ident->name, name);
	} while (*value);
}

static void set_uuid(struct vm_ident *ident, const char *value)
{
	ident->has_uuid = uuid_parse(value, ident->uuid);
}

void vm_ident_from_cmdline(struct vm_ident *ident, const char *cmdline,
			   size_t len)
{
	void (*want)(struct vm_ident *, const char *) = NULL;
	const char *end = cmdline + len;
	const char *arg, *next;

	ident->name[0] = '\0';
	ident->has_uuid = false;

	for (arg = cmdline; arg < end; arg = next) {
		const char *nul = memchr(arg, '\0', end - arg);

		/* Cut short, or rewritten by the process: not an argument. */
		if (!nul)
			break;
		next = nul + 1;

		if (want) {
			want(ident, arg);
			want = NULL;
			continue;
		}
		if (arg == cmdline || arg[0] != '-')
			continue;
		arg += arg[1] == '-' ? 2 : 1;
		if (!strcmp(arg, "name"))
			want = set_name;
		else if (!strcmp(arg, "uuid"))
			want = set_uuid;
		else if (!strncmp(arg, "name=", 5))
			set_name(ident, arg + 5);
		else if (!strncmp(arg, "uuid=", 5))
			set_uuid(ident, arg + 5);
	}
}

static const char *status_field(const char *status, const char *key)
{
	size_t len = strlen(key);
	const char *line = status;

	while (line) {
		if (!strncmp(line, key, len))
			return line + len + strspn(line + len, "\t ");
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return NULL;
}

int vm_ident_from_status(struct vm_ident *ident, const char *status)
{
	const char *comm = status_field(status, "Name:");
	const char *tgid = status_field(status, "Tgid:");
	const char *uids = status_field(status, "Uid:");
	unsigned long uid[4];
	unsigned long pid;
	size_t n;
	char *end;
	int i;

	if (!comm || !tgid || !uids)
		return -EINVAL;
	n = strcspn(comm, "\n");
	if (n >= sizeof(ident->comm))
		n = sizeof(ident->comm) - 1;
	memcpy(ident->comm, comm, n);
	ident->comm[n] = '\0';

	pid = strtoul(tgid, &end, 10);
	if (end == tgid || *end != '\n' || !pid || pid > INT_MAX)
		return -EINVAL;
	ident->pid = pid;

	for (i = 0; i < 4; i++) {
		uid[i] = strtoul(uids, &end, 10);
		if (end == uids || uid[i] > UINT32_MAX)
			return -EINVAL;
		uids = end;
	}
	/* A set-user-id program is neither the one nor the other. */
	ident->has_uid = uid[0] == uid[1] && uid[0] == uid[2] &&
			 uid[0] == uid[3];
	ident->uid = uid[0];
	return 0;
}

/* systemd.unit(5): what a name of a unit consists of */
static bool unit_chars(const char *name, size_t len)
{
	size_t i;

	if (!len || len >= VM_UNIT_SIZE)
		return false;
	for (i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || (c && strchr(":-_.\\@", c))))
			return false;
	}
	return true;
}

static bool ends_with(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && !memcmp(name + len - n, suffix, n);
}

bool vm_unit_valid(const char *name, size_t len)
{
	return unit_chars(name, len) && (ends_with(name, len, ".scope") ||
					 ends_with(name, len, ".service"));
}

bool vm_slice_valid(const char *name, size_t len)
{
	return unit_chars(name, len) && ends_with(name, len, ".slice");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/*
 * "machine-qemu\x2d7\x2dweb.scope" is what libvirt and systemd-machined make
 * of the domain "web": "qemu-", its number, "-", its name; escaped.
 */
static void libvirt_from_unit(struct vm_ident *ident)
{
	static const char prefix[] = "machine-qemu-";
	const char *from = ident->unit;
	char name[VM_UNIT_SIZE];
	const char *s = name;
	size_t n = 0, len;

	while (*from) {
		if (from[0] != '\\') {
			name[n++] = *from++;
			continue;
		}
		if (from[1] != 'x' || hex_digit(from[2]) < 0 ||
		    hex_digit(from[3]) < 0)
			return;
		name[n] = hex_digit(from[2]) << 4 | hex_digit(from[3]);
		if (!name[n++])
			return;
		from += 4;
	}
	name[n] = '\0';
	if (!ends_with(name, n, ".scope") ||
	    strncmp(name, prefix, sizeof(prefix) - 1))
		return;
	name[n - strlen(".scope")] = '\0';
	s += sizeof(prefix) - 1;
	len = strspn(s, "0123456789");
	/* The first '-' behind the number: the name may have others. */
	if (!len || s[len] != '-')
		return;
	s += len + 1;
	if (vm_name_valid(s, strlen(s)))
		strcpy(ident->libvirt, s);
}

/* The path of systemd's hierarchy: "0::/path", or "1:name=systemd:/path". */
static const char *systemd_path(const char *cgroup)
{
	const char *line = cgroup, *unified = NULL;

	while (line) {
		const char *colon = strchr(line, ':');

		if (!colon)
			break;
		if (!strncmp(colon, ":name=systemd:", 14))
			return colon + 14;
		if (!strncmp(line, "0::", 3))
			unified = line + 3;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return unified;
}

void vm_ident_from_cgroup(struct vm_ident *ident, const char *cgroup)
{
	const char *path = systemd_path(cgroup);
	size_t slices = 0, len;

	ident->slices[0] = '\0';
	ident->unit[0] = '\0';
	ident->libvirt[0] = '\0';
	if (!path || *path != '/')
		return;
	for (path++;; path += len + 1) {
		len = strcspn(path, "/\n");
		if (vm_unit_valid(path, len)) {
			memcpy(ident->unit, path, len);
			ident->unit[len] = '\0';
			libvirt_from_unit(ident);
			return;
		}
		/* What is below anything else than a slice is not systemd's. */
		if (!vm_slice_valid(path, len) || path[len] != '/' ||
		    slices + len + 2 > sizeof(ident->slices)) {
			ident->slices[0] = '\0';
			return;
		}
		if (slices)
			ident->slices[slices++] = '/';
		memcpy(ident->slices + slices, path, len);
		slices += len;
		ident->slices[slices] = '\0';
	}
}

bool vm_ident_in_slice(const struct vm_ident *ident, const char *slice)
{
	const char *s = ident->slices;
	size_t n = strlen(slice), len;

	while (*s) {
		len = strcspn(s, "/");
		if (len == n && !memcmp(s, slice, n))
			return true;
		s += len;
		s += *s == '/';
	}
	return false;
}

static ssize_t read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n <= 0)
			break;
		len += n;
	}
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : (ssize_t)len;
}

int vm_ident_read(struct vm_ident *ident, pid_t pid)
{
	char buf[TEXT_SIZE + 1];
	ssize_t n;
	int ret;

	memset(ident, 0, sizeof(*ident));
	n = read_proc(pid, "status", buf, TEXT_SIZE);
	if (n < 0)
		return n;
	buf[n] = '\0';
	ret = vm_ident_from_status(ident, buf);
	if (ret)
		return ret;

	n = read_proc(ident->pid, "cgroup", buf, TEXT_SIZE);
	/*
	 * Not there in a kernel without cgroups; of a dead process nothing is.
	 * Nor does the kernel tell paths that are longer than PATH_MAX, which
	 * users can make below a unit of theirs: they lose the unit by it.
	 */
	if (n == -ESRCH || n == -ENAMETOOLONG)
		n = 0;
	if (n < 0)
		return n;
	buf[n] = '\0';
	vm_ident_from_cgroup(ident, buf);
	return 0;
}

int vm_ident_read_claims(struct vm_ident *ident)
{
	char *buf = malloc(CMDLINE_SIZE);
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	n = read_proc(ident->pid, "cmdline", buf, CMDLINE_SIZE);
	if (n >= 0)
		vm_ident_from_cmdline(ident, buf, n);
	free(buf);
	return n < 0 ? n : 0;
}

void vm_ident_format(const struct vm_ident *ident, char *buf, size_t size)
{
	char comm[VM_COMM_SIZE + 3], name[VM_NAME_SIZE + 3];
	char uuid[UUID_TEXT_SIZE];
	int n;

	quote(comm, sizeof(comm), ident->comm);
	n = snprintf(buf, size, "pid=%d comm=%s", ident->pid, comm);
	if (ident->has_uid)
		n += snprintf(buf + n, size - n, " uid=%u", ident->uid);
	if (ident->unit[0] && n < (int)size)
		n += snprintf(buf + n, size - n, " unit=%s", ident->unit);
	if (ident->name[0] && n < (int)size) {
		quote(name, sizeof(name), ident->name);
		n += snprintf(buf + n, size - n, " name=%s", name);
	}
	if (ident->has_uuid && n < (int)size) {
		uuid_format(ident->uuid, uuid);
		n += snprintf(buf + n, size - n, " uuid=%s", uuid);
	}
	if (ident->is_silent && n < (int)size)
		snprintf(buf + n, size - n, " silent");
}
