/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of the control socket, with honest and hostile clients. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "p4vm/control.h"

struct fixture {
	int client;
	struct seki_control server;
	int handled;
	size_t reply_len;
	uint8_t sum; /* of the request's bytes */
};

static int handle(void *arg, const struct seki_control_frame *frame, const void *data, char **reply)
{
	struct fixture *f = arg;
	const uint8_t *bytes = data;

	f->handled++;
	for (uint32_t i = 0; i < frame->len; i++)
		f->sum = (uint8_t)(f->sum + bytes[i]);
	if (!f->reply_len)
		return -ENOEXEC;
	*reply = calloc(1, f->reply_len + 1);
	memset(*reply, 'x', f->reply_len);
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	f->client = ends[0];
	f->reply_len = 10;
	seki_control_open(&f->server, ends[1], 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->client >= 0)
		close(f->client);
	seki_control_close(&f->server);
	free(f);
	return 0;
}

static int step(struct fixture *f)
{
	return seki_control_step(&f->server, handle, f);
}

static struct seki_control_frame load_frame(uint32_t len)
{
	return (struct seki_control_frame){
		.magic = SEKI_CONTROL_MAGIC, .op = SEKI_CONTROL_LOAD, .len = len, .name = "prog"};
}

/* Sends a frame alone; what the server makes of it. */
static int verdict_of(struct fixture *f, const struct seki_control_frame *frame)
{
	assert_int_equal(send(f->client, frame, sizeof(*frame), 0), sizeof(*frame));
	return step(f);
}

static void test_status(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame = {.magic = SEKI_CONTROL_MAGIC, .op = SEKI_CONTROL_STATUS};
	char text[32];

	assert_int_equal(seki_control_events(&f->server), POLLIN);
	assert_int_equal(verdict_of(f, &frame), 0);
	assert_int_equal(recv(f->client, &frame, sizeof(frame), 0), sizeof(frame));
	assert_int_equal(frame.magic, SEKI_CONTROL_MAGIC);
	assert_int_equal(frame.op, SEKI_CONTROL_STATUS);
	assert_int_equal(frame.status, 0);
	assert_int_equal(frame.len, 10);
	assert_int_equal(recv(f->client, text, sizeof(text), 0), 10);
}

static void test_load_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame = load_frame(300);
	uint8_t bytes[sizeof(frame) + 300];

	memcpy(bytes, &frame, sizeof(frame));
	memset(bytes + sizeof(frame), 1, 300);
	f->reply_len = 0;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(step(f), -EAGAIN);
		assert_int_equal(send(f->client, bytes + i, 1, 0), 1);
	}
	assert_int_equal(step(f), 0);
	assert_int_equal(f->handled, 1);
	assert_int_equal(f->sum, (uint8_t)300);
	assert_int_equal(recv(f->client, &frame, sizeof(frame), 0), sizeof(frame));
	assert_int_equal(frame.status, -ENOEXEC);
	assert_int_equal(frame.len, 0);
}

static void test_garbage(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame;

	memset(&frame, 0xa5, sizeof(frame));
	assert_int_equal(verdict_of(f, &frame), -EPROTO);
	assert_int_equal(f->handled, 0);
}

static void test_unknown_op(void **state)
{
	struct seki_control_frame frame = load_frame(100);

	frame.op = 4;
	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_oversize(void **state)
{
	struct seki_control_frame frame = load_frame(SEKI_CONTROL_MAX_REQUEST + 1);

	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_huge(void **state)
{
	struct seki_control_frame frame = load_frame(UINT32_MAX);

	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_empty_load(void **state)
{
	struct seki_control_frame frame = load_frame(sizeof(struct seki_control_target));

	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_unload_of_more_than_a_target(void **state)
{
	struct seki_control_frame frame = load_frame(sizeof(struct seki_control_target) + 1);

	frame.op = SEKI_CONTROL_UNLOAD;
	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_status_with_data(void **state)
{
	struct seki_control_frame frame = load_frame(100);

	frame.op = SEKI_CONTROL_STATUS;
	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_name_without_end(void **state)
{
	struct seki_control_frame frame = load_frame(100);

	memset(frame.name, 'a', sizeof(frame.name));
	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void test_status_in_a_request(void **state)
{
	struct seki_control_frame frame = load_frame(100);

	frame.status = 1;
	assert_int_equal(verdict_of(*state, &frame), -EPROTO);
}

static void hang_up(struct fixture *f)
{
	close(f->client);
	f->client = -1;
}

static void test_truncated_frame(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame = load_frame(100);

	assert_int_equal(send(f->client, &frame, 20, 0), 20);
	assert_int_equal(step(f), -EAGAIN);
	hang_up(f);
	assert_int_equal(step(f), -ECONNRESET);
	assert_int_equal(f->handled, 0);
}

static void test_truncated_object(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame = load_frame(100);

	assert_int_equal(verdict_of(f, &frame), -EAGAIN);
	assert_int_equal(send(f->client, "abc", 3, 0), 3);
	hang_up(f);
	assert_int_equal(step(f), -ECONNRESET);
	assert_int_equal(f->handled, 0);
}

/* The reply is larger than the socket's buffers and its reader slow. */
static void test_slow_reader(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame = {.magic = SEKI_CONTROL_MAGIC, .op = SEKI_CONTROL_STATUS};
	const int small = 4096;
	size_t got = 0;
	int err;

	setsockopt(f->server.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	f->reply_len = SEKI_CONTROL_MAX_REPLY + 100; /* is cut to what a client accepts */
	err = verdict_of(f, &frame);
	assert_int_equal(err, -EAGAIN);
	assert_int_equal(seki_control_events(&f->server), POLLOUT);
	while (got < sizeof(frame) + SEKI_CONTROL_MAX_REPLY) {
		char buf[1000];
		ssize_t n = recv(f->client, buf, sizeof(buf), 0);

		if (n > 0)
			got += (size_t)n;
		else if (err == -EAGAIN)
			err = step(f);
		else
			break;
	}
	assert_int_equal(err, 0);
	assert_int_equal(got, sizeof(frame) + SEKI_CONTROL_MAX_REPLY);
	assert_int_equal(f->handled, 1);
}

static void test_reader_gone(void **state)
{
	struct fixture *f = *state;
	struct seki_control_frame frame = {.magic = SEKI_CONTROL_MAGIC, .op = SEKI_CONTROL_STATUS};

	assert_int_equal(send(f->client, &frame, sizeof(frame), 0), sizeof(frame));
	hang_up(f);
	assert_int_equal(step(f), -EPIPE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_load_byte_by_byte),
		TEST(test_garbage),
		TEST(test_unknown_op),
		TEST(test_oversize),
		TEST(test_huge),
		TEST(test_empty_load),
		TEST(test_unload_of_more_than_a_target),
		TEST(test_status_with_data),
		TEST(test_name_without_end),
		TEST(test_status_in_a_request),
		TEST(test_truncated_frame),
		TEST(test_truncated_object),
		TEST(test_slow_reader),
		TEST(test_reader_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
