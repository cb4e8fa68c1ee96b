// SPDX-License-Identifier: BSD-3-Clause
// Segments on the forwarding path: they stay whole where nothing needs their frames, and count as
// their frames everywhere.

#include <string.h>

#include "control/switch/events.h"
#include "control/switch/state.h"
#include "dataplane/counters.h"
#include "dataplane/forward.h"
#include "dataplane/pool.h"
#include "dataplane/segment.h"
#include "dataplane/txbatch.h"
#include "tests/unit/forwarding.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum {
	HEADERS = 54, // Ethernet, IPv4, TCP
	PIECE = 1000,
	FRAMES = 40,
	DATA = FRAMES * PIECE - 1, // the last frame is shorter
	BYTES = DATA + FRAMES * HEADERS,
	A,
	B,
	C, // takes no segments
};

static unsigned sent[PORTS_MAX]; // mbufs
static uint32_t longest[PORTS_MAX];

static uint16_t deliver(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	(void)arg;
	sent[port] += n;
	for (uint16_t i = 0; i < n; i++)
		longest[port] = RTE_MAX(longest[port], rte_pktmbuf_pkt_len(frames[i]));
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static unsigned number(int name)
{
	return test_port(sw, name == A ? "a" : name == B ? "b" : "c");
}

static void open_switch(const char *of_a, const char *of_b)
{
	char text[512];

	snprintf(text, sizeof text,
		 "ports:\n - {name: a, policy: {%s}}\n - {name: b, policy: {%s}}\n - {name: c}\n",
		 of_a, of_b);
	test_open(text, SWITCH_BENCH, deliver);
	atomic_store(&sw->shared.port[number(A)].takes_segments, true);
	atomic_store(&sw->shared.port[number(B)].takes_segments, true);
	memset(sent, 0, sizeof sent);
	memset(longest, 0, sizeof longest);
}

// A segment of FRAMES frames.
static struct rte_mbuf *segment(int dst, int src)
{
	static uint8_t p[HEADERS + DATA];
	static const struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
						.gso_size = PIECE,
						.csum_start = 34,
						.csum_offset = 16};

	test_header(p, TEST_MAC(dst), TEST_MAC(src), TEST_UNTAGGED);
	memcpy(p + 12, (uint8_t[]){8, 0, 0x45, 0, (sizeof p - 14) >> 8, (sizeof p - 14) & 255}, 6);
	p[23] = 6;
	p[46] = 0x50;
	struct rte_mbuf *m = pool_frame(sw->pool, p, sizeof p);
	assert_non_null(m);
	assert_true(segment_mark(m, &h));
	return m;
}

static void teach(int port)
{
	uint8_t p[60] = {0};

	test_header(p, UINT64_C(0xffffffffffff), TEST_MAC(port), TEST_UNTAGGED);
	struct rte_mbuf *m = pool_frame(sw->pool, p, sizeof p);
	forward_burst(fwd, number(port), &m, NULL, 1);
	txbatch_drain(&fwd->tx);
	memset(sent, 0, sizeof sent);
}

static struct counters counted(int port)
{
	struct counters c = {0};

	counters_read(&fwd->counters[number(port)], &c);
	return c;
}

// What the segment adds to the counters of two ports.
struct change {
	struct counters before_in, before_out, in, out;
};

static struct change send_segment(int dst)
{
	struct change c = {.before_in = counted(A), .before_out = counted(dst == C ? C : B)};
	struct rte_mbuf *m = segment(dst, A);

	forward_segments(fwd, number(A), &m, 1);
	txbatch_drain(&fwd->tx);
	events_drain(sw);
	c.in = counted(A);
	c.out = counted(dst == C ? C : B);
	return c;
}

static void check_in(const struct change *c, enum outcome outcome, unsigned n)
{
	assert_int_equal(c->in.rx_packets - c->before_in.rx_packets, FRAMES);
	assert_int_equal(c->in.rx_bytes - c->before_in.rx_bytes, BYTES);
	assert_int_equal(c->in.outcome[outcome] - c->before_in.outcome[outcome], n);
}

static void check_out(const struct change *c, unsigned frames, unsigned bytes)
{
	assert_int_equal(c->out.tx_packets - c->before_out.tx_packets, frames);
	assert_int_equal(c->out.tx_bytes - c->before_out.tx_bytes, bytes);
}

static void stays_whole(void **state)
{
	(void)state;
	open_switch("", "");
	teach(B);
	struct change c = send_segment(B);
	check_in(&c, OUT_FORWARDED, FRAMES);
	check_out(&c, FRAMES, BYTES);
	assert_int_equal(sent[number(B)], 1);
	test_close();
}

static void is_cut_for_a_port_that_takes_none(void **state)
{
	(void)state;
	open_switch("", "");
	teach(C);
	struct change c = send_segment(C);
	check_in(&c, OUT_FORWARDED, FRAMES);
	check_out(&c, FRAMES, BYTES);
	assert_int_equal(sent[number(C)], FRAMES);
	assert_int_equal(longest[number(C)], HEADERS + PIECE);
	test_close();
}

static void is_flooded_in_both_forms(void **state)
{
	(void)state;
	open_switch("", "");
	struct change c = send_segment(B);
	check_in(&c, OUT_FLOODED, FRAMES);
	check_out(&c, FRAMES, BYTES);
	assert_int_equal(c.in.unknown, FRAMES);
	assert_int_equal(sent[number(B)], 1);
	assert_int_equal(sent[number(C)], FRAMES);
	test_close();
}

static void counts_as_frames_that_are_not_learned(void **state)
{
	(void)state;
	open_switch("mac-limit: 0", "");
	teach(B);
	struct change c = send_segment(B);
	check_in(&c, OUT_FORWARDED, FRAMES);
	assert_int_equal(c.in.not_learned, FRAMES);
	test_close();
}

static void obeys_a_storm_limit(void **state)
{
	(void)state;
	open_switch("storm-unknown-unicast: 10", "");
	struct change c = send_segment(B);
	check_in(&c, OUT_FLOODED, 10);
	check_in(&c, OUT_STORM_UNKNOWN_UNICAST, FRAMES - 10);
	assert_int_equal(sent[number(B)], 10);
	test_close();
}

// The first 17 frames fill the bucket of 16 KiB, but for some bytes.
static void obeys_rates(void **state)
{
	enum { FIT = 16384 / (HEADERS + PIECE) };

	(void)state;
	open_switch("ingress-rate: 1", "");
	teach(B);
	struct change c = send_segment(B);
	check_in(&c, OUT_FORWARDED, FIT);
	check_in(&c, OUT_RATE_LIMIT, FRAMES - FIT);
	test_close();
	open_switch("", "egress-rate: 1");
	teach(B);
	c = send_segment(B);
	check_in(&c, OUT_FORWARDED, FRAMES);
	check_out(&c, FIT, FIT * (HEADERS + PIECE));
	assert_int_equal(c.out.tx_drop[TX_RATE_LIMIT], FRAMES - FIT);
	test_close();
}

static void is_too_long_by_its_frames(void **state)
{
	(void)state;
	open_switch("", "");
	teach(B);
	atomic_store(&sw->shared.port[number(B)].longest, HEADERS + PIECE);
	struct change c = send_segment(B);
	check_out(&c, FRAMES, BYTES);
	atomic_store(&sw->shared.port[number(B)].longest, HEADERS + PIECE - 1);
	c = send_segment(B);
	check_in(&c, OUT_FORWARDED, FRAMES);
	check_out(&c, 0, 0);
	assert_int_equal(c.out.tx_drop[TX_TOO_LONG], FRAMES);
	test_close();
}

static void is_cut_at_a_port_that_gives_none(void **state)
{
	(void)state;
	open_switch("", "");
	teach(B);
	atomic_store(&sw->shared.port[number(A)].takes_segments, false);
	struct change c = send_segment(B);
	check_in(&c, OUT_FORWARDED, FRAMES);
	check_out(&c, FRAMES, BYTES);
	assert_int_equal(sent[number(B)], FRAMES);
	test_close();
}

// A burst of segments overflows no batch, and frames keep their order around segments.
static void fills_batches(void **state)
{
	struct rte_mbuf *burst[64];

	(void)state;
	open_switch("", "egress-rate: 4000000000");
	teach(C);
	teach(B);
	for (unsigned i = 0; i < COUNT(burst); i++)
		burst[i] = segment(i % 2 ? C : B, A);
	forward_segments(fwd, number(A), burst, COUNT(burst));
	txbatch_drain(&fwd->tx);
	assert_int_equal(counted(A).rx_packets, FRAMES * COUNT(burst));
	assert_int_equal(sent[number(B)], FRAMES * COUNT(burst) / 2);
	assert_int_equal(sent[number(C)], FRAMES * COUNT(burst) / 2);
	test_close();
}

// A frame that lacks its checksum alone is completed for a port that wants it so.
static void completes_a_checksum(void **state)
{
	static const struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
	uint8_t p[60] = {0};

	(void)state;
	open_switch("", "");
	for (int to = B; to <= C; to++) {
		teach(to);
		test_header(p, TEST_MAC(to), TEST_MAC(A), TEST_UNTAGGED);
		memcpy(p + 12, (uint8_t[]){8, 0, 0x45, 0, 0, 46}, 6);
		p[23] = 17;
		struct rte_mbuf *m = pool_frame(sw->pool, p, sizeof p);
		assert_true(segment_mark(m, &h));
		rte_mbuf_refcnt_update(m, 1);
		forward_segments(fwd, number(A), &m, 1);
		txbatch_drain(&fwd->tx);
		assert_int_equal((m->ol_flags & SEGMENT_MARKS) != 0, to == B);
		assert_int_equal(*rte_pktmbuf_mtod_offset(m, uint16_t *, 40) != 0, to == C);
		rte_pktmbuf_free(m);
	}
	test_close();
}

#define CASE(function) cmocka_unit_test_teardown(function, test_end)

RUN_TESTS(CASE(stays_whole), CASE(is_cut_for_a_port_that_takes_none),
	  CASE(is_flooded_in_both_forms), CASE(counts_as_frames_that_are_not_learned),
	  CASE(obeys_a_storm_limit), CASE(obeys_rates), CASE(is_too_long_by_its_frames),
	  CASE(is_cut_at_a_port_that_gives_none), CASE(fills_batches), CASE(completes_a_checksum))
