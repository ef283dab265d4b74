// SPDX-License-Identifier: Apache-2.0
/* What helpers do without a host: hashes, formats, packets whose ends move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/bpf/helper.h"
#include "core/bpf/packet.h"

/* The vectors that Bob Jenkins gives with lookup3. */
static void test_lookup3(void **state)
{
	static const char *text = "Four score and seven years ago";

	(void)state;
	assert_int_equal(seki_bpf_hash("", 0, 0), 0xdeadbeef);
	assert_int_equal(seki_bpf_hash("", 0, 0xdeadbeef), 0xbd5b7dde);
	assert_int_equal(seki_bpf_hash(text, 30, 0), 0x17770551);
	assert_int_equal(seki_bpf_hash(text, 30, 1), 0xcd628161);
}

/* The check values of the catalogue of CRCs: of the digits 1 to 9, at once and in two parts. */
static void test_crcs(void **state)
{
	static const uint32_t want[] = {
		[SEKI_CRC_16_ARC] = 0xbb3d,
		[SEKI_CRC_32_ISO_HDLC] = 0xcbf43926,
		[SEKI_CRC_32_ISCSI] = 0xe3069283,
	};

	(void)state;
	for (uint64_t kind = 0; kind < 3; kind++) {
		assert_int_equal(seki_bpf_crc("123456789", 9, kind, 0), want[kind]);
		assert_int_equal(seki_bpf_crc("6789", 4, kind, seki_bpf_crc("12345", 5, kind, 0)),
				 want[kind]);
	}
	assert_int_equal(seki_bpf_crc("123456789", 9, 3, 7), 0);
	assert_int_equal(seki_bpf_crc("123456789", 9, UINT64_MAX, 7), 0);
}

static void test_formats(void **state)
{
	(void)state;
	assert_int_equal(seki_bpf_format_args("plain", 6), 0);
	assert_int_equal(seki_bpf_format_args("%d %u %x %lld", 14), 4);
	assert_int_equal(seki_bpf_format_args("%llu%llx%c%%", 13), 3);
	assert_int_equal(seki_bpf_format_args("%d%d%d%d%d", 11), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%s", 3), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%n", 3), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%5d", 4), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%ld", 4), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%llc", 5), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%", 2), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%ll", 3), -EINVAL);
	assert_int_equal(seki_bpf_format_args("open", 4), -EINVAL);
	assert_int_equal(seki_bpf_format_args("", 0), -EINVAL);
}

static void test_packet_moves(void **state)
{
	uint8_t buf[16];
	struct seki_bpf_packet p = {buf, sizeof(buf), 4, 8, 20};

	(void)state;
	memset(buf, 0xaa, sizeof(buf));
	memset(buf + 4, 0x11, 8);
	assert_int_equal(seki_bpf_packet_adjust(&p, 2), 0);
	assert_int_equal(p.off, 2);
	assert_int_equal(p.copied, 10);
	assert_int_equal(p.len, 22);
	assert_memory_equal(buf + 2, "\0\0\x11", 3);
	/* More than there is in front: the bytes move up into the room behind. */
	assert_int_equal(seki_bpf_packet_adjust(&p, 6), 0);
	assert_int_equal(p.off, 0);
	assert_int_equal(p.copied, 16);
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0\x11\x11\x11\x11\x11\x11\x11\x11", 16);
	assert_int_equal(seki_bpf_packet_adjust(&p, 1), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, -17), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, INT32_MIN), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, INT32_MAX), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, -10), 0);
	assert_int_equal(p.copied, 6);
	assert_int_equal(p.len, 18);
	assert_int_equal(seki_bpf_packet_truncate(&p, 100), 0);
	assert_int_equal(seki_bpf_packet_truncate(&p, 10), 8);
	assert_int_equal(p.copied, 6);
	assert_int_equal(seki_bpf_packet_truncate(&p, 3), 7);
	assert_int_equal(p.copied, 3);
	assert_int_equal(seki_bpf_packet_truncate(&p, -1), 3);
	assert_int_equal(p.len, 0);
}

static void test_longest_packet(void **state)
{
	uint8_t buf[16] = {0};
	struct seki_bpf_packet p = {buf, sizeof(buf), 4, 8, SEKI_BPF_PACKET_MAX - 2};

	(void)state;
	assert_int_equal(seki_bpf_packet_adjust(&p, 3), -ENOBUFS);
	assert_int_equal(p.len, SEKI_BPF_PACKET_MAX - 2);
	assert_int_equal(seki_bpf_packet_adjust(&p, 2), 0);
	assert_int_equal(p.len, SEKI_BPF_PACKET_MAX);
}

static void test_prototypes(void **state)
{
	(void)state;
	assert_null(seki_bpf_proto(-1));
	assert_null(seki_bpf_proto(INT64_MIN));
	assert_null(seki_bpf_proto(0));
	assert_null(seki_bpf_proto(SEKI_HELPER_MAX));
	assert_null(seki_bpf_proto((1ll << 32) + SEKI_HELPER_MAP_LOOKUP));
	assert_string_equal(seki_bpf_proto(SEKI_HELPER_MAP_LOOKUP)->name, "ubpf_map_lookup");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup3),	       cmocka_unit_test(test_crcs),
		cmocka_unit_test(test_formats),	       cmocka_unit_test(test_packet_moves),
		cmocka_unit_test(test_longest_packet), cmocka_unit_test(test_prototypes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
