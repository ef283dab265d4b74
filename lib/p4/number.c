/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "lib/p4/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_DIGITS 4096u /* decimal digits take time by their square */

static bool fits(const uint8_t *number, uint32_t width)
{
	return width % 8 == 0 || number[0] >> width % 8 == 0;
}

void seki_p4rt_number_mask(uint32_t width, uint32_t n, uint8_t *out)
{
	uint32_t bytes = seki_p4rt_bytes(width), above = bytes * 8 - width;

	memset(out, 0, bytes);
	for (uint32_t bit = above; bit < above + n; bit++)
		out[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

int seki_p4rt_number_set(const uint8_t *bytes, size_t len, uint32_t width, uint8_t *out)
{
	uint8_t copy[SEKI_P4RT_MAX_BYTES] = {0};
	uint32_t room = seki_p4rt_bytes(width);

	for (; len > room; bytes++, len--)
		if (*bytes)
			return -ERANGE;
	if (len)
		memcpy(copy + room - len, bytes, len);
	if (!fits(copy, width))
		return -ERANGE;
	memcpy(out, copy, room);
	return 0;
}

/* ---- digits ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int shift_in(uint8_t *number, uint32_t width, uint32_t base, uint32_t value)
{
	for (uint32_t i = seki_p4rt_bytes(width); i-- > 0;) {
		value += number[i] * base;
		number[i] = (uint8_t)value;
		value >>= 8;
	}
	return value || !fits(number, width) ? -ERANGE : 0;
}

static uint32_t base_of(const char **text, size_t *len)
{
	char c = *len > 2 && (*text)[0] == '0' ? (char)((*text)[1] | 0x20) : 0;
	uint32_t base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;

	if (base != 10) {
		*text += 2;
		*len -= 2;
	}
	return base;
}

static int parse_digits(const char *text, size_t len, uint32_t width, uint8_t *out)
{
	uint32_t base = base_of(&text, &len);
	bool any = false;
	int err = 0;

	memset(out, 0, seki_p4rt_bytes(width));
	if (len > MAX_DIGITS)
		return -ERANGE;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '_' && any)
			continue;
		if (digit(text[i]) >= (int)base)
			return -EINVAL;
		any = true;
		if (!err)
			err = shift_in(out, width, base, (uint32_t)digit(text[i]));
	}
	return any ? err : -EINVAL;
}

/* Two's complement; the least is -2^(width-1). */
static int negate(uint8_t *number, uint32_t width)
{
	uint32_t bytes = seki_p4rt_bytes(width), top = (width - 1) % 8, carry = 1;
	bool high = number[0] >> top & 1, rest = number[0] & ((1u << top) - 1);

	for (uint32_t i = 1; i < bytes; i++)
		rest |= number[i] != 0;
	if (high && rest)
		return -ERANGE;
	for (uint32_t i = bytes; i-- > 0;) {
		carry += (uint8_t)~number[i];
		number[i] = (uint8_t)carry;
		carry >>= 8;
	}
	number[0] &= (uint8_t)(0xff >> (7 - top));
	return 0;
}

/* ---- addresses ---- */

/* aa:bb:cc:dd:ee:ff, also with dashes. */
static bool parse_mac(const char *text, uint8_t mac[6])
{
	for (int i = 0; i < 6; i++, text += 3) {
		int high = digit(text[0]), low = high < 16 ? digit(text[1]) : 16;
		char end = low < 16 ? text[2] : '!';

		if (low > 15 || (i == 5 ? end != '\0' : end != ':' && end != '-'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* 1: it was an address. */
static int parse_address(const char *text, size_t len, uint32_t width, uint8_t *out)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	size_t n;

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	n = parse_mac(copy, bytes)		    ? 6
	    : inet_pton(AF_INET, copy, bytes) == 1  ? 4
	    : inet_pton(AF_INET6, copy, bytes) == 1 ? 16
						    : 0;
	if (!n)
		return 0;
	return seki_p4rt_number_set(bytes, n, width, out) ? -ERANGE : 1;
}

int seki_p4rt_number_parse(const char *text, size_t len, uint32_t width, uint8_t *out)
{
	int err = parse_address(text, len, width, out);

	if (err)
		return err < 0 ? err : 0;
	if ((len == 4 && memcmp(text, "true", 4) == 0) ||
	    (len == 5 && memcmp(text, "false", 5) == 0))
		return parse_digits(len == 4 ? "1" : "0", 1, width, out);
	if (len && *text == '-') {
		err = parse_digits(text + 1, len - 1, width, out);
		return err ? err : negate(out, width);
	}
	return parse_digits(text, len, width, out);
}

/* ---- text ---- */

void seki_p4rt_number_print(const uint8_t *number, uint32_t width, char *text)
{
	uint32_t bytes = seki_p4rt_bytes(width);

	if (width <= 16) {
		sprintf(text, "%u", bytes == 2 ? number[0] << 8 | number[1] : number[0]);
	} else if (width == 48) {
		sprintf(text, "%02x:%02x:%02x:%02x:%02x:%02x", number[0], number[1], number[2],
			number[3], number[4], number[5]);
	} else if (width == 128) {
		inet_ntop(AF_INET6, number, text, INET6_ADDRSTRLEN);
	} else {
		text += sprintf(text, "0x");
		for (uint32_t i = 0; i < bytes; i++)
			text += sprintf(text, "%02x", number[i]);
	}
}
