// SPDX-License-Identifier: BSD-3-Clause
// dhcp: reads messages of DHCP (RFC 2131, 2132) and DHCPv6 (RFC 8415) between clients and servers.
//
// Model   A message is what a binding needs to know of it. It is read strictly, unlike the guards
//         do: at most one tag, no fragment, no extension header, the ports of the protocol.
// Limits  DHCP_LEASES_MAX addresses and prefixes, the first DHCP_BYTES_MAX bytes of a message. What
//         is behind them is not seen. Relay messages of DHCPv6 are none, because they are about
//         stations elsewhere.
// Errors  DHCP_OTHER.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/binding.h"

enum { DHCP_LEASES_MAX = 8, DHCP_BYTES_MAX = 1500 };

enum dhcp_kind {
	DHCP_OTHER,
	DHCP_ASKS,    // a client: DISCOVER, REQUEST; SOLICIT, REQUEST, RENEW, REBIND
	DHCP_LEAVES,  // a client: RELEASE, DECLINE
	DHCP_GRANTS,  // a server: ACK; REPLY
	DHCP_REFUSES, // a server: NAK
};

struct dhcp_lease {
	struct ip_address ip;
	uint32_t seconds; // 0: it has ended; UINT32_MAX: for ever
	uint8_t bits;     // of the prefix; 128: an address
};

struct dhcp_message {
	enum dhcp_kind kind;
	bool ipv6;
	uint32_t transaction;
	uint64_t mac;    // of the client
	uint64_t client; // hash of its identifier; 0: it has none
	unsigned count;
	struct dhcp_lease lease[DHCP_LEASES_MAX]; // granted; of a client: that it names
};

// The ends of an exchange that a frame can come from.
enum { DHCP_FROM_CLIENT = 1, DHCP_FROM_SERVER = 2 };

// Whether a frame has the ports of a message from these ends.
bool dhcp_is(const struct rte_mbuf *m, unsigned ends);

void dhcp_read(struct dhcp_message *msg, const struct rte_mbuf *m);
