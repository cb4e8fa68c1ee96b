// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/player.h"

#include <inttypes.h>

#include "control/common/complain.h"
#include "control/config/config.h"
#include "control/pcap/record.h"
#include "control/switch/events.h"
#include "control/switch/leases.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/snooping.h"
#include "dataplane/counters.h"
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

static void forward_pending(struct player *p)
{
	if (!p->count)
		return;
	forward_burst(p->fwd, p->port, p->frame, p->when, p->count);
	txbatch_drain(&p->fwd->tx);
	events_drain(p->sw);
	p->recovery_ns = links_recover(p->sw);
	note_expiry(p);
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

// A record's time on the switch's clock.
static uint64_t clock_of(struct player *p, const struct capture_record *rec)
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

// Takes buffers in bulk, which is faster.
static struct rte_mbuf *take_buffer(struct player *p)
{
	if (!p->spares && !rte_pktmbuf_alloc_bulk(p->sw->pool, p->spare, PLAYER_SPARES))
		p->spares = PLAYER_SPARES;
	return p->spares ? p->spare[--p->spares] : rte_pktmbuf_alloc(p->sw->pool);
}

static bool add_frame(struct player *p, const struct capture_record *rec, uint64_t ns)
{
	struct rte_mbuf *m = pool_fill(p->sw->pool, take_buffer(p), rec->data, rec->captured);

	if (!m)
		return complain("no packet buffer left for a frame of %" PRIu32 " bytes",
				rec->captured);
	*RTE_MBUF_DYNFIELD(m, p->stamp, uint64_t *) = rec->ns;
	if (rec->captured < rec->length)
		counter_add(&p->fwd->counters[p->port].truncated, 1);
	p->now_ns = ns;
	p->sw->replay_ns = ns;
	p->when[p->count] = ns;
	p->frame[p->count++] = m;
	p->frames++;
	return true;
}

// Adds a frame as it was on the wire.
static bool add_wire_frame(struct player *p, unsigned port, const struct capture_record *rec)
{
	uint64_t ns = clock_of(p, rec);

	// Ageing and recovery happen between bursts.
	bool due = forward_tick(ns) != forward_tick(p->now_ns) || ns >= p->recovery_ns;
	uint32_t buffers = rec->captured / RTE_MBUF_DEFAULT_DATAROOM + 1;
	if (due || p->port != port || p->count == p->burst ||
	    p->buffers + buffers > p->sw->pool->size / POOL_SHARE)
		forward_pending(p);
	if (due)
		advance_clock(p, ns);
	p->port = port;
	p->buffers += buffers;
	if (!add_frame(p, rec, ns))
		return false;
	if (p->on_frame) {
		forward_pending(p);
		p->on_frame(p->arg, port, rec);
	}
	return true;
}

bool player_add(struct player *p, unsigned port, const struct capture_record *rec)
{
	struct capture_record frame;

	if (!offload_begin(&p->offload, rec, p->mtu[port])) {
		p->doubtful += !p->mtu[port] && offload_is_possible(&p->offload, rec);
		return add_wire_frame(p, port, rec);
	}
	p->segments++;
	while (offload_next(&p->offload, &frame))
		if (!add_wire_frame(p, port, &frame))
			return false;
	return offload_is_whole(&p->offload) ||
	       complain("no packet buffer left for a segment of %" PRIu32 " bytes", rec->captured);
}

void player_finish(struct player *p, uint64_t until_ns)
{
	forward_pending(p);
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
	PORTSET_FOREACH(port, sw->ports)
		p->mtu[port] = switch_port_config(sw, port)->mtu;
	p->offload.pool = sw->pool;
	p->stamp = rte_mbuf_dynfield_register(&field);
	if (p->stamp < 0)
		return complain("packet buffers have no room for timestamps");
	p->fwd = &sw->worker[0]->forwarder;
	sw->send_own = send_own;
	sw->own_arg = p;
	p->recovery_ns = UINT64_MAX;
	forwarder_set_clock(p->fwd, 0);
	p->sweep_tick = sweep(sw);
	return true;
}

void player_clear(struct player *p)
{
	rte_pktmbuf_free_bulk(p->frame, p->count);
	rte_pktmbuf_free_bulk(p->spare, p->spares);
	p->count = p->spares = 0;
}

static void tell_strange_drops(const struct player *p, unsigned port)
{
	struct counters c = {0};

	counters_read(&p->fwd->counters[port], &c);
	uint64_t strange = c.outcome[OUT_SAME_PORT] + c.outcome[OUT_MAC_FLAP];
	if (strange > c.rx_packets / STRANGE_SHARE)
		complain(
			"warning: port '%s': %" PRIu64 " of %" PRIu64
			" frames were dropped as same_port or mac_flap (is this a capture of more than one port?)",
			p->sw->port[port].name, strange, c.rx_packets);
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
