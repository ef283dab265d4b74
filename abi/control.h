/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the tenant's command line talks to the P4 VM: a SOCK_STREAM Unix connection, one request and
 * one reply each a frame: struct seki_control_frame, then `len` bytes.
 *
 *   LOAD    request: struct seki_control_target, `names` bytes of names, the object (ELF). Reply:
 *           text for the person, the loader's or verifier's log. A status other than 0 means the
 *           program that ran before still runs, undisturbed.
 *   UNLOAD  request: struct seki_control_target. Reply: text. -ENOENT: there is no such program.
 *   STATUS  request: empty. Reply: JSON text.
 *   STOP    request: empty. Ends a P4 VM that is inside the switch, whose process must not be ended.
 *           -EOPNOTSUPP: this one is a process.
 */
#ifndef SEKI_ABI_CONTROL_H
#define SEKI_ABI_CONTROL_H

#include <stdint.h>

#define SEKI_CONTROL_MAGIC	0x32544353u
#define SEKI_CONTROL_MAX_OBJECT (1u << 20)
#define SEKI_CONTROL_MAX_NAMES	8192u
#define SEKI_CONTROL_MAX_REPLY	(4u << 20)
#define SEKI_CONTROL_MAX_REQUEST                                                                   \
	(sizeof(struct seki_control_target) + SEKI_CONTROL_MAX_NAMES + SEKI_CONTROL_MAX_OBJECT)

enum seki_control_op {
	SEKI_CONTROL_LOAD = 1,
	SEKI_CONTROL_STATUS = 2,
	SEKI_CONTROL_UNLOAD = 3,
	SEKI_CONTROL_STOP = 4,
};

enum seki_control_flag {
	SEKI_CONTROL_KEEP_MAPS = 1, /* LOAD: carry maps over from the program that runs now */
};

struct seki_control_frame {
	uint32_t magic;
	uint32_t op;	/* enum seki_control_op; the reply repeats it */
	int32_t status; /* reply: 0 or a negative errno; request: 0 */
	uint32_t len;	/* bytes that follow */
	char name[48];	/* LOAD: what to call the program, NUL-terminated; else 0 */
};

/* Which program a request is about, and how to load it. */
struct seki_control_target {
	char port[64];	/* name of a port, NUL-terminated: its own; "": of all that have none */
	uint32_t flags; /* enum seki_control_flag; UNLOAD: 0 */
	uint32_t
		names; /* KEEP_MAPS: bytes of names of maps, each NUL-terminated; 0: all that can be */
};

_Static_assert(sizeof(struct seki_control_target) == 72, "border layout");
_Static_assert(sizeof(struct seki_control_frame) == 64, "border layout");

#endif
