/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a facts region as a P4 VM does (p4vm/vminfo.h), for the system tests. Commands come on
 * stdin, one a line, and each is answered with one line:
 *
 *   udp FAMILY SADDR SPORT DADDR DPORT WITHIN_MS TIMEOUT_MS   fact US | absent
 *   any WITHIN_MS TIMEOUT_MS                                  fact US | absent
 *   stats                                                     name=value ...
 *   race PORT TIMEOUT_MS    waits for a datagram on UDP port PORT and for the fact about it;
 * answers "race US": the fact was seen US after the datagram arrived (< 0: before)
 *
 * US is the time that the question waited for its answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/seal/seal.h"
#include "p4vm/vminfo.h"

#define NEVER UINT64_MAX

static struct seki_vminfo *info;

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t poll_facts(void)
{
	uint64_t boot = now_ns(CLOCK_BOOTTIME);

	seki_vminfo_poll(info, boot, now_ns(CLOCK_REALTIME));
	return boot;
}

static void die(const char *what)
{
	fprintf(stderr, "vminfo_dump: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void log_line(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static void open_facts(const char *region, const char *key_path)
{
	uint8_t key[SEKI_SEAL_KEY_BYTES];
	int fd = open(region, O_RDONLY | O_CLOEXEC);
	void *at;
	int err;

	if (fd < 0)
		die(region);
	at = mmap(NULL, SEKI_VMINFO_REGION_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die(region);
	err = seki_seal_read_key(key_path, key);
	if (!err)
		err = seki_vminfo_create(at, key, log_line, NULL, &info);
	errno = -err;
	if (err)
		die(key_path);
}

/* Asks until the answer is yes: at once, then every 50 us. query NULL: of any flow. */
static void ask(const struct seki_udp_query *query, uint64_t within_ms, uint64_t timeout_ms)
{
	const struct timespec pause = {.tv_nsec = 50000};
	uint64_t start = now_ns(CLOCK_BOOTTIME), boot;

	do {
		boot = poll_facts();
		if (query ? seki_vminfo_udp_sent(info, query, within_ms, boot)
			  : seki_vminfo_udp_sent_any(info, within_ms, boot)) {
			printf("fact %llu\n", (unsigned long long)(boot - start) / 1000);
			return;
		}
		nanosleep(&pause, NULL);
	} while (boot - start < timeout_ms * 1000000);
	printf("absent\n");
}

static void ask_udp(const char *args)
{
	struct seki_udp_query q = {.family = 0};
	char saddr[64], daddr[64];
	unsigned long long within, timeout;
	unsigned int family;
	int af;

	if (sscanf(args, "%u %63s %hu %63s %hu %llu %llu", &family, saddr, &q.sport, daddr,
		   &q.dport, &within, &timeout) != 7) {
		printf("error\n");
		return;
	}
	q.family = (uint8_t)family;
	af = family == 6 ? AF_INET6 : AF_INET;
	if (inet_pton(af, saddr, q.saddr) != 1 || inet_pton(af, daddr, q.daddr) != 1)
		printf("error\n");
	else
		ask(&q, within, timeout);
}

static void show_stats(void)
{
	struct seki_vminfo_stats s;
	uint64_t boot = poll_facts();

	seki_vminfo_stats(info, boot, &s);
	printf("fresh=%d opened=%llu bad_seal=%llu rolled_back=%llu stale=%llu torn=%llu "
	       "withheld=%llu sessions=%llu flows=%u\n",
	       seki_vminfo_fresh(info, boot), (unsigned long long)s.opened,
	       (unsigned long long)s.bad_seal, (unsigned long long)s.rolled_back,
	       (unsigned long long)s.stale, (unsigned long long)s.torn,
	       (unsigned long long)s.withheld, (unsigned long long)s.sessions, s.flows);
}

/* The flow of a datagram from an IPv4 peer to our port; false: none has come. */
static bool received(int sock, uint16_t port, struct seki_udp_query *q)
{
	struct sockaddr_in from;
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))], data[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	if (recvmsg(sock, &msg, MSG_DONTWAIT) < 0)
		return false;
	memset(q, 0, sizeof(*q));
	q->family = 4;
	q->sport = ntohs(from.sin_port);
	q->dport = port;
	memcpy(q->saddr, &from.sin_addr, 4);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			memcpy(q->daddr, &((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr, 4);
	return true;
}

/*
 * Spins. The flow is not known before the datagram comes: a fact that is there by then was seen
 * at the last change of the region.
 */
static void race(uint16_t port, uint64_t timeout_ms)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	uint64_t start = now_ns(CLOCK_BOOTTIME), changed = start, arrived = NEVER, boot = start;
	struct seki_udp_query q;

	if (sock < 0 || setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
	    bind(sock, (struct sockaddr *)&here, sizeof(here)))
		die("race");
	printf("listening\n");
	fflush(stdout);
	while (boot - start < timeout_ms * 1000000) {
		boot = now_ns(CLOCK_BOOTTIME);
		if (seki_vminfo_poll(info, boot, now_ns(CLOCK_REALTIME)))
			changed = boot;
		if (arrived == NEVER && received(sock, port, &q))
			arrived = boot;
		if (arrived != NEVER && seki_vminfo_udp_sent(info, &q, 1000, boot)) {
			printf("race %lld\n", ((long long)changed - (long long)arrived) / 1000);
			close(sock);
			return;
		}
	}
	close(sock);
	printf("absent\n");
}

static void obey(const char *line)
{
	unsigned long long within, timeout;
	uint16_t port;

	if (!strncmp(line, "udp ", 4))
		ask_udp(line + 4);
	else if (sscanf(line, "any %llu %llu", &within, &timeout) == 2)
		ask(NULL, within, timeout);
	else if (sscanf(line, "race %hu %llu", &port, &timeout) == 2)
		race(port, timeout);
	else if (!strncmp(line, "stats", 5))
		show_stats();
	else
		printf("error\n");
	fflush(stdout);
}

/* Between commands the facts are looked at every millisecond, as by a P4 VM under traffic. */
int main(int argc, char **argv)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	char line[256];

	if (argc != 3) {
		fprintf(stderr, "usage: vminfo_dump REGION KEY\n");
		return 2;
	}
	open_facts(argv[1], argv[2]);
	setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		poll_facts();
		if (poll(&in, 1, 1) <= 0)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		obey(line);
	}
}
