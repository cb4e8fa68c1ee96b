// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/pool.h"
#include "tests/unit/kit.h"
#include "tests/unit/pool.h"

// A ration gives its number of buffers, then none. They come from the other pool and return to it.
static void rations(void **state)
{
	struct rte_mempool *pool = test_pool(1 << 20), *rationed = pool_create_rationed(pool, 7);
	unsigned before = rte_mempool_avail_count(pool);
	struct rte_mbuf *m[6];

	(void)state;
	assert_non_null(rationed);
	assert_int_equal(rte_pktmbuf_data_room_size(rationed), rte_pktmbuf_data_room_size(pool));
	assert_null(rte_pktmbuf_alloc(rationed));
	for (int round = 0; round < 2; round++) {
		assert_int_equal(pool_ration(rationed, 5), 1); // it has refused
		assert_false(pool_ration(rationed, 5));
		assert_int_equal(rte_pktmbuf_alloc_bulk(rationed, m, 3), 0);
		assert_int_not_equal(rte_pktmbuf_alloc_bulk(rationed, m + 3, 3), 0); // all or none
		assert_int_equal(rte_pktmbuf_alloc_bulk(rationed, m + 3, 2), 0);
		assert_null(rte_pktmbuf_alloc(rationed));
		for (int i = 0; i < 5; i++)
			assert_ptr_equal(m[i]->pool, pool);
		assert_int_equal(rte_mempool_avail_count(pool), before - 5);
		rte_pktmbuf_free_bulk(m, 5);
		assert_null(rte_pktmbuf_alloc(rationed)); // a returned buffer is not given again
	}
	rte_mempool_free(rationed);
	assert_int_equal(rte_mempool_avail_count(pool), before);
	rationed = pool_create_rationed(pool, 7);
	assert_non_null(rationed);
	pool_ration(rationed, UINT32_MAX);
	unsigned taken = 0;
	struct rte_mbuf *all = NULL;
	for (struct rte_mbuf *one; (one = rte_pktmbuf_alloc(rationed)); taken++) {
		one->next = all;
		all = one;
	}
	assert_int_equal(taken, before); // no more than the pool has
	while (all) {
		struct rte_mbuf *one = all;
		all = one->next;
		one->next = NULL;
		rte_pktmbuf_free(one);
	}
	rte_mempool_free(rationed);
	rte_mempool_free(pool);
}

// A frame that is longer than a buffer is a chain.
static void frames(void **state)
{
	struct rte_mempool *pool = test_pool(1 << 20);
	static uint8_t data[9018], copy[9018];

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	struct rte_mbuf *m = pool_frame(pool, data, sizeof data);
	assert_non_null(m);
	assert_in_range(m->nb_segs, 2, POOL_FRAME_BUFFERS);
	assert_int_equal(rte_pktmbuf_pkt_len(m), sizeof data);
	assert_memory_equal(rte_pktmbuf_read(m, 0, sizeof data, copy), data, sizeof data);
	rte_pktmbuf_free(m);
	rte_mempool_free(pool);
}

// A freed pool can be made again, even if buffers are missing.
static void long_again(void **state)
{
	struct rte_mempool *pool = pool_create_long(7);

	(void)state;
	assert_non_null(pool);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	assert_non_null(m);
	pool_free_long(pool);
	assert_ptr_equal(pool_create_long(7), pool);
	rte_pktmbuf_free(m);
	pool_free_long(pool);
	assert_null(rte_mempool_lookup("long7"));
	pool = pool_create_long(7);
	assert_non_null(pool);
	pool_free_long(pool);
	pool_free_long(NULL);
}

RUN_TESTS(TEST(rations), TEST(frames), TEST(long_again))
