// SPDX-License-Identifier: BSD-3-Clause
// forward: the one forwarding path. A burst that was received on a port goes in, batches for the
// egress ports come out.
//
// Model     Replay, live workers, benchmarks and fuzzers call forward_burst(); only what feeds it
//           and what empties the batches differs. A burst is handled in two passes, the first one
//           some frames ahead: it reads and admits a frame and prefetches the table's lines for its
//           addresses; then each is decided, in order of arrival, so that what one frame teaches
//           serves the next one. The result is that of one frame at a time.
// Threads   One struct forwarder per worker. All share a struct forwarding: the configuration is
//           replaced by control, the set of ports that are up changes at any time, the table is
//           safe by itself.
// Ownership The frames of a burst belong to forward_burst(); those not dropped wait in the batches
//           for txbatch_drain().
// Time      Nanoseconds of the switch's clock, which never goes back; forwarder_set_clock() before
//           a burst, or one time for each frame.
#pragma once

#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

struct forwarding {
	_Atomic(const struct swconf *) conf; // control writes
	_Atomic portset up;                  // control writes: enabled and with a link
	_Atomic portset err_disabled;        // a violation sets, control clears
	struct fdb *fdb;
	struct port_runtime port[PORTS_MAX];
};

struct forwarder {
	struct forwarding *shared;
	uint64_t now_ns;
	uint64_t next_tick_ns; // when now.tick ends
	struct fdb_now now;
	struct event_ring events;
	struct txbatch tx;
	struct tally tally; // of the burst that is being handled; empty between bursts
	struct counter_block counters[PORTS_MAX];
};

// Length of a tick of the table's clock.
#define FORWARD_TICK_NS (UINT64_C(1000000000) / FDB_TICKS_PER_S)

// Ticks of the table's clock in a time of the switch's clock.
uint32_t forward_tick(uint64_t ns);

// A forwarder whose copies come from pool and whose news go into ring. Its memory is zeroed,
// cache-line aligned. Who feeds it sets tx.send and tx.arg as well.
void forwarder_init(struct forwarder *w, struct forwarding *shared, struct rte_mempool *pool,
		    struct rte_ring *ring);

void forwarder_set_clock(struct forwarder *w, uint64_t ns);

// Handles n (at most BURST_MAX) frames received on a port. when: the time of each frame; NULL: all
// at the clock's.
void forward_burst(struct forwarder *w, unsigned port, struct rte_mbuf **frames,
		   const uint64_t *when, unsigned n);
