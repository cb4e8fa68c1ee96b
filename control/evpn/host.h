// SPDX-License-Identifier: BSD-3-Clause
// host: the switch, as EVPN sees it.
//
// Model     Functions that EVPN calls. VTEPs are IPv4 addresses in host order, keys are those of
//           the MAC table. Changes of VTEPs are collected until publish().
// Threads   The control thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/binding.h"

enum host_where { HOST_NOWHERE, HOST_LOCAL, HOST_REMOTE };

// What the switch has for a MAC.
struct host_entry {
	enum host_where where;
	bool sticky;   // sticky or static
	uint32_t vtep; // HOST_REMOTE
};

typedef void (*host_visit_fn)(void *arg, uint64_t key, const struct host_entry *e);

enum { HOST_NO_PORT = 255 };

typedef void (*host_owner_fn)(void *arg, uint16_t vid, uint64_t mac, struct ip_address ip);

// What EVPN tells. count: MACs that found the table full; enum host_resync; the port that has too
// many addresses, or HOST_NO_PORT if other machines have.
enum host_news {
	HOST_VTEP_UP,
	HOST_VTEP_DOWN,
	HOST_RESYNC,
	HOST_TABLE_FULL,
	HOST_PORT_LIMIT,
	HOST_NEIGHBOUR_LIMIT,
};

enum host_resync { HOST_RESYNC_START, HOST_RESYNC_OVERRUN, HOST_RESYNC_COMMAND };

struct fabric_host {
	void *arg;

	// Makes a VTEP a port that takes floods for these VNIs; without VNIs the port goes. False:
	// no port number is left.
	bool (*set_vtep)(void *arg, uint32_t vtep, const uint32_t *vnis, size_t count);

	// Frames to the VTEP go to this MAC; 0: nowhere.
	void (*resolve)(void *arg, uint32_t vtep, uint64_t mac);

	// The address of this machine, 0: none.
	void (*set_source)(void *arg, uint32_t source);

	// Puts what was collected in force. False: it stays collected.
	bool (*publish)(void *arg);

	// Puts a MAC on the port of a VTEP, or moves it there. -EEXIST: a fixed entry is in the
	// way. -EBUSY: it moved too often, and is held elsewhere. -ENOSPC: no room. -ENOENT,
	// -ENOTCONN: the VTEP is not in force there.
	int (*place)(void *arg, uint32_t vtep, uint64_t key, bool sticky);

	// Takes it from there. It may have gone or moved meanwhile.
	void (*remove)(void *arg, uint32_t vtep, uint64_t key);

	void (*find)(void *arg, uint64_t key, struct host_entry *e);
	void (*walk)(void *arg, host_visit_fn visit, void *visit_arg);
	void (*tell)(void *arg, enum host_news what, uint32_t vtep, uint32_t count);

	// The MAC that an address of a VLAN is bound to, if it is one MAC and that is on a port
	// here, and requests for it go to its owner alone; and the port of the binding. 0: none.
	uint64_t (*owner)(void *arg, uint16_t vid, struct ip_address ip, unsigned *port);

	// Calls visit() for each address that is bound to a MAC; VLAN 0: in any.
	void (*walk_owners)(void *arg, host_owner_fn visit, void *visit_arg);

	// An address of a VLAN belongs to a MAC at another machine. MAC 0: it does no longer.
	// -ENOSPC.
	int (*place_ip)(void *arg, uint16_t vid, struct ip_address ip, uint64_t mac);
};
