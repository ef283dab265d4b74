// SPDX-License-Identifier: Apache-2.0
/* `sekisho p4 test`: a program on the packets of scripts, in each engine. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/stf.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

#define ROW 16

struct config {
	struct seki_cli_p4_source source;
	const char *compat;
	bool jit;
	bool interpret;
	bool json;
};

/* All of a call. */
struct session {
	const struct config *config;
	const char *script, *engine; /* what runs */
	struct json_object *faults;  /* NULL: text is wanted */
	uint32_t scripts, failed;
	uint64_t met, missed;
	struct seki_cli_p4_program program; /* as the last script wanted it built */
	bool compat;
	char *externs;
};

/* ---- what differs ---- */

static bool digit_differs(const struct seki_stf_fault *fault, size_t digit)
{
	uint32_t byte = digit / 2 < fault->got_len ? fault->got[digit / 2] : 0;
	uint32_t nibble = digit % 2 ? byte & 15 : byte >> 4;

	if (digit >= strlen(fault->expected) || digit / 2 >= fault->got_len)
		return true;
	return fault->expected[digit] != '*' &&
	       fault->expected[digit] != "0123456789abcdef"[nibble];
}

static bool byte_differs(const struct seki_stf_fault *fault, size_t at)
{
	return fault->expected &&
	       (digit_differs(fault, 2 * at) || digit_differs(fault, 2 * at + 1));
}

static void print_byte(const struct seki_stf_fault *fault, size_t at, bool got, const char *colour)
{
	const char *end = seki_cli_colours(stdout)->off;
	bool differs = byte_differs(fault, at);

	if (got ? at >= fault->got_len : 2 * at >= strlen(fault->expected))
		return;
	printf(" %s", differs ? colour : "");
	if (got)
		printf("%02x", fault->got[at]);
	else
		printf("%.2s", fault->expected + 2 * at);
	printf("%s", differs ? end : "");
}

static void print_row(const struct seki_stf_fault *fault, size_t row, bool got)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);
	size_t size = got ? fault->got_len : strlen(fault->expected) / 2;

	if (row >= size)
		return;
	printf("    %s %04zx ", got ? "got     " : "expected", row);
	for (size_t at = row; at < row + ROW; at++)
		print_byte(fault, at, got, got ? colours->bad : colours->good);
	putchar('\n');
}

/* Rows that differ; without an expectation all of them. */
static void print_bytes(const struct seki_stf_fault *fault)
{
	size_t size = seki_max(fault->got_len, fault->expected ? strlen(fault->expected) / 2 : 0);

	for (size_t row = 0; row < size; row += ROW) {
		bool differs = !fault->expected;

		for (size_t at = row; at < row + ROW && at < size; at++)
			differs = differs || byte_differs(fault, at);
		if (!differs)
			continue;
		if (fault->expected)
			print_row(fault, row, false);
		print_row(fault, row, true);
	}
}

static void print_fault(const struct session *s, const struct seki_stf_fault *fault)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);
	size_t at = 0;

	printf("%s:%u: %s%s%s (%s)", s->script, fault->line, colours->bad, fault->text,
	       colours->off, s->engine);
	if (fault->expected) {
		while (at < fault->got_len && !byte_differs(fault, at))
			at++;
		printf(": %u bytes, not as expected from byte %zu on", fault->got_len, at);
	}
	putchar('\n');
	if (fault->got)
		print_bytes(fault);
}

static struct json_object *fault_json(const struct session *s, const struct seki_stf_fault *fault)
{
	struct json_object *json = json_object_new_object();

	seki_cli_add_text(json, "script", s->script);
	seki_cli_add_u64(json, "line", fault->line);
	seki_cli_add_text(json, "engine", s->engine);
	seki_cli_add_text(json, "message", fault->text);
	if (fault->expected)
		seki_cli_add_text(json, "expected", fault->expected);
	if (fault->got)
		seki_cli_add_hex(json, "got", fault->got, fault->got_len);
	return json;
}

static void on_fault(void *arg, const struct seki_stf_fault *fault)
{
	struct session *s = arg;

	if (s->faults)
		json_object_array_add(s->faults, fault_json(s, fault));
	else
		print_fault(s, fault);
}

/* ---- scripts ---- */

/* Has the program built as the script wants it. False: it has complained. */
static bool prepare(struct session *s, const char *text)
{
	const struct config *config = s->config;
	struct seki_cli_p4_source source = config->source;
	char *externs;
	bool compat;

	seki_stf_options(s->script, text, &compat, &externs);
	compat = compat || config->compat;
	if (s->program.p4rt && compat == s->compat && !externs == !s->externs &&
	    (!externs || strcmp(externs, s->externs) == 0)) {
		free(externs);
		return true;
	}
	seki_cli_p4_close(&s->program);
	free(s->externs);
	s->externs = externs;
	s->compat = compat;
	source.compat = compat;
	source.externs = source.externs ? source.externs : externs;
	return seki_cli_p4_open(&source, &s->program);
}

/* False: it could not be run. */
static bool run_engine(struct session *s, const char *text, enum seki_bpf_engine engine)
{
	struct seki_bpf_prog *prog = seki_cli_p4_load(&s->program, engine);
	struct seki_stf stf;
	bool good;

	if (!prog)
		return false;
	s->engine = seki_bpf_prog_info(prog)->engine == SEKI_BPF_ENGINE_JIT ? "JIT" : "interpreter";
	if (!seki_stf_init(&stf, &s->program, prog))
		return false;
	stf.compat = s->compat;
	stf.fault = on_fault;
	stf.arg = s;
	good = seki_stf_run(&stf, text);
	if (!good)
		complain("'%s': out of memory", s->script);
	s->met += stf.met;
	s->missed += stf.faults;
	seki_stf_exit(&stf);
	return good;
}

static bool run_script(struct session *s, const char *text)
{
	const struct config *config = s->config;

	if (!prepare(s, text))
		return false;
	if (!config->interpret && !run_engine(s, text, SEKI_BPF_ENGINE_AUTO))
		return false;
	return config->jit || run_engine(s, text, SEKI_BPF_ENGINE_INTERPRETER);
}

static void run_file(struct session *s, const char *path)
{
	uint64_t missed = s->missed;
	char *text = seki_stf_read(path);

	s->script = path;
	s->scripts++;
	if (!text || !run_script(s, text) || s->missed != missed)
		s->failed++;
	free(text);
}

/* Only where a terminal shows it and the results go elsewhere. */
static void show_progress(const struct session *s, uint32_t n)
{
	if (n > 1 && isatty(2) && !isatty(1))
		fprintf(stderr, "\r%u of %u scripts%s", s->scripts, n, s->scripts == n ? "\n" : "");
}

static void print_end(const struct session *s)
{
	struct json_object *json;

	if (!s->faults) {
		printf("%u of %u scripts passed; %llu expectations met, %llu not\n",
		       s->scripts - s->failed, s->scripts, (unsigned long long)s->met,
		       (unsigned long long)s->missed);
		return;
	}
	json = json_object_new_object();
	seki_cli_add_u64(json, "scripts", s->scripts);
	seki_cli_add_u64(json, "failed", s->failed);
	seki_cli_add_u64(json, "met", s->met);
	seki_cli_add_u64(json, "missed", s->missed);
	json_object_object_add(json, "faults", s->faults);
	seki_cli_put_json(json);
}

static int run(const struct config *config, const char *const *scripts, uint32_t n)
{
	struct session s = {.config = config};
	char *beside = NULL;

	if (config->json)
		s.faults = json_object_new_array();
	if (!n && asprintf(&beside, "%.*s.stf",
			   (int)(strrchr(config->source.file, '.') - config->source.file),
			   config->source.file) < 0)
		return SEKI_EXIT_FAILED;
	for (uint32_t i = 0; i < n; i++) {
		run_file(&s, scripts[i]);
		show_progress(&s, n);
	}
	if (!n)
		run_file(&s, beside);
	print_end(&s);
	seki_cli_p4_close(&s.program);
	free(s.externs);
	free(beside);
	return s.failed ? SEKI_EXIT_FAILED : SEKI_EXIT_OK;
}

/* ---- the call ---- */

/* Moves what ends in .stf out of the arguments. */
static uint32_t take_scripts(int *argc, char **argv, const char **scripts)
{
	uint32_t n = 0;
	int left = 0;

	for (int i = 0; i < *argc; i++) {
		size_t len = strlen(argv[i]);

		if (i > 0 && len > 4 && *argv[i] != '-' && strcmp(argv[i] + len - 4, ".stf") == 0)
			scripts[n++] = argv[i];
		else
			argv[left++] = argv[i];
	}
	*argc = left;
	return n;
}

static int check_and_run(const struct config *config, const char *const *scripts, uint32_t n)
{
	if (config->jit && config->interpret) {
		complain("--jit and --interpret: give one, or none for both");
		return SEKI_EXIT_USAGE;
	}
	if (config->compat && strcmp(config->compat, "p4c") != 0) {
		complain("--compat takes 'p4c', not '%s'", config->compat);
		return SEKI_EXIT_USAGE;
	}
	if (!strrchr(config->source.file, '.')) {
		complain("'%s' is neither a P4 program (.p4) nor an object (.o)",
			 config->source.file);
		return SEKI_EXIT_USAGE;
	}
	return run(config, scripts, n);
}

int seki_cli_p4_test(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_P4_LINES,
		SEKI_OPT_STRING_LINE(struct config, compat, 0, "compat", "p4c",
				     "build and judge as p4c's uBPF back end does"),
		SEKI_OPT_FLAG_LINE(struct config, jit, 0, "jit", "compiled to machine code only"),
		SEKI_OPT_FLAG_LINE(struct config, interpret, 0, "interpret",
				   "in the interpreter only"),
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json", "print one line of JSON"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 test",
		"Runs scripts (FILE.stf ..., by default the one beside FILE) against a program: what\n"
		"packets come in, what is to come out. Each script has the program anew, as machine\n"
		"code and in the interpreter.",
		options, SEKI_COUNT(options)};
	const char **scripts = calloc((size_t)argc + 1, sizeof(*scripts));
	struct config config = {0};
	int exit_code = SEKI_EXIT_FAILED;
	uint32_t n;

	if (!scripts)
		return exit_code;
	n = take_scripts(&argc, argv, scripts);
	if (seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		exit_code = check_and_run(&config, scripts, n);
	free(scripts);
	return exit_code;
}
