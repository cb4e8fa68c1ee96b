// SPDX-License-Identifier: BSD-3-Clause
#include "control/evpn/shadow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

// ip link shows it at the devices.
static const char mark[] = "nestswitch evpn";

static void shadow_name(char name[IFNAMSIZ], const char *kind, uint32_t vni)
{
	snprintf(name, IFNAMSIZ, "ns%s%u", kind, vni);
}

// What the kernel says of an interface.
struct link {
	int index; // 0: there is none
	char kind[16];
	bool ours;
	uint32_t vni, source; // of a VXLAN device
	uint16_t udp_port;
};

static void take_vxlan(struct link *l, const struct nlattr *data)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data)
	{
		uint16_t type = mnl_attr_get_type(a);
		if (type == IFLA_VXLAN_ID)
			l->vni = rtnl_u32(a);
		else if (type == IFLA_VXLAN_LOCAL)
			l->source = ntohl(rtnl_u32(a));
		else if (type == IFLA_VXLAN_PORT)
			l->udp_port = ntohs(rtnl_u16(a));
	}
}

static void take_kind(struct link *l, const struct nlattr *info)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, info)
	{
		uint16_t type = mnl_attr_get_type(a);
		if (type == IFLA_INFO_KIND)
			rtnl_text(a, l->kind, sizeof l->kind);
		else if (type == IFLA_INFO_DATA && !strcmp(l->kind, "vxlan"))
			take_vxlan(l, a);
	}
}

static bool is_mark(const struct nlattr *alias)
{
	char text[sizeof mark + 1]; // a longer one differs

	rtnl_text(alias, text, sizeof text);
	return !strcmp(text, mark);
}

static int take_link(const struct nlmsghdr *h, void *link)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	struct link *l = link;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWLINK || !rtnl_has(h, sizeof *i))
		return MNL_CB_OK;
	l->index = i->ifi_index;
	mnl_attr_for_each(a, h, sizeof *i)
	{
		if (mnl_attr_get_type(a) == IFLA_IFALIAS)
			l->ours = is_mark(a);
		else if (mnl_attr_get_type(a) == IFLA_LINKINFO)
			take_kind(l, a);
	}
	return MNL_CB_OK;
}

// Reads an interface. 0, also if there is none, or -errno.
static int find_link(struct rtnl *r, const char *name, struct link *l)
{
	union rtnl_request q;

	*l = (struct link){0};
	rtnl_begin(&q, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&q.header, IFLA_IFNAME, name);
	int error = rtnl_talk(r, &q, take_link, l);
	return error == -ENODEV ? 0 : error;
}

static int delete_link(struct rtnl *r, int index)
{
	union rtnl_request q;
	struct ifinfomsg *i = rtnl_begin(&q, RTM_DELLINK, 0, sizeof *i);

	i->ifi_index = index;
	return rtnl_talk(r, &q, NULL, NULL);
}

static int set_up(struct rtnl *r, int index, bool up)
{
	union rtnl_request q;
	struct ifinfomsg *i = rtnl_begin(&q, RTM_NEWLINK, 0, sizeof *i);

	i->ifi_index = index;
	i->ifi_change = IFF_UP;
	i->ifi_flags = up ? IFF_UP : 0;
	return rtnl_talk(r, &q, NULL, NULL);
}

// Marks an interface as ours, makes it a port of a bridge unless that is 0, and keeps IPv6 from
// giving it an address.
static int mark_link(struct rtnl *r, int index, int bridge)
{
	union rtnl_request q;
	struct ifinfomsg *i = rtnl_begin(&q, RTM_NEWLINK, 0, sizeof *i);

	i->ifi_index = index;
	mnl_attr_put_strz(&q.header, IFLA_IFALIAS, mark);
	if (bridge)
		mnl_attr_put_u32(&q.header, IFLA_MASTER, (uint32_t)bridge);
	struct nlattr *families = mnl_attr_nest_start(&q.header, IFLA_AF_SPEC);
	struct nlattr *ipv6 = mnl_attr_nest_start(&q.header, AF_INET6);
	mnl_attr_put_u8(&q.header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(&q.header, ipv6);
	mnl_attr_nest_end(&q.header, families);
	int error = rtnl_talk(r, &q, NULL, NULL);
	return error == -EAFNOSUPPORT ? 0 : error; // a kernel without IPv6 changes what it knows
}

// Sets what IPv6 does on an interface, where /proc can be written.
static void set_ipv6(const char *name, const char *setting, bool on)
{
	char path[80];

	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, setting);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, on ? "1" : "0", 1) < 0)
		errno = 0;
	close(fd);
}

// A port needs no IPv6. Without an address of its own it would be silent, too.
static void silence_ipv6(const char *name)
{
	set_ipv6(name, "disable_ipv6", true);
}

// Keeps a port of a bridge from learning, and from passing anything on.
static int quieten_port(struct rtnl *r, int index, bool suppress)
{
	static const uint16_t off[] = {IFLA_BRPORT_LEARNING, IFLA_BRPORT_UNICAST_FLOOD,
				       IFLA_BRPORT_MCAST_FLOOD, IFLA_BRPORT_BCAST_FLOOD};
	union rtnl_request q;
	struct ifinfomsg *i = rtnl_begin(&q, RTM_NEWLINK, 0, sizeof *i);

	i->ifi_index = index;
	struct nlattr *info = mnl_attr_nest_start(&q.header, IFLA_LINKINFO);
	mnl_attr_put_strz(&q.header, IFLA_INFO_SLAVE_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(&q.header, IFLA_INFO_SLAVE_DATA);
	for (unsigned n = 0; n < sizeof off / sizeof *off; n++)
		mnl_attr_put_u8(&q.header, off[n], 0);
	mnl_attr_put_u8(&q.header, IFLA_BRPORT_ISOLATED, 1);
	mnl_attr_put_u8(&q.header, IFLA_BRPORT_NEIGH_SUPPRESS, suppress);
	mnl_attr_nest_end(&q.header, data);
	mnl_attr_nest_end(&q.header, info);
	return rtnl_talk(r, &q, NULL, NULL);
}

static struct nlattr *begin_kind(union rtnl_request *q, const char *name, const char *kind,
				 struct nlattr **data)
{
	rtnl_begin(q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&q->header, IFLA_IFNAME, name);
	struct nlattr *info = mnl_attr_nest_start(&q->header, IFLA_LINKINFO);
	mnl_attr_put_strz(&q->header, IFLA_INFO_KIND, kind);
	*data = mnl_attr_nest_start(&q->header, IFLA_INFO_DATA);
	return info;
}

static int finish_kind(struct rtnl *r, union rtnl_request *q, struct nlattr *info,
		       struct nlattr *data)
{
	mnl_attr_nest_end(&q->header, data);
	mnl_attr_nest_end(&q->header, info);
	return rtnl_talk(r, q, NULL, NULL);
}

static int create_bridge(struct rtnl *r, const char *name)
{
	struct nlattr *info, *data;
	union rtnl_request q;

	info = begin_kind(&q, name, "bridge", &data);
	mnl_attr_put_u8(&q.header, IFLA_BR_MCAST_SNOOPING, 0);
	return finish_kind(r, &q, info, data);
}

// Gives a bridge a MAC of its own. It would else take that of a port, and the kernel drops the
// neighbours of a device whose MAC changes without zebra taking notice. No guest can guess it.
static int set_address(struct rtnl *r, int index)
{
	union rtnl_request q;
	struct ifinfomsg *i = rtnl_begin(&q, RTM_NEWLINK, 0, sizeof *i);
	uint8_t mac[6];

	if (getrandom(mac, sizeof mac, 0) != sizeof mac)
		return -EIO;
	mac[0] = (uint8_t)((mac[0] & 0xfe) | 2); // a station's, locally administered
	i->ifi_index = index;
	mnl_attr_put(&q.header, IFLA_ADDRESS, sizeof mac, mac);
	return rtnl_talk(r, &q, NULL, NULL);
}

static int create_vxlan(struct rtnl *r, const char *name, uint32_t vni,
			const struct shadow_underlay *u)
{
	struct nlattr *info, *data;
	union rtnl_request q;

	info = begin_kind(&q, name, "vxlan", &data);
	mnl_attr_put_u32(&q.header, IFLA_VXLAN_ID, vni);
	mnl_attr_put_u32(&q.header, IFLA_VXLAN_LOCAL, htonl(u->source));
	mnl_attr_put_u16(&q.header, IFLA_VXLAN_PORT, htons(u->udp_port));
	mnl_attr_put_u8(&q.header, IFLA_VXLAN_LEARNING, 0);
	return finish_kind(r, &q, info, data);
}

bool shadow_kernel(struct rtnl *r, struct error *e)
{
	union rtnl_request q;

	// A device without a VNI: a kernel that knows VXLAN calls it invalid.
	rtnl_begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	struct nlattr *info = mnl_attr_nest_start(&q.header, IFLA_LINKINFO);
	mnl_attr_put_strz(&q.header, IFLA_INFO_KIND, "vxlan");
	mnl_attr_nest_end(&q.header, info);
	int error = rtnl_talk(r, &q, NULL, NULL);
	if (error == -EOPNOTSUPP)
		return error_set(e,
				 "evpn: kernel without VXLAN (modprobe vxlan, or control: none)");
	if (error == -EPERM)
		return error_set(
			e, "evpn: no right to make devices (CAP_NET_ADMIN, or control: none)");
	return true;
}

static bool refuse_foreign(struct error *e, const char *what, const char *name)
{
	return error_set(
		e,
		"evpn: %s %s exists and is not this switch's (ip link del %s, if nothing needs it)",
		what, name, name);
}

// Reads one of the two devices with a mark. False: it is not ours.
static bool find_own(struct rtnl *r, const char *letter, const char *kind, uint32_t vni,
		     struct link *l, struct error *e)
{
	char name[IFNAMSIZ];

	shadow_name(name, letter, vni);
	int error = find_link(r, name, l);
	if (error)
		return error_set(e, "evpn: %s: %s", name, strerror(-error));
	if (l->index && (!l->ours || strcmp(l->kind, kind) != 0))
		return refuse_foreign(e, strcmp(kind, "vxlan") != 0 ? kind : "VXLAN device", name);
	return true;
}

bool shadow_is_free(struct rtnl *r, uint32_t vni, struct error *e)
{
	char name[IFNAMSIZ];
	struct link l;

	if (!find_own(r, "b", "bridge", vni, &l, e) || !find_own(r, "x", "vxlan", vni, &l, e))
		return false;
	shadow_name(name, "l", vni);
	int error = find_link(r, name, &l);
	if (error)
		return error_set(e, "evpn: %s: %s", name, strerror(-error));
	// Ours ends with the process: this one belongs to another switch, or to somebody else.
	return !l.index || refuse_foreign(e, "TAP", name);
}

static bool fail(struct error *e, const char *letter, uint32_t vni, int error)
{
	if (error == -EADDRINUSE)
		return error_set(e, "evpn: ns%s%u: UDP port in use by another socket", letter, vni);
	if (error == -EEXIST && *letter == 'x')
		return error_set(e, "evpn: VNI %u is on another VXLAN device of this machine", vni);
	return error_set(e, "evpn: ns%s%u: %s", letter, vni, strerror(-error));
}

static bool make_tap(struct shadow *s, struct rtnl *r, struct error *e)
{
	struct ifreq i = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct link l;

	shadow_name(i.ifr_name, "l", s->vni);
	s->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0)
		return error_set(e, "evpn: /dev/net/tun: %s", strerror(errno));
	if (ioctl(s->fd, TUNSETIFF, &i))
		return fail(e, "l", s->vni, -errno);
	silence_ipv6(i.ifr_name);
	int error = find_link(r, i.ifr_name, &l);
	if (!error)
		s->tap = l.index;
	return !error || fail(e, "l", s->vni, error);
}

static bool make_bridge(struct shadow *s, struct rtnl *r, struct error *e)
{
	char name[IFNAMSIZ];
	struct link l;
	int error = 0;

	shadow_name(name, "b", s->vni);
	if (!find_own(r, "b", "bridge", s->vni, &l, e))
		return false;
	if (!l.index)
		error = create_bridge(r, name);
	if (!error && !l.index) {
		error = find_link(r, name, &l);
		if (!error)
			error = set_address(r, l.index);
	}
	if (!error)
		error = mark_link(r, l.index, 0);
	// It has rows for IPv6, and no address: it is silent, and takes no advice of routers.
	set_ipv6(name, "accept_ra", false);
	set_ipv6(name, "disable_ipv6", false);
	if (!error)
		s->bridge = l.index;
	return !error || fail(e, "b", s->vni, error);
}

// Takes over a VXLAN device that is as it should be; makes another one anew.
static bool make_vxlan(struct shadow *s, struct rtnl *r, const struct shadow_underlay *u,
		       struct error *e)
{
	char name[IFNAMSIZ];
	struct link l;
	int error = 0;

	shadow_name(name, "x", s->vni);
	if (!find_own(r, "x", "vxlan", s->vni, &l, e))
		return false;
	if (l.index && (l.vni != s->vni || l.source != u->source || l.udp_port != u->udp_port)) {
		error = delete_link(r, l.index);
		l.index = 0;
	}
	if (!error && !l.index) {
		error = create_vxlan(r, name, s->vni, u);
		if (!error)
			error = find_link(r, name, &l);
	}
	if (!error)
		s->vxlan = l.index;
	silence_ipv6(name);
	return !error || fail(e, "x", s->vni, error);
}

// Makes a device a silent port of the bridge.
static int join_bridge(const struct shadow *s, struct rtnl *r, int index)
{
	int error = mark_link(r, index, s->bridge);

	if (!error)
		error = quieten_port(r, index, index == s->vxlan);
	return error;
}

// zebra takes notice of a VNI when its VXLAN device is up in a bridge. Therefore that is last.
static bool join_up(struct shadow *s, struct rtnl *r, struct error *e)
{
	int error = join_bridge(s, r, s->tap);

	if (!error)
		error = join_bridge(s, r, s->vxlan);
	if (!error)
		error = set_up(r, s->tap, true);
	if (!error)
		error = set_up(r, s->bridge, true);
	if (!error)
		error = set_up(r, s->vxlan, true);
	return !error || fail(e, "x", s->vni, error);
}

bool shadow_make(struct shadow *s, struct rtnl *r, uint32_t vni, const struct shadow_underlay *u,
		 struct error *e)
{
	struct shadow new = {.vni = vni, .fd = -1};

	if (!shadow_is_free(r, vni, e))
		return false;
	if (!make_bridge(&new, r, e) || !make_vxlan(&new, r, u, e) || !make_tap(&new, r, e) ||
	    !join_up(&new, r, e)) {
		shadow_remove(&new, r);
		return false;
	}
	*s = new;
	return true;
}

void shadow_remove(struct shadow *s, struct rtnl *r)
{
	if (s->vxlan)
		delete_link(r, s->vxlan);
	if (s->fd >= 0)
		close(s->fd);
	if (s->bridge)
		delete_link(r, s->bridge);
	*s = (struct shadow){.vni = s->vni, .fd = -1};
}

int shadow_bounce(const struct shadow *s, struct rtnl *r)
{
	int error = set_up(r, s->vxlan, false);

	return error ? error : set_up(r, s->vxlan, true);
}
