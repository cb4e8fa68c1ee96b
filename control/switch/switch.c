// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/switch.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/device/quirks/unmapping.h"
#include "control/device/quirks/vhostpoll.h"
#include "control/switch/compile.h"
#include "control/switch/events.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/ports.h"
#include "control/switch/state.h"
#include "dataplane/clock.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/pool.h"
#include "dataplane/port.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/worker.h"

enum {
	EVENT_RING = 65536,
	FIXED_ROOM = 16384,   // fixed entries that may be added while running
	LEARNED_ROOM = 32768, // learned entries of ports that may be added, where the size of the
			      // table was not given
	FED_POOL = 32 << 20, // where no queues of devices hold frames
};

static bool no_memory(struct error *e, const char *what)
{
	return error_set(e, "no memory for %s (raise memory in dataplane, or free some)", what);
}

// What a configuration compiles to, before it is published.
struct compiled {
	uint8_t numbers[CONFIG_PORTS_MAX];
	portset ports; // all of them
	struct swconf *conf;
	struct fixed_mac *fixed;
	size_t fixed_count;
};

static void discard(struct compiled *n)
{
	free(n->conf);
	free(n->fixed);
}

static bool compile(const struct vswitch *sw, const struct config *c, struct compiled *n,
		    struct error *e)
{
	if (!ports_number(sw, c, n->numbers, e))
		return false;
	n->ports = 0;
	for (unsigned i = 0; i < c->port_count; i++)
		n->ports |= portset_of(n->numbers[i]);
	n->conf = compile_ports(c, n->numbers);
	n->fixed = compile_fixed(c, n->numbers, &n->fixed_count);
	if (n->conf && n->fixed)
		return true;
	discard(n);
	return no_memory(e, "the configuration");
}

// That the running table can hold what the configuration promises.
static bool check_room(const struct vswitch *sw, const struct config *c, const struct compiled *n,
		       struct error *e)
{
	uint32_t size = config_table_size(c);

	if (size > sw->table_size)
		return error_at(
			e, c->table_size_at,
			"the limits need a table of %u entries, the running one has %u (set mac-table-size and restart)",
			size, sw->table_size);
	if (n->fixed_count > sw->fixed_room)
		return error_set(
			e,
			"%zu static and assigned entries, the running table has room for %zu (restart, or allow fewer VLANs "
			"on ports with a MAC)",
			n->fixed_count, sw->fixed_room);
	return true;
}

// Gives the numbers of a configuration to its ports, whose devices are open.
static void name_ports(struct vswitch *sw, const struct config *c, const struct compiled *n)
{
	portset fresh = n->ports & ~sw->ports;

	sw->ports = n->ports;
	for (unsigned i = 0; i < c->port_count; i++) {
		unsigned number = n->numbers[i];
		if (!portset_has(fresh, number))
			continue;
		strcpy(sw->port[number].name, c->port[i].name);
		sw->port[number].link = !sw->devices || port_link(&sw->device[number]);
		ports_wait_for_peer(sw, number);
	}
}

// The end of ports that no worker knows of any more. What they had to tell is told, as long as they
// have a name.
static void end_ports(struct vswitch *sw, portset gone)
{
	unsigned port;

	if (!gone)
		return;
	events_drain(sw);
	events_collect_violations(sw, gone);
	PORTSET_FOREACH(port, gone)
		fdb_set_aging(sw->shared.fdb, port, 0); // not the shortest any more
	ports_close(sw, gone);
	ports_renew(sw, gone);
}

// The longest frame that a port sends, without a tag; 0: any.
static uint32_t longest(const struct vswitch *sw, const struct config_port *p, unsigned number)
{
	if (sw->devices)
		return sw->device[number].longest;
	return p->mtu ? p->mtu + FRAME_HEADER : 0;
}

// What forwarding reads of each port beside the compiled configuration.
static void set_port_limits(struct vswitch *sw, const struct config *c, const struct compiled *n)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		unsigned number = n->numbers[i];
		struct policy p;

		config_port_policy(c, &c->port[i], &p);
		fdb_set_aging(sw->shared.fdb, number, p.value[PK_AGING_TIME] * FDB_TICKS_PER_S);
		atomic_store(&sw->shared.port[number].longest, longest(sw, &c->port[i], number));
	}
}

// Gives the workers the compiled configuration; afterwards none uses the former one. Entries with a
// new key go in before it: a port that changes its VLAN is known in the new one from its first
// frame on. Entries that change go in after it: while a worker reads the former configuration, they
// hold.
static void switch_over(struct vswitch *sw, const struct compiled *n)
{
	mactable_add_fixed(sw, n->fixed, n->fixed_count);
	atomic_store(&sw->shared.conf, n->conf);
	switch_settle(sw);
	mactable_change_fixed(sw, n->fixed, n->fixed_count);
}

// Makes the configuration the switch's own, and frees the former one, which no worker uses any
// more.
static void adopt(struct vswitch *sw, struct config *c, const struct compiled *n)
{
	config_free(sw->config);
	free(sw->conf);
	free(sw->fixed);
	sw->config = c;
	sw->conf = n->conf;
	sw->fixed = n->fixed;
	sw->fixed_count = n->fixed_count;
	sw->applied++;
}

// The phases of a change. Nothing in here can fail: everything that can was done before.
static void publish(struct vswitch *sw, struct config *c, const struct compiled *n)
{
	portset gone = sw->ports & ~n->ports;
	bool first = !sw->config;

	ports_unpoll(sw, gone); // first: no frame may come from a port that the new configuration
				// does not have
	set_port_limits(sw, c, n);
	switch_over(sw, n);
	adopt(sw, c, n);
	name_ports(sw, c, n);
	if (sw->on_ports) // both are named still: a capture says goodbye to one and finds the other
		sw->on_ports(sw->ports_arg, gone);
	if (!first)
		mactable_remove_invalid(sw); // before new ports are up: room under their limits is
					     // free by then
	links_publish(sw);
	end_ports(sw, gone);         // no worker knows of them since switch_over()
	ports_spread(sw, sw->ports); // last: frames come in when all else is in place
}

// The key of the dataplane section that two configurations differ in, NULL for none.
static const char *changed_dataplane(const struct config *a, const struct config *b)
{
	if (a->dataplane.workers != b->dataplane.workers)
		return "workers";
	if (a->dataplane.memory_mib != b->dataplane.memory_mib)
		return "memory";
	if (a->dataplane.hugepages != b->dataplane.hugepages)
		return "hugepages";
	if (a->dataplane.busy_poll != b->dataplane.busy_poll)
		return "busy-poll";
	if (a->dataplane.eal_count != b->dataplane.eal_count ||
	    memcmp(a->dataplane.eal, b->dataplane.eal, sizeof a->dataplane.eal) != 0)
		return "eal";
	return NULL;
}

static uint32_t queues_of(const struct config_port *p)
{
	return p->queues ? p->queues : 1;
}

static bool check_constant(const struct vswitch *sw, const struct config *c, struct error *e)
{
	const char *key = changed_dataplane(sw->config, c);

	for (unsigned i = 0; i < c->port_count; i++) {
		const struct config_port *wanted = &c->port[i],
					 *is = config_port(sw->config, wanted->name);
		if (is && queues_of(is) != queues_of(wanted) && !strcmp(is->device, wanted->device))
			return error_at(
				e, wanted->at,
				"port '%s': queues cannot change while the device is open (take the port out, and add it again)",
				wanted->name);
	}
	return !key ||
	       error_set(
		       e,
		       "dataplane: %s cannot change while the switch runs (restart it with this configuration)",
		       key);
}

bool switch_apply(struct vswitch *sw, struct config *c, struct error *e)
{
	struct compiled n;

	if (!config_validate(c, e) || !check_constant(sw, c, e) || !compile(sw, c, &n, e))
		return false;
	portset fresh = n.ports & ~sw->ports;
	bool opened = check_room(sw, c, &n, e) && ports_open(sw, c, n.numbers, fresh, e);
	if (opened && ports_set_mtu(sw, c, e)) {
		publish(sw, c, &n);
		return true;
	}
	if (opened)
		ports_close(sw, fresh);
	discard(&n);
	return false;
}

static struct worker *worker_create(struct vswitch *sw, unsigned id)
{
	char name[RTE_RING_NAMESIZE];
	struct worker *w = rte_zmalloc("worker", sizeof *w, 64);

	if (!w)
		return NULL;
	snprintf(name, sizeof name, "events%u", id);
	struct rte_ring *ring = rte_ring_create_elem(name, sizeof(struct event), EVENT_RING,
						     SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!ring) {
		rte_free(w);
		return NULL;
	}
	forwarder_init(&w->forwarder, &sw->shared, sw->pool, ring);
	w->id = id;
	w->ports = sw->device;
	w->qsbr = sw->qsbr;
	w->clock = sw->clock;
	return w;
}

static bool create_workers(struct vswitch *sw, const struct config *c, struct error *e)
{
	unsigned want = sw->live ? c->dataplane.workers : 1;

	sw->qsbr = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(want), 64);
	if (!sw->qsbr || rte_rcu_qsbr_init(sw->qsbr, want))
		return no_memory(e, "the workers");
	for (sw->workers = 0; sw->workers < want; sw->workers++) {
		sw->worker[sw->workers] = worker_create(sw, sw->workers);
		if (!sw->worker[sw->workers])
			return no_memory(e, "the workers");
		sw->worker[sw->workers]->sleeps = !c->dataplane.busy_poll;
	}
	ports_renew(sw, ~UINT64_C(0));
	return true;
}

static bool create_table(struct vswitch *sw, const struct config *c, size_t fixed, struct error *e)
{
	uint64_t seed = 0; // a replay gives the same on every run

	if (sw->live && getrandom(&seed, sizeof seed, 0) != sizeof seed)
		return error_set(e, "no random numbers: %s", strerror(errno));
	sw->table_size = config_table_size(c);
	if (sw->devices && !c->table_size)
		sw->table_size = RTE_MIN(sw->table_size + LEARNED_ROOM, (uint32_t)TABLE_SIZE_MAX);
	sw->fixed_room = fixed + FIXED_ROOM;
	// While a live switch is changed, old and new fixed entries are there together. A replay
	// starts faster with less.
	int rc = fdb_create(&sw->shared.fdb, sw->table_size,
			    (uint32_t)(sw->live ? 2 * sw->fixed_room : fixed), seed);
	return !rc || no_memory(e, "the MAC table");
}

static void launch_workers(struct vswitch *sw)
{
	unsigned lcore = rte_get_next_lcore(-1, 1, 0);

	unmapping_waits_for(sw->qsbr);
	for (unsigned w = 0; w < sw->workers; w++) {
		sw->worker[w]->lcore = lcore;
		rte_eal_remote_launch(worker_run, sw->worker[w], lcore);
		lcore = rte_get_next_lcore(lcore, 1, 0);
	}
}

static bool build(struct vswitch *sw, struct config *c, struct compiled *n, struct error *e)
{
	// The rest of the memory is for queues and rings.
	sw->pool = pool_create(sw->devices ? c->dataplane.memory_mib * UINT64_C(1048576) / 10 * 8
					   : FED_POOL);
	if (!sw->pool)
		return no_memory(e, "packet buffers");
	vhostpoll_is_prompt();
	if (!create_workers(sw, c, e) || !create_table(sw, c, n->fixed_count, e))
		return false;
	return ports_open(sw, c, n->numbers, n->ports, e);
}

bool switch_create(struct vswitch **out, struct config *c, enum switch_use use, struct error *e)
{
	struct vswitch *sw = aligned_alloc(_Alignof(struct vswitch), sizeof *sw);
	struct compiled n;

	if (!sw)
		return no_memory(e, "the switch");
	*sw = (struct vswitch){.live = use != SWITCH_REPLAY,
			       .devices = use == SWITCH_LIVE,
			       .clock = clock_start()};
	if (!compile(sw, c, &n, e)) {
		free(sw);
		return false;
	}
	if (!build(sw, c, &n, e)) {
		discard(&n);
		switch_destroy(sw);
		return false;
	}
	publish(sw, c, &n); // no worker runs yet: nothing to wait for
	if (sw->devices)
		launch_workers(sw);
	*out = sw;
	return true;
}

static void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	rte_ring_free(w->forwarder.events.ring);
	rte_free(w);
}

void switch_destroy(struct vswitch *sw)
{
	if (!sw)
		return;
	for (unsigned w = 0; w < sw->workers; w++)
		atomic_store(&sw->worker[w]->stop, true);
	for (unsigned w = 0; w < sw->workers && sw->devices; w++)
		rte_eal_wait_lcore(sw->worker[w]->lcore);
	ports_close(sw, sw->ports);
	for (unsigned w = 0; w < sw->workers; w++)
		worker_destroy(sw->worker[w]);
	fdb_destroy(sw->shared.fdb);
	unmapping_waits_for(NULL);
	rte_free(sw->qsbr);
	rte_mempool_free(sw->pool);
	config_free(sw->config);
	free(sw->conf);
	free(sw->fixed);
	free(sw);
}
