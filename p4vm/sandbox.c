/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order matters: namespaces while there still are capabilities, the user id before the capabilities
 * go, no_new_privs before the filter, and the signal that ties the child to its parent after the
 * change of the user id, which would undo it.
 */
#include "p4vm/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/check.h"
#include "p4vm/turns.h"

uid_t seki_sandbox_uid(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return SEKI_SANDBOX_UID_MIN + hash % (SEKI_SANDBOX_UID_MAX - SEKI_SANDBOX_UID_MIN + 1);
}

bool seki_sandbox_is_full(const struct seki_sandbox *sandbox)
{
	return sandbox->own_user && sandbox->own_spaces;
}

const char *seki_sandbox_text(const struct seki_sandbox *sandbox)
{
	if (seki_sandbox_is_full(sandbox))
		return "full";
	if (sandbox->own_spaces)
		return "partial: it runs with its starter's user id";
	if (sandbox->own_user)
		return "partial: it has no namespaces of its own";
	return "partial: it runs with its starter's user id and namespaces";
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* A user namespace in which the caller keeps its ids and has every capability for a while. */
static int map_ids(uid_t uid, gid_t gid)
{
	char text[64];
	int err;

	err = write_text("/proc/self/setgroups", "deny");
	if (err)
		return err;
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	err = write_text("/proc/self/gid_map", text);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	return write_text("/proc/self/uid_map", text);
}

/* For a second child: another PID namespace can be made from the caller's own only. */
static void forget_prepared(void)
{
	int fd = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	setns(fd, CLONE_NEWPID);
	close(fd);
}

int seki_sandbox_prepare(struct seki_sandbox *sandbox)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (!sandbox->uid)
		return -EINVAL;
	sandbox->own_user = uid == 0;
	sandbox->own_spaces = false;
	if (!uid)
		forget_prepared();
	if (unshare(CLONE_NEWPID | (uid ? CLONE_NEWUSER : 0)))
		return 0; /* the caller decides whether that will do */
	if (uid && map_ids(uid, gid))
		return 0;
	sandbox->own_spaces = true;
	return 0;
}

/* Puts a new, empty, read-only file system where the root was. */
static int empty_root(const char *dir)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", flags, "size=4k,mode=0555") || chdir(dir) ||
	    syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/") ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | flags, NULL))
		return -errno;
	return 0;
}

static int enter_spaces(const char *dir)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP))
		return -errno;
	/* A namespace starts with a copy of the host's name. */
	if (sethostname("p4vm", 4))
		return -errno;
	return empty_root(dir);
}

/* Of a worker: queues of 2.1 MiB, and engines. Of the rest: what is loaded, twice as it is replaced. */
#define WORKER_MIB (64u + SEKI_TURNS_MAX * 21u / 10u)
#define REST_MIB   640u

/* Two a queue. Where that is more than the hard limit and may not be, as many as may be: see server.c. */
static int limit_files(uint32_t workers)
{
	const rlim_t wanted = SEKI_SANDBOX_FILES + workers * 2ull * SEKI_TURNS_MAX;
	struct rlimit limit = {wanted, wanted}, old;

	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &old))
		return -errno;
	limit.rlim_cur = limit.rlim_max = seki_min(wanted, old.rlim_max);
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

static int set_limits(const struct seki_sandbox *sandbox)
{
	const rlim_t mib = REST_MIB + sandbox->workers * WORKER_MIB + 2ull * sandbox->map_mib;
	const struct {
		int what;
		rlim_t value;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_MSGQUEUE, 0},
#ifndef __SANITIZE_ADDRESS__
		{RLIMIT_AS, mib << 20},
#endif
	};

	(void)mib;
	for (size_t i = 0; i < SEKI_COUNT(limits); i++) {
		struct rlimit limit = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].what, &limit))
			return -errno;
	}
	return limit_files(sandbox->workers);
}

static int become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &header, none))
		return -errno;
	return 0;
}

/* While there still are capabilities; without them there is nothing to bound. */
static void empty_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

int seki_sandbox_confine(const struct seki_sandbox *sandbox, const char *empty_dir)
{
	int err = sandbox->own_spaces ? enter_spaces(empty_dir) : 0;

	if (err)
		return err;
	err = set_limits(sandbox);
	if (err)
		return err;
	empty_bounding_set();
	err = sandbox->own_user ? become(sandbox->uid) : 0;
	if (err)
		return err;
	err = drop_capabilities();
	if (err)
		return err;
	/* Ends with its parent, is nobody's to trace or to dump, and can gain nothing by execve().
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

/* What the daemon and the C library under it call once confined. */
static const int allowed[] = {
	/* The worker: sleeping, wake-ups from and to the switch, closing a queue. */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(recvfrom),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(munmap),
	/* The main thread: its sockets; a queue's descriptors and their checks; its replies. */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(accept4),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	/* The clock where the vDSO cannot; semaphores between the two. */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(futex),
	/* Changes of maps: has every thread seen them? Others run first. */
	SCMP_SYS(membarrier),
	SCMP_SYS(sched_yield),
	/* malloc(); executable memory: see below. */
	SCMP_SYS(brk),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(getrandom),
	/* The end of a thread and of the process; interrupted calls. */
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int add_rules(scmp_filter_ctx filter, const int *more, size_t n_more)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	/* Programs are compiled here: what was written becomes executable, and only readable. */
	const struct scmp_arg_cmp only_exec = SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_EXEC, 0);
	int err;

	for (size_t i = 0; i < SEKI_COUNT(allowed); i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
		if (err)
			return err;
	}
	for (size_t i = 0; i < n_more; i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, more[i], 0);
		if (err)
			return err;
	}
	err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
	if (err)
		return err;
	err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
	if (err)
		return err;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, only_exec);
}

int seki_sandbox_filter(const int *more, size_t n_more)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = add_rules(filter, more, n_more);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
