// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/pool.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf_pool_ops.h>

enum { POOL_CACHE = 256, POOL_LONG = 512 };

// Like rte_pktmbuf_pool_create(), except that buffers may cross pages if there are no huge pages.
// No device then accesses memory directly. Otherwise each buffer would take a page of its own,
// which is nearly twice the memory.
static struct rte_mempool *create_pool(const char *name, const char *ops, unsigned count,
				       unsigned cache, uint16_t room)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, count, (unsigned)sizeof(struct rte_mbuf) + room, cache, sizeof private,
		SOCKET_ID_ANY, rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, ops, NULL)) {
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

// The number of buffers that fit.
static unsigned buffers_in(uint64_t memory)
{
	uint64_t count = memory /
			 rte_mempool_calc_obj_size(
				 sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, 0, NULL);

	return count < UINT32_MAX / 2 ? (unsigned)count : UINT32_MAX / 2;
}

struct rte_mempool *pool_create(uint64_t memory)
{
	return create_pool("frames", rte_mbuf_best_mempool_ops(), buffers_in(memory), POOL_CACHE,
			   RTE_MBUF_DEFAULT_BUF_SIZE);
}

// Caches would take 1.5 MiB, because each possible thread has one.
struct rte_mempool *pool_create_lone(uint64_t memory)
{
	return create_pool("frames", "stack", buffers_in(memory), 0, RTE_MBUF_DEFAULT_BUF_SIZE);
}

struct rte_mempool *pool_create_views(unsigned count)
{
	return create_pool("views", "stack", count, 0, 0);
}

struct rte_mempool *pool_create_long(unsigned id)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof name, "long%u", id);
	struct rte_mempool *left = rte_mempool_lookup(name);
	return left ? left
		    : create_pool(name, rte_mbuf_best_mempool_ops(), POOL_LONG, 0,
				  POOL_LONG_FRAME + RTE_PKTMBUF_HEADROOM);
}

void pool_free_long(struct rte_mempool *pool)
{
	if (pool && rte_mempool_full(pool))
		rte_mempool_free(pool);
}

struct ration {
	struct rte_mempool *from;
	unsigned left;
	bool refused;
};

static int ration_take(struct rte_mempool *pool, void **buffers, unsigned n)
{
	struct ration *r = pool->pool_data;

	r->refused |= n > r->left;
	if (n > r->left || rte_mempool_get_bulk(r->from, buffers, n))
		return -ENOBUFS;
	r->left -= n;
	return 0;
}

// Buffers return to the pool that they name, which is not this one.
static int ration_put(struct rte_mempool *pool, void *const *buffers, unsigned n)
{
	(void)pool, (void)buffers, (void)n;
	return -ENOTSUP;
}

static unsigned ration_count(const struct rte_mempool *pool)
{
	return ((const struct ration *)pool->pool_data)->left;
}

static int ration_begin(struct rte_mempool *pool)
{
	struct ration *r = rte_zmalloc(NULL, sizeof *r, 0);

	if (r)
		*r = (struct ration){.from = pool->pool_config};
	pool->pool_data = r;
	return r ? 0 : -ENOMEM;
}

static void ration_end(struct rte_mempool *pool)
{
	rte_free(pool->pool_data);
}

static const struct rte_mempool_ops rationed_ops = {
	.name = "ration",
	.alloc = ration_begin,
	.free = ration_end,
	.enqueue = ration_put,
	.dequeue = ration_take,
	.get_count = ration_count,
};

struct rte_mempool *pool_create_rationed(struct rte_mempool *from, unsigned id)
{
	static bool known;
	char name[RTE_MEMPOOL_NAMESIZE];

	if (!known && rte_mempool_register_ops(&rationed_ops) < 0)
		return NULL;
	known = true;
	snprintf(name, sizeof name, "ration%u", id);
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, 1, from->elt_size, 0, from->private_data_size, SOCKET_ID_ANY, 0);
	if (!pool)
		return NULL;
	rte_pktmbuf_pool_init(pool, rte_mempool_get_priv(from));
	if (rte_mempool_set_ops_byname(pool, rationed_ops.name, from) || ration_begin(pool)) {
		rte_mempool_free(pool);
		return NULL;
	}
	return pool;
}

bool pool_ration(struct rte_mempool *rationed, unsigned buffers)
{
	struct ration *r = rationed->pool_data;
	bool refused = r->refused;

	r->left = buffers;
	r->refused = false;
	return refused;
}

bool pool_append(struct rte_mempool *pool, struct rte_mbuf *m, struct rte_mbuf **last,
		 const uint8_t *data, uint32_t len)
{
	while (len) {
		uint32_t room = rte_pktmbuf_tailroom(*last), part = len < room ? len : room;
		if (!part) {
			struct rte_mbuf *next = rte_pktmbuf_alloc(pool);
			if (!next)
				return false;
			next->data_off = 0;
			*last = (*last)->next = next;
			m->nb_segs++;
			continue;
		}
		memcpy(rte_pktmbuf_mtod_offset(*last, char *, (*last)->data_len), data, part);
		(*last)->data_len = (uint16_t)((*last)->data_len + part);
		m->pkt_len += part;
		data += part;
		len -= part;
	}
	return true;
}

struct rte_mbuf *pool_fill(struct rte_mempool *pool, struct rte_mbuf *m, const uint8_t *data,
			   uint32_t len)
{
	struct rte_mbuf *last = m;

	if (!m || pool_append(pool, m, &last, data, len))
		return m;
	rte_pktmbuf_free(m);
	return NULL;
}

struct rte_mbuf *pool_frame(struct rte_mempool *pool, const uint8_t *data, uint32_t len)
{
	return pool_fill(pool, rte_pktmbuf_alloc(pool), data, len);
}
