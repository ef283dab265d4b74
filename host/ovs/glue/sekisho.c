/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hook in Open vSwitch: hands the packets of shielded ports to the engine (host/ovs/hook.h) and
 * gives dpif-netdev.c back what goes on.
 */
#include <config.h>
#include "sekisho.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dirs.h"
#include "dpdk.h"
#include "dpif-netdev.h"
#include "netdev.h"
#include "netdev-offload.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "sekisho-private.h"
#include "smap.h"
#include "timeval.h"
#include "unixctl.h"

VLOG_DEFINE_THIS_MODULE(sekisho);

BUILD_ASSERT_DECL(NETDEV_MAX_BURST <= SEKI_BATCH_MAX);
BUILD_ASSERT_DECL(sizeof(((struct sekisho_granted *)NULL)->port) == SEKI_HOOK_NAME);

atomic_count sekisho_ports = ATOMIC_COUNT_INIT(0);
struct ovs_mutex sekisho_mutex = OVS_MUTEX_INITIALIZER;
struct ovs_list sekisho_list OVS_GUARDED_BY(sekisho_mutex) = OVS_LIST_INITIALIZER(&sekisho_list);

/* Made with the first shield, by the main thread; lives as long as the process. */
static struct seki_connector *connector;

static void wake(void)
{
	seki_connector_wake(connector);
}

static void log_line(const char *line)
{
	VLOG_INFO("%s", line);
}

/* The module of P4 VMs inside this process, which stays; NULL: *error says why. */
static const struct seki_inline *load_module(const char *path, const char **error)
{
	static const struct seki_inline *module;
	void *handle;

	if (module)
		return module;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	module = handle ? dlsym(handle, SEKI_INLINE_SYMBOL) : NULL;
	*error = module ? "it is of another version than this switch" : dlerror();
	if (module && module->version == SEKI_INLINE_VERSION) {
		seki_hook_set_inline(module);
		return module;
	}
	module = NULL;
	if (handle)
		dlclose(handle);
	return NULL;
}

/* Files of P4 VMs inside this process, with which they come back in the next; and a link to their module. */
static const char *kept_folder(void)
{
	static char *folder;

	if (!folder)
		folder = xasprintf("%s/sekisho-inline", ovs_rundir());
	return folder;
}

static bool is_ours(const char *folder)
{
	struct stat st;

	return !lstat(folder, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 077);
}

static struct seki_inline_host inline_host = {.wake = wake, .log = log_line};

/* Once, when there is a connector: those that ran before this process come back. */
static void restore_inline(void)
{
	static bool done;
	char *path = xasprintf("%s/.module", kept_folder());
	const struct seki_inline *module;
	const char *error;

	if (!done && is_ours(kept_folder()) && !access(path, F_OK)) {
		inline_host.keep = kept_folder();
		module = load_module(path, &error);
		if (module)
			module->restore(&inline_host);
		else
			VLOG_WARN("P4 VMs of before do not come back: %s: %s", path, error);
	}
	done = true;
	free(path);
}

/* Where to find the module that is loaded, in the next process. */
static void keep_module(const char *module)
{
	char *path = xasprintf("%s/.module", kept_folder());

	mkdir(kept_folder(), 0700);
	if (is_ours(kept_folder()) && (!unlink(path) || errno == ENOENT) && !symlink(module, path))
		inline_host.keep = kept_folder();
	else
		VLOG_WARN("%s: cannot be had by this user alone: P4 VMs in this switch end with it",
			  kept_folder());
	free(path);
}

/* Makes the connector with the first shield or the first P4 VM. 0 or negative errno. */
static int connect_first(void)
{
	int err = connector ? 0 : seki_connector_create(&connector);

	if (!err)
		restore_inline();
	return err;
}

/* appctl sekisho/inline: starts a P4 VM inside this process, as `sekisho shield run` asks for. */
static void run_inline(struct unixctl_conn *conn, int argc, const char *argv[],
		       void *aux OVS_UNUSED)
{
	const struct seki_inline *module;
	const char *error;
	char text[512] = "no memory";
	int err = connect_first();

	if (err) {
		unixctl_command_reply_error(conn, ovs_strerror(-err));
		return;
	}
	module = load_module(argv[1], &error);
	if (!module) {
		char *reply = xasprintf("%s: %s", argv[1], error);

		unixctl_command_reply_error(conn, reply);
		free(reply);
		return;
	}
	keep_module(argv[1]);
	err = module->start(argc - 1, CONST_CAST(char **, argv + 1), &inline_host, text,
			    sizeof text);
	if (err) {
		unixctl_command_reply_error(conn, text);
	} else {
		unixctl_command_reply(conn, NULL);
	}
}

void sekisho_init(void)
{
	unixctl_command_register("sekisho/show", "[--json] [port]", 0, 2, sekisho_show, NULL);
	unixctl_command_register("sekisho/inline", "module name [option]...", 2, INT_MAX,
				 run_inline, NULL);
}

char *sekisho_thread_name(uint32_t key)
{
	return key == NON_PMD_CORE_ID ? xstrdup("main") : xasprintf("pmd-%" PRIu32, key);
}

const char *sekisho_state_name(enum seki_hook_state state)
{
	switch (state) {
	case SEKI_QUEUE_UP:
		return "up";
	case SEKI_QUEUE_UNRESPONSIVE:
		return "unresponsive";
	case SEKI_QUEUE_DOWN:
	default:
		return "down";
	}
}

static void free_packet(void *packet)
{
	dp_packet_delete(packet);
}

static const char *get_value(const void *cfg, const char *key)
{
	return smap_get(cfg, key);
}

static void warn_value(void *port, const char *key, const char *value)
{
	VLOG_WARN("%s: other_config:%s=\"%s\" is not valid", (const char *)port, key, value);
}

static struct sekisho *create(const char *port, const struct seki_hook_config *config)
{
	struct sekisho *s;
	int err = connect_first();

	if (err) {
		/* The port must not go unshielded, and there is nothing to shield it with. */
		VLOG_ABORT("%s: cannot start the thread that attaches to P4 VMs: %s", port,
			   ovs_strerror(-err));
	}
	s = xzalloc(sizeof *s);
	if (seki_hook_create(connector, port, config, free_packet, &s->hook))
		out_of_memory();
	s->port = xstrdup(port);
	ovs_mutex_lock(&sekisho_mutex);
	ovs_list_push_back(&sekisho_list, &s->node);
	ovs_mutex_unlock(&sekisho_mutex);
	atomic_count_inc(&sekisho_ports);
	return s;
}

struct sekisho *sekisho_configure(struct sekisho *s, const struct netdev *netdev,
				  const struct smap *cfg)
{
	const char *port = netdev_get_name(netdev);
	struct seki_hook_config config;
	struct seki_hook_config old;

	if (!s && !smap_get(cfg, "sekisho"))
		return NULL;
	seki_hook_config_read(&config, get_value, cfg, warn_value, CONST_CAST(char *, port));
	if (!s) {
		s = create(port, &config);
		if (!netdev_n_txq(netdev))
			VLOG_WARN("%s: a port of this type has no packets of its own to shield",
				  port);
		if (netdev_is_flow_api_enabled())
			VLOG_WARN("%s: hw-offload=true lets packets pass unseen", port);
		VLOG_INFO("%s: shielded by the P4 VM at %s, fail=%s", port, config.socket,
			  config.fail_open ? "open" : "closed");
		return s;
	}
	seki_hook_config(s->hook, &old);
	if (!config.socket[0] && old.socket[0])
		VLOG_INFO("%s: no longer shielded", port);
	if (memcmp(&config, &old, sizeof config))
		seki_hook_configure(s->hook, &config);
	return s;
}

static void log_state(struct sekisho *s, const struct seki_hook_stats *stats)
{
	static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(60, 60);
	char *thread = sekisho_thread_name(stats->key);

	VLOG_INFO_RL(&rl, "%s: P4 VM of thread %s is %s%s%s", s->port, thread,
		     sekisho_state_name(stats->state), stats->error ? ": " : "",
		     stats->error ? ovs_strerror(-stats->error) : "");
	free(thread);
}

bool sekisho_run(struct sekisho *s)
{
	struct seki_hook_stats stats;
	uint64_t count;

	while (read(seki_connector_bell(connector), &count, sizeof count) > 0)
		continue;
	for (uint32_t i = 0; i < seki_hook_queues(s->hook); i++) {
		seki_hook_stats(s->hook, i, &stats);
		if (stats.state != s->logged[i]) {
			s->logged[i] = stats.state;
			log_state(s, &stats);
		}
	}
	return seki_hook_drained(s->hook);
}

static void destroy(struct sekisho *s)
{
	seki_hook_destroy(s->hook);
	free(s->port);
	free(s);
}

void sekisho_remove(struct sekisho *s)
{
	ovs_mutex_lock(&sekisho_mutex);
	ovs_list_remove(&s->node);
	ovs_mutex_unlock(&sekisho_mutex);
	atomic_count_dec(&sekisho_ports);
	ovsrcu_postpone(destroy, s);
}

static struct seki_hook_packet describe(struct dp_packet *packet)
{
	return (struct seki_hook_packet){
		.packet = packet,
		.data = dp_packet_data(packet),
		.len = sekisho_length(packet),
		.rss_hash = dp_packet_rss_valid(packet) ? dp_packet_get_rss_hash(packet) : 0,
	};
}

static bool settle(struct sekisho *s, struct seki_lanes *q, struct seki_outcome *o,
		   struct sekisho_output *out);

/* The copy of a packet as it came goes its way at the next poll. */
static void defer_copy(struct seki_lanes *q, const struct seki_outcome *o)
{
	const struct seki_outcome copy = {
		.packet = sekisho_clone(o->packet),
		.in_port = o->in_port,
		.out_port = o->clone_port,
		.copy = true,
	};

	if (!copy.packet)
		seki_lanes_lose_clone(q, &copy);
	else if (!seki_lanes_defer(q, &copy))
		dp_packet_delete(copy.packet);
}

/* Where the P4 VM is inside this process, each packet's way is known at once. */
static void judge_all(struct sekisho *s, struct seki_lanes *q, uint32_t in_port,
		      struct dp_packet_batch *batch)
{
	const uint32_t straight = in_port == SEKI_PORT_NET ? SEKI_PORT_VM : SEKI_PORT_NET;
	const size_t n = dp_packet_batch_size(batch);
	struct sekisho_pool seen = {NULL, false};
	struct dp_packet *packet;
	size_t i;

	DP_PACKET_BATCH_REFILL_FOR_EACH (i, n, packet, batch) {
		struct seki_hook_packet p;
		struct seki_outcome o;
		bool away;

		if (OVS_UNLIKELY(!sekisho_length(packet)))
			packet = sekisho_own(packet, &seen); /* in one piece then */
		p = describe(packet);
		seki_lanes_judge(q, in_port, &p, &o);
		away = o.fate == SEKI_FATE_PASS && o.out_port != straight;
		if (OVS_UNLIKELY(o.clone_port))
			defer_copy(q, &o);
		o.clone_port = 0;
		if (away || o.edited)
			o.packet = sekisho_own(o.packet, &seen);
		if (!settle(s, q, &o, NULL))
			continue;
		if (!away)
			dp_packet_batch_refill(batch, o.packet, i);
		else if (!seki_lanes_defer(q, &o))
			dp_packet_delete(o.packet);
	}
}

/* What is looked at first of a packet: it was used last some batches ago. */
static void prefetch(const struct dp_packet *packet)
{
	OVS_PREFETCH(packet);
	OVS_PREFETCH(&packet->source);
}

static bool is_frame(const struct dp_packet *packet)
{
	return dp_packet_size(packet) >= ETH_HEADER_LEN;
}

/* What a VM sends from an address that is not its port's is nobody's to judge. */
static void drop_foreign(struct sekisho *s, struct seki_lanes *q, struct dp_packet_batch *batch)
{
	const size_t n = dp_packet_batch_size(batch);
	struct sekisho_pool seen = {NULL, false};
	struct dp_packet *packet;
	size_t i;

	DP_PACKET_BATCH_REFILL_FOR_EACH (i, n, packet, batch) {
		if (OVS_UNLIKELY(!sekisho_length(packet)))
			packet = sekisho_own(packet, &seen); /* in one piece then */
		if (!is_frame(packet) || seki_hook_may_send(s->hook, dp_packet_data(packet))) {
			dp_packet_batch_refill(batch, packet, i);
			continue;
		}
		seki_lanes_refuse(q, SEKI_PORT_VM, SEKI_REASON_SOURCE);
		dp_packet_delete(packet);
	}
}

static void filter(struct sekisho *s, uint32_t in_port, unsigned core, long long now_us,
		   struct dp_packet_batch *batch)
{
	struct seki_lanes *q = seki_hook_lanes(s->hook, core);
	struct seki_hook_packet packets[NETDEV_MAX_BURST];
	enum seki_fate fates[NETDEV_MAX_BURST];
	struct sekisho_pool seen = {NULL, false};
	struct dp_packet *packet;
	size_t i, n;

	if (OVS_UNLIKELY(!q)) {
		dp_packet_delete_batch(batch, true);
		dp_packet_batch_init(batch);
		return;
	}
	if (in_port == SEKI_PORT_VM && OVS_UNLIKELY(!seki_hook_any_source(s->hook)))
		drop_foreign(s, q, batch);
	n = dp_packet_batch_size(batch);
	if (!n)
		return;
	if (seki_lanes_inline(q, now_us * 1000ull)) {
		judge_all(s, q, in_port, batch);
		return;
	}
	DP_PACKET_BATCH_FOR_EACH (j, packet, batch)
		prefetch(packet);
	DP_PACKET_BATCH_FOR_EACH (j, packet, batch) {
		if (OVS_UNLIKELY(!sekisho_is_own(packet, &seen)))
			batch->packets[j] = packet = sekisho_own(packet, &seen);
		packets[j] = describe(packet);
		OVS_PREFETCH(packets[j].data);
	}
	if (OVS_LIKELY(seki_lanes_submit(q, in_port, now_us * 1000ull, packets, n, fates) == n)) {
		dp_packet_batch_init(batch);
		return;
	}
	DP_PACKET_BATCH_REFILL_FOR_EACH (i, n, packet, batch) {
		if (fates[i] == SEKI_FATE_PASS) {
			dp_packet_batch_refill(batch, packet, i);
		} else if (fates[i] == SEKI_FATE_DROP) {
			dp_packet_delete(packet);
		}
	}
}

void sekisho_received(struct sekisho *s, unsigned core, long long now_us,
		      struct dp_packet_batch *batch)
{
	filter(s, SEKI_PORT_VM, core, now_us, batch);
}

void sekisho_sending(struct sekisho *s, unsigned core, long long now_us,
		     struct dp_packet_batch *batch)
{
	filter(s, SEKI_PORT_NET, core, now_us, batch);
}

/* Adds a packet that goes to a granted port. False: there is no such grant any more. */
static bool send_granted(struct sekisho *s, const struct seki_outcome *o, uint32_t port,
			 struct dp_packet *packet, struct sekisho_output *out)
{
	struct sekisho_granted *granted = &out->granted[out->granted_count];

	if (!seki_hook_grant(s->hook, port, granted->port))
		return false;
	granted->packet = packet;
	granted->in_port = o->in_port;
	granted->out_port = port;
	granted->lane = o->lane;
	granted->edited = o->edited;
	granted->clone = o->copy || packet != o->packet;
	out->granted_count++;
	return true;
}

/* A copy of the packet as it came. */
static void send_copy(struct sekisho *s, struct seki_lanes *q, const struct seki_outcome *o,
		      struct sekisho_output *out)
{
	struct dp_packet *copy = sekisho_clone(o->packet);

	if (copy && send_granted(s, o, o->clone_port, copy, out))
		return;
	seki_lanes_lose_clone(q, o);
	dp_packet_delete(copy);
}

/*
 * Would it leave in the port's name from an address that is not the port's? What the VM itself sent was looked at when it
 * came; what comes from the network may go to a granted port as it is.
 */
static bool is_foreign(const struct sekisho *s, const struct seki_outcome *o)
{
	bool made = o->in_port == SEKI_PORT_VM ? o->edited && o->out_port != SEKI_PORT_VM
					       : o->out_port == SEKI_PORT_NET;

	return made && !seki_hook_may_send(s->hook, dp_packet_data(o->packet));
}

/* Edits, or frees, before anything else uses the queue. Returns whether the packet goes on. */
static bool settle(struct sekisho *s, struct seki_lanes *q, struct seki_outcome *o,
		   struct sekisho_output *out)
{
	struct dp_packet *packet = o->packet;
	enum seki_hook_reason why;

	if (o->clone_port)
		send_copy(s, q, o, out);
	if (o->fate == SEKI_FATE_DROP) {
		dp_packet_delete(o->packet);
		return false;
	}
	if (o->edited && o->head && !sekisho_edit(&packet, o, &why)) {
		seki_lanes_give_up(q, o, why);
		dp_packet_delete(packet);
		return false;
	}
	o->packet = packet;
	if (OVS_UNLIKELY(is_foreign(s, o))) {
		seki_lanes_give_up(q, o, SEKI_REASON_SOURCE);
		dp_packet_delete(packet);
		return false;
	}
	return true;
}

static void sort_out(struct sekisho *s, struct seki_lanes *q, const struct seki_outcome *o,
		     struct sekisho_output *out)
{
	switch (o->out_port) {
	case SEKI_PORT_NET:
		dp_packet_batch_add(&out->to_switch, o->packet);
		break;
	case SEKI_PORT_VM:
		dp_packet_batch_add(&out->to_port, o->packet);
		break;
	default:
		if (!send_granted(s, o, o->out_port, o->packet, out)) {
			if (o->copy)
				seki_lanes_lose_clone(q, o);
			else
				seki_lanes_give_up(q, o, SEKI_REASON_BAD_PORT);
			dp_packet_delete(o->packet);
		}
		break;
	}
}

/* Edits, frees and sorts what came back. */
static void sort_all(struct sekisho *s, struct seki_lanes *q, struct seki_outcome *outcomes,
		     uint32_t n, struct sekisho_output *out)
{
	dp_packet_batch_init(&out->to_switch);
	dp_packet_batch_init(&out->to_port);
	out->granted_count = 0;
	for (uint32_t i = 0; i < n; i++)
		prefetch(outcomes[i].packet);
	for (uint32_t i = 0; i < n; i++) {
		if (settle(s, q, &outcomes[i], out))
			sort_out(s, q, &outcomes[i], out);
	}
}

void sekisho_no_port(struct sekisho *s, unsigned core, const struct sekisho_granted *granted)
{
	static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
	const struct seki_outcome o = {
		.in_port = granted->in_port,
		.out_port = granted->out_port,
		.lane = granted->lane,
		.edited = granted->edited,
	};

	VLOG_WARN_RL(&rl, "%s: no port \"%s\" to %s to", s->port, granted->port,
		     granted->clone ? "copy" : "redirect");
	if (granted->clone)
		seki_lanes_lose_clone(seki_hook_lanes(s->hook, core), &o);
	else
		seki_lanes_give_up(seki_hook_lanes(s->hook, core), &o, SEKI_REASON_BAD_PORT);
	dp_packet_delete(granted->packet);
}

uint32_t sekisho_poll(struct sekisho *s, unsigned core, long long now_us,
		      struct sekisho_output *out)
{
	struct seki_lanes *q = seki_hook_lanes(s->hook, core);

	struct seki_outcome outcomes[NETDEV_MAX_BURST];
	uint32_t n;

	if (!q)
		return 0;
	n = seki_lanes_poll(q, now_us * 1000ull, outcomes, NETDEV_MAX_BURST);
	sort_all(s, q, outcomes, n, out);
	return n;
}

bool sekisho_linger(struct sekisho *s, unsigned core)
{
	struct seki_lanes *q = seki_hook_lanes(s->hook, core);

	return q && seki_lanes_linger(q);
}

uint32_t sekisho_leave(struct sekisho *s, unsigned core, long long now_us,
		       struct sekisho_output *out)
{
	struct seki_lanes *q = seki_hook_lanes(s->hook, core);

	struct seki_outcome outcomes[NETDEV_MAX_BURST];
	uint32_t n;

	if (!q)
		return 0;
	n = seki_lanes_leave(q, now_us * 1000ull, outcomes, NETDEV_MAX_BURST);
	sort_all(s, q, outcomes, n, out);
	return n;
}

static void wait_for(const struct seki_sleep *sleep)
{
	if (sleep->ready)
		poll_immediate_wake();
	if (sleep->fd >= 0)
		poll_fd_wait(sleep->fd, POLLIN);
	if (sleep->until_ns != UINT64_MAX)
		poll_timer_wait_until(DIV_ROUND_UP(sleep->until_ns, 1000000));
}

void sekisho_wait(struct sekisho *s, unsigned core)
{
	struct seki_lanes *q = seki_hook_lanes(s->hook, core);
	struct seki_sleep sleeps[SEKI_HOOK_LANES];

	poll_fd_wait(seki_connector_bell(connector), POLLIN);
	if (!q)
		return;
	for (uint32_t i = 0, n = seki_lanes_sleep(q, time_usec() * 1000ull, sleeps); i < n; i++)
		wait_for(&sleeps[i]);
	if (seki_hook_drained(s->hook))
		poll_immediate_wake();
	/* Other threads may still hold packets of a shield that is to be removed. */
	else if (seki_hook_off(s->hook))
		poll_timer_wait(10);
}
