/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "lib/p4/match.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_TEXT 4096u

static int refuse(char *why, const struct seki_p4rt_field *field, const char *text, size_t len,
		  const char *reason)
{
	snprintf(why, SEKI_P4RT_WHY, "'%.*s%s' for '%s': %s", len > 60 ? 60 : (int)len, text,
		 len > 60 ? "..." : "", field->name, reason);
	return -EINVAL;
}

/* How many bits are set before the first that is not; -1: others are set behind it. */
static int prefix_bits(const uint8_t *mask, uint32_t width)
{
	uint8_t prefix[SEKI_P4RT_MAX_BYTES];
	uint32_t bytes = seki_p4rt_bytes(width), n = 0;

	for (uint32_t i = 0; i < bytes; i++)
		n += (uint32_t)__builtin_popcount(mask[i]);
	seki_p4rt_number_mask(width, n, prefix);
	return memcmp(prefix, mask, bytes) ? -1 : (int)n;
}

int seki_p4rt_match_any(const struct seki_p4rt_field *field, struct seki_p4rt_match *out)
{
	if (field->match == SEKI_MATCH_EXACT)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (field->match == SEKI_MATCH_RANGE)
		seki_p4rt_number_mask(field->width, field->width, out->second);
	return 0;
}

/* ---- forms ---- */

static int parse_number(const struct seki_p4rt_field *field, const char *text, size_t len,
			uint8_t *out, char *why)
{
	int err = seki_p4rt_number_parse(text, len, field->width, out);

	if (!err)
		return 0;
	return refuse(why, field, text, len,
		      err == -ERANGE ? "it has more bits than the field" : "not a number");
}

static int parse_value(const struct seki_p4rt_field *field, const char *text, size_t len,
		       struct seki_p4rt_match *out, char *why)
{
	int err = parse_number(field, text, len, out->first, why);

	if (field->match == SEKI_MATCH_RANGE)
		memcpy(out->second, out->first, sizeof(out->second));
	else
		seki_p4rt_number_mask(field->width, field->width, out->second);
	return err;
}

static int parse_prefix(const struct seki_p4rt_field *field, const char *text, size_t len,
			const char *slash, struct seki_p4rt_match *out, char *why)
{
	const char *end = text + len, *at = slash + 1;
	uint32_t bits = 0;

	for (; at < end && *at >= '0' && *at <= '9' && bits <= field->width; at++)
		bits = 10 * bits + (uint32_t)(*at - '0');
	if (at != end || at == slash + 1 || bits > field->width)
		return refuse(why, field, text, len, "no length of a prefix of the field");
	seki_p4rt_number_mask(field->width, bits, out->second);
	return parse_number(field, text, (size_t)(slash - text), out->first, why);
}

/* 0x12*4 or 0b1*0. */
static int parse_wildcards(const struct seki_p4rt_field *field, const char *text, size_t len,
			   struct seki_p4rt_match *out, char *why)
{
	char value[MAX_TEXT], mask[MAX_TEXT];
	bool hex = len > 2 && (text[1] | 0x20) == 'x';
	int err;

	if (len < 3 || len > MAX_TEXT || text[0] != '0' || (!hex && (text[1] | 0x20) != 'b'))
		return refuse(why, field, text, len, "* stands for hex or binary digits only");
	memcpy(mask, text, 2);
	memcpy(value, text, 2);
	for (size_t i = 2; i < len; i++) {
		value[i] = (char)(text[i] == '*' ? '0' : text[i]);
		mask[i] = (char)(text[i] == '*' ? '0' : text[i] == '_' ? '_' : hex ? 'f' : '1');
	}
	err = parse_number(field, value, len, out->first, why);
	/* The first digit may have fewer bits than the mask's. */
	if (!err && seki_p4rt_number_parse(mask, len, field->width, out->second)) {
		mask[2] = (char)(hex ? "0137"[field->width % 4] : '1');
		err = parse_number(field, mask, len, out->second, why);
	}
	return err;
}

static const char *find(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what));
}

static int parse_form(const struct seki_p4rt_field *field, const char *text, size_t len,
		      struct seki_p4rt_match *out, bool *is_range, char *why)
{
	const char *dots = find(text, len, ".."), *amps = find(text, len, "&&&"),
		   *slash = memchr(text, '/', len), *end = text + len;
	int err;

	*is_range = dots != NULL;
	if (dots) {
		err = parse_number(field, text, (size_t)(dots - text), out->first, why);
		return err ? err
			   : parse_number(field, dots + 2, (size_t)(end - dots) - 2, out->second,
					  why);
	}
	if (amps) {
		err = parse_number(field, text, (size_t)(amps - text), out->first, why);
		return err ? err
			   : parse_number(field, amps + 3, (size_t)(end - amps) - 3, out->second,
					  why);
	}
	if (slash)
		return parse_prefix(field, text, len, slash, out, why);
	if (memchr(text, '*', len))
		return parse_wildcards(field, text, len, out, why);
	*is_range = field->match == SEKI_MATCH_RANGE;
	return parse_value(field, text, len, out, why);
}

/* ---- does it suit the field? ---- */

/* NULL or what is wrong. */
static const char *misfit(const struct seki_p4rt_field *field, const struct seki_p4rt_match *match,
			  bool is_range)
{
	int bits = prefix_bits(match->second, field->width);

	if (field->match == SEKI_MATCH_RANGE) {
		if (!is_range)
			return "its match kind is range: write LOW..HIGH";
		return memcmp(match->first, match->second, seki_p4rt_bytes(field->width)) > 0
			       ? "the range ends before it begins"
			       : NULL;
	}
	if (is_range)
		return "its match kind takes no ranges";
	if (field->match == SEKI_MATCH_EXACT && bits != (int)field->width)
		return "its match kind is exact: write one value";
	if (field->match == SEKI_MATCH_LPM && bits < 0)
		return "its match kind is lpm: write VALUE/BITS";
	if (field->match == SEKI_MATCH_OPTIONAL && bits != 0 && bits != (int)field->width)
		return "its match kind is optional: write one value, or *";
	return NULL;
}

int seki_p4rt_match_parse(const struct seki_p4rt_field *field, const char *text, size_t len,
			  struct seki_p4rt_match *out, char why[SEKI_P4RT_WHY])
{
	const char *reason;
	bool is_range;
	int err;

	memset(out, 0, sizeof(*out));
	if (len == 1 && *text == '*') {
		err = seki_p4rt_match_any(field, out);
		return err ? refuse(why, field, text, len, "its match kind is exact") : 0;
	}
	err = parse_form(field, text, len, out, &is_range, why);
	if (err)
		return err;
	reason = misfit(field, out, is_range);
	if (reason)
		return refuse(why, field, text, len, reason);
	for (uint32_t i = 0; !is_range && i < seki_p4rt_bytes(field->width); i++)
		out->first[i] &= out->second[i];
	return 0;
}

void seki_p4rt_match_print(const struct seki_p4rt_field *field, const struct seki_p4rt_match *match,
			   char *text)
{
	char first[SEKI_P4RT_MAX_TEXT], second[SEKI_P4RT_MAX_TEXT];
	uint32_t bytes = seki_p4rt_bytes(field->width);
	int bits = prefix_bits(match->second, field->width);

	seki_p4rt_number_print(match->first, field->width, first);
	seki_p4rt_number_print(match->second, field->width, second);
	if (field->match == SEKI_MATCH_RANGE && memcmp(match->first, match->second, bytes) == 0)
		strcpy(text, first);
	else if (field->match == SEKI_MATCH_RANGE)
		sprintf(text, "%s..%s", first, second);
	else if (bits == 0)
		strcpy(text, "*");
	else if (field->match == SEKI_MATCH_LPM)
		sprintf(text, "%s/%d", first, bits);
	else if (bits == (int)field->width)
		strcpy(text, first);
	else
		sprintf(text, "%s&&&%s", first, second);
}
