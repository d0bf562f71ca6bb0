// SPDX-License-Identifier: GPL-2.0-only
/*
 * slow_vmm: a process with a VM that makes wait whoever looks at it, or hides.
 *
 *	slow_vmm plain|silent|swap|deep --name NAME
 *
 *	plain	it does not
 *	silent	from SIGUSR1 on its memory is locked, so that nobody can read its
 *		command line: mmap() waits for a FUSE that does not answer WRITE
 *	swap	the number of its VM's descriptor is that of a file of FUSE every
 *		other moment, and that FUSE does not answer FLUSH to others
 *	deep	from SIGUSR1 on the path of its control group is longer than the
 *		kernel tells; says "buried"
 *
 * Says "ready" when the VM is there, and "held NAME" for each request of FUSE that
 * is not answered, with the name of the process.  The FUSE is a process of its own,
 * "fuse PID": all go on when that ends.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fuse.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_ID 2
#define NOBODY	65534
#define PAGE	4096

static char mountpoint[32];
static pid_t vmm;

static void make_mountpoint(void)
{
	strcpy(mountpoint, "/tmp/slow-XXXXXX");
	if (!mkdtemp(mountpoint))
		err(1, "%s", mountpoint);
}

/* --- the file system: a folder, and one file in it */

static void reply(int dev, uint64_t unique, int error, const void *body,
		  size_t size)
{
	char buf[sizeof(struct fuse_out_header) + PAGE];
	struct fuse_out_header *out = (void *)buf;

	out->len = sizeof(*out) + size;
	out->error = -error;
	out->unique = unique;
	memcpy(out + 1, body, size);
	/* It may have been interrupted meanwhile. */
	if (write(dev, buf, out->len) < 0 && errno != ENOENT)
		err(1, "FUSE");
}

static void fill_attr(struct fuse_attr *attr, uint64_t id)
{
	attr->ino = id;
	attr->mode = id == FILE_ID ? S_IFREG | 0644 : S_IFDIR | 0755;
	attr->nlink = 1;
	attr->size = id == FILE_ID ? PAGE : 0;
	attr->blksize = PAGE;
}

static void hold(pid_t pid)
{
	char path[64], comm[32] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "r");
	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = '\0';
		fclose(f);
	}
	comm[strcspn(comm, "\n")] = '\0';
	printf("held %s\n", comm);
	fflush(stdout);
}

static void answer(int dev, const struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = PAGE,
	};
	struct fuse_entry_out entry = { .nodeid = FILE_ID };
	struct fuse_attr_out attr = { 0 };
	struct fuse_open_out opened = { 0 };
	static const char zeros[PAGE];
	static bool again;

	switch (in->opcode) {
	case FUSE_INIT:
		reply(dev, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		fill_attr(&entry.attr, FILE_ID);
		reply(dev, in->unique, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		fill_attr(&attr.attr, in->nodeid);
		reply(dev, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		/* To map it then, all that was written is written back first. */
		opened.open_flags = again ? FOPEN_DIRECT_IO : 0;
		again = true;
		reply(dev, in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_FLUSH:
		if ((pid_t)in->pid != vmm)
			hold(in->pid);
		else
			reply(dev, in->unique, 0, NULL, 0);
		break;
	case FUSE_READ:
		reply(dev, in->unique, 0, zeros, sizeof(zeros));
		break;
	case FUSE_WRITE:
		hold(vmm); /* the kernel's own, it says */
		break;
	case FUSE_RELEASE:
		reply(dev, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: /* of what is held */
		break;
	default:
		reply(dev, in->unique, ENOSYS, NULL, 0);
		break;
	}
}

static void __attribute__((noreturn)) serve(int dev)
{
	static char buf[FUSE_MIN_READ_BUFFER];

	for (;;) {
		if (read(dev, buf, sizeof(buf)) < (ssize_t)sizeof(uint64_t)) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(errno != ENODEV);
		}
		answer(dev, (void *)buf);
	}
}

static void mount_fuse(void)
{
	int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char text[128];
	pid_t server;

	if (dev < 0)
		err(1, "/dev/fuse");
	make_mountpoint();
	snprintf(text, sizeof(text),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", dev);
	if (chmod(mountpoint, 0755) ||
	    mount("slow", mountpoint, "fuse", MS_NOSUID | MS_NODEV, text))
		err(1, "mount");
	vmm = getpid();
	server = fork();
	if (server < 0)
		err(1, "fork");
	if (!server)
		serve(dev);
	printf("fuse %d\n", server);
	close(dev);
	/* Not the other VMMs' user, who would pay for this one. */
	if (setresuid(NOBODY, NOBODY, NOBODY))
		err(1, "setresuid");
}

static int open_file(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/m", mountpoint);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* --- the VMM */

static int create_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0)
		err(1, "KVM_CREATE_VM");
	return vm;
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

/* Holds mmap_lock, of its process too. */
static void *lock_memory(void *arg)
{
	int cached = open_file(), direct = open_file();
	char *page;

	(void)arg;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	page[0] = 1;
	mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, direct, 0);
	errx(1, "it has not waited");
}

static void wait_for_signal(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	sigwait(&set, &sig);
}

static void __attribute__((noreturn)) silent(void)
{
	pthread_t thread;

	mount_fuse();
	create_vm();
	wait_for_signal();
	if (pthread_create(&thread, NULL, lock_memory, NULL))
		errx(1, "pthread_create");
	for (;;)
		pause();
}

static void __attribute__((noreturn)) deep(void)
{
	char name[251];
	int i, fd;

	create_vm();
	wait_for_signal();
	make_mountpoint();
	if (mount("none", mountpoint, "cgroup2", 0, NULL) || chdir(mountpoint))
		err(1, "cgroup2");
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i * sizeof(name) <= PATH_MAX; i++) {
		if (mkdir(name, 0755) || chdir(name))
			err(1, "control group %d", i);
	}
	fd = open("cgroup.procs", O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		err(1, "cgroup.procs");
	puts("buried");
	fflush(stdout);
	for (;;)
		pause();
}

static void __attribute__((noreturn)) swap(void)
{
	int file, number, vm;

	mount_fuse();
	file = open_file();
	number = create_vm();
	vm = dup(number);
	if (vm < 0)
		err(1, "dup");
	ready();
	/* A look takes some milliseconds; it is due when a VM is made. */
	for (unsigned int i = 0;; i++) {
		if (!(i % 16))
			close(create_vm());
		usleep(1000);
		if (dup2(file, number) < 0)
			err(1, "dup2");
		usleep(2000);
		if (dup2(vm, number) < 0)
			err(1, "dup2");
	}
}

int main(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[2], "--name"))
		return 2;
	if (!strcmp(argv[1], "swap"))
		swap();
	if (!strcmp(argv[1], "silent"))
		silent();
	if (!strcmp(argv[1], "deep"))
		deep();
	create_vm();
	ready();
	for (;;)
		pause();
}
