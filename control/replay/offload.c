// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/offload.h"

#include "control/config/config.h"
#include "dataplane/pool.h"

bool offload_begin(struct offload *o, const struct capture_record *rec, uint32_t mtu)
{
	uint32_t longest = (mtu ? mtu : MTU_MAX) + FRAME_HEADER; // a tag is judged by segment.c

	if (rec->captured <= longest || rec->captured < rec->length)
		return false;
	o->whole = pool_frame(o->pool, rec->data, rec->captured);
	if (!o->whole || !segment_mark_captured(o->whole, mtu ? mtu : MTU_DEFAULT)) {
		rte_pktmbuf_free(o->whole);
		return false;
	}
	o->of = *rec;
	segmenter_init(&o->segmenter, o->whole);
	return true;
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
	frame->data = rte_pktmbuf_read(m, 0, frame->captured, o->flat);
	if (frame->data != o->flat)
		memcpy(o->flat, frame->data, frame->captured);
	frame->data = o->flat;
	rte_pktmbuf_free(m);
	return true;
}
