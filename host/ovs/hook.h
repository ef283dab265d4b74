/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch's side of the packet path, free of any switch's headers: packets are opaque, the glue
 * to Open vSwitch (glue/) hands them over in batches and forwards what comes out.
 *
 * Theory of operation. A shielded port is a struct seki_hook. Each datapath thread that uses the
 * port has lanes of its own in it, one or several: queues with connections of their own to the P4 VM
 * (abi/attach.h), so that datapath threads share nothing, and that workers of the P4 VM do not. A packet that is submitted is held until its completion comes
 * back, or until its deadline; either way it comes out of seki_queue_poll() once. A datapath thread
 * never waits: connections are made and watched by one thread of a struct seki_connector.
 *
 * A packet that cannot be judged follows the port's policy: dropped (fail=closed) or passed
 * untouched (fail=open). A packet that was judged wrongly (a verdict out of bounds, a port that was
 * not granted) is dropped under either.
 */
#ifndef SEKI_HOST_OVS_HOOK_H
#define SEKI_HOST_OVS_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/inline.h"

#define SEKI_HOOK_QUEUES	  64u  /* lanes of all datapath threads that can use a port */
#define SEKI_HOOK_LANES		  8u   /* of a datapath thread */
#define SEKI_HOOK_GRANTS	  16u  /* ports that a program can be granted */
#define SEKI_HOOK_SOURCES	  8u   /* addresses that a port may send from */
#define SEKI_HOOK_NAME		  64u  /* bytes of a port's name with its NUL */
#define SEKI_HOOK_SOCKET	  108u /* bytes of a Unix socket's path with its NUL */
#define SEKI_HOOK_DEADLINE_MAX_MS 60000u

struct seki_hook_config {
	char socket
		[SEKI_HOOK_SOCKET]; /* the P4 VM's attach socket, or inline:NAME for one inside this
					* process; "": the port is not shielded */
	bool fail_open;
	uint32_t inflight;    /* packets that the lanes of a datapath thread hold at most, together:
				 1 to SEKI_RING_ENTRIES */
	uint32_t workers;     /* lanes of each datapath thread: 1 to SEKI_HOOK_LANES */
	uint32_t deadline_ms; /* 1 to SEKI_HOOK_DEADLINE_MAX_MS */
	uint32_t grants;
	char grant[SEKI_HOOK_GRANTS][SEKI_HOOK_NAME]; /* grant[0] is SEKI_PORT_GRANTED */
	uint32_t sources;			      /* 0: any */
	uint64_t source[SEKI_HOOK_SOURCES]; /* addresses that the port may send from: 48 bits */
};

/*
 * Reads the settings of a port. `get` returns the value of a key or NULL; `warn` hears of each
 * value that is not valid, in whose place the default stays. Never fails; an invalid socket is
 * kept cut short, so that the port is shielded, by nobody.
 */
void seki_hook_config_read(struct seki_hook_config *config,
			   const char *(*get)(const void *arg, const char *key),
			   const void *get_arg,
			   void (*warn)(void *arg, const char *key, const char *value),
			   void *warn_arg);

/* Why a packet was dropped, or under fail=open passed unjudged. */
enum seki_hook_reason {
	SEKI_REASON_DOWN,	  /* no P4 VM is attached */
	SEKI_REASON_UNRESPONSIVE, /* it let a deadline pass and has answered nothing since */
	SEKI_REASON_DEADLINE,	  /* it did not answer in time for this packet */
	SEKI_REASON_FULL,	  /* as many packets, or bytes of them, as allowed were in flight */
	SEKI_REASON_LENGTH,  /* not a packet: shorter than SEKI_PACKET_MIN, or above the maximum */
	SEKI_REASON_OFFLOAD, /* edited, and what its sender left to be done is no longer possible */
	SEKI_REASON_REMOVED, /* its datapath thread or port went away */
	SEKI_REASON_VERDICT, /* the program dropped it */
	SEKI_REASON_BAD_VERDICT, /* the verdict was out of bounds */
	SEKI_REASON_BAD_PORT,	 /* the verdict named a port that was not granted */
	SEKI_REASON_SOURCE,	 /* it leaves from an address that is not the port's */
	SEKI_REASONS
};

/* "down", "unresponsive", ... */
const char *seki_hook_reason_name(enum seki_hook_reason reason);

enum seki_hook_state { SEKI_QUEUE_DOWN, SEKI_QUEUE_UP, SEKI_QUEUE_UNRESPONSIVE };

/* Counters of a queue, by where packets came from: [SEKI_PORT_NET] and [SEKI_PORT_VM]. */
struct seki_hook_counts {
	uint64_t packets;    /* all that reached the hook */
	uint64_t passed;     /* by verdict, to where they were going */
	uint64_t redirected; /* by verdict, elsewhere */
	uint64_t rewritten;  /* of those passed or redirected */
	uint64_t cloned;     /* copies that the program sent elsewhere, beside their verdicts ... */
	uint64_t clones_lost; /* ... and that could not be: no such port, or no room */
	uint64_t dropped[SEKI_REASONS];
	uint64_t bypassed[SEKI_REASONS]; /* passed unjudged: fail=open */
};

/* How long a batch takes, of a few a second; each a moving mean in nanoseconds. What the P4 VM says
 * of it is believed within the bounds of what was seen here. */
struct seki_hook_times {
	uint64_t samples;
	uint64_t packets;     /* of a sampled batch, as handed over, times 16 */
	uint64_t hand_off_ns; /* until the P4 VM takes it */
	uint64_t program_ns;  /* until it has its verdicts */
	uint64_t return_ns;   /* until they are taken */
};

struct seki_hook_stats {
	uint32_t key;  /* of the datapath thread */
	uint32_t lane; /* among its lanes */
	enum seki_hook_state state;
	int error; /* negative errno of the last attempt to attach, 0 if it succeeded */
	uint32_t in_flight;
	struct seki_hook_counts from[2];
	uint64_t more;	     /* packets submitted a second time, with more bytes */
	uint64_t late;	     /* completions of packets that were no longer in flight, or never */
	uint64_t batches;    /* handed over */
	uint64_t wakeups;    /* sent to the P4 VM */
	uint64_t woken;	     /* taken from the P4 VM */
	uint64_t lingered;   /* times that looking on found completions before a sleep ... */
	uint64_t in_vain;    /* ... and did not */
	uint64_t idle_woken; /* of those, without a completion to take */
	uint64_t sessions;   /* attached so far */
	uint64_t lies;	     /* sessions dropped as the P4 VM's index was impossible */
	uint64_t hangs;	     /* sessions dropped as the P4 VM stayed unresponsive */
	struct seki_hook_times times;
};

/* The thread that attaches queues. */
struct seki_connector;
int seki_connector_create(struct seki_connector **out);
/* All hooks must be gone. Takes NULL. */
void seki_connector_destroy(struct seki_connector *connector);
/*
 * An eventfd that becomes readable when a queue's session came or went; whoever sleeps until
 * packets come waits for it too and reads it empty. Not shared with any peer.
 */
int seki_connector_bell(const struct seki_connector *connector);
/* Makes it readable. Any thread. */
void seki_connector_wake(struct seki_connector *connector);

/* P4 VMs inside this process come from there, from now on and for ever: call it once. */
void seki_hook_set_inline(const struct seki_inline *module);

struct seki_hook;
struct seki_queue;

/* `drop` frees packets that are held when the hook is destroyed. */
int seki_hook_create(struct seki_connector *connector, const char *port,
		     const struct seki_hook_config *config, void (*drop)(void *packet),
		     struct seki_hook **out);
/* No thread may be using the hook. Takes NULL. */
void seki_hook_destroy(struct seki_hook *hook);

/*
 * Changes a shielded port. With an empty socket, or until configured again, new packets pass
 * untouched; packets in flight still get their verdict or reach their deadline.
 */
void seki_hook_configure(struct seki_hook *hook, const struct seki_hook_config *config);
void seki_hook_config(struct seki_hook *hook, struct seki_hook_config *out);

/* May the port send from any address? If not: this frame, of 14 bytes at least? */
bool seki_hook_any_source(const struct seki_hook *hook);
bool seki_hook_may_send(const struct seki_hook *hook, const uint8_t *frame);

/* Is the hook switched off (no socket)? And does it hold no packet, so that it can be destroyed? */
bool seki_hook_off(const struct seki_hook *hook);
bool seki_hook_drained(const struct seki_hook *hook);

/* Name of a granted port; false if there is no such grant. */
bool seki_hook_grant(struct seki_hook *hook, uint32_t port, char name[SEKI_HOOK_NAME]);

uint32_t seki_hook_queues(const struct seki_hook *hook);
/* Of queue number i < seki_hook_queues(). From any thread. */
void seki_hook_stats(const struct seki_hook *hook, uint32_t i, struct seki_hook_stats *out);

/*
 * The queue of a lane of the datapath thread `key`, made at its first use; NULL where there are too
 * many or memory is short. All functions on a queue are for its datapath thread only.
 */
struct seki_queue *seki_hook_queue(struct seki_hook *hook, uint32_t key, uint32_t lane);

/*
 * The lanes of the datapath thread `key`; NULL as above: then the packets of this thread must be
 * dropped. The functions on them, below, are for this thread only, and those of the same name on
 * queues are then nobody else's to call.
 */
struct seki_lanes;
struct seki_lanes *seki_hook_lanes(struct seki_hook *hook, uint32_t key);

struct seki_hook_packet {
	void *packet;
	const uint8_t *data; /* stays valid and unchanged while the packet is held */
	uint32_t len;
	uint32_t rss_hash;
	uint8_t tag; /* the caller's, comes back with the packet */
};

enum seki_fate { SEKI_FATE_PASS, SEKI_FATE_DROP, SEKI_FATE_HELD };

/*
 * Hands over up to SEKI_BATCH_MAX packets that came from in_port. fates[i] says what becomes of
 * each: held (the queue's now), or the caller's to pass untouched or to drop. Returns how many are held.
 */
uint32_t seki_queue_submit(struct seki_queue *q, uint32_t in_port, uint64_t now_ns,
			   const struct seki_hook_packet *packets, uint32_t n,
			   enum seki_fate *fates);

/* A packet that comes back. */
struct seki_outcome {
	void *packet;
	const uint8_t *head; /* shared memory: copy once, before the queue is used again; NULL: the
			      * packet is edited already */
	bool edited;	     /* if not, the packet stays as it is; if so: */
	bool copy;	     /* it is a copy that goes to a grant, beside another packet */
	uint16_t head_in;    /* bytes to cut off its front ... */
	uint16_t head_out;   /* ... and to put there, from `head` */
	uint16_t len;	     /* then cut to this length; all within bounds */
	uint8_t fate;	     /* enum seki_fate: PASS or DROP */
	uint8_t in_port;
	uint8_t out_port;   /* where it passes to: SEKI_PORT_NET, SEKI_PORT_VM or a grant */
	uint8_t clone_port; /* a grant: first send a copy there, whatever the fate; 0: none */
	uint8_t tag;	    /* as it was submitted */
	uint8_t lane;	    /* where it came from lanes */
};

/* Takes what came back, up to max packets. */
uint32_t seki_queue_poll(struct seki_queue *q, uint64_t now_ns, struct seki_outcome *out,
			 uint32_t max);

/*
 * The caller could not forward a packet that came out as PASS by verdict, and drops it: counts it
 * so.
 */
void seki_queue_give_up(struct seki_queue *q, const struct seki_outcome *outcome,
			enum seki_hook_reason why);

/* The same of the copy that was to go to the outcome's clone_port. */
void seki_queue_lose_clone(struct seki_queue *q, const struct seki_outcome *outcome);

/*
 * The datapath thread stops using the queue: detaches it; what was in flight comes out of the next
 * calls of seki_queue_poll(). Join brings it back; a new queue has joined. Both may be called
 * again.
 */
void seki_queue_leave(struct seki_queue *q);
void seki_queue_join(struct seki_queue *q);

/*
 * For a thread that may sleep soon and has time now: looks for a while, which follows from how long
 * it took lately and is 50 us at most, whether what it just handed over comes back. True: poll. All
 * looking of a queue is at most a quarter of the time, and none where the thread is busy, so that a
 * slow P4 VM costs other ports next to nothing.
 */
bool seki_queue_linger(struct seki_queue *q);

struct seki_sleep {
	bool ready;	   /* do not sleep: there is something to poll for */
	int fd;		   /* sleep until this is readable, or -1 */
	uint64_t until_ns; /* or until then, or UINT64_MAX */
};

/* What to wait for before the next seki_queue_poll(). */
void seki_queue_sleep(struct seki_queue *q, uint64_t now_ns, struct seki_sleep *out);

/* The same for all lanes of a datapath thread. Packets of a flow keep their order; `max` is for all
 * lanes together. Sleep writes one entry a lane and returns how many; leave polls as well, and is to be
 * called until it returns 0. */
uint32_t seki_lanes_submit(struct seki_lanes *l, uint32_t in_port, uint64_t now_ns,
			   const struct seki_hook_packet *packets, uint32_t n,
			   enum seki_fate *fates);
uint32_t seki_lanes_poll(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			 uint32_t max);
uint32_t seki_lanes_leave(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			  uint32_t max);
void seki_lanes_give_up(struct seki_lanes *l, const struct seki_outcome *outcome,
			enum seki_hook_reason why);
void seki_lanes_lose_clone(struct seki_lanes *l, const struct seki_outcome *outcome);
/* A packet that the caller frees and hands to nobody. */
void seki_lanes_refuse(struct seki_lanes *l, uint32_t in_port, enum seki_hook_reason why);
bool seki_lanes_linger(struct seki_lanes *l);

/*
 * For a batch, before it is submitted. True: the port's P4 VM is inside this process, or is to be;
 * then do not submit it but call seki_lanes_judge() for each of its packets, which says at once what becomes of it.
 */
bool seki_lanes_inline(struct seki_lanes *l, uint64_t now_ns);
/* The outcome's head is valid until the next call. */
void seki_lanes_judge(struct seki_lanes *l, uint32_t in_port, const struct seki_hook_packet *packet,
		      struct seki_outcome *out);
/*
 * Keeps a packet that is to go where the caller cannot send it now, edited already, or a copy, until the
 * next poll, where it comes out again. False: there are too many, it is the caller's to drop.
 */
bool seki_lanes_defer(struct seki_lanes *l, const struct seki_outcome *outcome);
uint32_t seki_lanes_sleep(struct seki_lanes *l, uint64_t now_ns,
			  struct seki_sleep out[SEKI_HOOK_LANES]);

#endif
