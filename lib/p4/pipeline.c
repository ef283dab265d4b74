/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. P4Info of an object is untrusted. */
#include "lib/p4/pipeline.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4info.pb-c.h"
#include "lib/bpf/elf64.h"
#include "lib/p4/layout.h"

/* Bytes. How deep messages nest is bounded too: none of abi/p4info.proto is in itself. */
#define MAX_INFO (1u << 20)

struct seki_p4rt_block {
	struct seki_p4rt_block *next;
	max_align_t data[];
};

/* P4Info that is being read. */
struct reader {
	struct seki_p4rt *p4rt;
	char *why;
};

static int fail(char *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(char *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, SEKI_P4RT_WHY, fmt, ap);
	va_end(ap);
	return err;
}

/* Zeroed; it lives as long as the pipeline. NULL: no memory. */
static void *take(struct reader *r, size_t n, size_t size)
{
	struct seki_p4rt_block *block;
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*block), &bytes))
		return NULL;
	block = calloc(1, bytes);
	if (!block)
		return NULL;
	block->next = r->p4rt->memory;
	r->p4rt->memory = block;
	return block->data;
}

/* ---- names ---- */

static char plain(char c)
{
	return isalnum((unsigned char)c) ? c : '_';
}

bool seki_p4rt_is_name(const char *name, const char *text, size_t len)
{
	for (; *name && len; name++, text++, len--)
		if (plain(*name) != plain(*text))
			return false;
	return !*name && !len;
}

static bool is_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static int check_name(struct reader *r, const char *what, const P4__Config__V1__Preamble *preamble)
{
	if (preamble && *preamble->name && is_text(preamble->name) && is_text(preamble->alias))
		return 0;
	return fail(r->why, -EPROTO, "P4Info: a %s has no name that can be printed", what);
}

/* As the compiler names maps. */
static const char *map_name(struct reader *r, const char *name, const char *suffix)
{
	char *map = take(r, 1, strlen(name) + strlen(suffix) + 1);
	size_t i = 0;

	if (!map)
		return NULL;
	for (; name[i]; i++)
		map[i] = plain(name[i]);
	strcpy(map + i, suffix);
	return map;
}

/* ---- fields and actions ---- */

static int check_field(struct reader *r, const char *of, const struct seki_p4rt_field *field)
{
	if (!is_text(field->name))
		return fail(r->why, -EPROTO,
			    "P4Info: '%s' has a field whose name cannot be printed", of);
	if (field->width && field->width <= SEKI_P4RT_MAX_WIDTH)
		return 0;
	return fail(r->why, -EPROTO, "P4Info: '%s' of '%s' has %u bits, not 1 to %u", field->name,
		    of, field->width, SEKI_P4RT_MAX_WIDTH);
}

static int read_action(struct reader *r, const P4__Config__V1__Action *in,
		       struct seki_p4rt_action *out)
{
	int err = check_name(r, "action", in->preamble);

	if (err)
		return err;
	out->name = in->preamble->name;
	out->alias = in->preamble->alias;
	out->id = in->preamble->id;
	out->n_params = (uint32_t)in->n_params;
	out->params = take(r, in->n_params, sizeof(*out->params));
	if (!out->params)
		return -ENOMEM;
	for (uint32_t i = 0; i < out->n_params && !err; i++) {
		out->params[i] =
			(struct seki_p4rt_field){.name = in->params[i]->name,
						 .id = in->params[i]->id,
						 .width = (uint32_t)in->params[i]->bitwidth};
		err = check_field(r, out->name, &out->params[i]);
	}
	if (!err)
		seki_p4rt_lay_action(out);
	return err;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct seki_p4rt_action *)a)->id;
	uint32_t y = ((const struct seki_p4rt_action *)b)->id;

	return (x > y) - (x < y);
}

static int read_actions(struct reader *r)
{
	const P4__Config__V1__P4Info *info = r->p4rt->info;
	int err = 0;

	r->p4rt->actions = take(r, info->n_actions, sizeof(*r->p4rt->actions));
	if (!r->p4rt->actions)
		return -ENOMEM;
	for (; r->p4rt->n_actions < info->n_actions && !err; r->p4rt->n_actions++)
		err = read_action(r, info->actions[r->p4rt->n_actions],
				  &r->p4rt->actions[r->p4rt->n_actions]);
	qsort(r->p4rt->actions, r->p4rt->n_actions, sizeof(*r->p4rt->actions), by_id);
	return err;
}

/* ---- action profiles ---- */

static int read_profile(struct reader *r, const P4__Config__V1__ActionProfile *in,
			struct seki_p4rt_profile *out)
{
	int err = check_name(r, "action profile", in->preamble);

	if (err)
		return err;
	out->name = in->preamble->name;
	out->alias = in->preamble->alias;
	out->id = in->preamble->id;
	out->max_members = in->size < 0 || in->size > UINT32_MAX ? 0 : (uint32_t)in->size;
	out->map = map_name(r, out->name, "");
	if (in->with_selector)
		out->group_map = map_name(r, out->name, "_groups");
	return !out->map || (in->with_selector && !out->group_map) ? -ENOMEM : 0;
}

static int read_profiles(struct reader *r)
{
	const P4__Config__V1__P4Info *info = r->p4rt->info;
	int err = 0;

	r->p4rt->profiles = take(r, info->n_action_profiles, sizeof(*r->p4rt->profiles));
	if (!r->p4rt->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < info->n_action_profiles && !err; i++)
		err = read_profile(r, info->action_profiles[i],
				   &r->p4rt->profiles[r->p4rt->n_profiles++]);
	return err;
}

static const struct seki_p4rt_profile *find_profile(const struct reader *r, uint32_t id)
{
	for (uint32_t i = 0; i < r->p4rt->n_profiles; i++)
		if (r->p4rt->profiles[i].id == id)
			return &r->p4rt->profiles[i];
	return NULL;
}

/* Of several tables any: the compiler wants them to have the same actions. */
static void find_members(struct seki_p4rt *p4rt)
{
	for (uint32_t i = 0; i < p4rt->n_tables; i++) {
		const struct seki_p4rt_table *table = &p4rt->tables[i];

		if (table->profile)
			p4rt->profiles[table->profile - p4rt->profiles].table = table;
	}
}

/* ---- tables ---- */

static enum seki_match match_of(const P4__Config__V1__MatchField *field)
{
	if (field->match_case != P4__CONFIG__V1__MATCH_FIELD__MATCH_MATCH_TYPE)
		return 0;
	switch (field->match_type) {
	case P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__EXACT:
		return SEKI_MATCH_EXACT;
	case P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__LPM:
		return SEKI_MATCH_LPM;
	case P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__TERNARY:
		return SEKI_MATCH_TERNARY;
	case P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__RANGE:
		return SEKI_MATCH_RANGE;
	case P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__OPTIONAL:
		return SEKI_MATCH_OPTIONAL;
	default:
		return 0;
	}
}

static int read_fields(struct reader *r, struct seki_p4rt_table *out,
		       P4__Config__V1__MatchField **fields, size_t n)
{
	int err = 0;

	out->n_fields = (uint32_t)n;
	out->fields = take(r, n, sizeof(*out->fields));
	if (!out->fields)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && !err; i++) {
		out->fields[i] = (struct seki_p4rt_field){.name = fields[i]->name,
							  .id = fields[i]->id,
							  .width = (uint32_t)fields[i]->bitwidth,
							  .match = match_of(fields[i])};
		err = check_field(r, out->name, &out->fields[i]);
		if (!err && !out->fields[i].match)
			err = fail(r->why, -EPROTO,
				   "P4Info: '%s' of '%s' has an unknown match kind",
				   out->fields[i].name, out->name);
	}
	return err;
}

static int read_refs(struct reader *r, struct seki_p4rt_table *out, const P4__Config__V1__Table *in)
{
	out->n_actions = (uint32_t)in->n_action_refs;
	out->actions = take(r, in->n_action_refs, sizeof(*out->actions));
	if (!out->actions)
		return -ENOMEM;
	for (uint32_t i = 0; i < out->n_actions; i++) {
		const P4__Config__V1__ActionRef *ref = in->action_refs[i];
		struct seki_p4rt_action like = {.id = ref->id};

		out->actions[i] = (struct seki_p4rt_ref){
			.action = bsearch(&like, r->p4rt->actions, r->p4rt->n_actions, sizeof(like),
					  by_id),
			.default_only = ref->scope ==
					P4__CONFIG__V1__ACTION_REF__SCOPE__DEFAULT_ONLY,
			.table_only = ref->scope == P4__CONFIG__V1__ACTION_REF__SCOPE__TABLE_ONLY,
		};
		if (!out->actions[i].action)
			return fail(r->why, -EPROTO, "P4Info: table '%s' has no action %u",
				    out->name, ref->id);
	}
	return 0;
}

static int start_table(struct reader *r, struct seki_p4rt_table *out,
		       const P4__Config__V1__Preamble *preamble)
{
	int err = check_name(r, "table", preamble);

	if (err)
		return err;
	out->name = preamble->name;
	out->alias = preamble->alias;
	out->id = preamble->id;
	out->map = map_name(r, out->name, "");
	return out->map ? 0 : -ENOMEM;
}

/* Of counters and meters that each entry has. */
static uint32_t direct_size(const P4__Config__V1__Table *in)
{
	uint32_t size = 0;

	for (size_t i = 0; i < in->n_direct_resource_ids; i++)
		size += in->direct_resource_ids[i] >> 24 ==
					P4__CONFIG__V1__P4_IDS__PREFIX__DIRECT_METER
				? sizeof(struct seki_meter)
				: sizeof(struct seki_counter);
	return size;
}

static int read_table(struct reader *r, const P4__Config__V1__Table *in,
		      struct seki_p4rt_table *out)
{
	int err = start_table(r, out, in->preamble);

	if (!err)
		err = read_fields(r, out, in->match_fields, in->n_match_fields);
	if (!err)
		err = read_refs(r, out, in);
	if (err)
		return err;
	out->is_const = in->is_const_table;
	if (in->implementation_id && !(out->profile = find_profile(r, in->implementation_id)))
		return fail(r->why, -EPROTO, "P4Info: table '%s' has no action profile %u",
			    out->name, in->implementation_id);
	out->max_entries = in->size < 0 || in->size > UINT32_MAX ? 0 : (uint32_t)in->size;
	if (!in->const_default_action_id) {
		out->default_map = map_name(r, out->name, "_defaultAction");
		if (!out->default_map)
			return -ENOMEM;
	}
	out->direct_size = direct_size(in);
	seki_p4rt_lay_table(out);
	return 0;
}

static int read_set(struct reader *r, const P4__Config__V1__ValueSet *in,
		    struct seki_p4rt_table *out)
{
	int err = start_table(r, out, in->preamble);

	if (!err)
		err = read_fields(r, out, in->match, in->n_match);
	if (err)
		return err;
	out->is_set = true;
	out->max_entries = in->size < 0 ? 0 : (uint32_t)in->size;
	seki_p4rt_lay_table(out);
	return 0;
}

static int read_tables(struct reader *r)
{
	const P4__Config__V1__P4Info *info = r->p4rt->info;
	struct seki_p4rt_table *tables = take(r, info->n_tables + info->n_value_sets,
					      sizeof(*tables));
	int err = tables ? 0 : -ENOMEM;

	r->p4rt->tables = tables;
	for (size_t i = 0; i < info->n_tables && !err; i++)
		err = read_table(r, info->tables[i], &tables[r->p4rt->n_tables++]);
	for (size_t i = 0; i < info->n_value_sets && !err; i++)
		err = read_set(r, info->value_sets[i], &tables[r->p4rt->n_tables++]);
	return err;
}

/* ---- all of it ---- */

int seki_p4rt_open(const void *p4info, size_t len, struct seki_p4rt **out, char why[SEKI_P4RT_WHY])
{
	struct reader r = {.p4rt = calloc(1, sizeof(*r.p4rt)), .why = why};
	int err;

	fail(why, 0, "out of memory");
	if (!r.p4rt)
		return -ENOMEM;
	if (len > MAX_INFO)
		err = fail(why, -E2BIG, "P4Info of more than %u bytes", MAX_INFO);
	else if (!(r.p4rt->info = p4__config__v1__p4_info__unpack(NULL, len, p4info)))
		err = fail(why, -EPROTO, "these are not bytes of P4Info");
	else
		err = read_actions(&r);
	if (!err)
		err = read_profiles(&r);
	if (!err)
		err = read_tables(&r);
	if (err) {
		seki_p4rt_close(r.p4rt);
		return err;
	}
	find_members(r.p4rt);
	*out = r.p4rt;
	return 0;
}

int seki_p4rt_open_object(const void *elf, size_t len, struct seki_p4rt **out,
			  char why[SEKI_P4RT_WHY])
{
	struct seki_elf_section section;
	struct seki_elf file = {0};
	const char *reason = "";
	uint32_t index;
	int err = seki_elf_open(elf, len, &file, &reason);

	if (err) {
		fail(why, err, "%s", err == -ENOMEM ? "out of memory" : reason);
	} else {
		index = seki_elf_find(&file, SEKI_OBJ_P4INFO);
		if (!index || !seki_elf_section(&file, index, &section) || !section.bytes)
			err = fail(why, -ENOENT,
				   "the object has no P4Info (section " SEKI_OBJ_P4INFO
				   "); `sekisho p4 build` puts it there");
		else
			err = seki_p4rt_open(section.bytes, section.size, out, why);
	}
	seki_elf_close(&file);
	return err;
}

void seki_p4rt_close(struct seki_p4rt *p4rt)
{
	if (!p4rt)
		return;
	if (p4rt->info)
		p4__config__v1__p4_info__free_unpacked(p4rt->info, NULL);
	for (struct seki_p4rt_block *next, *block = p4rt->memory; block; block = next) {
		next = block->next;
		free(block);
	}
	free(p4rt);
}

const struct seki_p4rt_table *seki_p4rt_table(const struct seki_p4rt *p4rt, const char *name)
{
	const struct seki_p4rt_table *found = NULL;

	for (uint32_t i = 0; i < p4rt->n_tables; i++) {
		const struct seki_p4rt_table *t = &p4rt->tables[i];

		if (strcmp(t->name, name) == 0 || strcmp(t->map, name) == 0)
			return t;
		if (seki_p4rt_is_name(t->alias, name, strlen(name)))
			found = t;
	}
	return found;
}

const struct seki_p4rt_profile *seki_p4rt_profile(const struct seki_p4rt *p4rt, const char *name)
{
	const struct seki_p4rt_profile *found = NULL;

	for (uint32_t i = 0; i < p4rt->n_profiles; i++) {
		const struct seki_p4rt_profile *p = &p4rt->profiles[i];

		if (strcmp(p->name, name) == 0 || strcmp(p->map, name) == 0)
			return p;
		if (seki_p4rt_is_name(p->alias, name, strlen(name)))
			found = p;
	}
	return found;
}
