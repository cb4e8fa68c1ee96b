// SPDX-License-Identifier: BSD-3-Clause
// pool: the packet buffers.
#pragma once

#include <rte_mbuf.h>

// A pool of buffers that take a frame of 2,048 bytes each (longer frames are chains), as many as fit into `memory`
// bytes. NULL: no memory.
struct rte_mempool *pool_create(uint64_t memory);
