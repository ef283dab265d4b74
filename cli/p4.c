/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho p4`: checks P4 programs and builds objects of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/p4obj.h"
#include "abi/ring.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/p4.h"
#include "compiler/front/code.h"
#include "compiler/p4/compile.h"
#include "core/base/check.h"
#include "sekisho/bpf.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"

#define MAX_DIRS      64u
#define MAX_EXTERNS   ((size_t)1 << 20) /* bytes of C */

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

struct config {
	struct seki_cli_p4_source source;
	const char *output;
	const char *emit_c;
	const char *emit_ir;
	const char *p4info;
	const char *compat;
	bool werror;
	uint32_t warnings_off;
	bool verbose;
	bool json;
};

#define FILE_LINE   SEKI_OPT_REQUIRED_LINE(struct config, source.file, "FILE.p4", "P4_16 program")
#define WERROR_LINE SEKI_OPT_FLAG_LINE(struct config, werror, 0, "Werror", "warnings are errors")

static bool use_colour(void)
{
	return isatty(2) && !getenv("NO_COLOR");
}

/* Text that what is added to makes; freed by fclose() and free(). */
struct text {
	char *data;
	size_t len;
	FILE *file;
};

/* Each "a:b:c" of both lists, cut in place of a copy, which is *buf's and the caller's to free. */
static uint32_t split_dirs(const struct seki_cli_p4_source *source, char **buf, const char **dirs)
{
	struct text all = {0};
	uint32_t n = 0;
	char *save;

	all.file = open_memstream(&all.data, &all.len);
	if (!all.file)
		return 0;
	for (uint32_t i = 0; i < source->include.n; i++)
		fprintf(all.file, "%s:", source->include.items[i]);
	for (uint32_t i = 0; i < source->system.n; i++)
		fprintf(all.file, "%s:", source->system.items[i]);
	fclose(all.file);
	*buf = all.data;
	for (char *dir = *buf ? strtok_r(*buf, ":", &save) : NULL; dir && n < MAX_DIRS;
	     dir = strtok_r(NULL, ":", &save))
		dirs[n++] = dir;
	return n;
}

/* Lines of the preprocessor that say what -D and -U do; the caller's to free. */
static char *prologue_of(const struct seki_cli_p4_source *source)
{
	struct text lines = {0};

	lines.file = open_memstream(&lines.data, &lines.len);
	if (!lines.file)
		return NULL;
	for (uint32_t i = 0; i < source->defines.n; i++) {
		const char *text = source->defines.items[i];
		int name = (int)strcspn(text, "=");

		fprintf(lines.file, "#define %.*s %s\n", name, text,
			text[name] ? text + name + 1 : "1");
	}
	for (uint32_t i = 0; i < source->undefines.n; i++)
		fprintf(lines.file, "#undef %s\n", source->undefines.items[i]);
	fclose(lines.file);
	return lines.data;
}

/* The C of the program's own extern functions, lines of its file; the caller's to free. */
static int read_externs(const char *path, char **out)
{
	void *data;
	size_t len;
	int err = seki_file_read(path, MAX_EXTERNS, &data, &len);

	if (err)
		return err;
	if (asprintf(out, "#line 1 \"%s\"\n%.*s", path, (int)len, (char *)data) < 0)
		err = -ENOMEM;
	free(data);
	return err;
}

static int compile(const struct config *config, bool check_only, struct seki_p4_result **out)
{
	const struct seki_cli_p4_source *source = &config->source;
	const char *dirs[MAX_DIRS];
	char *buf = NULL, *externs = NULL, *prologue = prologue_of(source);
	struct seki_p4_opts opts = {
		.include_dirs = dirs,
		.compat = source->compat,
		.check_only = check_only,
		.trace = source->trace,
		.warnings_off = config->warnings_off,
		.prologue = prologue,
	};
	int err;

	err = source->externs ? read_externs(source->externs, &externs) : 0;
	if (err) {
		free(prologue);
		return complain("'%s': %s", source->externs, strerror(-err));
	}
	opts.extern_code = externs;
	opts.n_include_dirs = split_dirs(source, &buf, dirs);
	err = seki_p4_compile(config->source.file, &opts, out);
	free(buf);
	free(externs);
	free(prologue);
	if (err)
		return complain("'%s': %s", config->source.file, strerror(-err));
	return 0;
}

static bool is_good(const struct config *config, const struct seki_p4_result *result)
{
	return seki_p4_result_errors(result) == 0 &&
	       !(config->werror && seki_p4_result_warnings(result));
}

/* ---- output ---- */

/* FILE.p4 -> FILE.o, in the present folder as compilers do. */
static char *default_output(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');
	char *path;

	if (asprintf(&path, "%.*s.o", dot ? (int)(dot - base) : (int)strlen(base), base) < 0)
		return NULL;
	return path;
}

/* ---- build ---- */

static int tell_refusal(const struct config *config, struct seki_p4_result *result, const char *log)
{
	const char *text = seki_p4_result_refusal(result, log, use_colour());

	if (text)
		fputs(text, stderr);
	else
		complain("'%s': the program cannot be proven safe:", config->source.file);
	if (!text || config->verbose)
		fputs(log, stderr);
	return SEKI_EXIT_FAILED;
}

/* Those who load as the library's options are by default are told of longer packets. */
static int verify_by_default(struct seki_bpf_load_opts opts, const void *object, size_t len)
{
	struct seki_bpf_prog *prog;
	int err;

	opts.max_packet = 0;
	opts.max_insns = 0;
	err = seki_bpf_prog_load(object, len, &opts, &prog);
	if (!err)
		seki_bpf_prog_destroy(prog);
	return err;
}

/* Whoever gets the object verifies it anew; this only tells now what would be told then, by the P4 VM
 * and by others. */
static int verify(const struct config *config, void *object, size_t len, char *log, size_t log_size)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .max_insns = SEKI_RUN_INSNS_MAX,
					  .max_packet = SEKI_PACKET_MAX,
					  .log = log,
					  .log_size = log_size};
	const struct seki_bpf_info *info;
	struct seki_bpf_prog *prog;
	int err;

	opts.verbose = config->verbose;
	err = verify_by_default(opts, object, len);
	if (!err)
		err = seki_bpf_prog_load(object, len, &opts, &prog);
	if (err)
		return err;
	info = seki_bpf_prog_info(prog);
	seki_p4_object_set_bounds(object, len,
				  &(struct seki_obj_bounds){.worst_insns = info->worst_insns,
							    .insns = info->insns,
							    .packet_touch = info->packet_touch});
	if (config->verbose)
		printf("%s: %u instructions, at most %llu in one run; looks at %u bytes of the "
		       "packet%s; %u maps\n",
		       config->source.file, info->insns, (unsigned long long)info->worst_insns,
		       info->packet_touch, info->packet_written ? ", writes it" : "", info->maps);
	seki_bpf_prog_destroy(prog);
	return 0;
}

static int tell_clang(const struct config *config, struct seki_p4_result *result, const char *log)
{
	const char *limit = seki_p4_result_limit(result, log, use_colour());

	if (limit)
		fputs(limit, stderr);
	else
		complain("'%s': clang could not compile what the program became:",
			 config->source.file);
	if (!limit || config->verbose)
		fputs(log, stderr);
	return SEKI_EXIT_FAILED;
}

/*
 * The object, of malloc(), verified. Where the stack does not hold its variables, or the verifier does
 * not follow it, code that is slower and easier to follow is tried; the first that passes is it.
 */
static int make_object(const struct config *config, struct seki_p4_result *result, void **object,
		       size_t *len)
{
	static char log[1 << 16], refused[1 << 16];
	struct seki_p4_code code;
	bool is_refused = false;
	const char *why = NULL;
	int err = -EINVAL;

	for (uint32_t i = 0; seki_p4_result_attempt(result, i, &code); i++) {
		if (why && config->verbose)
			fprintf(stderr, "%s: once more with %s, as %s\n", config->source.file,
				code.how, why);
		err = seki_p4_object_build(&code, object, len, log, sizeof(log));
		why = "the stack does not hold them";
		if (err && strstr(log, "BPF stack limit"))
			continue;
		if (err)
			break;
		err = verify(config, *object, *len, log, sizeof(log));
		if (!err)
			return SEKI_EXIT_OK;
		free(*object);
		why = "the machine could not follow them";
		if (!is_refused)
			memcpy(refused, log, sizeof(refused));
		is_refused = true;
		if (seki_p4_is_final(log))
			break;
	}
	if (is_refused)
		return tell_refusal(config, result, refused);
	if (err == -ENOENT)
		return complain("there is no clang: install the package 'clang', or name one in "
				"SEKISHO_CLANG");
	return tell_clang(config, result, *log ? log : strerror(-err));
}

static int build_object(const struct config *config, struct seki_p4_result *result,
			const char *output)
{
	void *object;
	size_t len;
	int ret = make_object(config, result, &object, &len);

	if (ret != SEKI_EXIT_OK)
		return ret;
	ret = seki_cli_save(output, object, len);
	free(object);
	return ret;
}

static int compile_source(const struct config *config, bool check_only, struct seki_p4_result **out)
{
	int ret = compile(config, check_only, out);

	if (ret || !seki_p4_result_errors(*out))
		return ret;
	fputs(seki_p4_result_text(*out, use_colour()), stderr);
	seki_p4_result_destroy(*out);
	return SEKI_EXIT_FAILED;
}

int seki_cli_p4_check(const struct seki_cli_p4_source *source, struct seki_p4_result **out)
{
	struct config config = {.source = *source};

	return compile_source(&config, true, out);
}

int seki_cli_p4_object(const struct seki_cli_p4_source *source, void **object, size_t *len)
{
	struct config config = {.source = *source};
	struct seki_p4_result *result;
	int ret = compile_source(&config, false, &result);

	if (ret)
		return ret;
	ret = make_object(&config, result, object, len);
	seki_p4_result_destroy(result);
	return ret;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int save_info(const struct config *config, struct seki_p4_result *result)
{
	bool is_text = ends_with(config->p4info, ".txt") || ends_with(config->p4info, ".txtpb");
	bool is_json = ends_with(config->p4info, ".json");
	const char *text = is_text ? seki_p4_result_info_text(result) : NULL;
	size_t len = 0;
	const void *data = is_text ? text : seki_p4_result_info(result, &len);
	char *json = is_json && data ? seki_cli_p4info_json(data, len) : NULL;
	int ret;

	if (is_json)
		data = text = json;
	if (!data)
		return complain("'%s': out of memory", config->source.file);
	ret = seki_cli_save(config->p4info, data, text ? strlen(text) : len);
	free(json);
	return ret;
}

static int build(const struct config *config, struct seki_p4_result *result)
{
	const char *code = seki_p4_result_code(result);
	char *output;
	int ret;

	if (config->p4info) {
		ret = save_info(config, result);
		if (ret)
			return ret;
	}
	if (config->emit_ir) {
		const char *graph = seki_p4_result_graph(result);

		ret = graph ? seki_cli_save(config->emit_ir, graph, strlen(graph))
			    : SEKI_EXIT_FAILED;
		if (ret || (!config->output && !config->emit_c))
			return ret;
	}
	if (config->emit_c) {
		ret = seki_cli_save(config->emit_c, code, strlen(code));
		if (ret || !config->output)
			return ret;
	}
	output = config->output ? strdup(config->output) : default_output(config->source.file);
	if (!output)
		return complain("'%s': out of memory", config->source.file);
	ret = build_object(config, result, output);
	free(output);
	return ret;
}

/* False: *exit_code is what to return. */
static bool parse(const struct seki_command *cmd, int argc, char **argv, struct config *config,
		  int *exit_code)
{
	if (!seki_cli_p4_warnings(&argc, argv, &config->warnings_off, &config->werror)) {
		*exit_code = SEKI_EXIT_USAGE;
		return false;
	}
	if (!seki_cli_parse(cmd, argc, argv, config, exit_code))
		return false;
	config->source.compat = config->compat != NULL;
	if (!config->compat || strcmp(config->compat, "p4c") == 0)
		return true;
	complain("--compat takes 'p4c', not '%s'", config->compat);
	*exit_code = SEKI_EXIT_USAGE;
	return false;
}

static int do_build(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		FILE_LINE,
		SEKI_OPT_STRING_LINE(struct config, output, 'o', "output", "FILE",
				     "the object (default: FILE.o in this folder)"),
		SEKI_OPT_STRING_LINE(struct config, emit_c, 0, "emit-c", "FILE",
				     "write the C that the program becomes; without -o no object"),
		SEKI_OPT_STRING_LINE(struct config, emit_ir, 0, "emit-ir", "FILE",
				     "write the graph of blocks that the program becomes"),
		SEKI_CLI_P4_EXTERN_LINE(struct config),
		SEKI_OPT_STRING_LINE(
			struct config, p4info, 0, "p4info", "FILE",
			"write its P4Info: as text where FILE ends in .txt or .txtpb, as JSON in .json"),
		SEKI_OPT_STRING_LINE(struct config, compat, 0, "compat", "p4c",
				     "do as p4c's uBPF back end: a rejected packet passes"),
		SEKI_CLI_P4_PREPROCESS_LINES(struct config),
		WERROR_LINE,
		SEKI_OPT_FLAG_LINE(struct config, verbose, 'v', "verbose",
				   "tell the size of the program, and more if it is refused"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 build",
		"Builds the object of a packet program, which `sekisho shield load` takes. A failure\n"
		"leaves an object that was there before as it was.",
		options, SEKI_COUNT(options)};
	struct seki_p4_result *result;
	struct config config = {0};
	int ret;

	if (!parse(&cmd, argc, argv, &config, &ret))
		return ret;
	if (compile(&config, false, &result))
		return SEKI_EXIT_FAILED;
	fputs(seki_p4_result_text(result, use_colour()), stderr);
	ret = is_good(&config, result) ? build(&config, result) : SEKI_EXIT_FAILED;
	seki_p4_result_destroy(result);
	return ret;
}

static int do_check(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		FILE_LINE,
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json",
				   "diagnostics as JSON on standard output, for editors"),
		SEKI_CLI_P4_PREPROCESS_LINES(struct config),
		WERROR_LINE,
	};
	static const struct seki_command cmd = {
		"sekisho p4 check",
		"Checks a P4_16 program against the language, for any architecture, and builds nothing.",
		options, SEKI_COUNT(options)};
	struct seki_p4_result *result;
	struct config config = {0};
	int ret;

	if (!parse(&cmd, argc, argv, &config, &ret))
		return ret;
	if (compile(&config, true, &result))
		return SEKI_EXIT_FAILED;
	if (config.json)
		fputs(seki_p4_result_json(result), stdout);
	else
		fputs(seki_p4_result_text(result, use_colour()), stderr);
	ret = is_good(&config, result) ? SEKI_EXIT_OK : SEKI_EXIT_FAILED;
	seki_p4_result_destroy(result);
	return ret;
}

static int do_explain(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_OPT_REQUIRED_LINE(struct config, source.file, "CODE",
				       "P4001, as behind an error"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 explain", "Tells what the errors of a code are about, and what to do.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	const char *text;
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	text = seki_code_explain(config.source.file);
	if (text) {
		puts(text);
		return SEKI_EXIT_OK;
	}
	complain("there is no code '%s'; sekisho-p4(1) lists them", config.source.file);
	return SEKI_EXIT_USAGE;
}

int seki_cli_p4(int argc, char **argv)
{
	static const struct seki_cli_command commands[] = {
		{"build", do_build, "build the object of a packet program"},
		{"check", do_check, "check a program, build nothing"},
		{"explain", do_explain, "tell what the errors of a code are about"},
		{"fmt", seki_cli_p4_fmt, "lay source files out in the canonical way"},
		{"graph", seki_cli_p4_graph, "draw a program's parsers and controls"},
		{"info", seki_cli_p4_info, "print its tables, actions and externs"},
		{"run", seki_cli_p4_run, "run a program on the packets of a capture"},
		{"trace", seki_cli_p4_trace, "tell what a program does with each packet"},
		{"test", seki_cli_p4_test,
		 "run scripts of packets and of what is to become of them"},
	};
	static const struct seki_cli_group group = {
		"sekisho p4", "P4_16 programs for packets to and from a virtual machine.", commands,
		SEKI_COUNT(commands)};

	for (int i = 1; i < argc; i++) /* as compilers have it, with one '-' */
		if (strcmp(argv[i], "-isystem") == 0)
			argv[i] = "--isystem";
	return seki_cli_dispatch(&group, argc, argv);
}
