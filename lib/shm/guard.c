// SPDX-License-Identifier: Apache-2.0
/*
 * The handler takes no lock and no memory: guards are in a list that only grows; one that is given back is used
 * again for a mapping of the same kind. A thread that faults is in a mapping whose guard stays meanwhile, so it finds
 * that one, and no other has an address in it.
 */
#include "lib/shm/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/shm/shm.h"

#define PAGE 4096u

struct seki_guard {
	/* Constant once it is in the list. */
	struct seki_guard *next;
	size_t bytes;
	bool writable;

	uint32_t *flag;	 /* written before `start` */
	uintptr_t start; /* atomic; 0: free */
	bool used;	 /* under the mutex */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct seki_guard *guards; /* atomic */
static struct sigaction before;
static int pages[2] = {-1, -1}; /* memfds that have their page: for readers, for writers */

static void pass_on(int signum, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(signum, info, context);
	} else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
		before.sa_handler(signum);
	} else {
		/* The access comes again, or the signal does, and ends the process. */
		sigaction(SIGBUS, &before, NULL);
		if (info->si_code <= 0)
			raise(signum);
	}
}

static struct seki_guard *find(uintptr_t addr)
{
	struct seki_guard *g = __atomic_load_n(&guards, __ATOMIC_ACQUIRE);

	for (; g; g = g->next) {
		uintptr_t start = __atomic_load_n(&g->start, __ATOMIC_ACQUIRE);

		if (start && addr >= start && addr - start < g->bytes)
			break;
	}
	return g;
}

static void handle(int signum, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;
	struct seki_guard *g = info->si_code > 0 ? find(addr) : NULL;
	int err = errno;

	if (!g) {
		pass_on(signum, info, context);
		return;
	}
	__atomic_store_n(g->flag, SEKI_GUARD_HIT, __ATOMIC_RELEASE);
	if (mmap((void *)(addr & ~(uintptr_t)(PAGE - 1)), PAGE,
		 g->writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | MAP_FIXED,
		 pages[g->writable], 0) == MAP_FAILED)
		pass_on(signum, info, context);
	errno = err;
}

static int make_page(int *fd)
{
	int err = seki_shm_create("sekisho-no-memory", PAGE, fd);

	return err ? err : seki_shm_reserve(*fd, PAGE);
}

static void close_pages(void)
{
	for (int i = 0; i < 2; i++) {
		if (pages[i] >= 0)
			close(pages[i]);
		pages[i] = -1;
	}
}

static int make_pages(void)
{
	int err;

	if (pages[1] >= 0)
		return 0;
	err = make_page(&pages[0]);
	if (!err)
		err = make_page(&pages[1]);
	if (err)
		close_pages();
	return err;
}

/* Also where another has taken the signal since. With the mutex held. */
static int install(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO}, now;
	int err = make_pages();

	if (err)
		return err;
	if (sigaction(SIGBUS, NULL, &now))
		return -errno;
	if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handle)
		return 0;
	before = now;
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

static struct seki_guard *get(size_t bytes, bool writable)
{
	struct seki_guard *g;

	for (g = guards; g; g = g->next) {
		if (!g->used && g->bytes == bytes && g->writable == writable)
			return g;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->bytes = bytes;
	g->writable = writable;
	g->next = guards;
	__atomic_store_n(&guards, g, __ATOMIC_RELEASE);
	return g;
}

int seki_guard_create(void *map, size_t bytes, bool writable, uint32_t *flag,
		      struct seki_guard **out)
{
	struct seki_guard *g = NULL;
	int err;

	pthread_mutex_lock(&mutex);
	err = install();
	if (!err)
		g = get(bytes, writable);
	if (g) {
		g->used = true;
		g->flag = flag;
		__atomic_store_n(&g->start, (uintptr_t)map, __ATOMIC_RELEASE);
		*out = g;
	}
	pthread_mutex_unlock(&mutex);
	if (err)
		return err;
	return g ? 0 : -ENOMEM;
}

void seki_guard_destroy(struct seki_guard *guard)
{
	if (!guard)
		return;
	pthread_mutex_lock(&mutex);
	__atomic_store_n(&guard->start, 0, __ATOMIC_RELEASE);
	guard->used = false;
	pthread_mutex_unlock(&mutex);
}
