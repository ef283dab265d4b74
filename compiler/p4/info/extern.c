/* SPDX-License-Identifier: Apache-2.0 */
/* Instances of the architecture's externs as P4Info. */
#include "compiler/p4/info/build.h"

#include <string.h>

/* Adds room for one more to a list of pointers to messages, and a message of that size. */
static void *add(struct info *info, void *list, size_t *n, size_t size)
{
	void **old = *(void ***)list;
	void **items = seki_arena_alloc(info->arena, (*n + 1) * sizeof(*items));

	if (*n)
		memcpy(items, old, *n * sizeof(*items));
	items[*n] = seki_arena_alloc(info->arena, size);
	*(void ***)list = items;
	return items[(*n)++];
}

#define ADD(info, list)                                                                            \
	add(info, &(info)->root.list, &(info)->root.n_##list, sizeof(**(info)->root.list))

static uint64_t argument(const struct ir_extern *ext, uint32_t i)
{
	return i < ext->n_args ? seki_num_to_u64(&ext->args[i]) : 0;
}

static uint32_t table_id(const struct info *info, const struct ir_extern *ext)
{
	return ext->table ? info->table_ids[ext->table->id] : 0;
}

/* CounterType: PACKETS, BYTES, PACKETS_AND_BYTES. */
static P4__Config__V1__CounterSpec *counter_spec(struct info *info, uint64_t type)
{
	static const P4__Config__V1__CounterSpec__Unit units[] = {
		P4__CONFIG__V1__COUNTER_SPEC__UNIT__PACKETS,
		P4__CONFIG__V1__COUNTER_SPEC__UNIT__BYTES,
		P4__CONFIG__V1__COUNTER_SPEC__UNIT__BOTH,
	};
	P4__Config__V1__CounterSpec *spec = seki_arena_new(info->arena,
							   P4__Config__V1__CounterSpec);

	p4__config__v1__counter_spec__init(spec);
	spec->unit = units[type < 3 ? type : 2];
	return spec;
}

/* MeterType: PACKETS, BYTES. */
static P4__Config__V1__MeterSpec *meter_spec(struct info *info, uint64_t type)
{
	P4__Config__V1__MeterSpec *spec = seki_arena_new(info->arena, P4__Config__V1__MeterSpec);

	p4__config__v1__meter_spec__init(spec);
	spec->unit = type ? P4__CONFIG__V1__METER_SPEC__UNIT__BYTES
			  : P4__CONFIG__V1__METER_SPEC__UNIT__PACKETS;
	return spec;
}

static Preamble *add_counter(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__Counter *c = ADD(info, counters);

	p4__config__v1__counter__init(c);
	c->size = (int64_t)argument(ext, 0);
	c->spec = counter_spec(info, argument(ext, 1));
	return c->preamble = seki_info_preamble(info, PREFIX(COUNTER), ext->name);
}

static Preamble *add_direct_counter(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__DirectCounter *c = ADD(info, direct_counters);

	p4__config__v1__direct_counter__init(c);
	c->spec = counter_spec(info, argument(ext, 0));
	c->direct_table_id = table_id(info, ext);
	return c->preamble = seki_info_preamble(info, PREFIX(DIRECT_COUNTER), ext->name);
}

static Preamble *add_meter(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__Meter *m = ADD(info, meters);

	p4__config__v1__meter__init(m);
	m->size = (int64_t)argument(ext, 0);
	m->spec = meter_spec(info, argument(ext, 1));
	return m->preamble = seki_info_preamble(info, PREFIX(METER), ext->name);
}

static Preamble *add_direct_meter(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__DirectMeter *m = ADD(info, direct_meters);

	p4__config__v1__direct_meter__init(m);
	m->spec = meter_spec(info, argument(ext, 0));
	m->direct_table_id = table_id(info, ext);
	return m->preamble = seki_info_preamble(info, PREFIX(DIRECT_METER), ext->name);
}

static Preamble *add_register(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__Register *r = ADD(info, registers);

	p4__config__v1__register__init(r);
	r->size = (int32_t)argument(ext, 0);
	if (ext->n_type_args)
		r->type_spec = seki_info_type(info, ext->type_args[0]);
	return r->preamble = seki_info_preamble(info, PREFIX(REGISTER), ext->name);
}

static Preamble *add_digest(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__Digest *d = ADD(info, digests);

	p4__config__v1__digest__init(d);
	if (ext->n_type_args)
		d->type_spec = seki_info_type(info, ext->type_args[0]);
	return d->preamble = seki_info_preamble(info, PREFIX(DIGEST), ext->name);
}

static Preamble *add_profile(struct info *info, const struct ir_extern *ext)
{
	P4__Config__V1__ActionProfile *p = ADD(info, action_profiles);

	p4__config__v1__action_profile__init(p);
	p->with_selector = strcmp(ext->type, "ActionSelector") == 0;
	p->size = (int64_t)argument(ext, p->with_selector ? 1 : 0);
	p->table_ids = seki_arena_alloc(info->arena,
					(info->ir->n_tables + 1) * sizeof(*p->table_ids));
	for (const struct ir_table *t = info->ir->tables; t; t = t->next)
		if (t->profile == ext)
			p->table_ids[p->n_table_ids++] = info->table_ids[t->id];
	return p->preamble = seki_info_preamble(info, PREFIX(ACTION_PROFILE), ext->name);
}

static const struct {
	const char *type;
	Preamble *(*add)(struct info *info, const struct ir_extern *ext);
} kinds[] = {
	{"ActionProfile", add_profile},
	{"ActionSelector", add_profile},
	{"Counter", add_counter},
	{"Digest", add_digest},
	{"DirectCounter", add_direct_counter},
	{"DirectMeter", add_direct_meter},
	{"Meter", add_meter},
	{"Register", add_register},
};

void seki_info_externs(struct info *info)
{
	for (const struct ir_extern *ext = info->ir->externs; ext; ext = ext->next)
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (strcmp(ext->type, kinds[i].type) == 0)
				info->extern_ids[ext->id] = kinds[i].add(info, ext)->id;
}
