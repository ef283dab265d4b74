// SPDX-License-Identifier: Apache-2.0
/*
 * A P4 VM that misbehaves: fakep4vm SOCKET MODE. What it does wrong in each mode is in the table at
 * the end; "pass" does nothing wrong. Says "ready" when it listens, and runs until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/attach.h"
#include "core/ring/ring.h"
#include "lib/shm/shm.h"

#define QUEUES	 16
#define PAST	 64	      /* answers that are remembered, to be repeated */
#define SHORT_NS 100000000ull /* what is done time and again is done after so long */

struct queue {
	int sock; /* -1: free */
	int eventfd;
	struct seki_ring_p4vm ring;
	void *switch_region;
	void *p4vm_region;
	uint64_t random;
	uint64_t since_ns;
	int region_fd; /* the p4vm region's, where the mode keeps it */
	struct seki_completion past[PAST];
	uint32_t n_past;
	uint32_t owed;	   /* submissions without an answer */
	uint64_t taken_ns; /* the last one */
};

struct mode {
	const char *name;
	bool mute;  /* never answers an attach */
	bool spins; /* does something without being asked */
	bool ticks; /* the same, every millisecond */
	bool deaf;  /* reads no wake-up, and wants many */
	bool whole; /* wants all of each packet */
	bool dies;  /* by itself, time and again */
	void (*begin)(struct queue *q, const int *fds);
	void (*act)(struct queue *q);
};

static void die(const char *what)
{
	fprintf(stderr, "fakep4vm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t draw(struct queue *q)
{
	q->random ^= q->random >> 12;
	q->random ^= q->random << 25;
	q->random ^= q->random >> 27;
	return q->random * 0x2545f4914f6cdd1dull;
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct seki_completion verdict(const struct seki_submission *s, uint8_t what)
{
	return (struct seki_completion){
		.slot = s->slot, .generation = s->generation, .verdict = what, .len = s->len};
}

static void answer(struct queue *q, const struct seki_completion *c)
{
	if (seki_ring_p4vm_room(&q->ring, 1) == 0)
		return;
	seki_ring_p4vm_answer(&q->ring, c, 1);
	if (seki_ring_p4vm_wake_needed(&q->ring))
		eventfd_write(q->eventfd, 1);
}

/* Calls `each` for all that was submitted. */
static void take(struct queue *q, void (*each)(struct queue *q, const struct seki_submission *s))
{
	struct seki_submission s;

	while (seki_ring_p4vm_take(&q->ring, &s, 1, NULL, NULL) == 1)
		each(q, &s);
}

static void pass(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_PASS);

	answer(q, &c);
}

static void pass_all(struct queue *q)
{
	take(q, pass);
}

static void do_nothing(struct queue *q)
{
	(void)q;
}

static void pass_twice(struct queue *q, const struct seki_submission *s)
{
	pass(q, s);
	pass(q, s);
}

static void answer_twice(struct queue *q)
{
	take(q, pass_twice);
}

static void bad_length(struct queue *q, const struct seki_submission *s)
{
	static const uint16_t lengths[] = {0, 1, 13, 0x7fff, 0x8000, 0xffff};
	struct seki_completion c = verdict(s, SEKI_VERDICT_PASS);
	uint16_t length = lengths[draw(q) % 6];

	switch (draw(q) % 4) {
	case 0:
		c.len = length < SEKI_PACKET_MIN || length > s->len ? length : 0;
		break;
	case 1:
		c.head_in = s->copied + 1 > length ? s->copied + 1 : length;
		break;
	case 2:
		c.head_out = (uint16_t)(length | 0x8000);
		break;
	case 3:
		c.len = s->len + 1;
		break;
	}
	answer(q, &c);
}

static void answer_lengths(struct queue *q)
{
	take(q, bad_length);
}

/* A verdict that is within its bounds and makes something else of the packet, of any length. */
static void rewrite(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_REDIRECT);
	uint32_t longest;
	uint8_t *head;

	c.out_port = draw(q) % 2;
	c.head_in = (uint16_t)(draw(q) % (s->copied + 1u));
	c.head_out = (uint16_t)(draw(q) % (draw(q) & 1 ? 100 : SEKI_SLOT_BYTES + 1));
	longest = (uint32_t)(c.head_out + s->len - c.head_in);
	if (longest < SEKI_PACKET_MIN) {
		c.head_out += SEKI_PACKET_MIN;
		longest += SEKI_PACKET_MIN;
	}
	if (draw(q) & 1)
		longest = SEKI_PACKET_MIN + (uint32_t)(draw(q) % (longest - SEKI_PACKET_MIN + 1));
	c.len = (uint16_t)(longest < SEKI_PACKET_MAX ? longest : SEKI_PACKET_MAX);
	head = seki_ring_p4vm_head(&q->ring, s->slot, c.head_out);
	for (uint32_t i = 0; i < c.head_out; i++)
		head[i] = (uint8_t)draw(q);
	answer(q, &c);
}

static void answer_rewritten(struct queue *q)
{
	take(q, rewrite);
}

static void bad_slot(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_PASS);

	if (draw(q) & 1)
		c.slot = (uint16_t)draw(q);
	else
		c.generation = (uint32_t)draw(q);
	answer(q, &c);
}

static void answer_slots(struct queue *q)
{
	take(q, bad_slot);
}

static void bad_port(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_REDIRECT);

	c.out_port = draw(q) & 1 ? SEKI_PORT_GRANTED : UINT8_MAX;
	answer(q, &c);
}

static void answer_ports(struct queue *q)
{
	take(q, bad_port);
}

static void ask_more(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_MORE);

	answer(q, &c);
}

static void answer_more(struct queue *q)
{
	take(q, ask_more);
}

/* Passes what comes, and claims answers that it never gave. */
static void claim_answers(struct queue *q)
{
	struct seki_p4vm_header *h = q->p4vm_region;

	take(q, pass);
	__atomic_store_n(&h->cpl_tail, (uint32_t)draw(q), __ATOMIC_RELEASE);
	eventfd_write(q->eventfd, 1);
}

/* Random words over everything that is the P4 VM's to write, descriptors that are being read too.
 */
static void scribble(struct queue *q)
{
	uint32_t *words = q->p4vm_region;

	take(q, pass);
	for (int i = 0; i < 64; i++) {
		uint64_t random = draw(q);
		size_t at = (SEKI_RING_DESC_OFFSET +
			     random % (SEKI_RING_ENTRIES * sizeof(struct seki_completion))) /
			    4;

		__atomic_store_n(&words[at], (uint32_t)(random >> 32), __ATOMIC_RELAXED);
	}
}

static void detach(struct queue *q)
{
	seki_shm_unmap(q->switch_region, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(q->p4vm_region, SEKI_RING_REGION_BYTES);
	close(q->eventfd);
	if (q->region_fd >= 0)
		close(q->region_fd);
	close(q->sock);
	q->sock = -1;
}

/* Serves for a moment, closes, and is there for the next attempt. */
static void leave_soon(struct queue *q)
{
	take(q, pass);
	if (clock_ns() - q->since_ns > SHORT_NS)
		detach(q);
}

static void signal_endlessly(struct queue *q)
{
	eventfd_write(q->eventfd, 1);
	take(q, pass);
}

/*
 * What the frame's class asks for (flood.c), and so what an honest P4 VM of the tests would say of
 * it: a byte marked, four bytes more, dropped, or passed as it is.
 */
static struct seki_completion honest(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_PASS);
	const uint8_t *packet = seki_ring_p4vm_packet(&q->ring, s);
	uint8_t *head = seki_ring_p4vm_head(&q->ring, s->slot, 21);

	if (s->copied < 34 || packet[12] != 0x88 || packet[13] != 0xb5)
		return c;
	memcpy(head, packet, 21);
	switch (packet[19]) {
	case 1:
		c.verdict = SEKI_VERDICT_DROP;
		break;
	case 2:
		head[20] = 0xa5;
		c.head_in = c.head_out = 21;
		break;
	case 3:
		memcpy(head + 14, "more", 4);
		c.head_in = 14;
		c.head_out = 18;
		c.len = (uint16_t)(s->len + 4);
		break;
	}
	return c;
}

/* A lie that is none of the packet's business: it must neither pass nor harm another one. */
static void lie(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_PASS);

	switch (draw(q) % 5) {
	case 0:
		c.slot = (uint16_t)draw(q);
		c.generation = (uint32_t)draw(q);
		break;
	case 1:
		c.generation -= 1 + (uint32_t)(draw(q) % 4);
		break;
	case 2:
		c.slot = (uint16_t)(c.slot + 1 + draw(q) % 4);
		c.generation += 1000000;
		break;
	case 3:
		if (q->n_past)
			c = q->past[draw(q) % (q->n_past < PAST ? q->n_past : PAST)];
		break;
	case 4:
		c.verdict = (uint8_t)(4 + draw(q) % 252);
		break;
	}
	answer(q, &c);
}

/* One completion more than there were submissions ends the session: lies wait until one is owed. */
static void lie_if_owed(struct queue *q, const struct seki_submission *s)
{
	if (!q->owed)
		return;
	q->owed--;
	lie(q, s);
}

static void once_or_not(struct queue *q, const struct seki_submission *s)
{
	const struct seki_completion c = honest(q, s);

	q->taken_ns = clock_ns();
	q->past[q->n_past++ % PAST] = c;
	switch (draw(q) % 256) {
	case 0:
	case 1:
		q->owed++;
		return;
	case 2:
	case 3:
		lie_if_owed(q, s);
		break;
	case 4:
		bad_length(q, s);
		return;
	case 5:
		bad_port(q, s);
		return;
	case 6:
		if (s->copied < s->len) {
			ask_more(q, s);
			return;
		}
		break;
	case 7:
		if (draw(q) % 64 == 0)
			answer(q, &c);
		break;
	}
	answer(q, &c);
}

/*
 * Right most of the time, then never, twice, late, of another packet, out of range. What is owed is
 * given when nothing comes any more: a switch that waits for it in vain hands nothing over.
 */
static void answer_chaos(struct queue *q)
{
	const struct seki_submission none = {.slot = (uint16_t)draw(q)};

	take(q, once_or_not);
	if (clock_ns() - q->taken_ns > SHORT_NS / 5)
		lie_if_owed(q, &none);
}

/* A verdict under the number of a slot inside or behind the packet's own run. */
static void other_run(struct queue *q, const struct seki_submission *s)
{
	struct seki_completion c = verdict(s, SEKI_VERDICT_PASS);

	c.slot = (uint16_t)(c.slot + 1 + draw(q) % 32);
	c.head_in = c.head_out = 60;
	answer(q, &c);
}

static void answer_runs(struct queue *q)
{
	take(q, other_run);
}

/* For ever, over everything that is the P4 VM's to write, while the other thread serves. */
static void *rage(void *arg)
{
	struct queue q = {.random = 0x72616765};
	uint32_t *words = arg;

	for (;;) {
		for (int i = 0; i < 4096; i++) {
			uint64_t random = draw(&q);
			size_t bytes = i & 3 ? SEKI_RING_SLOT_OFFSET : SEKI_RING_REGION_BYTES;

			__atomic_store_n(&words[random % bytes / 4], (uint32_t)(random >> 32),
					 __ATOMIC_RELAXED);
		}
		poll(NULL, 0, 1);
	}
	return NULL;
}

/* Of a mapping of its own, that stays: the thread never ends. */
static void begin_storm(struct queue *q, const int *fds)
{
	pthread_t thread;
	void *map;

	if (seki_shm_map_received(fds[1], SEKI_RING_REGION_BYTES, true, &map) ||
	    pthread_create(&thread, NULL, rage, map))
		die("storm");
	(void)q;
}

/* What a holder of the descriptors can try. The kernel has to refuse what would hurt the switch. */
static void begin_abuse(struct queue *q, const int *fds)
{
	for (int i = 0; i < 2; i++) {
		if (!ftruncate(fds[i], 0) || !ftruncate(fds[i], 1 << 24) ||
		    !fcntl(fds[i], F_ADD_SEALS, F_SEAL_WRITE))
			die("the switch's memory could be resized or sealed");
	}
	if (pwrite(fds[0], "x", 1, 0) >= 0)
		die("the switch's own region could be written");
	fcntl(fds[2], F_SETFL, 0);
	q->region_fd = dup(fds[1]);
}

/* Takes the pages away that the switch reads, and fills the eventfd that it empties. */
static void punch(struct queue *q)
{
	fcntl(q->eventfd, F_SETFL, O_NONBLOCK);
	eventfd_write(q->eventfd, 0xfffffffffffffffdull);
	eventfd_write(q->eventfd, 1);
	fcntl(q->eventfd, F_SETFL, 0);
	fallocate(q->region_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  SEKI_RING_REGION_BYTES);
	take(q, pass);
}

static void talk(struct queue *q)
{
	take(q, pass);
	for (int i = 0; i < 100; i++)
		send(q->sock, "blah", 4, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void crash(struct queue *q, const struct seki_submission *s)
{
	(void)q;
	(void)s;
	_exit(1);
}

static void crash_at_once(struct queue *q)
{
	take(q, crash);
}

static const struct mode modes[] = {
	{"pass", .act = pass_all},
	{"mute", .mute = true, .act = do_nothing},
	{"silent", .act = do_nothing},
	{"twice", .act = answer_twice},
	{"lengths", .act = answer_lengths},
	{"rewrites", .act = answer_rewritten},
	{"slots", .act = answer_slots},
	{"ports", .act = answer_ports},
	{"more", .act = answer_more},
	{"claims", .act = claim_answers},
	{"scribble", .spins = true, .act = scribble},
	{"signals", .spins = true, .act = signal_endlessly},
	{"crash", .act = crash_at_once},
	{"chaos", .ticks = true, .act = answer_chaos},
	{"runs", .whole = true, .act = answer_runs},
	{"storm", .begin = begin_storm, .act = pass_all},
	{"abuse", .spins = true, .begin = begin_abuse, .act = punch},
	{"talks", .act = talk},
	{"deaf", .spins = true, .deaf = true, .act = pass_all},
	{"leaves", .spins = true, .act = leave_soon},
	{"loops", .dies = true, .act = pass_all},
};

static int receive(int sock, int fds[SEKI_ATTACH_FDS])
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(SEKI_ATTACH_FDS * sizeof(int))];
	} control;
	struct seki_attach attach;
	struct iovec iov = {&attach, sizeof(attach)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(attach))
		return -EPROTO;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_len != CMSG_LEN(SEKI_ATTACH_FDS * sizeof(int)))
		return -EPROTO;
	memcpy(fds, CMSG_DATA(cmsg), SEKI_ATTACH_FDS * sizeof(int));
	return 0;
}

static void attach(struct queue *q, int sock, const struct mode *mode)
{
	const struct seki_attached reply = {SEKI_ATTACH_MAGIC, SEKI_ATTACH_VERSION, 0, 0};
	int fds[SEKI_ATTACH_FDS];

	if (receive(sock, fds)) {
		close(sock);
		return;
	}
	*q = (struct queue){.sock = sock,
			    .eventfd = fds[2],
			    .region_fd = -1,
			    .since_ns = clock_ns(),
			    .random = 0x66616b65 ^ clock_ns()};
	if (seki_shm_map_received(fds[0], SEKI_RING_REGION_BYTES, false, &q->switch_region) ||
	    seki_shm_map_received(fds[1], SEKI_RING_REGION_BYTES, true, &q->p4vm_region) ||
	    seki_ring_p4vm_init(&q->ring, q->switch_region, q->p4vm_region))
		die("regions");
	if (mode->begin)
		mode->begin(q, fds);
	close(fds[0]);
	close(fds[1]);
	seki_ring_p4vm_set_want(&q->ring, mode->whole ? SEKI_PACKET_MAX : 34);
	seki_ring_p4vm_arm(&q->ring);
	if (!mode->mute && send(sock, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		detach(q);
}

/* Reads wake-ups. Returns false at the end of file. */
static bool awake(struct queue *q)
{
	char byte;
	ssize_t n;

	do
		n = recv(q->sock, &byte, 1, MSG_DONTWAIT);
	while (n > 0);
	return n < 0 && errno == EAGAIN;
}

static void serve(struct queue *queues, const struct mode *mode)
{
	for (int i = 0; i < QUEUES; i++) {
		struct queue *q = &queues[i];

		if (q->sock < 0)
			continue;
		if (!mode->deaf && !awake(q)) {
			detach(q);
			continue;
		}
		mode->act(q);
		while (q->sock >= 0 && !seki_ring_p4vm_arm(&q->ring) && mode->act != do_nothing)
			mode->act(q);
	}
}

static void accept_queue(int listener, struct queue *queues, const struct mode *mode)
{
	int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; sock >= 0 && i < QUEUES; i++) {
		if (queues[i].sock < 0) {
			attach(&queues[i], sock, mode);
			return;
		}
	}
	if (sock >= 0)
		close(sock);
}

static void run(int listener, const struct mode *mode)
{
	struct queue queues[QUEUES];
	struct pollfd fds[QUEUES + 1];

	for (int i = 0; i < QUEUES; i++)
		queues[i].sock = -1;
	for (;;) {
		for (int i = 0; i < QUEUES; i++)
			fds[i] = (struct pollfd){.fd = queues[i].sock, .events = POLLIN};
		fds[QUEUES] = (struct pollfd){.fd = listener, .events = POLLIN};
		if (poll(fds, QUEUES + 1, mode->spins ? 0 : mode->ticks ? 1 : -1) < 0)
			die("poll");
		if (fds[QUEUES].revents)
			accept_queue(listener, queues, mode);
		serve(queues, mode);
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path))
		die("socket");
	strcpy(addr.sun_path, path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 16) < 0)
		die(path);
	return fd;
}

/* Children that serve, each until it ends itself, in the middle of whatever it does. */
static void run_in_turn(int listener, const struct mode *mode)
{
	for (;;) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0) {
			const struct itimerval soon = {.it_value.tv_usec = SHORT_NS / 1000};

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			setitimer(ITIMER_REAL, &soon, NULL);
			run(listener, mode);
		}
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(argv[2], modes[i].name)) {
			int listener = listen_at(argv[1]);

			puts("ready");
			fflush(stdout);
			if (modes[i].dies)
				run_in_turn(listener, &modes[i]);
			run(listener, &modes[i]);
		}
	}
	fputs("usage: fakep4vm SOCKET MODE\n", stderr);
	return 2;
}
