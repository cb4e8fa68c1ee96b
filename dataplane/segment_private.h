// SPDX-License-Identifier: BSD-3-Clause
// segment_private: how segment.c reads a frame, for vhost.c as well.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

#include "dataplane/segment.h"

enum {
	SEGMENT_TCP_CHECKSUM = 16, // offsets in the header
	SEGMENT_TCP_FLAGS = 13,
	SEGMENT_TCP_CWR = 0x80,
	SEGMENT_UDP_CHECKSUM = 6,
};

// Reads the outermost packet of a frame. False unless it is a whole TCP or UDP packet, all of whose
// headers are in the first buffer.
bool segment_read(const struct rte_mbuf *m, struct segment_packet *p);

bool segment_packet_is_tcp(const struct segment_packet *p);

// The place of the checksum in the TCP or UDP header.
uint16_t segment_checksum_offset(const struct segment_packet *p);

// The TCP flags of a packet that is TCP.
uint8_t segment_tcp_flags(const struct rte_mbuf *m, const struct segment_packet *p);

// Whether the IP header has no options and no extension headers.
bool segment_is_plain(const struct segment_packet *p);
