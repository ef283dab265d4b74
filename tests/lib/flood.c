// SPDX-License-Identifier: Apache-2.0
/*
 * Numbered frames between a hub and spokes, network namespaces on one switch, in both directions,
 * and who checks each that arrives: that it is whole (a hash), there once, in order, and what the
 * port's program had to make of it.
 *
 *   flood COUNT PATIENCE HUB SPOKE:KIND...
 *
 * A frame is of a class: pass, drop, mark (the program sets a byte of it) or grow (it puts four
 * bytes before the payload). Kinds of spokes: plain (not shielded: pass only), judged (shielded),
 * lossy (as judged, frames may be lost) and any (its P4 VM may do what it likes with its frames).
 *
 * What must not be lost counts as lost after PATIENCE milliseconds without any frame.
 *
 * Sends COUNT frames, or until its standard input ends, in steps of a few of each flow; the next
 * step begins once those of plain and judged spokes are through, so that no socket overflows on
 * the way. Prints "running", then a line of JSON for each line read, and one at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TYPE	  0x88b5
#define SPOKES	  8
#define STEP	  8	       /* frames of each flow */
#define OUT_MAX	  8	       /* of a flow, before the next step */
#define QUIET	  500000000ull /* ns: then no more comes */
#define HEADER	  14u
#define FRAME_MIN 60u
#define FRAME_MAX 1510u /* what grows still fits */
#define MAGIC	  0x6f6f6c66u
#define MARK	  0xa5
#define GROWN	  "more"
#define SAMPLES	  65536u

enum class { PASS, DROP, MARKED, GROW };
enum kind { PLAIN, JUDGED, LOSSY, ANY };

/* Behind the Ethernet header; the tests' programs look at `class` and set `mark`. */
struct note {
	uint32_t magic;
	uint8_t flow;
	uint8_t class;
	uint8_t mark;
	uint8_t pad;
	uint32_t number;
	uint32_t len; /* of the frame as it was sent */
	uint64_t sent_ns;
	uint64_t hash;
};

/* Of one direction of a spoke. */
struct flow {
	uint64_t sent;
	uint64_t expected; /* of those: that the program lets through */
	uint64_t got;
	uint64_t given_up;
	uint64_t twice, late, corrupt, against;
	uint64_t highest;
	uint64_t heard_ns, silence_ns;
	uint64_t latencies;
	uint8_t *seen;
	uint32_t latency_us[SAMPLES];
};

struct end {
	const char *name;
	enum kind kind;
	int sock;
	uint8_t mac[6];
};

struct flood {
	struct end hub;
	struct end spokes[SPOKES];
	uint32_t n;
	struct flow flows[2 * SPOKES]; /* 2 * spoke: to it; 2 * spoke + 1: from it */
	uint64_t count, sent, foreign, random, begin_ns, patience_ns;
	uint64_t end_ns; /* of sending, 0 before */
};

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Over a whole frame whose mark and hash are 0. */
static uint64_t hash(const uint8_t *bytes, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15ull;

	while (len) {
		uint64_t word = 0;
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(&word, bytes, n);
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
		bytes += n;
		len -= n;
	}
	return h;
}

static void open_end(struct end *end, const char *name)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(TYPE)};
	struct ifreq request = {.ifr_name = "eth0"};
	char path[256];
	int room = 1 << 25, ns;

	end->name = name;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die(path);
	close(ns);
	end->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(TYPE));
	addr.sll_ifindex = (int)if_nametoindex("eth0");
	if (end->sock < 0 || bind(end->sock, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(end->sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    ioctl(end->sock, SIOCGIFHWADDR, &request))
		die(name);
	memcpy(end->mac, request.ifr_hwaddr.sa_data, sizeof(end->mac));
}

static enum class draw_class(struct flood *f, enum kind kind) {
	uint64_t dice = next(&f->random) >> 20 & 7;

	return kind == PLAIN || dice < 5 ? PASS : (enum class)(dice - 4);
}

/* One frame; false where the kernel takes no more now. */
static bool send_one(struct flood *f, uint32_t number)
{
	struct flow *flow = &f->flows[number];
	const struct end *spoke = &f->spokes[number / 2];
	const struct end *from = number & 1 ? spoke : &f->hub, *to = number & 1 ? &f->hub : spoke;
	uint8_t frame[FRAME_MAX];
	uint32_t len = FRAME_MIN +
		       (uint32_t)((next(&f->random) >> 8) % (FRAME_MAX - FRAME_MIN + 1));
	struct note note = {.magic = MAGIC,
			    .flow = (uint8_t)number,
			    .class = (uint8_t)draw_class(f, spoke->kind),
			    .number = (uint32_t)flow->sent,
			    .len = len,
			    .sent_ns = clock_ns()};
	uint64_t body = f->random;

	memcpy(frame, to->mac, 6);
	memcpy(frame + 6, from->mac, 6);
	frame[12] = TYPE >> 8;
	frame[13] = TYPE & 255;
	for (uint32_t at = HEADER + sizeof(note); at < len; at += 8) {
		uint64_t word = next(&body);

		memcpy(frame + at, &word, len - at < 8 ? len - at : 8);
	}
	memcpy(frame + HEADER, &note, sizeof(note));
	note.hash = hash(frame, len);
	memcpy(frame + HEADER, &note, sizeof(note));
	if (send(from->sock, frame, len, MSG_DONTWAIT) != (ssize_t)len)
		return false;
	flow->sent++;
	flow->expected += note.class != DROP;
	f->sent++;
	return true;
}

/* Undoes what the program was to do with it; false: it is not as it was sent. */
static bool restore(uint8_t *frame, size_t *len, struct note *note)
{
	uint64_t sum;

	memcpy(note, frame + HEADER, sizeof(*note));
	if (note->magic != MAGIC && *len > HEADER + 4 + sizeof(*note) &&
	    !memcmp(frame + HEADER, GROWN, 4)) {
		memmove(frame + HEADER, frame + HEADER + 4, *len - HEADER - 4);
		*len -= 4;
		memcpy(note, frame + HEADER, sizeof(*note));
		note->pad = 1;
	}
	if (note->magic != MAGIC || note->len != *len)
		return false;
	sum = note->hash;
	memset(frame + HEADER + offsetof(struct note, mark), 0, 1);
	memset(frame + HEADER + offsetof(struct note, hash), 0, 8);
	return hash(frame, *len) == sum;
}

/* Is it as the program has to leave it? `pad` says that it was grown. */
static bool as_ruled(const struct note *note)
{
	return note->class != DROP && (note->mark == MARK) == (note->class == MARKED) &&
	       note->pad == (note->class == GROW);
}

static void count_in(struct flow *flow, const struct note *note, uint64_t now)
{
	uint8_t *byte = &flow->seen[note->number / 8], bit = (uint8_t)(1u << note->number % 8);

	if (*byte & bit) {
		flow->twice++;
		return;
	}
	*byte |= bit;
	flow->got++;
	flow->late += note->number < flow->highest;
	if (note->number > flow->highest)
		flow->highest = note->number;
	if (now - flow->heard_ns > flow->silence_ns)
		flow->silence_ns = now - flow->heard_ns;
	flow->heard_ns = now;
	flow->latency_us[flow->latencies++ % SAMPLES] = (uint32_t)((now - note->sent_ns) / 1000);
}

/* A frame that arrived at a spoke, or at the hub (`spoke` is then f->n). */
static void receive_one(struct flood *f, uint32_t spoke, uint8_t *frame, size_t len)
{
	bool at_hub = spoke == f->n;
	struct note note;
	bool whole;
	struct flow *flow;

	/* What is not addressed to it was flooded by a switch that had not learnt the way yet. */
	if (memcmp(frame, at_hub ? f->hub.mac : f->spokes[spoke].mac, 6)) {
		f->foreign++;
		return;
	}
	for (uint32_t i = 0; at_hub && i < f->n; i++) {
		if (!memcmp(frame + 6, f->spokes[i].mac, 6))
			spoke = i;
	}
	if (spoke == f->n) {
		f->foreign++;
		return;
	}
	flow = &f->flows[2 * spoke + at_hub];
	whole = len >= HEADER + sizeof(note) && restore(frame, &len, &note);
	if (f->spokes[spoke].kind == ANY) {
		flow->got++;
		return;
	}
	if (!whole || note.flow != 2 * spoke + at_hub || note.number >= flow->sent) {
		flow->corrupt++;
		return;
	}
	flow->against += !as_ruled(&note);
	count_in(flow, &note, clock_ns());
}

static void receive_at(struct flood *f, uint32_t spoke)
{
	int sock = spoke == f->n ? f->hub.sock : f->spokes[spoke].sock;
	uint8_t frame[65536];
	ssize_t len;

	while ((len = recv(sock, frame, sizeof(frame), MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		if (len >= (ssize_t)HEADER && len <= (ssize_t)sizeof(frame))
			receive_one(f, spoke, frame, (size_t)len);
	}
}

static uint64_t received(const struct flood *f)
{
	uint64_t sum = f->foreign;

	for (uint32_t i = 0; i < 2 * f->n; i++)
		sum += f->flows[i].got;
	return sum;
}

static void receive_all(struct flood *f, int timeout_ms)
{
	struct pollfd fds[SPOKES + 1];

	for (uint32_t i = 0; i <= f->n; i++)
		fds[i] = (struct pollfd){i == f->n ? f->hub.sock : f->spokes[i].sock, POLLIN, 0};
	if (poll(fds, f->n + 1, timeout_ms) <= 0)
		return;
	for (uint32_t i = 0; i <= f->n; i++) {
		if (fds[i].revents)
			receive_at(f, i);
	}
}

/* Are few enough of those under way that must not be lost? */
static bool through(const struct flood *f)
{
	for (uint32_t i = 0; i < 2 * f->n; i++) {
		const struct flow *flow = &f->flows[i];

		if (f->spokes[i / 2].kind <= JUDGED &&
		    flow->expected > flow->got + flow->given_up + OUT_MAX)
			return false;
	}
	return true;
}

static void give_up(struct flood *f)
{
	for (uint32_t i = 0; i < 2 * f->n; i++)
		f->flows[i].given_up = f->flows[i].expected - f->flows[i].got;
}

static void step(struct flood *f)
{
	uint64_t since, before;

	for (uint32_t i = 0; i < 2 * f->n; i++) {
		for (int j = 0; j < STEP && send_one(f, i); j++)
			;
	}
	since = clock_ns();
	before = received(f);
	receive_all(f, 0);
	while (!through(f)) {
		receive_all(f, 10);
		if (received(f) != before) {
			before = received(f);
			since = clock_ns();
		} else if (clock_ns() - since > f->patience_ns) {
			give_up(f);
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_flow(const struct flood *f, uint32_t i)
{
	static uint32_t sorted[SAMPLES];
	const struct flow *flow = &f->flows[i];
	uint64_t n = flow->latencies < SAMPLES ? flow->latencies : SAMPLES;
	uint64_t now = f->end_ns ? f->end_ns : clock_ns(), silence = flow->silence_ns;

	if (now > flow->heard_ns && now - flow->heard_ns > silence)
		silence = now - flow->heard_ns;
	memcpy(sorted, flow->latency_us, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	printf("%s{\"spoke\": \"%s\", \"from_spoke\": %s, \"sent\": %llu, \"expected\": %llu, "
	       "\"got\": %llu, \"twice\": %llu, \"late\": %llu, \"corrupt\": %llu, "
	       "\"against\": %llu, \"silence_ms\": %.1f, \"p50_us\": %u, \"p99_us\": %u}",
	       i ? ", " : "", f->spokes[i / 2].name, i & 1 ? "true" : "false",
	       (unsigned long long)flow->sent, (unsigned long long)flow->expected,
	       (unsigned long long)flow->got, (unsigned long long)flow->twice,
	       (unsigned long long)flow->late, (unsigned long long)flow->corrupt,
	       (unsigned long long)flow->against, (double)silence / 1e6, n ? sorted[n / 2] : 0,
	       n ? sorted[n * 99 / 100] : 0);
}

static void print_all(const struct flood *f)
{
	printf("{\"seconds\": %.3f, \"sent\": %llu, \"foreign\": %llu, \"flows\": [",
	       (double)(clock_ns() - f->begin_ns) / 1e9, (unsigned long long)f->sent,
	       (unsigned long long)f->foreign);
	for (uint32_t i = 0; i < 2 * f->n; i++)
		print_flow(f, i);
	puts("]}");
	fflush(stdout);
}

/* False: the input has ended. */
static bool answer_questions(const struct flood *f)
{
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	char text[64];

	if (poll(&input, 1, 0) <= 0)
		return true;
	if (read(STDIN_FILENO, text, sizeof(text)) <= 0)
		return false;
	print_all(f);
	return true;
}

/* What is under way arrives, or nothing does for a while. */
static void settle(struct flood *f)
{
	uint64_t before, since = clock_ns();

	do {
		before = received(f);
		receive_all(f, 50);
		if (received(f) != before)
			since = clock_ns();
	} while (clock_ns() - since < QUIET);
}

static void add_spoke(struct flood *f, char *text)
{
	static const char *const kinds[] = {"plain", "judged", "lossy", "any"};
	char *kind = strchr(text, ':');
	struct end *spoke = &f->spokes[f->n];

	if (!kind || f->n == SPOKES) {
		fprintf(stderr, "flood: %s: not SPOKE:KIND, or too many\n", text);
		exit(2);
	}
	*kind++ = 0;
	while (spoke->kind < ANY && strcmp(kind, kinds[spoke->kind]))
		spoke->kind++;
	open_end(spoke, text);
	for (uint32_t i = 2 * f->n; i < 2 * f->n + 2; i++) {
		f->flows[i].seen = calloc(f->count / 8 + 1, 1);
		if (!f->flows[i].seen)
			die("memory");
	}
	f->n++;
}

int main(int argc, char **argv)
{
	static struct flood f;

	if (argc < 5) {
		fputs("usage: flood COUNT PATIENCE HUB SPOKE:KIND...\n", stderr);
		return 2;
	}
	f.count = strtoull(argv[1], NULL, 0);
	f.patience_ns = strtoull(argv[2], NULL, 0) * 1000000;
	f.random = 0x666c6f6f64;
	open_end(&f.hub, argv[3]);
	for (int i = 4; i < argc; i++)
		add_spoke(&f, argv[i]);
	f.begin_ns = clock_ns();
	for (uint32_t i = 0; i < 2 * f.n; i++)
		f.flows[i].heard_ns = f.begin_ns;
	puts("running");
	fflush(stdout);
	while (f.sent + (uint64_t)2 * f.n * STEP <= f.count && answer_questions(&f))
		step(&f);
	f.end_ns = clock_ns();
	settle(&f);
	print_all(&f);
	return 0;
}
