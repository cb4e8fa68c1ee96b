// SPDX-License-Identifier: BSD-3-Clause
// txbatch: frames on their way out, waiting in a batch for each egress port until their burst is over.
//
// Model     The set of ports is decided before this module is asked; it gives each port the frame in the form that its
//           VLAN mode wants (tagged or not). Ports that want the same form share one mbuf by reference; a second form
//           is one copy, however many ports want it.
// Threads   One struct per worker, used by it alone.
// Ownership A frame handed in belongs to this module, then to the sender; what could not be sent is freed and counted.
// Limits    A burst gives a port each of its frames at most once, so a batch never overflows.
#pragma once

#include <rte_mbuf.h>

#include "counters.h"
#include "portconf.h"

enum { BURST_MAX = 256 };

struct txbatch {
	struct rte_mempool *pool;       // for copies
	struct counter_block *counters; // [PORTS_MAX]
	portset pending;                // ports whose batch is not empty
	uint16_t count[PORTS_MAX];
	struct rte_mbuf *frame[PORTS_MAX][BURST_MAX];
};

// What the tag of a frame is now and should become.
struct txtag {
	portset untagged; // ports that want none
	uint16_t tci;     // for the others
	bool tagged;      // the frame has one now
	bool same;        // its own is right as it is
};

static inline void txbatch_push(struct txbatch *b, unsigned port, struct rte_mbuf *m)
{
	b->frame[port][b->count[port]++] = m;
	b->pending |= portset_of(port);
}

// Gives frame m to every port of a set (none: it is freed), but counts mac_changed for those in `blocked`.
void txbatch_flood(struct txbatch *b, struct rte_mbuf *m, portset to, portset blocked, const struct txtag *tag);

// The same for the usual case, one port.
static inline void txbatch_send(struct txbatch *b, struct rte_mbuf *m, portset to, portset blocked,
				const struct txtag *tag)
{
	bool keeps = tag->untagged & to ? !tag->tagged : tag->same;

	if (__builtin_expect(keeps && !(to & (to - 1)) && to & ~blocked, 1))
		txbatch_push(b, portset_first(to), m);
	else
		txbatch_flood(b, m, to, blocked, tag);
}

// Sends frames[0 .. n) out of a port; takes those that it returns the number of, the first ones.
typedef uint16_t (*txbatch_send_fn)(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n);

// Empties all batches through send(), counts what went and what did not.
void txbatch_drain(struct txbatch *b, txbatch_send_fn send, void *arg);
