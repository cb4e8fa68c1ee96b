// SPDX-License-Identifier: BSD-3-Clause
// vxlan: frames in UDP packets between the VTEPs of one network (RFC 7348).
//
// Model     The VLAN of a frame has a VNI; the other VTEPs are ports, their tunnels. A frame that
//           leaves by a tunnel has the tag of its VLAN, as on a trunk. vxlan_encapsulate() takes
//           the tag off and puts the tunnel's header before the frame. vxlan_decapsulate() does the
//           reverse. A frame that has a tag within a tunnel comes behind a priority tag, which
//           admission refuses (RFC 7348 6.1). vxlan_strip() leaves the VLAN beside the frame, for
//           those who need no tag.
//           The UDP source port depends on the flow of the frame, so that the underlay can spread
//           flows. Frames are never fragmented.
// Received  Only packets that another VTEP sends are taken: IPv4 without options and not in
//           fragments, to the address and UDP port of this VTEP, with a right header checksum,
//           matching lengths and the I flag. Any UDP checksum is accepted. All other packets but
//           those to that address and port belong to the host.
// Threads   struct vxlan is immutable once published, like swconf, which it is part of.
// Errors    A value.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/key.h"
#include "dataplane/portset.h"

enum {
	VXLAN_HEADER = 50,  // Ethernet, IPv4, UDP and VXLAN
	VXLAN_OUTER = 36,   // what the MTU of the underlay also has to hold: IPv4, UDP and VXLAN
	VXLAN_VTEPS = 128,  // places of a hash
	VXLAN_SPARE = 4,    // the tag that makes room for a part of the header
	VXLAN_NOWHERE = 64, // no port
};

struct vxlan_vtep {
	uint32_t address; // 0: free
	uint32_t port;
};

struct vxlan_vni {
	uint32_t vni; // 0: free
	uint32_t vid;
};

// What the headers of all packets of a tunnel have in common, with lengths, source port and VNI 0.
struct vxlan_header {
	uint8_t byte[VXLAN_HEADER];
	uint16_t sum; // of the IPv4 header, in the order of the host
	uint64_t udp; // the UDP header, in the order of the host
};

struct vxlan {
	portset tunnels;
	portset outer;    // the underlay and its twin: their frames are not the switch's
	portset resolved; // tunnels whose header can be used
	uint8_t underlay; // ports; VXLAN_NOWHERE: there is none
	uint8_t twin;
	uint16_t udp_port;
	uint32_t source;            // this VTEP
	uint64_t mac;               // of the underlay; 0: frames to any MAC are taken
	uint32_t vni_mask;          // places of the hash - 1
	uint32_t vni_of[VID_SPACE]; // 0: none
	struct vxlan_vtep vtep[VXLAN_VTEPS];
	struct vxlan_header header[PORTS_MAX];
	struct vxlan_vni vni[]; // the way back
};

// Addresses and fields of the packets to a VTEP, in the order of the host.
struct vxlan_path {
	uint64_t next_hop; // MAC on the underlay; 0: not resolved
	uint32_t source, vtep;
	uint16_t udp_port;
	uint8_t ttl, dscp;
};

// The size of a struct vxlan with room for so many VNIs.
size_t vxlan_size(unsigned vnis);

// Prepares a zeroed struct vxlan of that size. Then VNIs and tunnels are added.
void vxlan_init(struct vxlan *x, unsigned vnis);
void vxlan_add_vni(struct vxlan *x, uint32_t vni, uint16_t vid);

// Adds a tunnel. A path without a next hop or a source is not resolved.
void vxlan_add_tunnel(struct vxlan *x, unsigned port, const struct vxlan_path *p);

// Sets the MAC of the underlay: what packets are sent from. With `only`, packets to other MACs are
// not those of VTEPs.
void vxlan_set_mac(struct vxlan *x, uint64_t mac, bool only);

// Where a frame from the underlay goes: to the port of a tunnel, to the twin, or nowhere with a
// reason to drop it. It is one word.
struct vxlan_verdict {
	_Alignas(8) uint8_t port;
	uint8_t verdict; // enum outcome; ADMITTED
	// Of a tunnel's frame:
	uint16_t vid;
	uint16_t padding; // that the Ethernet of the underlay has added
	uint16_t simple;  // 1: it has no tag of its own, and more bytes than a header and a tag
};

static inline uint64_t vxlan_word(const struct vxlan_verdict *v)
{
	uint64_t word;

	_Static_assert(sizeof *v == sizeof word, "a verdict is a word");
	memcpy(&word, v, sizeof word);
	return word;
}

// Whether two packets go to one port, or are dropped for one reason.
static inline bool vxlan_same_way(const struct vxlan_verdict *a, const struct vxlan_verdict *b)
{
	return a->port == b->port && a->verdict == b->verdict;
}

// Judges a frame from the underlay, and changes nothing.
struct vxlan_verdict vxlan_judge(const struct vxlan *x, const struct rte_mbuf *m);

// The same for several. True: they all go the same way.
bool vxlan_judge_burst(const struct vxlan *x, struct rte_mbuf *const *frames,
		       struct vxlan_verdict *v, unsigned n);

// Takes the headers, and padding, off a packet that was judged to come from a tunnel. What is left
// is the frame as it was sent, without the tag of its VLAN.
static inline void vxlan_strip(struct rte_mbuf *m, uint16_t padding)
{
	if (padding)
		rte_pktmbuf_trim(m, padding);
	m->data_off = (uint16_t)(m->data_off + VXLAN_HEADER);
	m->data_len = (uint16_t)(m->data_len - VXLAN_HEADER);
	m->pkt_len -= VXLAN_HEADER;
}

// Puts the tag of its VLAN before such a frame; a priority tag if it has a tag of its own.
void vxlan_tag(struct rte_mbuf *m, uint16_t vid);

// Turns a packet that was judged to come from a tunnel into its frame, with the tag of its VLAN.
void vxlan_decapsulate(struct rte_mbuf *m, const struct vxlan_verdict *v);

// Whether a frame with the tag of its VLAN has another one behind it, which no tunnel takes.
bool vxlan_has_inner_tag(const struct rte_mbuf *m);

// Puts a frame, which has the tag of its VLAN, into a packet to the VTEP of a tunnel. The caller
// has the only reference. False: there is no room before it.
bool vxlan_encapsulate(const struct vxlan *x, unsigned port, struct rte_mbuf *m);

// The addresses and the VNI of a packet that vxlan_judge() took for one of a VTEP, for people.
struct vxlan_outer {
	uint32_t from, to, vni;
	uint16_t source_port, port;
};

// False: the frame has no such headers.
bool vxlan_read(const struct rte_mbuf *m, struct vxlan_outer *o);
