// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/forward.h"

#include <rte_prefetch.h>

#include "dataplane/admit.h"
#include "dataplane/audit.h"
#include "dataplane/binding.h"
#include "dataplane/counters.h"
#include "dataplane/eventtype.h"
#include "dataplane/frame.h"
#include "dataplane/guard.h"
#include "dataplane/key.h"
#include "dataplane/leasing.h"
#include "dataplane/meter.h"
#include "dataplane/multicast.h"
#include "dataplane/neighbour.h"
#include "dataplane/portset.h"
#include "dataplane/segment.h"
#include "dataplane/sniff.h"
#include "dataplane/violation.h"
#include "dataplane/vxlan.h"
#include "dataplane/vxlan_private.h"

// In frames: how far the first pass of a burst is ahead, and how many the second pass handles at a
// time. A core cannot have all prefetches of a burst in flight at once; it would lose the later
// ones.
enum { AHEAD = 16, STRIDE = 8 };

enum { PIECES = 32 }; // frames of a segment that are forwarded at a time

// The state of a burst while it is handled.
struct burst {
	struct forwarder *w;
	const struct swconf *conf;
	const struct portconf *in;
	const struct fdb *fdb;
	portset self;     // the ingress port; empty for the destination of a mirror
	portset up;       // ports that are up for this burst
	portset reach;    // ports that are up and that frames from here may go to
	portset tunnels;  // that take usual frames without a tag at once
	bool plain;       // the ingress port is up, not mirrored, and without rules on trial
	bool spares_port; // a violation does not shut the ingress port down
	bool untagged;    // of a tunnel: frames are without the tags that they are shown with,
	unsigned tagged;  // except so many
	unsigned dropped;
	unsigned noted;           // of them: those that are older than the last noted drop
	enum outcome last_reason; // of the last one
	struct rte_mbuf *drop[BURST_MAX];
};

// The fast path's copy of the state of the burst and the forwarder, which stays in registers. The
// copy is renewed by usual_now() after two events. decide() can change the ports that are up, by a
// violation; and the time can change.
struct usual {
	portset reach;     // ports that a usual frame may go to; empty if the port is not plain
	portset unmetered; // the same, but empty if the port has an ingress rate
	portset ready;     // of these: ports that take untagged frames unchanged
	uint64_t fresh;    // the value of a source that needs no refresh
	struct fdb_now now;
};

uint32_t forward_tick(uint64_t ns)
{
	uint64_t tick = ns / FORWARD_TICK_NS + FORWARD_TICK_FIRST;

	return tick < UINT32_MAX ? (uint32_t)tick : UINT32_MAX - 1;
}

uint64_t forward_tick_begin(uint32_t tick)
{
	return tick > FORWARD_TICK_FIRST ? (tick - FORWARD_TICK_FIRST) * FORWARD_TICK_NS : 0;
}

void forwarder_init(struct forwarder *w, struct forwarding *shared, struct rte_mempool *pool,
		    struct rte_ring *ring)
{
	w->shared = shared;
	w->tx.pool = pool;
	w->tx.counters = w->counters;
	w->tx.runtime = shared->port;
	w->tx.now_ns = &w->now_ns;
	w->events.ring = ring;
}

void forwarder_set_clock(struct forwarder *w, uint64_t ns)
{
	w->now_ns = ns;
	if (ns < w->next_tick_ns)
		return;
	uint32_t tick = forward_tick(ns);
	w->next_tick_ns = forward_tick_begin(tick + 1);
	w->now = fdb_now(w->shared->fdb, tick);
}

static void push_event(struct burst *b, enum event_type type, uint64_t key, uint8_t port,
		       uint8_t from)
{
	struct event e = {
		.ns = b->w->now_ns, .key = key, .type = (uint8_t)type, .port = port, .from = from};

	event_push(&b->w->events, &e);
}

// Reports that a dynamic entry of the ingress port has become sticky.
static void push_stuck(struct burst *b, uint64_t key)
{
	struct event e = {.ns = b->w->now_ns,
			  .key = key,
			  .type = EVENT_MAC_ADDED,
			  .port = b->in->learner.port,
			  .reason = FDB_STICKY};

	event_push(&b->w->events, &e);
}

// Reports that a MAC came to this port, which was full, and is not known on its former one any
// more.
static void push_displaced(struct burst *b, uint64_t key, uint8_t from)
{
	struct event e = {.ns = b->w->now_ns,
			  .key = key,
			  .type = EVENT_MAC_MOVED,
			  .port = b->in->learner.port,
			  .from = from,
			  .reason = OUT_MAC_LIMIT};

	event_push(&b->w->events, &e);
}

// What the first pass over a burst needs.
struct reader {
	const struct swconf *conf;
	const struct portconf *in;
	const struct leases *leases;
	portset self;
	uint64_t vlan;  // of untagged frames, as it stands in keys
	uint32_t least; // frames as long as that need no more than their addresses and VLAN
	struct fdb_map map;
};

static struct reader reader_of(const struct burst *b)
{
	const struct portconf *in = b->in;

	return (struct reader){
		.conf = b->conf,
		.in = in,
		.leases = b->w->shared->leases,
		.self = b->self,
		.vlan = key_make(in->untagged_vid, 0),
		.least = in->looks_closely ? UINT32_MAX : FRAME_HEADER + FRAME_TAG,
		.map = b->fdb->map,
	};
}

// Prefetches the lines that the decision about a frame needs.
static inline void note_arrival(const struct fdb_map *map, uint64_t vlan, const struct frame *f,
				struct arrival *a)
{
	a->src_key = vlan | f->src;
	a->dst_key = vlan | f->dst;
	a->src_slot = fdb_first_slot(map, a->src_key);
	a->dst_slot = fdb_first_slot(map, a->dst_key);
	rte_prefetch0(a->src_slot);
	rte_prefetch0(a->dst_slot);
}

// The VLAN of a tag, as it stands in keys; 0 if the port takes no such tag, or it names none.
static inline uint64_t tagged_vlan(const struct reader *r, uint32_t tag)
{
	uint64_t vid = tag_vid(tag); // 64 bits: else gcc stores 16 and loads 64, which is slow

	return r->in->takes_tags && r->conf->vlan[vid].member & r->self ? vid << KEY_VID_SHIFT : 0;
}

// Reads and admits a frame that needs more than its addresses and its VLAN. If it is not admitted,
// it cannot be taken for a usual frame: its VLAN is 0, which no entry has, or no port is ready.
static __attribute__((noinline)) void receive_other(const struct reader *r,
						    const struct rte_mbuf *m, struct arrival *a)
{
	enum outcome verdict = OUT_MALFORMED;
	struct frame f = {0};
	uint16_t vid = 0;

	if (frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &f)) {
		vid = admit_vlan(r->conf, r->in, r->self, f.tag, m);
		verdict = vid ? ADMITTED : OUT_VLAN_FILTERED;
	}
	if (vid && r->in->looks_closely)
		verdict = admit_closely(r->conf, r->in, r->leases, m, vid, f.src, f.dst);
	a->packed = arrival_pack(f.tag, verdict);
	note_arrival(&r->map, key_make(vid, 0), &f, a);
}

// First pass: reads and admits a frame. `map`, `vlan` and `least` are copies of what is in *r: they
// stay in registers, as receive_other() does not know their place.
static inline void receive_frame(const struct reader *r, const struct fdb_map *map, uint64_t vlan,
				 uint32_t least, const struct rte_mbuf *m, struct arrival *a)
{
	struct frame f = {0};

	if (__builtin_expect(rte_pktmbuf_data_len(m) >= least, 1)) {
		frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), FRAME_HEADER + FRAME_TAG, &f);
		vlan = __builtin_expect(f.tag != 0, 0) ? tagged_vlan(r, f.tag) : vlan;
		if (__builtin_expect(vlan != 0, 1)) {
			a->packed = arrival_pack(f.tag, ADMITTED);
			note_arrival(map, vlan, &f, a);
			return;
		}
	}
	receive_other(r, m, a);
}

// Notes that a rule on trial would drop a frame.
static void would_drop(struct burst *b, enum outcome reason, uint64_t key)
{
	struct forwarder *w = b->w;
	uint8_t port = b->in->learner.port;
	struct event told;

	tally_would_drop(&w->tally, reason);
	audit_note(&w->shared->port[port].audit, reason, key, w->now_ns);
	if (violation_note(&w->shared->port[port].violations, port, reason, true, key, w->now_ns,
			   &told))
		event_push(&w->events, &told);
}

// Learns a source that is new on this port, or refreshes it for the first time in this tick.
static __attribute__((noinline)) enum outcome learn_source(struct burst *b, uint64_t key)
{
	const struct fdb_learner *who = &b->in->learner;
	portset homes = b->up & b->conf->vlan[key_vid(key)].member;
	struct fdb_seen_result r = fdb_seen(b->w->shared->fdb, key, who, homes, b->w->now.tick,
					    b->w->now_ns);

	if (r.aged)
		push_event(b, EVENT_MAC_AGED, key, r.from, 0);
	if (r.stuck)
		push_stuck(b, key);
	switch (r.what) {
	case FDB_LEARNED:
		push_event(b, EVENT_MAC_LEARNED, key, who->port, 0);
		break;
	case FDB_HAS_MOVED:
		b->w->tally.mac_moves++;
		push_event(b, EVENT_MAC_MOVED, key, who->port, r.from);
		break;
	case FDB_FULL:
		push_event(b, EVENT_TABLE_FULL, key, who->port, 0);
		b->w->tally.not_learned++;
		break;
	case FDB_AT_LIMIT:
		if (who->drops_at_limit)
			return OUT_MAC_LIMIT;
		if (b->in->trial.drops_at_limit)
			would_drop(b, OUT_MAC_LIMIT, key);
		b->w->tally.not_learned++;
		break;
	case FDB_DISPLACED:
		if (b->in->trial.drops_at_limit)
			would_drop(b, OUT_MAC_LIMIT, key);
		push_displaced(b, key, r.from);
		b->w->tally.not_learned++;
		break;
	case FDB_CONFLICT:
		b->spares_port = r.sticky;
		return OUT_MAC_CONFLICT;
	case FDB_REFLECTED:
		return OUT_REFLECTED;
	case FDB_FLAP:
		push_event(b, EVENT_MAC_FLAP, key, r.held == who->port ? r.from : who->port,
			   r.held);
		return r.held == who->port ? ADMITTED : OUT_MAC_FLAP;
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
	uint64_t value = fdb_near_get(a->src_slot, a->src_key);

	return fdb_is_fresh(value, fdb_fresh_value(&b->in->learner, &b->w->now))
		       ? ADMITTED
		       : learn_source(b, a->src_key);
}

// Whether the port's ingress rate by these rules has room for a frame.
static inline bool within_ingress_rate(const struct burst *b, const struct rules *r,
				       const struct rte_mbuf *m)
{
	const struct meter_conf *c = &r->ingress;

	return !c->rate_kbps || meter_admits(&b->w->shared->port[b->in->learner.port].ingress, c,
					     rte_pktmbuf_pkt_len(m), b->w->now_ns);
}

static bool storm_has_room(const struct burst *b, const struct rules *r, enum storm_class class)
{
	uint32_t limit = r->storm[class];

	return !limit || storm_admits(&b->w->shared->port[b->in->learner.port].storm[class], limit,
				      b->w->now.tick / FDB_TICKS_PER_S);
}

// Why a frame does not reach its known destination.
static enum outcome unreachable(const struct burst *b, unsigned port)
{
	if (portset_has(b->self, port))
		return OUT_SAME_PORT;
	return portset_has(b->in->reach, port) ? OUT_DEST_DOWN : OUT_ISOLATED;
}

// The class of a frame that is flooded.
static enum storm_class flood_class(const struct arrival *a)
{
	if (!mac_is_group(a->dst_key))
		return STORM_UNKNOWN_UNICAST;
	return key_mac(a->dst_key) == MAC_BROADCAST ? STORM_BROADCAST : STORM_MULTICAST;
}

// Finds the ports of a group frame where that takes more than to flood it.
static __attribute__((noinline)) enum outcome find_group_ports(const struct burst *b,
							       const struct arrival *a,
							       const struct rte_mbuf *m,
							       portset may, portset *to)
{
	struct multicast x = {
		.mdb = b->w->shared->mdb,
		.conf = b->conf,
		.events = &b->w->events,
		.ns = b->w->now_ns,
		.tick = b->w->now.tick,
		.mac = key_mac(a->dst_key),
		.vid = key_vid(a->src_key),
		.port = b->in->learner.port,
		.tagged = arrival_tag(a),
		.may = may,
	};

	return multicast_ports(&x, m, to);
}

// Finds the ports of a group frame that asks for the MAC of an address whose owner is known. Empty:
// it is another frame, or is flooded.
static __attribute__((noinline)) portset find_owner_ports(const struct burst *b,
							  const struct arrival *a,
							  const struct rte_mbuf *m, portset may)
{
	struct neighbour_owner owner[NEIGHBOUR_OWNERS_MAX];
	struct neighbour_sources sources = {b->conf, b->w->shared->leases, b->w->shared->remotes};
	uint16_t vid = key_vid(a->src_key);
	struct ip_address target;

	if (!(b->conf->snoop[vid] & SNOOP_FINDS_NEIGHBOURS) || !neighbour_asks(m, &target))
		return 0;
	unsigned n = neighbour_find(&sources, vid, target, owner);
	return neighbour_ports(b->fdb, b->w->now.tick, owner, n, may,
			       b->conf->vxlan ? b->conf->vxlan->tunnels : 0);
}

// Finds the ports of those in `may` that a frame is flooded to.
static enum outcome flood(struct burst *b, const struct arrival *a, const struct rte_mbuf *m,
			  const struct vlanconf *vlan, portset may, portset *to)
{
	static const enum outcome beyond_limit[STORM_CLASSES] = {
		[STORM_BROADCAST] = OUT_STORM_BROADCAST,
		[STORM_MULTICAST] = OUT_STORM_MULTICAST,
		[STORM_UNKNOWN_UNICAST] = OUT_STORM_UNKNOWN_UNICAST};
	enum storm_class class = flood_class(a);
	portset takers[STORM_CLASSES] = {[STORM_BROADCAST] = ~b->conf->no_broadcast,
					 [STORM_MULTICAST] = ~b->conf->no_multicast,
					 [STORM_UNKNOWN_UNICAST] = vlan->unknown};

	*to = 0;
	if (!storm_has_room(b, &b->in->rules, class))
		return beyond_limit[class];
	if (!storm_has_room(b, &b->in->trial, class))
		would_drop(b, beyond_limit[class], a->src_key);
	if (class != STORM_UNKNOWN_UNICAST && b->conf->finds_neighbours)
		*to = find_owner_ports(b, a, m, may);
	if (*to) {
		*to |= may & vlan->promisc;
		return OUT_FORWARDED;
	}
	if (class == STORM_MULTICAST && b->conf->snoops)
		return find_group_ports(b, a, m, may, to);
	*to = may & (takers[class] | vlan->promisc);
	if (!*to)
		return OUT_NO_DESTINATION;
	b->w->tally.unknown += class == STORM_UNKNOWN_UNICAST;
	return OUT_FLOODED;
}

// Finds the ports that a frame goes to.
static inline enum outcome find_ports(struct burst *b, const struct arrival *a,
				      const struct rte_mbuf *m, const struct vlanconf *vlan,
				      portset *to)
{
	portset may = vlan->member & b->reach;
	bool group = mac_is_group(a->dst_key);
	uint64_t value = group ? 0 : fdb_find(b->fdb, a->dst_slot, a->dst_key, &b->w->now);

	if (!value)
		return flood(b, a, m, vlan, may, to);
	portset known = may & portset_of(fdb_value_port(value));
	*to = known | (may & vlan->promisc);
	return known ? OUT_FORWARDED : unreachable(b, fdb_value_port(value));
}

static portset ports_up(const struct forwarding *shared)
{
	return atomic_load_explicit(&shared->up, memory_order_relaxed) &
	       ~atomic_load_explicit(&shared->err_disabled, memory_order_relaxed);
}

// Reads the state of the ports and of the table's clock for a burst.
static void refresh_port_state(struct burst *b)
{
	struct forwarding *shared = b->w->shared;

	b->up = ports_up(shared);
	b->reach = b->in->reach & b->up;
	b->plain = b->up & b->self && !b->in->mirror_rx && !b->in->on_trial &&
		   !b->w->as_wire.frames;
	b->w->now = fdb_now(shared->fdb, b->w->now.tick);
}

// Makes the port err-disabled until its recovery time or a command.
static void err_disable(struct burst *b, enum outcome reason)
{
	struct forwarder *w = b->w;
	uint8_t port = b->in->learner.port;
	struct event e = {.type = EVENT_PORT_ERR_DISABLED,
			  .ns = w->now_ns,
			  .port = port,
			  .reason = (uint8_t)reason};

	// If several workers find violations at once, only the first one does it.
	if (!(atomic_fetch_or(&w->shared->err_disabled, b->self) & b->self)) {
		atomic_store(&w->shared->port[port].disabled_ns, w->now_ns + 1);
		fdb_flush_port(w->shared->fdb, port);
		event_push(&w->events, &e);
		multicast_forget(w->shared->mdb, port, &w->events, w->now_ns);
	}
	refresh_port_state(b);
}

// Acts on a violation: reports it, and makes the port err-disabled if its policy says so. A
// conflict with a sticky entry spares the port: a guest could shut down the port of another
// one by using that one's MAC before it.
static void handle_violation(struct burst *b, enum outcome reason, const struct arrival *a)
{
	enum violation_action action = reason == OUT_BPDU ? VIOLATION_SHUTDOWN : b->in->violation;
	bool spared = reason == OUT_MAC_CONFLICT && b->spares_port;
	struct violations *v = &b->w->shared->port[b->in->learner.port].violations;
	struct event told;

	if (action != VIOLATION_NOTHING &&
	    violation_note(v, b->in->learner.port, reason, false, a->src_key, b->w->now_ns, &told))
		event_push(&b->w->events, &told);
	if (action == VIOLATION_SHUTDOWN && !spared)
		err_disable(b, reason);
}

// Shows frames to the sniffers.
static __attribute__((noinline)) void show_to_sniffers(struct burst *b, enum sniff_way way,
						       enum outcome reason,
						       struct rte_mbuf **frames, unsigned n)
{
	struct sniff_what what = {.ns = b->w->now_ns,
				  .way = (uint8_t)way,
				  .port = b->in->learner.port,
				  .reason = (uint8_t)reason};

	sniff_frames(sniff_first(&b->w->tx.sniffers), &what, frames, n);
}

static inline bool is_sniffed(const struct burst *b)
{
	return __builtin_expect(sniff_first(&b->w->tx.sniffers) != NULL, 0);
}

// Whether frames of a tunnel need their tags: to be shown, checked or counted with them.
static bool needs_tags(const struct burst *b)
{
	return is_sniffed(b) || !b->plain || b->in->looks_closely || b->in->rules.ingress.rate_kbps;
}

// The packet whose like comes next in a tunnel, as a rule.
struct expected {
	uint64_t word; // of the verdict on it
	uint64_t vlan; // of its frame, as it stands in keys
};

// Takes a frame of a tunnel out of its packet. It gets its tag if it needs one.
static __attribute__((noinline)) struct expected unpack_other(struct burst *b, struct expected e,
							      struct rte_mbuf *m,
							      const struct vxlan_verdict *v)
{
	bool joined = b->conf->vlan[v->vid].member & b->self;

	vxlan_strip(m, v->padding);
	if (b->untagged && v->simple && joined)
		return (struct expected){v->padding ? 0 : vxlan_word(v), key_make(v->vid, 0)};
	vxlan_tag(m, v->vid);
	b->tagged++;
	return e;
}

static inline void unpack_frame(struct burst *b, struct expected *e, struct rte_mbuf *m,
				const struct vxlan_verdict *v)
{
	if (__builtin_expect(vxlan_word(v) == e->word, 1))
		vxlan_strip(m, 0);
	else
		*e = unpack_other(b, *e, m, v);
}

// Decides whether the frames of a tunnel stay without tags. If not, they get them at once.
static void begin_tunnel(struct burst *b, struct rte_mbuf **frames, const struct vxlan_verdict *v,
			 unsigned n)
{
	b->untagged = !needs_tags(b);
	b->tagged = 0;
	for (unsigned i = 0; i < n && !b->untagged; i++)
		unpack_other(b, (struct expected){0}, frames[i], &v[i]);
}

// Keeps the last dropped frame of a burst for trace.
static __attribute__((noinline)) void note_drop(struct burst *b, const struct rte_mbuf *m,
						enum outcome reason)
{
	lastdrop_note(&b->w->last_drop[b->in->learner.port], m, reason, b->w->now_ns);
	b->noted = b->dropped;
}

// Lets a dropped frame be freed with the others of its burst.
static enum outcome discard(struct burst *b, enum outcome reason, struct rte_mbuf *m)
{
	b->drop[b->dropped++] = m;
	b->last_reason = reason;
	return reason;
}

// Gives a frame of a tunnel the tag that it is shown with, if it has none yet.
static bool put_tag(const struct burst *b, const struct arrival *a, struct rte_mbuf *m)
{
	return b->untagged && !arrival_tag(a) && frame_push_tag(m, key_vid(a->src_key));
}

// Drops a frame that is not admitted.
static __attribute__((noinline)) enum outcome drop_frame(struct burst *b, enum outcome reason,
							 const struct arrival *a,
							 struct rte_mbuf *m)
{
	if (violation_is(reason) && (reason != OUT_BPDU || b->in->bpdu == BPDU_SHUTDOWN))
		handle_violation(b, reason, a);
	put_tag(b, a, m);
	if (is_sniffed(b))
		show_to_sniffers(b, SNIFF_DROPPED, reason, &m, 1);
	return discard(b, reason, m);
}

// Notes what the port's rules on trial would drop an admitted frame for. Those about the source's
// entry and about floods are tried where the others of their kind are.
static __attribute__((noinline)) void try_rules(struct burst *b, const struct arrival *a,
						const struct rte_mbuf *m)
{
	const struct rules *trial = &b->in->trial;
	unsigned kinds = admit_guarded(trial, m);

	if (!admit_takes_source(b->conf, b->in, trial, key_mac(a->src_key)))
		would_drop(b, OUT_FORGED_TRANSMIT, a->src_key);
	if (kinds & GUARD_DHCP_SERVER)
		would_drop(b, OUT_DHCP_SERVER, a->src_key);
	if (kinds & GUARD_ROUTER_ADVERT)
		would_drop(b, OUT_ROUTER_ADVERT, a->src_key);
	if (admit_is_spoofed(b->in, trial, b->w->shared->leases, m, key_mac(a->src_key),
			     key_vid(a->src_key)))
		would_drop(b, OUT_SPOOFED, a->src_key);
	if (!within_ingress_rate(b, trial, m))
		would_drop(b, OUT_RATE_LIMIT, a->src_key);
}

// Checks a frame before its addresses matter: port state, mirror, admission, rate.
static enum outcome precheck(struct burst *b, const struct arrival *a, enum outcome verdict,
			     struct rte_mbuf *m)
{
	if (verdict == OUT_MALFORMED)
		return OUT_MALFORMED;
	if (!(b->up & b->self))
		return OUT_PORT_DOWN;
	if (b->in->mirror_rx)
		txbatch_mirror(&b->w->tx, m, b->in->mirror_rx,
			       &(struct egress){.conf = b->conf, .ns = b->w->now_ns, .up = b->up});
	if (verdict != ADMITTED && verdict != ADMITTED_DHCP)
		return verdict;
	if (b->in->on_trial)
		try_rules(b, a, m);
	return within_ingress_rate(b, &b->in->rules, m) ? ADMITTED : OUT_RATE_LIMIT;
}

static inline const struct vlanconf *frame_vlan(const struct burst *b, const struct arrival *a)
{
	return &b->conf->vlan[key_vid(a->src_key)];
}

// The ports that send a frame without a tag. Trunks keep the tag of their native VLAN if a second
// tag follows it, because the next switch would take that one for the frame's VLAN.
static inline portset untagged_ports(const struct burst *b, const struct arrival *a,
				     const struct rte_mbuf *m)
{
	bool hides_tag = tag_vid(arrival_tag(a)) && frame_has_second_tag(m);

	return frame_vlan(b, a)->untagged & ~(hides_tag ? b->conf->trunks : 0);
}

// The verdict on a frame, which the first pass leaves open if its addresses are special and the
// port does not look closely.
static inline enum outcome verdict_of(const struct burst *b, const struct arrival *a,
				      const struct rte_mbuf *m)
{
	uint64_t src = key_mac(a->src_key), dst = key_mac(a->dst_key);

	if (arrival_verdict(a) != ADMITTED || b->in->looks_closely || !admit_is_special(src, dst))
		return arrival_verdict(a);
	return admit_closely(b->conf, b->in, b->w->shared->leases, m, key_vid(a->src_key), src,
			     dst);
}

// Lets the table of leases learn from a message of DHCP.
static __attribute__((noinline)) void hear_dhcp(const struct burst *b, const struct arrival *a,
						const struct rte_mbuf *m)
{
	struct leasing x = {
		.leases = b->w->shared->leases,
		.conf = b->conf,
		.fdb = b->fdb,
		.events = &b->w->events,
		.ns = b->w->now_ns,
		.tick = b->w->now.tick,
		.key = a->src_key,
		.port = b->in->learner.port,
	};

	leasing_hear(&x, m);
}

// Second pass: decides about a frame.
static __attribute__((noinline)) enum outcome decide(struct burst *b, const struct arrival *a,
						     struct rte_mbuf *m)
{
	enum outcome verdict = verdict_of(b, a, m);
	bool dhcp = __builtin_expect(verdict == ADMITTED_DHCP, 0);
	portset to;

	enum outcome out = precheck(b, a, verdict, m);
	if (out == ADMITTED)
		out = check_source(b, a);
	if (out != ADMITTED)
		return drop_frame(b, out, a, m);
	if (dhcp)
		hear_dhcp(b, a, m);
	out = find_ports(b, a, m, frame_vlan(b, a), &to);
	if (out >= OUT_FIRST_DROP) {
		bool put = put_tag(b, a, m);
		if (is_sniffed(b))
			show_to_sniffers(b, SNIFF_DROPPED, out, &m, 1);
		if (!to)
			return discard(b, out, m);
		note_drop(b, m, out); // promiscuous ports get it all the same
		if (put)
			frame_untag(m);
	}
	struct egress e = {
		.conf = b->conf,
		.ns = b->w->now_ns,
		.up = b->up,
		.untagged = untagged_ports(b, a, m),
		.tci = tag_tci(arrival_tag(a), key_vid(a->src_key)),
		.form = form_of(arrival_tag(a)),
	};
	txbatch_give(&b->w->tx, m, to, &e);
	return out;
}

// Drops a frame that cannot be delivered to its port.
static __attribute__((noinline)) enum outcome drop_undeliverable(struct burst *b,
								 struct rte_mbuf *m, unsigned port,
								 enum tx_drop why)
{
	txbatch_refuse(&b->w->tx, portset_of(port), why, m);
	rte_pktmbuf_free(m);
	return OUT_FORWARDED;
}

// Forwards a usual frame that needs a rate check or a change of its tag. The result is that of
// decide().
static __attribute__((noinline)) enum outcome shape_frame(struct burst *b, const struct arrival *a,
							  struct rte_mbuf *m, unsigned port)
{
	bool want_tag = !portset_has(untagged_ports(b, a, m), port);
	if (!within_ingress_rate(b, &b->in->rules, m))
		return drop_frame(b, OUT_RATE_LIMIT, a, m);
	if (!txbatch_shape(m, want_tag, form_of(arrival_tag(a)),
			   tag_tci(arrival_tag(a), key_vid(a->src_key))))
		return drop_undeliverable(b, m, port, TX_QUEUE_FULL);
	if (!txbatch_within_rate(&b->w->tx, b->conf, port, m, b->w->now_ns))
		return drop_undeliverable(b, m, port, TX_RATE_LIMIT);
	txbatch_push(&b->w->tx, port, m);
	return OUT_FORWARDED;
}

// Puts a frame without a tag into a packet of a tunnel that takes it.
static inline void put_into_tunnel(struct txbatch *t, unsigned port, uint16_t vid,
				   struct rte_mbuf *m)
{
	struct counter_block *c = &t->counters[port];

	counter_add(&c->tx_packets, 1);
	counter_add(&c->tx_bytes, rte_pktmbuf_pkt_len(m) + FRAME_TAG); // as if it came to the port
	txbatch_push(t, t->vxlan->underlay, m);
	vxlan_wrap(t->vxlan, port, vid, m);
}

// The same, and if it goes to a tunnel, perhaps at once into its packet.
static __attribute__((noinline)) enum outcome forward_shaped(struct burst *b,
							     const struct arrival *a,
							     struct rte_mbuf *m, unsigned port)
{
	if (!portset_has(b->tunnels, port) || a->packed ||
	    !txbatch_tunnel_takes(&b->w->tx, port, m))
		return shape_frame(b, a, m, port);
	put_into_tunnel(&b->w->tx, port, key_vid(a->src_key), m);
	return OUT_FORWARDED;
}

// Whether the destination of a frame is known, and certainly neither expired nor flushed.
static inline bool has_usual_destination(const struct usual *u, const struct arrival *a,
					 unsigned *port)
{
	uint64_t value = fdb_near_get(a->dst_slot, a->dst_key);

	*port = fdb_value_port(value);
	return value >= u->now.oldest && !((value ^ u->now.newest) & FDB_FLUSH_MASK);
}

// Whether the source of a frame is known on this port, and needs no refresh.
static inline bool has_usual_source(const struct usual *u, const struct arrival *a)
{
	const struct fdb_slot *s = a->src_slot;

	if (!fdb_slot_has(s, a->src_key) && !(s = fdb_beside(s, a->src_key)))
		return false;
	return atomic_load_explicit(&s->value, memory_order_acquire) == u->fresh;
}

// The entry of such a source if it does need a refresh, else NULL.
static struct fdb_slot *stale_source(const struct usual *u, const struct arrival *a)
{
	struct fdb_slot *s = fdb_beside(a->src_slot, a->src_key);
	uint64_t value = s ? atomic_load_explicit(&s->value, memory_order_acquire) : 0;

	return fdb_is_stale(value, u->fresh, &u->now) ? s : NULL;
}

static struct usual usual_now(const struct burst *b)
{
	portset reach = b->plain ? b->reach : 0;
	portset unmetered = b->in->rules.ingress.rate_kbps ? 0 : reach;

	return (struct usual){
		.reach = reach,
		.unmetered = unmetered,
		.ready = unmetered & b->conf->vlan[b->in->untagged_vid].as_it_is[FORM_UNTAGGED],
		.fresh = fdb_fresh_value(&b->in->learner, &b->w->now),
		.now = b->w->now,
	};
}

// The ports that take a frame with a tag unchanged and without a check.
static inline portset ready_ports(const struct burst *b, const struct usual *u,
				  const struct arrival *a)
{
	return arrival_verdict(a) == ADMITTED
		       ? frame_vlan(b, a)->as_it_is[form_of(arrival_tag(a))] & u->unmetered
		       : 0;
}

// Whether a frame goes to its known port, and to nobody else, unchanged. mixed: untagged frames are
// not all in the VLAN of such frames.
static inline bool goes_unchanged(const struct burst *b, const struct usual *u,
				  const struct arrival *a, bool mixed, unsigned port)
{
	return portset_has(a->packed || mixed ? ready_ports(b, u, a) : u->ready, port);
}

// The same, if its rates permit that, and perhaps with a change of its tag.
static inline bool goes_shaped(const struct burst *b, const struct usual *u,
			       const struct arrival *a, unsigned port)
{
	return arrival_verdict(a) == ADMITTED &&
	       portset_has(frame_vlan(b, a)->direct & u->reach, port);
}

// Forwards a frame that is no usual one. It is as good as one if only its source needs a refresh.
static __attribute__((noinline)) enum outcome forward_other(struct burst *b, const struct usual *u,
							    const struct arrival *a,
							    struct rte_mbuf *m)
{
	bool group = mac_is_group(a->dst_key);
	struct fdb_slot *stale = group ? NULL : stale_source(u, a);
	enum outcome out = OUT_FORWARDED;
	unsigned port;

	if (!stale || !has_usual_destination(u, a, &port))
		return decide(b, a, m);
	if (goes_unchanged(b, u, a, b->untagged, port))
		txbatch_push(&b->w->tx, port, m);
	else if (goes_shaped(b, u, a, port))
		out = forward_shaped(b, a, m, port);
	else
		return decide(b, a, m);
	if (out == OUT_FORWARDED)
		fdb_refresh(stale, u->fresh);
	return out;
}

// Forwards frames that stations, or a VTEP for its stations, have sent. It is inlined where frames
// come in by a port, because a call for each burst costs a frame an instruction. v: of packets that
// frames came in, NULL for others.
static inline __attribute__((always_inline)) void forward_frames(
	struct forwarder *w, const struct swconf *conf, unsigned port, struct rte_mbuf **frames,
	const struct vxlan_verdict *v, const uint64_t *when, unsigned n)
{
	struct arrival arrivals[BURST_MAX];
	struct burst b;

	b.w = w;
	b.conf = conf;
	b.in = &conf->port[port];
	b.fdb = w->shared->fdb;
	b.self = portset_of(port) & ~conf->mirror_only;
	b.dropped = b.noted = 0;
	refresh_port_state(&b);
	b.tunnels = b.in->rules.ingress.rate_kbps ? 0
						  : txbatch_open_tunnels(&w->tx) & ~conf->careful;
	b.untagged = false;
	if (v)
		begin_tunnel(&b, frames, v, n);
	if (is_sniffed(&b) && !b.untagged)
		show_to_sniffers(&b, SNIFF_RX, OUT_FORWARDED, frames, n);
	const struct reader r = reader_of(&b);
	const struct fdb_map map = r.map;
	struct expected expected = {.vlan = r.vlan};
	const uint32_t least = r.least;
	uint32_t bytes = 0, others = 0;
	portset put = 0; // ports that have got frames here
	struct usual u = usual_now(&b);
	for (unsigned i = 0, arrived = 0; i < n;) {
		for (unsigned end = RTE_MIN(n, i + AHEAD); arrived < end; arrived++) {
			if (v && b.untagged)
				unpack_frame(&b, &expected, frames[arrived], &v[arrived]);
			bytes += rte_pktmbuf_pkt_len(frames[arrived]);
			receive_frame(&r, &map, expected.vlan, least, frames[arrived],
				      &arrivals[arrived]);
		}
		for (unsigned end = RTE_MIN(n, i + STRIDE); i < end; i++) {
			const struct arrival *a = &arrivals[i];
			enum outcome out;
			unsigned to;
			if (when) {
				w->tx.pending |= put;
				put = 0;
				if (conf->vxlan)
					txbatch_drain(&w->tx); // tunnels share the underlay, in the
							       // order of the times
				bool ticks = when[i] >= w->next_tick_ns;
				forwarder_set_clock(w, when[i]);
				if (ticks)
					u = usual_now(&b);
			}
			bool usual = has_usual_source(&u, a) && has_usual_destination(&u, a, &to);
			if (__builtin_expect(usual && goes_unchanged(&b, &u, a, v != NULL, to),
					     1)) {
				txbatch_put(&w->tx, to, frames[i]);
				put |= portset_of(to);
				continue;
			}
			if (usual && goes_shaped(&b, &u, a, to)) {
				out = forward_shaped(&b, a, frames[i], to);
			} else {
				const struct usual now = u;
				out = forward_other(&b, &now, a, frames[i]);
				u = usual_now(&b);
			}
			if (out != OUT_FORWARDED) {
				tally_outcome(&w->tally, out);
				others++;
			}
		}
	}
	w->tx.pending |= put;
	if (b.dropped > b.noted)
		note_drop(&b, b.drop[b.dropped - 1], b.last_reason);
	if (b.dropped)
		rte_pktmbuf_free_bulk(b.drop, b.dropped);
	if (v && b.untagged)
		bytes += (n - b.tagged) * FRAME_TAG;
	w->tally.packets = n;
	w->tally.bytes = bytes;
	w->tally.outcome[OUT_FORWARDED] = n - others;
	if (__builtin_expect(w->as_wire.frames != 0, 0))
		tally_as_wire(&w->tally, &w->as_wire);
	counters_add_burst(&w->counters[port], &w->tally);
}

// Drops a packet of the underlay.
static void drop_packet(struct forwarder *w, unsigned port, enum outcome why, struct rte_mbuf *m)
{
	struct sniff_what what = {.ns = w->now_ns,
				  .way = SNIFF_DROPPED,
				  .port = (uint8_t)port,
				  .reason = (uint8_t)why};
	struct sniffer *sniffers = sniff_first(&w->tx.sniffers);

	if (sniffers)
		sniff_frames(sniffers, &what, &m, 1);
	lastdrop_note(&w->last_drop[port], m, why, w->now_ns);
	rte_pktmbuf_free(m);
}

static __attribute__((noinline)) void forward_tunnel_frames(struct forwarder *w,
							    const struct swconf *conf,
							    unsigned port, struct rte_mbuf **frames,
							    const struct vxlan_verdict *v,
							    const uint64_t *when, unsigned n)
{
	forward_frames(w, conf, port, frames, v, when, n);
}

// Forwards packets of the underlay, which all have the same verdict.
static void forward_packets(struct forwarder *w, const struct swconf *conf, unsigned port,
			    const struct vxlan_verdict *v, struct rte_mbuf **frames,
			    const uint64_t *when, unsigned n)
{
	if (v->verdict == ADMITTED && portset_has(conf->vxlan->tunnels, v->port)) {
		forward_tunnel_frames(w, conf, v->port, frames, v, when, n);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		if (when) {
			txbatch_drain(&w->tx); // tunnels share the underlay, in the order of the
					       // times
			forwarder_set_clock(w, when[i]);
		}
		if (v->verdict == ADMITTED)
			txbatch_push_any(&w->tx, v->port, frames[i]);
		else
			drop_packet(w, port, (enum outcome)v->verdict, frames[i]);
	}
}

// Brings the frames of each tunnel together, in the order of their arrival.
static void group_packets(struct rte_mbuf **frames, struct vxlan_verdict *v, unsigned n)
{
	struct rte_mbuf *frame[BURST_MAX];
	struct vxlan_verdict verdict[BURST_MAX];
	unsigned at[PORTS_MAX + 2] = {0}; // one place more for VXLAN_NOWHERE, one for the sum

	for (unsigned i = 0; i < n; i++)
		at[v[i].port + 1]++;
	for (unsigned p = 1; p < PORTS_MAX + 2; p++)
		at[p] += at[p - 1];
	memcpy(frame, frames, n * sizeof *frames);
	memcpy(verdict, v, n * sizeof *v);
	for (unsigned i = 0; i < n; i++) {
		unsigned to = at[verdict[i].port]++;
		frames[to] = frame[i];
		v[to] = verdict[i];
	}
}

// Judges packets of the underlay, or of its twin: what the host sends goes to the underlay as it
// is. True: they all go the same way.
static bool judge_packets(const struct vxlan *x, unsigned port, struct rte_mbuf *const *frames,
			  struct vxlan_verdict *v, unsigned n)
{
	if (port == x->underlay)
		return vxlan_judge_burst(x, frames, v, n);
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct vxlan_verdict){.port = x->underlay, .verdict = ADMITTED};
	return true;
}

// How many of the first packets go the same way.
static unsigned count_alike(const struct vxlan_verdict *v, unsigned n)
{
	unsigned i = 1;

	while (i < n && vxlan_same_way(&v[i], &v[0]))
		i++;
	return i;
}

// Counts the packets of a burst.
static void count_packets(struct forwarder *w, unsigned port, struct rte_mbuf *const *frames,
			  const struct vxlan_verdict *v, bool alike, unsigned n)
{
	struct tally *t = &w->tally;

	if (alike)
		t->outcome[v->verdict] = n;
	else
		for (unsigned i = 0; i < n; i++)
			tally_outcome(t, (enum outcome)v[i].verdict);
	t->seen |= UINT32_C(1) << v->verdict;
	for (unsigned i = 0; i < n; i++)
		t->bytes += rte_pktmbuf_pkt_len(frames[i]);
	t->packets = n;
	counters_add_burst(&w->counters[port], t);
}

// Forwards what came in by the underlay or its twin. Frames in tunnels come in once more, by their
// tunnel. With `when`, each frame is handled at its time, else those of a tunnel together.
static __attribute__((noinline)) void forward_outer(struct forwarder *w, const struct swconf *conf,
						    unsigned port, struct rte_mbuf **frames,
						    const uint64_t *when, unsigned n)
{
	struct sniff_what what = {.ns = w->now_ns, .way = SNIFF_RX, .port = (uint8_t)port};
	struct vxlan_verdict v[BURST_MAX];

	if (sniff_first(&w->tx.sniffers))
		sniff_frames(sniff_first(&w->tx.sniffers), &what, frames, n);
	bool alike = judge_packets(conf->vxlan, port, frames, v, n);
	count_packets(w, port, frames, v, alike, n);
	if (alike) {
		forward_packets(w, conf, port, v, frames, when, n);
		return;
	}
	if (!when)
		group_packets(frames, v, n);
	for (unsigned i = 0, end; i < n; i = end) {
		end = i + count_alike(v + i, n - i);
		forward_packets(w, conf, port, &v[i], frames + i, when ? when + i : NULL, end - i);
	}
}

// Sends what waits for the tunnels of the former configuration, whose ports the new one may lack.
static __attribute__((noinline)) void change_tunnels(struct txbatch *t, const struct vxlan *x)
{
	bool marked = t->marked;

	txbatch_drain(t);
	t->marked = marked;
	t->vxlan = x;
}

static inline void use_tunnels(struct txbatch *t, const struct vxlan *x)
{
	if (__builtin_expect(t->vxlan != x, 0))
		change_tunnels(t, x);
}

void forward_burst(struct forwarder *w, unsigned port, struct rte_mbuf **frames,
		   const uint64_t *when, unsigned n)
{
	const struct swconf *conf = atomic_load_explicit(&w->shared->conf, memory_order_acquire);

	use_tunnels(&w->tx, conf->vxlan);
	if (__builtin_expect(conf->vxlan && portset_has(conf->vxlan->outer, port), 0))
		forward_outer(w, conf, port, frames, when, n);
	else
		forward_frames(w, conf, port, frames, NULL, when, n);
}

void forward_own(struct forwarder *w, const struct own_frame *own)
{
	const struct swconf *conf = atomic_load_explicit(&w->shared->conf, memory_order_acquire);
	const struct vlanconf *vlan = &conf->vlan[own->vid];

	use_tunnels(&w->tx, conf->vxlan);
	struct egress e = {
		.conf = conf,
		.ns = w->now_ns,
		.up = ports_up(w->shared),
		.untagged = vlan->untagged,
		.tci = (uint16_t)own->vid,
		.form = FORM_UNTAGGED,
	};

	txbatch_give(&w->tx, own->m, own->to & vlan->member & e.up, &e);
}

// Whether these rules count the frames of a segment one by one.
static bool rules_count_frames(const struct rules *r)
{
	bool storms = false;

	for (unsigned class = 0; class < STORM_CLASSES; class ++)
		storms |= r->storm[class] != 0;
	return storms || r->ingress.rate_kbps;
}

// Whether the frames of a segment matter one by one at its ingress port, or the port takes no
// segments.
static bool sees_pieces(const struct forwarder *w, unsigned port, const struct portconf *in)
{
	const struct port_runtime *runtime = &w->shared->port[port];

	return rules_count_frames(&in->rules) || rules_count_frames(&in->trial) || in->mirror_rx ||
	       sniff_first(&w->tx.sniffers) ||
	       !atomic_load_explicit(&runtime->takes_segments, memory_order_relaxed);
}

// Forwards the frames of a segment. Frames for which there are no buffers are lost before the port.
static void forward_pieces(struct forwarder *w, unsigned port, struct rte_mbuf *m)
{
	struct rte_mbuf *frames[PIECES];
	struct segmenter s;
	unsigned n;

	segmenter_init(&s, m);
	while (s.left && (n = segmenter_cut(&s, w->tx.pool, frames, PIECES))) {
		forward_burst(w, port, frames, NULL, n);
		txbatch_drain(&w->tx);
	}
	rte_pktmbuf_free(m);
}

static void forward_segment(struct forwarder *w, unsigned port, struct rte_mbuf *m, bool pieces)
{
	if (pieces) {
		forward_pieces(w, port, m);
		return;
	}
	w->tx.marked = true;
	w->as_wire = (struct amount){segment_frames(m), segment_bytes(m)};
	forward_burst(w, port, &m, NULL, 1);
	w->as_wire = (struct amount){0};
}

void forward_segments(struct forwarder *w, unsigned port, struct rte_mbuf **frames, unsigned n)
{
	const struct swconf *conf = atomic_load_explicit(&w->shared->conf, memory_order_acquire);
	bool pieces = sees_pieces(w, port, &conf->port[port]);

	for (unsigned i = 0; i < n;) {
		unsigned first = i;
		for (; i < n && !segment_is(frames[i]); i++) {
			if (pieces)
				segment_finish(frames[i]);
			w->tx.marked |= (frames[i]->ol_flags & SEGMENT_MARKS) != 0;
		}
		if (i > first)
			forward_burst(w, port, frames + first, NULL, i - first);
		if (i < n)
			forward_segment(w, port, frames[i++], pieces);
	}
}
