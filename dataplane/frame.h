// SPDX-License-Identifier: BSD-3-Clause
// frame: bounds-checked reading of an Ethernet header and its 802.1Q tag, and the editing of that
// tag.
//
// Model   Only TPID 0x8100 is a tag; any other EtherType, 0x88a8 too, is payload of an untagged
//         frame. A tag whose VID is 0 carries a priority and no VLAN (IEEE 802.1Q-2022 6.9.1).
// Limits  The header must lie in the first segment of the frame: 14 bytes, 18 with a tag.
#pragma once

#include <rte_byteorder.h>
#include <rte_mbuf.h>

enum {
	FRAME_HEADER = 14, // two addresses and the EtherType
	FRAME_TAG = 4,     // TPID and TCI
	FRAME_ADDRESSES = 12,
	TPID_8021Q = 0x8100,
};

struct frame {
	uint64_t dst;
	uint64_t src;
	uint32_t tag; // TPID and TCI as they arrived, whatever the VID; 0 without a tag
};

static inline uint64_t frame_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return rte_be_to_cpu_64(v);
}

static inline uint32_t frame_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return rte_be_to_cpu_32(v);
}

static inline uint16_t frame_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void frame_put_be16(uint8_t *p, uint32_t v)
{
	rte_be16_t be = rte_cpu_to_be_16((uint16_t)v);

	memcpy(p, &be, sizeof be);
}

static inline void frame_put_be32(uint8_t *p, uint32_t v)
{
	rte_be32_t be = rte_cpu_to_be_32(v);

	memcpy(p, &be, sizeof be);
}

// Reads the header in data[0 .. len). False where it is cut short: no Ethernet header, or a tag
// without the EtherType behind it.
static inline bool frame_parse(const uint8_t *data, uint32_t len, struct frame *f)
{
	if (len < FRAME_HEADER)
		return false;
	f->dst = frame_be64(data) >> 16;
	f->src = frame_be64(data + 6) >> 16;
	f->tag = 0;
	if (__builtin_expect(frame_be16(data + FRAME_ADDRESSES) != TPID_8021Q, 1))
		return true;
	if (len < FRAME_HEADER + FRAME_TAG)
		return false;
	f->tag = (uint32_t)TPID_8021Q << 16 | frame_be16(data + FRAME_HEADER);
	return true;
}

// Whether a second 802.1Q tag follows the tag of a frame that frame_parse() has read.
static inline bool frame_has_second_tag(const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	return frame_be16(data + FRAME_ADDRESSES + FRAME_TAG) == TPID_8021Q;
}

// VID of a tag, 0 where there is none or it names none.
static inline uint16_t tag_vid(uint32_t tag)
{
	return tag & 0xfff;
}

// TCI of a tag with the VID exchanged; priority and DEI stay.
static inline uint16_t tag_tci(uint32_t tag, uint16_t vid)
{
	return (uint16_t)((tag & 0xf000) | vid);
}

// Moves the two addresses; the places may overlap. (memmove() would be a call.)
static inline void frame_move_addresses(uint8_t *to, const uint8_t *from)
{
	uint64_t head;
	uint32_t tail;

	memcpy(&head, from, sizeof head);
	memcpy(&tail, from + sizeof head, sizeof tail);
	memcpy(to, &head, sizeof head);
	memcpy(to + sizeof head, &tail, sizeof tail);
}

// Takes the tag out of a frame that has one.
static inline void frame_untag(struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	frame_move_addresses(data + FRAME_TAG, data);
	rte_pktmbuf_adj(m, FRAME_TAG);
}

static inline void frame_set_tag(struct rte_mbuf *m, uint16_t tci)
{
	rte_be32_t tag = rte_cpu_to_be_32((uint32_t)TPID_8021Q << 16 | tci);

	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, FRAME_ADDRESSES), &tag, sizeof tag);
}

// Puts a tag into a frame that has none. False where the mbuf has no headroom left for it.
static inline bool frame_push_tag(struct rte_mbuf *m, uint16_t tci)
{
	uint8_t *head = (uint8_t *)rte_pktmbuf_prepend(m, FRAME_TAG);

	if (!head)
		return false;
	frame_move_addresses(head, head + FRAME_TAG);
	frame_set_tag(m, tci);
	return true;
}
