/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. The region is a lying host's. What is believed:
 *
 *   a session    when its heartbeat opens with the key derived from its name, was made within
 *                SEKI_VMINFO_SKEW_MS of our wall clock, and began after the session before it;
 *   a record     when it opens and its version is above every version seen in that slot; anything
 *                else in its place makes the slot's fact absent until the agent writes it anew;
 *   the VM's now which the last heartbeat told, plus our own time since we first saw it; where we
 *                have not looked for a while, since we looked before that: it may be that old.
 *
 * `changes`, the log and `seq` are hints: a lie in them costs time that poll() bounds, or withholds
 * facts, which the heartbeat's count of updates gives away: each update raises the version of one
 * slot by one, so that the versions of all slots add up to it.
 */
#include "p4vm/vminfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/shared.h"
#include "lib/vminfo/index.h"
#include "lib/vminfo/record.h"

#define MS	      1000000ull
#define TICK_NS	      (10 * MS) /* between looks at the session and the heartbeat without a hint */
#define GAP_NS	      (3 * SEKI_VMINFO_HEARTBEAT_MS * MS) /* longer between two looks is a gap */
#define SCAN_NS	      (5 * MS) /* between full scans that the host can provoke */
#define SESSION_WORDS (SEKI_VMINFO_SESSION / 8)
#define SLOT_WORDS    (sizeof(struct seki_vminfo_slot) / 8)

enum complaint {
	BAD_SEAL,
	ROLLED_BACK,
	STALE,
	SKEWED,
	WITHHELD,
	OLD_SESSION,
	COMPLAINTS,
};

static const char *const complaint_text[] = {
	[BAD_SEAL] = "a record does not open with our key: forged, or the agent has another key",
	[ROLLED_BACK] = "a record went back in version",
	[STALE] = "no heartbeat in time: all facts are absent until the next one",
	[SKEWED] = "the agent's wall clock and ours differ too much: set both by NTP",
	[WITHHELD] = "the agent sealed more records than arrived",
	[OLD_SESSION] = "an older session of the agent was presented again",
};
_Static_assert(sizeof(complaint_text) / sizeof(complaint_text[0]) == COMPLAINTS, "a text each");

struct seki_vminfo {
	const struct seki_vminfo_header *header; /* the host's */
	const struct seki_vminfo_slot *slots;	 /* the host's */
	uint8_t key[SEKI_VMINFO_KEY_BYTES];
	void (*log)(void *arg, const char *line);
	void *log_arg;
	bool complained[COMPLAINTS];

	struct seki_vminfo_session session;
	uint8_t refused[SEKI_VMINFO_SESSION];	/* candidate that failed last ... */
	uint64_t refused_version;		/* ... with this version of slot 0 */
	struct seki_vminfo_heartbeat heartbeat; /* of kind 0: none in this session */
	uint64_t heartbeat_seen_ns;		/* our CLOCK_BOOTTIME, or 0: who knows when */
	uint64_t looked_ns;			/* last look at the region, or 0 */
	bool fresh;				/* as the last poll saw it */

	uint64_t seen_changes;
	uint64_t next_tick_ns;
	uint64_t next_scan_ns;
	bool scan_wanted;
	bool withheld_check; /* the heartbeat's count was not compared yet */

	uint64_t versions[SEKI_VMINFO_SLOTS]; /* highest opened in this session */
	uint64_t
		rejected[SEKI_VMINFO_SLOTS]; /* version that was refused last, not to count twice */
	uint64_t last_ns[SEKI_VMINFO_SLOTS]; /* of the slot's flow */
	uint64_t version_sum;		     /* of all slots but the heartbeat's */
	uint64_t last_any_ns;
	struct seki_flow_index flows;
	struct seki_vminfo_stats stats;
};

static void say(struct seki_vminfo *v, const char *line)
{
	if (v->log)
		v->log(v->log_arg, line);
}

static void complain(struct seki_vminfo *v, enum complaint what)
{
	if (!v->complained[what])
		say(v, complaint_text[what]);
	v->complained[what] = true;
}

int seki_vminfo_create(const void *region, const uint8_t *key,
		       void (*log)(void *arg, const char *line), void *log_arg,
		       struct seki_vminfo **out)
{
	struct seki_vminfo_session trial = {.seal = NULL};
	struct seki_vminfo *v;
	uint64_t seed;
	int err;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	/* Has OpenSSL load all it needs now: the caller may enter a sandbox after this. */
	err = seki_vminfo_session_open(&trial, key, trial.id);
	if (err)
		return err;
	seki_vminfo_session_close(&trial);
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->header = region;
	v->slots = (const void *)((const uint8_t *)region + sizeof(*v->header));
	memcpy(v->key, key, sizeof(v->key));
	v->log = log;
	v->log_arg = log_arg;
	seki_flow_index_init(&v->flows, seed);
	*out = v;
	return 0;
}

void seki_vminfo_destroy(struct seki_vminfo *info)
{
	if (!info)
		return;
	seki_vminfo_session_close(&info->session);
	seki_seal_wipe(info, sizeof(*info));
	free(info);
}

static void load_words(const void *shared, size_t words, void *out)
{
	const uint64_t *from = shared;
	uint64_t copy;

	for (size_t i = 0; i < words; i++) {
		copy = seki_load64_acquire(&from[i]);
		memcpy((uint8_t *)out + 8 * i, &copy, 8);
	}
}

static bool session_is(const struct seki_vminfo *v, const uint8_t *id)
{
	uint8_t now[SEKI_VMINFO_SESSION];

	load_words(v->header->session, SESSION_WORDS, now);
	return memcmp(now, id, sizeof(now)) == 0;
}

static bool in_session(const struct seki_vminfo *v)
{
	return v->session.seal && session_is(v, v->session.id);
}

/* A private copy of a slot, or false where it is being written. */
static bool load_slot(struct seki_vminfo *v, uint32_t slot, struct seki_vminfo_slot *copy)
{
	load_words(&v->slots[slot], SLOT_WORDS, copy);
	/* The loads above are acquiring: this one comes after them. */
	if (!(copy->seq & 1) && seki_load64_acquire(&v->slots[slot].seq) == copy->seq)
		return true;
	v->stats.torn++;
	v->scan_wanted = true;
	return false;
}

/* The slot's fact is absent from now on. */
static bool forget(struct seki_vminfo *v, uint32_t slot)
{
	bool known = slot && v->flows.keys[slot].family;

	if (known)
		seki_flow_index_clear(&v->flows, slot);
	return known;
}

/*
 * What is in the slot is not the agent's newest; forget what was. Not where the session changed
 * meanwhile: then this is the new session's.
 */
static bool reject(struct seki_vminfo *v, uint32_t slot, uint64_t version, enum complaint why)
{
	if (!in_session(v))
		return false;
	if (why == BAD_SEAL)
		v->stats.bad_seal++;
	else
		v->stats.rolled_back++;
	complain(v, why);
	v->rejected[slot] = version + 1;
	return forget(v, slot);
}

static bool skewed(const struct seki_vminfo_heartbeat *h, uint64_t real_ns)
{
	uint64_t apart = h->real_ns > real_ns ? h->real_ns - real_ns : real_ns - h->real_ns;

	return apart > SEKI_VMINFO_SKEW_MS * MS;
}

static void take_heartbeat(struct seki_vminfo *v, const struct seki_vminfo_heartbeat *h,
			   uint64_t boot_ns)
{
	v->heartbeat = *h;
	v->heartbeat_seen_ns = boot_ns - v->looked_ns > GAP_NS ? v->looked_ns : boot_ns;
	v->fresh = seki_vminfo_fresh(v, boot_ns);
	v->scan_wanted = true;
	v->next_scan_ns = boot_ns;
	v->withheld_check = true;
}

/* Takes an opened record over; returns whether a fact changed. */
static bool take_flow(struct seki_vminfo *v, uint32_t slot, const union seki_vminfo_record *record)
{
	const struct seki_vminfo_udp *udp = &record->udp;
	struct seki_udp_query flow = {
		.family = udp->family,
		.sport = udp->sport,
		.dport = udp->dport,
	};

	if (record->kind != SEKI_VMINFO_UDP || (udp->family != 4 && udp->family != 6))
		return forget(v, slot);
	memcpy(flow.saddr, udp->saddr, sizeof(flow.saddr));
	memcpy(flow.daddr, udp->daddr, sizeof(flow.daddr));
	seki_flow_index_set(&v->flows, slot, &flow);
	v->last_ns[slot] = udp->last_ns;
	if (udp->last_ns > v->last_any_ns)
		v->last_any_ns = udp->last_ns;
	return true;
}

/*
 * Opens a slot that shows another version than the one we have. 1 opened, 0 nothing new, or
 * -EBADMSG: it is not what it should be (*changed tells whether that cost a fact).
 */
static int open_slot(struct seki_vminfo *v, uint32_t slot, union seki_vminfo_record *record,
		     bool *changed)
{
	struct seki_vminfo_slot copy;
	uint64_t version = seki_load64_acquire(&v->slots[slot].version);

	if (version == v->versions[slot] || version + 1 == v->rejected[slot])
		return 0;
	if (!load_slot(v, slot, &copy) || copy.version == v->versions[slot])
		return 0;
	if (copy.version < v->versions[slot]) {
		*changed |= reject(v, slot, copy.version, ROLLED_BACK);
		return -EBADMSG;
	}
	if (seki_vminfo_record_open(&v->session, slot, &copy, record)) {
		*changed |= reject(v, slot, copy.version, BAD_SEAL);
		return -EBADMSG;
	}
	v->stats.opened++;
	if (slot)
		v->version_sum += copy.version - v->versions[slot];
	v->versions[slot] = copy.version;
	return 1;
}

/* Looks at one slot, which the host may have named; returns whether a fact changed. */
static bool look_at_flow(struct seki_vminfo *v, uint32_t slot)
{
	union seki_vminfo_record record;
	bool changed = false;

	if (slot > 0 && slot < SEKI_VMINFO_SLOTS && open_slot(v, slot, &record, &changed) > 0)
		changed |= take_flow(v, slot, &record);
	return changed;
}

static bool look_at_heartbeat(struct seki_vminfo *v, uint64_t boot_ns, uint64_t real_ns)
{
	union seki_vminfo_record record;
	bool changed = false;

	if (open_slot(v, 0, &record, &changed) <= 0 || record.kind != SEKI_VMINFO_HEARTBEAT)
		return changed;
	if (skewed(&record.heartbeat, real_ns)) {
		complain(v, SKEWED);
		return changed;
	}
	take_heartbeat(v, &record.heartbeat, boot_ns);
	if (record.heartbeat.last_udp_ns > v->last_any_ns) {
		v->last_any_ns = record.heartbeat.last_udp_ns;
		changed = true;
	}
	return changed;
}

/* The candidate's heartbeat opened and is good: its session replaces the one before. */
static void accept_session(struct seki_vminfo *v, struct seki_vminfo_session *candidate,
			   uint64_t version, const struct seki_vminfo_heartbeat *h,
			   uint64_t boot_ns)
{
	seki_vminfo_session_close(&v->session);
	v->session = *candidate;
	candidate->seal = NULL;
	memset(v->versions, 0, sizeof(v->versions));
	memset(v->rejected, 0, sizeof(v->rejected));
	v->versions[0] = version;
	v->version_sum = 0;
	v->last_any_ns = h->last_udp_ns;
	seki_flow_index_init(&v->flows, v->flows.seed);
	v->stats.opened++;
	v->stats.sessions++;
	take_heartbeat(v, h, boot_ns);
	say(v, "a session of the agent begins");
}

/* Why a candidate is not taken, or COMPLAINTS: take it. */
static enum complaint judge(const struct seki_vminfo *v, const union seki_vminfo_record *record,
			    uint64_t real_ns)
{
	const struct seki_vminfo_heartbeat *h = &record->heartbeat;

	if (record->kind != SEKI_VMINFO_HEARTBEAT)
		return BAD_SEAL;
	if (v->session.seal && h->session_real_ns <= v->heartbeat.session_real_ns)
		return OLD_SESSION;
	return skewed(h, real_ns) ? SKEWED : COMPLAINTS;
}

static bool try_candidate(struct seki_vminfo *v, struct seki_vminfo_session *candidate,
			  const struct seki_vminfo_slot *copy, uint64_t boot_ns, uint64_t real_ns)
{
	union seki_vminfo_record record;
	enum complaint fault;

	if (seki_vminfo_record_open(candidate, 0, copy, &record))
		fault = BAD_SEAL;
	else
		fault = judge(v, &record, real_ns);
	if (fault == COMPLAINTS) {
		accept_session(v, candidate, copy->version, &record.heartbeat, boot_ns);
		return true;
	}
	/* Names that changed under us say nothing: the agent may be starting. */
	if (!session_is(v, candidate->id))
		return false;
	v->stats.bad_seal += fault == BAD_SEAL;
	v->stats.rolled_back += fault == OLD_SESSION;
	complain(v, fault);
	memcpy(v->refused, candidate->id, sizeof(v->refused));
	v->refused_version = copy->version;
	return false;
}

/* Is there another session in the region, and is it a good one? Returns whether it was taken. */
static bool look_at_session(struct seki_vminfo *v, uint64_t boot_ns, uint64_t real_ns)
{
	static const uint8_t none[SEKI_VMINFO_SESSION];
	struct seki_vminfo_session candidate = {.seal = NULL};
	struct seki_vminfo_slot copy;
	uint8_t id[SEKI_VMINFO_SESSION];
	bool taken = false;

	load_words(v->header->session, SESSION_WORDS, id);
	if (memcmp(id, none, sizeof(id)) == 0 || memcmp(id, v->session.id, sizeof(id)) == 0 ||
	    !load_slot(v, 0, &copy))
		return false;
	if (memcmp(id, v->refused, sizeof(id)) == 0 && copy.version == v->refused_version)
		return false;
	if (!seki_vminfo_session_open(&candidate, v->key, id))
		taken = try_candidate(v, &candidate, &copy, boot_ns, real_ns);
	seki_seal_destroy(candidate.seal);
	return taken;
}

/* What the log names since we last looked: at most SEKI_VMINFO_LOG slots. */
static bool follow_log(struct seki_vminfo *v, uint64_t changes, uint64_t boot_ns, uint64_t real_ns)
{
	uint64_t from = v->seen_changes;
	bool changed = false;

	v->seen_changes = changes;
	if (!in_session(v))
		return false;
	/* A count that went back makes a huge difference. */
	if (changes - from > SEKI_VMINFO_LOG) {
		v->scan_wanted = true;
		return look_at_heartbeat(v, boot_ns, real_ns);
	}
	for (uint64_t n = from; n != changes; n++) {
		uint32_t slot = seki_load_acquire(&v->header->log[n & (SEKI_VMINFO_LOG - 1)]);

		if (slot == 0)
			changed |= look_at_heartbeat(v, boot_ns, real_ns);
		else
			changed |= look_at_flow(v, slot);
	}
	if (seki_load64_acquire(&v->header->changes) - from > SEKI_VMINFO_LOG)
		v->scan_wanted = true; /* entries may have been overwritten before we read them */
	return changed;
}

/* Looks at every slot; with a new heartbeat, checks that all that was sealed has arrived. */
static bool scan(struct seki_vminfo *v, uint64_t boot_ns)
{
	bool changed = false;

	v->scan_wanted = false;
	v->next_scan_ns = boot_ns + SCAN_NS;
	if (!in_session(v))
		return false;
	for (uint32_t slot = 1; slot < SEKI_VMINFO_SLOTS; slot++)
		changed |= look_at_flow(v, slot);
	/* scan_wanted anew: a slot was being written; compare after the next scan. */
	if (v->withheld_check && !v->scan_wanted && in_session(v)) {
		v->withheld_check = false;
		if (v->version_sum < v->heartbeat.updates) {
			v->stats.withheld++;
			complain(v, WITHHELD);
		}
	}
	return changed;
}

static bool tick(struct seki_vminfo *v, uint64_t boot_ns, uint64_t real_ns)
{
	bool changed;

	v->next_tick_ns = boot_ns + TICK_NS;
	changed = look_at_session(v, boot_ns, real_ns);
	if (!changed && in_session(v))
		changed = look_at_heartbeat(v, boot_ns, real_ns);
	if (v->fresh && !seki_vminfo_fresh(v, boot_ns)) {
		v->fresh = false;
		v->stats.stale++;
		complain(v, STALE);
	}
	return changed;
}

bool seki_vminfo_poll(struct seki_vminfo *info, uint64_t boot_ns, uint64_t real_ns)
{
	uint64_t changes = seki_load64_acquire(&info->header->changes);
	bool changed = false;

	if (changes == info->seen_changes && boot_ns < info->next_tick_ns)
		return false;
	if (boot_ns >= info->next_tick_ns)
		changed |= tick(info, boot_ns, real_ns);
	if (changes != info->seen_changes)
		changed |= follow_log(info, changes, boot_ns, real_ns);
	if (info->scan_wanted && boot_ns >= info->next_scan_ns)
		changed |= scan(info, boot_ns);
	info->looked_ns = boot_ns;
	return changed;
}

/* ns since the last heartbeat was first seen; callers may use a time from before the last poll. */
static uint64_t heartbeat_age(const struct seki_vminfo *v, uint64_t boot_ns)
{
	return boot_ns > v->heartbeat_seen_ns ? boot_ns - v->heartbeat_seen_ns : 0;
}

bool seki_vminfo_fresh(const struct seki_vminfo *info, uint64_t boot_ns)
{
	return info->heartbeat_seen_ns && heartbeat_age(info, boot_ns) <= SEKI_VMINFO_STALE_MS * MS;
}

/* Was last_ns (0: never), of the VM's clock, at most within_ms ago? */
static bool lately(const struct seki_vminfo *v, uint64_t last_ns, uint64_t within_ms,
		   uint64_t boot_ns)
{
	uint64_t now = v->heartbeat.now_ns + heartbeat_age(v, boot_ns);
	uint64_t age = now > last_ns ? now - last_ns : 0;

	return last_ns && age / MS < within_ms;
}

bool seki_vminfo_udp_sent(const struct seki_vminfo *info, const struct seki_udp_query *query,
			  uint64_t within_ms, uint64_t boot_ns)
{
	struct seki_udp_query flow = *query;
	uint32_t slot;

	if (!seki_vminfo_fresh(info, boot_ns) || (flow.family != 4 && flow.family != 6))
		return false;
	memset(flow.pad, 0, sizeof(flow.pad));
	if (flow.family == 4) {
		memset(flow.saddr + 4, 0, sizeof(flow.saddr) - 4);
		memset(flow.daddr + 4, 0, sizeof(flow.daddr) - 4);
	}
	/* A flow that moved to another slot may still be known in its old one, too. */
	for (slot = seki_flow_index_find(&info->flows, &flow); slot;
	     slot = seki_flow_index_next(&info->flows, slot))
		if (lately(info, info->last_ns[slot], within_ms, boot_ns))
			return true;
	return false;
}

bool seki_vminfo_udp_sent_any(const struct seki_vminfo *info, uint64_t within_ms, uint64_t boot_ns)
{
	return seki_vminfo_fresh(info, boot_ns) &&
	       lately(info, info->last_any_ns, within_ms, boot_ns);
}

void seki_vminfo_stats(const struct seki_vminfo *info, uint64_t boot_ns,
		       struct seki_vminfo_stats *out)
{
	*out = info->stats;
	out->flows = info->flows.count;
	out->heartbeat_age_ms = info->heartbeat_seen_ns ? heartbeat_age(info, boot_ns) / MS
							: UINT64_MAX;
}
