// SPDX-License-Identifier: Apache-2.0
/* `sekisho bpf`: what the BPF machine makes of an object, without a switch or a VM. */
#include "cli/bpf.h"

#include <json-c/json.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/ring.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "core/base/check.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"

#define OBJECT_MAX (16u << 20)

const struct seki_cli_colours *seki_cli_colours(FILE *out)
{
	static const struct seki_cli_colours none = {"", "", "", ""};
	static const struct seki_cli_colours some = {"\033[1;31m", "\033[1;32m", "\033[2m",
						     "\033[0m"};

	return isatty(fileno(out)) && !getenv("NO_COLOR") ? &some : &none;
}

static unsigned int nibble(char c)
{
	return isdigit((unsigned char)c) ? (unsigned int)(c - '0')
					 : (unsigned int)(tolower((unsigned char)c) - 'a' + 10);
}

uint8_t *seki_cli_hex_parse(const char *text, size_t text_len, size_t *len)
{
	uint8_t *bytes = calloc(1, text_len / 2 + 1);
	size_t n = 0, i = 0;

	while (bytes && i < text_len) {
		if (isspace((unsigned char)text[i]) || text[i] == ':') {
			i++;
			continue;
		}
		if (i + 1 >= text_len || !isxdigit((unsigned char)text[i]) ||
		    !isxdigit((unsigned char)text[i + 1])) {
			n = 0;
			break;
		}
		bytes[n++] = (uint8_t)(nibble(text[i]) << 4 | nibble(text[i + 1]));
		i += 2;
	}
	if (!n) {
		free(bytes);
		return NULL;
	}
	*len = n;
	return bytes;
}

void seki_cli_add_text(struct json_object *to, const char *key, const char *value)
{
	char *text = strdup(value);

	for (char *c = text; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	json_object_object_add(to, key, json_object_new_string(text ? text : ""));
	free(text);
}

void seki_cli_add_u64(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

void seki_cli_add_hex(struct json_object *to, const char *key, const uint8_t *bytes, size_t len)
{
	char *text = malloc(2 * len + 1);

	for (size_t i = 0; text && i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	if (text)
		text[2 * len] = '\0';
	json_object_object_add(to, key, json_object_new_string(text ? text : ""));
	free(text);
}

void seki_cli_put_json(struct json_object *json)
{
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

bool seki_cli_object_read(const char *path, struct seki_cli_object *out)
{
	int err = seki_file_read(path, OBJECT_MAX, &out->bytes, &out->len);

	out->path = path;
	if (err == -EFBIG)
		complain("'%s': larger than 16 MiB, which no object of a packet program is", path);
	else if (err == -EINVAL)
		complain("'%s': not a regular file; name the object that clang or `sekisho p4 "
			 "build` wrote",
			 path);
	else if (err)
		complain("'%s': %s", path, strerror(-err));
	return !err;
}

struct seki_bpf_prog *seki_cli_load(const char *path, const struct seki_bpf_load_opts *opts,
				    bool json)
{
	static char log[1 << 16];
	struct seki_bpf_load_opts with_log = *opts;
	struct seki_cli_object object;
	struct seki_bpf_prog *prog;
	int err;

	if (!seki_cli_object_read(path, &object))
		return NULL;
	with_log.sz = sizeof(with_log);
	if (!with_log.max_packet)
		with_log.max_packet = SEKI_PACKET_MAX; /* as in the P4 VM */
	with_log.log = log;
	with_log.log_size = sizeof(log);
	log[0] = '\0';
	err = seki_bpf_prog_load(object.bytes, object.len, &with_log, &prog);
	free(object.bytes);
	if (!err)
		return prog;
	seki_cli_put_refusal(path, log, err, json);
	return NULL;
}

int seki_cli_bpf(int argc, char **argv)
{
	static const struct seki_cli_command commands[] = {
		{"verify", seki_cli_bpf_verify, "prove an object safe, or say why it is not"},
		{"run", seki_cli_bpf_run, "run it on a packet, or on those of a capture"},
		{"disasm", seki_cli_bpf_disasm, "print its instructions, or its machine code"},
		{"bench", seki_cli_bpf_bench, "measure the time of a run"},
	};
	static const struct seki_cli_group group = {
		"sekisho bpf", "The BPF machine on object files of packet programs.", commands,
		SEKI_COUNT(commands)};

	return seki_cli_dispatch(&group, argc, argv);
}
