// SPDX-License-Identifier: BSD-3-Clause
// txbatch: frames on their way out, waiting in a batch for each egress port until their burst is
// over.
//
// Model     The set of ports is decided before this module is asked; it gives each port the frame
//           in the form that its VLAN mode wants (tagged or not), unless its MAC was changed or its
//           rate is used up, and mirrors what was given. Ports that want the same form share one
//           mbuf by reference; a second form is one copy, however many ports want it.
// Threads   One struct per worker, used by it alone; the meters are shared.
// Ownership A frame handed in belongs to this module, then to the sender; what could not be sent is
//           freed and counted.
// Limits    A burst gives a port each of its frames at most once, so its batch never overflows;
//           that of a mirror's destination is sent when it is full.
#pragma once

#include <rte_mbuf.h>

#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/meter.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "dataplane/violation.h"

enum { BURST_MAX = 256 };

// What changes about a port while frames flow, shared by all workers.
struct port_runtime {
	struct storm storm[STORM_CLASSES];
	struct meter ingress, egress;
	struct violations violations;
	_Atomic uint64_t recover_ns; // err-disabled until then; 0: until told
	_Atomic uint32_t longest;    // frame that is sent, without a tag; 0: any
} __attribute__((aligned(64)));

// Sends frames[0 .. n) out of a port; takes those that it returns the number of, the first ones.
typedef uint16_t (*txbatch_send_fn)(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n);

struct txbatch {
	struct rte_mempool *pool;       // for copies
	struct counter_block *counters; // [PORTS_MAX]
	struct port_runtime *runtime;   // [PORTS_MAX]
	txbatch_send_fn send;
	void *arg;
	portset pending;            // ports whose batch is not empty
	struct sniff_list sniffers; // of frames sent and refused, and by forward.c of those
				    // received and dropped
	const uint64_t *now_ns;     // when
	uint16_t count[PORTS_MAX];
	struct rte_mbuf *frame[PORTS_MAX][BURST_MAX];
};

// How a frame goes out.
struct egress {
	const struct swconf *conf;
	uint64_t ns;
	portset up;
	portset untagged; // ports that want no tag
	uint16_t tci;     // for the others
	uint16_t form;    // enum tag_form: what the frame carries now
};

static inline void txbatch_push(struct txbatch *b, unsigned port, struct rte_mbuf *m)
{
	b->frame[port][b->count[port]++] = m;
	b->pending |= portset_of(port);
}

// Counts deliveries of a frame that failed.
void txbatch_refuse(struct txbatch *b, portset to, enum tx_drop why, struct rte_mbuf *m);

// Whether the egress rate of a port has room for one more frame.
static inline bool txbatch_within_rate(struct txbatch *b, const struct swconf *conf, unsigned port,
				       const struct rte_mbuf *m, uint64_t ns)
{
	const struct meter_conf *c = &conf->port[port].egress;

	return !c->rate_kbps ||
	       meter_admits(&b->runtime[port].egress, c, rte_pktmbuf_pkt_len(m), ns);
}

// Gives a frame of this form the wanted tag, or none. False where there is no room for it.
static inline bool txbatch_shape(struct rte_mbuf *m, bool want_tag, enum tag_form form,
				 uint16_t tci)
{
	if (!want_tag && form != FORM_UNTAGGED)
		frame_untag(m);
	else if (want_tag && form == FORM_UNTAGGED)
		return frame_push_tag(m, tci);
	else if (want_tag && form == FORM_PRIORITY)
		frame_set_tag(m, tci);
	return true;
}

// Gives frame m to every port of a set (none: it is freed).
void txbatch_give(struct txbatch *b, struct rte_mbuf *m, portset to, const struct egress *e);

// Gives a copy of frame m, as it is, to the destinations of mirrors that are up.
void txbatch_mirror(struct txbatch *b, struct rte_mbuf *m, portset to, const struct egress *e);

// Empties all batches through send(), counts what went and what did not.
void txbatch_drain(struct txbatch *b);
