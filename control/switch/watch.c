// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/watch.h"

#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

static void emit_state(struct vswitch *sw, unsigned w, enum event_type type)
{
	switch_emit(sw, &(struct event){.type = (uint8_t)type,
					.ns = switch_now(sw),
					.from = (uint8_t)w,
					.count = (uint32_t)(watch_idle_s(sw, w) + 0.5)});
}

// Whether a worker has turned since the last look.
static bool has_turned(const struct vswitch *sw, unsigned w)
{
	return atomic_load_explicit(&sw->worker[w]->cycles, memory_order_relaxed) !=
	       sw->watch[w].cycles;
}

static void note_turn(struct vswitch *sw, unsigned w)
{
	struct worker_watch *k = &sw->watch[w];

	if (k->stuck)
		emit_state(sw, w, EVENT_WORKER_TURNS);
	*k = (struct worker_watch){
		.cycles = atomic_load_explicit(&sw->worker[w]->cycles, memory_order_relaxed),
		.turned_ns = switch_now(sw)};
}

void watch_look(struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++) {
		struct worker_watch *k = &sw->watch[w];
		if (has_turned(sw, w)) {
			note_turn(sw, w);
		} else if (++k->looks == WATCH_STUCK_LOOKS) {
			k->stuck = true;
			emit_state(sw, w, EVENT_WORKER_STUCK);
		}
	}
}

bool watch_all_turn(const struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++)
		if (sw->watch[w].stuck)
			return false;
	return true;
}

double watch_idle_s(const struct vswitch *sw, unsigned worker)
{
	return (double)(switch_now(sw) - sw->watch[worker].turned_ns) / 1e9;
}

unsigned watch_slowest(struct vswitch *sw)
{
	unsigned slowest = 0;

	for (unsigned w = 0; w < sw->workers; w++) {
		if (has_turned(sw, w))
			note_turn(sw, w);
		if (sw->watch[w].turned_ns < sw->watch[slowest].turned_ns)
			slowest = w;
	}
	return slowest;
}
