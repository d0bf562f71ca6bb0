// SPDX-License-Identifier: GPL-2.0-only
/* Services of the VMM. */
#include "guest.h"

s64 service(struct svc *svc)
{
	__asm__ volatile("out %%eax, %%dx"
			 :
			 : "a"((u32)(u64)svc), "d"(ATTACK_PORT)
			 : "memory");
	return svc->ret;
}

s64 vcpu_ioctl(unsigned int cpu, u64 request, void *arg)
{
	struct svc svc = {
		.op = SVC_VCPU_IOCTL,
		.a = { request, cpu, (u64)arg },
	};

	return service(&svc);
}

s64 vm_ioctl(u64 request, void *arg)
{
	struct svc svc = { .op = SVC_VM_IOCTL, .a = { request, 0, (u64)arg } };

	return service(&svc);
}

s64 vcpu_post(unsigned int cpu, u64 request, void *arg, u64 when, u64 rip_first,
	      u64 rip_last)
{
	struct svc svc = {
		.op = SVC_POST,
		.a = { request, cpu, (u64)arg, when, rip_first, rip_last },
	};

	return service(&svc);
}

s64 vcpu_posted(unsigned int cpu)
{
	struct svc svc = { .op = SVC_POSTED, .a = { 0, cpu } };

	return service(&svc);
}

s64 poker_start(unsigned int cpu, struct poker *poker)
{
	struct svc svc = {
		.op = SVC_POKER_START,
		.a = { 0, cpu, (u64)poker },
	};

	return service(&svc);
}

s64 poker_stop(unsigned int cpu, struct poker *poker)
{
	struct svc svc = {
		.op = SVC_POKER_STOP,
		.a = { 0, cpu, (u64)poker },
	};

	return service(&svc);
}

s64 memslot(unsigned int slot, u64 gpa, u64 size, u32 flags, u64 shows)
{
	struct svc svc = {
		.op = SVC_MEMSLOT,
		.a = { slot, gpa, size, flags, shows },
	};

	return service(&svc);
}

u64 dirty_log(unsigned int slot, bool clear)
{
	struct svc svc = {
		.op = SVC_DIRTY_LOG,
		.a = { slot, 0, 0, clear },
	};

	return service(&svc);
}

s64 vmm_new_vcpu(void)
{
	struct svc svc = { .op = SVC_NEW_VCPU };

	return service(&svc);
}

void vmm_sleep(u64 us)
{
	struct svc svc = { .op = SVC_SLEEP, .a = { us } };

	service(&svc);
}

void vmm_wait(const u32 *word, u32 value, u64 us)
{
	struct svc svc = { .op = SVC_WAIT, .a = { (u64)word, value, us } };

	service(&svc);
}

s64 host_read(const char *name, char *text, size_t size)
{
	struct svc svc = {
		.op = SVC_FILE,
		.a = { (u64)name, 0, (u64)text, size - 1 },
	};

	memset(text, 0, size);
	return service(&svc);
}

s64 host_write(const char *name, const char *text)
{
	struct svc svc = {
		.op = SVC_FILE,
		.a = { (u64)name, 0, (u64)text, strlen(text), true },
	};

	return service(&svc);
}

s64 vmm_kick(unsigned int cpu)
{
	struct svc svc = { .op = SVC_KICK, .a = { 0, cpu } };

	return service(&svc);
}
