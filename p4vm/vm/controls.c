/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of the command line, passed on byte for byte: what is in them is between it and
 * sekisho-p4vmd. Each has a deadline and a limit of bytes in both directions.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/control.h"
#include "p4vm/vm/host.h"
#include "p4vm/vm/journal.h"

/* As long as the command line waits. */
#define DEADLINE_NS 60000000000ull
#define REPLY_BYTES (sizeof(struct seki_control_frame) + SEKI_CONTROL_MAX_REPLY)

static void forget(struct seki_vm_control *c)
{
	close(c->fd);
	free(c->out);
	free(c->in);
}

int seki_vm_control_open(struct seki_vm_host *host, int fd)
{
	struct seki_vm_control *c = &host->controls[host->n_controls];

	*c = (struct seki_vm_control){
		.fd = fd, .id = host->next_id++, .until_ns = seki_vm_now_ns() + DEADLINE_NS};
	c->out = malloc(REPLY_BYTES);
	c->in = malloc(SEKI_VM_REQUEST_BYTES);
	if (!c->out || !c->in) {
		forget(c);
		return 0;
	}
	host->n_controls++;
	return seki_vm_send(host, SEKI_GUEST_OPEN, c->id, NULL, 0);
}

static struct seki_vm_control *find(struct seki_vm_host *host, uint32_t id)
{
	for (uint32_t i = 0; i < host->n_controls; i++) {
		if (host->controls[i].id == id)
			return &host->controls[i];
	}
	return NULL;
}

void seki_vm_control_data(struct seki_vm_host *host, uint32_t id, const void *data, size_t len)
{
	struct seki_vm_control *c = find(host, id);
	struct seki_control_frame reply;

	if (!c || c->ended)
		return;
	if (len > REPLY_BYTES - c->out_len) {
		c->until_ns = 0; /* more than a reply can be */
		return;
	}
	memcpy(&c->out[c->out_len], data, len);
	c->out_len += len;
	if (c->out_len < sizeof(reply))
		return;
	memcpy(&reply, c->out, sizeof(reply));
	if (reply.status == 0 && c->out_len - sizeof(reply) == reply.len)
		seki_vm_journal_note(host->journal, c->in, c->in_bytes);
}

void seki_vm_control_close(struct seki_vm_host *host, uint32_t id)
{
	struct seki_vm_control *c = find(host, id);

	if (c)
		c->ended = true;
}

/* False: the command line is gone. */
static bool flush(struct seki_vm_control *c)
{
	while (c->out_done < c->out_len) {
		ssize_t n = send(c->fd, &c->out[c->out_done], c->out_len - c->out_done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->out_done += (size_t)n;
	}
	return !c->ended;
}

/* 0 or negative errno as of seki_vm_send(); *over: it has ended, or sends too much. */
static int forward(struct seki_vm_host *host, struct seki_vm_control *c, bool *over)
{
	uint8_t data[SEKI_GUEST_DATA_MAX];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0 || (size_t)n > SEKI_VM_REQUEST_BYTES - c->in_bytes) {
		*over = true;
		return 0;
	}
	memcpy(&c->in[c->in_bytes], data, (size_t)n);
	c->in_bytes += (size_t)n;
	return seki_vm_send(host, SEKI_GUEST_DATA, c->id, data, (size_t)n);
}

int seki_vm_control_step(struct seki_vm_host *host, uint32_t index, short events, uint64_t now_ns,
			 bool *over)
{
	struct seki_vm_control *c = &host->controls[index];
	int err = 0;

	*over = now_ns >= c->until_ns;
	if (!*over && !c->ended && (events & (POLLIN | POLLHUP | POLLERR)))
		err = forward(host, c, over);
	if (err)
		return err;
	*over |= !flush(c);
	if (!*over)
		return 0;
	if (!c->ended)
		err = seki_vm_send(host, SEKI_GUEST_CLOSE, c->id, NULL, 0);
	forget(c);
	return err;
}
