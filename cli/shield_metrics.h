/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho shield metrics` (see cli.h), and a view of shields as Prometheus has it. */
#ifndef SEKI_CLI_SHIELD_METRICS_H
#define SEKI_CLI_SHIELD_METRICS_H

#include <stdio.h>

struct json_object;

int seki_cli_shield_metrics(int argc, char **argv);

/* Text exposition format 0.0.4 of a view with its sums (shield_view.h). Each series is there once,
 * whatever a P4 VM says. */
void seki_metrics_print(struct json_object *view, FILE *out);

#endif
