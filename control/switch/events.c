// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/events.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/config.h"
#include "control/switch/settle.h"
#include "control/switch/snooping.h"
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
	struct event found[PORTS_MAX * VIOLATION_SUMS];
	uint64_t now = switch_now(sw);
	unsigned n = 0;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		n += violation_collect(&sw->shared.port[i].violations, (uint8_t)i,
				       portset_has(all, i) ? UINT64_MAX : now, found + n);
	qsort(found, n, sizeof *found, compare_times);
	for (unsigned i = 0; i < n; i++)
		switch_emit(sw, &found[i]);
}

void events_port_flushed(struct vswitch *sw, unsigned port, uint64_t ns)
{
	switch_emit(sw, &(struct event){.type = EVENT_MAC_FLUSHED,
					.ns = ns,
					.port = (uint8_t)port,
					.reason = FDB_DYNAMIC,
					.from = FLUSH_PORT_DOWN});
}

// The first pending event of each worker.
struct heads {
	struct event event[CONFIG_WORKERS_MAX];
	bool there[CONFIG_WORKERS_MAX];
};

static void fill_heads(const struct vswitch *sw, struct heads *h)
{
	for (unsigned w = 0; w < sw->workers; w++)
		if (!h->there[w])
			h->there[w] = event_pop(&sw->worker[w]->forwarder.events, &h->event[w]);
}

// Takes the earliest event. False if none is pending.
static bool take_earliest(const struct vswitch *sw, struct heads *h, struct event *e)
{
	int first = -1;

	fill_heads(sw, h);
	for (unsigned w = 0; w < sw->workers; w++)
		if (h->there[w] && (first < 0 || h->event[w].ns < h->event[first].ns))
			first = (int)w;
	if (first < 0)
		return false;
	*e = h->event[first];
	h->there[first] = false;
	return true;
}

static void report_lost(struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++) {
		_Atomic uint64_t *count = &sw->worker[w]->forwarder.events.lost;
		uint64_t lost = atomic_load(count) ? atomic_exchange(count, 0) : 0;
		if (lost)
			switch_emit(sw, &(struct event){.type = EVENT_LOST,
							.ns = switch_now(sw),
							.count = (uint32_t)lost});
	}
}

// Flushes an err-disabled port again, because another worker may have learned there since.
static void flush_again(struct vswitch *sw, unsigned port)
{
	if (!sw->live)
		return;
	switch_synchronize(sw);
	settle_retire(sw, events_flush_down, (void *)(uintptr_t)portset_of(port));
}

void events_flush_down(struct vswitch *sw, void *ports)
{
	portset down = (portset)(uintptr_t)ports &
		       (~atomic_load(&sw->shared.up) | atomic_load(&sw->shared.err_disabled));
	unsigned port;

	PORTSET_FOREACH(port, down)
		fdb_flush_port(sw->shared.fdb, port);
	snooping_forget(sw, down);
}

void events_drain(struct vswitch *sw)
{
	struct heads heads;
	portset flushed = 0;
	struct event e;
	unsigned port;

	memset(heads.there, 0, sizeof heads.there);
	while (take_earliest(sw, &heads, &e)) {
		switch_emit(sw, &e);
		if (e.type != EVENT_PORT_ERR_DISABLED)
			continue;
		flush_again(sw, e.port);
		// What other workers learned there may wait in their rings.
		if (sw->workers > 1)
			flushed |= portset_of(e.port);
		else
			events_port_flushed(sw, e.port, e.ns);
	}
	PORTSET_FOREACH(port, flushed)
		events_port_flushed(sw, port, switch_now(sw));
	report_lost(sw);
}
