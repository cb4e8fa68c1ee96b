// SPDX-License-Identifier: BSD-3-Clause
// guard: frames that a guest must not send where its port says so: a DHCP server's answers, router
// advertisements and redirects.
//
// Model   A frame is read as leniently as the most lenient client reads it (lenient.h; RFC 6105,
//         7113; for DHCPv6 RFC 7610). A frame with more tags or extension headers than are read is
//         taken for both kinds. So is one that ends before its upper-layer header can be told (RFC
//         7112 forbids first fragments of that kind).
// Limits  A frame that is too short for its IP header is no IP packet, and passes.
#pragma once

#include <rte_mbuf.h>

enum {
	GUARD_DHCP_SERVER = 1,   // UDP over IPv4 to port 68; over IPv6 to 546, or from 547
	GUARD_ROUTER_ADVERT = 2, // ICMPv6 types 134 and 137
	GUARD_ANY = GUARD_DHCP_SERVER | GUARD_ROUTER_ADVERT,
};

// The kinds that a frame may be taken for, 0 for none.
unsigned guard_look(const struct rte_mbuf *m);
