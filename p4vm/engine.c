/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One packet, one verdict. The packet's bytes are copied once from shared memory, and only those
 * that the verified program can touch; all decisions are taken on that copy. In the switch itself,
 * a program that changes nothing runs on the packet where it is.
 */
#include "p4vm/engine.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/ring/ring.h"
#include "lib/sys/probe.h"

static const char *const drop_texts[] = {
	[SEKI_DROP_PROGRAM] = "program",
	[SEKI_DROP_NO_PROGRAM] = "no program",
	[SEKI_DROP_BAD_PORT] = "bad port",
	[SEKI_DROP_NO_ROOM] = "no room to grow or shrink",
	[SEKI_DROP_BAD_LENGTH] = "bad length after program",
	[SEKI_DROP_ERROR] = "machine error",
};
_Static_assert(SEKI_COUNT(drop_texts) == SEKI_DROP_COUNT, "one text a reason");

const char *seki_drop_text(enum seki_drop drop)
{
	return (unsigned int)drop < SEKI_DROP_COUNT ? drop_texts[drop] : "?";
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Is it worth waiting for the fact that is missing? Without fresh facts none will come. */
static bool worth_waiting(const struct seki_engine *e, bool may_wait)
{
	return may_wait && e->may_wait && seki_vminfo_fresh(e->facts, e->boot_ns);
}

static int host_udp_sent(void *arg, const struct seki_udp_query *query, uint64_t within_ms,
			 bool may_wait)
{
	struct seki_engine *e = arg;

	if (!e->facts)
		return 0;
	if (seki_vminfo_udp_sent(e->facts, query, within_ms, e->boot_ns))
		return 1;
	return worth_waiting(e, may_wait) ? -EAGAIN : 0;
}

static int host_udp_sent_any(void *arg, uint64_t within_ms, bool may_wait)
{
	struct seki_engine *e = arg;

	if (!e->facts)
		return 0;
	if (seki_vminfo_udp_sent_any(e->facts, within_ms, e->boot_ns))
		return 1;
	return worth_waiting(e, may_wait) ? -EAGAIN : 0;
}

void seki_engine_init(struct seki_engine *engine, struct seki_vminfo *facts,
		      void (*print)(void *arg, const char *line))
{
	*engine = (struct seki_engine){
		.facts = facts,
		.host = {.arg = engine,
			 .print = print,
			 .udp_sent = host_udp_sent,
			 .udp_sent_any = host_udp_sent_any},
	};
	seki_engine_refresh(engine);
}

struct seki_bpf_prog *seki_engine_swap(struct seki_engine *engine, struct seki_bpf_prog *prog)
{
	struct seki_bpf_prog *old = engine->prog;

	engine->prog = prog;
	engine->touch = 0;
	engine->written = false;
	if (prog) {
		const struct seki_bpf_info *info = seki_bpf_prog_info(prog);

		engine->touch = info->packet_touch;
		engine->written = info->packet_written;
	}
	/* Lines of another source mean something else. */
	memset(engine->stats.sites, 0, sizeof(engine->stats.sites));
	engine->stats.n_sites = 0;
	engine->stats.other_sites = 0;
	return old;
}

bool seki_engine_refresh(struct seki_engine *engine)
{
	engine->boot_ns = clock_ns(CLOCK_BOOTTIME);
	engine->real_ns = clock_ns(CLOCK_REALTIME);
	return engine->facts && seki_vminfo_poll(engine->facts, engine->boot_ns, engine->real_ns);
}

static void count_site(struct seki_engine_stats *stats, uint32_t line)
{
	for (uint32_t i = 0; i < stats->n_sites; i++) {
		if (stats->sites[i].line == line) {
			stats->sites[i].count++;
			return;
		}
	}
	if (stats->n_sites == SEKI_ENGINE_SITES) {
		stats->other_sites++;
		return;
	}
	stats->sites[stats->n_sites++] = (struct seki_drop_site){.line = line, .count = 1};
}

static uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Fills the IPv4 part from `len` bytes that start with the IPv4 header. */
static void describe_ipv4(struct seki_dropped *d, const uint8_t *ip, uint32_t len)
{
	uint32_t header = len >= 20 ? (ip[0] & 15u) * 4u : 0;
	const uint8_t *l4 = ip + header;

	if (header < 20 || ip[0] >> 4 != 4)
		return;
	d->ip = 4;
	d->proto = ip[9];
	memcpy(d->saddr, ip + 12, 4);
	memcpy(d->daddr, ip + 16, 4);
	if (be16_at(ip + 6) & 0x1fff)
		return; /* a later fragment: no ports */
	if (d->proto == 1 && header + 2 <= len) {
		d->ports = true;
		d->sport = l4[0];
		d->dport = l4[1];
	} else if ((d->proto == 6 || d->proto == 17) && header + 4 <= len) {
		d->ports = true;
		d->sport = be16_at(l4);
		d->dport = be16_at(l4 + 2);
	}
}

/* At most one VLAN tag is looked behind. */
static void describe(struct seki_dropped *d, const uint8_t *bytes, uint32_t len)
{
	uint32_t off = 12;

	if (len < 14)
		return;
	d->ether = be16_at(bytes + off);
	if (d->ether == 0x8100 && len >= 18) {
		off += 4;
		d->ether = be16_at(bytes + off);
	}
	if (d->ether == 0x0800)
		describe_ipv4(d, bytes + off + 2, len - off - 2);
}

/* `len` bytes of the packet are in the engine's buffers. */
static void drop(struct seki_engine *e, const struct seki_packet *packet, enum seki_drop reason,
		 uint32_t line, uint32_t len, struct seki_completion *out)
{
	struct seki_engine_stats *stats = &e->stats;
	struct seki_dropped *d = &stats->last[stats->n_last++ % SEKI_ENGINE_LAST];

	stats->drops[reason]++;
	if (reason == SEKI_DROP_PROGRAM)
		count_site(stats, line);
	*d = (struct seki_dropped){.real_ns = e->real_ns,
				   .queue = packet->queue,
				   .line = line,
				   .drop = (uint8_t)reason,
				   .in_port = packet->sub->in_port};
	describe(d, e->seen, len);
	out->verdict = SEKI_VERDICT_DROP;
	out->site = (uint16_t)seki_min(line, UINT16_MAX);
}

/*
 * Says how the packet that leaves is made of the new head and the rest of the original, of which
 * the program saw `seen` bytes. False: the new head is larger than its run.
 */
static bool rewrite(struct seki_engine *e, const struct seki_packet *packet,
		    const struct seki_bpf_run *run, uint32_t seen, struct seki_completion *out)
{
	out->len = (uint16_t)run->len;
	if (run->off == SEKI_ENGINE_HEADROOM && run->copied <= seen &&
	    memcmp(e->work + run->off, e->seen, run->copied) == 0 && run->len <= packet->sub->len)
		return true; /* nothing but its length can have changed */
	if (run->copied >
	    seki_min(UINT16_MAX, seki_ring_run(packet->sub->copied) * SEKI_SLOT_BYTES))
		return false;
	e->head = e->work + run->off;
	out->head_in = (uint16_t)seen;
	out->head_out = (uint16_t)run->copied;
	return true;
}

/* The program's own verdict, and where it wants a copy of the packet. */
static uint8_t verdict_of(const struct seki_bpf_run *run, enum seki_verdict verdict)
{
	if (!run->meta.clone)
		return (uint8_t)verdict;
	/* 0 is the greatest less 1. */
	return (uint8_t)(verdict |
			 ((uint32_t)seki_min(run->meta.clone_port - 1u, SEKI_CLONE_MAX - 1) + 1)
				 << SEKI_CLONE_SHIFT);
}

/* The program ended: its verdict. */
static void judge(struct seki_engine *e, const struct seki_packet *packet,
		  const struct seki_bpf_run *run, uint64_t r0, uint32_t seen,
		  struct seki_completion *out)
{
	if (r0 == 0) {
		drop(e, packet, SEKI_DROP_PROGRAM, run->site, seen, out);
		out->verdict = verdict_of(run, SEKI_VERDICT_DROP);
		return;
	}
	if (run->len < SEKI_PACKET_MIN || run->len > SEKI_PACKET_MAX) {
		drop(e, packet, SEKI_DROP_BAD_LENGTH, 0, seen, out);
		return;
	}
	out->len = packet->sub->len;
	if (e->written && !rewrite(e, packet, run, seen, out)) {
		drop(e, packet, SEKI_DROP_NO_ROOM, 0, seen, out);
		return;
	}
	out->verdict = verdict_of(run, SEKI_VERDICT_PASS);
	if (run->meta.output_action == SEKI_ACTION_REDIRECT) {
		out->verdict = verdict_of(run, SEKI_VERDICT_REDIRECT);
		out->out_port = (uint8_t)seki_min(run->meta.output_port, UINT8_MAX);
	}
}

static int run_program(struct seki_engine *e, const struct seki_packet *packet, uint32_t seen,
		       struct seki_completion *out)
{
	const struct seki_submission *sub = packet->sub;
	bool in_place = e->seen == packet->bytes && !e->written;
	struct seki_bpf_run run = {
		.host = &e->host,
		/* Of a program that was proved never to write. */
		.buf = in_place ? (uint8_t *)(uintptr_t)packet->bytes : e->work,
		.size = in_place ? seen : sizeof(e->work),
		.off = in_place ? 0 : SEKI_ENGINE_HEADROOM,
		.copied = seen,
		.len = sub->len,
		.rss_hash = sub->rss_hash,
		.queue = e->queue,
		.meta = {.input_port = sub->in_port, .output_action = SEKI_ACTION_PASS}};
	uint64_t r0 = 0;
	int err;

	e->may_wait = packet->may_wait;
	SEKI_PROBE(run_begin, sub->in_port, sub->len);
	err = seki_bpf_prog_run(e->prog, &run, &r0);
	SEKI_PROBE(run_end, err, r0, run.site, run.insns);
	e->stats.insns += run.insns;
	if (err == -EAGAIN)
		return -EAGAIN;
	if (err)
		drop(e, packet, err == -ENOBUFS ? SEKI_DROP_NO_ROOM : SEKI_DROP_ERROR, run.site,
		     seen, out);
	else
		judge(e, packet, &run, r0, seen, out);
	return 0;
}

/* What the program runs on, and what it is compared with afterwards. */
static void take_bytes(struct seki_engine *e, const struct seki_packet *packet, uint32_t seen)
{
	e->head = e->work;
	e->seen = packet->bytes;
	if (packet->still && !e->written)
		return;
	memcpy(e->work + SEKI_ENGINE_HEADROOM, packet->bytes, seen);
	if (packet->still)
		return;
	e->seen = e->work + SEKI_ENGINE_HEADROOM;
	if (!e->written)
		return;
	memcpy(e->orig, e->seen, seen);
	e->seen = e->orig;
}

int seki_engine_run(struct seki_engine *engine, const struct seki_packet *packet,
		    struct seki_completion *out)
{
	const struct seki_submission *sub = packet->sub;
	uint32_t seen = (uint32_t)seki_min(sub->copied, engine->touch);

	*out = (struct seki_completion){.slot = sub->slot, .generation = sub->generation};
	if (!engine->prog && engine->pass && sub->in_port <= SEKI_PORT_VM) {
		out->verdict = SEKI_VERDICT_PASS;
		out->len = sub->len;
		return 0;
	}
	if (!engine->prog || sub->in_port > SEKI_PORT_VM) {
		drop(engine, packet, engine->prog ? SEKI_DROP_BAD_PORT : SEKI_DROP_NO_PROGRAM, 0, 0,
		     out);
		return 0;
	}
	if (seen < seki_min(sub->len, engine->touch)) {
		out->verdict = SEKI_VERDICT_MORE;
		return 0;
	}
	take_bytes(engine, packet, seen);
	return run_program(engine, packet, seen, out);
}
