/* SPDX-License-Identifier: Apache-2.0 */
/* The status of a P4 VM as JSON, the reply to SEKI_CONTROL_STATUS. docs/man/sekisho-p4vmd.8 says
 * what its members mean.
 */
#ifndef SEKI_P4VM_STATUS_H
#define SEKI_P4VM_STATUS_H

#include "p4vm/server.h"

/* Text of malloc(), or NULL: no memory. */
char *seki_status_json(struct seki_server *server);

/* Has the JSON library do what it may do only before the sandbox: seed its hash. */
void seki_status_prepare(void);

#endif
