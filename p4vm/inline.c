/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P4 VMs inside a switch (abi/inline.h): the same server and engines as in a process, but each worker is
 * a seat for a datapath thread instead of a thread.
 *
 * One lock for all: it guards which ports are in which seat, and calls to a worker are answered with it held.
 * Nobody keeps it for longer than that; a datapath thread only tries it, and answers
 * after the next batch where it failed. It waits for it only when a port comes or goes.
 */
#include "p4vm/inline.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/fds.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"
#include "lib/sys/rundir.h"
#include "p4vm/config.h"
#include "p4vm/kept.h"
#include "p4vm/server.h"

struct instance {
	struct instance *next;
	bool ready; /* ports can join: written with the lock held */
	bool restored;
	struct seki_kept kept;
	char name[SEKI_RUNDIR_NAME_MAX + 1];
	char control_path[PATH_MAX];
	int lock_dir;
	void *facts_region;
	uint32_t keys[SEKI_WORKERS_MAX]; /* of the thread in each seat that has queues */
	struct seki_inline_port *waiting;
	struct seki_server server;
};

struct seki_inline_port {
	struct seki_inline_port *next; /* while waiting */
	struct instance *instance;     /* until it is over */
	struct seki_worker *worker;
	uint32_t state; /* enum seki_inline_state: written with the lock held */
	uint32_t told;	/* state that the datapath thread knows */
	bool placing;	/* the control thread gives it a seat, and uses it */
	bool gone;	/* it left meanwhile: the control thread frees it */
	uint32_t key;
	struct seki_queue queue;
};

_Static_assert(SEKI_INLINE_SEATS == SEKI_WORKERS_MAX, "a seat each");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct instance *instances;
static uint32_t n_changes;
static const struct seki_inline_host *host;

/* What start() complains of goes to the person, the rest to the switch's log. */
static __thread char *complaint;
static __thread size_t complaint_size;

static void log_line(const char *line)
{
	if (complaint)
		snprintf(complaint, complaint_size, "%s", line);
	else
		host->log(line);
}

static void count_change(void)
{
	__atomic_add_fetch(&n_changes, 1, __ATOMIC_RELEASE);
	host->wake();
}

static uint32_t changes(void)
{
	return __atomic_load_n(&n_changes, __ATOMIC_ACQUIRE);
}

static void set_state(struct seki_inline_port *port, enum seki_inline_state state)
{
	__atomic_store_n(&port->state, state, __ATOMIC_RELEASE);
}

static enum seki_inline_state state_of(const struct seki_inline_port *port)
{
	return __atomic_load_n(&port->state, __ATOMIC_ACQUIRE);
}

/* Has somebody called this worker? */
static bool is_called(const struct seki_worker *worker)
{
	return __atomic_load_n(&worker->fn, __ATOMIC_ACQUIRE);
}

/* The control thread's way to a worker. */
static void call(struct seki_worker *worker, seki_worker_fn fn, void *arg)
{
	pthread_mutex_lock(&lock);
	if (!worker->n_queues) {
		fn(worker, arg);
		pthread_mutex_unlock(&lock);
		return;
	}
	worker->arg = arg;
	__atomic_store_n(&worker->fn, fn, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	host->wake();
	while (sem_wait(&worker->done) && errno == EINTR)
		;
}

static struct seki_inline_port *port_of(struct seki_queue *queue)
{
	return (struct seki_inline_port *)((char *)queue -
					   offsetof(struct seki_inline_port, queue));
}

static void clear(struct seki_worker *worker, void *arg)
{
	(void)arg;
	while (worker->n_queues) {
		struct seki_inline_port *port = port_of(worker->queues[--worker->n_queues]);

		port->worker = NULL;
		set_state(port, SEKI_INLINE_OVER);
	}
}

static const struct seki_worker_seat seat = {.call = call, .clear = clear};

/* Joining and leaving. */

/* With the lock held. */
static struct instance *find(const char *name)
{
	struct instance *in = instances;

	while (in && strcmp(in->name, name))
		in = in->next;
	return in;
}

static int join(const char *name, const char *port_name, uint32_t key,
		struct seki_inline_port **out)
{
	struct seki_inline_port *port = calloc(1, sizeof(*port));
	const uint64_t one = 1;
	struct instance *in;

	if (!port)
		return -ENOMEM;
	port->key = key;
	snprintf(port->queue.port, sizeof(port->queue.port), "%s", port_name);
	pthread_mutex_lock(&lock);
	in = find(name);
	if (!in || !in->ready) {
		pthread_mutex_unlock(&lock);
		free(port);
		return -ENOENT;
	}
	port->instance = in;
	port->next = in->waiting;
	in->waiting = port;
	/* Cannot wait: its counter is far from full. */
	if (write(in->server.port_listen, &one, sizeof(one)) < 0)
		seki_log("port %s: %s", port_name, strerror(errno));
	pthread_mutex_unlock(&lock);
	*out = port;
	return 0;
}

static void take_out(struct seki_inline_port **list, const struct seki_inline_port *port)
{
	while (*list != port)
		list = &(*list)->next;
	*list = port->next;
}

/* Its last queue takes the call along that nobody would answer any more. */
static void stand_up(struct seki_inline_port *port)
{
	struct seki_worker *worker = port->worker;
	uint32_t i = 0;

	while (worker->queues[i] != &port->queue)
		i++;
	worker->queues[i] = worker->queues[--worker->n_queues];
	if (!worker->n_queues)
		seki_worker_answer(worker);
}

static void leave(struct seki_inline_port *port)
{
	bool mine = true;

	pthread_mutex_lock(&lock);
	if (state_of(port) == SEKI_INLINE_UP)
		stand_up(port);
	else if (state_of(port) == SEKI_INLINE_WAITING && !port->placing)
		take_out(&port->instance->waiting, port);
	if (port->placing) {
		port->gone = true;
		mine = false;
	}
	pthread_mutex_unlock(&lock);
	if (mine)
		free(port);
}

static void do_sit(struct seki_worker *worker, void *arg)
{
	struct seki_inline_port *port = arg;

	if (port->gone)
		return;
	port->worker = worker;
	port->queue.id = worker->next_id++ * SEKI_WORKERS_MAX + worker->number;
	worker->queues[worker->n_queues++] = &port->queue;
	set_state(port, SEKI_INLINE_UP);
}

/* The seat of the port's thread, or a free one; NULL: there is none. With the lock held. */
static struct seki_worker *find_seat(struct instance *in, uint32_t key)
{
	struct seki_worker *free_one = NULL;

	for (uint32_t i = 0; i < in->server.programs.n_workers; i++) {
		struct seki_worker *worker = &in->server.workers[i];

		if (worker->n_queues && in->keys[i] == key)
			return worker->n_queues < SEKI_WORKER_QUEUES ? worker : NULL;
		if (!worker->n_queues && !free_one)
			free_one = worker;
	}
	if (free_one)
		in->keys[free_one->number] = key;
	return free_one;
}

/* On the control thread: the first of those that wait. False: none does. */
static bool place_one(struct instance *in)
{
	struct seki_worker *worker = NULL;
	struct seki_inline_port *port;
	bool gone;

	pthread_mutex_lock(&lock);
	port = in->waiting;
	if (port) {
		in->waiting = port->next;
		port->placing = true;
		worker = find_seat(in, port->key);
	}
	pthread_mutex_unlock(&lock);
	if (!port)
		return false;
	if (worker) {
		port->queue.program = seki_programs_of(&in->server.programs, port->queue.port);
		seki_log("port %s: joined, seat %u", port->queue.port, worker->number);
		seki_worker_call(worker, do_sit, port);
	} else {
		in->server.attach_errors++;
		seki_log("port %s: no seat is left for its thread", port->queue.port);
	}
	pthread_mutex_lock(&lock);
	gone = port->gone;
	port->placing = false;
	if (!worker)
		set_state(port, SEKI_INLINE_OVER);
	pthread_mutex_unlock(&lock);
	if (gone)
		free(port);
	return true;
}

static void place_all(struct seki_server *server)
{
	uint64_t count;

	if (read(server->port_listen, &count, sizeof(count)) < 0)
		return;
	while (place_one(server->arg))
		;
	host->wake();
}

/* The datapath thread's part. */

static enum seki_inline_state run(struct seki_inline_port *port, bool batch)
{
	port->told = state_of(port);
	if (port->told == SEKI_INLINE_UP && is_called(port->worker) &&
	    !pthread_mutex_trylock(&lock)) {
		seki_worker_answer(port->worker);
		pthread_mutex_unlock(&lock);
		port->told = state_of(port);
	}
	if (port->told == SEKI_INLINE_UP && batch)
		seki_worker_refresh(port->worker);
	return port->told;
}

static bool called(const struct seki_inline_port *port)
{
	enum seki_inline_state state = state_of(port);

	return state != port->told || (state == SEKI_INLINE_UP && is_called(port->worker));
}

static uint32_t every_ms(const struct seki_inline_port *port)
{
	return state_of(port) == SEKI_INLINE_UP && port->worker->engine.facts
		       ? SEKI_VMINFO_HEARTBEAT_MS
		       : 0;
}

static void judge(struct seki_inline_port *port, const struct seki_submission *sub,
		  const uint8_t *bytes, struct seki_completion *out, const uint8_t **head)
{
	struct seki_engine *engine = port->worker->engines[port->queue.program];
	const struct seki_packet packet = {
		.sub = sub, .bytes = bytes, .queue = port->queue.id, .still = true};

	/* Never -EAGAIN: it may not wait for facts. */
	seki_engine_run(engine, &packet, out);
	seki_queue_count(&port->queue, sub, out);
	*head = engine->head;
}

/* Starting and ending. */

static const struct seki_opt options[] = {
#define CONFIG struct seki_p4vm_config
	SEKI_OPT_REQUIRED_LINE(CONFIG, name, "NAME", "name of this P4 VM"),
	SEKI_OPT_STRING_LINE(CONFIG, no_program, 0, "no-program", "WHAT", "drop or pass"),
	SEKI_OPT_STRING_LINE(CONFIG, facts, 'f', "facts", "FILE", "facts of the user VM"),
	SEKI_OPT_STRING_LINE(CONFIG, key, 'k', "key", "FILE", "key of the facts"),
	SEKI_OPT_U32_LINE(CONFIG, workers, 'w', "workers", "N", 1, SEKI_INLINE_SEATS,
			  "datapath threads that can use it"),
	SEKI_OPT_U32_LINE(CONFIG, max_insns, 0, "max-insns", "N", 1, SEKI_RUN_INSNS_MAX, "limit"),
	SEKI_OPT_U32_LINE(CONFIG, memory_mib, 0, "memory", "MIB", 1, 65536, "limit"),
	SEKI_OPT_STRING_LINE(CONFIG, run_dir, 0, "run-dir", "DIR", "where the socket goes"),
#undef CONFIG
};

static const struct seki_command command = {
	.name = "inline", .about = "", .opts = options, .count = SEKI_COUNT(options)};

/* The main thread and as many PMD threads as there are processors. */
static uint32_t default_seats(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return (uint32_t)seki_min(n > 0 ? (uint64_t)n + 1 : 2u, SEKI_INLINE_SEATS);
}

static int open_control(struct instance *in, const struct seki_p4vm_config *config)
{
	const char *base = seki_rundir_base(config->run_dir);
	char path[PATH_MAX];
	int fd;

	if (seki_rundir_path(base, config->name, SEKI_RUNDIR_CONTROL, in->control_path, PATH_MAX) ||
	    seki_rundir_path(base, config->name, SEKI_RUNDIR_PORT, path, PATH_MAX))
		return seki_complain("inline", "'%s' is not a name", config->name);
	in->lock_dir = seki_rundir_claim(base, config->name);
	if (in->lock_dir == -EBUSY)
		return seki_complain("inline",
				     "'%s' runs already; stop it first: sekisho shield stop %s",
				     config->name, config->name);
	if (in->lock_dir < 0)
		return seki_complain("inline", "run directory of '%s' in '%s': %s", config->name,
				     base, strerror(-in->lock_dir));
	unlink(path); /* of a process of that name that was killed: says what it is not */
	fd = seki_unix_listen(in->control_path, SOCK_STREAM, 0600, 64);
	if (fd < 0)
		return seki_complain("inline", "socket '%s': %s", in->control_path, strerror(-fd));
	in->server.control_listen = fd;
	strcpy(in->name, config->name);
	return 0;
}

/* Takes all of it, and half-made ones. */
static void destroy(struct instance *in)
{
	struct seki_server *server = &in->server;

	for (uint32_t i = 0; i < SEKI_WORKERS_MAX; i++)
		seki_vminfo_destroy(server->facts[i]);
	if (in->facts_region)
		munmap(in->facts_region, SEKI_VMINFO_REGION_BYTES);
	if (server->control_listen >= 0) {
		unlink(in->control_path);
		close(server->control_listen);
	}
	if (server->port_listen >= 0)
		close(server->port_listen);
	if (in->lock_dir >= 0)
		close(in->lock_dir);
	free(in);
}

/* The server calls it when no seat is left and its program is gone. */
static void ended(void *arg)
{
	struct instance *in = arg;
	struct instance **at = &instances;

	pthread_mutex_lock(&lock);
	while (*at != in)
		at = &(*at)->next;
	*at = in->next;
	while (in->waiting) {
		struct seki_inline_port *port = in->waiting;

		in->waiting = port->next;
		set_state(port, SEKI_INLINE_OVER);
	}
	pthread_mutex_unlock(&lock);
	count_change();
}

/* Coming back. */

static void keep(struct seki_server *server, const struct seki_request *request, bool loaded)
{
	struct instance *in = server->arg;
	int err = 0;

	if (loaded)
		err = seki_kept_put(&in->kept,
				    seki_programs_of(&server->programs, request->target.port),
				    request);
	for (uint32_t i = 0; i < SEKI_PROGRAMS; i++) {
		if (!server->programs.at[i].used)
			seki_kept_drop(&in->kept, i);
	}
	if (err)
		seki_log("P4 VM %s: %s will not come back with a new switch: %s: %s", in->name,
			 request->load.name, in->kept.dir, strerror(-err));
}

/* A program goes under the first number that is free, and so never under a higher one than before. */
static int load_kept(struct instance *in, uint32_t number)
{
	struct seki_request request;
	void *data;
	char *text;
	int err = seki_kept_get(&in->kept, number, &request, &data);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = seki_server_load(&in->server, &request.load, request.object, request.object_len,
			       &text);
	if (!err)
		seki_kept_move(&in->kept, number,
			       seki_programs_of(&in->server.programs, request.target.port));
	free(text);
	free(data);
	return err;
}

/* Where one of its programs is missing it is not what it was, and ends: its ports go on following their policy. */
static int come_back(struct instance *in)
{
	int err = 0;

	for (uint32_t i = 0; i < SEKI_PROGRAMS && !err; i++)
		err = load_kept(in, i);
	if (err) {
		in->server.ending = true;
		eventfd_write(in->server.port_listen, 1);
		return err;
	}
	pthread_mutex_lock(&lock);
	in->ready = true;
	pthread_mutex_unlock(&lock);
	seki_log("P4 VM %s: came back", in->name);
	count_change();
	return 0;
}

static void *serve(void *arg)
{
	struct instance *in = arg;
	const struct seki_kept kept = in->kept;
	char name[sizeof(in->name)];
	int err = in->restored ? come_back(in) : 0;

	strcpy(name, in->name);
	seki_server_run(&in->server);
	if (!err)
		seki_kept_end(&kept);
	destroy(in);
	if (err)
		seki_log("P4 VM %s: does not come back: %s: %s; run it anew", name, kept.dir,
			 strerror(-err));
	else
		seki_log("P4 VM %s: ended", name);
	return NULL;
}

/* The thread takes no signals: they are the switch's. */
static int start_thread(struct instance *in)
{
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&thread, NULL, serve, in);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return err;
	pthread_setname_np(thread, "sekisho-inline");
	pthread_detach(thread);
	return 0;
}

/* Once it is in the list it ends by its own thread only. */
static int launch(struct instance *in)
{
	int err = seki_server_start(&in->server);

	if (err)
		return err;
	pthread_mutex_lock(&lock);
	in->ready = !in->restored;
	in->next = instances;
	instances = in;
	pthread_mutex_unlock(&lock);
	err = start_thread(in);
	if (err) {
		pthread_mutex_lock(&lock);
		instances = in->next;
		pthread_mutex_unlock(&lock);
		return err;
	}
	count_change();
	return 0;
}

/* Frees a failed instance. */
static int build(struct instance *in, const struct seki_p4vm_config *config)
{
	struct seki_server *server = &in->server;
	int err;

	*server = (struct seki_server){
		.name = in->name,
		.control_listen = -1,
		.port_listen = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.signals = -1,
		.keeper = -1,
		.pid = getpid(),
		.uid = getuid(),
		.pass = !strcmp(config->no_program, "pass"),
		.seat = &seat,
		.joined = place_all,
		.changed = keep,
		.ended = ended,
		.arg = in,
		.programs = {.n_workers = config->workers,
			     .max_insns = config->max_insns,
			     .max_map_bytes = (uint64_t)config->memory_mib << 20},
	};
	in->lock_dir = -1;
	err = server->port_listen < 0 ? -errno : 0;
	if (!err && (open_control(in, config) ||
		     seki_p4vm_take_facts(config, &in->facts_region, server->facts)))
		err = -EINVAL; /* it has been complained about */
	else if (!err)
		err = launch(in);
	if (err && err != -EINVAL)
		seki_complain("inline", "%s", strerror(-err));
	if (err)
		destroy(in);
	return err;
}

static bool is_taken(const char *name)
{
	bool taken;

	pthread_mutex_lock(&lock);
	taken = find(name);
	pthread_mutex_unlock(&lock);
	return taken;
}

static void set_host(const struct seki_inline_host *the_host)
{
	if (host != the_host) /* never another one: threads that read it may be there */
		host = the_host;
	seki_log_to(log_line);
}

/* What it complains of is in the log's words. */
static int start_one(int argc, char **argv, bool restored, char *text, size_t size)
{
	struct seki_p4vm_config config = {.no_program = "drop",
					  .workers = default_seats(),
					  .max_insns = SEKI_RUN_INSNS_MAX,
					  .memory_mib = 64};
	int err = seki_opts_parse(&command, argc, argv, &config, text, size);
	struct seki_kept kept;
	struct instance *in;

	if (err)
		return -EINVAL;
	if (is_taken(config.name)) {
		seki_complain("inline", "'%s' runs already; stop it first: sekisho shield stop %s",
			      config.name, config.name);
		return -EINVAL;
	}
	in = calloc(1, sizeof(*in));
	if (!in)
		return -ENOMEM;
	in->restored = restored;
	seki_kept_init(&kept, host->keep, config.name);
	err = restored ? 0 : seki_kept_begin(&kept, argc, argv);
	if (err)
		host->log("what starts now will not come back: its files cannot be written");
	in->kept = kept;
	err = build(in, &config);
	if (err && !restored)
		seki_kept_end(&kept);
	return err;
}

static int start(int argc, char **argv, const struct seki_inline_host *the_host, char *text,
		 size_t size)
{
	int err;

	set_host(the_host);
	complaint = text;
	complaint_size = size;
	err = start_one(argc, argv, false, text, size);
	complaint = NULL;
	return err;
}

static void restore_one(const char *name)
{
	char *argv[SEKI_KEPT_ARGS], *args = NULL, text[512] = "";
	struct seki_kept kept;
	struct timespec now;
	int err;

	clock_gettime(CLOCK_BOOTTIME, &now);
	seki_kept_init(&kept, host->keep, name);
	err = seki_kept_try(&kept, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
	if (err == -ELOOP) {
		seki_log(
			"P4 VM %s: does not come back: the switch ended soon after each of its last starts; "
			"run it anew",
			name);
		return;
	}
	if (!err)
		err = seki_kept_args(&kept, argv, &args);
	if (err >= 0)
		err = start_one(err, argv, true, text, sizeof(text));
	if (err)
		seki_log("P4 VM %s: does not come back: %s: %s", name, kept.dir,
			 *text ? text : strerror(-err));
	free(args);
}

static void restore(const struct seki_inline_host *the_host)
{
	struct dirent *entry;
	DIR *dir;

	set_host(the_host);
	dir = opendir(host->keep);
	while (dir && (entry = readdir(dir))) {
		if (seki_rundir_name_ok(entry->d_name))
			restore_one(entry->d_name);
	}
	if (dir)
		closedir(dir);
}

__attribute__((visibility("default"))) const struct seki_inline seki_inline = {
	.version = SEKI_INLINE_VERSION,
	.start = start,
	.restore = restore,
	.changes = changes,
	.join = join,
	.leave = leave,
	.run = run,
	.called = called,
	.every_ms = every_ms,
	.judge = judge,
};
