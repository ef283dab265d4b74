/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/command.h"
#include "core/base/check.h"

int main(int argc, char **argv)
{
	static const struct seki_cli_command commands[] = {
		{"bpf", seki_cli_bpf, "verify, run and measure objects of packet programs"},
		{"p4", seki_cli_p4, "check P4 programs and build objects of them"},
		{"shield", seki_cli_shield,
		 "run P4 VMs, load programs into them, see what they do"},
	};
	static const struct seki_cli_group group = {
		"sekisho", "The checkpoint between a virtual machine and everything outside it.",
		commands, SEKI_COUNT(commands)};

	return seki_cli_dispatch(&group, argc, argv);
}
