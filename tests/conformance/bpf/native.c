// SPDX-License-Identifier: Apache-2.0
/*
 * The same C without the machine: compiled natively with one program (-DSEKI_NATIVE), it does what
 * objrun does, with the helpers in the plainest way. What they print must be equal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4obj.h"

#define HEADROOM   128
#define PACKET_MAX 2048
#define ENTRIES	   4096

uint64_t entry(void *ctx, struct seki_std_meta *std_meta);

static struct {
	uint8_t buf[HEADROOM + PACKET_MAX];
	uint32_t off, len;
} packet;

static struct {
	const struct seki_map_def *map;
	uint8_t *key, *value;
} entries[ENTRIES];

static size_t n_entries;

static void *find(const struct seki_map_def *map, const void *key)
{
	for (size_t i = 0; i < n_entries; i++)
		if (entries[i].map == map && !memcmp(entries[i].key, key, map->key_size))
			return entries[i].value;
	return NULL;
}

static void *make(const struct seki_map_def *map, const void *key)
{
	if (n_entries == ENTRIES)
		abort();
	entries[n_entries].map = map;
	entries[n_entries].key = malloc(map->key_size);
	entries[n_entries].value = calloc(1, map->value_size);
	memcpy(entries[n_entries].key, key, map->key_size);
	return entries[n_entries++].value;
}

/* An array has all its entries. */
void *ubpf_map_lookup(const struct seki_map_def *map, const void *key)
{
	void *value = find(map, key);
	uint32_t index;

	if (value || map->type != SEKI_MAP_ARRAY)
		return value;
	memcpy(&index, key, sizeof(index));
	return index < map->max_entries ? make(map, key) : NULL;
}

int ubpf_map_update(const struct seki_map_def *map, const void *key, const void *value)
{
	void *old = ubpf_map_lookup(map, key);

	memcpy(old ? old : make(map, key), value, map->value_size);
	return 0;
}

int ubpf_map_delete(const struct seki_map_def *map, const void *key)
{
	for (size_t i = 0; i < n_entries; i++)
		if (entries[i].map == map && !memcmp(entries[i].key, key, map->key_size)) {
			entries[i] = entries[--n_entries];
			return 0;
		}
	return -1;
}

uint64_t ubpf_time_get_ns(void)
{
	return 1000000000u;
}

/* Bob Jenkins' lookup3 of up to 12 bytes. */
uint32_t ubpf_hash(const void *data, uint64_t size)
{
	static const uint8_t by[7] = {14, 11, 25, 16, 4, 14, 24};
	uint32_t s[3];

	if (size > 12)
		abort();
	s[0] = s[1] = s[2] = 0xdeadbeefu + (uint32_t)size;
	for (uint64_t i = 0; i < size; i++)
		s[i / 4] += (uint32_t)((const uint8_t *)data)[i] << (i % 4 * 8);
	for (int i = 0; size && i < 7; i++) {
		uint32_t *to = &s[(i + 2) % 3], from = s[(i + 1) % 3];

		*to ^= from;
		*to -= from << by[i] | from >> (32 - by[i]);
	}
	return s[2];
}

void ubpf_printf(const char *format, ...)
{
	(void)format;
}

void *ubpf_packet_data(const void *ctx)
{
	(void)ctx;
	return packet.buf + packet.off;
}

void *ubpf_adjust_head(const void *ctx, uint64_t by)
{
	int32_t n = (int32_t)by;

	if (n > (int32_t)packet.off || -n > (int32_t)packet.len) {
		printf("error No buffer space available\n");
		exit(EXIT_FAILURE);
	}
	packet.off -= (uint32_t)n;
	packet.len += (uint32_t)n;
	if (n > 0)
		memset(packet.buf + packet.off, 0, (uint32_t)n);
	return ubpf_packet_data(ctx);
}

uint32_t ubpf_truncate_packet(const void *ctx, uint64_t max)
{
	int32_t keep = (int32_t)max < 0 ? 0 : (int32_t)max;
	uint32_t gone = packet.len > (uint32_t)keep ? packet.len - (uint32_t)keep : 0;

	(void)ctx;
	packet.len -= gone;
	return gone;
}

static void run(const char *hex)
{
	struct seki_std_meta meta = {.packet_length = 0};
	unsigned int byte;
	uint64_t r0;

	packet.off = HEADROOM;
	packet.len = 0;
	while (packet.len < PACKET_MAX && sscanf(hex + 2 * packet.len, "%2x", &byte) == 1)
		packet.buf[HEADROOM + packet.len++] = (uint8_t)byte;
	meta.packet_length = packet.len;
	r0 = entry(&packet, &meta);
	printf("%s", r0 ? "pass " : "drop");
	for (uint32_t i = 0; r0 && i < packet.len; i++)
		printf("%02x", packet.buf[packet.off + i]);
	printf("\n");
}

int main(void)
{
	char line[2 * PACKET_MAX + 2];

	while (fgets(line, sizeof(line), stdin))
		run(line);
	return EXIT_SUCCESS;
}
