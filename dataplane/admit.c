// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/admit.h"

#include "dataplane/dhcp.h"
#include "dataplane/guard.h"
#include "dataplane/key.h"
#include "dataplane/spoof.h"

// Decides about group addresses that bridges do not forward unless told to (IEEE 802.1Q-2022 table
// 8-1), and Cisco's for per-VLAN spanning tree and for CDP, VTP, DTP and UDLD. PAUSE is never
// forwarded, because it is about the link that it came in by (IEEE 802.3-2022 annex 31B).
static enum outcome admit_reserved(const struct portconf *p, uint64_t dst)
{
	if (dst == MAC_BRIDGE_GROUP || dst == MAC_PVST)
		return p->bpdu == BPDU_PASS ? ADMITTED : OUT_BPDU;
	if (!mac_is_reserved(dst))
		return ADMITTED;
	if (p->link_local == LINK_LOCAL_LLDP)
		return dst == MAC_LLDP ? ADMITTED : OUT_LINK_LOCAL;
	return p->link_local == LINK_LOCAL_PASS && dst != MAC_PAUSE ? ADMITTED : OUT_LINK_LOCAL;
}

unsigned admit_guarded(const struct rules *r, const struct rte_mbuf *m)
{
	return r->guards ? guard_look(m) & r->guards : 0;
}

bool admit_takes_source(const struct swconf *c, const struct portconf *p, const struct rules *r,
			uint64_t src)
{
	if (!r->own_mac_only || src == p->mac)
		return true;
	for (unsigned i = 0; i < p->allowed_count; i++) {
		const struct mac_range *range = &c->range[p->allowed_first + i];
		if ((src & range->mask) == range->mac)
			return true;
	}
	return false;
}

bool admit_is_spoofed(const struct portconf *p, const struct rules *r, const struct leases *leases,
		      const struct rte_mbuf *m, uint64_t src, uint16_t vid)
{
	struct spoof_bindings bound = {p->binding, p->binding_count,
				       p->learns_leases ? leases : NULL};

	return r->spoof && spoof_look(m, r->spoof, src, vid, &bound);
}

// Whether leases may be learned from a frame of a port.
static bool tells_of_lease(const struct portconf *p, const struct rte_mbuf *m)
{
	unsigned ends = (p->learns_leases ? DHCP_FROM_CLIENT : 0) |
			(p->serves_dhcp ? DHCP_FROM_SERVER : 0);

	return ends && dhcp_is(m, ends);
}

enum outcome admit_closely(const struct swconf *c, const struct portconf *p,
			   const struct leases *leases, const struct rte_mbuf *m, uint16_t vid,
			   uint64_t src, uint64_t dst)
{
	if (mac_is_group(src) || !src)
		return OUT_BAD_SOURCE;
	enum outcome reserved = admit_reserved(p, dst);
	if (reserved != ADMITTED)
		return reserved;
	if (!p->looks_closely)
		return ADMITTED;
	if (!admit_takes_source(c, p, &p->rules, src))
		return OUT_FORGED_TRANSMIT;
	unsigned kinds = admit_guarded(&p->rules, m);
	if (kinds & GUARD_DHCP_SERVER)
		return OUT_DHCP_SERVER;
	if (kinds & GUARD_ROUTER_ADVERT)
		return OUT_ROUTER_ADVERT;
	if (admit_is_spoofed(p, &p->rules, leases, m, src, vid))
		return OUT_SPOOFED;
	return tells_of_lease(p, m) ? ADMITTED_DHCP : ADMITTED;
}

enum outcome admit(const struct swconf *c, const struct portconf *p, portset self,
		   const struct leases *leases, const struct rte_mbuf *m, struct arrival *a)
{
	struct frame f;

	if (!frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &f))
		return OUT_MALFORMED;
	uint16_t vid = admit_vlan(c, p, self, f.tag, m);
	if (!vid)
		return OUT_VLAN_FILTERED;
	a->src_key = key_make(vid, f.src);
	a->dst_key = key_make(vid, f.dst);
	return admit_closely(c, p, leases, m, vid, f.src, f.dst);
}
