/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/server.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "abi/p4obj.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "p4vm/attach.h"
#include "p4vm/status.h"

#define SECOND_NS	 1000000000ull
#define CONTROL_DEADLINE (5 * SECOND_NS)
#define ATTACH_DEADLINE	 (2 * SECOND_NS)
#define LOG_BYTES	 65536u

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

int seki_server_start(struct seki_server *server)
{
	server->start_ns = now_ns(CLOCK_MONOTONIC);
	server->worker.spin_ns = server->spin_ns;
	server->worker.wait_ns = server->wait_ns;
	return seki_worker_start(&server->worker, server->facts, print_line);
}

static void copy_printable(char *out, size_t size, const char *in)
{
	size_t i;

	for (i = 0; in[i] && i + 1 < size; i++)
		out[i] = isprint((unsigned char)in[i]) ? in[i] : '?';
	out[i] = '\0';
}

static void do_swap(struct seki_worker *worker, void *arg)
{
	struct seki_bpf_prog **prog = arg;

	*prog = seki_worker_swap(worker, *prog);
}

/* What the person reads after a load that went well. */
static char *load_text(const struct seki_loaded *loaded)
{
	char *text;

	if (asprintf(&text,
		     "%s: %u instructions, at most %llu a packet; looks at %u bytes of it, %s it; "
		     "%u maps of %llu bytes\n",
		     loaded->name, loaded->info.insns, (unsigned long long)loaded->info.worst_insns,
		     loaded->info.packet_touch,
		     loaded->info.packet_written ? "changes" : "never changes", loaded->info.maps,
		     (unsigned long long)loaded->info.map_bytes) < 0)
		return NULL;
	return text;
}

int seki_server_load(struct seki_server *server, const char *name, const void *object, size_t len,
		     char **text)
{
	char *log = calloc(1, LOG_BYTES);
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .max_insns = SEKI_RUN_INSNS_MAX,
					  .max_packet = SEKI_PACKET_MAX,
					  .log = log,
					  .log_size = LOG_BYTES};
	struct seki_loaded loaded = {.real_ns = now_ns(CLOCK_REALTIME)};
	struct seki_bpf_prog *prog;
	int err = log ? seki_bpf_prog_load(object, len, &opts, &prog) : -ENOMEM;

	*text = log;
	copy_printable(loaded.name, sizeof(loaded.name), *name ? name : "program");
	if (err) {
		server->load_errors++;
		seki_log("%s: refused: %s", loaded.name, strerror(-err));
		return err;
	}
	loaded.info = *seki_bpf_prog_info(prog);
	copy_printable(loaded.source, sizeof(loaded.source), loaded.info.source);
	loaded.info.source = NULL;
	seki_worker_call(&server->worker, do_swap, &prog);
	/* The worker swapped the old one out and has no way back to it. */
	seki_bpf_prog_destroy(prog);
	server->loaded = loaded;
	server->loads++;
	seki_log("%s: loaded, %u instructions", loaded.name, loaded.info.insns);
	free(log);
	*text = load_text(&server->loaded);
	return 0;
}

static int handle(void *arg, const struct seki_control_frame *frame, const void *data, char **reply)
{
	struct seki_server *server = arg;

	if (frame->op == SEKI_CONTROL_LOAD)
		return seki_server_load(server, frame->name, data, frame->len, reply);
	*reply = seki_status_json(server);
	return *reply ? 0 : -ENOMEM;
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

/* On the worker: the switch may submit as soon as it has the reply. */
static void do_add(struct seki_worker *worker, void *arg)
{
	struct add_call *call = arg;

	call->err = seki_worker_add(worker, call->queue);
	if (!call->err)
		seki_attach_reply(call->queue->conn, 0);
}

/* 0, -EAGAIN, or negative errno; on success the connection is the worker's. */
static int attach(struct seki_server *server, int fd)
{
	struct add_call call;
	char port[sizeof(call.queue->port)];
	uint32_t number;
	int err = seki_attach_receive(fd, &call.queue);

	if (err)
		return err;
	/* Once added, the queue can be closed at any time. */
	memcpy(port, call.queue->port, sizeof(port));
	number = call.queue->number;
	seki_worker_call(&server->worker, do_add, &call);
	if (call.err) {
		call.queue->conn = -1; /* stays the caller's */
		seki_attach_close(call.queue);
		return call.err;
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
	seki_attach_reply(attaching->fd, err);
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
	struct seki_bpf_prog *prog = NULL;

	seki_worker_call(&server->worker, do_swap, &prog);
	seki_worker_stop(&server->worker);
	seki_bpf_prog_destroy(prog);
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
		if (polls[POLL_CONTROL].revents)
			accept_control(server);
		if (polls[POLL_PORT].revents)
			accept_attach(server);
	}
	stop(server);
}
