/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho shield top`: asks again and again and shows what happened meanwhile; on a terminal as a
 * screen with keys, else as text, one after the other.
 */
#include "cli/shield_top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/fields.h"
#include "cli/shield_gather.h"
#include "cli/shield_render.h"
#include "cli/shield_view.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/rundir.h"

#define CLEAR	     "\033[H\033[2J"
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"

struct config {
	struct seki_gather gather;
	uint32_t interval;
	const char *sort;
	bool once;
	bool json;
};

struct top {
	const struct config *config;
	struct seki_render render;
	struct json_object *before, *view;
	uint64_t before_ns, ns;
	bool screen;
	bool paused;
};

static volatile sig_atomic_t ended;

static void end(int signum)
{
	(void)signum;
	ended = 1;
}

/* Only so that poll() returns. */
static void resized(int signum)
{
	(void)signum;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* 0 or negative errno. */
static int look(struct top *top)
{
	struct json_object *view;
	int err = seki_gather(&top->config->gather, &view);

	if (err)
		return err;
	json_object_put(top->before);
	top->before = top->view;
	top->before_ns = top->ns;
	top->view = view;
	top->ns = now_ns();
	if (top->before) {
		double seconds = (double)(top->ns - top->before_ns) / 1e9;

		seki_view_rates(view, top->before, seconds);
		seki_field_put(view, "seconds", json_object_new_double(seconds));
	}
	return 0;
}

/* As many lines of the text as the screen has. */
static void put_screen(const struct top *top, const char *text, unsigned int rows)
{
	char clock[16];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf(CLEAR "sekisho shield top %s every %u s, by %s%s  q quit, s sort, p pause\n", clock,
	       top->config->interval, seki_render_sort_name(top->render.sort),
	       top->paused ? ", PAUSED" : "");
	for (unsigned int row = 1; *text && row + 1 < rows; row++) {
		size_t n = strcspn(text, "\n");

		printf("%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void show(struct top *top)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return;
	if (top->screen &&
	    (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col))
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	top->render.columns = top->screen ? size.ws_col : 0;
	if (top->config->json)
		fputs(json_object_to_json_string_ext(
			      top->view, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		      out);
	else
		seki_render(top->view, &top->render, out);
	if (fclose(out) == 0 && top->screen)
		put_screen(top, text, size.ws_row);
	else if (text)
		puts(text);
	free(text);
	fflush(stdout);
}

/* Whether to go on. */
static bool key(struct top *top)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) != 1)
		return false;
	if (c == 's')
		top->render.sort = (top->render.sort + 1) % SEKI_SORTS;
	if (c == 'p')
		top->paused = !top->paused;
	return c != 'q';
}

/* Until it is time to look again. Whether to go on. */
static bool wait(struct top *top)
{
	uint64_t until = top->ns + top->config->interval * 1000000000ull;
	struct pollfd in = {.fd = top->screen ? STDIN_FILENO : -1, .events = POLLIN};

	while (!ended) {
		uint64_t now = now_ns();
		int n;

		if (now >= until && !top->paused)
			return true;
		n = poll(&in, 1, top->paused ? -1 : (int)((until - now) / 1000000u + 1));
		if (n > 0 && !key(top))
			return false;
		if (n && top->screen)
			show(top);
	}
	return false;
}

static int run(struct top *top)
{
	int err = look(top);

	if (!err && !top->config->once)
		show(top);
	while (!err && wait(top)) {
		err = look(top);
		if (!err)
			show(top);
		if (top->config->once || ferror(stdout))
			break;
	}
	json_object_put(top->before);
	json_object_put(top->view);
	return err;
}

static void on_signals(void)
{
	struct sigaction action = {.sa_handler = end};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = resized;
	sigaction(SIGWINCH, &action, NULL);
}

static int run_screen(struct top *top)
{
	struct termios before, raw;
	int err;

	if (tcgetattr(STDIN_FILENO, &before))
		return -errno;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* the shell would get our screen */
	on_signals();
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(SCREEN_ENTER, stdout);
	err = run(top);
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return err;
}

static int find_sort(const char *name, enum seki_render_sort *out)
{
	for (enum seki_render_sort sort = 0; sort < SEKI_SORTS; sort++) {
		if (strcmp(name, seki_render_sort_name(sort)) == 0) {
			*out = sort;
			return 0;
		}
	}
	return -EINVAL;
}

int seki_cli_shield_top(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_OPT_OPTIONAL_LINE(struct config, gather.name, "NAME",
				       "only this P4 VM and its ports"),
		SEKI_OPT_U32_LINE(struct config, interval, 'i', "interval", "SECONDS", 1, 3600,
				  "how often to look (default 1)"),
		SEKI_OPT_STRING_LINE(struct config, sort, 0, "sort", "BY",
				     "ports by packets (default), drops or name"),
		SEKI_OPT_FLAG_LINE(struct config, once, '1', "once", "show one interval, then end"),
		SEKI_OPT_FLAG_LINE(struct config, json, 'j', "json",
				   "print JSON, an object a line"),
		SEKI_OPT_STRING_LINE(struct config, gather.source_dir, 0, "source", "DIR",
				     "show lines of the programs, whose sources are there"),
		SEKI_OPT_STRING_LINE(struct config, gather.ovs_socket, 0, "switch", "SOCKET",
				     "ovs-vswitchd's control socket"),
		SEKI_OPT_STRING_LINE(struct config, gather.run_dir, 0, "run-dir", "DIR",
				     "where P4 VMs are: DIR/NAME/ (default /run/sekisho)"),
	};
	static const struct seki_command cmd = {
		"sekisho shield top",
		"Shows what the shields of this machine do, as top(1) does: packets and verdicts,\n"
		"how long they take, drops by reason and by line of the program. Keys: q ends,\n"
		"s sorts by something else, p pauses.",
		options, SEKI_COUNT(options)};
	struct config config = {.interval = 1, .sort = "packets"};
	struct top top = {.config = &config};
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	if (find_sort(config.sort, &top.render.sort)) {
		seki_complain("sekisho", "--sort=%s: by packets, drops or name", config.sort);
		return SEKI_EXIT_USAGE;
	}
	config.gather.run_dir = seki_rundir_base(config.gather.run_dir);
	top.render.colours = isatty(STDOUT_FILENO);
	top.screen = top.render.colours && isatty(STDIN_FILENO) && !config.once && !config.json;
	ret = top.screen ? run_screen(&top) : run(&top);
	if (ret)
		seki_complain("sekisho", "'%s': %s", config.gather.run_dir, strerror(-ret));
	return ret || ferror(stdout) ? SEKI_EXIT_FAILED : SEKI_EXIT_OK;
}
