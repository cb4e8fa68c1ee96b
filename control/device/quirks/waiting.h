// SPDX-License-Identifier: BSD-3-Clause
// waiting: leaves a driver that waits forever for its device, or waits for a device that is gone.
//
// DPDK       22.11.
// Takes over usleep(), in the thread that opens or closes a device. Further sleeps: nanosleep(),
//            see starting.h, and rte_delay_us(), which DPDK lets a program replace.
// Fault      net_virtio waits without end until its NIC has answered a command. A virtio NIC that
//            QEMU does not put behind the IOMMU never answers on vfio-pci, because its memory
//            accesses go elsewhere. The control thread then hangs.
//            net_e1000 sleeps 200,094 times, some 45 s, while it closes a NIC that was pulled,
//            because all its registers read as ones.
// Repair     A driver that has slept WAITING_SLEEPS times, and for WAITING_MAX_S, is left by a
//            jump. No driver that gets its answers sleeps as often. The device stays as it is: its
//            driver may hold a lock, so nothing may use or close it.
//            While a NIC that is gone is closed, sleeps of its driver end at once: nothing can
//            answer. A driver that tries to sleep WAITING_SKIPS times is left.
// Test       switchvm: "a virtio NIC that is not behind the IOMMU", "a NIC on uio_pci_generic that
//            is pulled".
// Threads    One thread opens and closes devices.
#pragma once

#include <stdbool.h>

enum { WAITING_MAX_S = 3, WAITING_SLEEPS = 4000, WAITING_SKIPS = 1000000 };

// Calls a function that opens a device. False if it was left.
bool waiting_call(void (*open)(void *), void *arg);

// Calls a function that closes a device that is gone. False if it was left.
bool waiting_skip(void (*close)(void *), void *arg);

// Whether a sleep of this thread is to end at once.
bool waiting_skips(void);
