// SPDX-License-Identifier: BSD-3-Clause
// waiting: leaves a driver that waits forever for its device.
//
// DPDK       22.11.
// Takes over usleep(), in the thread that opens a device.
// Fault      net_virtio waits without end until its NIC has answered a command. A virtio NIC that
//            QEMU does not put behind the IOMMU never answers on vfio-pci, because its memory
//            accesses go elsewhere. The control thread then hangs.
// Repair     A driver that has slept WAITING_SLEEPS times, and for WAITING_MAX_S, is left by a
// jump.
//            No driver that gets its answers sleeps as often. The device stays as it is: its driver
//            may hold a lock, so nothing may use or close it.
// Test       switchvm: "a virtio NIC that is not behind the IOMMU".
// Threads    One thread opens devices.
#pragma once

#include <stdbool.h>

enum { WAITING_MAX_S = 3, WAITING_SLEEPS = 4000 };

// Calls a function that opens a device. False if it was left.
bool waiting_call(void (*open)(void *), void *arg);
