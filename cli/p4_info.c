// SPDX-License-Identifier: Apache-2.0
/* `sekisho p4 info`: what an object tells control planes, for people. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4info.pb-c.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/p4_program.h"
#include "core/base/check.h"

struct config {
	struct seki_cli_p4_source source;
	bool json;
};

static const char *const matches[] = {
	[SEKI_MATCH_EXACT] = "exact",	    [SEKI_MATCH_LPM] = "lpm",
	[SEKI_MATCH_TERNARY] = "ternary",   [SEKI_MATCH_RANGE] = "range",
	[SEKI_MATCH_OPTIONAL] = "optional",
};

/* What an extern is, in its kind's words. */
struct object {
	const char *kind;
	const P4__Config__V1__Preamble *preamble;
	int64_t size; /* 0: it has none */
	const char *unit;
};

/* ---- externs ---- */

static const char *counter_unit(const P4__Config__V1__CounterSpec *spec)
{
	if (!spec || spec->unit == P4__CONFIG__V1__COUNTER_SPEC__UNIT__BOTH)
		return "packets and bytes";
	return spec->unit == P4__CONFIG__V1__COUNTER_SPEC__UNIT__BYTES ? "bytes" : "packets";
}

static const char *meter_unit(const P4__Config__V1__MeterSpec *spec)
{
	return spec && spec->unit == P4__CONFIG__V1__METER_SPEC__UNIT__BYTES ? "bytes" : "packets";
}

typedef void (*visitor)(void *arg, const struct object *object);

static void visit_counters(const P4__Config__V1__P4Info *info, visitor visit, void *arg)
{
	for (size_t i = 0; i < info->n_counters; i++)
		visit(arg, &(struct object){"counter", info->counters[i]->preamble,
					    info->counters[i]->size,
					    counter_unit(info->counters[i]->spec)});
	for (size_t i = 0; i < info->n_direct_counters; i++)
		visit(arg, &(struct object){"direct counter", info->direct_counters[i]->preamble, 0,
					    counter_unit(info->direct_counters[i]->spec)});
}

static void visit_meters(const P4__Config__V1__P4Info *info, visitor visit, void *arg)
{
	for (size_t i = 0; i < info->n_meters; i++)
		visit(arg,
		      &(struct object){"meter", info->meters[i]->preamble, info->meters[i]->size,
				       meter_unit(info->meters[i]->spec)});
	for (size_t i = 0; i < info->n_direct_meters; i++)
		visit(arg, &(struct object){"direct meter", info->direct_meters[i]->preamble, 0,
					    meter_unit(info->direct_meters[i]->spec)});
}

static void visit_externs(const P4__Config__V1__P4Info *info, visitor visit, void *arg)
{
	visit_counters(info, visit, arg);
	visit_meters(info, visit, arg);
	for (size_t i = 0; i < info->n_registers; i++)
		visit(arg, &(struct object){"register", info->registers[i]->preamble,
					    info->registers[i]->size, NULL});
	for (size_t i = 0; i < info->n_digests; i++)
		visit(arg, &(struct object){"digest", info->digests[i]->preamble, 0, NULL});
	for (size_t i = 0; i < info->n_action_profiles; i++)
		visit(arg,
		      &(struct object){info->action_profiles[i]->with_selector ? "action selector"
									       : "action profile",
				       info->action_profiles[i]->preamble,
				       info->action_profiles[i]->size, NULL});
}

/* ---- text ---- */

/* The object chose the bytes: none may move the terminal's cursor. */
static void print_name(const P4__Config__V1__Preamble *preamble)
{
	const char *name = preamble ? preamble->name : "?";

	for (; *name; name++)
		putchar((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
}

static void print_object(void *arg, const struct object *object)
{
	(void)arg;
	printf("%s ", object->kind);
	print_name(object->preamble);
	if (object->size)
		printf("  %lld cells", (long long)object->size);
	printf("%s%s\n", object->unit ? "  " : "", object->unit ? object->unit : "");
}

static void print_action(const struct seki_p4rt_ref *ref)
{
	const struct seki_p4rt_action *action = ref->action;

	printf("    action %s(", action->alias);
	for (uint32_t i = 0; i < action->n_params; i++)
		printf("%s%s: %u", i ? ", " : "", action->params[i].name, action->params[i].width);
	printf(")%s\n", ref->default_only ? "  default only"
			: ref->table_only ? "  entries only"
					  : "");
}

static void print_table(const struct seki_p4rt_table *table)
{
	const struct seki_map_def def = {.type = table->type};

	printf("%s %s  %u entries%s", table->is_set ? "value set" : "table", table->name,
	       table->max_entries, table->is_const ? ", those of the program" : "");
	if (table->n_fields)
		printf("  map %s (%s)", table->map, seki_cli_map_type(&def));
	putchar('\n');
	for (uint32_t i = 0; i < table->n_fields; i++)
		printf("    key %s: %u, %s\n", table->fields[i].name, table->fields[i].width,
		       matches[table->fields[i].match]);
	if (table->profile)
		printf("    entries name members%s of %s, which have an action\n",
		       table->profile->group_map ? " or groups" : "", table->profile->name);
	for (uint32_t i = 0; i < table->n_actions; i++)
		print_action(&table->actions[i]);
}

static void print(const struct seki_p4rt *p4rt)
{
	for (uint32_t i = 0; i < p4rt->n_tables; i++)
		print_table(&p4rt->tables[i]);
	visit_externs(p4rt->info, print_object, NULL);
}

/* ---- JSON ---- */

static struct json_object *fields_json(const struct seki_p4rt_field *fields, uint32_t n)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < n; i++) {
		struct json_object *json = json_object_new_object();

		seki_cli_add_text(json, "name", fields[i].name);
		seki_cli_add_u64(json, "id", fields[i].id);
		seki_cli_add_u64(json, "bits", fields[i].width);
		if (fields[i].match)
			seki_cli_add_text(json, "match", matches[fields[i].match]);
		json_object_array_add(list, json);
	}
	return list;
}

static struct json_object *table_json(const struct seki_p4rt_table *table)
{
	struct json_object *json = json_object_new_object(), *actions = json_object_new_array();

	seki_cli_add_text(json, "kind", table->is_set ? "value set" : "table");
	seki_cli_add_text(json, "name", table->name);
	seki_cli_add_u64(json, "id", table->id);
	seki_cli_add_u64(json, "size", table->max_entries);
	seki_cli_add_text(json, "map", table->map);
	json_object_object_add(json, "keys", fields_json(table->fields, table->n_fields));
	if (table->profile)
		seki_cli_add_text(json, "implementation", table->profile->name);
	for (uint32_t i = 0; i < table->n_actions; i++) {
		const struct seki_p4rt_action *a = table->actions[i].action;
		struct json_object *action = json_object_new_object();

		seki_cli_add_text(action, "name", a->name);
		seki_cli_add_u64(action, "id", a->id);
		json_object_object_add(action, "params", fields_json(a->params, a->n_params));
		json_object_array_add(actions, action);
	}
	json_object_object_add(json, "actions", actions);
	return json;
}

static void add_object(void *arg, const struct object *object)
{
	struct json_object *json = json_object_new_object();

	seki_cli_add_text(json, "kind", object->kind);
	seki_cli_add_text(json, "name", object->preamble ? object->preamble->name : "");
	seki_cli_add_u64(json, "id", object->preamble ? object->preamble->id : 0);
	if (object->size > 0)
		seki_cli_add_u64(json, "size", (uint64_t)object->size);
	if (object->unit)
		seki_cli_add_text(json, "unit", object->unit);
	json_object_array_add(arg, json);
}

static void put_json(const struct seki_p4rt *p4rt)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < p4rt->n_tables; i++)
		json_object_array_add(list, table_json(&p4rt->tables[i]));
	visit_externs(p4rt->info, add_object, list);
	seki_cli_put_json(list);
}

int seki_cli_p4_info(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_P4_LINES,
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json", "print one line of JSON"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 info",
		"Prints the tables, actions and externs of a program that a control plane can reach,\n"
		"by the P4Info in its object. Widths are in bits.",
		options, SEKI_COUNT(options)};
	struct seki_cli_p4_program program;
	struct config config = {0};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	if (!seki_cli_p4_open(&config.source, &program))
		return SEKI_EXIT_FAILED;
	if (config.json)
		put_json(program.p4rt);
	else
		print(program.p4rt);
	seki_cli_p4_close(&program);
	return SEKI_EXIT_OK;
}
