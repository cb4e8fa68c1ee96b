// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/switch.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/device/quirks/unmapping.h"
#include "control/device/quirks/vhostpoll.h"
#include "control/switch/compile.h"
#include "control/switch/events.h"
#include "control/switch/fixed.h"
#include "control/switch/flush.h"
#include "control/switch/guest.h"
#include "control/switch/leases.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/ports.h"
#include "control/switch/querier.h"
#include "control/switch/settle.h"
#include "control/switch/snooping.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "control/switch/watch.h"
#include "dataplane/clock.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/mdb.h"
#include "dataplane/pool.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/remote.h"
#include "dataplane/vxlan.h"
#include "dataplane/worker.h"

enum {
	EVENT_RING = 65536,
	EVENT_RING_REPLAY = 4096, // is drained after each burst
	OWN_RING = 8192,          // a query for each VLAN, or for many groups of each port
	FIXED_ROOM = 16384,       // fixed entries that can be added at run time
	LEARNED_ROOM = 32768,     // learned entries of ports that are added at run time, unless the
			      // configuration sets the size of the table
	// Without devices no queues hold frames. Each new page costs a replay time at its start.
	POOL_FED = 32 << 20,
	POOL_REPLAY = 2 << 20,
};

static bool no_memory_for(struct error *e, const char *what)
{
	return error_set(e, "no memory for %s (raise memory in dataplane, or free some)", what);
}

// A compiled configuration before it is published.
struct compiled {
	uint8_t numbers[CONFIG_PORTS_MAX];
	portset ports; // all numbers in use
	struct swconf *conf;
	struct fixed_mac *fixed;
	size_t fixed_count;
};

static void compiled_free(struct compiled *n)
{
	free(n->conf);
	free(n->fixed);
}

static bool compile_config(const struct vswitch *sw, const struct config *c, struct compiled *n,
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
	compiled_free(n);
	return no_memory_for(e, "the configuration");
}

// Checks that the existing table has room for the limits and fixed entries of a configuration.
static bool check_room(const struct vswitch *sw, const struct config *c, const struct compiled *n,
		       struct error *e)
{
	uint32_t size = config_table_size(c);

	if (size > sw->table_size)
		return error_at(
			e, c->table_size_at,
			"the limits need a table of %u entries, the table has %u (set mac-table-size and restart)",
			size, sw->table_size);
	if (n->fixed_count > sw->fixed_room)
		return error_set(
			e,
			"%zu static and assigned entries, the table has room for %zu (restart, or allow fewer VLANs "
			"on ports with a MAC)",
			n->fixed_count, sw->fixed_room);
	return true;
}

// Names the ports of a configuration, whose devices are open.
static void name_ports(struct vswitch *sw, const struct config *c, const struct compiled *n)
{
	portset fresh = n->ports & ~sw->ports;

	sw->ports = n->ports;
	for (unsigned i = 0; i < c->port_count; i++) {
		unsigned number = n->numbers[i];
		if (!portset_has(fresh, number))
			continue;
		strcpy(sw->port[number].name, c->port[i].name);
		sw->port[number].link = links_read(sw, number, &c->port[i]);
		sw->port[number].guest = (struct switch_guest){0};
		sw->port[number].named_ns = switch_now(sw);
		ports_wait_for_peer(sw, number);
	}
}

// Closes the ports of a set, which no worker uses any more. Their pending events are passed on
// first, while the ports still have names.
static void remove_ports(struct vswitch *sw, void *ports)
{
	portset gone = (portset)(uintptr_t)ports;
	unsigned port;

	events_drain(sw);
	events_collect_violations(sw, gone);
	PORTSET_FOREACH(port, gone)
		fdb_retire_port(sw->shared.fdb, port);
	ports_close(sw, gone);
	ports_reset(sw, gone);
}

// The longest frame that a port sends, not counting a tag; 0: any.
static uint32_t longest_frame(const struct vswitch *sw, const struct config *c,
			      const struct config_port *p, unsigned number)
{
	if (p->kind == PORT_TUNNEL)
		return evpn_mtu(c) - VXLAN_OUTER;
	if (sw->devices)
		return sw->device[number].longest;
	return p->mtu ? p->mtu + FRAME_HEADER : 0;
}

// Sets the limits that forwarding reads outside the compiled configuration.
static void set_port_limits(struct vswitch *sw, const struct config *c, const struct compiled *n)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		unsigned number = n->numbers[i];
		struct policy p;

		config_port_policy(c, &c->port[i], &p);
		fdb_set_aging(sw->shared.fdb, number, p.value[PK_AGING_TIME] * FDB_TICKS_PER_S);
		fdb_set_home(sw->shared.fdb, number, p.value[PK_MAC_MOVE_HOLD],
			     c->port[i].kind == PORT_TUNNEL          ? sw->table_size
			     : p.value[PK_MAC_LEARNING] == CHOICE_ON ? p.value[PK_MAC_LIMIT]
								     : 0);
		atomic_store(&sw->shared.port[number].longest,
			     longest_frame(sw, c, &c->port[i], number));
		atomic_store(&sw->shared.port[number].takes_segments,
			     sw->devices && sw->device[number].marks && c->port[i].offload);
	}
}

// Gives the workers the compiled configuration. Afterwards no worker uses the former one. Entries
// with a new key are added before, so that a port that changes its VLAN is known in the new VLAN
// from its first frame. Entries that change are written after, because they are valid as long as a
// worker reads the former configuration.
// Returns the ports whose assigned MACs took the place of learned entries.
static portset switch_over(struct vswitch *sw, const struct compiled *n)
{
	portset displaced = fixed_add(sw, n->fixed, n->fixed_count);

	atomic_store(&sw->shared.conf, n->conf);
	switch_synchronize(sw);
	return displaced | fixed_change(sw, n->fixed, n->fixed_count);
}

static void free_conf(struct vswitch *sw, void *conf)
{
	(void)sw;
	free(conf);
}

// Stores the configuration and frees the compiled former one, as soon as no worker uses it.
static void adopt_config(struct vswitch *sw, struct config *c, const struct compiled *n)
{
	settle_retire(sw, free_conf, sw->conf);
	free(sw->fixed);
	sw->config = c;
	sw->conf = n->conf;
	sw->fixed = n->fixed;
	sw->fixed_count = n->fixed_count;
	sw->applied++;
}

// Publishes a change, phase by phase. Nothing here can fail; everything that can fail was done
// before.
static void publish_config(struct vswitch *sw, struct config *c, const struct compiled *n,
			   const struct fdb_filter *flush)
{
	portset gone = sw->ports & ~n->ports;
	struct config *former = sw->config;
	bool first = !former;

	// First, because no frame may come from a port that the new configuration does not have.
	ports_unpoll(sw, gone);
	set_port_limits(sw, c, n);
	tunnels_set_mac(sw, n->conf);
	struct fixed_news news = {c, n->conf, n->fixed, n->fixed_count, switch_over(sw, n), flush};
	name_ports(sw, c, n);
	if (!first)
		fixed_report(sw, &news);
	adopt_config(sw, c, n);
	// Removed and new ports both have names now: a capture can end on some and begin on others.
	if (sw->on_ports)
		sw->on_ports(sw->ports_arg, gone);
	// Before new ports are up, so that there is room under their limits.
	if (!first)
		mactable_remove_invalid(sw);
	snooping_configure(sw);
	leases_configure(sw);
	links_publish(sw);
	// After switch_over(), since which no worker uses these ports, unless one is stuck.
	if (gone)
		settle_retire(sw, remove_ports, (void *)(uintptr_t)gone);
	tunnels_update_peers(sw, former);
	// Last, so that frames come in only when everything else is in place.
	ports_spread(sw, sw->ports);
	config_free(former);
}

// The first key of the dataplane section in which two configurations differ, NULL if they do not.
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

// Refuses changes that need a restart of the switch or a reopened device.
static bool check_unchangeable(const struct vswitch *sw, const struct config *c, struct error *e)
{
	const char *key = changed_dataplane(sw->config, c);

	for (unsigned i = 0; i < c->port_count; i++) {
		const struct config_port *wanted = &c->port[i],
					 *is = config_port(sw->config, wanted->name);
		if (is && queues_of(is) != queues_of(wanted) && !strcmp(is->device, wanted->device))
			return error_at(
				e, wanted->at,
				"port '%s': queues cannot change while the device is open (remove the port, then add it again)",
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
	return switch_apply_flush(sw, c, NULL, e);
}

bool switch_apply_flush(struct vswitch *sw, struct config *c, const struct fdb_filter *flush,
			struct error *e)
{
	struct compiled n;

	if (!tunnels_derive(sw, c, e) || !guest_validate(sw, c, e) ||
	    !check_unchangeable(sw, c, e) || !settle_begin(sw, e) || !compile_config(sw, c, &n, e))
		return false;
	portset fresh = n.ports & ~sw->ports;
	bool opened = check_room(sw, c, &n, e) && ports_open(sw, c, n.numbers, fresh, e);
	if (opened && ports_set_mtu(sw, c, e)) {
		publish_config(sw, c, &n, flush);
		return true;
	}
	if (opened)
		ports_close(sw, fresh);
	compiled_free(&n);
	return false;
}

bool switch_set_guest(struct vswitch *sw, unsigned port, const struct switch_guest *g,
		      struct error *e)
{
	struct switch_guest before = sw->port[port].guest;
	uint64_t mac = before.mac ? before.mac : config_effective_mac(switch_port_config(sw, port));

	sw->port[port].guest = *g;
	if (g->mac == mac)
		return true;
	struct config *c = config_copy(sw->config);
	if (!c || !switch_apply(sw, c, e)) {
		if (!c)
			error_set(e, "out of memory");
		config_free(c);
		sw->port[port].guest = before;
		return false;
	}
	switch_emit(sw, &(struct event){.type = EVENT_MAC_CHANGED,
					.ns = switch_now(sw),
					.key = key_make(0, g->mac),
					.port = (uint8_t)port});
	return true;
}

bool switch_publish_tunnels(struct vswitch *sw, struct error *e)
{
	if (!tunnels_changed(sw))
		return true;
	struct config *c = config_copy(sw->config);
	if (!c)
		return error_no_memory(e);
	if (!switch_apply(sw, c, e)) {
		config_free(c);
		return false;
	}
	tunnels_note_published(sw);
	return true;
}

static struct worker *worker_create(struct vswitch *sw, unsigned id)
{
	char name[RTE_RING_NAMESIZE];
	struct worker *w = rte_zmalloc("worker", sizeof *w, 64);

	if (!w)
		return NULL;
	snprintf(name, sizeof name, "events%u", id);
	struct rte_ring *ring = rte_ring_create_elem(name, sizeof(struct event),
						     sw->live ? EVENT_RING : EVENT_RING_REPLAY,
						     SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!ring) {
		rte_free(w);
		return NULL;
	}
	forwarder_init(&w->forwarder, &sw->shared, sw->pool, ring);
	w->id = id;
	w->ports = sw->device;
	w->qsbr = sw->qsbr;
	w->clock = *sw->clock;
	return w;
}

static bool give_to_worker(void *ring, const struct own_frame *own)
{
	return !rte_ring_sp_enqueue_elem(ring, (void *)(uintptr_t)own, sizeof *own);
}

// Lets the first worker send the frames of the switch itself.
static bool create_own_ring(struct vswitch *sw)
{
	struct rte_ring *ring = rte_ring_create_elem("own", sizeof(struct own_frame), OWN_RING,
						     SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);

	sw->worker[0]->own = ring;
	sw->send_own = give_to_worker;
	sw->own_arg = ring;
	return ring;
}

static bool create_workers(struct vswitch *sw, const struct config *c, struct error *e)
{
	unsigned want = sw->live ? c->dataplane.workers : 1;

	sw->qsbr = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(want), 64);
	if (!sw->qsbr || rte_rcu_qsbr_init(sw->qsbr, want))
		return no_memory_for(e, "the workers");
	for (sw->workers = 0; sw->workers < want; sw->workers++) {
		sw->worker[sw->workers] = worker_create(sw, sw->workers);
		if (!sw->worker[sw->workers])
			return no_memory_for(e, "the workers");
		sw->worker[sw->workers]->sleeps = !c->dataplane.busy_poll;
	}
	if (sw->devices && !create_own_ring(sw))
		return no_memory_for(e, "the workers");
	ports_reset(sw, ~UINT64_C(0));
	return true;
}

static bool create_tables(struct vswitch *sw, const struct config *c, size_t fixed, struct error *e)
{
	uint64_t seed = 0; // a replay gives the same result on every run

	if (sw->live && getrandom(&seed, sizeof seed, 0) != sizeof seed)
		return error_set(e, "no random numbers: %s", strerror(errno));
	sw->table_size = config_table_size(c);
	if (sw->devices && !c->table_size)
		sw->table_size = RTE_MIN(sw->table_size + LEARNED_ROOM, (uint32_t)TABLE_SIZE_MAX);
	sw->fixed_room = fixed + FIXED_ROOM;
	// While a live switch changes, its table holds the old and the new fixed entries. A replay
	// starts faster with a smaller table.
	int rc = fdb_create(&sw->shared.fdb, sw->table_size,
			    (uint32_t)(sw->live ? 2 * sw->fixed_room : fixed), seed);
	if (rc)
		return no_memory_for(e, "the MAC table");
	sw->querier = querier_create();
	sw->tunnels = tunnels_create();
	if (!sw->tunnels)
		return no_memory_for(e, "the tunnels");
	if (!sw->querier || mdb_create(&sw->shared.mdb, seed))
		return no_memory_for(e, "the multicast groups");
	if (remote_create(&sw->shared.remotes, seed))
		return no_memory_for(e, "the addresses at other machines");
	return !lease_create(&sw->shared.leases, seed) || no_memory_for(e, "the leases");
}

void switch_launch(struct vswitch *sw)
{
	unsigned lcore = rte_get_next_lcore(-1, 1, 0);

	unmapping_wait_for(sw->qsbr);
	for (unsigned w = 0; w < sw->workers; w++) {
		sw->worker[w]->lcore = lcore;
		sw->watch[w].turned_ns = switch_now(sw);
		rte_eal_remote_launch(worker_run, sw->worker[w], lcore);
		lcore = rte_get_next_lcore(lcore, 1, 0);
	}
}

// The memory for packet buffers. The rest is for queues and rings.
static uint64_t pool_memory(const struct config *c)
{
	return c->dataplane.memory_mib * UINT64_C(1048576) / 10 * 8 -
	       OWN_RING * sizeof(struct own_frame);
}

static bool create_parts(struct vswitch *sw, struct config *c, struct compiled *n, struct error *e)
{
	sw->pool = !sw->live ? pool_create_lone(POOL_REPLAY)
			     : pool_create(sw->devices ? pool_memory(c) : POOL_FED);
	if (!sw->pool)
		return no_memory_for(e, "packet buffers");
	vhostpoll_shorten();
	if (!create_workers(sw, c, e) || !create_tables(sw, c, n->fixed_count, e))
		return false;
	return ports_open(sw, c, n->numbers, n->ports, e);
}

bool switch_create(struct vswitch **out, struct config *c, enum switch_use use, struct error *e)
{
	if (use == SWITCH_LIVE && !tunnels_validate(c, e))
		return false;
	struct vswitch *sw = aligned_alloc(_Alignof(struct vswitch), sizeof *sw);
	struct compiled n;

	if (!sw)
		return no_memory_for(e, "the switch");
	*sw = (struct vswitch){.live = use != SWITCH_REPLAY,
			       .devices = use == SWITCH_LIVE,
			       .clock = malloc(sizeof *sw->clock)};
	if (!sw->clock || !compile_config(sw, c, &n, e)) {
		bool compiled = sw->clock;
		free(sw->clock);
		free(sw);
		return compiled ? false : no_memory_for(e, "the switch");
	}
	*sw->clock = clock_start();
	if (!create_parts(sw, c, &n, e)) {
		compiled_free(&n);
		switch_destroy(sw);
		return false;
	}
	publish_config(sw, c, &n, NULL); // waits for nothing, because no worker runs yet
	*out = sw;
	return true;
}

static bool worker_runs(const struct worker *w)
{
	return w->lcore && rte_eal_get_lcore_state(w->lcore) == RUNNING;
}

// Waits until a worker has ended. False: it is stuck.
static bool await_end(struct vswitch *sw, const struct worker *w, struct watch_patience *patience)
{
	for (unsigned ms = 1; worker_runs(w); ms++) {
		rte_delay_us_sleep(1000);
		if (ms % SWITCH_TICK_MS == 0 && !watch_waits(sw, patience))
			return !worker_runs(w);
	}
	return true;
}

bool switch_stop(struct vswitch *sw, unsigned *stuck)
{
	struct watch_patience patience = {0};
	unsigned w;

	for (w = 0; w < sw->workers; w++)
		atomic_store(&sw->worker[w]->stop, true);
	for (w = 0; w < sw->workers; w++) {
		if (!await_end(sw, sw->worker[w], &patience)) {
			*stuck = w;
			return false;
		}
		if (sw->worker[w]->lcore)
			rte_eal_wait_lcore(sw->worker[w]->lcore);
	}
	return true;
}

static void worker_destroy(struct worker *w)
{
	struct own_frame own;

	if (!w)
		return;
	while (w->own && !rte_ring_sc_dequeue_elem(w->own, &own, sizeof own))
		rte_pktmbuf_free(own.m);
	rte_ring_free(w->own);
	rte_ring_free(w->forwarder.events.ring);
	rte_free(w);
}

void switch_destroy(struct vswitch *sw)
{
	unsigned stuck;

	if (!sw || !switch_stop(sw, &stuck))
		return;
	settle_end(sw);
	ports_close(sw, sw->ports);
	for (unsigned w = 0; w < sw->workers; w++)
		worker_destroy(sw->worker[w]);
	fdb_destroy(sw->shared.fdb);
	mdb_destroy(sw->shared.mdb);
	lease_destroy(sw->shared.leases);
	remote_destroy(sw->shared.remotes);
	querier_destroy(sw->querier);
	tunnels_destroy(sw->tunnels);
	unmapping_wait_for(NULL);
	rte_free(sw->qsbr);
	rte_mempool_free(sw->pool);
	config_free(sw->config);
	free(sw->conf);
	free(sw->fixed);
	free(sw->clock);
	free(sw);
}
