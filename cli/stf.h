/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts of packets and of what is to become of them: p4c's simple test framework, and ours.
 *
 *   packet PORT HEX            a packet comes in
 *   expect PORT [HEX [$]]      the next that went out there: it starts with these bytes, * for a
 *                              digit that does not matter; with $ it ends there
 *   no_packet                  no other went out so far
 *   drop [LINE]                the last one was dropped, at this line of the program
 *   add TABLE [PRIORITY] FIELD:MATCH ... ACTION(PARAM:VALUE, ...)
 *   setdefault TABLE ACTION(PARAM:VALUE, ...)
 *   remove TABLE [PRIORITY] FIELD:MATCH ...
 *   member PROFILE NUMBER ACTION(PARAM:VALUE, ...), remove_member PROFILE NUMBER
 *   group SELECTOR NUMBER MEMBER ..., remove_group SELECTOR NUMBER
 *   check_counter NAME(INDEX) [packets|bytes] [OPERATOR] NUMBER
 *   meter NAME(INDEX) CIR CBS PIR PBS     rates and bursts
 *   digest NAME RECORD|none    takes the next record: in hex, with its number, * for digits
 *   sent 4|6 SADDR DADDR SPORT DPORT     the VM has sent a datagram of that flow; all in hex
 *   time NS                    the program's clock stands there
 *   set MAP KEY VALUE          writes an entry of a map; both in hex
 *   value MAP KEY VALUE        compares one, * for digits
 *   wait                       nothing: what is to be seen is there at once
 *   #: compat, #: extern FILE  how to build the program
 */
#ifndef SEKI_CLI_STF_H
#define SEKI_CLI_STF_H

#include "cli/bpf_machine.h"
#include "cli/p4_program.h"

#define SEKI_STF_SENT 64u

/* What the script expects and did not get. */
struct seki_stf_fault {
	uint32_t line; /* of the script */
	const char *text;
	const char *expected; /* hex digits and *, or NULL */
	const uint8_t *got;
	uint32_t got_len;
};

struct seki_stf_packet;

struct seki_stf {
	struct seki_cli_machine m; /* the first: it is what the host's functions get */
	const struct seki_cli_p4_program *program;
	bool compat;
	bool entries_only; /* no packets and nothing expected: only tables, and what is known */
	void (*fault)(void *arg, const struct seki_stf_fault *fault);
	void *arg;
	uint32_t met, faults; /* expectations that were met, and that were not */

	uint32_t line;
	struct seki_udp_query sent[SEKI_STF_SENT];
	uint32_t n_sent;
	uint64_t time_ns;
	struct seki_stf_packet *out; /* those that nothing was said about yet */
	bool ran, passed;	     /* the last packet */
	uint32_t site;
};

/*
 * Opens the program's source or object, loads it for the engine, and runs what sets entries, of a file; NULL:
 * none. False: it has complained; seki_stf_exit() and seki_cli_p4_close() are right all the same.
 */
bool seki_stf_prepare(struct seki_stf *stf, const struct seki_cli_p4_source *source,
		      enum seki_bpf_engine engine, const char *entries,
		      struct seki_cli_p4_program *program);

/* Takes the program. False: it has complained. */
bool seki_stf_init(struct seki_stf *stf, const struct seki_cli_p4_program *program,
		   struct seki_bpf_prog *prog);
void seki_stf_exit(struct seki_stf *stf);

/* A script, of malloc(). NULL: it has complained. */
char *seki_stf_read(const char *path);

/* Runs only what sets entries and tells what is known, of a file; NULL: none. False: it has
 * complained. */
bool seki_stf_entries(struct seki_stf *stf, const char *path);

/* Runs the script. False: memory is short. */
bool seki_stf_run(struct seki_stf *stf, const char *text);

/* "#: compat" and "#: extern FILE", this in the script's folder, the caller's to free. */
void seki_stf_options(const char *path, const char *text, bool *compat, char **externs);

#endif
