// SPDX-License-Identifier: BSD-3-Clause
#include "forward.h"

#include <rte_prefetch.h>

#include "admit.h"

// A burst in the making: what does not change from frame to frame, and what is added up.
struct burst {
	struct forwarder *w;
	const struct swconf *conf;
	const struct portconf *in;
	const struct fdb *fdb;
	portset self;  // 0: the destination of a mirror, which takes part in nothing
	portset up;    // ports that are up, as this burst sees it
	portset reach; // of them, those that frames from here may go to
	bool plain;    // only addresses decide about what is admitted: the port is up, without meters, not mirrored
	struct tally tally;
	unsigned dropped;
	struct rte_mbuf *drop[BURST_MAX];
};

uint32_t forward_tick(uint64_t ns)
{
	uint64_t tick = ns / FORWARD_TICK_NS;

	return tick < UINT32_MAX ? (uint32_t)tick : UINT32_MAX - 1;
}

void forwarder_init(struct forwarder *w, struct forwarding *shared, struct rte_mempool *pool, struct rte_ring *ring)
{
	w->shared = shared;
	w->tx.pool = pool;
	w->tx.counters = w->counters;
	w->tx.runtime = shared->port;
	w->events.ring = ring;
}

void forwarder_set_clock(struct forwarder *w, uint64_t ns)
{
	w->now_ns = ns;
	if (ns < w->next_tick_ns)
		return;
	uint32_t tick = forward_tick(ns);
	w->next_tick_ns = (tick + UINT64_C(1)) * FORWARD_TICK_NS;
	w->now = fdb_now(w->shared->fdb, tick);
}

static void tell(struct burst *b, enum event_type type, uint64_t key, uint8_t port, uint8_t from)
{
	struct event e = {.ns = b->w->now_ns, .key = key, .type = (uint8_t)type, .port = port, .from = from};

	event_push(&b->w->events, &e);
}

// First pass: reads and admits a frame and starts fetching what its decision needs.
static inline void arrive(const struct swconf *conf, const struct portconf *in, portset self, const struct fdb_map *map,
			  const struct rte_mbuf *m, struct arrival *a)
{
	enum outcome verdict = admit(conf, in, self, m, a);

	a->verdict = (uint8_t)verdict;
	if (verdict != ADMITTED)
		return;
	a->src_key = key_make(a->vid, a->frame.src);
	a->src_line = fdb_first_line(map, a->src_key);
	rte_prefetch0(a->src_line);
	if (a->group)
		return;
	a->dst_key = key_make(a->vid, a->frame.dst);
	a->dst_line = fdb_first_line(map, a->dst_key);
	rte_prefetch0(a->dst_line);
}

// The source is new here, or not refreshed yet in this tick.
static __attribute__((noinline)) enum outcome learn(struct burst *b, uint64_t key)
{
	const struct fdb_learner *who = &b->in->learner;
	struct fdb_seen_result r = fdb_seen(b->w->shared->fdb, key, who, b->w->now.tick, b->w->now_ns);

	if (r.aged)
		tell(b, EVENT_MAC_AGED, key, r.from, 0);
	switch (r.what) {
	case FDB_LEARNED:
		tell(b, EVENT_MAC_LEARNED, key, who->port, 0);
		break;
	case FDB_HAS_MOVED:
		b->tally.mac_moves++;
		tell(b, EVENT_MAC_MOVED, key, who->port, r.from);
		break;
	case FDB_FULL:
		tell(b, EVENT_TABLE_FULL, key, who->port, 0);
		b->tally.not_learned++;
		break;
	case FDB_AT_LIMIT:
		if (b->in->drop_at_limit)
			return OUT_MAC_LIMIT;
		b->tally.not_learned++;
		break;
	case FDB_CONFLICT:
		return OUT_MAC_CONFLICT;
	case FDB_FLAP:
		tell(b, EVENT_MAC_FLAP, key, who->port, r.from);
		return OUT_MAC_FLAP;
	case FDB_HELD:
		return OUT_MAC_FLAP;
	case FDB_KNOWN:
	case FDB_NOT_LEARNING:
		break;
	}
	return ADMITTED;
}

static inline enum outcome check_source(struct burst *b, const struct arrival *a)
{
	uint64_t value = fdb_line_get(a->src_line, a->src_key);

	return fdb_is_fresh(value, b->in->learner.port, &b->w->now) ? ADMITTED : learn(b, a->src_key);
}

// Whether the limits on what comes in leave room for a frame.
static __attribute__((noinline)) enum outcome check_limits(struct burst *b, const struct arrival *a, const struct rte_mbuf *m)
{
	struct port_runtime *r = &b->w->shared->port[b->in->learner.port];
	bool broadcast = a->frame.dst == MAC_BROADCAST;
	enum storm_class class = broadcast ? STORM_BROADCAST : STORM_MULTICAST;
	uint32_t second = b->w->now.tick / FDB_TICKS_PER_S, limit = b->in->storm[class];

	if (b->in->ingress.rate_kbps && !meter_admits(&r->ingress, &b->in->ingress, rte_pktmbuf_pkt_len(m), b->w->now_ns))
		return OUT_RATE_LIMIT;
	if (a->group && limit && !storm_admits(&r->storm[class], limit, second))
		return broadcast ? OUT_STORM_BROADCAST : OUT_STORM_MULTICAST;
	return ADMITTED;
}

// Whether one more unknown unicast frame may be flooded.
static bool may_flood_unknown(const struct burst *b)
{
	uint32_t limit = b->in->storm[STORM_UNKNOWN_UNICAST];

	return !limit || storm_admits(&b->w->shared->port[b->in->learner.port].storm[STORM_UNKNOWN_UNICAST], limit,
				      b->w->now.tick / FDB_TICKS_PER_S);
}

// Why a known destination is not reached.
static enum outcome unreachable(const struct burst *b, unsigned port)
{
	if (portset_has(b->self, port))
		return OUT_SAME_PORT;
	return portset_has(b->in->reach, port) ? OUT_DEST_DOWN : OUT_ISOLATED;
}

// Where a frame goes, promiscuous ports left aside.
static inline enum outcome find_ports(const struct burst *b, const struct arrival *a, const struct vlanconf *vlan,
				      portset may, portset *to)
{
	*to = may;
	if (!a->group) {
		uint64_t value = fdb_find(b->fdb, a->dst_line, a->dst_key, &b->w->now);
		if (value) {
			unsigned port = fdb_value_port(value);
			*to &= portset_of(port);
			return *to ? OUT_FORWARDED : unreachable(b, port);
		}
		bool room = may_flood_unknown(b);
		*to &= room ? vlan->unknown : 0;
		if (!room)
			return OUT_STORM_UNKNOWN_UNICAST;
	}
	return *to ? OUT_FLOODED : OUT_NO_DESTINATION;
}

// What the state of the ports means for a burst.
static void look_around(struct burst *b)
{
	struct forwarding *shared = b->w->shared;

	b->up = atomic_load_explicit(&shared->up, memory_order_relaxed) &
		~atomic_load_explicit(&shared->err_disabled, memory_order_relaxed);
	b->reach = b->in->reach & b->up;
	b->plain = b->up & b->self && !b->in->metered && !b->in->mirror_rx;
	b->w->now = fdb_now(shared->fdb, b->w->now.tick);
}

// Takes the port out of service until its recovery time or a command.
static void shut_down(struct burst *b, enum outcome reason)
{
	struct forwarder *w = b->w;
	uint8_t port = b->in->learner.port;
	uint64_t recovery = b->in->recovery_s * UINT64_C(1000000000);
	struct event e = {.type = EVENT_PORT_ERR_DISABLED, .ns = w->now_ns, .port = port, .reason = (uint8_t)reason};

	// Of several workers that find violations at once, the first one does it.
	if (!(atomic_fetch_or(&w->shared->err_disabled, b->self) & b->self)) {
		atomic_store(&w->shared->port[port].recover_ns, recovery ? w->now_ns + recovery : 0);
		fdb_flush_port(w->shared->fdb, port);
		event_push(&w->events, &e);
	}
	look_around(b);
}

// What a violation brings besides the drop.
static void punish(struct burst *b, enum outcome reason, const struct arrival *a)
{
	enum violation_action action = reason == OUT_BPDU ? VIOLATION_SHUTDOWN : b->in->violation;
	struct violations *v = &b->w->shared->port[b->in->learner.port].violations;
	struct event told;

	if (action != VIOLATION_NOTHING &&
	    violation_note(v, b->in->learner.port, reason, key_make(a->vid, a->frame.src), b->w->now_ns, &told))
		event_push(&b->w->events, &told);
	if (action == VIOLATION_SHUTDOWN)
		shut_down(b, reason);
}

// The end of a frame that is not admitted.
static __attribute__((noinline)) enum outcome drop(struct burst *b, enum outcome reason, const struct arrival *a,
						   struct rte_mbuf *m)
{
	if (reason == OUT_FORGED_TRANSMIT || reason == OUT_MAC_CONFLICT || reason == OUT_MAC_LIMIT ||
	    (reason == OUT_BPDU && b->in->bpdu == BPDU_SHUTDOWN))
		punish(b, reason, a);
	b->drop[b->dropped++] = m;
	return reason;
}

// What may happen to a frame before its addresses count, where the port is not plain.
static __attribute__((noinline)) enum outcome precheck(struct burst *b, const struct arrival *a, const struct rte_mbuf *m)
{
	struct egress e = {.conf = b->conf, .ns = b->w->now_ns, .up = b->up};

	if (a->verdict == OUT_MALFORMED)
		return OUT_MALFORMED;
	if (!(b->up & b->self))
		return OUT_PORT_DOWN;
	if (b->in->mirror_rx)
		txbatch_mirror(&b->w->tx, m, b->in->mirror_rx, &e);
	return a->verdict == ADMITTED && b->in->metered ? check_limits(b, a, m) : a->verdict;
}

// Hands a frame to other than one port that takes it as it is.
static __attribute__((noinline)) void spread(struct burst *b, const struct arrival *a, struct rte_mbuf *m, portset to)
{
	struct egress e = {
		.conf = b->conf,
		.ns = b->w->now_ns,
		.up = b->up,
		.untagged = b->conf->vlan[a->vid].untagged,
		.tci = tci_with_vid(a->frame.tci, a->vid),
		.tagged = a->frame.tagged,
		.same = a->frame.tagged && tci_vid(a->frame.tci),
	};

	txbatch_flood(&b->w->tx, m, to, &e);
}

// Whether a frame goes to one port, of which nothing is to be asked, in the form that it has.
static inline bool goes_as_it_is(const struct burst *b, const struct arrival *a, const struct vlanconf *vlan, portset to)
{
	bool right = vlan->untagged & to ? !a->frame.tagged : a->frame.tagged && tci_vid(a->frame.tci);

	return right && !(to & (to - 1)) && to & ~b->conf->careful;
}

// Second pass: the decision about a frame whose turn has come.
static inline enum outcome decide(struct burst *b, const struct arrival *a, struct rte_mbuf *m)
{
	enum outcome out = __builtin_expect(b->plain, 1) ? a->verdict : precheck(b, a, m);
	portset to;

	if (out == ADMITTED)
		out = check_source(b, a);
	if (__builtin_expect(out != ADMITTED, 0))
		return drop(b, out, a, m);
	const struct vlanconf *vlan = &b->conf->vlan[a->vid];
	portset may = vlan->member & b->reach;
	out = find_ports(b, a, vlan, may, &to);
	to |= vlan->promisc & may;
	if (__builtin_expect(goes_as_it_is(b, a, vlan, to), 1))
		txbatch_push(&b->w->tx, portset_first(to), m);
	else
		spread(b, a, m, to);
	return out;
}

void forward_burst(struct forwarder *w, unsigned port, struct rte_mbuf **frames, const uint64_t *when, unsigned n)
{
	const struct swconf *conf = atomic_load_explicit(&w->shared->conf, memory_order_acquire);
	struct arrival arrivals[BURST_MAX];
	struct burst b;

	b.w = w;
	b.conf = conf;
	b.in = &conf->port[port];
	b.fdb = w->shared->fdb;
	b.self = portset_of(port) & ~conf->mirror_only;
	b.tally = (struct tally){.packets = n};
	b.dropped = 0;
	look_around(&b);
	const struct fdb_map map = b.fdb->map; // copies that nothing written to memory can change
	const portset self = b.self;
	uint32_t bytes = 0;
	for (unsigned i = 0; i < n; i++) {
		bytes += rte_pktmbuf_pkt_len(frames[i]);
		arrive(conf, &conf->port[port], self, &map, frames[i], &arrivals[i]);
	}
	b.tally.bytes = bytes;
	for (unsigned i = 0; i < n; i++) {
		if (when)
			forwarder_set_clock(w, when[i]);
		b.tally.outcome[decide(&b, &arrivals[i], frames[i])]++;
	}
	rte_pktmbuf_free_bulk(b.drop, b.dropped);
	counters_add_burst(&w->counters[port], &b.tally);
}
