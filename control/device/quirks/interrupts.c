// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/quirks/interrupts.h"

#include <errno.h>
#include <rte_alarm.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { HOLD_TIMEOUT_S = 1 };

static sem_t is_there, may_go; // each is posted once and taken once for each alarm

static void wait_in_alarm(void *arg)
{
	(void)arg;
	sem_post(&is_there);
	while (sem_wait(&may_go) && errno == EINTR)
		continue;
}

static bool wait_for_thread(void)
{
	struct timespec end;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += HOLD_TIMEOUT_S;
	while ((rc = sem_clockwait(&is_there, CLOCK_MONOTONIC, &end)) && errno == EINTR)
		continue;
	return !rc;
}

bool interrupts_hold(void)
{
	static bool initialized;

	if (!initialized)
		initialized = !sem_init(&is_there, 0, 0) && !sem_init(&may_go, 0, 0);
	if (!initialized || rte_eal_alarm_set(1, wait_in_alarm, NULL))
		return false;
	if (wait_for_thread())
		return true;
	sem_post(&may_go); // the thread may have arrived after the timeout
	if (rte_eal_alarm_cancel(wait_in_alarm, NULL) > 0)
		sem_trywait(&may_go);
	else
		sem_trywait(&is_there);
	return false;
}

void interrupts_release(void)
{
	sem_post(&may_go);
}
