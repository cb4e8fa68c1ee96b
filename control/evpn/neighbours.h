// SPDX-License-Identifier: BSD-3-Clause
// neighbours: makes the addresses that are bound here and the kernel's neighbours of the shadows
// tell the same.
//
// Model     Out: an address that is bound to one MAC, which is on a port here, has a permanent row
//           on the bridge of its VNI. FRR advertises it with its MAC (RFC 7432 10). In: a row that
//           FRR put there is an address at another machine, which the switch is told. The rows are
//           noted; news and changes only queue an address, and neighbours_turn() acts.
// Rules     An address that several MACs have here is not advertised. A row of ours that another
//           machine's row replaced is written again after NEIGHBOURS_CLAIM_MS, if the address is
//           still bound here: FRR lets the latest claim win, and two machines would else claim it
//           in turn without end. An address whose MAC has changed is contested for
//           NEIGHBOURS_CONTEST_MS: the switch is not told of it, and floods requests. So a machine
//           that claims another one's address gains nothing.
// Threads   The control thread.
// Time      Milliseconds of the caller's clock, as an argument.
//           A guest whose link flaps causes comparisons: they keep a distance that grows with their
//           work.
// Limits    NEIGHBOURS_PORT_MAX rows of a port and NEIGHBOURS_MAX of this machine are written, at
//           the rate that the mirror allows. The switch has a limit for those of other machines.
//           NEIGHBOURS_LEFT_MAX addresses that were withdrawn are remembered, the latest ones.
// Errors    A row that the kernel refuses is counted; the next comparison tries again.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/evpn/host.h"
#include "control/evpn/rtnl.h"
#include "dataplane/binding.h"

enum {
	NEIGHBOURS_PORT_MAX = 256,
	NEIGHBOURS_MAX = 4096,
	NEIGHBOURS_CLAIM_MS = 20000,
	NEIGHBOURS_CONTEST_MS = 60000,
	NEIGHBOURS_LEFT_MAX = 16384, // addresses that were withdrawn and are remembered
	NEIGHBOURS_LOOKS_A_MS = 500, // at 0.2 us for an owner in a VLAN: a tenth of the time
	NEIGHBOURS_COMPARE_MS = 100, // between two comparisons
	NEIGHBOURS_RETRY_MS = 1000,  // after a limit was met
};

struct neighbours_stats {
	uint32_t local;     // advertised
	uint32_t remote;    // told to the switch
	uint32_t contested; // not told because their MAC has changed
	uint64_t refused;   // by the kernel or because of a limit
};

// A row of the kernel.
struct neighbours_row {
	int interface;
	bool gone;
	bool external; // FRR wrote it
	struct ip_address ip;
	uint64_t mac; // 0: the kernel does not know it
};

struct mirror;
struct neighbours;

// writer: its socket. mirror: its rate. NULL: no memory.
struct neighbours *neighbours_create(const struct fabric_host *host, struct rtnl *writer,
				     struct mirror *mirror);

// Takes all addresses out of the switch. NULL is allowed.
void neighbours_destroy(struct neighbours *n);

// Adds a VNI, or tells that its bridge is another one now; 0: there is none. False: no memory.
bool neighbours_set_vni(struct neighbours *n, uint16_t vid, int bridge);

// Forgets a VNI, and takes its addresses out of the switch.
void neighbours_del_vni(struct neighbours *n, uint16_t vid);

// Takes a row of the kernel: of a dump, or news. Rows of other devices are skipped.
void neighbours_take(struct neighbours *n, const struct neighbours_row *row, uint64_t now_ms);

// Begin and end a dump of all rows: what it does not have is gone.
void neighbours_dump_begin(struct neighbours *n);
void neighbours_dump_end(struct neighbours *n, uint64_t now_ms);

// The place of a MAC has changed.
void neighbours_touch(struct neighbours *n, uint64_t key);

// Bindings have changed; with `all`, places of MACs or settings of VLANs have, too.
void neighbours_compare(struct neighbours *n, bool all);

// Deletes the rows that FRR wrote. It writes those again that it still knows.
void neighbours_drop_external(struct neighbours *n);

// Acts on what was taken and touched. Returns the milliseconds until it wants to be called again,
// UINT32_MAX if nothing waits.
uint32_t neighbours_turn(struct neighbours *n, uint64_t now_ms);

void neighbours_stats(struct neighbours *n, uint64_t now_ms, struct neighbours_stats *s);

// Calls visit() for each address that the switch was told of, by VLAN and address.
typedef void (*neighbours_visit_fn)(void *arg, uint64_t key, struct ip_address ip);
void neighbours_walk(const struct neighbours *n, neighbours_visit_fn visit, void *arg);
