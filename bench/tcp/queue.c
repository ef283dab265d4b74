// SPDX-License-Identifier: Apache-2.0
/*
 * The switch's end: stands in for host/ovs/queue.c and connector.c in an Open vSwitch of its own. The datapath thread
 * hands a packet over and waits for its verdict, then the next. A port is attached by
 * other_config:sekisho=/tcp/PORT, a TCP port of this machine.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/tcp/wire.h"
#include "host/ovs/queue.h"

#define RETRY_NS  200000000ull
#define ADDRESSED "/tcp/"
#define REWRITTEN 64u /* packets that wait for the next poll, as only then they can be changed */

struct rewritten {
	struct seki_outcome out;
	uint8_t bytes[SEKI_PACKET_MAX];
};

/* What a queue has instead of a session; the first member is what the rest of the hook sees. */
struct connection {
	struct seki_session session; /* sock: -1 while there is none */
	uint64_t tried_ns;
	uint32_t first, count;
	struct rewritten at[REWRITTEN];
};

struct seki_connector {
	int bell; /* never rung */
};

int seki_connector_create(struct seki_connector **out)
{
	struct seki_connector *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*out = c;
	return 0;
}

void seki_connector_destroy(struct seki_connector *c)
{
	if (c)
		close(c->bell);
	free(c);
}

int seki_connector_bell(const struct seki_connector *c)
{
	return c->bell;
}

void seki_connector_wake(struct seki_connector *c)
{
	(void)c;
}

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
	struct connection *conn = (struct connection *)q->session;

	(void)c;
	if (conn && conn->session.sock >= 0)
		close(conn->session.sock);
	free(conn);
	q->session = NULL;
}

void seki_connector_redirect(struct seki_queue *q)
{
	(void)q;
}

void seki_queue_init(struct seki_queue *q, struct seki_hook *hook, uint32_t key, uint32_t number)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	if (!conn)
		abort();
	conn->session.sock = -1;
	memset(q, 0, sizeof(*q));
	q->hook = hook;
	q->number = number;
	q->stats.key = key;
	q->session = &conn->session;
	q->held = &q->alone;
}

static int connect_to(const char *path)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (strncmp(path, ADDRESSED, strlen(ADDRESSED)) == 0)
		addr.sin_port = htons((uint16_t)atoi(path + strlen(ADDRESSED)));
	if (sock >= 0 && connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(sock);
		return -1;
	}
	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return sock;
}

static bool is_connected(struct seki_queue *q, struct connection *conn, uint64_t now_ns)
{
	if (conn->session.sock < 0 && now_ns - conn->tried_ns > RETRY_NS &&
	    !seki_hook_off(q->hook)) {
		conn->tried_ns = now_ns;
		conn->session.sock = connect_to(q->hook->config.socket);
		q->stats.sessions += conn->session.sock >= 0;
	}
	q->stats.state = conn->session.sock >= 0 ? SEKI_QUEUE_UP : SEKI_QUEUE_DOWN;
	return conn->session.sock >= 0;
}

static enum seki_fate drop(struct seki_queue *q, uint32_t in_port, enum seki_hook_reason why)
{
	q->stats.from[in_port].dropped[why]++;
	return SEKI_FATE_DROP;
}

enum seki_fate seki_queue_unjudged(struct seki_queue *q, uint32_t in_port,
				   enum seki_hook_reason why)
{
	return drop(q, in_port, why);
}

static enum seki_fate keep(struct seki_queue *q, struct connection *conn, struct rewritten *r,
			   const struct tcp_reply *reply, const struct seki_hook_packet *p,
			   uint32_t in_port)
{
	struct seki_hook_counts *counts = &q->stats.from[in_port];

	if (reply->out_port == (in_port ^ 1)) {
		counts->passed++;
		if (!reply->edited)
			return SEKI_FATE_PASS;
	} else {
		counts->redirected++;
	}
	counts->rewritten += reply->edited;
	r->out = (struct seki_outcome){.packet = p->packet,
				       .in_port = in_port,
				       .fate = SEKI_FATE_PASS,
				       .out_port = reply->out_port,
				       .edited = reply->edited,
				       .head_in = p->len,
				       .head_out = reply->len,
				       .head = r->bytes,
				       .len = reply->len,
				       .tag = p->tag};
	conn->count++;
	return SEKI_FATE_HELD;
}

static enum seki_fate exchange(struct seki_queue *q, const struct seki_hook_packet *p,
			       uint32_t in_port)
{
	struct connection *conn = (struct connection *)q->session;
	struct rewritten *r = &conn->at[(conn->first + conn->count) % REWRITTEN];
	const struct tcp_request request = {
		.len = p->len, .rss_hash = p->rss_hash, .in_port = in_port};
	struct tcp_reply reply;
	int sock = conn->session.sock;

	if (p->len < SEKI_PACKET_MIN || p->len > SEKI_PACKET_MAX)
		return drop(q, in_port, SEKI_REASON_LENGTH);
	if (conn->count == REWRITTEN)
		return drop(q, in_port, SEKI_REASON_FULL);
	q->stats.batches++;
	if (!tcp_send(sock, &request, sizeof(request), p->data, p->len) ||
	    !tcp_receive(sock, &reply, sizeof(reply)) || reply.len > SEKI_PACKET_MAX ||
	    !tcp_receive(sock, r->bytes, reply.len)) {
		close(sock);
		conn->session.sock = -1;
		return drop(q, in_port, SEKI_REASON_DOWN);
	}
	if (!reply.len)
		return drop(q, in_port, SEKI_REASON_VERDICT);
	return keep(q, conn, r, &reply, p, in_port);
}

uint32_t seki_queue_submit(struct seki_queue *q, uint32_t in_port, uint64_t now_ns,
			   const struct seki_hook_packet *packets, uint32_t n,
			   enum seki_fate *fates)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (seki_hook_off(q->hook)) {
			fates[i] = SEKI_FATE_PASS;
			continue;
		}
		q->stats.from[in_port].packets++;
		fates[i] = is_connected(q, (struct connection *)q->session, now_ns)
				   ? exchange(q, &packets[i], in_port)
				   : drop(q, in_port, SEKI_REASON_DOWN);
		held += fates[i] == SEKI_FATE_HELD;
	}
	return held;
}

uint32_t seki_queue_poll(struct seki_queue *q, uint64_t now_ns, struct seki_outcome *out,
			 uint32_t max)
{
	struct connection *conn = (struct connection *)q->session;
	uint32_t n = 0;

	is_connected(q, conn, now_ns);
	for (; n < max && conn->count; n++) {
		out[n] = conn->at[conn->first].out;
		conn->first = (conn->first + 1) % REWRITTEN;
		conn->count--;
	}
	return n;
}

void seki_queue_give_up(struct seki_queue *q, const struct seki_outcome *outcome,
			enum seki_hook_reason why)
{
	q->stats.from[outcome->in_port].dropped[why]++;
}

/* No copies are made. */
void seki_queue_lose_clone(struct seki_queue *q, const struct seki_outcome *outcome)
{
	(void)q;
	(void)outcome;
}

void seki_queue_leave(struct seki_queue *q)
{
	(void)q;
}

void seki_queue_join(struct seki_queue *q)
{
	(void)q;
}

bool seki_queue_linger(struct seki_queue *q)
{
	return ((struct connection *)q->session)->count > 0;
}

void seki_queue_sleep(struct seki_queue *q, uint64_t now_ns, struct seki_sleep *out)
{
	const struct connection *conn = (struct connection *)q->session;

	*out = (struct seki_sleep){.ready = conn->count > 0, .fd = -1, .until_ns = UINT64_MAX};
	if (conn->session.sock < 0)
		out->until_ns = now_ns + RETRY_NS;
}
