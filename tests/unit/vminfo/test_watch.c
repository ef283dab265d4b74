/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of the kernel's events, with a kernel that never runs out of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/vminfo_event.h"
#include "guest/agent/watch.h"

#define ENDLESS 100000u /* events in one go that no agent should take */

static ring_buffer_sample_fn sample;
static void *sample_ctx;
static uint32_t flow_number;

/* The kernel and libbpf, as far as watch.c uses them. */

int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	(void)path;
	(void)mode;
	return 0;
}

int bpf_object__open_skeleton(struct bpf_object_skeleton *s, const struct bpf_object_open_opts *o)
{
	(void)s;
	(void)o;
	return 0;
}

int bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	(void)s;
	return 0;
}

int bpf_object__attach_skeleton(struct bpf_object_skeleton *s)
{
	(void)s;
	return 0;
}

void bpf_object__detach_skeleton(struct bpf_object_skeleton *s)
{
	(void)s;
}

/* As libbpf does: a skeleton is the owner of its tables. */
void bpf_object__destroy_skeleton(struct bpf_object_skeleton *s)
{
	if (!s)
		return;
	free(s->maps);
	free(s->progs);
	free(s);
}

int bpf_map__fd(const struct bpf_map *map)
{
	(void)map;
	return -1;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	(void)fd;
	(void)key;
	(void)value;
	return -ENOENT;
}

libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
{
	(void)fn;
	return NULL;
}

struct ring_buffer *ring_buffer__new(int fd, ring_buffer_sample_fn fn, void *ctx,
				     const struct ring_buffer_opts *opts)
{
	(void)fd;
	(void)opts;
	sample = fn;
	sample_ctx = ctx;
	return (struct ring_buffer *)&sample; /* never looked into */
}

void ring_buffer__free(struct ring_buffer *ring)
{
	(void)ring;
}

int ring_buffer__epoll_fd(const struct ring_buffer *ring)
{
	(void)ring;
	return -1;
}

/* Ends where the callback says so; else there is always one more. */
int ring_buffer__consume(struct ring_buffer *ring)
{
	struct seki_vminfo_event event = {.key = {.family = 4}, .flow = {.packets = 1}};

	(void)ring;
	for (uint32_t n = 0; n < ENDLESS; n++) {
		int err;

		flow_number++;
		memcpy(event.key.saddr, &flow_number, sizeof(flow_number));
		err = sample(sample_ctx, &event, sizeof(event));
		if (err < 0)
			return err;
	}
	fail_msg("the agent takes events for ever");
	return 0;
}

static void a_flood_of_flows_leaves_time_for_heartbeats(void **state)
{
	static const uint8_t key[SEKI_VMINFO_KEY_BYTES];
	void *region = aligned_alloc(4096, SEKI_VMINFO_REGION_BYTES);
	struct seki_publish *publish;
	struct seki_watch *watch;

	(void)state;
	assert_int_equal(seki_publish_create(region, key, 1, 1, &publish), 0);
	assert_int_equal(seki_watch_create(publish, false, &watch), 0);
	for (int i = 0; i < 3; i++) {
		uint64_t before = seki_publish_updates(publish);

		assert_int_equal(seki_watch_events(watch), 0);
		assert_true(seki_publish_updates(publish) > before);
	}
	seki_watch_destroy(watch);
	seki_publish_destroy(publish);
	free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_flows_leaves_time_for_heartbeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
