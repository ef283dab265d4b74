// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "cli/stf.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "lib/p4/entry.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"

#define MAX_WORDS  6
#define MAX_SCRIPT ((size_t)1 << 26) /* bytes */

struct seki_stf_packet {
	struct seki_stf_packet *next;
	uint32_t port, line, len;
	uint8_t bytes[];
};

/* ---- faults ---- */

static void tell(struct seki_stf *stf, const struct seki_stf_fault *fault)
{
	stf->faults++;
	if (stf->fault)
		stf->fault(stf->arg, fault);
}

static void fault(struct seki_stf *stf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct seki_stf *stf, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* words of the script may hold anything */
		if (iscntrl((unsigned char)*c))
			*c = '?';
	tell(stf, &(struct seki_stf_fault){.line = stf->line, .text = text});
}

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

/* ---- words ---- */

/* Cuts the text in words; the last has all that is left. */
static int split(char *text, char **words, int max)
{
	int n = 0;

	while (n < max) {
		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		words[n++] = text;
		if (n == max)
			break;
		while (*text && !isspace((unsigned char)*text))
			text++;
		if (*text)
			*text++ = '\0';
	}
	return n;
}

static bool number(struct seki_stf *stf, const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (!errno && end != text && !*end && isdigit((unsigned char)*text))
		return true;
	fault(stf, "'%s' is not a number", text);
	return false;
}

/* Bytes of hex, of malloc(), or NULL: it has told. */
static uint8_t *bytes(struct seki_stf *stf, const char *text, size_t *len)
{
	uint8_t *out = seki_cli_hex_parse(text, strlen(text), len);

	if (!out)
		fault(stf, "'%.40s' are not bytes in hex", text);
	return out;
}

/* Digits only, small; true: with $ at their end. */
static bool squeeze(char *text)
{
	char *to = text;
	bool ends = false;

	for (; *text; text++) {
		ends = ends || *text == '$';
		if (!isspace((unsigned char)*text) && *text != '$')
			*to++ = (char)tolower((unsigned char)*text);
	}
	*to = '\0';
	return ends;
}

static bool matches(const char *expected, bool ends, const uint8_t *got, size_t len)
{
	size_t digits = strlen(expected);

	if (digits > 2 * len || (ends && digits != 2 * len))
		return false;
	for (size_t i = 0; i < digits; i++) {
		uint32_t nibble = i % 2 ? got[i / 2] & 15 : got[i / 2] >> 4;

		if (expected[i] != '*' && expected[i] != "0123456789abcdef"[nibble])
			return false;
	}
	return true;
}

/* ---- packets ---- */

/* The port, and what is behind it or NULL. False: it has told. */
static bool read_port(struct seki_stf *stf, const char *command, char *rest, uint32_t *port,
		      char **more)
{
	char *words[2] = {NULL, NULL};
	uint64_t value;

	if (split(rest, words, 2) < 1) {
		fault(stf, "write: %s PORT HEX", command);
		return false;
	}
	*more = words[1];
	if (!number(stf, words[0], &value))
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
		fault(stf, "the packet could not be run: %s", seki_cli_machine_why(m));
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
		squeeze(hex);
		data = bytes(stf, hex, &len);
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

	if (matches(expected, ends, packet->bytes, packet->len)) {
		stf->met++;
		return;
	}
	snprintf(text, sizeof(text), "port %u: another packet came out", packet->port);
	tell(stf, &(struct seki_stf_fault){.line = stf->line,
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
	ends = hex && (squeeze(hex) || stf->compat);
	if (packet)
		compare(stf, packet, hex ? hex : "", ends);
	else if (stf->ran && !stf->passed && stf->site)
		fault(stf, "nothing came out of port %u; the last packet was dropped at line %u",
		      port, stf->site);
	else
		fault(stf, "nothing came out of port %u%s", port,
		      stf->ran && !stf->passed ? "; the last packet was dropped" : "");
	free(packet);
	return true;
}

static bool do_drop(struct seki_stf *stf, char *rest)
{
	char *words[1];
	uint64_t line = 0;

	if (split(rest, words, 1) && !number(stf, words[0], &line))
		return true;
	if (!stf->ran)
		fault(stf, "there was no packet");
	else if (stf->passed)
		fault(stf, "the packet was not dropped");
	else if (line && stf->site != line)
		fault(stf, "the packet was dropped at line %u, not %llu", stf->site,
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
		tell(stf,
		     &(struct seki_stf_fault){
			     .line = p->line, .text = text, .got = p->bytes, .got_len = p->len});
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
		fault(stf, "%s", why);
		return;
	}
	if (seki_p4rt_entry_apply(stf->m.prog, &entry, why))
		fault(stf, "%s", why);
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

/* ---- maps ---- */

/* The map, the bytes of a key, and a value's size; NULL: it has told. */
static struct seki_bpf_map *find_map(struct seki_stf *stf, char **words, uint8_t **key)
{
	struct seki_bpf_map *map = seki_bpf_prog_map(stf->m.prog, words[0]);
	size_t len = 0;

	if (!map) {
		fault(stf, "there is no map '%s'", words[0]);
		return NULL;
	}
	*key = bytes(stf, words[1], &len);
	if (*key && len == seki_bpf_map_key_bytes(map))
		return map;
	if (*key)
		fault(stf, "keys of map '%s' have %u bytes", words[0], seki_bpf_map_key_bytes(map));
	free(*key);
	return NULL;
}

static bool do_set(struct seki_stf *stf, char *rest)
{
	char *words[3];
	uint8_t *key, *value;
	struct seki_bpf_map *map;
	size_t len = 0;

	if (split(rest, words, 3) < 3) {
		fault(stf, "write: set MAP KEY VALUE");
		return true;
	}
	map = find_map(stf, words, &key);
	if (!map)
		return true;
	value = bytes(stf, words[2], &len);
	if (value &&
	    (len != seki_bpf_map_def(map)->value_size || seki_bpf_map_set(map, key, value)))
		fault(stf, "map '%s' does not take this entry", words[0]);
	free(value);
	free(key);
	return true;
}

static bool do_value(struct seki_stf *stf, char *rest)
{
	char *words[3];
	uint8_t *key, *value;
	struct seki_bpf_map *map;

	if (split(rest, words, 3) < 3) {
		fault(stf, "write: value MAP KEY VALUE");
		return true;
	}
	map = find_map(stf, words, &key);
	if (!map)
		return true;
	value = calloc(1, seki_bpf_map_def(map)->value_size + 1);
	squeeze(words[2]);
	if (!value || seki_bpf_map_get(map, key, value))
		fault(stf, "map '%s' has no such entry", words[0]);
	else if (matches(words[2], true, value, seki_bpf_map_def(map)->value_size))
		stf->met++;
	else
		tell(stf, &(struct seki_stf_fault){.line = stf->line,
						   .text = "the value is another one",
						   .expected = words[2],
						   .got = value,
						   .got_len = seki_bpf_map_def(map)->value_size});
	free(value);
	free(key);
	return true;
}

static bool holds(uint64_t a, const char *operator, uint64_t b)
{
	switch (operator[0]) {
	case '<':
		return operator[1] ? a <= b : a<b;
	case '>':
		return operator[1] ? a >= b : a> b;
	case '!':
		return a != b;
	default:
		return a == b;
	}
}

/* The map of a counter or meter, by any of its names. */
static struct seki_bpf_map *find_cells(struct seki_stf *stf, const char *what, const char *name,
				       size_t size)
{
	for (uint32_t i = 0; i < seki_bpf_prog_info(stf->m.prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(stf->m.prog, i);

		if (seki_p4rt_is_name(seki_bpf_map_name(map), name, strlen(name)) &&
		    seki_bpf_map_def(map)->value_size == size)
			return map;
	}
	fault(stf, "there is no %s '%s' that the program uses", what, name);
	return NULL;
}

/* NAME(INDEX) and what is behind it, in words. */
static int split_cell(char *rest, char **words)
{
	for (char *c = rest; *c; c++)
		if (*c == '(' || *c == ')')
			*c = ' ';
	return split(rest, words, MAX_WORDS);
}

static bool do_check_counter(struct seki_stf *stf, char *rest)
{
	struct seki_counter counter;
	char *words[MAX_WORDS];
	struct seki_bpf_map *map;
	uint64_t index, want, got;
	uint32_t key;
	int n, at = 2;
	bool is_bytes;

	n = split_cell(rest, words);
	if (n < 3) {
		fault(stf, "write: check_counter NAME(INDEX) [packets|bytes] [OPERATOR] NUMBER");
		return true;
	}
	if (!number(stf, words[1], &index) || !number(stf, words[n - 1], &want))
		return true;
	is_bytes = strcmp(words[at], "bytes") == 0;
	at += is_bytes || strcmp(words[at], "packets") == 0;
	map = find_cells(stf, "counter", words[0], sizeof(counter));
	key = (uint32_t)index;
	if (!map)
		return true;
	if (index > UINT32_MAX || seki_bpf_map_get(map, &key, &counter)) {
		fault(stf, "counter '%s' has no cell %s", words[0], words[1]);
		return true;
	}
	got = is_bytes ? counter.bytes : counter.packets;
	if (holds(got, words[at], want))
		stf->met++;
	else
		fault(stf, "counter '%s' has %llu %s in cell %s", words[0], (unsigned long long)got,
		      is_bytes ? "bytes" : "packets", words[1]);
	return true;
}

static bool do_meter(struct seki_stf *stf, char *rest)
{
	struct seki_meter meter = {.is_set = 1};
	char *words[MAX_WORDS];
	struct seki_bpf_map *map;
	uint64_t index;
	uint32_t key;

	if (split_cell(rest, words) != 6) {
		fault(stf, "write: meter NAME(INDEX) CIR CBS PIR PBS");
		return true;
	}
	if (!number(stf, words[1], &index) || !number(stf, words[2], &meter.cir) ||
	    !number(stf, words[3], &meter.cbs) || !number(stf, words[4], &meter.pir) ||
	    !number(stf, words[5], &meter.pbs))
		return true;
	map = find_cells(stf, "meter", words[0], sizeof(meter));
	key = (uint32_t)index;
	if (map && (index > UINT32_MAX || seki_bpf_map_set(map, &key, &meter)))
		fault(stf, "meter '%s' has no cell %s", words[0], words[1]);
	return true;
}

/* ---- digests ---- */

static bool do_digest(struct seki_stf *stf, char *rest)
{
	struct seki_bpf_map *map;
	uint8_t *record;
	char *words[2];
	uint32_t size;
	int err;

	if (split(rest, words, 2) < 2) {
		fault(stf, "write: digest NAME RECORD|none");
		return true;
	}
	map = seki_bpf_prog_map(stf->m.prog, words[0]);
	size = map ? seki_bpf_map_def(map)->value_size : 0;
	record = calloc(1, size + 1);
	if (!record)
		return false;
	err = map ? seki_bpf_digest_next(stf->m.prog, words[0], 0, record) : -ENOENT;
	squeeze(words[1]);
	if (err && err != -EAGAIN)
		fault(stf, "there is no digest '%s' that the program uses", words[0]);
	else if (err ? strcmp(words[1], "none") == 0 : matches(words[1], true, record, size))
		stf->met++;
	else if (err)
		fault(stf, "digest '%s' has no record", words[0]);
	else
		tell(stf, &(struct seki_stf_fault){.line = stf->line,
						   .text = "another record",
						   .expected = words[1],
						   .got = record,
						   .got_len = size});
	free(record);
	return true;
}

/* ---- what the program is told ---- */

static bool put_hex(struct seki_stf *stf, const char *text, uint8_t *to, size_t want)
{
	size_t len = 0;
	uint8_t *value = bytes(stf, text, &len);
	bool good = value && len == want;

	if (value && !good)
		fault(stf, "'%s' does not have %zu bytes", text, want);
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

	if (split(rest, words, 5) < 5 || (*words[0] != '4' && *words[0] != '6')) {
		fault(stf, "write: sent 4|6 SADDR DADDR SPORT DPORT");
		return true;
	}
	if (stf->n_sent == SEKI_STF_SENT) {
		fault(stf, "more than %u lines 'sent'", SEKI_STF_SENT);
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

	if (split(rest, words, 1) < 1 || !number(stf, words[0], &stf->time_ns))
		fault(stf, "write: time NS");
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
	{"check_counter", do_check_counter, false},
	{"value", do_value, false},
	{"add", do_add, true},
	{"setdefault", do_setdefault, true},
	{"remove", do_remove, true},
	{"member", do_member, true},
	{"remove_member", do_remove_member, true},
	{"group", do_group, true},
	{"remove_group", do_remove_group, true},
	{"meter", do_meter, true},
	{"digest", do_digest, false},
	{"set", do_set, true},
	{"sent", do_sent, true},
	{"time", do_time, true},
	{"wait", do_wait, true},
};

static bool run_line(struct seki_stf *stf, char *line)
{
	char *words[2] = {NULL, NULL}, none[1] = "";

	line[strcspn(line, "#\r")] = '\0';
	if (!split(line, words, 2))
		return true;
	for (size_t i = 0; i < SEKI_COUNT(commands); i++) {
		if (strcmp(words[0], commands[i].word) != 0)
			continue;
		if (stf->entries_only && !commands[i].is_entry)
			return true;
		return commands[i].run(stf, words[1] ? words[1] : none);
	}
	fault(stf, "'%.40s' is not a command", words[0]);
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
