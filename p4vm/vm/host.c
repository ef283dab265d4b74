/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/vm/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/log.h"
#include "p4vm/vm/child.h"

#define SECOND_NS 1000000000ull
#define SPEAK_NS  (2 * SECOND_NS) /* a switch says at once what it wants */

uint64_t seki_vm_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* The link has a time limit for sending: a guest that reads nothing for so long is stuck. */
int seki_vm_send(struct seki_vm_host *host, uint32_t kind, uint32_t id, const void *data,
		 size_t len)
{
	const struct seki_guest_frame frame = {
		.magic = SEKI_GUEST_MAGIC, .kind = kind, .id = id, .len = (uint32_t)len};
	uint8_t bytes[sizeof(frame) + SEKI_GUEST_DATA_MAX];
	size_t done = 0;

	memcpy(bytes, &frame, sizeof(frame));
	if (len)
		memcpy(&bytes[sizeof(frame)], data, len);
	len += sizeof(frame);
	while (done < len) {
		ssize_t n = send(host->link, &bytes[done], len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		done += (size_t)n;
	}
	return 0;
}

int seki_vm_receive(struct seki_vm_host *host, struct seki_vm_inbox *in)
{
	size_t want = sizeof(in->frame);
	ssize_t n;

	if (in->have >= want)
		want += in->frame.len;
	n = recv(host->link, (uint8_t *)in + in->have, want - in->have, MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (n == 0)
		return -ECONNRESET;
	in->have += (size_t)n;
	if (in->have < sizeof(in->frame))
		return -EAGAIN;
	if (in->frame.magic != SEKI_GUEST_MAGIC || in->frame.len > SEKI_GUEST_DATA_MAX)
		return -EPROTO;
	if (in->have < sizeof(in->frame) + in->frame.len)
		return -EAGAIN;
	in->have = 0;
	return 0;
}

static int take_frame(struct seki_vm_host *host, const struct seki_vm_inbox *in)
{
	const struct seki_guest_frame *frame = &in->frame;

	switch (frame->kind) {
	case SEKI_GUEST_ATTACHED:
		return seki_vm_slot_attached(host, frame->id, in->data, frame->len);
	case SEKI_GUEST_DETACHED:
		return seki_vm_slot_detached(host, frame->id);
	case SEKI_GUEST_DATA:
		seki_vm_control_data(host, frame->id, in->data, frame->len);
		return 0;
	case SEKI_GUEST_CLOSE:
		seki_vm_control_close(host, frame->id);
		return 0;
	default:
		return -EPROTO;
	}
}

enum {
	POLL_SIGNALS,
	POLL_KEEPER,
	POLL_CONTROL,
	POLL_PORT,
	POLL_QMP,
	POLL_LINK,
	POLL_GONE,
	POLL_FIXED
};
#define POLL_MAX (POLL_FIXED + SEKI_VM_CONTROLS + SEKI_VM_WAITING)

static uint32_t fill_polls(const struct seki_vm_host *host, const struct seki_p4vm_child *child,
			   struct pollfd *polls)
{
	uint32_t n = POLL_FIXED;

	polls[POLL_SIGNALS] = (struct pollfd){child->signals, POLLIN, 0};
	polls[POLL_KEEPER] = (struct pollfd){child->keeper, POLLIN, 0};
	polls[POLL_CONTROL] = (struct pollfd){
		host->n_controls < SEKI_VM_CONTROLS ? child->control_listen : -1, POLLIN, 0};
	polls[POLL_PORT] = (struct pollfd){
		host->n_waiting < SEKI_VM_WAITING ? child->port_listen : -1, POLLIN, 0};
	polls[POLL_QMP] = (struct pollfd){host->qmp.fd, POLLIN, 0};
	polls[POLL_LINK] = (struct pollfd){host->link, POLLIN, 0};
	polls[POLL_GONE] = (struct pollfd){host->wakes.gone_event, POLLIN, 0};
	for (uint32_t i = 0; i < host->n_controls; i++) {
		const struct seki_vm_control *c = &host->controls[i];
		bool full = c->out_done < c->out_len;

		polls[n++] = (struct pollfd){c->fd, (short)(POLLIN | (full ? POLLOUT : 0)), 0};
	}
	for (uint32_t i = 0; i < host->n_waiting; i++) {
		int fd = seki_vm_slots_busy(host) ? -1 : host->waiting[i].fd;

		polls[n++] = (struct pollfd){fd, POLLIN, 0};
	}
	return n;
}

/* Deadlines are looked at twice a second while something has one. */
static int poll_timeout(const struct seki_vm_host *host)
{
	bool some = host->n_controls || host->n_waiting;

	if (seki_vm_slots_due(host))
		return 0;
	for (uint32_t i = 0; i < SEKI_GUEST_SLOTS; i++)
		some |= host->slots[i].state != SEKI_VM_FREE && host->slots[i].state != SEKI_VM_UP;
	return some ? 500 : -1;
}

static int step_waiting(struct seki_vm_host *host, uint64_t now)
{
	for (uint32_t i = 0; i < host->n_waiting;) {
		struct seki_vm_waiting w = host->waiting[i];
		bool busy = seki_vm_slots_busy(host);
		int err = busy ? -EAGAIN : seki_vm_slot_attach(host, w.fd);

		if (err == -EAGAIN && (busy || now < w.until_ns)) {
			i++;
			continue;
		}
		if (err == -EAGAIN)
			close(w.fd);
		else if (err)
			return err;
		host->waiting[i] = host->waiting[--host->n_waiting];
	}
	return 0;
}

/* From the last on: a connection that is over gives its place to the last. */
static int step_controls(struct seki_vm_host *host, const struct pollfd *polls, uint64_t now)
{
	for (uint32_t i = host->n_controls; i--;) {
		bool over;
		int err = seki_vm_control_step(host, i, polls[POLL_FIXED + i].revents, now, &over);

		if (err)
			return err;
		if (over)
			host->controls[i] = host->controls[--host->n_controls];
	}
	return 0;
}

static int step_gone(struct seki_vm_host *host)
{
	uint32_t gone = seki_wakes_gone(&host->wakes);
	int err = 0;

	for (uint32_t i = 0; !err && i < SEKI_GUEST_SLOTS; i++) {
		if (gone >> i & 1)
			err = seki_vm_slot_gone(host, i);
	}
	return err;
}

static int accept_all(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		      const struct pollfd *polls)
{
	int fd;

	if (polls[POLL_PORT].revents) {
		fd = accept4(child->port_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			host->waiting[host->n_waiting++] =
				(struct seki_vm_waiting){fd, seki_vm_now_ns() + SPEAK_NS};
	}
	if (polls[POLL_CONTROL].revents) {
		fd = accept4(child->control_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			return seki_vm_control_open(host, fd);
	}
	return 0;
}

/* All that a round has to do, as far as it goes well. */
static int step(struct seki_vm_host *host, struct seki_vm_inbox *in,
		const struct seki_p4vm_child *child, const struct pollfd *polls)
{
	uint64_t now = seki_vm_now_ns();
	int err = 0;

	if (polls[POLL_LINK].revents) {
		err = seki_vm_receive(host, in);
		err = err == -EAGAIN ? 0 : err ? err : take_frame(host, in);
	}
	if (!err && polls[POLL_QMP].revents)
		err = seki_qmp_events(&host->qmp);
	if (!err && polls[POLL_GONE].revents)
		err = step_gone(host);
	if (!err)
		err = step_controls(host, polls, now);
	if (!err)
		err = seki_vm_slots_step(host, now);
	if (!err)
		err = step_waiting(host, now);
	return err ? err : accept_all(host, child, polls);
}

int seki_vm_serve(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		  struct seki_vm_inbox *in)
{
	struct pollfd polls[POLL_MAX];

	for (;;) {
		uint32_t n = fill_polls(host, child, polls);
		int err;

		if (poll(polls, n, poll_timeout(host)) < 0)
			continue;
		if (polls[POLL_SIGNALS].revents || polls[POLL_KEEPER].revents)
			return 0;
		err = step(host, in, child, polls);
		if (err)
			return err;
	}
}
