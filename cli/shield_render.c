/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shield_render.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fields.h"
#include "core/base/check.h"

#define SITES_SHOWN 20u

enum style { PLAIN, HEAD, GOOD, BAD };

static const char *const codes[] = {
	[PLAIN] = "", [HEAD] = "\033[7m", [GOOD] = "\033[1m", [BAD] = "\033[31m"};

struct screen {
	const struct seki_render *how;
	struct json_object *view;
	FILE *out;
	bool rates; /* else totals */
};

static const char *const sort_names[] = {
	[SEKI_SORT_PACKETS] = "packets", [SEKI_SORT_DROPS] = "drops", [SEKI_SORT_NAME] = "name"};

_Static_assert(SEKI_COUNT(sort_names) == SEKI_SORTS, "a name each");

const char *seki_render_sort_name(enum seki_render_sort sort)
{
	return sort_names[sort];
}

__attribute__((format(printf, 3, 4))) static void line(const struct screen *s, enum style style,
						       const char *format, ...)
{
	char text[512];
	unsigned int width = s->how->columns;
	const char *code = s->how->colours ? codes[style] : "";
	va_list args;
	size_t n;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	n = strlen(text);
	if (width && n > width)
		n = width;
	while (n && text[n - 1] == ' ')
		n--;
	fprintf(s->out, "%s%.*s%s\n", code, (int)n, text, *code ? "\033[0m" : "");
}

/* 1234 -> "1234", 123456 -> "123k": six characters at most. One of a few buffers in turn. */
static const char *short_number(double value)
{
	static const char units[] = {0, 'k', 'M', 'G', 'T', 'P', 'E'};
	static char buffers[16][16];
	static unsigned int next;
	char *out = buffers[next++ % 16];
	unsigned int unit = 0;

	while (value >= 99999.5 && unit + 1 < sizeof(units)) {
		value /= 1000;
		unit++;
	}
	if (unit)
		snprintf(out, sizeof(buffers[0]), "%.*f%c", value < 1000 ? 1 : 0, value,
			 units[unit]);
	else
		snprintf(out, sizeof(buffers[0]), "%.*f",
			 value < 9.95 && value != (int)value ? 1 : 0, value);
	return out;
}

/* What is shown of a port or queue: what it did a second, or so far. */
static const char *figure(const struct screen *s, struct json_object *of, const char *key)
{
	if (s->rates)
		return short_number(seki_field_double(seki_field(of, "per_second"), key));
	return short_number((double)seki_field_u64(seki_field(of, "sum"), key));
}

static void render_missing(const struct screen *s)
{
	for (size_t i = 0; i < seki_field_count(s->view, "missing"); i++)
		line(s, BAD, "missing: %s",
		     seki_printable(
			     json_object_get_string(seki_field_item(s->view, "missing", i))));
}

static void render_p4vm(const struct screen *s, struct json_object *p4vm)
{
	struct json_object *program = seki_field(p4vm, "program");
	char cpu[32] = "", insns[32] = "";

	if (seki_field(p4vm, "cpu_percent"))
		snprintf(cpu, sizeof(cpu), ", CPU %.1f %%", seki_field_double(p4vm, "cpu_percent"));
	if (seki_field_double(p4vm, "instructions_per_second") > 0)
		snprintf(insns, sizeof(insns), ", %s insns/s",
			 short_number(seki_field_double(p4vm, "instructions_per_second")));
	line(s, GOOD, "P4 VM %s: %s, process %" PRIu64 "%s%s, %" PRIu64 " workers, %s %s%s",
	     seki_field_text(p4vm, "name"), seki_field_text(p4vm, "isolation"),
	     seki_field_u64(p4vm, "pid"), cpu, insns, seki_field_u64(p4vm, "workers"),
	     program ? "program" : "no program: every packet is",
	     program ? seki_field_text(program, "name")
	     : strcmp(seki_field_text(p4vm, "no_program"), "pass") ? "dropped"
								   : "passed",
	     seki_field_count(p4vm, "ports") ? ", and of single ports" : "");
}

/* A word of the state: nothing where the switch was not asked. */
static const char *state(struct json_object *queue)
{
	const char *word = seki_field_text(queue, "state");

	return *word ? word : "?";
}

enum column {
	PORT,
	THREAD,
	STATE,
	FROM_VM,
	TO_VM,
	PASS,
	DROP,
	REDIRECT,
	REWRITE,
	BYPASS,
	FLIGHT,
	PARK,
	HAND,
	PROGRAM,
	RETURN,
	BATCH,
	COLUMNS
};

/* How wide a column is, and on a screen that has no room for all of them: 0 is not at all. */
static const struct {
	const char *title;
	int wide, narrow;
} columns[] = {
	[PORT] = {"PORT", -15, -13}, [THREAD] = {"THREAD/LANE", -11, -8},
	[STATE] = {"STATE", -6, -6}, [FROM_VM] = {"FROMVM", 6, 6},
	[TO_VM] = {"TOVM", 6, 6},    [PASS] = {"PASS", 6, 0},
	[DROP] = {"DROP", 6, 6},     [REDIRECT] = {"REDIR", 6, 0},
	[REWRITE] = {"REWR", 6, 0},  [BYPASS] = {"BYPASS", 6, 0},
	[FLIGHT] = {"FLIGHT", 6, 6}, [PARK] = {"PARK", 5, 0},
	[HAND] = {"HANDns", 6, 6},   [PROGRAM] = {"PROG", 5, 5},
	[RETURN] = {"RETURN", 6, 6}, [BATCH] = {"BATCH", 5, 0},
};

_Static_assert(SEKI_COUNT(columns) == COLUMNS, "a title each");

/* With a blank between two. */
static unsigned int full_width(void)
{
	unsigned int width = COLUMNS - 1;

	for (unsigned int c = 0; c < COLUMNS; c++)
		width += (unsigned int)abs(columns[c].wide);
	return width;
}

static void row(const struct screen *s, enum style style, const char *const cells[COLUMNS])
{
	bool narrow = s->how->columns && s->how->columns < full_width();
	char text[512];
	int n = 0;

	for (unsigned int c = 0; c < COLUMNS; c++) {
		int width = narrow ? columns[c].narrow : columns[c].wide;

		/* 16 columns of 15 characters at most, or one that is too long: of up to 20. */
		if (width)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%*.*s", n ? " " : "",
				      width, width < 0 ? -width : 20, cells[c] ? cells[c] : "-");
	}
	line(s, style, "%s", text);
}

static void render_queue(const struct screen *s, struct json_object *port,
			 struct json_object *queue)
{
	struct json_object *times = seki_field(queue, "times");
	bool up = strcmp(state(queue), "up") == 0;
	char name[64], in_flight[24], parked[24], batch[24];
	const char *cells[COLUMNS] = {
		[PORT] = seki_field_text(port, "port"),
		[THREAD] = name,
		[STATE] = state(queue),
		[FROM_VM] = figure(s, queue, "from_vm"),
		[TO_VM] = figure(s, queue, "from_network"),
		[PASS] = figure(s, queue, "passed"),
		[DROP] = figure(s, queue, "dropped"),
		[REDIRECT] = figure(s, queue, "redirected"),
		[REWRITE] = figure(s, queue, "rewritten"),
		[BYPASS] = figure(s, queue, "bypassed"),
		[FLIGHT] = in_flight,
		[PARK] = parked,
	};

	if (seki_field(queue, "thread"))
		snprintf(name, sizeof(name), "%.16s/%" PRIu64, seki_field_text(queue, "thread"),
			 seki_field_u64(queue, "lane"));
	else
		snprintf(name, sizeof(name), "%" PRIu64, seki_field_u64(queue, "queue"));
	snprintf(in_flight, sizeof(in_flight), "%" PRIu64, seki_field_u64(queue, "in_flight"));
	snprintf(parked, sizeof(parked), "%" PRIu64,
		 seki_field_u64(seki_field(queue, "p4vm"), "parked"));
	if (seki_field(times, "batch")) {
		snprintf(batch, sizeof(batch), "%.1f", seki_field_double(times, "batch"));
		cells[HAND] = short_number(seki_field_double(times, "hand_off_ns"));
		cells[PROGRAM] = short_number(seki_field_double(times, "program_ns"));
		cells[RETURN] = short_number(seki_field_double(times, "return_ns"));
		cells[BATCH] = batch;
	}
	row(s, up || !seki_field(queue, "state") ? PLAIN : BAD, cells);
}

struct order {
	struct json_object *port;
	double packets, drops;
};

static double weight(const struct screen *s, struct json_object *port, const char *key)
{
	return s->rates ? seki_field_double(seki_field(port, "per_second"), key)
			: (double)seki_field_u64(seki_field(port, "sum"), key);
}

static int by_name(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return strcmp(seki_field_text(x->port, "port"), seki_field_text(y->port, "port"));
}

static int by_packets(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return x->packets != y->packets ? (x->packets < y->packets ? 1 : -1) : by_name(a, b);
}

static int by_drops(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return x->drops != y->drops ? (x->drops < y->drops ? 1 : -1) : by_packets(a, b);
}

/* NULL: no memory, or no ports. */
static struct order *in_order(const struct screen *s, size_t *n)
{
	static int (*const orders[])(const void *,
				     const void *) = {[SEKI_SORT_PACKETS] = by_packets,
						      [SEKI_SORT_DROPS] = by_drops,
						      [SEKI_SORT_NAME] = by_name};
	struct order *order;

	*n = seki_field_count(s->view, "ports");
	order = calloc(*n + 1, sizeof(*order));
	if (!order) {
		*n = 0;
		return NULL;
	}
	for (size_t i = 0; i < *n; i++) {
		struct json_object *port = seki_field_item(s->view, "ports", i);

		order[i] = (struct order){.port = port,
					  .packets = weight(s, port, "packets"),
					  .drops = weight(s, port, "dropped")};
	}
	qsort(order, *n, sizeof(*order), orders[s->how->sort]);
	return order;
}

static void render_ports(const struct screen *s, const struct order *order, size_t n)
{
	const char *titles[COLUMNS];

	for (unsigned int c = 0; c < COLUMNS; c++)
		titles[c] = columns[c].title;
	row(s, HEAD, titles);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < seki_field_count(order[i].port, "queues"); k++)
			render_queue(s, order[i].port, seki_field_item(order[i].port, "queues", k));
		if (!seki_field_count(order[i].port, "queues"))
			line(s, PLAIN, "%-15.15s -", seki_field_text(order[i].port, "port"));
	}
	if (!n)
		line(s, PLAIN, "no port is shielded");
}

static void render_reasons(const struct screen *s, struct json_object *port, const char *what,
			   const char *words)
{
	struct json_object *counts = seki_field(port, what);
	char text[400];
	int n = 0;

	if (!json_object_is_type(counts, json_type_object))
		return;
	json_object_object_foreach(counts, reason, count)
	{
		if (json_object_get_uint64(count) && n >= 0 && n < (int)sizeof(text) - 100)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%.40s %" PRIu64,
				      n ? ", " : "", seki_printable(reason),
				      json_object_get_uint64(count));
	}
	if (n)
		line(s, PLAIN, "%-15.15s %s: %s", seki_field_text(port, "port"), words, text);
}

static int by_count(const void *a, const void *b)
{
	uint64_t x = seki_field_u64(*(struct json_object *const *)a, "count");
	uint64_t y = seki_field_u64(*(struct json_object *const *)b, "count");

	return x != y ? (x < y ? 1 : -1) : 0;
}

static void render_site(const struct screen *s, struct json_object *p4vm, struct json_object *site)
{
	char place[128], each[48] = "";

	if (seki_field_u64(site, "line"))
		snprintf(place, sizeof(place), "%.80s:%" PRIu64, seki_field_text(site, "source"),
			 seki_field_u64(site, "line"));
	else
		snprintf(place, sizeof(place), "(line unknown)");
	if (s->rates)
		snprintf(each, sizeof(each), "%s/s",
			 short_number(seki_field_double(site, "per_second")));
	line(s, PLAIN, "%-15.15s %-10.10s %-24s %8" PRIu64 " %8s  %s",
	     seki_field_text(p4vm, "name"), seki_field_text(site, "port"), place,
	     seki_field_u64(site, "count"), each, seki_field_text(site, "text"));
}

/* The lines that dropped most. */
static void render_sites(const struct screen *s, struct json_object *p4vm)
{
	size_t n = seki_field_count(p4vm, "sites");
	struct json_object **sites = calloc(n + 1, sizeof(struct json_object *));

	for (size_t i = 0; sites && i < n; i++)
		sites[i] = seki_field_item(p4vm, "sites", i);
	if (sites)
		qsort(sites, n, sizeof(struct json_object *), by_count);
	for (size_t i = 0; sites && i < n && i < SITES_SHOWN; i++)
		render_site(s, p4vm, sites[i]);
	free(sites);
}

static bool any_site(const struct screen *s)
{
	bool any = false;

	for (size_t i = 0; i < seki_field_count(s->view, "p4vms"); i++)
		any |= seki_field_count(seki_field_item(s->view, "p4vms", i), "sites") > 0;
	return any;
}

void seki_render(struct json_object *view, const struct seki_render *render, FILE *out)
{
	struct screen s = {.how = render, .view = view, .out = out};
	struct order *order;
	size_t n;

	s.rates = seki_field(view, "seconds") != NULL;
	order = in_order(&s, &n);
	line(&s, PLAIN, "%s; ns a packet of batches that were timed; drops so far",
	     s.rates ? "packets a second" : "packets so far");
	render_missing(&s);
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++)
		render_p4vm(&s, seki_field_item(view, "p4vms", i));
	render_ports(&s, order, n);
	for (size_t i = 0; i < n; i++) {
		render_reasons(&s, order[i].port, "dropped", "dropped");
		render_reasons(&s, order[i].port, "bypassed", "passed unjudged");
	}
	if (any_site(&s))
		line(&s, HEAD, "%-15s %-10s %-24s %8s %8s  %s", "P4 VM", "OF PORT", "DROPPED AT",
		     "PACKETS", s.rates ? "NOW" : "", "LINE");
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++)
		render_sites(&s, seki_field_item(view, "p4vms", i));
	free(order);
}
