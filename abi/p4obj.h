/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a P4 program compiled to BPF and the machine that runs it agree on: the ABI of p4c-ubpf and
 * P4rt-OVS (p4c backends/ubpf; P4rt-OVS lib/bpf), plus ours, which only adds.
 *
 *   entry point   function `entry`; r1 = opaque packet context, r2 = struct seki_std_meta *
 *   return        0 drops, anything else passes; std_meta.output_action REDIRECT sends to
 *                 output_port
 *   maps          global objects of struct seki_map_def in section .data
 *   ours          section SEKI_OBJ_INIT holds one array object per map with entries to start with,
 *                 named "seki_init_<map>": pairs of key and value bytes, packed, as many as its
 *                 size gives; of a classifier the key is its control plane's. Section
 *                 SEKI_OBJ_FIELDS holds one array of struct seki_map_field per classifier, named
 *                 "seki_fields_<map>". Section SEKI_OBJ_SOURCE holds the name of the P4 file,
 *                 NUL-terminated. Section SEKI_OBJ_BOUNDS holds a struct seki_obj_bounds: what
 *                 the compiler's verifier found, to look at. Whoever loads verifies anew. Section
 *                 SEKI_OBJ_P4INFO holds the program's P4Info (P4Runtime) in protobuf's bytes.
 *
 * The map of a table is named after its P4Info name, all but letters and digits as '_'.
 *   exact keys      SEKI_MAP_HASH. The key is a struct of C: a member for each field, from the
 *                   widest to the narrowest, those of one width in the table's order. A field of
 *                   up to 64 bits is the smallest of uint8_t ... uint64_t that holds it, in the
 *                   host's order and aligned as C does it, a wider one an array of its bytes, the
 *                   lowest first. Padding is 0.
 *   and one lpm     SEKI_MAP_LPM. uint32_t prefix_len, then the exact fields in the table's order,
 *                   then the lpm field: each in whole bytes, big-endian; exact fields right-aligned,
 *                   the lpm field left-aligned. prefix_len counts the exact fields' bytes too.
 *   any other       SEKI_MAP_CLASSIFIER
 *   values          uint32_t action: its number in the table's list of actions, or one beyond for
 *                   NoAction where that is not in it; then a union of structs of C, one for each
 *                   action with parameters from the control plane: these in order, as the fields
 *                   of exact keys.
 *   <map>_defaultAction  SEKI_MAP_ARRAY of one such value; not there where it is const
 *                   and nothing of the table is direct
 * The map of a value set: the same, the value is a uint32_t that says nothing.
 */
#ifndef SEKI_ABI_P4OBJ_H
#define SEKI_ABI_P4OBJ_H

#include <stdint.h>

#define SEKI_OBJ_INIT	   "sekisho.init"
#define SEKI_OBJ_SOURCE	   "sekisho.source"
#define SEKI_OBJ_FIELDS	   "sekisho.fields"
#define SEKI_OBJ_BOUNDS	   "sekisho.bounds"
#define SEKI_OBJ_P4INFO	   "sekisho.p4info"
#define SEKI_INIT_PREFIX   "seki_init_"
#define SEKI_FIELDS_PREFIX "seki_fields_"

/*
 * The longest that one packet may keep the P4 VM's worker: some milliseconds by the interpreter. A
 * batch is 32 packets, and a new program or a status waits for a batch of each queue: no VM should
 * be able to keep them waiting for seconds. Parsers with a loop that only the packet's end bounds
 * need more than a million for the longest packet.
 */
#define SEKI_RUN_INSNS_MAX (4u << 20)

enum seki_map_type {
	SEKI_MAP_ARRAY = 1,
	SEKI_MAP_BLOOMFILTER = 2,
	SEKI_MAP_COUNTMIN = 3,
	SEKI_MAP_HASH = 4,
	SEKI_MAP_LPM = 5,

	/* Ours. */
	SEKI_MAP_LRU_HASH = 6,
	SEKI_MAP_QUEUE_ARRAY = 7, /* an array whose values exist once for each queue */
	SEKI_MAP_CLASSIFIER = 8,  /* ternary, range and optional keys; programs only look up */
};

struct seki_map_def {
	uint32_t type;
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes */
	uint32_t max_entries;
	uint32_t nb_hash_functions; /* 0 for all but bloom filters and count-min sketches */
};

/*
 * The key of a trie. Bits count from the most significant of data[0] on. A lookup wants the longest
 * prefix that covers all of the data and does not look at prefix_len: p4c's programs leave it 0,
 * the kernel's set it to the greatest. Update and delete do: at most 8 * (key_size - 4), and bits
 * of the data behind it count for nothing.
 */
struct seki_lpm_key {
	uint32_t prefix_len;
	uint8_t data[]; /* key_size - 4 bytes */
};

/*
 * A classifier. What a program looks up is key_size bytes: the fields of the table's key one after
 * another, each big-endian and right-aligned in whole bytes. It gets the value of the entry of the
 * greatest priority that matches, among equal priorities of the one added first, or NULL.
 *
 * The fields cover the key without gaps. Without SEKI_OBJ_FIELDS the key is one ternary field.
 */
enum seki_match {
	SEKI_MATCH_EXACT = 1,
	SEKI_MATCH_LPM,
	SEKI_MATCH_TERNARY,
	SEKI_MATCH_RANGE,
	SEKI_MATCH_OPTIONAL,
};

struct seki_map_field {
	uint16_t offset; /* of its first byte in the key */
	uint16_t bytes;
	uint16_t bits; /* how many of them count, at the end: 8 * (bytes - 1) < bits <= 8 * bytes */
	uint8_t match; /* enum seki_match */
	uint8_t pad;   /* 0 */
};

/*
 * The key of a classifier's entry, for control planes and initial entries: all of it names the
 * entry. A range matches from first to second; all else where the key and `first` agree in the bits
 * that are 1 in `second`, the mask: of exact fields all bits, of optional ones all or none, of LPM
 * ones the upper. Bits of `first` that the mask leaves out count for nothing and read as 0; so do
 * those of the mask that are above the field's.
 */
struct seki_classifier_key {
	uint32_t priority;
	uint8_t bytes[]; /* first[key_size], then second[key_size] */
};

struct seki_obj_bounds {
	uint64_t worst_insns;  /* most instructions that one run executes */
	uint32_t insns;	       /* instructions */
	uint32_t packet_touch; /* no run looks at or changes bytes of the packet from here on */
};

/* What an update wants: of the helper always SEKI_MAP_ANY. The kernel's numbers. */
enum seki_map_set {
	SEKI_MAP_ANY,	  /* sets the entry, whether there is one or not */
	SEKI_MAP_NOEXIST, /* only where there is none */
	SEKI_MAP_EXIST,	  /* only where there is one */
};

/* The compiler's own map: what is in it when a run begins means nothing. */
#define SEKI_OBJ_SCRATCH "sekisho_scratch"

/* enum ubpf_action of ubpf_model.p4. */
enum seki_action { SEKI_ACTION_ABORT, SEKI_ACTION_DROP, SEKI_ACTION_PASS, SEKI_ACTION_REDIRECT };

/* struct standard_metadata of ubpf_model.p4, version 20200515. */
struct seki_std_meta {
	uint32_t input_port;	/* SEKI_PORT_NET or SEKI_PORT_VM (abi/ring.h) */
	uint32_t packet_length; /* bytes that ubpf_packet_data() points at */
	uint32_t output_action; /* enum seki_action */
	uint32_t output_port;
	uint8_t clone;
	uint8_t pad[3];
	uint32_t clone_port;
};

/*
 * Helper functions, by the number in the call instruction. Update and delete return 0 or a negative
 * number: -2 no such entry, -16 busy: try again with the next packet, -22 not for this map or
 * prefix, -28 full.
 */
enum seki_helper {
	SEKI_HELPER_MAP_LOOKUP = 1,  /* void *(map, const key *) -> value or NULL */
	SEKI_HELPER_MAP_UPDATE = 2,  /* int (map, const key *, const value *) */
	SEKI_HELPER_MAP_DELETE = 3,  /* int (map, const key *) */
	SEKI_HELPER_TIME_NS = 5,     /* u64 (void) */
	SEKI_HELPER_HASH = 6,	     /* u32 (const void *, u64 bytes): lookup3 hashlittle, seed 0 */
	SEKI_HELPER_PRINTF = 7,	     /* void (const char *format, ...) */
	SEKI_HELPER_ADJUST_HEAD = 8, /* void *(ctx, int bytes) -> packet; > 0 grows with zeros */
	SEKI_HELPER_PACKET_DATA = 9, /* void *(ctx) -> packet */
	SEKI_HELPER_RSS_HASH = 10,   /* u32 (ctx) */
	SEKI_HELPER_TRUNCATE = 11,   /* u32 (ctx, int max_bytes) -> bytes cut off */

	/* Ours. */
	SEKI_HELPER_VM_UDP_SENT =
		32, /* u64 (const struct seki_udp_query *, u64 within_ms) -> 0, 1 */
	SEKI_HELPER_VM_UDP_SENT_ANY = 33, /* u64 (u64 within_ms) -> 0, 1 */
	SEKI_HELPER_DROP_SITE = 34,	  /* void (u32 line): where the program decided to drop */
	SEKI_HELPER_RANDOM = 35,	  /* u64 (void): not for secrets */
	SEKI_HELPER_CRC = 36, /* u32 (const void *, u64 bytes, u64 enum seki_crc, u32 before): of
				 `before`'s data (0: none) and these behind them */
};

/* Reflected, as on wires; parameters by the names of the CRC catalogue. */
enum seki_crc {
	SEKI_CRC_16_ARC,
	SEKI_CRC_32_ISO_HDLC, /* Ethernet's */
	SEKI_CRC_32_ISCSI,    /* CRC32C */
};

/*
 * Externs of sekisho.p4. Their maps are named after their P4Info names, as tables' are.
 *   Register         SEKI_MAP_HASH from the index to the value, both structs of C: the type's fields in
 *                    order, those of structs in it too; numbers of up to 64 bits as in exact keys, wider
 *                    ones arrays of uint64_t, the lowest first; enums of no type and errors uint32_t; behind
 *                    a header's fields a byte, is it valid. SEKI_MAP_ARRAY where an index of bits cannot be
 *                    out of range, but with --compat
 *   Counter          SEKI_MAP_QUEUE_ARRAY of struct seki_counter
 *   Meter            SEKI_MAP_ARRAY of struct seki_meter
 *   DirectCounter, DirectMeter
 *                    a struct seki_counter or seki_meter for each, in the order of the table's
 *                    properties, behind the union in the table's value, aligned to 8; with an
 *                    ActionProfile or ActionSelector behind member and group
 *   ActionProfile    SEKI_MAP_HASH from uint32_t, the member's number, to the value that a table of
 *                    these actions has without it; the value of the table is uint32_t member
 *   ActionSelector   the same; the value of the table is uint32_t member, group; where group is not 0,
 *                    it is the key of <selector>_groups, SEKI_MAP_HASH of struct seki_group, and a hash
 *                    chooses one of its members. What names no member is a miss
 *   Digest           SEKI_MAP_QUEUE_ARRAY of records: u64 number, then the data as a register's value.
 *                    How to take them: struct seki_digest_state
 */
struct seki_counter {
	uint64_t packets, bytes;
};

#define SEKI_GROUP_MEMBERS 64

struct seki_group {
	uint32_t n;			      /* 1 to SEKI_GROUP_MEMBERS */
	uint32_t members[SEKI_GROUP_MEMBERS]; /* more than once: more often */
};

/*
 * A meter of RFC 2698. The control plane sets the rates, the bursts and `is_set`, and 0 in all else:
 * the buckets are full then. One that is not set gives the colour that it was given, or green.
 */
struct seki_meter {
	uint64_t cir, cbs; /* committed: bytes or packets a second, burst of them: at most 2^34 */
	uint64_t pir, pbs; /* peak */
	uint64_t committed, peak; /* tokens, in units of 10^-9 */
	uint64_t time;		  /* of the last packet, ns */
	uint32_t busy;		  /* the program's */
	uint32_t is_set;
};

/*
 * The one entry of <digest>_state, SEKI_MAP_QUEUE_ARRAY. A queue's records are numbered from 1 on; the
 * record with number n is entry (n - 1) % max_entries of the queue. The one entry of <digest>_taken,
 * SEKI_MAP_QUEUE_ARRAY of uint64_t, is how many of them a control plane has taken: only it writes
 * there. A record is there where its number is that count + 1; a program never writes over one that
 * was not taken.
 */
struct seki_digest_state {
	uint64_t packed;  /* records so far */
	uint64_t dropped; /* as there was no room */
};

/* "Did the VM really send a UDP datagram of this flow lately?" */
struct seki_udp_query {
	uint8_t family;	   /* 4 or 6: version of the IP header */
	uint8_t pad[3];	   /* 0 */
	uint16_t sport;	   /* host byte order */
	uint16_t dport;	   /* host byte order */
	uint8_t saddr[16]; /* network byte order; IPv4 in the first four bytes, the rest 0 */
	uint8_t daddr[16];
};

#ifndef __cplusplus /* which has another word for it */
_Static_assert(sizeof(struct seki_map_def) == 20, "border layout");
_Static_assert(sizeof(struct seki_map_field) == 8, "border layout");
_Static_assert(sizeof(struct seki_obj_bounds) == 16, "border layout");
_Static_assert(sizeof(struct seki_std_meta) == 24, "border layout");
_Static_assert(sizeof(struct seki_udp_query) == 40, "border layout");
_Static_assert(sizeof(struct seki_counter) == 16, "border layout");
_Static_assert(sizeof(struct seki_meter) == 64, "border layout");
_Static_assert(sizeof(struct seki_digest_state) == 16, "border layout");
#endif

#endif
