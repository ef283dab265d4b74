/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in text. See entry.h. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p4/entry.h"
#include "lib/p4/layout.h"

/* A text that is being read, word by word. */
struct scan {
	const char *at;
	const char *word; /* the last one */
	size_t len;
	char *why;
};

static int fail(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct scan *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, SEKI_P4RT_WHY, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

#define WORD(s) (int)((s)->len < 80 ? (s)->len : 80), (s)->word

static void skip_space(struct scan *s)
{
	while (isspace((unsigned char)*s->at))
		s->at++;
}

/* Up to white space or one of `stops`. */
static bool next_word(struct scan *s, const char *stops)
{
	skip_space(s);
	s->word = s->at;
	while (*s->at && !isspace((unsigned char)*s->at) && !strchr(stops, *s->at))
		s->at++;
	s->len = (size_t)(s->at - s->word);
	return s->len > 0;
}

/* ---- names ---- */

/* "hdr_ip_src", "hdr.ip.src", and both behind "key." or what else p4c's C puts before a dot. */
static bool is_field(const struct seki_p4rt_field *field, const char *text, size_t len)
{
	const char *dot = memrchr(text, '.', len);

	if (seki_p4rt_is_name(field->name, text, len) ||
	    (len > 4 && memcmp(text, "key.", 4) == 0 &&
	     seki_p4rt_is_name(field->name, text + 4, len - 4)))
		return true;
	return dot && seki_p4rt_is_name(field->name, dot + 1, (size_t)(text + len - dot) - 1);
}

static bool is_action(const struct seki_p4rt_action *action, const char *text, size_t len)
{
	const char *dot = strrchr(action->name, '.');

	return seki_p4rt_is_name(action->name, text, len) ||
	       seki_p4rt_is_name(action->alias, text, len) ||
	       seki_p4rt_is_name(dot ? dot + 1 : action->name, text, len);
}

/* p4c's C has the name of the control before actions of any place, also NoAction. */
static const struct seki_p4rt_ref *find_action(const struct seki_p4rt_table *table,
					       const struct scan *s, uint32_t *number)
{
	const char *tail = memchr(s->word, '_', s->len);

	for (uint32_t turn = 0; turn < (tail ? 2u : 1u); turn++) {
		const char *text = turn ? tail + 1 : s->word;

		for (*number = 0; *number < table->n_actions; ++*number)
			if (is_action(table->actions[*number].action, text,
				      (size_t)(s->word + s->len - text)))
				return &table->actions[*number];
	}
	return NULL;
}

/* ---- the key ---- */

struct key {
	struct seki_p4rt_match *matches;
	bool *given;
	uint32_t priority;
};

static int read_field(struct scan *s, const struct seki_p4rt_table *table, struct key *key,
		      const char *colon)
{
	size_t name_len = (size_t)(colon - s->word);
	uint32_t i = 0;

	while (i < table->n_fields && !is_field(&table->fields[i], s->word, name_len))
		i++;
	if (i == table->n_fields)
		return fail(s, "table '%s' has no key '%.*s'", table->name, (int)name_len, s->word);
	if (key->given[i])
		return fail(s, "key '%s' is there twice", table->fields[i].name);
	key->given[i] = true;
	return seki_p4rt_match_parse(&table->fields[i], colon + 1, s->len - name_len - 1,
				     &key->matches[i], s->why);
}

static bool parse_u32(const struct scan *s, uint32_t *out)
{
	uint8_t number[4];

	if (seki_p4rt_number_parse(s->word, s->len, 32, number))
		return false;
	*out = (uint32_t)number[0] << 24 | (uint32_t)number[1] << 16 | (uint32_t)number[2] << 8 |
	       number[3];
	return true;
}

static int read_priority(struct scan *s, struct key *key)
{
	if (parse_u32(s, &key->priority))
		return 0;
	return fail(s, "'%.*s' is neither FIELD:VALUE nor a priority", WORD(s));
}

/* Where the name of a field ends: "hdr.ip.isValid():1" has its parentheses before. NULL: it is none. */
static const char *field_colon(const struct scan *s)
{
	const char *colon = memchr(s->word, ':', s->len), *open = memchr(s->word, '(', s->len);

	return colon && (!open || open > colon || strncmp(open, "():", 3) == 0) ? colon : NULL;
}

/* Words up to the action, whose place is left in the scan. */
static int read_words(struct scan *s, const struct seki_p4rt_table *table, struct key *key)
{
	int err = 0;

	while (!err && next_word(s, "")) {
		const char *colon = field_colon(s);

		if (colon) {
			err = read_field(s, table, key, colon);
		} else if (isdigit((unsigned char)*s->word) && !memchr(s->word, '(', s->len)) {
			err = read_priority(s, key);
		} else {
			s->at = s->word;
			return 0;
		}
	}
	return err;
}

static int read_key(struct scan *s, struct seki_p4rt_entry *entry)
{
	const struct seki_p4rt_table *table = entry->table;
	struct key key = {.matches = calloc(table->n_fields + 1, sizeof(*key.matches)),
			  .given = calloc(table->n_fields + 1, sizeof(*key.given))};
	int err = key.matches && key.given ? read_words(s, table, &key) : -ENOMEM;

	for (uint32_t i = 0; i < table->n_fields && !err; i++)
		if (!key.given[i] && seki_p4rt_match_any(&table->fields[i], &key.matches[i]))
			err = fail(s, "table '%s': no value for key '%s', which is exact",
				   table->name, table->fields[i].name);
	if (!err)
		seki_p4rt_key_encode(table, key.matches, key.priority, entry->key);
	free(key.matches);
	free(key.given);
	return err;
}

/* ---- the action ---- */

static int read_arg(struct scan *s, const struct seki_p4rt_action *action, uint8_t *data,
		    bool *given)
{
	const char *colon = memchr(s->word, ':', s->len);
	size_t name_len = colon ? (size_t)(colon - s->word) : 0;
	uint8_t number[SEKI_P4RT_MAX_BYTES];
	uint32_t i = 0;
	int err;

	if (!colon)
		return fail(s, "'%.*s' is not PARAM:VALUE", WORD(s));
	while (i < action->n_params &&
	       !seki_p4rt_is_name(action->params[i].name, s->word, name_len))
		i++;
	if (i == action->n_params)
		return fail(s, "action '%s' has no parameter '%.*s'", action->name, (int)name_len,
			    s->word);
	err = seki_p4rt_number_parse(colon + 1, s->len - name_len - 1, action->params[i].width,
				     number);
	if (err)
		return fail(s, "'%.*s': %s", WORD(s),
			    err == -ERANGE ? "it has more bits than the parameter"
					   : "not a number");
	given[i] = true;
	seki_p4rt_store(data + action->params[i].at, number, action->params[i].width);
	return 0;
}

static int read_args(struct scan *s, const struct seki_p4rt_action *action, uint8_t *data)
{
	bool *given = calloc(action->n_params + 1, sizeof(*given));
	int err = given ? 0 : -ENOMEM;

	while (!err) {
		while (isspace((unsigned char)*s->at) || *s->at == ',')
			s->at++;
		if (!next_word(s, ",)"))
			break;
		err = read_arg(s, action, data, given);
	}
	for (uint32_t i = 0; i < action->n_params && !err; i++)
		if (!given[i])
			err = fail(s, "action '%s': no value for '%s'", action->name,
				   action->params[i].name);
	free(given);
	if (!err && *s->at++ != ')')
		err = fail(s, "')' is missing behind the arguments of '%s'", action->name);
	return err;
}

static int read_action(struct scan *s, struct seki_p4rt_entry *entry, bool is_default)
{
	const struct seki_p4rt_table *table = entry->table;
	const struct seki_p4rt_ref *ref;
	uint32_t number;

	if (!next_word(s, "("))
		return fail(s, "table '%s': the action is missing", table->name);
	ref = find_action(table, s, &number);
	if (!ref)
		return fail(s, "table '%s' has no action '%.*s'", table->name, WORD(s));
	if (is_default ? ref->table_only : ref->default_only)
		return fail(s, "action '%s' is %s in table '%s'", ref->action->name,
			    is_default ? "no default action" : "a default action only",
			    table->name);
	skip_space(s);
	entry->action = ref->action;
	memcpy(entry->value, &number, sizeof(number));
	if (*s->at++ != '(')
		return fail(s, "'(' is missing behind '%s'", ref->action->name);
	return read_args(s, ref->action, entry->value + table->data_at);
}

/* ---- members and groups ---- */

static int read_u32(struct scan *s, const char *what, uint32_t *out)
{
	if (!next_word(s, ")"))
		return fail(s, "the number of the %s is missing", what);
	return parse_u32(s, out) ? 0 : fail(s, "'%.*s' is not the number of a %s", WORD(s), what);
}

/* What an entry of a table with a profile has in place of an action. */
static int read_choice(struct scan *s, struct seki_p4rt_entry *entry)
{
	bool selects = entry->table->profile->group_map, is_group;
	uint32_t number;
	int err;

	next_word(s, "(");
	is_group = selects && s->len == 5 && memcmp(s->word, "group", 5) == 0;
	if (!is_group && (s->len != 6 || memcmp(s->word, "member", 6) != 0))
		return fail(
			s, "the entries of table '%s' name members of '%s': write member(NUMBER)%s",
			entry->table->name, entry->table->profile->name,
			selects ? " or group(NUMBER)" : "");
	skip_space(s);
	if (*s->at++ != '(')
		return fail(s, "'(' is missing behind '%s'", is_group ? "group" : "member");
	err = read_u32(s, is_group ? "group" : "member", &number);
	if (err)
		return err;
	if (is_group && number == 0)
		return fail(s, "groups are numbered from 1 on");
	memcpy(entry->value + (is_group ? 4 : 0), &number, sizeof(number));
	skip_space(s);
	return *s->at++ == ')' ? 0 : fail(s, "')' is missing behind the number");
}

static int read_group(struct scan *s, struct seki_p4rt_entry *entry)
{
	struct seki_group group = {0};
	int err = 0;

	for (skip_space(s); *s->at && !err; skip_space(s)) {
		if (group.n == SEKI_GROUP_MEMBERS)
			return fail(s, "a group has %u members at most", SEKI_GROUP_MEMBERS);
		err = read_u32(s, "member", &group.members[group.n++]);
		if (!err && *s->at == ')')
			return fail(s, "')' is too much");
	}
	if (!err && !group.n)
		return fail(s, "a group without members");
	memcpy(entry->value, &group, sizeof(group));
	return err;
}

static int find_profile(const struct seki_p4rt *p4rt, struct scan *s, struct seki_p4rt_entry *entry)
{
	bool is_group = entry->form == SEKI_P4RT_GROUP || entry->form == SEKI_P4RT_GROUP_REMOVE;
	char name[256];

	if (!next_word(s, ""))
		return fail(s, "the name of the action profile is missing");
	snprintf(name, sizeof(name), "%.*s", (int)(s->len < 255 ? s->len : 255), s->word);
	entry->profile = seki_p4rt_profile(p4rt, name);
	if (!entry->profile)
		return fail(s, "there is no action profile '%.*s'", WORD(s));
	if (is_group && !entry->profile->group_map)
		return fail(s, "'%s' is no action selector: it has no groups",
			    entry->profile->name);
	entry->table = entry->profile->table;
	return entry->table ? 0
			    : fail(s, "no table uses action profile '%s'", entry->profile->name);
}

/* A member or group, or the removal of one. */
static int read_choices(const struct seki_p4rt *p4rt, struct scan *s, struct seki_p4rt_entry *entry)
{
	bool is_group = entry->form >= SEKI_P4RT_GROUP;
	size_t size = sizeof(struct seki_group);
	uint32_t number = 0;
	int err = find_profile(p4rt, s, entry);

	if (!err)
		err = read_u32(s, is_group ? "group" : "member", &number);
	if (err)
		return err;
	if (is_group && number == 0)
		return fail(s, "groups are numbered from 1 on");
	entry->key = malloc(sizeof(number));
	if (!entry->key)
		return -ENOMEM;
	memcpy(entry->key, &number, sizeof(number));
	if (entry->form == SEKI_P4RT_MEMBER_REMOVE || entry->form == SEKI_P4RT_GROUP_REMOVE)
		return 0;
	entry->value = calloc(1, size > entry->table->value_size ? size : entry->table->value_size);
	if (!entry->value)
		return -ENOMEM;
	return is_group ? read_group(s, entry) : read_action(s, entry, false);
}

/* ---- entries ---- */

static int find_table(const struct seki_p4rt *p4rt, struct scan *s, struct seki_p4rt_entry *entry)
{
	char name[256];

	if (!next_word(s, ""))
		return fail(s, "the name of the table is missing");
	snprintf(name, sizeof(name), "%.*s", (int)(s->len < 255 ? s->len : 255), s->word);
	entry->table = seki_p4rt_table(p4rt, name);
	return entry->table ? 0 : fail(s, "there is no table '%.*s'", WORD(s));
}

static int read_value(struct scan *s, struct seki_p4rt_entry *entry)
{
	const struct seki_p4rt_table *table = entry->table;
	bool is_default = entry->form == SEKI_P4RT_DEFAULT;

	entry->value = calloc(1, is_default ? table->value_size : table->entry_size);
	if (!entry->value)
		return -ENOMEM;
	if (table->is_set)
		return 0;
	return table->profile && !is_default ? read_choice(s, entry)
					     : read_action(s, entry, is_default);
}

static int read_entry(const struct seki_p4rt *p4rt, struct scan *s, struct seki_p4rt_entry *entry)
{
	int err = find_table(p4rt, s, entry);

	if (err)
		return err;
	if (entry->form == SEKI_P4RT_DEFAULT && entry->table->is_set)
		return fail(s, "'%s' is a value set, without actions", entry->table->name);
	if (entry->form != SEKI_P4RT_DEFAULT) {
		entry->key = calloc(1, seki_p4rt_key_bytes(entry->table) + 1);
		err = entry->key ? read_key(s, entry) : -ENOMEM;
	}
	if (!err && entry->form != SEKI_P4RT_REMOVE)
		err = read_value(s, entry);
	return err;
}

int seki_p4rt_entry_parse(const struct seki_p4rt *p4rt, enum seki_p4rt_form form, const char *text,
			  struct seki_p4rt_entry *out, char why[SEKI_P4RT_WHY])
{
	struct scan s = {.at = text, .why = why};
	struct seki_p4rt_entry entry = {.form = form};
	int err;

	snprintf(why, SEKI_P4RT_WHY, "out of memory");
	err = form < SEKI_P4RT_MEMBER ? read_entry(p4rt, &s, &entry)
				      : read_choices(p4rt, &s, &entry);
	if (!err && next_word(&s, ""))
		err = fail(&s, "'%.*s' is too much", WORD(&s));
	if (err)
		seki_p4rt_entry_exit(&entry);
	else
		*out = entry;
	return err;
}

void seki_p4rt_entry_exit(struct seki_p4rt_entry *entry)
{
	free(entry->key);
	free(entry->value);
	*entry = (struct seki_p4rt_entry){.key = NULL};
}
