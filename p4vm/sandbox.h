/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around a P4 VM that runs as a process. They stand before it reads any byte that it does
 * not trust: packets, programs, requests, facts.
 *
 *   prepare  in the parent, before fork(): a new PID namespace; not root: a user namespace too
 *   confine  in the child: own network, mount (an empty read-only root), IPC, UTS and cgroup
 *            namespaces, own user id, no capabilities, no new privileges, limits, no core dump
 *   filter   in the child, after its threads run: seccomp; any other system call kills the process
 */
#ifndef SEKI_P4VM_SANDBOX_H
#define SEKI_P4VM_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* systemd's range for dynamic users: nobody else's files. */
#define SEKI_SANDBOX_UID_MIN 61184u
#define SEKI_SANDBOX_UID_MAX 65519u

/* Descriptors that a P4 VM needs beside two for each queue. */
#define SEKI_SANDBOX_FILES 128u

struct seki_sandbox {
	uid_t uid;	  /* user and group to become; not 0 */
	uint32_t workers; /* these two decide how much it may have of memory and descriptors */
	uint32_t map_mib; /* of the programs' maps */
	bool own_user;	  /* out: does it have that user id for itself? */
	bool own_spaces;  /* out: does it have its own namespaces? */
};

/* The user id that an instance of this name has where none is chosen. */
uid_t seki_sandbox_uid(const char *name);

/* Everything that is meant to stand does. */
bool seki_sandbox_is_full(const struct seki_sandbox *sandbox);

/* Short text for people. */
const char *seki_sandbox_text(const struct seki_sandbox *sandbox);

/*
 * Each returns 0 or negative errno. `empty_dir` becomes the root in the child's sight; `more` are
 * system calls to allow beside those of a P4 VM.
 */
int seki_sandbox_prepare(struct seki_sandbox *sandbox);
int seki_sandbox_confine(const struct seki_sandbox *sandbox, const char *empty_dir);
int seki_sandbox_filter(const int *more, size_t n_more);

#endif
