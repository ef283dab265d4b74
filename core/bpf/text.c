// SPDX-License-Identifier: Apache-2.0
/* Text for reports: see the header. */
#include "core/bpf/text.h"

static void add_char(struct seki_text *text, char c)
{
	if (text->len + 1 >= text->size)
		return;
	text->buf[text->len++] = c;
	text->buf[text->len] = '\0';
}

static void add_string(struct seki_text *text, const char *s)
{
	while (*s)
		add_char(text, *s++);
}

static void add_number(struct seki_text *text, uint64_t v, unsigned int base)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		add_char(text, digits[--n]);
}

static void add_signed(struct seki_text *text, int64_t v, const char *plus)
{
	add_string(text, v < 0 ? "-" : plus);
	add_number(text, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

static void add_arg(struct seki_text *text, char conversion, va_list *args)
{
	switch (conversion) {
	case 's':
		add_string(text, va_arg(*args, const char *));
		break;
	case 'd':
		add_signed(text, va_arg(*args, int64_t), "");
		break;
	case '+':
		add_signed(text, va_arg(*args, int64_t), "+");
		break;
	case 'u':
		add_number(text, va_arg(*args, uint64_t), 10);
		break;
	case 'x':
		add_string(text, "0x");
		add_number(text, va_arg(*args, uint64_t), 16);
		break;
	default:
		add_char(text, conversion);
		break;
	}
}

void seki_text_add_args(struct seki_text *text, const char *format, va_list args)
{
	va_list copy;

	va_copy(copy, args);
	for (; *format; format++) {
		if (*format != '%')
			add_char(text, *format);
		else
			add_arg(text, *++format, &copy);
	}
	va_end(copy);
}

void seki_text_add(struct seki_text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	seki_text_add_args(text, format, args);
	va_end(args);
}
