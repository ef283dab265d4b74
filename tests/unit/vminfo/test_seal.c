/* SPDX-License-Identifier: Apache-2.0 */
/* lib/seal against published test vectors, and key files. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/seal/seal.h"

static void from_hex(const char *hex, uint8_t *out)
{
	for (; *hex; hex += 2, out++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		*out = (uint8_t)byte;
	}
}

/* Test case 16 of the GCM specification (McGrew, Viega, "The Galois/Counter Mode of Operation"). */
static void gcm_matches_the_published_vector(void **state)
{
	uint8_t key[32], nonce[12], aad[20], plain[60], expected[60], tag[16], out[60], made[16];
	struct seki_seal *seal;

	(void)state;
	from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key);
	from_hex("cafebabefacedbaddecaf888", nonce);
	from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	from_hex(
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532f"
		"cf0e2449a6b525b16aedf5aa0de657ba637b39",
		plain);
	from_hex(
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7"
		"b08b1056828838c5f61e6393ba7a0abcc9f662",
		expected);
	from_hex("76fc6ece0f4e1768cddf8853bb2d551b", tag);
	assert_int_equal(seki_seal_create(key, &seal), 0);
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(seki_seal_encrypt(seal, nonce, aad, 20, plain, 60, out, made), 0);
		assert_memory_equal(out, expected, 60);
		assert_memory_equal(made, tag, 16);
		assert_int_equal(seki_seal_decrypt(seal, nonce, aad, 20, out, 60, out, tag), 0);
		assert_memory_equal(out, plain, 60);
	}
	seki_seal_destroy(seal);
	seki_seal_destroy(NULL);
}

/* RFC 5869's vectors have keys of other lengths; this one was computed by its definition with the
 * hmac module of Python. */
static void hkdf_matches_another_implementation(void **state)
{
	uint8_t key[32], salt[16], out[32], expected[32];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 16; i++)
		salt[i] = (uint8_t)(0xf0 + i);
	from_hex("f28007e41ebb4a8dbbe8473c65eab39ee666dd2539ef99cf63ed4f908c9ce4b6", expected);
	assert_int_equal(seki_seal_derive(key, salt, 16, "sekisho vminfo 1", out), 0);
	assert_memory_equal(out, expected, 32);
}

static void a_broken_seal_opens_nothing(void **state)
{
	const uint8_t key[32] = {1}, nonce[12] = {2};
	uint8_t aad[8] = {3}, text[16] = {4}, sealed[16], tag[16], out[16], zeros[16] = {0};
	struct seki_seal *seal;
	uint8_t *parts[] = {aad, sealed, tag};
	const size_t sizes[] = {sizeof(aad), sizeof(sealed), sizeof(tag)};

	(void)state;
	assert_int_equal(seki_seal_create(key, &seal), 0);
	assert_int_equal(seki_seal_encrypt(seal, nonce, aad, 8, text, 16, sealed, tag), 0);
	for (int part = 0; part < 3; part++) {
		for (size_t bit = 0; bit < 8 * sizes[part]; bit++) {
			parts[part][bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(
				seki_seal_decrypt(seal, nonce, aad, 8, sealed, 16, out, tag),
				-EBADMSG);
			assert_memory_equal(out, zeros, 16);
			parts[part][bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	assert_int_equal(seki_seal_decrypt(seal, nonce, aad, 8, sealed, 16, out, tag), 0);
	assert_memory_equal(out, text, 16);
	seki_seal_destroy(seal);
}

static int read_back(const void *data, size_t len, mode_t mode, uint8_t *key)
{
	char path[] = "/tmp/sekisho-key-XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	err = seki_seal_read_key(path, key);
	unlink(path);
	return err;
}

static void keys_are_raw_or_hex(void **state)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n";
	uint8_t raw[33] = {0}, key[32];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		raw[i] = i;
	assert_int_equal(read_back(raw, 32, 0600, key), 0);
	assert_memory_equal(key, raw, 32);
	memset(key, 0xff, 32);
	assert_int_equal(read_back(hex, 65, 0400, key), 0);
	assert_memory_equal(key, raw, 32);
	memset(key, 0xff, 32);
	assert_int_equal(read_back(hex, 64, 0600, key), 0);
	assert_memory_equal(key, raw, 32);
	assert_int_equal(read_back(raw, 31, 0600, key), -EBADMSG);
	assert_int_equal(read_back(raw, 33, 0600, key), -EBADMSG);
	assert_int_equal(read_back(raw, 0, 0600, key), -EBADMSG);
	assert_int_equal(read_back(hex, 63, 0600, key), -EBADMSG);
	assert_int_equal(
		read_back("g000000000000000000000000000000000000000000000000000000000000000", 64,
			  0600, key),
		-EBADMSG);
}

static void keys_that_others_may_read_are_refused(void **state)
{
	static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666, 0777};
	uint8_t raw[32] = {0}, key[32];
	char dir[] = "/tmp/sekisho-key-XXXXXX", path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++)
		assert_int_equal(read_back(raw, 32, open_modes[i], key), -EPERM);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(seki_seal_read_key(dir, key), -EINVAL);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(seki_seal_read_key(path, key), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(seki_seal_read_key(path, key), -EINVAL);
	unlink(path);
	rmdir(dir);
	assert_non_null(strstr(seki_seal_key_error(-EPERM), "chmod 600"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcm_matches_the_published_vector),
		cmocka_unit_test(hkdf_matches_another_implementation),
		cmocka_unit_test(a_broken_seal_opens_nothing),
		cmocka_unit_test(keys_are_raw_or_hex),
		cmocka_unit_test(keys_that_others_may_read_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
