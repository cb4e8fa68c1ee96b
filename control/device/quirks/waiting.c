// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/waiting.h"

#include <errno.h>
#include <setjmp.h>
#include <time.h>
#include <unistd.h>

static _Thread_local struct waiting {
	time_t until; // 0: the thread opens no device
	unsigned sleeps;
	jmp_buf back;
} waiting;

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

bool waiting_call(void (*open)(void *), void *arg)
{
	bool left = setjmp(waiting.back);

	if (!left) {
		waiting.until = now_s() + WAITING_MAX_S;
		waiting.sleeps = 0;
		open(arg);
	}
	waiting.until = 0;
	return !left;
}

int usleep(useconds_t us)
{
	struct timespec wanted = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
	int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &wanted, NULL);

	if (waiting.until && ++waiting.sleeps > WAITING_SLEEPS && now_s() > waiting.until)
		longjmp(waiting.back, 1);
	errno = rc;
	return rc ? -1 : 0;
}
