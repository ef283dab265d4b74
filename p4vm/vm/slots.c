/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues as PCI devices: slot S has the switch region as function 0 (ivshmem-plain, read-only) and
 * the p4vm region as function 1. Both come and go as one slot. A guest that does not let go of a
 * slot in time is started anew: nothing that it can still reach is used for another queue.
 *
 * Slots are removed one at a time, and none is filled meanwhile: at each event QEMU tells the guest
 * of every slot that is to be ejected, so it may hear of one twice, and would eject what has been
 * plugged in there since. For the same reason the slot that was free the longest is taken.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/shm/shm.h"
#include "lib/sys/log.h"
#include "p4vm/attach.h"
#include "p4vm/vm/host.h"

#define SECOND_NS      1000000000ull
#define ANSWER_NS      (6 * SECOND_NS)
#define LEAVE_NS       (5 * SECOND_NS)
#define EJECT_NS       (15 * SECOND_NS)
#define FUNCTION_BYTES seki_shm_file_bytes(SEKI_RING_REGION_BYTES)

static int find_free(struct seki_vm_host *host, uint32_t *out)
{
	const uint32_t count = SEKI_GUEST_SLOTS - SEKI_GUEST_SLOT_FIRST;

	for (uint32_t i = 1; i <= count; i++) {
		uint32_t slot = SEKI_GUEST_SLOT_FIRST + (host->last_slot + i) % count;

		if (host->slots[slot].state != SEKI_VM_FREE)
			continue;
		host->last_slot = slot - SEKI_GUEST_SLOT_FIRST;
		*out = slot;
		return 0;
	}
	return -ENOSPC;
}

/* Function 1 comes first: the guest looks for it when function 0 appears. */
static int plug(struct seki_vm_host *host, uint32_t slot, uint32_t function, int fd)
{
	uint32_t set = slot * 2 + function;
	int number;
	int err = seki_qmp_add_fd(&host->qmp, set, fd, &number);

	if (err)
		return err;
	err = seki_qmp_call(&host->qmp,
			    "{\"execute\":\"object-add\",\"arguments\":{"
			    "\"qom-type\":\"memory-backend-file\",\"id\":\"m%u\","
			    "\"mem-path\":\"/proc/self/fd/%d\",\"size\":%zu,\"share\":true,"
			    "\"readonly\":%s}}\n",
			    set, number, FUNCTION_BYTES, function ? "false" : "true");
	/* It has opened the file by itself. */
	if (!err)
		err = seki_qmp_call(&host->qmp,
				    "{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":%u}}\n",
				    set);
	if (!err)
		err = seki_qmp_call(&host->qmp,
				    "{\"execute\":\"device_add\",\"arguments\":{"
				    "\"driver\":\"ivshmem-plain\",\"id\":\"d%u\","
				    "\"memdev\":\"m%u\",\"addr\":\"%x.%u\","
				    "\"multifunction\":true}}\n",
				    set, set, slot, function);
	if (!err)
		host->slots[slot].plugged |= 1u << function;
	return err;
}

static int tell_guest(struct seki_vm_host *host, uint32_t slot, const struct seki_attach *attach)
{
	const struct seki_guest_attach msg = {.attach = *attach,
					      .doorbell = host->slots[slot].peer << 16};

	return seki_vm_send(host, SEKI_GUEST_ATTACH, slot, &msg, sizeof(msg));
}

/* Everything but the answer. A failure leaves QEMU in no known state: it ends the machine. */
static int bring_in(struct seki_vm_host *host, int conn, const struct seki_attach *attach,
		    const int *fds)
{
	struct seki_vm_slot *s;
	uint32_t slot, peer;
	int err = find_free(host, &slot);

	if (err) {
		seki_log("port %.63s: no PCI slot left for its queue", attach->port);
		seki_attach_reply(conn, err, 0);
		close(conn);
		return 0;
	}
	err = seki_doorbell_grant(&host->doorbell, fds[2], &peer);
	if (err)
		return err;
	s = &host->slots[slot];
	*s = (struct seki_vm_slot){.state = SEKI_VM_ASKED,
				   .conn = conn,
				   .peer = peer,
				   .until_ns = seki_vm_now_ns() + ANSWER_NS};
	memcpy(s->port, attach->port, sizeof(s->port));
	err = plug(host, slot, 1, fds[1]);
	if (!err)
		err = plug(host, slot, 0, fds[0]);
	return err ? err : tell_guest(host, slot, attach);
}

static void close_all(const int *fds)
{
	for (uint32_t i = 0; i < SEKI_ATTACH_FDS; i++)
		close(fds[i]);
}

int seki_vm_slot_attach(struct seki_vm_host *host, int conn)
{
	struct seki_attach attach;
	int fds[SEKI_ATTACH_FDS];
	int err = seki_attach_take(conn, &attach, fds);
	char byte;

	if (err == -EAGAIN)
		return err;
	if (!err && recv(conn, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0) {
		close_all(fds); /* it has given up waiting */
		err = -ECONNRESET;
	}
	if (err) {
		if (err != -ECONNRESET)
			seki_log("a switch could not attach: %s", strerror(-err));
		seki_attach_reply(conn, err, 0);
		close(conn);
		return 0;
	}
	err = bring_in(host, conn, &attach, fds);
	close_all(fds);
	return err;
}

/* The guest cannot wake the switch any more, and will lose the slot. */
static int leave(struct seki_vm_host *host, uint32_t slot)
{
	host->slots[slot].state = SEKI_VM_LEFT;
	return seki_doorbell_revoke(&host->doorbell, host->slots[slot].peer);
}

int seki_vm_slot_attached(struct seki_vm_host *host, uint32_t slot, const void *data, size_t len)
{
	struct seki_attached answer;
	struct seki_vm_slot *s = &host->slots[slot % SEKI_GUEST_SLOTS];
	uint32_t vector;
	int err;

	if (slot >= SEKI_GUEST_SLOTS || s->state != SEKI_VM_ASKED || len != sizeof(answer))
		return -EPROTO;
	memcpy(&answer, data, sizeof(answer));
	if (answer.status) {
		err = answer.status < 0 && answer.status > -4096 ? answer.status : -EPROTO;
		seki_log("port %s: could not attach: %s", s->port, strerror(-err));
		seki_attach_reply(s->conn, err, 0);
		close(s->conn);
		return leave(host, slot);
	}
	/* The switch may send a wake-up as soon as it has its answer. */
	vector = answer.pad % host->doorbell.n_vectors;
	s->state = SEKI_VM_UP;
	err = seki_wakes_add(&host->wakes, slot, s->conn, host->doorbell.vectors[vector]);
	if (!err)
		seki_attach_reply(s->conn, 0, 0);
	return err;
}

int seki_vm_slot_gone(struct seki_vm_host *host, uint32_t slot)
{
	struct seki_vm_slot *s = &host->slots[slot];

	if (s->state != SEKI_VM_UP)
		return 0;
	seki_wakes_remove(&host->wakes, slot);
	close(s->conn);
	s->state = SEKI_VM_LEAVING;
	s->until_ns = seki_vm_now_ns() + LEAVE_NS;
	return seki_vm_send(host, SEKI_GUEST_DETACH, slot, NULL, 0);
}

int seki_vm_slot_detached(struct seki_vm_host *host, uint32_t slot)
{
	struct seki_vm_slot *s = &host->slots[slot % SEKI_GUEST_SLOTS];

	if (slot >= SEKI_GUEST_SLOTS)
		return -EPROTO;
	if (s->state == SEKI_VM_UP) {
		seki_wakes_remove(&host->wakes, slot);
		close(s->conn);
	} else if (s->state != SEKI_VM_LEAVING) {
		/* Both sides can give a queue up at once. */
		return s->state >= SEKI_VM_LEFT ? 0 : -EPROTO;
	}
	return leave(host, slot);
}

void seki_vm_slot_deleted(struct seki_vm_host *host, const char *device)
{
	uint32_t set;
	char end;

	if (sscanf(device, "d%u%c", &set, &end) == 1 && set / 2 < SEKI_GUEST_SLOTS)
		host->slots[set / 2].plugged &= ~(1u << set % 2);
}

static int release(struct seki_vm_host *host, uint32_t slot)
{
	int err = 0;

	for (uint32_t function = 0; !err && function < 2; function++)
		err = seki_qmp_call(&host->qmp,
				    "{\"execute\":\"object-del\",\"arguments\":{\"id\":\"m%u\"}}\n",
				    slot * 2 + function);
	host->slots[slot].state = SEKI_VM_FREE;
	return err;
}

static bool any(const struct seki_vm_host *host, enum seki_vm_slot_state state)
{
	for (uint32_t i = SEKI_GUEST_SLOT_FIRST; i < SEKI_GUEST_SLOTS; i++) {
		if (host->slots[i].state == state)
			return true;
	}
	return false;
}

bool seki_vm_slots_busy(const struct seki_vm_host *host)
{
	return any(host, SEKI_VM_LEFT) || any(host, SEKI_VM_EJECTING);
}

bool seki_vm_slots_due(const struct seki_vm_host *host)
{
	for (uint32_t i = SEKI_GUEST_SLOT_FIRST; i < SEKI_GUEST_SLOTS; i++) {
		if (host->slots[i].state == SEKI_VM_EJECTING && !host->slots[i].plugged)
			return true;
	}
	return any(host, SEKI_VM_LEFT) && !any(host, SEKI_VM_ASKED) && !any(host, SEKI_VM_EJECTING);
}

static int eject(struct seki_vm_host *host, uint32_t slot)
{
	struct seki_vm_slot *s = &host->slots[slot];

	s->state = SEKI_VM_EJECTING;
	s->until_ns = seki_vm_now_ns() + EJECT_NS;
	/* That of function 0 takes the whole slot. */
	return seki_qmp_call(&host->qmp,
			     "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d%u\"}}\n",
			     slot * 2);
}

static int step(struct seki_vm_host *host, uint32_t slot, uint64_t now_ns)
{
	struct seki_vm_slot *s = &host->slots[slot];

	switch (s->state) {
	case SEKI_VM_FREE:
	case SEKI_VM_UP:
		return 0;
	case SEKI_VM_LEFT:
		if (any(host, SEKI_VM_ASKED) || any(host, SEKI_VM_EJECTING))
			return 0;
		return eject(host, slot);
	case SEKI_VM_EJECTING:
		if (!s->plugged)
			return release(host, slot);
		break;
	default:
		break;
	}
	return now_ns >= s->until_ns ? -ETIMEDOUT : 0;
}

int seki_vm_slots_step(struct seki_vm_host *host, uint64_t now_ns)
{
	int err = 0;

	for (uint32_t i = SEKI_GUEST_SLOT_FIRST; !err && i < SEKI_GUEST_SLOTS; i++)
		err = step(host, i, now_ns);
	return err;
}
