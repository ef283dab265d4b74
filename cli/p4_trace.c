// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho p4 trace`: what a program does with each packet. It is built to print that
 * (compiler/p4/emit/trace.c), and run in the interpreter.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bpf_run.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/stf.h"
#include "core/base/check.h"
#include "lib/p4/entry.h"
#include "lib/sys/log.h"

#define MAX_HEX 1024u

struct config {
	struct seki_cli_p4_source source;
	const char *pcap;
	const char *packet;
	const char *entries;
	uint32_t port;
	bool json;
};

/* All of a call. */
struct session {
	const struct config *config;
	struct seki_cli_p4_program program;
	struct seki_stf stf;
	struct seki_cli_packets *packets;
	struct seki_cli_tally tally;
};

/* ---- lines of the program ---- */

/* What one tells, with its numbers. */
struct step {
	char kind;	 /* S X F T K H A D: see emit/trace.c */
	uint32_t number; /* line, bits, or 0 and 1 */
	char hex[MAX_HEX];
	char *name; /* inside what was printed */
};

/* The next line, cut off; NULL: there is none. */
static char *next_line(char **at)
{
	char *line = *at;
	size_t len = strcspn(line, "\n");

	if (!*line)
		return NULL;
	*at = line + len + (line[len] == '\n');
	line[len] = '\0';
	return line;
}

/* Numbers of more than 64 bits go on in lines with '+'. */
static void read_hex(struct step *step, char *word, char **at)
{
	size_t n = (size_t)snprintf(step->hex, sizeof(step->hex), "%.16s", word);

	while (**at == '+' && n + 17 < sizeof(step->hex))
		n += (size_t)snprintf(step->hex + n, sizeof(step->hex) - n, "%016llx",
				      strtoull(next_line(at) + 1, NULL, 16));
}

/* False: no more. */
static bool next_step(struct step *step, char **at)
{
	char *line = next_line(at), *end, *space;

	if (!line)
		return false;
	*step = (struct step){.kind = line[0]};
	step->number = (uint32_t)strtoul(line + 1, &end, 10);
	step->name = end + (*end == ' ');
	if (!strchr("FKD", step->kind))
		return true;
	space = strchr(step->name, ' ');
	if (!space)
		return true;
	*space = '\0';
	read_hex(step, step->name, at);
	step->name = space + 1;
	return true;
}

/* The value as people write values of this width. */
static void print_value(const struct step *step, char text[SEKI_P4RT_MAX_TEXT])
{
	char hex[MAX_HEX + 2];
	uint8_t number[SEKI_P4RT_MAX_BYTES];

	snprintf(hex, sizeof(hex), "0x%s", step->hex);
	if (step->number && step->number <= SEKI_P4RT_MAX_WIDTH &&
	    seki_p4rt_number_parse(hex, strlen(hex), step->number, number) == 0)
		seki_p4rt_number_print(number, step->number, text);
	else
		snprintf(text, SEKI_P4RT_MAX_TEXT, "%.500s", hex);
}

/* Steps that count together. */
struct list {
	struct step *steps;
	uint32_t n;
};

static void keep(struct list *list, const struct step *step)
{
	struct step *more = realloc(list->steps, (list->n + 1) * sizeof(*more));

	if (!more)
		return;
	list->steps = more;
	list->steps[list->n++] = *step;
}

/* ---- the entry that was found ---- */

typedef void (*entry_visitor)(void *arg, const char *name, const char *text);

/* What was told before: the last table and its key, and what the next action gets. */
struct tale {
	struct step table;
	struct list keys, data;
};

static void follow(struct tale *tale, const struct step *step)
{
	if (step->kind == 'T') {
		tale->table = *step;
		tale->keys.n = 0;
	}
	if (step->kind == 'K')
		keep(&tale->keys, step);
	if (step->kind == 'D')
		keep(&tale->data, step);
}

static void free_tale(struct tale *tale)
{
	free(tale->keys.steps);
	free(tale->data.steps);
}

/* Is an entry more than a value for each key? */
static bool has_patterns(const struct session *s, const struct tale *tale)
{
	const struct seki_p4rt_table *table =
		tale->table.name ? seki_p4rt_table(s->program.p4rt, tale->table.name) : NULL;

	return table && table->type != SEKI_MAP_HASH && table->n_fields == tale->keys.n;
}

static bool read_keys(const struct seki_p4rt_table *table, const struct list *keys,
		      uint8_t *numbers)
{
	char hex[MAX_HEX + 2];

	for (uint32_t i = 0; i < table->n_fields; i++) {
		snprintf(hex, sizeof(hex), "0x%s", keys->steps[i].hex);
		if (seki_p4rt_number_parse(hex, strlen(hex), table->fields[i].width,
					   numbers + i * SEKI_P4RT_MAX_BYTES))
			return false;
	}
	return true;
}

/* What its fields match, where that is not just the key. */
static void visit_entry(const struct session *s, const char *name, const struct list *keys,
			entry_visitor visit, void *arg)
{
	const struct seki_p4rt_table *table = seki_p4rt_table(s->program.p4rt, name);
	char text[SEKI_P4RT_MAX_MATCH];
	struct seki_p4rt_match *matches;
	uint32_t priority;
	uint8_t *numbers;

	matches = calloc(table->n_fields, sizeof(*matches));
	numbers = calloc(table->n_fields, SEKI_P4RT_MAX_BYTES);
	if (matches && numbers && read_keys(table, keys, numbers) &&
	    seki_p4rt_find(s->stf.m.prog, table, numbers, matches, &priority) == 0) {
		for (uint32_t i = 0; i < table->n_fields; i++) {
			seki_p4rt_match_print(&table->fields[i], &matches[i], text);
			visit(arg, table->fields[i].name, text);
		}
		snprintf(text, sizeof(text), "%u", priority);
		if (table->type == SEKI_MAP_CLASSIFIER)
			visit(arg, "priority", text);
	}
	free(matches);
	free(numbers);
}

/* ---- text ---- */

/* The last part of a field's name: the header's stands before. */
static const char *short_name(const struct step *step)
{
	const char *dot = strrchr(step->name, '.');

	return step->kind != 'K' && dot ? dot + 1 : step->name;
}

static void print_head(const struct session *s, const char *what, const char *indent,
		       const struct step *step)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);

	printf("%s%s %s  %s%s:%u%s", indent, what, step->name, colours->dim,
	       seki_bpf_prog_info(s->stf.m.prog)->source, step->number, colours->off);
}

static void print_step(const struct session *s, const struct step *step, bool open)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);
	char value[SEKI_P4RT_MAX_TEXT];

	if (open && strchr("SXTA", step->kind))
		putchar('\n');
	switch (step->kind) {
	case 'S':
		print_head(s, "state", "  ", step);
		break;
	case 'X':
		print_head(s, "extract", "    ", step);
		break;
	case 'T':
		print_head(s, "table", "  ", step);
		break;
	case 'A':
		print_head(s, "action", "    ", step);
		break;
	case 'H':
		printf(" -> %s%s%s", step->number ? colours->good : colours->bad,
		       step->number ? "hit" : "miss", colours->off);
		break;
	default:
		print_value(step, value);
		printf("  %s = %s", short_name(step), value);
	}
}

static void print_match(void *arg, const char *name, const char *text)
{
	(void)arg;
	printf("  %s: %s", name, text);
}

static void print_hit(const struct session *s, const struct tale *tale)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);

	printf("\n    entry %s", colours->dim);
	visit_entry(s, tale->table.name, &tale->keys, print_match, NULL);
	printf("%s", colours->off);
}

static void print_steps(const struct session *s, char *at)
{
	struct tale tale = {.table.name = NULL};
	struct step step;
	bool open = false;

	while (next_step(&step, &at)) {
		follow(&tale, &step);
		if (step.kind == 'D')
			continue;
		print_step(s, &step, open);
		open = true;
		if (step.kind == 'H' && step.number && has_patterns(s, &tale))
			print_hit(s, &tale);
		for (uint32_t i = 0; step.kind == 'A' && i < tale.data.n; i++)
			print_step(s, &tale.data.steps[i], true);
		tale.data.n = step.kind == 'A' ? 0 : tale.data.n;
	}
	if (open)
		putchar('\n');
	free_tale(&tale);
}

/* ---- JSON ---- */

static struct json_object *step_json(const struct step *step)
{
	static const struct {
		char kind;
		const char *name;
	} names[] = {{'S', "state"}, {'X', "extract"}, {'T', "table"}, {'A', "action"}};
	struct json_object *json = json_object_new_object();

	for (size_t i = 0; i < SEKI_COUNT(names); i++)
		if (names[i].kind == step->kind)
			seki_cli_add_text(json, "step", names[i].name);
	seki_cli_add_text(json, "name", step->name);
	seki_cli_add_u64(json, "line", step->number);
	return json;
}

/* Fields of the header, keys of the table, data of the action: of the step before. */
static void add_detail(struct json_object *to, const struct step *step)
{
	const char *list = step->kind == 'F' ? "fields" : step->kind == 'K' ? "keys" : "data";
	char value[SEKI_P4RT_MAX_TEXT];
	struct json_object *details;

	if (step->kind == 'H') {
		json_object_object_add(to, "hit", json_object_new_boolean(step->number != 0));
		return;
	}
	if (!json_object_object_get_ex(to, list, &details)) {
		details = json_object_new_object();
		json_object_object_add(to, list, details);
	}
	print_value(step, value);
	seki_cli_add_text(details, short_name(step), value);
}

static void add_match(void *arg, const char *name, const char *text)
{
	seki_cli_add_text(arg, name, text);
}

static void add_entry(const struct session *s, const struct tale *tale, struct json_object *to)
{
	struct json_object *entry = json_object_new_object();

	visit_entry(s, tale->table.name, &tale->keys, add_match, entry);
	json_object_object_add(to, "entry", entry);
}

static void put_json(const struct session *s, char *at, const struct seki_cli_packet *packet)
{
	struct json_object *steps = json_object_new_array(), *last = NULL,
			   *root = json_object_new_object();
	struct tale tale = {.table.name = NULL};
	struct step step;

	seki_cli_add_u64(root, "packet", s->tally.packets);
	while (next_step(&step, &at)) {
		follow(&tale, &step);
		if (strchr("SXTA", step.kind)) {
			last = step_json(&step);
			json_object_array_add(steps, last);
		} else if (step.kind != 'D' && last) {
			add_detail(last, &step);
		}
		if (step.kind == 'H' && step.number && last && has_patterns(s, &tale))
			add_entry(s, &tale, last);
		for (uint32_t i = 0; step.kind == 'A' && i < tale.data.n; i++)
			add_detail(last, &tale.data.steps[i]);
		tale.data.n = step.kind == 'A' ? 0 : tale.data.n;
	}
	free_tale(&tale);
	seki_cli_add_text(root, "source", seki_bpf_prog_info(s->stf.m.prog)->source);
	json_object_object_add(root, "steps", steps);
	seki_cli_put_json(root);
	seki_cli_put_run_json(&s->stf.m, packet, s->tally.packets);
}

/* ---- packets ---- */

/* False: it has complained. */
static bool run_packet(struct session *s, const struct seki_cli_packet *packet)
{
	struct seki_cli_machine *m = &s->stf.m;
	char *lines;

	m->port = s->config->port;
	if (seki_cli_machine_put(m, packet)) {
		complain("out of memory");
		return false;
	}
	seki_cli_machine_run(m, packet);
	seki_cli_tally_add(&s->tally, m);
	lines = strdup(m->lines);
	if (!lines)
		return false;
	m->lines[0] = '\0'; /* they are no output of the program's own, */
	m->run.insns = 0;   /* and it is longer than the one that does not print them */
	if (s->config->json) {
		put_json(s, lines, packet);
	} else {
		printf("packet %llu: %u bytes from port %u\n", (unsigned long long)s->tally.packets,
		       packet->len, m->port);
		print_steps(s, lines);
		seki_cli_print_run(m, packet, s->tally.packets, true);
	}
	free(lines);
	return true;
}

static int run_packets(struct session *s)
{
	struct seki_cli_packet packet;
	int more;

	while ((more = seki_cli_packets_next(s->packets, &packet)) > 0)
		if (!run_packet(s, &packet))
			return SEKI_EXIT_FAILED;
	return more == 0 && !s->tally.failed ? SEKI_EXIT_OK : SEKI_EXIT_FAILED;
}

static bool prepare(struct session *s)
{
	const struct config *config = s->config;
	struct seki_cli_p4_source source = config->source;

	source.trace = true;
	return seki_stf_prepare(&s->stf, &source, SEKI_BPF_ENGINE_INTERPRETER, config->entries,
				&s->program);
}

static int run(const struct config *config)
{
	static struct session s;
	int exit_code;

	s.config = config;
	s.packets = seki_cli_packets_open(config->packet, config->pcap, &exit_code);
	if (!s.packets)
		return exit_code;
	exit_code = prepare(&s) ? run_packets(&s) : SEKI_EXIT_FAILED;
	seki_stf_exit(&s.stf);
	seki_cli_p4_close(&s.program);
	seki_cli_packets_close(s.packets);
	return exit_code;
}

int seki_cli_p4_trace(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_P4_LINES,
		SEKI_OPT_STRING_LINE(struct config, pcap, 'r', "pcap", "FILE",
				     "packets of a capture, pcap or pcapng"),
		SEKI_CLI_PACKET_LINE,
		SEKI_CLI_ENTRIES_LINE,
		SEKI_CLI_PORT_LINE,
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json",
				   "print two lines of JSON a packet"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 trace",
		"Tells for each packet which states the parser went through, what it extracted, which\n"
		"tables were looked up with which key, which actions ran, and what became of it.\n"
		"FILE must be the program: it is built anew, to tell this.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	if (strlen(config.source.file) > 3 &&
	    strcmp(config.source.file + strlen(config.source.file) - 3, ".p4") == 0)
		return run(&config);
	complain("'%s': an object does not tell what it does: give the program, FILE.p4",
		 config.source.file);
	return SEKI_EXIT_USAGE;
}
