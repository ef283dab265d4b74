/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts from inside a VM, for its P4 VM, through memory that the host holds and must not be able to
 * read, alter, move or roll back: a region (ivshmem) of sealed records, written by the agent in the
 * user VM, mapped read-only by the P4 VM.
 *
 *   region  = struct seki_vminfo_header, then SEKI_VMINFO_SLOTS of struct seki_vminfo_slot
 *   record  = union seki_vminfo_record, sealed with AES-256-GCM (NIST SP 800-38D):
 *             key    HKDF-SHA-256 (RFC 5869) of the shared key, salt = session,
 *                    info = SEKI_VMINFO_INFO
 *             nonce  slot (le32), version (le64): unique, as no version is used twice in a slot
 *             AAD    struct seki_vminfo_aad
 *   slot 0  = heartbeat, every SEKI_VMINFO_HEARTBEAT_MS; without one, every fact is absent
 *
 * A session is one run of the agent, named by 16 random bytes; it starts all versions at 1. The
 * writer makes `seq` odd, writes the slot, makes `seq` even, puts the slot's number into the change
 * log and raises `changes`. All of it is untrusted to the reader: `seq` only tells it that it read
 * a slot while it was written, the log only where to look first; it reads every slot anew at each
 * heartbeat.
 */
#ifndef SEKI_ABI_VMINFO_H
#define SEKI_ABI_VMINFO_H

#include <stdint.h>

#define SEKI_VMINFO_MAGIC	 0x4f464e49u
#define SEKI_VMINFO_LAYOUT	 1u
#define SEKI_VMINFO_SLOTS	 4096u
#define SEKI_VMINFO_LOG		 256u /* a power of two */
#define SEKI_VMINFO_REGION_BYTES (1u << 20)
#define SEKI_VMINFO_KEY_BYTES	 32u
#define SEKI_VMINFO_TAG_BYTES	 16u
#define SEKI_VMINFO_SESSION	 16u
#define SEKI_VMINFO_HEARTBEAT_MS 100u
#define SEKI_VMINFO_STALE_MS	 2000u	/* a heartbeat older than this counts as absent */
#define SEKI_VMINFO_SKEW_MS	 10000u /* most that the two worlds' wall clocks may differ */
#define SEKI_VMINFO_INFO	 "sekisho vminfo 1"

struct seki_vminfo_header {
	uint32_t magic;
	uint32_t layout; /* SEKI_VMINFO_LAYOUT */
	uint32_t slots;	 /* SEKI_VMINFO_SLOTS */
	uint32_t pad0;
	uint8_t session[SEKI_VMINFO_SESSION]; /* written last when a session starts */
	uint8_t pad1[32];
	uint64_t changes; /* slots written so far in this session */
	uint8_t pad2[56];
	uint32_t log[SEKI_VMINFO_LOG]; /* slot of change number n at n & (SEKI_VMINFO_LOG - 1) */
	uint8_t pad3[4096 - 128 - 4 * SEKI_VMINFO_LOG];
};

enum seki_vminfo_kind {
	SEKI_VMINFO_NONE = 0, /* the slot was emptied */
	SEKI_VMINFO_HEARTBEAT = 1,
	SEKI_VMINFO_UDP = 2,
};

/* Times are CLOCK_BOOTTIME of the user VM in ns unless said otherwise. */
struct seki_vminfo_heartbeat {
	uint32_t kind;
	uint32_t period_ms;
	uint64_t now_ns;
	uint64_t real_ns;	  /* CLOCK_REALTIME */
	uint64_t session_real_ns; /* CLOCK_REALTIME at the start of this session */
	uint64_t updates;     /* records sealed so far in this session, heartbeats not counted */
	uint64_t last_udp_ns; /* last UDP datagram that the VM sent, 0 if none */
	uint64_t lost;	      /* events that the agent could not keep up with */
};

/* A flow on which the VM sent UDP datagrams. */
struct seki_vminfo_udp {
	uint32_t kind;
	uint8_t family; /* 4 or 6 */
	uint8_t pad[3];
	uint16_t sport; /* host byte order */
	uint16_t dport;
	uint32_t pid; /* of the last sender */
	uint8_t saddr[16];
	uint8_t daddr[16];
	uint64_t last_ns; /* last datagram */
	uint64_t packets; /* datagrams seen on this flow */
	uint32_t uid;
	uint32_t pad2;
	char comm[16]; /* command name of the last sender, NUL-terminated */
};

union seki_vminfo_record {
	uint32_t kind; /* enum seki_vminfo_kind */
	struct seki_vminfo_heartbeat heartbeat;
	struct seki_vminfo_udp udp;
	uint8_t bytes[96];
};

struct seki_vminfo_slot {
	uint64_t seq;	  /* odd while the slot is written */
	uint64_t version; /* 0: never written */
	uint8_t sealed[sizeof(union seki_vminfo_record)];
	uint8_t tag[SEKI_VMINFO_TAG_BYTES];
};

struct seki_vminfo_aad {
	uint32_t magic;
	uint32_t layout;
	uint32_t slot;
	uint32_t pad; /* 0 */
	uint64_t version;
	uint8_t session[SEKI_VMINFO_SESSION];
};

_Static_assert(sizeof(struct seki_vminfo_header) == 4096, "border layout");
_Static_assert(sizeof(union seki_vminfo_record) == 96, "border layout");
_Static_assert(sizeof(struct seki_vminfo_slot) == 128, "border layout");
_Static_assert(sizeof(struct seki_vminfo_aad) == 40, "border layout");
_Static_assert(sizeof(struct seki_vminfo_header) +
			       SEKI_VMINFO_SLOTS * sizeof(struct seki_vminfo_slot) <=
		       SEKI_VMINFO_REGION_BYTES,
	       "region holds all slots");

#endif
