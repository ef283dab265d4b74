// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/attach.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"
#include "p4vm/attach.h"
#include "tests/unit/p4vm/peer.h"

struct add {
	struct seki_queue *queue;
	int err;
};

static void do_add(struct seki_worker *worker, void *arg)
{
	struct add *add = arg;

	add->err = seki_worker_add(worker, add->queue);
}

static void make_region(bool ours, void **map, int *fd)
{
	assert_int_equal(seki_shm_create("region", SEKI_RING_REGION_BYTES, fd), 0);
	assert_int_equal(seki_shm_map(*fd, SEKI_RING_REGION_BYTES, ours, map), 0);
	assert_int_equal(seki_shm_seal(*fd, ours), 0);
}

int peer_attach(struct seki_worker *worker, const char *port, struct peer *p)
{
	struct seki_attach msg = {.magic = SEKI_ATTACH_MAGIC,
				  .version = SEKI_ATTACH_VERSION,
				  .entries = SEKI_RING_ENTRIES,
				  .slot_bytes = SEKI_SLOT_BYTES};
	struct add add;
	int ends[2], fds[3];

	snprintf(msg.port, sizeof(msg.port), "%s", port);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	make_region(true, &p->mine, &fds[0]);
	make_region(false, &p->theirs, &fds[1]);
	seki_ring_switch_init(&p->ring, p->mine, p->theirs);
	fds[2] = eventfd(0, EFD_NONBLOCK);
	p->wake = fds[2];
	p->conn = ends[0];
	assert_int_equal(seki_fds_send(p->conn, &msg, sizeof(msg), fds, 3), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(seki_attach_receive(ends[1], false, &add.queue), 0);
	seki_worker_call(worker, do_add, &add);
	if (add.err)
		seki_attach_close(add.queue);
	return add.err;
}

void peer_detach(struct peer *p)
{
	close(p->conn);
	close(p->wake);
	seki_shm_unmap(p->mine, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(p->theirs, SEKI_RING_REGION_BYTES);
}

void peer_submit(struct peer *p, uint32_t slot, uint32_t generation)
{
	const struct seki_submission sub = {
		.slot = (uint16_t)slot, .generation = generation, .len = 60, .copied = 60};

	seki_ring_switch_submit(&p->ring, &sub, 1);
	/* A full socket has woken it often enough. */
	if (seki_ring_switch_wake_needed(&p->ring) && send(p->conn, "", 1, MSG_DONTWAIT) < 0)
		assert_int_equal(errno, EAGAIN);
}

uint32_t peer_take(struct peer *p, struct seki_completion *out, uint32_t max)
{
	struct pollfd wait = {p->wake, POLLIN, 0};
	uint64_t count;
	int n;

	for (;;) {
		n = seki_ring_switch_take(&p->ring, out, max);
		if (n)
			break;
		if (seki_ring_switch_arm(&p->ring))
			assert_int_equal(poll(&wait, 1, PEER_DEADLINE_S * 1000), 1);
		seki_ring_switch_disarm(&p->ring);
		if (read(p->wake, &count, sizeof(count)) < 0)
			assert_int_equal(errno, EAGAIN);
	}
	assert_true(n > 0);
	return (uint32_t)n;
}
