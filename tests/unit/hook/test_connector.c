// SPDX-License-Identifier: Apache-2.0
/* Attaching to a P4 VM: the real thread, a real socket, and a P4 VM that behaves and misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "abi/attach.h"
#include "core/ring/ring.h"
#include "host/ovs/hook.h"
#include "lib/shm/guard.h"
#include "lib/shm/shm.h"

#define PATIENCE_MS 10000

struct bench {
	char dir[64];
	char path[2][SEKI_HOOK_SOCKET];
	int listener[2];
	struct seki_connector *connector;
	struct seki_hook *hook;
	struct seki_queue *q;
};

/* What the P4 VM got of one queue. */
struct attached {
	int sock;
	struct seki_attach hello;
	int fds[SEKI_ATTACH_FDS];
};

static int listen_at(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, path, sizeof(addr.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static struct seki_hook_config config_for(const char *path)
{
	struct seki_hook_config c = {.inflight = 512, .deadline_ms = 1000, .workers = 1};

	strcpy(c.socket, path);
	return c;
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct seki_hook_config config;

	strcpy(b->dir, "/tmp/seki-connector-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	for (int i = 0; i < 2; i++) {
		strcpy(b->path[i], b->dir);
		strcat(b->path[i], i ? "/second" : "/first");
		b->listener[i] = listen_at(b->path[i]);
	}
	config = config_for(b->path[0]);
	assert_int_equal(seki_connector_create(&b->connector), 0);
	assert_int_equal(seki_hook_create(b->connector, "port0", &config, free, &b->hook), 0);
	b->q = seki_hook_queue(b->hook, 3, 0);
	assert_non_null(b->q);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	seki_hook_destroy(b->hook);
	seki_connector_destroy(b->connector);
	for (int i = 0; i < 2; i++) {
		close(b->listener[i]);
		unlink(b->path[i]);
	}
	rmdir(b->dir);
	free(b);
	return 0;
}

static void wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

static struct attached accept_queue(struct bench *b, int listener)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct attached a;
	struct iovec iov = {&a.hello, sizeof(a.hello)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	wait_readable(b->listener[listener]);
	a.sock = accept(b->listener[listener], NULL, NULL);
	assert_true(a.sock >= 0);
	wait_readable(a.sock);
	assert_int_equal(recvmsg(a.sock, &msg, 0), sizeof(a.hello));
	cmsg = CMSG_FIRSTHDR(&msg);
	assert_non_null(cmsg);
	assert_int_equal(cmsg->cmsg_len, CMSG_LEN(sizeof(a.fds)));
	memcpy(a.fds, CMSG_DATA(cmsg), sizeof(a.fds));
	return a;
}

static void reply(const struct attached *a, struct seki_attached answer)
{
	assert_int_equal(send(a->sock, &answer, sizeof(answer), 0), sizeof(answer));
}

static void accept_it(const struct attached *a)
{
	reply(a, (struct seki_attached){SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, 0, 0});
}

static void hang_up(const struct attached *a)
{
	for (int i = 0; i < SEKI_ATTACH_FDS; i++)
		close(a->fds[i]);
	close(a->sock);
}

static struct seki_hook_stats stats(struct bench *b)
{
	struct seki_hook_stats s;

	seki_hook_stats(b->hook, 0, &s);
	return s;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Polls the queue, as its datapath thread does, until it is in a state. */
static void wait_state(struct bench *b, enum seki_hook_state state)
{
	struct pollfd bell = {.fd = seki_connector_bell(b->connector), .events = POLLIN};
	int64_t deadline = now_ms() + PATIENCE_MS;
	struct seki_outcome out;
	uint64_t count;

	for (;;) {
		seki_queue_poll(b->q, 1, &out, 1);
		if (stats(b).state == state)
			return;
		assert_true(now_ms() < deadline);
		poll(&bell, 1, PATIENCE_MS);
		if (read(bell.fd, &count, sizeof(count)) < 0)
			continue;
	}
}

static void wait_error(struct bench *b, int error)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	int64_t deadline = now_ms() + PATIENCE_MS;

	while (stats(b).error != error) {
		assert_true(now_ms() < deadline);
		nanosleep(&ms, NULL);
	}
}

static void attaches_and_says_who_it_is(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);

	assert_int_equal(a.hello.magic, SEKI_ATTACH_MAGIC);
	assert_int_equal(a.hello.version, SEKI_ATTACH_VERSION);
	assert_int_equal(a.hello.entries, SEKI_RING_ENTRIES);
	assert_int_equal(a.hello.slot_bytes, SEKI_SLOT_BYTES);
	assert_int_equal(a.hello.queue, 0);
	assert_int_equal(a.hello.pad, 0);
	assert_string_equal(a.hello.port, "port0");
	assert_int_equal(stats(b).state, SEKI_QUEUE_DOWN);
	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	assert_int_equal(stats(b).error, 0);
	hang_up(&a);
	wait_state(b, SEKI_QUEUE_DOWN);
	wait_error(b, -ECONNRESET);
}

/* The P4 VM can resize neither region, nor write the switch's, by no means. */
static void regions_are_sealed(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);
	void *map;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(ftruncate(a.fds[i], 0), -1);
		assert_int_equal(ftruncate(a.fds[i], SEKI_RING_REGION_BYTES + 1), -1);
		assert_int_equal(
			seki_shm_map_received(a.fds[i], SEKI_RING_REGION_BYTES, i == 1, &map), 0);
		if (i == 0)
			assert_int_equal(
				mprotect(map, SEKI_RING_REGION_BYTES, PROT_READ | PROT_WRITE), -1);
		seki_shm_unmap(map, SEKI_RING_REGION_BYTES);
	}
	assert_int_equal(seki_shm_map(a.fds[0], SEKI_RING_REGION_BYTES, true, &map), -EPERM);
	assert_int_equal(pwrite(a.fds[0], "x", 1, 0), -1);
	assert_int_equal(fcntl(a.fds[1], F_ADD_SEALS, F_SEAL_WRITE), -1);
	hang_up(&a);
}

static void a_packet_goes_round(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);
	uint8_t bytes[60] = "a packet that goes to the P4 VM and back";
	const struct seki_hook_packet packet = {bytes, bytes, sizeof(bytes), 0, 0};
	struct seki_ring_p4vm vm;
	struct seki_submission sub;
	struct seki_completion c;
	enum seki_fate fate;
	struct seki_outcome out;
	void *theirs, *mine;

	assert_int_equal(seki_shm_map_received(a.fds[0], SEKI_RING_REGION_BYTES, false, &theirs),
			 0);
	assert_int_equal(seki_shm_map_received(a.fds[1], SEKI_RING_REGION_BYTES, true, &mine), 0);
	assert_int_equal(seki_ring_p4vm_init(&vm, theirs, mine), 0);
	seki_ring_p4vm_set_want(&vm, 60);
	assert_true(seki_ring_p4vm_arm(&vm));
	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	seki_queue_submit(b->q, SEKI_PORT_VM, 1, &packet, 1, &fate);
	assert_int_equal(fate, SEKI_FATE_HELD);
	wait_readable(a.sock);
	assert_int_equal(seki_ring_p4vm_take(&vm, &sub, 1, NULL, NULL), 1);
	assert_memory_equal(seki_ring_p4vm_packet(&vm, &sub), bytes, 60);
	c = (struct seki_completion){
		.slot = sub.slot,
		.generation = sub.generation,
		.verdict = SEKI_VERDICT_PASS,
		.len = 60,
	};
	seki_ring_p4vm_answer(&vm, &c, 1);
	assert_int_equal(seki_queue_poll(b->q, 1, &out, 1), 1);
	assert_ptr_equal(out.packet, bytes);
	assert_int_equal(out.fate, SEKI_FATE_PASS);
	hang_up(&a);
	wait_state(b, SEKI_QUEUE_DOWN);
	seki_shm_unmap(theirs, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(mine, SEKI_RING_REGION_BYTES);
}

/* Where the switch has its region of that name mapped. */
static uint8_t *find_region(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];
	uintptr_t start = 0;

	while (!start && fgets(line, sizeof(line), maps)) {
		if (strstr(line, name))
			start = strtoul(line, NULL, 16);
	}
	fclose(maps);
	assert_true(start);
	return (uint8_t *)start;
}

/*
 * There is no memory for a slot: as a file behind its end. The P4 VM is told nothing of a packet that could not be
 * put there, the packet follows the port's policy, the P4 VM is attached anew.
 */
static void memory_runs_out_under_a_slot(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);
	uint8_t bytes[200] = "a packet that there is no room for";
	const struct seki_hook_packet packet = {bytes, bytes, sizeof(bytes), 0, 0};
	const struct seki_switch_header *header;
	enum seki_fate fate;
	struct seki_outcome out;
	struct seki_guard *guard;
	uint8_t *region, *slots;
	uint32_t flag;
	void *theirs;
	int fd = memfd_create("empty", MFD_CLOEXEC);

	/* cmocka has taken the signal for this test; the next guard takes it back. */
	assert_int_equal(seki_guard_create(&flag, sizeof(flag), true, &flag, &guard), 0);
	seki_guard_destroy(guard);
	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	region = find_region("memfd:sekisho-switch");
	slots = mmap(region + SEKI_RING_SLOT_OFFSET, SEKI_RING_ENTRIES * SEKI_SLOT_BYTES,
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	assert_ptr_equal(slots, region + SEKI_RING_SLOT_OFFSET);
	close(fd);
	header = (const struct seki_switch_header *)(const void *)region;
	assert_int_equal(seki_shm_map(a.fds[1], SEKI_RING_REGION_BYTES, true, &theirs), 0);
	((struct seki_p4vm_header *)theirs)->want = sizeof(bytes);
	seki_shm_unmap(theirs, SEKI_RING_REGION_BYTES);
	seki_queue_submit(b->q, SEKI_PORT_VM, 1, &packet, 1, &fate);
	assert_int_equal(fate, SEKI_FATE_HELD);
	assert_int_equal(header->sub_tail, 0);
	assert_int_equal(seki_queue_poll(b->q, 1, &out, 1), 1);
	assert_ptr_equal(out.packet, bytes);
	assert_int_equal(out.fate, SEKI_FATE_DROP);
	assert_int_equal(stats(b).from[SEKI_PORT_VM].dropped[SEKI_REASON_DOWN], 1);
	wait_error(b, -ENOMEM);
	hang_up(&a);
	a = accept_queue(b, 0);
	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	hang_up(&a);
}

static void wait_limit(rlim_t wanted)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	int64_t deadline = now_ms() + PATIENCE_MS;
	struct rlimit now;

	while (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_cur != wanted) {
		assert_true(now_ms() < deadline);
		nanosleep(&ms, NULL);
	}
}

/* A switch that may have no more descriptors now, but may ask for more, does. */
static void a_low_limit_of_files_is_raised(void **state)
{
	struct bench *b = *state;
	struct rlimit before, low;
	struct attached first = accept_queue(b, 0), a;
	int unused = dup(0);

	assert_true(unused > 0);
	close(unused);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){(rlim_t)unused, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_non_null(seki_hook_queue(b->hook, 4, 0));
	wait_limit(before.rlim_max);
	a = accept_queue(b, 0);
	hang_up(&a);
	hang_up(&first);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void comes_back_after_each_loss(void **state)
{
	struct bench *b = *state;

	for (int i = 1; i <= 3; i++) {
		struct attached a = accept_queue(b, 0);

		accept_it(&a);
		wait_state(b, SEKI_QUEUE_UP);
		assert_int_equal(stats(b).sessions, i);
		hang_up(&a);
		wait_state(b, SEKI_QUEUE_DOWN);
	}
}

static void refusals_and_nonsense_are_tried_again(void **state)
{
	static const struct {
		struct seki_attached answer;
		int error;
	} cases[] = {
		{{SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, -EBUSY, 0}, -EBUSY},
		{{SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, 1, 0}, -EPROTO},
		{{SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, -EAGAIN, 0}, -EPROTO},
		{{SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, INT32_MIN, 0}, -EPROTO},
		{{0, SEKI_ATTACH_VERSION, 0, 0}, -EPROTO},
		{{SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION + 1, 0, 0}, -EPROTO},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct attached a = accept_queue(b, 0);

		reply(&a, cases[i].answer);
		wait_error(b, cases[i].error);
		hang_up(&a);
	}
	assert_int_equal(stats(b).sessions, 0);
}

static void silence_keeps_nobody_waiting(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);
	struct seki_outcome out;

	assert_int_equal(seki_queue_poll(b->q, 1, &out, 1), 0);
	assert_int_equal(stats(b).state, SEKI_QUEUE_DOWN);
	hang_up(&a); /* and tear_down ends the attempt */
}

static void a_message_ends_the_session(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);

	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	assert_int_equal(send(a.sock, "boo", 3, 0), 3);
	wait_state(b, SEKI_QUEUE_DOWN);
	hang_up(&a);
}

static void another_socket(void **state)
{
	struct bench *b = *state;
	struct seki_hook_config config = config_for(b->path[1]);
	struct attached a = accept_queue(b, 0);
	struct attached c;

	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	seki_hook_configure(b->hook, &config);
	wait_state(b, SEKI_QUEUE_DOWN);
	c = accept_queue(b, 1);
	accept_it(&c);
	wait_state(b, SEKI_QUEUE_UP);
	hang_up(&a);
	hang_up(&c);
}

static void nobody_listens(void **state)
{
	struct bench *b = *state;
	struct seki_hook_config config = config_for("/nonexistent/socket");
	struct attached a = accept_queue(b, 0);

	seki_hook_configure(b->hook, &config);
	wait_error(b, -ENOENT);
	hang_up(&a);
}

static void a_queue_that_left_is_detached(void **state)
{
	struct bench *b = *state;
	struct attached a = accept_queue(b, 0);
	char byte;

	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	seki_queue_leave(b->q);
	wait_readable(a.sock);
	assert_int_equal(recv(a.sock, &byte, 1, 0), 0);
	hang_up(&a);
	seki_queue_join(b->q);
	a = accept_queue(b, 0);
	accept_it(&a);
	wait_state(b, SEKI_QUEUE_UP);
	hang_up(&a);
}

static void many_queues(void **state)
{
	struct bench *b = *state;
	struct attached a[8];

	for (uint32_t key = 100; key < 107; key++)
		assert_non_null(seki_hook_queue(b->hook, key, 0));
	for (int i = 0; i < 8; i++) {
		a[i] = accept_queue(b, 0);
		accept_it(&a[i]);
	}
	assert_int_equal(seki_hook_queues(b->hook), 8);
	for (int i = 0; i < 8; i++)
		hang_up(&a[i]);
}

static void a_queue_for_each_thread_up_to_a_limit(void **state)
{
	struct bench *b = *state;

	for (uint32_t key = 100; key < 100 + SEKI_HOOK_QUEUES - 1; key++)
		assert_non_null(seki_hook_queue(b->hook, key, 0));
	assert_null(seki_hook_queue(b->hook, 99, 0));
	assert_non_null(seki_hook_queue(b->hook, 100, 0));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(attaches_and_says_who_it_is),
		TEST(regions_are_sealed),
		TEST(a_packet_goes_round),
		TEST(memory_runs_out_under_a_slot),
		TEST(a_low_limit_of_files_is_raised),
		TEST(comes_back_after_each_loss),
		TEST(refusals_and_nonsense_are_tried_again),
		TEST(silence_keeps_nobody_waiting),
		TEST(a_message_ends_the_session),
		TEST(another_socket),
		TEST(nobody_listens),
		TEST(a_queue_that_left_is_detached),
		TEST(many_queues),
		TEST(a_queue_for_each_thread_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
