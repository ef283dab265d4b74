/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"

void seki_control_open(struct seki_control *control, int fd, uint64_t deadline_ns)
{
	*control = (struct seki_control){.fd = fd, .deadline_ns = deadline_ns};
}

void seki_control_close(struct seki_control *control)
{
	close(control->fd);
	free(control->data);
	*control = (struct seki_control){.fd = -1};
}

short seki_control_events(const struct seki_control *control)
{
	return control->sending ? POLLOUT : POLLIN;
}

/* A request's frame, before anything else of it is believed. */
static int check_frame(const struct seki_control_frame *frame)
{
	if (frame->magic != SEKI_CONTROL_MAGIC || frame->status ||
	    !memchr(frame->name, '\0', sizeof(frame->name)))
		return -EPROTO;
	switch (frame->op) {
	case SEKI_CONTROL_LOAD:
		return frame->len > sizeof(struct seki_control_target) &&
				       frame->len <= SEKI_CONTROL_MAX_REQUEST
			       ? 0
			       : -EPROTO;
	case SEKI_CONTROL_UNLOAD:
		return frame->len == sizeof(struct seki_control_target) ? 0 : -EPROTO;
	case SEKI_CONTROL_STATUS:
	case SEKI_CONTROL_STOP:
		return frame->len ? -EPROTO : 0;
	default:
		return -EPROTO;
	}
}

/* Moves bytes of one part, [start, start + len) of the message. */
static int transfer(struct seki_control *c, void *part, size_t start, size_t len)
{
	while (c->done < start + len) {
		char *at = (char *)part + (c->done - start);
		size_t left = start + len - c->done;
		ssize_t n = c->sending ? send(c->fd, at, left, MSG_DONTWAIT | MSG_NOSIGNAL)
				       : recv(c->fd, at, left, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		c->done += (size_t)n;
	}
	return 0;
}

static int receive(struct seki_control *c)
{
	int err = transfer(c, &c->frame, 0, sizeof(c->frame));

	if (err)
		return err;
	err = check_frame(&c->frame);
	if (err)
		return err;
	if (c->frame.len && !c->data) {
		c->data = malloc(c->frame.len);
		if (!c->data)
			return -ENOMEM;
	}
	return transfer(c, c->data, sizeof(c->frame), c->frame.len);
}

static void answer(struct seki_control *c, seki_control_handler handler, void *arg)
{
	char *reply = NULL;
	int status = handler(arg, &c->frame, c->data, &reply);

	free(c->data);
	c->data = reply;
	c->frame = (struct seki_control_frame){
		.magic = SEKI_CONTROL_MAGIC,
		.op = c->frame.op,
		.status = status,
		.len = reply ? (uint32_t)seki_min(strlen(reply), SEKI_CONTROL_MAX_REPLY) : 0};
	c->sending = true;
	c->done = 0;
}

int seki_control_step(struct seki_control *control, seki_control_handler handler, void *arg)
{
	int err;

	if (!control->sending) {
		err = receive(control);
		if (err)
			return err;
		answer(control, handler, arg);
	}
	err = transfer(control, &control->frame, 0, sizeof(control->frame));
	if (err)
		return err;
	return transfer(control, control->data, sizeof(control->frame), control->frame.len);
}
