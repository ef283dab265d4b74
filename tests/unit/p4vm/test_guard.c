/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings in which there is no memory for a page: here, pages behind the end of a file that was cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/shm/guard.h"
#include "lib/shm/shm.h"

#define PAGE  4096u
#define BYTES (4 * PAGE)

/* Of which there is one page. */
static uint8_t *map_short(bool writable)
{
	void *map;
	int fd;

	assert_int_equal(seki_shm_create("short", BYTES, &fd), 0);
	assert_int_equal(seki_shm_reserve(fd, BYTES), 0);
	assert_int_equal(seki_shm_map(fd, BYTES, writable, &map), 0);
	seki_shm_prefault(map, BYTES, writable);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	close(fd);
	return map;
}

/* The handler has run when it returns. */
static uint8_t read_byte(const uint8_t *at)
{
	uint8_t byte = *(const volatile uint8_t *)at;

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return byte;
}

static void readers_see_zeros(void)
{
	struct seki_guard *w, *r, *other;
	uint32_t wrote = 0, read = 0, idle = 0;
	uint8_t *to = map_short(true), *from = map_short(false), *beside = map_short(false);

	assert_int_equal(seki_guard_create(to, BYTES, true, &wrote, &w), 0);
	assert_int_equal(seki_guard_create(from, BYTES, false, &read, &r), 0);
	assert_int_equal(seki_guard_create(beside, BYTES, false, &idle, &other), 0);
	assert_int_equal(read_byte(from), 0);
	memset(to, 1, PAGE);
	assert_int_equal(wrote | read, 0);
	memset(to, 0xaa, BYTES);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	assert_int_equal(wrote, SEKI_GUARD_HIT);
	for (uint32_t i = 0; i < BYTES; i++)
		assert_int_equal(read_byte(from + i), 0);
	assert_int_equal(read, SEKI_GUARD_HIT);
	assert_int_equal(idle, 0);
	seki_guard_destroy(w);
	seki_guard_destroy(r);
	seki_guard_destroy(other);
	munmap(to, BYTES);
	munmap(from, BYTES);
	munmap(beside, BYTES);
}

static void guards_are_used_again(void)
{
	for (int i = 0; i < 100; i++) {
		uint8_t *map = map_short(i & 1);
		struct seki_guard *guard;
		uint32_t flag = 0;

		assert_int_equal(seki_guard_create(map, BYTES, i & 1, &flag, &guard), 0);
		read_byte(map + BYTES - 1);
		assert_int_equal(flag, SEKI_GUARD_HIT);
		seki_guard_destroy(guard);
		munmap(map, BYTES);
	}
}

/* One test: cmocka takes the signal back after each. */
static void test_guards(void **state)
{
	(void)state;
	readers_see_zeros();
	guards_are_used_again();
}

/* How a child ends that has a guard, and then does this. */
static int end_of_child(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct seki_guard *guard;
		uint32_t flag;

		close(STDERR_FILENO);	 /* a sanitizer's report */
		signal(SIGBUS, SIG_DFL); /* the test's own */
		if (seki_guard_create(&flag, sizeof(flag), true, &flag, &guard))
			_exit(0);
		_exit(child());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int touch_unguarded(void)
{
	return read_byte(map_short(false) + PAGE);
}

static int raise_it(void)
{
	return raise(SIGBUS);
}

static void test_others_still_end_the_process(void **state)
{
	int status = end_of_child(touch_unguarded);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	status = end_of_child(raise_it);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_still_end_the_process),
		cmocka_unit_test(test_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
