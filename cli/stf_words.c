// SPDX-License-Identifier: Apache-2.0
/* Words of a script, and what is told of them. */
#include "cli/stf_parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- faults ---- */

void seki_stf_tell(struct seki_stf *stf, const struct seki_stf_fault *fault)
{
	stf->faults++;
	if (stf->fault)
		stf->fault(stf->arg, fault);
}

void seki_stf_fault(struct seki_stf *stf, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* words of the script may hold anything */
		if (iscntrl((unsigned char)*c))
			*c = '?';
	seki_stf_tell(stf, &(struct seki_stf_fault){.line = stf->line, .text = text});
}

/* ---- words ---- */

int seki_stf_split(char *text, char **words, int max)
{
	int n = 0;

	while (n < max) {
		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		words[n++] = text;
		if (n == max)
			break;
		while (*text && !isspace((unsigned char)*text))
			text++;
		if (*text)
			*text++ = '\0';
	}
	return n;
}

bool seki_stf_number(struct seki_stf *stf, const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (!errno && end != text && !*end && isdigit((unsigned char)*text))
		return true;
	seki_stf_fault(stf, "'%s' is not a number", text);
	return false;
}

uint8_t *seki_stf_bytes(struct seki_stf *stf, const char *text, size_t *len)
{
	uint8_t *out = seki_cli_hex_parse(text, strlen(text), len);

	if (!out)
		seki_stf_fault(stf, "'%.40s' are not bytes in hex", text);
	return out;
}

bool seki_stf_squeeze(char *text)
{
	char *to = text;
	bool ends = false;

	for (; *text; text++) {
		ends = ends || *text == '$';
		if (!isspace((unsigned char)*text) && *text != '$')
			*to++ = (char)tolower((unsigned char)*text);
	}
	*to = '\0';
	return ends;
}

bool seki_stf_matches(const char *expected, bool ends, const uint8_t *got, size_t len)
{
	size_t digits = strlen(expected);

	if (digits > 2 * len || (ends && digits != 2 * len))
		return false;
	for (size_t i = 0; i < digits; i++) {
		uint32_t nibble = i % 2 ? got[i / 2] & 15 : got[i / 2] >> 4;

		if (expected[i] != '*' && expected[i] != "0123456789abcdef"[nibble])
			return false;
	}
	return true;
}
