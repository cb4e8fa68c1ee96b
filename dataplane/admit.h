// SPDX-License-Identifier: BSD-3-Clause
// admit: may a frame come in through this port, and in which VLAN.
//
// Model   A function of the frame, the port's configuration and the leases of stations. It has no
//         clock and no other state. What depends on those (port up, rates, storms) is decided when
//         the frame's turn comes.
#pragma once

#include <stdbool.h>

#include "dataplane/counters.h"
#include "dataplane/fdb.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/lease.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"

// A frame between its arrival and its decision. No member is a byte: a store to one could be a
// store to anything, and what the loop of a burst holds in registers would be read again.
struct arrival {
	uint64_t src_key, dst_key;                  // with the frame's VLAN, 0 if there is none
	const struct fdb_slot *src_slot, *dst_slot; // own ones
	uint64_t packed; // verdict and tag; 0: an admitted frame without a tag
};

// The tag is as in struct frame. The verdict is ADMITTED, ADMITTED_DHCP, or the reason to drop the
// frame. Both are one number, because a load that needs two stores has to wait for them.
static inline uint64_t arrival_pack(uint32_t tag, enum outcome verdict)
{
	return (uint64_t)verdict << 32 | tag;
}

static inline uint32_t arrival_tag(const struct arrival *a)
{
	return (uint32_t)a->packed;
}

static inline enum outcome arrival_verdict(const struct arrival *a)
{
	return (enum outcome)(a->packed >> 32);
}

// The VLAN of a frame on a port, 0 if there is none. A frame with a priority tag is in the VLAN of
// untagged frames. If a second tag follows, it is in none: without its first tag, the frame would
// reach the next switch in a VLAN of the guest's choice.
static inline uint16_t admit_vlan(const struct swconf *c, const struct portconf *p, portset self,
				  uint32_t tag, const struct rte_mbuf *m)
{
	uint16_t vid = tag_vid(tag);

	if (!vid)
		return __builtin_expect(tag && frame_has_second_tag(m), 0) ? 0 : p->untagged_vid;
	return p->takes_tags && c->vlan[vid].member & self ? vid : 0;
}

static inline enum tag_form form_of(uint32_t tag)
{
	if (!tag)
		return FORM_UNTAGGED;
	return tag_vid(tag) ? FORM_TAGGED : FORM_PRIORITY;
}

// Whether a port takes frames of a source under these rules of it. It refuses a source only if it
// rejects forged transmits.
bool admit_takes_source(const struct swconf *c, const struct portconf *p, const struct rules *r,
			uint64_t src);

// The kinds of a frame, GUARD_…, that these rules drop.
unsigned admit_guarded(const struct rules *r, const struct rte_mbuf *m);

// Whether these rules of a port take a frame of a source for spoofed.
bool admit_is_spoofed(const struct portconf *p, const struct rules *r, const struct leases *leases,
		      const struct rte_mbuf *m, uint64_t src, uint16_t vid);

// Whether the addresses of a frame ask for a closer look, on any port.
static inline bool admit_is_special(uint64_t src, uint64_t dst)
{
	return !src || mac_is_group(src | dst);
}

// The decision about a frame that has a VLAN, where its addresses or the port ask for a closer
// look.
enum outcome admit_closely(const struct swconf *c, const struct portconf *p,
			   const struct leases *leases, const struct rte_mbuf *m, uint16_t vid,
			   uint64_t src, uint64_t dst);

// Decides about a frame. Stores its keys if it has a VLAN.
enum outcome admit(const struct swconf *c, const struct portconf *p, portset self,
		   const struct leases *leases, const struct rte_mbuf *m, struct arrival *a);
