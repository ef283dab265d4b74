/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/seal/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

/* One context a direction, so that a record costs no key schedule. */
struct seki_seal {
	EVP_CIPHER_CTX *encrypt;
	EVP_CIPHER_CTX *decrypt;
};

int seki_seal_create(const uint8_t *key, struct seki_seal **out)
{
	struct seki_seal *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->encrypt = EVP_CIPHER_CTX_new();
	s->decrypt = EVP_CIPHER_CTX_new();
	if (!s->encrypt || !s->decrypt) {
		seki_seal_destroy(s);
		return -ENOMEM;
	}
	if (EVP_EncryptInit_ex2(s->encrypt, EVP_aes_256_gcm(), key, NULL, NULL) != 1 ||
	    EVP_DecryptInit_ex2(s->decrypt, EVP_aes_256_gcm(), key, NULL, NULL) != 1) {
		seki_seal_destroy(s);
		return -EIO;
	}
	*out = s;
	return 0;
}

void seki_seal_destroy(struct seki_seal *seal)
{
	if (!seal)
		return;
	EVP_CIPHER_CTX_free(seal->encrypt);
	EVP_CIPHER_CTX_free(seal->decrypt);
	free(seal);
}

int seki_seal_encrypt(struct seki_seal *seal, const uint8_t *nonce, const void *aad, size_t aad_len,
		      const void *in, size_t len, void *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *c = seal->encrypt;
	int n;

	if (EVP_EncryptInit_ex2(c, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &n, aad, (int)aad_len) != 1 ||
	    EVP_EncryptUpdate(c, out, &n, in, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(c, (uint8_t *)out + n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SEKI_SEAL_TAG_BYTES, tag) != 1)
		return -EIO;
	return 0;
}

int seki_seal_decrypt(struct seki_seal *seal, const uint8_t *nonce, const void *aad, size_t aad_len,
		      const void *in, size_t len, void *out, const uint8_t *tag)
{
	EVP_CIPHER_CTX *c = seal->decrypt;
	int n;

	if (EVP_DecryptInit_ex2(c, NULL, NULL, nonce, NULL) == 1 &&
	    EVP_DecryptUpdate(c, NULL, &n, aad, (int)aad_len) == 1 &&
	    EVP_DecryptUpdate(c, out, &n, in, (int)len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SEKI_SEAL_TAG_BYTES, (void *)tag) == 1 &&
	    EVP_DecryptFinal_ex(c, (uint8_t *)out + n, &n) == 1)
		return 0;
	OPENSSL_cleanse(out, len);
	return -EBADMSG;
}

int seki_seal_derive(const uint8_t *key, const void *salt, size_t salt_len, const char *info,
		     uint8_t *out)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key,
						  SEKI_SEAL_KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
		OSSL_PARAM_END,
	};
	int err = 0;

	if (!ctx)
		err = -ENOMEM;
	else if (EVP_KDF_derive(ctx, out, SEKI_SEAL_KEY_BYTES, params) != 1)
		err = -EIO;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return err;
}

void seki_seal_wipe(void *secret, size_t len)
{
	OPENSSL_cleanse(secret, len);
}
