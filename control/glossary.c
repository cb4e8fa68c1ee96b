// SPDX-License-Identifier: BSD-3-Clause
#include "glossary.h"

#include "../dataplane/counters.h"
#include "../dataplane/eventtype.h"
#include "events.h"

static const char *const outcomes[OUTCOMES] = {
	[OUT_MALFORMED] = "shorter than an Ethernet header, or than its 802.1Q tag with the type behind it",
	[OUT_PORT_DOWN] = "the port is disabled, err-disabled or without a link, or the destination of a mirror",
	[OUT_VLAN_FILTERED] = "not a VLAN of this port",
	[OUT_BAD_SOURCE] = "the source is a group address or all zeros",
	[OUT_BPDU] = "to an address of spanning tree, and `bpdu` is not `forward`",
	[OUT_LINK_LOCAL] = "to another address that bridges keep to themselves, and `link-local` is not `forward`",
	[OUT_FORGED_TRANSMIT] = "the source is not the port's own MAC, and `forged-transmits` is `reject`",
	[OUT_DHCP_SERVER] = "a DHCP server speaks, and `dhcp-server` is `block`",
	[OUT_ROUTER_ADVERT] = "an IPv6 router speaks, and `router-advert` is `block`",
	[OUT_RATE_LIMIT] = "over `ingress-rate`",
	[OUT_STORM_BROADCAST] = "over `storm-broadcast` in this second",
	[OUT_STORM_MULTICAST] = "over `storm-multicast` in this second",
	[OUT_MAC_CONFLICT] = "the source is fixed on another port: static, assigned or sticky there",
	[OUT_MAC_FLAP] = "the source moved too often and is held on another port",
	[OUT_MAC_LIMIT] = "the source is new, the port is at `mac-limit`, and `mac-limit-policy` is `drop`",
	[OUT_SAME_PORT] = "the destination is behind this very port",
	[OUT_ISOLATED] = "the destination is in the port's isolation group",
	[OUT_DEST_DOWN] = "the destination is known, its port is down or not in the VLAN",
	[OUT_STORM_UNKNOWN_UNICAST] = "over `storm-unknown-unicast` in this second",
	[OUT_NO_DESTINATION] = "nobody is there to flood it to; promiscuous ports still get their copy",
};

static const char *const tx_drops[TX_DROPS] = {
	[TX_MAC_CHANGED] = "the guest uses another MAC than it was assigned, and `mac-changes` is `reject`",
	[TX_RATE_LIMIT] = "over `egress-rate`",
	[TX_QUEUE_FULL] = "the device took no more",
	[TX_TOO_LONG] = "longer than the port's `mtu`",
};

static const char *const events[EVENT_TYPES] = {
	[EVENT_MAC_LEARNED] = "a station is new: mac, vlan, port",
	[EVENT_MAC_MOVED] = "a station is behind another port now: mac, vlan, from, to",
	[EVENT_MAC_AGED] = "a station was not heard for `aging-time`, and is forgotten: mac, vlan, port",
	[EVENT_MAC_FLAP] = "a station moved too often and is held where it is: mac, vlan, from, to",
	[EVENT_VIOLATION] = "frames broke a rule: port, reason, mac and vlan of the first one, their count in that second",
	[EVENT_PORT_ERR_DISABLED] = "a violation ended the port: port, reason",
	[EVENT_PORT_RECOVERED] = "an err-disabled port is back: port",
	[EVENT_TABLE_FULL] = "a MAC found no place in the table: port",
	[EVENT_PORT_UP] = "the port has a link: port",
	[EVENT_PORT_DOWN] = "the port has lost its link: port",
	[EVENT_CONFIG_ROLLED_BACK] = "a configuration was not confirmed in time: count, the number of the one in force again",
	[EVENT_CONFIG_ROLLBACK_FAILED] = "the same, but the earlier one could not be applied: count, the number of the one in force",
	[EVENT_LOST] = "so many events were not told, for they came too fast: count",
};

static void print(FILE *out, const char *const names[], const char *const meanings[], int first, int end)
{
	for (int i = first; i < end; i++)
		fprintf(out, "  %-21s  %s\n", names[i], meanings[i]);
}

void glossary_print_drops(FILE *out)
{
	fputs("Frames received, in the order in which they meet the reasons:\n\n", out);
	print(out, outcome_names, outcomes, OUT_FIRST_DROP, OUTCOMES);
	fputs("\nFrames that could not be delivered, counted on the port they were meant for:\n\n", out);
	print(out, tx_drop_names, tx_drops, 0, TX_DROPS);
}

void glossary_print_events(FILE *out)
{
	print(out, event_type_names, events, 0, EVENT_TYPES);
}
