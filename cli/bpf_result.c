// SPDX-License-Identifier: Apache-2.0
/* What came out of runs: see bpf_run.h. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "cli/bpf_run.h"
#include "core/base/check.h"

#define ROW 16

enum verdict { PASS, DROP, REDIRECT, FAILED };

/* A packet whose head has no room is dropped by whoever runs the program: abi's word. */
static enum verdict verdict_of(const struct seki_cli_machine *m)
{
	if (m->err)
		return m->err == -ENOBUFS ? DROP : FAILED;
	if (!m->r0)
		return DROP;
	return m->run.meta.output_action == SEKI_ACTION_REDIRECT ? REDIRECT : PASS;
}

static bool is_changed(const struct seki_cli_machine *m, const struct seki_cli_packet *packet)
{
	return m->grown || m->run.copied != packet->copied || m->run.len != packet->len ||
	       memcmp(m->run.buf + m->run.off, packet->bytes, packet->copied);
}

void seki_cli_tally_add(struct seki_cli_tally *tally, const struct seki_cli_machine *m)
{
	enum verdict verdict = verdict_of(m);

	tally->packets++;
	tally->passed += verdict == PASS;
	tally->dropped += verdict == DROP;
	tally->redirected += verdict == REDIRECT;
	tally->failed += verdict == FAILED;
	tally->max_insns = seki_max(tally->max_insns, m->run.insns);
}

void seki_cli_tally_print(const struct seki_cli_tally *tally, struct seki_bpf_prog *prog)
{
	printf("%llu packets: %llu passed, %llu dropped, %llu redirected",
	       (unsigned long long)tally->packets, (unsigned long long)tally->passed,
	       (unsigned long long)tally->dropped, (unsigned long long)tally->redirected);
	if (tally->failed)
		printf(", %llu could not be run", (unsigned long long)tally->failed);
	if (tally->max_insns)
		printf("; at most %llu instructions", (unsigned long long)tally->max_insns);
	printf(" (proved: at most %llu)\n",
	       (unsigned long long)seki_bpf_prog_info(prog)->worst_insns);
}

struct json_object *seki_cli_tally_json(const struct seki_cli_tally *tally,
					struct seki_bpf_prog *prog)
{
	struct json_object *root = json_object_new_object();

	seki_cli_add_u64(root, "packets", tally->packets);
	seki_cli_add_u64(root, "passed", tally->passed);
	seki_cli_add_u64(root, "dropped", tally->dropped);
	seki_cli_add_u64(root, "redirected", tally->redirected);
	seki_cli_add_u64(root, "failed", tally->failed);
	if (tally->max_insns)
		seki_cli_add_u64(root, "max_instructions", tally->max_insns);
	seki_cli_add_u64(root, "worst_instructions", seki_bpf_prog_info(prog)->worst_insns);
	return root;
}

/* ---- what became of the bytes ---- */

/* The packet after and before, at places that count from where the new packet starts. */
struct change {
	const struct seki_cli_machine *m;
	const struct seki_cli_packet *packet;
};

static int new_byte(const struct change *c, int64_t at)
{
	const struct seki_bpf_run *run = &c->m->run;

	return at >= 0 && at < run->copied ? run->buf[run->off + at] : -1;
}

static int old_byte(const struct change *c, int64_t at)
{
	int64_t old = at - c->m->grown;

	return old >= 0 && old < c->packet->copied ? c->packet->bytes[old] : -1;
}

static void print_row(const struct change *c, int64_t row, char sign, const char *colour,
		      int (*byte)(const struct change *c, int64_t at))
{
	printf("  %s%c %04llx ", colour, sign, (unsigned long long)row);
	for (int64_t at = row; at < row + ROW; at++) {
		if (byte(c, at) < 0)
			printf("   ");
		else
			printf(" %02x", (unsigned int)byte(c, at));
	}
	printf("%s\n", seki_cli_colours(stdout)->off);
}

static bool row_changed(const struct change *c, int64_t row)
{
	for (int64_t at = row; at < row + ROW; at++)
		if (old_byte(c, at) != new_byte(c, at))
			return true;
	return false;
}

static bool row_has(const struct change *c, int64_t row,
		    int (*byte)(const struct change *c, int64_t at))
{
	for (int64_t at = row; at < row + ROW; at++)
		if (byte(c, at) >= 0)
			return true;
	return false;
}

/* Rows that changed, old and new. */
static void print_change(const struct change *c)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);
	int64_t end = seki_max((int64_t)c->m->run.copied, (int64_t)c->packet->copied + c->m->grown);

	if (c->m->grown)
		printf("  %d bytes %s its front; places count from the new one\n",
		       c->m->grown > 0 ? c->m->grown : -c->m->grown,
		       c->m->grown > 0 ? "more at" : "less at");
	for (int64_t row = 0; row < end; row += ROW) {
		if (!row_changed(c, row))
			continue;
		if (row_has(c, row, old_byte))
			print_row(c, row, '-', colours->bad, old_byte);
		if (row_has(c, row, new_byte))
			print_row(c, row, '+', colours->good, new_byte);
	}
}

static void print_lines(const struct seki_cli_machine *m)
{
	const char *line = m->lines;

	while (*line) {
		size_t len = strcspn(line, "\n");

		printf("  printf: %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static void print_verdict(const struct seki_cli_machine *m, const struct seki_cli_packet *packet)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);
	const char *source = seki_bpf_prog_info(m->prog)->source;

	switch (verdict_of(m)) {
	case FAILED:
		printf("%snot run%s: %s", colours->bad, colours->off, seki_cli_machine_why(m));
		return;
	case DROP:
		printf("%sdrop%s", colours->bad, colours->off);
		if (m->run.site)
			printf(" at %s%s%u", *source ? source : "line", *source ? ":" : " ",
			       m->run.site);
		if (m->err)
			printf(": %s", seki_cli_machine_why(m));
		return;
	case REDIRECT:
		printf("%sredirect%s to port %u", colours->good, colours->off,
		       m->run.meta.output_port);
		break;
	case PASS:
		printf("%spass%s", colours->good, colours->off);
		break;
	}
	printf(", %u bytes%s", m->run.len, is_changed(m, packet) ? ", changed" : "");
}

void seki_cli_print_run(const struct seki_cli_machine *m, const struct seki_cli_packet *packet,
			uint64_t n, bool whole)
{
	struct change change = {m, packet};

	printf("packet %llu: ", (unsigned long long)n);
	print_verdict(m, packet);
	if (!m->err && m->run.meta.clone)
		printf("; clone to port %u", m->run.meta.clone_port);
	if (m->run.insns)
		printf("; %llu instructions", (unsigned long long)m->run.insns);
	if (!m->err && m->r0 > 1)
		printf("; r0 = 0x%llx", (unsigned long long)m->r0);
	putchar('\n');
	print_lines(m);
	if (whole && !m->err && m->r0 && is_changed(m, packet))
		print_change(&change);
}

static struct json_object *lines_json(const struct seki_cli_machine *m)
{
	struct json_object *lines = json_object_new_array();
	const char *line = m->lines;

	while (*line) {
		size_t len = strcspn(line, "\n");

		json_object_array_add(lines, json_object_new_string_len(line, (int)len));
		line += len + (line[len] == '\n');
	}
	return lines;
}

static void add_passed(struct json_object *root, const struct seki_cli_machine *m,
		       const struct seki_cli_packet *packet)
{
	if (m->run.meta.output_action == SEKI_ACTION_REDIRECT)
		seki_cli_add_u64(root, "port", m->run.meta.output_port);
	if (m->run.meta.clone)
		seki_cli_add_u64(root, "clone_port", m->run.meta.clone_port);
	seki_cli_add_u64(root, "length", m->run.len);
	json_object_object_add(root, "changed", json_object_new_boolean(is_changed(m, packet)));
	seki_cli_add_hex(root, "bytes", m->run.buf + m->run.off, m->run.copied);
}

void seki_cli_put_run_json(const struct seki_cli_machine *m, const struct seki_cli_packet *packet,
			   uint64_t n)
{
	static const char *const names[] = {
		[PASS] = "pass", [DROP] = "drop", [REDIRECT] = "redirect", [FAILED] = "failed"};
	struct json_object *root = json_object_new_object();
	const char *source = seki_bpf_prog_info(m->prog)->source;

	seki_cli_add_u64(root, "packet", n);
	seki_cli_add_text(root, "verdict", names[verdict_of(m)]);
	if (m->err)
		seki_cli_add_text(root, "error", seki_cli_machine_why(m));
	else
		seki_cli_add_u64(root, "r0", m->r0);
	if (!m->err && m->r0)
		add_passed(root, m, packet);
	if (m->run.site) {
		seki_cli_add_text(root, "source", source);
		seki_cli_add_u64(root, "line", m->run.site);
	}
	if (m->run.insns)
		seki_cli_add_u64(root, "instructions", m->run.insns);
	if (*m->lines)
		json_object_object_add(root, "printed", lines_json(m));
	seki_cli_put_json(root);
}
