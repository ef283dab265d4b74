/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho shield run --isolation=inline`: asks the switch (by ovs-appctl, which knows where that is) to
 * load our module and to start a P4 VM in it, then loads the first program as any other.
 */
#include "cli/shield_inline.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/shield_load.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"
#include "lib/sys/rundir.h"

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

#define STOP_MS	      10000

struct config {
	const char *name;
	const char *isolation;
	const char *program;
	const char *no_program;
	const char *facts;
	const char *key;
	const char *workers;
	const char *max_insns;
	const char *memory;
	const char *run_dir;
	const char *appctl;
	bool daemon;
};

static const struct seki_opt options[] = {
#define CONFIG struct config
	SEKI_OPT_REQUIRED_LINE(CONFIG, name, "NAME", "name of this P4 VM"),
	SEKI_OPT_STRING_LINE(CONFIG, isolation, 0, "isolation", "LEVEL",
			     "inline: in the switch itself, for the operator's own programs"),
	SEKI_OPT_STRING_LINE(CONFIG, program, 'p', "program", "OBJ", "program to start with"),
	SEKI_OPT_STRING_LINE(CONFIG, no_program, 0, "no-program", "WHAT",
			     "what happens to packets without a program: drop (default) or pass"),
	SEKI_OPT_STRING_LINE(CONFIG, facts, 'f', "facts", "FILE",
			     "shared memory of the user VM's facts; made if absent"),
	SEKI_OPT_STRING_LINE(CONFIG, key, 'k', "key", "FILE",
			     "key of the facts: 32 bytes or 64 hex digits, mode 0600"),
	SEKI_OPT_STRING_LINE(
		CONFIG, workers, 'w', "workers", "N",
		"threads of the switch that can use it (default: one more than cores)"),
	SEKI_OPT_STRING_LINE(CONFIG, max_insns, 0, "max-insns", "N",
			     "refuse programs that may take longer for a packet (default 4194304)"),
	SEKI_OPT_STRING_LINE(CONFIG, memory, 0, "memory", "MIB",
			     "memory for the maps of all programs together (default 64)"),
	SEKI_OPT_STRING_LINE(CONFIG, run_dir, 0, "run-dir", "DIR",
			     "where the control socket goes: DIR/NAME/ (default /run/sekisho)"),
	SEKI_OPT_STRING_LINE(CONFIG, appctl, 0, "ovs-appctl", "TARGET",
			     "which switch, as ovs-appctl's -t takes it (default: ovs-vswitchd)"),
	SEKI_OPT_FLAG_LINE(CONFIG, daemon, 'd', "daemon", "nothing changes: it always returns"),
#undef CONFIG
};

static const struct seki_command command = {
	.name = "sekisho shield run",
	.about =
		"Starts a P4 VM in the switch itself: no isolation but the verifier's. Options of the\n"
		"other levels that are not here do not apply to it.",
	.opts = options,
	.count = SEKI_COUNT(options),
};

bool seki_cli_shield_is_inline(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--isolation=inline") ||
		    (!strcmp(argv[i], "--isolation") && i + 1 < argc &&
		     !strcmp(argv[i + 1], "inline")))
			return true;
	}
	return false;
}

/* Beside this program as built or as installed. */
static int find_module(char out[PATH_MAX])
{
	static const char *const places[] = {"../p4vm/sekisho-inline.so", "sekisho-inline.so",
					     "../libexec/sekisho/sekisho-inline.so"};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return complain("/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < SEKI_COUNT(places); i++) {
		snprintf(path, sizeof(path), "%s/%s", self, places[i]);
		if (realpath(path, out))
			return 0;
	}
	return complain("sekisho-inline.so is neither beside '%s' nor in its libexec; install it",
			self);
}

/* The command line of ovs-appctl, all of malloc(). */
struct call {
	char *argv[32];
	int n;
	bool failed;
};

static void add(struct call *call, const char *option, const char *value)
{
	char *arg;

	if (!value)
		return;
	if (asprintf(&arg, "%s%s%s", option, *option ? "=" : "", value) < 0)
		call->failed = true;
	else
		call->argv[call->n++] = arg;
}

/* The switch has another working directory. */
static void add_path(struct call *call, const char *option, const char *path)
{
	char here[PATH_MAX], whole[2 * PATH_MAX];

	if (!path)
		return;
	if (path[0] == '/' || !getcwd(here, sizeof(here)))
		snprintf(whole, sizeof(whole), "%s", path);
	else
		snprintf(whole, sizeof(whole), "%s/%s", here, path);
	add(call, option, whole);
}

static int fill(struct call *call, const struct config *config)
{
	char module[PATH_MAX];

	if (find_module(module))
		return SEKI_EXIT_FAILED;
	add(call, "", "ovs-appctl");
	add(call, "--target", config->appctl);
	add(call, "", "sekisho/inline");
	add(call, "", module);
	add_path(call, "--run-dir", config->run_dir);
	add_path(call, "--facts", config->facts);
	add_path(call, "--key", config->key);
	add(call, "--no-program", config->no_program);
	add(call, "--workers", config->workers);
	add(call, "--max-insns", config->max_insns);
	add(call, "--memory", config->memory);
	add(call, "", config->name);
	return call->failed ? complain("no memory") : 0;
}

/* Its output is the person's to read. */
static int ask_switch(const struct config *config)
{
	struct call call = {.n = 0};
	int ret = fill(&call, config);
	int status = -1;
	pid_t pid = ret ? -1 : fork();

	if (pid == 0) {
		execvp(call.argv[0], call.argv);
		complain("ovs-appctl: %s; put it into the PATH", strerror(errno));
		_exit(SEKI_EXIT_FAILED);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < call.n; i++)
		free(call.argv[i]);
	if (ret)
		return ret;
	return status ? complain("the switch did not start '%s'", config->name) : 0;
}

int seki_cli_shield_run_inline(int argc, char **argv)
{
	struct config config = {.isolation = "inline"};
	int fd, ret;

	if (!seki_cli_parse(&command, argc, argv, &config, &ret))
		return ret;
	if (!seki_rundir_name_ok(config.name))
		return complain("name '%s': letters, digits, '.', '_' and '-', at most %u of them",
				config.name, SEKI_RUNDIR_NAME_MAX);
	if (config.no_program && strcmp(config.no_program, "drop") &&
	    strcmp(config.no_program, "pass"))
		return complain("--no-program '%s': drop or pass", config.no_program);
	config.run_dir = seki_rundir_base(config.run_dir);
	if (ask_switch(&config))
		return SEKI_EXIT_FAILED;
	ret = config.program ? seki_cli_load_first(config.run_dir, config.name, config.program) : 0;
	if (ret) {
		fd = seki_cli_connect(config.run_dir, config.name);
		if (fd >= 0)
			seki_cli_shield_stop_inline(config.run_dir, config.name, fd);
		return ret;
	}
	printf("P4 VM '%s' is ready (inside the switch: no isolation but the verifier's)\n"
	       "  attach a port   ovs-vsctl set Interface PORT other_config:sekisho=inline:%s\n"
	       "  load a program  sekisho shield load --run-dir %s %s OBJ\n",
	       config.name, config.name, config.run_dir, config.name);
	return SEKI_EXIT_OK;
}

/* Until its directory is free for another. */
static int wait_for_end(const char *run_dir, const char *name)
{
	const struct timespec step = {.tv_nsec = 5000000};

	for (int i = 0; i < STOP_MS / 5; i++) {
		int dir = seki_rundir_claim(run_dir, name);

		if (dir >= 0)
			close(dir);
		if (dir != -EBUSY)
			return dir < 0 ? dir : 0;
		nanosleep(&step, NULL);
	}
	return -ETIMEDOUT;
}

int seki_cli_shield_stop_inline(const char *run_dir, const char *name, int fd)
{
	struct seki_control_frame reply;
	char *text;
	int err = seki_cli_request(fd, SEKI_CONTROL_STOP, "", NULL, 0, &reply, &text);

	close(fd);
	if (!err) {
		free(text);
		err = reply.status;
	}
	if (!err)
		err = wait_for_end(run_dir, name);
	if (err)
		return complain("P4 VM '%s' could not be stopped: %s", name, strerror(-err));
	return SEKI_EXIT_OK;
}
