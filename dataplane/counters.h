// SPDX-License-Identifier: BSD-3-Clause
// counters: counts the outcomes of frames, per worker and port.
//
// Model   A frame received on a port has exactly one outcome, which is counted on that port.
//         Therefore rx_packets of every port is the sum of its outcomes. Frames are counted in one
//         place and outcomes in another, so that the sum is a real check.
// Threads Each worker has one block per port and is its only writer. The ingress counts of a burst
//         become visible together: `version` is odd while they are added, and counters_read() waits
//         until it is even. Bursts from other ports add to the egress side of a port, which is read
//         without such a check.
// Units   Frames and bytes. Bytes are those on the wire without FCS.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

// The outcomes of a frame, in the order in which forwarding decides them.
#define OUTCOME_LIST(X) \
	X(FORWARDED, "forwarded") \
	X(FLOODED, "flooded") \
	X(MALFORMED, "malformed") \
	X(PORT_DOWN, "port_down") \
	X(UNKNOWN_VTEP, "unknown_vtep") \
	X(UNKNOWN_VNI, "unknown_vni") \
	X(VLAN_FILTERED, "vlan_filtered") \
	X(BAD_SOURCE, "bad_source") \
	X(BPDU, "bpdu") \
	X(LINK_LOCAL, "link_local") \
	X(FORGED_TRANSMIT, "forged_transmit") \
	X(DHCP_SERVER, "dhcp_server") \
	X(ROUTER_ADVERT, "router_advert") \
	X(SPOOFED, "spoofed") \
	X(RATE_LIMIT, "rate_limit") \
	X(MAC_CONFLICT, "mac_conflict") \
	X(REFLECTED, "reflected") \
	X(MAC_FLAP, "mac_flap") \
	X(MAC_LIMIT, "mac_limit") \
	X(STORM_BROADCAST, "storm_broadcast") \
	X(STORM_MULTICAST, "storm_multicast") \
	X(SAME_PORT, "same_port") \
	X(ISOLATED, "isolated") \
	X(DEST_DOWN, "dest_down") \
	X(STORM_UNKNOWN_UNICAST, "storm_unknown_unicast") \
	X(UNREGISTERED, "unregistered") \
	X(NO_DESTINATION, "no_destination")

// The reasons why a delivery to a port fails, counted on that port.
#define TX_DROP_LIST(X) \
	X(MAC_CHANGED, "mac_changed") \
	X(RATE_LIMIT, "rate_limit") \
	X(QUEUE_FULL, "queue_full") \
	X(TOO_LONG, "too_long") \
	X(NO_ROUTE, "no_route") \
	X(VLAN_FILTERED, "vlan_filtered")

enum outcome {
#define X(id, name) OUT_##id,
	OUTCOME_LIST(X)
#undef X
		OUTCOMES,
	OUT_FIRST_DROP = OUT_MALFORMED,
	ADMITTED = OUT_FORWARDED, // while a frame is being handled: no reason to drop it so far
	ADMITTED_DHCP = OUTCOMES, // the same, and its message may be about a lease
};

enum tx_drop {
#define X(id, name) TX_##id,
	TX_DROP_LIST(X)
#undef X
		TX_DROPS,
};

extern const char *const outcome_names[OUTCOMES];
extern const char *const tx_drop_names[TX_DROPS];

// A plain copy of the counters of a port, of one worker or summed over workers.
struct counters {
	uint64_t rx_packets, rx_bytes;
	uint64_t outcome[OUTCOMES];
	uint64_t unknown; // of the flooded ones: unknown unicast
	uint64_t not_learned, mac_moves, truncated;
	uint64_t would_drop[OUTCOMES]; // by rules on trial; such frames have other outcomes
	uint64_t tx_packets, tx_bytes;
	uint64_t tx_drop[TX_DROPS];
};

// Frames and bytes on a wire.
struct amount {
	uint64_t frames, bytes;
};

// The ingress counts of one burst, before they are added to the block.
struct tally {
	uint32_t packets, bytes;
	uint32_t seen; // a bit for each outcome that occurred, except OUT_FORWARDED
	uint32_t outcome[OUTCOMES];
	uint32_t unknown, not_learned, mac_moves;
	uint32_t would_seen; // a bit for each member of would_drop that is not 0
	uint32_t would_drop[OUTCOMES];
};

static inline void tally_outcome(struct tally *t, enum outcome o)
{
	t->outcome[o]++;
	t->seen |= UINT32_C(1) << o;
}

static inline void tally_would_drop(struct tally *t, enum outcome o)
{
	t->would_drop[o]++;
	t->would_seen |= UINT32_C(1) << o;
}

struct counter_block {
	_Atomic uint32_t version;
	_Atomic uint64_t rx_packets, rx_bytes;
	_Atomic uint64_t outcome[OUTCOMES];
	_Atomic uint64_t unknown, not_learned, mac_moves, truncated;
	_Atomic uint64_t would_drop[OUTCOMES];
	_Alignas(64) _Atomic uint64_t tx_packets;
	_Atomic uint64_t tx_bytes;
	_Atomic uint64_t tx_drop[TX_DROPS];
} __attribute__((aligned(64)));

// Adds to a counter without a locked instruction, because it has one writer.
static inline void counter_add(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

// Makes the tally of one frame that of a segment.
void tally_as_wire(struct tally *t, const struct amount *wire);

// Adds one burst to the ingress side of its port's block, and empties the tally.
void counters_add_burst(struct counter_block *b, struct tally *t);

// Adds block b to sum. The ingress side is consistent even while its worker forwards.
void counters_read(const struct counter_block *b, struct counters *sum);
