/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the script's interpreter share: words, faults, and the commands of stf_maps.c. */
#ifndef SEKI_CLI_STF_PARTS_H
#define SEKI_CLI_STF_PARTS_H

#include "cli/stf.h"

/* ---- stf_words.c ---- */

void seki_stf_tell(struct seki_stf *stf, const struct seki_stf_fault *fault);
void seki_stf_fault(struct seki_stf *stf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Cuts the text in words; the last has all that is left. */
int seki_stf_split(char *text, char **words, int max);

/* False: it has told. */
bool seki_stf_number(struct seki_stf *stf, const char *text, uint64_t *out);

/* Bytes of hex, of malloc(), or NULL: it has told. */
uint8_t *seki_stf_bytes(struct seki_stf *stf, const char *text, size_t *len);

/* Digits only, small; true: with $ at their end. */
bool seki_stf_squeeze(char *text);

/* Do the bytes start with these digits, of which * is any, and where it `ends` there, end with them? */
bool seki_stf_matches(const char *expected, bool ends, const uint8_t *got, size_t len);

/* ---- stf_maps.c: each runs a command on what follows its name. False: memory is short. ---- */

bool seki_stf_do_set(struct seki_stf *stf, char *rest);
bool seki_stf_do_value(struct seki_stf *stf, char *rest);
bool seki_stf_do_check_counter(struct seki_stf *stf, char *rest);
bool seki_stf_do_meter(struct seki_stf *stf, char *rest);
bool seki_stf_do_digest(struct seki_stf *stf, char *rest);

#endif
