/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line of sekisho-p4vmd says, and the two halves that act on it. */
#ifndef SEKI_P4VM_CONFIG_H
#define SEKI_P4VM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "p4vm/sandbox.h"

#define SEKI_P4VM_PROGRAM   "sekisho-p4vmd"

#define SEKI_P4VM_SPIN_AUTO UINT32_MAX

struct seki_p4vm_config {
	const char *name;
	const char *run_dir; /* base */
	const char *program; /* object to start with, or NULL */
	const char *facts;   /* region file, or NULL */
	const char *key;     /* key file, or NULL */
	uint32_t fact_wait_ms;
	uint32_t spin_us;
	uint32_t uid;		/* 0: by name */
	const char *no_program; /* "drop" or "pass" */
	const char *cpus;	/* NULL: no limit */
	uint32_t millicpus;	/* the same */
	uint32_t workers;
	uint32_t max_insns;
	uint32_t memory_mib;   /* of the programs' maps */
	const char *isolation; /* NULL or "process"; "vm" */
	const char *accel;     /* of a virtual machine: NULL (by what there is), "kvm" or "tcg" */
	uint32_t vm_memory;    /* of a virtual machine, MiB */
	uint32_t
		guest_of; /* in a virtual machine: process on its host that it belongs to; 0: is in none */
	const char *guest_sandbox; /* there: what the sandbox of its host half is, where not full */
	bool confidential;
	bool partial_ok;
	bool daemon;
	bool version;
};

/* What the sandboxed process gets from its parent. */
struct seki_p4vm_child {
	const struct seki_p4vm_config *config;
	const struct seki_sandbox *sandbox;
	const char *dir; /* of this instance */
	int control_listen;
	int port_listen;
	int signals; /* signalfd */
	int keeper;  /* socket to the parent, which sends the process's id first */
	int journal; /* of a virtual machine: memory file for a struct seki_vm_journal */
};

/*
 * Runs the P4 VM in the calling process; returns its exit code. Errors go to standard error. It says
 * that it serves by one byte to its keeper.
 */
int seki_p4vm_child_run(const struct seki_p4vm_child *child);

/*
 * Maps the facts that the configuration names, if any, and makes a copy for each worker. Complains: 0 or 1,
 * then what is there is the caller's all the same.
 */
struct seki_vminfo;
int seki_p4vm_take_facts(const struct seki_p4vm_config *config, void **region,
			 struct seki_vminfo **facts);

/* What both isolation levels open. Each complains: a descriptor or -1; 0 or 1. */
int seki_p4vm_open_facts(const char *path);
int seki_p4vm_read_program(const char *path, void **out, size_t *len);

#endif
