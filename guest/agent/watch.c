/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/agent/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/vminfo_event.h"
#include "lib/sys/log.h"
#include "vminfo.skel.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define QUEUE_MASK  (SEKI_VMINFO_SLOTS - 1)

/* Events taken in one go: what floods the network must not keep heartbeats waiting. */
#define EVENTS_MAX 256u

/* When to look again at a flow: each slot is at most once in the queue. */
struct again {
	uint32_t slot;
	uint64_t due_ns;
};

struct seki_watch {
	struct seki_publish *publish;
	struct vminfo_bpf *bpf;
	struct ring_buffer *ring;
	bool verbose;
	int err;	 /* of a publication inside a callback */
	uint32_t events; /* taken in this go */
	bool queued[SEKI_VMINFO_SLOTS];
	struct again queue[SEKI_VMINFO_SLOTS]; /* due times ascend: the delay is always the same */
	uint32_t head;
	uint32_t tail;
};

static int log_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	seki_log("%s", line);
	return 0;
}

static void show(const struct seki_udp_query *key, const struct seki_vminfo_flow *flow)
{
	int family = key->family == 4 ? AF_INET : AF_INET6;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	inet_ntop(family, key->saddr, from, sizeof(from));
	inet_ntop(family, key->daddr, to, sizeof(to));
	seki_log("udp %s port %u to %s port %u: %llu datagrams, pid %u uid %u (%.16s)", from,
		 key->sport, to, key->dport, (unsigned long long)flow->packets, flow->pid,
		 flow->uid, flow->comm);
}

static int publish(struct seki_watch *w, const struct seki_udp_query *key,
		   const struct seki_vminfo_flow *flow, uint64_t now_ns)
{
	uint32_t slot;
	int err;

	err = seki_publish_udp(w->publish, key, flow, &slot);
	if (err)
		return err;
	if (!w->queued[slot]) {
		w->queued[slot] = true;
		w->queue[w->tail++ & QUEUE_MASK] = (struct again){
			.slot = slot,
			.due_ns = now_ns + SEKI_VMINFO_EVENT_NS,
		};
	}
	if (w->verbose)
		show(key, flow);
	return 0;
}

static int on_event(void *ctx, void *data, size_t size)
{
	const struct seki_vminfo_event *event = data;
	struct seki_watch *w = ctx;

	if (size >= sizeof(*event) && !w->err)
		w->err = publish(w, &event->key, &event->flow, event->flow.event_ns);
	return ++w->events < EVENTS_MAX ? 0 : -EAGAIN;
}

static int load(struct seki_watch *w)
{
	int err;

	w->bpf = vminfo_bpf__open_and_load();
	if (!w->bpf)
		return -errno;
	w->ring = ring_buffer__new(bpf_map__fd(w->bpf->maps.events), on_event, w, NULL);
	if (!w->ring)
		return -errno;
	err = vminfo_bpf__attach(w->bpf);
	return err;
}

int seki_watch_create(struct seki_publish *p, bool verbose, struct seki_watch **out)
{
	struct seki_watch *w;
	int err;

	if (access(VMLINUX_BTF, R_OK))
		return -ENOTSUP;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->publish = p;
	w->verbose = verbose;
	libbpf_set_print(log_libbpf);
	err = load(w);
	if (err) {
		seki_watch_destroy(w);
		return err;
	}
	*out = w;
	return 0;
}

void seki_watch_destroy(struct seki_watch *w)
{
	if (!w)
		return;
	ring_buffer__free(w->ring);
	vminfo_bpf__destroy(w->bpf);
	free(w);
}

int seki_watch_fd(const struct seki_watch *w)
{
	return ring_buffer__epoll_fd(w->ring);
}

int seki_watch_events(struct seki_watch *w)
{
	int n;

	w->events = 0;
	n = ring_buffer__consume(w->ring);
	return n < 0 && n != -EAGAIN ? n : w->err;
}

uint64_t seki_watch_due(const struct seki_watch *w)
{
	return w->head == w->tail ? 0 : w->queue[w->head & QUEUE_MASK].due_ns;
}

/* Publishes the flow of a slot if datagrams followed. */
static int look_again(struct seki_watch *w, uint32_t slot, uint64_t boot_ns)
{
	uint64_t published;
	const struct seki_udp_query *key = seki_publish_flow(w->publish, slot, &published);
	struct seki_vminfo_flow flow;

	if (bpf_map_lookup_elem(bpf_map__fd(w->bpf->maps.flows), key, &flow))
		return 0; /* the kernel forgot it: it is not in use */
	return flow.packets == published ? 0 : publish(w, key, &flow, boot_ns);
}

int seki_watch_again(struct seki_watch *w, uint64_t boot_ns)
{
	/* What is queued on the way is due later: one round at most. */
	for (uint32_t end = w->tail; w->head != end; w->head++) {
		const struct again *next = &w->queue[w->head & QUEUE_MASK];
		int err;

		if (next->due_ns > boot_ns)
			break;
		w->queued[next->slot] = false;
		err = look_again(w, next->slot, boot_ns);
		if (err)
			return err;
	}
	return 0;
}

uint64_t seki_watch_last_udp_ns(const struct seki_watch *w)
{
	return __atomic_load_n(&w->bpf->bss->last_udp_ns, __ATOMIC_RELAXED);
}

uint64_t seki_watch_lost(const struct seki_watch *w)
{
	return __atomic_load_n(&w->bpf->bss->lost, __ATOMIC_RELAXED);
}
