// SPDX-License-Identifier: BSD-3-Clause
// pool: the packet buffers.
#pragma once

#include <rte_mbuf.h>

// A pool of buffers that take a frame of 2,048 bytes each (longer frames are chains), as many as fit into `memory`
// bytes. NULL: no memory.
struct rte_mempool *pool_create(uint64_t memory);

// A small pool of buffers for drivers that want a frame in one piece, whatever its length; id: a number of the caller's.
enum { POOL_LONG_FRAME = 16384 };
struct rte_mempool *pool_create_long(unsigned id);

// A frame of these bytes, a chain where it is longer than a buffer. NULL: no buffer is left.
struct rte_mbuf *pool_frame(struct rte_mempool *pool, const uint8_t *data, uint32_t len);
