// SPDX-License-Identifier: BSD-3-Clause
// members: closes a bond whose members are TAPs.
//
// DPDK       24.11. Earlier versions do not need it, and it does no harm there.
// Takes over rte_eth_dev_internal_reset(), which only net_bonding calls.
// Fault      A bond that is closed resets its members, which frees their ingress queues and then
//            their egress queues. When net_tap frees an egress queue, it looks for the ingress
//            queue in the array that is already freed. The switch then crashes.
// Repair     While a port is closed, members are not reset. port_close() removes them right after
//            their bond, and that frees their queues.
// Test       peers: "bond:balance-xor over TAPs: the port is deleted and added again".
// Threads    The control thread.
#pragma once

#include <stdbool.h>

struct rte_eth_dev;

void rte_eth_dev_internal_reset(struct rte_eth_dev *member);

// Sets whether bonds leave the queues of their members alone. The caller then removes the members.
void members_spare(bool spare);
