/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host half of a P4 VM in a virtual machine, between a switch, a command line, and a QEMU and a
 * guest that are this test, honest or not. What QEMU is to answer is in its socket beforehand.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/ring/ring.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"
#include "p4vm/vm/child.h"
#include "p4vm/vm/journal.h"

#define SLOT (SEKI_GUEST_SLOT_FIRST + 1) /* the first that is used */

struct fixture {
	struct seki_vm_host host;
	struct seki_vm_inbox inbox;
	int qemu, guest, doorbell; /* the other ends */
	int sw, conn;		   /* a switch's connection */
	int event;		   /* the switch's */
	int regions[2];
};

static void pair(int type, int *a, int *b)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends), 0);
	*a = ends[0];
	*b = ends[1];
}

static void on_deleted(void *arg, const char *device)
{
	seki_vm_slot_deleted(arg, device);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int64_t word;

	f->host.journal = calloc(1, sizeof(*f->host.journal));
	f->host.qmp.deleted = on_deleted;
	f->host.qmp.arg = &f->host;
	pair(SOCK_STREAM, &f->host.qmp.fd, &f->qemu);
	pair(SOCK_STREAM, &f->host.link, &f->guest);
	pair(SOCK_STREAM, &f->host.doorbell.sock, &f->doorbell);
	pair(SOCK_SEQPACKET, &f->conn, &f->sw);
	assert_int_equal(seki_doorbell_start(&f->host.doorbell, f->host.doorbell.sock, 2), 0);
	assert_int_equal(seki_wakes_start(&f->host.wakes), 0);
	for (int i = 0; i < 5; i++) /* version, id, memory, two vectors */
		assert_int_equal(read(f->doorbell, &word, sizeof(word)), sizeof(word));
	f->event = eventfd(0, EFD_NONBLOCK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(seki_shm_create("test", SEKI_RING_REGION_BYTES, &f->regions[i]),
				 0);
		assert_int_equal(seki_shm_seal(f->regions[i], i == 0), 0);
	}
	*state = f;
	return 0;
}

static void qemu_says(struct fixture *f, const char *line)
{
	assert_int_equal(send(f->qemu, line, strlen(line), 0), strlen(line));
}

static void qemu_agrees(struct fixture *f, int times)
{
	while (times--)
		qemu_says(f, "{\"return\": {\"fd\": 9}}\r\n");
}

/* True: QEMU has been asked for something with that text in it since the last call. */
static bool qemu_heard(struct fixture *f, const char *text)
{
	char heard[8192];
	size_t len = 0;
	ssize_t n;

	/* Where a descriptor came with it, a read ends. */
	while ((n = recv(f->qemu, &heard[len], sizeof(heard) - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	heard[len] = '\0';
	return strstr(heard, text) != NULL;
}

static void switch_asks(struct fixture *f)
{
	const struct seki_attach attach = {.magic = SEKI_ATTACH_MAGIC,
					   .version = SEKI_ATTACH_VERSION,
					   .entries = SEKI_RING_ENTRIES,
					   .slot_bytes = SEKI_SLOT_BYTES,
					   .port = "tap0"};
	const int fds[] = {f->regions[0], f->regions[1], f->event};

	assert_int_equal(seki_fds_send(f->sw, &attach, sizeof(attach), fds, 3), 0);
}

static int switch_hears(struct fixture *f)
{
	struct seki_attached answer;

	assert_int_equal(recv(f->sw, &answer, sizeof(answer), 0), sizeof(answer));
	return answer.status;
}

/* The next frame that the guest gets. */
static struct seki_guest_frame guest_hears(struct fixture *f, void *data)
{
	struct seki_guest_frame frame = {.kind = 0};
	ssize_t n = recv(f->guest, &frame, sizeof(frame), 0);

	if (n == sizeof(frame) && frame.len)
		assert_int_equal(recv(f->guest, data, frame.len, 0), frame.len);
	return frame;
}

static int guest_answers(struct fixture *f, uint32_t slot, int status, uint32_t worker)
{
	const struct seki_attached answer = {.status = status, .pad = worker};

	return seki_vm_slot_attached(&f->host, slot, &answer, sizeof(answer));
}

/* Attached, with the guest's consent. */
static void attach(struct fixture *f)
{
	uint8_t data[SEKI_GUEST_DATA_MAX];

	switch_asks(f);
	qemu_agrees(f, 8);
	assert_int_equal(seki_vm_slot_attach(&f->host, f->conn), 0);
	assert_int_equal(guest_hears(f, data).kind, SEKI_GUEST_ATTACH);
	assert_int_equal(guest_answers(f, SLOT, 0, 1), 0);
	assert_int_equal(switch_hears(f), 0);
}

static void test_attach(void **state)
{
	struct fixture *f = *state;
	struct seki_guest_attach told;
	struct seki_guest_frame frame;
	struct pollfd vector;
	int64_t peer;

	switch_asks(f);
	qemu_agrees(f, 8);
	assert_int_equal(seki_vm_slot_attach(&f->host, f->conn), 0);
	assert_int_equal(read(f->doorbell, &peer, sizeof(peer)), sizeof(peer));
	frame = guest_hears(f, &told);
	assert_int_equal(frame.kind, SEKI_GUEST_ATTACH);
	assert_int_equal(frame.id, SLOT);
	assert_int_equal(told.doorbell, peer << 16);
	assert_string_equal(told.attach.port, "tap0");
	assert_int_equal(guest_answers(f, SLOT, 0, 1), 0);
	assert_int_equal(switch_hears(f), 0);
	/* A wake-up becomes an interrupt of the worker that has the queue. */
	assert_int_equal(send(f->sw, "!", 1, 0), 1);
	vector = (struct pollfd){f->host.doorbell.vectors[1], POLLIN, 0};
	assert_int_equal(poll(&vector, 1, 10000), 1);
}

static void test_detach(void **state)
{
	struct fixture *f = *state;
	struct pollfd gone;
	int64_t peer, revoked;

	attach(f);
	assert_int_equal(read(f->doorbell, &peer, sizeof(peer)), sizeof(peer));
	close(f->sw);
	gone = (struct pollfd){f->host.wakes.gone_event, POLLIN, 0};
	assert_int_equal(poll(&gone, 1, 10000), 1);
	assert_int_equal(seki_wakes_gone(&f->host.wakes), 1u << SLOT);
	assert_int_equal(seki_vm_slot_gone(&f->host, SLOT), 0);
	assert_int_equal(guest_hears(f, NULL).kind, SEKI_GUEST_DETACH);
	assert_int_equal(seki_vm_slot_detached(&f->host, SLOT), 0);
	assert_int_equal(read(f->doorbell, &revoked, sizeof(revoked)), sizeof(revoked));
	assert_int_equal(revoked, peer);
	/* Not free before QEMU has removed both. */
	assert_true(seki_vm_slots_busy(&f->host));
	qemu_agrees(f, 1);
	assert_int_equal(seki_vm_slots_step(&f->host, 0), 0);
	assert_true(qemu_heard(f, "device_del"));
	qemu_says(f, "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"d13\"}}\r\n");
	assert_int_equal(seki_qmp_events(&f->host.qmp), 0);
	assert_int_equal(seki_vm_slots_step(&f->host, 0), 0);
	assert_true(seki_vm_slots_busy(&f->host));
	qemu_says(f, "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"d12\"}}\r\n");
	assert_int_equal(seki_qmp_events(&f->host.qmp), 0);
	qemu_agrees(f, 2);
	assert_int_equal(seki_vm_slots_step(&f->host, 0), 0);
	assert_false(seki_vm_slots_busy(&f->host));
	assert_int_equal(f->host.slots[SLOT].state, SEKI_VM_FREE);
}

static void test_a_guest_that_keeps_a_slot(void **state)
{
	struct fixture *f = *state;

	attach(f);
	assert_int_equal(seki_vm_slot_gone(&f->host, SLOT), 0);
	assert_int_equal(seki_vm_slots_step(&f->host, UINT64_MAX), -ETIMEDOUT);
}

static void test_regions_that_could_end_qemu(void **state)
{
	struct fixture *f = *state;

	close(f->regions[1]);
	assert_int_equal(seki_shm_create("test", SEKI_RING_REGION_BYTES, &f->regions[1]), 0);
	switch_asks(f);
	assert_int_equal(seki_vm_slot_attach(&f->host, f->conn), 0);
	assert_int_equal(switch_hears(f), -EINVAL);
	assert_false(qemu_heard(f, "{"));
}

static void test_qemu_refuses_or_babbles(void **state)
{
	static const char *const answers[] = {"{\"error\": {\"desc\": \"no\"}}\r\n",
					      "{\"error\": 7}\r\n",
					      "{\"return\": {}}\r\n",
					      "{\"return\": 3}\r\n",
					      "[]\r\n",
					      "\r\n",
					      "{{{{{{{{{{{{{{{{{{{{{{{{{\r\n"};
	struct fixture *f = *state;
	char line[4096];
	int number;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		qemu_says(f, answers[i]);
		assert_true(seki_qmp_add_fd(&f->host.qmp, 1, f->event, &number) < 0);
	}
	memset(line, ' ', sizeof(line));
	for (size_t i = 0; i < SEKI_QMP_LINE / sizeof(line); i++) {
		assert_int_equal(send(f->qemu, line, sizeof(line), 0), sizeof(line));
		assert_int_equal(seki_qmp_events(&f->host.qmp), 0);
	}
	assert_int_equal(seki_qmp_events(&f->host.qmp), -EPROTO);
}

static void test_answers_that_nobody_asked_for(void **state)
{
	struct fixture *f = *state;
	uint8_t data[SEKI_GUEST_DATA_MAX];

	for (uint32_t id = 0; id < 40; id++) {
		assert_int_equal(guest_answers(f, id, 0, 0), -EPROTO);
		assert_int_equal(seki_vm_slot_detached(&f->host, id), -EPROTO);
	}
	seki_vm_control_data(&f->host, 7, data, 0);
	seki_vm_control_close(&f->host, 7);
	seki_vm_slot_deleted(&f->host, "d4000000000");
	seki_vm_slot_deleted(&f->host, "d64");
	seki_vm_slot_deleted(&f->host, "");
	switch_asks(f);
	qemu_agrees(f, 8);
	assert_int_equal(seki_vm_slot_attach(&f->host, f->conn), 0);
	assert_int_equal(seki_vm_slot_attached(&f->host, SLOT, data, 15), -EPROTO);
	assert_int_equal(seki_vm_slot_detached(&f->host, SLOT), -EPROTO);
	/* A refusal that is no error is one all the same; the worker can be any. */
	assert_int_equal(guest_answers(f, SLOT, 5, UINT32_MAX), 0);
	assert_int_equal(switch_hears(f), -EPROTO);
}

static void test_frames_at_fault(void **state)
{
	struct fixture *f = *state;
	struct seki_guest_frame frame = {.magic = SEKI_GUEST_MAGIC, .len = SEKI_GUEST_DATA_MAX + 1};

	assert_int_equal(seki_vm_receive(&f->host, &f->inbox), -EAGAIN);
	send(f->guest, &frame, sizeof(frame), 0);
	assert_int_equal(seki_vm_receive(&f->host, &f->inbox), -EPROTO);
	f->inbox.have = 0;
	frame.magic++;
	frame.len = 0;
	send(f->guest, &frame, sizeof(frame), 0);
	assert_int_equal(seki_vm_receive(&f->host, &f->inbox), -EPROTO);
	close(f->guest);
	f->inbox.have = 0;
	assert_int_equal(seki_vm_receive(&f->host, &f->inbox), -ECONNRESET);
}

static void test_a_reply_without_end(void **state)
{
	struct fixture *f = *state;
	uint8_t data[SEKI_GUEST_DATA_MAX] = {0};
	bool over = false;

	assert_int_equal(seki_vm_control_open(&f->host, dup(f->conn)), 0);
	for (uint32_t i = 0; i < 2 * SEKI_CONTROL_MAX_REPLY / sizeof(data); i++)
		seki_vm_control_data(&f->host, 0, data, sizeof(data));
	assert_int_equal(seki_vm_control_step(&f->host, 0, 0, seki_vm_now_ns(), &over), 0);
	assert_true(over);
}

static size_t request(uint8_t *out, uint32_t op, const char *port, uint32_t names, size_t object)
{
	struct seki_control_target target = {.flags = names ? SEKI_CONTROL_KEEP_MAPS : 0,
					     .names = names};
	struct seki_control_frame frame = {.magic = SEKI_CONTROL_MAGIC,
					   .op = op,
					   .len = (uint32_t)(sizeof(target) + names + object)};

	snprintf(target.port, sizeof(target.port), "%s", port);
	memcpy(out, &frame, sizeof(frame));
	memcpy(out + sizeof(frame), &target, sizeof(target));
	memset(out + sizeof(frame) + sizeof(target), 'n', names);
	memset(out + sizeof(frame) + sizeof(target) + names, 'o', object);
	return sizeof(frame) + frame.len;
}

static void test_journal(void **state)
{
	struct fixture *f = *state;
	struct seki_vm_journal *j = f->host.journal;
	static uint8_t bytes[SEKI_VM_REQUEST_BYTES], same[SEKI_VM_REQUEST_BYTES];
	size_t len = request(bytes, SEKI_CONTROL_LOAD, "", 10, 100), plain;
	char port[8];

	/* Names of maps that are to go on are left out. */
	seki_vm_journal_note(j, bytes, len);
	plain = request(same, SEKI_CONTROL_LOAD, "", 0, 100);
	assert_int_equal(j->entries[0].len, plain);
	assert_memory_equal(j->entries[0].request, same, plain);
	/* Ports of their own; a full journal; one that is given back. */
	for (int i = 0; i < 20; i++) {
		snprintf(port, sizeof(port), "p%d", i);
		seki_vm_journal_note(j, bytes, request(bytes, SEKI_CONTROL_LOAD, port, 0, 8));
	}
	assert_string_equal(j->entries[16].port, "p15");
	seki_vm_journal_note(j, bytes, request(bytes, SEKI_CONTROL_UNLOAD, "p3", 0, 0));
	assert_int_equal(j->entries[4].len, 0);
	/* What ran from the start is to be unloaded again. */
	plain = request(bytes, SEKI_CONTROL_UNLOAD, "", 0, 0);
	seki_vm_journal_note(j, bytes, plain);
	assert_int_equal(j->entries[0].len, plain);
	/* Requests that are none. */
	len = request(bytes, SEKI_CONTROL_LOAD, "bad", 0, 100);
	for (size_t cut = 0; cut < len; cut++)
		seki_vm_journal_note(j, bytes, cut);
	bytes[sizeof(struct seki_control_frame) + 71] = 0xff; /* names of 4 GiB */
	seki_vm_journal_note(j, bytes, len);
	memset(&bytes[sizeof(struct seki_control_frame)], 'x', 64);
	seki_vm_journal_note(j, bytes, len);
	assert_int_equal(j->entries[4].len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_attach, setup),
		cmocka_unit_test_setup(test_detach, setup),
		cmocka_unit_test_setup(test_a_guest_that_keeps_a_slot, setup),
		cmocka_unit_test_setup(test_regions_that_could_end_qemu, setup),
		cmocka_unit_test_setup(test_qemu_refuses_or_babbles, setup),
		cmocka_unit_test_setup(test_answers_that_nobody_asked_for, setup),
		cmocka_unit_test_setup(test_frames_at_fault, setup),
		cmocka_unit_test_setup(test_a_reply_without_end, setup),
		cmocka_unit_test_setup(test_journal, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
