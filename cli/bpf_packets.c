// SPDX-License-Identifier: Apache-2.0
/* Packets for programs: bytes in hex, or a capture that libpcap reads; and captures of what passed. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bpf.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

#define PACKET_MAX ((1u << 24) - 1) /* bytes; no program sees longer ones */
#define SNAPLEN	   262144

struct seki_cli_packets {
	uint8_t *bytes; /* of hex; NULL: a capture */
	size_t len;
	bool done;
	pcap_t *pcap;
	const char *path;
	uint64_t n;
};

struct seki_cli_capture {
	struct seki_cli_output output;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
};

static int open_hex(struct seki_cli_packets *packets, const char *hex)
{
	packets->bytes = seki_cli_hex_parse(hex, strlen(hex), &packets->len);
	if (packets->bytes && packets->len <= PACKET_MAX)
		return SEKI_EXIT_OK;
	complain(
		"--packet: '%.40s%s' is not a packet: write its bytes as pairs of hex digits, from "
		"the Ethernet header on",
		hex, strlen(hex) > 40 ? "..." : "");
	return SEKI_EXIT_USAGE;
}

/* Programs expect an Ethernet header, but what they get is what is there. */
static void tell_link(const struct seki_cli_packets *packets)
{
	int link = pcap_datalink(packets->pcap);
	const char *name = pcap_datalink_val_to_name(link);

	if (link != DLT_EN10MB)
		complain("note: the packets of '%s' start with a header of link type %d (%s), not "
			 "Ethernet's",
			 packets->path, link, name ? name : "unknown");
}

static int open_pcap(struct seki_cli_packets *packets, const char *path)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	packets->path = path;
	packets->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
								why);
	if (packets->pcap) {
		tell_link(packets);
		return SEKI_EXIT_OK;
	}
	complain("--pcap: cannot read '%s' as a capture (pcap or pcapng): %s", path, why);
	return SEKI_EXIT_FAILED;
}

struct seki_cli_packets *seki_cli_packets_open(const char *hex, const char *pcap, int *exit_code)
{
	struct seki_cli_packets *packets;

	*exit_code = SEKI_EXIT_USAGE;
	if (!hex == !pcap) {
		complain("%s: give one of --packet HEX and --pcap FILE",
			 hex ? "a packet and a capture" : "no packet");
		return NULL;
	}
	packets = calloc(1, sizeof(*packets));
	if (!packets)
		return NULL;
	*exit_code = hex ? open_hex(packets, hex) : open_pcap(packets, pcap);
	if (*exit_code == SEKI_EXIT_OK)
		return packets;
	seki_cli_packets_close(packets);
	return NULL;
}

static int next_captured(struct seki_cli_packets *packets, struct seki_cli_packet *out)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int ret = pcap_next_ex(packets->pcap, &header, &bytes);

	if (ret == PCAP_ERROR_BREAK)
		return 0;
	if (ret != 1) {
		complain("'%s': after packet %llu: %s", packets->path,
			 (unsigned long long)packets->n, pcap_geterr(packets->pcap));
		return -1;
	}
	packets->n++;
	*out = (struct seki_cli_packet){
		.bytes = bytes,
		.copied = seki_min(header->caplen, PACKET_MAX),
		.len = seki_min(header->len, PACKET_MAX),
		.time_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec,
	};
	/* The file may say that it holds more of a packet than there was. */
	if (out->len < out->copied)
		out->len = out->copied;
	return 1;
}

int seki_cli_packets_next(struct seki_cli_packets *packets, struct seki_cli_packet *out)
{
	if (packets->pcap)
		return next_captured(packets, out);
	if (packets->done)
		return 0;
	packets->done = true;
	*out = (struct seki_cli_packet){.bytes = packets->bytes,
					.copied = (uint32_t)packets->len,
					.len = (uint32_t)packets->len};
	return 1;
}

void seki_cli_packets_close(struct seki_cli_packets *packets)
{
	if (!packets)
		return;
	if (packets->pcap)
		pcap_close(packets->pcap);
	free(packets->bytes);
	free(packets);
}

/* ---- captures to write ---- */

struct seki_cli_capture *seki_cli_capture_create(const char *path,
						 const struct seki_cli_packets *packets)
{
	struct seki_cli_capture *capture = calloc(1, sizeof(*capture));
	int link = packets->pcap ? pcap_datalink(packets->pcap) : DLT_EN10MB;
	FILE *file;

	if (!capture)
		return NULL;
	file = seki_cli_output_open(&capture->output, path);
	if (!file) {
		seki_cli_capture_drop(capture);
		return NULL;
	}
	capture->pcap = pcap_open_dead_with_tstamp_precision(link, SNAPLEN,
							     PCAP_TSTAMP_PRECISION_NANO);
	if (capture->pcap)
		capture->dumper = pcap_dump_fopen(capture->pcap, file);
	if (capture->dumper)
		return capture;
	complain("cannot write '%s': %s", path,
		 capture->pcap ? pcap_geterr(capture->pcap) : strerror(ENOMEM));
	fclose(file);
	seki_cli_capture_drop(capture);
	return NULL;
}

void seki_cli_capture_write(struct seki_cli_capture *capture, const struct seki_cli_packet *packet)
{
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(packet->time_ns / 1000000000u),
		       .tv_usec = (suseconds_t)(packet->time_ns % 1000000000u)},
		.caplen = seki_min(packet->copied, SNAPLEN),
		.len = packet->len,
	};

	pcap_dump((u_char *)capture->dumper, &header, packet->bytes);
}

bool seki_cli_capture_commit(struct seki_cli_capture *capture)
{
	int ret = seki_cli_output_commit(&capture->output, pcap_dump_file(capture->dumper));

	seki_cli_capture_drop(capture);
	return !ret;
}

void seki_cli_capture_drop(struct seki_cli_capture *capture)
{
	if (!capture)
		return;
	if (capture->dumper)
		pcap_dump_close(capture->dumper);
	if (capture->pcap)
		pcap_close(capture->pcap);
	seki_cli_output_drop(&capture->output);
	free(capture);
}
