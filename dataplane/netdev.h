// SPDX-License-Identifier: BSD-3-Clause
// netdev: a TAP, or a packet socket on an interface of the kernel.
//
// Model     DPDK's drivers for both lose tags or checksums, cannot carry segments, and count
//           against the few devices of DPDK. Here a virtio_net_hdr goes with each frame, in both
//           directions: see segment.h. A frame arrives complete, with the tag that the kernel keeps
//           beside it. A packet socket hears the other end only, not what this machine sends.
// Threads   Control opens and closes. One worker receives from a queue; any worker sends.
// Ownership As port.h: sent frames are freed.
// Limits    netdev_rx() takes up to NETDEV_BURST frames. Each TAP frame is a system call.
// Errors    0 or -errno. A frame that the kernel refuses is left to the caller, behind those that
//           were sent.
#pragma once

#include <net/if.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/link.h"

enum { NETDEV_BURST = 32, NETDEV_QUEUES_MAX = 8 };

enum netdev_kind { NETDEV_TAP, NETDEV_PACKET };

struct netdev;

// How a device is to be opened.
struct netdev_options {
	enum netdev_kind kind;
	const char *name; // of the interface
	uint16_t mtu;     // 0: as it is
	unsigned queues;
	struct rte_mempool *pool; // for received frames
};

// NULL with errno. A TAP is made and brought up.
struct netdev *netdev_open(const struct netdev_options *o);
void netdev_close(struct netdev *d);

// The link of the interface. For one that went away it is LINK_GONE; if there is one of its name
// again, it has the link the next time. A TAP that went away is made again. A TAP that was moved to
// another namespace is followed there.
enum link netdev_link(struct netdev *d);

// The MTU of the interface, as the last call of another function here found it.
uint16_t netdev_mtu(const struct netdev *d);

// The MAC of the interface; 0: it is not there.
uint64_t netdev_mac(const struct netdev *d);
int netdev_set_mac(const struct netdev *d, uint64_t mac);

// Sets the MTU, for interfaces of that name that return as well. 0 sets 1500 once. -ENODEV if the
// interface was moved to another namespace.
int netdev_set_mtu(struct netdev *d, uint16_t mtu);

// Whether segments came since the last call that the kernel cannot describe, such as those of UDP
// on a packet socket before Linux 6.2. The kernel drops them; each was received as an empty frame.
// If so, `name` is that of the interface.
bool netdev_undescribed(struct netdev *d, char name[IF_NAMESIZE]);

// The number of frames that the kernel had no room for, because they were not received in time.
// Only control calls it.
uint64_t netdev_missed(struct netdev *d);

// The descriptor of a queue, which is readable if it has frames.
int netdev_fd(const struct netdev *d, unsigned queue);

uint16_t netdev_rx(struct netdev *d, unsigned queue, struct rte_mbuf **frames, uint16_t n);

// Sends frames. The first ones, as many as it returns, were sent and are gone. May change the order
// of the others.
uint16_t netdev_tx(struct netdev *d, unsigned worker, struct rte_mbuf **frames, uint16_t n);
