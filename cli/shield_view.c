/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shield_view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/fields.h"
#include "core/base/check.h"

/* Of a sum. */
static const char *const keys[] = {"packets",	 "from_vm",   "from_network", "passed",
				   "redirected", "rewritten", "dropped",      "bypassed"};
static const char *const sides[] = {"from_vm", "from_network"};

struct json_object *seki_view_new(void)
{
	struct json_object *view = json_object_new_object();

	seki_field_put(view, "missing", json_object_new_array());
	seki_field_put(view, "p4vms", json_object_new_array());
	seki_field_put(view, "ports", json_object_new_array());
	return view;
}

void seki_view_miss(struct json_object *view, const char *text)
{
	json_object_array_add(seki_field(view, "missing"), json_object_new_string(text));
}

static bool has_text(struct json_object *object, const char *key, const char *value)
{
	struct json_object *text = seki_field(object, key);

	return json_object_is_type(text, json_type_string) &&
	       strcmp(json_object_get_string(text), value) == 0;
}

struct json_object *seki_view_find(struct json_object *from, const char *array, const char *key,
				   const char *value)
{
	for (size_t i = 0; value && i < seki_field_count(from, array); i++) {
		struct json_object *item = seki_field_item(from, array, i);

		if (has_text(item, key, value))
			return item;
	}
	return NULL;
}

static struct json_object *with_number(struct json_object *from, const char *array, const char *key,
				       uint64_t number)
{
	for (size_t i = 0; i < seki_field_count(from, array); i++) {
		struct json_object *item = seki_field_item(from, array, i);

		if (seki_field_u64(item, key) == number)
			return item;
	}
	return NULL;
}

static void cut(struct json_object *from, const char *array, size_t most)
{
	size_t n = seki_field_count(from, array);

	if (n > most)
		json_object_array_del_idx(seki_field(from, array), most, n - most);
}

int seki_view_add_p4vm(struct json_object *view, const char *name, const char *socket,
		       struct json_object *status)
{
	char inlined[64];

	if (!json_object_is_type(status, json_type_object))
		return -EPROTO;
	if (has_text(status, "isolation", "inline")) {
		snprintf(inlined, sizeof(inlined), "inline:%s", name);
		socket = inlined; /* what other_config has for it */
	}
	cut(status, "queues", SEKI_VIEW_QUEUES);
	cut(status, "sites", SEKI_VIEW_SITES);
	seki_field_put(status, "name", json_object_new_string(name));
	seki_field_put(status, "socket", json_object_new_string(socket));
	json_object_array_add(seki_field(view, "p4vms"), status);
	return 0;
}

int seki_view_add_switch(struct json_object *view, struct json_object *answer, bool all)
{
	if (!json_object_is_type(seki_field(answer, "ports"), json_type_array))
		return -EPROTO;
	for (size_t i = 0; i < seki_field_count(answer, "ports"); i++) {
		struct json_object *port = seki_field_item(answer, "ports", i);
		struct json_object *p4vm =
			seki_view_find(view, "p4vms", "socket",
				       json_object_get_string(seki_field(port, "socket")));

		if (!json_object_is_type(port, json_type_object) || (!p4vm && !all))
			continue;
		seki_field_put(port, "p4vm", json_object_get(seki_field(p4vm, "name")));
		for (size_t k = 0; k < seki_field_count(port, "queues"); k++)
			seki_field_put_u64(seki_field_item(port, "queues", k), "queue", k);
		json_object_array_add(seki_field(view, "ports"), json_object_get(port));
	}
	seki_field_put(view, "switch", json_object_new_boolean(true));
	json_object_put(answer);
	return 0;
}

/* A port that only its P4 VM knows of, as the switch was not asked. */
static struct json_object *add_port(struct json_object *view, struct json_object *p4vm,
				    const char *name)
{
	struct json_object *port = json_object_new_object();

	seki_field_put(port, "port", json_object_new_string(name));
	seki_field_put(port, "p4vm", json_object_get(seki_field(p4vm, "name")));
	seki_field_put(port, "queues", json_object_new_array());
	json_object_array_add(seki_field(view, "ports"), port);
	return port;
}

static struct json_object *find_port(struct json_object *view, struct json_object *p4vm,
				     const char *name)
{
	for (size_t i = 0; i < seki_field_count(view, "ports"); i++) {
		struct json_object *port = seki_field_item(view, "ports", i);

		if (has_text(port, "port", name) &&
		    has_text(port, "p4vm", json_object_get_string(seki_field(p4vm, "name"))))
			return port;
	}
	return NULL;
}

/* Puts what a P4 VM tells of one of its queues beside what the switch does. */
static void join_queue(struct json_object *view, struct json_object *p4vm, struct json_object *told)
{
	bool asked = seki_field(view, "switch") != NULL;
	const char *name = seki_field_text(told, "port");
	struct json_object *port = find_port(view, p4vm, name), *queue;

	if (!port && !asked)
		port = add_port(view, p4vm, name);
	queue = with_number(port, "queues", "queue", seki_field_u64(told, "queue"));
	if (port && !queue && !asked) {
		queue = json_object_new_object();
		seki_field_put_u64(queue, "queue", seki_field_u64(told, "queue"));
		json_object_array_add(seki_field(port, "queues"), queue);
	}
	if (queue)
		seki_field_put(queue, "p4vm", json_object_get(told));
}

/* Adds counts of reasons to those of the port; returns how many there were. */
static uint64_t add_reasons(struct json_object *port, const char *what, struct json_object *counts)
{
	struct json_object *sum = seki_field(port, what);
	uint64_t all = 0;

	if (!sum) {
		sum = json_object_new_object();
		seki_field_put(port, what, sum);
	}
	if (!json_object_is_type(counts, json_type_object))
		return 0;
	json_object_object_foreach(counts, reason, count)
	{
		uint64_t n = json_object_get_uint64(count);

		seki_field_put_u64(sum, reason, seki_field_u64(sum, reason) + n);
		all += n;
	}
	return all;
}

static void add_to(struct json_object *sum, const char *key, uint64_t n)
{
	seki_field_put_u64(sum, key, seki_field_u64(sum, key) + n);
}

static void sum_side(struct json_object *port, struct json_object *sum, const char *side,
		     struct json_object *counts)
{
	static const char *const plain[] = {"packets", "passed", "redirected", "rewritten"};

	for (size_t i = 0; i < SEKI_COUNT(plain); i++)
		add_to(sum, plain[i], seki_field_u64(counts, plain[i]));
	add_to(sum, side, seki_field_u64(counts, "packets"));
	add_to(sum, "dropped", add_reasons(port, "dropped", seki_field(counts, "dropped")));
	add_to(sum, "bypassed", add_reasons(port, "bypassed", seki_field(counts, "bypassed")));
}

static struct json_object *new_sum(void)
{
	struct json_object *sum = json_object_new_object();

	for (size_t i = 0; i < SEKI_COUNT(keys); i++)
		seki_field_put_u64(sum, keys[i], 0);
	return sum;
}

static void sum_queue(struct json_object *port, struct json_object *queue)
{
	struct json_object *sum = new_sum(), *all = seki_field(port, "sum");
	struct json_object *told = seki_field(queue, "p4vm");

	for (size_t i = 0; i < SEKI_COUNT(sides); i++)
		sum_side(port, sum, sides[i], seki_field(queue, sides[i]));
	/* Without the switch, what its P4 VM says. */
	for (size_t i = 0; !seki_field(queue, "state") && i < SEKI_COUNT(keys); i++)
		seki_field_put_u64(sum, keys[i], seki_field_u64(told, keys[i]));
	for (size_t i = 0; i < SEKI_COUNT(keys); i++)
		add_to(all, keys[i], seki_field_u64(sum, keys[i]));
	seki_field_put(queue, "sum", sum);
}

void seki_view_sum(struct json_object *view)
{
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);

		for (size_t k = 0; k < seki_field_count(p4vm, "queues"); k++)
			join_queue(view, p4vm, seki_field_item(p4vm, "queues", k));
	}
	for (size_t i = 0; i < seki_field_count(view, "ports"); i++) {
		struct json_object *port = seki_field_item(view, "ports", i);

		seki_field_put(port, "sum", new_sum());
		for (size_t k = 0; k < seki_field_count(port, "queues"); k++)
			sum_queue(port, seki_field_item(port, "queues", k));
	}
}

/* Counters that started anew did nothing that is known. */
static double rate(uint64_t now, uint64_t before, double seconds)
{
	return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

static void rate_sum(struct json_object *of, struct json_object *before, double seconds)
{
	struct json_object *sum = seki_field(of, "sum"), *old = seki_field(before, "sum");
	struct json_object *rates = json_object_new_object();

	for (size_t i = 0; old && i < SEKI_COUNT(keys); i++)
		seki_field_put(rates, keys[i],
			       json_object_new_double(rate(seki_field_u64(sum, keys[i]),
							   seki_field_u64(old, keys[i]), seconds)));
	seki_field_put(of, "per_second", rates);
}

static void rate_port(struct json_object *port, struct json_object *before, double seconds)
{
	rate_sum(port, before, seconds);
	for (size_t i = 0; i < seki_field_count(port, "queues"); i++) {
		struct json_object *queue = seki_field_item(port, "queues", i);

		rate_sum(queue,
			 with_number(before, "queues", "queue", seki_field_u64(queue, "queue")),
			 seconds);
	}
}

static struct json_object *same_site(struct json_object *before, struct json_object *site)
{
	const char *port = json_object_get_string(seki_field(site, "port"));

	for (size_t i = 0; i < seki_field_count(before, "sites"); i++) {
		struct json_object *old = seki_field_item(before, "sites", i);
		const char *source = json_object_get_string(seki_field(site, "source"));

		if (seki_field_u64(old, "line") == seki_field_u64(site, "line") && source &&
		    has_text(old, "source", source) &&
		    (port ? has_text(old, "port", port) : !seki_field(old, "port")))
			return old;
	}
	return NULL;
}

static void rate_p4vm(struct json_object *p4vm, struct json_object *before, double seconds)
{
	double cpu = rate(seki_field_u64(p4vm, "cpu_ns"), seki_field_u64(before, "cpu_ns"),
			  seconds);

	if (seki_field(p4vm, "cpu_ns"))
		seki_field_put(p4vm, "cpu_percent", json_object_new_double(cpu / 1e7));
	seki_field_put(
		p4vm, "instructions_per_second",
		json_object_new_double(rate(seki_field_u64(p4vm, "instructions"),
					    seki_field_u64(before, "instructions"), seconds)));
	for (size_t i = 0; i < seki_field_count(p4vm, "sites"); i++) {
		struct json_object *site = seki_field_item(p4vm, "sites", i);
		uint64_t old = seki_field_u64(same_site(before, site), "count");

		seki_field_put(
			site, "per_second",
			json_object_new_double(rate(seki_field_u64(site, "count"), old, seconds)));
	}
}

void seki_view_rates(struct json_object *view, struct json_object *before, double seconds)
{
	for (size_t i = 0; i < seki_field_count(view, "ports"); i++) {
		struct json_object *port = seki_field_item(view, "ports", i);
		const char *name = json_object_get_string(seki_field(port, "port"));

		rate_port(port, seki_view_find(before, "ports", "port", name), seconds);
	}
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);
		const char *name = json_object_get_string(seki_field(p4vm, "name"));
		struct json_object *old = seki_view_find(before, "p4vms", "name", name);

		if (old)
			rate_p4vm(p4vm, old, seconds);
	}
}
