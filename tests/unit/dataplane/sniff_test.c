// SPDX-License-Identifier: BSD-3-Clause
// The contents of the sniffer's ring. txbatch_test and forward_test check the frames that the
// forwarding path shows to sniffers.

#include <pthread.h>
#include <string.h>

#include "dataplane/portset.h"
#include "dataplane/sniff.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

enum { RING = 4096, LONG_RING = 65536, SNAPLEN = 1000, THREAD_FRAMES = 300000 };

static struct rte_mempool *pool;
static struct sniffer *sniffer;
static struct sniff_list list;
static const struct sniff_what received = {.ns = 7, .way = SNIFF_RX, .port = 3};

static void open_sniffer(uint32_t ring, uint64_t quota)
{
	if (!pool)
		pool = test_pool(2 << 20);
	sniffer = sniffer_create(ring, SNAPLEN, quota);
	assert_non_null(sniffer);
	for (int way = 0; way < SNIFF_WAYS; way++)
		atomic_store(&sniffer->ports[way], portset_of(3));
	sniff_add(&list, sniffer);
}

static void close_sniffer(void)
{
	sniff_remove(&list, sniffer);
	assert_null(sniff_first(&list));
	sniffer_destroy(sniffer);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

// A frame with its number in the first four bytes. All other bytes are the lowest byte of the
// number.
static struct rte_mbuf *frame(uint32_t number, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, len), (int)number, len);
	memcpy(rte_pktmbuf_mtod(m, void *), &number, sizeof number);
	return m;
}

static void show(const struct sniff_what *what, uint32_t first, unsigned n, uint16_t len,
		 unsigned sent)
{
	struct rte_mbuf *frames[SNIFF_BURST_MAX];

	for (unsigned i = 0; i < n; i++)
		frames[i] = frame(first + i, len);
	sniff_offer(sniff_first(&list), what, frames, n);
	assert_null(sniff_peek(sniffer)); // not yet
	sniff_commit(sniff_first(&list), what, sent);
	rte_pktmbuf_free_bulk(frames, n);
}

// Checks that the next record is that of the frame, and takes it.
static void check_record(uint32_t number, uint32_t len)
{
	const struct sniff_record *r = sniff_peek(sniffer);
	uint32_t found;

	CHECK(r, "frame %u is missing", number);
	memcpy(&found, r->bytes, sizeof found);
	assert_int_equal(found, number);
	assert_int_equal(r->length, len);
	assert_int_equal(r->captured, len < SNAPLEN ? len : SNAPLEN);
	for (uint32_t i = sizeof found; i < r->captured; i++)
		assert_int_equal(r->bytes[i], (uint8_t)number);
	assert_int_equal(r->what.ns, received.ns);
	assert_int_equal(r->what.port, received.port);
	sniff_take(sniffer);
}

// Records of every size, over many rounds of the ring, stay complete and in order.
static void rounds(void **state)
{
	uint64_t random = 1;

	(void)state;
	open_sniffer(RING, UINT64_MAX);
	for (uint32_t number = 0; number < 20000; number += 4) {
		uint16_t len = (uint16_t)(4 + rnd_below(&random, 600));
		show(&received, number, 4, len, 4);
		for (uint32_t i = 0; i < 4; i++)
			check_record(number + i, len);
		assert_null(sniff_peek(sniffer));
	}
	assert_int_equal(atomic_load(&sniffer->lost[3]), 0);
	close_sniffer();
}

static void snaplen(void **state)
{
	(void)state;
	open_sniffer(RING, UINT64_MAX);
	show(&received, 1, 1, 1500, 1);
	check_record(1, 1500);
	close_sniffer();
}

// A full ring counts lost frames. Taken records make room again.
static void a_full_ring(void **state)
{
	static const unsigned fit = RING / (32 + 96);

	(void)state;
	open_sniffer(RING, UINT64_MAX);
	show(&received, 0, fit + 10, 96, fit + 10);
	assert_int_equal(atomic_load(&sniffer->lost[3]), 10);
	check_record(0, 96);
	sniff_frames(sniff_first(&list), &received, (struct rte_mbuf *[]){NULL}, 0);
	struct rte_mbuf *more[] = {frame(100, 96), frame(101, 96)};
	sniff_frames(sniff_first(&list), &received, more, 2);
	rte_pktmbuf_free_bulk(more, 2);
	assert_int_equal(atomic_load(&sniffer->lost[3]), 11);
	for (uint32_t i = 1; i < fit; i++)
		check_record(i, 96);
	check_record(100, 96);
	assert_null(sniff_peek(sniffer));
	close_sniffer();
}

// Frames that were not sent have no record and do not count as lost, even if the ring was full.
static void not_sent(void **state)
{
	static const unsigned fit = RING / (32 + 96);

	(void)state;
	open_sniffer(RING, UINT64_MAX);
	show(&received, 0, 20, 96, 0);
	show(&received, 20, 20, 96, 5);
	for (uint32_t i = 20; i < 25; i++)
		check_record(i, 96);
	show(&received, 100, fit + 20, 96, fit - 1);
	assert_int_equal(atomic_load(&sniffer->lost[3]), 0);
	for (uint32_t i = 100; i < 100 + fit - 1; i++)
		check_record(i, 96);
	show(&received, 200, fit + 20, 96, fit + 3);
	assert_in_range(atomic_load(&sniffer->lost[3]), 3, 4); // a gap may have taken the place of
							       // one
	close_sniffer();
}

static void quota(void **state)
{
	(void)state;
	open_sniffer(RING, 5);
	show(&received, 0, 3, 96, 2);
	check_record(0, 96);
	check_record(1, 96);
	show(&received, 10, 9, 96, 9);
	for (uint32_t i = 10; i < 13; i++)
		check_record(i, 96);
	assert_null(sniff_peek(sniffer));
	assert_int_equal(atomic_load(&sniffer->lost[3]), 0);
	close_sniffer();
}

static void other_ports_and_ways(void **state)
{
	struct sniff_what elsewhere = received, sent = received;

	(void)state;
	elsewhere.port = 4;
	sent.way = SNIFF_TX;
	open_sniffer(RING, UINT64_MAX);
	atomic_store(&sniffer->ports[SNIFF_TX], 0);
	show(&elsewhere, 0, 3, 96, 3);
	show(&sent, 0, 3, 96, 3);
	assert_null(sniff_peek(sniffer));
	close_sniffer();
}

// Accepts frames with odd numbers, and reads to the end of long ones.
static bool is_odd(const void *program, const uint8_t *data, uint32_t length, uint32_t there)
{
	assert_ptr_equal(program, &list);
	assert_int_equal(length, there);
	assert_int_equal(data[length - 1], data[0]);
	return data[0] & 1;
}

static void filter(void **state)
{
	struct rte_mbuf *chain[2];

	(void)state;
	open_sniffer(LONG_RING, UINT64_MAX);
	sniffer->filter = is_odd;
	sniffer->program = &list;
	show(&received, 10, 10, 96, 7);
	for (uint32_t i = 11; i < 17; i += 2)
		check_record(i, 96);
	for (uint32_t i = 0; i < 2; i++) {
		chain[i] = frame(i, 2000);
		struct rte_mbuf *tail = frame(i, 2000);
		memset(rte_pktmbuf_mtod(tail, void *), (int)i, 4);
		assert_int_equal(rte_pktmbuf_chain(chain[i], tail), 0);
	}
	sniff_frames(sniff_first(&list), &received, chain, 2);
	rte_pktmbuf_free_bulk(chain, 2);
	check_record(1, 4000);
	assert_null(sniff_peek(sniffer));
	close_sniffer();
}

// Two sniffers of the same frames: both get them, and one can end without affecting the other.
static void two_sniffers(void **state)
{
	(void)state;
	open_sniffer(RING, UINT64_MAX);
	struct sniffer *first = sniffer;
	open_sniffer(RING, UINT64_MAX);
	struct sniffer *second = sniffer;
	show(&received, 5, 1, 96, 1);
	sniff_remove(&list, first);
	check_record(5, 96);
	sniffer = first;
	check_record(5, 96);
	sniffer_destroy(first);
	sniffer = second;
	show(&received, 7, 1, 96, 1);
	check_record(7, 96);
	close_sniffer();
}

static void *write_frames(void *unused)
{
	struct rte_mbuf *m = frame(0, 64);

	(void)unused;
	for (uint32_t number = 0; number < THREAD_FRAMES; number++) {
		memset(rte_pktmbuf_mtod(m, void *), (int)number, 64);
		memcpy(rte_pktmbuf_mtod(m, void *), &number, sizeof number);
		sniff_frames(sniff_first(&list), &received, &m, 1);
	}
	rte_pktmbuf_free(m);
	return NULL;
}

// A worker writes while control reads. The records are complete and in order. Read and lost frames
// add up to the written frames.
static void two_threads(void **state)
{
	uint64_t found = 0, lost = 0;
	uint32_t number, next = 0;
	pthread_t worker;

	(void)state;
	open_sniffer(RING, UINT64_MAX);
	assert_int_equal(pthread_create(&worker, NULL, write_frames, NULL), 0);
	while (found + lost < THREAD_FRAMES) {
		lost = atomic_load(&sniffer->lost[3]);
		const struct sniff_record *r = sniff_peek(sniffer);
		if (!r)
			continue;
		memcpy(&number, r->bytes, sizeof number);
		CHECK(number >= next && r->bytes[63] == (uint8_t)number,
		      "frame %u instead of %u or a later one", number, next);
		next = number + 1;
		found++;
		sniff_take(sniffer);
	}
	pthread_join(worker, NULL);
	assert_null(sniff_peek(sniffer));
	assert_int_equal(found + atomic_load(&sniffer->lost[3]), THREAD_FRAMES);
	close_sniffer();
}

RUN_TESTS(TEST(rounds), TEST(snaplen), TEST(a_full_ring), TEST(not_sent), TEST(quota),
	  TEST(other_ports_and_ways), TEST(filter), TEST(two_sniffers), TEST(two_threads))
