/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the tenant's command line talks to the P4 VM: a SOCK_STREAM Unix connection, one request and
 * one reply each a frame: struct seki_control_frame, then `len` bytes.
 *
 *   LOAD    request: the object (ELF). Reply: text for the person, the loader's or verifier's log.
 *           A status other than 0 means the program that ran before still runs, undisturbed.
 *   STATUS  request: empty. Reply: JSON text.
 */
#ifndef SEKI_ABI_CONTROL_H
#define SEKI_ABI_CONTROL_H

#include <stdint.h>

#define SEKI_CONTROL_MAGIC	 0x4c544353u
#define SEKI_CONTROL_MAX_REQUEST (1u << 20)
#define SEKI_CONTROL_MAX_REPLY	 (1u << 18)

enum seki_control_op { SEKI_CONTROL_LOAD = 1, SEKI_CONTROL_STATUS = 2 };

struct seki_control_frame {
	uint32_t magic;
	uint32_t op;	/* enum seki_control_op; the reply repeats it */
	int32_t status; /* reply: 0 or a negative errno; request: 0 */
	uint32_t len;	/* bytes that follow */
	char name[48];	/* LOAD: what to call the program, NUL-terminated; else 0 */
};

_Static_assert(sizeof(struct seki_control_frame) == 64, "border layout");

#endif
