/* SPDX-License-Identifier: Apache-2.0 */
/* Tables (P4_16 specification, section 14.2): their keys, actions and properties, and applying them. */
#include "compiler/p4/lower/lower.h"

#include <string.h>

#define DEFAULT_ENTRIES 65535u
#define MAX_ENTRIES	1048576u

/* ---- keys ---- */

static const struct {
	const char *name;
	enum ir_match match;
} match_kinds[] = {{"exact", IR_MATCH_EXACT},
		   {"lpm", IR_MATCH_LPM},
		   {"ternary", IR_MATCH_TERNARY},
		   {"range", IR_MATCH_RANGE},
		   {"optional", IR_MATCH_OPTIONAL}};

/* A key's name is its expression as written, white space and comments as one space. */
static const char *source_text(struct lower *lw, const struct p4_expr *expr)
{
	struct seki_strbuf text = {.arena = lw->arena};

	for (const struct seki_token *t = expr->first; t; t = t->next) {
		seki_strbuf_printf(&text, "%s%s", t->spaced && t != expr->first ? " " : "",
				   t->text);
		if (t == expr->last)
			break;
	}
	return text.data ? text.data : "";
}

static void add_key(struct lower *lw, struct ir_table *table, const struct p4_key *key)
{
	const struct p4_type *type = seki_lower_type(lw, key->expr->type);
	bool chooses = strcmp(key->match, "selector") == 0;
	struct ir_key *k = chooses ? &table->choosers[table->n_choosers++]
				   : &table->keys[table->n_keys++];
	uint32_t i;

	k->key = key;
	k->name = key->rename ? key->rename : source_text(lw, key->expr);
	k->width = seki_lower_width(type);
	k->is_signed = seki_type_base(type)->kind == P4_T_SIGNED;
	if (!k->width)
		seki_diag_unsupported(lw->diags, seki_expr_span(key->expr), "keys of type %s are",
				      seki_type_name(lw->arena, type));
	if (chooses)
		return;
	for (i = 0; i < sizeof(match_kinds) / sizeof(*match_kinds); i++)
		if (strcmp(key->match, match_kinds[i].name) == 0)
			break;
	if (i == sizeof(match_kinds) / sizeof(*match_kinds))
		seki_diag_unsupported(lw->diags, key->match_tok->at, "'%s' keys are", key->match);
	else
		k->match = match_kinds[i].match;
}

static void add_keys(struct lower *lw, struct ir_table *table)
{
	uint32_t n = 0;

	for (const struct p4_key *k = table->decl->table->keys; k; k = k->next)
		n++;
	table->keys = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*table->keys));
	table->choosers = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*table->choosers));
	for (const struct p4_key *k = table->decl->table->keys; k; k = k->next)
		add_key(lw, table, k);
}

/* ---- actions ---- */

#define MAX_PARAMS 256u

static void add_param(struct lower *lw, struct ir_action *action, const struct p4_decl *decl,
		      const char *name)
{
	for (uint32_t i = 0; i < action->n_params; i++)
		if (strcmp(action->params[i].name, name) == 0)
			seki_diag_error(lw->diags, decl->tok->at,
					"the control plane would know two parameters as '%s'",
					name);
	if (action->n_params == MAX_PARAMS) {
		seki_diag_error(lw->diags, decl->tok->at,
				"with this, entries give action '%s' more than %u values",
				action->decl->name, MAX_PARAMS);
		return;
	}
	action->params[action->n_params++] = (struct ir_param){
		.decl = decl, .name = name, .width = seki_lower_width(decl->type)};
}

/*
 * The control plane gives numbers: P4Runtime knows no structs and tuples. Those are taken apart into
 * their fields, `param_field`, in their order.
 */
static void add_parts(struct lower *lw, struct ir_action *action, const struct p4_decl *decl,
		      const struct p4_type *type, const char *name)
{
	struct p4_decl *part = seki_arena_new(lw->arena, struct p4_decl);
	const struct p4_decl *field = type->decl ? type->decl->members : NULL;

	*part = *decl;
	part->type = (struct p4_type *)(uintptr_t)seki_lower_type(lw, type);
	type = part->type;
	if (seki_lower_width(type)) {
		add_param(lw, action, part, name);
	} else if (type->kind == P4_T_STRUCT) {
		for (; field && action->n_params < MAX_PARAMS; field = field->next)
			add_parts(lw, action, decl, seki_type_field(lw->arena, type, field),
				  seki_arena_printf(lw->arena, "%s_%s", name, field->name));
	} else if (type->kind == P4_T_TUPLE) {
		for (uint32_t i = 0; i < type->n_args && action->n_params < MAX_PARAMS; i++)
			add_parts(lw, action, decl, type->args[i],
				  seki_arena_printf(lw->arena, "%s_%u", name, i));
	} else {
		seki_diag_error(lw->diags, decl->tok->at,
				"entries cannot give an action a value of type %s: they have "
				"numbers, truth values, and structs and tuples of these",
				seki_type_name(lw->arena, type));
	}
}

static void add_params(struct lower *lw, struct ir_action *action)
{
	uint32_t n = 0;

	for (const struct p4_decl *p = action->decl->params; p; p = p->next)
		n += seki_lower_width(p->type) ? 1 : MAX_PARAMS;
	n = n < MAX_PARAMS ? n : MAX_PARAMS;
	action->params = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*action->params));
	for (const struct p4_decl *p = action->decl->params; p; p = p->next)
		if (p->dir == P4_DIR_NONE)
			add_parts(lw, action, p, seki_lower_type(lw, p->type), p->name);
}

static void add_actions(struct lower *lw, const struct instance *in, struct ir_table *table)
{
	const struct p4_action_ref *ref = table->decl->table->actions;
	uint32_t n = 0;

	for (; ref; ref = ref->next)
		n++;
	table->actions = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*table->actions));
	for (ref = table->decl->table->actions; ref; ref = ref->next) {
		struct ir_action *action = &table->actions[table->n_actions++];

		action->decl = ref->action;
		action->ref = ref;
		action->name = seki_lower_plane_name(lw, ref->action->owner ? in->path : NULL,
						     ref->action);
		action->default_only = ref->default_only;
		action->table_only = ref->table_only;
		add_params(lw, action);
	}
}

/* ---- properties ---- */

static void set_size(struct lower *lw, struct ir_table *table, const struct p4_expr *value)
{
	struct p4_num num;

	if (!seki_lower_number(lw, value, &num))
		return;
	if (num.neg || seki_num_is_zero(&num) || seki_num_to_u64(&num) > MAX_ENTRIES)
		seki_diag_error(lw->diags, seki_expr_span(value), "a size is from 1 to %u here",
				MAX_ENTRIES);
	else
		table->size = (uint32_t)seki_num_to_u64(&num);
}

/* Of one of two types; NULL where an error is told. */
static struct ir_extern *object_of(struct lower *lw, const struct p4_expr *value, const char *type,
				   const char *other)
{
	struct ir_extern *ext = seki_lower_expr(lw, value)->ext;

	if (ext && (strcmp(ext->type, type) == 0 || (other && strcmp(ext->type, other) == 0)))
		return ext;
	seki_diag_error(lw->diags, seki_expr_span(value),
			"expected an instance of %s%s%s, found %s", type, other ? " or " : "",
			other ? other : "", seki_type_name(lw->arena, value->type));
	return NULL;
}

/* An object, or a list of them. */
static void add_direct(struct lower *lw, struct ir_table *table, const struct p4_expr *value,
		       const char *type)
{
	struct ir_extern **more, *ext;

	if (value->kind == P4_E_LIST) {
		for (const struct p4_expr *e = value->args; e; e = e->next)
			add_direct(lw, table, e, type);
		return;
	}
	ext = object_of(lw, value, type, NULL);
	if (!ext)
		return;
	if (ext->table) {
		seki_diag_error(lw->diags, seki_expr_span(value),
				"'%s' is direct of table '%s' already: a table wants its own",
				ext->decl->name, ext->table->decl->name);
		return;
	}
	more = seki_arena_alloc(lw->arena, (table->n_direct + 1) * sizeof(*more));
	if (table->n_direct)
		memcpy(more, table->direct, table->n_direct * sizeof(*more));
	more[table->n_direct++] = ext;
	table->direct = more;
	ext->table = table;
}

/* v1model's and PSA's: false, or PSA_IdleTimeout_t.NO_TIMEOUT, is what there is without it. */
static void check_timeout(struct lower *lw, const struct p4_property *p)
{
	if (!p->value->known || !seki_num_is_zero(&p->value->num))
		seki_diag_error(
			lw->diags, p->tok->at,
			"entries do not time out here: a control plane can remove those whose "
			"direct counter stands still; leave '%s' out",
			p->name);
}

static void add_property(struct lower *lw, struct ir_table *table, const struct p4_property *p)
{
	if (strcmp(p->name, "size") == 0) {
		set_size(lw, table, p->value);
	} else if (strstr(p->name, "implementation")) {
		table->profile = object_of(lw, p->value, "ActionProfile", "ActionSelector");
	} else if (strstr(p->name, "counter")) {
		add_direct(lw, table, p->value, "DirectCounter");
	} else if (strstr(p->name, "meter")) {
		add_direct(lw, table, p->value, "DirectMeter");
	} else if (strcmp(p->name, "support_timeout") == 0 ||
		   strcmp(p->name, "psa_idle_timeout") == 0) {
		check_timeout(lw, p);
	} else if (strcmp(p->name, "largest_priority_wins") != 0 &&
		   strcmp(p->name, "priority_delta") != 0) {
		seki_diag_unsupported(lw->diags, p->tok->at, "property '%s' is", p->name);
	}
}

/* What a profile's members may be, all of its tables say alike: the members have the actions' numbers. */
static void check_actions(struct lower *lw, const struct ir_table *table)
{
	const struct ir_table *other = lw->ir->tables;

	while (other != table && other->profile != table->profile)
		other = other->next;
	for (uint32_t i = 0; i < table->n_actions || i < other->n_actions; i++)
		if (i >= table->n_actions || i >= other->n_actions ||
		    table->actions[i].decl != other->actions[i].decl) {
			seki_diag_error(
				lw->diags, table->decl->tok->at,
				"tables '%s' and '%s' share '%s': their actions must be the "
				"same, in the same order",
				table->decl->name, other->decl->name, table->profile->decl->name);
			return;
		}
}

static void check_profile(struct lower *lw, const struct ir_table *table)
{
	bool selects = table->profile && strcmp(table->profile->type, "ActionSelector") == 0;

	if (selects != (table->n_choosers != 0))
		seki_diag_error(lw->diags,
				selects ? table->decl->tok->at
					: table->choosers[0].key->match_tok->at,
				selects ? "table '%s' has an ActionSelector, but no key of kind "
					  "'selector'"
					: "table '%s' has no ActionSelector for this key",
				table->decl->name);
	if (!table->profile)
		return;
	if (table->n_entries)
		seki_diag_error(
			lw->diags, table->entries->choice.tok->at,
			"entries of a table with '%s' name members, which the control plane "
			"adds",
			table->profile->decl->name);
	check_actions(lw, table);
}

struct ir_table *seki_lower_table(struct lower *lw, const struct instance *in,
				  const struct p4_decl *decl)
{
	struct ir_table *table = seki_arena_new(lw->arena, struct ir_table);

	table->id = lw->ir->n_tables++;
	table->decl = decl;
	table->name = seki_lower_plane_name(lw, in->path, decl);
	table->map_name = seki_lower_map_name(lw, in->map_path, decl);
	table->size = DEFAULT_ENTRIES;
	*lw->ir->tables_end = table;
	lw->ir->tables_end = &table->next;
	add_keys(lw, table);
	add_actions(lw, in, table);
	for (const struct p4_property *p = decl->table->properties; p; p = p->next)
		add_property(lw, table, p);
	seki_lower_entries(lw, table);
	check_profile(lw, table);
	return table;
}

/* ---- applying ---- */

/* Keys are evaluated in their order, those that choose a member after those that find. */
static void add_args(struct lower *lw, struct ir_insn *insn, const struct ir_table *table)
{
	insn->args = seki_arena_alloc(lw->arena, (table->n_keys + table->n_choosers + 1) *
							 sizeof(*insn->args));
	for (uint32_t i = 0; i < table->n_keys; i++) {
		struct value *v = seki_lower_expr(lw, table->keys[i].key->expr);

		for (const struct p4_key *k = table->keys[i].key->next; k; k = k->next)
			if (seki_lower_acts(k->expr)) {
				v = seki_lower_keep(lw, v);
				break;
			}
		insn->args[i].value = v->value;
	}
	insn->n_args = table->n_keys;
	for (uint32_t i = 0; i < table->n_choosers; i++)
		insn->args[insn->n_args++].value =
			seki_lower_expr(lw, table->choosers[i].key->expr)->value;
}

static void note_table(struct lower *lw, const struct ir_table *table)
{
	struct ir_insn *insn = seki_lower_insn(lw, IR_NOTE);

	insn->note = IR_NOTE_TABLE;
	insn->name = table->name;
	insn->table = (struct ir_table *)(uintptr_t)table;
}

/* Sets all scalars of the storage from the entry, the first from parameter *i. */
static void load_data(struct lower *lw, const struct ir_table *table,
		      const struct ir_action *action, const struct value *to, uint32_t *i)
{
	struct ir_insn *insn;

	for (uint32_t k = 0; k < to->n_parts; k++)
		load_data(lw, table, action, to->parts[k], i);
	if (to->kind != VALUE_SCALAR)
		return;
	insn = seki_lower_insn(lw, IR_DATA);
	if (!insn)
		return;
	insn->var = to->var;
	insn->lo = (*i)++;
	insn->number = (uint32_t)(action - table->actions);
	insn->table = (struct ir_table *)(uintptr_t)table;
}

/* What the control plane gives, into a variable of its own. */
static struct value *data_of(struct lower *lw, const struct ir_table *table,
			     const struct ir_action *action, const struct p4_decl *param,
			     uint32_t *i)
{
	const char *name = seki_arena_printf(lw->arena, "%s.%s", action->decl->name, param->name);
	struct value *v = seki_lower_storage(lw, param->type, name, param->tok);

	load_data(lw, table, action, v, i);
	return v;
}

static void run_action(struct lower *lw, const struct ir_table *table,
		       const struct ir_action *action)
{
	const struct p4_decl *decl = action->decl;
	uint32_t n = seki_decl_count(decl->params), i = 0, given = 0;
	struct p4_expr **bound = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*bound));
	struct value **data = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*data));
	struct p4_expr *listed = action->ref->call->args;

	for (const struct p4_decl *p = decl->params; p; p = p->next, i++) {
		if (p->dir == P4_DIR_NONE) {
			data[i] = data_of(lw, table, action, p, &given);
			continue;
		}
		bound[i] = listed;
		listed = listed ? listed->next : NULL;
	}
	seki_lower_action(lw, decl, bound, data);
}

static struct ir_case *add_case(struct lower *lw, struct ir_case ***end, uint64_t value)
{
	struct ir_case *c = seki_arena_new(lw->arena, struct ir_case);

	c->value = seki_num_u64(value);
	**end = c;
	*end = &c->next;
	return c;
}

/* An entry of an action that there is not drops the packet: nothing else goes on with it. */
static void run_found(struct lower *lw, const struct ir_table *table, struct ir_var *found)
{
	struct ir_block *block = lw->block, *next = seki_lower_block(lw, NULL);
	struct ir_block *unknown = seki_lower_block(lw, NULL);
	struct ir_case **end = &block->cases;

	block->last = IR_SWITCH;
	block->tok = lw->tok;
	block->value = seki_ir_read(lw->ir, found);
	block->other = unknown;
	unknown->last = IR_DROP;
	unknown->tok = lw->tok;
	if (table->has_no_action)
		add_case(lw, &end, IR_NO_ACTION)->to = next;
	for (uint32_t i = 0; i < table->n_actions && !lw->stop; i++) {
		lw->block = seki_lower_block(lw, NULL);
		add_case(lw, &end, i)->to = lw->block;
		run_action(lw, table, &table->actions[i]);
		seki_lower_goto(lw, next);
	}
	lw->block = next;
}

void seki_lower_apply(struct lower *lw, const struct p4_decl *decl, struct ir_var *hit,
		      struct ir_var *action)
{
	struct value *v = seki_lower_find(lw, decl);
	struct ir_table *table = v ? v->table : NULL;
	struct ir_insn *insn, keys = {0};

	if (!table || !lw->block || lw->stop)
		return;
	table->applied = true;
	add_args(lw, &keys, table);
	if (!lw->block)
		return;
	note_table(lw, table);
	insn = seki_lower_insn(lw, IR_LOOKUP);
	insn->table = table;
	insn->args = keys.args;
	insn->n_args = keys.n_args;
	insn->hit = hit;
	insn->action = action ? action : seki_ir_var(lw->ir, IR_VAR_PLAIN, 32, "$action");
	run_found(lw, table, insn->action);
}
