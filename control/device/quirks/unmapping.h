// SPDX-License-Identifier: BSD-3-Clause
// unmapping: delays the unmapping of shared memory until no worker uses it.
//
// DPDK       22.11.
// Takes over munmap().
// Fault      When a peer disconnects, net_memif unmaps the memory that it shared with the peer in
//            DPDK's interrupt thread at once. A worker in the middle of a burst then crashes.
// Repair     In the interrupt thread alone, munmap() first waits until each worker has passed a
//            quiescent point. The driver has already marked itself disconnected, so that the next
//            burst does not touch the memory. If a worker is stuck, the memory stays mapped.
// Test       None fails reliably, because the fault is a race. "memif: peers that are killed", in
//            peers, runs through it.
#pragma once

#include <rte_rcu_qsbr.h>

// Sets the workers that munmap() waits for; NULL: none.
void unmapping_wait_for(struct rte_rcu_qsbr *workers);
