// SPDX-License-Identifier: BSD-3-Clause
// An arbitrary virtio_net_hdr with an arbitrary frame, in arbitrary buffers, or a captured frame. A
// frame that is taken is described, may get or lose its tag, and is finished or cut. The described
// frame is taken again, and means the same. The frames have the announced number and lengths, and
// the segment's content.
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "dataplane/frame.h"
#include "dataplane/pool.h"
#include "dataplane/segment.h"
#include "tests/fuzz/fuzz.h"

enum {
	POOL = 16 << 20,
	FRAME_MAX = 1 << 17,
	BURST = 32,
	// bits of the first byte
	PUSH = 1,
	POP = 2,
	REPEAT = 4,
	ONE_BUFFER = 8,
	CAPTURED = 16, // in a file, without a virtio_net_hdr; gso_size is the MTU
};

static struct rte_mempool *pool;
static uint8_t frame[FRAME_MAX];

static void start(void)
{
	struct config *c = config_new();
	struct error e;

	MUST(c && eal_start(c, EAL_REPLAY, NULL, &e), "%s", e.text);
	config_free(c);
	pool = pool_create(POOL);
	MUST(pool);
}

static struct virtio_net_hdr take_header(struct bytes *in)
{
	struct virtio_net_hdr h = {.flags = take8(in), .gso_type = take8(in)};

	h.gso_size = take16(in);
	h.csum_start = take16(in);
	h.csum_offset = take16(in);
	h.hdr_len = take16(in);
	return h;
}

// The rest of the input, with its last byte repeated, because fuzzers do not write 64 KiB.
static uint32_t take_frame(struct bytes *in, uint32_t more)
{
	uint32_t n = RTE_MIN((uint32_t)in->left, (uint32_t)FRAME_MAX / 2);

	memcpy(frame, in->at, n);
	memset(frame + n, n ? frame[n - 1] : 0, more);
	return n + more;
}

static struct rte_mbuf *chain(uint32_t length, uint32_t first)
{
	first = RTE_MIN(first, length);
	struct rte_mbuf *m = pool_frame(pool, frame, first),
			*rest = pool_frame(pool, frame + first, length - first);

	MUST(m && rest && !rte_pktmbuf_chain(m, rest));
	return m;
}

static void edit(struct rte_mbuf *m, uint8_t mode)
{
	struct frame f;

	if (!frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &f))
		return;
	if (mode & POP && f.tag)
		frame_untag(m);
	else if (mode & PUSH)
		MUST(frame_push_tag(m, 10));
}

// A device that takes a described frame must understand it as it is.
static void check_described(struct rte_mbuf *m)
{
	struct virtio_net_hdr h;
	uint64_t marks = m->ol_flags & SEGMENT_MARKS;
	uint32_t frames = segment_frames(m), bytes = segment_bytes(m);

	segment_describe(m, &h);
	if (segment_is_tunnel(m) || !marks) {
		MUST(!h.flags && !h.gso_type);
		return;
	}
	MUST(segment_mark(m, &h));
	MUST((m->ol_flags & SEGMENT_MARKS) == marks);
	MUST(segment_frames(m) == frames && segment_bytes(m) == bytes);
}

// Whether the last bytes of a piece are those of the segment.
static bool same_data(const struct rte_mbuf *m, const struct rte_mbuf *piece, uint32_t headers,
		      uint32_t done)
{
	static uint8_t a[FRAME_MAX], b[FRAME_MAX];
	uint32_t n = rte_pktmbuf_pkt_len(piece) - headers;
	const void *x = rte_pktmbuf_read(piece, headers, n, a),
		   *y = rte_pktmbuf_read(m, headers + done, n, b);

	return x && y && !memcmp(x, y, n);
}

static void cut(const struct rte_mbuf *m)
{
	struct rte_mbuf *pieces[BURST];
	struct segmenter s;
	uint32_t count = 0, bytes = 0, done = 0, headers = rte_pktmbuf_pkt_len(m) - m->hash.usr;

	segmenter_init(&s, m);
	for (unsigned n; (n = segmenter_cut(&s, pool, pieces, BURST));)
		for (unsigned i = 0; i < n; i++) {
			uint32_t length = rte_pktmbuf_pkt_len(pieces[i]);
			rte_mbuf_sanity_check(pieces[i], 1);
			MUST(length > headers && length <= segment_longest(m));
			MUST(same_data(m, pieces[i], headers, done));
			MUST(rte_pktmbuf_headroom(pieces[i]) == RTE_PKTMBUF_HEADROOM);
			bytes += length;
			done += length - headers;
			count++;
			rte_pktmbuf_free(pieces[i]);
		}
	MUST(!s.left && count == segment_frames(m) && count <= SEGMENT_FRAMES_MAX);
	MUST(bytes == segment_bytes(m) && done == m->hash.usr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};

	if (!pool)
		start();
	uint8_t mode = take8(&in);
	struct virtio_net_hdr h = take_header(&in);
	uint32_t first = mode & ONE_BUFFER ? UINT32_MAX : take16(&in),
		 more = mode & REPEAT ? take16(&in) : 0;
	struct rte_mbuf *m = chain(take_frame(&in, more), first);
	bool captured = mode & CAPTURED;
	if (captured ? segment_mark_captured(m, h.gso_size) : segment_mark(m, &h)) {
		MUST(!captured || segment_is(m));
		check_described(m);
		edit(m, mode);
		if (segment_is(m))
			cut(m);
		segment_finish(m);
		MUST(segment_is(m) || !(m->ol_flags & SEGMENT_MARKS));
	} else {
		MUST(!(m->ol_flags & SEGMENT_MARKS));
	}
	rte_pktmbuf_free(m);
	MUST(!rte_mempool_in_use_count(pool), "%u buffers are lost",
	     rte_mempool_in_use_count(pool));
	return 0;
}
