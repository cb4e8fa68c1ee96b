// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/state.h"

#include <string.h>

#include "control/device/open.h"
#include "dataplane/audit.h"
#include "dataplane/clock.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/forward.h"
#include "dataplane/lastdrop.h"
#include "dataplane/portset.h"

const char *const port_state_names[PORT_STATES] = {"up", "down", "absent", "disabled",
						   "err-disabled"};

const char *const link_names[LINKS] = {
#define X(id, name) [LINK_##id] = (name),
	LINK_LIST(X)
#undef X
};

uint64_t switch_now(const struct vswitch *sw)
{
	return sw->live ? clock_ns(sw->clock, rte_rdtsc()) : sw->replay_ns;
}

uint32_t switch_tick(const struct vswitch *sw)
{
	return forward_tick(switch_now(sw));
}

int switch_port(const struct vswitch *sw, const char *name)
{
	unsigned port;

	PORTSET_FOREACH(port, sw->ports)
		if (!strcmp(sw->port[port].name, name))
			return (int)port;
	return -1;
}

bool switch_last_drop(const struct vswitch *sw, unsigned port, struct lastdrop *d)
{
	struct lastdrop of_worker;
	bool found = false;

	for (unsigned w = 0; w < sw->workers; w++) {
		if (!lastdrop_read(&sw->worker[w]->forwarder.last_drop[port], &of_worker) ||
		    of_worker.ns < sw->port[port].named_ns || (found && of_worker.ns < d->ns))
			continue;
		*d = of_worker;
		found = true;
	}
	return found;
}

const struct config_port *switch_port_config(const struct vswitch *sw, unsigned port)
{
	return config_port(sw->config, sw->port[port].name);
}

enum port_state switch_port_state(const struct vswitch *sw, unsigned port)
{
	if (!switch_port_config(sw, port)->enabled)
		return PORT_DISABLED;
	if (portset_has(atomic_load(&sw->shared.err_disabled), port))
		return PORT_ERR_DISABLED;
	if (portset_has(atomic_load(&sw->shared.up), port)) // what frames meet
		return PORT_UP;
	bool absent = sw->port[port].link == LINK_GONE &&
		      device_is_nic(switch_port_config(sw, port)->device);
	return absent ? PORT_ABSENT : PORT_DOWN;
}

void switch_emit(struct vswitch *sw, const struct event *e)
{
	if (sw->on_event)
		sw->on_event(sw->event_arg, e);
}

static void add_counters(const struct vswitch *sw, unsigned port, struct counters *c)
{
	*c = (struct counters){0};
	for (unsigned w = 0; w < sw->workers; w++)
		counters_read(&sw->worker[w]->forwarder.counters[port], c);
}

void switch_counters(const struct vswitch *sw, unsigned port, struct counters *c)
{
	const uint64_t *cleared = (const uint64_t *)&sw->port[port].cleared;

	add_counters(sw, port, c);
	for (size_t i = 0; i < sizeof *c / sizeof(uint64_t); i++)
		((uint64_t *)c)[i] -= cleared[i];
}

// What all devices of a port have lost, the present one included.
static void add_losses(const struct vswitch *sw, unsigned port, uint64_t lost[PORT_LOSSES])
{
	for (unsigned i = 0; i < PORT_LOSSES; i++)
		lost[i] = sw->port[port].lost[i] + sw->device[port].lost[i];
}

void switch_losses(const struct vswitch *sw, unsigned port, uint64_t lost[PORT_LOSSES])
{
	add_losses(sw, port, lost);
	for (unsigned i = 0; i < PORT_LOSSES; i++)
		lost[i] -= sw->port[port].lost_cleared[i];
}

void switch_clear_counters(struct vswitch *sw, portset which)
{
	unsigned port;

	PORTSET_FOREACH(port, which) {
		port_read_losses(&sw->device[port]);
		add_losses(sw, port, sw->port[port].lost_cleared);
		add_counters(sw, port, &sw->port[port].cleared);
		audit_clear(&sw->shared.port[port].audit);
	}
}

void switch_note_load(struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++) {
		uint64_t busy = atomic_load(&sw->worker[w]->busy_cycles),
			 all = atomic_load(&sw->worker[w]->cycles);
		struct worker_load *l = &sw->load[w];
		double share = all > l->all ? (double)(busy - l->busy) / (double)(all - l->all) : 0;
		*l = (struct worker_load){.busy = busy, .all = all, .share = share};
	}
}
