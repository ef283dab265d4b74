// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho bpf disasm`: the instructions of a program with their lines of the source, also of one
 * that is not safe or does not decode; or its machine code.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/bpf.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/output.h"
#include "core/base/check.h"
#include "core/bpf/disasm.h"
#include "lib/bpf/object_parts.h"
#include "lib/bpf/prog.h"
#include "lib/sys/log.h"

#define FAULTS_MAX    100 /* instructions that do not decode, shown as such */
#define LINES_SECONDS 5	  /* in looking for lines: an object may have absurdly many */
#define STRING_SHOWN  48

struct config {
	const char *file;
	const char *entry;
	const char *raw;
	bool jit;
};

/* What is said of an instruction. */
struct note {
	const char *function; /* that starts here; inside the object */
	const char *fault;    /* why it does not decode */
	bool target;	      /* a jump or call leads here */
};

struct listing {
	struct seki_obj obj;
	struct seki_bpf_op *ops;
	struct note *notes;
	struct seki_obj_line line; /* that was printed last */
	clock_t start;
	bool no_lines;
	const struct seki_cli_colours *colours;
};

/* ---- what is said of each ---- */

/* Where an instruction does not decode, it is noted, and looks like an exit to the next try. */
static int decode(struct listing *l)
{
	uint32_t n = l->obj.n_insns;
	struct seki_bpf_insn *insns = malloc(n * sizeof(*insns));
	struct seki_bpf_fault fault;
	int err = insns ? -ENOEXEC : -ENOMEM;

	if (insns)
		memcpy(insns, l->obj.insns, n * sizeof(*insns));
	for (int i = 0; err == -ENOEXEC && i < FAULTS_MAX; i++) {
		err = seki_bpf_decode(insns, n, l->ops, &fault);
		if (!err)
			break;
		if (l->notes[fault.insn].fault)
			break;
		l->notes[fault.insn].fault = fault.why;
		insns[fault.insn] = (struct seki_bpf_insn){.opcode = 0x95};
	}
	free(insns);
	return err;
}

static bool leads_somewhere(const struct seki_bpf_op *op)
{
	uint8_t kind = seki_bpf_row(op)->kind;

	return kind == SEKI_KIND_JUMP || kind == SEKI_KIND_GOTO || kind == SEKI_KIND_LOCAL;
}

static void note_targets(struct listing *l)
{
	for (uint32_t i = 0; i < l->obj.n_insns; i++)
		if (leads_somewhere(&l->ops[i]))
			l->notes[l->ops[i].off].target = true;
}

/* The instruction that was at this place of the file, or n_insns. */
static uint32_t insn_at(const struct listing *l, const uint32_t *places, uint32_t section,
			uint64_t off)
{
	for (uint32_t i = 0; i < l->obj.n_parts; i++)
		if (l->obj.parts[i].section == section && off / 8 < l->obj.parts[i].size)
			return places[l->obj.parts[i].base + off / 8];
	return l->obj.n_insns;
}

static int note_functions(struct listing *l)
{
	struct seki_elf_symbol symbol;
	uint32_t n = l->obj.n_insns, n_places = 1, *places;

	for (uint32_t i = 0; i < l->obj.n_parts; i++)
		n_places = seki_max(n_places, l->obj.parts[i].base + l->obj.parts[i].size);
	places = malloc(n_places * sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_places; i++)
		places[i] = n;
	for (uint32_t i = 0; i < n; i++)
		places[l->obj.origin[i]] = i;
	for (uint32_t i = 0; i < l->obj.elf.n_symbols; i++) {
		uint32_t at = n;

		if (seki_elf_symbol(&l->obj.elf, i, &symbol) && symbol.type == STT_FUNC &&
		    seki_obj_name_is_good(symbol.name))
			at = insn_at(l, places, symbol.section, symbol.value);
		if (at < n)
			l->notes[at].function = symbol.name;
	}
	free(places);
	return 0;
}

/* ---- printing ---- */

static void print_line(struct listing *l, uint32_t i)
{
	struct seki_obj_line line;

	if (l->no_lines || !seki_obj_line(&l->obj, i, &line) || !line.line)
		return;
	if (clock() - l->start > LINES_SECONDS * CLOCKS_PER_SEC) {
		l->no_lines = true;
		printf("%s; (too much line information to look for the rest)%s\n", l->colours->dim,
		       l->colours->off);
		return;
	}
	if (line.line == l->line.line && line.text == l->line.text && line.file == l->line.file)
		return;
	l->line = line;
	while (*line.text == ' ' || *line.text == '\t')
		line.text++;
	printf("%s; %s:%u: %s%s\n", l->colours->dim, line.file, line.line, line.text,
	       l->colours->off);
}

/* Text in the read-only data, as a printf's format is. */
static void print_string(const struct listing *l, int64_t at)
{
	const uint8_t *data = l->obj.data;
	uint32_t end = (uint32_t)at, size = l->obj.data_size;

	while (end < size && isprint(data[end]))
		end++;
	if (end < size && end > at + 1 && (data[end] == '\0' || data[end] == '\n'))
		printf("  ; \"%.*s%s\"", (int)seki_min(end - (uint32_t)at, STRING_SHOWN),
		       (const char *)data + at, end - at > STRING_SHOWN ? "..." : "");
	else
		printf("  ; read-only data");
}

static void print_note(const struct listing *l, const struct seki_bpf_op *op)
{
	const char *function;

	switch (seki_bpf_row(op)->kind) {
	case SEKI_KIND_MAP:
		if (op->imm >= 0 && op->imm < l->obj.n_maps)
			printf("  ; map %s", l->obj.maps[op->imm].name);
		break;
	case SEKI_KIND_DATA:
		if (op->imm >= 0 && op->imm < l->obj.data_size)
			print_string(l, op->imm);
		break;
	case SEKI_KIND_LOCAL:
		function = l->notes[op->off].function;
		printf("  ; %s", function ? function : "a function");
		break;
	default:
		break;
	}
}

static void print_insn(struct listing *l, uint32_t i)
{
	const struct note *note = &l->notes[i];
	const struct seki_bpf_op *op = &l->ops[i];
	uint64_t bytes;
	char text[256];
	struct seki_text out = seki_text_on(text, sizeof(text));

	if (op->id == SEKI_OP_INVALID && !note->fault) /* the second half of a 64-bit load */
		return;
	if (note->function || i == l->obj.entry)
		printf("%s%s:\n", i ? "\n" : "", note->function ? note->function : "entry");
	else if (note->target)
		printf("L%u:\n", i);
	print_line(l, i);
	if (note->fault) {
		memcpy(&bytes, &l->obj.insns[i], sizeof(bytes));
		printf("%6u: %sinvalid 0x%016llx%s  ; %s\n", i, l->colours->bad,
		       (unsigned long long)bytes, l->colours->off, note->fault);
		return;
	}
	seki_bpf_disasm(op, &out);
	printf("%6u: %s", i, text);
	print_note(l, op);
	putchar('\n');
}

static int print_all(struct listing *l, const char *file)
{
	int err;

	l->ops = calloc(l->obj.n_insns, sizeof(*l->ops));
	l->notes = calloc(l->obj.n_insns, sizeof(*l->notes));
	err = l->ops && l->notes ? decode(l) : -ENOMEM;
	if (!err)
		err = note_functions(l);
	if (err == -ENOEXEC)
		complain("'%s': more than %u instructions are broken: this is no program", file,
			 FAULTS_MAX);
	else if (err)
		complain("'%s': %s", file, strerror(-err));
	if (err)
		return SEKI_EXIT_FAILED;
	note_targets(l);
	l->start = clock();
	for (uint32_t i = 0; i < l->obj.n_insns; i++)
		print_insn(l, i);
	return SEKI_EXIT_OK;
}

static int disassemble(const struct config *config)
{
	static char log[1 << 16];
	struct seki_text text = seki_text_on(log, sizeof(log));
	struct listing l = {.colours = seki_cli_colours(stdout)};
	struct seki_cli_object object;
	int ret = SEKI_EXIT_FAILED, err;

	if (!seki_cli_object_read(config->file, &object))
		return SEKI_EXIT_FAILED;
	err = seki_obj_open(object.bytes, object.len, config->entry ? config->entry : "entry",
			    &l.obj, &text);
	free(object.bytes);
	if (err)
		seki_cli_put_refusal(config->file, log, err, false);
	else
		ret = print_all(&l, config->file);
	seki_obj_close(&l.obj);
	free(l.ops);
	free(l.notes);
	return ret;
}

/* ---- machine code ---- */

static void dump(const uint8_t *code, size_t size)
{
	for (size_t at = 0; at < size; at++)
		printf("%s%02x%s", at % 16 ? " " : "", code[at],
		       at % 16 == 15 || at + 1 == size ? "\n" : "");
}

static int machine_code(const struct config *config)
{
	struct seki_bpf_load_opts opts = {.entry = config->entry, .engine = SEKI_BPF_ENGINE_JIT};
	struct seki_bpf_prog *prog = seki_cli_load(config->file, &opts, false);
	int ret = SEKI_EXIT_OK;

	if (!prog)
		return SEKI_EXIT_FAILED;
	if (config->raw)
		ret = seki_cli_save(config->raw, prog->code.start, prog->code.size);
	else
		dump(prog->code.start, prog->code.size);
	seki_bpf_prog_destroy(prog);
	return ret;
}

int seki_cli_bpf_disasm(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_FILE_LINE,
		SEKI_CLI_ENTRY_LINE,
		SEKI_OPT_FLAG_LINE(struct config, jit, 0, "jit",
				   "the machine code instead, in hex"),
		SEKI_OPT_STRING_LINE(struct config, raw, 0, "raw", "FILE",
				     "with --jit: write the machine code's bytes to a file"),
	};
	static const struct seki_command cmd = {
		"sekisho bpf disasm",
		"Prints the instructions of a program, also of one that is not safe, with the lines\n"
		"of the source that they come from. Machine code is that of a program that is safe:\n"
		"objdump -D -b binary -m i386:x86-64 FILE shows what --raw writes.",
		options, SEKI_COUNT(options)};
	struct config config = {.file = NULL};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	if (!config.raw || config.jit)
		return config.jit ? machine_code(&config) : disassemble(&config);
	complain("--raw is for machine code: give --jit too; see %s --help", cmd.name);
	return SEKI_EXIT_USAGE;
}
