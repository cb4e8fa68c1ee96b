// SPDX-License-Identifier: BSD-3-Clause
// unmapping: memory that a peer shared with a device goes only when no worker reads it.
//
// Model   net_memif unmaps what it shared with a peer that has gone as soon as DPDK's interrupt
//         thread hears of that, though a worker may be in the middle of a burst: the switch died of
//         it. So munmap() is taken over here: in that thread, and nowhere else, it first waits
//         until each worker has ended its round. The driver has declared itself disconnected by
//         then, so that the next burst touches nothing.
#pragma once

#include <rte_rcu_qsbr.h>

// From now on that of these threads; NULL: nobody's.
void unmapping_waits_for(struct rte_rcu_qsbr *workers);
