/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/attach.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/attach.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"

enum { FD_SWITCH, FD_P4VM, FD_WAKE };

static int check_message(const struct seki_attach *msg, ssize_t len, uint32_t n_fds)
{
	if (len != (ssize_t)sizeof(*msg) || msg->magic != SEKI_ATTACH_MAGIC || msg->pad ||
	    n_fds != SEKI_ATTACH_FDS || !memchr(msg->port, '\0', sizeof(msg->port)))
		return -EPROTO;
	if (msg->version != SEKI_ATTACH_VERSION || msg->entries != SEKI_RING_ENTRIES ||
	    msg->slot_bytes != SEKI_SLOT_BYTES)
		return -EPROTONOSUPPORT;
	return 0;
}

/* The name goes to logs and terminals. */
static void copy_printable(char *out, const char *in)
{
	for (; *in; in++)
		*out++ = isgraph((unsigned char)*in) ? *in : '?';
	*out = '\0';
}

static int map_regions(struct seki_queue *queue, const int *fds)
{
	int err = seki_shm_map_received(fds[FD_SWITCH], SEKI_RING_REGION_BYTES, false,
					&queue->switch_region);

	if (err)
		return err;
	err = seki_shm_map_received(fds[FD_P4VM], SEKI_RING_REGION_BYTES, true,
				    &queue->p4vm_region);
	if (err)
		return err;
	return seki_ring_p4vm_init(&queue->ring, queue->switch_region, queue->p4vm_region);
}

static void unmap_regions(struct seki_queue *queue)
{
	seki_shm_unmap(queue->switch_region, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(queue->p4vm_region, SEKI_RING_REGION_BYTES);
}

/*
 * Of all that the switch could send instead of an eventfd, what is left has no type: a file of an
 * anonymous inode. Writing to a file could end the process (SIGXFSZ), or wait for a file system.
 */
static int check_wake(int fd)
{
	const uint64_t nothing = 0;
	struct stat st;

	if (fstat(fd, &st) || (st.st_mode & S_IFMT) || fcntl(fd, F_SETFL, O_NONBLOCK))
		return -EINVAL;
	/* Only an eventfd takes it. */
	return write(fd, &nothing, sizeof(nothing)) == sizeof(nothing) || errno == EAGAIN ? 0
											  : -EINVAL;
}

static int make_queue(const struct seki_attach *msg, const int *fds, struct seki_queue **out)
{
	struct seki_queue *queue = calloc(1, sizeof(*queue));
	int err;

	if (!queue)
		return -ENOMEM;
	err = map_regions(queue, fds);
	/* A switch that makes it block again only stops its own queues. */
	if (!err)
		err = check_wake(fds[FD_WAKE]);
	if (err) {
		unmap_regions(queue);
		free(queue);
		return err;
	}
	queue->number = msg->queue;
	copy_printable(queue->port, msg->port);
	queue->wake = fds[FD_WAKE];
	*out = queue;
	return 0;
}

int seki_attach_receive(int conn, struct seki_queue **out)
{
	int fds[SEKI_FDS_MAX];
	uint32_t n_fds = 0;
	struct seki_attach msg;
	ssize_t len = seki_fds_recv(conn, &msg, sizeof(msg), fds, SEKI_FDS_MAX, &n_fds);
	int err;

	if (len <= 0)
		return len ? (int)len : -ECONNRESET;
	err = check_message(&msg, len, n_fds);
	if (!err)
		err = make_queue(&msg, fds, out);
	for (uint32_t i = 0; i < n_fds; i++) {
		if (err || i != FD_WAKE)
			close(fds[i]);
	}
	if (!err)
		(*out)->conn = conn;
	return err;
}

int seki_attach_reply(int conn, int status)
{
	struct seki_attached reply = {
		.magic = SEKI_ATTACH_MAGIC, .version = SEKI_ATTACH_VERSION, .status = status};

	if (send(conn, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

void seki_attach_close(struct seki_queue *queue)
{
	if (!queue)
		return;
	unmap_regions(queue);
	close(queue->wake);
	close(queue->conn);
	free(queue);
}
