// SPDX-License-Identifier: Apache-2.0
/*
 * The thread that attaches queues to their P4 VMs (abi/attach.h), watches that they stay, and tries
 * again. Whatever may take time happens here: connecting, making and mapping memory, waiting for
 * the answer. A P4 VM can keep neither this thread nor a datapath thread waiting: every socket call
 * is non-blocking, and no descriptor is taken from a P4 VM.
 */
#include "host/ovs/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "abi/attach.h"
#include "lib/shm/guard.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"

#define BACKOFF_MIN_MS 200u
#define BACKOFF_MAX_MS 1000u
#define ANSWER_MS      5000u /* a P4 VM that is stopped answers when it goes on */
#define SETTLED_MS     2000u /* a session that lasted so long starts the back-off anew */

/*
 * What a region takes of memory from the beginning: all but the slots of long packets, which take it when
 * they are used first, and the lowest are used first.
 */
#define READY_BYTES SEKI_RING_SLOT_OFFSET

/* A session, and what only this file knows of it. */
struct session {
	struct seki_session shared;
	struct seki_guard *guards[2]; /* of its regions: set its `dead` */
};

/*
 * The mutex is held for list work and non-blocking socket calls only, as datapath threads may want
 * it: memory is made, mapped and unmapped without it.
 */
struct seki_connector {
	pthread_t thread;
	pthread_mutex_t mutex;
	int kick; /* eventfd: look at all links */
	int bell; /* eventfd: see seki_connector_bell() */
	bool stop;
	struct seki_queue *queues;
	uint32_t count;
	uint64_t last_id;
	struct seki_session *garbage; /* to be freed while the mutex is not held */
	struct pollfd *polled;	      /* the thread's own, not under the mutex */
	uint32_t polled_size;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Both eventfds are this process's own and non-blocking: a write cannot wait. */
static void ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return; /* only where the counter is full: then it is readable anyway */
}

void seki_connector_lock(struct seki_connector *c)
{
	pthread_mutex_lock(&c->mutex);
}

void seki_connector_unlock(struct seki_connector *c)
{
	pthread_mutex_unlock(&c->mutex);
}

void seki_connector_kick(struct seki_connector *c)
{
	ring(c->kick);
}

void seki_connector_wake(struct seki_connector *c)
{
	ring(c->bell);
}

int seki_connector_bell(const struct seki_connector *c)
{
	return c->bell;
}

static void destroy_session(struct seki_session *s)
{
	if (!s)
		return;
	for (int i = 0; i < 2; i++)
		seki_guard_destroy(((struct session *)s)->guards[i]);
	seki_shm_unmap(s->switch_region, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(s->p4vm_region, SEKI_RING_REGION_BYTES);
	if (s->sock >= 0)
		close(s->sock);
	if (s->eventfd >= 0)
		close(s->eventfd);
	free(s);
}

/* Of `ready` bytes the memory is there; the rest is guarded. */
static int map_region(int fd, bool ours, uint32_t *dead, void **map, struct seki_guard **guard)
{
	int err = seki_shm_reserve(fd, READY_BYTES);

	if (err)
		return err;
	err = seki_shm_map(fd, SEKI_RING_REGION_BYTES, ours, map);
	if (err)
		return err;
	seki_shm_prefault(*map, READY_BYTES, ours);
	return seki_guard_create(*map, SEKI_RING_REGION_BYTES, ours, dead, guard);
}

/* One region: made, mapped, sealed. The switch's is mapped for writing before it is sealed. */
static int make_region(const char *name, bool ours, struct session *s, int *fd)
{
	void **map = ours ? &s->shared.switch_region : &s->shared.p4vm_region;
	int err = seki_shm_create(name, SEKI_RING_REGION_BYTES, fd);

	if (err)
		return err;
	err = map_region(*fd, ours, &s->shared.dead, map, &s->guards[ours]);
	if (!err)
		err = seki_shm_seal(*fd, ours);
	if (err)
		close(*fd);
	return err;
}

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == SEKI_HOOK_SOCKET, "a path fits");

static int connect_to(const char path[SEKI_HOOK_SOCKET], int sock)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memcpy(addr.sun_path, path, SEKI_HOOK_SOCKET);
	return connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

/* What a session is started from, while its queue may go away. */
struct request {
	uint64_t id;
	uint32_t number;
	char socket[SEKI_HOOK_SOCKET];
	char port[SEKI_HOOK_NAME];
};

static int send_attach(const struct request *req, int sock, const int fds[SEKI_ATTACH_FDS])
{
	struct seki_attach attach = {
		.magic = SEKI_ATTACH_MAGIC,
		.version = SEKI_ATTACH_VERSION,
		.entries = SEKI_RING_ENTRIES,
		.slot_bytes = SEKI_SLOT_BYTES,
		.queue = req->number,
	};

	memcpy(attach.port, req->port, sizeof(attach.port));
	return seki_fds_send(sock, &attach, sizeof(attach), fds, SEKI_ATTACH_FDS);
}

/* Makes the memory of a connected session and sends it. */
static int offer_memory(const struct request *req, struct session *session)
{
	struct seki_session *s = &session->shared;
	int fds[SEKI_ATTACH_FDS];
	int err = make_region("sekisho-switch", true, session, &fds[0]);

	if (err)
		return err;
	err = make_region("sekisho-p4vm", false, session, &fds[1]);
	if (err)
		goto close_switch;
	s->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = -errno;
	if (s->eventfd < 0)
		goto close_p4vm;
	fds[2] = s->eventfd;
	seki_ring_switch_init(&s->ring, s->switch_region, s->p4vm_region);
	err = send_attach(req, s->sock, fds);
close_p4vm:
	close(fds[1]);
close_switch:
	close(fds[0]);
	return err;
}

static int start_session(const struct request *req, struct seki_session **out)
{
	struct session *session = calloc(1, sizeof(*session));
	struct seki_session *s;
	int err;

	if (!session)
		return -ENOMEM;
	s = &session->shared;
	s->eventfd = -1;
	s->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->sock < 0)
		err = -errno;
	else
		err = connect_to(req->socket, s->sock);
	if (!err)
		err = offer_memory(req, session);
	if (err) {
		destroy_session(s);
		return err;
	}
	*out = s;
	return 0;
}

/*
 * A session takes two descriptors, and four for a moment. A switch that was started with the customary 1,024
 * gets as many as it may have, once it needs them: it polls, so that their numbers may be large. True: there are more.
 */
static bool raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= files.rlim_max)
		return false;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) == 0;
}

/* -EAGAIN: no answer yet. */
static int read_answer(const struct seki_session *s)
{
	struct seki_attached answer;
	ssize_t n = recv(s->sock, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	if (n != sizeof(answer) || answer.magic != SEKI_ATTACH_MAGIC ||
	    answer.version != SEKI_ATTACH_VERSION)
		return -EPROTO;
	if (answer.status == 0)
		return 0;
	return answer.status < 0 && answer.status > -4096 && answer.status != -EAGAIN
		       ? answer.status
		       : -EPROTO;
}

static void discard(struct seki_connector *c, struct seki_session *s)
{
	if (!s)
		return;
	s->next = c->garbage;
	c->garbage = s;
}

static void retry_later(struct seki_connector *c, struct seki_link *link, int err)
{
	discard(c, link->session);
	link->session = NULL;
	link->state = SEKI_LINK_IDLE;
	link->when_ms = now_ms() + link->backoff_ms;
	link->backoff_ms *= 2;
	if (link->backoff_ms > BACKOFF_MAX_MS)
		link->backoff_ms = BACKOFF_MAX_MS;
	SEKI_PUT(link->error, err);
}

static bool to_start(const struct seki_queue *q)
{
	return q->link.state == SEKI_LINK_IDLE && SEKI_GET(q->link.wanted) &&
	       q->hook->config.socket[0] && !SEKI_GET(q->hook->inlined);
}

/* The session that was started for a queue, if that still wants it. With the lock held. */
static void adopt(struct seki_connector *c, uint64_t id, int err, struct seki_session *session)
{
	for (struct seki_queue *q = c->queues; q; q = q->link.next) {
		struct seki_link *link = &q->link;

		if (link->id != id || link->state != SEKI_LINK_IDLE)
			continue;
		if (err) {
			retry_later(c, link, err);
			return;
		}
		link->session = session;
		link->state = SEKI_LINK_ATTACHING;
		link->when_ms = now_ms() + ANSWER_MS;
		return;
	}
	discard(c, session);
}

static void take_out_garbage(struct seki_connector *c)
{
	struct seki_session *garbage = c->garbage;

	c->garbage = NULL;
	seki_connector_unlock(c);
	while (garbage) {
		struct seki_session *next = garbage->next;

		destroy_session(garbage);
		garbage = next;
	}
	seki_connector_lock(c);
}

static void start(struct seki_connector *c, struct seki_queue *q)
{
	struct request req = {.id = q->link.id, .number = q->number};
	struct seki_session *session = NULL;
	int err;

	memcpy(req.socket, q->hook->config.socket, sizeof(req.socket));
	memcpy(req.port, q->hook->port, sizeof(req.port));
	q->link.reconnect = false;
	seki_connector_unlock(c);
	err = start_session(&req, &session);
	if (err == -EMFILE && raise_files())
		err = start_session(&req, &session);
	seki_connector_lock(c);
	adopt(c, req.id, err, session);
}

static void finish(struct seki_connector *c, struct seki_queue *q)
{
	struct seki_link *link = &q->link;
	int err = link->reconnect ? -ECANCELED : read_answer(link->session);

	if (err == -EAGAIN && now_ms() < link->when_ms)
		return;
	if (err) {
		retry_later(c, link, err == -EAGAIN ? -ETIMEDOUT : err);
		return;
	}
	link->state = SEKI_LINK_UP;
	link->when_ms = now_ms();
	SEKI_PUT(link->error, 0);
	SEKI_PUT(q->offered, link->session);
	ring(c->bell);
}

/* Has the P4 VM gone away? It has nothing to say once it is attached: a message is a fault too. */
static bool peer_gone(const struct seki_session *s)
{
	char byte;

	return recv(s->sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN;
}

static void watch(struct seki_connector *c, struct seki_queue *q)
{
	struct seki_link *link = &q->link;
	struct seki_session *s = link->session;

	if (SEKI_GET(s->released)) {
		if (now_ms() - link->when_ms > SETTLED_MS)
			link->backoff_ms = BACKOFF_MIN_MS;
		retry_later(c, link, SEKI_GET(s->dead) == SEKI_GUARD_HIT ? -ENOMEM : -ECONNRESET);
		ring(c->bell);
		return;
	}
	if (SEKI_GET(s->dead) || (!link->reconnect && !peer_gone(s)))
		return;
	SEKI_PUT(s->dead, 1);
	ring(c->bell);
}

/* Looks at all links. Returns a queue whose session is to be started now, or NULL. */
static struct seki_queue *look(struct seki_connector *c)
{
	struct seki_queue *due = NULL;

	for (struct seki_queue *q = c->queues; q; q = q->link.next) {
		if (q->link.state == SEKI_LINK_ATTACHING)
			finish(c, q);
		else if (q->link.state == SEKI_LINK_UP)
			watch(c, q);
		if (to_start(q) && now_ms() >= q->link.when_ms)
			due = q;
	}
	return due;
}

/* What the thread waits for; with the lock held. Returns how many, and until when in *until. */
static uint32_t list_waits(struct seki_connector *c, uint64_t *until)
{
	uint32_t n = 0;

	if (c->polled_size < c->count + 1) {
		struct pollfd *grown = realloc(c->polled, (c->count + 1) * sizeof(*grown));

		if (!grown) {
			*until = now_ms() + BACKOFF_MIN_MS;
			return 0;
		}
		c->polled = grown;
		c->polled_size = c->count + 1;
	}
	c->polled[n++] = (struct pollfd){.fd = c->kick, .events = POLLIN};
	for (struct seki_queue *q = c->queues; q; q = q->link.next) {
		struct seki_link *link = &q->link;

		if (link->session && !SEKI_GET(link->session->dead))
			c->polled[n++] = (struct pollfd){.fd = link->session->sock,
							 .events = POLLIN};
		if (link->state == SEKI_LINK_ATTACHING || to_start(q))
			*until = link->when_ms < *until ? link->when_ms : *until;
	}
	return n;
}

/*
 * Sleeps without the lock. A socket may be closed and its number used anew meanwhile: then this
 * wakes for nothing once.
 */
static void sleep_until_due(struct seki_connector *c)
{
	uint64_t until = UINT64_MAX;
	uint32_t n = list_waits(c, &until);
	uint64_t now = now_ms();
	uint64_t count;
	int timeout = -1;

	if (until != UINT64_MAX)
		timeout = until > now ? (int)(until - now) : 0;
	seki_connector_unlock(c);
	poll(c->polled, n, timeout);
	if (read(c->kick, &count, sizeof(count)) < 0)
		count = 0; /* woken by something else */
	seki_connector_lock(c);
}

static void *run(void *arg)
{
	struct seki_connector *c = arg;

	seki_connector_lock(c);
	while (!c->stop) {
		struct seki_queue *due = look(c);

		if (c->garbage)
			take_out_garbage(c);
		else if (due)
			start(c, due);
		else
			sleep_until_due(c);
	}
	take_out_garbage(c);
	seki_connector_unlock(c);
	return NULL;
}

void seki_connector_add(struct seki_connector *c, struct seki_queue *q)
{
	q->link.id = ++c->last_id;
	q->link.backoff_ms = BACKOFF_MIN_MS;
	q->link.next = c->queues;
	c->queues = q;
	c->count++;
	ring(c->kick);
}

void seki_connector_remove(struct seki_connector *c, struct seki_queue *q)
{
	struct seki_queue **at = &c->queues;

	while (*at != q)
		at = &(*at)->link.next;
	*at = q->link.next;
	c->count--;
	discard(c, q->link.session);
	ring(c->kick);
}

void seki_connector_redirect(struct seki_queue *q)
{
	q->link.reconnect = true;
	q->link.backoff_ms = BACKOFF_MIN_MS;
	if (q->link.state == SEKI_LINK_IDLE)
		q->link.when_ms = 0;
}

/* The thread takes no signals: they are the switch's. */
static int start_thread(struct seki_connector *c)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_setname_np(c->thread, "sekisho");
	return err;
}

int seki_connector_create(struct seki_connector **out)
{
	struct seki_connector *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->mutex, NULL);
	c->bell = -1;
	c->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = c->kick < 0 ? -errno : 0;
	if (!err) {
		c->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		err = c->bell < 0 ? -errno : 0;
	}
	if (!err)
		err = start_thread(c);
	if (err) {
		if (c->kick >= 0)
			close(c->kick);
		if (c->bell >= 0)
			close(c->bell);
		pthread_mutex_destroy(&c->mutex);
		free(c);
		return err;
	}
	*out = c;
	return 0;
}

void seki_connector_destroy(struct seki_connector *c)
{
	if (!c)
		return;
	seki_connector_lock(c);
	c->stop = true;
	ring(c->kick);
	seki_connector_unlock(c);
	pthread_join(c->thread, NULL);
	close(c->kick);
	close(c->bell);
	free(c->polled);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}
