// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/admit.h"

#include "dataplane/guard.h"
#include "dataplane/key.h"

// A group address that bridges must not forward without being told to (IEEE 802.1Q-2022 table 8-1),
// or Cisco's address for per-VLAN spanning tree.
static enum outcome admit_reserved(const struct portconf *p, uint64_t dst)
{
	if (dst == MAC_BRIDGE_GROUP || dst == MAC_PVST)
		return p->bpdu == BPDU_PASS ? ADMITTED : OUT_BPDU;
	if ((dst & ~UINT64_C(0xf)) == MAC_BRIDGE_GROUP)
		return p->link_local_forward ? ADMITTED : OUT_LINK_LOCAL;
	return ADMITTED;
}

// What a guest must not send, by the look of the packet.
static enum outcome admit_guarded(const struct portconf *p, const struct rte_mbuf *m)
{
	unsigned kinds = p->guards ? guard_look(m) & p->guards : 0;

	if (kinds & GUARD_DHCP_SERVER)
		return OUT_DHCP_SERVER;
	return kinds & GUARD_ROUTER_ADVERT ? OUT_ROUTER_ADVERT : ADMITTED;
}

enum outcome admit_closely(const struct portconf *p, const struct rte_mbuf *m, uint64_t src,
			   uint64_t dst)
{
	if (mac_is_group(src) || !src)
		return OUT_BAD_SOURCE;
	enum outcome reserved = admit_reserved(p, dst);
	if (reserved != ADMITTED)
		return reserved;
	if (p->own_mac_only && src != p->mac)
		return OUT_FORGED_TRANSMIT;
	return admit_guarded(p, m);
}
