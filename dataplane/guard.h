// SPDX-License-Identifier: BSD-3-Clause
// guard: frames that a guest must not send where its port says so: answers of a DHCP server, router
// advertisements.
//
// Model   Any number of tags is looked through, as a host takes a tag that its switch left for
//         none. IPv6 extension headers are walked to their end (RFC 6105, 7113; the same for
//         DHCPv6, RFC 7610). A first fragment that ends before its upper-layer header can be told
//         is taken for what is guarded against (RFC 7112 forbids such).
// Limits  What lies behind the packet's own length is padding, not packet.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

// UDP from port 67 to 68; over IPv6, UDP from port 547.
bool guard_is_dhcp_server(const struct rte_mbuf *m);

// ICMPv6 router advertisement (134) or redirect (137).
bool guard_is_router_advert(const struct rte_mbuf *m);
