/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, actions and externs of a program as P4Info. */
#include "compiler/p4/info/build.h"

#include <string.h>

#include "compiler/front/diag.h"
#include "compiler/front/source.h"

/* ---- ids ---- */

/* Jenkins' one-at-a-time hash, as p4c makes its ids: the same object keeps its id over builds. */
static uint32_t hash_name(const char *name)
{
	uint32_t h = 0;

	for (; *name; name++) {
		h += (uint8_t)*name;
		h += h << 10;
		h ^= h >> 6;
	}
	h += h << 3;
	h ^= h >> 11;
	return h + (h << 15);
}

static bool id_taken(const struct info *info, uint32_t id)
{
	for (uint32_t i = 0; i < info->n_preambles; i++)
		if (info->preambles[i]->id == id)
			return true;
	return false;
}

Preamble *seki_info_preamble(struct info *info, uint32_t prefix, const char *name)
{
	Preamble *p = seki_arena_new(info->arena, Preamble);
	uint32_t low = hash_name(name);

	p4__config__v1__preamble__init(p);
	p->name = seki_arena_dup(info->arena, name, strlen(name));
	do
		p->id = prefix << 24 | (low++ & 0xffffff);
	while (id_taken(info, p->id) || (p->id & 0xffffff) == 0);
	info->preambles[info->n_preambles++] = p;
	return p;
}

/* Does another object of the kind have a name that ends in the same parts? */
static bool is_ambiguous(const struct info *info, const Preamble *p, const char *suffix)
{
	size_t len = strlen(suffix);

	for (uint32_t i = 0; i < info->n_preambles; i++) {
		const Preamble *o = info->preambles[i];
		size_t n = strlen(o->name);

		if (o != p && o->id >> 24 == p->id >> 24 && n >= len &&
		    strcmp(o->name + n - len, suffix) == 0 &&
		    (n == len || o->name[n - len - 1] == '.'))
			return true;
	}
	return false;
}

/* The shortest end of the name that no other object of the kind has. */
static void set_aliases(struct info *info)
{
	for (uint32_t i = 0; i < info->n_preambles; i++) {
		Preamble *p = info->preambles[i];
		char *suffix = strrchr(p->name, '.');

		suffix = suffix ? suffix + 1 : p->name;
		while (suffix > p->name && is_ambiguous(info, p, suffix))
			for (suffix--; suffix > p->name && suffix[-1] != '.';)
				suffix--;
		p->alias = suffix;
	}
}

/* ---- actions ---- */

static P4__Config__V1__Action *find_action(const struct info *info, const char *name)
{
	for (size_t i = 0; i < info->root.n_actions; i++)
		if (strcmp(info->root.actions[i]->preamble->name, name) == 0)
			return info->root.actions[i];
	return NULL;
}

static void add_param(struct info *info, P4__Config__V1__Action *action,
		      const struct ir_param *param)
{
	P4__Config__V1__Action__Param *p = seki_arena_new(info->arena,
							  P4__Config__V1__Action__Param);

	p4__config__v1__action__param__init(p);
	p->id = (uint32_t)action->n_params + 1;
	p->name = (char *)param->name;
	p->bitwidth = (int32_t)param->width;
	p->type_name = seki_info_new_type(info, param->decl->type);
	action->params[action->n_params++] = p;
}

static uint32_t action_id(struct info *info, const char *name, const struct ir_param *params,
			  uint32_t n)
{
	P4__Config__V1__Action *action = find_action(info, name);

	if (action)
		return action->preamble->id;
	action = seki_arena_new(info->arena, P4__Config__V1__Action);
	p4__config__v1__action__init(action);
	action->preamble = seki_info_preamble(info, PREFIX(ACTION), name);
	action->params = seki_arena_alloc(info->arena, (n + 1) * sizeof(*action->params));
	for (uint32_t i = 0; i < n; i++)
		add_param(info, action, &params[i]);
	info->root.actions[info->root.n_actions++] = action;
	return action->preamble->id;
}

/* ---- tables ---- */

static const P4__Config__V1__MatchField__MatchType match_types[] = {
	[IR_MATCH_EXACT] = P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__EXACT,
	[IR_MATCH_LPM] = P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__LPM,
	[IR_MATCH_TERNARY] = P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__TERNARY,
	[IR_MATCH_RANGE] = P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__RANGE,
	[IR_MATCH_OPTIONAL] = P4__CONFIG__V1__MATCH_FIELD__MATCH_TYPE__OPTIONAL,
};

static P4__Config__V1__MatchField **match_fields(struct info *info, const struct ir_table *table)
{
	P4__Config__V1__MatchField **fields =
		seki_arena_alloc(info->arena, (table->n_keys + 1) * sizeof(*fields));

	for (uint32_t i = 0; i < table->n_keys; i++) {
		const struct ir_key *key = &table->keys[i];
		P4__Config__V1__MatchField *field = seki_arena_new(info->arena,
								   P4__Config__V1__MatchField);

		p4__config__v1__match_field__init(field);
		field->id = i + 1;
		field->name = (char *)key->name;
		field->bitwidth = (int32_t)key->width;
		field->match_case = P4__CONFIG__V1__MATCH_FIELD__MATCH_MATCH_TYPE;
		field->match_type = match_types[key->match];
		if (key->key)
			field->type_name = seki_info_new_type(info, key->key->expr->type);
		fields[i] = field;
	}
	return fields;
}

static void add_ref(struct info *info, P4__Config__V1__Table *out, uint32_t id,
		    P4__Config__V1__ActionRef__Scope scope)
{
	P4__Config__V1__ActionRef *ref = seki_arena_new(info->arena, P4__Config__V1__ActionRef);

	p4__config__v1__action_ref__init(ref);
	ref->id = id;
	ref->scope = scope;
	out->action_refs[out->n_action_refs++] = ref;
}

static void add_actions(struct info *info, P4__Config__V1__Table *out, const struct ir_table *table)
{
	out->action_refs = seki_arena_alloc(info->arena,
					    (table->n_actions + 1) * sizeof(*out->action_refs));
	for (uint32_t i = 0; i < table->n_actions; i++) {
		const struct ir_action *a = &table->actions[i];

		add_ref(info, out, action_id(info, a->name, a->params, a->n_params),
			a->default_only ? P4__CONFIG__V1__ACTION_REF__SCOPE__DEFAULT_ONLY
			: a->table_only ? P4__CONFIG__V1__ACTION_REF__SCOPE__TABLE_ONLY
					: P4__CONFIG__V1__ACTION_REF__SCOPE__TABLE_AND_DEFAULT);
	}
	if (table->has_no_action)
		add_ref(info, out, action_id(info, "NoAction", NULL, 0),
			P4__CONFIG__V1__ACTION_REF__SCOPE__DEFAULT_ONLY);
}

static P4__Config__V1__TableActionCall *default_call(struct info *info,
						     const struct ir_table *table, uint32_t id)
{
	P4__Config__V1__TableActionCall *call = seki_arena_new(info->arena,
							       P4__Config__V1__TableActionCall);
	const struct ir_action *a = table->miss.action < table->n_actions
					    ? &table->actions[table->miss.action]
					    : NULL;
	uint32_t n = a ? a->n_params : 0;

	p4__config__v1__table_action_call__init(call);
	call->action_id = id;
	call->arguments = seki_arena_alloc(info->arena, (n + 1) * sizeof(*call->arguments));
	for (uint32_t i = 0; i < n; i++) {
		P4__Config__V1__TableActionCall__Argument *arg =
			seki_arena_new(info->arena, P4__Config__V1__TableActionCall__Argument);

		p4__config__v1__table_action_call__argument__init(arg);
		arg->param_id = i + 1;
		arg->value = seki_info_bytes(info, &table->miss.args[i], a->params[i].width);
		call->arguments[call->n_arguments++] = arg;
	}
	return call;
}

static void add_table(struct info *info, const struct ir_table *table)
{
	P4__Config__V1__Table *out = seki_arena_new(info->arena, P4__Config__V1__Table);
	uint32_t miss;

	p4__config__v1__table__init(out);
	out->preamble = seki_info_preamble(info, PREFIX(TABLE), table->name);
	info->table_ids[table->id] = out->preamble->id;
	out->match_fields = match_fields(info, table);
	out->n_match_fields = table->n_keys;
	add_actions(info, out, table);
	miss = out->n_action_refs > table->miss.action ? out->action_refs[table->miss.action]->id
						       : action_id(info, "NoAction", NULL, 0);
	if (table->const_default)
		out->const_default_action_id = miss;
	out->initial_default_action = default_call(info, table, miss);
	out->size = table->size;
	out->is_const_table = table->const_entries;
	out->has_initial_entries = table->n_entries != 0;
	info->root.tables[info->root.n_tables++] = out;
}

/* A value set is a table without actions: what counts is whether there is an entry. */
static void add_value_set(struct info *info, const struct ir_table *table)
{
	P4__Config__V1__ValueSet *out = seki_arena_new(info->arena, P4__Config__V1__ValueSet);

	p4__config__v1__value_set__init(out);
	out->preamble = seki_info_preamble(info, PREFIX(VALUE_SET), table->name);
	out->match = match_fields(info, table);
	out->n_match = table->n_keys;
	out->size = (int32_t)table->size;
	info->root.value_sets[info->root.n_value_sets++] = out;
}

static bool is_value_set(const struct ir_table *table)
{
	return table->decl->kind == P4_D_VALUE_SET;
}

static P4__Config__V1__Table *find_table(const struct info *info, const struct ir_table *table)
{
	for (size_t i = 0; i < info->root.n_tables; i++)
		if (info->root.tables[i]->preamble->id == info->table_ids[table->id])
			return info->root.tables[i];
	return NULL;
}

/* Ids of externs are known only when all of them have one. */
static void tie_table(struct info *info, const struct ir_table *table)
{
	P4__Config__V1__Table *out = find_table(info, table);

	if (table->profile)
		out->implementation_id = info->extern_ids[table->profile->id];
	out->direct_resource_ids = seki_arena_alloc(
		info->arena, (table->n_direct + 1) * sizeof(*out->direct_resource_ids));
	for (uint32_t i = 0; i < table->n_direct; i++)
		out->direct_resource_ids[out->n_direct_resource_ids++] =
			info->extern_ids[table->direct[i]->id];
}

/* ---- all of it ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static P4__Config__V1__PkgInfo *package(struct info *info)
{
	P4__Config__V1__PkgInfo *pkg = seki_arena_new(info->arena, P4__Config__V1__PkgInfo);

	p4__config__v1__pkg_info__init(pkg);
	pkg->name = (char *)base_name(info->ir->source->name);
	pkg->arch = (char *)"ubpf_model";
	return pkg;
}

static void count(struct info *info)
{
	const struct ir_program *ir = info->ir;
	size_t n_actions = 1;

	for (const struct ir_table *t = ir->tables; t; t = t->next)
		n_actions += t->n_actions;
	info->preambles = seki_arena_alloc(info->arena, (n_actions + ir->n_tables + ir->n_externs) *
								sizeof(*info->preambles));
	info->table_ids = seki_arena_alloc(info->arena,
					   (ir->n_tables + 1) * sizeof(*info->table_ids));
	info->extern_ids = seki_arena_alloc(info->arena,
					    (ir->n_externs + 1) * sizeof(*info->extern_ids));
	info->root.actions = seki_arena_alloc(info->arena, n_actions * sizeof(*info->root.actions));
	info->root.tables = seki_arena_alloc(info->arena,
					     (ir->n_tables + 1) * sizeof(*info->root.tables));
	info->root.value_sets =
		seki_arena_alloc(info->arena, (ir->n_tables + 1) * sizeof(*info->root.value_sets));
}

static void build(struct info *info, const struct ir_program *ir)
{
	*info = (struct info){.ir = ir, .arena = ir->arena};
	p4__config__v1__p4_info__init(&info->root);
	count(info);
	info->root.pkg_info = package(info);
	for (const struct ir_table *t = ir->tables; t; t = t->next) {
		if (is_value_set(t))
			add_value_set(info, t);
		else
			add_table(info, t);
	}
	seki_info_externs(info);
	for (const struct ir_table *t = ir->tables; t; t = t->next)
		if (!is_value_set(t))
			tie_table(info, t);
	set_aliases(info);
}

void seki_p4_info(const struct ir_program *ir, uint8_t **data, size_t *len)
{
	struct info info;

	build(&info, ir);
	*len = p4__config__v1__p4_info__get_packed_size(&info.root);
	*data = seki_arena_alloc(ir->arena, *len + 1);
	p4__config__v1__p4_info__pack(&info.root, *data);
}

void seki_p4_info_text(const struct ir_program *ir, struct seki_strbuf *out)
{
	struct info info;

	build(&info, ir);
	seki_info_print(&info.root.base, out);
}
