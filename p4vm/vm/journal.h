/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that a machine which is started anew is to get again: what was loaded last for each
 * port. It is in memory that outlives the host half, which alone writes and reads it; so it is no
 * more trusted than that.
 */
#ifndef SEKI_P4VM_VM_JOURNAL_H
#define SEKI_P4VM_VM_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "abi/control.h"

#define SEKI_VM_REQUEST_BYTES (sizeof(struct seki_control_frame) + SEKI_CONTROL_MAX_REQUEST)
#define SEKI_VM_JOURNAL	      17u /* the program that ports share, and those of single ports */

struct seki_vm_journal {
	struct {
		uint32_t len; /* 0: none */
		uint32_t pad;
		char port[64];
		uint8_t request[SEKI_VM_REQUEST_BYTES];
	} entries[SEKI_VM_JOURNAL];
};

/* A request that went well, with its frame. Of no other than LOAD and UNLOAD anything is kept. */
void seki_vm_journal_note(struct seki_vm_journal *journal, const uint8_t *request, size_t len);

#endif
