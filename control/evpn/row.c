// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/row.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "control/evpn/rtnl.h"
#include "dataplane/binding.h"

static void take_attribute(struct mirror_row *r, const struct nlattr *a)
{
	switch (mnl_attr_get_type(a)) {
	case NDA_LLADDR:
		r->mac = rtnl_mac(a);
		break;
	case NDA_DST:
		// An IPv6 address is longer.
		r->destination = mnl_attr_get_payload_len(a) == 4 ? ntohl(rtnl_u32(a)) : 0;
		break;
	case NDA_NH_ID:
		r->nexthop = rtnl_u32(a);
		break;
	}
}

bool row_read(const struct nlmsghdr *h, struct mirror_row *r)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	if (!rtnl_has(h, sizeof *n) || n->ndm_family != AF_BRIDGE ||
	    (h->nlmsg_type != RTM_NEWNEIGH && h->nlmsg_type != RTM_DELNEIGH))
		return false;
	*r = (struct mirror_row){.interface = n->ndm_ifindex,
				 .gone = h->nlmsg_type == RTM_DELNEIGH,
				 .own = n->ndm_flags & NTF_SELF,
				 .sticky = n->ndm_flags & NTF_STICKY};
	if (!r->own && n->ndm_state & NUD_PERMANENT)
		return false;
	mnl_attr_for_each(a, h, sizeof *n)
	{
		take_attribute(r, a);
	}
	if (r->nexthop)
		r->destination = 0;
	return true;
}

static bool take_ip(struct neighbours_row *r, const struct nlattr *a, uint8_t family)
{
	const uint8_t *bytes = mnl_attr_get_payload(a);
	bool ipv4 = family == AF_INET;

	if (mnl_attr_get_payload_len(a) != (ipv4 ? 4 : 16))
		return false;
	r->ip = ipv4 ? ip_of4(bytes) : ip_of6(bytes);
	// An IPv6 row of an IPv4 address would be a second row of that one.
	return ipv4 || !ip_is4(r->ip);
}

bool row_read_neighbour(const struct nlmsghdr *h, struct neighbours_row *r)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	bool found = false;

	if (!rtnl_has(h, sizeof *n) || (n->ndm_family != AF_INET && n->ndm_family != AF_INET6) ||
	    (h->nlmsg_type != RTM_NEWNEIGH && h->nlmsg_type != RTM_DELNEIGH))
		return false;
	*r = (struct neighbours_row){.interface = n->ndm_ifindex,
				     .gone = h->nlmsg_type == RTM_DELNEIGH,
				     .external = n->ndm_flags & NTF_EXT_LEARNED};
	mnl_attr_for_each(a, h, sizeof *n)
	{
		if (mnl_attr_get_type(a) == NDA_LLADDR)
			r->mac = rtnl_mac(a);
		else if (mnl_attr_get_type(a) == NDA_DST)
			found = take_ip(r, a, n->ndm_family);
	}
	if (n->ndm_state & (NUD_INCOMPLETE | NUD_FAILED))
		r->mac = 0;
	return found;
}
