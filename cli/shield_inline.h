/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho shield` for P4 VMs inside the switch (abi/inline.h). */
#ifndef SEKI_CLI_SHIELD_INLINE_H
#define SEKI_CLI_SHIELD_INLINE_H

#include <stdbool.h>

/* Do the arguments of `sekisho shield run` ask for the isolation level inline? */
bool seki_cli_shield_is_inline(int argc, char **argv);

/* `sekisho shield run --isolation=inline`: as main(). */
int seki_cli_shield_run_inline(int argc, char **argv);

/* Ends such a P4 VM, with which `fd` is connected, and closes that: an exit code. */
int seki_cli_shield_stop_inline(const char *run_dir, const char *name, int fd);

#endif
