// SPDX-License-Identifier: BSD-3-Clause
#include "pool.h"

#include <rte_eal.h>
#include <rte_mbuf_pool_ops.h>

enum { POOL_CACHE = 256 };

// As rte_pktmbuf_pool_create() does it, but for one thing: without huge pages no device reads memory past the CPU, so
// buffers may cross pages. Else each of them would take a page of its own, nearly twice the memory.
struct rte_mempool *pool_create(uint64_t memory)
{
	uint32_t size = sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE;
	uint64_t count = memory / rte_mempool_calc_obj_size(size, 0, NULL);
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE};
	struct rte_mempool *pool =
		rte_mempool_create_empty("frames", count < UINT32_MAX / 2 ? (unsigned)count : UINT32_MAX / 2, size, POOL_CACHE,
					 sizeof private, SOCKET_ID_ANY, rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL)) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_pktmbuf_pool_init(pool, &private);
	if (rte_mempool_populate_default(pool) < 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}
