/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main thread of a P4 VM: switches attach, the tenant's command line loads programs and asks
 * for the status. Everything that takes the worker's time goes to it by seki_worker_call().
 */
#ifndef SEKI_P4VM_SERVER_H
#define SEKI_P4VM_SERVER_H

#include "p4vm/control.h"
#include "p4vm/sandbox.h"
#include "p4vm/worker.h"

#define SEKI_SERVER_CONTROLS 8u
#define SEKI_SERVER_ATTACHES 16u

/* A switch that connected and has not sent its attach message yet. */
struct seki_attaching {
	int fd;
	uint64_t deadline_ns;
};

/* What the status says of the loaded program; name empty: none. */
struct seki_loaded {
	char name[64];	 /* printable */
	char source[64]; /* printable; name of the P4 file or empty */
	uint64_t real_ns;
	struct seki_bpf_info info; /* without its source */
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
	uint64_t wait_ns;
	uint64_t spin_ns;
	struct seki_vminfo *facts;
	const struct seki_sandbox *sandbox;

	/* Its own. */
	struct seki_worker worker;
	struct seki_loaded loaded;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t loads;
	uint64_t load_errors;
	uint64_t control_errors;
	uint64_t attach_errors;
	struct seki_control controls[SEKI_SERVER_CONTROLS];
	uint32_t n_controls;
	struct seki_attaching attaching[SEKI_SERVER_ATTACHES];
	uint32_t n_attaching;
};

/* Starts the worker. 0 or negative errno. */
int seki_server_start(struct seki_server *server);

/*
 * Verifies an object and has the worker run it from the next batch on. Returns 0 or negative errno,
 * then nothing changed; *text gets what there is to tell the person (malloc(), NULL: no memory).
 */
int seki_server_load(struct seki_server *server, const char *name, const void *object, size_t len,
		     char **text);

/* Serves until it is told to end, then stops the worker. */
void seki_server_run(struct seki_server *server);

#endif
