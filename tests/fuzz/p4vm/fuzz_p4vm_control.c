/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket against a client that sends the input, in pieces that its first byte chooses.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "p4vm/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at all that it is told is there. */
static int handle(void *arg, const struct seki_control_frame *frame, const void *data, char **reply)
{
	const uint8_t *bytes = data;
	uint8_t sum = (uint8_t)strlen(frame->name);

	(void)arg;
	for (uint32_t i = 0; i < frame->len; i++)
		sum = (uint8_t)(sum + bytes[i]);
	*reply = sum & 1 ? strdup("a reply") : NULL;
	return sum & 1 ? 0 : -ENOEXEC;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size ? 1 + data[0] : 1;
	struct seki_control control;
	int ends[2], err = -EAGAIN;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
		abort();
	seki_control_open(&control, ends[1], 0);
	for (size_t at = 1; at < size && err == -EAGAIN; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(ends[0], data + at, n, MSG_NOSIGNAL) < 0)
			break;
		err = seki_control_step(&control, handle, NULL);
	}
	close(ends[0]);
	if (err == -EAGAIN)
		seki_control_step(&control, handle, NULL);
	seki_control_close(&control);
	return 0;
}
