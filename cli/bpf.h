/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the subcommands of `sekisho bpf` share: object files and why they are refused, packets from
 * hex or from captures, maps in text.
 */
#ifndef SEKI_CLI_BPF_H
#define SEKI_CLI_BPF_H

#include <stdio.h>

#include "sekisho/bpf.h"

struct json_object;

int seki_cli_bpf_verify(int argc, char **argv);
int seki_cli_bpf_run(int argc, char **argv);
int seki_cli_bpf_disasm(int argc, char **argv);
int seki_cli_bpf_bench(int argc, char **argv);

#define SEKI_CLI_FILE_LINE SEKI_OPT_REQUIRED_LINE(struct config, file, "FILE", "object file")
#define SEKI_CLI_ENTRY_LINE                                                                        \
	SEKI_OPT_STRING_LINE(struct config, entry, 'e', "entry", "NAME",                           \
			     "function to start with (default: entry)")

#define SEKI_CLI_MAX_PACKET_LINE                                                                   \
	SEKI_OPT_U32_LINE(struct config, max_packet, 0, "max-packet", "BYTES", 1, 16777215,        \
			  "the longest packet there is (default: 65535, as in the P4 VM)")

/* Of those that run the program. */
#define SEKI_CLI_PACKET_LINE                                                                       \
	SEKI_OPT_STRING_LINE(struct config, packet, 'p', "packet", "HEX", "the bytes of a packet")
#define SEKI_CLI_MAP_LINE                                                                          \
	SEKI_OPT_STRING_LINE(struct config, map, 0, "map", "M=K:V[,...]",                          \
			     "set entries of maps first; key and value in hex")
#define SEKI_CLI_PORT_LINE                                                                         \
	SEKI_OPT_U32_LINE(struct config, port, 0, "port", "N", 0, UINT32_MAX,                      \
			  "port that the packets come from: 0 network (default), 1 VM")

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

/* ---- text ---- */

struct seki_cli_colours {
	const char *bad, *good, *dim, *off; /* "" where there are to be none */
};

/* For what goes to this file: colours on a terminal only, and not where NO_COLOR is set. */
const struct seki_cli_colours *seki_cli_colours(FILE *out);

/* Memory of malloc(). NULL: not bytes in hex, or none; there may be spaces and colons between. */
uint8_t *seki_cli_hex_parse(const char *text, size_t text_len, size_t *len);

/* JSON has no other strings than UTF-8: of these, other bytes than ASCII become '?'. */
void seki_cli_add_text(struct json_object *to, const char *key, const char *value);
void seki_cli_add_u64(struct json_object *to, const char *key, uint64_t value);
void seki_cli_add_hex(struct json_object *to, const char *key, const uint8_t *bytes, size_t len);

/* Prints it on a line of its own and frees it. */
void seki_cli_put_json(struct json_object *json);

/* ---- objects ---- */

struct seki_cli_object {
	const char *path;
	void *bytes; /* of malloc() */
	size_t len;
};

/* False: it has complained. */
bool seki_cli_object_read(const char *path, struct seki_cli_object *out);

/* The log of a load that failed goes to standard error, or as JSON to standard output. */
void seki_cli_put_refusal(const char *path, const char *log, int err, bool json);

/* Loads with these options, but for the log and, where none is given, the longest packet; or tells
 * why not: NULL. */
struct seki_bpf_prog *seki_cli_load(const char *path, const struct seki_bpf_load_opts *opts,
				    bool json);

/* ---- packets ---- */

struct seki_cli_packet {
	const uint8_t *bytes;
	uint32_t copied, len; /* in the capture; on the wire */
	uint64_t time_ns;     /* when it was captured; 0: it was not */
};

struct seki_cli_packets;

/* From hex or from a capture (pcap, pcapng), of which one is NULL. NULL: it has complained, and
 * *exit_code is what to return. */
struct seki_cli_packets *seki_cli_packets_open(const char *hex, const char *pcap, int *exit_code);

/* 1 and the next packet, which lives until the next call; 0: no more; -1: it has complained. */
int seki_cli_packets_next(struct seki_cli_packets *packets, struct seki_cli_packet *out);
void seki_cli_packets_close(struct seki_cli_packets *packets);

/* A capture to write, with what `packets` says of its link. It replaces the file when it is
 * committed. NULL or false: it has complained. */
struct seki_cli_capture;
struct seki_cli_capture *seki_cli_capture_create(const char *path,
						 const struct seki_cli_packets *packets);
void seki_cli_capture_write(struct seki_cli_capture *capture, const struct seki_cli_packet *packet);
bool seki_cli_capture_commit(struct seki_cli_capture *capture);
void seki_cli_capture_drop(struct seki_cli_capture *capture); /* takes NULL */

/* ---- maps ---- */

/* Sets entries, "NAME=KEY:VALUE,..." in hex; of classifiers KEY is PRIORITY/FIRST/SECOND. False: it
 * has complained. */
bool seki_cli_maps_set(struct seki_bpf_prog *prog, const char *list);

/* Their entries; of arrays those that are not zero. */
void seki_cli_maps_print(struct seki_bpf_prog *prog);
struct json_object *seki_cli_maps_json(struct seki_bpf_prog *prog);

/* Do the maps of two programs from one object hold the same? If not, the name of one that does not. */
const char *seki_cli_maps_differ(struct seki_bpf_prog *a, struct seki_bpf_prog *b);

const char *seki_cli_map_type(const struct seki_map_def *def);

#endif
