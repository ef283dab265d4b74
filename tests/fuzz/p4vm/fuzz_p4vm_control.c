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
#include "p4vm/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at all that it is told is there. */
static int handle(void *arg, const struct seki_control_frame *frame, const void *data, char **reply)
{
	const uint8_t *bytes = data;
	uint8_t sum = (uint8_t)strlen(frame->name);
	struct seki_request request;

	(void)arg;
	if (frame->op != SEKI_CONTROL_STATUS && !seki_request_read(frame, data, &request)) {
		for (uint32_t i = 0; i < request.load.n_maps; i++)
			sum = (uint8_t)(sum + strlen(request.load.maps[i]));
		bytes = request.object;
		for (size_t i = 0; i < request.object_len; i++)
			sum = (uint8_t)(sum + bytes[i]);
		sum = (uint8_t)(sum + strlen(request.load.port));
	}
	bytes = data;
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
