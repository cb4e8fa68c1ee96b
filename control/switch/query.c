// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/query.h"

#include <string.h>

#include "dataplane/checksum.h"
#include "dataplane/frame.h"
#include "dataplane/packet.h"
#include "dataplane/pool.h"
#include "dataplane/snoop.h"

enum {
	ROBUSTNESS = 2, // RFC 3376 8.1
	// A header with the router alert (RFC 2113), and the message
	IPV4_SIZE = 24,
	IGMP_SIZE = 12,
	// The same for IPv6, whose router alert is in a hop-by-hop header (RFC 2711)
	HOP_SIZE = 8,
	MLD_SIZE = 28,
	AT_IP = FRAME_HEADER,
	AT_IGMP = AT_IP + IPV4_SIZE,
	AT_HOP = AT_IP + IPV6_HEADER,
	AT_MLD = AT_HOP + HOP_SIZE,
	END4 = AT_IGMP + IGMP_SIZE,
	END6 = AT_MLD + MLD_SIZE,
	LONGEST = END6,
	// Offsets of the checksums
	IPV4_SUM = AT_IP + 10,
	IGMP_SUM = AT_IGMP + 2,
	MLD_SUM = AT_MLD + 2,
};

#define ALL_HOSTS UINT32_C(0xe0000001)
#define ALL_NODES_HIGH (UINT64_C(0xff02) << 48)

static void put_be(uint8_t *to, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void put_address(uint8_t *to, struct snoop_address a)
{
	put_be(to, a.high, 8);
	put_be(to + 8, a.low, 8);
}

// The group to which a query is sent.
static struct snoop_address destination(const struct query *q)
{
	if (!snoop_is_none(q->group))
		return q->group;
	return q->family == SNOOP_IPV4 ? snoop_ipv4(ALL_HOSTS)
				       : (struct snoop_address){ALL_NODES_HIGH, 1};
}

static void put_ethernet(uint8_t *to, const struct query *q, uint16_t type)
{
	put_be(to, snoop_group_mac(destination(q)), 6);
	put_be(to + 6, q->mac, 6);
	put_be(to + FRAME_ADDRESSES, type, 2);
}

static void put_igmp(uint8_t data[END4], const struct query *q)
{
	static const uint8_t header[] = {0x46, 0xc0, 0, IPV4_SIZE + IGMP_SIZE, 0, 0, 0, 0, 1, 2};
	static const uint8_t router_alert[] = {0x94, 4, 0, 0};
	uint8_t *ip = data + AT_IP, *igmp = data + AT_IGMP;

	put_ethernet(data, q, TYPE_IPV4);
	memcpy(ip, header, sizeof header);
	put_be(ip + 12, q->source.low, 4);
	put_be(ip + 16, destination(q).low, 4);
	memcpy(ip + 20, router_alert, sizeof router_alert);
	igmp[0] = 0x11;
	igmp[1] = (uint8_t)(q->response_ms / 100);
	put_be(igmp + 4, snoop_is_none(q->group) ? 0 : q->group.low, 4);
	igmp[8] = ROBUSTNESS;
	igmp[9] = q->interval_s;
}

static void put_mld(uint8_t data[END6], const struct query *q)
{
	static const uint8_t header[] = {0x60, 0, 0, 0, 0, HOP_SIZE + MLD_SIZE, 0, 1};
	static const uint8_t hop[HOP_SIZE] = {PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
	uint8_t *ip = data + AT_IP, *mld = data + AT_MLD;

	put_ethernet(data, q, TYPE_IPV6);
	memcpy(ip, header, sizeof header);
	put_address(ip + 8, q->source);
	put_address(ip + 24, destination(q));
	memcpy(data + AT_HOP, hop, sizeof hop);
	mld[0] = 130;
	put_be(mld + 4, q->response_ms, 2);
	put_address(mld + 8, q->group);
	mld[24] = ROBUSTNESS;
	mld[25] = q->interval_s;
	put_be(data + MLD_SUM, checksum_pseudo(ip + 8, 32, PROTOCOL_ICMPV6, MLD_SIZE), 2);
}

struct rte_mbuf *query_frame(struct rte_mempool *pool, const struct query *q)
{
	bool ipv4 = q->family == SNOOP_IPV4;
	uint8_t data[LONGEST] = {0};

	if (ipv4)
		put_igmp(data, q);
	else
		put_mld(data, q);
	struct rte_mbuf *m = pool_frame(pool, data, ipv4 ? END4 : END6);
	if (!m)
		return NULL;
	if (ipv4) {
		checksum_complete(m, AT_IP, AT_IGMP, IPV4_SUM);
		checksum_complete(m, AT_IGMP, END4, IGMP_SUM);
	} else {
		checksum_complete(m, AT_MLD, END6, MLD_SUM);
	}
	return m;
}
