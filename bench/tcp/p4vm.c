// SPDX-License-Identifier: Apache-2.0
/*
 * The P4 VM's end: p4vm/engine.c behind a TCP connection. tcp_p4vm OBJECT listens at a port of its own choice, prints
 * it, and serves one connection after the other, a thread each, until it is ended.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/tcp/wire.h"
#include "p4vm/engine.h"

#define CONNECTIONS 8u

static struct seki_bpf_prog *prog;

struct end {
	int sock;
	struct seki_engine engine;
	uint8_t packet[SEKI_PACKET_MAX];
	uint8_t whole[2 * (UINT16_MAX + 1)];
};

/* The packet as it leaves, in end->whole. */
static struct tcp_reply answer(struct end *end, const struct seki_submission *sub,
			       const struct seki_completion *c)
{
	if (c->verdict != SEKI_VERDICT_PASS && c->verdict != SEKI_VERDICT_REDIRECT)
		return (struct tcp_reply){0};
	memcpy(end->whole, end->engine.head, c->head_out);
	memcpy(end->whole + c->head_out, end->packet + c->head_in, sub->len - c->head_in);
	return (struct tcp_reply){.len = c->len,
				  .out_port = c->verdict == SEKI_VERDICT_PASS ? sub->in_port ^ 1u
									      : c->out_port,
				  .edited = c->head_in || c->head_out || c->len != sub->len};
}

static bool serve_one(struct end *end)
{
	struct tcp_request request;
	struct tcp_reply reply;
	struct seki_completion c;
	struct seki_submission sub;
	const struct seki_packet packet = {.sub = &sub, .bytes = end->packet};

	if (!tcp_receive(end->sock, &request, sizeof(request)) || request.len > SEKI_PACKET_MAX ||
	    !tcp_receive(end->sock, end->packet, request.len))
		return false;
	sub = (struct seki_submission){.len = (uint16_t)request.len,
				       .copied = (uint16_t)request.len,
				       .in_port = (uint8_t)request.in_port,
				       .rss_hash = request.rss_hash};
	seki_engine_refresh(&end->engine);
	seki_engine_run(&end->engine, &packet, &c);
	reply = answer(end, &sub, &c);
	return tcp_send(end->sock, &reply, sizeof(reply), end->whole, reply.len);
}

static void *serve(void *arg)
{
	struct end *end = arg;
	int on = 1;

	setsockopt(end->sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (serve_one(end))
		;
	close(end->sock);
	end->sock = -1;
	return NULL;
}

static int die(const char *what)
{
	fprintf(stderr, "tcp_p4vm: %s\n", what);
	return 1;
}

static int load(const char *path)
{
	static uint8_t object[1 << 20];
	static char log[4096];
	const struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
						.queues = CONNECTIONS,
						.log = log,
						.log_size = sizeof(log),
						.max_packet = SEKI_PACKET_MAX};
	FILE *file = fopen(path, "rb");
	size_t len = file ? fread(object, 1, sizeof(object), file) : 0;

	if (file)
		fclose(file);
	if (!len)
		return die("cannot read the object");
	return seki_bpf_prog_load(object, len, &opts, &prog) ? die(log) : 0;
}

/* Returns a listening socket at a free port, and prints that. */
static int listen_somewhere(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0 || bind(sock, (struct sockaddr *)&addr, len) < 0 || listen(sock, 8) < 0 ||
	    getsockname(sock, (struct sockaddr *)&addr, &len) < 0)
		return -1;
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	return sock;
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 2)
		return die("usage: tcp_p4vm OBJECT");
	if (load(argv[1]))
		return 1;
	listener = listen_somewhere();
	if (listener < 0)
		return die("cannot listen");
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		struct end *end = calloc(1, sizeof(*end));
		pthread_t thread;

		if (!end)
			return die("no memory");
		seki_engine_init(&end->engine, NULL, NULL);
		seki_engine_swap(&end->engine, prog);
		end->engine.queue = i;
		end->sock = accept(listener, NULL, NULL);
		if (end->sock < 0 || pthread_create(&thread, NULL, serve, end))
			return die("cannot serve");
	}
	return die("too many connections");
}
