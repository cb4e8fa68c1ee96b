// SPDX-License-Identifier: BSD-3-Clause
// mirror: makes the MAC table of the switch and the kernel's rows of the shadows tell the same.
//
// Model     Out: each MAC that the switch has on a port of its own has a row on the TAP of its VNI.
//           In: a MAC is remote if the bridge has it on the VXLAN device and that device has a
//           destination for it; the switch then has it on the tunnel of that VTEP. A VTEP takes
//           part in a VNI if the VXLAN device floods to it. The mirror notes what rows the kernel
//           has, and what it placed in the switch; it compares and mends the difference. News only
//           change these notes and queue the MAC; mirror_turn() acts.
// Rules     A MAC that a guest has just used here is local, and its row is written; for
//           MIRROR_LOCAL_MS a row of the VTEP that it left is ignored, then it is obeyed. A row
//           that the kernel loses while the switch still has the MAC is written again. zebra leaves
//           destinations behind when a MAC moves: they are deleted after MIRROR_SETTLE_MS. A
//           withdrawn MAC stays so long, too: if its VTEP leaves a VNI meanwhile, its MACs and its
//           part in the VNI stay for the time of vtep-hold, which covers a restart of FRR.
// Threads   The control thread.
// Time      Milliseconds of the caller's clock, as an argument.
// Limits    MIRROR_VTEPS VTEPs; the rows of others are counted as refused. Rows are written at the
//           rate of sync-rate. Zebra ends if its socket overruns, so that matters.
// Errors    Without memory a row is counted as refused; the next comparison tries again.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/evpn/host.h"
#include "control/evpn/rtnl.h"

enum {
	MIRROR_VTEPS = 64,
	MIRROR_LOCAL_MS = 1000,
	MIRROR_SETTLE_MS = 200,
	MIRROR_RETRY_MS = 10000, // after the MAC table was full
	MIRROR_PUBLISH_MS = 100, // after the switch could not change its ports
};

struct mirror_stats {
	uint64_t rows_written, rows_read, refused, leftovers, nexthop_rows;
	uint32_t pending; // rows that wait to be written
};

// One VNI as others see it.
struct mirror_vni {
	uint16_t vid;
	uint32_t vni;
	uint32_t macs_local, macs_remote;
	uint64_t vteps; // a bit for each number of a VTEP, those that are held included
};

struct mirror_vtep {
	uint32_t address; // 0: the number is free
	bool has_port;
	bool held; // it vanished from all VNIs
	uint32_t macs;
	uint64_t since_ms; // when it came, or was held
};

// A row of the kernel.
struct mirror_row {
	int interface;
	bool gone;
	bool own; // of the device itself (NTF_SELF), not of its bridge
	bool sticky;
	uint64_t mac;         // 0: a destination for flooded frames
	uint32_t destination; // 0: none
	uint32_t nexthop;     // number of a next hop object; 0: none
};

struct mirror;

// writer: its socket. NULL: no memory.
struct mirror *mirror_create(const struct fabric_host *host, struct rtnl *writer);
void mirror_destroy(struct mirror *m);

// sync_rate: rows a second. hold_ms: vtep-hold.
void mirror_configure(struct mirror *m, uint32_t sync_rate, uint32_t hold_ms);

// Adds a VNI, or tells that its devices are others now; 0: there are none. Its rows follow with the
// next dump. False: no memory.
bool mirror_set_vni(struct mirror *m, uint16_t vid, uint32_t vni, int vxlan, int tap);

// Forgets a VNI, and takes its remote MACs out of the switch.
void mirror_del_vni(struct mirror *m, uint16_t vid, uint64_t now_ms);

// Takes a row of the kernel: of a dump, or news. Rows of other devices are skipped.
void mirror_take(struct mirror *m, const struct mirror_row *row, uint64_t now_ms);

// News were lost: until a dump has ended, nothing is removed because a note lacks a row.
void mirror_news_lost(struct mirror *m);

// Begin and end a dump of all rows: what it does not have is gone.
void mirror_dump_begin(struct mirror *m);
void mirror_dump_end(struct mirror *m, uint64_t now_ms);

// The switch's entry of a key has changed.
void mirror_touch(struct mirror *m, uint64_t key);

// Any entry of the switch may have changed: compares all of them.
void mirror_compare(struct mirror *m);

// Acts on what was taken and touched. Returns the milliseconds until it wants to be called again,
// UINT32_MAX if nothing waits.
uint32_t mirror_turn(struct mirror *m, uint64_t now_ms);

// Whether another row of an address may be written now, which is then counted. MACs leave a share
// of the rate for them: guests can make MACs without end.
bool mirror_may_write(struct mirror *m);

void mirror_stats(const struct mirror *m, struct mirror_stats *s);

// The VNIs, sorted by VLAN.
size_t mirror_vni_count(const struct mirror *m);
void mirror_vni(const struct mirror *m, size_t i, struct mirror_vni *v);

// VTEP with a number below MIRROR_VTEPS.
void mirror_vtep(const struct mirror *m, unsigned number, struct mirror_vtep *v);
