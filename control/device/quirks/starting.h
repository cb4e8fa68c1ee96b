// SPDX-License-Identifier: BSD-3-Clause
// starting: lets the EAL start fast where no device is used.
//
// DPDK       22.11.
// Takes over dlopen(), nanosleep(), access(), memfd_create().
// Fault      rte_eal_init() loads some 200 drivers. It sleeps for 0.1 s to measure the frequency of
//            the TSC, where the CPU does not say it. It asks sysfs 5,000 times about CPUs and NUMA
//            nodes that may exist. Its memory is a file, in which each page has a fault of its own.
//            A replay needs none of this. In CI it runs a thousand times, with a few frames each.
// Repair     While the EAL starts, dlopen() denies that the EAL is a shared library, so that it
//            looks for no folder of drivers. The sleep is 2 ms long. The EAL rounds the frequency
//            to 10 MHz in any case. access() denies NUMA nodes, and CPUs that this process may not
//            use. memfd_create() fails, therefore the memory is anonymous, and may be huge pages.
// Test       replay_test: loads_no_drivers, asks_sysfs_little.
// Limits     The program must be linked with the drivers of its packet buffers: rte_mempool_ring,
//            rte_mempool_stack.
#pragma once

// Before and after rte_eal_init().
void starting_fast_begin(void);
void starting_fast_end(void);
