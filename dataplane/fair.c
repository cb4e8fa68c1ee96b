// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE // RUSAGE_THREAD
#include "dataplane/fair.h"

#include <sys/resource.h>

static long preemptions(void)
{
	struct rusage r;

	return getrusage(RUSAGE_THREAD, &r) ? 0 : r.ru_nivcsw;
}

void fair_init(struct fair *f)
{
	*f = (struct fair){.least = UINT64_MAX, .preemptions = preemptions()};
}

// A port does not pay for the time of another thread.
uint64_t fair_long_cost(struct fair *f, uint64_t cycles)
{
	long before = f->preemptions;

	f->preemptions = preemptions();
	return f->preemptions == before ? cycles : FAIR_LONG;
}
