/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEKI_CLI_SHIELD_STATUS_H
#define SEKI_CLI_SHIELD_STATUS_H

/* Prints the JSON status of a P4 VM for people. 0, or -EPROTO: not such JSON. */
int seki_cli_print_status(const char *text);

#endif
