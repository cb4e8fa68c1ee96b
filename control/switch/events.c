// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/events.h"

#include <stdlib.h>

#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/portset.h"
#include "dataplane/violation.h"

static int compare_times(const void *a, const void *b)
{
	uint64_t x = ((const struct event *)a)->ns, y = ((const struct event *)b)->ns;

	return x < y ? -1 : x > y;
}

void events_collect_violations(struct vswitch *sw, portset all)
{
	struct event found[PORTS_MAX * VIOLATION_REASONS];
	uint64_t now = switch_now(sw);
	unsigned n = 0;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		n += violation_collect(&sw->shared.port[i].violations, (uint8_t)i,
				       portset_has(all, i) ? UINT64_MAX : now, found + n);
	qsort(found, n, sizeof *found, compare_times);
	for (unsigned i = 0; i < n; i++)
		switch_emit(sw, &found[i]);
}

void events_drain(struct vswitch *sw)
{
	struct event e;

	for (unsigned w = 0; w < sw->workers; w++) {
		struct event_ring *r = &sw->worker[w]->forwarder.events;
		while (event_pop(r, &e)) {
			switch_emit(sw, &e);
			if (e.type != EVENT_PORT_ERR_DISABLED || !sw->live)
				continue;
			// Another worker may have learned there since the port was flushed.
			switch_synchronize(sw);
			fdb_flush_port(sw->shared.fdb, e.port);
		}
		uint64_t lost = atomic_exchange(&r->lost, 0);
		if (lost)
			switch_emit(sw, &(struct event){.type = EVENT_LOST,
							.ns = switch_now(sw),
							.count = (uint32_t)lost});
	}
}
