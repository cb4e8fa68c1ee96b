// SPDX-License-Identifier: BSD-3-Clause
#include "ports.h"

#include <string.h>

#include "device.h"

// The number that a port keeps, -1: it is new, or its device is.
static int kept_number(const struct vswitch *sw, const struct config_port *p)
{
	int number = switch_port(sw, p->name);

	return number >= 0 && !strcmp(switch_port_config(sw, (unsigned)number)->device, p->device) ? number : -1;
}

bool ports_number(const struct vswitch *sw, const struct config *c, uint8_t numbers[CONFIG_PORTS_MAX], struct config_error *e)
{
	portset taken = sw->ports;

	for (unsigned i = 0; i < c->port_count; i++) {
		int number = kept_number(sw, &c->port[i]);
		if (number < 0 && !~taken)
			return config_refuse(e, c->port[i].at,
					     "port '%s': no room for it beside the ports that leave or change, %d in all (first take those out)",
					     c->port[i].name, PORTS_MAX);
		numbers[i] = (uint8_t)(number < 0 ? portset_first(~taken) : (unsigned)number);
		taken |= portset_of(numbers[i]);
	}
	return true;
}

static bool open_port(struct vswitch *sw, const struct config *c, const struct config_port *p, unsigned number,
		      struct config_error *e)
{
	// Not even a port that leaves: closing a TAP takes its interface down, whoever else has it.
	if (!config_device_is_free(c, p, e) || (sw->config && !config_device_is_free(sw->config, p, e)))
		return false;
	if (rte_eth_dev_count_total() >= RTE_MAX_ETHPORTS)
		return config_refuse(e, p->device_at, "port '%s': %d devices are open, the most that DPDK opens here (take out a port first)",
				     p->name, RTE_MAX_ETHPORTS);
	return device_open(&sw->device[number], p, number, sw->workers, sw->pool, e);
}

bool ports_open(struct vswitch *sw, const struct config *c, const uint8_t *numbers, portset which, struct config_error *e)
{
	portset opened = 0;

	for (unsigned i = 0; i < c->port_count && sw->devices; i++) {
		if (!portset_has(which, numbers[i]))
			continue;
		if (!open_port(sw, c, &c->port[i], numbers[i], e)) {
			ports_close(sw, opened);
			return false;
		}
		opened |= portset_of(numbers[i]);
	}
	return true;
}

void ports_close(struct vswitch *sw, portset which)
{
	unsigned port;

	PORTSET_FOREACH(port, which)
		port_close(&sw->device[port]);
}

void ports_unpoll(struct vswitch *sw, portset which)
{
	if (!which)
		return;
	for (unsigned w = 0; w < sw->workers; w++)
		atomic_fetch_and(&sw->worker[w]->polled, ~which);
	switch_settle(sw);
}

// Ports of a live switch that wait for their peer.
static portset closed(const struct vswitch *sw)
{
	portset found = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->devices ? sw->ports : 0)
		if (!port_is_open(&sw->device[port]))
			found |= portset_of(port);
	return found;
}

static int size_of(portset s)
{
	return __builtin_popcountll(s);
}

// The worker with the fewest ports, or the one with the most.
static unsigned find_worker(const portset *plan, unsigned workers, bool fewest)
{
	unsigned found = 0;

	for (unsigned w = 1; w < workers; w++)
		if (fewest ? size_of(plan[w]) < size_of(plan[found]) : size_of(plan[w]) > size_of(plan[found]))
			found = w;
	return found;
}

void ports_spread(struct vswitch *sw, portset ports)
{
	portset plan[CONFIG_WORKERS_MAX], moved = 0, fresh = ports & ~closed(sw);
	unsigned port;

	for (unsigned w = 0; w < sw->workers; w++) {
		plan[w] = atomic_load(&sw->worker[w]->polled);
		fresh &= ~plan[w];
	}
	PORTSET_FOREACH(port, fresh)
		plan[find_worker(plan, sw->workers, true)] |= portset_of(port);
	for (;;) {
		portset *most = &plan[find_worker(plan, sw->workers, false)], *fewest = &plan[find_worker(plan, sw->workers, true)];
		if (size_of(*most) <= size_of(*fewest) + 1)
			break;
		portset one = portset_of(portset_first(*most));
		*most &= ~one;
		*fewest |= one;
		moved |= one;
	}
	ports_unpoll(sw, moved); // no port is ever polled by two
	for (unsigned w = 0; w < sw->workers; w++)
		atomic_store(&sw->worker[w]->polled, plan[w]);
}

void ports_reconnect(struct vswitch *sw)
{
	struct config_error e; // another try follows
	portset lost = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->ports)
		if (!sw->port[port].link && device_peer(switch_port_config(sw, port)->device) == PEER_THERE)
			lost |= portset_of(port);
	if (!lost)
		return;
	ports_unpoll(sw, lost);
	ports_close(sw, lost);
	PORTSET_FOREACH(port, lost)
		device_open(&sw->device[port], switch_port_config(sw, port), port, sw->workers, sw->pool, &e);
	ports_spread(sw, sw->ports);
}

void ports_renew(struct vswitch *sw, portset which)
{
	bool alone = sw->workers == 1;
	unsigned port;

	PORTSET_FOREACH(port, which)
		sw->shared.port[port] = (struct port_runtime){.ingress.one_user = alone, .egress.one_user = alone};
	atomic_fetch_and(&sw->shared.err_disabled, ~which);
	switch_clear_counters(sw, which);
}
