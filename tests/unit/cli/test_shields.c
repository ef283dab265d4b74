/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of shields: views put together, rates, the screen's text, Prometheus' text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "cli/fields.h"
#include "cli/shield_metrics.h"
#include "cli/shield_render.h"
#include "cli/shield_view.h"

#define SWITCH                                                                                     \
	"{'ports': [{'port': 'tap0', 'socket': '/run/a/port.sock', 'queues': ["                    \
	"{'thread': 'main', 'lane': 0, 'state': 'up', 'in_flight': 7,"                             \
	" 'from_vm': {'packets': 100, 'passed': 60, 'redirected': 10, 'rewritten': 5,"             \
	"  'dropped': {'verdict': 20, 'full': 3}, 'bypassed': {}},"                                \
	" 'from_network': {'packets': 50, 'passed': 48, 'redirected': 0, 'rewritten': 0,"          \
	"  'dropped': {'full': 1}, 'bypassed': {'down': 1}},"                                      \
	" 'times': {'samples': 9, 'hand_off_ns': 110, 'program_ns': 220, 'return_ns': 330,"        \
	"  'batch': 12.5}, 'batches': 12},"                                                        \
	"{'thread': 'pmd-c01', 'lane': 1, 'state': 'down', 'in_flight': 0,"                        \
	" 'from_vm': {'packets': 0, 'dropped': {}, 'bypassed': {}},"                               \
	" 'from_network': {'packets': 1, 'passed': 1, 'dropped': {}, 'bypassed': {}}}]},"          \
	"{'port': 'tap9', 'socket': '/else/port.sock', 'queues': []}]}"

#define P4VM                                                                                       \
	"{'name': 'lies', 'pid': 42, 'isolation': 'process', 'workers': 2, 'cpu_ns': 1000000000,"  \
	" 'uptime_s': 10, 'instructions': 5000, 'program': {'name': 'fw', 'source': 'fw.p4'},"     \
	" 'ports': [], 'drops': {'program': 20, 'no program': 0},"                                 \
	" 'sites': [{'source': 'fw.p4', 'line': 31, 'count': 20},"                                 \
	"           {'port': 'tap0', 'source': 'g.p4', 'line': 7, 'count': 90}],"                  \
	" 'queues': [{'port': 'tap0', 'queue': 0, 'worker': 1, 'packets': 140, 'passed': 108,"     \
	"  'dropped': 20, 'redirected': 10, 'parked': 3, 'waited': 4}]}"

/* With " for ', so that the above can be read. */
static struct json_object *json(const char *text)
{
	struct json_object *value;
	char *copy = strdup(text);

	for (char *at = copy; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	value = json_tokener_parse(copy);
	free(copy);
	assert_non_null(value);
	return value;
}

/* Either may be NULL: not reached. */
static struct json_object *view_of(const char *ovs, const char *p4vm)
{
	struct json_object *view = seki_view_new();

	if (p4vm)
		assert_int_equal(seki_view_add_p4vm(view, "a", "/run/a/port.sock", json(p4vm)), 0);
	if (ovs)
		assert_int_equal(seki_view_add_switch(view, json(ovs), true), 0);
	seki_view_sum(view);
	return view;
}

static char *written;
static size_t written_len;

static char *rendered(struct json_object *view, const struct seki_render *how)
{
	FILE *out = open_memstream(&written, &written_len);

	seki_render(view, how, out);
	fclose(out);
	return written;
}

static char *metrics(struct json_object *view)
{
	FILE *out = open_memstream(&written, &written_len);

	seki_metrics_print(view, out);
	fclose(out);
	return written;
}

static uint64_t sum(struct json_object *view, size_t port, const char *key)
{
	return seki_field_u64(seki_field(seki_field_item(view, "ports", port), "sum"), key);
}

static void test_sums(void **state)
{
	struct json_object *view = view_of(SWITCH, P4VM), *port, *queue;

	(void)state;
	assert_int_equal(seki_field_count(view, "ports"), 2);
	assert_int_equal(sum(view, 0, "packets"), 151);
	assert_int_equal(sum(view, 0, "from_vm"), 100);
	assert_int_equal(sum(view, 0, "from_network"), 51);
	assert_int_equal(sum(view, 0, "passed"), 109);
	assert_int_equal(sum(view, 0, "dropped"), 24);
	assert_int_equal(sum(view, 0, "bypassed"), 1);
	port = seki_field_item(view, "ports", 0);
	assert_string_equal(seki_field_text(port, "p4vm"), "a");
	assert_int_equal(seki_field_u64(seki_field(port, "dropped"), "full"), 4);
	queue = seki_field_item(port, "queues", 0);
	assert_int_equal(seki_field_u64(seki_field(queue, "p4vm"), "worker"), 1);
	/* Another P4 VM's port, and a queue of which none told. */
	assert_null(seki_field(seki_field_item(view, "ports", 1), "p4vm"));
	assert_null(seki_field(seki_field_item(port, "queues", 1), "p4vm"));
	json_object_put(view);
}

/* Who shows nothing but one P4 VM does not see ports of others. */
static void test_ports_of_one(void **state)
{
	struct json_object *view = seki_view_new();

	(void)state;
	seki_view_add_p4vm(view, "a", "/run/a/port.sock", json(P4VM));
	assert_int_equal(seki_view_add_switch(view, json(SWITCH), false), 0);
	assert_int_equal(seki_field_count(view, "ports"), 1);
	json_object_put(view);
}

/* other_config names it otherwise. */
static void test_inside_the_switch(void **state)
{
	struct json_object *view =
		view_of("{'ports': [{'port': 'tap0', 'socket': 'inline:a', 'queues': []}]}",
			"{'isolation': 'inline'}");

	(void)state;
	assert_string_equal(seki_field_text(seki_field_item(view, "ports", 0), "p4vm"), "a");
	json_object_put(view);
}

static void test_without_the_switch(void **state)
{
	struct json_object *view = view_of(NULL, P4VM);

	(void)state;
	assert_int_equal(seki_field_count(view, "ports"), 1);
	assert_int_equal(sum(view, 0, "packets"), 140);
	assert_int_equal(sum(view, 0, "dropped"), 20);
	json_object_put(view);
}

/* What a P4 VM says of ports that it does not have. */
static void test_a_p4vm_that_boasts(void **state)
{
	struct json_object *view = view_of(
		SWITCH,
		"{'queues': [{'port': 'tap9', 'queue': 0, 'packets': 9}, 5, null, [],"
		" {'port': 'tap0', 'queue': 1}, {'port': 5, 'queue': -1}],"
		" 'sites': [1, 'x', {'line': 'y'}], 'drops': 7, 'ports': 'x', 'program': 3}");
	struct json_object *before = view_of(SWITCH, "{'sites': {}, 'queues': 'none'}");
	struct seki_render how = {.columns = 0};

	(void)state;
	assert_int_equal(seki_field_count(view, "ports"), 2);
	assert_int_equal(sum(view, 1, "packets"), 0);
	seki_view_rates(view, before, 1);
	free(rendered(view, &how));
	free(metrics(view));
	json_object_put(view);
	json_object_put(before);
}

static void test_what_is_no_answer(void **state)
{
	static const char *const texts[] = {"5", "[]", "{}", "{'ports': 5}"};
	struct json_object *view = seki_view_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *answer = json(texts[i]);

		assert_true(seki_view_add_switch(view, answer, true) < 0);
		json_object_put(answer);
	}
	assert_true(seki_view_add_p4vm(view, "a", "/", NULL) < 0);
	json_object_put(view);
}

static void test_rates(void **state)
{
	struct json_object *before = view_of(SWITCH, P4VM), *now = view_of(SWITCH, P4VM);
	struct json_object *port = seki_field_item(now, "ports", 0), *p4vm, *sides;

	(void)state;
	sides = seki_field(seki_field_item(port, "queues", 0), "from_vm");
	seki_field_put_u64(sides, "packets", 300);
	seki_view_sum(now);
	p4vm = seki_field_item(now, "p4vms", 0);
	seki_field_put_u64(p4vm, "cpu_ns", 2000000000);
	seki_field_put_u64(p4vm, "instructions", 10); /* started anew */
	seki_view_rates(now, before, 2);
	port = seki_field_item(now, "ports", 0);
	assert_true(seki_field_double(seki_field(port, "per_second"), "packets") == 100);
	assert_true(seki_field_double(seki_field(port, "per_second"), "passed") == 0);
	assert_true(seki_field_double(p4vm, "cpu_percent") == 50);
	assert_true(seki_field_double(p4vm, "instructions_per_second") == 0);
	json_object_put(before);
	json_object_put(now);
}

static void test_screen(void **state)
{
	struct seki_render how = {.sort = SEKI_SORT_PACKETS};
	struct json_object *view = view_of(SWITCH, P4VM);
	char *text;

	(void)state;
	seki_view_miss(view, "P4 VM b: does not\033[31m answer");
	text = rendered(view, &how);
	assert_non_null(strstr(text, "missing: P4 VM b: does not?[31m answer\n"));
	assert_non_null(strstr(text, "P4 VM a: process, process 42, 2 workers, program fw\n"));
	assert_non_null(strstr(text,
			       "tap0            main/0      up        100     50    108     24"
			       "     10      5      1      7     3    110   220    330  12.5\n"));
	assert_non_null(strstr(text, "tap0            dropped: verdict 20, full 4\n"));
	assert_non_null(strstr(text, "tap0            passed unjudged: down 1\n"));
	assert_true(strstr(text, "g.p4:7") < strstr(text, "fw.p4:31"));
	assert_null(strchr(text, '\033'));
	free(text);
	/* Where there is no room for all, the times stay and less important figures go. */
	how.columns = 80;
	text = rendered(view, &how);
	assert_non_null(strstr(text, "STATE  FROMVM   TOVM   DROP FLIGHT HANDns  PROG RETURN\n"));
	assert_non_null(strstr(text, "tap0          main/0   up        100     50     24      7"
				     "    110   220    330\n"));
	free(text);
	how.colours = true;
	how.columns = 10;
	text = rendered(view, &how);
	assert_non_null(strstr(text, "\033[31mmissing: P\033[0m\n"));
	free(text);
	json_object_put(view);
}

static void test_order(void **state)
{
	struct json_object *view = view_of("{'ports': [{'port': 'b', 'queues': [{'state': 'up',"
					   " 'from_vm': {'packets': 5, 'dropped': {'full': 1}}}]},"
					   "{'port': 'c', 'queues': [{'state': 'up',"
					   " 'from_vm': {'packets': 9}}]},"
					   "{'port': 'a', 'queues': []}]}",
					   NULL);
	static const char *const orders[SEKI_SORTS] = {"cba", "bca", "abc"};

	(void)state;
	for (enum seki_render_sort sort = 0; sort < SEKI_SORTS; sort++) {
		struct seki_render how = {.sort = sort};
		char *text = rendered(view, &how), seen[4] = "";
		size_t n = 0;

		for (char *at = text; at; at = strchr(at, '\n'), at += at != NULL) {
			if (*at >= 'a' && *at <= 'c' && at[1] == ' ' && n < 3)
				seen[n++] = *at;
		}
		assert_string_equal(seen, orders[sort]);
		free(text);
	}
	json_object_put(view);
}

static void test_metrics(void **state)
{
	struct json_object *view = view_of(SWITCH, P4VM);
	char *text = metrics(view);

	(void)state;
	assert_non_null(strstr(text, "\nsekisho_hook_packets_total{port=\"tap0\",thread=\"main\","
				     "lane=\"0\",from=\"vm\"} 100\n"));
	assert_non_null(strstr(text, "from=\"network\",reason=\"full\"} 1\n"));
	assert_non_null(strstr(text, "\nsekisho_hook_up{port=\"tap0\",thread=\"pmd-c01\","
				     "lane=\"1\"} 0\n"));
	assert_non_null(strstr(text, "part=\"program\"} 2.2e-07\n"));
	assert_non_null(strstr(text, "\nsekisho_p4vm_cpu_seconds_total{p4vm=\"a\"} 1\n"));
	assert_non_null(strstr(text, "\nsekisho_p4vm_packets_total{p4vm=\"a\",port=\"tap0\","
				     "queue=\"0\",worker=\"1\",verdict=\"passed\"} 108\n"));
	assert_non_null(strstr(text, "\nsekisho_p4vm_line_drops_total{p4vm=\"a\",port=\"\","
				     "source=\"fw.p4\",line=\"31\"} 20\n"));
	assert_non_null(strstr(text, "sekisho_switch_up 1\n"));
	free(text);
	json_object_put(view);
}

static unsigned int times(const char *text, const char *what)
{
	unsigned int n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

/* A series that is there twice makes Prometheus refuse all of them. */
static void test_metrics_of_a_liar(void **state)
{
	struct json_object *view = view_of(
		NULL, "{'queues': [{'port': 'x\\\"y\\\\', 'passed': 1}, {'port': 'x\\\"y\\\\',"
		      " 'passed': 2}], 'sites': [{'source': 'a\\nb', 'line': 1, 'count': 3},"
		      " {'source': 'a\\nb', 'line': 1, 'count': 4}]}");
	char *text = metrics(view);

	(void)state;
	assert_int_equal(times(text, "worker=\"0\",verdict=\"passed\"} "), 1);
	assert_int_equal(times(text, "port=\"x\\\"y\\\\\",queue=\"0\",worker=\"0\","
				     "verdict=\"passed\"} 1\n"),
			 1);
	assert_int_equal(times(text, "source=\"a?b\""), 1);
	assert_int_equal(times(text, "source=\"a?b\",line=\"1\"} 3\n"), 1);
	free(text);
	json_object_put(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_ports_of_one),
		cmocka_unit_test(test_inside_the_switch),
		cmocka_unit_test(test_without_the_switch),
		cmocka_unit_test(test_a_p4vm_that_boasts),
		cmocka_unit_test(test_what_is_no_answer),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_screen),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_metrics_of_a_liar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
