// SPDX-License-Identifier: Apache-2.0
/*
 * What test_map_keep.c loads in the place of itself, in several makes: each counts its runs in maps
 * that the next may carry over. STEP is added to a counter; the other macros change shapes. Of the
 * packet, the first byte is a key.
 */
#include "tests/conformance/bpf/ubpf.h"

enum { MAP_QUEUE_ARRAY = 7 };

#ifndef STEP
#define STEP 1
#endif
#ifndef ENTRIES
#define ENTRIES 64
#endif
#ifndef START
#define START 7
#endif
#ifndef VALUE
#define VALUE uint64_t
#endif

struct ubpf_map_def seen = {MAP_HASH, 4, sizeof(VALUE), ENTRIES, 0};
struct ubpf_map_def runs = {MAP_QUEUE_ARRAY, 4, 8, 1, 0};
struct ubpf_map_def rules = {MAP_HASH, 4, 4, 8, 0};
struct ubpf_map_def rules_defaultAction = {MAP_ARRAY, 4, 4, 1, 0};
struct ubpf_map_def scratch asm("sekisho_scratch") = {MAP_QUEUE_ARRAY, 4, 8 * STEP, 1, 0};

const struct {
	uint32_t key, value;
} seki_init_rules[] __attribute__((section("sekisho.init"), used)) = {{1, START}};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint32_t key, zero = 0;
	VALUE *count, one = {STEP};
	uint64_t *all = ubpf_map_lookup(&runs, &zero);
	uint32_t *rule, *other = ubpf_map_lookup(&rules_defaultAction, &zero);
	uint64_t *mine = ubpf_map_lookup(&scratch, &zero);

	if (std_meta->packet_length < 1 || !all || !other || !mine)
		return 0;
	key = load_byte(pkt, 0);
	*all += 1;
	*mine = key;
	count = ubpf_map_lookup(&seen, &key);
	if (!count)
		ubpf_map_update(&seen, &key, &one);
	else
		*(uint64_t *)count += STEP;
	if (key % 4 == 3)
		ubpf_map_delete(&seen, &key);
	rule = ubpf_map_lookup(&rules, &key);
	return rule ? *rule : *other + 1;
}
