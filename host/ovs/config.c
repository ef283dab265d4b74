// SPDX-License-Identifier: Apache-2.0
/* The settings of a shielded port: other_config:sekisho* of its Interface row. */
#include "host/ovs/queue.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *(*get)(const void *arg, const char *key);
	const void *get_arg;
	void (*warn)(void *arg, const char *key, const char *value);
	void *warn_arg;
};

static void read_number(const struct reader *r, const char *key, uint32_t max, uint32_t *out)
{
	const char *value = r->get(r->get_arg, key);
	unsigned long number;
	char *end;

	if (!value)
		return;
	errno = 0;
	number = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number < 1 || number > max)
		r->warn(r->warn_arg, key, value);
	else
		*out = (uint32_t)number;
}

static void read_policy(const struct reader *r, struct seki_hook_config *config)
{
	const char *key = "sekisho-fail";
	const char *value = r->get(r->get_arg, key);

	if (!value || !strcmp(value, "closed"))
		return;
	if (!strcmp(value, "open"))
		config->fail_open = true;
	else
		r->warn(r->warn_arg, key, value);
}

static void read_grants(const struct reader *r, struct seki_hook_config *config)
{
	const char *key = "sekisho-redirect";
	const char *value = r->get(r->get_arg, key);
	const char *name = value;

	while (name) {
		const char *comma = strchrnul(name, ',');
		size_t len = (size_t)(comma - name);

		if (len == 0 || len >= SEKI_HOOK_NAME || config->grants == SEKI_HOOK_GRANTS) {
			r->warn(r->warn_arg, key, value);
			memset(config->grant, 0, sizeof(config->grant));
			config->grants = 0;
			return;
		}
		memcpy(config->grant[config->grants++], name, len);
		name = *comma ? comma + 1 : NULL;
	}
}

/* Six bytes in hexadecimal with colons between them, up to the end or a comma, which is returned; NULL: it is not. */
static const char *read_address(const char *text, uint64_t *out)
{
	uint64_t address = 0;

	for (int i = 0; i < 6; i++) {
		if ((i && *text++ != ':') || !isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]))
			return NULL;
		address = address << 8 | strtoul((char[]){text[0], text[1], 0}, NULL, 16);
		text += 2;
	}
	*out = address;
	return !*text || *text == ',' ? text : NULL;
}

/* Where it is not valid the port may send from no address. */
static void read_sources(const struct reader *r, struct seki_hook_config *config)
{
	const char *key = "sekisho-mac";
	const char *value = r->get(r->get_arg, key);
	const char *at = value;

	while (at) {
		at = config->sources == SEKI_HOOK_SOURCES
			     ? NULL
			     : read_address(at, &config->source[config->sources]);
		if (!at) {
			r->warn(r->warn_arg, key, value);
			config->sources = 1;
			config->source[0] = UINT64_MAX;
			return;
		}
		config->sources++;
		at = *at ? at + 1 : NULL;
	}
}

static void read_socket(const struct reader *r, struct seki_hook_config *config)
{
	const char *key = "sekisho";
	const char *value = r->get(r->get_arg, key);

	if (!value)
		return;
	if ((value[0] != '/' && !seki_inlined_name(value)) || strlen(value) >= SEKI_HOOK_SOCKET)
		r->warn(r->warn_arg, key, value);
	strncpy(config->socket, value[0] ? value : "/", SEKI_HOOK_SOCKET - 1);
}

void seki_hook_config_read(struct seki_hook_config *config,
			   const char *(*get)(const void *arg, const char *key),
			   const void *get_arg,
			   void (*warn)(void *arg, const char *key, const char *value),
			   void *warn_arg)
{
	const struct reader r = {get, get_arg, warn, warn_arg};

	memset(config, 0, sizeof(*config));
	config->inflight = SEKI_RING_ENTRIES;
	config->deadline_ms = 1000;
	config->workers = 1;
	read_socket(&r, config);
	read_policy(&r, config);
	read_number(&r, "sekisho-inflight", SEKI_RING_ENTRIES, &config->inflight);
	read_number(&r, "sekisho-workers", SEKI_HOOK_LANES, &config->workers);
	read_number(&r, "sekisho-deadline-ms", SEKI_HOOK_DEADLINE_MAX_MS, &config->deadline_ms);
	read_grants(&r, config);
	read_sources(&r, config);
}
