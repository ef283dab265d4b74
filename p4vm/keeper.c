/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/log.h"

/* A child that does not end by itself is killed after so long. */
#define GRACE_MS 3000
/* Bytes of the child's log relayed at once and in a second; an attacker may be writing it. */
#define LOG_BURST  131072u
#define LOG_REFILL 256u

struct state {
	struct seki_keeper *keeper;
	bool stopping;
	uint64_t kill_ms; /* when, while stopping */
	uint64_t second;
	uint64_t log_room; /* bytes of its log that may still be relayed */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* False: the child closed it. */
static bool relay(struct state *s)
{
	char text[4096];
	ssize_t n = read(s->keeper->child_log, text, sizeof(text));
	uint64_t second = now_ms() / 1000u;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	s->log_room = seki_min(s->log_room + (second - s->second) * LOG_REFILL, LOG_BURST);
	s->second = second;
	if ((uint64_t)n > s->log_room)
		return true;
	s->log_room -= (uint64_t)n;
	for (ssize_t i = 0; i < n; i++) {
		if (text[i] == '\r') /* of the console of a virtual machine */
			text[i] = ' ';
		else if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
			text[i] = '?';
	}
	while (write(STDERR_FILENO, text, (size_t)n) < 0 && errno == EINTR)
		;
	return true;
}

static void begin_stop(struct state *s)
{
	struct signalfd_siginfo info;

	while (read(s->keeper->signals, &info, sizeof(info)) < 0 && errno == EINTR)
		;
	if (s->stopping)
		return;
	s->stopping = true;
	s->kill_ms = now_ms() + GRACE_MS;
	shutdown(s->keeper->link, SHUT_RDWR);
}

static void on_link(struct state *s)
{
	struct seki_keeper *k = s->keeper;
	char byte;
	ssize_t n = recv(k->link, &byte, 1, MSG_DONTWAIT);

	if (n > 0 && k->ready) {
		k->ready(k->arg);
		k->ready = NULL;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(k->link);
		k->link = -1;
	}
}

/* Relays until the child has closed its log, which is when it has ended. */
static void watch(struct state *s)
{
	struct seki_keeper *k = s->keeper;

	for (;;) {
		struct pollfd polls[] = {
			{k->child_log, POLLIN, 0}, {k->link, POLLIN, 0}, {k->signals, POLLIN, 0}};
		uint64_t now = now_ms();
		int timeout = -1;

		if (s->stopping && now >= s->kill_ms)
			kill(k->child, SIGKILL);
		else if (s->stopping)
			timeout = (int)(s->kill_ms - now);
		if (poll(polls, 3, timeout) < 0)
			continue;
		if (polls[2].revents)
			begin_stop(s);
		if (polls[1].revents)
			on_link(s);
		if (polls[0].revents && !relay(s))
			return;
	}
}

int seki_keeper_run(struct seki_keeper *keeper)
{
	struct state state = {.keeper = keeper, .second = now_ms() / 1000u, .log_room = LOG_BURST};
	int status;

	watch(&state);
	/* A child that only closed its log is as good as ended. */
	kill(keeper->child, SIGKILL);
	while (waitpid(keeper->child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (state.stopping)
		return 0;
	if (WTERMSIG(status) == SIGSYS)
		seki_log("the P4 VM made a system call that its sandbox forbids and was killed");
	else
		seki_log("the P4 VM was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	return 1;
}
