/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/log.h"
#include "p4vm/attach.h"
#include "p4vm/sandbox.h"
#include "p4vm/status.h"

#define SECOND_NS	 1000000000ull
#define CONTROL_DEADLINE (5 * SECOND_NS)
#define ATTACH_DEADLINE	 (2 * SECOND_NS)

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static void print_line(void *arg, const char *line)
{
	(void)arg;
	seki_log("program: %s", line);
}

static void do_nothing(struct seki_worker *worker, void *arg)
{
	(void)worker;
	(void)arg;
}

static void stop_workers(struct seki_server *server, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		seki_worker_stop(&server->workers[i]);
	free(server->workers);
}

/* Before the sandbox's filter. */
static uint32_t count_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)(seki_max(files.rlim_cur, SEKI_SANDBOX_FILES) - SEKI_SANDBOX_FILES) / 2;
}

int seki_server_start(struct seki_server *server)
{
	server->max_queues = count_files();
	server->start_ns = now_ns(CLOCK_MONOTONIC);
	server->workers = calloc(server->programs.n_workers, sizeof(*server->workers));
	if (!server->workers)
		return -ENOMEM;
	server->programs.workers = server->workers;
	seki_budget_init(&server->budget, server->millicpus);
	for (uint32_t i = 0; i < server->programs.n_workers; i++) {
		struct seki_worker *worker = &server->workers[i];
		int err;

		worker->number = i;
		worker->seat = server->seat;
		worker->pass = server->pass;
		worker->bell = server->bells[i];
		worker->budget = server->millicpus ? &server->budget : NULL;
		worker->spin_ns = server->spin_ns;
		worker->wait_ns = server->wait_ns;
		err = seki_worker_start(worker, server->facts[i], print_line);
		if (err) {
			stop_workers(server, i);
			return err;
		}
		/* Once it answers, its thread has made the calls that start a thread. */
		seki_worker_call(worker, do_nothing, NULL);
	}
	return 0;
}

int seki_server_load(struct seki_server *server, const struct seki_load *load, const void *object,
		     size_t len, char **text)
{
	int err = seki_programs_load(&server->programs, load, object, len, text);

	if (err) {
		server->load_errors++;
		seki_log("%s: refused: %s", load->name, strerror(-err));
	} else {
		server->loads++;
	}
	return err;
}

static int handle(void *arg, const struct seki_control_frame *frame, const void *data, char **reply)
{
	struct seki_server *server = arg;
	struct seki_request request;
	int err;

	if (frame->op == SEKI_CONTROL_STATUS) {
		*reply = seki_status_json(server);
		return *reply ? 0 : -ENOMEM;
	}
	if (frame->op == SEKI_CONTROL_STOP) {
		server->ending = server->seat;
		return server->ending ? 0 : -EOPNOTSUPP;
	}
	err = seki_request_read(frame, data, &request);
	if (err)
		return err;
	if (frame->op == SEKI_CONTROL_LOAD)
		err = seki_server_load(server, &request.load, request.object, request.object_len,
				       reply);
	else
		err = seki_programs_unload(&server->programs, request.target.port, reply);
	if (!err && server->changed)
		server->changed(server, &request, frame->op == SEKI_CONTROL_LOAD);
	return err;
}

static void accept_control(struct seki_server *server)
{
	int fd = accept4(server->control_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		seki_control_open(&server->controls[server->n_controls++], fd,
				  now_ns(CLOCK_MONOTONIC) + CONTROL_DEADLINE);
}

static void accept_attach(struct seki_server *server)
{
	int fd = accept4(server->port_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		server->attaching[server->n_attaching++] =
			(struct seki_attaching){fd, now_ns(CLOCK_MONOTONIC) + ATTACH_DEADLINE};
}

/* True: the connection is done with. */
static bool step_control(struct seki_server *server, struct seki_control *control, uint64_t now)
{
	int err = seki_control_step(control, handle, server);

	if (err == -EAGAIN && now < control->deadline_ns)
		return false;
	/* Whoever only connects, to see that it lives, does nothing wrong. */
	if (err && !(err == -ECONNRESET && control->done == 0)) {
		server->control_errors++;
		seki_log("control connection: %s", strerror(err == -EAGAIN ? ETIMEDOUT : -err));
	}
	seki_control_close(control);
	return true;
}

struct add_call {
	struct seki_queue *queue;
	int err;
};

struct crowd_call {
	const char *port;
	uint32_t same; /* queues of that port */
	uint32_t all;
};

static void do_count(struct seki_worker *worker, void *arg)
{
	struct crowd_call *call = arg;

	call->same = 0;
	call->all = worker->n_queues;
	for (uint32_t i = 0; i < worker->n_queues; i++)
		call->same += !strcmp(worker->queues[i]->port, call->port);
}

/* The worker with the fewest queues of this port, among these the one with the fewest; *all: of all workers. */
static struct seki_worker *choose_worker(struct seki_server *server, const char *port,
					 uint32_t *all)
{
	struct crowd_call best = {.same = UINT32_MAX}, call = {.port = port};
	struct seki_worker *worker = NULL;

	*all = 0;
	for (uint32_t i = 0; i < server->programs.n_workers; i++) {
		seki_worker_call(&server->workers[i], do_count, &call);
		*all += call.all;
		if (call.same > best.same || (call.same == best.same && call.all >= best.all))
			continue;
		best = call;
		worker = &server->workers[i];
	}
	return worker;
}

/* On the worker: the switch may submit as soon as it has the reply. */
static void do_add(struct seki_worker *worker, void *arg)
{
	struct add_call *call = arg;

	call->err = seki_worker_add(worker, call->queue);
	if (!call->err)
		seki_attach_reply(call->queue->conn, 0, call->queue->doorbell ? worker->number : 0);
}

/* Takes a queue in that came with its switch's message. 0 or negative errno: it stays the caller's. */
static int place(struct seki_server *server, struct seki_queue *queue)
{
	struct add_call call = {.queue = queue};
	uint32_t all;
	struct seki_worker *worker = choose_worker(server, queue->port, &all);

	if (all >= server->max_queues) {
		seki_log(
			"port %s queue %u: %u queues are all that the limit of open files allows; raise the hard "
			"limit (ulimit -Hn), or use fewer datapath threads or lanes",
			queue->port, queue->number, all);
		return -EMFILE;
	}
	seki_worker_call(worker, do_add, &call);
	if (call.err == -ENOSPC)
		seki_log(
			"port %s queue %u: each worker has %u queues, and no room for more; start the P4 VM with "
			"more --workers",
			queue->port, queue->number, SEKI_WORKER_QUEUES);
	return call.err;
}

/* 0, -EAGAIN, or negative errno; on success the connection is the worker's. */
static int attach(struct seki_server *server, int fd)
{
	struct seki_queue *queue;
	char port[sizeof(queue->port)];
	uint32_t number;
	int err = seki_attach_receive(fd, server->in_guest, &queue);

	if (err)
		return err;
	/* Once added, the queue can be closed at any time. */
	memcpy(port, queue->port, sizeof(port));
	number = queue->number;
	queue->program = seki_programs_of(&server->programs, port);
	err = place(server, queue);
	if (err) {
		queue->conn = -1; /* stays the caller's */
		seki_attach_close(queue);
		return err;
	}
	seki_log("port %s queue %u: attached", port, number);
	return 0;
}

static bool step_attach(struct seki_server *server, const struct seki_attaching *attaching,
			uint64_t now)
{
	int err = attach(server, attaching->fd);

	if (!err)
		return true;
	if (err == -EAGAIN) {
		if (now < attaching->deadline_ns)
			return false;
		err = -ETIMEDOUT;
	}
	server->attach_errors++;
	seki_log("a switch could not attach: %s", strerror(-err));
	seki_attach_reply(attaching->fd, err, 0);
	close(attaching->fd);
	return true;
}

/* Indices in the array that is polled. */
enum { POLL_SIGNALS, POLL_KEEPER, POLL_CONTROL, POLL_PORT, POLL_FIXED };
#define POLL_MAX (POLL_FIXED + SEKI_SERVER_CONTROLS + SEKI_SERVER_ATTACHES)

/* Who is full is not asked for more. Returns how many entries there are. */
static uint32_t fill_polls(const struct seki_server *server, struct pollfd *polls)
{
	uint32_t n = POLL_FIXED;

	polls[POLL_SIGNALS] = (struct pollfd){server->signals, POLLIN, 0};
	polls[POLL_KEEPER] = (struct pollfd){server->keeper, POLLIN, 0};
	polls[POLL_CONTROL] = (struct pollfd){
		server->n_controls < SEKI_SERVER_CONTROLS ? server->control_listen : -1, POLLIN, 0};
	polls[POLL_PORT] = (struct pollfd){
		server->n_attaching < SEKI_SERVER_ATTACHES ? server->port_listen : -1, POLLIN, 0};
	for (uint32_t i = 0; i < server->n_controls; i++) {
		const struct seki_control *control = &server->controls[i];

		polls[n++] = (struct pollfd){control->fd, seki_control_events(control), 0};
	}
	for (uint32_t i = 0; i < server->n_attaching; i++)
		polls[n++] = (struct pollfd){server->attaching[i].fd, POLLIN, 0};
	return n;
}

/* Until the first deadline; every connection is looked at after each poll. */
static int poll_timeout(const struct seki_server *server, uint64_t now)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < server->n_controls; i++)
		first = seki_min(first, server->controls[i].deadline_ns);
	for (uint32_t i = 0; i < server->n_attaching; i++)
		first = seki_min(first, server->attaching[i].deadline_ns);
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)((first - now) / 1000000 + 1);
}

static void step_all(struct seki_server *server)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	for (uint32_t i = 0; i < server->n_controls;) {
		if (step_control(server, &server->controls[i], now))
			server->controls[i] = server->controls[--server->n_controls];
		else
			i++;
	}
	for (uint32_t i = 0; i < server->n_attaching;) {
		if (step_attach(server, &server->attaching[i], now))
			server->attaching[i] = server->attaching[--server->n_attaching];
		else
			i++;
	}
}

static void stop(struct seki_server *server)
{
	stop_workers(server, server->programs.n_workers);
	seki_programs_destroy(&server->programs);
	if (server->ended)
		server->ended(server->arg);
	while (server->n_controls)
		seki_control_close(&server->controls[--server->n_controls]);
	while (server->n_attaching)
		close(server->attaching[--server->n_attaching].fd);
}

void seki_server_run(struct seki_server *server)
{
	struct pollfd polls[POLL_MAX];

	for (;;) {
		uint32_t n = fill_polls(server, polls);

		if (poll(polls, n, poll_timeout(server, now_ns(CLOCK_MONOTONIC))) < 0)
			continue;
		if (polls[POLL_SIGNALS].revents || polls[POLL_KEEPER].revents)
			break;
		step_all(server);
		if (server->ending)
			break;
		if (polls[POLL_CONTROL].revents)
			accept_control(server);
		if (polls[POLL_PORT].revents && server->seat)
			server->joined(server);
		else if (polls[POLL_PORT].revents)
			accept_attach(server);
	}
	stop(server);
}
