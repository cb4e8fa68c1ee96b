// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/waiting.h"

#include <errno.h>
#include <rte_cycles.h>
#include <setjmp.h>
#include <time.h>
#include <unistd.h>

static _Thread_local struct waiting {
	time_t until; // 0: the thread neither opens nor closes a device
	unsigned sleeps;
	bool skips; // the device is gone
	jmp_buf back;
} waiting;

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool call(void (*function)(void *), void *arg, bool skips)
{
	bool left = setjmp(waiting.back);

	if (!left) {
		waiting.until = now_s() + WAITING_MAX_S;
		waiting.sleeps = 0;
		waiting.skips = skips;
		function(arg);
	}
	waiting.until = 0;
	waiting.skips = false;
	return !left;
}

bool waiting_call(void (*open)(void *), void *arg)
{
	return call(open, arg, false);
}

// Counts a sleep of a driver, and leaves a driver that has slept too often.
static void count_sleep(void)
{
	unsigned limit = waiting.skips ? WAITING_SKIPS : WAITING_SLEEPS;

	if (waiting.until && ++waiting.sleeps > limit && now_s() > waiting.until)
		longjmp(waiting.back, 1);
}

bool waiting_skips(void)
{
	if (waiting.skips)
		count_sleep();
	return waiting.skips;
}

static void delay(unsigned us)
{
	if (!waiting_skips())
		rte_delay_us_block(us);
}

bool waiting_skip(void (*close)(void *), void *arg)
{
	rte_delay_us_callback_register(delay);
	return call(close, arg, true);
}

int usleep(useconds_t us)
{
	struct timespec wanted = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	if (waiting_skips())
		return 0;
	int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &wanted, NULL);
	count_sleep();
	errno = rc;
	return rc ? -1 : 0;
}
