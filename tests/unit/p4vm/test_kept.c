// SPDX-License-Identifier: Apache-2.0
/* What a P4 VM inside a switch keeps to come back with: what was put is what is got, and nothing that was spoiled. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "p4vm/kept.h"

static char base[] = "/tmp/seki-kept-XXXXXX";

static int set_up(void **state)
{
	static struct seki_kept kept;
	char *argv[] = {"inline", "--no-program=pass", "", "vm"};

	if (!mkdtemp(base))
		return -1;
	seki_kept_init(&kept, base, "vm");
	*state = &kept;
	return seki_kept_begin(&kept, 4, argv);
}

static int tear_down(void **state)
{
	seki_kept_end(*state);
	if (rmdir(base)) /* nothing stays */
		return -1;
	strcpy(base + strlen(base) - 6, "XXXXXX");
	return 0;
}

static void put(const struct seki_kept *kept, uint32_t number, const char *port, const char *object)
{
	struct seki_request request = {.target = {.flags = SEKI_CONTROL_KEEP_MAPS, .names = 5},
				       .load = {.name = "fw.o"},
				       .object = object,
				       .object_len = strlen(object)};

	strcpy(request.target.port, port);
	assert_int_equal(seki_kept_put(kept, number, &request), 0);
}

static void expect(const struct seki_kept *kept, uint32_t number, const char *port,
		   const char *object)
{
	struct seki_request got;
	void *data;

	assert_int_equal(seki_kept_get(kept, number, &got, &data), 0);
	assert_string_equal(got.target.port, port);
	assert_string_equal(got.load.name, "fw.o");
	assert_false(got.load.keep);
	assert_int_equal(got.object_len, strlen(object));
	assert_memory_equal(got.object, object, got.object_len);
	free(data);
}

static void test_programs(void **state)
{
	const struct seki_kept *kept = *state;
	struct seki_request got;
	void *data;

	assert_int_equal(seki_kept_get(kept, 0, &got, &data), -ENOENT);
	put(kept, 0, "", "shared");
	put(kept, 0, "", "shared anew");
	put(kept, 3, "tap0", "tap0's own");
	expect(kept, 0, "", "shared anew");
	expect(kept, 3, "tap0", "tap0's own");
	seki_kept_move(kept, 3, 1);
	seki_kept_move(kept, 1, 1);
	expect(kept, 1, "tap0", "tap0's own");
	seki_kept_drop(kept, 1);
	seki_kept_drop(kept, 1);
	assert_int_equal(seki_kept_get(kept, 1, &got, &data), -ENOENT);
}

static void test_args(void **state)
{
	const struct seki_kept *kept = *state;
	char *argv[SEKI_KEPT_ARGS], *text;

	assert_int_equal(seki_kept_args(kept, argv, &text), 4);
	assert_string_equal(argv[0], "inline");
	assert_string_equal(argv[2], "");
	assert_string_equal(argv[3], "vm");
	free(text);
}

static void spoil(const struct seki_kept *kept, const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", kept->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Cut anywhere, or with a byte changed in what is checked. */
static void test_spoiled(void **state)
{
	const struct seki_kept *kept = *state;
	struct seki_control_frame frame = {.op = SEKI_CONTROL_LOAD,
					   .len = sizeof(struct seki_control_target) + 3};
	uint8_t whole[sizeof(frame) + sizeof(struct seki_control_target) + 3] = {0};
	char *argv[SEKI_KEPT_ARGS], *text;
	char many[2 * SEKI_KEPT_ARGS] = {0};
	struct seki_request got;
	void *data;

	memcpy(whole, &frame, sizeof(frame));
	spoil(kept, "0", whole, sizeof(whole));
	assert_int_equal(seki_kept_get(kept, 0, &got, &data), 0);
	free(data);
	for (size_t len = 0; len < sizeof(whole); len++) {
		spoil(kept, "0", whole, len);
		assert_int_equal(seki_kept_get(kept, 0, &got, &data), -EPROTO);
	}
	frame.op = SEKI_CONTROL_UNLOAD;
	memcpy(whole, &frame, sizeof(frame));
	spoil(kept, "0", whole, sizeof(whole));
	assert_int_equal(seki_kept_get(kept, 0, &got, &data), -EPROTO);
	spoil(kept, "args", "", 0);
	assert_int_equal(seki_kept_args(kept, argv, &text), -EPROTO);
	spoil(kept, "args", "vm", 2);
	assert_int_equal(seki_kept_args(kept, argv, &text), -EPROTO);
	spoil(kept, "args", many, sizeof(many));
	assert_int_equal(seki_kept_args(kept, argv, &text), -EPROTO);
}

static void test_tries(void **state)
{
	const struct seki_kept *kept = *state;
	const uint64_t second = 1000000000;
	uint64_t now = 1000 * second;

	for (int i = 0; i < 3; i++, now += 59 * second)
		assert_int_equal(seki_kept_try(kept, now), 0);
	now += 60 * second; /* it lasted */
	for (int i = 0; i < 5; i++, now += 59 * second)
		assert_int_equal(seki_kept_try(kept, now), 0);
	assert_int_equal(seki_kept_try(kept, now), -ELOOP);
	assert_int_equal(seki_kept_try(kept, now), -ELOOP);
	spoil(kept, "tries", "x", 1);
	assert_int_equal(seki_kept_try(kept, now), 0);
}

/* Nobody says where to keep it, or it cannot be written. */
static void test_nowhere(void **state)
{
	char *argv[] = {"inline", "vm"};
	const struct seki_request request = {.load = {.name = ""}, .object = "", .object_len = 0};
	struct seki_kept kept;

	(void)state;
	seki_kept_init(&kept, NULL, "vm");
	assert_int_equal(seki_kept_begin(&kept, 2, argv), 0);
	assert_int_equal(seki_kept_put(&kept, 0, &request), 0);
	seki_kept_drop(&kept, 0);
	seki_kept_end(&kept);
	seki_kept_init(&kept, "/nonexistent", "vm");
	assert_int_equal(seki_kept_begin(&kept, 2, argv), -ENOENT);
	assert_int_equal(seki_kept_put(&kept, 0, &request), -ENOENT);
	assert_int_equal(seki_kept_try(&kept, 0), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_args, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spoiled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tries, set_up, tear_down),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
