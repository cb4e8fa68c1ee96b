// SPDX-License-Identifier: BSD-3-Clause
// port: one DPDK ethdev: open, start, burst, link, close.
//
// Model     A port has one ingress queue and as many egress queues as there are workers, where the device has that
//           many; else workers share one under a lock.
// Threads   Control opens and closes. One worker receives from a port; any worker sends.
// Ownership port_open() probes the device unless it is there already, port_close() removes it.
// Errors    0 or -errno, with `step` naming what failed; a burst is the number of frames.
#pragma once

#include <rte_ethdev.h>
#include <rte_spinlock.h>
#include <stdbool.h>
#include <stdint.h>

struct port {
	uint16_t dev; // ethdev number
	uint16_t tx_queues;
	bool shares_tx;     // more workers than egress queues
	bool restores_tags; // the device may take tags out of what it receives
	unsigned interface; // the kernel's number of the interface behind it (TAP, packet socket); 0: none
	rte_spinlock_t tx_lock;
	struct rte_device *device;
};

struct port_error {
	const char *step;
};

// Opens the device that DPDK's devargs name, for `workers` senders, frames in mbufs from pool. Promiscuous, as a
// switch port is.
int port_open(struct port *p, const char *devargs, unsigned workers, struct rte_mempool *pool, struct port_error *e);
void port_close(struct port *p);

bool port_link(const struct port *p);

uint16_t port_rx(struct port *p, struct rte_mbuf **frames, uint16_t n);

// Sends as many of the frames as the device takes.
uint16_t port_tx(struct port *p, unsigned worker, struct rte_mbuf **frames, uint16_t n);
