// SPDX-License-Identifier: BSD-3-Clause
// binding: which IP addresses the stations behind a port may use.
//
// Model   A binding lets one MAC, or any, use the addresses of a prefix, in one VLAN or in any. An
//         IPv4 address is compared as its IPv4-mapped IPv6 address (RFC 4291 2.5.5.2).
// Threads Immutable once published, as part of struct swconf.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/frame.h"

// An IP address: the halves of its 16 bytes as numbers.
struct ip_address {
	uint64_t high, low;
};

// Reads an address of a packet.
static inline struct ip_address ip_of4(const uint8_t *p)
{
	return (struct ip_address){0, UINT64_C(0xffff00000000) | (uint32_t)frame_be16(p) << 16 |
					      frame_be16(p + 2)};
}

static inline struct ip_address ip_of6(const uint8_t *p)
{
	return (struct ip_address){frame_be64(p), frame_be64(p + 8)};
}

// Whether it is an IPv4 address.
static inline bool ip_is4(struct ip_address ip)
{
	return !ip.high && ip.low >> 32 == 0xffff;
}

struct binding {
	uint64_t mac; // 0: any
	struct ip_address prefix, mask;
	uint16_t vid; // 0: any
};

// Orders bindings by MAC, for binding_holds().
int binding_compare(const void *a, const void *b);

// Whether one of the sorted bindings lets a MAC use an address in a VLAN.
bool binding_holds(const struct binding *sorted, unsigned count, uint64_t mac, uint16_t vid,
		   struct ip_address ip);
