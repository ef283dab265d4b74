/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a built packet program on packets, for stf.py: `p4run PROGRAM.o` (the BPF machine) or
 * `p4run PROGRAM.so` (its C as native code). Commands on standard input, one a line, each answered
 * by one line:
 *
 *   set MAP KEY VALUE	     ok
 *   get MAP KEY	     VALUE, or none, also where the program has no such map
 *   sent 4|6 SADDR DADDR SPORT DPORT (hex)   ok
 *   digest NAME	     the next record, or none
 *   time NS		     ok: programs are told this time from now on
 *   packet PORT BYTES	     RESULT ACTION PORT SITE BYTES
 *
 * Bytes are hex, "-" for none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/p4/p4run.h"

#define MAX_WORDS 8

bool p4run_sent(const struct p4run_facts *facts, const struct seki_udp_query *query)
{
	for (uint32_t i = 0; i < facts->n; i++)
		if (memcmp(&facts->sent[i], query, sizeof(*query)) == 0)
			return true;
	return false;
}

static int nibble(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Bytes of hex, or -1. */
static long unhex(const char *s, uint8_t *out, size_t max)
{
	size_t n = 0;

	if (strcmp(s, "-") == 0)
		return 0;
	for (; s[0]; s += 2) {
		int high = nibble(s[0]), low = nibble(s[1]);

		if (high < 0 || low < 0 || n == max)
			return -1;
		out[n++] = (uint8_t)(high << 4 | low);
	}
	return (long)n;
}

static void print_hex(const uint8_t *data, size_t len)
{
	if (len == 0)
		putchar('-');
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static int do_set(const struct p4run_engine *engine, char **words)
{
	uint8_t key[256], value[512];
	long k = unhex(words[2], key, sizeof(key)), v = unhex(words[3], value, sizeof(value));
	int err = k < 0 || v < 0 ? -EINVAL
				 : engine->set(words[1], key, (size_t)k, value, (size_t)v);

	if (err)
		printf("error %s\n", strerror(-err));
	else
		puts("ok");
	return err;
}

static int do_get(const struct p4run_engine *engine, char **words)
{
	uint8_t key[256], value[512];
	long k = unhex(words[2], key, sizeof(key));
	size_t len = sizeof(value);
	int err = k < 0 ? -EINVAL : engine->get(words[1], key, (size_t)k, value, &len);

	if (err == -ENOENT) {
		puts("none");
		return 0;
	}
	if (err)
		printf("error %s\n", strerror(-err));
	else
		print_hex(value, len);
	return err;
}

static int do_digest(const struct p4run_engine *engine, char **words)
{
	uint8_t record[512];
	size_t len = sizeof(record);
	int err = engine->digest(words[1], record, &len);

	if (err == -EAGAIN)
		puts("none");
	else if (err)
		printf("error %s\n", strerror(-err));
	else
		print_hex(record, len);
	return err == -EAGAIN ? 0 : err;
}

static int do_sent(struct p4run_facts *facts, char **words)
{
	struct seki_udp_query *q = &facts->sent[facts->n];

	if (facts->n == P4RUN_MAX_FACTS)
		return -ENOSPC;
	memset(q, 0, sizeof(*q));
	q->family = (uint8_t)atoi(words[1]);
	if (unhex(words[2], q->saddr, 16) < 0 || unhex(words[3], q->daddr, 16) < 0)
		return -EINVAL;
	q->sport = (uint16_t)strtoul(words[4], NULL, 16);
	q->dport = (uint16_t)strtoul(words[5], NULL, 16);
	facts->n++;
	puts("ok");
	return 0;
}

static int do_packet(const struct p4run_engine *engine, const struct p4run_facts *facts,
		     char **words)
{
	static struct p4run_packet packet;
	uint64_t result = 0;
	long n;
	int err;

	memset(&packet, 0, sizeof(packet));
	packet.off = P4RUN_HEADROOM;
	n = unhex(words[2], packet.buf + packet.off, P4RUN_MAX_PACKET);
	if (n < 0)
		return -EINVAL;
	packet.len = (uint32_t)n;
	packet.meta.input_port = (uint32_t)strtoul(words[1], NULL, 0);
	packet.meta.packet_length = packet.len;
	err = engine->run(&packet, facts, &result);
	if (err) {
		printf("error %s\n", strerror(-err));
		return err;
	}
	printf("%llu %u %u %u ", (unsigned long long)result, packet.meta.output_action,
	       packet.meta.output_port, packet.site);
	print_hex(packet.buf + packet.off, packet.len);
	return 0;
}

static int do_command(const struct p4run_engine *engine, struct p4run_facts *facts, char *line)
{
	char *words[MAX_WORDS] = {0};
	char *save;
	int n = 0;

	for (char *w = strtok_r(line, " \n", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	if (n == 4 && strcmp(words[0], "set") == 0)
		return do_set(engine, words);
	if (n == 3 && strcmp(words[0], "get") == 0)
		return do_get(engine, words);
	if (n == 2 && strcmp(words[0], "digest") == 0)
		return do_digest(engine, words);
	if (n == 6 && strcmp(words[0], "sent") == 0)
		return do_sent(facts, words);
	if (n == 2 && strcmp(words[0], "time") == 0) {
		facts->time = strtoull(words[1], NULL, 0);
		puts("ok");
		return 0;
	}
	if (n == 3 && strcmp(words[0], "packet") == 0)
		return do_packet(engine, facts, words);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static const struct p4run_engine *const engines[] = {&p4run_bpf, &p4run_native};
	static struct p4run_facts facts;
	static char line[3 * P4RUN_MAX_PACKET];
	const struct p4run_engine *engine = NULL;
	const char *dot = argc == 2 ? strrchr(argv[1], '.') : NULL;

	for (int i = 0; i < 2 && dot; i++)
		if (strcmp(engines[i]->suffix, dot) == 0)
			engine = engines[i];
	if (!engine) {
		fputs("usage: p4run PROGRAM.o|PROGRAM.so < COMMANDS\n", stderr);
		return 2;
	}
	if (engine->load(argv[1]))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		int err = do_command(engine, &facts, line);

		if (err) {
			fprintf(stderr, "p4run: %s\n", strerror(-err));
			return 1;
		}
	}
	return 0;
}
