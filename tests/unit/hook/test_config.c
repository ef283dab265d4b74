// SPDX-License-Identifier: Apache-2.0
/* The settings of a port: what is valid, and that what is not leaves the safe default. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/ovs/hook.h"

struct setting {
	const char *key, *value;
};

static const char *get(const void *arg, const char *key)
{
	const struct setting *s = arg;

	for (; s->key; s++) {
		if (!strcmp(s->key, key))
			return s->value;
	}
	return NULL;
}

static void warn(void *arg, const char *key, const char *value)
{
	snprintf(arg, 200, "%s=%.100s", key, value);
}

/* Reads one setting beside a good socket. Returns what was warned of, or "". */
static const char *read_one(const char *key, const char *value, struct seki_hook_config *config)
{
	static char warned[200];
	const struct setting settings[] = {{key, value}, {"sekisho", "/s"}, {NULL, NULL}};

	warned[0] = 0;
	seki_hook_config_read(config, get, settings, warn, warned);
	return warned;
}

static void defaults(void **state)
{
	struct seki_hook_config c;

	(void)state;
	assert_string_equal(read_one("other", "x", &c), "");
	assert_string_equal(c.socket, "/s");
	assert_false(c.fail_open);
	assert_int_equal(c.inflight, SEKI_RING_ENTRIES);
	assert_int_equal(c.deadline_ms, 1000);
	assert_int_equal(c.grants, 0);
}

static void no_socket_is_no_shield(void **state)
{
	const struct setting none[] = {{"sekisho-fail", "open"}, {NULL, NULL}};
	struct seki_hook_config c;

	(void)state;
	seki_hook_config_read(&c, get, none, warn, NULL);
	assert_string_equal(c.socket, "");
}

static void policies(void **state)
{
	struct seki_hook_config c;

	(void)state;
	assert_string_equal(read_one("sekisho-fail", "open", &c), "");
	assert_true(c.fail_open);
	assert_string_equal(read_one("sekisho-fail", "closed", &c), "");
	assert_false(c.fail_open);
	assert_string_equal(read_one("sekisho-fail", "Open", &c), "sekisho-fail=Open");
	assert_false(c.fail_open);
	assert_string_equal(read_one("sekisho-fail", "", &c), "sekisho-fail=");
	assert_false(c.fail_open);
}

static void numbers(void **state)
{
	static const char *const bad[] = {
		"0", "513", "-1", " 7", "7 ", "", "x", "1e2", "99999999999999999999"};
	struct seki_hook_config c;

	(void)state;
	assert_string_equal(read_one("sekisho-inflight", "1", &c), "");
	assert_int_equal(c.inflight, 1);
	assert_string_equal(read_one("sekisho-inflight", "512", &c), "");
	assert_int_equal(c.inflight, 512);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_not_equal(read_one("sekisho-inflight", bad[i], &c), "");
		assert_int_equal(c.inflight, SEKI_RING_ENTRIES);
	}
	assert_string_equal(read_one("sekisho-deadline-ms", "60000", &c), "");
	assert_int_equal(c.deadline_ms, 60000);
	assert_string_not_equal(read_one("sekisho-deadline-ms", "60001", &c), "");
	assert_int_equal(c.deadline_ms, 1000);
}

static void grants(void **state)
{
	static const char *const bad[] = {
		"",
		",",
		"a,",
		",a",
		"a,,b",
		"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	struct seki_hook_config c;

	(void)state;
	assert_string_equal(read_one("sekisho-redirect", "eth0,tap1", &c), "");
	assert_int_equal(c.grants, 2);
	assert_string_equal(c.grant[0], "eth0");
	assert_string_equal(c.grant[1], "tap1");
	assert_string_equal(read_one("sekisho-redirect", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", &c),
			    "");
	assert_int_equal(c.grants, SEKI_HOOK_GRANTS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_not_equal(read_one("sekisho-redirect", bad[i], &c), "");
		assert_int_equal(c.grants, 0);
	}
}

/* An invalid list lets nothing out: whoever wrote it wanted less than everything. */
static void sources(void **state)
{
	static const char *const bad[] = {"",
					  ",",
					  "02:00:00:00:00:0",
					  "02:00:00:00:00:01,",
					  "02:00:00:00:00:01:02",
					  "02-00-00-00-00-01",
					  "02:00:00:00:00:0g",
					  "0x:00:00:00:00:01",
					  "02:00:00:00:00:01 ",
					  "0:0:0:0:0:1,0:0:0:0:0:1",
					  "1:2:3:4:5:6"};
	static const char one[] = "02:00:00:00:00:0f,";
	char many[9 * (sizeof(one) - 1) + 1] = "";
	struct seki_hook_config c;

	(void)state;
	assert_string_equal(read_one("sekisho-mac", "02:00:00:00:aB:01,fe:ff:ff:ff:ff:ff", &c), "");
	assert_int_equal(c.sources, 2);
	assert_int_equal(c.source[0], 0x02000000ab01);
	assert_int_equal(c.source[1], 0xfeffffffffff);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_not_equal(read_one("sekisho-mac", bad[i], &c), "");
		assert_int_equal(c.sources, 1);
		assert_int_equal(c.source[0], UINT64_MAX);
	}
	for (int i = 0; i < 9; i++)
		strcat(many, one);
	many[9 * (sizeof(one) - 1) - 1] = 0;
	assert_string_not_equal(read_one("sekisho-mac", many, &c), "");
	many[8 * (sizeof(one) - 1) - 1] = 0;
	assert_string_equal(read_one("sekisho-mac", many, &c), "");
	assert_int_equal(c.sources, SEKI_HOOK_SOURCES);
}

/* A port whose socket cannot be right must not go unshielded. */
static void invalid_sockets_shield_all_the_same(void **state)
{
	char longer[300] = "/";
	const char *bad[] = {"", "relative", longer};
	struct seki_hook_config c;

	(void)state;
	memset(longer + 1, 'x', 200);
	for (size_t i = 0; i < 3; i++) {
		const struct setting settings[] = {{"sekisho", bad[i]}, {NULL, NULL}};
		char warned[200] = "";

		seki_hook_config_read(&c, get, settings, warn, warned);
		assert_string_not_equal(warned, "");
		assert_string_not_equal(c.socket, "");
		assert_true(strlen(c.socket) < SEKI_HOOK_SOCKET);
	}
}

static void every_reason_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < SEKI_REASONS; i++) {
		assert_non_null(seki_hook_reason_name(i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(seki_hook_reason_name(i), seki_hook_reason_name(j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(no_socket_is_no_shield),
		cmocka_unit_test(policies),
		cmocka_unit_test(numbers),
		cmocka_unit_test(grants),
		cmocka_unit_test(sources),
		cmocka_unit_test(invalid_sockets_shield_all_the_same),
		cmocka_unit_test(every_reason_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
