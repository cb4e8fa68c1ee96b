// SPDX-License-Identifier: BSD-3-Clause

#include <string.h>

#include "dataplane/admit.h"
#include "dataplane/counters.h"
#include "dataplane/key.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "tests/unit/buffer.h"
#include "tests/unit/kit.h"

enum { TRUNK, NO_NATIVE, ACCESS, STRICT, ALLOWED, OPEN, LLDP, PORTS };

#define STATION 0x02, 0, 0, 0, 0, 0x01
#define OTHER 0x02, 0, 0, 0, 0, 0x02
#define GROUP 0x01, 0, 0x5e, 0, 0, 1
#define BROADCAST 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define BRIDGES(last) 0x01, 0x80, 0xc2, 0, 0, last
#define PVST 0x01, 0, 0x0c, 0xcc, 0xcc, 0xcd
#define CDP 0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc
#define VRRP(id) 0x00, 0, 0x5e, 0, 0x01, id
#define IP 0x08, 0x00
#define TAG(pcp, vid) 0x81, 0x00, (pcp) << 5 | (vid) >> 8, (vid)&0xff, IP
#define TWO_TAGS(vid, type) 0x81, 0x00, 0, vid, (type) >> 8, (type)&0xff
#define HEADER 14
#define TAGGED 18

// Trunks of VLANs 1, 10 and 20, and an access port of VLAN 10.
static struct swconf *conf(void)
{
	static _Alignas(64) uint8_t memory[sizeof(struct swconf) + 2 * sizeof(struct mac_range)];
	struct swconf *c = (struct swconf *)memory;
	portset all = portset_of(PORTS) - 1, trunks = all & ~portset_of(ACCESS);

	memset(memory, 0, sizeof memory);
	for (int p = 0; p < PORTS; p++)
		c->port[p] = (struct portconf){.untagged_vid = 1, .takes_tags = true};
	c->port[NO_NATIVE].untagged_vid = 0;
	c->port[ACCESS] = (struct portconf){.untagged_vid = 10};
	c->port[STRICT].rules.own_mac_only = c->port[STRICT].looks_closely = true;
	c->port[STRICT].mac = UINT64_C(0x020000000001);
	c->port[ALLOWED] = c->port[STRICT];
	c->port[ALLOWED].allowed_first = 1;
	c->port[ALLOWED].allowed_count = 1;
	c->range[0] = (struct mac_range){0, 0}; // another port's: any MAC
	c->range[1] = (struct mac_range){UINT64_C(0x00005e000100), UINT64_C(0xffffffffff00)};
	c->port[OPEN].bpdu = BPDU_PASS;
	c->port[OPEN].link_local = LINK_LOCAL_PASS;
	c->port[LLDP].link_local = LINK_LOCAL_LLDP;
	c->vlan[1].member = c->vlan[20].member = trunks;
	c->vlan[10].member = all;
	return c;
}

static const struct {
	unsigned port;
	uint8_t bytes[TAGGED];
	uint32_t len;
	enum outcome verdict;
	uint16_t vid; // if the frame is admitted
	bool group;
} cases[] = {
	{TRUNK, {OTHER, STATION, IP}, 0, OUT_MALFORMED, 0, false},
	{TRUNK, {OTHER, STATION, IP}, HEADER - 1, OUT_MALFORMED, 0, false},
	{TRUNK, {OTHER, STATION, IP}, HEADER, ADMITTED, 1, false},
	{TRUNK, {OTHER, STATION, TAG(0, 10)}, TAGGED - 1, OUT_MALFORMED, 0, false},
	{TRUNK, {OTHER, STATION, TAG(5, 10)}, TAGGED, ADMITTED, 10, false},
	{TRUNK, {OTHER, STATION, TAG(5, 0)}, TAGGED, ADMITTED, 1, false}, // a priority tag
	{TRUNK, {OTHER, STATION, TWO_TAGS(0, 0x8100)}, TAGGED, OUT_VLAN_FILTERED, 0, false},
	{TRUNK, {OTHER, STATION, TWO_TAGS(0, 0x88a8)}, TAGGED, ADMITTED, 1, false},
	{TRUNK, {OTHER, STATION, TWO_TAGS(10, 0x8100)}, TAGGED, ADMITTED, 10, false},
	{ACCESS, {OTHER, STATION, TWO_TAGS(0, 0x8100)}, TAGGED, OUT_VLAN_FILTERED, 0, false},
	{TRUNK, {OTHER, STATION, TAG(0, 1)}, TAGGED, ADMITTED, 1, false},
	{TRUNK, {OTHER, STATION, TAG(0, 11)}, TAGGED, OUT_VLAN_FILTERED, 0, false},
	{TRUNK, {OTHER, STATION, TAG(0, 4095)}, TAGGED, OUT_VLAN_FILTERED, 0, false},
	{TRUNK, {OTHER, STATION, 0x88, 0xa8, 0, 11}, HEADER, ADMITTED, 1, false},
	{NO_NATIVE, {OTHER, STATION, IP}, HEADER, OUT_VLAN_FILTERED, 0, false},
	{NO_NATIVE, {OTHER, STATION, TAG(5, 0)}, TAGGED, OUT_VLAN_FILTERED, 0, false},
	{NO_NATIVE, {OTHER, STATION, TAG(5, 20)}, TAGGED, ADMITTED, 20, false},
	{ACCESS, {OTHER, STATION, IP}, HEADER, ADMITTED, 10, false},
	{ACCESS, {OTHER, STATION, TAG(7, 0)}, TAGGED, ADMITTED, 10, false},
	{ACCESS, {OTHER, STATION, TAG(7, 10)}, TAGGED, OUT_VLAN_FILTERED, 0, false},
	{TRUNK, {OTHER, GROUP, IP}, HEADER, OUT_BAD_SOURCE, 0, false},
	{TRUNK, {OTHER, BROADCAST, IP}, HEADER, OUT_BAD_SOURCE, 0, false},
	{TRUNK, {OTHER, 0, 0, 0, 0, 0, 0, IP}, HEADER, OUT_BAD_SOURCE, 0, false},
	{TRUNK, {0, 0, 0, 0, 0, 0, STATION, IP}, HEADER, ADMITTED, 1, false},
	{TRUNK, {BROADCAST, STATION, IP}, HEADER, ADMITTED, 1, true},
	{TRUNK, {GROUP, STATION, IP}, HEADER, ADMITTED, 1, true},
	{TRUNK, {BRIDGES(0), STATION, IP}, HEADER, OUT_BPDU, 0, true},
	{TRUNK, {PVST, STATION, IP}, HEADER, OUT_BPDU, 0, true},
	{TRUNK, {BRIDGES(1), STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true},
	{TRUNK, {BRIDGES(15), STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true},
	{TRUNK, {BRIDGES(16), STATION, IP}, HEADER, ADMITTED, 1, true},
	{OPEN, {BRIDGES(0), STATION, IP}, HEADER, ADMITTED, 1, true},
	{OPEN, {PVST, STATION, IP}, HEADER, ADMITTED, 1, true},
	{TRUNK, {CDP, STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true},
	{OPEN, {BRIDGES(1), STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true}, // PAUSE
	{OPEN, {BRIDGES(2), STATION, IP}, HEADER, ADMITTED, 1, true},
	{OPEN, {BRIDGES(14), STATION, IP}, HEADER, ADMITTED, 1, true},
	{OPEN, {CDP, STATION, IP}, HEADER, ADMITTED, 1, true},
	{LLDP, {BRIDGES(1), STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true},
	{LLDP, {BRIDGES(2), STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true},
	{LLDP, {BRIDGES(14), STATION, IP}, HEADER, ADMITTED, 1, true},
	{LLDP, {CDP, STATION, IP}, HEADER, OUT_LINK_LOCAL, 0, true},
	{LLDP, {PVST, STATION, IP}, HEADER, OUT_BPDU, 0, true},
	{STRICT, {OTHER, STATION, IP}, HEADER, ADMITTED, 1, false},
	{STRICT, {STATION, OTHER, IP}, HEADER, OUT_FORGED_TRANSMIT, 0, false},
	{ALLOWED, {OTHER, STATION, IP}, HEADER, ADMITTED, 1, false},
	{ALLOWED, {OTHER, VRRP(0), IP}, HEADER, ADMITTED, 1, false},
	{ALLOWED, {OTHER, VRRP(255), IP}, HEADER, ADMITTED, 1, false},
	{ALLOWED, {STATION, 0, 0, 0x5e, 0, 0x02, 0, IP}, HEADER, OUT_FORGED_TRANSMIT, 0, false},
	{STRICT, {OTHER, VRRP(0), IP}, HEADER, OUT_FORGED_TRANSMIT, 0, false},
	// several reasons: the first step decides
	{ACCESS, {BRIDGES(0), GROUP, TAG(0, 11)}, TAGGED, OUT_VLAN_FILTERED, 0, true},
	{STRICT, {BRIDGES(0), GROUP, IP}, HEADER, OUT_BAD_SOURCE, 0, true},
	{STRICT, {BRIDGES(0), OTHER, IP}, HEADER, OUT_BPDU, 0, true},
};

static enum outcome verdict(const struct swconf *c, unsigned port, const uint8_t *bytes,
			    uint32_t len, struct arrival *a)
{
	struct rte_mbuf *m = buffer_new(0, bytes, (uint16_t)len);
	enum outcome got = admit(c, &c->port[port], portset_of(port), NULL, m, a);

	buffer_free(m);
	return got;
}

static void verdicts(void **state)
{
	const struct swconf *c = conf();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arrival a = {0};
		enum outcome got = verdict(c, cases[i].port, cases[i].bytes, cases[i].len, &a);
		CHECK(got == cases[i].verdict, "case %zu: %s, not %s", i, outcome_names[got],
		      outcome_names[cases[i].verdict]);
		if (got != ADMITTED)
			continue;
		CHECK(key_vid(a.src_key) == cases[i].vid, "case %zu: VLAN %u", i,
		      key_vid(a.src_key));
		CHECK(mac_is_group(key_mac(a.dst_key)) == cases[i].group, "case %zu", i);
	}
}

// forged-transmits: reject on a port without a MAC drops all frames.
static void no_mac_at_all(void **state)
{
	struct swconf *c = conf();
	struct arrival a = {0};

	(void)state;
	c->port[STRICT].mac = 0;
	assert_int_equal(verdict(c, STRICT, (uint8_t[]){OTHER, STATION, IP}, HEADER, &a),
			 OUT_FORGED_TRANSMIT);
}

RUN_TESTS(TEST(verdicts), TEST(no_mac_at_all))
