/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a P4 VM inside a switch needs to come back in the switch's next process: how it was started, and its programs. A
 * folder for each, next to the switch's own sockets, with a file for each part; a file is replaced as a whole, so whoever
 * dies meanwhile leaves the one before. Who can write there is the switch's own user, and so trusted as it is.
 */
#ifndef SEKI_P4VM_KEPT_H
#define SEKI_P4VM_KEPT_H

#include <limits.h>

#include "p4vm/request.h"

#define SEKI_KEPT_ARGS 32

struct seki_kept {
	char dir[PATH_MAX]; /* empty: nothing is kept */
};

/* The folder of a P4 VM; `base` may be NULL. */
void seki_kept_init(struct seki_kept *kept, const char *base, const char *name);

/* Anew, with nothing but a command line. 0 or negative errno. */
int seki_kept_begin(const struct seki_kept *kept, int argc, char **argv);

/* The program that goes under a number. Maps are not kept, nor is a request to keep some. */
int seki_kept_put(const struct seki_kept *kept, uint32_t number,
		  const struct seki_request *request);
void seki_kept_drop(const struct seki_kept *kept, uint32_t number);
/* It goes under another number. */
void seki_kept_move(const struct seki_kept *kept, uint32_t from, uint32_t to);

/*
 * Counts an attempt to come back. -ELOOP: it came back a few times, each less than a minute after the one before, so the
 * switch may die of it.
 */
int seki_kept_try(const struct seki_kept *kept, uint64_t now_ns);

/* The command line, NUL-terminated strings in *text (malloc()), to which argv points. Its length, or negative errno. */
int seki_kept_args(const struct seki_kept *kept, char *argv[SEKI_KEPT_ARGS], char **text);

/* What was put, which points into *data (malloc()). -ENOENT: nothing. */
int seki_kept_get(const struct seki_kept *kept, uint32_t number, struct seki_request *out,
		  void **data);

/* It is not to come back. */
void seki_kept_end(const struct seki_kept *kept);

#endif
