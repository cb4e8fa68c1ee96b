// SPDX-License-Identifier: BSD-3-Clause
// lockable: whether this process may lock all memory of the switch, which a NIC on vfio-pci needs.
//
// Model  The kernel locks the memory that it maps for a NIC, up to RLIMIT_MEMLOCK. CAP_IPC_LOCK
//        lifts the limit. DPDK goes on without the mapping, and the NIC would be up and hear
//        nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// `limit`: in bytes, set if the answer is false.
bool memory_is_lockable(uint64_t *limit);
