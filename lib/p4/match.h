/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a field of a key must be for an entry to match. A range matches from `first` to `second`; all
 * else where the bits that are 1 in `second` are those of `first`, of which the others are 0.
 */
#ifndef SEKI_LIB_P4_MATCH_H
#define SEKI_LIB_P4_MATCH_H

#include "lib/p4/pipeline.h"

struct seki_p4rt_match {
	uint8_t first[SEKI_P4RT_MAX_BYTES];
	uint8_t second[SEKI_P4RT_MAX_BYTES];
};

#define SEKI_P4RT_MAX_MATCH (2 * SEKI_P4RT_MAX_TEXT + 4)

/*
 * VALUE, VALUE/BITS, VALUE&&&MASK, LOW..HIGH, * (anything), or hex or binary digits with * for those
 * that do not matter. -EINVAL and why: it is none, or not one for this kind of field.
 */
int seki_p4rt_match_parse(const struct seki_p4rt_field *field, const char *text, size_t len,
			  struct seki_p4rt_match *out, char why[SEKI_P4RT_WHY]);

/* As P4Runtime's "not there". -EINVAL: exact fields cannot do without. */
int seki_p4rt_match_any(const struct seki_p4rt_field *field, struct seki_p4rt_match *out);

/* In the words of the above. Of SEKI_P4RT_MAX_MATCH. */
void seki_p4rt_match_print(const struct seki_p4rt_field *field, const struct seki_p4rt_match *match,
			   char *text);

#endif
