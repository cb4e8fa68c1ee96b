// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/lenient.h"

#include "dataplane/frame.h"

enum {
	TAGS_MAX = 4,
	EXTENSIONS_MAX = 16,
	TPID_8021AD = 0x88a8,
	TPID_9100 = 0x9100, // before 802.1ad there was no standard
	TPID_9200 = 0x9200,
	TYPE_MIN = 0x600, // smaller numbers are a length (IEEE 802.3-2022 3.2.6)
	LLC_SNAP = 6,     // AA-AA-03 and the OUI of RFC 1042
	IPV4_HEADER = 20,
	FRAGMENT_OFFSET = 0x1fff,
	MORE_FRAGMENTS = 0x2000,
	MORE_FRAGMENTS6 = 1,
};

static bool is_tag(uint16_t type)
{
	return type == TPID_8021Q || type == TPID_8021AD || type == TPID_9100 || type == TPID_9200;
}

// Steps over LLC/SNAP at the beginning of a span, to its EtherType.
static bool skip_snap(struct span *s)
{
	static const uint8_t snap[LLC_SNAP] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, LLC_SNAP, copy);

	if (!p || memcmp(p, snap, LLC_SNAP) != 0)
		return false;
	s->at += LLC_SNAP;
	return true;
}

uint16_t lenient_type(struct span *s, bool *deep)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p;
	unsigned tags = 0;

	s->at = RTE_MIN(s->at + FRAME_ADDRESSES, s->end);
	while ((p = span_look(s, 0, 2, copy)) && is_tag(frame_be16(p))) {
		*deep = ++tags > TAGS_MAX;
		if (*deep || s->end - s->at < FRAME_TAG)
			return 0;
		s->at += FRAME_TAG;
	}
	uint16_t type = p ? frame_be16(p) : 0;
	s->at += p ? 2 : 0;
	if (!p || type >= TYPE_MIN || !skip_snap(s))
		return type;
	p = span_look(s, 0, 2, copy);
	s->at += p ? 2 : 0;
	return p ? frame_be16(p) : 0;
}

// A first fragment of several ends where its length says: a host puts the others behind that. The
// frame's padding is no part of it, and would hide that the ports are in the next fragment.
static void end_by_length(struct span *s, uint32_t length)
{
	s->end = RTE_MIN(s->end, s->at + length);
}

struct lenient lenient_ipv4(struct span s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV4_HEADER, copy);
	uint32_t header = p ? (p[0] & 15) * 4u : 0;

	if (!p || s.end - s.at < header || frame_be16(p + 6) & FRAGMENT_OFFSET)
		return (struct lenient){0};
	uint8_t protocol = p[9];
	if (frame_be16(p + 6) & MORE_FRAGMENTS)
		end_by_length(&s, frame_be16(p + 2));
	s.at = RTE_MIN(s.at + header, s.end);
	return (struct lenient){LENIENT_UPPER, protocol, s};
}

struct lenient lenient_ipv6(struct span s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV6_HEADER, copy);

	if (!p)
		return (struct lenient){0};
	uint8_t protocol = p[6];
	struct span whole = s;
	end_by_length(&whole, IPV6_HEADER + frame_be16(p + 4));
	s.at += IPV6_HEADER;
	for (unsigned n = 0; packet_is_extension(protocol); n++) {
		bool fragment = protocol == PROTOCOL_FRAGMENT;
		p = n < EXTENSIONS_MAX ? span_look(&s, 0, fragment ? 8 : 2, copy) : NULL;
		if (!p)
			return (struct lenient){.kind = LENIENT_UNKNOWN};
		if (fragment && frame_be16(p + 2) >> 3)
			return (struct lenient){0}; // the first one was looked at
		if (fragment && p[3] & MORE_FRAGMENTS6)
			s.end = RTE_MAX(RTE_MIN(s.end, whole.end), s.at + 8);
		uint32_t size = packet_extension_size(protocol, p[1]);
		if (size > s.end - s.at)
			return (struct lenient){.kind = LENIENT_UNKNOWN};
		protocol = p[0];
		s.at += size;
	}
	return (struct lenient){LENIENT_UPPER, protocol, s};
}
