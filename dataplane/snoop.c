// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/snoop.h"

#include "dataplane/checksum.h"
#include "dataplane/frame.h"

enum {
	IPV4_HEADER = 20,
	IPV4_FRAGMENT = 0x3fff, // more fragments, or an offset
	// IANA protocol numbers
	HOP_BY_HOP = 0,
	IGMP = 2,
	PIM = 103,
	// Types of IGMP
	IGMP_QUERY = 0x11,
	IGMP_REPORT1 = 0x12,
	IGMP_REPORT2 = 0x16,
	IGMP_LEAVE = 0x17,
	IGMP_REPORT3 = 0x22,
	MRD_ADVERTISEMENT = 0x30,
	// Types of ICMPv6
	MLD_QUERY = 130,
	MLD_REPORT1 = 131,
	MLD_DONE = 132,
	MLD_REPORT2 = 143,
	MRD_ADVERTISEMENT6 = 151,
	// Types of records (RFC 3376 4.2.12, RFC 3810 5.2.12)
	MODE_IS_INCLUDE = 1,
	CHANGE_TO_INCLUDE = 3,
	ALLOW_NEW_SOURCES = 5,
	ROUTER_ALERT = 5, // option of a hop-by-hop header (RFC 2711)
	REPORT_HEADER = 8,
	MLD_LENGTH = 24,   // of version 1
	MLD_SOURCES = 26,  // offset of the number of sources in a query of version 2
	IGMP_LENGTH = 8,   // of versions 1 and 2
	IGMP_SOURCES = 10, // of version 3
	PIM_HELLO = 0x20,
	SCOPE_LINK = 2,
	RESPONSE1_MS = 10000, // IGMPv1 has no field for it (RFC 2236 4)
};

#define ALL_HOSTS UINT32_C(0xe0000001)
#define ALL_ROUTERS UINT32_C(0xe0000002)
#define ALL_PIM UINT32_C(0xe000000d)
#define ALL_IGMPV3 UINT32_C(0xe0000016)
#define ALL_SNOOPERS UINT32_C(0xe000006a)
#define LINK_SCOPE6 (UINT64_C(0xff02) << 48)

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)frame_be16(p) << 16 | frame_be16(p + 2);
}

static struct snoop_address address6(const uint8_t *p)
{
	return (struct snoop_address){frame_be64(p), frame_be64(p + 8)};
}

// An address of the link's scope, ff02::low.
static bool is_link_group(struct snoop_address a, uint64_t low)
{
	return a.high == LINK_SCOPE6 && a.low == low;
}

static bool is_link_local(struct snoop_address a)
{
	return a.high >> 54 == 0xfe80 >> 6;
}

bool snoop_is_group(struct snoop_address a)
{
	return snoop_family(a) == SNOOP_IPV4 ? (a.low >> 28 & 15) == 14 : a.high >> 56 == 0xff;
}

bool snoop_is_for_all(struct snoop_address group)
{
	if (snoop_family(group) == SNOOP_IPV4)
		return (group.low >> 8 & 0xffffff) == 0xe00000;
	return (group.high >> 48 & 15) <= SCOPE_LINK;
}

uint64_t snoop_group_mac(struct snoop_address group)
{
	return snoop_family(group) == SNOOP_IPV4
		       ? UINT64_C(0x01005e000000) | (group.low & 0x7fffff)
		       : UINT64_C(0x333300000000) | (group.low & UINT32_MAX);
}

// The time in a query of IGMPv3 or MLDv2, whose upper half is a floating number (RFC 3376 4.1.1,
// RFC 3810 5.1.3).
static uint32_t floating(uint32_t code, unsigned mantissa_bits)
{
	uint32_t top = UINT32_C(1) << mantissa_bits, exponent = code >> mantissa_bits & 7;

	return code < 8 * top ? code : ((code & (top - 1)) | top) << (exponent + 3);
}

static uint32_t bytes_left(const struct span *s)
{
	return s->end - s->at;
}

static void set_single(struct snoop_message *msg, struct snoop_address group, bool leaves)
{
	msg->kind = snoop_is_group(group) ? SNOOP_REPORT : SNOOP_BAD;
	msg->records = 1;
	msg->single = true;
	msg->single_leaves = leaves;
	msg->single_group = group;
}

// A record of a report of IGMPv3 or MLDv2 at the beginning of `rest`. Its size, 0 if the report is
// too short for it.
static uint32_t record_size(const struct snoop_message *msg, struct snoop_address *group,
			    uint8_t *type, uint32_t *sources)
{
	uint32_t address = msg->family == SNOOP_IPV4 ? 4 : 16;
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&msg->rest, 0, 4 + address, copy);

	if (!p)
		return 0;
	*type = p[0];
	*sources = frame_be16(p + 2);
	*group = msg->family == SNOOP_IPV4 ? snoop_ipv4(be32(p + 4)) : address6(p + 4);
	uint32_t size = 4 + address + *sources * address + p[1] * 4u;
	return size <= bytes_left(&msg->rest) ? size : 0;
}

// Checks all records before one of them counts.
static bool has_whole_records(struct snoop_message msg)
{
	struct snoop_address group;
	uint32_t sources, size;
	uint8_t type;

	for (unsigned i = 0; i < msg.records; i++, msg.rest.at += size) {
		size = record_size(&msg, &group, &type, &sources);
		if (!size || !snoop_is_group(group))
			return false;
	}
	return true;
}

// A report with records, which follow a header of 8 bytes at p.
static void set_records(struct snoop_message *msg, const struct span *s, const uint8_t *p)
{
	msg->records = frame_be16(p + 6);
	msg->rest = *s;
	msg->rest.at += REPORT_HEADER;
	msg->kind = has_whole_records(*msg) ? SNOOP_REPORT : SNOOP_BAD;
}

bool snoop_next(struct snoop_message *msg, struct snoop_record *r)
{
	uint32_t sources = 0, size;
	uint8_t type = 0;

	if (msg->single && msg->records) {
		msg->records = 0;
		*r = (struct snoop_record){msg->single_group, msg->single_leaves};
		return !snoop_is_for_all(r->group);
	}
	while (msg->records) {
		size = record_size(msg, &r->group, &type, &sources);
		msg->rest.at += size;
		msg->records--;
		// A host that blocks sources was a member before, and may still be one: it says so
		// at the next query. Such a record, and an unknown one, changes nothing.
		bool counts = type >= MODE_IS_INCLUDE && type <= ALLOW_NEW_SOURCES;
		r->leaves = !sources && (type == MODE_IS_INCLUDE || type == CHANGE_TO_INCLUDE);
		if (counts && !snoop_is_for_all(r->group))
			return true;
	}
	return false;
}

// Whether hosts answer a query whose number of sources is at an offset. They ignore one that is cut
// short, and a general one with sources. If such a query counted, a guest could close the ports of
// others with it: nobody would answer.
static bool is_answered(const struct snoop_message *msg, const struct span *s, uint32_t at)
{
	uint32_t address = msg->family == SNOOP_IPV4 ? 4 : 16;
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, at, 2, copy);
	uint32_t sources = p ? frame_be16(p) : 0;

	return p && at + 2 + sources * address <= bytes_left(s) && !(msg->general && sources);
}

// Whether hosts take packets from this source: no loopback, no group, no reserved address.
static bool is_sender4(struct snoop_address source)
{
	uint32_t first = source.low >> 24 & 0xff;

	return first != 127 && first < 224;
}

static void read_igmp_query(struct snoop_message *msg, const struct span *s, const uint8_t *p)
{
	uint32_t group = be32(p + 4);

	msg->version = bytes_left(s) > IGMP_LENGTH ? 3 : p[1] ? 2 : 1;
	msg->general = !group && msg->group.low == snoop_ipv4(ALL_HOSTS).low;
	// The time of version 2 is no floating number (RFC 2236 2.2).
	msg->response_ms = msg->version == 1   ? RESPONSE1_MS
			   : msg->version == 2 ? p[1] * 100u
					       : floating(p[1], 4) * 100;
	bool answered = msg->version < 3 || is_answered(msg, s, IGMP_SOURCES);
	msg->kind = answered && is_sender4(msg->source) ? SNOOP_QUERY : SNOOP_BAD;
}

static void read_igmp(struct snoop_message *msg, const struct span *s)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, REPORT_HEADER, copy);

	msg->kind = SNOOP_BAD;
	if (!p || checksum_sum(s->m, s->at, bytes_left(s)) != 0xffff)
		return;
	struct snoop_address group = snoop_ipv4(be32(p + 4));
	bool to_group = snoop_same(group, msg->group);
	switch (p[0]) {
	case IGMP_QUERY:
		read_igmp_query(msg, s, p);
		break;
	case IGMP_REPORT1:
	case IGMP_REPORT2:
		msg->version = p[0] == IGMP_REPORT1 ? 1 : 2;
		if (to_group)
			set_single(msg, group, false);
		break;
	case IGMP_LEAVE: // early hosts sent it to the group (RFC 2236 9)
		msg->version = 2;
		if (to_group || msg->group.low == snoop_ipv4(ALL_ROUTERS).low)
			set_single(msg, group, true);
		break;
	case IGMP_REPORT3:
		msg->version = 3;
		if (msg->group.low == snoop_ipv4(ALL_IGMPV3).low)
			set_records(msg, s, p);
		break;
	case MRD_ADVERTISEMENT:
		msg->kind = msg->group.low == snoop_ipv4(ALL_SNOOPERS).low ? SNOOP_ROUTER
									   : SNOOP_TO_ALL;
		break;
	default:
		msg->kind = SNOOP_TO_ALL;
	}
}

// A hello has version 2 and a checksum (RFC 7761 4.9). pseudo: the sum of the pseudo-header.
static void read_pim(struct snoop_message *msg, const struct span *s, uint32_t pseudo)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(s, 0, 4, copy);

	if (p && p[0] == PIM_HELLO &&
	    checksum_fold(rte_be_to_cpu_16(checksum_sum(s->m, s->at, bytes_left(s))) + pseudo) ==
		    0xffff)
		msg->kind = SNOOP_ROUTER;
}

// Whether an IPv4 header is sound and that of a message which stays on its link. *s then becomes
// its content.
static bool take_link_packet(struct span *s, const uint8_t *p)
{
	uint32_t header = (p[0] & 15) * 4u, total = frame_be16(p + 2);

	if (header < IPV4_HEADER || total < header || total > bytes_left(s) || p[8] != 1 ||
	    frame_be16(p + 6) & IPV4_FRAGMENT || checksum_sum(s->m, s->at, header) != 0xffff)
		return false;
	s->end = s->at + total;
	s->at += header;
	return true;
}

static void read_ipv4(struct snoop_message *msg, struct span s, uint64_t mac)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV4_HEADER, copy);

	if (!p || p[0] >> 4 != 4)
		return;
	msg->source = snoop_ipv4(be32(p + 12));
	msg->group = snoop_ipv4(be32(p + 16));
	if (!snoop_is_group(msg->group) || snoop_group_mac(msg->group) != mac)
		return;
	msg->kind = snoop_is_for_all(msg->group) ? SNOOP_TO_ALL : SNOOP_DATA;
	if (p[9] == IGMP) {
		if (take_link_packet(&s, p))
			read_igmp(msg, &s);
		else
			msg->kind = SNOOP_BAD;
	} else if (p[9] == PIM && msg->group.low == snoop_ipv4(ALL_PIM).low &&
		   take_link_packet(&s, p)) {
		read_pim(msg, &s, 0);
	}
}

static void read_mld_query(struct snoop_message *msg, const struct span *s, const uint8_t *p)
{
	uint32_t code = frame_be16(p + 4);

	msg->version = bytes_left(s) == MLD_LENGTH ? 1 : 2;
	msg->general = snoop_is_none(address6(p + 8)) && is_link_group(msg->group, 1);
	msg->response_ms = msg->version == 1 ? code : floating(code, 12);
	bool answered = msg->version == 1 || is_answered(msg, s, MLD_SOURCES);
	// Hosts ignore queries from other sources (RFC 3810 5.1.14).
	msg->kind = answered && is_link_local(msg->source) ? SNOOP_QUERY : SNOOP_BAD;
}

static void read_mld(struct snoop_message *msg, const struct span *s, const uint8_t *p)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *whole = span_look(s, 0, MLD_LENGTH, copy);
	struct snoop_address group = whole ? address6(whole + 8) : (struct snoop_address){0};

	switch (p[0]) {
	case MLD_QUERY:
		if (whole)
			read_mld_query(msg, s, whole);
		break;
	case MLD_REPORT1:
		msg->version = 1;
		if (whole && snoop_same(group, msg->group))
			set_single(msg, group, false);
		break;
	case MLD_DONE:
		msg->version = 1;
		if (whole && is_link_group(msg->group, 2))
			set_single(msg, group, true);
		break;
	case MLD_REPORT2:
		msg->version = 2;
		if (is_link_group(msg->group, 0x16))
			set_records(msg, s, p);
		break;
	default:
		msg->kind = is_link_group(msg->group, 0x6a) ? SNOOP_ROUTER : SNOOP_TO_ALL;
	}
}

static bool is_mld_type(uint8_t type)
{
	return (type >= MLD_QUERY && type <= MLD_DONE) || type == MLD_REPORT2 ||
	       type == MRD_ADVERTISEMENT6;
}

// Whether the hop-by-hop header at the beginning of a span has the router alert of MLD.
static bool has_router_alert(struct span s, uint32_t size)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p;

	s.end = s.at + size;
	for (s.at += 2; (p = span_look(&s, 0, 1, copy));) {
		if (!p[0]) { // one byte of padding
			s.at++;
			continue;
		}
		uint8_t type = p[0];
		if (!(p = span_look(&s, 0, 2, copy)))
			return false;
		uint32_t length = p[1];
		if (type == ROUTER_ALERT)
			return length == 2 && (p = span_look(&s, 2, 2, copy)) && !frame_be16(p);
		if (length + 2 > bytes_left(&s))
			return false;
		s.at += length + 2;
	}
	return false;
}

// Reads a packet whose ICMPv6 message begins at `offset` of it. ip: its header.
static void read_icmp6(struct snoop_message *msg, struct span s, const uint8_t *ip, uint32_t offset)
{
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, offset, 1, copy);

	if (!p || !is_mld_type(p[0]))
		return;
	uint32_t length = frame_be16(ip + 4) + (uint32_t)IPV6_HEADER;
	msg->kind = SNOOP_BAD;
	if (length > bytes_left(&s) || offset + REPORT_HEADER > length || ip[7] != 1 ||
	    offset == IPV6_HEADER)
		return;
	s.end = s.at + length;
	struct span alert = {s.m, s.at + IPV6_HEADER, s.end};
	s.at += offset;
	uint32_t sum = rte_be_to_cpu_16(checksum_sum(s.m, s.at, bytes_left(&s)));
	uint16_t pseudo = checksum_pseudo(ip + 8, 32, PROTOCOL_ICMPV6, bytes_left(&s));
	bool sender = is_link_local(msg->source) || snoop_is_none(msg->source);
	if (!has_router_alert(alert, offset - IPV6_HEADER) || !sender ||
	    checksum_fold(sum + pseudo) != 0xffff)
		return;
	p = span_look(&s, 0, REPORT_HEADER, copy);
	read_mld(msg, &s, p);
}

static void read_ipv6(struct snoop_message *msg, struct span s, uint64_t mac)
{
	uint8_t copy[IPV6_HEADER], hop_copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, IPV6_HEADER, copy);

	if (!p || p[0] >> 4 != 6)
		return;
	msg->family = SNOOP_IPV6;
	msg->source = address6(p + 8);
	msg->group = address6(p + 24);
	if (!snoop_is_group(msg->group) || snoop_group_mac(msg->group) != mac)
		return;
	msg->kind = snoop_is_for_all(msg->group) ? SNOOP_TO_ALL : SNOOP_DATA;
	uint32_t length = frame_be16(p + 4);
	if (p[6] == PIM && is_link_group(msg->group, 0xd) && is_link_local(msg->source) &&
	    p[7] == 1 && length <= bytes_left(&s) - IPV6_HEADER) {
		struct span content = {s.m, s.at + IPV6_HEADER, s.at + IPV6_HEADER + length};
		read_pim(msg, &content, checksum_pseudo(p + 8, 32, PIM, length));
	} else if (p[6] == PROTOCOL_ICMPV6) {
		read_icmp6(msg, s, p, IPV6_HEADER);
	} else if (p[6] == HOP_BY_HOP) {
		const uint8_t *hop = span_look(&s, IPV6_HEADER, 2, hop_copy);
		if (hop && hop[0] == PROTOCOL_ICMPV6)
			read_icmp6(msg, s, p,
				   IPV6_HEADER + packet_extension_size(HOP_BY_HOP, hop[1]));
	}
}

void snoop_read(struct snoop_message *msg, const struct rte_mbuf *m, uint32_t at, uint64_t mac)
{
	struct span s = {m, at, rte_pktmbuf_pkt_len(m)};
	uint8_t copy[IPV6_HEADER];
	const uint8_t *p = span_look(&s, 0, 2, copy);

	// Member by member: gcc clears a whole one by an instruction that takes as long as all
	// else.
	msg->kind = SNOOP_OTHER;
	msg->family = SNOOP_IPV4;
	msg->source = msg->group = (struct snoop_address){0};
	msg->version = 0;
	msg->general = msg->single = false;
	msg->response_ms = msg->records = 0;
	if (!p)
		return;
	uint16_t type = frame_be16(p);
	s.at += 2;
	if (type == TYPE_IPV4)
		read_ipv4(msg, s, mac);
	else if (type == TYPE_IPV6)
		read_ipv6(msg, s, mac);
}
