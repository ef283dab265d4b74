/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published prototype's transport, to compare with: a packet crosses a TCP connection as a whole, and back. Both
 * ends are the operator's own here, and believe each other.
 */
#ifndef SEKI_BENCH_TCP_WIRE_H
#define SEKI_BENCH_TCP_WIRE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "abi/ring.h"

/* Before the packet, which has `len` bytes. */
struct tcp_request {
	uint32_t len;
	uint32_t rss_hash;
	uint32_t in_port;
};

/* Before the packet as it leaves, which has `len` bytes; 0: it was dropped. */
struct tcp_reply {
	uint32_t len;
	uint32_t out_port;
	uint32_t edited;
};

static inline bool tcp_receive(int sock, void *to, size_t len)
{
	ssize_t n;

	do
		n = recv(sock, to, len, MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* Loses the connection where less than all could be sent, which a blocking socket does not do. */
static inline bool tcp_send(int sock, const void *header, size_t header_len, const void *bytes,
			    size_t len)
{
	struct iovec parts[] = {{(void *)(uintptr_t)header, header_len},
				{(void *)(uintptr_t)bytes, len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = len ? 2 : 1};

	return sendmsg(sock, &message, MSG_NOSIGNAL) == (ssize_t)(header_len + len);
}

#endif
