/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's side of abi/control.h. */
#ifndef SEKI_CLI_CONTROL_H
#define SEKI_CLI_CONTROL_H

#include <stddef.h>
#include <sys/types.h>

#include "abi/control.h"

/* Names of the instances under `base` that have a control socket, sorted; of malloc(), as the array is.
 * How many, or negative errno. */
int seki_cli_instances(const char *base, char ***names);

/*
 * Connects to the instance `name` under `base`. Returns a descriptor, or negative errno after it
 * told the user on standard error what is wrong and what to do.
 */
int seki_cli_connect(const char *base, const char *name);

/* The same without a word, and with replies that may take so long; negative errno. */
int seki_cli_open(const char *base, const char *name, unsigned int seconds);

/*
 * One request on a connection. Returns 0 and the reply, its text of malloc() and NUL-terminated;
 * or negative errno: it did not come, or is not one.
 */
int seki_cli_request(int fd, enum seki_control_op op, const char *name, const void *data,
		     size_t len, struct seki_control_frame *reply, char **text);

/* Process that listens at the other end, or negative errno. */
pid_t seki_cli_peer(int fd);

#endif
