// SPDX-License-Identifier: BSD-3-Clause
// Frames from rte_vhost and to it. tests/system/peers tries the same with rte_vhost itself.

#include <string.h>

#include "dataplane/pool.h"
#include "dataplane/segment.h"
#include "dataplane/vhost.h"
#include "tests/unit/frame.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

enum { PIECE = 1000, DATA = 5000, TCP = 6, UDP = 17, CWR = 0x80 };

#define RX_UNFINISHED RTE_MBUF_F_RX_L4_CKSUM_NONE
#define RX_SEGMENT (RTE_MBUF_F_RX_LRO | RX_UNFINISHED)
#define ALL (SEGMENT_CHECKSUM | SEGMENT_TCP4 | SEGMENT_TCP6)

static struct rte_mempool *pool;

struct kind {
	bool is4;
	uint8_t protocol, flags;
	uint32_t data, headers;
};

// The content of a frame; returns its length.
static uint32_t write_frame(uint8_t *p, struct kind *k)
{
	uint32_t ip = k->is4 ? 20 : 40, upper = k->protocol == TCP ? 20 : 8,
		 length = upper + k->data;

	k->headers = 14 + ip + upper;
	memset(p, 0, k->headers + k->data);
	test_header(p, TEST_MAC(1), TEST_MAC(2), TEST_UNTAGGED);
	uint8_t *network = p + 14, *transport = network + ip;
	if (k->is4) {
		memcpy(p + 12,
		       (uint8_t[]){8, 0, 0x45, 0, (ip + length) >> 8, (uint8_t)(ip + length)}, 6);
		network[9] = k->protocol;
	} else {
		memcpy(p + 12, (uint8_t[]){0x86, 0xdd, 0x60}, 3);
		memcpy(network + 4, (uint8_t[]){length >> 8, (uint8_t)length, k->protocol}, 3);
	}
	if (k->protocol == TCP)
		transport[12] = 0x50, transport[13] = k->flags;
	else
		transport[4] = length >> 8, transport[5] = (uint8_t)length;
	for (uint32_t i = 0; i < k->data; i++)
		p[k->headers + i] = (uint8_t)(i * 7);
	return k->headers + k->data;
}

static struct rte_mbuf *received(struct kind *k, uint64_t flags)
{
	static uint8_t p[128 + DATA];
	struct rte_mbuf *m = pool_frame(pool, p, write_frame(p, k));

	assert_non_null(m);
	m->ol_flags |= flags;
	m->tso_segsz = PIECE;
	return m;
}

static void marks(void **state)
{
	struct {
		struct kind kind;
		uint64_t told, marks;
		bool good;
	} cases[] = {
		{{true, TCP, 0, 100, 0}, 0, 0, true},
		{{true, TCP, 0, 100, 0}, RTE_MBUF_F_RX_L4_CKSUM_GOOD, 0, true},
		{{true, TCP, 0, 100, 0}, RX_UNFINISHED, RTE_MBUF_F_TX_TCP_CKSUM, true},
		{{false, UDP, 0, 100, 0}, RX_UNFINISHED, RTE_MBUF_F_TX_UDP_CKSUM, true},
		{{true, TCP, 0, DATA, 0}, RX_SEGMENT, RTE_MBUF_F_TX_TCP_SEG, true},
		{{false, TCP, 0, DATA, 0}, RX_SEGMENT, RTE_MBUF_F_TX_TCP_SEG, true},
		{{true, TCP, 0, 100, 0}, RX_SEGMENT, RTE_MBUF_F_TX_TCP_CKSUM, true}, // one piece
		{{true, UDP, 0, DATA, 0}, RX_SEGMENT, 0, false},                     // UFO
		{{true, 1, 0, DATA, 0}, RX_SEGMENT, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rte_mbuf *m = received(&cases[i].kind, cases[i].told);
		CHECK(vhost_mark(m) == cases[i].good, "case %zu", i);
		CHECK((m->ol_flags & SEGMENT_MARKS) == cases[i].marks, "case %zu: marks", i);
		rte_pktmbuf_free(m);
	}
}

// A frame that is longer than any segment is a lie, whatever is said of it.
static void refuses_endless_frames(void **state)
{
	static uint8_t p[SEGMENT_BYTES_MAX + 1];

	(void)state;
	for (uint32_t more = 0; more < 2; more++) {
		struct rte_mbuf *m = pool_frame(pool, p, SEGMENT_BYTES_MAX + more);
		assert_non_null(m);
		assert_int_equal(vhost_mark(m), !more);
		rte_pktmbuf_free(m);
	}
}

static void takes_what_was_agreed(void **state)
{
	struct {
		struct kind kind;
		uint64_t told;
		unsigned needs; // any of these is not enough alone
	} cases[] = {
		{{true, TCP, 0, 100, 0}, RX_UNFINISHED, SEGMENT_CHECKSUM},
		{{false, UDP, 0, 100, 0}, RX_UNFINISHED, SEGMENT_CHECKSUM},
		{{true, TCP, 0, DATA, 0}, RX_SEGMENT, SEGMENT_CHECKSUM | SEGMENT_TCP4},
		{{false, TCP, 0, DATA, 0}, RX_SEGMENT, SEGMENT_CHECKSUM | SEGMENT_TCP6},
		{{true, TCP, CWR, DATA, 0}, RX_SEGMENT, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rte_mbuf *m = received(&cases[i].kind, cases[i].told);
		assert_true(vhost_mark(m));
		for (unsigned features = 0; features <= ALL; features++)
			CHECK(vhost_takes(m, features) ==
				      ((features & cases[i].needs) == cases[i].needs),
			      "case %zu, features %u", i, features);
		rte_mbuf_refcnt_update(m, 1);
		CHECK(!segment_is(m) || !vhost_takes(m, ALL), "case %zu: shared", i);
		rte_mbuf_refcnt_update(m, -1);
		rte_pktmbuf_free(m);
	}
}

// A segment gets a first buffer with its headers, and is described with one byte more than these,
// so that rte_vhost leaves them alone. Its bytes stay.
static void describes(void **state)
{
	(void)state;
	for (int is4 = 0; is4 < 2; is4++) {
		struct kind k = {is4, TCP, 0, DATA, 0};
		static uint8_t p[128 + DATA], copy[128 + DATA];
		uint32_t length = write_frame(p, &k);
		struct rte_mbuf *was = received(&k, RX_SEGMENT);
		assert_true(vhost_mark(was));
		struct rte_mbuf *m = vhost_describe(was);
		assert_non_null(m);
		assert_int_equal(rte_pktmbuf_data_len(m), k.headers);
		assert_int_equal(m->l2_len + m->l3_len + m->l4_len, k.headers + 1);
		assert_int_equal(m->l2_len + m->l3_len, k.headers - 20);
		assert_true(m->ol_flags & (is4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6));
		assert_int_equal(segment_frames(m), DATA / PIECE);
		assert_int_equal(rte_pktmbuf_pkt_len(m), length);
		assert_memory_equal(rte_pktmbuf_read(m, 0, length, copy), p, length);
		assert_int_equal(rte_mbuf_check(m, 1, &(const char *){NULL}), 0);
		rte_pktmbuf_free(m);
	}
}

static void needs_a_buffer(void **state)
{
	struct kind k = {true, TCP, 0, DATA, 0};
	struct rte_mbuf *m = received(&k, RX_SEGMENT), *all = NULL;
	uint16_t first = rte_pktmbuf_data_len(m);

	(void)state;
	assert_true(vhost_mark(m));
	for (struct rte_mbuf *one; (one = rte_pktmbuf_alloc(pool)); all = one)
		one->next = all;
	assert_null(vhost_describe(m));
	assert_int_equal(rte_pktmbuf_data_len(m), first);
	while (all) {
		struct rte_mbuf *one = all;
		all = one->next;
		one->next = NULL;
		rte_pktmbuf_free(one);
	}
	rte_pktmbuf_free(m);
}

static int set_up(void **state)
{
	(void)state;
	if (!pool)
		pool = test_pool(1 << 20);
	return 0;
}

static int nothing_is_left(void **state)
{
	(void)state;
	return (int)rte_mempool_in_use_count(pool);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, nothing_is_left)

RUN_TESTS(CASE(marks), CASE(refuses_endless_frames), CASE(takes_what_was_agreed), CASE(describes),
	  CASE(needs_a_buffer))
