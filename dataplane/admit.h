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
	uint64_t src_key, dst_key;                  // with the frame's VLAN
	const struct fdb_slot *src_slot, *dst_slot; // own ones; dst_slot NULL: the frame is not
						    // admitted, or for a group
	const portset *as_it_is;                    // ports that take it just as it is
	uint32_t tag;                               // as in struct frame
	uint32_t verdict; // ADMITTED, ADMITTED_DHCP, or the reason to drop it
};

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

// The decision about a frame that has a VLAN, where its addresses or the port ask for a closer
// look.
enum outcome admit_closely(const struct swconf *c, const struct portconf *p,
			   const struct leases *leases, const struct rte_mbuf *m, uint16_t vid,
			   const struct frame *f);

// Decides about a frame; fills in what forwarding needs of one that has a VLAN, but for its slots.
static inline enum outcome admit(const struct swconf *c, const struct portconf *p, portset self,
				 const struct leases *leases, const struct rte_mbuf *m,
				 struct arrival *a)
{
	struct frame f;

	if (!frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &f))
		return OUT_MALFORMED;
	uint16_t vid = admit_vlan(c, p, self, f.tag, m);
	if (!vid)
		return OUT_VLAN_FILTERED;
	a->src_key = key_make(vid, f.src);
	a->dst_key = key_make(vid, f.dst);
	a->tag = f.tag;
	a->as_it_is = &c->vlan[vid].as_it_is[form_of(f.tag)];
	if (__builtin_expect(f.src && !mac_is_group(f.src | f.dst) && !p->looks_closely, 1))
		return ADMITTED;
	return admit_closely(c, p, leases, m, vid, &f);
}
