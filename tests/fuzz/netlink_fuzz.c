// SPDX-License-Identifier: BSD-3-Clause
// What the kernel says by netlink: rows of its FDB for the mirror and of its neighbours, in any
// order, between dumps and losses; answers to questions about next hops, addresses and interfaces.
// The MACs and addresses that are counted are those that were placed in the switch.
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "control/common/error.h"
#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/neighbours.h"
#include "control/evpn/nexthop.h"
#include "control/evpn/row.h"
#include "control/evpn/rtnl.h"
#include "control/evpn/shadow.h"
#include "dataplane/key.h"
#include "tests/fuzz/fuzz.h"

enum { VXLAN = 7, TAP = 8, BRIDGE = 9, VID = 10, VNI = 500, PLACES = 512, PORT_ID = 77 };

static struct bytes input;
static uint32_t asked;    // sequence number of the last request
static uint32_t answered; // of the last one that got its end

// The kernel, in the place of libmnl's sockets.

struct mnl_socket {
	int none;
};

static struct mnl_socket only;

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus, (void)flags;
	return &only;
}

int mnl_socket_close(struct mnl_socket *s)
{
	(void)s;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *s)
{
	(void)s;
	return -1;
}

unsigned mnl_socket_get_portid(const struct mnl_socket *s)
{
	(void)s;
	return PORT_ID;
}

int mnl_socket_bind(struct mnl_socket *s, unsigned groups, pid_t pid)
{
	(void)s, (void)groups, (void)pid;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *bytes, size_t n)
{
	(void)s;
	asked = ((const struct nlmsghdr *)bytes)->nlmsg_seq;
	return (ssize_t)n;
}

// Takes a message from the input: a type, and what follows the header.
static size_t take_message(char *to, size_t room)
{
	struct nlmsghdr *h = (struct nlmsghdr *)to;
	size_t n = take8(&input);

	*h = (struct nlmsghdr){
		.nlmsg_type = take8(&input), .nlmsg_seq = asked, .nlmsg_pid = PORT_ID};
	n = n < input.left ? n : input.left;
	n = n < room - sizeof *h ? n : room - sizeof *h;
	memcpy(to + sizeof *h, input.at, n);
	input.at += n;
	input.left -= n;
	h->nlmsg_len = (uint32_t)(sizeof *h + n);
	return h->nlmsg_len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *to, size_t room)
{
	(void)s;
	if (input.left)
		return (ssize_t)take_message(to, room);
	if (answered == asked) {
		errno = EAGAIN;
		return -1;
	}
	answered = asked;
	*(struct nlmsghdr *)to = (struct nlmsghdr){.nlmsg_len = sizeof(struct nlmsghdr),
						   .nlmsg_type = NLMSG_DONE,
						   .nlmsg_seq = asked,
						   .nlmsg_pid = PORT_ID};
	return sizeof(struct nlmsghdr);
}

// The switch: places of MACs behind tunnels. Some MACs are refused, some are local.

static struct {
	uint64_t key;
	uint32_t vtep;
} placed[PLACES];
static unsigned places;

static unsigned find_place(uint64_t key)
{
	unsigned i = 0;

	while (i < places && placed[i].key != key)
		i++;
	return i;
}

static bool set_vtep(void *arg, uint32_t vtep, const uint32_t *vnis, size_t count)
{
	(void)arg, (void)vnis;
	MUST(count <= 1);
	return vtep & 7;
}

static bool publish(void *arg)
{
	(void)arg;
	return asked & 3;
}

static int place(void *arg, uint32_t vtep, uint64_t key, bool sticky)
{
	static const int refusals[8] = {0, -EEXIST, -EBUSY, -ENOSPC, 0, -ENOENT, 0, 0};
	unsigned i = find_place(key);

	(void)arg, (void)sticky;
	if (refusals[key & 7] || i == PLACES)
		return refusals[key & 7] ? refusals[key & 7] : -ENOSPC;
	placed[i].key = key;
	placed[i].vtep = vtep;
	places += i == places;
	return 0;
}

static void take_out(void *arg, uint32_t vtep, uint64_t key)
{
	unsigned i = find_place(key);

	(void)arg;
	if (i < places && placed[i].vtep == vtep)
		placed[i] = placed[--places];
}

static void find(void *arg, uint64_t key, struct host_entry *e)
{
	unsigned i = find_place(key);

	(void)arg;
	*e = (struct host_entry){.where = (key & 15) == 1 ? HOST_LOCAL : HOST_NOWHERE};
	if (i < places)
		*e = (struct host_entry){.where = HOST_REMOTE, .vtep = placed[i].vtep};
}

static void walk(void *arg, host_visit_fn visit, void *visit_arg)
{
	struct host_entry local = {.where = HOST_LOCAL};

	(void)arg;
	visit(visit_arg, key_make(VID, 1), &local);
}

// Addresses at other machines. Those with an even number are refused, but not where they are.
static struct {
	struct ip_address ip;
	uint64_t mac;
} address[PLACES];
static unsigned addresses;

static int place_ip(void *arg, uint16_t vid, struct ip_address ip, uint64_t mac)
{
	unsigned i = 0;

	(void)arg;
	MUST(vid == VID);
	while (i < addresses && (address[i].ip.high != ip.high || address[i].ip.low != ip.low))
		i++;
	if (!mac) {
		MUST(i < addresses, "an address goes that did not come");
		address[i] = address[--addresses];
		return 0;
	}
	if (i == addresses && (!(ip.low & 1) || i == PLACES))
		return -ENOSPC;
	MUST(i == addresses || address[i].mac != mac, "an address comes twice");
	address[i].ip = ip;
	address[i].mac = mac;
	addresses += i == addresses;
	return 0;
}

// Every fourth address is bound here.
static uint64_t owner(void *arg, uint16_t vid, struct ip_address ip, unsigned *port)
{
	(void)arg, (void)vid;
	*port = ip.low & 7;
	return ip.low & 3 ? 0 : 1;
}

static void walk_owners(void *arg, host_owner_fn visit, void *visit_arg)
{
	(void)arg;
	visit(visit_arg, VID, 1, (struct ip_address){0, 4});
	visit(visit_arg, 0, 1, (struct ip_address){0, 8});
}

static void tell(void *arg, enum host_news what, uint32_t vtep, uint32_t count)
{
	(void)arg, (void)what, (void)vtep, (void)count;
}

static const struct fabric_host host = {.set_vtep = set_vtep,
					.publish = publish,
					.place = place,
					.remove = take_out,
					.find = find,
					.walk = walk,
					.tell = tell,
					.owner = owner,
					.walk_owners = walk_owners,
					.place_ip = place_ip};

static void check_counts(const struct mirror *m)
{
	struct mirror_vtep t;
	struct mirror_vni v;
	unsigned sum = 0;

	mirror_vni(m, 0, &v);
	for (unsigned n = 0; n < MIRROR_VTEPS; n++) {
		mirror_vtep(m, n, &t);
		sum += t.address ? t.macs : 0;
	}
	MUST(v.macs_remote == places, "%u, but %u are placed", v.macs_remote, places);
	MUST(sum == places, "%u at VTEPs, but %u are placed", sum, places);
}

static void check_addresses(struct neighbours *n, uint64_t now_ms)
{
	struct neighbours_stats s;

	neighbours_stats(n, now_ms, &s);
	MUST(s.remote == addresses, "%u counted, but %u are placed", s.remote, addresses);
}

// A row in memory of its exact size, padded as netlink pads messages.
static void take_row(struct mirror *m, struct neighbours *v, uint64_t now_ms)
{
	char bytes[512];
	size_t n = take_message(bytes, sizeof bytes);
	char *exact = calloc(1, MNL_ALIGN(n));
	struct neighbours_row neighbour;
	struct mirror_row r;

	memcpy(exact, bytes, n);
	if (row_read_neighbour((const struct nlmsghdr *)exact, &neighbour)) {
		neighbour.interface = BRIDGE;
		neighbours_take(v, &neighbour, now_ms);
	}
	if (row_read((const struct nlmsghdr *)exact, &r)) {
		r.interface = r.interface & 1 ? TAP : VXLAN;
		MUST(!r.nexthop || !r.destination);
		mirror_take(m, &r, now_ms);
	}
	free(exact);
}

static void ask(struct rtnl *talk)
{
	struct nexthop n;
	struct error e;

	nexthop_find(talk, 1, take8(&input), &n);
	MUST((n.state == NEXTHOP_UP) == !!n.mac);
	MUST(n.state == NEXTHOP_NO_ROUTE || n.address);
	nexthop_forget(talk, &n);
	nexthop_source(talk, 3, take8(&input));
	nexthop_object(talk, 5);
	shadow_is_free(talk, VNI, &e);
}

static void act(struct mirror *m, struct neighbours *n, struct rtnl *talk, uint64_t *now_ms)
{
	switch (take8(&input)) {
	case 0:
		*now_ms += take8(&input) * UINT64_C(10);
		mirror_turn(m, *now_ms);
		neighbours_turn(n, *now_ms);
		check_counts(m);
		check_addresses(n, *now_ms);
		break;
	case 1:
		mirror_dump_begin(m);
		neighbours_dump_begin(n);
		break;
	case 2:
		mirror_dump_end(m, *now_ms);
		neighbours_dump_end(n, *now_ms);
		break;
	case 3:
		mirror_news_lost(m);
		break;
	case 4:
		neighbours_touch(n, key_make(VID, take8(&input)));
		mirror_touch(m, key_make(VID, take8(&input)));
		break;
	case 5:
		ask(talk);
		break;
	case 6:
		*now_ms += take8(&input) * UINT64_C(1000);
		neighbours_drop_external(n);
		break;
	default:
		take_row(m, n, *now_ms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtnl talk;
	uint64_t now_ms = 1000;

	input = (struct bytes){data, size};
	places = addresses = asked = answered = 0;
	MUST(!rtnl_open(&talk, 0));
	struct mirror *m = mirror_create(&host, &talk);
	mirror_configure(m, 1000, 500);
	struct neighbours *n = neighbours_create(&host, &talk, m);
	MUST(mirror_set_vni(m, VID, VNI, VXLAN, TAP));
	MUST(neighbours_set_vni(n, VID, BRIDGE));
	while (input.left)
		act(m, n, &talk, &now_ms);
	mirror_turn(m, now_ms);
	neighbours_turn(n, now_ms);
	check_counts(m);
	check_addresses(n, now_ms);
	neighbours_del_vni(n, VID);
	MUST(!addresses, "%u addresses are left", addresses);
	neighbours_destroy(n);
	mirror_del_vni(m, VID, now_ms);
	mirror_turn(m, now_ms + 100000);
	MUST(!places, "%u places are left", places);
	mirror_destroy(m);
	return 0;
}
