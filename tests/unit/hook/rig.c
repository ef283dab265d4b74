// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hook/rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* In place of connector.c. */
void seki_connector_lock(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_unlock(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_kick(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_add(struct seki_connector *c, struct seki_queue *q)
{
	(void)c;
	(void)q;
}

void seki_connector_remove(struct seki_connector *c, struct seki_queue *q)
{
	(void)c;
	(void)q;
}

void seki_connector_redirect(struct seki_queue *q)
{
	q->link.reconnect = true;
}

static void drop_packet(void *packet)
{
	((struct rig_packet *)packet)->dropped = true;
}

struct seki_hook_config rig_config(void)
{
	return (struct seki_hook_config){
		.socket = "/p4vm",
		.inflight = SEKI_RING_ENTRIES,
		.deadline_ms = 1000,
		.workers = 1,
		.grants = 2,
		.grant = {"one", "two"},
	};
}

static void require(bool ok)
{
	if (!ok)
		abort();
}

void rig_attach(struct rig *r)
{
	struct seki_session *s = calloc(1, sizeof(*s));
	int socks[2];

	require(s && !r->session);
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, socks) == 0);
	s->sock = socks[0];
	r->vm_sock = socks[1];
	s->eventfd = eventfd(0, EFD_NONBLOCK);
	s->switch_region = memset(r->switch_region, 0, SEKI_RING_SLOT_OFFSET);
	s->p4vm_region = memset(r->p4vm_region, 0, SEKI_RING_SLOT_OFFSET);
	seki_ring_switch_init(&s->ring, s->switch_region, s->p4vm_region);
	require(seki_ring_p4vm_init(&r->vm, s->switch_region, s->p4vm_region) == 0);
	seki_ring_p4vm_set_want(&r->vm, RIG_WANT);
	r->session = s;
	r->q->offered = s;
}

static void free_session(struct rig *r)
{
	struct seki_session *s = r->session;

	close(s->sock);
	close(s->eventfd);
	close(r->vm_sock);
	free(s);
	r->session = NULL;
}

bool rig_collect(struct rig *r)
{
	if (!r->session || !r->session->released)
		return false;
	free_session(r);
	return true;
}

struct rig *rig_create(const struct seki_hook_config *config)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct seki_outcome out;

	require(r && seki_hook_create(NULL, "port", config, drop_packet, &r->hook) == 0);
	r->q = seki_hook_queue(r->hook, 7, 0);
	require(r->q && seki_hook_queue(r->hook, 7, 0) == r->q);
	r->now_ns = 1000000000;
	r->switch_region = calloc(1, SEKI_RING_REGION_BYTES);
	r->p4vm_region = calloc(1, SEKI_RING_REGION_BYTES);
	require(r->switch_region && r->p4vm_region);
	rig_attach(r);
	require(!rig_poll(r, &out) && r->q->session == r->session);
	return r;
}

void rig_destroy(struct rig *r)
{
	seki_hook_destroy(r->hook);
	if (r->session)
		free_session(r);
	while (r->packets) {
		struct rig_packet *next = r->packets->next;

		free(r->packets);
		r->packets = next;
	}
	free(r->switch_region);
	free(r->p4vm_region);
	free(r);
}

struct rig_packet *rig_packet(struct rig *r, uint32_t len)
{
	struct rig_packet *p = calloc(1, sizeof(*p));

	require(p && len <= sizeof(p->bytes));
	p->next = r->packets;
	r->packets = p;
	p->len = len;
	for (uint32_t i = 0; i < len; i++)
		p->bytes[i] = (uint8_t)(i * 7 + 1);
	return p;
}

enum seki_fate rig_submit(struct rig *r, uint32_t in_port, struct rig_packet *p)
{
	const struct seki_hook_packet packet = {p, p->bytes, p->len, 0x1234, 0};
	enum seki_fate fate;

	seki_queue_submit(r->q, in_port, r->now_ns, &packet, 1, &fate);
	return fate;
}

bool rig_take(struct rig *r, struct seki_submission *out)
{
	return seki_ring_p4vm_take(&r->vm, out, 1, NULL, NULL) == 1;
}

void rig_answer(struct rig *r, const struct seki_completion *c)
{
	seki_ring_p4vm_answer(&r->vm, c, 1);
}

struct seki_completion rig_verdict(const struct seki_submission *s, uint8_t verdict)
{
	return (struct seki_completion){
		.slot = s->slot, .generation = s->generation, .verdict = verdict, .len = s->len};
}

bool rig_poll(struct rig *r, struct seki_outcome *out)
{
	return seki_queue_poll(r->q, r->now_ns, out, 1) == 1;
}

int rig_set_up(void **state)
{
	const struct seki_hook_config config = rig_config();

	*state = rig_create(&config);
	return 0;
}

int rig_tear_down(void **state)
{
	rig_destroy(*state);
	return 0;
}

struct seki_hook_stats rig_stats(struct rig *r)
{
	struct seki_hook_stats s;

	seki_hook_stats(r->hook, 0, &s);
	return s;
}
