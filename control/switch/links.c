// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/links.h"

#include "control/config/config.h"
#include "control/device/open.h"
#include "control/switch/events.h"
#include "control/switch/mactable.h"
#include "control/switch/querier.h"
#include "control/switch/settle.h"
#include "control/switch/snooping.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/link.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static void emit_link(struct vswitch *sw, unsigned port, bool up)
{
	switch_emit(sw, &(struct event){.type = up ? EVENT_PORT_UP : EVENT_PORT_DOWN,
					.ns = switch_now(sw),
					.port = (uint8_t)port,
					.reason = (uint8_t)sw->port[port].link});
}

static void report_link(struct vswitch *sw, unsigned port, bool up)
{
	emit_link(sw, port, up);
	if (!up)
		events_port_flushed(sw, port, switch_now(sw));
}

void links_publish(struct vswitch *sw)
{
	portset before = atomic_load(&sw->shared.up), up = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->ports)
		if (sw->port[port].link == LINK_UP && switch_port_config(sw, port)->enabled)
			up |= portset_of(port);
	if (up == before)
		return;
	atomic_store(&sw->shared.up, up);
	portset down = before & ~up;
	if (!switch_synchronize(sw) && down)
		settle_retire(sw, events_flush_down, (void *)(uintptr_t)down);
	PORTSET_FOREACH(port, down)
		fdb_flush_port(sw->shared.fdb, port);
	events_drain(sw); // what was learned on them comes first
	snooping_forget(sw, down);
	PORTSET_FOREACH(port, before ^ up)
		report_link(sw, port, portset_has(up, port));
	querier_wake(sw);
	mactable_sweep_all(sw);
}

enum link links_read(struct vswitch *sw, unsigned port, const struct config_port *p)
{
	if (!sw->devices || p->kind == PORT_TUNNEL)
		return LINK_UP;
	if (port_is_open(&sw->device[port]) || !device_is_nic(p->device))
		return port_link(&sw->device[port]);
	if (!device_nic_exists(p->device))
		return LINK_GONE;
	return *sw->port[port].problem ? LINK_FAILED : LINK_DOWN;
}

void links_report_missing(struct vswitch *sw)
{
	unsigned port;

	PORTSET_FOREACH(port, sw->ports)
		if (device_is_nic(switch_port_config(sw, port)->device) &&
		    !port_is_open(&sw->device[port]))
			emit_link(sw, port, false);
}

void links_poll(struct vswitch *sw)
{
	unsigned port;

	PORTSET_FOREACH(port, sw->ports) {
		sw->port[port].link = links_read(sw, port, switch_port_config(sw, port));
		if (!tunnels_is_tunnel(sw, port))
			atomic_store(&sw->shared.port[port].longest, sw->device[port].longest);
		device_check_segments(&sw->device[port], switch_port_config(sw, port));
		if (sw->port[port].link == LINK_UP)
			sw->port[port].peer_deadline_ns = 0;
	}
	links_publish(sw);
}

void links_clear_error(struct vswitch *sw, unsigned port)
{
	if (!portset_has(atomic_load(&sw->shared.err_disabled), port))
		return;
	atomic_store(&sw->shared.port[port].erred_ns, 0);
	atomic_fetch_and(&sw->shared.err_disabled, ~portset_of(port));
	switch_emit(sw, &(struct event){.type = EVENT_PORT_RECOVERED,
					.ns = switch_now(sw),
					.port = (uint8_t)port});
	tunnels_restore_peer(sw, port);
	querier_wake(sw);
}

// When an err-disabled port comes back by the policy in force, which may be younger than its error.
// UINT64_MAX: only by a command, or a worker is about to say when the error was.
static uint64_t recovery_due(const struct vswitch *sw, unsigned port)
{
	uint64_t erred = atomic_load(&sw->shared.port[port].erred_ns);
	uint64_t recovery = sw->conf->port[port].recovery_s * NS_PER_SECOND;

	return erred && recovery ? erred - 1 + recovery : UINT64_MAX;
}

uint64_t links_recover(struct vswitch *sw)
{
	uint64_t now = switch_now(sw), next = UINT64_MAX;
	unsigned port;

	PORTSET_FOREACH(port, atomic_load(&sw->shared.err_disabled)) {
		uint64_t due = recovery_due(sw, port);
		if (due <= now)
			links_clear_error(sw, port);
		else if (due < next)
			next = due;
	}
	return next;
}
