// SPDX-License-Identifier: Apache-2.0
/* Requests to load and unload, taken apart: good ones, and each way to lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "p4vm/request.h"

/* Reads a request in memory of exactly its size. */
static int read_request(uint32_t op, const struct seki_control_target *target, const void *rest,
			size_t len, struct seki_request *out, uint8_t **kept)
{
	struct seki_control_frame frame = {
		.op = op, .len = (uint32_t)(sizeof(*target) + len), .name = "fw.o"};
	uint8_t *data = malloc(frame.len);
	int err;

	memcpy(data, target, sizeof(*target));
	if (len)
		memcpy(data + sizeof(*target), rest, len);
	err = seki_request_read(&frame, data, out);
	if (kept)
		*kept = data;
	else
		free(data);
	return err;
}

static void reads_what_is_there(void **state)
{
	const struct seki_control_target target = {
		.port = "tap0", .flags = SEKI_CONTROL_KEEP_MAPS, .names = 6};
	struct seki_request r;
	uint8_t *data;

	(void)state;
	assert_int_equal(read_request(SEKI_CONTROL_LOAD, &target, "ab\0cd\0ELF", 9, &r, &data), 0);
	assert_string_equal(r.load.port, "tap0");
	assert_true(r.load.keep);
	assert_int_equal(r.load.n_maps, 2);
	assert_string_equal(r.load.maps[0], "ab");
	assert_string_equal(r.load.maps[1], "cd");
	assert_int_equal(r.object_len, 3);
	assert_memory_equal(r.object, "ELF", 3);
	free(data);
}

static void reads_the_least(void **state)
{
	struct seki_control_target target = {.flags = 0};
	struct seki_request r;

	(void)state;
	assert_int_equal(read_request(SEKI_CONTROL_LOAD, &target, "E", 1, &r, NULL), 0);
	assert_string_equal(r.load.port, "");
	assert_false(r.load.keep);
	assert_null(r.load.maps);
	assert_int_equal(read_request(SEKI_CONTROL_UNLOAD, &target, "", 0, &r, NULL), 0);
	target.flags = SEKI_CONTROL_KEEP_MAPS;
	assert_int_equal(read_request(SEKI_CONTROL_LOAD, &target, "E", 1, &r, NULL), 0);
	assert_true(r.load.keep);
	assert_null(r.load.maps);
}

static void refuse(const struct seki_control_target *target, const void *rest, size_t len)
{
	struct seki_request r;

	assert_int_equal(read_request(SEKI_CONTROL_LOAD, target, rest, len, &r, NULL), -EPROTO);
}

static void refuses_lies(void **state)
{
	struct seki_control_target t = {.port = "p"};
	struct seki_request r;
	char many[2 * (SEKI_REQUEST_NAMES + 1) + 1];

	(void)state;
	refuse(&t, "", 0);
	t.names = 2;
	refuse(&t, "a\0E", 3); /* names, and nothing to keep */
	t.flags = SEKI_CONTROL_KEEP_MAPS;
	refuse(&t, "a\0", 2); /* no object */
	refuse(&t, "abE", 3); /* a name without its end */
	t.names = 1;
	refuse(&t, "\0E", 2); /* an empty name */
	for (uint32_t lie = 3; lie; lie *= 3) {
		t.names = lie > 2 ? lie : 3;
		refuse(&t, "a\0", 2);
		if (lie > UINT32_MAX / 3)
			break;
	}
	t.names = UINT32_MAX;
	refuse(&t, "a\0E", 3);
	memset(many, 0, sizeof(many));
	for (size_t i = 0; i < sizeof(many); i += 2)
		many[i] = 'x';
	t.names = sizeof(many) - 1;
	refuse(&t, many, sizeof(many));
	t = (struct seki_control_target){.flags = 2};
	refuse(&t, "E", 1);
	t = (struct seki_control_target){.port = "a b"};
	refuse(&t, "E", 1);
	t = (struct seki_control_target){.port = "a\x1b"};
	refuse(&t, "E", 1);
	memset(t.port, 'a', sizeof(t.port));
	refuse(&t, "E", 1);
	t = (struct seki_control_target){.flags = SEKI_CONTROL_KEEP_MAPS};
	assert_int_equal(read_request(SEKI_CONTROL_UNLOAD, &t, "", 0, &r, NULL), -EPROTO);
}

static void refuses_what_is_empty(void **state)
{
	const struct seki_control_frame frame = {.op = SEKI_CONTROL_STOP};
	struct seki_request r;

	(void)state;
	assert_int_equal(seki_request_read(&frame, NULL, &r), -EPROTO);
}

/* Under AddressSanitizer every byte beyond the end would be seen; what is accepted lies inside. */
static void survives_anything(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 50000; i++) {
		struct seki_control_target t = {.flags = (uint32_t)rand() % 3,
						.names = (uint32_t)rand() % 40};
		size_t len = (size_t)rand() % 40;
		struct seki_request r;
		uint8_t rest[40], *data;

		for (size_t j = 0; j < sizeof(rest); j++)
			rest[j] = (uint8_t)(rand() % 4);
		if (read_request(1 + 2 * ((uint32_t)rand() % 2), &t, rest, len, &r, &data) == 0) {
			for (uint32_t n = 0; n < r.load.n_maps; n++)
				assert_true(strlen(r.load.maps[n]) > 0);
			if (r.object)
				assert_ptr_equal((const uint8_t *)r.object + r.object_len,
						 data + sizeof(t) + len);
		}
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there), cmocka_unit_test(reads_the_least),
		cmocka_unit_test(refuses_lies),	       cmocka_unit_test(refuses_what_is_empty),
		cmocka_unit_test(survives_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
