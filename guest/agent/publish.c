/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/agent/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/shared.h"
#include "lib/vminfo/index.h"
#include "lib/vminfo/record.h"

#define SLOT_WORDS (sizeof(struct seki_vminfo_slot) / 8)

struct slot {
	uint64_t version;
	uint64_t packets; /* of the record */
	uint64_t kernel;  /* packets as the kernel counted them last */
	uint16_t newer;	  /* ring of the flows' slots in order of use; slot 0 is its end */
	uint16_t older;
};

struct seki_publish {
	struct seki_vminfo_header *header; /* shared, write only */
	struct seki_vminfo_slot *shared;   /* shared, write only */
	struct seki_vminfo_session session;
	uint64_t started_real_ns;
	uint64_t changes;
	uint64_t updates;
	uint64_t seq[SEKI_VMINFO_SLOTS];
	struct slot slots[SEKI_VMINFO_SLOTS]; /* slots[0]: newer = oldest of all, older = newest */
	struct seki_flow_index flows;
};

static void store_words(void *shared, const void *from, size_t words)
{
	uint64_t *to = shared, word;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, (const uint8_t *)from + 8 * i, 8);
		seki_store64_release(&to[i], word);
	}
}

/* Seals a record into a slot with its next version, and says so in the log. */
static int put_record(struct seki_publish *p, uint32_t slot, const union seki_vminfo_record *record)
{
	struct seki_vminfo_slot sealed = {.seq = p->seq[slot] + 1};
	uint64_t *seq = &p->shared[slot].seq;
	int err;

	err = seki_vminfo_record_seal(&p->session, slot, p->slots[slot].version + 1, record,
				      &sealed);
	if (err)
		return err;
	p->slots[slot].version++;
	p->seq[slot] += 2;
	/* Odd seq goes first, as the first word of the slot; the even one last. */
	store_words(&p->shared[slot], &sealed, SLOT_WORDS);
	seki_store64_release(seq, p->seq[slot]);
	seki_store_release(&p->header->log[p->changes & (SEKI_VMINFO_LOG - 1)], slot);
	seki_store64_release(&p->header->changes, ++p->changes);
	return 0;
}

static void unlink_slot(struct seki_publish *p, uint16_t slot)
{
	struct slot *s = &p->slots[slot];

	p->slots[s->newer].older = s->older;
	p->slots[s->older].newer = s->newer;
}

static void make_newest(struct seki_publish *p, uint16_t slot)
{
	struct slot *s = &p->slots[slot];

	s->older = p->slots[0].older;
	s->newer = 0;
	p->slots[s->older].newer = slot;
	p->slots[0].older = slot;
}

/*
 * A reader of the old session stops where the session's name is gone, before it sees an emptied
 * slot; a new one begins with the name, when all else is in place.
 */
static void clear_region(struct seki_publish *p)
{
	static const uint8_t zeros[sizeof(struct seki_vminfo_header)];
	struct seki_vminfo_header head = {
		.magic = SEKI_VMINFO_MAGIC,
		.layout = SEKI_VMINFO_LAYOUT,
		.slots = SEKI_VMINFO_SLOTS,
	};

	store_words(p->header->session, zeros, SEKI_VMINFO_SESSION / 8);
	for (uint32_t i = 0; i < SEKI_VMINFO_SLOTS; i++)
		store_words(&p->shared[i], zeros, SLOT_WORDS);
	store_words(p->header, &head, sizeof(head) / 8);
}

static int begin(struct seki_publish *p, const uint8_t *key, uint64_t boot_ns, uint64_t real_ns)
{
	uint8_t id[SEKI_VMINFO_SESSION];
	uint64_t seed;
	int err;

	if (getrandom(id, sizeof(id), 0) != sizeof(id) ||
	    getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	err = seki_vminfo_session_open(&p->session, key, id);
	if (err)
		return err;
	seki_flow_index_init(&p->flows, seed);
	for (uint32_t i = 1; i < SEKI_VMINFO_SLOTS; i++)
		make_newest(p, (uint16_t)i);
	p->started_real_ns = real_ns;
	clear_region(p);
	err = seki_publish_heartbeat(p, boot_ns, real_ns, 0, 0);
	if (!err)
		store_words(p->header->session, id, SEKI_VMINFO_SESSION / 8);
	return err;
}

int seki_publish_create(void *region, const uint8_t *key, uint64_t boot_ns, uint64_t real_ns,
			struct seki_publish **out)
{
	struct seki_publish *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->header = region;
	p->shared = (void *)((uint8_t *)region + sizeof(*p->header));
	err = begin(p, key, boot_ns, real_ns);
	if (err) {
		seki_publish_destroy(p);
		return err;
	}
	*out = p;
	return 0;
}

void seki_publish_destroy(struct seki_publish *p)
{
	if (!p)
		return;
	seki_vminfo_session_close(&p->session);
	free(p);
}

/* The flow's slot, or the one used least recently. */
static uint32_t claim_slot(struct seki_publish *p, const struct seki_udp_query *key)
{
	uint32_t slot = seki_flow_index_find(&p->flows, key);

	if (!slot) {
		slot = p->slots[0].newer;
		seki_flow_index_set(&p->flows, slot, key);
		p->slots[slot].packets = 0;
		p->slots[slot].kernel = 0;
	}
	unlink_slot(p, (uint16_t)slot);
	make_newest(p, (uint16_t)slot);
	return slot;
}

int seki_publish_udp(struct seki_publish *p, const struct seki_udp_query *key,
		     const struct seki_vminfo_flow *flow, uint32_t *slot)
{
	union seki_vminfo_record record = {.bytes = {0}};
	struct seki_vminfo_udp *udp = &record.udp;
	uint32_t n = claim_slot(p, key);
	struct slot *s = &p->slots[n];
	int err;

	s->packets += flow->packets >= s->kernel ? flow->packets - s->kernel : flow->packets;
	s->kernel = flow->packets;
	udp->kind = SEKI_VMINFO_UDP;
	udp->family = key->family;
	udp->sport = key->sport;
	udp->dport = key->dport;
	memcpy(udp->saddr, key->saddr, sizeof(udp->saddr));
	memcpy(udp->daddr, key->daddr, sizeof(udp->daddr));
	udp->pid = flow->pid;
	udp->uid = flow->uid;
	udp->last_ns = flow->last_ns;
	udp->packets = s->packets;
	memcpy(udp->comm, flow->comm, sizeof(udp->comm) - 1);
	err = put_record(p, n, &record);
	if (err)
		return err;
	p->updates++;
	if (slot)
		*slot = n;
	return 0;
}

const struct seki_udp_query *seki_publish_flow(const struct seki_publish *p, uint32_t slot,
					       uint64_t *packets)
{
	*packets = p->slots[slot].kernel;
	return &p->flows.keys[slot];
}

int seki_publish_heartbeat(struct seki_publish *p, uint64_t boot_ns, uint64_t real_ns,
			   uint64_t last_udp_ns, uint64_t lost)
{
	union seki_vminfo_record record = {.bytes = {0}};
	struct seki_vminfo_heartbeat *h = &record.heartbeat;

	h->kind = SEKI_VMINFO_HEARTBEAT;
	h->period_ms = SEKI_VMINFO_HEARTBEAT_MS;
	h->now_ns = boot_ns;
	h->real_ns = real_ns;
	h->session_real_ns = p->started_real_ns;
	h->updates = p->updates;
	h->last_udp_ns = last_udp_ns;
	h->lost = lost;
	return put_record(p, 0, &record);
}

uint64_t seki_publish_updates(const struct seki_publish *p)
{
	return p->updates;
}
