// SPDX-License-Identifier: BSD-3-Clause
// pool: the packet buffers.
#pragma once

#include <rte_mbuf.h>

// A pool of buffers that take a frame of 2,048 bytes each (longer frames are chains), as many as
// fit into `memory` bytes. NULL: no memory.
struct rte_mempool *pool_create(uint64_t memory);

// A small pool of buffers for drivers that want a frame in one piece, whatever its length; id: a
// number of the caller's.
enum { POOL_LONG_FRAME = 16384 };
struct rte_mempool *pool_create_long(unsigned id);

// Where a frame is still under way, its pool stays, and is what pool_create_long() gives next for
// this id.
void pool_free_long(struct rte_mempool *pool);

// A way to the buffers of another pool for a device that a guest may hand a frame of any length: so
// many buffers, then none. One thread takes. The buffers belong to the other pool; id: a number of
// the caller's.
enum { POOL_FRAME_BUFFERS = 6 }; // the longest frame, of 9,018 bytes, in buffers of 2,048
struct rte_mempool *pool_create_rationed(struct rte_mempool *from, unsigned id);
void pool_ration(struct rte_mempool *rationed, unsigned buffers);

// A frame of these bytes, a chain where it is longer than a buffer. NULL: no buffer is left.
struct rte_mbuf *pool_frame(struct rte_mempool *pool, const uint8_t *data, uint32_t len);
