// SPDX-License-Identifier: BSD-3-Clause
// mirror_private: what the parts of the mirror share.
#pragma once

#include <sys/queue.h>

#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/rtnl.h"

// One (VLAN, MAC): the rows that the kernel has, and where the switch has it because of them.
struct mac {
	uint64_t key;
	uint64_t until_ms;    // before that, rows of VTEP `left` are ignored
	uint64_t due_ms;      // in a list of those that wait for a time
	uint32_t dst;         // the VXLAN device's own row goes there; 0: there is none
	uint32_t deleted_dst; // of the row that we deleted, 0: none
	uint32_t left;        // the VTEP that it left for a port here; 0: none
	uint32_t at;          // the VTEP where we placed it in the switch; 0: none
	bool remote;          // the bridge has it on the VXLAN device
	bool remote_sticky;
	bool local; // the bridge has it on the TAP
	bool local_sticky;
	bool at_sticky;
	bool seen_dst, seen_remote, seen_local; // in the dump that runs
	bool compared;                          // the comparison that runs found it local
	bool in_news, in_dirty, in_settling, in_moving;
	TAILQ_ENTRY(mac) news, dirty, settling, moving;
};

TAILQ_HEAD(mac_queue, mac);

struct vni {
	uint16_t vid;
	uint32_t number;
	int vxlan, tap;
	uint64_t members, held, seen; // bits of VTEPs; seen: in the dump that runs
	uint32_t macs_local, macs_remote;
};

// The interface of a VNI.
struct mirror_port {
	int index;
	struct vni *vni;
};

struct vtep {
	uint32_t address;
	bool has_port, refused, stale;
	uint32_t macs, full; // full: MACs that the table had no room for, not told yet
	uint64_t since_ms, hold_until_ms;
};

struct mirror {
	struct fabric_host host;
	struct rtnl *writer;
	uint32_t rate, hold_ms;
	struct vni **vni; // sorted by VLAN
	size_t vnis;
	struct mirror_port *port; // sorted by index
	size_t ports;
	struct vtep vtep[MIRROR_VTEPS];
	void *macs;                        // tsearch()
	struct mac_queue news;             // rows have changed
	struct mac_queue dirty;            // the switch's entry has changed
	struct mac_queue settling, moving; // wait MIRROR_SETTLE_MS, MIRROR_LOCAL_MS
	uint32_t dirty_count;
	bool compare;      // all entries
	bool reapply;      // all remote MACs
	bool publish;      // ports of VTEPs have changed
	bool uncertain;    // news were lost: what the notes lack may be there
	uint64_t retry_ms; // 0: nothing is to be tried again
	double credit;     // rows of MACs that may be written now
	double ip_credit;  // rows of addresses
	uint64_t credit_ms;
	struct mirror_stats stats;
};

struct vni *mirror_vni_of(const struct mirror *m, uint64_t key);

// The note of a key, made if there is none. NULL: no memory.
struct mac *mirror_mac(struct mirror *m, uint64_t key);
struct mac *mirror_find_mac(const struct mirror *m, uint64_t key);

void mirror_queue_news(struct mirror *m, struct mac *c);
void mirror_queue_dirty(struct mirror *m, struct mac *c);
void mirror_queue_moving(struct mirror *m, struct mac *c, uint64_t now_ms);

// Forgets a note that says nothing.
void mirror_tidy(struct mirror *m, struct mac *c);

// The switch has a MAC no longer on the VTEP where we placed it.
void mirror_leave(struct mirror *m, struct mac *c);

// Writes the rows of changed entries, as many as the rate allows.
void mirror_write(struct mirror *m, uint64_t now_ms);

// Deletes the own row of the VXLAN device, or writes it again.
void mirror_write_own(struct mirror *m, struct mac *c, uint32_t destination, bool gone);
