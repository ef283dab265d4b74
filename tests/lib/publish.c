/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish REGION KEYFILE: the agent's writer without a VM, for tests of the reader's side.
 * Publishes heartbeats; each line "SADDR SPORT DADDR DPORT" (IPv4) on standard input is a datagram
 * that the VM sent now, answered with "ok" when its record is in the region. Ends with its input.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "guest/agent/publish.h"
#include "lib/seal/seal.h"

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *map_region(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *map = fd < 0 ? MAP_FAILED
			   : mmap(NULL, SEKI_VMINFO_REGION_BYTES, PROT_READ | PROT_WRITE,
				  MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/* 0, or -1: not such a line. */
static int publish(struct seki_publish *p, const char *line)
{
	struct seki_vminfo_flow flow = {
		.packets = 1, .last_ns = now_ns(CLOCK_BOOTTIME), .pid = 1, .comm = "publish"};
	struct seki_udp_query key = {.family = 4};
	char saddr[64], daddr[64];

	if (sscanf(line, "%63s %hu %63s %hu", saddr, &key.sport, daddr, &key.dport) != 4 ||
	    inet_pton(AF_INET, saddr, key.saddr) != 1 || inet_pton(AF_INET, daddr, key.daddr) != 1)
		return -1;
	return seki_publish_udp(p, &key, &flow, NULL);
}

static int serve(struct seki_publish *p)
{
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	char line[256];

	setvbuf(stdin, NULL, _IONBF, 0); /* so that poll() sees what is there */
	for (;;) {
		if (seki_publish_heartbeat(p, now_ns(CLOCK_BOOTTIME), now_ns(CLOCK_REALTIME), 0, 0))
			return 1;
		if (poll(&input, 1, SEKI_VMINFO_HEARTBEAT_MS) <= 0)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		puts(publish(p, line) ? "bad" : "ok");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	uint8_t key[SEKI_SEAL_KEY_BYTES];
	struct seki_publish *p;
	void *region = argc == 3 ? map_region(argv[1]) : NULL;
	int ret;

	if (!region || seki_seal_read_key(argv[2], key) ||
	    seki_publish_create(region, key, now_ns(CLOCK_BOOTTIME), now_ns(CLOCK_REALTIME), &p)) {
		fputs("usage: publish REGION KEYFILE\n", stderr);
		return 2;
	}
	ret = serve(p);
	seki_publish_destroy(p);
	return ret;
}
