// SPDX-License-Identifier: BSD-3-Clause
// forward: the only forwarding path. It turns a burst that was received on a port into batches for
// the egress ports.
//
// Model     Replay, live workers, benchmarks and fuzzers call forward_burst(); only their source
//           and their sender differ. A burst is handled in two passes, of which the first is some
//           frames ahead. The first pass reads and admits a frame and prefetches the table's lines
//           for its addresses. The second pass decides each frame in order of arrival, so that a
//           frame can use what the switch learned from the frame before. The result is the same as
//           for one frame at a time.
// Threads   Each worker has a struct forwarder. All workers share a struct forwarding. Control
//           replaces the configuration, the set of ports that are up changes at any time, and the
//           table is thread-safe.
// Ownership The frames of a burst belong to forward_burst(). Frames that are not dropped wait in
//           the batches for txbatch_drain().
// Time      Nanoseconds of the switch's clock, which never goes back. The caller sets it before a
//           burst with forwarder_set_clock(), or passes a time for each frame.
#pragma once

#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/lastdrop.h"
#include "dataplane/lease.h"
#include "dataplane/mdb.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/remote.h"
#include "dataplane/txbatch.h"

struct forwarding {
	_Atomic(const struct swconf *) conf; // control writes
	_Atomic portset up;           // control writes: ports that are enabled and have a link
	_Atomic portset err_disabled; // workers set after a violation, control clears
	struct fdb *fdb;
	struct mdb *mdb;
	struct leases *leases;
	struct remotes *remotes; // NULL: there are no other machines
	struct port_runtime port[PORTS_MAX];
};

struct forwarder {
	struct forwarding *shared;
	uint64_t now_ns;
	uint64_t next_tick_ns; // end of now.tick
	struct fdb_now now;
	struct event_ring events;
	struct txbatch tx;
	struct tally tally;    // of the current burst; empty between bursts
	struct amount as_wire; // of a burst that is one segment; frames 0: of another burst
	struct counter_block counters[PORTS_MAX];
	struct lastdrop_slot last_drop[PORTS_MAX];
};

// The length of a tick of the table's clock.
#define FORWARD_TICK_NS (UINT64_C(1000000000) / FDB_TICKS_PER_S)

// The tick at time 0. It is greater than any aging time, so that a switch that starts can know MACs
// that were seen before.
enum { FORWARD_TICK_FIRST = 1 << 22 };

// Converts a time of the switch's clock to ticks of the table's clock, and a tick to the time when
// it begins.
uint32_t forward_tick(uint64_t ns);
uint64_t forward_tick_begin(uint32_t tick);

// Initializes a forwarder in zeroed, cache-line aligned memory. It takes buffers for copies from
// pool and puts events into ring. The caller also sets tx.send and tx.arg.
void forwarder_init(struct forwarder *w, struct forwarding *shared, struct rte_mempool *pool,
		    struct rte_ring *ring);

void forwarder_set_clock(struct forwarder *w, uint64_t ns);

// Forwards n (at most BURST_MAX) frames received on a port. `when` has the time of each frame; NULL
// means that all frames have the time of the clock.
void forward_burst(struct forwarder *w, unsigned port, struct rte_mbuf **frames,
		   const uint64_t *when, unsigned n);

// A frame of the switch itself, without a tag.
struct own_frame {
	struct rte_mbuf *m;
	portset to; // of these ports, it goes to those that are up and in its VLAN
	uint32_t vid;
	uint32_t unused;
};

// Gives a frame of the switch itself to its ports. No port has received it. BURST_MAX of them are
// the most before txbatch_drain().
void forward_own(struct forwarder *w, const struct own_frame *own);

// Forwards n (at most BURST_MAX) frames that may have the marks of segment.h. A segment is cut
// first if its frames matter one by one here, to a rate, a storm limit, a mirror or a sniffer, or
// if the port takes no segments. Batches that could overflow are drained.
void forward_segments(struct forwarder *w, unsigned port, struct rte_mbuf **frames, unsigned n);
