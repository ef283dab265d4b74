/* SPDX-License-Identifier: Apache-2.0 */
/* The P4 VM's real workers, attached to over a real socket; without a program they pass all. */
#ifndef SEKI_TESTS_UNIT_HOOK_P4VM_SIDE_H
#define SEKI_TESTS_UNIT_HOOK_P4VM_SIDE_H

struct p4vm_side;

/* Listens at a path and serves until it is stopped, which ends all sessions. */
struct p4vm_side *p4vm_side_start(const char *path);
void p4vm_side_stop(struct p4vm_side *side);

#endif
