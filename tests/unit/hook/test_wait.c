// SPDX-License-Identifier: Apache-2.0
/* How a datapath thread sleeps, is woken, wakes the P4 VM, and looks on before it sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/hook/rig.h"

static void wake_ups_are_sent_to_a_sleeper_only(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	char byte;

	rig_submit(r, SEKI_PORT_VM, p);
	assert_int_equal(recv(r->vm_sock, &byte, 1, MSG_DONTWAIT), -1);
	seki_ring_p4vm_arm(&r->vm);
	rig_submit(r, SEKI_PORT_VM, p);
	rig_submit(r, SEKI_PORT_VM, p);
	assert_int_equal(recv(r->vm_sock, &byte, 1, MSG_DONTWAIT), 1);
	assert_int_equal(recv(r->vm_sock, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(rig_stats(r).wakeups, 1);
}

/* One that falls asleep while a packet is handed over is woken by the next poll, or before the switch sleeps. */
static void wake_ups_are_made_up_for(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_outcome out;
	struct seki_sleep sleep;
	char byte;

	for (int i = 0; i < 2; i++) {
		rig_submit(r, SEKI_PORT_VM, p);
		seki_ring_p4vm_arm(&r->vm);
		assert_int_equal(recv(r->vm_sock, &byte, 1, MSG_DONTWAIT), -1);
		if (i)
			seki_queue_sleep(r->q, r->now_ns, &sleep);
		else
			assert_false(rig_poll(r, &out));
		assert_int_equal(recv(r->vm_sock, &byte, 1, MSG_DONTWAIT), 1);
	}
	assert_false(rig_poll(r, &out));
	assert_int_equal(recv(r->vm_sock, &byte, 1, MSG_DONTWAIT), -1);
}

/* A P4 VM that signals for nothing is looked at once a millisecond only, until it does work. */
static void endless_signals_do_not_spin(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;
	struct seki_sleep sleep;
	int looks = 0;

	for (;; looks++) {
		seki_queue_sleep(r->q, r->now_ns, &sleep);
		assert_false(sleep.ready);
		if (sleep.fd < 0)
			break;
		assert_true(looks < 100);
		eventfd_write(r->session->eventfd, 1);
		assert_false(rig_poll(r, &out));
	}
	assert_int_equal(sleep.until_ns, r->now_ns + MS);
	rig_submit(r, SEKI_PORT_VM, p);
	assert_true(rig_take(r, &s));
	c = rig_verdict(&s, SEKI_VERDICT_PASS);
	rig_answer(r, &c);
	seki_queue_sleep(r->q, r->now_ns, &sleep);
	assert_true(sleep.ready);
	assert_true(rig_poll(r, &out));
	seki_queue_sleep(r->q, r->now_ns, &sleep);
	assert_int_equal(sleep.fd, r->session->eventfd);
}

/* Nor can it make the switch wait by emptying the eventfd itself and making it blocking. */
static void an_emptied_eventfd_does_not_block(void **state)
{
	struct rig *r = *state;
	struct seki_outcome out;
	struct seki_sleep sleep;
	int blocking = eventfd(0, 0);

	close(r->session->eventfd);
	r->session->eventfd = blocking;
	seki_queue_sleep(r->q, r->now_ns, &sleep);
	assert_int_equal(sleep.fd, blocking);
	assert_false(rig_poll(r, &out));
}

/* As if the thread had slept, and was woken by a packet. */
static void slept(struct rig *r)
{
	struct seki_sleep sleep;
	struct seki_outcome out;

	seki_queue_sleep(r->q, r->now_ns, &sleep);
	r->q->armed_ns -= 100000;
	assert_false(rig_poll(r, &out));
}

/* Only after handing over, only where the thread has time, and no longer than it takes. */
static void lingering_finds_what_comes_at_once(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;

	rig_submit(r, SEKI_PORT_VM, p);
	assert_false(seki_queue_linger(r->q)); /* it did not sleep: others may be waiting */
	assert_int_equal(rig_stats(r).in_vain, 0);
	slept(r);
	rig_submit(r, SEKI_PORT_VM, p);
	for (int i = 0; i < 2; i++) {
		assert_true(rig_take(r, &s));
		c = rig_verdict(&s, SEKI_VERDICT_PASS);
		rig_answer(r, &c);
	}
	assert_true(seki_queue_linger(r->q));
	assert_int_equal(rig_stats(r).lingered, 1);
	assert_true(rig_poll(r, &out) && rig_poll(r, &out));
	assert_false(seki_queue_linger(r->q)); /* nothing is out */
	rig_submit(r, SEKI_PORT_VM, p);
	assert_false(seki_queue_linger(r->q));
	assert_int_equal(rig_stats(r).in_vain, 1);
	r->session->dead = 1;
	assert_true(rig_poll(r, &out));
	assert_false(seki_queue_linger(r->q));
}

static void a_p4vm_that_never_answers_is_not_looked_at_for_long(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;
	uint64_t before;

	for (int i = 0; i < 20; i++) {
		slept(r);
		rig_submit(r, SEKI_PORT_VM, p);
		assert_false(seki_queue_linger(r->q));
		assert_true(rig_take(r, &s));
		r->q->spin.since_ns -= MS; /* it answers far too late */
		c = rig_verdict(&s, SEKI_VERDICT_PASS);
		rig_answer(r, &c);
		assert_true(rig_poll(r, &out));
	}
	before = rig_stats(r).in_vain;
	assert_in_range(before, 1, 10);
	slept(r);
	rig_submit(r, SEKI_PORT_VM, p);
	assert_false(seki_queue_linger(r->q));
	assert_int_equal(rig_stats(r).in_vain, before);
}

static void sleep_ends_with_the_oldest_deadline(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_sleep sleep;
	uint64_t start = r->now_ns;

	rig_submit(r, SEKI_PORT_VM, p);
	r->now_ns += 10 * MS;
	rig_submit(r, SEKI_PORT_VM, p);
	seki_queue_sleep(r->q, r->now_ns, &sleep);
	assert_int_equal(sleep.until_ns, start + 1000 * MS);
}

/* Ten thousand packets come and go, two stay: they come out as their times are over, the older one first. */
static void packets_that_stay_keep_their_age(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100),
			  *stay[2] = {rig_packet(r, 100), rig_packet(r, 100)};
	uint64_t due[2];
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;
	struct seki_sleep sleep;

	for (int i = 0; i < 10000; i++) {
		bool stays = i == 0 || i == 5000;

		if (stays)
			due[i == 5000] = r->now_ns + 1000 * MS;
		rig_submit(r, SEKI_PORT_VM, stays ? stay[i == 5000] : p);
		assert_true(rig_take(r, &s));
		r->now_ns += MS / 100;
		if (stays)
			continue;
		c = rig_verdict(&s, SEKI_VERDICT_PASS);
		rig_answer(r, &c);
		assert_true(rig_poll(r, &out));
	}
	for (int i = 0; i < 2; i++) {
		seki_queue_sleep(r->q, r->now_ns, &sleep);
		assert_int_equal(sleep.until_ns, due[i]);
		r->now_ns = due[i] - 1;
		assert_false(rig_poll(r, &out));
		r->now_ns++;
		assert_true(rig_poll(r, &out));
		assert_ptr_equal(out.packet, stay[i]);
		assert_false(rig_poll(r, &out));
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(wake_ups_are_sent_to_a_sleeper_only),
		TEST(wake_ups_are_made_up_for),
		TEST(endless_signals_do_not_spin),
		TEST(an_emptied_eventfd_does_not_block),
		TEST(lingering_finds_what_comes_at_once),
		TEST(a_p4vm_that_never_answers_is_not_looked_at_for_long),
		TEST(sleep_ends_with_the_oldest_deadline),
		TEST(packets_that_stay_keep_their_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
