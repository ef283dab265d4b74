/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When may a deleted entry's memory be used anew? When nobody can hold a pointer to it any more.
 * The queues of a program (the threads that run it, one a queue) are the only ones who hold
 * pointers into maps without a lock, and they hold them only during a run. So each queue has a word
 * that it makes odd when a run begins and even when it ends, with plain stores: no fence, no lock,
 * no shared cache line. Who wants memory back does, in this order:
 *
 *   1. unlinks the entry, so that no lookup that begins later finds it;
 *   2. calls barrier(): every thread of the process executes a full memory barrier between the call
 *      and the return (membarrier(2), PRIVATE_EXPEDITED);
 *   3. reads all words. An even one is done with; for an odd one
 *   4. waits until it is no longer what it was.
 *
 * Why that is enough, for a queue that loaded the entry's address before the unlinking was visible
 * to it: its store of the odd word precedes, in its program, all loads of that run. Had the run
 * begun after the thread's barrier of step 2, its loads would come after step 1 and find the entry
 * gone. So it began before, the barrier made the odd word visible, and step 3 sees either that very
 * word, in which case step 4 waits for the run to end (the even word is a release store, so all
 * that the run did with the entry comes before it, and step 4's load acquires), or a later one,
 * because that run has ended since. A run that begins after step 3 began after the barrier.
 *
 * Where there is no membarrier(2), `barrier` is NULL: then each run begins with a fence, and step 2
 * is a fence as well, with the same argument (either the fence of the run comes first in the single
 * order of fences, and step 3 sees the odd word; or the other, and the run sees the unlinking).
 */
#ifndef SEKI_CORE_BPF_MAP_READERS_H
#define SEKI_CORE_BPF_MAP_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/shared.h"

#define SEKI_MAP_QUEUES_MAX 64u

/* Written by the queue's thread only. A cache line each. */
struct seki_bpf_reader {
	uint64_t run; /* odd: a run is on */
	uint8_t pad[56];
};

/* All queues of a program. Constant but for the words. */
struct seki_bpf_readers {
	struct seki_bpf_reader *at; /* aligned to 64 */
	uint32_t n;
	bool (*barrier)(void); /* false: it could not; then no memory comes back */
};

static inline void seki_bpf_reader_enter(const struct seki_bpf_readers *readers, uint32_t queue)
{
	uint64_t *run = &readers->at[queue].run;

	__atomic_store_n(run, *run + 1, __ATOMIC_RELAXED);
	if (readers->barrier)
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	else
		seki_fence();
}

static inline void seki_bpf_reader_leave(const struct seki_bpf_readers *readers, uint32_t queue)
{
	uint64_t *run = &readers->at[queue].run;

	seki_store64_release(run, *run + 1);
}

#endif
