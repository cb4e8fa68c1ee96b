// SPDX-License-Identifier: BSD-3-Clause
// cut-many: reads frames from standard input, each with a virtio_net_hdr, and writes the frames
// that segment.c makes of them. Numbers are in the order of this machine.
//
// Input   struct order, then the frame.
// Output  One byte: whether the frame was taken. If so, struct answer, then the frames, each with
//         its length in front (32 bits).
#include <stdio.h>
#include <stdlib.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "dataplane/frame.h"
#include "dataplane/pool.h"
#include "dataplane/segment.h"

enum { POOL = 16 << 20, FRAME_MAX = 1 << 17, BURST = 64, PUSH = 1, POP = 2 };

struct order {
	struct virtio_net_hdr header;
	uint16_t edit;   // between marking and cutting: PUSH or POP a tag
	uint32_t first;  // bytes in the first buffer
	uint32_t length; // of the frame
};

struct answer {
	struct virtio_net_hdr described;
	uint16_t tunnel;
	uint32_t frames, bytes, longest;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "cut-many: %s\n", what);
	exit(1);
}

static void put(const void *data, size_t n)
{
	must(fwrite(data, 1, n, stdout) == n, "cannot write");
}

static void put_frame(struct rte_mbuf *m)
{
	uint32_t length = rte_pktmbuf_pkt_len(m);

	put(&length, sizeof length);
	for (const struct rte_mbuf *part = m; part; part = part->next)
		put(rte_pktmbuf_mtod(part, const void *), rte_pktmbuf_data_len(part));
	must(rte_pktmbuf_headroom(m) >= FRAME_TAG, "no room for a tag");
	rte_pktmbuf_free(m);
}

static void put_pieces(const struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *frames[BURST];
	struct segmenter s;
	unsigned n;

	segmenter_init(&s, m);
	while ((n = segmenter_cut(&s, pool, frames, BURST)))
		for (unsigned i = 0; i < n; i++)
			put_frame(frames[i]);
	must(!s.left, "the segment is not cut to its end");
}

static void edit(struct rte_mbuf *m, uint16_t how)
{
	if (how == PUSH)
		must(frame_push_tag(m, 10), "cannot push a tag");
	if (how == POP)
		frame_untag(m);
}

static void answer(struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct answer a = {.tunnel = segment_is_tunnel(m),
			   .frames = segment_frames(m),
			   .bytes = segment_bytes(m),
			   .longest = segment_longest(m)};

	segment_describe(m, &a.described);
	put(&a, sizeof a);
	if (segment_is(m)) {
		put_pieces(m, pool);
		rte_pktmbuf_free(m);
	} else {
		segment_finish(m);
		put_frame(m);
	}
}

static void carry_out(const struct order *o, const uint8_t *frame, struct rte_mempool *pool)
{
	struct rte_mbuf *m = pool_frame(pool, frame, o->first),
			*rest = pool_frame(pool, frame + o->first, o->length - o->first);

	must(m && rest && !rte_pktmbuf_chain(m, rest), "the pool is too small");
	uint8_t taken = segment_mark(m, &o->header);
	put(&taken, 1);
	if (taken) {
		edit(m, o->edit);
		answer(m, pool);
	} else {
		rte_pktmbuf_free(m);
	}
	must(!rte_mempool_in_use_count(pool), "buffers are lost");
}

int main(void)
{
	static uint8_t frame[FRAME_MAX];
	struct config *c = config_new();
	struct order o;
	struct error e;

	must(c && eal_start(c, EAL_REPLAY, NULL, &e), "DPDK does not start");
	config_free(c);
	struct rte_mempool *pool = pool_create(POOL);
	must(pool, "no memory");
	while (fread(&o, sizeof o, 1, stdin) == 1) {
		must(o.length <= FRAME_MAX && o.first <= o.length, "wrong lengths");
		must(fread(frame, 1, o.length, stdin) == o.length, "half a frame");
		carry_out(&o, frame, pool);
		fflush(stdout);
	}
	return 0;
}
