// SPDX-License-Identifier: Apache-2.0
#include "p4vm/request.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/base/check.h"

/* A name goes to logs, and is compared with what was made printable as well. */
static bool is_port(const char port[64])
{
	if (!memchr(port, '\0', 64))
		return false;
	for (; *port; port++) {
		if (!isgraph((unsigned char)*port))
			return false;
	}
	return true;
}

static int read_names(struct seki_request *out, const char *names, size_t len)
{
	uint32_t n = 0;

	while (len) {
		const char *end = memchr(names, '\0', len);

		if (!end || end == names || n == SEKI_REQUEST_NAMES)
			return -EPROTO;
		out->maps[n++] = names;
		len -= (size_t)(end + 1 - names);
		names = end + 1;
	}
	out->load.maps = n ? out->maps : NULL;
	out->load.n_maps = n;
	return 0;
}

int seki_request_read(const struct seki_control_frame *frame, const void *data,
		      struct seki_request *out)
{
	const struct seki_control_target *target = &out->target;
	const char *rest;
	size_t left;

	if (frame->len < sizeof(*target))
		return -EPROTO;
	*out = (struct seki_request){.load = {.name = frame->name, .port = target->port}};
	memcpy(&out->target, data, sizeof(*target));
	rest = (const char *)data + sizeof(*target);
	left = frame->len - sizeof(*target);
	if (!is_port(target->port) || (target->flags & ~(uint32_t)SEKI_CONTROL_KEEP_MAPS) ||
	    target->names > seki_min(left, SEKI_CONTROL_MAX_NAMES))
		return -EPROTO;
	if (frame->op == SEKI_CONTROL_UNLOAD)
		return target->flags || target->names ? -EPROTO : 0;
	out->load.keep = target->flags & SEKI_CONTROL_KEEP_MAPS;
	out->object = rest + target->names;
	out->object_len = left - target->names;
	if (!out->object_len || out->object_len > SEKI_CONTROL_MAX_OBJECT ||
	    (target->names && !out->load.keep))
		return -EPROTO;
	return read_names(out, rest, target->names);
}
