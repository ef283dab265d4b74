/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing with AES-256-GCM (NIST SP 800-38D) and key derivation with HKDF-SHA-256 (RFC 5869), both
 * by OpenSSL, and reading of key files. Keys are wiped when done with. A context is used by one
 * thread at a time.
 */
#ifndef SEKI_LIB_SEAL_SEAL_H
#define SEKI_LIB_SEAL_SEAL_H

#include <stddef.h>
#include <stdint.h>

#define SEKI_SEAL_KEY_BYTES   32u
#define SEKI_SEAL_NONCE_BYTES 12u
#define SEKI_SEAL_TAG_BYTES   16u

struct seki_seal;

/* A context for one key (SEKI_SEAL_KEY_BYTES, copied). 0, -ENOMEM, or -EIO: OpenSSL refused. */
int seki_seal_create(const uint8_t *key, struct seki_seal **out);

/* Wipes the key. Takes NULL. */
void seki_seal_destroy(struct seki_seal *seal);

/*
 * Encrypts len bytes to out (may be in place) and makes the tag over them and the aad. The caller
 * never uses a nonce twice with a key. 0 or -EIO.
 */
int seki_seal_encrypt(struct seki_seal *seal, const uint8_t *nonce, const void *aad, size_t aad_len,
		      const void *in, size_t len, void *out, uint8_t *tag);

/* The reverse: 0, or -EBADMSG where the seal is broken; `out` is then wiped. */
int seki_seal_decrypt(struct seki_seal *seal, const uint8_t *nonce, const void *aad, size_t aad_len,
		      const void *in, size_t len, void *out, const uint8_t *tag);

/* A key (SEKI_SEAL_KEY_BYTES) from a key, a salt and the name of its use. 0, -ENOMEM or -EIO. */
int seki_seal_derive(const uint8_t *key, const void *salt, size_t salt_len, const char *info,
		     uint8_t *out);

/*
 * Reads a key file: a regular file that nobody but its owner may access, holding 32 bytes or 64 hex
 * digits and maybe a newline. 0; -EINVAL: not a regular file; -EPERM: others may access it;
 * -EBADMSG: holds something else; or what open(2) or read(2) say.
 */
int seki_seal_read_key(const char *path, uint8_t *key);

/* What is wrong and how to mend it, for an error of seki_seal_read_key(). */
const char *seki_seal_key_error(int err);

/* Overwrites a secret so that no compiler drops it. */
void seki_seal_wipe(void *secret, size_t len);

#endif
