// SPDX-License-Identifier: BSD-3-Clause
// port: one DPDK ethdev: open, start, burst, link, close.
//
// Model     A port has one ingress queue and as many egress queues as there are workers, where the device has that
//           many; else workers share one under a lock.
// Threads   Control opens and closes. One worker receives from a port; any worker sends.
// Ownership port_open() probes the device unless it is there already, port_close() removes it. A device has one port.
// Errors    0 or -errno, with `step` naming what failed; a burst is the number of frames.
#pragma once

#include <rte_ethdev.h>
#include <rte_spinlock.h>
#include <stdbool.h>
#include <stdint.h>

enum { PORT_PARTS_MAX = 9 };

struct port_part {
	struct rte_device *device;
	uint16_t dev;       // ethdev number
	unsigned interface; // the kernel's number of the interface behind it (TAP, packet socket); 0: none
};

struct port {
	uint16_t dev; // ethdev number
	uint16_t tx_queues;
	bool shares_tx;     // more workers than egress queues
	bool pumped;        // LACP frames of a bond go out when something is sent, if only nothing
	bool unfinished;    // what it receives may lack a tag, a checksum or its end
	bool kernel;        // a part of it is an interface of the kernel
	uint32_t longest;   // frame that it sends, without a tag; 0: any
	rte_spinlock_t tx_lock;
	unsigned parts; // the members of a bond, then the port itself
	struct port_part part[PORT_PARTS_MAX];
	unsigned active; // member in use
	struct rte_mempool *own; // buffers for its frames; NULL: those of all
	unsigned guards;
	int guard[PORT_PARTS_MAX]; // files that are open as long as the port is
};

struct port_error {
	const char *step;
};

// Opens the device that DPDK's devargs name, for `workers` senders, frames in mbufs from pool. Promiscuous, as a
// switch port is. The last of the parts (NULL ends them) is the port, the others are there for it. mtu 0: none is asked for.
int port_open(struct port *p, const char *const *parts, uint16_t mtu, unsigned workers, struct rte_mempool *pool,
	      struct port_error *e);
void port_close(struct port *p);

// Whether it has link. A bond in mode active-backup is moved to a member that has, where the one in use has not.
bool port_link(struct port *p);

static inline bool port_is_open(const struct port *p)
{
	return p->parts;
}

uint16_t port_rx(struct port *p, struct rte_mbuf **frames, uint16_t n);

// Sends as many of the frames as the device takes.
uint16_t port_tx(struct port *p, unsigned worker, struct rte_mbuf **frames, uint16_t n);
