// SPDX-License-Identifier: BSD-3-Clause
// The slot of the last drop: what it keeps of a frame, and that a reader never sees halves of two.

#include <pthread.h>
#include <string.h>

#include "dataplane/lastdrop.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

enum { NOTES = 300000, LENGTHS = 300 };

static struct rte_mempool *pool;
static struct lastdrop_slot slot;

// A frame whose bytes are all the same.
static struct rte_mbuf *frame(uint8_t byte, uint16_t len)
{
	if (!pool)
		pool = test_pool(2 << 20);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, len), byte, len);
	return m;
}

static void note(uint8_t byte, uint16_t len, uint32_t reason, uint64_t ns)
{
	struct rte_mbuf *m = frame(byte, len);

	lastdrop_note(&slot, m, reason, ns);
	rte_pktmbuf_free(m);
}

static void nothing_dropped(void **state)
{
	static const struct lastdrop_slot fresh;
	struct lastdrop d;

	(void)state;
	assert_false(lastdrop_read(&fresh, &d));
}

static void every_length(void **state)
{
	struct lastdrop d;

	(void)state;
	for (uint16_t len = 0; len <= LENGTHS; len++) {
		memset(&d, 0xee, sizeof d);
		note((uint8_t)len, len, len % 7, 1000 + len);
		assert_true(lastdrop_read(&slot, &d));
		uint32_t kept = len < LASTDROP_BYTES ? len : LASTDROP_BYTES;
		CHECK(d.length == len && d.captured == kept && d.reason == len % 7 &&
			      d.ns == 1000u + len,
		      "%u bytes: length %u, captured %u", len, d.length, d.captured);
		for (uint32_t i = 0; i < sizeof d.bytes; i++)
			CHECK(d.bytes[i] == (i < kept ? (uint8_t)len : 0xee), "byte %u of %u: %u",
			      i, len, d.bytes[i]);
	}
}

static void a_frame_in_two_buffers(void **state)
{
	struct rte_mbuf *m = frame(1, 20), *second = frame(2, 30);
	struct lastdrop d;

	(void)state;
	assert_int_equal(rte_pktmbuf_chain(m, second), 0);
	lastdrop_note(&slot, m, 3, 4);
	rte_pktmbuf_free(m);
	assert_true(lastdrop_read(&slot, &d));
	assert_int_equal(d.captured, 50);
	assert_int_equal(d.bytes[19], 1);
	assert_int_equal(d.bytes[20], 2);
	assert_int_equal(d.bytes[49], 2);
}

static void *note_many(void *arg)
{
	struct rte_mbuf *m[2] = {frame(5, 200), frame(9, 100)};

	(void)arg;
	for (unsigned i = 0; i < NOTES; i++)
		lastdrop_note(&slot, m[i % 2], i % 2 ? 9 : 5, i % 2 ? 9 : 5);
	rte_pktmbuf_free(m[0]);
	rte_pktmbuf_free(m[1]);
	return NULL;
}

static void a_reader_sees_whole_notes(void **state)
{
	struct lastdrop d;
	pthread_t writer;
	unsigned seen[2] = {0};

	(void)state;
	note(5, 200, 5, 5);
	assert_int_equal(pthread_create(&writer, NULL, note_many, NULL), 0);
	for (unsigned i = 0; i < NOTES; i++) {
		if (!lastdrop_read(&slot, &d))
			continue;
		assert_int_equal(d.length, d.reason == 5 ? 200 : 100);
		assert_int_equal(d.ns, d.reason);
		for (uint32_t k = 0; k < d.captured; k++)
			assert_int_equal(d.bytes[k], d.reason);
		seen[d.reason == 9]++;
	}
	pthread_join(writer, NULL);
	assert_true(seen[0] + seen[1] > 0);
}

RUN_TESTS(cmocka_unit_test(nothing_dropped), cmocka_unit_test(every_length),
	  cmocka_unit_test(a_frame_in_two_buffers), cmocka_unit_test(a_reader_sees_whole_notes))
