/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sys/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t tokens = SEKI_LOG_BURST;
static time_t refilled;
static uint64_t suppressed;
static void (*sink)(const char *line);

void seki_log_to(void (*to)(const char *line))
{
	__atomic_store_n(&sink, to, __ATOMIC_RELEASE);
}

/* False: there is no other place. */
static bool elsewhere(const char *text)
{
	void (*to)(const char *line) = __atomic_load_n(&sink, __ATOMIC_ACQUIRE);

	if (to)
		to(text);
	return to;
}

/* Called with `lock` held. */
static bool take_token(time_t now)
{
	if (now > refilled) {
		uint64_t more = refilled ? (uint64_t)(now - refilled) : 0;

		tokens = more >= SEKI_LOG_BURST - tokens ? SEKI_LOG_BURST : tokens + (uint32_t)more;
		refilled = now;
	}
	if (!tokens) {
		suppressed++;
		return false;
	}
	tokens--;
	return true;
}

static size_t stamp(char *out, size_t size, const struct timespec *now)
{
	struct tm tm;
	size_t n;

	gmtime_r(&now->tv_sec, &tm);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(out + n, size - n, ".%03ldZ ", now->tv_nsec / 1000000);
	return n;
}

static void write_line(const struct timespec *now, const char *text, uint64_t missing)
{
	char line[1200];
	size_t start = stamp(line, sizeof(line), now);
	size_t n = start;

	if (missing)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "(%llu lines left out) ",
				      (unsigned long long)missing);
	n += (size_t)snprintf(line + n, sizeof(line) - n, "%s", text);
	for (size_t i = start; i < n; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	}
	line[n++] = '\n';
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}

void seki_log(const char *format, ...)
{
	int saved = errno;
	struct timespec now;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (elsewhere(text)) {
		errno = saved;
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_lock(&lock);
	if (take_token(now.tv_sec)) {
		write_line(&now, text, suppressed);
		suppressed = 0;
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
}

int seki_complain(const char *who, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!elsewhere(text))
		fprintf(stderr, "%s: %s\n", who, text);
	return 1;
}
