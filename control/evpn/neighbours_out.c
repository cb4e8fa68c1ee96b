// SPDX-License-Identifier: BSD-3-Clause
// neighbours_out: rows of the kernel's neighbours.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "control/evpn/neighbours_private.h"
#include "control/evpn/rtnl.h"
#include "dataplane/binding.h"

static void put_ip(struct nlmsghdr *h, struct ip_address ip)
{
	uint8_t bytes[16];

	for (int i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(ip.high >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(ip.low >> (56 - 8 * i));
	}
	unsigned skip = ip_is4(ip) ? 12 : 0;
	mnl_attr_put(h, NDA_DST, sizeof bytes - skip, bytes + skip);
}

static void put_mac(struct nlmsghdr *h, uint64_t mac)
{
	uint8_t bytes[6];

	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(mac >> (40 - 8 * i));
	mnl_attr_put(h, NDA_LLADDR, sizeof bytes, bytes);
}

static int interface_of(const struct neighbours *n, uint16_t vid)
{
	for (size_t i = 0; i < n->bridges; i++)
		if (n->bridge[i].vid == vid)
			return n->bridge[i].index;
	return 0;
}

// A permanent row: the kernel does not collect it, and FRR advertises it. A row that is gone
// already is as we want it.
bool neighbours_write_row(struct neighbours *n, const struct note *c, uint64_t mac, bool gone)
{
	uint16_t flags = gone ? 0 : NLM_F_CREATE | NLM_F_REPLACE;
	union rtnl_request q;
	struct ndmsg *m = rtnl_begin(&q, gone ? RTM_DELNEIGH : RTM_NEWNEIGH, flags, sizeof *m);

	m->ndm_family = ip_is4(c->ip) ? AF_INET : AF_INET6;
	m->ndm_ifindex = interface_of(n, c->vid);
	m->ndm_state = NUD_PERMANENT;
	put_ip(&q.header, c->ip);
	if (!gone)
		put_mac(&q.header, mac);
	int error = rtnl_talk(n->writer, &q, NULL, NULL);
	bool done = !error || (gone && error == -ENOENT);
	n->refused += !done;
	return done;
}
