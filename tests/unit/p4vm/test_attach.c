/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching a queue, by honest and hostile switches; no descriptor may be left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/attach.h"
#include "core/ring/ring.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"
#include "p4vm/attach.h"

struct fixture {
	int sw;
	int conn;
	int fds[SEKI_ATTACH_FDS];
	struct seki_attach msg;
	int open_before; /* descriptors */
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int make_region(bool seal, size_t bytes, bool format)
{
	struct seki_ring_switch ring;
	void *map;
	int fd;

	assert_int_equal(seki_shm_create("test", bytes, &fd), 0);
	if (format) {
		assert_int_equal(seki_shm_map(fd, bytes, true, &map), 0);
		seki_ring_switch_init(&ring, map, map);
		seki_shm_unmap(map, bytes);
	}
	if (seal)
		assert_int_equal(seki_shm_seal(fd, format), 0);
	return fd;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	f->sw = ends[0];
	f->conn = ends[1];
	f->fds[0] = make_region(true, SEKI_RING_REGION_BYTES, true);
	f->fds[1] = make_region(true, SEKI_RING_REGION_BYTES, false);
	f->fds[2] = eventfd(0, 0);
	f->msg = (struct seki_attach){.magic = SEKI_ATTACH_MAGIC,
				      .version = SEKI_ATTACH_VERSION,
				      .entries = SEKI_RING_ENTRIES,
				      .slot_bytes = SEKI_SLOT_BYTES,
				      .queue = 4,
				      .port = "tap 1\033"};
	f->open_before = count_fds();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < SEKI_ATTACH_FDS; i++)
		close(f->fds[i]);
	close(f->sw);
	close(f->conn);
	free(f);
	return 0;
}

/* Attaching what the fixture holds must fail with `err` and leave no descriptor. */
static void assert_refused(struct fixture *f, int err)
{
	struct seki_queue *queue;

	assert_int_equal(seki_fds_send(f->sw, &f->msg, sizeof(f->msg), f->fds, SEKI_ATTACH_FDS), 0);
	assert_int_equal(seki_attach_receive(f->conn, false, &queue), err);
	assert_int_equal(count_fds(), f->open_before);
}

static void replace_fd(struct fixture *f, int index, int fd)
{
	close(f->fds[index]);
	f->fds[index] = fd;
}

static void test_attach(void **state)
{
	struct fixture *f = *state;
	struct seki_attached reply;
	struct seki_queue *queue;

	assert_int_equal(seki_attach_receive(f->conn, false, &queue), -EAGAIN);
	assert_int_equal(seki_fds_send(f->sw, &f->msg, sizeof(f->msg), f->fds, SEKI_ATTACH_FDS), 0);
	assert_int_equal(seki_attach_receive(f->conn, false, &queue), 0);
	assert_int_equal(count_fds(), f->open_before + 1); /* the eventfd */
	assert_string_equal(queue->port, "tap?1?");
	assert_int_equal(queue->number, 4);
	assert_int_equal(seki_attach_reply(f->conn, -ENOSPC, 0), 0);
	assert_int_equal(recv(f->sw, &reply, sizeof(reply), 0), sizeof(reply));
	assert_int_equal(reply.magic, SEKI_ATTACH_MAGIC);
	assert_int_equal(reply.status, -ENOSPC);
	seki_attach_close(queue);
	f->conn = dup(f->sw); /* the queue closed it */
	assert_int_equal(count_fds(), f->open_before);
}

static void test_wrong_message(void **state)
{
	struct fixture *f = *state;
	const struct seki_attach good = f->msg;

	f->msg.magic++;
	assert_refused(f, -EPROTO);
	f->msg = good;
	f->msg.version++;
	assert_refused(f, -EPROTONOSUPPORT);
	f->msg = good;
	f->msg.entries *= 2;
	assert_refused(f, -EPROTONOSUPPORT);
	f->msg = good;
	f->msg.slot_bytes = 0;
	assert_refused(f, -EPROTONOSUPPORT);
	f->msg = good;
	f->msg.pad = 1;
	assert_refused(f, -EPROTO);
	f->msg = good;
	memset(f->msg.port, 'x', sizeof(f->msg.port));
	assert_refused(f, -EPROTO);
}

static void test_wrong_size(void **state)
{
	struct fixture *f = *state;
	uint8_t long_message[sizeof(f->msg) + 1] = {0};
	struct seki_queue *queue;

	seki_fds_send(f->sw, &f->msg, sizeof(f->msg) - 1, f->fds, SEKI_ATTACH_FDS);
	assert_int_equal(seki_attach_receive(f->conn, false, &queue), -EPROTO);
	seki_fds_send(f->sw, long_message, sizeof(long_message), f->fds, SEKI_ATTACH_FDS);
	assert_int_equal(seki_attach_receive(f->conn, false, &queue), -EMSGSIZE);
	assert_int_equal(count_fds(), f->open_before);
}

static void test_wrong_number_of_descriptors(void **state)
{
	struct fixture *f = *state;
	int many[SEKI_FDS_MAX];
	struct seki_queue *queue;

	for (uint32_t i = 0; i < SEKI_FDS_MAX; i++)
		many[i] = f->fds[i % SEKI_ATTACH_FDS];
	for (uint32_t n = 0; n <= SEKI_FDS_MAX; n++) {
		if (n == SEKI_ATTACH_FDS)
			continue;
		seki_fds_send(f->sw, &f->msg, sizeof(f->msg), many, n);
		assert_int_equal(seki_attach_receive(f->conn, false, &queue), -EPROTO);
	}
	assert_int_equal(count_fds(), f->open_before);
}

static void test_unsealed_switch_region(void **state)
{
	struct fixture *f = *state;

	replace_fd(f, 0, make_region(false, SEKI_RING_REGION_BYTES, true));
	assert_refused(f, -EINVAL);
}

static void test_unsealed_p4vm_region(void **state)
{
	struct fixture *f = *state;

	replace_fd(f, 1, make_region(false, SEKI_RING_REGION_BYTES, false));
	assert_refused(f, -EINVAL);
}

static void test_regions_of_wrong_size(void **state)
{
	struct fixture *f = *state;

	replace_fd(f, 1, make_region(true, SEKI_RING_REGION_BYTES / 2, false));
	assert_refused(f, -EINVAL);
	replace_fd(f, 1, make_region(true, SEKI_RING_REGION_BYTES * 2, false));
	assert_refused(f, -EINVAL);
}

static void test_region_without_header(void **state)
{
	struct fixture *f = *state;

	replace_fd(f, 0, make_region(true, SEKI_RING_REGION_BYTES, false));
	assert_refused(f, -EPROTO);
}

static void test_no_region_at_all(void **state)
{
	struct fixture *f = *state;

	replace_fd(f, 0, eventfd(0, 0));
	assert_refused(f, -EINVAL);
}

/* Writing to a file beyond the limit of its size, say, would end the process. */
static void test_wake_that_is_no_eventfd(void **state)
{
	struct fixture *f = *state;
	int ends[2];

	replace_fd(f, 2, fcntl(f->fds[0], F_DUPFD_CLOEXEC, 0));
	assert_refused(f, -EINVAL);
	assert_int_equal(pipe(ends), 0);
	f->open_before++;
	replace_fd(f, 2, ends[1]);
	assert_refused(f, -EINVAL);
	close(ends[0]);
	f->open_before--;
	replace_fd(f, 2, epoll_create1(0));
	assert_refused(f, -EINVAL);
}

static void test_end_of_file(void **state)
{
	struct fixture *f = *state;
	struct seki_queue *queue;

	close(f->sw);
	f->sw = dup(f->conn);
	assert_int_equal(seki_attach_receive(f->conn, false, &queue), -ECONNRESET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_attach),
		TEST(test_wrong_message),
		TEST(test_wrong_size),
		TEST(test_wrong_number_of_descriptors),
		TEST(test_unsealed_switch_region),
		TEST(test_unsealed_p4vm_region),
		TEST(test_regions_of_wrong_size),
		TEST(test_region_without_header),
		TEST(test_no_region_at_all),
		TEST(test_wake_that_is_no_eventfd),
		TEST(test_end_of_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
