/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho shield top`. See cli.h. */
#ifndef SEKI_CLI_SHIELD_TOP_H
#define SEKI_CLI_SHIELD_TOP_H

int seki_cli_shield_top(int argc, char **argv);

#endif
