// SPDX-License-Identifier: BSD-3-Clause
// pcapng: writes the blocks of a pcapng stream (draft-ietf-opsawg-pcapng), because libpcap cannot.
// reader_pcapng.c reads them.
//
// Model   A stream has one section, in the byte order of the machine. Interfaces are numbered in
//         the order of their blocks. Each writer puts one block into the caller's memory and
//         returns its length.
// Limits  A block needs at most the size of its texts and data plus PCAPNG_ROOM.
// Time    Nanoseconds since 1970.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	PCAPNG_BYTE_ORDER = 0x1a2b3c4d,
	PCAPNG_ROOM = 128,
	// Types of blocks.
	PCAPNG_SECTION = 0x0a0d0d0a,
	PCAPNG_INTERFACE = 1,
	PCAPNG_OLD_PACKET = 2,
	PCAPNG_SIMPLE_PACKET = 3,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
	// Codes of options.
	PCAPNG_OPTION_END = 0,
	PCAPNG_COMMENT = 1,
	PCAPNG_INTERFACE_NAME = 2,
	PCAPNG_INTERFACE_RESOLUTION = 9,
	PCAPNG_INTERFACE_FCS = 13,
	PCAPNG_INTERFACE_OFFSET = 14,
	PCAPNG_PACKET_FLAGS = 2,
};

// The comment on a frame that was dropped begins with one of these and a colon.
#define PCAPNG_DROPPED "dropped"
#define PCAPNG_NOT_DELIVERED "not delivered"

enum pcapng_direction { PCAPNG_INBOUND = 1, PCAPNG_OUTBOUND = 2 };

struct pcapng_packet {
	uint32_t interface;
	enum pcapng_direction direction;
	uint64_t ns;
	const uint8_t *data;
	uint32_t captured;   // bytes at data
	uint32_t length;     // bytes on the wire
	const char *comment; // NULL: none
};

// The head of every block.
struct pcapng_head {
	uint32_t type, length; // of the whole block, a multiple of 4
};

struct pcapng_statistics {
	uint32_t interface;
	uint64_t ns;
	uint64_t received; // frames that matched the capture
	uint64_t dropped;  // those of them that were lost
};

size_t pcapng_section(uint8_t *out, const char *application);
size_t pcapng_interface(uint8_t *out, const char *name, uint32_t snaplen);
size_t pcapng_packet(uint8_t *out, const struct pcapng_packet *p);
size_t pcapng_statistics(uint8_t *out, const struct pcapng_statistics *s);

// The count of dropped frames in a statistics block of this length; 0: it has none.
uint64_t pcapng_dropped(const uint8_t *block, size_t length);
