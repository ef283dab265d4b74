/* SPDX-License-Identifier: Apache-2.0 */
/* The connections to sekisho-p4vmd: one a queue, and those of the command line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys/fds.h"
#include "lib/sys/rundir.h"
#include "p4vm/guest/guest.h"

/* The kernel finds new devices at its own pace. */
#define PLUG_MS 4000u
#define TICK_MS 2

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static int connect_to(const struct seki_guest *g, const char *leaf, int type)
{
	char path[SEKI_GUEST_PATH];
	int err = seki_rundir_path(SEKI_GUEST_RUN, g->name, leaf, path, sizeof(path));

	return err ? err : seki_unix_connect(path, type);
}

/* -ENOENT: the devices are not all there yet. */
static int open_devices(uint32_t slot, int fds[SEKI_ATTACH_FDS])
{
	char paths[SEKI_ATTACH_FDS][SEKI_GUEST_PATH];
	static const int modes[] = {O_RDONLY, O_RDWR, O_RDWR};

	if (seki_guest_find(slot, 0, 0, paths[0]) || seki_guest_find(slot, 1, 0, paths[1]) ||
	    seki_guest_find(SEKI_GUEST_SLOT_DOORBELL, 0, 0, paths[2]))
		return -ENOENT;
	for (uint32_t i = 0; i < SEKI_ATTACH_FDS; i++) {
		fds[i] = open(paths[i], modes[i] | O_CLOEXEC);
		if (fds[i] < 0) {
			int err = -errno;

			while (i)
				close(fds[--i]);
			return err;
		}
	}
	return 0;
}

static int ask(const struct seki_guest *g, uint32_t slot, struct seki_guest_queue *q)
{
	int fds[SEKI_ATTACH_FDS];
	int err = open_devices(slot, fds);

	if (err)
		return err;
	q->sock = connect_to(g, SEKI_RUNDIR_PORT, SOCK_SEQPACKET);
	err = q->sock < 0
		      ? q->sock
		      : seki_fds_send(q->sock, &q->attach, sizeof(q->attach), fds, SEKI_ATTACH_FDS);
	for (uint32_t i = 0; i < SEKI_ATTACH_FDS; i++)
		close(fds[i]);
	if (err && q->sock >= 0)
		close(q->sock);
	return err;
}

static void refuse(struct seki_guest_queue *q, uint32_t slot, int status)
{
	const struct seki_attached answer = {
		.magic = SEKI_ATTACH_MAGIC, .version = SEKI_ATTACH_VERSION, .status = status};

	q->state = SEKI_GUEST_NO_QUEUE;
	seki_guest_send(SEKI_GUEST_ATTACHED, slot, &answer, sizeof(answer));
}

static void plug(const struct seki_guest *g, uint32_t slot, struct seki_guest_queue *q)
{
	int err = ask(g, slot, q);

	if (!err)
		q->state = SEKI_GUEST_ASKED;
	else if (err != -ENOENT || now_ms() >= q->until_ms)
		refuse(q, slot, err);
}

void seki_guest_attach(struct seki_guest *g, uint32_t slot, const uint8_t *data, size_t len)
{
	struct seki_guest_queue *q = &g->queues[slot % SEKI_GUEST_SLOTS];

	errno = EPROTO;
	if (slot >= SEKI_GUEST_SLOTS || q->state || len != sizeof(q->attach))
		seki_guest_die("attach");
	memcpy(&q->attach, data, sizeof(q->attach));
	q->state = SEKI_GUEST_PLUGGING;
	q->until_ms = now_ms() + PLUG_MS;
	plug(g, slot, q);
}

static void detached(struct seki_guest_queue *q, uint32_t slot)
{
	if (q->state >= SEKI_GUEST_ASKED)
		close(q->sock);
	q->state = SEKI_GUEST_NO_QUEUE;
	seki_guest_send(SEKI_GUEST_DETACHED, slot, NULL, 0);
}

/* sekisho-p4vmd unmaps the regions, then closes its end: step() sees that. */
void seki_guest_detach(struct seki_guest *g, uint32_t slot)
{
	struct seki_guest_queue *q = &g->queues[slot % SEKI_GUEST_SLOTS];

	if (slot < SEKI_GUEST_SLOTS && q->state == SEKI_GUEST_ATTACHED_QUEUE)
		shutdown(q->sock, SHUT_WR);
	else if (slot < SEKI_GUEST_SLOTS && q->state)
		detached(q, slot);
}

static void step_queue(struct seki_guest_queue *q, uint32_t slot)
{
	struct seki_attached answer;
	ssize_t n = recv(q->sock, &answer, sizeof(answer), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (q->state == SEKI_GUEST_ASKED && n == sizeof(answer)) {
		seki_guest_send(SEKI_GUEST_ATTACHED, slot, &answer, sizeof(answer));
		q->state = answer.status ? SEKI_GUEST_NO_QUEUE : SEKI_GUEST_ATTACHED_QUEUE;
		if (answer.status)
			close(q->sock);
	} else if (n <= 0 && q->state == SEKI_GUEST_ASKED) {
		close(q->sock);
		refuse(q, slot, -ECONNRESET);
	} else if (n <= 0) {
		detached(q, slot);
	}
}

static struct seki_guest_control *find(struct seki_guest *g, uint32_t id)
{
	for (uint32_t i = 0; i < SEKI_GUEST_CONTROLS; i++) {
		if (g->controls[i].sock && g->controls[i].id == id)
			return &g->controls[i];
	}
	return NULL;
}

static void over(struct seki_guest_control *c)
{
	close(c->sock);
	c->sock = 0;
}

void seki_guest_open(struct seki_guest *g, uint32_t id)
{
	const struct timeval limit = {.tv_sec = 10};

	for (uint32_t i = 0; i < SEKI_GUEST_CONTROLS; i++) {
		struct seki_guest_control *c = &g->controls[i];
		int sock;

		if (c->sock)
			continue;
		sock = connect_to(g, SEKI_RUNDIR_CONTROL, SOCK_STREAM);
		if (sock < 0)
			break;
		setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		*c = (struct seki_guest_control){.id = id, .sock = sock};
		return;
	}
	seki_guest_send(SEKI_GUEST_CLOSE, id, NULL, 0);
}

void seki_guest_data(struct seki_guest *g, uint32_t id, const uint8_t *data, size_t len)
{
	struct seki_guest_control *c = find(g, id);

	while (c && len) {
		ssize_t n = send(c->sock, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			over(c);
			seki_guest_send(SEKI_GUEST_CLOSE, id, NULL, 0);
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

void seki_guest_close(struct seki_guest *g, uint32_t id)
{
	struct seki_guest_control *c = find(g, id);

	if (c)
		over(c);
}

static void step_control(struct seki_guest_control *c)
{
	uint8_t data[SEKI_GUEST_DATA_MAX];
	ssize_t n = recv(c->sock, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		seki_guest_send(SEKI_GUEST_DATA, c->id, data, (size_t)n);
		return;
	}
	over(c);
	seki_guest_send(SEKI_GUEST_CLOSE, c->id, NULL, 0);
}

int seki_guest_polls(const struct seki_guest *g, struct pollfd *polls, uint32_t *n)
{
	int timeout = -1;

	for (uint32_t i = 0; i < SEKI_GUEST_SLOTS; i++) {
		const struct seki_guest_queue *q = &g->queues[i];
		int sock = q->state >= SEKI_GUEST_ASKED ? q->sock : -1;

		if (q->state == SEKI_GUEST_PLUGGING)
			timeout = TICK_MS;
		polls[(*n)++] = (struct pollfd){sock, POLLIN, 0};
	}
	for (uint32_t i = 0; i < SEKI_GUEST_CONTROLS; i++) {
		int sock = g->controls[i].sock ? g->controls[i].sock : -1;

		polls[(*n)++] = (struct pollfd){sock, POLLIN, 0};
	}
	return timeout;
}

void seki_guest_step(struct seki_guest *g, const struct pollfd *polls, uint32_t n)
{
	for (uint32_t i = 0; i < SEKI_GUEST_SLOTS && i < n; i++) {
		if (g->queues[i].state == SEKI_GUEST_PLUGGING)
			plug(g, i, &g->queues[i]);
		else if (polls[i].revents)
			step_queue(&g->queues[i], i);
	}
	for (uint32_t i = 0; i < SEKI_GUEST_CONTROLS && SEKI_GUEST_SLOTS + i < n; i++) {
		if (polls[SEKI_GUEST_SLOTS + i].revents && g->controls[i].sock)
			step_control(&g->controls[i]);
	}
}
