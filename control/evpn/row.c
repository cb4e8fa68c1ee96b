// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/row.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "control/evpn/rtnl.h"

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
