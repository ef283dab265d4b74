/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p4ref FILE.p4 [--compat]: runs a packet program by the reference interpreter. Commands on standard input,
 * one a line, each answered by one line, as p4run's:
 *
 *   packet PORT BYTES	     RESULT ACTION PORT SITE BYTES
 *   add TABLE [PRIORITY] KEY:VALUE ... ACTION(PARAM:VALUE, ...)	ok
 *   setdefault TABLE ACTION(PARAM:VALUE, ...)				ok
 *   member PROFILE NUMBER ACTION(PARAM:VALUE, ...)			ok
 *   group SELECTOR NUMBER MEMBER ...					ok
 *   meter NAME INDEX CIR CBS PIR PBS					ok
 *   counter NAME INDEX	     PACKETS BYTES
 *   digest NAME	     the next record, or none
 *   time NS		     ok: the clock stands there
 *   sent 4|6 SADDR DADDR SPORT DPORT (hex)				ok
 *   tables		     TABLE TABLE ...: their names
 *
 * Exit code 2: the file is not a right program; 3: it is beyond the interpreter.
 */
#include "tests/p4ref/ref.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/p4/builtin.h"
#include "compiler/p4/check/check.h"

#define MAX_LINE  (1u << 17)
#define MAX_BYTES 9216u

void ref_unable(const struct seki_token *tok, const char *fmt, ...)
{
	struct seki_place place = {0};
	va_list ap;

	if (tok)
		place = seki_source_place(tok->at.src, tok->at.off);
	va_start(ap, fmt);
	fflush(stdout);
	fprintf(stderr, "p4ref: %s:%u: cannot interpret ", tok ? tok->at.src->name : "",
		place.line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(3);
}

static const struct p4_program *load(struct ref *r, const char *path)
{
	struct seki_preprocess_opts opts = {.builtin = seki_p4_builtin};
	struct seki_strbuf text = {.arena = &r->keep};
	struct p4_program *program = NULL;
	struct seki_diags diags;
	struct seki_token *tokens;
	struct seki_source *src;
	int err = seki_source_read(&r->keep, path, &src);

	if (err) {
		fprintf(stderr, "p4ref: %s: %s\n", path, strerror(-err));
		exit(2);
	}
	seki_diags_init(&diags, &r->keep);
	tokens = seki_preprocess(&diags, src, &opts);
	if (!diags.errors)
		program = seki_p4_parse(&diags, tokens);
	if (!diags.errors)
		seki_p4_check(&diags, program);
	if (diags.errors) {
		seki_diags_render(&diags, false, &text);
		fputs(text.data, stderr);
		exit(2);
	}
	return program;
}

/* ---- commands ---- */

static bool unhex(const char *s, struct ref_bits *out)
{
	unsigned int byte;

	out->len = 0;
	if (strcmp(s, "-") == 0)
		return true;
	for (; s[0]; s += 2) {
		if (!s[1] || sscanf(s, "%2x", &byte) != 1 || out->len / 8 == out->max)
			return false;
		out->data[out->len / 8] = (uint8_t)byte;
		out->len += 8;
	}
	return true;
}

static const char *do_packet(struct ref *r, const char *text)
{
	static uint8_t data[MAX_BYTES];
	static char hex[2 * MAX_BYTES + 1];
	struct ref_bits packet = {.data = data, .max = sizeof(data)};
	struct ref_result res;
	uint32_t port;

	if (sscanf(text, "%u %18432s", &port, hex) != 2 || !unhex(hex, &packet))
		return "packet PORT BYTES";
	res = ref_process(r, port, &packet);
	printf("%u %u %u %u ", res.pass, res.action, res.port, res.site);
	if (!res.out.len || !res.pass)
		putchar('-');
	for (size_t i = 0; i < res.out.len / 8 && res.pass; i++)
		printf("%02x", res.out.data[i]);
	putchar('\n');
	return NULL;
}

static const char *do_sent(struct ref *r, const char *text)
{
	struct ref_fact *f = seki_arena_new(&r->keep, struct ref_fact);
	char saddr[33], daddr[33];

	ref_memory(r, &r->keep);
	if (sscanf(text, "%d %32s %32s %x %x", &f->family, saddr, daddr, &f->sport, &f->dport) !=
		    5 ||
	    mpz_init_set_str(f->saddr, saddr, 16) || mpz_init_set_str(f->daddr, daddr, 16))
		return "sent 4|6 SADDR DADDR SPORT DPORT";
	f->next = r->facts;
	r->facts = f;
	puts("ok");
	return NULL;
}

static const char *do_add(struct ref *r, const char *text, bool is_default)
{
	const char *why = NULL;

	ref_memory(r, &r->keep);
	if (!ref_add(r, text, is_default, &why))
		return why;
	puts("ok");
	return NULL;
}

static const char *do_group(struct ref *r, char *text)
{
	uint32_t members[SEKI_GROUP_MEMBERS], n = 0;
	char *name = strtok(text, " "), *number = strtok(NULL, " "), *word;

	while (n < SEKI_GROUP_MEMBERS && (word = strtok(NULL, " ")))
		members[n++] = (uint32_t)strtoul(word, NULL, 0);
	if (!number || !ref_set_group(r, name, (uint32_t)strtoul(number, NULL, 0), members, n))
		return "group SELECTOR NUMBER MEMBER ...";
	puts("ok");
	return NULL;
}

static const char *do_meter(struct ref *r, const char *text)
{
	unsigned long long index, v[4];
	char name[256];

	if (sscanf(text, "%255s %llu %llu %llu %llu %llu", name, &index, &v[0], &v[1], &v[2],
		   &v[3]) != 6 ||
	    !ref_set_meter(r, name, index, (uint64_t[4]){v[0], v[1], v[2], v[3]}))
		return "meter NAME INDEX CIR CBS PIR PBS";
	puts("ok");
	return NULL;
}

static const char *do_counter(struct ref *r, const char *text)
{
	unsigned long long index;
	uint64_t counts[2];
	char name[256];

	if (sscanf(text, "%255s %llu", name, &index) != 2 || !ref_counter(r, name, index, counts))
		return "counter NAME INDEX";
	printf("%llu %llu\n", (unsigned long long)counts[0], (unsigned long long)counts[1]);
	return NULL;
}

static const char *do_digest(struct ref *r, const char *text)
{
	const struct ref_bits *record;

	if (!ref_next_record(r, text, &record))
		return "no such digest";
	for (size_t i = 0; record && i < record->len / 8; i++)
		printf("%02x", record->data[i]);
	puts(record ? "" : "none");
	return NULL;
}

static const char *do_member(struct ref *r, const char *text)
{
	const char *why = NULL;

	ref_memory(r, &r->keep);
	if (!ref_add_member(r, text, &why))
		return why;
	puts("ok");
	return NULL;
}

static const char *do_time(struct ref *r, const char *text)
{
	r->time = strtoull(text, NULL, 0);
	puts("ok");
	return NULL;
}

static const char *do_tables(const struct ref *r)
{
	for (const struct ref_obj *o = r->objects; o; o = o->next)
		if (o->decl && o->decl->kind == P4_D_TABLE)
			printf("%s ", o->name);
	puts("");
	return NULL;
}

/* Commands for what packets leave behind. */
static const char *do_cells(struct ref *r, const char *command, char *rest)
{
	if (strcmp(command, "member") == 0)
		return do_member(r, rest);
	if (strcmp(command, "group") == 0)
		return do_group(r, rest);
	if (strcmp(command, "meter") == 0)
		return do_meter(r, rest);
	if (strcmp(command, "counter") == 0)
		return do_counter(r, rest);
	if (strcmp(command, "digest") == 0)
		return do_digest(r, rest);
	return "no such command";
}

/* What is wrong with a command, or NULL. */
static const char *do_command(struct ref *r, char *line)
{
	char *rest = line + strcspn(line, " \n");

	line[strcspn(line, "\n")] = '\0';
	if (*rest)
		*rest++ = '\0';
	if (strcmp(line, "packet") == 0)
		return do_packet(r, rest);
	if (strcmp(line, "add") == 0 || strcmp(line, "setdefault") == 0)
		return do_add(r, rest, line[0] == 's');
	if (strcmp(line, "sent") == 0)
		return do_sent(r, rest);
	if (strcmp(line, "tables") == 0)
		return do_tables(r);
	if (strcmp(line, "time") == 0)
		return do_time(r, rest);
	return do_cells(r, line, rest);
}

int main(int argc, char **argv)
{
	static struct ref r;
	static char line[MAX_LINE];
	const char *why;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "--compat") != 0)) {
		fprintf(stderr, "usage: p4ref FILE.p4 [--compat]\n");
		return 2;
	}
	r.compat = argc == 3;
	seki_arena_init(&r.keep, (size_t)1 << 30);
	seki_arena_init(&r.scratch, (size_t)1 << 30);
	if (setjmp(r.keep.full))
		ref_unable(NULL, "more than 1 GiB of memory");
	ref_memory(&r, &r.keep);
	r.program = load(&r, argv[1]);
	ref_build(&r);
	while (fgets(line, sizeof(line), stdin)) {
		why = do_command(&r, line);
		if (why)
			printf("error %s\n", why);
		fflush(stdout);
	}
	return 0;
}
