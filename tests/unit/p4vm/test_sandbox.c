/* SPDX-License-Identifier: Apache-2.0 */
/* The walls from inside: what a process in the sandbox can still do. Needs root; else it skips. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "p4vm/sandbox.h"

static char empty_dir[] = "/tmp/seki-test-XXXXXX";

/* Runs fn in a sandbox, with or without its filter: fn's result, 100 + the signal that killed it,
 * or 200 and more where the sandbox could not be set up.
 */
static int in_sandbox(int (*fn)(void), bool filter)
{
	struct seki_sandbox sandbox = {.uid = 61999};
	pid_t outer = fork(), inner;
	int status;

	assert_true(outer >= 0);
	if (outer == 0) {
		if (seki_sandbox_prepare(&sandbox) || !seki_sandbox_is_full(&sandbox))
			_exit(200);
		if (!fn)
			_exit(0);
		inner = fork();
		if (inner == 0) {
			if (seki_sandbox_confine(&sandbox, empty_dir))
				_exit(201);
			if (filter && seki_sandbox_filter(NULL, 0))
				_exit(202);
			_exit(fn());
		}
		waitpid(inner, &status, 0);
		_exit(WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(outer, &status, 0), outer);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int do_socket(void)
{
	return (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static int do_open(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY);
}

static int do_exec(void)
{
	return (int)syscall(SYS_execve, "/bin/true", NULL, NULL);
}

static int do_clone(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int do_kill(void)
{
	return (int)syscall(SYS_kill, 0, SIGTERM);
}

static int do_ptrace(void)
{
	return (int)syscall(SYS_ptrace, 0, 1, NULL, NULL);
}

static int do_ioctl(void)
{
	return (int)syscall(SYS_ioctl, 0, 0x5412, "x");
}

static int do_prctl(void)
{
	return (int)syscall(SYS_prctl, 0, 0, 0, 0, 0);
}

static int do_unshare(void)
{
	return (int)syscall(SYS_unshare, CLONE_NEWUSER);
}

static int do_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int do_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int do_memfd(void)
{
	return (int)syscall(SYS_memfd_create, "x", 0);
}

static int do_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int do_make_executable(int prot)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, prot);
}

static int do_writable_code(void)
{
	return do_make_executable(PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int do_unreadable_code(void)
{
	return do_make_executable(PROT_EXEC);
}

static int do_legacy_call(void)
{
	long ret;

	/* getpid(2) of the 32-bit table. */
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory");
	return (int)ret;
}

static void test_forbidden(void **state)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} calls[] = {
		{"socket", do_socket},
		{"open", do_open},
		{"exec", do_exec},
		{"clone", do_clone},
		{"kill", do_kill},
		{"ptrace", do_ptrace},
		{"ioctl", do_ioctl},
		{"prctl", do_prctl},
		{"unshare", do_unshare},
		{"bpf", do_bpf},
		{"io_uring", do_io_uring},
		{"memfd", do_memfd},
		{"mmap executable", do_executable_memory},
		{"mprotect writable and executable", do_writable_code},
		{"mprotect executable only", do_unreadable_code},
		{"a call of another architecture", do_legacy_call},
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(calls); i++) {
		int status = in_sandbox(calls[i].fn, true);

		if (status != 100 + SIGSYS)
			fail_msg("%s: ended with %d", calls[i].name, status);
	}
}

static int do_daily_work(void)
{
	struct timespec t;
	char *memory = malloc(1 << 20);
	int *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!memory || page == MAP_FAILED || clock_gettime(CLOCK_BOOTTIME, &t))
		return 1;
	memset(memory, 1, 1 << 20);
	free(memory);
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC)) /* the code of a program */
		return 3;
	return munmap(page, 4096) ? 2 : 7;
}

static void test_allowed(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* the sanitizer's own allocator makes other calls */
#endif
	assert_int_equal(in_sandbox(do_daily_work, true), 7);
}

/* What the namespaces and the user id alone hold back, were there no filter. */
static int do_try_everything(void)
{
	struct rlimit core;
	char name[64];

	if (geteuid() != 61999 || getegid() != 61999 || getgroups(0, NULL) != 0)
		return 1;
	if (open("/tmp", O_RDONLY) >= 0 || mkdir("/x", 0755) == 0 || open("/x", O_CREAT, 0600) >= 0)
		return 2;
	if (setuid(0) == 0 || unshare(CLONE_NEWNS) == 0 || chroot("/") == 0)
		return 3;
	if (getrlimit(RLIMIT_CORE, &core) || core.rlim_max != 0)
		return 4;
	if (gethostname(name, sizeof(name)) || strcmp(name, "p4vm") != 0)
		return 5;
	return getpid() == 1 ? 7 : 6;
}

static void test_without_filter(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(do_try_everything, false), 7);
}

static void test_user_ids(void **state)
{
	struct seki_sandbox root = {.uid = 0};
	char name[16];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		assert_in_range(seki_sandbox_uid(name), SEKI_SANDBOX_UID_MIN, SEKI_SANDBOX_UID_MAX);
	}
	assert_int_equal(seki_sandbox_uid("web1"), seki_sandbox_uid("web1"));
	assert_int_equal(seki_sandbox_prepare(&root), -EINVAL);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(empty_dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(empty_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_without_filter),
		cmocka_unit_test(test_user_ids),
	};

	if (in_sandbox(NULL, false) == 200) {
		puts("skipped: this user cannot set up a whole sandbox");
		return 77;
	}
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
