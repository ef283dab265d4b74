/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path between a switch and a P4 VM: two regions of shared memory for each queue
 * (a queue belongs to one port and one datapath thread of the switch).
 *
 *   switch region  written by the switch, mapped read-only by the P4 VM: submissions and packets
 *   p4vm region    written by the P4 VM, mapped read-only by the switch: completions, new heads
 *
 * Every word has one writer; the page permissions say so, not a promise. Words that both sides look
 * at are aligned 32-bit loads (acquire) and stores (release): no read-modify-write ever crosses the
 * border. Indices count up for ever and are masked with SEKI_RING_ENTRIES - 1 at use. Whoever reads
 * the other's region copies a descriptor once, checks the copy, and uses only the copy.
 *
 * Life of a slot: the switch owns all slots. It writes what the program can touch of a packet into a
 * run of free slots, contiguous and long enough for these bytes and SEKI_RING_GROW more, bumps the
 * generation of the run's first slot and submits (slot, generation). The P4 VM answers each
 * submission with one completion that repeats both; completions may come in any order. The switch
 * ignores a completion whose generation is not the one in flight: it is late, or a lie.
 */
#ifndef SEKI_ABI_RING_H
#define SEKI_ABI_RING_H

#include <stdint.h>

#define SEKI_RING_MAGIC	  0x494b4553u /* "SEKI" in memory on a little-endian machine */
#define SEKI_RING_VERSION 3u
#define SEKI_RING_ENTRIES 512u /* submissions, completions and slots; a power of two */
#define SEKI_SLOT_BYTES	  2048u
#define SEKI_SHORT_BYTES  128u
#define SEKI_BATCH_MAX	  32u
#define SEKI_RING_HEADER  4096u
#define SEKI_RING_GROW	  256u /* bytes that a packet can grow by at its front */

/*
 * The ports of a P4 program, a two-port device between its VM and the network. Numbers from
 * SEKI_PORT_GRANTED up are the ports that the operator granted, in the order he named them
 * (other_config:sekisho-redirect).
 */
#define SEKI_PORT_NET	  0u /* towards the switch */
#define SEKI_PORT_VM	  1u /* towards the virtual machine */
#define SEKI_PORT_GRANTED 2u

enum seki_verdict {
	SEKI_VERDICT_DROP = 0,
	SEKI_VERDICT_PASS = 1,	   /* on to where it was going */
	SEKI_VERDICT_REDIRECT = 2, /* to out_port */
	SEKI_VERDICT_MORE =
		3, /* the program needs more of the packet than was copied: submit again */
};

/*
 * A completion's byte `verdict`: the verdict in its low bits; above them the granted port that a copy
 * of the packet, as it came, is sent to beside the verdict, 0: none. Never with SEKI_VERDICT_MORE.
 */
#define SEKI_VERDICT_MASK 3u
#define SEKI_CLONE_SHIFT  2u
#define SEKI_CLONE_MAX	  63u /* stands for all port numbers above it, and for 0: no such grant */

/* First bytes of the switch region. */
struct seki_switch_header {
	uint32_t magic;
	uint32_t version;
	uint32_t entries;
	uint32_t slot_bytes;
	uint32_t want_seen; /* the p4vm header's `want`, as of the last submission or poll: what is
			     * submitted from now on has at least so much copied */
	uint8_t pad0[44];
	uint32_t sub_tail; /* submissions published so far */
	/* A batch whose way is timed, for display: number of the sample, 0: none yet; index of a
	 * submission of it; the switch's CLOCK_MONOTONIC before it was published. */
	uint32_t sample;
	uint32_t sample_at;
	uint8_t pad1[4];
	uint64_t sample_ns;
	uint8_t pad2[40];
	uint32_t cpl_head; /* completions taken so far */
	uint8_t pad3[60];
	/* Non-zero: the switch sleeps, signal its eventfd after completing. Another value each time
	 * that it arms: one signal for each is enough. */
	uint32_t armed;
	uint8_t pad4[60];
};

/* First bytes of the p4vm region. */
struct seki_p4vm_header {
	uint32_t magic;
	uint32_t version;
	uint32_t want; /* bytes of each packet that the running program can touch */
	uint8_t pad0[52];
	uint32_t sub_head; /* submissions taken so far */
	uint8_t pad1[60];
	uint32_t cpl_tail; /* completions published so far */
	/* The last sample that was answered; CLOCK_MONOTONIC of the P4 VM when it took the batch
	 * and when it had its verdicts. Another kernel's clock where the P4 VM is a VM. */
	uint32_t sample;
	uint64_t taken_ns;
	uint64_t done_ns;
	uint8_t pad2[40];
	uint32_t armed; /* non-zero: the P4 VM sleeps, send it a wake-up after submitting; as above
			 */
	uint8_t pad3[60];
};

/*
 * One packet handed to the P4 VM. Its first `copied` bytes are in the switch region: up to
 * SEKI_SHORT_BYTES at the slot's place among the short ones, more from the slot's start on. The run has
 * the fewest slots that hold copied + SEKI_RING_GROW bytes.
 */
struct seki_submission {
	uint16_t slot;
	uint16_t len;	 /* bytes of the whole packet */
	uint16_t copied; /* at most len */
	uint8_t in_port; /* SEKI_PORT_NET or SEKI_PORT_VM: where it came from */
	uint8_t pad;	 /* 0 */
	uint32_t generation;
	uint32_t rss_hash; /* the switch's hash of the flow, 0 if it has none */
};

/*
 * One verdict. The packet that leaves is: head_out bytes in the p4vm region, up to
 * SEKI_SHORT_BYTES at the short place of the same slot, more in the same run, then the original packet from byte head_in on, cut to len bytes. An untouched packet has
 * head_in = head_out = 0 and its own len. Bounds: head_in <= copied, head_out <= bytes of the run,
 * SEKI_PACKET_MIN <= len <= head_out + (original length - head_in). Anything else is a lie: the
 * switch drops the packet and counts it.
 */
struct seki_completion {
	uint16_t slot;
	uint8_t verdict;  /* enum seki_verdict, and where a copy goes */
	uint8_t out_port; /* for SEKI_VERDICT_REDIRECT, else 0 */
	uint32_t generation;
	uint16_t head_in;
	uint16_t head_out;
	uint16_t len;
	uint16_t site; /* source line that dropped the packet, 0 if unknown, at most 65535; for
			* display only */
};

#define SEKI_PACKET_MIN 14u /* an Ethernet header */
#define SEKI_PACKET_MAX 65535u

/*
 * Both regions: header page, descriptors, short places, slots. Most programs look at headers only:
 * their packets are close together, a page has dozens, and the slots themselves are never touched.
 */
#define SEKI_RING_DESC_OFFSET  SEKI_RING_HEADER
#define SEKI_RING_SHORT_OFFSET (SEKI_RING_DESC_OFFSET + SEKI_RING_ENTRIES * 16u)
#define SEKI_RING_SLOT_OFFSET  (SEKI_RING_SHORT_OFFSET + SEKI_RING_ENTRIES * SEKI_SHORT_BYTES)
#define SEKI_RING_REGION_BYTES (SEKI_RING_SLOT_OFFSET + SEKI_RING_ENTRIES * SEKI_SLOT_BYTES)

_Static_assert(sizeof(struct seki_switch_header) == 256, "border layout");
_Static_assert(sizeof(struct seki_p4vm_header) == 256, "border layout");
_Static_assert(sizeof(struct seki_submission) == 16, "border layout");
_Static_assert(sizeof(struct seki_completion) == 16, "border layout");
_Static_assert(SEKI_RING_SLOT_OFFSET % 4096 == 0, "slots start on a page");
_Static_assert((SEKI_RING_ENTRIES & (SEKI_RING_ENTRIES - 1)) == 0, "indices are masked");

#endif
