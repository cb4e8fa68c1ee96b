// SPDX-License-Identifier: BSD-3-Clause
// snoop: reads what a group frame is to multicast snooping: a message of IGMP or MLD, a sign of a
// router, or data to a group.
//
// Model   A frame is read as a strict host reads it, because a message that a host ignores must
//         change nothing here. IGMP 1 to 3 (RFC 1112, 2236, 3376) and MLD 1 and 2 (RFC 2710, 3810)
//         need a correct length and checksum and a TTL or hop limit of 1; MLD needs the router
//         alert in a hop-by-hop header. PIM hellos (RFC 7761) and advertisements of multicast
//         routers (RFC 4286) show a router. Only the frame's own VLAN tag is stepped over.
// Groups  An address is one 128-bit number; that of an IPv4 group is ::ffff:a.b.c.d. Scopes that
//         never leave a link are for all: 224.0.0.0/24, and IPv6 scopes 0 to 2 (RFC 4541 2.1.2, 3).
// Cost    A message is read to its end, whatever its records are: a frame's length is the bound.
// Errors  An invalid message is SNOOP_BAD; a frame that is no IP multicast is SNOOP_OTHER.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/packet.h"

enum snoop_family { SNOOP_IPV4, SNOOP_IPV6, SNOOP_FAMILIES };

// An IP address in the order of transmission, as a number of two halves.
struct snoop_address {
	uint64_t high, low;
};

enum snoop_kind {
	SNOOP_OTHER,  // no IP multicast
	SNOOP_DATA,   // to `group`
	SNOOP_TO_ALL, // to a scope that never leaves a link, or an unknown type of IGMP
	SNOOP_REPORT, // joins and leaves: snoop_next()
	SNOOP_QUERY,
	SNOOP_ROUTER, // its sender is a multicast router
	SNOOP_BAD,    // an invalid message of IGMP or MLD
};

struct snoop_message {
	enum snoop_kind kind;
	enum snoop_family family;
	struct snoop_address source, group; // of the IP header
	uint8_t version;                    // of IGMP or MLD
	bool general;                       // a query about all groups
	uint32_t response_ms;               // of a query: the time that hosts have to answer
	// The records of a report that snoop_next() has not read.
	unsigned records;
	struct span rest;
	bool single; // there is one, which has no header of its own
	bool single_leaves;
	struct snoop_address single_group;
};

struct snoop_record {
	struct snoop_address group;
	bool leaves;
};

static inline bool snoop_same(struct snoop_address a, struct snoop_address b)
{
	return a.high == b.high && a.low == b.low;
}

static inline bool snoop_is_none(struct snoop_address a)
{
	return !a.high && !(a.low & UINT32_MAX) && (!a.low || a.low >> 32 == 0xffff);
}

// An IPv4 address as a struct snoop_address.
static inline struct snoop_address snoop_ipv4(uint32_t address)
{
	return (struct snoop_address){0, UINT64_C(0xffff) << 32 | address};
}

static inline enum snoop_family snoop_family(struct snoop_address a)
{
	return !a.high && a.low >> 32 == 0xffff ? SNOOP_IPV4 : SNOOP_IPV6;
}

// Whether an address is that of a group, and whether its scope never leaves a link.
bool snoop_is_group(struct snoop_address a);
bool snoop_is_for_all(struct snoop_address group);

// The MAC that frames to a group have (RFC 1112 6.4, RFC 2464 7).
uint64_t snoop_group_mac(struct snoop_address group);

// Reads a frame to a group address. at: offset of its EtherType; mac: its destination.
void snoop_read(struct snoop_message *msg, const struct rte_mbuf *m, uint32_t at, uint64_t mac);

// Takes the next record of a report that is about a group which can be pruned. False: there is no
// more.
bool snoop_next(struct snoop_message *msg, struct snoop_record *r);
