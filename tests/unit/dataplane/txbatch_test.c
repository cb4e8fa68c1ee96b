// SPDX-License-Identifier: BSD-3-Clause

#include <string.h>

#include "dataplane/admit.h"
#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/meter.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "dataplane/txbatch.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

#define ADDRESSES 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define PAYLOAD 0x08, 0x06, 0xaa, 0xbb

static const uint8_t untagged[] = {ADDRESSES, PAYLOAD},
		     tagged[] = {ADDRESSES, 0x81, 0x00, 0x60, 0x07, PAYLOAD},
		     priority[] = {ADDRESSES, 0x81, 0x00, 0x60, 0x00, PAYLOAD},
		     pushed[] = {ADDRESSES, 0x81, 0x00,
				 0x00,      0x07, PAYLOAD}; // a new tag with VLAN 7

enum { PORTS = 6 };

static struct rte_mempool *pool;
static struct swconf conf;
static struct port_runtime runtime[PORTS_MAX];
static struct counter_block counters[PORTS_MAX];
static struct txbatch batch;
static struct sniffer *sniffer; // of all frames
static const uint64_t now_ns = 1;

// The number of sent frames, and the last frame of each port.
static struct {
	unsigned frames;
	uint32_t len;
	uint8_t bytes[4096];
	uint16_t refs;
} sent[PORTS];
static uint16_t takes = UINT16_MAX; // frames of each batch that are sent

static uint16_t send_frames(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t taken = n < takes ? n : takes;

	assert_ptr_equal(arg, &batch);
	assert_in_range(n, 1, BURST_MAX);
	for (uint16_t i = 0; i < taken; i++) {
		uint32_t len = rte_pktmbuf_pkt_len(frames[i]);
		rte_mbuf_sanity_check(frames[i], 1);
		const void *flat = rte_pktmbuf_read(frames[i], 0, len, sent[port].bytes);
		if (flat != sent[port].bytes)
			memcpy(sent[port].bytes, flat, len);
		sent[port].frames++;
		sent[port].len = len;
		sent[port].refs = rte_mbuf_refcnt_read(frames[i]);
	}
	rte_pktmbuf_free_bulk(frames, taken);
	return taken;
}

static int begin(void **state)
{
	(void)state;
	if (!pool) {
		pool = test_pool(2 << 20);
		sniffer = sniffer_create(1 << 20, 64, UINT64_MAX);
		atomic_store(&sniffer->ports[SNIFF_TX], ~UINT64_C(0));
		atomic_store(&sniffer->ports[SNIFF_REFUSED], ~UINT64_C(0));
	}
	memset(&conf, 0, sizeof conf);
	memset(counters, 0, sizeof counters);
	memset(runtime, 0, sizeof runtime);
	memset(&batch, 0, sizeof batch);
	memset(sent, 0, sizeof sent);
	takes = UINT16_MAX;
	batch.pool = pool;
	batch.counters = counters;
	batch.runtime = runtime;
	batch.send = send_frames;
	batch.arg = &batch;
	batch.now_ns = &now_ns;
	sniff_add(&batch.sniffers, sniffer);
	return 0;
}

static void check_sniffed(void)
{
	struct counters seen[PORTS] = {0};
	const struct sniff_record *r;

	for (; (r = sniff_peek(sniffer)); sniff_take(sniffer)) {
		seen[r->what.port].tx_packets += r->what.way == SNIFF_TX;
		seen[r->what.port].tx_bytes += r->what.way == SNIFF_TX ? r->length : 0;
		seen[r->what.port].tx_drop[r->what.reason] += r->what.way == SNIFF_REFUSED;
	}
	for (unsigned port = 0; port < PORTS; port++) {
		assert_int_equal(seen[port].tx_packets, counters[port].tx_packets);
		assert_int_equal(seen[port].tx_bytes, counters[port].tx_bytes);
		for (int i = 0; i < TX_DROPS; i++)
			assert_int_equal(seen[port].tx_drop[i], counters[port].tx_drop[i]);
	}
	memset(counters, 0, sizeof counters);
}

// Checks after each test that no buffer is lost and that the sniffer saw the counted frames.
static int end(void **state)
{
	(void)state;
	txbatch_drain(&batch);
	assert_int_equal(batch.pending, 0);
	check_sniffed();
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static struct rte_mbuf *frame(const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

// The egress of a frame with this tag in VLAN 7. Ports 0 to 2 are untagged.
static struct egress egress_of(const uint8_t *bytes)
{
	uint32_t tag = bytes[12] == 0x81 ? 0x81000000 | frame_be16(bytes + 14) : 0;

	return (struct egress){
		.conf = &conf,
		.up = portset_of(PORTS) - 1,
		.untagged = portset_of(0) | portset_of(1) | portset_of(2),
		.tci = tag_tci(tag, 7),
		.form = form_of(tag),
	};
}

static void check_sent(unsigned port, const uint8_t *bytes, size_t len)
{
	CHECK(sent[port].frames == 1, "port %u sent %u frames", port, sent[port].frames);
	CHECK(sent[port].len == len && !memcmp(sent[port].bytes, bytes, len),
	      "port %u sent another frame", port);
	assert_int_equal(counters[port].tx_packets, 1);
	assert_int_equal(counters[port].tx_bytes, len);
}

// Every kind of frame, to every set of two untagged and two tagged ports.
static void forms(void **state)
{
	static const struct {
		const uint8_t *in;
		size_t len;
		const uint8_t *tagged_out;
	} cases[] = {{untagged, sizeof untagged, pushed},
		     {tagged, sizeof tagged, tagged},
		     {priority, sizeof priority, tagged}};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (portset to = 0; to < 32; to += 1) {
			begin(state);
			struct egress e = egress_of(cases[i].in);
			txbatch_give(&batch, frame(cases[i].in, cases[i].len), to, &e);
			assert_int_equal(batch.pending, to);
			txbatch_drain(&batch);
			for (unsigned port = 0; port < 5; port++)
				if (!portset_has(to, port))
					assert_int_equal(sent[port].frames, 0);
				else if (port < 3)
					check_sent(port, untagged, sizeof untagged);
				else
					check_sent(port, cases[i].tagged_out, sizeof tagged);
			end(state);
		}
}

// Ports with the same form share one buffer.
static void one_copy_for_a_form(void **state)
{
	struct egress e = egress_of(untagged);

	(void)state;
	txbatch_give(&batch, frame(untagged, sizeof untagged), 0x3f, &e);
	assert_int_equal(rte_mempool_in_use_count(pool), 2);
	assert_ptr_equal(batch.frame[0][0], batch.frame[2][0]);
	assert_ptr_equal(batch.frame[3][0], batch.frame[5][0]);
	assert_int_equal(rte_mbuf_refcnt_read(batch.frame[0][0]), 3);
	assert_int_equal(rte_mbuf_refcnt_read(batch.frame[3][0]), 3);
}

// Each receiver of a chain frees all its buffers.
static void chains(void **state)
{
	struct egress e = egress_of(untagged);
	struct rte_mbuf *m = frame(untagged, sizeof untagged), *tail = rte_pktmbuf_alloc(pool);

	(void)state;
	memset(rte_pktmbuf_append(tail, 2000), 'x', 2000);
	assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
	txbatch_give(&batch, m, 0x3f, &e);
	txbatch_drain(&batch);
	for (unsigned port = 0; port < PORTS; port++) {
		uint32_t head = port < 3 ? sizeof untagged : sizeof pushed;
		assert_int_equal(sent[port].len, head + 2000);
		assert_memory_equal(sent[port].bytes, port < 3 ? untagged : pushed, head);
		assert_int_equal(sent[port].bytes[head], 'x');
		assert_int_equal(sent[port].bytes[head + 1999], 'x');
		assert_int_equal(counters[port].tx_bytes, head + 2000);
	}
}

static void a_full_queue(void **state)
{
	struct egress e = egress_of(untagged);

	(void)state;
	takes = 2;
	for (int i = 0; i < 5; i++)
		txbatch_give(&batch, frame(untagged, sizeof untagged),
			     portset_of(0) | portset_of(1), &e);
	txbatch_drain(&batch);
	for (unsigned port = 0; port < 2; port++) {
		assert_int_equal(counters[port].tx_packets, 2);
		assert_int_equal(counters[port].tx_bytes, 2 * sizeof untagged);
		assert_int_equal(counters[port].tx_drop[TX_QUEUE_FULL], 3);
	}
}

// Without headroom for a tag or a buffer for a copy, the drop counts at the egress port.
static void no_room(void **state)
{
	struct egress e = egress_of(untagged);
	struct rte_mbuf *m = frame(untagged, sizeof untagged), *all[8192];
	unsigned n = 0;

	(void)state;
	rte_pktmbuf_prepend(m, RTE_PKTMBUF_HEADROOM);
	memcpy(rte_pktmbuf_mtod(m, void *), untagged, sizeof untagged);
	txbatch_give(&batch, m, portset_of(3) | portset_of(4), &e);
	assert_int_equal(counters[3].tx_drop[TX_QUEUE_FULL], 1);
	assert_int_equal(counters[4].tx_drop[TX_QUEUE_FULL], 1);
	m = frame(untagged, sizeof untagged);
	while ((all[n] = rte_pktmbuf_alloc(pool)))
		n++;
	txbatch_give(&batch, m, portset_of(0) | portset_of(3), &e);
	rte_pktmbuf_free_bulk(all, n);
	assert_int_equal(counters[3].tx_drop[TX_QUEUE_FULL], 2);
	txbatch_drain(&batch);
	check_sent(0, untagged, sizeof untagged);
	assert_int_equal(counters[3].tx_packets, 0);
}

// Frames longer than the port's maximum are dropped, and the others keep their order. The four
// bytes of a tag do not count.
static void long_frames(void **state)
{
	uint8_t bytes[sizeof tagged + 1];
	struct egress e = egress_of(tagged);

	(void)state;
	memcpy(bytes, tagged, sizeof tagged);
	atomic_store(&runtime[0].longest, sizeof untagged);
	atomic_store(&runtime[3].longest, sizeof untagged);
	for (int i = 0; i < 6; i++)
		txbatch_give(&batch, frame(bytes, (uint16_t)(sizeof tagged + i % 2)),
			     portset_of(0) | portset_of(1) | portset_of(3), &e);
	txbatch_drain(&batch);
	for (unsigned port = 0; port < 4; port++) {
		bool limited = port != 1;
		if (port == 2)
			continue;
		assert_int_equal(sent[port].frames, limited ? 3 : 6);
		assert_int_equal(counters[port].tx_packets, limited ? 3 : 6);
		assert_int_equal(counters[port].tx_drop[TX_TOO_LONG], limited ? 3 : 0);
		assert_int_equal(counters[port].tx_bytes,
				 limited ? 3 * (port ? sizeof tagged : sizeof untagged)
					 : 6 * sizeof untagged + 3);
	}
	assert_memory_equal(sent[0].bytes, untagged, sizeof untagged);
}

static void blocked_ports(void **state)
{
	struct egress e = egress_of(untagged);

	(void)state;
	conf.blocked = conf.careful = portset_of(1) | portset_of(4);
	txbatch_give(&batch, frame(untagged, sizeof untagged), 0x3f, &e);
	txbatch_give(&batch, frame(untagged, sizeof untagged), portset_of(1), &e);
	txbatch_drain(&batch);
	for (unsigned port = 0; port < PORTS; port++) {
		bool is_blocked = portset_has(conf.blocked, port);
		assert_int_equal(sent[port].frames, !is_blocked);
		assert_int_equal(counters[port].tx_drop[TX_MAC_CHANGED],
				 is_blocked ? 1 + (port == 1) : 0);
	}
}

static void metered_ports(void **state)
{
	struct egress e = egress_of(untagged);

	(void)state;
	conf.careful = portset_of(1);
	conf.port[1].egress = (struct meter_conf){.rate_kbps = 8, .depth = 2 * sizeof untagged};
	for (int i = 0; i < 5; i++)
		txbatch_give(&batch, frame(untagged, sizeof untagged),
			     portset_of(0) | portset_of(1), &e);
	txbatch_drain(&batch);
	assert_int_equal(sent[0].frames, 5);
	assert_int_equal(sent[1].frames, 2);
	assert_int_equal(counters[1].tx_drop[TX_RATE_LIMIT], 3);
	e.ns = sizeof untagged * UINT64_C(1000000); // 8 kbit/s: one byte per millisecond
	for (int i = 0; i < 2; i++)
		txbatch_give(&batch, frame(untagged, sizeof untagged), portset_of(1), &e);
	txbatch_drain(&batch);
	assert_int_equal(sent[1].frames, 3);
	assert_int_equal(counters[1].tx_drop[TX_RATE_LIMIT], 4);
}

// A mirror's destination gets sent frames in their egress form and received frames in their ingress
// form. The test has more frames than fit into a batch.
static void mirrors(void **state)
{
	struct egress e = egress_of(tagged);

	(void)state;
	conf.careful = portset_of(0);
	conf.port[0].mirror_tx = portset_of(4) | portset_of(5);
	e.up &= ~portset_of(5);
	txbatch_give(&batch, frame(tagged, sizeof tagged), portset_of(0), &e);
	txbatch_drain(&batch);
	check_sent(0, untagged, sizeof untagged);
	check_sent(4, untagged, sizeof untagged);
	assert_int_equal(sent[5].frames, 0);
	for (int i = 0; i < BURST_MAX + 10; i++) {
		struct rte_mbuf *m = frame(tagged, sizeof tagged);
		txbatch_mirror(&batch, m, portset_of(3) | portset_of(5), &e);
		assert_int_equal(rte_mbuf_refcnt_read(m), 1); // untouched
		rte_pktmbuf_free(m);
	}
	txbatch_drain(&batch);
	assert_int_equal(sent[3].frames, BURST_MAX + 10);
	assert_int_equal(counters[3].tx_packets, BURST_MAX + 10);
	assert_memory_equal(sent[3].bytes, tagged, sizeof tagged);
	assert_int_equal(sent[5].frames, 0);
}

#define BATCH_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

RUN_TESTS(BATCH_TEST(forms), BATCH_TEST(one_copy_for_a_form), BATCH_TEST(chains),
	  BATCH_TEST(a_full_queue), BATCH_TEST(no_room), BATCH_TEST(long_frames),
	  BATCH_TEST(blocked_ports), BATCH_TEST(metered_ports), BATCH_TEST(mirrors))
