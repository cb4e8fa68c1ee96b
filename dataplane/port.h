// SPDX-License-Identifier: BSD-3-Clause
// port: the device of a port: open, start, burst, link, close.
//
// Model     A device is a DPDK ethdev, or a netdev: an interface of the kernel.
//           A port has as many ingress queues as the caller asks for, usually one. It has an egress
//           queue for each worker if the device has enough; otherwise all workers share one queue
//           under a lock. The device distributes received flows over the ingress queues, and frames
//           of one queue stay in order.
// Threads   Control opens and closes ports. One worker receives from a queue; any worker sends. A
//           port with PORT_QUIRK_DEFERRED is closed while DPDK's interrupt thread is paused.
// Ownership port_open() probes the device unless it exists already, and port_close() removes it. A
//           device has one port.
// Errors    0 or -errno; `step` names the failed step. Burst functions return a number of frames.
#pragma once

#include <rte_ethdev.h>
#include <rte_spinlock.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/link.h"
#include "dataplane/netdev.h"

enum { PORT_PARTS_MAX = 9, PORT_QUEUES_MAX = 8, PORT_HANDLES_MAX = 64 };

// Deviations of drivers from DPDK's interface. port.c has the table of drivers.
enum {
	PORT_QUIRK_UNFINISHED = 1, // received frames may lack their tag, their checksum or their
				   // end
	PORT_QUIRK_GUEST = 2,      // rte_vhost's marks, and frames of any length: vhost.h
	PORT_QUIRK_DEFERRED = 4,   // work in DPDK's interrupt thread may outlive the device
	PORT_QUIRK_LEAKS = 8,      // memory of the egress queues is not freed
	PORT_QUIRK_SLOW_POLL = 16, // each poll is a system call, even without a frame
	PORT_QUIRK_SHORT = 32,     // takes no buffers that are longer than usual
	PORT_QUIRK_MOVES = 64,     // lives on if its interface is moved to another namespace
	PORT_QUIRK_SOCKET = 128,   // its link is that of a peer at a socket
	PORT_QUIRK_RESTARTS = 256, // restarts for a new MTU, and receives nothing afterwards
};

// What a device loses before a worker receives it, or after one has sent it.
#define PORT_LOSS_LIST(X) \
	X(RX_MISSED, "rx_missed")       /* its queue was full */ \
	X(RX_ERRORS, "rx_errors")       /* too long for it, or broken */ \
	X(RX_NO_BUFFER, "rx_no_buffer") /* no packet buffer was free */ \
	X(TX_ERRORS, "tx_errors")       /* of a NIC */

enum port_loss {
#define X(id, name) PORT_LOSS_##id,
	PORT_LOSS_LIST(X)
#undef X
		PORT_LOSSES
};
extern const char *const port_loss_names[PORT_LOSSES];

struct port_part {
	struct rte_device *device;
	bool pci;
	_Atomic bool pulled; // the machine asks for the NIC; a thread of DPDK writes it
	uint16_t dev;        // ethdev number
	unsigned interface;  // index of its kernel interface (TAP, packet socket); 0: none
	unsigned quirks;     // of its driver
};

// Interrupt handles that a driver allocated for the egress queues.
struct port_handles {
	unsigned count;
	struct rte_intr_handle *handle[PORT_HANDLES_MAX];
};

struct port {
	struct netdev *net; // NULL: the port is an ethdev
	uint16_t dev;       // ethdev number
	uint16_t rx_queues, tx_queues;
	bool shares_tx;         // more workers than egress queues
	bool has_lacp_bond;     // LACP frames are sent only by a send, which may be empty
	bool kernel;            // one of its parts is a kernel interface
	bool marks;             // received frames may have the marks of segment.h
	_Atomic unsigned takes; // marked frames that it sends, SEGMENT_…; a thread of DPDK writes
				// it
	unsigned quirks;        // PORT_QUIRK_… of the drivers of its parts
	uint32_t longest;       // longest frame that it sends, not counting a tag; 0: any
	rte_spinlock_t tx_lock;
	unsigned parts; // the members of a bond, then the port itself
	struct port_part part[PORT_PARTS_MAX];
	unsigned active;                             // member in use
	struct rte_mempool *own;                     // buffers of its own; NULL: shared buffers
	struct rte_mempool *ration[PORT_QUEUES_MAX]; // limits the buffers of a poll; NULL: no limit
	struct port_handles leaked;                  // not freed by its driver yet
	unsigned guards;
	int guard[PORT_PARTS_MAX];          // descriptors that stay open as long as the port
	uint16_t appetite[PORT_QUEUES_MAX]; // frames that the next poll takes; their worker writes
	uint64_t lost[PORT_LOSSES];         // when port_read_losses() last read it
	unsigned checked; // index of the interface that device_check_segments() has dealt with
};

struct port_error {
	const char *step;
};

// How a port is to be opened.
struct port_options {
	uint16_t mtu;             // 0: the device's default
	uint16_t rx_queues;       // 1 to PORT_QUEUES_MAX
	unsigned workers;         // number of workers that send
	struct rte_mempool *pool; // for received frames
};

// Opens the device of the last of `parts`, a NULL-terminated list of devargs; the others are its
// members. The device is promiscuous, like any switch port. -ERANGE if it has too few ingress
// queues. After a failure call port_close().
int port_open(struct port *p, const char *const *parts, const struct port_options *o,
	      struct port_error *e);

// Opens a netdev. All workers send through its queues.
int port_open_net(struct port *p, enum netdev_kind kind, const char *interface,
		  const struct port_options *o, struct port_error *e);
void port_close(struct port *p);

// Makes the port closed, and leaves its device open until the process ends. It is for a device
// that does not answer its driver.
void port_abandon(struct port *p);

// The MAC of a port's device. 0: it is not open, or has none.
uint64_t port_mac(const struct port *p);

// Sets the MAC of a TAP. 0 or -errno.
int port_set_mac(struct port *p, uint64_t mac);

// The largest MTU that the devices of a port say they take, after one was refused with -EINVAL.
// Interfaces of the kernel behind them have a limit of their own.
uint32_t port_largest_mtu(const struct port *p);

// Sets the MTU of an open port; 0 is the default, which is 1500 for kernel interfaces. -ENOBUFS if
// the buffers of a packet socket are too short; their size is fixed when it is opened. -EBUSY if
// the driver must be reopened for it.
int port_set_mtu(struct port *p, uint16_t mtu);

// Whether a driver has reported a changed link since the last call. Not all drivers report it.
bool port_links_changed(void);

// The link of a port. If the active member of an active-backup bond has none, another member with
// link becomes active. A port that is not open has LINK_NO_PEER. A NIC that is LINK_GONE is to be
// closed, because a NIC on vfio-pci goes only then.
enum link port_link(struct port *p);

// Reads into p->lost what the device has lost since it was opened, in frames. What a NIC that is
// gone has lost stays as it was. Only control calls it.
void port_read_losses(struct port *p);

// Whether a NIC of the port is not in the machine any more. Its registers read as ones.
bool port_is_unplugged(const struct port *p);

static inline bool port_is_open(const struct port *p)
{
	return p->net || p->parts;
}

uint16_t port_rx(struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t n);

// Whether the last poll of a queue took time for frames that were not received.
static inline bool port_is_greedy(const struct port *p, uint16_t queue)
{
	return p->appetite[queue] == 1;
}

// Sends as many of the frames as the device takes.
uint16_t port_tx(struct port *p, unsigned worker, struct rte_mbuf **frames, uint16_t n);

// Between these two calls, `h` lists the handles that this thread has allocated and not freed. NULL
// lists nothing. DPDK's drivers allocate and free handles internally.
void port_notes_begin(struct port_handles *h);
void port_notes_end(void);

// device/quirks/handles.c calls these for each handle that is allocated or freed.
void port_notes_made(struct rte_intr_handle *handle);
void port_notes_freed(struct rte_intr_handle *handle);
