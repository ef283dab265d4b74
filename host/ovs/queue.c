// SPDX-License-Identifier: Apache-2.0
/*
 * The datapath's half of a queue: the table of packets in flight, verdicts, deadlines, the port's
 * policy. All of it runs in the queue's datapath thread and none of it waits. The P4 VM can at
 * worst lose its own port's packets.
 */
#include "host/ovs/flight.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "core/base/check.h"
#include "lib/sys/probe.h"

/* A P4 VM that answers nothing for so long after a missed deadline is attached anew. */
#define HANG_NS 5000000000ull

/* Wake-ups in a row that brought nothing before the P4 VM's eventfd is looked at once a ms only. */
#define IDLE_WAKES_MAX 16u
#define IDLE_SLEEP_NS  1000000ull

/* A thread that slept for so long before it was woken has time to look for completions. */
#define IDLE_NS 10000u

static const struct seki_spin_limits linger_limits = {
	.few = 8, .few_ns = 50000, .many_ns = 0, .share = 4, .count_success = true};

/* How often a batch is timed. */
#define SAMPLE_NS 1000000ull

static void set_state(struct seki_queue *q, enum seki_hook_state state)
{
	__atomic_store_n(&q->stats.state, state, __ATOMIC_RELAXED);
}

void seki_queue_init(struct seki_queue *q, struct seki_hook *hook, uint32_t key, uint32_t number)
{
	memset(q, 0, sizeof(*q));
	q->hook = hook;
	q->number = number;
	q->stats.key = key;
	q->lost = SEKI_REASON_DOWN;
	seki_slots_init(&q->free);
	seki_spin_init(&q->spin, &linger_limits);
	q->held = &q->alone;
	q->link.wanted = 1;
}

enum seki_fate seki_queue_unjudged(struct seki_queue *q, uint32_t in_port,
				   enum seki_hook_reason why)
{
	struct seki_hook_counts *counts = &q->stats.from[in_port];

	if (SEKI_GET(q->hook->fail_open)) {
		seki_count(&counts->bypassed[why], 1);
		return SEKI_FATE_PASS;
	}
	seki_count(&counts->dropped[why], 1);
	return SEKI_FATE_DROP;
}

/* Of a packet of which so much is to be copied, which its run has room for. */
static struct seki_submission describe(struct seki_slot *s, uint32_t number, uint32_t copied)
{
	s->copied = (uint16_t)copied;
	s->generation++;
	return (struct seki_submission){
		.slot = (uint16_t)number,
		.len = s->len,
		.copied = s->copied,
		.in_port = s->in_port,
		.generation = s->generation,
		.rss_hash = s->rss_hash,
	};
}

static void copy_in(const struct seki_queue *q, const struct seki_submission *sub)
{
	memcpy(seki_ring_switch_slot(&q->session->ring, sub->slot, sub->copied),
	       q->slots[sub->slot].data, sub->copied);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void approach(uint64_t *mean, uint64_t value)
{
	uint64_t old = *mean ? *mean : value;

	__atomic_store_n(mean, value >= old ? old + (value - old) / 8 : old - (old - value) / 8,
			 __ATOMIC_RELAXED);
}

/* Has this batch timed, if it is time again. */
static void sample(struct seki_queue *q, uint32_t packets, uint64_t now_ns)
{
	if (now_ns - q->sampled_ns < SAMPLE_NS)
		return;
	q->sampled_ns = now_ns;
	approach(&q->stats.times.packets, packets * 16ull);
	seki_ring_switch_sample(&q->session->ring, clock_ns());
}

/* The P4 VM's two times are of use where they lie between ours; else only what is between them. */
static void take_sample(struct seki_queue *q)
{
	struct seki_hook_times *times = &q->stats.times;
	struct seki_ring_sample s;
	uint64_t whole, program, hand_off, now;

	if (!seki_ring_switch_sampled(&q->session->ring, &s))
		return;
	now = clock_ns();
	whole = now - s.submitted_ns;
	program = seki_min(s.done_ns - s.taken_ns, whole);
	hand_off = s.taken_ns - s.submitted_ns;
	if (hand_off > whole - program)
		hand_off = (whole - program) / 2;
	seki_count(&times->samples, 1);
	approach(&times->hand_off_ns, hand_off);
	approach(&times->program_ns, program);
	approach(&times->return_ns, whole - program - hand_off);
}

static void wake(struct seki_queue *q)
{
	/* A full socket is a P4 VM that was woken before; a broken one is the connector's to see.
	 */
	send(q->session->sock, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	seki_count(&q->stats.wakeups, 1);
}

/* Whatever was handed over before, the P4 VM sees it. */
static void make_sure(struct seki_queue *q)
{
	if (!q->unsure)
		return;
	q->unsure = false;
	if (seki_ring_switch_wake_needed(&q->session->ring))
		wake(q);
}

static void hand_over(struct seki_queue *q, const struct seki_submission *subs, uint32_t n)
{
	/* There was no memory for a slot: what was put there reached nobody. The next poll ends the session. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (n == 0 || SEKI_GET(q->session->dead))
		return;
	seki_ring_switch_submit(&q->session->ring, subs, n);
	seki_count(&q->stats.batches, 1);
	SEKI_PROBE(submit, q->hook->port, q->number, subs[0].in_port, n);
	q->fresh = true;
	q->unsure = true;
	if (seki_ring_switch_wake_seen(&q->session->ring))
		wake(q);
}

/*
 * Submits packets a second time, all of each. Not before the caller is done with what a poll gave
 * him: their runs may be those of packets that came out, whose heads the P4 VM is not to write over.
 */
static void submit_again(struct seki_queue *q)
{
	struct seki_submission subs[SEKI_BATCH_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < q->n_again; i++) {
		struct seki_slot *s = &q->slots[q->again[i]];

		if (!s->packet || !s->again)
			continue; /* its time was over */
		s->again = false;
		subs[count] = describe(s, q->again[i], s->len);
		copy_in(q, &subs[count++]);
	}
	q->n_again = 0;
	seki_count(&q->stats.more, count);
	/* There is room: the completions of these packets were taken. */
	hand_over(q, subs, count);
}

/* Why no packet is taken at all; SEKI_REASONS: they are. */
static enum seki_hook_reason refusal(const struct seki_queue *q)
{
	if (!q->session)
		return SEKI_REASON_DOWN;
	return q->stats.state == SEKI_QUEUE_UNRESPONSIVE ? SEKI_REASON_UNRESPONSIVE : SEKI_REASONS;
}

/* How many packets more there is room for, in the ring and within the port's limit. */
static uint32_t room_left(const struct seki_queue *q)
{
	uint32_t limit = SEKI_GET(q->hook->inflight);

	if (*q->held >= limit)
		return 0;
	return (uint32_t)seki_min(seki_ring_switch_room(&q->session->ring), limit - *q->held);
}

/* Takes a packet in, at a run that was taken for it. */
static struct seki_submission take_in(struct seki_queue *q, const struct seki_hook_packet *p,
				      uint32_t number, uint32_t run, uint32_t copied)
{
	struct seki_slot *s = &q->slots[number];

	hold(q, s, number);
	s->packet = p->packet;
	s->data = p->data;
	s->len = (uint16_t)p->len;
	s->rss_hash = p->rss_hash;
	s->tag = p->tag;
	s->run = (uint8_t)run;
	return describe(s, number, copied);
}

/* Takes in what there is room for. Returns how many, with their submissions; fates[] of the others are set. */
static uint32_t take_in_all(struct seki_queue *q, uint32_t in_port, uint64_t now_ns,
			    const struct seki_hook_packet *packets, uint32_t n,
			    enum seki_fate *fates, struct seki_submission *subs)
{
	const enum seki_hook_reason barred = refusal(q);
	const uint32_t want = q->session ? seki_ring_switch_want(&q->session->ring) : 0;
	const uint32_t room = barred == SEKI_REASONS ? room_left(q) : 0;
	uint16_t numbers[SEKI_BATCH_MAX];
	uint32_t singles = 0, used = 0, count = 0;

	if (seki_ring_run(want) == 1)
		singles = seki_slots_take_singles(&q->free, (uint32_t)seki_min(n, room), numbers);
	for (uint32_t i = 0; i < singles; i++)
		__builtin_prefetch(&q->slots[numbers[i]], 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct seki_hook_packet *p = &packets[i];
		uint32_t copied = (uint32_t)seki_min(p->len, want), run = 1, number;
		enum seki_hook_reason why = barred;

		if (p->len < SEKI_PACKET_MIN || p->len > SEKI_PACKET_MAX)
			why = SEKI_REASON_LENGTH;
		else if (why == SEKI_REASONS && count == room)
			why = SEKI_REASON_FULL;
		if (why != SEKI_REASONS) {
			fates[i] = seki_queue_unjudged(q, in_port, why);
			continue;
		}
		if (used < singles) {
			number = numbers[used++];
		} else {
			run = seki_ring_run(copied);
			number = seki_slots_take(&q->free, run);
		}
		if (number == SEKI_SLOT_NONE) {
			fates[i] = seki_queue_unjudged(q, in_port, SEKI_REASON_FULL);
			continue;
		}
		q->slots[number].in_port = (uint8_t)in_port;
		q->slots[number].since_ns = now_ns;
		subs[count] = take_in(q, p, number, run, copied);
		copy_in(q, &subs[count++]);
		fates[i] = SEKI_FATE_HELD;
	}
	while (used < singles)
		seki_slots_give(&q->free, numbers[used++], 1);
	return count;
}

uint32_t seki_queue_submit(struct seki_queue *q, uint32_t in_port, uint64_t now_ns,
			   const struct seki_hook_packet *packets, uint32_t n,
			   enum seki_fate *fates)
{
	struct seki_submission subs[SEKI_BATCH_MAX];
	uint32_t count;

	submit_again(q);
	if (SEKI_GET(q->hook->off)) {
		if (q->session)
			seki_ring_switch_want(&q->session->ring);
		for (uint32_t i = 0; i < n; i++)
			fates[i] = SEKI_FATE_PASS;
		return 0;
	}
	seki_count(&q->stats.from[in_port].packets, n);
	count = take_in_all(q, in_port, now_ns, packets, n, fates, subs);
	if (!count)
		return 0;
	if (!q->in_flight)
		q->ages.since_ns = now_ns;
	now_held(q, count, 0);
	sample(q, count, now_ns);
	hand_over(q, subs, count);
	return count;
}

static void come_out(struct seki_queue *q, struct seki_slot *s, enum seki_fate fate,
		     struct seki_outcome *out)
{
	*out = (struct seki_outcome){
		.packet = s->packet,
		.in_port = s->in_port,
		.fate = (uint8_t)fate,
		.tag = s->tag,
		.out_port = (uint8_t)seki_other_side(s->in_port),
	};
	let_go(q, s);
}

static void drop(struct seki_queue *q, struct seki_slot *s, enum seki_hook_reason why,
		 struct seki_outcome *out)
{
	seki_count(&q->stats.from[s->in_port].dropped[why], 1);
	come_out(q, s, SEKI_FATE_DROP, out);
}

/* The bounds of struct seki_completion for a packet that leaves, and that it repeats nothing odd.
 */
static bool in_bounds(const struct seki_slot *s, const struct seki_completion *c)
{
	return c->head_in <= s->copied && c->head_out <= s->run * SEKI_SLOT_BYTES &&
	       c->len >= SEKI_PACKET_MIN &&
	       c->len <= (uint32_t)c->head_out + (uint32_t)(s->len - c->head_in) &&
	       (c->verdict == SEKI_VERDICT_REDIRECT || c->out_port == 0);
}

static void forward(struct seki_queue *q, struct seki_slot *s, const struct seki_completion *c,
		    struct seki_outcome *out)
{
	struct seki_hook_counts *counts = &q->stats.from[s->in_port];
	uint32_t straight = seki_other_side(s->in_port);
	bool edited = c->head_in || c->head_out || c->len != s->len;

	if (!in_bounds(s, c)) {
		drop(q, s, SEKI_REASON_BAD_VERDICT, out);
		return;
	}
	if (c->verdict == SEKI_VERDICT_REDIRECT && c->out_port >= SEKI_PORT_GRANTED &&
	    !seki_is_granted(q->hook, c->out_port)) {
		drop(q, s, SEKI_REASON_BAD_PORT, out);
		return;
	}
	come_out(q, s, SEKI_FATE_PASS, out);
	if (c->verdict == SEKI_VERDICT_REDIRECT)
		out->out_port = c->out_port;
	seki_count(out->out_port == straight ? &counts->passed : &counts->redirected, 1);
	if (!edited)
		return;
	out->edited = true;
	out->head_in = c->head_in;
	out->head_out = c->head_out;
	out->len = c->len;
	out->head = seki_ring_switch_head(&q->session->ring, c->slot, c->head_out);
	seki_count(&counts->rewritten, 1);
}

/* Keeps a packet to be submitted again. Returns whether an outcome came out. */
static bool more(struct seki_queue *q, struct seki_slot *s, struct seki_outcome *out)
{
	uint32_t run = seki_ring_run(s->len);
	uint32_t number = slot_number(q, s);

	if (s->copied == s->len) {
		drop(q, s, SEKI_REASON_BAD_VERDICT, out);
		return true;
	}
	if (run != s->run) {
		number = seki_slots_take(&q->free, run);
		if (number == SEKI_SLOT_NONE) {
			come_out(q, s, seki_queue_unjudged(q, s->in_port, SEKI_REASON_FULL), out);
			return true;
		}
		s = move(q, s, number, run);
	}
	s->again = true;
	s->generation++; /* nobody is to answer it before */
	q->again[q->n_again++] = (uint16_t)number;
	return false;
}

/* Returns whether an outcome came out. */
static bool settle(struct seki_queue *q, struct seki_slot *s, const struct seki_completion *c,
		   struct seki_outcome *out)
{
	switch (c->verdict) {
	case SEKI_VERDICT_DROP:
		drop(q, s, SEKI_REASON_VERDICT, out);
		return true;
	case SEKI_VERDICT_PASS:
	case SEKI_VERDICT_REDIRECT:
		forward(q, s, c, out);
		return true;
	case SEKI_VERDICT_MORE:
	default: /* two bits: there are no others */
		return more(q, s, out);
	}
}

/* With a copy beside it. What is no verdict has no copy either. */
static void settle_clone(struct seki_queue *q, struct seki_slot *s, const struct seki_completion *c,
			 uint32_t port, struct seki_outcome *out)
{
	struct seki_hook_counts *counts = &q->stats.from[s->in_port];

	if (c->verdict == SEKI_VERDICT_MORE) {
		drop(q, s, SEKI_REASON_BAD_VERDICT, out);
	} else if (!seki_is_granted(q->hook, port)) {
		drop(q, s, SEKI_REASON_BAD_PORT, out);
	} else {
		settle(q, s, c, out);
		if (out->fate == SEKI_FATE_PASS || c->verdict == SEKI_VERDICT_DROP) {
			out->clone_port = (uint8_t)port;
			seki_count(&counts->cloned, 1);
		}
	}
}

/* On to where it was going, as it is: what most verdicts are. Keeps the bounds that forward() looks at. */
static bool is_straight(const struct seki_slot *s, const struct seki_completion *c)
{
	return c->verdict == SEKI_VERDICT_PASS && !c->out_port && !c->head_in && !c->head_out &&
	       c->len == s->len;
}

/* Returns whether an outcome came out; passed[] is where the caller counts those of which nothing else is to be said. */
static bool complete(struct seki_queue *q, const struct seki_completion *c, uint32_t passed[2],
		     struct seki_outcome *out)
{
	struct seki_slot *s = c->slot < SEKI_RING_ENTRIES ? &q->slots[c->slot] : NULL;
	struct seki_completion plain;

	if (!s || !s->packet || s->generation != c->generation) {
		seki_count(&q->stats.late, 1);
		return false;
	}
	if (is_straight(s, c)) {
		passed[s->in_port]++;
		come_out(q, s, SEKI_FATE_PASS, out);
		return true;
	}
	if (c->verdict <= SEKI_VERDICT_MASK)
		return settle(q, s, c, out);
	plain = *c;
	plain.verdict &= SEKI_VERDICT_MASK;
	settle_clone(q, s, &plain, c->verdict >> SEKI_CLONE_SHIFT, out);
	return true;
}

/* Gives the session back to the connector. What is in flight comes out for the reason `why`. */
static void lose_session(struct seki_queue *q, enum seki_hook_reason why)
{
	struct seki_session *session = q->session;

	q->session = NULL;
	q->n_again = 0;
	q->armed = false;
	q->fresh = false;
	q->unsure = false;
	q->spin.waiting = false;
	q->idle_wakes = 0;
	q->lost = why;
	SEKI_PROBE(detach, q->hook->port, q->number, (int)why);
	set_state(q, SEKI_QUEUE_DOWN);
	SEKI_PUT(session->released, 1);
	seki_connector_kick(q->hook->connector);
}

/* Once nothing of the old session is in flight. */
static void take_session(struct seki_queue *q)
{
	struct seki_session *offered = SEKI_GET(q->offered);

	if (!offered)
		return;
	SEKI_PUT(q->offered, NULL);
	q->session = offered;
	q->lost = SEKI_REASON_DOWN;
	set_state(q, SEKI_QUEUE_UP);
	seki_count(&q->stats.sessions, 1);
	SEKI_PROBE(attach, q->hook->port, q->number, q->stats.sessions);
}

/*
 * After a sleep: disarms and empties the eventfd. The P4 VM shares the file description and may
 * have cleared O_NONBLOCK: RWF_NOWAIT never waits.
 */
static bool wake_up(struct seki_queue *q)
{
	uint64_t count;
	struct iovec iov = {&count, sizeof(count)};

	if (!q->armed)
		return false;
	q->armed = false;
	q->idle = clock_ns() - q->armed_ns > IDLE_NS;
	seki_ring_switch_disarm(&q->session->ring);
	if (preadv2(q->session->eventfd, &iov, 1, -1, RWF_NOWAIT) != sizeof(count)) {
		q->idle_wakes = 0;
		return false;
	}
	seki_count(&q->stats.woken, 1);
	return true;
}

/* What is touched of a packet that comes back. */
static void prefetch(const struct seki_queue *q, const struct seki_completion *c)
{
	__builtin_prefetch(&q->slots[c->slot % SEKI_RING_ENTRIES]);
	if (c->head_out)
		__builtin_prefetch(seki_ring_switch_head(&q->session->ring, c->slot, c->head_out));
}

static uint32_t take_completions(struct seki_queue *q, struct seki_outcome *out, uint32_t max,
				 bool *drained)
{
	struct seki_completion cpls[SEKI_BATCH_MAX];
	uint32_t limit = (uint32_t)seki_min(max, SEKI_BATCH_MAX);
	bool woken = wake_up(q);
	int n = seki_ring_switch_take(&q->session->ring, cpls, limit);
	uint32_t count = 0, passed[2] = {0};

	*drained = n < (int)limit;
	if (n < 0) {
		seki_count(&q->stats.lies, 1);
		lose_session(q, SEKI_REASON_DOWN);
		return 0;
	}
	if (n > 0) {
		if (q->spin.waiting)
			seki_spin_end(&q->spin, clock_ns(), false);
		q->idle_wakes = 0;
		set_state(q, SEKI_QUEUE_UP);
		SEKI_PROBE(complete, q->hook->port, q->number, n);
	} else if (woken) {
		q->idle_wakes++;
		seki_count(&q->stats.idle_woken, 1);
	}
	for (int i = 0; i < n; i++)
		prefetch(q, &cpls[i]);
	for (int i = 0; i < n; i++) {
		count += complete(q, &cpls[i], passed, &out[count]);
		/* To be written soon: the lowest free slots are used next, and the P4 VM's processor
		 * had this line. Not sooner: it is just giving it back. */
		__builtin_prefetch(seki_ring_switch_slot(&q->session->ring, cpls[i].slot, 0), 1);
	}
	for (int i = 0; i < 2; i++)
		seki_count(&q->stats.from[i].passed, passed[i]);
	return count;
}

static uint64_t deadline_of(const struct seki_queue *q, uint64_t since_ns)
{
	return since_ns + SEKI_GET(q->hook->deadline_ns);
}

/* Packets whose time is over, the oldest first. */
static uint32_t expire(struct seki_queue *q, uint64_t now_ns, struct seki_outcome *out,
		       uint32_t max)
{
	uint32_t count = 0;
	struct seki_slot *s;

	if (deadline_of(q, q->ages.since_ns) > now_ns)
		return 0; /* no look at the oldest, which is not in the caches any more */
	while (count < max && (s = oldest(q)) != NULL) {
		q->ages.since_ns = s->since_ns;
		if (deadline_of(q, s->since_ns) > now_ns)
			break;
		SEKI_PROBE(deadline, q->hook->port, q->number, s->in_port, now_ns - s->since_ns);
		come_out(q, s, seki_queue_unjudged(q, s->in_port, SEKI_REASON_DEADLINE),
			 &out[count++]);
		if (q->stats.state == SEKI_QUEUE_UP) {
			set_state(q, SEKI_QUEUE_UNRESPONSIVE);
			q->hung_since_ns = now_ns;
		}
	}
	return count;
}

/* Packets in flight of a session that is no more. */
static uint32_t flush(struct seki_queue *q, struct seki_outcome *out, uint32_t max)
{
	uint32_t count = 0;
	struct seki_slot *s;

	while (count < max && (s = oldest(q)) != NULL)
		come_out(q, s, seki_queue_unjudged(q, s->in_port, q->lost), &out[count++]);
	return count;
}

static uint32_t take_back(struct seki_queue *q, uint64_t now_ns, struct seki_outcome *out,
			  uint32_t max)
{
	uint32_t count;
	bool drained;

	submit_again(q);
	make_sure(q);
	seki_ring_switch_want(&q->session->ring);
	take_sample(q);
	count = take_completions(q, out, max, &drained);
	/* Answers that wait in the ring are not late, whatever kept us from taking them. */
	if (drained && q->session && q->in_flight > count)
		count += expire(q, now_ns, &out[count], max - count);
	return count;
}

uint32_t seki_queue_poll(struct seki_queue *q, uint64_t now_ns, struct seki_outcome *out,
			 uint32_t max)
{
	uint32_t count;

	if (q->session && SEKI_GET(q->session->dead))
		lose_session(q, SEKI_REASON_DOWN);
	if (!q->session && !q->in_flight)
		take_session(q);
	count = q->session ? take_back(q, now_ns, out, max) : flush(q, out, max);
	if (count)
		now_held(q, 0, count);
	if (q->session && q->stats.state == SEKI_QUEUE_UNRESPONSIVE &&
	    now_ns - q->hung_since_ns > HANG_NS) {
		seki_count(&q->stats.hangs, 1);
		lose_session(q, SEKI_REASON_UNRESPONSIVE);
	}
	return count;
}

void seki_queue_give_up(struct seki_queue *q, const struct seki_outcome *outcome,
			enum seki_hook_reason why)
{
	struct seki_hook_counts *counts = &q->stats.from[outcome->in_port];
	bool straight = outcome->out_port == seki_other_side(outcome->in_port);

	seki_count(straight ? &counts->passed : &counts->redirected, UINT64_MAX);
	if (outcome->edited)
		seki_count(&counts->rewritten, UINT64_MAX);
	seki_count(&counts->dropped[why], 1);
}

void seki_queue_lose_clone(struct seki_queue *q, const struct seki_outcome *outcome)
{
	struct seki_hook_counts *counts = &q->stats.from[outcome->in_port];

	seki_count(&counts->cloned, UINT64_MAX);
	seki_count(&counts->clones_lost, 1);
}

void seki_queue_leave(struct seki_queue *q)
{
	SEKI_PUT(q->link.wanted, 0);
	if (!q->session)
		take_session(q);
	if (q->session)
		lose_session(q, SEKI_REASON_REMOVED);
	q->lost = SEKI_REASON_REMOVED;
}

void seki_queue_join(struct seki_queue *q)
{
	if (SEKI_GET(q->link.wanted))
		return;
	SEKI_PUT(q->link.wanted, 1);
	seki_connector_kick(q->hook->connector);
}

bool seki_queue_linger(struct seki_queue *q)
{
	uint64_t now, start, budget;

	if (!q->fresh || !q->idle || !q->session || q->stats.state != SEKI_QUEUE_UP)
		return false;
	q->fresh = false;
	make_sure(q);
	start = now = clock_ns();
	budget = seki_spin_begin(&q->spin, now, q->in_flight);
	while (!seki_ring_switch_ready(&q->session->ring)) {
		if (now - start >= budget) {
			seki_spin_vain(&q->spin, now);
			seki_count(&q->stats.in_vain, budget > 0);
			return false;
		}
		if (now - start < SEKI_SPIN_TIGHT_NS)
			seki_spin_pause();
		else
			sched_yield();
		now = clock_ns();
	}
	seki_spin_end(&q->spin, now, true);
	seki_count(&q->stats.lingered, 1);
	return true;
}

void seki_queue_sleep(struct seki_queue *q, uint64_t now_ns, struct seki_sleep *out)
{
	const struct seki_slot *s = oldest(q);

	*out = (struct seki_sleep){.fd = -1, .until_ns = UINT64_MAX};
	if (!q->session || SEKI_GET(q->session->dead)) {
		out->ready = q->session || q->in_flight || SEKI_GET(q->offered);
		return;
	}
	make_sure(q);
	q->armed = true;
	q->armed_ns = clock_ns();
	out->ready = !seki_ring_switch_arm(&q->session->ring) || q->n_again;
	if (s)
		out->until_ns = deadline_of(q, s->since_ns);
	if (q->stats.state == SEKI_QUEUE_UNRESPONSIVE)
		out->until_ns = seki_min(out->until_ns, q->hung_since_ns + HANG_NS + 1);
	if (q->idle_wakes < IDLE_WAKES_MAX)
		out->fd = q->session->eventfd;
	else
		out->until_ns = seki_min(out->until_ns, now_ns + IDLE_SLEEP_NS);
}
