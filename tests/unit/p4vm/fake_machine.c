/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/p4vm/fake_machine.h"

#include "p4vm/vminfo.h"

struct fake_facts fake_facts;

int seki_bpf_prog_run(struct seki_bpf_prog *prog, struct seki_bpf_run *run, uint64_t *r0)
{
	return prog->run(run, r0);
}

const struct seki_bpf_info *seki_bpf_prog_info(const struct seki_bpf_prog *prog)
{
	return &prog->info;
}

bool seki_vminfo_poll(struct seki_vminfo *info, uint64_t boot_ns, uint64_t real_ns)
{
	bool changed = fake_facts.changed;

	(void)info;
	(void)boot_ns;
	(void)real_ns;
	fake_facts.changed = false;
	return changed;
}

bool seki_vminfo_fresh(const struct seki_vminfo *info, uint64_t boot_ns)
{
	(void)info;
	(void)boot_ns;
	return fake_facts.fresh;
}

bool seki_vminfo_udp_sent(const struct seki_vminfo *info, const struct seki_udp_query *query,
			  uint64_t within_ms, uint64_t boot_ns)
{
	(void)query;
	return seki_vminfo_udp_sent_any(info, within_ms, boot_ns);
}

bool seki_vminfo_udp_sent_any(const struct seki_vminfo *info, uint64_t within_ms, uint64_t boot_ns)
{
	(void)info;
	(void)within_ms;
	(void)boot_ns;
	return fake_facts.fresh && fake_facts.sent;
}
