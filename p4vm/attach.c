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

#include "abi/guest.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"

enum { FD_SWITCH, FD_P4VM, FD_WAKE }; /* the last one may stay */

#define DOORBELL_PAGE 4096u

static int check_message(const struct seki_attach *msg)
{
	if (msg->magic != SEKI_ATTACH_MAGIC || msg->pad ||
	    !memchr(msg->port, '\0', sizeof(msg->port)))
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

/* The switch has reserved that much at least. */
static int map_regions(struct seki_queue *queue, const int *fds)
{
	const size_t ready = SEKI_RING_SLOT_OFFSET;
	int err = seki_shm_map(fds[FD_SWITCH], SEKI_RING_REGION_BYTES, false,
			       &queue->switch_region);

	if (err)
		return err;
	err = seki_shm_map(fds[FD_P4VM], SEKI_RING_REGION_BYTES, true, &queue->p4vm_region);
	if (err)
		return err;
	seki_shm_prefault(queue->switch_region, ready, false);
	seki_shm_prefault(queue->p4vm_region, ready, true);
	return seki_ring_p4vm_init(&queue->ring, queue->switch_region, queue->p4vm_region);
}

static void unmap_regions(struct seki_queue *queue)
{
	seki_shm_unmap(queue->switch_region, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(queue->p4vm_region, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(queue->doorbell, DOORBELL_PAGE);
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

/* What came with the message has been checked. In a guest the registers are in place of the eventfd. */
static int make_queue(const struct seki_guest_attach *msg, const int *fds, bool in_guest,
		      struct seki_queue **out)
{
	struct seki_queue *queue = calloc(1, sizeof(*queue));
	int err;

	if (!queue)
		return -ENOMEM;
	queue->wake = -1;
	err = map_regions(queue, fds);
	if (!err && in_guest)
		err = seki_shm_map(fds[FD_WAKE], DOORBELL_PAGE, true, &queue->doorbell);
	if (err) {
		unmap_regions(queue);
		free(queue);
		return err;
	}
	queue->number = msg->attach.queue;
	copy_printable(queue->port, msg->attach.port);
	queue->rings = msg->doorbell;
	if (!in_guest)
		queue->wake = fds[FD_WAKE];
	*out = queue;
	return 0;
}

static void close_all(const int *fds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		close(fds[i]);
}

/* A message of exactly `len` bytes with all descriptors. */
static int take(int conn, void *msg, size_t len, int fds[SEKI_ATTACH_FDS])
{
	int received[SEKI_FDS_MAX];
	uint32_t n_fds = 0;
	ssize_t n = seki_fds_recv(conn, msg, len, received, SEKI_FDS_MAX, &n_fds);

	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	if (n != (ssize_t)len || n_fds != SEKI_ATTACH_FDS) {
		close_all(received, n_fds);
		return -EPROTO;
	}
	memcpy(fds, received, SEKI_ATTACH_FDS * sizeof(*fds));
	return 0;
}

int seki_attach_take(int conn, struct seki_attach *msg, int fds[SEKI_ATTACH_FDS])
{
	int err = take(conn, msg, sizeof(*msg), fds);

	if (err)
		return err;
	err = check_message(msg);
	if (!err)
		err = seki_shm_check(fds[FD_SWITCH], SEKI_RING_REGION_BYTES);
	if (!err)
		err = seki_shm_check(fds[FD_P4VM], SEKI_RING_REGION_BYTES);
	/* A switch that makes it block again only stops its own queues. */
	if (!err)
		err = check_wake(fds[FD_WAKE]);
	if (err)
		close_all(fds, SEKI_ATTACH_FDS);
	return err;
}

/* From the guest's first process: it has no seals, and is trusted as the kernel is. */
static int take_in_guest(int conn, struct seki_guest_attach *msg, int fds[SEKI_ATTACH_FDS])
{
	int err = take(conn, msg, sizeof(*msg), fds);

	if (err)
		return err;
	err = check_message(&msg->attach);
	if (err)
		close_all(fds, SEKI_ATTACH_FDS);
	return err;
}

int seki_attach_receive(int conn, bool in_guest, struct seki_queue **out)
{
	struct seki_guest_attach msg = {.pad = 0};
	int fds[SEKI_ATTACH_FDS];
	int err = in_guest ? take_in_guest(conn, &msg, fds)
			   : seki_attach_take(conn, &msg.attach, fds);

	if (err)
		return err;
	err = make_queue(&msg, fds, in_guest, out);
	close_all(fds, err || in_guest ? SEKI_ATTACH_FDS : FD_WAKE);
	if (!err)
		(*out)->conn = conn;
	return err;
}

int seki_attach_reply(int conn, int status, uint32_t worker)
{
	struct seki_attached reply = {.magic = SEKI_ATTACH_MAGIC,
				      .version = SEKI_ATTACH_VERSION,
				      .status = status,
				      .pad = worker};

	if (send(conn, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

void seki_attach_close(struct seki_queue *queue)
{
	if (!queue)
		return;
	unmap_regions(queue);
	if (queue->wake >= 0)
		close(queue->wake);
	close(queue->conn);
	free(queue);
}
