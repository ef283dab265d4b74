/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `sekisho p4` share. */
#ifndef SEKI_CLI_P4_H
#define SEKI_CLI_P4_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes -Wall, -Werror, -WNAME and -Wno-NAME, written as compilers do, out of the arguments: *off is
 * the set of those (enum seki_warning) that are off. False: it has complained.
 */
bool seki_cli_p4_warnings(int *argc, char **argv, uint32_t *off, bool *werror);

#endif
