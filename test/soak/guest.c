// SPDX-License-Identifier: GPL-2.0-only
/* The VMs, and what their vCPUs are asked. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"

/* test/attack/guest/elisa.h */
#define HOW_TRAP 2
#define HOW_FELL 3

static bool has_line(void *path)
{
	char text[64];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && memchr(text, '\n', n);
}

static void map_boxes(unsigned int v, const char *path)
{
	struct vm *vm = &vms[v];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	unsigned int i;
	char *p;

	if (vm->box[0])
		munmap(vm->box[0], SOAK_CPUS * SOAK_BOX_SIZE);
	if (fd < 0 || ftruncate(fd, SOAK_CPUS * SOAK_BOX_SIZE)) {
		wrong("%s", path);
		exit(1);
	}
	p = mmap(NULL, SOAK_CPUS * SOAK_BOX_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		wrong("%s", path);
		exit(1);
	}
	for (i = 0; i < SOAK_CPUS; i++)
		vm->box[i] = (void *)(p + i * SOAK_BOX_SIZE);
}

void vm_start(unsigned int v)
{
	struct vm *vm = &vms[v];
	char shared[64], out[64], seed[64];
	int in[2];

	memset(vm->att, 0, sizeof(vm->att));
	memset(vm->handle, 0, sizeof(vm->handle));
	memset(vm->bg, 0, sizeof(vm->bg));
	vm->exported = false;
	snprintf(shared, sizeof(shared), "/tmp/%s.shared", vm_name(v));
	snprintf(out, sizeof(out), "/tmp/%s.out", vm_name(v));
	snprintf(seed, sizeof(seed), "seed=%llu",
		 (unsigned long long)(opt.seed % 1000000));
	map_boxes(v, shared);
	unlink(out);
	if (pipe2(in, O_CLOEXEC)) {
		wrong("pipe");
		exit(1);
	}
	vm->pid = fork();
	if (!vm->pid) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(in[0], 0);
		dup2(fd, 1);
		dup2(fd, 2);
		close(in[0]);
		close(in[1]);
		close(fd);
		execlp("attacker", "attacker", "--wait", "--cpus", "2", "--mem",
		       "16", "--timeout", "1000000", "--shared", shared,
		       "/x/attack.elf", "soak", seed, NULL);
		_exit(127);
	}
	close(in[0]);
	if (!wait_for(has_line, out))
		wrong("%s does not start", vm_name(v));
	vm->alive = true;
	vm_enrol(v);
	if (write(in[1], "go\n", 3) != 3)
		wrong("%s is gone", vm_name(v));
	close(in[1]);
}

void vm_enrol(unsigned int v)
{
	char out[512];
	int ret;

	ret = run_command(out, sizeof(out),
			  "elisactl vm enrol --pid %d --name %s --export 'soak.%u' --export 'many.*' --attach '*:%s' --limit attachments=%d --limit exports=%d --limit pinned=%dK --limit instances=%d",
			  vms[v].pid, vm_name(v), v,
			  may_write(v) ? "rwkf" : "rokf", LIMIT_ATTACHMENTS,
			  LIMIT_EXPORTS, LIMIT_PINNED * 4,
			  v == VM_LOW ? LIMIT_INSTANCES_LOW : LIMIT_INSTANCES);
	if (ret)
		wrong("vm enrol %s: status %d: %s", vm_name(v), ret, out);
	else
		vms[v].enrolled = true;
}

struct soak_box *request(unsigned int v, unsigned int cpu, unsigned int what)
{
	struct soak_box *box;

	collect(v, cpu);
	box = vms[v].box[cpu];
	memset(box->arg, 0, sizeof(box->arg));
	memset(box->name, 0, sizeof(box->name));
	memset(box->value, 0, sizeof(box->value));
	box->request = what;
	box->progress = 0;
	return box;
}

void post(unsigned int v, unsigned int cpu)
{
	struct soak_box *box = vms[v].box[cpu];

	__atomic_add_fetch(&box->asked, 1, __ATOMIC_SEQ_CST);
	/* Its vCPU waits for the lower half. */
	syscall(SYS_futex, &box->asked, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool is_answered(void *box_of)
{
	const struct soak_box *box = box_of;

	return __atomic_load_n(&box->answered, __ATOMIC_SEQ_CST) == box->asked;
}

/* What its threads and the module do, twice. */
static void show_threads(unsigned int v)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "for i in 1 2; do for t in /proc/%d/task/*; do echo \"# $(cut -d ' ' -f 2,3,14,15 $t/stat)\"; sed 's/^/#   /' $t/stack; done; elisactl stats %s | sed 's/^/# /'; sleep 1; done 2>&1",
		 vms[v].pid, vm_name(v));
	fflush(stdout);
	if (system(command))
		wrong("no threads of %s", vm_name(v));
}

static void await(unsigned int v, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		if (is_answered(vms[v].box[cpu]))
			return;
		nap(1000);
	}
	if (wait_for(is_answered, vms[v].box[cpu]))
		return;
	wrong("%s, vCPU %u: no answer to request %llu", vm_name(v), cpu,
	      (unsigned long long)vms[v].box[cpu]->request);
	show_threads(v);
	reap_output(v);
	exit(1);
}

int64_t ask(unsigned int v, unsigned int cpu)
{
	post(v, cpu);
	await(v, cpu);
	return vms[v].box[cpu]->ret;
}

/*
 * What a call may end with when its export, window or VM goes under it: KVM
 * answers VMCALL and VMFUNC of a VM that is not enrolled.
 */
static bool is_ended_from_outside(int64_t ret)
{
	return ret == -ENOLINK || ret == -1000 || ret == -1 ||
	       ret == SOAK_TRAPPED - HOW_TRAP || ret == SOAK_TRAPPED - HOW_FELL;
}

static bool is_legal(const struct background *bg, int64_t ret)
{
	if (bg->disturbed)
		return !ret || is_ended_from_outside(ret);
	return ret == bg->want;
}

/* Wait until the vCPU has done what it does in the background. */
void collect(unsigned int v, unsigned int cpu)
{
	struct vm *vm = &vms[v];
	struct background *bg = &vm->bg[cpu];
	const struct soak_box *box = vm->box[cpu];
	struct cell *sum;
	uint64_t done;
	bool busy;

	if (!bg->running)
		return;
	await(v, cpu);
	bg->running = false;
	done = box->progress;
	busy = v == VM_LOW && box->ret == -EBUSY;
	if (!busy && !is_legal(bg, box->ret))
		wrong("%s, vCPU %u: a call in the background: %lld after %llu calls, %s",
		      vm_name(v), cpu, (long long)box->ret,
		      (unsigned long long)done,
		      bg->disturbed ? "disturbed" : "undisturbed");
	if (!box->ret && done != bg->calls)
		wrong("%s, vCPU %u: %llu calls of %u", vm_name(v), cpu,
		      (unsigned long long)done, bg->calls);
	if (box->value[1])
		wrong("%s, vCPU %u: %llu calls returned a wrong value",
		      vm_name(v), cpu, (unsigned long long)box->value[1]);
	if (box->value[2])
		wrong("%s, vCPU %u: the VMM saw %llu times what it should not",
		      vm_name(v), cpu, (unsigned long long)box->value[2]);
	/*
	 * All calls that were made before the attachment went, and the one that
	 * failed may have come as far as the addition.
	 */
	sum = sum_of(v, bg);
	if (sum)
		cell_add(sum, done,
			 -(int64_t)(bg->calls - done) +
				 (box->ret && bg->disturbed));
	loop_result(!box->ret	  ? "good" :
		    busy	  ? "busy" :
		    bg->disturbed ? "ended from outside" :
				    "refused");
}

/* What the guest and its VMM complained about. */
bool reap_output(unsigned int v)
{
	char path[64], line[256];
	bool good = false;
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/%s.out", vm_name(v));
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "not ok", 6) ||
		    !strncmp(line, "attacker:", 9))
			wrong("%s says: %s", vm_name(v), line);
		good |= !strcmp(line, "ok - soak");
	}
	if (file)
		fclose(file);
	return good;
}

bool is_forgotten(void *name)
{
	char out[64];

	/* Fails: no such VM. */
	return run_command(out, sizeof(out), "elisactl stats %s >/dev/null",
			   (const char *)name);
}

static void after_death(unsigned int v, bool was_enrolled)
{
	if (was_enrolled && !wait_for(is_forgotten, (void *)vm_name(v)))
		wrong("%s is dead and not forgotten", vm_name(v));
}

void vm_kill(unsigned int v)
{
	bool enrolled = vms[v].enrolled;
	int status;

	kill(vms[v].pid, SIGKILL);
	waitpid(vms[v].pid, &status, 0);
	if (!WIFSIGNALED(status))
		wrong("%s had ended by itself, status %x", vm_name(v), status);
	vm_gone(v);
	reap_output(v);
	after_death(v, enrolled);
}

void vm_quit(unsigned int v)
{
	bool enrolled = vms[v].enrolled;
	unsigned int cpu;
	int status;

	for (cpu = 0; cpu < SOAK_CPUS; cpu++)
		collect(v, cpu);
	for (cpu = SOAK_CPUS; cpu-- > 0;) {
		request(v, cpu, SOAK_QUIT);
		ask(v, cpu);
	}
	waitpid(vms[v].pid, &status, 0);
	if (status)
		wrong("%s ended with status %x", vm_name(v), status);
	vm_gone(v);
	if (!reap_output(v))
		wrong("%s did not come to its end", vm_name(v));
	after_death(v, enrolled);
}
