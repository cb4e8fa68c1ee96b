// SPDX-License-Identifier: BSD-3-Clause
#include "txbatch.h"

#include "frame.h"

static void refuse(struct txbatch *b, portset to, enum tx_drop why)
{
	unsigned port;

	PORTSET_FOREACH(port, to)
		counter_add(&b->counters[port].tx_drop[why], 1);
}

// Gives the frame the wanted tag, or none.
static bool shape(struct rte_mbuf *m, bool want_tag, const struct txtag *tag)
{
	if (!want_tag && tag->tagged)
		frame_untag(m);
	else if (want_tag && !tag->tagged)
		return frame_push_tag(m, tag->tci);
	else if (want_tag && !tag->same)
		frame_set_tag(m, tag->tci);
	return true;
}

// Gives m, in one form, to every port of a set that is not empty.
static void emit(struct txbatch *b, struct rte_mbuf *m, portset to, bool want_tag, const struct txtag *tag)
{
	unsigned port;

	if (!shape(m, want_tag, tag)) {
		refuse(b, to, TX_QUEUE_FULL);
		rte_pktmbuf_free(m);
		return;
	}
	// A chain is freed segment by segment, so each segment is counted.
	for (struct rte_mbuf *s = m; s; s = s->next)
		rte_mbuf_refcnt_update(s, (int16_t)(__builtin_popcountll(to) - 1));
	PORTSET_FOREACH(port, to)
		txbatch_push(b, port, m);
}

void txbatch_flood(struct txbatch *b, struct rte_mbuf *m, portset to, portset blocked, const struct txtag *tag)
{
	refuse(b, to & blocked, TX_MAC_CHANGED);
	to &= ~blocked;
	portset plain = to & tag->untagged, tagged = to & ~tag->untagged;

	if (!to) {
		rte_pktmbuf_free(m);
		return;
	}
	if (plain && tagged) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(m, b->pool, 0, UINT32_MAX);
		if (copy)
			emit(b, copy, tagged, true, tag);
		else
			refuse(b, tagged, TX_QUEUE_FULL);
		tagged = 0;
	}
	emit(b, m, plain ? plain : tagged, !plain, tag);
}

static uint64_t bytes_of(struct rte_mbuf **frames, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += rte_pktmbuf_pkt_len(frames[i]);
	return bytes;
}

void txbatch_drain(struct txbatch *b, txbatch_send_fn send, void *arg)
{
	unsigned port;

	PORTSET_FOREACH(port, b->pending) {
		struct rte_mbuf **frames = b->frame[port];
		struct counter_block *c = &b->counters[port];
		uint16_t n = b->count[port];
		uint64_t bytes = bytes_of(frames, n); // before they are gone
		uint16_t sent = send(arg, port, frames, n);

		if (sent < n) {
			bytes -= bytes_of(frames + sent, n - sent);
			counter_add(&c->tx_drop[TX_QUEUE_FULL], n - sent);
			rte_pktmbuf_free_bulk(frames + sent, n - sent);
		}
		counter_add(&c->tx_packets, sent);
		counter_add(&c->tx_bytes, bytes);
		b->count[port] = 0;
	}
	b->pending = 0;
}
