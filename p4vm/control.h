/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the tenant's command line (abi/control.h): a request in, a reply out, then it
 * ends. Never blocks; nothing is reserved before the frame that asks for it has been checked.
 */
#ifndef SEKI_P4VM_CONTROL_H
#define SEKI_P4VM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control.h"

/*
 * Answers a request with `data` of frame->len bytes: returns the status, 0 or negative errno, and
 * in *reply a NUL-terminated text of malloc(), or NULL for none.
 */
typedef int (*seki_control_handler)(void *arg, const struct seki_control_frame *frame,
				    const void *data, char **reply);

struct seki_control {
	int fd;
	uint64_t deadline_ns;
	struct seki_control_frame frame; /* of the request, then of the reply */
	char *data;			 /* of the request, then of the reply */
	size_t done;			 /* bytes of frame and data received or sent */
	bool sending;
};

/* Takes `fd` (non-blocking) over. */
void seki_control_open(struct seki_control *control, int fd, uint64_t deadline_ns);
void seki_control_close(struct seki_control *control);

/* What to poll for: POLLIN or POLLOUT. */
short seki_control_events(const struct seki_control *control);

/*
 * Goes on as far as it can without waiting. -EAGAIN: poll and call again; 0: the reply is sent;
 * else negative errno (-EPROTO: nonsense came). Close it then.
 */
int seki_control_step(struct seki_control *control, seki_control_handler handler, void *arg);

#endif
