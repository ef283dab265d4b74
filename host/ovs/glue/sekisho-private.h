/* SPDX-License-Identifier: Apache-2.0 */
/* A shielded port, as sekisho.c and sekisho-show.c know it. */
#ifndef SEKISHO_PRIVATE_H
#define SEKISHO_PRIVATE_H 1

#include "host/ovs/hook.h"
#include "openvswitch/list.h"
#include "ovs-thread.h"

struct sekisho {
	struct ovs_list node; /* in sekisho_list */
	struct seki_hook *hook;
	char *port;
	enum seki_hook_state logged[SEKI_HOOK_QUEUES];
};

/* All shields, under sekisho_mutex. */
extern struct ovs_mutex sekisho_mutex;
extern struct ovs_list sekisho_list;

/* Name of a queue's datapath thread. The caller frees it. */
char *sekisho_thread_name(uint32_t key);
const char *sekisho_state_name(enum seki_hook_state state);

/* appctl sekisho/show. */
struct unixctl_conn;
void sekisho_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux);

#endif
