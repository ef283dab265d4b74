// SPDX-License-Identifier: Apache-2.0
/*
 * Attaching where memory or descriptors run out: each call that can fail is made to, in turn. The
 * queue says why, nothing is left behind, and the next attempt succeeds. Linked with --wrap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "abi/attach.h"
#include "host/ovs/hook.h"
#include "lib/shm/guard.h"

#define PATIENCE_MS 10000

/* Counts down; the call that reaches 0 fails. */
static int left;
static int failed;

static bool fails(void)
{
	if (__atomic_load_n(&left, __ATOMIC_RELAXED) <= 0 ||
	    __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED) > 0)
		return false;
	__atomic_store_n(&failed, 1, __ATOMIC_RELAXED);
	errno = ENOMEM;
	return true;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	return fails() ? -1 : __real_socket(domain, type, protocol);
}

int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags)
{
	return fails() ? -1 : __real_memfd_create(name, flags);
}

int __real_ftruncate64(int fd, off_t len);
int __wrap_ftruncate64(int fd, off_t len);
int __wrap_ftruncate64(int fd, off_t len)
{
	return fails() ? -1 : __real_ftruncate64(fd, len);
}

int __real_fallocate64(int fd, int mode, off_t offset, off_t len);
int __wrap_fallocate64(int fd, int mode, off_t offset, off_t len);
int __wrap_fallocate64(int fd, int mode, off_t offset, off_t len)
{
	return fails() ? -1 : __real_fallocate64(fd, mode, offset, len);
}

void *__real_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap64(at, len, prot, flags, fd, offset);
}

int __real_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags)
{
	return fails() ? -1 : __real_eventfd(count, flags);
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Answers whoever connects, and polls the queue until it is up. Returns the connection. */
static int attach(int listener, struct seki_hook *hook, struct seki_queue *q, int *error)
{
	const struct seki_attached yes = {SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, 0, 0};
	struct pollfd p = {.fd = listener, .events = POLLIN};
	int64_t deadline = now_ms() + PATIENCE_MS;
	struct seki_hook_stats stats;
	struct seki_outcome out;
	int conn = -1;

	*error = 0;
	for (;;) {
		char byte;

		assert_true(now_ms() < deadline);
		seki_queue_poll(q, 1, &out, 1);
		seki_hook_stats(hook, 0, &stats);
		if (stats.error)
			*error = stats.error;
		if (stats.state == SEKI_QUEUE_UP)
			return conn;
		/* What failed half-way has connected already, and hung up. */
		if (conn >= 0 && recv(conn, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
			close(conn);
			conn = -1;
		}
		if (poll(&p, 1, 1) == 1 && conn < 0) {
			conn = accept(listener, NULL, NULL);
			send(conn, &yes, sizeof(yes), MSG_NOSIGNAL);
		}
	}
}

/* One attachment with the nth call failing. Returns whether there is an nth call. */
static bool attach_short_of(int nth, int listener, const struct seki_hook_config *config)
{
	struct seki_connector *connector;
	struct seki_hook *hook;
	struct seki_queue *q;
	int conn, error, before = descriptors();

	assert_int_equal(seki_connector_create(&connector), 0);
	assert_int_equal(seki_hook_create(connector, "port0", config, free, &hook), 0);
	failed = 0;
	__atomic_store_n(&left, nth, __ATOMIC_RELAXED);
	q = seki_hook_queue(hook, 0, 0);
	assert_non_null(q);
	conn = attach(listener, hook, q, &error);
	__atomic_store_n(&left, 0, __ATOMIC_RELAXED);
	if (failed)
		assert_int_equal(error, -ENOMEM);
	close(conn);
	seki_hook_destroy(hook);
	seki_connector_destroy(connector);
	assert_int_equal(descriptors(), before);
	return failed;
}

static void each_call_fails_once(void **state)
{
	struct seki_hook_config config = {.inflight = 512, .deadline_ms = 1000, .workers = 1};
	char dir[] = "/tmp/seki-shortage-XXXXXX";
	struct seki_guard *guard;
	int listener, nth = 1;
	uint32_t flag;

	(void)state;
	/* What the first guard of a process takes stays for the next ones. */
	assert_int_equal(seki_guard_create(dir, sizeof(dir), true, &flag, &guard), 0);
	seki_guard_destroy(guard);
	assert_non_null(mkdtemp(dir));
	snprintf(config.socket, sizeof(config.socket), "%s/port", dir);
	listener = listen_at(config.socket);
	while (attach_short_of(nth, listener, &config))
		nth++;
	/* A session, a socket, two regions of four calls each, an eventfd: fewer are not all. */
	assert_true(nth - 1 >= 11);
	close(listener);
	unlink(config.socket);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_call_fails_once)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
