/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/vminfo/record.h"

#include <endian.h>
#include <string.h>

_Static_assert(SEKI_VMINFO_KEY_BYTES == SEKI_SEAL_KEY_BYTES, "one kind of key");
_Static_assert(SEKI_VMINFO_TAG_BYTES == SEKI_SEAL_TAG_BYTES, "one kind of tag");

int seki_vminfo_session_open(struct seki_vminfo_session *s, const uint8_t *shared_key,
			     const uint8_t *id)
{
	uint8_t key[SEKI_SEAL_KEY_BYTES];
	int err;

	err = seki_seal_derive(shared_key, id, SEKI_VMINFO_SESSION, SEKI_VMINFO_INFO, key);
	if (!err)
		err = seki_seal_create(key, &s->seal);
	if (!err)
		memcpy(s->id, id, SEKI_VMINFO_SESSION);
	seki_seal_wipe(key, sizeof(key));
	return err;
}

void seki_vminfo_session_close(struct seki_vminfo_session *s)
{
	seki_seal_destroy(s->seal);
	memset(s, 0, sizeof(*s));
}

static void make_nonce(uint32_t slot, uint64_t version, uint8_t *nonce)
{
	uint32_t slot_le = htole32(slot);
	uint64_t version_le = htole64(version);

	memcpy(nonce, &slot_le, 4);
	memcpy(nonce + 4, &version_le, 8);
}

static struct seki_vminfo_aad make_aad(const struct seki_vminfo_session *s, uint32_t slot,
				       uint64_t version)
{
	struct seki_vminfo_aad aad = {
		.magic = htole32(SEKI_VMINFO_MAGIC),
		.layout = htole32(SEKI_VMINFO_LAYOUT),
		.slot = htole32(slot),
		.version = htole64(version),
	};

	memcpy(aad.session, s->id, SEKI_VMINFO_SESSION);
	return aad;
}

int seki_vminfo_record_seal(struct seki_vminfo_session *s, uint32_t slot, uint64_t version,
			    const union seki_vminfo_record *record, struct seki_vminfo_slot *out)
{
	struct seki_vminfo_aad aad = make_aad(s, slot, version);
	uint8_t nonce[SEKI_SEAL_NONCE_BYTES];

	make_nonce(slot, version, nonce);
	out->version = version;
	return seki_seal_encrypt(s->seal, nonce, &aad, sizeof(aad), record, sizeof(*record),
				 out->sealed, out->tag);
}

int seki_vminfo_record_open(struct seki_vminfo_session *s, uint32_t slot,
			    const struct seki_vminfo_slot *copy, union seki_vminfo_record *out)
{
	struct seki_vminfo_aad aad = make_aad(s, slot, copy->version);
	uint8_t nonce[SEKI_SEAL_NONCE_BYTES];

	make_nonce(slot, copy->version, nonce);
	return seki_seal_decrypt(s->seal, nonce, &aad, sizeof(aad), copy->sealed, sizeof(*out), out,
				 copy->tag);
}
