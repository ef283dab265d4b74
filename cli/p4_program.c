// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "cli/p4_program.h"

#include <stdlib.h>
#include <string.h>

#include "abi/ring.h"
#include "cli/cli.h"
#include "lib/sys/log.h"

static bool is_source(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".p4") == 0;
}

bool seki_cli_p4_open(const struct seki_cli_p4_source *source, struct seki_cli_p4_program *out)
{
	struct seki_cli_p4_program program = {.object = {.path = source->file}};
	char why[SEKI_P4RT_WHY];

	if (is_source(source->file)
		    ? seki_cli_p4_object(source, &program.object.bytes, &program.object.len)
		    : !seki_cli_object_read(source->file, &program.object))
		return false;
	if (seki_p4rt_open_object(program.object.bytes, program.object.len, &program.p4rt, why)) {
		complain("'%s': %s", source->file, why);
		seki_cli_p4_close(&program);
		return false;
	}
	*out = program;
	return true;
}

void seki_cli_p4_close(struct seki_cli_p4_program *program)
{
	seki_p4rt_close(program->p4rt);
	free(program->object.bytes);
	*program = (struct seki_cli_p4_program){.p4rt = NULL};
}

struct seki_bpf_prog *seki_cli_p4_load(const struct seki_cli_p4_program *program,
				       enum seki_bpf_engine engine)
{
	static char log[1 << 16];
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .engine = engine,
					  .max_packet = SEKI_PACKET_MAX,
					  .log = log,
					  .log_size = sizeof(log)};
	struct seki_bpf_prog *prog;
	int err = seki_bpf_prog_load(program->object.bytes, program->object.len, &opts, &prog);

	if (!err)
		return prog;
	seki_cli_put_refusal(program->object.path, log, err, false);
	return NULL;
}
