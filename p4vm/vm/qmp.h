/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of QEMU's monitor (QMP). Calls wait for their answer, for a bounded time: who does not
 * answer is stuck, and the machine is to be started anew. What QEMU says is untrusted.
 */
#ifndef SEKI_P4VM_VM_QMP_H
#define SEKI_P4VM_VM_QMP_H

#include <stddef.h>
#include <stdint.h>

#define SEKI_QMP_LINE 65536u

struct seki_qmp {
	int fd;
	/* Called for DEVICE_DELETED with the device's id. */
	void (*deleted)(void *arg, const char *device);
	void *arg;
	size_t have;
	char line[SEKI_QMP_LINE];
};

/* Takes QEMU's greeting and begins. 0 or negative errno. */
int seki_qmp_start(struct seki_qmp *qmp);

/*
 * Sends one command: JSON text by printf(). 0; -EREMOTEIO: QEMU refused it, which has been logged;
 * else negative errno: nothing more is to be had of it.
 */
int seki_qmp_call(struct seki_qmp *qmp, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Gives QEMU a descriptor as fdset `set`. 0 and its number in QEMU, or as above. */
int seki_qmp_add_fd(struct seki_qmp *qmp, uint32_t set, int fd, int *number);

/* Takes the events that are there. 0 or negative errno (-ECONNRESET: QEMU has ended). */
int seki_qmp_events(struct seki_qmp *qmp);

#endif
