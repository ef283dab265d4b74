/* SPDX-License-Identifier: Apache-2.0 */
/* Hash and InternetChecksum of sekisho.p4: bit after bit, word after word. */
#include "tests/p4ref/ref.h"

#include <string.h>

/* enum PSA_HashAlgorithm_t */
enum { IDENTITY, CRC32, CRC16, ONES_COMPLEMENT16, TARGET_DEFAULT, CRC32C, LOOKUP3 };

static struct ref_bits bits_of(struct ref *r, const struct p4_expr *data)
{
	struct ref_bits bits = {0};

	ref_pack(r, &bits, ref_eval(r, data), false);
	return bits;
}

static uint64_t number(struct ref *r, const struct p4_expr *e)
{
	mpz_t x;

	mpz_init(x);
	ref_unsigned(x, ref_eval(r, e));
	return mpz_get_ui(x);
}

static bool bit_at(const struct ref_bits *bits, size_t i)
{
	return i < bits->len && bits->data[i / 8] >> (7 - i % 8) & 1;
}

/* Bytes from their lowest bit on, as reflected CRCs have them. */
static uint32_t crc(const struct ref_bits *bits, uint32_t polynomial, uint32_t invert)
{
	uint32_t s = invert;

	for (size_t i = 0; i < (bits->len + 7) / 8 * 8; i++) {
		s ^= bit_at(bits, i / 8 * 8 + 7 - i % 8);
		s = s & 1 ? s >> 1 ^ polynomial : s >> 1;
	}
	return s ^ invert;
}

/* RFC 1071. */
static uint32_t add_words(const struct ref_bits *bits, uint32_t sum, bool take)
{
	for (size_t at = 0; at < bits->len; at += 16) {
		uint32_t word = 0;

		for (size_t i = at; i < at + 16; i++)
			word = word << 1 | bit_at(bits, i);
		sum += take ? word ^ 0xffff : word;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint64_t identity(const struct ref_bits *bits)
{
	uint64_t low = 0;

	for (size_t i = 0; i < bits->len; i++)
		low = low << 1 | bit_at(bits, i);
	return low;
}

uint64_t ref_hash_of(const struct ref_bits *bits, uint32_t algorithm)
{
	switch (algorithm) {
	case IDENTITY:
		return identity(bits);
	case CRC32:
		return crc(bits, 0xedb88320, 0xffffffff);
	case CRC16:
		return crc(bits, 0xa001, 0);
	case ONES_COMPLEMENT16:
		return add_words(bits, 0, false) ^ 0xffff;
	case LOOKUP3:
		return ref_lookup3(bits->data, (bits->len + 7) / 8);
	default:
		return crc(bits, 0x82f63b78, 0xffffffff);
	}
}

struct ref_val *ref_get_hash(struct ref *r, const struct p4_expr *call)
{
	bool bounded = call->callee->params->next != NULL;
	struct ref_obj *obj = ref_object(r, call->a->a);
	struct ref_bits bits;
	uint64_t hash, base, max;

	base = bounded ? number(r, call->bound[0]) : 0;
	bits = bits_of(r, call->bound[bounded]);
	max = bounded ? number(r, call->bound[2]) : 0;
	hash = ref_hash_of(&bits, obj->algorithm);
	return ref_number(r, ref_type(r, call->type), base + (max ? hash % max : hash));
}

struct ref_val *ref_checksum(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = ref_object(r, call->a->a);
	const char *name = call->callee->name;
	struct ref_bits bits;

	if (strcmp(name, "get") == 0)
		return ref_number(r, ref_type(r, call->type), obj->sum ^ 0xffff);
	if (strcmp(name, "get_state") == 0)
		return ref_number(r, ref_type(r, call->type), obj->sum);
	if (strcmp(name, "clear") == 0) {
		obj->sum = 0;
	} else if (strcmp(name, "set_state") == 0) {
		obj->sum = (uint32_t)number(r, call->bound[0]);
	} else {
		bits = bits_of(r, call->bound[0]);
		obj->sum = add_words(&bits, obj->sum, name[0] == 's');
	}
	return ref_make(r, call->type);
}
