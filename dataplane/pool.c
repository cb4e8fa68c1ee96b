// SPDX-License-Identifier: BSD-3-Clause
#include "pool.h"

#include <rte_eal.h>
#include <rte_mbuf_pool_ops.h>

enum { POOL_CACHE = 256, POOL_LONG = 512 };

// As rte_pktmbuf_pool_create() does it, but for one thing: without huge pages no device reads memory past the CPU, so
// buffers may cross pages. Else each of them would take a page of its own, nearly twice the memory.
static struct rte_mempool *create(const char *name, unsigned count, unsigned cache, uint16_t room)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, count, (unsigned)sizeof(struct rte_mbuf) + room, cache, sizeof private, SOCKET_ID_ANY,
					 rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);

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

struct rte_mempool *pool_create(uint64_t memory)
{
	uint64_t count = memory / rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, 0, NULL);

	return create("frames", count < UINT32_MAX / 2 ? (unsigned)count : UINT32_MAX / 2, POOL_CACHE, RTE_MBUF_DEFAULT_BUF_SIZE);
}

struct rte_mempool *pool_create_long(unsigned id)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof name, "long%u", id);
	return create(name, POOL_LONG, 0, POOL_LONG_FRAME + RTE_PKTMBUF_HEADROOM);
}

struct rte_mbuf *pool_frame(struct rte_mempool *pool, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *last = m;

	while (m && len) {
		uint32_t room = rte_pktmbuf_tailroom(last), part = len < room ? len : room;
		if (!part) {
			last->next = rte_pktmbuf_alloc(pool);
			if (!last->next) {
				rte_pktmbuf_free(m);
				return NULL;
			}
			last = last->next;
			last->data_off = 0;
			m->nb_segs++;
			continue;
		}
		memcpy(rte_pktmbuf_mtod_offset(last, char *, last->data_len), data, part);
		last->data_len = (uint16_t)(last->data_len + part);
		m->pkt_len += part;
		data += part;
		len -= part;
	}
	return m;
}
