// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/player.h"

#include <inttypes.h>
#include <stdio.h>

#include "control/common/complain.h"
#include "control/config/config.h"
#include "control/pcap/record.h"
#include "control/switch/events.h"
#include "control/switch/leases.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/snooping.h"
#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/lease.h"
#include "dataplane/pool.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

enum {
	POOL_SHARE = 4, // a burst takes at most 1/4 of the buffers; the rest is for tagged copies
			// and mirrors
	STRANGE_SHARE = 5,
};

#define JUMP_NS (UINT64_C(3600) * 1000000000)

// Groups, queries and leases are due in this tick, or in the next one if they were due before.
static void note_due(struct player *p)
{
	uint32_t next = forward_tick(p->now_ns) + 1,
		 due = RTE_MIN(snooping_due(p->sw), lease_due(p->sw->shared.leases));

	p->sweep_tick = RTE_MIN(p->sweep_tick, RTE_MAX(due, next));
}

// No entry that is learned or refreshed now expires before.
static void note_expiry(struct player *p)
{
	uint32_t tick = forward_tick(p->now_ns),
		 aging = atomic_load_explicit(&p->sw->shared.fdb->aging_min, memory_order_relaxed);

	note_due(p);
	if (aging && aging < UINT32_MAX - tick - 1 && tick + aging + 1 < p->sweep_tick)
		p->sweep_tick = tick + aging + 1;
}

// Ageing and recovery happen between bursts: the pending frames are all of one tick, and before the
// next recovery.
static void note_end_of_burst(struct player *p)
{
	p->burst_end_ns = RTE_MIN(forward_tick_begin(forward_tick(p->now_ns) + 1), p->recovery_ns);
}

// Forwards the pending frames, in bursts of one port each.
static void forward_pending(struct player *p)
{
	p->sw->replay_ns = p->now_ns;
	for (unsigned i = 0, end; i < p->count; i = end) {
		for (end = i + 1; end < p->count && p->port[end] == p->port[i];)
			end++;
		forward_burst(p->fwd, p->port[i], p->frame + i, p->when + i, end - i);
		if (!rte_ring_empty(p->fwd->events.ring))
			events_drain(p->sw);
	}
	if (!p->count)
		return;
	txbatch_drain(&p->fwd->tx);
	p->recovery_ns = links_recover(p->sw);
	note_expiry(p);
	note_end_of_burst(p);
	p->frames += p->count;
	p->count = 0;
	p->buffers = 0;
}

// Removes what has expired. Returns the next tick in which something can expire.
static uint32_t sweep(struct vswitch *sw)
{
	uint32_t macs = mactable_sweep_all(sw), groups = snooping_sweep(sw),
		 leases = leases_sweep(sw);

	return RTE_MIN(macs, RTE_MIN(groups, leases));
}

// Advances the clock. Ageing and recovery that are due before `ns` happen at their time.
static void advance_clock(struct player *p, uint64_t ns)
{
	for (;;) {
		uint64_t expiry = p->sweep_tick < UINT32_MAX ? forward_tick_begin(p->sweep_tick)
							     : UINT64_MAX;
		uint64_t due = expiry < p->recovery_ns ? expiry : p->recovery_ns;
		if (due > ns)
			break;
		p->sw->replay_ns = p->now_ns = due;
		forwarder_set_clock(p->fwd, due);
		if (due == expiry)
			p->sweep_tick = sweep(p->sw);
		p->recovery_ns = links_recover(p->sw);
		note_due(p);
	}
	p->sw->replay_ns = ns;
	p->now_ns = ns;
	events_collect_violations(p->sw, 0);
	forwarder_set_clock(p->fwd, ns);
	note_end_of_burst(p);
}

// Counts a stamp before the clock, or long after it.
static void judge_stamp(struct player *p, uint64_t ns)
{
	uint64_t clock = p->first_ns + p->now_ns, late = clock > ns ? clock - ns : 0,
		 jump = ns > clock ? ns - clock : 0;

	if (late) {
		p->late++;
		p->late_most_ns = late > p->late_most_ns ? late : p->late_most_ns;
	} else if (jump > JUMP_NS) {
		p->jumps++;
		p->jump_most_ns = jump > p->jump_most_ns ? jump : p->jump_most_ns;
	}
}

// The time on the switch's clock of a record that does not simply follow the one before.
static __attribute__((noinline)) uint64_t odd_clock_of(struct player *p,
						       const struct capture_record *rec)
{
	if (!rec->stamped)
		return p->now_ns;
	if (!p->begun)
		p->first_ns = rec->ns;
	p->begun = true;
	judge_stamp(p, rec->ns);
	uint64_t ns = rec->ns > p->first_ns ? rec->ns - p->first_ns : 0;
	if (ns > PLAYER_CLOCK_MAX)
		ns = PLAYER_CLOCK_MAX;
	return ns > p->now_ns ? ns : p->now_ns;
}

static inline uint64_t clock_of(struct player *p, const struct capture_record *rec)
{
	uint64_t ns = rec->ns - p->first_ns;
	bool follows = p->begun && rec->stamped && ns - p->now_ns <= JUMP_NS &&
		       ns <= PLAYER_CLOCK_MAX;

	return __builtin_expect(follows, 1) ? ns : odd_clock_of(p, rec);
}

// The frame of a record, where its bytes are. A long one, and one whose bytes are used again, is a
// copy.
static inline struct rte_mbuf *make_frame(struct player *p, const struct capture_record *rec,
					  bool copy)
{
	if (copy || rec->captured > POOL_VIEW_MAX)
		return pool_frame(p->sw->pool, rec->data, rec->captured);
	struct rte_mbuf *m = p->spare[--p->spares];
	pool_set_view(m, rec->data, rec->captured, CAPTURE_HEADROOM);
	return m;
}

static inline bool add_frame(struct player *p, unsigned port, const struct capture_record *rec,
			     uint64_t ns, bool copy)
{
	struct rte_mbuf *m = make_frame(p, rec, copy);

	if (!m)
		return complain("no packet buffer left for a frame of %" PRIu32 " bytes",
				rec->captured);
	*RTE_MBUF_DYNFIELD(m, p->stamp, uint64_t *) = rec->ns;
	if (rec->captured < rec->length)
		counter_add(&p->fwd->counters[port].truncated, 1);
	p->now_ns = ns;
	p->when[p->count] = ns;
	p->port[p->count] = (uint8_t)port;
	p->frame[p->count++] = m;
	return true;
}

// Adds a frame as it was on the wire.
static inline bool add_wire_frame(struct player *p, unsigned port, const struct capture_record *rec,
				  bool copy)
{
	uint64_t ns = clock_of(p, rec);
	uint32_t buffers = rec->captured / RTE_MBUF_DEFAULT_DATAROOM + 1;

	if (ns >= p->burst_end_ns || p->count == p->burst || p->buffers + buffers > p->buffers_max)
		forward_pending(p);
	if (ns >= p->burst_end_ns)
		advance_clock(p, ns);
	p->buffers += buffers;
	if (!add_frame(p, port, rec, ns, copy))
		return false;
	if (p->on_frame) {
		forward_pending(p);
		p->on_frame(p->arg, port, rec);
	}
	return true;
}

// Adds a frame that may be a segment.
static __attribute__((noinline)) bool add_long_frame(struct player *p, unsigned port,
						     const struct capture_record *rec)
{
	struct capture_record frame;

	if (!offload_begin(&p->offload, rec, p->mtu[port])) {
		p->doubtful += !p->mtu[port] && offload_is_possible(&p->offload, rec);
		return add_wire_frame(p, port, rec, p->on_frame);
	}
	p->segments++;
	while (offload_next(&p->offload, &frame))
		if (!add_wire_frame(p, port, &frame, true))
			return false;
	return offload_is_whole(&p->offload) ||
	       complain("no packet buffer left for a segment of %" PRIu32 " bytes", rec->captured);
}

static bool add_record(struct player *p, unsigned port, const struct capture_record *rec)
{
	return rec->captured <= p->usual_max[port] ? add_wire_frame(p, port, rec, p->on_frame)
						   : add_long_frame(p, port, rec);
}

bool player_forward(struct player *p, const struct input_frame *frame, unsigned n)
{
	if (p->spares < n) {
		if (rte_pktmbuf_alloc_bulk(p->views, p->spare + p->spares, n - p->spares))
			return complain("no packet buffers left");
		p->spares = n;
	}
	for (unsigned i = 0; i < n; i++)
		if (!add_record(p, p->number[frame[i].port], frame[i].rec))
			return false;
	forward_pending(p); // their records are not valid for longer
	return true;
}

void player_finish(struct player *p, uint64_t until_ns)
{
	if (until_ns > p->now_ns)
		advance_clock(p, until_ns);
	events_collect_violations(p->sw, p->sw->ports);
}

// Sends a frame of the switch itself, with the time of the clock as its stamp.
static bool send_own(void *arg, const struct own_frame *own)
{
	struct player *p = arg;

	*RTE_MBUF_DYNFIELD(own->m, p->stamp, uint64_t *) = p->first_ns + p->now_ns;
	p->own = true;
	forward_own(p->fwd, own);
	txbatch_drain(&p->fwd->tx);
	p->own = false;
	return true;
}

bool player_init(struct player *p, struct vswitch *sw, unsigned burst)
{
	static const struct rte_mbuf_dynfield field = {.name = "nestswitch_capture_time",
						       .size = sizeof(uint64_t),
						       .align = __alignof__(uint64_t)};

	unsigned port;

	p->sw = sw;
	p->burst = burst;
	for (unsigned i = 0; i < sw->config->port_count; i++)
		p->number[i] = (uint8_t)switch_port(sw, sw->config->port[i].name);
	p->buffers_max = sw->pool->size / POOL_SHARE;
	PORTSET_FOREACH(port, sw->ports) {
		uint32_t mtu = switch_port_config(sw, port)->mtu;
		p->mtu[port] = mtu;
		p->usual_max[port] = (mtu ? mtu : MTU_DEFAULT) + FRAME_HEADER;
	}
	p->offload.pool = sw->pool;
	p->stamp = rte_mbuf_dynfield_register(&field);
	if (p->stamp < 0)
		return complain("packet buffers have no room for timestamps");
	p->views = pool_create_views(BURST_MAX + INPUTS_READ_MAX);
	if (!p->views)
		return complain("no memory for packet buffers");
	p->fwd = &sw->worker[0]->forwarder;
	sw->send_own = send_own;
	sw->own_arg = p;
	p->recovery_ns = UINT64_MAX;
	forwarder_set_clock(p->fwd, 0);
	p->sweep_tick = sweep(sw);
	note_end_of_burst(p);
	return true;
}

void player_clear(struct player *p)
{
	rte_pktmbuf_free_bulk(p->frame, p->count);
	rte_pktmbuf_free_bulk(p->spare, p->spares);
	rte_mempool_free(p->views);
	*p = (struct player){0};
}

static void tell_strange_drops(const struct player *p, unsigned port)
{
	struct counters c = {0};

	counters_read(&p->fwd->counters[port], &c);
	uint64_t flaps = c.outcome[OUT_MAC_FLAP], strange = c.outcome[OUT_SAME_PORT] + flaps;
	char advice[160] = "";
	if (strange <= c.rx_packets / STRANGE_SHARE)
		return;
	if (flaps > strange / 2)
		snprintf(
			advice, sizeof advice,
			"; %" PRIu64
			" as mac_flap: if their MACs are meant to be on two ports, set mac-move-limit 0",
			flaps);
	complain(
		"warning: port '%s': %" PRIu64 " of %" PRIu64
		" frames were dropped as same_port or mac_flap (is this a capture of more than one port?)%s",
		p->sw->port[port].name, strange, c.rx_packets, advice);
}

void player_conclude(const struct player *p)
{
	unsigned port;

	if (p->late)
		complain("warning: frames stamped before the clock: %" PRIu64
			 ", the largest step back is %.6f s (the clock never goes back)",
			 p->late, (double)p->late_most_ns / 1e9);
	if (p->jumps)
		complain("warning: steps forward of more than an hour: %" PRIu64
			 ", the largest is %.6f s",
			 p->jumps, (double)p->jump_most_ns / 1e9);
	if (p->segments)
		complain("warning: large segments: %" PRIu64
			 " (each was forwarded as the frames that it becomes on a wire)",
			 p->segments);
	if (p->doubtful)
		complain("warning: TCP frames that are jumbo frames or large segments: %" PRIu64
			 " (if they are segments, set mtu: %d on their ports)",
			 p->doubtful, MTU_DEFAULT);
	PORTSET_FOREACH(port, p->sw->ports)
		tell_strange_drops(p, port);
}
