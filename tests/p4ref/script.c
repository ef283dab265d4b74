/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries that a script adds, as STF writes them: `TABLE [PRIORITY] KEY:VALUE ... ACTION(PARAM:VALUE, ...)`.
 * A value is a number, VALUE/PREFIX, VALUE&&&MASK, LOW..HIGH, 0x with * for nibbles, or * for any. A key's
 * name is that of its expression, its dots as they are or as underscores; what stands before the last dot
 * is not looked at where the rest is a name by itself.
 */
#include "tests/p4ref/ref.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORD 4096u

struct cursor {
	struct ref *r;
	const char *at;
	const char **why;
	char word[MAX_WORD];
};

static bool fail(struct cursor *c, const char *fmt, const char *what)
{
	*c->why = seki_arena_printf(c->r->arena, fmt, what);
	return false;
}

/* The next word: up to white space or one of `stops`. */
static bool next_word(struct cursor *c, const char *stops)
{
	size_t n = 0;

	while (isspace((unsigned char)*c->at) || *c->at == ',')
		c->at++;
	while (*c->at && !isspace((unsigned char)*c->at) && !strchr(stops, *c->at) &&
	       n + 1 < MAX_WORD)
		c->word[n++] = *c->at++;
	c->word[n] = '\0';
	while (isspace((unsigned char)*c->at))
		c->at++;
	return n > 0;
}

/* ---- values ---- */

static bool read_number(const char *text, mpz_t out)
{
	bool neg = text[0] == '-';
	bool ok;

	text += neg;
	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		ok = mpz_set_str(out, text + 2, 16) == 0;
	else if (text[0] == '0' && (text[1] | 0x20) == 'b')
		ok = mpz_set_str(out, text + 2, 2) == 0;
	else
		ok = mpz_set_str(out, text, 10) == 0;
	if (neg)
		mpz_neg(out, out);
	return ok;
}

/* The two numbers around a separator. */
static bool read_pair(char *text, const char *separator, struct ref_field *f)
{
	char *second = strstr(text, separator);

	*second = '\0';
	return read_number(text, f->a) && read_number(second + strlen(separator), f->b);
}

static void prefix_mask(mpz_t mask, uint32_t width)
{
	uint32_t len = (uint32_t)mpz_get_ui(mask);

	mpz_set_ui(mask, 0);
	for (uint32_t i = 0; i < len && i < width; i++)
		mpz_setbit(mask, width - 1 - i);
}

/* 0x12*4: what is no digit does not matter. */
static bool read_wildcards(char *text, struct ref_field *f)
{
	char mask[MAX_WORD];
	size_t i;

	for (i = 2; text[i]; i++) {
		mask[i - 2] = text[i] == '*' ? '0' : 'f';
		if (text[i] == '*')
			text[i] = '0';
	}
	mask[i - 2] = '\0';
	return mpz_set_str(f->b, mask, 16) == 0 && read_number(text, f->a);
}

static bool read_value(struct cursor *c, uint32_t width, struct ref_field *f)
{
	char *text = c->word;
	bool ok;

	if (strcmp(text, "*") == 0) {
		f->kind = REF_ANY;
		return true;
	}
	f->kind = REF_MASK;
	if (strchr(text, '/')) {
		ok = read_pair(text, "/", f);
		prefix_mask(f->b, width);
	} else if (strstr(text, "&&&")) {
		ok = read_pair(text, "&&&", f);
	} else if (strstr(text, "..")) {
		f->kind = REF_RANGE;
		ok = read_pair(text, "..", f);
	} else if (strchr(text, '*')) {
		ok = read_wildcards(text, f);
	} else {
		f->kind = REF_EQUAL;
		ok = read_number(text, f->a);
	}
	return ok || fail(c, "'%s' is not a value", text);
}

/* ---- keys ---- */

static const char *expr_name(struct ref *r, const struct p4_expr *e)
{
	struct seki_span at = seki_expr_span(e);
	char *text;

	if (e->kind == P4_E_NAME)
		return e->name;
	if (e->kind == P4_E_MEMBER)
		return seki_arena_printf(r->arena, "%s_%s", expr_name(r, e->a), e->name);
	text = seki_arena_dup(r->arena, at.src->text + at.off, at.len);
	for (char *t = text; *t; t++)
		if (!isalnum((unsigned char)*t) && *t != '_')
			*t = '_';
	return text;
}

static bool same_name(const char *name, const char *word)
{
	for (; *name && *word; name++, word++)
		if (*name != *word && !(*word == '.' && *name == '_') &&
		    !(*name == '.' && *word == '_'))
			return false;
	return !*name && !*word;
}

static bool is_key(struct ref *r, const struct p4_key *key, const char *word)
{
	const char *name = key->rename ? key->rename : expr_name(r, key->expr);
	const char *dot = strrchr(word, '.');

	return same_name(name, word) || (dot && same_name(name, dot + 1));
}

static bool add_key(struct cursor *c, const struct p4_decl *table, struct ref_entry *e)
{
	const struct p4_key *key = table->table->keys;
	uint32_t i = 0;

	for (; key && !is_key(c->r, key, c->word); key = key->next)
		i++;
	if (!key)
		return fail(c, "no key '%s'", c->word);
	c->at++;
	return next_word(c, "") && read_value(c, ref_width(key->expr->type), &e->fields[i]);
}

static bool add_keys(struct cursor *c, const struct p4_decl *table, struct ref_entry *e)
{
	uint32_t n = 0;

	for (const struct p4_key *k = table->table->keys; k; k = k->next)
		n++;
	e->fields = seki_arena_alloc(c->r->arena, (n + 1) * sizeof(*e->fields));
	for (uint32_t i = 0; i < n; i++) {
		mpz_init(e->fields[i].a);
		mpz_init(e->fields[i].b);
	}
	while (next_word(c, ":(")) {
		if (*c->at == '(')
			return true;
		if (*c->at != ':')
			e->priority = strtoll(c->word, NULL, 0);
		else if (!add_key(c, table, e))
			return false;
	}
	return fail(c, "%s", "no action");
}

/* ---- the action ---- */

static bool is_action(const struct p4_action_ref *ref, const char *word)
{
	const char *name = ref->action->rename ? ref->action->rename : ref->action->name;
	size_t n = strlen(name), all = strlen(word);

	if (same_name(name, word))
		return true;
	return all > n && (word[all - n - 1] == '_' || word[all - n - 1] == '.') &&
	       same_name(name, word + all - n);
}

/* The scalar of a value that `name` is the rest of a parameter's name for: "_field", "_0_field" ... */
static struct ref_val *find_part(struct ref_val *v, const char *name)
{
	const struct p4_decl *field = v->type->decl ? v->type->decl->members : NULL;
	bool is_struct = v->type->kind == P4_T_STRUCT;

	if (!*name)
		return v->n ? NULL : v;
	for (uint32_t i = 0; i < v->n; i++) {
		char number[16];
		const char *part = number;
		size_t n;

		snprintf(number, sizeof(number), "%u", i);
		if (is_struct) {
			part = field->name;
			field = field->next;
		}
		n = strlen(part);
		if (name[0] == '_' && strncmp(name + 1, part, n) == 0 &&
		    find_part(&v->part[i], name + 1 + n))
			return find_part(&v->part[i], name + 1 + n);
	}
	return NULL;
}

/* Where the number goes that a script has for a parameter, or a part of one. */
static struct ref_val *find_arg(struct cursor *c, struct ref_entry *e)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = e->action->params; p; p = p->next, i++) {
		size_t n = strlen(p->name);
		struct ref_val *v;

		if (strncmp(c->word, p->name, n) != 0)
			continue;
		v = e->args[i] ? e->args[i] : ref_make(c->r, p->type);
		if (!find_part(v, c->word + n))
			continue;
		e->args[i] = v;
		return find_part(v, c->word + n);
	}
	return NULL;
}

static bool add_args(struct cursor *c, struct ref_entry *e)
{
	uint32_t n = seki_decl_count(e->action->params);

	e->args = seki_arena_alloc(c->r->arena, (n + 1) * sizeof(struct ref_val *));
	c->at++;
	while (next_word(c, ":)")) {
		struct ref_val *to = find_arg(c, e);

		if (!to || *c->at != ':')
			return fail(c, "no parameter '%s'", c->word);
		c->at++;
		if (!next_word(c, ",)") || !read_number(c->word, to->num))
			return fail(c, "'%s' is not a value", c->word);
		ref_wrap(to->num, to->type);
	}
	return true;
}

static bool add_action(struct cursor *c, const struct p4_decl *table, struct ref_entry *e)
{
	const struct p4_action_ref *ref = table->table->actions;

	while (ref && !is_action(ref, c->word))
		ref = ref->next;
	if (!ref)
		return fail(c, "no action '%s'", c->word);
	e->action = ref->action;
	return add_args(c, e);
}

/* member(NUMBER) or group(NUMBER) */
static bool add_choice(struct cursor *c, struct ref_entry *e)
{
	uint32_t *to = strcmp(c->word, "group") == 0 ? &e->group : &e->member;

	if (*c->at++ != '(' || !next_word(c, ")"))
		return fail(c, "%s", "no member");
	*to = (uint32_t)strtoul(c->word, NULL, 0);
	return true;
}

static struct ref_obj *find_object(struct cursor *c)
{
	struct ref_obj *obj = c->r->objects;

	while (obj && (!obj->decl || !same_name(obj->name, c->word)))
		obj = obj->next;
	return obj;
}

/* A value set's members are added as keys of any name. */
static bool add_to_set(struct cursor *c, struct ref_entry *e)
{
	uint32_t n = 0;

	e->fields = seki_arena_alloc(c->r->arena, 16 * sizeof(*e->fields));
	while (n < 16 && next_word(c, ":")) {
		mpz_init(e->fields[n].a);
		mpz_init(e->fields[n].b);
		c->at++;
		if (!next_word(c, "") || !read_value(c, 64, &e->fields[n++]))
			return false;
	}
	return true;
}

static bool add_value(struct cursor *c, const struct ref_obj *table, struct ref_entry *e,
		      bool is_default)
{
	if (is_default)
		next_word(c, "(");
	return table->other && !is_default ? add_choice(c, e) : add_action(c, table->decl, e);
}

bool ref_add_member(struct ref *r, const char *text, const char **why)
{
	struct cursor *c = seki_arena_new(r->arena, struct cursor);
	struct ref_entry *e = seki_arena_new(r->arena, struct ref_entry);
	struct ref_obj *profile;

	*c = (struct cursor){.r = r, .at = text, .why = why};
	next_word(c, "");
	profile = ref_profile(r, c->word);
	if (!profile || !profile->other)
		return fail(c, "no action profile '%s'", c->word);
	next_word(c, "");
	e->priority = (uint32_t)strtoul(c->word, NULL, 0);
	next_word(c, "(");
	if (!add_action(c, profile->other->decl, e))
		return false;
	e->next = profile->entries; /* the one set last is found */
	profile->entries = e;
	return true;
}

bool ref_add(struct ref *r, const char *text, bool is_default, const char **why)
{
	struct cursor *c = seki_arena_new(r->arena, struct cursor);
	struct ref_entry *e = seki_arena_new(r->arena, struct ref_entry), **end;
	struct ref_obj *obj;

	*c = (struct cursor){.r = r, .at = text, .why = why};
	next_word(c, "");
	obj = find_object(c);
	if (!obj)
		return fail(c, "no table '%s'", c->word);
	for (end = &obj->entries; *end;)
		end = &(*end)->next;
	if (obj->decl->kind == P4_D_VALUE_SET ? !add_to_set(c, e)
					      : (!is_default && !add_keys(c, obj->decl, e)) ||
							!add_value(c, obj, e, is_default))
		return false;
	if (is_default)
		obj->fallback = e;
	else
		*end = e;
	return true;
}
