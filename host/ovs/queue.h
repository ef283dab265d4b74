/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the datapath's half of a queue (queue.c) and the connector's half (connector.c) know of each
 * other. Inside host/ovs only.
 *
 * A session is one connection with its two regions. Who may do what with it:
 *   attaching  the connector alone knows it
 *   offered    the connector stored it in queue->offered, which was NULL; the datapath thread
 *              takes it at its next poll and leaves NULL there
 *   taken      the datapath thread uses it; the connector watches its socket and may set `dead`
 *   released   the datapath thread set `released` as its last access; the connector frees it
 */
#ifndef SEKI_HOST_OVS_QUEUE_H
#define SEKI_HOST_OVS_QUEUE_H

#include "core/ring/spin.h"
#include "host/ovs/hook.h"
#include "host/ovs/slots.h"

struct seki_session {
	struct seki_session *next; /* the connector's */
	struct seki_ring_switch ring;
	void *switch_region;
	void *p4vm_region;
	int sock;
	int eventfd; /* shared with the P4 VM: never read or write it in a way that can wait */
	uint32_t
		dead; /* set by the connector: the peer is gone; by its guards: there is no memory */
	uint32_t released; /* set by the datapath thread */
};

/*
 * A packet in flight, at the first slot of its run. Private to the datapath thread. One cache line,
 * the only one that is touched for each packet when it goes and when it comes back.
 */
struct seki_slot {
	void *packet; /* NULL: none starts here */
	const uint8_t *data;
	uint64_t since_ns; /* in flight */
	uint32_t generation;
	uint32_t rss_hash;
	uint32_t age; /* its place in struct seki_ages */
	uint16_t len;
	uint16_t copied;
	uint8_t run; /* slots */
	uint8_t in_port;
	uint8_t tag;
	bool again; /* to be submitted a second time */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct seki_slot) == 64, "a cache line");

/*
 * Slots in the order in which their packets were handed over first. What came back is not taken out: it
 * is passed over when its turn comes, or when there is no room.
 */
#define SEKI_AGES (4 * SEKI_RING_ENTRIES)
struct seki_ages {
	uint32_t first, next; /* count up for ever */
	uint64_t since_ns;    /* of no packet in flight is it earlier */
	uint16_t slot[SEKI_AGES];
};

enum seki_link_state { SEKI_LINK_IDLE, SEKI_LINK_ATTACHING, SEKI_LINK_UP };

/* The connector's half. Under the connector's mutex, but for what is said to be shared. */
struct seki_link {
	struct seki_queue *next;
	uint64_t id;
	enum seki_link_state state;
	struct seki_session *session;
	uint64_t when_ms; /* IDLE: try again then; ATTACHING: give up then; UP: since then */
	uint32_t backoff_ms;
	bool reconnect;	 /* the socket's path changed */
	uint32_t wanted; /* shared: set by the datapath thread */
	int error;	 /* shared: see struct seki_hook_stats */
};

struct seki_queue {
	struct seki_hook *hook;
	uint32_t number;	      /* among the hook's */
	struct seki_hook_stats stats; /* written by the datapath thread, read by any */

	struct seki_session *session; /* taken, or NULL */
	bool armed;		      /* since the last poll */
	uint32_t idle_wakes;	      /* in a row */
	enum seki_hook_reason lost; /* while there is no session: what becomes of those in flight */
	uint64_t hung_since_ns;	    /* while unresponsive */
	uint32_t in_flight;
	uint32_t *held;	     /* packets in flight of all lanes of the thread */
	uint32_t alone;	     /* the same where it is no lane */
	uint64_t sampled_ns; /* the last timed batch was submitted then */
	uint32_t n_again;
	uint16_t again[SEKI_BATCH_MAX]; /* packets to be submitted a second time */

	struct seki_spin spin; /* of a thread that sleeps */
	bool fresh;	       /* handed over since the last seki_queue_linger() */
	bool unsure; /* of what was handed over last, whether the P4 VM slept: ask again, fenced */
	bool idle;   /* the thread slept well before its last poll: it has time */
	uint64_t armed_ns;

	struct seki_slots free;
	struct seki_ages ages;
	struct seki_slot slots[SEKI_RING_ENTRIES];

	struct seki_session *offered; /* shared: see above */
	struct seki_link link;
};

/* A packet that waits for the next poll to go where its verdict sends it. */
struct seki_deferred {
	void *packet;
	uint8_t in_port;
	uint8_t out_port;
	bool edited;
	bool copy;
};

/* A datapath thread's use of a P4 VM inside this process, and all its own: see inlined.c. */
struct seki_inlined {
	const struct seki_inline *module; /* NULL: not used so far */
	struct seki_inline_port *port;	  /* NULL: has not joined */
	uint32_t tried;			  /* the module's changes() then, and ... */
	uint32_t moves;			  /* ... the hook's */
	bool up;
	uint64_t ran_ns;     /* last asked to run for a batch */
	uint32_t first;	     /* of those deferred */
	uint32_t n_deferred; /* shared: read by any */
	struct seki_deferred deferred[SEKI_RING_ENTRIES];
};

#define SEKI_HOOK_BUCKETS 64u

/* The lanes of a datapath thread, and all its own: see lanes.c. */
struct seki_lanes {
	struct seki_hook *hook;
	uint32_t key;
	uint32_t n;	   /* lanes that were made; they stay */
	uint32_t first;	   /* polled first */
	uint32_t held;	   /* packets in flight of all lanes */
	uint32_t untagged; /* packets in flight that are in no bucket */
	uint32_t away;	   /* buckets whose lane is not 0 */
	struct seki_queue *queues[SEKI_HOOK_LANES];
	uint8_t lane[SEKI_HOOK_BUCKETS];
	uint16_t in_flight[SEKI_HOOK_BUCKETS];
	struct seki_inlined inlined;
};

struct seki_hook {
	struct seki_connector *connector;
	void (*drop)(void *packet);
	char port[SEKI_HOOK_NAME];

	/* Shared: written by configure, read by datapath threads. */
	uint32_t off;
	uint32_t inlined; /* the P4 VM is inside this process */
	uint32_t moves;	  /* times that the P4 VM became another */
	uint32_t fail_open;
	uint32_t inflight;
	uint32_t grants;
	uint32_t sources; /* 0: any; written after those */
	uint64_t source[SEKI_HOOK_SOURCES];
	uint32_t workers;
	uint64_t deadline_ns;

	/* Under the connector's mutex. */
	struct seki_hook_config config;

	uint32_t queue_count; /* shared: raised after the entry is there */
	struct seki_queue *queues[SEKI_HOOK_QUEUES];
	uint32_t thread_count; /* the same */
	struct seki_lanes *threads[SEKI_HOOK_QUEUES];
};

/* Words that threads of this process share. */
#define SEKI_GET(word)	      __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define SEKI_PUT(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

/* Only the datapath thread writes counters; others may read them meanwhile. */
static inline void seki_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Where a packet from there goes unless it is redirected. */
static inline uint32_t seki_other_side(uint32_t in_port)
{
	return in_port == SEKI_PORT_NET ? SEKI_PORT_VM : SEKI_PORT_NET;
}

static inline bool seki_is_granted(const struct seki_hook *hook, uint32_t port)
{
	return port >= SEKI_PORT_GRANTED && port - SEKI_PORT_GRANTED < SEKI_GET(hook->grants);
}

/* queue.c */
void seki_queue_init(struct seki_queue *q, struct seki_hook *hook, uint32_t key, uint32_t number);

/* What the policy says of a packet that was not judged; counts it. */
enum seki_fate seki_queue_unjudged(struct seki_queue *q, uint32_t in_port,
				   enum seki_hook_reason why);

/* inlined.c */
/* Name of the P4 VM, or NULL: that is a socket. */
const char *seki_inlined_name(const char *socket);
/* Of the thread, in each poll: takes part in what the P4 VM does, and what was deferred out. */
uint32_t seki_inlined_poll(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			   uint32_t max);
/* What was deferred only; the P4 VM is not used any more. */
uint32_t seki_inlined_leave(struct seki_lanes *l, struct seki_outcome *out, uint32_t max);
void seki_inlined_sleep(const struct seki_lanes *l, struct seki_sleep *out);
void seki_inlined_exit(struct seki_inlined *in, void (*drop)(void *packet));

/* lanes.c. The first queue is lane 0. */
void seki_lanes_init(struct seki_lanes *l, struct seki_hook *hook, struct seki_queue *first);

/* connector.c */
void seki_connector_lock(struct seki_connector *c);
void seki_connector_unlock(struct seki_connector *c);
void seki_connector_kick(struct seki_connector *c);
/* With the lock held. */
void seki_connector_add(struct seki_connector *c, struct seki_queue *q);
void seki_connector_remove(struct seki_connector *c, struct seki_queue *q);
/* The hook's socket changed: attach there. */
void seki_connector_redirect(struct seki_queue *q);

#endif
