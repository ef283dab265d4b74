/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where running instances are found: <base>/<name>/, with base from the command line, else the
 * environment variable SEKISHO_RUN_DIR, else /run/sekisho. A P4 VM named NAME has there port.sock
 * (abi/attach.h) and control.sock (abi/control.h).
 */
#ifndef SEKI_LIB_SYS_RUNDIR_H
#define SEKI_LIB_SYS_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>

#define SEKI_RUNDIR_DEFAULT "/run/sekisho"
#define SEKI_RUNDIR_PORT    "port.sock"
#define SEKI_RUNDIR_CONTROL "control.sock"
#define SEKI_RUNDIR_LOG	    "log"

/* Longest name of an instance. */
#define SEKI_RUNDIR_NAME_MAX 40u

/* `from_option` may be NULL. Never NULL. */
const char *seki_rundir_base(const char *from_option);

/* Letters, digits, '.', '_' and '-', the first a letter or digit, at most SEKI_RUNDIR_NAME_MAX. */
bool seki_rundir_name_ok(const char *name);

/* "<base>/<name>/<leaf>" (without leaf where NULL). 0, -EINVAL for a bad name, -ENAMETOOLONG. */
int seki_rundir_path(const char *base, const char *name, const char *leaf, char *out, size_t size);

/*
 * Makes <base>/<name> as far as absent, private to the caller (mode 0700), and takes its lock, so
 * that an instance runs once. Returns a directory descriptor that holds the lock until closed (also
 * by a crash), or negative errno; -EBUSY: it runs already; -EPERM: somebody else than the caller
 * and root could put something else in its place.
 */
int seki_rundir_claim(const char *base, const char *name);

#endif
