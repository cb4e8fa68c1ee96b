// SPDX-License-Identifier: BSD-3-Clause
// pool: creates the pools of packet buffers.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

// A pool of as many buffers as fit into `memory` bytes. Each holds 2,048 bytes of a frame; longer
// frames are chains. NULL if there is no memory.
struct rte_mempool *pool_create(uint64_t memory);

// The same for one thread, fast to create. The last buffer that was freed is the next to be taken.
struct rte_mempool *pool_create_lone(uint64_t memory);

// A pool for one thread of buffers without bytes of their own. pool_set_view() must follow each
// allocation.
struct rte_mempool *pool_create_views(unsigned count);

// Makes a buffer of such a pool the frame of `len` bytes at `data`, which must stay there until it
// is freed. They and `headroom` bytes before them may be overwritten. At most POOL_VIEW_MAX bytes.
enum { POOL_VIEW_MAX = 65000 };
static inline void pool_set_view(struct rte_mbuf *m, uint8_t *data, uint32_t len, uint16_t headroom)
{
	m->buf_addr = data - headroom;
	m->buf_len = (uint16_t)(headroom + len);
	m->data_off = headroom;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

// A small pool of long buffers, for drivers that need a frame in one segment. The caller chooses
// the number id.
enum { POOL_LONG_FRAME = 16384 };
struct rte_mempool *pool_create_long(unsigned id);

// While a frame of it is in use, the pool is kept, and the next pool_create_long() for its id
// returns it.
void pool_free_long(struct rte_mempool *pool);

// A pool that hands out a limited number of buffers of another pool. It is for devices to which a
// guest can give frames of any length. One thread takes buffers. The caller chooses the number id.
enum { POOL_FRAME_BUFFERS = 33 }; // the longest segment, of 65,600 bytes, in buffers of 2,048
struct rte_mempool *pool_create_rationed(struct rte_mempool *from, unsigned id);

// Sets the number of buffers that the pool hands out until the next call. Whether it has refused
// any since the last call.
bool pool_ration(struct rte_mempool *rationed, unsigned buffers);

// Appends bytes to a frame. *last is its last segment. It becomes a chain, with segments from the
// pool, if it is longer than a buffer. False if no buffer is left.
bool pool_append(struct rte_mempool *pool, struct rte_mbuf *m, struct rte_mbuf **last,
		 const uint8_t *data, uint32_t len);

// A frame of these bytes, as a chain if it is longer than a buffer. NULL if no buffer is left.
struct rte_mbuf *pool_frame(struct rte_mempool *pool, const uint8_t *data, uint32_t len);

// The same in a buffer that the caller has taken from the pool, or NULL.
struct rte_mbuf *pool_fill(struct rte_mempool *pool, struct rte_mbuf *m, const uint8_t *data,
			   uint32_t len);
