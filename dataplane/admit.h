// SPDX-License-Identifier: BSD-3-Clause
// admit: may a frame come in through this port, and in which VLAN.
//
// Model   A function of the frame and the port's configuration alone: no clock, no table, no state. What depends on
//         those (port up, rates, storms) is decided when the frame's turn comes.
#pragma once

#include "counters.h"
#include "frame.h"
#include "guard.h"
#include "portconf.h"

// A frame between its arrival and its decision.
struct arrival {
	struct frame frame;
	uint64_t src_key, dst_key;
	const struct fdb_line *src_line, *dst_line;
	uint16_t vid;
	uint8_t verdict; // ADMITTED or the reason to drop it
	bool group;
};

// A group address that bridges must not forward without being told to (IEEE 802.1Q-2022 table 8-1), or Cisco's
// address for per-VLAN spanning tree.
enum outcome admit_reserved(const struct portconf *p, uint64_t dst);

static inline uint16_t admit_vlan(const struct swconf *c, const struct portconf *p, portset self, const struct frame *f)
{
	uint16_t vid = tci_vid(f->tci);

	if (!vid)
		return p->untagged_vid;
	return p->takes_tags && c->vlan[vid].member & self ? vid : 0;
}

// What a guest must not send, by the look of the packet.
enum outcome admit_guarded(const struct portconf *p, const struct rte_mbuf *m);

// Decides about a frame; fills in what forwarding needs of an admitted one.
static inline enum outcome admit(const struct swconf *c, const struct portconf *p, portset self, const struct rte_mbuf *m,
				 struct arrival *a)
{
	if (!frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &a->frame))
		return OUT_MALFORMED;
	a->vid = admit_vlan(c, p, self, &a->frame);
	if (!a->vid)
		return OUT_VLAN_FILTERED;
	if (mac_is_group(a->frame.src) || !a->frame.src)
		return OUT_BAD_SOURCE;
	a->group = mac_is_group(a->frame.dst);
	if (a->group) {
		enum outcome reserved = admit_reserved(p, a->frame.dst);
		if (reserved != ADMITTED)
			return reserved;
	}
	if (p->own_mac_only && a->frame.src != p->mac)
		return OUT_FORGED_TRANSMIT;
	return p->guarded ? admit_guarded(p, m) : ADMITTED;
}
