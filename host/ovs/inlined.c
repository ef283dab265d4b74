// SPDX-License-Identifier: Apache-2.0
/*
 * Ports whose P4 VM is inside this process (abi/inline.h): the datapath thread runs the program itself, on the
 * packets where they are, and knows at once what becomes of each. What is redirected cannot be sent
 * where packets are received or sent, so it waits for the thread's next poll.
 */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "host/ovs/queue.h"

static const struct seki_inline *the_module;

void seki_hook_set_inline(const struct seki_inline *module)
{
	SEKI_PUT(the_module, module);
}

const char *seki_inlined_name(const char *socket)
{
	size_t len = strlen(SEKI_INLINE_SCHEME);

	return strncmp(socket, SEKI_INLINE_SCHEME, len) ? NULL : socket + len;
}

static void set_up(struct seki_lanes *l, bool up, int err)
{
	struct seki_queue *q = l->queues[0];

	l->inlined.up = up;
	SEKI_PUT(q->link.error, err);
	__atomic_store_n(&q->stats.state, up ? SEKI_QUEUE_UP : SEKI_QUEUE_DOWN, __ATOMIC_RELAXED);
	if (up)
		seki_count(&q->stats.sessions, 1);
}

static void leave(struct seki_lanes *l)
{
	struct seki_inlined *in = &l->inlined;

	if (!in->port)
		return;
	in->module->leave(in->port);
	in->port = NULL;
	set_up(l, false, -ENOENT);
}

/* Once for each P4 VM that starts, and where the port is to have another. */
static void join(struct seki_lanes *l)
{
	struct seki_inlined *in = &l->inlined;
	struct seki_hook_config config;
	uint32_t changes, moves = SEKI_GET(l->hook->moves);
	int err;

	/* What a P4 VM before it still has comes out first, and its end is not to be taken for this one's. */
	if (l->queues[0]->session || l->held)
		return;
	in->module = SEKI_GET(the_module);
	if (!in->module) {
		SEKI_PUT(l->queues[0]->link.error, -ENOENT);
		return;
	}
	changes = in->module->changes() + 1; /* 0: not tried */
	if (changes == in->tried && moves == in->moves)
		return;
	in->tried = changes;
	in->moves = moves;
	seki_hook_config(l->hook, &config);
	if (!seki_inlined_name(config.socket))
		return;
	err = in->module->join(seki_inlined_name(config.socket), l->hook->port, l->key, &in->port);
	set_up(l, false, err);
}

static bool is_wanted(const struct seki_hook *hook)
{
	return SEKI_GET(hook->inlined) && !SEKI_GET(hook->off);
}

/* Joins, leaves, and does what the P4 VM asks for. */
static void take_part(struct seki_lanes *l, uint64_t now_ns, bool batch)
{
	struct seki_inlined *in = &l->inlined;
	enum seki_inline_state state;

	if (in->port && (!is_wanted(l->hook) || in->moves != SEKI_GET(l->hook->moves)))
		leave(l);
	if (!in->port && is_wanted(l->hook))
		join(l);
	if (!in->port)
		return;
	if (batch)
		in->ran_ns = now_ns;
	state = in->module->run(in->port, batch);
	if (state == SEKI_INLINE_OVER)
		leave(l);
	else if ((state == SEKI_INLINE_UP) != in->up)
		set_up(l, state == SEKI_INLINE_UP, 0);
}

bool seki_lanes_inline(struct seki_lanes *l, uint64_t now_ns)
{
	if (!is_wanted(l->hook))
		return false;
	take_part(l, now_ns, true);
	return true;
}

static void drop(struct seki_lanes *l, enum seki_hook_reason why, struct seki_outcome *out)
{
	seki_count(&l->queues[0]->stats.from[out->in_port].dropped[why], 1);
	out->fate = SEKI_FATE_DROP;
}

static void settle(struct seki_lanes *l, const struct seki_completion *c, uint32_t len,
		   const uint8_t *head, struct seki_outcome *out)
{
	struct seki_hook_counts *counts = &l->queues[0]->stats.from[out->in_port];

	if (c->verdict == SEKI_VERDICT_DROP) {
		drop(l, SEKI_REASON_VERDICT, out);
		return;
	}
	if (c->verdict == SEKI_VERDICT_REDIRECT) {
		out->out_port = c->out_port;
		if (c->out_port >= SEKI_PORT_GRANTED && !seki_is_granted(l->hook, c->out_port)) {
			drop(l, SEKI_REASON_BAD_PORT, out);
			return;
		}
	}
	seki_count(out->out_port == seki_other_side(out->in_port) ? &counts->passed
								  : &counts->redirected,
		   1);
	if (!c->head_in && !c->head_out && c->len == len)
		return;
	seki_count(&counts->rewritten, 1);
	out->edited = true;
	out->head_in = c->head_in;
	out->head_out = c->head_out;
	out->head = head;
	out->len = c->len;
}

/* With a copy beside it. */
static void settle_clone(struct seki_lanes *l, struct seki_completion *c, uint32_t len,
			 const uint8_t *head, struct seki_outcome *out)
{
	uint32_t port = c->verdict >> SEKI_CLONE_SHIFT;

	c->verdict &= SEKI_VERDICT_MASK;
	if (!seki_is_granted(l->hook, port)) {
		drop(l, SEKI_REASON_BAD_PORT, out);
		return;
	}
	settle(l, c, len, head, out);
	if (out->fate == SEKI_FATE_DROP && c->verdict != SEKI_VERDICT_DROP)
		return;
	out->clone_port = (uint8_t)port;
	seki_count(&l->queues[0]->stats.from[out->in_port].cloned, 1);
}

void seki_lanes_judge(struct seki_lanes *l, uint32_t in_port, const struct seki_hook_packet *packet,
		      struct seki_outcome *out)
{
	struct seki_inlined *in = &l->inlined;
	const struct seki_submission sub = {.len = (uint16_t)packet->len,
					    .copied = (uint16_t)packet->len,
					    .in_port = (uint8_t)in_port,
					    .rss_hash = packet->rss_hash};
	enum seki_hook_reason why = SEKI_REASONS;
	struct seki_completion c;
	const uint8_t *head;

	*out = (struct seki_outcome){.packet = packet->packet,
				     .in_port = (uint8_t)in_port,
				     .fate = SEKI_FATE_PASS,
				     .out_port = (uint8_t)seki_other_side(in_port)};
	seki_count(&l->queues[0]->stats.from[in_port].packets, 1);
	if (packet->len < SEKI_PACKET_MIN || packet->len > SEKI_PACKET_MAX)
		why = SEKI_REASON_LENGTH;
	else if (!in->up)
		why = SEKI_REASON_DOWN;
	if (why != SEKI_REASONS) {
		out->fate = seki_queue_unjudged(l->queues[0], in_port, why);
		return;
	}
	in->module->judge(in->port, &sub, packet->data, &c, &head);
	if (c.verdict <= SEKI_VERDICT_MASK)
		settle(l, &c, packet->len, head, out);
	else
		settle_clone(l, &c, packet->len, head, out);
}

bool seki_lanes_defer(struct seki_lanes *l, const struct seki_outcome *outcome)
{
	struct seki_inlined *in = &l->inlined;

	if (in->n_deferred >= SEKI_GET(l->hook->inflight)) {
		if (outcome->copy)
			seki_queue_lose_clone(l->queues[0], outcome);
		else
			seki_queue_give_up(l->queues[0], outcome, SEKI_REASON_FULL);
		return false;
	}
	in->deferred[(in->first + in->n_deferred) % SEKI_RING_ENTRIES] =
		(struct seki_deferred){.packet = outcome->packet,
				       .in_port = (uint8_t)outcome->in_port,
				       .out_port = (uint8_t)outcome->out_port,
				       .edited = outcome->edited,
				       .copy = outcome->copy};
	SEKI_PUT(in->n_deferred, in->n_deferred + 1);
	return true;
}

static uint32_t take_deferred(struct seki_inlined *in, struct seki_outcome *out, uint32_t max)
{
	uint32_t n = (uint32_t)seki_min(in->n_deferred, max);

	for (uint32_t i = 0; i < n; i++) {
		const struct seki_deferred *d = &in->deferred[in->first];

		out[i] = (struct seki_outcome){.packet = d->packet,
					       .in_port = d->in_port,
					       .fate = SEKI_FATE_PASS,
					       .out_port = d->out_port,
					       .edited = d->edited,
					       .copy = d->copy};
		in->first = (in->first + 1) % SEKI_RING_ENTRIES;
	}
	if (n)
		SEKI_PUT(in->n_deferred, in->n_deferred - n);
	return n;
}

uint32_t seki_inlined_poll(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			   uint32_t max)
{
	struct seki_inlined *in = &l->inlined;
	bool tick = false;

	if (in->port) {
		uint32_t ms = in->module->every_ms(in->port);

		tick = ms && now_ns - in->ran_ns >= ms * 1000000ull;
	}
	if (in->port || is_wanted(l->hook))
		take_part(l, now_ns, tick);
	return take_deferred(in, out, max);
}

uint32_t seki_inlined_leave(struct seki_lanes *l, struct seki_outcome *out, uint32_t max)
{
	leave(l);
	l->inlined.tried = 0;
	return take_deferred(&l->inlined, out, max);
}

void seki_inlined_sleep(const struct seki_lanes *l, struct seki_sleep *out)
{
	const struct seki_inlined *in = &l->inlined;
	uint32_t ms;

	out->ready |= in->n_deferred > 0;
	if (!in->port) {
		const struct seki_inline *module = SEKI_GET(the_module);

		out->ready |= is_wanted(l->hook) && module &&
			      (module->changes() + 1 != in->tried ||
			       SEKI_GET(l->hook->moves) != in->moves);
		return;
	}
	out->ready |= in->module->called(in->port);
	ms = in->module->every_ms(in->port);
	if (ms)
		out->until_ns = seki_min(out->until_ns, in->ran_ns + ms * 1000000ull);
}

void seki_inlined_exit(struct seki_inlined *in, void (*drop_packet)(void *packet))
{
	struct seki_outcome out;

	if (in->port)
		in->module->leave(in->port);
	while (take_deferred(in, &out, 1))
		drop_packet(out.packet);
}
