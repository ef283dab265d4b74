/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The P4 compiler: P4_16 text of a packet program (architecture ubpf_model, and sekisho.p4) to C,
 * and by way of clang to an object of abi/p4obj.h.
 */
#ifndef SEKI_P4_COMPILE_H
#define SEKI_P4_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seki_obj_bounds;

struct seki_p4_opts {
	const char *const *include_dirs;
	uint32_t n_include_dirs;
	const char *prologue;	 /* #define and #undef lines of the command line, or NULL */
	bool compat;		 /* do as p4c's uBPF back end: a rejected packet passes */
	bool trace;		 /* the program prints what it does: emit/trace.c */
	bool check_only;	 /* no C */
	uint32_t warnings_off;	 /* set of enum seki_warning */
	const char *extern_code; /* C of the program's own extern functions, or NULL */
};

struct seki_p4_result;

/*
 * Compiles a file. Returns 0 where it was read, whatever was found in it; else a negative errno,
 * and *out is not set. The result is the caller's.
 */
int seki_p4_compile(const char *path, const struct seki_p4_opts *opts, struct seki_p4_result **out);
/* The same of a text of len bytes, with a NUL behind them; it must outlive the result. */
int seki_p4_compile_text(const char *name, const char *text, uint32_t len,
			 const struct seki_p4_opts *opts, struct seki_p4_result **out);
void seki_p4_result_destroy(struct seki_p4_result *result);

uint32_t seki_p4_result_errors(const struct seki_p4_result *result);
uint32_t seki_p4_result_warnings(const struct seki_p4_result *result);
/* How many of the errors say "not supported yet". */
uint32_t seki_p4_result_unsupported(const struct seki_p4_result *result);

/* NUL-terminated, of the result. `code` is NULL after an error or with check_only. */
const char *seki_p4_result_code(const struct seki_p4_result *result);
/* The graph of blocks as text, or NULL. */
const char *seki_p4_result_graph(struct seki_p4_result *result);
/* P4Info, as text or as bytes of protobuf; NULL where there is no code. */
const char *seki_p4_result_info_text(struct seki_p4_result *result);
const void *seki_p4_result_info(struct seki_p4_result *result, size_t *len);
/* Is what the log of lib/bpf says true of other code for the same program, too? */
bool seki_p4_is_final(const char *log);

/* One way to write the program as C. */
struct seki_p4_code {
	const char *text;
	const char *how; /* in words */
	bool in_order;	 /* clang is to leave blocks where the text has them */
};

/*
 * Attempt 0 is the code above; where a stack is too small for it, or the verifier does not follow it,
 * the next is slower and more defensive. False after the last.
 */
bool seki_p4_result_attempt(struct seki_p4_result *result, uint32_t attempt,
			    struct seki_p4_code *code);
const char *seki_p4_result_text(struct seki_p4_result *result, bool colour);
/*
 * A picture in the language of Graphviz, of the parser or control of that name or of all of them:
 * graph/graph.h. NULL, and in *wrong why there is none.
 */
const char *seki_p4_result_dot(struct seki_p4_result *result, const char *parser,
			       const char *control, const char **wrong);
const char *seki_p4_result_json(struct seki_p4_result *result);

/*
 * The text of an error at the program's control where what clang said of its code is that a limit
 * of BPF was met; else NULL.
 */
const char *seki_p4_result_limit(struct seki_p4_result *result, const char *clang_log, bool colour);

/*
 * The text of an error at the construct that the verifier refused, of the log of lib/bpf; NULL where
 * the log names no line of the program.
 */
const char *seki_p4_result_refusal(struct seki_p4_result *result, const char *log, bool colour);

/*
 * Runs clang (or what SEKISHO_CLANG names) on generated C. 0 and the object in malloc'ed memory;
 * else a negative errno and in `log` what clang said: -ENOENT no clang, -EIO clang failed.
 */
int seki_p4_object_build(const struct seki_p4_code *code, void **object, size_t *len, char *log,
			 size_t log_size);

/* Has Graphviz' dot lay out DOT text: as seki_p4_object_build(). */
int seki_p4_svg_build(const char *dot, void **svg, size_t *len, char *log, size_t log_size);

/* Writes what the verifier found into the object's section SEKI_OBJ_BOUNDS, where it has one. */
void seki_p4_object_set_bounds(void *object, size_t len, const struct seki_obj_bounds *bounds);

#endif
