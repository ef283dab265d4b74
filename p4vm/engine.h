/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a P4 VM does with one packet: a private copy, a run of the tenant's program on it, a
 * verdict. Knows neither sockets nor threads, so that all of it can be tested in memory. Used by
 * one thread.
 */
#ifndef SEKI_P4VM_ENGINE_H
#define SEKI_P4VM_ENGINE_H

#include "abi/ring.h"
#include "sekisho/bpf.h"
#include "p4vm/vminfo.h"

/* Room before a packet for headers that the program adds. */
#define SEKI_ENGINE_HEADROOM SEKI_RING_GROW

/* Why a packet was dropped. Everything but SITE is not the program's decision but a refusal. */
enum seki_drop {
	SEKI_DROP_PROGRAM,    /* the program said so */
	SEKI_DROP_NO_PROGRAM, /* none is loaded */
	SEKI_DROP_BAD_PORT,   /* the switch named a port that a VM does not have */
	SEKI_DROP_NO_ROOM,    /* the head grew or shrank more than it may */
	SEKI_DROP_BAD_LENGTH, /* the program left a packet too short or too long for Ethernet */
	SEKI_DROP_ERROR,      /* the machine refused to run */
	SEKI_DROP_COUNT,
};

/* Short text for people; never NULL. */
const char *seki_drop_text(enum seki_drop drop);

#define SEKI_ENGINE_SITES 64u
#define SEKI_ENGINE_LAST  32u

/* A line of the P4 source and how many packets it dropped. */
struct seki_drop_site {
	uint32_t line; /* 0: the program does not say */
	uint64_t count;
};

/* A dropped packet, for the person who wonders. Addresses in network byte order. */
struct seki_dropped {
	uint64_t real_ns; /* CLOCK_REALTIME */
	uint32_t queue;	  /* of the engine's user */
	uint32_t line;
	uint8_t drop;	 /* enum seki_drop */
	uint8_t in_port; /* SEKI_PORT_NET or SEKI_PORT_VM */
	uint16_t ether;	 /* host byte order; 0: not looked at */
	uint8_t ip;	 /* 4: the rest is valid */
	uint8_t proto;
	bool ports;	/* the next two are known: the program looks that far */
	uint16_t sport; /* host byte order; for ICMP the type */
	uint16_t dport; /* for ICMP the code */
	uint8_t saddr[4];
	uint8_t daddr[4];
};

struct seki_engine_stats {
	uint64_t drops[SEKI_DROP_COUNT];
	struct seki_drop_site sites[SEKI_ENGINE_SITES]; /* since the program was loaded */
	uint32_t n_sites;
	uint64_t other_sites;			    /* dropped at further lines */
	struct seki_dropped last[SEKI_ENGINE_LAST]; /* number n at n % SEKI_ENGINE_LAST */
	uint64_t n_last;			    /* packets ever put into `last` */
	uint64_t insns;				    /* BPF instructions executed */
};

struct seki_engine {
	struct seki_bpf_prog *prog; /* NULL: none; owned by whoever swaps it in and out */
	struct seki_vminfo *facts;  /* NULL: none; the caller's */
	struct seki_bpf_host host;
	uint32_t queue;	     /* of the program that it runs */
	uint32_t touch;	     /* bytes of each packet that the program can touch */
	bool written;	     /* can the program change packets? */
	bool pass;	     /* what becomes of packets while there is no program */
	bool may_wait;	     /* may the present run wait for a fact? */
	const uint8_t *seen; /* the present packet's bytes as they came */
	const uint8_t *head; /* the new one, of a packet that has one: until the next run */
	uint64_t boot_ns;
	uint64_t real_ns;
	struct seki_engine_stats stats;
	uint8_t work[SEKI_ENGINE_HEADROOM + SEKI_PACKET_MAX];
	uint8_t orig[SEKI_PACKET_MAX];
};

/* `facts` and `print` (what the program prints; may be NULL) may be used until the engine's end. */
void seki_engine_init(struct seki_engine *engine, struct seki_vminfo *facts,
		      void (*print)(void *arg, const char *line));

/* Puts a program (or none) to work between two packets; returns the one that worked before. */
struct seki_bpf_prog *seki_engine_swap(struct seki_engine *engine, struct seki_bpf_prog *prog);

/* Takes the time and new facts over, once before each batch. Returns whether a fact changed. */
bool seki_engine_refresh(struct seki_engine *engine);

/* What is known of the packet that a run is about. */
struct seki_packet {
	const struct seki_submission *sub; /* private copy, in bounds (seki_ring_p4vm_take()) */
	const uint8_t *bytes;		   /* sub->copied, in memory the switch may still write */
	bool still;	/* nobody writes `bytes` meanwhile: they are not copied more than needed */
	uint32_t queue; /* for display */
	bool may_wait;	/* is there still time to wait for a fact? */
};

/*
 * Decides on one packet and fills the completion. 0; or -EAGAIN where the program asked for a fact
 * that may still come: nothing happened, run it anew later. Reads the packet's bytes once.
 *
 * The verdict is the program's return value, as for P4rt-OVS: 0 drops, whatever output_action
 * says. Else output_action REDIRECT sends to output_port, and any other action passes.
 */
int seki_engine_run(struct seki_engine *engine, const struct seki_packet *packet,
		    struct seki_completion *out);

#endif
