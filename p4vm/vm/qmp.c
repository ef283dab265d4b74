/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/vm/qmp.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/sys/fds.h"
#include "lib/sys/log.h"

#define ANSWER_MS 4000u
#define BOOT_MS	  20000u /* QEMU's own start, before its guest's */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* Bytes of the next line, its newline included, once it is there; 0: not yet. */
static size_t line_length(const struct seki_qmp *qmp)
{
	const char *end = memchr(qmp->line, '\n', qmp->have);

	return end ? (size_t)(end - qmp->line) + 1 : 0;
}

static int receive(struct seki_qmp *qmp)
{
	ssize_t n;

	if (qmp->have == sizeof(qmp->line))
		return -EPROTO;
	n = recv(qmp->fd, &qmp->line[qmp->have], sizeof(qmp->line) - qmp->have, MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (n == 0)
		return -ECONNRESET;
	qmp->have += (size_t)n;
	return 0;
}

/* The next line as an object, or NULL where it is none. */
static struct json_object *take_line(struct seki_qmp *qmp, size_t len)
{
	struct json_object *object = NULL;
	struct json_tokener *parser = json_tokener_new_ex(16);

	if (parser)
		object = json_tokener_parse_ex(parser, qmp->line, (int)len);
	json_tokener_free(parser);
	qmp->have -= len;
	memmove(qmp->line, &qmp->line[len], qmp->have);
	if (object && !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
	return object;
}

static const char *text(struct json_object *from, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(from, key, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

/* True: the object was an event. */
static bool handle_event(struct seki_qmp *qmp, struct json_object *object)
{
	const char *event = text(object, "event");
	struct json_object *data = NULL;

	if (!*event)
		return false;
	json_object_object_get_ex(object, "data", &data);
	if (strcmp(event, "DEVICE_DELETED") == 0 && data)
		qmp->deleted(qmp->arg, text(data, "device"));
	return true;
}

/* The next line that is no event. */
static int next_answer(struct seki_qmp *qmp, uint64_t until_ms, struct json_object **out)
{
	for (;;) {
		struct pollfd polled = {qmp->fd, POLLIN, 0};
		size_t len = line_length(qmp);
		uint64_t now = now_ms();
		int err;

		if (len) {
			*out = take_line(qmp, len);
			if (!*out)
				return -EPROTO;
			if (!handle_event(qmp, *out))
				return 0;
			json_object_put(*out);
			continue;
		}
		if (now >= until_ms)
			return -ETIMEDOUT;
		poll(&polled, 1, (int)(until_ms - now));
		err = receive(qmp);
		if (err && err != -EAGAIN)
			return err;
	}
}

/* 0 and the answer's "return", to be put with *answer. */
static int call(struct seki_qmp *qmp, const char *command, int fd, struct json_object **answer,
		struct json_object **value)
{
	int err = seki_fds_send(qmp->fd, command, strlen(command), &fd, fd < 0 ? 0 : 1);
	struct json_object *error = NULL;

	if (err)
		return err;
	err = next_answer(qmp, now_ms() + ANSWER_MS, answer);
	if (err)
		return err;
	if (json_object_object_get_ex(*answer, "return", value))
		return 0;
	json_object_object_get_ex(*answer, "error", &error);
	seki_log("QEMU refused %.60s...: %.200s", command, error ? text(error, "desc") : "?");
	json_object_put(*answer);
	return -EREMOTEIO;
}

int seki_qmp_call(struct seki_qmp *qmp, const char *format, ...)
{
	struct json_object *answer, *value;
	char command[512];
	va_list args;
	int n, err;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(command))
		return -EINVAL;
	err = call(qmp, command, -1, &answer, &value);
	if (!err)
		json_object_put(answer);
	return err;
}

int seki_qmp_add_fd(struct seki_qmp *qmp, uint32_t set, int fd, int *number)
{
	struct json_object *answer, *value, *found = NULL;
	char command[128];
	int err;

	snprintf(command, sizeof(command),
		 "{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":%u}}\n", set);
	err = call(qmp, command, fd, &answer, &value);
	if (err)
		return err;
	if (json_object_object_get_ex(value, "fd", &found))
		*number = json_object_get_int(found);
	json_object_put(answer);
	return found ? 0 : -EPROTO;
}

int seki_qmp_start(struct seki_qmp *qmp)
{
	struct json_object *greeting;
	int err = next_answer(qmp, now_ms() + BOOT_MS, &greeting);

	if (err)
		return err;
	json_object_put(greeting);
	return seki_qmp_call(qmp, "{\"execute\":\"qmp_capabilities\"}\n");
}

int seki_qmp_events(struct seki_qmp *qmp)
{
	int err = receive(qmp);
	size_t len;

	if (err && err != -EAGAIN)
		return err;
	while ((len = line_length(qmp))) {
		struct json_object *object = take_line(qmp, len);

		if (!object)
			return -EPROTO;
		handle_event(qmp, object);
		json_object_put(object);
	}
	return 0;
}
