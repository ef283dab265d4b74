/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sekisho-p4vmd: one tenant's P4 VM as a process. This process makes the sockets and the sandboxed
 * child that serves them, and stays as its keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/fds.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"
#include "lib/sys/rundir.h"
#include "p4vm/config.h"
#include "p4vm/keeper.h"
#include "p4vm/worker.h"
#include "p4vm/vm/child.h"
#include "p4vm/vm/journal.h"
#include "p4vm/vm/machine.h"

#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 10000
#define SETTLED_S      30 /* a machine that lasted so long starts the back-off anew */

#define CPUS_MAX       1024u

static const struct seki_opt options[] = {
#define CONFIG struct seki_p4vm_config
	SEKI_OPT_REQUIRED_LINE(CONFIG, name, "NAME", "name of this P4 VM"),
	SEKI_OPT_STRING_LINE(CONFIG, program, 'p', "program", "OBJ", "program to start with"),
	SEKI_OPT_STRING_LINE(CONFIG, no_program, 0, "no-program", "WHAT",
			     "what happens to packets without a program: drop (default) or pass"),
	SEKI_OPT_STRING_LINE(CONFIG, facts, 'f', "facts", "FILE",
			     "shared memory of the user VM's facts; made if absent"),
	SEKI_OPT_STRING_LINE(CONFIG, key, 'k', "key", "FILE",
			     "key of the facts: 32 bytes or 64 hex digits, mode 0600"),
	SEKI_OPT_U32_LINE(CONFIG, fact_wait_ms, 0, "fact-wait-ms", "N", 0, 10000,
			  "longest that a packet waits for its fact (default 200; 0: never)"),
	SEKI_OPT_U32_LINE(CONFIG, workers, 'w', "workers", "N", 1, SEKI_WORKERS_MAX,
			  "threads that run packets (default 1)"),
	SEKI_OPT_STRING_LINE(CONFIG, cpus, 0, "cpus", "N",
			     "processors' worth of time that they take at most, as 0.5"),
	SEKI_OPT_U32_LINE(CONFIG, max_insns, 0, "max-insns", "N", 1, SEKI_RUN_INSNS_MAX,
			  "refuse programs that may take longer for a packet (default 4194304)"),
	SEKI_OPT_U32_LINE(CONFIG, memory_mib, 0, "memory", "MIB", 1, 65536,
			  "memory for the maps of all programs together (default 64)"),
	SEKI_OPT_U32_LINE(CONFIG, uid, 'u', "uid", "N", 1, INT_MAX,
			  "user and group id to run as (default: by name, 61184 to 65519)"),
	SEKI_OPT_STRING_LINE(CONFIG, run_dir, 0, "run-dir", "DIR",
			     "where the sockets go: DIR/NAME/ (default /run/sekisho)"),
	SEKI_OPT_U32_LINE(CONFIG, spin_us, 0, "spin-us", "N", 0, 10000,
			  "look for packets so long before sleeping (default 20; 0 with 2 cores)"),
	SEKI_OPT_STRING_LINE(
		CONFIG, isolation, 0, "isolation", "LEVEL",
		"process (default); vm: in a virtual machine of its own; inline: in the switch"),
	SEKI_OPT_U32_LINE(CONFIG, vm_memory, 0, "vm-memory", "MIB", 96, 65536,
			  "memory of the virtual machine (default: 192 more than --memory)"),
	SEKI_OPT_STRING_LINE(CONFIG, accel, 0, "accel", "kvm|tcg",
			     "how the virtual machine runs (default: kvm if it works, else tcg)"),
	SEKI_OPT_FLAG_LINE(CONFIG, confidential, 0, "confidential",
			   "the machine's memory is encrypted: AMD SEV-SNP"),
	SEKI_OPT_U32_LINE(CONFIG, guest_of, 0, "guest-of", "PID", 1, INT_MAX,
			  "set in a virtual machine only: process that it belongs to"),
	SEKI_OPT_STRING_LINE(CONFIG, guest_sandbox, 0, "guest-sandbox", "TEXT",
			     "set there only: what the status says of the sandbox"),
	SEKI_OPT_FLAG_LINE(CONFIG, partial_ok, 0, "allow-partial-sandbox",
			   "run even where the sandbox cannot be complete (not root)"),
	SEKI_OPT_FLAG_LINE(CONFIG, daemon, 'd', "daemon", "go to the background when ready"),
	SEKI_OPT_FLAG_LINE(CONFIG, version, 'V', "version", "print the version"),
#undef CONFIG
};

static struct seki_command command = {
	.name = "sekisho-p4vmd",
	.about = "Runs a tenant's P4 VM: a sandboxed process that decides on the packets of the\n"
		 "tenant's virtual machine by the tenant's own program.",
	.opts = options,
	.count = SEKI_COUNT(options),
};

/* The instance as its keeper knows it. */
struct instance {
	struct seki_p4vm_config config;
	struct seki_sandbox sandbox;
	char dir[PATH_MAX];
	char control_path[PATH_MAX];
	char port_path[PATH_MAX];
	int lock;
	int control_listen;
	int port_listen;
	bool elsewhere; /* --run-dir was given */
	bool vm;	/* --isolation=vm */
	bool kvm;	/* try that */
	bool was_ready;
	int journal; /* of a machine: see p4vm/vm/journal.h; this process only keeps it */
	int waiter;  /* --daemon: pipe to the process that was started; else -1 */
};

#define complain(...) seki_complain(SEKI_P4VM_PROGRAM, __VA_ARGS__)

/* Ends the calling process; its child goes on as the daemon, with a pipe that says "ready". */
static int go_to_background(int *waiter)
{
	char byte;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return complain("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return complain("fork: %s", strerror(errno));
	if (pid) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(ends[0]);
	setsid();
	*waiter = ends[1];
	return 0;
}

static int make_paths(struct instance *in)
{
	const char *base = in->config.run_dir;
	const char *name = in->config.name;

	if (seki_rundir_path(base, name, NULL, in->dir, sizeof(in->dir)) ||
	    seki_rundir_path(base, name, SEKI_RUNDIR_CONTROL, in->control_path, PATH_MAX) ||
	    seki_rundir_path(base, name, SEKI_RUNDIR_PORT, in->port_path, PATH_MAX))
		return complain("name '%s': letters, digits, '.', '_' and '-', at most %u of them",
				name, SEKI_RUNDIR_NAME_MAX);
	return 0;
}

static int claim(struct instance *in)
{
	in->lock = seki_rundir_claim(in->config.run_dir, in->config.name);
	if (in->lock == -EBUSY)
		return complain("'%s' runs already; stop it first: sekisho shield stop %s",
				in->config.name, in->config.name);
	if (in->lock == -EPERM)
		return complain("run directory '%s': others may write to it, or to a directory "
				"above it; choose another --run-dir",
				in->dir);
	if (in->lock < 0)
		return complain("run directory '%s': %s", in->dir, strerror(-in->lock));
	return 0;
}

/* Both for their owner: the tenant's command line, and vswitchd, which is root. */
static int listen_at(const char *path, int type, int *out)
{
	*out = seki_unix_listen(path, type, 0600, 64);
	if (*out == -ENAMETOOLONG)
		return complain("socket '%s': path longer than %u bytes; choose a --run-dir", path,
				SEKI_UNIX_PATH_MAX);
	if (*out < 0)
		return complain("socket '%s': %s", path, strerror(-*out));
	return 0;
}

static int prepare_sandbox(struct instance *in)
{
	struct seki_sandbox *sandbox = &in->sandbox;
	int err;

	sandbox->workers = in->config.workers;
	sandbox->map_mib = in->config.memory_mib;
	sandbox->uid = in->config.uid ? in->config.uid : seki_sandbox_uid(in->config.name);
	err = seki_sandbox_prepare(sandbox);
	if (err)
		return complain("sandbox: %s", strerror(-err));
	if (seki_sandbox_is_full(sandbox))
		return 0;
	if (!in->config.partial_ok)
		return complain("sandbox %s; start it as root, or with --allow-partial-sandbox",
				seki_sandbox_text(sandbox));
	complain("WARNING: sandbox %s", seki_sandbox_text(sandbox));
	return 0;
}

/* The log of a daemon starts anew with each run. */
static void leave_terminal(const struct instance *in)
{
	char path[PATH_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log;

	if (seki_rundir_path(in->config.run_dir, in->config.name, SEKI_RUNDIR_LOG, path,
			     sizeof(path)) ||
	    null < 0)
		return;
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log < 0 ? null : log, STDERR_FILENO);
	close(null);
	if (log >= 0)
		close(log);
}

static void announce(void *arg)
{
	struct instance *in = arg;

	in->was_ready = true;
	printf("P4 VM '%s' is ready (%suser %u, sandbox %s)\n"
	       "  attach a port   ovs-vsctl set Interface PORT other_config:sekisho=%s\n"
	       "  load a program  sekisho shield load%s%s %s OBJ\n"
	       "  control socket  %s\n",
	       in->config.name, in->vm ? "virtual machine, " : "",
	       in->sandbox.own_user ? in->sandbox.uid : getuid(), seki_sandbox_text(&in->sandbox),
	       in->port_path, in->elsewhere ? " --run-dir " : "",
	       in->elsewhere ? in->config.run_dir : "", in->config.name, in->control_path);
	fflush(stdout);
	if (in->waiter < 0)
		return;
	leave_terminal(in);
	if (write(in->waiter, "", 1) < 0)
		return; /* whoever started it did not wait */
	close(in->waiter);
	in->waiter = -1;
}

/* In the child. Its log is its only way out; it keeps no descriptor of a file or terminal. */
static int run_child(struct instance *in, int signals, int keeper, int log)
{
	struct seki_p4vm_child child = {.config = &in->config,
					.sandbox = &in->sandbox,
					.dir = in->dir,
					.control_listen = in->control_listen,
					.port_listen = in->port_listen,
					.signals = signals,
					.keeper = keeper,
					.journal = in->journal};

	close(in->lock);
	if (in->waiter >= 0)
		close(in->waiter);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (dup2(log, fd) < 0)
			return 1;
	}
	close(log);
	return in->vm ? seki_vm_child_run(&child, in->kvm) : seki_p4vm_child_run(&child);
}

static int keep(struct instance *in, pid_t pid, int signals, int link, int log)
{
	struct seki_keeper keeper = {.child = pid,
				     .link = link,
				     .child_log = log,
				     .signals = signals,
				     .ready = announce,
				     .arg = in};

	/* Those who come while a machine is started anew wait for it. */
	if (!in->vm) {
		close(in->control_listen);
		close(in->port_listen);
	}
	/* A child that is gone already shows in its log's end. */
	if (write(link, &pid, sizeof(pid)) < 0)
		complain("'%s' ended early", in->config.name);
	return seki_keeper_run(&keeper);
}

static int split(struct instance *in, int signals)
{
	int link[2], log[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link) || pipe2(log, O_CLOEXEC))
		return complain("%s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return complain("fork: %s", strerror(errno));
	if (pid == 0) {
		close(link[0]);
		close(log[0]);
		_exit(run_child(in, signals, link[1], log[1]));
	}
	close(link[1]);
	close(log[1]);
	err = keep(in, pid, signals, link[0], log[0]);
	close(log[0]);
	return err;
}

/* True: somebody wants it to end. */
static bool pause_for(int signals, int ms)
{
	struct pollfd polled = {signals, POLLIN, 0};

	return poll(&polled, 1, ms) > 0;
}

/* A machine that ran once is started anew, whatever happens to it, until it is told to end. */
static int run_machine(struct instance *in, int signals)
{
	bool only_kvm = in->config.accel && strcmp(in->config.accel, "kvm") == 0;
	int backoff_ms = BACKOFF_MIN_MS;

	in->journal = memfd_create("sekisho-journal", MFD_CLOEXEC);
	if (in->journal < 0 || ftruncate(in->journal, sizeof(struct seki_vm_journal)))
		return complain("journal: %s", strerror(errno));
	for (;;) {
		time_t start = time(NULL);
		int ret = prepare_sandbox(in);

		if (!ret)
			ret = split(in, signals);
		if (ret == SEKI_VM_EXIT_NO_KVM && geteuid())
			return complain("KVM does not work here; start it with --accel=tcg");
		if (ret == SEKI_VM_EXIT_NO_KVM && !only_kvm && in->kvm) {
			seki_log("going on without KVM: the machine is emulated, which is slow");
			in->kvm = false;
			continue;
		}
		/* Only root can make a PID namespace a second time. */
		if (!ret || !in->was_ready || geteuid())
			return ret;
		if (time(NULL) - start > SETTLED_S)
			backoff_ms = BACKOFF_MIN_MS;
		seki_log("starting the virtual machine anew in %d ms", backoff_ms);
		if (pause_for(signals, backoff_ms))
			return 0;
		backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
	}
}

static int open_sockets(struct instance *in)
{
	if (listen_at(in->control_path, SOCK_STREAM, &in->control_listen))
		return 1;
	if (listen_at(in->port_path, SOCK_SEQPACKET, &in->port_listen)) {
		unlink(in->control_path);
		return 1;
	}
	return 0;
}

static int run(struct instance *in)
{
	sigset_t set;
	int signals, ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return complain("signalfd: %s", strerror(errno));
	if (make_paths(in) || claim(in) || open_sockets(in))
		return 1;
	ret = in->vm ? run_machine(in, signals) : prepare_sandbox(in) || split(in, signals);
	unlink(in->control_path);
	unlink(in->port_path);
	return ret;
}

/* What the isolation level asks for beyond what the table of options can say. */
static int check_isolation(struct instance *in)
{
	const struct seki_p4vm_config *config = &in->config;
	const char *level = config->isolation ? config->isolation : "process";
	const char *accel = config->accel ? config->accel : "";
	const char *gap;

	in->vm = strcmp(level, "vm") == 0;
	if (!in->vm && strcmp(level, "process"))
		return complain("isolation '%s': process or vm; for inline: sekisho shield run",
				level);
	if (*accel && strcmp(accel, "kvm") && strcmp(accel, "tcg"))
		return complain("accel '%s': kvm or tcg", accel);
	if (!in->vm && (config->confidential || *accel))
		return complain("--confidential and --accel are for --isolation=vm");
	gap = config->confidential ? seki_vm_confidential_gap() : NULL;
	if (gap)
		return complain("--confidential: %s", gap);
	in->kvm = strcmp(accel, "tcg") && access("/dev/kvm", R_OK | W_OK) == 0;
	if (in->vm && !in->kvm && (strcmp(accel, "kvm") == 0))
		return complain("/dev/kvm: %s", strerror(errno));
	return 0;
}

/* What the table of options cannot say. 0, or it has been complained about. */
static int check_config(struct seki_p4vm_config *config)
{
	char *end;
	double cpus;

	if (strcmp(config->no_program, "drop") && strcmp(config->no_program, "pass"))
		return complain("--no-program '%s': drop or pass", config->no_program);
	if (!config->cpus)
		return 0;
	cpus = strtod(config->cpus, &end);
	if (end == config->cpus || *end || !(cpus >= 0.01 && cpus <= CPUS_MAX))
		return complain("--cpus '%s' is not a number from 0.01 to %u", config->cpus,
				CPUS_MAX);
	config->millicpus = (uint32_t)(cpus * 1000 + 0.5);
	return 0;
}

int main(int argc, char **argv)
{
	struct instance in = {
		.config = {.fact_wait_ms = 200,
			   .spin_us = SEKI_P4VM_SPIN_AUTO,
			   .no_program = "drop",
			   .workers = 1,
			   .max_insns = SEKI_RUN_INSNS_MAX,
			   .memory_mib = 64},
		.waiter = -1,
	};
	char err[256];
	int ret;

	if (argc > 0 && strncmp(argv[0], "sekisho ", 8) == 0)
		command.name = argv[0]; /* started by `sekisho shield run` */
	ret = seki_opts_parse(&command, argc, argv, &in.config, err, sizeof(err));
	if (ret == SEKI_OPTS_HELP) {
		seki_opts_help(&command, stdout);
		return 0;
	}
	if (in.config.version) {
		puts("sekisho-p4vmd " SEKI_VERSION);
		return 0;
	}
	if (ret) {
		fprintf(stderr, "%s: %s\n", command.name, err);
		return 2;
	}
	if (check_config(&in.config))
		return 2;
	if (check_isolation(&in))
		return 2;
	in.elsewhere = in.config.run_dir != NULL;
	in.config.run_dir = seki_rundir_base(in.config.run_dir);
	/* What the starter left open is nothing that a P4 VM should have. */
	if (close_range(3, ~0u, 0))
		return complain("close_range: %s", strerror(errno));
	if (in.config.daemon && go_to_background(&in.waiter))
		return 1;
	return run(&in);
}
