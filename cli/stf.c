// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "cli/stf_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "lib/p4/entry.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"

#define MAX_SCRIPT ((size_t)1 << 26) /* bytes */

struct seki_stf_packet {
	struct seki_stf_packet *next;
	uint32_t port, line, len;
	uint8_t bytes[];
};

/* ---- the host ---- */

static int udp_sent(void *arg, const struct seki_udp_query *query, uint64_t within_ms,
		    bool may_wait)
{
	const struct seki_stf *stf = arg;

	(void)within_ms;
	(void)may_wait;
	for (uint32_t i = 0; i < stf->n_sent; i++)
		if (memcmp(&stf->sent[i], query, sizeof(*query)) == 0)
			return 1;
	return 0;
}

static int udp_sent_any(void *arg, uint64_t within_ms, bool may_wait)
{
	(void)within_ms;
	(void)may_wait;
	return ((const struct seki_stf *)arg)->n_sent > 0;
}

bool seki_stf_init(struct seki_stf *stf, const struct seki_cli_p4_program *program,
		   struct seki_bpf_prog *prog)
{
	*stf = (struct seki_stf){.program = program};
	if (seki_cli_machine_init(&stf->m, prog, false)) {
		complain("'%s': out of memory", program->object.path);
		return false;
	}
	stf->m.host.udp_sent = udp_sent;
	stf->m.host.udp_sent_any = udp_sent_any;
	return true;
}

bool seki_stf_prepare(struct seki_stf *stf, const struct seki_cli_p4_source *source,
		      enum seki_bpf_engine engine, const char *entries,
		      struct seki_cli_p4_program *program)
{
	struct seki_bpf_prog *prog;

	if (!seki_cli_p4_open(source, program))
		return false;
	prog = seki_cli_p4_load(program, engine);
	return prog && seki_stf_init(stf, program, prog) && seki_stf_entries(stf, entries);
}

static void drop_packets(struct seki_stf *stf)
{
	for (struct seki_stf_packet *next, *p = stf->out; p; p = next) {
		next = p->next;
		free(p);
	}
	stf->out = NULL;
}

void seki_stf_exit(struct seki_stf *stf)
{
	drop_packets(stf);
	if (stf->m.prog)
		seki_cli_machine_exit(&stf->m);
}

/* ---- packets ---- */

/* The port, and what is behind it or NULL. False: it has told. */
static bool read_port(struct seki_stf *stf, const char *command, char *rest, uint32_t *port,
		      char **more)
{
	char *words[2] = {NULL, NULL};
	uint64_t value;

	if (seki_stf_split(rest, words, 2) < 1) {
		seki_stf_fault(stf, "write: %s PORT HEX", command);
		return false;
	}
	*more = words[1];
	if (!seki_stf_number(stf, words[0], &value))
		return false;
	*port = (uint32_t)value;
	return true;
}

static bool keep(struct seki_stf *stf, uint32_t port)
{
	const struct seki_bpf_run *run = &stf->m.run;
	struct seki_stf_packet *packet = malloc(sizeof(*packet) + run->copied), **end = &stf->out;

	if (!packet)
		return false;
	*packet = (struct seki_stf_packet){.port = port, .line = stf->line, .len = run->copied};
	memcpy(packet->bytes, run->buf + run->off, run->copied);
	while (*end)
		end = &(*end)->next;
	*end = packet;
	return true;
}

static bool run_packet(struct seki_stf *stf, uint32_t port, const uint8_t *data, size_t len)
{
	struct seki_cli_packet packet = {.bytes = data,
					 .copied = (uint32_t)len,
					 .len = (uint32_t)len,
					 .time_ns = stf->time_ns};
	struct seki_cli_machine *m = &stf->m;

	m->port = port;
	if (seki_cli_machine_put(m, &packet))
		return false;
	seki_cli_machine_run(m, &packet);
	stf->ran = true;
	stf->passed = !m->err && m->r0;
	stf->site = m->run.site;
	if (m->err && m->err != -ENOBUFS)
		seki_stf_fault(stf, "the packet could not be run: %s", seki_cli_machine_why(m));
	if (!stf->passed)
		return true;
	return keep(stf, stf->compat || m->run.meta.output_action == SEKI_ACTION_REDIRECT
				 ? m->run.meta.output_port
				 : port);
}

static bool do_packet(struct seki_stf *stf, char *rest)
{
	static uint8_t none[1];
	uint8_t *data = none;
	uint32_t port;
	size_t len = 0;
	char *hex;
	bool good;

	if (!read_port(stf, "packet", rest, &port, &hex))
		return true;
	if (hex) {
		seki_stf_squeeze(hex);
		data = seki_stf_bytes(stf, hex, &len);
		if (!data)
			return true;
	}
	good = run_packet(stf, port, data, len);
	if (hex)
		free(data);
	return good;
}

static struct seki_stf_packet *take(struct seki_stf *stf, uint32_t port)
{
	for (struct seki_stf_packet **p = &stf->out; *p; p = &(*p)->next) {
		struct seki_stf_packet *packet = *p;

		if (packet->port != port)
			continue;
		*p = packet->next;
		return packet;
	}
	return NULL;
}

static void compare(struct seki_stf *stf, const struct seki_stf_packet *packet,
		    const char *expected, bool ends)
{
	char text[64];

	if (seki_stf_matches(expected, ends, packet->bytes, packet->len)) {
		stf->met++;
		return;
	}
	snprintf(text, sizeof(text), "port %u: another packet came out", packet->port);
	seki_stf_tell(stf, &(struct seki_stf_fault){.line = stf->line,
						    .text = text,
						    .expected = expected,
						    .got = packet->bytes,
						    .got_len = packet->len});
}

static bool do_expect(struct seki_stf *stf, char *rest)
{
	struct seki_stf_packet *packet;
	uint32_t port;
	char *hex;
	bool ends;

	if (!read_port(stf, "expect", rest, &port, &hex))
		return true;
	packet = take(stf, port);
	ends = hex && (seki_stf_squeeze(hex) || stf->compat);
	if (packet)
		compare(stf, packet, hex ? hex : "", ends);
	else if (stf->ran && !stf->passed && stf->site)
		seki_stf_fault(
			stf, "nothing came out of port %u; the last packet was dropped at line %u",
			port, stf->site);
	else
		seki_stf_fault(stf, "nothing came out of port %u%s", port,
			       stf->ran && !stf->passed ? "; the last packet was dropped" : "");
	free(packet);
	return true;
}

static bool do_drop(struct seki_stf *stf, char *rest)
{
	char *words[1];
	uint64_t line = 0;

	if (seki_stf_split(rest, words, 1) && !seki_stf_number(stf, words[0], &line))
		return true;
	if (!stf->ran)
		seki_stf_fault(stf, "there was no packet");
	else if (stf->passed)
		seki_stf_fault(stf, "the packet was not dropped");
	else if (line && stf->site != line)
		seki_stf_fault(stf, "the packet was dropped at line %u, not %llu", stf->site,
			       (unsigned long long)line);
	else
		stf->met++;
	return true;
}

/* Those that went out and were not expected. */
static bool do_no_packet(struct seki_stf *stf, char *rest)
{
	(void)rest;
	stf->met += stf->out == NULL;
	for (const struct seki_stf_packet *p = stf->out; p; p = p->next) {
		char text[96];

		snprintf(text, sizeof(text), "port %u: a packet came out that was not expected",
			 p->port);
		seki_stf_tell(stf, &(struct seki_stf_fault){.line = p->line,
							    .text = text,
							    .got = p->bytes,
							    .got_len = p->len});
	}
	drop_packets(stf);
	return true;
}

/* ---- tables ---- */

static void change(struct seki_stf *stf, enum seki_p4rt_form form, const char *text)
{
	struct seki_p4rt_entry entry;
	char why[SEKI_P4RT_WHY];

	if (seki_p4rt_entry_parse(stf->program->p4rt, form, text, &entry, why)) {
		seki_stf_fault(stf, "%s", why);
		return;
	}
	if (seki_p4rt_entry_apply(stf->m.prog, &entry, why))
		seki_stf_fault(stf, "%s", why);
	seki_p4rt_entry_exit(&entry);
}

static bool do_add(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_ADD, rest);
	return true;
}

static bool do_setdefault(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_DEFAULT, rest);
	return true;
}

static bool do_remove(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_REMOVE, rest);
	return true;
}

static bool do_member(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_MEMBER, rest);
	return true;
}

static bool do_remove_member(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_MEMBER_REMOVE, rest);
	return true;
}

static bool do_group(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_GROUP, rest);
	return true;
}

static bool do_remove_group(struct seki_stf *stf, char *rest)
{
	change(stf, SEKI_P4RT_GROUP_REMOVE, rest);
	return true;
}

/* ---- what the program is told ---- */

static bool put_hex(struct seki_stf *stf, const char *text, uint8_t *to, size_t want)
{
	size_t len = 0;
	uint8_t *value = seki_stf_bytes(stf, text, &len);
	bool good = value && len == want;

	if (value && !good)
		seki_stf_fault(stf, "'%s' does not have %zu bytes", text, want);
	if (good)
		memcpy(to, value, want);
	free(value);
	return good;
}

static bool do_sent(struct seki_stf *stf, char *rest)
{
	struct seki_udp_query query = {0};
	uint8_t ports[4];
	char *words[5];
	size_t size;

	if (seki_stf_split(rest, words, 5) < 5 || (*words[0] != '4' && *words[0] != '6')) {
		seki_stf_fault(stf, "write: sent 4|6 SADDR DADDR SPORT DPORT");
		return true;
	}
	if (stf->n_sent == SEKI_STF_SENT) {
		seki_stf_fault(stf, "more than %u lines 'sent'", SEKI_STF_SENT);
		return true;
	}
	query.family = (uint8_t)(*words[0] - '0');
	size = query.family == 4 ? 4 : 16;
	if (!put_hex(stf, words[1], query.saddr, size) ||
	    !put_hex(stf, words[2], query.daddr, size) || !put_hex(stf, words[3], ports, 2) ||
	    !put_hex(stf, words[4], ports + 2, 2))
		return true;
	query.sport = (uint16_t)(ports[0] << 8 | ports[1]);
	query.dport = (uint16_t)(ports[2] << 8 | ports[3]);
	stf->sent[stf->n_sent++] = query;
	return true;
}

static bool do_time(struct seki_stf *stf, char *rest)
{
	char *words[1];

	if (seki_stf_split(rest, words, 1) < 1 || !seki_stf_number(stf, words[0], &stf->time_ns))
		seki_stf_fault(stf, "write: time NS");
	return true;
}

static bool do_wait(struct seki_stf *stf, char *rest)
{
	(void)stf;
	(void)rest;
	return true;
}

/* ---- the script ---- */

static const struct {
	const char *word;
	bool (*run)(struct seki_stf *stf, char *rest);
	bool is_entry;
} commands[] = {
	{"packet", do_packet, false},
	{"expect", do_expect, false},
	{"drop", do_drop, false},
	{"no_packet", do_no_packet, false},
	{"check_counter", seki_stf_do_check_counter, false},
	{"value", seki_stf_do_value, false},
	{"add", do_add, true},
	{"setdefault", do_setdefault, true},
	{"remove", do_remove, true},
	{"member", do_member, true},
	{"remove_member", do_remove_member, true},
	{"group", do_group, true},
	{"remove_group", do_remove_group, true},
	{"meter", seki_stf_do_meter, true},
	{"digest", seki_stf_do_digest, false},
	{"set", seki_stf_do_set, true},
	{"sent", do_sent, true},
	{"time", do_time, true},
	{"wait", do_wait, true},
};

static bool run_line(struct seki_stf *stf, char *line)
{
	char *words[2] = {NULL, NULL}, none[1] = "";

	line[strcspn(line, "#\r")] = '\0';
	if (!seki_stf_split(line, words, 2))
		return true;
	for (size_t i = 0; i < SEKI_COUNT(commands); i++) {
		if (strcmp(words[0], commands[i].word) != 0)
			continue;
		if (stf->entries_only && !commands[i].is_entry)
			return true;
		return commands[i].run(stf, words[1] ? words[1] : none);
	}
	seki_stf_fault(stf, "'%.40s' is not a command", words[0]);
	return true;
}

bool seki_stf_run(struct seki_stf *stf, const char *text)
{
	char *copy = strdup(text), *save = copy, *line;
	bool good = copy != NULL;

	stf->line = 0;
	while (good && (line = strsep(&save, "\n"))) {
		stf->line++;
		good = run_line(stf, line);
	}
	free(copy);
	if (good && stf->out) /* nothing was said about them */
		do_no_packet(stf, NULL);
	return good;
}

char *seki_stf_read(const char *path)
{
	void *data;
	size_t len;
	int err = seki_file_read(path, MAX_SCRIPT, &data, &len);
	char *text = err ? NULL : strndup(data, len);

	if (err)
		complain("'%s': %s", path, strerror(-err));
	else
		free(data);
	return text;
}

static void complain_fault(void *arg, const struct seki_stf_fault *fault)
{
	complain("%s:%u: %s", (const char *)arg, fault->line, fault->text);
}

bool seki_stf_entries(struct seki_stf *stf, const char *path)
{
	char *text = path ? seki_stf_read(path) : NULL;
	bool good;

	if (!path || !text)
		return !path;
	stf->entries_only = true;
	stf->fault = complain_fault;
	stf->arg = (void *)path;
	good = seki_stf_run(stf, text);
	stf->fault = NULL;
	free(text);
	return good && !stf->faults;
}

void seki_stf_options(const char *path, const char *text, bool *compat, char **externs)
{
	static const char mark[] = "#: extern ";
	const char *at = strstr(text, mark), *slash = strrchr(path, '/');

	*compat = strstr(text, "#: compat") != NULL;
	*externs = NULL;
	if (!at)
		return;
	at += sizeof(mark) - 1;
	if (asprintf(externs, "%.*s%.*s", slash ? (int)(slash - path) + 1 : 0, path,
		     (int)strcspn(at, " \t\r\n"), at) < 0)
		*externs = NULL;
}
