// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/settle.h"

#include <rte_rcu_qsbr.h>
#include <stdlib.h>

#include "control/common/error.h"
#include "control/switch/state.h"
#include "control/switch/watch.h"
#include "dataplane/worker.h"

struct retired {
	switch_retire_fn retire;
	void *what;
	struct retired *next;
};

// Waits for the workers. After a wait that failed it only asks.
static bool await_workers(struct vswitch *sw, uint64_t token)
{
	struct watch_patience patience = {0};

	if (sw->unsettled)
		return worker_await_quiescent(sw->qsbr, token, 0);
	do
		if (worker_await_quiescent(sw->qsbr, token, SWITCH_TICK_MS))
			return true;
	while (watch_waits(sw, &patience));
	return false;
}

bool switch_synchronize(struct vswitch *sw)
{
	if (!sw->live)
		return true;
	uint64_t token = rte_rcu_qsbr_start(sw->qsbr);
	if (await_workers(sw, token))
		return true;
	sw->unsettled = token;
	return false;
}

bool settle_begin(struct vswitch *sw, struct error *e)
{
	if (settle_poll(sw) && switch_synchronize(sw))
		return true;
	unsigned w = watch_slowest(sw);
	if (watch_is_starved(sw, w))
		return error_set(
			e,
			"worker %u has waited for its core for %.0f s, which other programs use; until it turns nothing can be changed (give the switch a core of its own)",
			w, watch_idle_s(sw, w));
	return error_set(
		e,
		"worker %u is stuck in a round for %.0f s; until it turns nothing can be changed (if it stays so, restart the switch)",
		w, watch_idle_s(sw, w));
}

void settle_retire(struct vswitch *sw, switch_retire_fn retire, void *what)
{
	struct retired *r;

	if (!sw->unsettled) {
		retire(sw, what);
		return;
	}
	if (sw->retired_count == RETIRED_MAX || !(r = malloc(sizeof *r)))
		return;
	*r = (struct retired){.retire = retire, .what = what, .next = sw->retired};
	sw->retired = r;
	sw->retired_count++;
}

void settle_end(struct vswitch *sw)
{
	struct retired *r;

	sw->unsettled = 0;
	while ((r = sw->retired)) {
		sw->retired = r->next;
		sw->retired_count--;
		r->retire(sw, r->what); // may retire more
		free(r);
	}
}

bool settle_poll(struct vswitch *sw)
{
	if (!sw->unsettled)
		return true;
	if (!worker_await_quiescent(sw->qsbr, sw->unsettled, 0))
		return false;
	settle_end(sw);
	return !sw->unsettled;
}
