// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/txbatch.h"

#include "dataplane/portset.h"
#include "dataplane/segment.h"
#include "dataplane/vhost.h"
#include "dataplane/vxlan.h"

enum { CUT_BURST = 32 }; // frames of a segment that are made at a time

_Static_assert((int)SNIFF_BURST_MAX >= (int)BURST_MAX, "a batch can be shown to sniffers");

static void show_refused(struct txbatch *b, struct sniffer *sniffers, unsigned port,
			 enum tx_drop why, struct rte_mbuf **frames, unsigned n)
{
	struct sniff_what what = {.ns = *b->now_ns,
				  .way = SNIFF_REFUSED,
				  .port = (uint8_t)port,
				  .reason = (uint8_t)why};

	sniff_frames(sniffers, &what, frames, n);
}

void txbatch_refuse(struct txbatch *b, portset to, enum tx_drop why, struct rte_mbuf *m)
{
	struct sniffer *sniffers = sniff_first(&b->sniffers);
	unsigned port;

	PORTSET_FOREACH(port, to) {
		counter_add(&b->counters[port].tx_drop[why], segment_frames(m));
		if (sniffers)
			show_refused(b, sniffers, port, why, &m, 1);
	}
}

// Adds n references to a frame. Each segment of a chain needs them, because a chain is freed
// segment by segment.
static void add_references(struct rte_mbuf *m, int n)
{
	for (; m; m = m->next)
		rte_mbuf_refcnt_update(m, (int16_t)n);
}

static struct amount amount_of(const struct txbatch *b, struct rte_mbuf **frames, unsigned n)
{
	struct amount sum = {.frames = n};

	for (unsigned i = 0; i < n; i++)
		sum.bytes += rte_pktmbuf_pkt_len(frames[i]);
	if (__builtin_expect(!b->marked, 1))
		return sum;
	sum = (struct amount){0};
	for (unsigned i = 0; i < n; i++) {
		sum.frames += segment_frames(frames[i]);
		sum.bytes += segment_bytes(frames[i]);
	}
	return sum;
}

// Whether a frame is longer than the longest frame that a port sends, not counting a tag.
static bool is_too_long(const struct rte_mbuf *m, uint32_t longest)
{
	if (rte_pktmbuf_pkt_len(m) <= longest)
		return false;
	bool tagged = frame_be16(rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_ADDRESSES)) ==
		      TPID_8021Q;
	return segment_longest(m) > longest + (tagged ? FRAME_TAG : 0);
}

static bool has_longer(struct rte_mbuf *const *frames, uint16_t n, uint32_t longest)
{
	for (uint16_t i = 0; i < n; i++)
		if (rte_pktmbuf_pkt_len(frames[i]) > longest)
			return true;
	return false;
}

// Drops those of n frames that are too long for the port. Returns the number of those left.
static __attribute__((noinline)) uint16_t drop_long(struct txbatch *b, unsigned port,
						    struct rte_mbuf **frames, uint16_t n,
						    uint32_t longest)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (is_too_long(frames[i], longest)) {
			txbatch_refuse(b, portset_of(port), TX_TOO_LONG, frames[i]);
			rte_pktmbuf_free(frames[i]);
		} else {
			frames[kept++] = frames[i];
		}
	}
	return kept;
}

static bool is_tunnel(const struct txbatch *b, unsigned port)
{
	return __builtin_expect(b->vxlan != NULL, 0) && portset_has(b->vxlan->tunnels, port);
}

// Makes the caller the only user of a frame that has room for the header of a tunnel. NULL: there
// is no buffer for that; the frame is still the caller's.
static struct rte_mbuf *own_frame(struct txbatch *b, struct rte_mbuf *m)
{
	bool own = txbatch_is_own(m, VXLAN_HEADER - FRAME_TAG);
	struct rte_mbuf *copy = own ? m : rte_pktmbuf_copy(m, b->pool, 0, UINT32_MAX);

	if (copy && !own)
		rte_pktmbuf_free(m);
	return copy;
}

// Drops those of n frames that a tunnel cannot take. Returns the number of those left, each of
// which has the header's room for itself.
static __attribute__((noinline)) uint16_t prepare_tunnel(struct txbatch *b, unsigned port,
							 struct rte_mbuf **frames, uint16_t n)
{
	bool resolved = portset_has(b->vxlan->resolved, port) &&
			b->vxlan->underlay != VXLAN_NOWHERE;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		enum tx_drop why = !resolved                        ? TX_NO_ROUTE
				   : vxlan_has_inner_tag(frames[i]) ? TX_VLAN_FILTERED
								    : TX_QUEUE_FULL;
		struct rte_mbuf *own = why == TX_QUEUE_FULL ? own_frame(b, frames[i]) : NULL;
		if (own) {
			frames[kept++] = own;
		} else {
			txbatch_refuse(b, portset_of(port), why, frames[i]);
			rte_pktmbuf_free(frames[i]);
		}
	}
	return kept;
}

// Puts prepared frames into packets, which wait for the underlay.
static __attribute__((noinline)) void send_tunnel(struct txbatch *b, unsigned port,
						  struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		vxlan_encapsulate(b->vxlan, port, frames[i]);
		txbatch_push_any(b, b->vxlan->underlay, frames[i]);
	}
}

// Sends frames out of a port. Returns the number of the first ones that are gone.
static uint16_t send_out(struct txbatch *b, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	if (!is_tunnel(b, port))
		return b->send(b->arg, port, frames, n);
	send_tunnel(b, port, frames, n);
	return n;
}

// Sends frames that sniffers may want. Sniffers see them before, because sent frames are gone.
static __attribute__((noinline)) uint16_t send_shown(struct txbatch *b, unsigned port,
						     struct rte_mbuf **frames, uint16_t n,
						     struct sniffer *sniffers)
{
	struct sniff_what sent = {.ns = *b->now_ns, .way = SNIFF_TX, .port = (uint8_t)port};

	sniff_offer(sniffers, &sent, frames, n);
	uint16_t taken = send_out(b, port, frames, n);
	sniff_commit(sniffers, &sent, taken);
	show_refused(b, sniffers, port, TX_QUEUE_FULL, frames + taken, n - taken);
	return taken;
}

// Sends n frames through the device of a port, and counts them.
static void send_frames(struct txbatch *b, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct counter_block *c = &b->counters[port];
	uint32_t longest = atomic_load_explicit(&b->runtime[port].longest, memory_order_relaxed);

	if (longest && has_longer(frames, n, longest))
		n = drop_long(b, port, frames, n, longest);
	if (is_tunnel(b, port))
		n = prepare_tunnel(b, port, frames, n);
	struct amount amount = amount_of(b, frames, n); // before the frames are gone
	struct sniffer *sniffers = sniff_first(&b->sniffers);
	uint16_t sent = __builtin_expect(!sniffers, 1) ? send_out(b, port, frames, n)
						       : send_shown(b, port, frames, n, sniffers);

	if (sent < n) {
		struct amount left = amount_of(b, frames + sent, n - sent);
		amount.frames -= left.frames;
		amount.bytes -= left.bytes;
		counter_add(&c->tx_drop[TX_QUEUE_FULL], left.frames);
		rte_pktmbuf_free_bulk(frames + sent, n - sent);
	}
	counter_add(&c->tx_packets, amount.frames);
	counter_add(&c->tx_bytes, amount.bytes);
}

// Gives each frame of a segment to a function. Frames for which there are no buffers are counted as
// not sent.
static void cut_segment(struct txbatch *b, unsigned port, const struct rte_mbuf *m,
			void (*take)(void *arg, struct rte_mbuf **frames, unsigned n), void *arg)
{
	struct rte_mbuf *frames[CUT_BURST];
	struct segmenter s;
	unsigned n;

	segmenter_init(&s, m);
	while (s.left && (n = segmenter_cut(&s, b->pool, frames, CUT_BURST)))
		take(arg, frames, n);
	counter_add(&b->counters[port].tx_drop[TX_QUEUE_FULL], s.left);
}

// Frames on their way to the device of a port.
struct outlet {
	struct txbatch *b;
	unsigned port;
	uint16_t n;
	struct rte_mbuf *frame[BURST_MAX];
};

static void outlet_empty(struct outlet *o)
{
	send_frames(o->b, o->port, o->frame, o->n);
	o->n = 0;
}

static void outlet_take(void *outlet, struct rte_mbuf **frames, unsigned n)
{
	struct outlet *o = outlet;

	for (unsigned i = 0; i < n; i++) {
		if (o->n == BURST_MAX)
			outlet_empty(o);
		o->frame[o->n++] = frames[i];
	}
}

// The marked frames that a port takes.
static unsigned taken_marks(const struct txbatch *b, unsigned port)
{
	if (!atomic_load_explicit(&b->runtime[port].takes_segments, memory_order_relaxed) ||
	    sniff_first(&b->sniffers))
		return 0;
	return b->takes ? b->takes(b->arg, port) : SEGMENT_ANY;
}

// Whether a port that takes these marks takes a frame as it is.
static bool is_taken(const struct rte_mbuf *m, unsigned takes)
{
	if (!(m->ol_flags & SEGMENT_MARKS))
		return true;
	return takes == SEGMENT_ANY ? !segment_is_tunnel(m) : vhost_takes(m, takes);
}

// Sends the batch of a port. Its frames may be marked: they are brought into the form that the
// device takes.
static __attribute__((noinline)) void drain_marked(struct txbatch *b, unsigned port)
{
	unsigned takes = taken_marks(b, port);
	struct outlet o;

	o.b = b;
	o.port = port;
	o.n = 0;
	for (size_t i = 0; i < b->count[port]; i++) {
		struct rte_mbuf *m = b->frame[port][i];
		bool whole = is_taken(m, takes);
		if (segment_is(m) && !whole) {
			cut_segment(b, port, m, outlet_take, &o);
			rte_pktmbuf_free(m);
			continue;
		}
		if (!whole)
			segment_finish(m);
		outlet_take(&o, &m, 1);
	}
	outlet_empty(&o);
}

void txbatch_drain_port(struct txbatch *b, unsigned port)
{
	if (__builtin_expect(b->marked, 0))
		drain_marked(b, port);
	else
		send_frames(b, port, b->frame[port], (uint16_t)b->count[port]);
	b->count[port] = 0;
}

void txbatch_drain(struct txbatch *b)
{
	unsigned port;

	// Nothing pending: the configuration of the last burst may be gone.
	portset tunnels = b->pending && __builtin_expect(b->vxlan != NULL, 0) ? b->vxlan->tunnels
									      : 0;

	PORTSET_FOREACH(port, b->pending & tunnels)
		txbatch_drain_port(b, port); // their packets join the batch of the underlay
	PORTSET_FOREACH(port, b->pending & ~tunnels)
		txbatch_drain_port(b, port);
	b->pending = 0;
	b->marked = false;
}

// Whether the egress rate of a port has room for a frame. If not, counts the frame.
static bool within_egress_rate(struct txbatch *b, unsigned port, struct rte_mbuf *m,
			       const struct egress *e)
{
	if (txbatch_within_rate(b, e->conf, port, m, e->ns))
		return true;
	txbatch_refuse(b, portset_of(port), TX_RATE_LIMIT, m);
	return false;
}

// Gives m to destinations of mirrors by reference.
static void give_to_mirrors(struct txbatch *b, struct rte_mbuf *m, portset to,
			    const struct egress *e)
{
	unsigned port;

	PORTSET_FOREACH(port, to & e->up) {
		if (!within_egress_rate(b, port, m, e))
			continue;
		if (b->count[port] == BURST_MAX)
			txbatch_drain_port(b, port);
		add_references(m, 1);
		txbatch_push(b, port, m);
	}
}

void txbatch_mirror(struct txbatch *b, struct rte_mbuf *m, portset to, const struct egress *e)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, b->pool, 0, UINT32_MAX);

	if (copy)
		give_to_mirrors(b, copy, to, e);
	else
		txbatch_refuse(b, to & e->up, TX_QUEUE_FULL, m);
	rte_pktmbuf_free(copy);
}

// Delivers to a port that is blocked, metered or mirrored. Takes one reference.
static void deliver_checked(struct txbatch *b, unsigned port, struct rte_mbuf *m,
			    const struct egress *e)
{
	if (portset_has(e->conf->blocked, port)) {
		txbatch_refuse(b, portset_of(port), TX_MAC_CHANGED, m);
		rte_pktmbuf_free(m);
	} else if (!within_egress_rate(b, port, m, e)) {
		rte_pktmbuf_free(m);
	} else {
		if (b->count[port] == BURST_MAX) // only the frames of segments can be so many
			txbatch_drain_port(b, port);
		txbatch_push(b, port, m);
		give_to_mirrors(b, m, e->conf->port[port].mirror_tx, e);
	}
}

// Where the frames of a segment are delivered.
struct delivery {
	struct txbatch *b;
	unsigned port;
	const struct egress *e;
};

static void deliver_frames(void *delivery, struct rte_mbuf **frames, unsigned n)
{
	const struct delivery *d = delivery;

	for (unsigned i = 0; i < n; i++)
		deliver_checked(d->b, d->port, frames[i], d->e);
}

// Delivers to a port as deliver_checked() does, but the frames of a segment one by one.
static void deliver_pieces(struct txbatch *b, unsigned port, struct rte_mbuf *m,
			   const struct egress *e)
{
	if (!segment_is(m)) {
		deliver_checked(b, port, m, e);
		return;
	}
	cut_segment(b, port, m, deliver_frames, &(struct delivery){b, port, e});
	rte_pktmbuf_free(m);
}

// Returns the frame with or without a tag, with a reference for each port of a set. NULL if the set
// is empty or there is no room for a tag.
static struct rte_mbuf *make_form(struct txbatch *b, struct rte_mbuf *m, portset to, bool want_tag,
				  const struct egress *e)
{
	if (!to || !m)
		return NULL;
	if (txbatch_shape(m, want_tag, e->form, e->tci)) {
		add_references(m, __builtin_popcountll(to) - 1);
		return m;
	}
	txbatch_refuse(b, to, TX_QUEUE_FULL, m);
	rte_pktmbuf_free(m);
	return NULL;
}

void txbatch_give(struct txbatch *b, struct rte_mbuf *m, portset to, const struct egress *e)
{
	portset plain_ports = to & e->untagged, tagged_ports = to & ~e->untagged;
	bool both = plain_ports && tagged_ports;
	unsigned port;

	if (!to) {
		rte_pktmbuf_free(m);
		return;
	}
	struct rte_mbuf *second = both ? rte_pktmbuf_copy(m, b->pool, 0, UINT32_MAX) : m;
	if (!second)
		txbatch_refuse(b, tagged_ports, TX_QUEUE_FULL, m);
	struct rte_mbuf *plain = make_form(b, m, plain_ports, false, e);
	struct rte_mbuf *tagged = make_form(b, second, tagged_ports, true, e);
	PORTSET_FOREACH(port, to) {
		struct rte_mbuf *form = portset_has(plain_ports, port) ? plain : tagged;
		if (!form)
			continue;
		if (portset_has(e->conf->careful, port))
			deliver_pieces(b, port, form, e);
		else
			txbatch_push(b, port, form);
	}
}
