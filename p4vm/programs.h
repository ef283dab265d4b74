/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of a P4 VM: one for all ports, and one for each port that was given its own. Loaded,
 * replaced and unloaded under traffic; all of it by the main thread.
 *
 * A change begins with the switch: where the new program looks at more of a packet than the old one,
 * the switch is told so first, and the old program goes on until each queue's packets have as many
 * bytes. So none has to be handed over a second time, which would put it behind others of its flow. A
 * switch that does not look is waited for SEKI_PROGRAMS_WAIT_NS, no longer. Then each worker changes
 * programs between two batches: a packet sees one or the other.
 */
#ifndef SEKI_P4VM_PROGRAMS_H
#define SEKI_P4VM_PROGRAMS_H

#include "p4vm/worker.h"

#define SEKI_PROGRAMS_WAIT_NS 200000000ull

/* What the status says of a loaded program; name empty: none. */
struct seki_loaded {
	char name[64];	 /* printable */
	char source[64]; /* printable; name of the P4 file or empty */
	uint64_t real_ns;
	uint32_t maps_kept;
	struct seki_bpf_info info; /* without its source */
};

struct seki_program {
	char port[64]; /* whose it is; "": number 0, of all ports that have none of their own */
	bool used;
	bool given; /* the workers have engines for this number */
	struct seki_bpf_prog *prog;
	struct seki_loaded loaded;
};

struct seki_programs {
	/* Set by whoever has it. */
	struct seki_worker *workers; /* started */
	uint32_t n_workers;
	uint64_t max_insns;
	uint64_t max_map_bytes; /* of all programs together */

	struct seki_program at[SEKI_PROGRAMS];
};

/* What a request to load says, besides the object. */
struct seki_load {
	const char *name;
	const char *port;	 /* "": for all that have none of their own */
	bool keep;		 /* carry maps over from the program that judges the port now */
	const char *const *maps; /* which; NULL: all that can be */
	uint32_t n_maps;
};

/*
 * Verifies an object and puts it to work. 0, or negative errno, then nothing changed; *text gets what
 * there is to tell the person (malloc(), NULL: no memory).
 */
int seki_programs_load(struct seki_programs *programs, const struct seki_load *load,
		       const void *object, size_t len, char **text);

/* Takes a program away: its packets are judged by the one of all ports or, if it is that, follow the
 * absence of a program. -ENOENT: there is none. */
int seki_programs_unload(struct seki_programs *programs, const char *port, char **text);

/* Number of the program that judges the packets of a port. */
uint32_t seki_programs_of(const struct seki_programs *programs, const char *port);

/* The workers have stopped. */
void seki_programs_destroy(struct seki_programs *programs);

#endif
