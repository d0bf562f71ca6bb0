// SPDX-License-Identifier: GPL-2.0-only
/* Services for the guest: see struct svc. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attacker.h"

/*
 * The argument of an ioctl in guest memory.  The size in its number is only
 * that of a header for some (KVM_GET_MSRS); those must not end at the end of
 * guest memory.
 */
static void *ioctl_arg(unsigned long request, uint64_t arg, bool *bad)
{
	void *p = NULL;

	*bad = false;
	if (arg < 4096)
		return (void *)(uintptr_t)arg;
	p = guest_mem(arg, _IOC_SIZE(request) ?: 1);
	*bad = !p;
	return p;
}

static long do_ioctl(int fd, unsigned long request, uint64_t arg)
{
	bool bad;
	void *p = ioctl_arg(request, arg, &bad);
	int ret;

	if (bad)
		return -EFAULT;
	ret = ioctl(fd, request, p);
	return ret < 0 ? -errno : ret;
}

/* vm.lock held, in the vCPU's own thread. */
void serve_requests(struct vcpu *self)
{
	struct svc *svc = self->request;

	if (!svc)
		return;
	svc->ret = self->gone ? -ESRCH :
				do_ioctl(self->fd, svc->a[0], svc->a[2]);
	self->request = NULL;
	pthread_cond_broadcast(&vm.changed);
}

/* vm.lock held; serves what others want of @self meanwhile. */
static long remote_ioctl(struct vcpu *self, struct vcpu *to, struct svc *svc)
{
	struct svc request = *svc;

	while (to->request && !vm.ended) {
		serve_requests(self);
		pthread_cond_wait(&vm.changed, &vm.lock);
	}
	if (vm.ended || to->gone)
		return -ESRCH;
	to->request = &request;
	vcpu_kick(to);
	/* A waiter that has this thread's attention must see it, too. */
	pthread_cond_broadcast(&vm.changed);
	while (to->request == &request) {
		serve_requests(self);
		if (vm.ended && to->gone)
			break;
		pthread_cond_wait(&vm.changed, &vm.lock);
	}
	return request.ret;
}

static long post(struct vcpu *to, const struct svc *svc)
{
	unsigned long request = svc->a[0];
	struct post *post = NULL;
	unsigned int i;
	bool bad;
	void *arg;

	for (i = 0; i < POSTS_MAX && !post; i++)
		if (!to->post[i].used)
			post = &to->post[i];
	if (!post)
		return -EBUSY;
	arg = ioctl_arg(request, svc->a[2], &bad);
	if (bad || _IOC_SIZE(request) > POST_DATA)
		return -EFAULT;
	post->request = request;
	post->gpa = svc->a[2];
	post->when = svc->a[3];
	post->rip_first = svc->a[4];
	post->rip_last = svc->a[5];
	post->copied = svc->a[2] >= 4096 && _IOC_DIR(request) == _IOC_WRITE;
	if (post->copied)
		memcpy(post->data, arg, _IOC_SIZE(request));
	post->used = true;
	return 0;
}

static bool post_is_due(const struct vcpu *self, const struct post *post,
			unsigned int when)
{
	struct kvm_regs regs;

	if (!post->used || (post->when && !(post->when & when)))
		return false;
	if (!post->rip_first && !post->rip_last)
		return true;
	return !ioctl(self->fd, KVM_GET_REGS, &regs) &&
	       regs.rip >= post->rip_first && regs.rip <= post->rip_last;
}

/* Kicks do not end it. */
static void nap(uint64_t us)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += us / 1000000;
	until.tv_nsec += us % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	       EINTR)
		;
}

static void merge_regs(const struct vcpu *self, const struct post *post,
		       struct kvm_regs *regs)
{
	const __u64 rdi = regs->rdi;
	struct kvm_regs now;

	if (ioctl(self->fd, KVM_GET_REGS, &now))
		return;
	if (post->when & SVC_ONLY_RDI) {
		*regs = now;
		regs->rdi = rdi;
	} else {
		regs->rdi = now.rdi;
	}
}

/* What waits for this vCPU to leave KVM_RUN; returns how much that was. */
unsigned int run_posts(struct vcpu *self, unsigned int when)
{
	unsigned int i, n = 0;

	pthread_mutex_lock(&vm.lock);
	for (i = 0; i < POSTS_MAX; i++) {
		struct post *post = &self->post[i];

		if (!post_is_due(self, post, when))
			continue;
		post->used = false;
		n++;
		if (!post->request) {
			pthread_mutex_unlock(&vm.lock);
			nap(post->gpa);
			pthread_mutex_lock(&vm.lock);
		} else if (post->copied) {
			if (post->when & (SVC_KEEP_RDI | SVC_ONLY_RDI))
				merge_regs(self, post, (void *)post->data);
			ioctl(self->fd, post->request, post->data);
		} else {
			do_ioctl(self->fd, post->request, post->gpa);
		}
	}
	pthread_mutex_unlock(&vm.lock);
	return n;
}

static long posted(const struct vcpu *vcpu)
{
	unsigned int i;
	long n = 0;

	for (i = 0; i < POSTS_MAX; i++)
		n += vcpu->post[i].used;
	return n;
}

/* vm.lock held.  What fails ends the VMM. */
static long new_vcpu(void)
{
	unsigned int index = vm.n_cpus;

	if (index == ATTACK_MAX_CPUS)
		return -ENOSPC;
	vcpu_create(index);
	vcpu_start(&vm.vcpu[index]);
	return vm.n_cpus++;
}

static long print(uint64_t gpa, uint64_t len)
{
	const void *text = guest_mem(gpa, len);

	if (!text)
		return -EFAULT;
	fwrite(text, 1, len, stdout);
	fflush(stdout);
	return 0;
}

static long file(const struct svc *svc)
{
	const char *name = guest_mem(svc->a[0], 256);
	void *buffer = guest_mem(svc->a[2], svc->a[3]);
	ssize_t n;
	int fd;

	if (!name || !buffer || !memchr(name, 0, 256))
		return -EFAULT;
	fd = open(name, svc->a[4] ? O_WRONLY : O_RDONLY);
	if (fd < 0)
		return -errno;
	n = svc->a[4] ? write(fd, buffer, svc->a[3]) :
			read(fd, buffer, svc->a[3]);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static long advise(const struct svc *svc)
{
	void *p = guest_mem(svc->a[1], svc->a[2]);

	if (!p)
		return -EFAULT;
	return madvise(p, svc->a[2], svc->a[0]) ? -errno : 0;
}

static long wait_word(const struct svc *svc)
{
	const struct timespec most = { .tv_nsec = svc->a[2] * 1000 };
	uint32_t *word = guest_mem(svc->a[0], sizeof(*word));

	if (!word)
		return -EFAULT;
	/* Not a private one: the word may be in a file that is shared. */
	return syscall(SYS_futex, word, FUTEX_WAIT, (uint32_t)svc->a[1], &most,
		       NULL, 0) ?
		       -errno :
		       0;
}

static long poker(struct vcpu *vcpu, const struct svc *svc)
{
	struct poker *p = guest_mem(svc->a[2], sizeof(*p));

	if (!p)
		return -EFAULT;
	return svc->op == SVC_POKER_START ? poker_start(vcpu, p) :
					    poker_stop(vcpu, p);
}

void service(struct vcpu *self, uint64_t gpa)
{
	struct svc *svc = guest_mem(gpa, sizeof(*svc));
	struct vcpu *to = NULL;

	if (!svc) {
		printf("attacker: bad service at %llx\n",
		       (unsigned long long)gpa);
		end(3);
		return;
	}
	if (svc->a[1] < vm.n_cpus)
		to = &vm.vcpu[svc->a[1]];

	svc->ret = -EINVAL;
	switch (svc->op) {
	case SVC_PRINT:
		svc->ret = print(svc->a[0], svc->a[1]);
		return;
	case SVC_EXIT:
		end(svc->a[0]);
		return;
	case SVC_VM_IOCTL:
		svc->ret = do_ioctl(vm.fd, svc->a[0], svc->a[2]);
		return;
	case SVC_FILE:
		svc->ret = file(svc);
		return;
	case SVC_SLEEP:
		usleep(svc->a[0]);
		svc->ret = 0;
		return;
	case SVC_WAIT:
		svc->ret = wait_word(svc);
		return;
	case SVC_MADVISE:
		svc->ret = advise(svc);
		return;
	case SVC_STALL:
		svc->ret = stall_page(svc->a[0], svc->a[1]);
		return;
	case SVC_STALLED:
		svc->ret = stall_met();
		return;
	}

	pthread_mutex_lock(&vm.lock);
	switch (svc->op) {
	case SVC_MEMSLOT:
		svc->ret = svc_memslot(svc);
		break;
	case SVC_VCPU_IOCTL:
		if (to == self)
			svc->ret = do_ioctl(to->fd, svc->a[0], svc->a[2]);
		else if (to)
			svc->ret = remote_ioctl(self, to, svc);
		break;
	case SVC_POST:
		if (to)
			svc->ret = post(to, svc);
		break;
	case SVC_POSTED:
		if (to)
			svc->ret = posted(to);
		break;
	case SVC_POKER_START:
	case SVC_POKER_STOP:
		if (to)
			svc->ret = poker(to, svc);
		break;
	case SVC_DIRTY_LOG:
		svc->ret = svc_dirty_log(svc);
		break;
	case SVC_NEW_VCPU:
		svc->ret = new_vcpu();
		break;
	case SVC_KICK:
		if (to) {
			vcpu_kick(to);
			svc->ret = 0;
		}
		break;
	}
	pthread_mutex_unlock(&vm.lock);
}
