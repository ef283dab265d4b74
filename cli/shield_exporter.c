/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho shield metrics`: once to stdout, or for whoever asks over HTTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/fields.h"
#include "cli/shield_gather.h"
#include "cli/shield_metrics.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/rundir.h"

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

/* Whoever asks can hold so much of us at most. */
#define CONNECTIONS	   16u
#define CONNECTION_SECONDS 10u
#define CONNECTION_BYTES   16384u

#define CONTENT_TYPE	   "text/plain; version=0.0.4; charset=utf-8"

struct config {
	struct seki_gather gather;
	const char *listen;
};

/* malloc(), or NULL: no memory, or the run folder cannot be read. */
static char *metrics(const struct seki_gather *gather, size_t *len, int *err)
{
	struct json_object *view;
	char *text = NULL;
	FILE *out;

	*err = seki_gather(gather, &view);
	if (*err)
		return NULL;
	out = open_memstream(&text, len);
	if (out) {
		seki_metrics_print(view, out);
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	json_object_put(view);
	*err = text ? 0 : -ENOMEM;
	return text;
}

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned int status, char *text,
			       size_t len, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text,
									MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ret;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
			      const char *why)
{
	char *text = strdup(why);

	return text ? respond(connection, status, text, strlen(text), "text/plain") : MHD_NO;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_len, void **context)
{
	const struct config *config = arg;
	size_t len;
	char *text;
	int err;

	(void)version, (void)data, (void)context;
	if (*data_len)
		return MHD_NO; /* nobody has anything to tell us */
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
	if (strcmp(url, "/metrics"))
		return refuse(connection, MHD_HTTP_NOT_FOUND, "it is /metrics\n");
	text = metrics(&config->gather, &len, &err);
	if (!text)
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, strerror(-err));
	return respond(connection, MHD_HTTP_OK, text, len, CONTENT_TYPE);
}

/* "ADDR:PORT" or "[ADDR]:PORT", both numbers. 0, or -EINVAL. */
static int parse_address(const char *text, struct sockaddr_storage *out)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found;
	char host[64];
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n)) {
		return -EINVAL; /* which of its colons? */
	}
	if (!n || n >= sizeof(host) || !colon[1])
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return -EINVAL;
	memcpy(out, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static void say_where(const char *listen, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	const char *colon = strrchr(listen, ':');

	printf("http://%.*s:%u/metrics\n", (int)(colon - listen), listen, info ? info->port : 0);
	fflush(stdout);
}

/* Until SIGINT or SIGTERM. */
static int serve(const struct config *config)
{
	struct sockaddr_storage address = {0};
	struct MHD_Daemon *daemon;
	unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
	sigset_t ends;
	int signum;

	if (parse_address(config->listen, &address))
		return complain("--listen=%s: an address and a port, such as 127.0.0.1:9817 or "
				"[::1]:9817",
				config->listen);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL); /* its thread inherits that */
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, (void *)config,
				  MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
				  CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_SECONDS,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				  MHD_OPTION_END);
	if (!daemon)
		return complain("'%s': cannot listen there: %s", config->listen, strerror(errno));
	say_where(config->listen, daemon);
	sigwait(&ends, &signum);
	MHD_stop_daemon(daemon);
	return SEKI_EXIT_OK;
}

static int print_once(const struct config *config)
{
	size_t len;
	int err;
	char *text = metrics(&config->gather, &len, &err);

	if (!text)
		return complain("'%s': %s", config->gather.run_dir, strerror(-err));
	fwrite(text, 1, len, stdout);
	free(text);
	return fflush(stdout) ? complain("cannot write: %s", strerror(errno)) : SEKI_EXIT_OK;
}

int seki_cli_shield_metrics(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_OPT_OPTIONAL_LINE(struct config, gather.name, "NAME",
				       "only this P4 VM and its ports"),
		SEKI_OPT_STRING_LINE(struct config, listen, 'l', "listen", "ADDR:PORT",
				     "serve them at http://ADDR:PORT/metrics"),
		SEKI_OPT_STRING_LINE(struct config, gather.ovs_socket, 0, "switch", "SOCKET",
				     "ovs-vswitchd's control socket"),
		SEKI_OPT_STRING_LINE(struct config, gather.run_dir, 0, "run-dir", "DIR",
				     "where P4 VMs are: DIR/NAME/ (default /run/sekisho)"),
	};
	static const struct seki_command cmd = {
		"sekisho shield metrics",
		"Prints what the shields of this machine did, in Prometheus' text format, or serves\n"
		"it to whoever asks.",
		options, SEKI_COUNT(options)};
	struct config config = {.listen = NULL};
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	config.gather.run_dir = seki_rundir_base(config.gather.run_dir);
	return config.listen ? serve(&config) : print_once(&config);
}
