/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sekisho-agent: runs in the user VM and publishes facts about it, sealed, in memory that its P4 VM
 * reads (abi/vminfo.h). This file is its command line and its loop.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "guest/agent/region.h"
#include "guest/agent/watch.h"
#include "lib/seal/seal.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"

#define MS	 1000000ull
#define NS	 1000000000ull
#define PRIORITY 50

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct config {
	const char *key;
	const char *region;
	const char *pci;
	bool verbose;
};

static const struct seki_opt options[] = {
	SEKI_OPT_STRING_LINE(struct config, key, 'k', "key", "FILE",
			     "key shared with the P4 VM: 32 bytes or 64 hex digits"),
	SEKI_OPT_STRING_LINE(struct config, region, 'r', "region", "FILE",
			     "memory to publish in (default: the ivshmem device)"),
	SEKI_OPT_STRING_LINE(struct config, pci, 'p', "pci", "ADDRESS",
			     "which ivshmem device, where there are several"),
	SEKI_OPT_FLAG_LINE(struct config, verbose, 'v', "verbose", "log each flow published"),
};

static const struct seki_command command = {
	.name = "sekisho-agent",
	.about = "Publishes facts about this virtual machine, sealed, to its P4 VM: the UDP flows\n"
		 "that it sends. Runs until it is told to end (SIGTERM).",
	.opts = options,
	.count = sizeof(options) / sizeof(options[0]),
};

struct agent {
	struct seki_publish *publish;
	struct seki_watch *watch;
	int epoll;
	int heartbeat; /* timerfd, periodic */
	int again;     /* timerfd, for seki_watch_due() */
	int signals;
	uint64_t armed_ns; /* what `again` is set to, 0: nothing */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

static int open_region(const struct config *cfg, void **region)
{
	char path[PATH_MAX], error[SEKI_REGION_ERROR];
	int err = 0;

	if (cfg->region)
		snprintf(path, sizeof(path), "%s", cfg->region);
	else
		err = seki_region_find(cfg->pci, path, sizeof(path), error);
	if (!err)
		err = seki_region_map(path, region, error);
	if (err)
		seki_log("%s", error);
	return err;
}

static int open_publish(const struct config *cfg, struct seki_publish **out)
{
	uint8_t key[SEKI_SEAL_KEY_BYTES];
	void *region;
	int err;

	err = open_region(cfg, &region);
	if (err)
		return err;
	err = seki_seal_read_key(cfg->key, key);
	if (err) {
		seki_log("key %s: %s", cfg->key, seki_seal_key_error(err));
		return err;
	}
	err = seki_publish_create(region, key, now_ns(CLOCK_BOOTTIME), now_ns(CLOCK_REALTIME), out);
	seki_seal_wipe(key, sizeof(key));
	if (err)
		seki_log("cannot begin a session: %s", strerror(-err));
	return err;
}

static void explain_watch(int err)
{
	if (err == -ENOTSUP)
		seki_log("this kernel describes no types (/sys/kernel/btf/vmlinux): it needs "
			 "CONFIG_DEBUG_INFO_BTF");
	else if (err == -EPERM || err == -EACCES)
		seki_log("the kernel refuses the tracing program: run as root, and not where the "
			 "kernel is locked down");
	else
		seki_log("the tracing program cannot be attached: %s", strerror(-err));
}

static int add_source(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

static int open_sources(struct agent *a)
{
	const struct itimerspec period = {
		.it_interval.tv_nsec = SEKI_VMINFO_HEARTBEAT_MS * MS,
		.it_value.tv_nsec = SEKI_VMINFO_HEARTBEAT_MS * MS,
	};
	sigset_t ends;
	int err;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->heartbeat = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	a->again = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	a->signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	err = add_source(a->epoll, a->heartbeat);
	if (!err)
		err = add_source(a->epoll, a->again);
	if (!err)
		err = add_source(a->epoll, a->signals);
	if (!err)
		err = add_source(a->epoll, seki_watch_fd(a->watch));
	if (!err && timerfd_settime(a->heartbeat, 0, &period, NULL))
		err = -errno;
	return err;
}

/* The answer of the network races with our records: nothing of ours waits for memory or a turn. */
static void hurry(void)
{
	const struct sched_param priority = {.sched_priority = PRIORITY};

	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		seki_log("memory is not locked: %s", strerror(errno));
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) &&
	    setpriority(PRIO_PROCESS, 0, -20))
		seki_log("no high priority: %s", strerror(errno));
}

static int set_again(struct agent *a)
{
	uint64_t due = seki_watch_due(a->watch);
	const struct itimerspec when = {
		.it_value = {.tv_sec = (time_t)(due / NS), .tv_nsec = (long)(due % NS)},
	};

	if (due == a->armed_ns)
		return 0;
	if (timerfd_settime(a->again, TFD_TIMER_ABSTIME, &when, NULL))
		return -errno;
	a->armed_ns = due;
	return 0;
}

static int beat(struct agent *a)
{
	return seki_publish_heartbeat(a->publish, now_ns(CLOCK_BOOTTIME), now_ns(CLOCK_REALTIME),
				      seki_watch_last_udp_ns(a->watch), seki_watch_lost(a->watch));
}

static int handle(struct agent *a, int fd)
{
	uint64_t expired;

	if (fd != a->heartbeat && fd != a->again)
		return seki_watch_events(a->watch);
	if (read(fd, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
		return -errno;
	if (fd == a->heartbeat)
		return beat(a);
	a->armed_ns = 0;
	return seki_watch_again(a->watch, now_ns(CLOCK_BOOTTIME));
}

static int run(struct agent *a)
{
	for (;;) {
		struct epoll_event event;
		int err = epoll_wait(a->epoll, &event, 1, -1);

		if (err < 0 && errno == EINTR)
			continue;
		if (err < 0)
			return -errno;
		if (event.data.fd == a->signals)
			return 0;
		err = handle(a, event.data.fd);
		if (!err)
			err = set_again(a);
		if (err)
			return err;
	}
}

/* Everything it opened lasts as long as the process. */
static int start(const struct config *cfg)
{
	struct agent a = {.publish = NULL};
	int err;

	err = open_publish(cfg, &a.publish);
	if (err)
		return EXIT_FAILED;
	err = seki_watch_create(a.publish, cfg->verbose, &a.watch);
	if (err) {
		explain_watch(err);
		seki_publish_destroy(a.publish);
		return EXIT_FAILED;
	}
	err = open_sources(&a);
	if (!err) {
		hurry();
		seki_log("ready: publishing the UDP flows of this machine");
		err = run(&a);
	}
	if (err)
		seki_log("ended: %s", strerror(-err));
	seki_watch_destroy(a.watch);
	seki_publish_destroy(a.publish);
	return err ? EXIT_FAILED : 0;
}

int main(int argc, char **argv)
{
	struct config cfg = {.key = NULL};
	char error[256];
	int err;

	err = seki_opts_parse(&command, argc, argv, &cfg, error, sizeof(error));
	if (err == SEKI_OPTS_HELP) {
		seki_opts_help(&command, stdout);
		return 0;
	}
	if (!err && !cfg.key) {
		snprintf(error, sizeof(error), "--key FILE is needed");
		err = -EINVAL;
	}
	if (err) {
		fprintf(stderr, "sekisho-agent: %s\n", error);
		return EXIT_USAGE;
	}
	return start(&cfg);
}
