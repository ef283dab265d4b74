// SPDX-License-Identifier: Apache-2.0
/* `sekisho bpf verify`: what is proved of an object. */
#include <json-c/json.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/bpf.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

struct config {
	const char *file;
	const char *entry;
	uint32_t max_insns;
	uint32_t max_packet;
	bool verbose;
	bool json;
};

/* What the load took. */
struct cost {
	struct timespec start;
	long peak_kib; /* of the process, before */
	double ms;
	long kib; /* by which the peak grew */
};

static long peak_kib(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_maxrss;
}

static void cost_begin(struct cost *cost)
{
	cost->peak_kib = peak_kib();
	clock_gettime(CLOCK_MONOTONIC, &cost->start);
}

static void cost_end(struct cost *cost)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	cost->ms = (double)(now.tv_sec - cost->start.tv_sec) * 1e3 +
		   (double)(now.tv_nsec - cost->start.tv_nsec) / 1e6;
	cost->kib = peak_kib() - cost->peak_kib;
}

static void print_maps(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(prog, i);
		const struct seki_map_def *def = seki_bpf_map_def(map);

		printf("    %s: %s, keys of %u bytes, values of %u bytes, at most %u entries\n",
		       seki_bpf_map_name(map), seki_cli_map_type(def), def->key_size,
		       def->value_size, def->max_entries);
	}
}

static void print_proof(const struct config *config, struct seki_bpf_prog *prog,
			const struct cost *cost)
{
	const struct seki_bpf_info *info = seki_bpf_prog_info(prog);
	const struct seki_cli_colours *colours = seki_cli_colours(stdout);

	printf("%s: %saccepted%s\n", config->file, colours->good, colours->off);
	if (*info->source)
		printf("  source        %s\n", info->source);
	printf("  instructions  %u, at most %llu in one run\n", info->insns,
	       (unsigned long long)info->worst_insns);
	if (info->packet_touch)
		printf("  packet        no byte after the first %u is touched; %s\n",
		       info->packet_touch, info->packet_written ? "may change it" : "read only");
	else
		printf("  packet        not looked at%s\n",
		       info->packet_written ? "; may change it" : "");
	printf("  maps          %u, %llu bytes\n", info->maps, (unsigned long long)info->map_bytes);
	print_maps(prog);
	printf("  verified in   %.3f ms, with %ld KiB of memory\n", cost->ms, cost->kib);
}

static struct json_object *maps_json(struct seki_bpf_prog *prog)
{
	struct json_object *maps = json_object_new_array();

	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(prog, i);
		const struct seki_map_def *def = seki_bpf_map_def(map);
		struct json_object *one = json_object_new_object();

		seki_cli_add_text(one, "name", seki_bpf_map_name(map));
		seki_cli_add_text(one, "type", seki_cli_map_type(def));
		seki_cli_add_u64(one, "key_bytes", def->key_size);
		seki_cli_add_u64(one, "value_bytes", def->value_size);
		seki_cli_add_u64(one, "max_entries", def->max_entries);
		json_object_array_add(maps, one);
	}
	return maps;
}

static void put_json(const struct config *config, struct seki_bpf_prog *prog,
		     const struct cost *cost)
{
	const struct seki_bpf_info *info = seki_bpf_prog_info(prog);
	struct json_object *root = json_object_new_object();

	seki_cli_add_text(root, "file", config->file);
	json_object_object_add(root, "accepted", json_object_new_boolean(true));
	seki_cli_add_text(root, "source", info->source);
	seki_cli_add_u64(root, "instructions", info->insns);
	seki_cli_add_u64(root, "worst_instructions", info->worst_insns);
	seki_cli_add_u64(root, "packet_bytes", info->packet_touch);
	json_object_object_add(root, "packet_written",
			       json_object_new_boolean(info->packet_written));
	json_object_object_add(root, "maps", maps_json(prog));
	seki_cli_add_u64(root, "map_bytes", info->map_bytes);
	json_object_object_add(root, "verify_ms", json_object_new_double(cost->ms));
	seki_cli_add_u64(root, "memory_kib", (uint64_t)cost->kib);
	seki_cli_put_json(root);
}

static int verify(const struct config *config)
{
	struct seki_bpf_load_opts opts = {
		.entry = config->entry,
		.max_insns = config->max_insns,
		.max_packet = config->max_packet,
		.engine = SEKI_BPF_ENGINE_INTERPRETER, /* nothing is compiled */
		.verbose = config->verbose,
	};
	struct seki_bpf_prog *prog;
	struct cost cost;

	cost_begin(&cost);
	prog = seki_cli_load(config->file, &opts, config->json);
	cost_end(&cost);
	if (!prog)
		return SEKI_EXIT_FAILED;
	if (config->json)
		put_json(config, prog, &cost);
	else
		print_proof(config, prog, &cost);
	seki_bpf_prog_destroy(prog);
	return SEKI_EXIT_OK;
}

int seki_cli_bpf_verify(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_FILE_LINE,
		SEKI_CLI_ENTRY_LINE,
		SEKI_OPT_U32_LINE(struct config, max_insns, 0, "max-insns", "N", 1, UINT32_MAX,
				  "refuse a program that may run for more instructions"),
		SEKI_CLI_MAX_PACKET_LINE,
		SEKI_OPT_FLAG_LINE(struct config, verbose, 'v', "verbose",
				   "of a program that is refused, print the path as well"),
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json",
				   "print a line of JSON instead, also where it is refused"),
	};
	static const struct seki_command cmd = {
		"sekisho bpf verify",
		"Proves that the program in an object is safe, and prints what was proved; or says\n"
		"where and why it cannot be. Exit code 0: accepted, 1: refused, 2: wrong call.",
		options, SEKI_COUNT(options)};
	struct config config = {.file = NULL};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	return verify(&config);
}
