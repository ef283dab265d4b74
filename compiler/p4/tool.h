/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that do a part of the work: clang, Graphviz' dot. */
#ifndef SEKI_P4_TOOL_H
#define SEKI_P4_TOOL_H

#include <stddef.h>

/*
 * Runs argv[0], as execvp() finds it, on `text`. 0 and what it wrote in malloc'ed memory; else a negative
 * errno and in `log` what it said: -ENOENT there is no such program, -EIO it failed.
 */
int seki_tool_run(char *const *argv, const char *text, void **out, size_t *len, char *log,
		  size_t log_size);

#endif
