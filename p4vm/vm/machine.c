/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No network, no disk, no default device: a serial console that is the log, the port of
 * abi/guest.h, the doorbell, the facts. max_cpus is above 1 always: QEMU leaves the guest's memory
 * barriers out where there can be only one processor, and without them a wake-up can be lost.
 */
#include "p4vm/vm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys/log.h"
#include "p4vm/vm/jail.h"

#define QEMU	 "/usr/bin/qemu-system-x86_64"
#define ARGS_MAX 64
#define FIRMWARE "/usr/share/ovmf/OVMF.amdsev.fd"

/* Descriptors in QEMU. */
enum { FD_QMP = 3, FD_LINK, FD_DOORBELL, FD_FACTS, FD_END };

struct args {
	uint32_t n;
	char *argv[ARGS_MAX + 1];
};

static __attribute__((format(printf, 2, 3))) void add(struct args *a, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	if (a->n == ARGS_MAX || vasprintf(&a->argv[a->n], format, list) < 0)
		abort(); /* the table is too short, or no memory: nothing runs yet */
	va_end(list);
	a->argv[++a->n] = NULL;
}

static void add_channel(struct args *a, const char *name, int fd)
{
	add(a, "-chardev");
	add(a, "socket,id=%s,fd=%d", name, fd);
}

static void add_processor(struct args *a, const struct seki_vm_machine *m)
{
	add(a, "-accel");
	add(a, m->kvm ? "kvm" : "tcg,thread=multi");
	add(a, "-cpu");
	add(a, m->confidential ? "EPYC-v4" : "max");
	add(a, "-smp");
	add(a, "%u,maxcpus=%u", m->workers, m->workers + 1);
	add(a, "-m");
	add(a, "%u", m->memory_mb);
	add(a, "-machine");
	if (!m->confidential) {
		add(a, "pc,usb=off,vmport=off");
		return;
	}
	add(a, "pc,usb=off,vmport=off,confidential-guest-support=snp,memory-backend=ram");
	add(a, "-object");
	add(a, "memory-backend-memfd,id=ram,size=%uM,share=true,prealloc=false", m->memory_mb);
	add(a, "-object");
	add(a, "sev-snp-guest,id=snp,cbitpos=51,reduced-phys-bits=1,kernel-hashes=on");
	add(a, "-bios");
	add(a, FIRMWARE);
}

static void add_devices(struct args *a, const struct seki_vm_machine *m)
{
	add(a, "-chardev");
	add(a, "stdio,id=log,signal=off");
	add(a, "-serial");
	add(a, "chardev:log");
	add_channel(a, "qmp", FD_QMP);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	add_channel(a, "link", FD_LINK);
	add(a, "-device");
	add(a, "virtio-serial-pci,addr=%u", SEKI_GUEST_SLOT_SERIAL);
	add(a, "-device");
	add(a, "virtserialport,chardev=link,name=" SEKI_GUEST_PORT);
	add_channel(a, "doorbell", FD_DOORBELL);
	add(a, "-device");
	add(a, "ivshmem-doorbell,vectors=%u,chardev=doorbell,addr=%u", m->workers,
	    SEKI_GUEST_SLOT_DOORBELL);
	if (m->facts < 0)
		return;
	add(a, "-object");
	add(a,
	    "memory-backend-file,id=facts,mem-path=/proc/self/fd/%d,size=%llu,share=on,readonly=on",
	    FD_FACTS, (unsigned long long)m->facts_bytes);
	add(a, "-device");
	add(a, "ivshmem-plain,memdev=facts,addr=%u", SEKI_GUEST_SLOT_FACTS);
}

static void fill(struct args *a, const struct seki_vm_machine *m)
{
	add(a, QEMU);
	add(a, "-name");
	add(a, "sekisho-%s", m->name);
	add_processor(a, m);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-display");
	add(a, "none");
	add(a, "-no-reboot");
	add(a, "-sandbox");
	add(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	add(a, "-kernel");
	add(a, "%s", m->jail ? SEKI_JAIL_KERNEL : m->image.kernel);
	add(a, "-initrd");
	add(a, "%s", m->jail ? SEKI_JAIL_INITRD : m->image.initrd);
	add(a, "-append");
	add(a, "console=ttyS0 quiet loglevel=4 panic=-1 random.trust_cpu=on");
	add_devices(a, m);
}

/* Where a descriptor is to be is where another may be now: first all out of the way. */
static int place_descriptors(const struct seki_vm_machine *m, const struct seki_vm_channels *theirs)
{
	int from[FD_END] = {-1,		  STDERR_FILENO,    STDERR_FILENO, theirs->qmp,
			    theirs->link, theirs->doorbell, m->facts};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	from[0] = null;
	for (int i = 0; i < FD_END; i++) {
		if (from[i] >= 0)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 100);
	}
	for (int i = 0; i < FD_END; i++) {
		if (from[i] >= 0 && dup2(from[i], i) < 0)
			return -errno;
	}
	return close_range(m->facts < 0 ? FD_FACTS : FD_END, ~0u, 0) ? -errno : 0;
}

static _Noreturn void become_qemu(const struct seki_vm_machine *m,
				  const struct seki_vm_channels *theirs, pid_t parent)
{
	struct args args = {0};
	sigset_t none;
	int err;

	fill(&args, m);
	err = place_descriptors(m, theirs);
	if (!err && m->jail)
		err = seki_vm_jail(m);
	if (!err &&
	    (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		err = -errno;
	if (!err && getppid() != parent)
		err = -ESRCH;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (!err) {
		execv(QEMU, args.argv);
		err = -errno;
	}
	dprintf(STDERR_FILENO, "virtual machine: " QEMU ": %s\n", strerror(-err));
	_exit(1);
}

int seki_vm_boot(const struct seki_vm_machine *machine, struct seki_vm_channels *out)
{
	struct seki_vm_channels theirs;
	int pairs[3][2];
	pid_t parent = getpid(), pid;

	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]))
			return -errno;
	}
	*out = (struct seki_vm_channels){pairs[0][0], pairs[1][0], pairs[2][0]};
	theirs = (struct seki_vm_channels){pairs[0][1], pairs[1][1], pairs[2][1]};
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_qemu(machine, &theirs, parent);
	for (int i = 0; i < 3; i++)
		close(pairs[i][1]);
	return 0;
}

static bool has_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}

int seki_vm_find_image(struct seki_vm_image *image, bool confidential)
{
	static const char *const places[] = {"guest/sekisho-p4vm.img", "sekisho-p4vm.img"};
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return seki_complain("sekisho-p4vmd", "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (int i = 0; i < 2 && !has_bytes(image->initrd); i++)
		snprintf(image->initrd, sizeof(image->initrd), "%s/%s", self, places[i]);
	/* The firmware of a confidential machine measures the kernel as it was made. */
	snprintf(image->kernel, sizeof(image->kernel), "%s.vmlinux", image->initrd);
	if (confidential || !has_bytes(image->kernel))
		snprintf(image->kernel, sizeof(image->kernel), "%s.vmlinuz", image->initrd);
	if (!has_bytes(image->initrd) || !has_bytes(image->kernel))
		return seki_complain("sekisho-p4vmd",
				     "no image for virtual machines beside '%s': install "
				     "linux-image-amd64 and linux-headers-amd64 and build again",
				     self);
	if (access(QEMU, X_OK))
		return seki_complain("sekisho-p4vmd", QEMU ": %s; install qemu-system-x86",
				     strerror(errno));
	return 0;
}

static bool text_in_file(const char *path, const char *text)
{
	char line[8192];
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, text) != NULL;
	if (file)
		fclose(file);
	return found;
}

static bool qemu_knows(const char *object)
{
	char line[256];
	FILE *help = popen(QEMU " -object help 2>/dev/null", "re");
	bool found = false;

	while (help && fgets(line, sizeof(line), help))
		found |= strstr(line, object) != NULL;
	if (help)
		pclose(help);
	return found;
}

const char *seki_vm_confidential_gap(void)
{
	if (!text_in_file("/proc/cpuinfo", " sev_snp"))
		return "the processor, or its kernel, has no SEV-SNP (no 'sev_snp' in "
		       "/proc/cpuinfo)";
	if (access("/dev/sev", R_OK | W_OK))
		return "/dev/sev cannot be used (is kvm_amd loaded with sev_snp=1, and who are "
		       "you?)";
	if (access("/dev/kvm", R_OK | W_OK))
		return "/dev/kvm cannot be used";
	if (!qemu_knows("sev-snp-guest"))
		return "QEMU is too old: it has no object sev-snp-guest (QEMU 9.1 has)";
	if (access(FIRMWARE, R_OK))
		return "there is no firmware " FIRMWARE " (package ovmf-amdsev)";
	return NULL;
}
