/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends mutated packets from an interface: `mutate DEVICE COUNT RATE SEED < frames`, frames as one
 * line of hex each. Every packet is one of the frames with a few random changes: bits flipped,
 * bytes set to the values that parsers get wrong, cut short, made longer; the addresses stay, so
 * that a switch forwards it where its frame would go. RATE is in packets a second, 0 as fast as it
 * goes. Prints how many were sent. The same seed sends the same packets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define FRAMES	  64
#define FRAME_MAX 1514
#define FRAME_MIN 14
#define ADDRESSES 12

struct frame {
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

static uint64_t random64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t read_frames(struct frame *frames)
{
	char line[2 * FRAME_MAX + 8];
	size_t count = 0;

	while (count < FRAMES && fgets(line, sizeof(line), stdin)) {
		struct frame *f = &frames[count];
		unsigned int byte;

		f->len = 0;
		for (const char *p = line; f->len < FRAME_MAX && sscanf(p, "%2x", &byte) == 1;
		     p += 2)
			f->bytes[f->len++] = (uint8_t)byte;
		if (f->len >= FRAME_MIN)
			count++;
	}
	return count;
}

static void mutate(struct frame *f, uint64_t *state)
{
	static const uint8_t nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x45, 0x4f, 0x40, 0x05};
	uint64_t changes = random64(state) % 8;

	while (changes--) {
		uint64_t dice = random64(state);
		size_t at = ADDRESSES + (dice >> 8) % (f->len - ADDRESSES);

		switch (dice % 8) {
		case 0:
			f->len = FRAME_MIN + (dice >> 32) % (f->len - FRAME_MIN + 1);
			break;
		case 1:
			f->len = f->len + (dice >> 32) % (FRAME_MAX - f->len + 1);
			break;
		case 2:
		case 3:
			f->bytes[at] = nasty[(dice >> 32) % sizeof(nasty)];
			break;
		case 4:
			f->bytes[at] = (uint8_t)(dice >> 32);
			break;
		default:
			f->bytes[at] ^= (uint8_t)(1u << ((dice >> 32) % 8));
		}
	}
}

static int open_device(const char *device)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET,
				   .sll_ifindex = (int)if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (fd < 0 || !addr.sll_ifindex || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		fprintf(stderr, "mutate: %s: %s\n", device, strerror(errno));
		exit(1);
	}
	return fd;
}

static void wait_until(const struct timespec *start, uint64_t sent, uint64_t rate)
{
	uint64_t ns = sent * 1000000000ull / rate;
	struct timespec when = *start;

	when.tv_sec += (time_t)(ns / 1000000000ull);
	when.tv_nsec += (long)(ns % 1000000000ull);
	if (when.tv_nsec >= 1000000000) {
		when.tv_sec++;
		when.tv_nsec -= 1000000000;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

int main(int argc, char **argv)
{
	static struct frame frames[FRAMES];
	struct timespec start;
	uint64_t sent = 0, refused = 0, count, rate, state;
	size_t known;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: mutate DEVICE COUNT RATE SEED < frames\n");
		return 2;
	}
	count = strtoull(argv[2], NULL, 0);
	rate = strtoull(argv[3], NULL, 0);
	state = strtoull(argv[4], NULL, 0) * 2 + 1;
	known = read_frames(frames);
	if (!known) {
		fprintf(stderr, "mutate: no frame on standard input\n");
		return 2;
	}
	fd = open_device(argv[1]);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (sent + refused < count) {
		struct frame f = frames[random64(&state) % known];

		mutate(&f, &state);
		if (send(fd, f.bytes, f.len, 0) < 0)
			refused++;
		else
			sent++;
		if (rate && (sent + refused) % 64 == 0)
			wait_until(&start, sent + refused, rate);
	}
	printf("%llu sent, %llu refused by the kernel\n", (unsigned long long)sent,
	       (unsigned long long)refused);
	return 0;
}
