/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandboxed half: opens what it was told to open, goes behind the walls, serves. Nothing that
 * it does not trust is looked at before the walls stand: the first program is only read as bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/control.h"
#include "abi/guest.h"
#include "lib/seal/seal.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"
#include "p4vm/config.h"
#include "p4vm/status.h"

struct inputs {
	void *program;
	size_t program_len;
	void *region;
	struct seki_vminfo *facts[SEKI_WORKERS_MAX];
};

#define complain(...) seki_complain(SEKI_P4VM_PROGRAM, __VA_ARGS__)

static int open_region(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && ftruncate(fd, SEKI_VMINFO_REGION_BYTES)) {
		close(fd);
		return -1;
	}
	return fd;
}

int seki_p4vm_open_facts(const char *path)
{
	int fd = open_region(path);
	struct stat st;

	if (fd < 0) {
		complain("facts '%s': %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < SEKI_VMINFO_REGION_BYTES) {
		close(fd);
		complain("facts '%s': not a file of %u bytes; remove it to have it made", path,
			 SEKI_VMINFO_REGION_BYTES);
		return -1;
	}
	return fd;
}

static int map_region(const char *path, void **out)
{
	int fd = seki_p4vm_open_facts(path);
	void *map;

	if (fd < 0)
		return 1;
	map = mmap(NULL, SEKI_VMINFO_REGION_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return complain("facts '%s': cannot map: %s", path, strerror(errno));
	*out = map;
	return 0;
}

static void log_line(void *arg, const char *line)
{
	(void)arg;
	seki_log("facts: %s", line);
}

int seki_p4vm_take_facts(const struct seki_p4vm_config *config, void **region,
			 struct seki_vminfo **facts)
{
	uint8_t key[SEKI_SEAL_KEY_BYTES];
	int err;

	if (!config->facts && !config->key)
		return 0;
	if (!config->facts || !config->key)
		return complain("--facts and --key go together: the facts are sealed with the key");
	if (map_region(config->facts, region))
		return 1;
	mlock(key, sizeof(key)); /* where it is allowed; else it is short-lived */
	err = seki_seal_read_key(config->key, key);
	if (err)
		return complain("key '%s': %s", config->key, seki_seal_key_error(err));
	/* A copy for each worker: lookups need no lock, and what the host withholds from one of them
	 * it could withhold from all. One of them logs. */
	for (uint32_t i = 0; !err && i < config->workers; i++)
		err = seki_vminfo_create(*region, key, i ? NULL : log_line, NULL, &facts[i]);
	seki_seal_wipe(key, sizeof(key));
	if (err)
		return complain("facts '%s': %s", config->facts, strerror(-err));
	return 0;
}

int seki_p4vm_read_program(const char *path, void **out, size_t *len)
{
	int err = seki_file_read(path, SEKI_CONTROL_MAX_REQUEST, out, len);

	if (err == -EFBIG)
		return complain("program '%s': larger than %u bytes", path,
				SEKI_CONTROL_MAX_OBJECT);
	if (err == -EINVAL)
		return complain("program '%s': not a file", path);
	if (err)
		return complain("program '%s': %s", path, strerror(-err));
	return 0;
}

static int open_program(const struct seki_p4vm_config *config, struct inputs *in)
{
	return config->program
		       ? seki_p4vm_read_program(config->program, &in->program, &in->program_len)
		       : 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int load_first(struct seki_server *server, const struct seki_p4vm_config *config,
		      struct inputs *in)
{
	const struct seki_load load = {.name = config->program ? base_name(config->program) : "",
				       .port = ""};
	char *text;
	int err;

	if (!in->program)
		return 0;
	err = seki_server_load(server, &load, in->program, in->program_len, &text);
	free(in->program);
	if (err) {
		complain("program '%s' was refused:", config->program);
		fprintf(stderr, "%s\n", text && *text ? text : strerror(-err));
	}
	free(text);
	return err;
}

static uint64_t spin_ns(const struct seki_p4vm_config *config)
{
	return config->spin_us == SEKI_P4VM_SPIN_AUTO ? SEKI_WORKER_SPIN_NS
						      : config->spin_us * 1000ull;
}

/* Everything that libraries do at their first use and that the sandbox would forbid. */
static void warm_up(void)
{
	seki_status_prepare();
	seki_log("starting");
}

/* One interrupt a worker (abi/guest.h). */
static int open_bells(struct seki_server *server)
{
	for (uint32_t i = 0; i < server->programs.n_workers; i++) {
		char path[64];

		snprintf(path, sizeof(path), SEKI_GUEST_WAKE, i);
		server->bells[i] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (server->bells[i] < 0)
			return complain("'%s': %s", path, strerror(errno));
	}
	return 0;
}

static int wall_in(const struct seki_p4vm_child *child, struct seki_server *server)
{
	int err = seki_sandbox_confine(child->sandbox, child->dir);

	if (err)
		return complain("sandbox: %s", strerror(-err));
	err = seki_server_start(server);
	if (err)
		return complain("workers: %s", strerror(-err));
	err = seki_sandbox_filter(NULL, 0);
	if (err)
		return complain("sandbox: seccomp: %s", strerror(-err));
	return 0;
}

static int serve(const struct seki_p4vm_child *child, struct inputs *in, pid_t pid)
{
	const struct seki_p4vm_config *config = child->config;
	struct seki_server *server = calloc(1, sizeof(*server));

	if (!server)
		return complain("no memory");
	*server = (struct seki_server){
		.name = config->name,
		.control_listen = child->control_listen,
		.port_listen = child->port_listen,
		.signals = child->signals,
		.keeper = child->keeper,
		.pid = config->guest_of ? (pid_t)config->guest_of : pid,
		.uid = child->sandbox->own_user ? child->sandbox->uid : getuid(),
		.pass = !strcmp(config->no_program, "pass"),
		.wait_ns = config->fact_wait_ms * 1000000ull,
		.spin_ns = spin_ns(config),
		.millicpus = config->millicpus,
		.programs = {.n_workers = config->workers,
			     .max_insns = config->max_insns,
			     .max_map_bytes = (uint64_t)config->memory_mib << 20},
		.sandbox = child->sandbox,
		.guest_sandbox = config->guest_sandbox,
		.in_guest = config->guest_of};
	memcpy(server->facts, in->facts, sizeof(server->facts));
	if (server->in_guest && open_bells(server))
		return 1;
	if (wall_in(child, server) || load_first(server, config, in))
		return 1;
	/* A log that nobody reads any more must not keep packets waiting: lines are lost instead.
	 */
	if (fcntl(STDERR_FILENO, F_SETFL, O_WRONLY | O_NONBLOCK))
		return complain("log: %s", strerror(errno));
	seki_log("ready, sandbox %s", seki_sandbox_text(child->sandbox));
	if (write(child->keeper, "", 1) != 1)
		return 1;
	seki_server_run(server);
	seki_log("ended");
	free(server);
	return 0;
}

int seki_p4vm_child_run(const struct seki_p4vm_child *child)
{
	struct inputs in = {0};
	pid_t pid;
	int ret;

	/* End of file: the parent is gone. */
	if (read(child->keeper, &pid, sizeof(pid)) != sizeof(pid))
		return 1;
	if (seki_p4vm_take_facts(child->config, &in.region, in.facts) ||
	    open_program(child->config, &in))
		return 1;
	warm_up();
	ret = serve(child, &in, pid);
	for (uint32_t i = 0; i < SEKI_WORKERS_MAX; i++)
		seki_vminfo_destroy(in.facts[i]);
	return ret;
}
