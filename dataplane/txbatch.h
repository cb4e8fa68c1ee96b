// SPDX-License-Identifier: BSD-3-Clause
// txbatch: collects outgoing frames in a batch for each egress port until their burst is over.
//
// Model     The caller decides the set of ports. This module gives each port the frame with or
//           without a tag, as its VLAN mode requires. It refuses the frame if the port's MAC was
//           changed or its rate is used up. It mirrors delivered frames. Ports that need the same
//           form share one mbuf by reference. The second form is a single copy, whatever the number
//           of ports. A segment (segment.h) stays whole for a port that takes segments, unless its
//           frames matter one by one there: to a rate, a mirror or a sniffer.
// Threads   Each worker has one struct and is its only user. The meters are shared.
// Tunnels   A frame for a tunnel is shown, counted and limited there like one for any other port.
//           txbatch_drain() then puts it into a packet, which joins the batch of the underlay.
//           The caller may do all this at once for frames that need no more than that.
// Ownership A frame passed in belongs to this module, then to the sender. A frame that cannot be
//           sent is freed and counted.
// Limits    A port gets each frame of a burst at most once, therefore its batch never overflows.
//           The batch of a mirror's destination is sent when it is full.
#pragma once

#include <rte_mbuf.h>

#include "dataplane/audit.h"
#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/meter.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "dataplane/violation.h"
#include "dataplane/vxlan.h"

enum { BURST_MAX = 256 };

// The state of a port that changes while frames flow, shared by all workers.
struct port_runtime {
	struct storm storm[STORM_CLASSES];
	struct meter ingress, egress;
	struct violations violations;
	struct audit audit;
	_Atomic uint64_t disabled_ns; // err-disabled since then, and 1 more; 0: it is not
	_Atomic uint32_t longest;     // longest frame that is sent, not counting a tag; 0: any
	_Atomic bool takes_segments;  // and packets without checksum, both ways, if its device does
} __attribute__((aligned(64)));

// Sends frames[0 .. n) out of a port. Takes the first frames and returns their number.
typedef uint16_t (*txbatch_send_fn)(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n);

// The marked frames, SEGMENT_… of segment.h, that the device of a port takes at the moment.
typedef unsigned (*txbatch_takes_fn)(void *arg, unsigned port);

struct txbatch {
	struct rte_mempool *pool;       // for copies
	struct counter_block *counters; // [PORTS_MAX]
	struct port_runtime *runtime;   // [PORTS_MAX]
	txbatch_send_fn send;
	txbatch_takes_fn takes; // NULL: SEGMENT_ANY
	void *arg;
	portset pending;            // ports whose batch is not empty
	const struct vxlan *vxlan;  // of the configuration of the burst; NULL: there are no tunnels
	struct sniff_list sniffers; // forward.c uses them as well
	const uint64_t *now_ns;     // the worker's time
	bool marked;                // frames may have marks of segment.h; until the next drain
	size_t count[PORTS_MAX];
	struct rte_mbuf *frame[PORTS_MAX][BURST_MAX];
};

// How a frame is sent.
struct egress {
	const struct swconf *conf;
	uint64_t ns;
	portset up;
	portset untagged; // ports that send the frame without a tag
	uint16_t tci;     // of the tag for the other ports
	uint16_t form;    // enum tag_form of the frame now
};

// Puts a frame into the batch of a port, which the caller adds to `pending`.
static inline void txbatch_put(struct txbatch *b, unsigned port, struct rte_mbuf *m)
{
	b->frame[port][b->count[port]++] = m;
}

static inline void txbatch_push(struct txbatch *b, unsigned port, struct rte_mbuf *m)
{
	txbatch_put(b, port, m);
	b->pending |= portset_of(port);
}

// Counts a frame as not delivered to the ports of a set.
void txbatch_refuse(struct txbatch *b, portset to, enum tx_drop why, struct rte_mbuf *m);

// Whether the egress rate of a port has room for one more frame.
static inline bool txbatch_within_rate(struct txbatch *b, const struct swconf *conf, unsigned port,
				       const struct rte_mbuf *m, uint64_t ns)
{
	const struct meter_conf *c = &conf->port[port].egress;

	return !c->rate_kbps ||
	       meter_admits(&b->runtime[port].egress, c, rte_pktmbuf_pkt_len(m), ns);
}

// Adds, changes or removes the tag of a frame of this form. False if there is no room for a tag.
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

// Gives frame m to every port of a set, or frees it if the set is empty.
void txbatch_give(struct txbatch *b, struct rte_mbuf *m, portset to, const struct egress *e);

// Gives an unchanged copy of frame m to the destinations of mirrors that are up.
void txbatch_mirror(struct txbatch *b, struct rte_mbuf *m, portset to, const struct egress *e);

// The tunnels that may take frames at once: those with a next hop, while nobody looks.
static inline portset txbatch_open_tunnels(struct txbatch *b)
{
	const struct vxlan *x = b->vxlan;
	bool open = __builtin_expect(x != NULL, 0) && x->underlay != VXLAN_NOWHERE && !b->marked &&
		    !sniff_first(&b->sniffers);

	return open ? x->tunnels & x->resolved : 0;
}

// Whether a frame has one user, and room for so many bytes before it.
static inline bool txbatch_is_own(const struct rte_mbuf *m, unsigned room)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) && m->data_off >= room;
}

// Whether such a tunnel takes this frame at once, for vxlan_wrap(): no frames come before it, there
// is room for it, and it needs no closer look.
static inline bool txbatch_tunnel_takes(const struct txbatch *b, unsigned port,
					const struct rte_mbuf *m)
{
	uint32_t longest = atomic_load_explicit(&b->runtime[port].longest, memory_order_relaxed);

	return !b->count[port] && b->count[b->vxlan->underlay] < BURST_MAX &&
	       rte_pktmbuf_pkt_len(m) <= longest && txbatch_is_own(m, VXLAN_HEADER);
}

// Sends the batch of a port.
void txbatch_drain_port(struct txbatch *b, unsigned port);

// Pushes a frame to a port that any number of frames of a burst can go to.
static inline void txbatch_push_any(struct txbatch *b, unsigned port, struct rte_mbuf *m)
{
	if (__builtin_expect(b->count[port] == BURST_MAX, 0))
		txbatch_drain_port(b, port);
	txbatch_push(b, port, m);
}

// Sends all batches through send(), and counts the frames that were sent and those that were not.
void txbatch_drain(struct txbatch *b);
