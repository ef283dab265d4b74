/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of requests to load and unload (abi/control.h), as they came: untrusted. */
#ifndef SEKI_P4VM_REQUEST_H
#define SEKI_P4VM_REQUEST_H

#include "abi/control.h"
#include "p4vm/programs.h"

#define SEKI_REQUEST_NAMES 64u /* as many as a program has maps */

/* What a request to load says. The pointers go to its data. */
struct seki_request {
	struct seki_control_target target;
	const char *maps[SEKI_REQUEST_NAMES];
	struct seki_load load; /* its maps point to the above */
	const void *object;
	size_t object_len;
};

/* Takes `len` bytes of `data` apart, which are aligned to nothing. 0 or -EPROTO. */
int seki_request_read(const struct seki_control_frame *frame, const void *data,
		      struct seki_request *out);

#endif
