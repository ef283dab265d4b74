/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/vm/doorbell.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/shm/shm.h"
#include "lib/sys/fds.h"

#define PROTOCOL     0
#define GUEST_ID     0 /* of our only client */
#define MEMORY	     (-1)
#define MEMORY_BYTES 4096u /* the device wants some; nobody uses it */
#define PEERS	     65535u

/* A little-endian number and at most one descriptor. */
static int say(const struct seki_doorbell *bell, int64_t number, int fd)
{
	return seki_fds_send(bell->sock, &number, sizeof(number), &fd, fd < 0 ? 0 : 1);
}

static int say_memory(const struct seki_doorbell *bell)
{
	int fd;
	int err = seki_shm_create("sekisho-doorbell", MEMORY_BYTES, &fd);

	if (err)
		return err;
	err = say(bell, MEMORY, fd);
	close(fd);
	return err;
}

int seki_doorbell_start(struct seki_doorbell *bell, int sock, uint32_t n_vectors)
{
	int err;

	*bell = (struct seki_doorbell){.sock = sock, .next_peer = GUEST_ID + 1};
	err = say(bell, PROTOCOL, -1);
	if (!err)
		err = say(bell, GUEST_ID, -1);
	if (!err)
		err = say_memory(bell);
	for (uint32_t i = 0; !err && i < n_vectors; i++) {
		bell->vectors[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (bell->vectors[i] < 0)
			return -errno;
		bell->n_vectors++;
		err = say(bell, GUEST_ID, bell->vectors[i]);
	}
	return err;
}

int seki_doorbell_grant(struct seki_doorbell *bell, int eventfd, uint32_t *peer)
{
	int err;

	if (bell->next_peer == PEERS)
		return -EOVERFLOW;
	err = say(bell, bell->next_peer, eventfd);
	if (!err)
		*peer = bell->next_peer++;
	return err;
}

int seki_doorbell_revoke(struct seki_doorbell *bell, uint32_t peer)
{
	return say(bell, peer, -1);
}
