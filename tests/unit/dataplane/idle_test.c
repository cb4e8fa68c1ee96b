// SPDX-License-Identifier: BSD-3-Clause

#define _GNU_SOURCE // dup3()
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "dataplane/idle.h"
#include "tests/unit/kit.h"

enum { PORT = 63, QUEUE = 7, SLEEP_NS = 400000000 };

static struct idle w;
static int ends[2]; // to read, to write

static int open_watch(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	idle_init(&w);
	return pipe(ends);
}

static int close_watch(void **state)
{
	(void)state;
	idle_fini(&w);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void give_frame(void)
{
	assert_int_equal(write(ends[1], "", 1), 1);
}

static bool is_watched(void)
{
	return w.queue[QUEUE] == portset_of(PORT);
}

static void finds_a_frame(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		idle_add(&w, PORT, QUEUE, ends[0]);
		assert_true(is_watched());
		idle_look(&w, 1);
		assert_true(is_watched());
		give_frame();
		idle_look(&w, 2);
		assert_int_equal(w.queue[QUEUE], 0);
		assert_int_equal(read(ends[0], &(char){0}, 1), 1);
	}
}

// Another file can take the place of the descriptor's, and is not watched.
static void gives_back(void **state)
{
	int other[2];

	(void)state;
	idle_add(&w, PORT, QUEUE, ends[0]);
	assert_int_equal(pipe(other), 0);
	assert_int_equal(dup3(other[0], ends[0], O_CLOEXEC), ends[0]);
	dup3(other[1], ends[1], O_CLOEXEC);
	close(other[0]);
	close(other[1]);
	give_frame();
	idle_look(&w, IDLE_RENEW_NS - 1);
	assert_true(is_watched());
	idle_look(&w, IDLE_RENEW_NS);
	assert_int_equal(w.queue[QUEUE], 0);
	idle_add(&w, PORT, QUEUE, ends[0]);
	idle_add(&w, PORT, QUEUE, ends[0]); // as after it was given back
	assert_true(is_watched());
	idle_look(&w, IDLE_RENEW_NS);
	assert_int_equal(w.queue[QUEUE], 0);
}

static void refuses_no_descriptor(void **state)
{
	(void)state;
	assert_false(idle_add(&w, PORT, QUEUE, -1));
	assert_int_equal(w.queue[QUEUE], 0);
	idle_look(&w, 1);
}

// The sleep would last for a minute.
static void wakes(void **state)
{
	(void)state;
	assert_true(idle_add(&w, PORT, QUEUE, ends[0]));
	give_frame();
	assert_true(idle_wait(&w, UINT64_C(60000000000)));
	assert_int_equal(read(ends[0], &(char){0}, 1), 1);
}

static void sleeps_no_longer(void **state)
{
	(void)state;
	assert_false(idle_wait(&w, 1000));
	idle_add(&w, PORT, QUEUE, ends[0]);
	assert_false(idle_wait(&w, 1000));
}

static void *sleep_long(void *slept)
{
	idle_wait(&w, SLEEP_NS);
	atomic_store((_Atomic bool *)slept, true);
	return NULL;
}

// A worker that kept a device open in its sleep would have to close it, which can take seconds.
static void keeps_nothing_open(void **state)
{
	_Atomic bool slept = false;
	pthread_t thread;

	(void)state;
	idle_add(&w, PORT, QUEUE, ends[0]);
	assert_int_equal(pthread_create(&thread, NULL, sleep_long, &slept), 0);
	usleep(SLEEP_NS / 4000); // for it to fall asleep
	close(ends[0]);
	bool open = write(ends[1], "", 1) == 1, asleep = !atomic_load(&slept);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ends[0] = dup(ends[1]);        // for close_watch()
	assert_true(!open || !asleep); // on a busy machine, the sleep may be over
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, open_watch, close_watch)

RUN_TESTS(CASE(finds_a_frame), CASE(gives_back), CASE(refuses_no_descriptor), CASE(wakes),
	  CASE(sleeps_no_longer), CASE(keeps_nothing_open))
