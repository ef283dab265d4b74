/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing and opening the records of abi/vminfo.h: which bytes the nonce, the associated data and
 * the session's key are made of. Used by the agent in the user VM and by the P4 VM.
 */
#ifndef SEKI_LIB_VMINFO_RECORD_H
#define SEKI_LIB_VMINFO_RECORD_H

#include <stdint.h>

#include "abi/vminfo.h"
#include "lib/seal/seal.h"

/* One session and its key. Zeroed: none. */
struct seki_vminfo_session {
	uint8_t id[SEKI_VMINFO_SESSION];
	struct seki_seal *seal;
};

/* Derives the session's key from the shared key. 0 or negative errno (lib/seal/seal.h). */
int seki_vminfo_session_open(struct seki_vminfo_session *s, const uint8_t *shared_key,
			     const uint8_t *id);

/* Wipes the session's key. May be called on a zeroed or closed one. */
void seki_vminfo_session_close(struct seki_vminfo_session *s);

/*
 * Fills version, sealed and tag of `out` for slot number `slot`; the writer never uses a version
 * twice in a slot of a session. 0 or -EIO.
 */
int seki_vminfo_record_seal(struct seki_vminfo_session *s, uint32_t slot, uint64_t version,
			    const union seki_vminfo_record *record, struct seki_vminfo_slot *out);

/* The reverse, of a private copy of a slot. 0, or -EBADMSG: not what the agent put there. */
int seki_vminfo_record_open(struct seki_vminfo_session *s, uint32_t slot,
			    const struct seki_vminfo_slot *copy, union seki_vminfo_record *out);

#endif
