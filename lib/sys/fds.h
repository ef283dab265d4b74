/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: listening, connecting, and messages that carry descriptors. */
#ifndef SEKI_LIB_SYS_FDS_H
#define SEKI_LIB_SYS_FDS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Longest path of a Unix socket, without its NUL (unix(7)). */
#define SEKI_UNIX_PATH_MAX 107u

/*
 * A listening, non-blocking, close-on-exec socket of `type` at `path`, of which a stale entry is
 * replaced. Returns the descriptor or negative errno (-ENAMETOOLONG: more than SEKI_UNIX_PATH_MAX).
 */
int seki_unix_listen(const char *path, int type, mode_t mode, int backlog);

/* A connected, blocking, close-on-exec socket, or negative errno. */
int seki_unix_connect(const char *path, int type);

/* One message with n descriptors (may be 0), without waiting. 0 or negative errno: -EAGAIN where
 * the socket is full. */
int seki_fds_send(int sock, const void *data, size_t len, const int *fds, uint32_t n);

#define SEKI_FDS_MAX 8u

/*
 * One message and the descriptors that came with it, at most max (<= SEKI_FDS_MAX), close-on-exec
 * and the caller's to close. Returns the bytes received (0: end of file) or negative errno; a
 * message that does not fit `len`, or has more descriptors than max, is -EMSGSIZE. On anything but
 * a positive return no descriptor stays open.
 */
ssize_t seki_fds_recv(int sock, void *data, size_t len, int *fds, uint32_t max, uint32_t *n);

#endif
