/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/vm/wakes.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* All eventfds are our own and non-blocking: what a full counter refuses has been said already. */
static void signal_event(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

/* An event may be of a connection that has gone since: its serial number tells. */
static void relay(struct seki_wakes *w, uint32_t slot, uint32_t serial)
{
	char byte;
	ssize_t n;

	if (!w->slots[slot].used || w->slots[slot].serial != serial)
		return;
	n = recv(w->slots[slot].conn, &byte, 1, MSG_DONTWAIT);
	if (n > 0) {
		signal_event(w->slots[slot].vector);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->slots[slot].conn, NULL);
		w->slots[slot].used = false;
		__atomic_fetch_or(&w->gone, 1u << slot, __ATOMIC_RELEASE);
		signal_event(w->gone_event);
	}
}

static void *run(void *arg)
{
	struct seki_wakes *w = arg;

	/* The calls that start a thread are made: a filter of system calls may come. */
	sem_post(&w->runs);
	for (;;) {
		struct epoll_event events[16];
		int n = epoll_wait(w->epoll, events, 16, -1);

		pthread_mutex_lock(&w->mutex);
		for (int i = 0; i < n; i++)
			relay(w, events[i].data.u64 % SEKI_GUEST_SLOTS,
			      (uint32_t)(events[i].data.u64 >> 32));
		pthread_mutex_unlock(&w->mutex);
	}
	return NULL;
}

int seki_wakes_start(struct seki_wakes *wakes)
{
	int err;

	*wakes = (struct seki_wakes){.epoll = epoll_create1(EPOLL_CLOEXEC),
				     .gone_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				     .mutex = PTHREAD_MUTEX_INITIALIZER};
	if (wakes->epoll < 0 || wakes->gone_event < 0)
		return -EMFILE;
	sem_init(&wakes->runs, 0, 0);
	err = -pthread_create(&wakes->thread, NULL, run, wakes);
	while (!err && sem_wait(&wakes->runs) && errno == EINTR)
		;
	return err;
}

int seki_wakes_add(struct seki_wakes *wakes, uint32_t slot, int conn, int vector)
{
	struct epoll_event event = {.events = EPOLLIN};
	int err = 0;

	pthread_mutex_lock(&wakes->mutex);
	wakes->slots[slot].used = true;
	wakes->slots[slot].conn = conn;
	wakes->slots[slot].vector = vector;
	wakes->slots[slot].serial = ++wakes->serial;
	event.data.u64 = (uint64_t)wakes->serial << 32 | slot;
	if (epoll_ctl(wakes->epoll, EPOLL_CTL_ADD, conn, &event)) {
		err = -errno;
		wakes->slots[slot].used = false;
	}
	pthread_mutex_unlock(&wakes->mutex);
	return err;
}

void seki_wakes_remove(struct seki_wakes *wakes, uint32_t slot)
{
	pthread_mutex_lock(&wakes->mutex);
	if (wakes->slots[slot].used)
		epoll_ctl(wakes->epoll, EPOLL_CTL_DEL, wakes->slots[slot].conn, NULL);
	wakes->slots[slot].used = false;
	__atomic_fetch_and(&wakes->gone, ~(1u << slot), __ATOMIC_RELAXED);
	pthread_mutex_unlock(&wakes->mutex);
}

uint32_t seki_wakes_gone(struct seki_wakes *wakes)
{
	uint64_t count;

	if (read(wakes->gone_event, &count, sizeof(count)) < 0)
		return 0;
	return __atomic_exchange_n(&wakes->gone, 0, __ATOMIC_ACQUIRE);
}
