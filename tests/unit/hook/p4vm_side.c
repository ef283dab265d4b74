// SPDX-License-Identifier: Apache-2.0
/* In a file of its own, as both sides of the border call theirs struct seki_queue. */
#include "tests/unit/hook/p4vm_side.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "p4vm/attach.h"
#include "p4vm/worker.h"

#define WORKERS 2u

struct p4vm_side {
	char path[108];
	int listener;
	int stop[2]; /* pipe */
	pthread_t thread;
	struct seki_worker workers[WORKERS];
};

struct add {
	struct seki_queue *queue;
	int err;
};

static void do_add(struct seki_worker *worker, void *arg)
{
	struct add *add = arg;

	add->err = seki_worker_add(worker, add->queue);
	if (!add->err)
		seki_attach_reply(add->queue->conn, 0, 0);
}

static void serve(struct seki_worker *worker, int conn)
{
	struct pollfd p = {.fd = conn, .events = POLLIN};
	struct add add;

	poll(&p, 1, 1000);
	if (seki_attach_receive(conn, false, &add.queue)) {
		close(conn);
		return;
	}
	seki_worker_call(worker, do_add, &add);
	if (add.err)
		seki_attach_close(add.queue);
}

static void *run(void *arg)
{
	struct p4vm_side *side = arg;
	struct pollfd fds[] = {{.fd = side->listener, .events = POLLIN},
			       {.fd = side->stop[0], .events = POLLIN}};
	uint32_t n = 0;

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		int conn = accept4(side->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn >= 0)
			serve(&side->workers[n++ % WORKERS], conn);
	}
	return NULL;
}

struct p4vm_side *p4vm_side_start(const char *path)
{
	struct p4vm_side *side = calloc(1, sizeof(*side));
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	strcpy(side->path, path);
	strcpy(addr.sun_path, path);
	side->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(side->listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(side->listener, 16) || pipe(side->stop))
		abort();
	for (uint32_t i = 0; i < WORKERS; i++) {
		side->workers[i].number = i;
		side->workers[i].pass = true;
		side->workers[i].spin_ns = SEKI_WORKER_SPIN_NS;
		if (seki_worker_start(&side->workers[i], NULL, NULL))
			abort();
	}
	if (pthread_create(&side->thread, NULL, run, side))
		abort();
	return side;
}

void p4vm_side_stop(struct p4vm_side *side)
{
	close(side->stop[1]);
	pthread_join(side->thread, NULL);
	close(side->stop[0]);
	close(side->listener);
	unlink(side->path);
	for (uint32_t i = 0; i < WORKERS; i++)
		seki_worker_stop(&side->workers[i]);
	free(side);
}
