// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/offload.h"

#include "control/config/config.h"
#include "dataplane/pool.h"

// A record as a marked segment. NULL: it is none.
static struct rte_mbuf *read_segment(const struct offload *o, const struct capture_record *rec,
				     uint32_t longest, uint32_t mtu)
{
	// A tag makes a frame longer, too: segment.c knows.
	if (rec->captured <= longest + FRAME_HEADER || rec->captured < rec->length)
		return NULL;
	struct rte_mbuf *m = pool_frame(o->pool, rec->data, rec->captured);
	if (m && segment_mark_captured(m, mtu))
		return m;
	rte_pktmbuf_free(m);
	return NULL;
}

bool offload_begin(struct offload *o, const struct capture_record *rec, uint32_t mtu)
{
	o->whole = read_segment(o, rec, mtu ? mtu : MTU_MAX, mtu ? mtu : MTU_DEFAULT);
	if (!o->whole)
		return false;
	o->of = *rec;
	segmenter_init(&o->segmenter, o->whole);
	return true;
}

bool offload_is_whole(const struct offload *o)
{
	return !o->segmenter.left;
}

bool offload_is_possible(const struct offload *o, const struct capture_record *rec)
{
	struct rte_mbuf *m = read_segment(o, rec, MTU_DEFAULT, MTU_DEFAULT);

	rte_pktmbuf_free(m);
	return m;
}

bool offload_next(struct offload *o, struct capture_record *frame)
{
	struct rte_mbuf *m;

	if (!segmenter_cut(&o->segmenter, o->pool, &m, 1)) {
		rte_pktmbuf_free(o->whole);
		return false;
	}
	*frame = o->of;
	frame->length = frame->captured = rte_pktmbuf_pkt_len(m);
	const uint8_t *bytes = rte_pktmbuf_read(m, 0, frame->captured, o->flat);
	if (bytes != o->flat)
		memcpy(o->flat, bytes, frame->captured);
	frame->data = o->flat;
	rte_pktmbuf_free(m);
	return true;
}
