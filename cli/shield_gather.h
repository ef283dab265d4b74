/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the switch and the P4 VMs of this machine for a view (shield_view.h). Whoever does not answer
 * in time is missing in it; none makes it wait for long.
 */
#ifndef SEKI_CLI_SHIELD_GATHER_H
#define SEKI_CLI_SHIELD_GATHER_H

#include "lib/sys/opts.h"

struct json_object;

/* Options of top and metrics alike. */
struct seki_gather {
	const char *run_dir;
	const char *name;	/* NULL: all, and all ports of the switch */
	const char *ovs_socket; /* ovs-vswitchd's control socket; NULL: where its PID file says */
	const char *source_dir; /* NULL: no lines of programs are read */
};

/* With the sums; json_object_put() it. Negative errno: `run_dir` cannot be read. */
int seki_gather(const struct seki_gather *gather, struct json_object **view);

#endif
