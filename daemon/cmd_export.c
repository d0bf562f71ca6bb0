// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/layout.h>
#include <elisa/manager.h>
#include <elisa/netlink.h>

#include "../guest-lib/image.h"
#include "cmd.h"
#include "cmd_list.h"
#include "find.h"
#include "log.h"
#include "memfd.h"
#include "nl.h"
#include "nl_export.h"
#include "print.h"

static int on_export(struct nlmsghdr *nlh, void *arg)
{
	struct print *print = arg;
	struct enl_export export;
	int ret;

	ret = enl_export_decode(nlh, &export);
	if (ret)
		return ret;
	print_row(print);
	print_uint(print, "id", export.id);
	print_text(print, "name", export.name);
	/* In JSON a number or null, so that a script need not compare words. */
	if (export.vm_id)
		print_uint(print, "vm", export.vm_id);
	else if (print->json)
		print_none(print, "vm");
	else
		print_text(print, "vm", "host");
	print_text(print, "trust", enl_trust_name(export.trust));
	print_uint(print, "entries", export.n_entries);
	print_uint(print, "image_pages", export.image_pages);
	print_uint(print, "data_pages", export.data_pages);
	print_text(print, "data_source", enl_data_name(export.data_source));
	if (export.data_inode)
		print_uint(print, "data_inode", export.data_inode);
	else
		print_none(print, "data_inode");
	print_uint(print, "attachments", export.n_attachments);
	return 0;
}

static int export_list(const struct cmd_env *env, int argc, char **argv)
{
	(void)argv;
	if (!cmd_args(argc, 0, 1, "export list"))
		return CMD_USAGE;
	return cmd_list(env, ELISA_CMD_EXPORT_GET, on_export);
}

static int export_show(const struct cmd_env *env, int argc, char **argv)
{
	if (!cmd_args(argc, 2, 2, "export show ID|NAME"))
		return CMD_USAGE;
	return cmd_show(env, ELISA_CMD_EXPORT_GET, on_export, "export",
			find_export, argv[1]);
}

#define PAGES_PER_MIB (1024 * 1024 / ELISA_PAGE_SIZE)

static const struct option add_options[] = {
	{ "data", required_argument, NULL, 'd' },
	{ "memfd", required_argument, NULL, 'm' },
	{ "trust", required_argument, NULL, 't' },
	{},
};

/* The memory of a process, if PID is not 0. */
struct source {
	pid_t pid;
	int fd;
};

static bool add_arg(struct enl_export_add *add, struct source *source, int opt,
		    char *arg)
{
	__u32 mib;

	switch (opt) {
	case 'd':
		mib = cmd_id(arg);
		if ((!mib && strcmp(arg, "0")) ||
		    mib > ELISA_DATA_PAGES_MAX / PAGES_PER_MIB) {
			complain("--data is a number of MiB, 0 to %u, not '%s'",
				 ELISA_DATA_PAGES_MAX / PAGES_PER_MIB, arg);
			return false;
		}
		add->data_pages = mib * PAGES_PER_MIB;
		return true;
	case 'm':
		if (!memfd_parse(arg, &source->pid, &source->fd))
			return true;
		complain("--memfd is a process and its descriptor, PID:FD, not '%s'",
			 arg);
		return false;
	case 't':
		if (strcmp(arg, "full") && strcmp(arg, "sealed")) {
			complain("--trust is full or sealed, not '%s'", arg);
			return false;
		}
		add->trust = strcmp(arg, "full") ? ELISA_TRUST_SEALED :
						   ELISA_TRUST_FULL;
		return true;
	}
	return false; /* getopt has complained */
}

/* A file that holds the image as it will lie in memory; -errno. */
static int image_file(const struct subimage *image)
{
	size_t size = (size_t)image->npages * ELISA_PAGE_SIZE, done = 0;
	int fd = memfd_create("elisa-image", MFD_CLOEXEC);
	ssize_t n;
	int ret;

	if (fd < 0)
		return -errno;
	while (done < size) {
		n = write(fd, image->pages + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			ret = n ? -errno : -EIO;
			close(fd);
			return ret;
		}
		done += n;
	}
	return fd;
}

static int on_added(struct nlmsghdr *nlh, void *arg)
{
	return enl_export_add_decode(nlh, arg);
}

static int print_id(const struct cmd_env *env, __u32 id)
{
	struct print print;

	print_begin(&print, env->json);
	print_row(&print);
	print_uint(&print, "id", id);
	return print_object(&print);
}

static int add_image(const struct cmd_env *env, struct enl_export_add *add)
{
	struct enl enl;
	__u32 id = 0;
	int ret;

	add->fd = image_file(add->image);
	if (add->fd < 0) {
		complain("cannot make a file for the image: %s",
			 strerror(-add->fd));
		return CMD_FAILED;
	}
	ret = enl_open(&enl);
	if (!ret)
		ret = enl_request(&enl, enl_export_add_msg(enl.family, add),
				  on_added, &id);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	close(add->fd);
	if (ret)
		return CMD_FAILED;
	return print_id(env, id) ? CMD_FAILED : CMD_OK;
}

/* With the memory of another process, if SOURCE says so. */
static int add_with(const struct cmd_env *env, struct enl_export_add *add,
		    const struct source *source)
{
	char why[MEMFD_WHY_SIZE];
	int fd, ret;

	if (!source->pid)
		return add_image(env, add);
	fd = memfd_copy(source->pid, source->fd, add->data_pages, why);
	if (fd < 0) {
		complain("%s", why);
		return CMD_FAILED;
	}
	add->data_fd = &fd;
	ret = add_image(env, add);
	close(fd);
	return ret;
}

static int export_add(const struct cmd_env *env, int argc, char **argv)
{
	struct enl_export_add add = { .trust = ELISA_TRUST_SEALED };
	char why[ELISA_IMAGE_ERR_SIZE];
	struct elisa_image *image;
	struct source source = {};
	int opt, ret;

	optind = 0; /* anew: options may stand behind the names */
	while ((opt = getopt_long(argc, argv, "", add_options, NULL)) != -1) {
		if (!add_arg(&add, &source, opt, optarg))
			return CMD_USAGE;
	}
	if (!cmd_args(argc - optind, 2, 2,
		      "export add NAME IMAGE [--data MIB] [--memfd PID:FD] [--trust full|sealed]"))
		return CMD_USAGE;
	add.name = argv[optind];
	if (!*add.name || strlen(add.name) > ELISA_NAME_MAX) {
		complain("an export's name has 1 to %u characters",
			 ELISA_NAME_MAX);
		return CMD_USAGE;
	}
	ret = elisa_image_load(&image, argv[optind + 1], why, sizeof(why));
	if (ret) {
		complain("%s: %s", argv[optind + 1], why);
		return CMD_FAILED;
	}
	add.image = &image->sub;
	ret = add_with(env, &add, &source);
	elisa_image_free(image);
	return ret;
}

static int end_export(const char *what)
{
	struct enl enl;
	__u32 id;
	int ret;

	ret = enl_open(&enl);
	if (!ret)
		ret = find_export(&enl, what, &id);
	if (!ret)
		ret = enl_request(&enl, enl_export_del_msg(enl.family, id),
				  NULL, NULL);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}

static int export_del(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	if (!cmd_args(argc, 2, 2, "export del ID|NAME"))
		return CMD_USAGE;
	return end_export(argv[1]);
}

int cmd_revoke(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	if (!cmd_args(argc, 2, 2, "revoke ID|NAME"))
		return CMD_USAGE;
	return end_export(argv[1]);
}

static const struct cmd verbs[] = {
	{ "list", export_list, NULL, NULL },
	{ "show", export_show, NULL, NULL },
	{ "add", export_add, NULL, NULL },
	{ "del", export_del, NULL, NULL },
	{},
};

int cmd_export(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "export", env, argc - 1, argv + 1);
}
