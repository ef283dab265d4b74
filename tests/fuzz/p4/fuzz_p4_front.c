/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text through all phases of the P4 compiler: no crash, no leak, bounded nesting and memory. The
 * mutator changes words and pieces in balanced brackets, so that much of what it makes is understood.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/p4/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* AFL++'s driver has none, and no use for the mutator. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seki_p4_opts opts = {.compat = size & 1, .check_only = size & 2};
	struct seki_p4_result *result;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* A name in angle brackets: #include finds only what comes with the compiler. */
	if (seki_p4_compile_text("<fuzz>", text, (uint32_t)size, &opts, &result) == 0) {
		seki_p4_result_text(result, true);
		seki_p4_result_json(result);
		seki_p4_result_destroy(result);
	}
	free(text);
	return 0;
}

/* ---- the mutator ---- */

static const char *const words[] = {
	"abstract",
	"action",
	"actions",
	"apply",
	"bit<8>",
	"bit<0>",
	"bit<2048>",
	"bool",
	"break",
	"const",
	"continue",
	"control",
	"default",
	"default_action",
	"else",
	"entries",
	"enum",
	"error",
	"exit",
	"extern",
	"false",
	"for",
	"header",
	"header_union",
	"if",
	"in",
	"inout",
	"int",
	"int<8>",
	"key",
	"list",
	"match_kind",
	"out",
	"package",
	"parser",
	"priority",
	"return",
	"select",
	"size",
	"state",
	"string",
	"struct",
	"switch",
	"table",
	"this",
	"transition",
	"true",
	"tuple",
	"type",
	"typedef",
	"value_set",
	"varbit<8>",
	"void",
	"_",
	"...",
	"{#}",
	"&&&",
	"..",
	"++",
	"|+|",
	"<<",
	"==",
	"!=",
	"<=",
	"&&",
	"+=",
	"+:",
	"@",
	"#",
	"##",
	"?",
	":",
	";",
	",",
	".",
	"=",
	"<",
	">",
	"(",
	")",
	"{",
	"}",
	"[",
	"]",
	"0",
	"1",
	"-1",
	"8w255",
	"4s7",
	"1 << 8000",
	"0xffffffffffffffffffffffff",
	"\"s\"",
	"@name(\"n\")",
	"@optional",
	"@pure",
	"packet_in",
	"packet_out",
	"isValid()",
	"setValid()",
	"next",
	"last",
	"lastIndex",
	"push_front(1)",
	"minSizeInBits()",
	"apply()",
	"extract",
	"emit",
	"lookahead",
	"advance",
	"hit",
	"miss",
	"action_run",
	"exact",
	"lpm",
	"ternary",
	"accept",
	"reject",
	"start",
	"NoAction",
	"static_assert",
	"\n#if 1\n",
	"\n#else\n",
	"\n#endif\n",
	"\n#define F(x) x##x #x\n",
	"F(",
	"\n#include <core.p4>\n",
	"\n#include <ubpf_model.p4>\n",
};

struct dice {
	uint32_t state;
};

static uint32_t roll(struct dice *dice, uint32_t below)
{
	dice->state = dice->state * 1664525u + 1013904223u;
	return below ? (dice->state >> 8) % below : 0;
}

static bool in_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The end of the word or mark that starts at `at`. */
static size_t word_end(const uint8_t *data, size_t size, size_t at)
{
	size_t end = at;

	while (end < size && in_word(data[end]))
		end++;
	return end > at ? end : at < size ? at + 1 : at;
}

/* The end of what starts at `at`: with an opening bracket, up to the one that closes it. */
static size_t piece_end(const uint8_t *data, size_t size, size_t at)
{
	uint32_t depth = 0;

	for (size_t i = at; i < size; i++) {
		depth += strchr("({[", data[i]) && data[i];
		if (strchr(")}]", data[i]) && data[i] && depth > 0 && --depth == 0)
			return i + 1;
		if (depth == 0)
			return word_end(data, size, at);
	}
	return size;
}

static size_t word_start(const uint8_t *data, size_t at)
{
	while (at > 0 && in_word(data[at]) && in_word(data[at - 1]))
		at--;
	return at;
}

/* data[at .. end) becomes what `with` has. Returns the new size, or 0 where it does not fit. */
static size_t splice(uint8_t *data, size_t size, size_t max_size, size_t at, size_t end,
		     const uint8_t *with, size_t len)
{
	size_t rest = size - end;

	if (at + len + rest > max_size)
		return 0;
	memmove(data + at + len, data + end, rest);
	memcpy(data + at, with, len);
	return at + len + rest;
}

static size_t mutate_once(struct dice *dice, uint8_t *data, size_t size, size_t max_size)
{
	size_t at = word_start(data, roll(dice, (uint32_t)size)), end = piece_end(data, size, at);
	size_t from = word_start(data, roll(dice, (uint32_t)size));
	size_t from_end = piece_end(data, size, from), made;
	const char *word = words[roll(dice, sizeof(words) / sizeof(words[0]))];
	uint8_t *copy;

	switch (roll(dice, 6)) {
	case 0: /* a word in place of another */
		return splice(data, size, max_size, at, word_end(data, size, at),
			      (const uint8_t *)word, strlen(word));
	case 1: /* one more */
		return splice(data, size, max_size, at, at, (const uint8_t *)word, strlen(word));
	case 2: /* one less */
		return splice(data, size, max_size, at, end, (const uint8_t *)"", 0);
	case 3: /* a piece twice */
		from = at;
		from_end = end;
		end = at;
		break;
	case 4: /* a piece elsewhere as well */
		end = at;
		break;
	default: /* a piece in place of another */
		break;
	}
	copy = malloc(from_end - from + 1);
	if (!copy)
		return 0;
	memcpy(copy, data + from, from_end - from);
	made = splice(data, size, max_size, at, end, copy, from_end - from);
	free(copy);
	return made;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct dice dice = {seed};
	uint32_t times = 1 + roll(&dice, 4);

	if (size == 0 || roll(&dice, 8) == 0)
		return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max_size) : size;
	while (times--) {
		size_t made = mutate_once(&dice, data, size, max_size);

		size = made ? made : size;
	}
	return size;
}
