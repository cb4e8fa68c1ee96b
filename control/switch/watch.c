// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/worker.h"

struct thread_state {
	bool runnable;   // it runs, or waits for a core
	uint64_t ran_ms; // its time on cores
};

static void emit_state(struct vswitch *sw, unsigned w, enum event_type type)
{
	switch_emit(sw, &(struct event){.type = (uint8_t)type,
					.ns = switch_now(sw),
					.from = (uint8_t)w,
					.count = (uint32_t)(watch_idle_s(sw, w) + 0.5)});
}

// Reads what the kernel says of a thread: proc_pid_stat(5).
static bool read_thread(int tid, struct thread_state *s)
{
	char path[64], text[512], *end;
	unsigned long long user, system;
	char state;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
	if (!tid || !(f = fopen(path, "re")))
		return false;
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	// The name of the thread, in parentheses, may have any characters.
	if (!(end = strrchr(text, ')')) ||
	    sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &state, &user,
		   &system) != 3)
		return false;
	*s = (struct thread_state){.runnable = state == 'R',
				   .ran_ms = (user + system) * 1000 /
					     (uint64_t)sysconf(_SC_CLK_TCK)};
	return true;
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

// Notes what a worker did since the last look, in which it has not turned.
static void note_missed(struct worker_watch *k, int tid)
{
	struct thread_state s;
	bool first = !k->missed;

	k->missed = true;
	if (!read_thread(tid, &s)) {
		k->could_ms += SWITCH_TICK_MS;
		return;
	}
	uint64_t ran = first ? 0 : s.ran_ms - k->ran_ms;
	k->starves = s.runnable && !ran;
	k->could_ms += s.runnable ? (unsigned)ran : SWITCH_TICK_MS;
	k->ran_ms = s.ran_ms;
}

void watch_look(struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++) {
		struct worker_watch *k = &sw->watch[w];
		if (has_turned(sw, w)) {
			note_turn(sw, w);
			continue;
		}
		note_missed(k, atomic_load(&sw->worker[w]->tid));
		if (!k->stuck && k->could_ms >= WORKER_ROUND_MAX_MS) {
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

bool watch_is_starved(const struct vswitch *sw, unsigned worker)
{
	const struct worker_watch *k = &sw->watch[worker];

	return k->missed && !k->stuck && k->could_ms < WORKER_ROUND_MAX_MS / 10 &&
	       watch_idle_s(sw, worker) * 1000 >= WATCH_STARVED_MS;
}

static bool any_starves(const struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++)
		if (sw->watch[w].starves)
			return true;
	return false;
}

bool watch_waits(struct vswitch *sw, struct watch_patience *p)
{
	watch_look(sw);
	p->all_ms += SWITCH_TICK_MS;
	if (!any_starves(sw))
		p->counted_ms += SWITCH_TICK_MS;
	return p->counted_ms < WORKER_ROUND_MAX_MS && p->all_ms < WATCH_PATIENCE_MAX_MS;
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
