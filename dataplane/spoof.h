// SPDX-License-Identifier: BSD-3-Clause
// spoof: frames that claim an IP address which is not bound to their source.
//
// Model   A frame is read leniently (lenient.h). What claims an address: the sender of an ARP
//         packet; the source of a neighbour solicitation, a redirect, and a solicitation or
//         advertisement of routers, because hosts note the link-layer address of that source
//         (RFC 4861 6.2.6, 6.3.4); the target of a neighbour advertisement; from SPOOF_IP on, the
//         source of each IPv4 and IPv6 packet. 0.0.0.0 and :: claim none, which DHCP, ARP probes
//         (RFC 5227) and duplicate address detection (RFC 4862) need.
//         The link-local IPv6 address that is made of the source's MAC (RFC 4291 appendix A) is
//         bound to it: no DHCPv6 client comes to an address without it. Open vSwitch's port
//         security does the same. An IPv6 source that is link-local may ask a DHCPv6 server,
//         whatever its address.
// Limits  A frame whose claim cannot be told is spoofed: more tags or extension headers than are
//         read, an ARP packet for IPv4 that is cut short or has addresses of other lengths, a
//         solicitation or advertisement that is cut short.
//         Who may use a MAC is decided by forged-transmits, moves and holds, not here.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

#include "dataplane/binding.h"
#include "dataplane/lease.h"

enum spoof_level {
	SPOOF_OFF,
	SPOOF_ARP,    // ARP and neighbour discovery
	SPOOF_IP,     // sources of packets, too
	SPOOF_STRICT, // without any binding of the port or lease of the source: DHCP, duplicate
		      // address detection (ARP probes too) and router solicitations alone
};

// What stations behind a port may use.
struct spoof_bindings {
	const struct binding *sorted;
	unsigned count;
	const struct leases *leases; // NULL: none
};

// Whether a frame of a source in a VLAN is spoofed by the bindings of its port.
bool spoof_look(const struct rte_mbuf *m, enum spoof_level level, uint64_t mac, uint16_t vid,
		const struct spoof_bindings *bound);
