/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF machine for packet programs: reads an object of the P4 ABI (abi/p4obj.h), proves it safe,
 * makes its maps, runs it on packets. Everything in an object and in a packet is untrusted.
 *
 *   link with     pkg-config --libs sekisho-bpf; one page of introduction: libsekisho-bpf(3)
 *   errors        0 or a negative errno; what goes out is written only on success
 *   threads       programs are independent of each other. Of one program, a thread a queue may run
 *                 at once; any thread may use its maps at any time
 *   state         the library has none of its own but what it hands out; it prints nothing, starts
 *                 no threads and handles no signals
 */
#ifndef SEKISHO_BPF_H
#define SEKISHO_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/p4obj.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A loaded program with its maps. */
struct seki_bpf_prog;

/* What a program may ask of whoever runs it. Called on the thread that runs it. Any may be NULL:
 * the fact is absent, the line is dropped, the time is CLOCK_REALTIME. */
struct seki_bpf_host {
	void *arg; /* the caller's: first argument of each */
	uint64_t (*time_ns)(void *arg);
	void (*print)(void *arg, const char *line); /* the line, without its end, lives until it
						       returns; any bytes may be in it */
	/*
	 * Did the VM send a datagram of this flow, or any, in the last `within_ms` milliseconds?
	 * 1 yes, 0 no, -EAGAIN "not known yet": only where `may_wait`, which is true where the
	 * program has certainly changed no map before this call, so that it can be run anew from
	 * the start on the same packet. -EAGAIN stops the program; seki_bpf_prog_run() returns it.
	 */
	int (*udp_sent)(void *arg, const struct seki_udp_query *query, uint64_t within_ms,
			bool may_wait);
	int (*udp_sent_any)(void *arg, uint64_t within_ms, bool may_wait);
};

/* What runs a program. */
enum seki_bpf_engine {
	SEKI_BPF_ENGINE_AUTO, /* the JIT where there is one, else the interpreter */
	SEKI_BPF_ENGINE_INTERPRETER,
	SEKI_BPF_ENGINE_JIT,
};

#define SEKI_BPF_QUEUES_MAX 64u

/* How to load. All zero but sz: as usual. */
struct seki_bpf_load_opts {
	size_t sz; /* sizeof(struct seki_bpf_load_opts): of the header that the caller was built
		      with; what a library does not know must be zero */
	const char *entry;	/* function to run; NULL: "entry" */
	uint64_t max_insns;	/* refuse programs that may run longer; 0: no limit of its own */
	uint64_t max_map_bytes; /* refuse programs whose maps take more; 0: 64 MiB */
	uint32_t queues; /* threads that may run it at once; 0: one, at most SEKI_BPF_QUEUES_MAX */
	enum seki_bpf_engine engine; /* JIT: -ENOTSUP where it cannot be had */
	char *log;		     /* why it was refused and where, NUL-terminated; may be NULL */
	size_t log_size;	     /* bytes; what does not fit is cut. 4096 do without verbose */
	bool verbose;		     /* log the path that led to the rejection as well */
	uint64_t max_packet; /* bytes of the longest packet that it will be given, at most 2^24 - 1;
				0: that. The shorter, the sooner what loops over it ends */
	struct seki_bpf_prog *keep_from; /* carry maps over from this program; NULL: from none */
	const char *const *keep;	 /* their names, with keep_from; NULL: all that can be */
	uint32_t n_keep;
};

/*
 * Maps that are carried over are not copied: both programs have them, with all that is in them, and
 * the last to be destroyed frees them. A map that is named must be in both programs; so is what
 * belongs to it (_defaultAction, _groups, _state, _taken). Where none is named, all maps of the same
 * name are carried over but those whose entries to start with are others now: they start anew, and
 * so does sekisho_scratch, always. Type, sizes, max_entries, hashes and fields must be the same.
 * What the bytes of a value mean is not known here: that must be the same too.
 *
 * keep_from must have the same number of queues. From now on a thread that runs a queue of one of the
 * programs must not be in a run of that queue of the other: one thread a queue, of all programs that
 * have maps in common, as one that replaces the program between two runs.
 */

/*
 * Loads an object file of `len` bytes, verifies it and makes its maps. The object, the options and
 * the strings in them are not needed any more when this returns; opts may be NULL. Any thread. It
 * always ends: in less than about a second, whatever the object, and with 32 MiB for the proof; and
 * 20 us for each entry that a classifier starts with, which may be there once only.
 *
 * 0 and a program, owned by the caller, for seki_bpf_prog_destroy(); else a log that names the place
 * and the reason, in lines without control characters but tabs, and
 *   -ENOEXEC  not an object of this ABI (not ELF, truncated, wrong machine, no entry, unknown
 *             relocation ...)
 *   -EACCES   the verifier cannot prove it safe
 *   -E2BIG    too large, too complex, or beyond max_insns or max_map_bytes
 *   -ENOTSUP  the JIT was asked for and cannot be had
 *   -EINVAL   the options: sz, queues, engine, max_packet or keep
 *   -ENOENT   a map that is to be carried over is not in both programs
 *   -EEXIST   a map that is to be carried over has another shape; the log says which
 *   -ENOMEM
 */
int seki_bpf_prog_load(const void *elf, size_t len, const struct seki_bpf_load_opts *opts,
		       struct seki_bpf_prog **out);

/* Frees a program and the maps that no other has. Takes NULL. No thread may be running it, or using
 * those maps. */
void seki_bpf_prog_destroy(struct seki_bpf_prog *prog);

/* What is known of a loaded program. */
struct seki_bpf_info {
	uint32_t insns;	       /* instructions */
	uint64_t worst_insns;  /* most instructions that one run executes */
	uint32_t packet_touch; /* no run looks at or changes bytes of the packet from here on */
	bool packet_written;   /* some path writes the packet, moves its head or truncates it */
	uint32_t maps;
	uint64_t map_bytes;	     /* memory that the maps take, for all queues */
	enum seki_bpf_engine engine; /* which one runs it: never AUTO */
	uint32_t native_bytes;	     /* of machine code; 0: interpreted */
	const char *source;	     /* name of the P4 file, "" if the object does not say */
	uint32_t max_packet;	     /* bytes of the longest packet that it can be run on */
};

/* Never fails; it lives as long as the program and does not change. Any thread. */
const struct seki_bpf_info *seki_bpf_prog_info(const struct seki_bpf_prog *prog);

/*
 * One run on one packet. The packet's bytes lie at buf[off .. off + copied); it is `len` bytes
 * long, the rest of it is elsewhere: copied >= min(len, packet_touch), else the run is refused
 * (-EINVAL), as it is without a buf, which even no bytes need. What is before and after in buf is
 * room for the head to grow. After a run, off, copied and len describe the packet as the program
 * left it (a head grown by 4: off - 4, copied + 4, len + 4).
 */
struct seki_bpf_run {
	const struct seki_bpf_host *host; /* NULL: one that knows nothing */
	uint8_t *buf;			  /* the caller's; kept no longer than the run */
	uint32_t size;			  /* bytes of buf */
	uint32_t off;
	uint32_t copied;
	uint32_t len;		   /* at most info->max_packet */
	uint32_t rss_hash;	   /* what the program gets that asks for it */
	uint32_t queue;		   /* less than opts.queues; of each, one thread at a time */
	struct seki_std_meta meta; /* in: input_port; packet_length is set from len. out: as the
				      program left it */
	uint32_t site;		   /* out: line the program said it dropped at, else 0 */
	uint64_t insns;		   /* out: instructions executed; 0: the JIT does not count */
};

/*
 * Runs the program on the packet that `run` describes, on the calling thread, for at most
 * info->worst_insns instructions. It waits for nothing and allocates nothing. The packet passes where
 * r0 is not 0; run->meta says where to.
 *
 * 0 and the program's r0; -EAGAIN where the host asked to wait; -ENOBUFS where the head could not
 * grow or shrink as asked (the program stops there; the packet is to be dropped); -EINVAL where the
 * packet is not as described above, or there is no such queue; -ELOOP where it ran longer than was
 * proved, which is a bug of ours that did no harm.
 */
int seki_bpf_prog_run(struct seki_bpf_prog *prog, struct seki_bpf_run *run, uint64_t *r0);

/*
 * Maps, for control planes: any thread may call these at any time, also while programs run; a
 * program sees each change as a whole. But not from within a run, that is, from a function of
 * struct seki_bpf_host: they may wait for runs to end. Values have the size of the definition, keys
 * seki_bpf_map_key_bytes(): those of classifiers are struct seki_classifier_key. All return 0 or a negative errno; -EBUSY, which is rare: another thread, or a run
 * that was on when an entry was deleted, has been in the way for a second.
 *
 * What programs see: a lookup gives a pointer to the value, which stays that key's until the run
 * ends, even where the entry is deleted or replaced meanwhile. What a control plane sets in a hash
 * map or trie replaces the value as a whole: a run that holds the old one keeps it, and what it
 * writes there is lost. Values of arrays change in place, by words of 8 bytes.
 * Lookups wait for nothing. The update and delete helpers let other threads run a few times where
 * a call from here would wait, then return -EBUSY (-16).
 */
struct seki_bpf_map;

/* By name; by number, in the order of the object, less than info->maps. NULL: there is none. The
 * map lives as long as a program that has it. */
struct seki_bpf_map *seki_bpf_prog_map(struct seki_bpf_prog *prog, const char *name);
struct seki_bpf_map *seki_bpf_prog_map_at(struct seki_bpf_prog *prog, uint32_t index);

/* Was the map of this number carried over from opts.keep_from? */
bool seki_bpf_prog_keeps(const struct seki_bpf_prog *prog, uint32_t index);

/* Its name and its sizes in bytes. Both live as long as the map and do not change. */
const char *seki_bpf_map_name(const struct seki_bpf_map *map);
const struct seki_map_def *seki_bpf_map_def(const struct seki_bpf_map *map);

/* Bytes of a key as the functions below take it: the definition's key_size, but of a classifier 4
 * and twice that. Never changes. */
uint32_t seki_bpf_map_key_bytes(const struct seki_bpf_map *map);

/* How many entries there are; of an array max_entries. */
uint32_t seki_bpf_map_entries(const struct seki_bpf_map *map);

/*
 * The value of a key. Of a classifier: of exactly this entry. Of a trie: of exactly this prefix, not of the longest that covers it. Of an
 * array with a value for each queue: the sum over all queues, by words of 8 bytes. -ENOENT: there
 * is no such entry. -EINVAL: a prefix longer than the key.
 */
int seki_bpf_map_get(struct seki_bpf_map *map, const void *key, void *value);

/*
 * Sets an entry, whether there was one or not. Of an array with a value for each queue: the sum
 * over all queues. -ENOSPC: max_entries are there (an LRU map drops another entry instead).
 * -ENOENT: an array has no such index. -EINVAL: a prefix longer than the key; of a classifier, a
 * mask that does not fit its field's match, a range that ends before it begins, a number that is
 * wider than its field. An entry of a classifier that was there keeps its place among those of
 * equal priority.
 */
int seki_bpf_map_set(struct seki_bpf_map *map, const void *key, const void *value);

/* The same if there is no entry (SEKI_MAP_NOEXIST; else -EEXIST), or only if there is one
 * (SEKI_MAP_EXIST; else -ENOENT). */
int seki_bpf_map_set_if(struct seki_bpf_map *map, const void *key, const void *value,
			enum seki_map_set how);

/* Deletes an entry. -ENOENT: there is no such entry. -EINVAL: arrays lose none; a prefix longer than
 * the key. */
int seki_bpf_map_del(struct seki_bpf_map *map, const void *key);

/*
 * The key after `key` in the map's order, which is not that of insertion; NULL: the first. `key`
 * need not be there any more; `next` may be `key`. Walking the map like this meets every entry
 * that is there all the while exactly once, whatever else changes. -ENOENT: there are no more.
 */
int seki_bpf_map_next_key(struct seki_bpf_map *map, const void *key, void *next);

/* The value of one queue, in an array with a value for each. -EINVAL: no such queue or no such
 * array. -ENOENT: no such index. */
int seki_bpf_map_get_queue(struct seki_bpf_map *map, const void *key, uint32_t queue, void *value);
int seki_bpf_map_set_queue(struct seki_bpf_map *map, const void *key, uint32_t queue,
			   const void *value);

/*
 * Takes the oldest record of a digest (struct seki_digest_state) that this queue has packed and
 * nobody has taken: all of it, its number first, as many bytes as the definition of the map `name` says.
 * Of each queue one thread at a time. -EAGAIN: there is none. -ENOENT: no digest of that name.
 * -EINVAL: no such queue.
 */
int seki_bpf_digest_next(struct seki_bpf_prog *prog, const char *name, uint32_t queue,
			 void *record);

#ifdef __cplusplus
}
#endif

#endif
