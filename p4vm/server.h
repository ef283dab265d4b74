/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main thread of a P4 VM: switches attach, the tenant's command line loads programs and asks
 * for the status. Everything that takes a worker's time goes to it by seki_worker_call().
 */
#ifndef SEKI_P4VM_SERVER_H
#define SEKI_P4VM_SERVER_H

#include "p4vm/budget.h"
#include "p4vm/control.h"
#include "p4vm/request.h"

#define SEKI_SERVER_CONTROLS 8u
#define SEKI_SERVER_ATTACHES 16u

struct seki_sandbox;

/* A switch that connected and has not sent its attach message yet. */
struct seki_attaching {
	int fd;
	uint64_t deadline_ns;
};

struct seki_server {
	/* Set by whoever starts it. */
	const char *name; /* of the instance */
	int control_listen;
	int port_listen;
	int signals; /* signalfd: any signal ends it */
	int keeper;  /* socket to the parent: its end ends it */
	pid_t pid;   /* of this process as others see it */
	uid_t uid;   /* that it has once confined */
	bool pass;   /* packets pass while there is no program */
	uint64_t wait_ns;
	uint64_t spin_ns;
	uint32_t millicpus; /* that the workers may take together; 0: no limit */
	struct seki_vminfo *facts[SEKI_WORKERS_MAX]; /* a copy for each worker, or NULL */
	const struct seki_sandbox *sandbox;
	const char *guest_sandbox;   /* what the status says instead of its own; NULL: its own */
	int bells[SEKI_WORKERS_MAX]; /* in a virtual machine: the workers' interrupts */
	bool in_guest;		     /* of a virtual machine, for the process `pid` of its host */
	const struct seki_worker_seat *seat; /* of all workers, inside the switch; NULL: threads */
	void (*joined)(struct seki_server *server); /* inside the switch: port_listen is readable */
	void (*changed)(struct seki_server *server, const struct seki_request *request,
			bool loaded); /* NULL, or: so programs were changed */
	void (*ended)(void *arg);     /* NULL, or: nothing runs any more */
	void *arg;

	/* Its own. */
	struct seki_worker *workers;
	struct seki_budget budget;     /* millicpus 0: not used */
	struct seki_programs programs; /* n_workers and the limits: whoever starts it */
	uint64_t start_ns;	       /* CLOCK_MONOTONIC */
	uint32_t max_queues;	       /* that there are descriptors for */
	bool ending;
	uint64_t loads;
	uint64_t load_errors;
	uint64_t control_errors;
	uint64_t attach_errors;
	struct seki_control controls[SEKI_SERVER_CONTROLS];
	uint32_t n_controls;
	struct seki_attaching attaching[SEKI_SERVER_ATTACHES];
	uint32_t n_attaching;
};

/* Starts the workers, programs.n_workers of them. 0 or negative errno. */
int seki_server_start(struct seki_server *server);

/* seki_programs_load(), counted and logged. */
int seki_server_load(struct seki_server *server, const struct seki_load *load, const void *object,
		     size_t len, char **text);

/* Serves until it is told to end, then stops the workers. */
void seki_server_run(struct seki_server *server);

#endif
