// SPDX-License-Identifier: BSD-3-Clause
// neighbours_private: what the parts of neighbours share.
#pragma once

#include <sys/queue.h>

#include "control/evpn/host.h"
#include "control/evpn/rtnl.h"
#include "dataplane/binding.h"
#include "dataplane/portset.h"

struct mirror;

// One address of a VLAN: the row that the kernel has, and what the switch wants and was told.
struct note {
	uint16_t vid;
	uint8_t port; // where `wanted` is bound
	struct ip_address ip;
	uint64_t row;    // MAC of the kernel's row; 0: there is none
	uint64_t last;   // MAC of the last row, while that is remembered
	uint64_t wanted; // MAC here that is advertised; 0: none
	uint64_t placed; // MAC that the switch was told; 0: none
	uint64_t rest_ms, leave_ms, claim_ms, contested_ms;
	bool external; // FRR wrote the row
	bool failed;   // the kernel refused it
	bool seen;     // in the dump that runs
	bool in_changed, in_writing, in_resting, in_leaving, in_claiming;
	TAILQ_ENTRY(note) changed, writing, resting, leaving, claiming;
};

TAILQ_HEAD(note_queue, note);

// A VNI.
struct bridge {
	uint16_t vid;
	int index; // 0: there is none
};

// An address that is bound to a MAC.
struct bound {
	uint64_t mac;
	struct ip_address ip;
	uint16_t vid; // 0: any
};

struct neighbours {
	struct fabric_host host;
	struct rtnl *writer;
	struct mirror *mirror;
	struct bridge *bridge, *by_index; // sorted by VLAN; the same, sorted by index
	size_t bridges;
	struct bound *bound, *collecting; // sorted by MAC; those of the comparison that runs
	size_t bounds, collected, room;
	void *notes;                // tsearch()
	struct note_queue changed;  // something has changed
	struct note_queue writing;  // wait until the rate allows a row
	struct note_queue resting;  // contested: wait NEIGHBOURS_CONTEST_MS
	struct note_queue leaving;  // withdrawn: are remembered as long
	struct note_queue claiming; // wait NEIGHBOURS_CLAIM_MS
	bool compare, all;
	uint64_t looks; // of the last comparison: owners in VLANs
	uint64_t now_ms, compared_ms, dump_ms, retry_ms;
	uint32_t rows, port_rows[PORTS_MAX];
	uint32_t placed, contested, leavers;
	uint64_t limited, full; // bits of ports whose limit was met; the switch has no room
	uint64_t refused;
};

// Writes or deletes the row of an address. False: the kernel refused it.
bool neighbours_write_row(struct neighbours *n, const struct note *c, uint64_t mac, bool gone);
