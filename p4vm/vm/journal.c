/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/vm/journal.h"

#include <string.h>

/* Entry 0 is that of the program that ports share. SEKI_VM_JOURNAL: there is no room. */
static uint32_t find(const struct seki_vm_journal *journal, const char *port)
{
	uint32_t free = SEKI_VM_JOURNAL;

	if (!*port)
		return 0;
	for (uint32_t i = 1; i < SEKI_VM_JOURNAL; i++) {
		if (!journal->entries[i].len)
			free = i < free ? i : free;
		else if (strncmp(journal->entries[i].port, port,
				 sizeof(journal->entries[i].port)) == 0)
			return i;
	}
	return free;
}

/* Maps start anew in a machine that does: the request to keep some is left out. */
static void put(struct seki_vm_journal *journal, uint32_t at, struct seki_control_frame *frame,
		struct seki_control_target *target, const uint8_t *object)
{
	uint8_t *out = journal->entries[at].request;
	uint32_t names = target->names;

	target->flags = 0;
	target->names = 0;
	frame->len -= names;
	journal->entries[at].len = 0; /* while it is written */
	memcpy(journal->entries[at].port, target->port, sizeof(target->port));
	memcpy(out, frame, sizeof(*frame));
	memcpy(out + sizeof(*frame), target, sizeof(*target));
	memcpy(out + sizeof(*frame) + sizeof(*target), object + names,
	       frame->len - sizeof(*target));
	__atomic_store_n(&journal->entries[at].len, (uint32_t)sizeof(*frame) + frame->len,
			 __ATOMIC_RELEASE);
}

void seki_vm_journal_note(struct seki_vm_journal *journal, const uint8_t *request, size_t len)
{
	struct seki_control_frame frame;
	struct seki_control_target target;
	uint32_t at;

	if (len < sizeof(frame) + sizeof(target) || len > SEKI_VM_REQUEST_BYTES)
		return;
	memcpy(&frame, request, sizeof(frame));
	memcpy(&target, request + sizeof(frame), sizeof(target));
	if (frame.len != len - sizeof(frame) || target.names > frame.len - sizeof(target) ||
	    !memchr(target.port, '\0', sizeof(target.port)))
		return;
	at = find(journal, target.port);
	if (at == SEKI_VM_JOURNAL)
		return;
	if (frame.op == SEKI_CONTROL_LOAD)
		put(journal, at, &frame, &target, request + sizeof(frame) + sizeof(target));
	else if (frame.op == SEKI_CONTROL_UNLOAD && at)
		journal->entries[at].len = 0;
	else if (frame.op == SEKI_CONTROL_UNLOAD) /* --program has to go again, too */
		put(journal, at, &frame, &target, request + sizeof(frame) + sizeof(target));
}
