/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent of a sandboxed P4 VM. It keeps the lock of the run directory, relays the child's log,
 * which is the child's only output, and removes the sockets when the child has ended. It reads
 * nothing else that the child says, and the child ends with it, however it ends.
 */
#ifndef SEKI_P4VM_KEEPER_H
#define SEKI_P4VM_KEEPER_H

#include <sys/types.h>

struct seki_keeper {
	pid_t child;
	int link;      /* socket to the child: it sends one byte when ready, and sees our end */
	int child_log; /* pipe */
	int signals;   /* signalfd of SIGTERM, SIGINT, SIGHUP */
	void (*ready)(void *arg); /* called once when the child is ready */
	void *arg;
};

/* Returns the exit code when the child has ended: 0 if it was asked to or ended well. */
int seki_keeper_run(struct seki_keeper *keeper);

#endif
