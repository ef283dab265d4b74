/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boots the machine and waits for it. QEMU is this process's child, in the same PID namespace, of
 * which this process is the first: whatever ends it ends QEMU. The walls stand before anything of
 * the guest's is looked at; QEMU's monitor counts as the guest's.
 */
#include "p4vm/vm/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "abi/control.h"
#include "abi/vminfo.h"
#include "core/base/check.h"
#include "lib/seal/seal.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"
#include "p4vm/vm/journal.h"
#include "p4vm/vm/machine.h"

#define SECOND_NS     1000000000ull
#define KVM_HELLO_NS  (5 * SECOND_NS) /* where KVM works at all it takes a tenth of that */
#define BOOT_NS	      (90 * SECOND_NS)
#define SEND_SECONDS  5

#define KEY_NAME      ".sekisho-key"

#define complain(...) seki_complain(SEKI_P4VM_PROGRAM, __VA_ARGS__)

struct inputs {
	struct seki_vm_image image;
	void *program;
	size_t program_len;
	bool has_key;
	uint8_t key[SEKI_SEAL_KEY_BYTES];
	int facts;
	uint64_t facts_bytes;
};

/* QEMU opens the region by itself, as the user that it runs as. */
static int let_read(const char *path, int fd, uid_t uid, uint64_t *bytes)
{
	struct stat st;

	if (fstat(fd, &st))
		return complain("facts '%s': %s", path, strerror(errno));
	*bytes = (uint64_t)st.st_size;
	if (*bytes & (*bytes - 1))
		return complain(
			"facts '%s': its size is no power of two; remove it to have it made", path);
	if (geteuid() || (st.st_mode & S_IROTH) || (st.st_gid == uid && (st.st_mode & S_IRGRP)))
		return 0;
	if (st.st_gid == 0 && fchown(fd, (uid_t)-1, uid) == 0 &&
	    fchmod(fd, (st.st_mode & 0777) | S_IRGRP) == 0)
		return 0;
	return complain("facts '%s': the P4 VM's user %u cannot read it; chgrp %u it and chmod g+r",
			path, uid, uid);
}

static int read_facts(const struct seki_p4vm_child *child, struct inputs *in)
{
	const struct seki_p4vm_config *config = child->config;
	int err;

	in->facts = -1;
	if (!config->facts && !config->key)
		return 0;
	if (!config->facts || !config->key)
		return complain("--facts and --key go together: the facts are sealed with the key");
	in->facts = seki_p4vm_open_facts(config->facts);
	if (in->facts < 0 ||
	    let_read(config->facts, in->facts, child->sandbox->uid, &in->facts_bytes))
		return 1;
	mlock(in->key, sizeof(in->key)); /* where it is allowed; else it is short-lived */
	err = seki_seal_read_key(config->key, in->key);
	if (err)
		return complain("key '%s': %s", config->key, seki_seal_key_error(err));
	in->has_key = true;
	return 0;
}

/* What the kernel and sekisho-p4vmd take, and the programs' maps. */
static uint32_t memory_mib(const struct seki_p4vm_config *config)
{
	return config->vm_memory ? config->vm_memory : 192 + config->memory_mib;
}

static int boot(const struct seki_p4vm_child *child, const struct inputs *in, bool kvm,
		struct seki_vm_host *host)
{
	const struct seki_p4vm_config *config = child->config;
	const struct timeval limit = {.tv_sec = SEND_SECONDS};
	struct seki_vm_machine machine = {.name = config->name,
					  .empty_dir = child->dir,
					  .image = in->image,
					  .memory_mb = memory_mib(config),
					  .workers = config->workers,
					  .kvm = kvm,
					  .confidential = config->confidential,
					  .jail = seki_sandbox_is_full(child->sandbox),
					  .uid = child->sandbox->uid,
					  .facts = in->facts,
					  .facts_bytes = in->facts_bytes};
	struct seki_vm_channels channels;
	int err = seki_vm_boot(&machine, &channels);

	if (err)
		return complain("virtual machine: %s", strerror(-err));
	host->qmp.fd = channels.qmp;
	host->link = channels.link;
	setsockopt(host->link, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	/* QEMU waits for it while it starts. */
	err = seki_doorbell_start(&host->doorbell, channels.doorbell, machine.workers);
	if (err)
		return complain("doorbell: %s", strerror(-err));
	return 0;
}

/* Another user than QEMU's: neither can do anything to the other. */
static int wall_in(const struct seki_p4vm_child *child, struct seki_vm_host *host)
{
	static const int more[] = SEKI_VM_SYSCALLS;
	struct seki_sandbox sandbox = *child->sandbox;
	char name[128];
	int err;

	snprintf(name, sizeof(name), "%s/host", child->config->name);
	sandbox.uid = seki_sandbox_uid(name);
	if (sandbox.uid == child->sandbox->uid)
		sandbox.uid = child->sandbox->uid == SEKI_SANDBOX_UID_MIN ? SEKI_SANDBOX_UID_MAX
									  : sandbox.uid - 1;
	err = seki_sandbox_confine(&sandbox, child->dir);
	if (err)
		return complain("sandbox: %s", strerror(-err));
	err = seki_wakes_start(&host->wakes);
	if (err)
		return complain("thread: %s", strerror(-err));
	err = seki_sandbox_filter(more, SEKI_COUNT(more));
	if (err)
		return complain("sandbox: seccomp: %s", strerror(-err));
	return 0;
}

/* Waits for a frame of that kind, the only one that may come, or any (0). 0 or negative errno. */
static int await(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		 struct seki_vm_inbox *in, uint32_t kind, uint64_t until_ns)
{
	for (;;) {
		struct pollfd polls[] = {{host->link, POLLIN, 0},
					 {host->qmp.fd, POLLIN, 0},
					 {child->keeper, POLLIN, 0}};
		uint64_t now = seki_vm_now_ns();
		int err = -EAGAIN;

		if (now >= until_ns)
			return -ETIMEDOUT;
		if (poll(polls, 3, (int)((until_ns - now) / 1000000 + 1)) < 0)
			continue;
		if (polls[2].revents)
			return -ECANCELED;
		if (polls[1].revents && seki_qmp_events(&host->qmp))
			return -ECONNRESET;
		if (polls[0].revents)
			err = seki_vm_receive(host, in);
		if (err == 0)
			return !kind || in->frame.kind == kind ? 0 : -EPROTO;
		if (err != -EAGAIN)
			return err;
	}
}

static int send_file(struct seki_vm_host *host, const char *name, const void *data, size_t len)
{
	uint8_t bytes[SEKI_GUEST_DATA_MAX];
	struct seki_guest_file *file = (void *)bytes;
	const uint8_t *at = data;
	int err = 0;

	while (!err && len) {
		size_t part = seki_min(len, sizeof(bytes) - sizeof(*file));

		memset(file, 0, sizeof(*file));
		snprintf(file->name, sizeof(file->name), "%s", name);
		memcpy(file->data, at, part);
		err = seki_vm_send(host, SEKI_GUEST_FILE, 0, bytes, sizeof(*file) + part);
		at += part;
		len -= part;
	}
	seki_seal_wipe(bytes, sizeof(bytes));
	return err;
}

struct start {
	size_t len;
	uint8_t bytes[SEKI_GUEST_DATA_MAX] __attribute__((aligned(8)));
};

static __attribute__((format(printf, 2, 3))) void add(struct start *start, const char *format, ...)
{
	size_t room = sizeof(start->bytes) - start->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf((char *)&start->bytes[start->len], room, format, args);
	va_end(args);
	start->len += seki_min((size_t)n + 1, room);
}

static int send_start(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		      const struct inputs *in, const char *program, pid_t pid)
{
	const struct seki_p4vm_config *config = child->config;
	struct start start = {.len = sizeof(struct seki_guest_start)};
	struct seki_guest_start *head = (void *)start.bytes;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	head->real_ns = (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
	add(&start, SEKI_P4VM_PROGRAM);
	add(&start, "%s", config->name);
	add(&start, "--run-dir=/run");
	add(&start, "--guest-of=%d", pid);
	add(&start, "--uid=%u", child->sandbox->own_user ? child->sandbox->uid : getuid());
	add(&start, "--fact-wait-ms=%u", config->fact_wait_ms);
	add(&start, "--no-program=%s", config->no_program);
	add(&start, "--workers=%u", config->workers);
	add(&start, "--max-insns=%u", config->max_insns);
	add(&start, "--memory=%u", config->memory_mib);
	if (!seki_sandbox_is_full(child->sandbox))
		add(&start, "--guest-sandbox=%s", seki_sandbox_text(child->sandbox));
	if (config->cpus)
		add(&start, "--cpus=%s", config->cpus);
	if (config->cpus)
		add(&start, "--cpus=%s", config->cpus);
	if (config->spin_us != SEKI_P4VM_SPIN_AUTO)
		add(&start, "--spin-us=%u", config->spin_us);
	if (in->program)
		add(&start, "--program=/in/%s", program);
	if (in->has_key) {
		add(&start, "--facts=/sys/bus/pci/devices/0000:00:%02x.0/resource2",
		    SEKI_GUEST_SLOT_FACTS);
		add(&start, "--key=/in/" KEY_NAME);
	}
	return seki_vm_send(host, SEKI_GUEST_START, 0, start.bytes, start.len);
}

/* Gives the guest what its sekisho-p4vmd is started with, and waits for that to serve. */
static int start_daemon(struct seki_vm_host *host, const struct seki_p4vm_child *child,
			struct inputs *in, struct seki_vm_inbox *inbox, pid_t pid)
{
	const char *path = child->config->program;
	const char *slash = path ? strrchr(path, '/') : NULL;
	char program[64];
	int err = 0;

	snprintf(program, sizeof(program), "%s", slash ? slash + 1 : path ? path : "");
	if (in->program)
		err = send_file(host, program, in->program, in->program_len);
	if (!err && in->has_key)
		err = send_file(host, KEY_NAME, in->key, sizeof(in->key));
	seki_seal_wipe(in->key, sizeof(in->key));
	free(in->program);
	if (!err)
		err = send_start(host, child, in, program, pid);
	return err ? err : await(host, child, inbox, SEKI_GUEST_READY, seki_vm_now_ns() + BOOT_NS);
}

/* What it said of a request: 0 and the status, or negative errno. */
static int hear_reply(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		      struct seki_vm_inbox *inbox, uint32_t id, int *status)
{
	const uint64_t until_ns = seki_vm_now_ns() + BOOT_NS;
	uint8_t bytes[sizeof(struct seki_control_frame)];
	struct seki_control_frame reply;
	size_t have = 0;

	for (;;) {
		int err = await(host, child, inbox, 0, until_ns);
		size_t part = seki_min(inbox->frame.len, sizeof(bytes) - have);

		if (err)
			return err;
		if (inbox->frame.id != id)
			return -EPROTO;
		if (inbox->frame.kind == SEKI_GUEST_CLOSE)
			break;
		if (inbox->frame.kind != SEKI_GUEST_DATA)
			return -EPROTO;
		memcpy(&bytes[have], inbox->data, part);
		have += part;
	}
	memcpy(&reply, bytes, sizeof(reply));
	*status = have == sizeof(bytes) ? reply.status : -EPROTO;
	return 0;
}

static int send_request(struct seki_vm_host *host, uint32_t id, const uint8_t *request, size_t len)
{
	int err = seki_vm_send(host, SEKI_GUEST_OPEN, id, NULL, 0);

	for (size_t at = 0; !err && at < len; at += SEKI_GUEST_DATA_MAX)
		err = seki_vm_send(host, SEKI_GUEST_DATA, id, &request[at],
				   seki_min(len - at, SEKI_GUEST_DATA_MAX));
	return err;
}

/* Loads again what was loaded in the machine before this one. */
static int replay(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		  struct seki_vm_inbox *inbox)
{
	for (uint32_t i = 0; i < SEKI_VM_JOURNAL; i++) {
		uint32_t len = host->journal->entries[i].len;
		uint32_t id = host->next_id++;
		int status, err;

		if (!len || len > SEKI_VM_REQUEST_BYTES)
			continue;
		err = send_request(host, id, host->journal->entries[i].request, len);
		if (!err)
			err = hear_reply(host, child, inbox, id, &status);
		if (err)
			return err;
		seki_log("%.63s%swhat was loaded before: %s", host->journal->entries[i].port,
			 i ? ": " : "", status ? strerror(-status) : "loaded again");
	}
	return 0;
}

static int map_journal(const struct seki_p4vm_child *child, struct seki_vm_host *host)
{
	void *map = mmap(NULL, sizeof(*host->journal), PROT_READ | PROT_WRITE, MAP_SHARED,
			 child->journal, 0);

	if (map == MAP_FAILED)
		return complain("journal: %s", strerror(errno));
	close(child->journal);
	host->journal = map;
	return 0;
}

static void on_deleted(void *arg, const char *device)
{
	seki_vm_slot_deleted(arg, device);
}

static int boot_failed(bool kvm, int err)
{
	if (err == -ECANCELED)
		return 0;
	if (kvm) {
		seki_log("the virtual machine does not come up with KVM: %s", strerror(-err));
		return SEKI_VM_EXIT_NO_KVM;
	}
	return complain("the virtual machine does not come up: %s", strerror(-err));
}

static int serve(const struct seki_p4vm_child *child, struct inputs *in, bool kvm, pid_t pid)
{
	struct seki_vm_host *host = calloc(1, sizeof(*host));
	struct seki_vm_inbox *inbox = calloc(1, sizeof(*inbox));
	uint64_t start = seki_vm_now_ns();
	int err;

	if (!host || !inbox)
		return complain("no memory");
	host->qmp.deleted = on_deleted;
	host->qmp.arg = host;
	if (map_journal(child, host) || boot(child, in, kvm, host) || wall_in(child, host))
		return 1;
	err = seki_qmp_start(&host->qmp);
	if (!err)
		err = await(host, child, inbox, SEKI_GUEST_HELLO,
			    start + (kvm ? KVM_HELLO_NS : BOOT_NS));
	if (err)
		return boot_failed(kvm, err);
	err = start_daemon(host, child, in, inbox, pid);
	if (!err)
		err = replay(host, child, inbox);
	if (err)
		return err == -ECANCELED
			       ? 0
			       : complain("the P4 VM does not start in its virtual machine: %s",
					  strerror(-err));
	seki_log("ready, in a virtual machine (%s) of %u MiB, booted in %llu ms",
		 kvm ? "KVM" : "no KVM: emulated", memory_mib(child->config),
		 (unsigned long long)((seki_vm_now_ns() - start) / 1000000));
	if (write(child->keeper, "", 1) != 1)
		return 1;
	err = seki_vm_serve(host, child, inbox);
	if (err)
		return complain("the virtual machine has to be started anew: %s", strerror(-err));
	seki_log("ended");
	return 0;
}

static int read_program(const struct seki_p4vm_config *config, struct inputs *in)
{
	return config->program
		       ? seki_p4vm_read_program(config->program, &in->program, &in->program_len)
		       : 0;
}

int seki_vm_child_run(const struct seki_p4vm_child *child, bool kvm)
{
	struct inputs in = {.facts = -1};
	pid_t pid;

	/* End of file: the parent is gone. */
	if (read(child->keeper, &pid, sizeof(pid)) != sizeof(pid))
		return 1;
	if (seki_vm_find_image(&in.image, child->config->confidential) || read_facts(child, &in) ||
	    read_program(child->config, &in))
		return 1;
	seki_log("starting"); /* what the library does at its first use happens before the walls */
	return serve(child, &in, kvm, pid);
}
