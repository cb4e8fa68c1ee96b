// SPDX-License-Identifier: BSD-3-Clause
#include "switch.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "vhostpoll.h"
#include "ports.h"
#include "unmapping.h"
#include "../dataplane/pool.h"

enum {
	EVENT_RING = 65536,
	FIXED_ROOM = 16384, // fixed entries that may be added while running
	LEARNED_ROOM = 32768, // learned entries of ports that may be added, where the size of the table was not given
	FED_POOL = 32 << 20, // where no queues of devices hold frames
};

const char *const port_state_names[PORT_STATES] = {"up", "down", "disabled", "err-disabled"};

static bool no_memory(struct config_error *e, const char *what)
{
	return config_refuse(e, (struct mark){0}, "no memory for %s (raise memory in dataplane, or free some)", what);
}

uint64_t switch_now(const struct vswitch *sw)
{
	return sw->live ? clock_ns(&sw->clock, rte_rdtsc()) : sw->replay_ns;
}

static uint32_t now_tick(const struct vswitch *sw)
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

const struct config_port *switch_port_config(const struct vswitch *sw, unsigned port)
{
	return config_port(sw->config, sw->port[port].name);
}

enum port_state switch_port_state(const struct vswitch *sw, unsigned port)
{
	if (switch_port_config(sw, port)->disabled)
		return PORT_DISABLED;
	if (portset_has(atomic_load(&sw->shared.err_disabled), port))
		return PORT_ERR_DISABLED;
	return portset_has(atomic_load(&sw->shared.up), port) ? PORT_UP : PORT_DOWN; // what frames meet
}

void switch_tell(struct vswitch *sw, const struct event *e)
{
	if (sw->on_event)
		sw->on_event(sw->event_arg, e);
}

static void tell_aged(void *arg, uint64_t key, unsigned port)
{
	struct vswitch *sw = arg;
	struct event e = {.type = EVENT_MAC_AGED, .ns = switch_now(sw), .key = key, .port = (uint8_t)port};

	switch_tell(sw, &e);
}

void switch_sweep(struct vswitch *sw, uint32_t count)
{
	uint32_t lines = fdb_lines(sw->shared.fdb);

	if (count > lines - sw->sweep_at)
		count = lines - sw->sweep_at;
	fdb_sweep(sw->shared.fdb, sw->sweep_at, count, now_tick(sw), tell_aged, sw);
	sw->sweep_at = (sw->sweep_at + count) % lines;
}

uint32_t switch_sweep_all(struct vswitch *sw)
{
	return fdb_sweep(sw->shared.fdb, 0, fdb_lines(sw->shared.fdb), now_tick(sw), tell_aged, sw);
}

void switch_settle(struct vswitch *sw)
{
	if (sw->live)
		rte_rcu_qsbr_check(sw->qsbr, rte_rcu_qsbr_start(sw->qsbr), true);
}

// Publishes which ports are up. Those that went down lose their dynamic entries, once no worker can learn there.
static void publish_up(struct vswitch *sw)
{
	portset before = atomic_load(&sw->shared.up), up = 0;
	unsigned port;

	PORTSET_FOREACH(port, sw->ports)
		if (sw->port[port].link && !switch_port_config(sw, port)->disabled)
			up |= portset_of(port);
	if (up == before)
		return;
	atomic_store(&sw->shared.up, up);
	switch_settle(sw);
	PORTSET_FOREACH(port, before & ~up)
		fdb_flush_port(sw->shared.fdb, port);
	PORTSET_FOREACH(port, before ^ up)
		switch_tell(sw, &(struct event){.type = portset_has(up, port) ? EVENT_PORT_UP : EVENT_PORT_DOWN,
					 .ns = switch_now(sw),
					 .port = (uint8_t)port});
	switch_sweep_all(sw);
}

void switch_poll_links(struct vswitch *sw)
{
	unsigned port;

	PORTSET_FOREACH(port, sw->ports) {
		sw->port[port].link = port_link(&sw->device[port]);
		if (sw->port[port].link)
			sw->port[port].patience_ns = 0;
	}
	publish_up(sw);
}

void switch_clear_error(struct vswitch *sw, unsigned port)
{
	if (!portset_has(atomic_load(&sw->shared.err_disabled), port))
		return;
	atomic_store(&sw->shared.port[port].recover_ns, 0);
	atomic_fetch_and(&sw->shared.err_disabled, ~portset_of(port));
	switch_tell(sw, &(struct event){.type = EVENT_PORT_RECOVERED, .ns = switch_now(sw), .port = (uint8_t)port});
}

uint64_t switch_recover(struct vswitch *sw)
{
	uint64_t now = switch_now(sw), next = UINT64_MAX;
	unsigned port;

	PORTSET_FOREACH(port, atomic_load(&sw->shared.err_disabled)) {
		uint64_t due = atomic_load(&sw->shared.port[port].recover_ns);
		if (due && due <= now)
			switch_clear_error(sw, port);
		else if (due && due < next)
			next = due;
	}
	return next;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct event *)a)->ns, y = ((const struct event *)b)->ns;

	return x < y ? -1 : x > y;
}

void switch_collect_violations(struct vswitch *sw, portset all)
{
	struct event told[PORTS_MAX * VIOLATION_REASONS];
	uint64_t now = switch_now(sw);
	unsigned n = 0;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		n += violation_collect(&sw->shared.port[i].violations, (uint8_t)i, portset_has(all, i) ? UINT64_MAX : now, told + n);
	qsort(told, n, sizeof *told, by_time);
	for (unsigned i = 0; i < n; i++)
		switch_tell(sw, &told[i]);
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

static bool compile(const struct vswitch *sw, const struct config *c, struct compiled *n, struct config_error *e)
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
static bool check_room(const struct vswitch *sw, const struct config *c, const struct compiled *n, struct config_error *e)
{
	uint32_t size = config_table_size(c);

	if (size > sw->table_size)
		return config_refuse(e, c->table_size_at,
				     "the limits need a table of %u entries, the running one has %u (set mac-table-size and restart)",
				     size, sw->table_size);
	if (n->fixed_count > sw->fixed_room)
		return config_refuse(e, (struct mark){0},
				     "%zu static and assigned entries, the running table has room for %zu (restart, or allow fewer VLANs "
				     "on ports with a MAC)",
				     n->fixed_count, sw->fixed_room);
	return true;
}

// Whether an entry is still true under the published configuration.
static bool is_untrue(void *arg, const struct fdb_entry *e)
{
	const struct vswitch *sw = arg;

	if (e->type == FDB_STATIC || e->type == FDB_ASSIGNED) {
		const struct fixed_mac *f = fixed_find(sw->fixed, sw->fixed_count, e->key);
		return !f || f->port != e->port || f->type != e->type;
	}
	const struct fdb_learner *l = &sw->conf->port[e->port].learner;
	return !portset_has(sw->conf->vlan[key_vid(e->key)].member, e->port) || !l->learns || (e->type == FDB_STICKY && !l->sticky);
}

// The learned entries of a port.
struct roll {
	unsigned port;
	uint32_t count, room;
	struct fdb_entry *entry;
};

static void enrol_nobody(void *arg)
{
	((struct roll *)arg)->count = 0;
}

static bool enrol(void *arg, const struct fdb_entry *e)
{
	struct roll *r = arg;

	if (e->port == r->port && (e->type == FDB_DYNAMIC || e->type == FDB_STICKY) && r->count < r->room)
		r->entry[r->count++] = *e;
	return false;
}

static int youngest_first(const void *a, const void *b)
{
	// Births are numbered modulo 2^32.
	int32_t order = (int32_t)(((const struct fdb_entry *)b)->born - ((const struct fdb_entry *)a)->born);

	return order < 0 ? -1 : order > 0;
}

// Gives up the youngest entries of a port above its limit, if that was lowered.
static void enforce_limit(struct vswitch *sw, unsigned port)
{
	struct fdb *fdb = sw->shared.fdb;
	uint32_t limit = sw->conf->port[port].learner.limit, have = fdb_count(fdb, port);
	struct roll r = {.port = port, .room = have};

	if (have <= limit || !(r.entry = calloc(have, sizeof *r.entry)))
		return;
	fdb_walk_all(fdb, now_tick(sw), enrol_nobody, enrol, &r);
	qsort(r.entry, r.count, sizeof *r.entry, youngest_first);
	for (uint32_t i = 0; i < r.count && fdb_count(fdb, port) > limit; i++)
		fdb_del(fdb, r.entry[i].key, (enum fdb_type)r.entry[i].type);
	free(r.entry);
}

// Puts the fixed entries of a new configuration: those whose key the old one does not have, or the other ones.
static void put_fixed(const struct vswitch *sw, const struct compiled *n, bool fresh)
{
	for (size_t i = 0; i < n->fixed_count; i++) {
		const struct fixed_mac *f = &n->fixed[i], *old = fixed_find(sw->fixed, sw->fixed_count, f->key);
		if (fresh ? !old : old && (old->port != f->port || old->type != f->type))
			fdb_put(sw->shared.fdb, f->key, f->port, (enum fdb_type)f->type);
	}
}

// Takes out what a new configuration made untrue.
static void put_right(struct vswitch *sw)
{
	struct fdb *fdb = sw->shared.fdb;
	unsigned port;

	fdb_walk_all(fdb, now_tick(sw), NULL, is_untrue, sw);
	switch_sweep_all(sw); // limits are not held against entries that are dead
	PORTSET_FOREACH(port, sw->ports)
		enforce_limit(sw, port);
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

// The end of ports that no worker knows of any more. What they had to tell is told, as long as they have a name.
static void end_ports(struct vswitch *sw, portset gone)
{
	unsigned port;

	if (!gone)
		return;
	switch_drain_events(sw);
	switch_collect_violations(sw, gone);
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

static void publish(struct vswitch *sw, struct config *c, struct compiled *n)
{
	struct config *old_config = sw->config;
	struct swconf *old_conf = sw->conf;
	struct fixed_mac *old_fixed = sw->fixed;
	struct fdb *fdb = sw->shared.fdb;
	portset gone = sw->ports & ~n->ports;

	ports_unpoll(sw, gone);
	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		fdb_set_aging(fdb, n->numbers[i], p.value[PK_AGING_TIME] * FDB_TICKS_PER_S);
		atomic_store(&sw->shared.port[n->numbers[i]].longest, longest(sw, &c->port[i], n->numbers[i]));
	}
	// New entries first: a port that changes its VLAN is known in the new one from its first frame on.
	put_fixed(sw, n, true);
	atomic_store(&sw->shared.conf, n->conf);
	switch_settle(sw);
	put_fixed(sw, n, false);
	sw->config = c;
	sw->applied++;
	sw->conf = n->conf;
	sw->fixed = n->fixed;
	sw->fixed_count = n->fixed_count;
	config_free(old_config);
	free(old_conf);
	free(old_fixed);
	name_ports(sw, c, n);
	if (sw->on_ports)
		sw->on_ports(sw->ports_arg, gone);
	if (old_config)
		put_right(sw);
	publish_up(sw);
	end_ports(sw, gone);
	ports_spread(sw, sw->ports);
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

static bool check_constant(const struct vswitch *sw, const struct config *c, struct config_error *e)
{
	const char *key = changed_dataplane(sw->config, c);

	for (unsigned i = 0; i < c->port_count; i++) {
		const struct config_port *wanted = &c->port[i], *is = config_port(sw->config, wanted->name);
		if (is && queues_of(is) != queues_of(wanted) && !strcmp(is->device, wanted->device))
			return config_refuse(e, wanted->at, "port '%s': queues cannot change while the device is open (take the port out, and add it again)",
					     wanted->name);
	}
	return !key || config_refuse(e, (struct mark){0},
				     "dataplane: %s cannot change while the switch runs (restart it with this configuration)", key);
}

bool switch_apply(struct vswitch *sw, struct config *c, struct config_error *e)
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
	struct rte_ring *ring = rte_ring_create_elem(name, sizeof(struct event), EVENT_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
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

static bool create_workers(struct vswitch *sw, const struct config *c, struct config_error *e)
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

static bool create_table(struct vswitch *sw, const struct config *c, size_t fixed, struct config_error *e)
{
	uint64_t seed = 0; // a replay gives the same on every run

	if (sw->live && getrandom(&seed, sizeof seed, 0) != sizeof seed)
		return config_refuse(e, (struct mark){0}, "no random numbers: %s", strerror(errno));
	sw->table_size = config_table_size(c);
	if (sw->devices && !c->table_size)
		sw->table_size = RTE_MIN(sw->table_size + LEARNED_ROOM, (uint32_t)TABLE_SIZE_MAX);
	sw->fixed_room = fixed + FIXED_ROOM;
	// While a live switch is changed, old and new fixed entries are there together. A replay starts faster with less.
	int rc = fdb_create(&sw->shared.fdb, sw->table_size, (uint32_t)(sw->live ? 2 * sw->fixed_room : fixed), seed);
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

static bool build(struct vswitch *sw, struct config *c, struct compiled *n, struct config_error *e)
{
	// The rest of the memory is for queues and rings.
	sw->pool = pool_create(sw->devices ? c->dataplane.memory_mib * UINT64_C(1048576) / 10 * 8 : FED_POOL);
	if (!sw->pool)
		return no_memory(e, "packet buffers");
	vhostpoll_is_prompt();
	if (!create_workers(sw, c, e) || !create_table(sw, c, n->fixed_count, e))
		return false;
	return ports_open(sw, c, n->numbers, n->ports, e);
}

bool switch_create(struct vswitch **out, struct config *c, enum switch_use use, struct config_error *e)
{
	struct vswitch *sw = aligned_alloc(_Alignof(struct vswitch), sizeof *sw);
	struct compiled n;

	if (!sw)
		return no_memory(e, "the switch");
	*sw = (struct vswitch){.live = use != SWITCH_REPLAY, .devices = use == SWITCH_LIVE, .clock = clock_start()};
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

void switch_clear_counters(struct vswitch *sw, portset which)
{
	unsigned port;

	PORTSET_FOREACH(port, which)
		add_counters(sw, port, &sw->port[port].cleared);
}

void switch_note_load(struct vswitch *sw)
{
	for (unsigned w = 0; w < sw->workers; w++) {
		uint64_t busy = atomic_load(&sw->worker[w]->busy_cycles), all = atomic_load(&sw->worker[w]->cycles);
		struct worker_load *l = &sw->load[w];
		double share = all > l->all ? (double)(busy - l->busy) / (double)(all - l->all) : 0;
		*l = (struct worker_load){.busy = busy, .all = all, .share = share};
	}
}

bool fdb_filter_takes(const struct fdb_filter *f, const struct fdb_entry *e)
{
	return (f->port < 0 || f->port == e->port) && (!f->vid || f->vid == key_vid(e->key)) &&
	       (!f->mac || f->mac == key_mac(e->key)) && (f->type < 0 || f->type == e->type);
}

struct flush {
	struct fdb_filter filter;
	bool erase;
	uint32_t count;
};

// What was erased is not seen again.
static void flush_begin(void *arg)
{
	struct flush *f = arg;

	f->count = f->erase ? f->count : 0;
}

static bool flush_visit(void *arg, const struct fdb_entry *e)
{
	struct flush *f = arg;
	bool takes = fdb_filter_takes(&f->filter, e);

	f->count += takes;
	return takes && f->erase;
}

// A port's, a VLAN's or all dynamic entries go at once, whatever the size of the table. False: the filter wants others.
static bool flush_by_number(struct vswitch *sw, const struct fdb_filter *f)
{
	if (f->mac || f->type != FDB_DYNAMIC || (f->vid && f->port >= 0))
		return false;
	if (f->vid)
		fdb_flush_vlan(sw->shared.fdb, f->vid);
	for (unsigned i = 0; i < PORTS_MAX && !f->vid; i++)
		if (f->port < 0 || f->port == (int)i)
			fdb_flush_port(sw->shared.fdb, i);
	switch_sweep_all(sw);
	return true;
}

uint32_t switch_flush(struct vswitch *sw, const struct fdb_filter *filter)
{
	struct flush f = {.filter = *filter};
	uint32_t tick = now_tick(sw);

	if (f.filter.type < 0)
		f.filter.type = FDB_DYNAMIC;
	fdb_walk_all(sw->shared.fdb, tick, flush_begin, flush_visit, &f);
	if (flush_by_number(sw, &f.filter))
		return f.count;
	f.count = 0;
	f.erase = true;
	fdb_walk_all(sw->shared.fdb, tick, flush_begin, flush_visit, &f);
	return f.count;
}

void switch_drain_events(struct vswitch *sw)
{
	struct event e;

	for (unsigned w = 0; w < sw->workers; w++) {
		struct event_ring *r = &sw->worker[w]->forwarder.events;
		while (event_pop(r, &e)) {
			switch_tell(sw, &e);
			if (e.type != EVENT_PORT_ERR_DISABLED || !sw->live)
				continue;
			// Another worker may have learned there in the moment between.
			switch_settle(sw);
			fdb_flush_port(sw->shared.fdb, e.port);
		}
		uint64_t lost = atomic_exchange(&r->lost, 0);
		if (lost)
			switch_tell(sw, &(struct event){.type = EVENT_LOST, .ns = switch_now(sw), .count = (uint32_t)lost});
	}
}
