/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho shield`: a tenant's P4 VMs on this machine. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/shield_inline.h"
#include "cli/shield_load.h"
#include "cli/shield_metrics.h"
#include "cli/shield_status.h"
#include "cli/shield_top.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"
#include "lib/sys/rundir.h"

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

/* The options of all subcommands; each has a table of those that are its own. */
struct config {
	const char *name;
	const char *run_dir;
	bool json;
};

#define NAME_LINE SEKI_OPT_REQUIRED_LINE(struct config, name, "NAME", "name of the P4 VM")
#define RUN_DIR_LINE                                                                               \
	SEKI_OPT_STRING_LINE(struct config, run_dir, 0, "run-dir", "DIR",                          \
			     "where the sockets are: DIR/NAME/ (default /run/sekisho)")

/* False: *exit_code is what to return. */
static bool parse(const struct seki_command *cmd, int argc, char **argv, struct config *config,
		  int *exit_code)
{
	bool good = seki_cli_parse(cmd, argc, argv, config, exit_code);

	config->run_dir = seki_rundir_base(config->run_dir);
	return good;
}

/* Beside this program as built or as installed. */
static int do_run(int argc, char **argv)
{
	static const char *const places[] = {"../p4vm/sekisho-p4vmd", "sekisho-p4vmd",
					     "../libexec/sekisho/sekisho-p4vmd"};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (seki_cli_shield_is_inline(argc, argv))
		return seki_cli_shield_run_inline(argc, argv);
	if (n < 0)
		return complain("/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	argv[0] = "sekisho shield run";
	for (size_t i = 0; i < SEKI_COUNT(places); i++) {
		snprintf(path, sizeof(path), "%s/%s", self, places[i]);
		execv(path, argv);
		if (errno != ENOENT)
			return complain("'%s': %s", path, strerror(errno));
	}
	return complain("sekisho-p4vmd is neither beside '%s' nor in its libexec; install it",
			self);
}

/* 0 and the text of one instance's status; else it has been complained about. */
static int fetch_status(const struct config *config, const char *name, char **text)
{
	struct seki_control_frame reply;
	int fd = seki_cli_connect(config->run_dir, name);
	int err;

	if (fd < 0)
		return fd;
	err = seki_cli_request(fd, SEKI_CONTROL_STATUS, "", NULL, 0, &reply, text);
	close(fd);
	if (!err && reply.status) {
		free(*text);
		err = reply.status;
	}
	if (err)
		complain("P4 VM '%s' did not answer: %s", name, strerror(-err));
	return err;
}

static int show(const struct config *config, const char *name)
{
	char *text;
	int err = fetch_status(config, name, &text);

	if (err)
		return SEKI_EXIT_FAILED;
	if (config->json)
		seki_cli_print_text(text, stdout);
	else
		err = seki_cli_print_status(text);
	if (err)
		complain("P4 VM '%s' answered with something that is not its status", name);
	free(text);
	return err ? SEKI_EXIT_FAILED : SEKI_EXIT_OK;
}

/* Has a switch a socket to connect to there? */
static bool has_port_socket(const struct config *config)
{
	char path[PATH_MAX];

	return seki_rundir_path(config->run_dir, config->name, SEKI_RUNDIR_PORT, path,
				sizeof(path)) == 0 &&
	       access(path, F_OK) == 0;
}

static int show_all(const struct config *config)
{
	char **names;
	int n = seki_cli_instances(config->run_dir, &names);
	int shown = 0, ret = SEKI_EXIT_OK;

	if (n < 0)
		return complain("'%s': %s", config->run_dir, strerror(-n));
	if (config->json)
		putchar('[');
	for (int i = 0; i < n; i++) {
		fputs(shown++ ? (config->json ? "," : "\n") : "", stdout);
		if (show(config, names[i]))
			ret = SEKI_EXIT_FAILED;
		free(names[i]);
	}
	free(names);
	if (config->json)
		puts("]");
	else if (!shown)
		printf("no P4 VM runs here (%s)\n", config->run_dir);
	return ret;
}

static int do_status(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_OPT_OPTIONAL_LINE(struct config, name, "NAME",
				       "name of the P4 VM (default: all)"),
		SEKI_OPT_FLAG_LINE(struct config, json, 'j', "json", "print JSON"),
		RUN_DIR_LINE,
	};
	static const struct seki_command cmd = {
		"sekisho shield status",
		"Shows what P4 VMs run, what their programs did to packets, and which program\n"
		"line dropped which.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	int ret;

	if (!parse(&cmd, argc, argv, &config, &ret))
		return ret;
	return config.name ? show(&config, config.name) : show_all(&config);
}

/* Ends a process and waits until it has. 0 or negative errno. */
static int end_process(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd wait = {pidfd, POLLIN, 0};
	int err = 0;

	if (pidfd < 0)
		return -errno;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0))
		err = -errno;
	else if (poll(&wait, 1, 10000) == 0)
		err = -ETIMEDOUT;
	close(pidfd);
	return err;
}

static int do_stop(int argc, char **argv)
{
	static const struct seki_opt options[] = {NAME_LINE, RUN_DIR_LINE};
	static const struct seki_command cmd = {
		"sekisho shield stop",
		"Ends a P4 VM. Packets of its ports follow the ports' policy from then on.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	int fd, ret;
	pid_t pid;

	if (!parse(&cmd, argc, argv, &config, &ret))
		return ret;
	fd = seki_cli_connect(config.run_dir, config.name);
	if (fd < 0)
		return SEKI_EXIT_FAILED;
	/* Whoever has no socket for a switch is inside one, whose process must not be ended. */
	if (!has_port_socket(&config))
		return seki_cli_shield_stop_inline(config.run_dir, config.name, fd);
	pid = seki_cli_peer(fd);
	close(fd);
	ret = pid < 0 ? pid : end_process(pid);
	if (ret)
		return complain("P4 VM '%s' (process %d) could not be stopped: %s", config.name,
				pid, strerror(-ret));
	return SEKI_EXIT_OK;
}

int seki_cli_shield(int argc, char **argv)
{
	static const struct seki_cli_command commands[] = {
		{"run", do_run, "start a P4 VM"},
		{"load", seki_cli_shield_load, "load a program into a running P4 VM"},
		{"unload", seki_cli_shield_unload, "take a program away"},
		{"status", do_status, "show P4 VMs, their programs, counters and drops"},
		{"top", seki_cli_shield_top, "watch them at work"},
		{"metrics", seki_cli_shield_metrics, "the same figures for Prometheus"},
		{"stop", do_stop, "end a P4 VM"},
	};
	static const struct seki_cli_group group = {
		"sekisho shield",
		"A tenant's own P4 program decides on the packets of the tenant's virtual machine.",
		commands, SEKI_COUNT(commands)};

	return seki_cli_dispatch(&group, argc, argv);
}
