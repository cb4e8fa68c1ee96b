// SPDX-License-Identifier: BSD-3-Clause
// port: one DPDK ethdev: open, start, burst, link, close.
//
// Model     A port has as many ingress queues as are asked for, one as a rule, and as many egress
//           queues as there are workers, where the device has that many; else workers share one
//           under a lock. What comes in by one queue stays in order; the device spreads what comes
//           in by flows.
// Threads   Control opens and closes. One worker receives from a queue; any worker sends. A port
//           with PORT_QUIRK_DEFERRED is closed while DPDK's interrupt thread is held still.
// Ownership port_open() probes the device unless it is there already, port_close() removes it. A
//           device has one port.
// Errors    0 or -errno, with `step` naming what failed; a burst is the number of frames.
#pragma once

#include <rte_ethdev.h>
#include <rte_spinlock.h>
#include <stdbool.h>
#include <stdint.h>

enum { PORT_PARTS_MAX = 9, PORT_QUEUES_MAX = 8, PORT_HANDLES_MAX = 64 };

// What drivers do otherwise than DPDK's interface has it. port.c has the table of drivers.
enum {
	PORT_QUIRK_UNFINISHED = 1, // what it receives may lack a tag, a checksum or its end
	PORT_QUIRK_GUEST = 2, // it marks frames without a checksum; a guest makes them as long as
			      // it likes
	PORT_QUIRK_DEFERRED = 4,   // it leaves work to DPDK's interrupt thread, beyond the closing
	PORT_QUIRK_LEAKS = 8,      // it does not free what it made for its egress queues
	PORT_QUIRK_SLOW_POLL = 16, // a poll is a system call, even if there is no frame
};

struct port_part {
	struct rte_device *device;
	uint16_t dev;       // ethdev number
	unsigned interface; // the kernel's number of the interface behind it (TAP, packet socket);
			    // 0: none
};

// Of interrupts; made by a driver for the egress queues.
struct port_handles {
	unsigned count;
	struct rte_intr_handle *handle[PORT_HANDLES_MAX];
};

struct port {
	uint16_t dev; // ethdev number
	uint16_t rx_queues, tx_queues;
	bool shares_tx;     // more workers than egress queues
	bool has_lacp_bond; // frames of LACP leave only when something is sent, even if nothing
	bool kernel;        // a part of it is an interface of the kernel
	unsigned quirks;    // PORT_QUIRK_… of the drivers of its parts
	uint32_t longest;   // frame that it sends, without a tag; 0: any
	rte_spinlock_t tx_lock;
	unsigned parts; // the members of a bond, then the port itself
	struct port_part part[PORT_PARTS_MAX];
	unsigned active;                             // member in use
	struct rte_mempool *own;                     // buffers for its frames; NULL: those of all
	struct rte_mempool *ration[PORT_QUEUES_MAX]; // of those of all, for each poll of a queue;
						     // NULL: as many as it likes
	struct port_handles leaked;                  // what its driver has not freed yet
	unsigned guards;
	int guard[PORT_PARTS_MAX]; // files that are open as long as the port is
};

struct port_error {
	const char *step;
};

// How a port is to be opened.
struct port_options {
	uint16_t mtu;             // 0: none is asked for
	uint16_t rx_queues;       // 1 to PORT_QUEUES_MAX
	unsigned workers;         // that send
	struct rte_mempool *pool; // of the frames it receives
};

// Opens the device that DPDK's devargs name. Promiscuous, as a switch port is. The last of the
// parts (NULL ends them) is the port, the others are there for it. -ERANGE: it does not have so
// many ingress queues. What a failure leaves half open, port_close() takes down.
int port_open(struct port *p, const char *const *parts, const struct port_options *o,
	      struct port_error *e);
void port_close(struct port *p);

// Sets the MTU of an open port; 0: none is asked for, interfaces of the kernel get 1500. -ENOBUFS:
// the buffers of a packet socket are too short for it, they are made when it is opened.
int port_set_mtu(struct port *p, uint16_t mtu);

// Whether a driver has told of a link that changed since the last call; not all of them tell.
bool port_links_changed(void);

// Whether it has link. A bond in mode active-backup is moved to a member that has, where the one in
// use has not.
bool port_link(struct port *p);

static inline bool port_is_open(const struct port *p)
{
	return p->parts;
}

uint16_t port_rx(struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t n);

// Sends as many of the frames as the device takes.
uint16_t port_tx(struct port *p, unsigned worker, struct rte_mbuf **frames, uint16_t n);

// Between the two calls, handles that this thread makes are noted in `h`, and those that it frees
// are struck out; NULL: nowhere. DPDK's drivers make and free them, out of our sight.
void port_notes_begin(struct port_handles *h);
void port_notes_end(void);

// Called for each handle that is made, and that is freed.
void port_notes_made(struct rte_intr_handle *handle);
void port_notes_freed(struct rte_intr_handle *handle);
