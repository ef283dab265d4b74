// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hook/liar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "tests/unit/hook/rig.h"

#define PACKETS	 600u /* more than a ring holds */
#define RECENT	 64u
#define DATA_MAX 66000u

struct packet {
	uint32_t len;
	uint32_t in_port;
	bool held;
};

struct liar {
	struct rig *r;
	uint32_t held;
	uint32_t grants;
	uint32_t recent_at;
	struct seki_submission recent[RECENT]; /* what the P4 VM took last */
	struct packet packets[PACKETS];
	uint8_t data[DATA_MAX];
};

static void require(bool ok)
{
	if (!ok)
		abort();
}

struct liar *liar_create(void)
{
	struct liar *l = calloc(1, sizeof(*l));
	struct seki_hook_config config = rig_config();

	l->r = rig_create(&config);
	l->grants = config.grants;
	for (uint32_t i = 0; i < DATA_MAX; i++)
		l->data[i] = (uint8_t)i;
	return l;
}

static void submit(struct liar *l, uint64_t random)
{
	struct seki_hook_packet packets[SEKI_BATCH_MAX];
	enum seki_fate fates[SEKI_BATCH_MAX];
	uint32_t in_port = random & 1;
	uint32_t want = (uint32_t)(random >> 1) % SEKI_BATCH_MAX + 1;
	uint32_t n = 0;

	for (uint32_t i = 0; i < PACKETS && n < want; i++) {
		struct packet *p = &l->packets[(i + (random >> 16)) % PACKETS];

		if (p->held)
			continue;
		p->len = (uint32_t)((random >> 24) + i * 37) % (random >> 48 & 7 ? 4096 : DATA_MAX);
		p->in_port = in_port;
		packets[n++] = (struct seki_hook_packet){p, l->data, p->len, 0, 0};
	}
	seki_queue_submit(l->r->q, in_port, l->r->now_ns, packets, n, fates);
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = packets[i].packet;

		require(fates[i] <= SEKI_FATE_HELD);
		p->held = fates[i] == SEKI_FATE_HELD;
		l->held += p->held;
	}
}

/* An outcome must be of a packet that is held, and leave a packet within its bounds. */
static void check(struct liar *l, const struct seki_outcome *o)
{
	struct packet *p = o->packet;
	uint8_t head[SEKI_PACKET_MAX];

	require(p >= l->packets && p < l->packets + PACKETS && p->held);
	require(o->in_port == p->in_port && o->fate <= SEKI_FATE_DROP);
	p->held = false;
	l->held--;
	require(o->clone_port == 0 || (o->clone_port >= SEKI_PORT_GRANTED &&
				       o->clone_port < SEKI_PORT_GRANTED + l->grants));
	if (o->fate == SEKI_FATE_DROP)
		return;
	require(o->out_port < SEKI_PORT_GRANTED + l->grants);
	if (!o->edited)
		return;
	require(o->head_in <= p->len && o->len >= SEKI_PACKET_MIN);
	require(o->len <= o->head_out + p->len - o->head_in);
	memcpy(head, o->head, o->head_out);
}

static uint32_t take_outcomes(struct liar *l, uint32_t max)
{
	struct seki_outcome out[SEKI_BATCH_MAX];
	uint32_t n = seki_queue_poll(l->r->q, l->r->now_ns, out, max);

	require(n <= max);
	for (uint32_t i = 0; i < n; i++)
		check(l, &out[i]);
	require(l->held == l->r->q->in_flight);
	return n;
}

static void work(struct liar *l, uint64_t random)
{
	for (uint32_t i = random % SEKI_BATCH_MAX; l->r->session && i > 0; i--) {
		struct seki_submission *s = &l->recent[l->recent_at % RECENT];

		if (!rig_take(l->r, s))
			return;
		l->recent_at++;
	}
}

static uint32_t odd_number(uint64_t random)
{
	static const uint32_t odd[] = {0,     1,     13,	 14,	     15,
				       511,   512,   2047,	 2048,	     2049,
				       65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff};

	return odd[random % (sizeof(odd) / sizeof(odd[0]))];
}

/* An answer to something it saw, honest but for what the bits of `random` spoil. */
static void answer(struct liar *l, uint64_t random)
{
	const struct seki_submission *s = &l->recent[random % RECENT];
	struct seki_completion c = rig_verdict(s, random >> 6 & 3);
	uint16_t *words = (uint16_t *)&c;

	if (!l->r->session || seki_ring_p4vm_room(&l->r->vm, 1) == 0)
		return;
	if (random >> 8 & 1) {
		c.head_in = (uint16_t)(random >> 9) % 64;
		c.head_out = (uint16_t)(random >> 15) % 64;
		c.len = (uint16_t)(c.len + c.head_out - c.head_in);
	}
	if ((random >> 22 & 3) == 0)
		words[(random >> 24) % (sizeof(c) / 2)] = (uint16_t)odd_number(random >> 32);
	rig_answer(l->r, &c);
}

static void scribble(struct liar *l, uint64_t random)
{
	size_t words = random & 1 ? 256 / 4 : SEKI_RING_SLOT_OFFSET / 4;

	if (l->r->session)
		((uint32_t *)l->r->session->p4vm_region)[(random >> 1) % words] =
			random >> 32 & 1 ? odd_number(random >> 33) : (uint32_t)(random >> 33);
}

static void sleep_a_bit(struct liar *l, uint64_t random)
{
	struct seki_sleep sleep;

	seki_queue_sleep(l->r->q, l->r->now_ns, &sleep);
	require(sleep.ready || sleep.fd >= 0 || sleep.until_ns != UINT64_MAX || !l->r->q->session);
	if (l->r->session && random & 1)
		eventfd_write(l->r->session->eventfd, 1);
	l->r->now_ns += (random >> 1) % 100000000;
}

/* Asks for other lengths, and says of samples what it likes. */
static void pretend(struct liar *l, uint64_t random)
{
	if (!l->r->session)
		return;
	seki_ring_p4vm_set_want(&l->r->vm, odd_number(random));
	seki_ring_p4vm_report(&l->r->vm, random, random >> 7);
}

static void renew(struct liar *l, uint64_t random)
{
	rig_collect(l->r);
	if (!l->r->session && SEKI_GET(l->r->q->link.wanted))
		rig_attach(l->r);
	else if (l->r->session && (random & 15) == 0)
		SEKI_PUT(l->r->session->dead, 1);
	if ((random >> 4 & 15) == 0)
		seki_queue_leave(l->r->q);
	else
		seki_queue_join(l->r->q);
}

static void configure(struct liar *l, uint64_t random)
{
	struct seki_hook_config config = rig_config();

	if ((random & 7) == 0)
		config.socket[0] = 0;
	config.fail_open = random >> 3 & 1;
	config.inflight = (uint32_t)(random >> 4) % SEKI_RING_ENTRIES + 1;
	config.deadline_ms = (uint32_t)(random >> 16) % 2000 + 1;
	config.grants = random >> 32 & 1 ? 2 : 0;
	if (config.socket[0]) /* else what was granted stays so for packets in flight */
		l->grants = config.grants;
	seki_hook_configure(l->r->hook, &config);
}

void liar_step(struct liar *l, uint64_t random)
{
	uint64_t rest = random >> 4;

	switch (random & 15) {
	case 0 ... 3:
		submit(l, rest);
		break;
	case 4 ... 6:
		take_outcomes(l, (uint32_t)rest % SEKI_BATCH_MAX + 1);
		break;
	case 7 ... 8:
		work(l, rest);
		break;
	case 9 ... 12:
		answer(l, rest);
		break;
	case 13:
		if (rest & 7)
			scribble(l, rest >> 3);
		else
			pretend(l, rest >> 3);
		break;
	case 14:
		sleep_a_bit(l, rest);
		break;
	case 15:
		if (rest & 3)
			renew(l, rest >> 2);
		else
			configure(l, rest >> 2);
		break;
	}
}

void liar_destroy(struct liar *l)
{
	seki_queue_leave(l->r->q);
	for (uint32_t i = 0; l->held; i++) {
		require(i < SEKI_RING_ENTRIES);
		take_outcomes(l, SEKI_BATCH_MAX);
	}
	rig_destroy(l->r);
	free(l);
}
