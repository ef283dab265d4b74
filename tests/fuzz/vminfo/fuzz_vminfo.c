/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The P4 VM's reader of facts against a host that does what the input says: pokes words into the
 * region, moves and replays validly sealed records and whole sessions, lets time pass; between that
 * the agent writes honestly. Beyond not crashing: the reader never believes in a flow that the
 * agent did not publish, and never in one older than it is asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest/agent/publish.h"
#include "p4vm/vminfo.h"

#define MS	   1000000ull
#define FLOWS	   16
#define MAX_STEPS  64
#define HEAD_WORDS (sizeof(struct seki_vminfo_header) / 8)

/* Words that an input pokes at: the whole header and the first slots. */
#define POKE_WORDS (HEAD_WORDS + 24 * sizeof(struct seki_vminfo_slot) / 8)
#define POKE_BYTES (POKE_WORDS * 8)

struct step {
	uint8_t what;
	uint8_t arg;
	uint16_t place;
	uint32_t value;
};

static uint64_t region[SEKI_VMINFO_REGION_BYTES / 8];
static uint8_t saved[POKE_BYTES];
static uint64_t sent_ns[FLOWS]; /* when the agent last published it, 0: never */
static uint64_t boot, real;

static const uint8_t key[SEKI_VMINFO_KEY_BYTES] = {1, 2, 3};

static struct seki_udp_query flow_of(unsigned int n)
{
	struct seki_udp_query q = {.family = n & 1 ? 4 : 6, .sport = (uint16_t)n, .dport = 53};

	return q;
}

static void send(struct seki_publish *agent, unsigned int n)
{
	struct seki_udp_query q = flow_of(n);
	struct seki_vminfo_flow flow = {.packets = 1, .last_ns = boot};

	if (seki_publish_udp(agent, &q, &flow, NULL))
		abort();
	sent_ns[n] = boot;
}

static struct seki_vminfo_slot *slot_at(unsigned int n)
{
	return (struct seki_vminfo_slot *)(region + HEAD_WORDS) + n % 24;
}

/* dispatch: one act of the host, the agent or time. */
static void act(struct seki_publish **agent, const struct step *s)
{
	switch (s->what % 10) {
	case 0:
		region[s->place % POKE_WORDS] = s->value;
		break;
	case 1:
		region[s->place % POKE_WORDS] ^= 1ull << (s->arg % 64);
		break;
	case 2:
		*slot_at(s->place) = *slot_at(s->arg);
		break;
	case 3:
		memcpy(saved, region, POKE_BYTES);
		break;
	case 4:
		memcpy(region, saved, POKE_BYTES);
		break;
	case 5:
		memcpy(slot_at(s->arg),
		       saved + 8 * HEAD_WORDS + s->arg % 24 * sizeof(struct seki_vminfo_slot),
		       sizeof(struct seki_vminfo_slot));
		break;
	case 6:
		boot += s->value % (3 * SEKI_VMINFO_STALE_MS) * MS;
		real += s->value % (3 * SEKI_VMINFO_STALE_MS) * MS;
		break;
	case 7:
		send(*agent, s->arg % FLOWS);
		break;
	case 8:
		if (seki_publish_heartbeat(*agent, boot, real, boot, 0))
			abort();
		break;
	default:
		seki_publish_destroy(*agent);
		if (seki_publish_create(region, key, boot, real, agent))
			abort();
	}
}

/*
 * A heartbeat may be shown up to SEKI_VMINFO_SKEW_MS late, which makes a fact look younger by as
 * much; its own age after that is bounded by SEKI_VMINFO_STALE_MS.
 */
static void check(struct seki_vminfo *facts, uint64_t within_ms)
{
	for (unsigned int n = 0; n < 2 * FLOWS; n++) {
		struct seki_udp_query q = flow_of(n);

		if (!seki_vminfo_udp_sent(facts, &q, within_ms, boot))
			continue;
		if (n >= FLOWS || !sent_ns[n])
			abort();
		if (boot - sent_ns[n] > (within_ms + SEKI_VMINFO_SKEW_MS) * MS)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seki_publish *agent;
	struct seki_vminfo *facts;
	struct step s;

	memset(region, 0, POKE_BYTES);
	memset(sent_ns, 0, sizeof(sent_ns));
	memset(saved, 0, sizeof(saved));
	boot = 1000000 * MS;
	real = 1700000000000 * MS;
	if (seki_publish_create(region, key, boot, real, &agent) ||
	    seki_vminfo_create(region, key, NULL, NULL, &facts))
		abort();
	for (int i = 0; i < MAX_STEPS && size >= sizeof(s); i++) {
		memcpy(&s, data, sizeof(s));
		data += sizeof(s);
		size -= sizeof(s);
		act(&agent, &s);
		if (s.what & 0x80)
			continue;
		seki_vminfo_poll(facts, boot, real);
		seki_vminfo_fresh(facts, boot);
		check(facts, 500);
		boot += MS;
		real += MS;
	}
	seki_vminfo_destroy(facts);
	seki_publish_destroy(agent);
	return 0;
}
