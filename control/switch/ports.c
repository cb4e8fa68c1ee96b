// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/ports.h"

#include <string.h>

#include "control/common/error.h"
#include "control/common/log.h"
#include "control/config/config.h"
#include "control/device/open.h"
#include "control/switch/settle.h"
#include "control/switch/state.h"
#include "dataplane/frame.h"
#include "dataplane/link.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

#define PEER_TIMEOUT_NS UINT64_C(1000000000)

// Attempts to open a NIC are 2, 4 and up to 64 times that apart.
enum { DOUBLINGS_MAX = 6 };

// The number that a port keeps, -1 if the port or its device is new.
static int kept_number(const struct vswitch *sw, const struct config_port *p)
{
	int number = switch_port(sw, p->name);

	return number >= 0 && !strcmp(switch_port_config(sw, (unsigned)number)->device, p->device)
		       ? number
		       : -1;
}

bool ports_number(const struct vswitch *sw, const struct config *c,
		  uint8_t numbers[CONFIG_PORTS_MAX], struct error *e)
{
	portset taken = sw->ports;

	for (unsigned i = 0; i < c->port_count; i++) {
		int number = kept_number(sw, &c->port[i]);
		if (number < 0 && !~taken)
			return error_at(
				e, c->port[i].at,
				"port '%s': there are at most %d ports, counting those that are removed or replaced (remove those first)",
				c->port[i].name, PORTS_MAX);
		numbers[i] = (uint8_t)(number < 0 ? portset_first(~taken) : (unsigned)number);
		taken |= portset_of(numbers[i]);
	}
	return true;
}

// Notes why a NIC does not open. An attempt that fails as the one before is no news.
static void note_failure(struct switch_port *port, const struct error *e)
{
	if (strcmp(port->problem, e->text) != 0)
		log_write(LOG_WARNING, "%s", e->text);
	strcpy(port->problem, e->text);
	port->failures++;
}

static void forget_failure(struct switch_port *port)
{
	*port->problem = 0;
	port->failures = 0;
}

static bool open_port(struct vswitch *sw, const struct config *c, const struct config_port *p,
		      unsigned number, struct error *e)
{
	// A device of a port that is removed is not free either: closing a TAP takes its interface
	// down for every user.
	if (!config_device_is_free(c, p, e) ||
	    (sw->config && !config_device_is_free(sw->config, p, e)))
		return false;
	if (rte_eth_dev_count_total() >= RTE_MAX_ETHPORTS)
		return error_at(
			e, p->device_at,
			"port '%s': %d devices are open, which is DPDK's limit here (remove a port first)",
			p->name, RTE_MAX_ETHPORTS);
	return device_open(&sw->device[number], p, number, sw->workers, sw->pool, e);
}

// Whether a switch goes on without a device that does not open. It starts without a NIC, so that a
// NIC that is absent or broken keeps no other port from forwarding.
static bool is_dispensable(const struct vswitch *sw, const struct config_port *p)
{
	return !sw->config && device_is_nic(p->device);
}

bool ports_open(struct vswitch *sw, const struct config *c, const uint8_t *numbers, portset which,
		struct error *e)
{
	portset opened = 0;

	for (unsigned i = 0; i < c->port_count && sw->devices; i++) {
		if (!portset_has(which, numbers[i]) || c->port[i].kind == PORT_TUNNEL)
			continue;
		forget_failure(&sw->port[numbers[i]]);
		if (open_port(sw, c, &c->port[i], numbers[i], e)) {
			opened |= portset_of(numbers[i]);
		} else if (!is_dispensable(sw, &c->port[i])) {
			ports_close(sw, opened);
			return false;
		} else {
			note_failure(&sw->port[numbers[i]], e);
		}
	}
	return true;
}

// Keeps what a device has lost, before it is closed.
static void keep_losses(struct vswitch *sw, unsigned port)
{
	struct port *device = &sw->device[port];

	port_read_losses(device);
	for (unsigned i = 0; i < PORT_LOSSES; i++)
		sw->port[port].lost[i] += device->lost[i];
	memset(device->lost, 0, sizeof device->lost);
}

void ports_close(struct vswitch *sw, portset which)
{
	unsigned port;

	PORTSET_FOREACH(port, which) {
		keep_losses(sw, port);
		device_close(&sw->device[port]);
	}
}

void ports_read_losses(struct vswitch *sw)
{
	unsigned port;

	PORTSET_FOREACH(port, sw->ports)
		port_read_losses(&sw->device[port]);
}

// The number of an open port whose MTU changes with p, -1 if it does not.
static int resized_number(const struct vswitch *sw, const struct config_port *p)
{
	int number = sw->devices ? kept_number(sw, p) : -1;
	bool differs = number >= 0 && switch_port_config(sw, (unsigned)number)->mtu != p->mtu;

	return differs && port_is_open(&sw->device[number]) ? number : -1;
}

// Sets the MTU of a port. A kernel device must never get a frame longer than its MTU, because its
// driver fails then. Therefore a smaller limit is published before the MTU changes.
static bool set_port_mtu(struct vswitch *sw, unsigned number, const struct config_port *p,
			 struct error *e)
{
	_Atomic uint32_t *longest = &sw->shared.port[number].longest;
	uint32_t wanted = (p->mtu ? p->mtu : MTU_DEFAULT) + FRAME_HEADER;

	bool ok = true;

	if (sw->device[number].kernel && wanted < atomic_load(longest)) {
		atomic_store(longest, wanted);
		ok = settle_begin(sw, e);
	}
	ok = ok && device_set_mtu(&sw->device[number], p, e);
	atomic_store(longest, sw->device[number].longest);
	return ok;
}

bool ports_set_mtu(struct vswitch *sw, const struct config *c, struct error *e)
{
	struct error ignored; // the former MTU was possible before
	unsigned i;
	int number;

	for (i = 0; i < c->port_count; i++)
		if ((number = resized_number(sw, &c->port[i])) >= 0 &&
		    !set_port_mtu(sw, (unsigned)number, &c->port[i], e))
			break;
	for (unsigned k = 0; i < c->port_count && k <= i; k++)
		if ((number = resized_number(sw, &c->port[k])) >= 0)
			set_port_mtu(sw, (unsigned)number, switch_port_config(sw, (unsigned)number),
				     &ignored);
	return i == c->port_count;
}

bool ports_unpoll(struct vswitch *sw, portset which)
{
	if (!which)
		return true;
	for (unsigned w = 0; w < sw->workers; w++)
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			atomic_fetch_and(&sw->worker[w]->polled[q], ~which);
	return switch_synchronize(sw);
}

// Ports of a live switch whose device is closed, because its peer is absent.
static portset closed_ports(const struct vswitch *sw)
{
	portset found = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->devices ? sw->ports : 0)
		if (!port_is_open(&sw->device[port]))
			found |= portset_of(port);
	return found;
}

// The ports that a worker is to poll, by queue.
struct plan {
	portset queue[PORT_QUEUES_MAX];
};

static int plan_size(const struct plan *p)
{
	int size = 0;

	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		size += __builtin_popcountll(p->queue[q]);
	return size;
}

// The worker with the fewest queues, or the one with the most.
static struct plan *find_worker(struct plan *plan, unsigned workers, bool fewest)
{
	struct plan *found = plan;

	for (struct plan *p = plan; p < plan + workers; p++)
		if (fewest ? plan_size(p) < plan_size(found) : plan_size(p) > plan_size(found))
			found = p;
	return found;
}

// Assigns the queues of a port that no worker has to the workers with the fewest queues.
static void assign_queues(const struct vswitch *sw, struct plan *plan, unsigned port)
{
	// A port without a device counts as one queue.
	unsigned queues = RTE_MAX(sw->device[port].rx_queues, 1);

	for (unsigned q = 0; q < queues; q++) {
		bool taken = false;
		for (unsigned w = 0; w < sw->workers; w++)
			taken |= portset_has(plan[w].queue[q], port);
		if (!taken)
			find_worker(plan, sw->workers, true)->queue[q] |= portset_of(port);
	}
}

// Moves one queue between workers, and notes it in `moved`.
static void move_queue(struct plan *from, struct plan *to, struct plan *moved)
{
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++) {
		if (!from->queue[q])
			continue;
		portset one = portset_of(portset_first(from->queue[q]));
		from->queue[q] &= ~one;
		to->queue[q] |= one;
		moved->queue[q] |= one;
		break;
	}
}

// Assigns the queues that no worker has, when no worker polls them any more.
static void spread_released(struct vswitch *sw, void *unused)
{
	(void)unused;
	ports_spread(sw, sw->ports);
}

// Gives the workers their queues. Two workers must never poll the same queue, therefore queues that
// move must be released first. Behind a stuck worker they wait for it.
static void apply_plan(struct vswitch *sw, const struct plan *plan, const struct plan *moved)
{
	for (unsigned w = 0; w < sw->workers; w++)
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			atomic_fetch_and(&sw->worker[w]->polled[q], ~moved->queue[q]);
	bool released = !plan_size(moved) || switch_synchronize(sw);
	for (unsigned w = 0; w < sw->workers; w++)
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			atomic_store(&sw->worker[w]->polled[q],
				     plan[w].queue[q] & ~(released ? 0 : moved->queue[q]));
	if (!released)
		settle_retire(sw, spread_released, NULL);
}

void ports_spread(struct vswitch *sw, portset ports)
{
	struct plan plan[CONFIG_WORKERS_MAX], moved = {0};
	unsigned port;

	for (unsigned w = 0; w < sw->workers; w++)
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			plan[w].queue[q] = atomic_load(&sw->worker[w]->polled[q]);
	PORTSET_FOREACH(port, ports & ~closed_ports(sw))
		assign_queues(sw, plan, port);
	for (;;) {
		struct plan *most = find_worker(plan, sw->workers, false),
			    *fewest = find_worker(plan, sw->workers, true);
		if (plan_size(most) <= plan_size(fewest) + 1)
			break;
		move_queue(most, fewest, &moved);
	}
	apply_plan(sw, plan, &moved);
}

void ports_wait_for_peer(struct vswitch *sw, unsigned port)
{
	unsigned doublings = RTE_MIN(sw->port[port].failures, (unsigned)DOUBLINGS_MAX);

	sw->port[port].peer_deadline_ns = switch_now(sw) + (PEER_TIMEOUT_NS << doublings);
}

// Looks at the NIC of a port that has begun without it, or has lost it. True if it is to be opened:
// it is bound to a driver for programs, or the user is to be told that it is not.
static bool nic_is_back(struct vswitch *sw, unsigned port)
{
	struct switch_port *p = &sw->port[port];
	const char *device = switch_port_config(sw, port)->device;
	bool waits = switch_now(sw) < p->peer_deadline_ns;

	if (!device_nic_exists(device)) {
		forget_failure(p);
		return false;
	}
	if (device_is_silent(device))
		return false;
	if (device_interface_is_back(device))
		return !waits;
	if (p->failures > 1)
		p->peer_deadline_ns = 0; // then it need not wait after it is bound
	p->failures = RTE_MIN(p->failures, 1u);
	return !*p->problem && !waits;
}

// Whether a port has lost its peer or its interface, and that is back.
static bool can_reconnect(struct vswitch *sw, unsigned port)
{
	const struct switch_port *p = &sw->port[port];
	const char *device = switch_port_config(sw, port)->device;
	bool open = port_is_open(&sw->device[port]), waits = switch_now(sw) < p->peer_deadline_ns;

	if (p->link == LINK_UP || (open && waits))
		return false;
	if (device_peer(device) == PEER_PRESENT)
		return true;
	if (!open && device_is_nic(device))
		return nic_is_back(sw, port);
	return !waits && (!open || p->link == LINK_GONE) && device_interface_is_back(device);
}

// Whether the NIC of a port is pulled, and has to be closed.
static bool is_pulled(const struct vswitch *sw, unsigned port)
{
	return port_is_open(&sw->device[port]) && sw->port[port].link == LINK_GONE &&
	       device_is_nic(switch_port_config(sw, port)->device);
}

static void open_again(struct vswitch *sw, unsigned port)
{
	const struct config_port *p = switch_port_config(sw, port);
	struct error e;

	if (device_open(&sw->device[port], p, port, sw->workers, sw->pool, &e))
		forget_failure(&sw->port[port]);
	else if (device_is_nic(p->device)) // the peers of others are not ready yet
		note_failure(&sw->port[port], &e);
}

bool ports_reconnect(struct vswitch *sw)
{
	portset lost = 0, pulled = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->unsettled ? 0 : sw->ports) {
		if (is_pulled(sw, port))
			pulled |= portset_of(port);
		else if (can_reconnect(sw, port))
			lost |= portset_of(port);
	}
	lost |= pulled;
	if (!lost)
		return false;
	if (!ports_unpoll(sw, lost)) {
		settle_retire(sw, spread_released, NULL);
		return false;
	}
	ports_close(sw, lost);
	PORTSET_FOREACH(port, lost) {
		if (!portset_has(pulled, port))
			open_again(sw, port);
		ports_wait_for_peer(sw, port);
	}
	ports_spread(sw, sw->ports);
	return true;
}

void ports_reset(struct vswitch *sw, portset which)
{
	bool alone = sw->workers == 1;
	unsigned port;

	PORTSET_FOREACH(port, which)
		sw->shared.port[port] = (struct port_runtime){.ingress.one_user = alone,
							      .egress.one_user = alone};
	atomic_fetch_and(&sw->shared.err_disabled, ~which);
	switch_clear_counters(sw, which);
}
