// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/nexthop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

enum {
	NUD_RESOLVED = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT,
};

struct route {
	uint32_t gateway;
	int interface;
	bool usable;
};

static int take_route(const struct nlmsghdr *h, void *route)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);
	struct route *found = route;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWROUTE || !rtnl_has(h, sizeof *r))
		return MNL_CB_OK;
	found->usable = r->rtm_type == RTN_UNICAST;
	mnl_attr_for_each(a, h, sizeof *r)
	{
		if (mnl_attr_get_type(a) == RTA_OIF)
			found->interface = (int)rtnl_u32(a);
		else if (mnl_attr_get_type(a) == RTA_GATEWAY)
			found->gateway = ntohl(rtnl_u32(a));
	}
	return MNL_CB_OK;
}

static void find_route(struct rtnl *r, uint32_t vtep, struct route *found)
{
	union rtnl_request q;
	struct rtmsg *m = rtnl_begin(&q, RTM_GETROUTE, 0, sizeof *m);

	*found = (struct route){0};
	m->rtm_family = AF_INET;
	m->rtm_dst_len = 32;
	mnl_attr_put_u32(&q.header, RTA_DST, htonl(vtep));
	if (rtnl_talk(r, &q, take_route, found))
		found->usable = false;
}

struct neighbour {
	uint64_t mac; // 0: not resolved
	bool permanent, managed;
};

static int take_neighbour(const struct nlmsghdr *h, void *neighbour)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);
	struct neighbour *found = neighbour;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWNEIGH || !rtnl_has(h, sizeof *n))
		return MNL_CB_OK;
	found->permanent = n->ndm_state & NUD_PERMANENT;
	mnl_attr_for_each(a, h, sizeof *n)
	{
		if (mnl_attr_get_type(a) == NDA_LLADDR && n->ndm_state & NUD_RESOLVED)
			found->mac = rtnl_mac(a);
		else if (mnl_attr_get_type(a) == NDA_FLAGS_EXT)
			found->managed = rtnl_u32(a) & NTF_EXT_MANAGED;
	}
	return MNL_CB_OK;
}

static struct ndmsg *begin_neighbour(union rtnl_request *q, uint16_t type, uint16_t flags,
				     const struct nexthop *n)
{
	struct ndmsg *m = rtnl_begin(q, type, flags, sizeof *m);

	m->ndm_family = AF_INET;
	m->ndm_ifindex = n->interface;
	mnl_attr_put_u32(&q->header, NDA_DST, htonl(n->address));
	return m;
}

static void find_neighbour(struct rtnl *r, const struct nexthop *n, struct neighbour *found)
{
	union rtnl_request q;

	*found = (struct neighbour){0};
	begin_neighbour(&q, RTM_GETNEIGH, 0, n);
	if (rtnl_talk(r, &q, take_neighbour, found))
		found->mac = 0;
}

// Has the kernel find a neighbour, and keep it where it can.
static void resolve(struct rtnl *r, const struct nexthop *n)
{
	union rtnl_request q;

	begin_neighbour(&q, RTM_NEWNEIGH, NLM_F_CREATE, n)->ndm_flags = NTF_USE;
	mnl_attr_put_u32(&q.header, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	if (rtnl_talk(r, &q, NULL, NULL) != -EINVAL)
		return;
	begin_neighbour(&q, RTM_NEWNEIGH, NLM_F_CREATE, n)->ndm_flags = NTF_USE;
	rtnl_talk(r, &q, NULL, NULL);
}

void nexthop_find(struct rtnl *r, uint32_t vtep, int interface, struct nexthop *n)
{
	struct neighbour neighbour;
	struct route route;

	find_route(r, vtep, &route);
	*n = (struct nexthop){.state = NEXTHOP_NO_ROUTE, .interface = route.interface};
	if (!route.usable || !interface || route.interface != interface)
		return;
	n->address = route.gateway ? route.gateway : vtep;
	find_neighbour(r, n, &neighbour);
	if (!neighbour.permanent && (!neighbour.mac || !neighbour.managed)) {
		resolve(r, n);
		find_neighbour(r, n, &neighbour);
	}
	n->mac = neighbour.mac;
	n->state = n->mac ? NEXTHOP_UP : NEXTHOP_UNRESOLVED;
}

void nexthop_forget(struct rtnl *r, const struct nexthop *n)
{
	struct neighbour neighbour;
	union rtnl_request q;

	if (!n->address)
		return;
	find_neighbour(r, n, &neighbour);
	if (!neighbour.managed)
		return;
	begin_neighbour(&q, RTM_NEWNEIGH, 0, n)->ndm_flags = NTF_USE;
	rtnl_talk(r, &q, NULL, NULL);
}

int nexthop_interface(const char *name)
{
	return (int)if_nametoindex(name);
}

struct source {
	int interface;
	uint32_t wanted, found;
};

static int take_address(const struct nlmsghdr *h, void *source)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct source *s = source;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWADDR || !rtnl_has(h, sizeof *m) ||
	    (int)m->ifa_index != s->interface)
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof *m)
	{
		if (mnl_attr_get_type(a) != IFA_LOCAL)
			continue;
		uint32_t address = ntohl(rtnl_u32(a));
		if (s->wanted ? address == s->wanted : !s->found)
			s->found = address;
	}
	return MNL_CB_OK;
}

uint32_t nexthop_source(struct rtnl *r, int interface, uint32_t wanted)
{
	struct source s = {.interface = interface, .wanted = wanted};
	union rtnl_request q;
	struct ifaddrmsg *m = rtnl_begin(&q, RTM_GETADDR, NLM_F_DUMP, sizeof *m);

	m->ifa_family = AF_INET;
	return rtnl_talk(r, &q, take_address, &s) ? 0 : s.found;
}

struct object {
	uint32_t first, gateway;
};

static int take_object(const struct nlmsghdr *h, void *object)
{
	const struct nhmsg *m = mnl_nlmsg_get_payload(h);
	struct object *o = object;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWNEXTHOP || !rtnl_has(h, sizeof *m))
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof *m)
	{
		if (mnl_attr_get_type(a) == NHA_GROUP &&
		    mnl_attr_get_payload_len(a) >= sizeof(struct nexthop_grp))
			o->first = ((const struct nexthop_grp *)mnl_attr_get_payload(a))->id;
		else if (mnl_attr_get_type(a) == NHA_GATEWAY && m->nh_family == AF_INET)
			o->gateway = ntohl(rtnl_u32(a));
	}
	return MNL_CB_OK;
}

static struct object find_object(struct rtnl *r, uint32_t id)
{
	struct object o = {0};
	union rtnl_request q;

	rtnl_begin(&q, RTM_GETNEXTHOP, 0, sizeof(struct nhmsg));
	mnl_attr_put_u32(&q.header, NHA_ID, id);
	return rtnl_talk(r, &q, take_object, &o) ? (struct object){0} : o;
}

uint32_t nexthop_object(struct rtnl *r, uint32_t id)
{
	struct object o = find_object(r, id);

	return o.first ? find_object(r, o.first).gateway : o.gateway;
}
