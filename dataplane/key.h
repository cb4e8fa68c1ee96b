// SPDX-License-Identifier: BSD-3-Clause
// key: (VLAN, MAC) as one 64-bit number, the key of the forwarding database.
//
// Model   a MAC is a 48-bit number in transmission order (aa:bb:cc:dd:ee:ff is 0xaabbccddeeff), so
//         keys sort by VLAN, then by MAC. VID 0 and 4095 never name a VLAN (IEEE 802.1Q-2022 table
//         9-2), so no key is 0.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VID_MAX = 4094, VID_SPACE = 4096, KEY_VID_SHIFT = 48 };

#define MAC_BROADCAST UINT64_C(0xffffffffffff)
#define MAC_BRIDGE_GROUP \
	UINT64_C(0x0180c2000000) // spanning tree; :01 to :0f are reserved for other protocols
#define MAC_PAUSE UINT64_C(0x0180c2000001)
#define MAC_LLDP UINT64_C(0x0180c200000e)
#define MAC_PVST UINT64_C(0x01000ccccccd)
#define MAC_CDP UINT64_C(0x01000ccccccc)

static inline uint64_t key_make(uint16_t vid, uint64_t mac)
{
	return (uint64_t)vid << KEY_VID_SHIFT | mac;
}

static inline uint16_t key_vid(uint64_t key)
{
	return (uint16_t)(key >> KEY_VID_SHIFT);
}

static inline uint64_t key_mac(uint64_t key)
{
	return key & MAC_BROADCAST;
}

// The I/G bit: multicast and broadcast addresses (IEEE 802-2014 8.2).
static inline bool mac_is_group(uint64_t mac)
{
	return mac >> 40 & 1;
}

// Group addresses that are for bridges, and that policy decides about: `bpdu`, `link-local`.
static inline bool mac_is_reserved(uint64_t mac)
{
	return (mac & ~UINT64_C(0xf)) == MAC_BRIDGE_GROUP || mac == MAC_PVST || mac == MAC_CDP;
}
