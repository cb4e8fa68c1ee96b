// SPDX-License-Identifier: BSD-3-Clause
// stations: the source MACs of frames, each with the number of its frames and what they show of it.
//
// Model   A table by MAC. When it is full, frames of further MACs are only counted.
// Limits  STATIONS_MAX MACs; of each the first STATION_VLANS VLANs and STATION_ADDRESSES IP
//         addresses.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { STATIONS_MAX = 65536, STATION_VLANS = 8, STATION_ADDRESSES = 4, ADDRESS_TEXT = 46 };

struct station {
	uint64_t mac, frames;
	uint16_t vlan[STATION_VLANS]; // 0: untagged
	uint8_t vlans;
	bool more_vlans;
	uint8_t addresses;
	bool more_addresses;
	uint8_t ipv6; // a bit for each address
	uint8_t address[STATION_ADDRESSES][16];
};

struct stations;

// NULL: out of memory.
struct stations *stations_create(void);
void stations_destroy(struct stations *s);

// Counts a frame of its source. details: notes VLAN and IP address, too.
void stations_add(struct stations *s, const uint8_t *frame, uint32_t len, bool details);

// The stations, those with the most frames first. The list is valid until the next addition.
const struct station *stations_sorted(struct stations *s, uint32_t *count);

// Frames of MACs that found no room.
uint64_t stations_lost(const struct stations *s);

void station_put_address(const struct station *s, unsigned i, char out[ADDRESS_TEXT]);

// Who makes such MACs, if they are of a hypervisor; "local" if they are no vendor's, or "".
const char *station_vendor(uint64_t mac);
