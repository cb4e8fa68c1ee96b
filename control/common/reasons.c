// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/reasons.h"

#include <string.h>

#include "dataplane/counters.h"

const struct reason_row reason_rows[OUTCOMES] = {
	[OUT_MALFORMED] =
		{
			"The frame is shorter than its Ethernet header, or ends inside its 802.1Q tag, or the kernel had to cut it.",
			.advice =
				"look at the sender; on af_packet, ethtool -K IFACE tso off gso off",
		},
	[OUT_PORT_DOWN] =
		{
			"The port is disabled, err-disabled or without a link, or it is the destination of a mirror.",
			2,
			{PK_VIOLATION, PK_RECOVERY_TIME},
			.advice = "port enable, or bring up its link",
		},
	[OUT_VLAN_FILTERED] =
		{
			"The frame is in none of this port's VLANs: tagged on an access port, with a tag that the trunk does not allow, "
			"or untagged without a native VLAN.",
			3,
			{PK_VLAN_MODE, PK_NATIVE_VLAN, PK_ALLOWED_VLANS},
			.advice = "allowed-vlans, access-vlan or native-vlan as the frames come",
		},
	[OUT_BAD_SOURCE] =
		{
			"The source is a group address or all zeros, which no station may use.",
			.advice = "look at the sender",
		},
	[OUT_BPDU] =
		{
			"A spanning tree frame (also Cisco's), and the port does not pass them on.",
			1,
			{PK_BPDU},
			.advice = "bpdu forward, if bridges beyond shall see each other",
		},
	[OUT_LINK_LOCAL] =
		{
			"A frame between neighbours (LACP, LLDP, 802.1X …), which bridges keep to themselves.",
			1,
			{PK_LINK_LOCAL},
			.advice = "link-local forward, if the two ends shall see each other",
		},
	[OUT_FORGED_TRANSMIT] =
		{
			"The source is not the port's own MAC. Guests inside a nested host send from MACs of their own: they need "
			"'accept'.",
			1,
			{PK_FORGED_TRANSMITS},
			.advice =
				"forged-transmits accept; or effective-mac, if it is a single station",
		},
	[OUT_DHCP_SERVER] =
		{
			"A guest behind this port answers as a DHCP server, and may not.",
			1,
			{PK_DHCP_SERVER},
			.advice = "dhcp-server allow, if it is the network's server",
		},
	[OUT_ROUTER_ADVERT] =
		{
			"A guest behind this port announces itself as an IPv6 router, and may not.",
			1,
			{PK_ROUTER_ADVERT},
			.advice = "router-advert allow, if it is the network's router",
		},
	[OUT_RATE_LIMIT] =
		{
			"More came from this port than its ingress rate lets in.",
			3,
			{PK_INGRESS_RATE, PK_INGRESS_PEAK, PK_INGRESS_BURST},
			.advice = "raise ingress-rate or ingress-burst",
		},
	[OUT_STORM_BROADCAST] =
		{
			"More broadcasts came from this port in one second than it may send.",
			1,
			{PK_STORM_BROADCAST},
			.advice = "look for a loop; else raise storm-broadcast",
		},
	[OUT_STORM_MULTICAST] =
		{
			"More multicasts came from this port in one second than it may send.",
			1,
			{PK_STORM_MULTICAST},
			.advice = "look for a loop; else raise storm-multicast",
		},
	[OUT_MAC_CONFLICT] =
		{
			"The source is fixed on another port (static, assigned or sticky there): two stations use one MAC, or a guest "
			"has moved away from a port that keeps its MACs.",
			.advice =
				"fdb show mac M says where it is; fdb del it there, or port unset P mac-address",
		},
	[OUT_MAC_FLAP] =
		{
			"The source moved between ports too often and is held on another one for a while: there is a loop, or one MAC "
			"is used twice.",
			2,
			{PK_MAC_MOVE_LIMIT, PK_MAC_MOVE_HOLD},
			.advice =
				"look for the loop, or for the MAC in use twice; else raise mac-move-limit",
		},
	[OUT_MAC_LIMIT] =
		{
			"The source is new, and the port has learned as many MACs as it may.",
			2,
			{PK_MAC_LIMIT, PK_MAC_LIMIT_POLICY},
			.advice = "raise mac-limit, or mac-limit-policy allow",
		},
	[OUT_SAME_PORT] =
		{
			"The destination is behind the port that the frame came from: it is there already.",
			.advice = "nothing: they reach each other without the switch",
		},
	[OUT_ISOLATED] =
		{
			"The destination is behind a port of the same isolation group.",
			1,
			{PK_ISOLATION_GROUP},
			.advice = "isolation-group 0, or another one",
		},
	[OUT_DEST_DOWN] =
		{
			"The destination is known, but its port is down or not in the frame's VLAN.",
			.advice =
				"port show says whether it is down, policy show P which VLANs it is in",
		},
	[OUT_STORM_UNKNOWN_UNICAST] =
		{
			"More frames to unknown MACs came from this port in one second than it may send.",
			1,
			{PK_STORM_UNKNOWN_UNICAST},
			.advice =
				"see whether the destination is there; else raise storm-unknown-unicast",
		},
	[OUT_NO_DESTINATION] =
		{
			"Nobody has the destination MAC, and no port is left to flood to: the others are down, in other VLANs or the "
			"same isolation group, or have unicast-flood or mac-learning off.",
			.advice =
				"see whether the destination is there: its port, its VLAN, unicast-flood",
		},
};

const struct reason_row tx_reason_rows[TX_DROPS] = {
	[TX_MAC_CHANGED] =
		{
			"The guest uses another MAC than it was assigned, so nothing is delivered to it.",
			1,
			{PK_MAC_CHANGES},
			.advice = "mac-changes accept; or mac-address as the guest has it",
		},
	[TX_RATE_LIMIT] =
		{
			"More was to be delivered than the port's egress rate lets out.",
			3,
			{PK_EGRESS_RATE, PK_EGRESS_PEAK, PK_EGRESS_BURST},
			.advice = "raise egress-rate or egress-burst",
		},
	[TX_QUEUE_FULL] =
		{
			"The device took no more: whoever is behind it reads too slowly, or not at all.",
			.advice = "see who is behind it; ingress-rate slows the senders down",
		},
	[TX_TOO_LONG] =
		{
			"The frame is longer than the port's mtu.",
			.advice = "raise the port's mtu, or lower the sender's",
		},
};

static const char *const rx_names[OUTCOMES] = {
#define X(id, name) [OUT_##id] = name,
	OUTCOME_LIST(X)
#undef X
};

static const char *const tx_names[TX_DROPS] = {
#define X(id, name) [TX_##id] = name,
	TX_DROP_LIST(X)
#undef X
};

const struct reason_row *reason_find(const char *name)
{
	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		if (!strcmp(rx_names[i], name))
			return &reason_rows[i];
	return NULL;
}

const struct reason_row *reason_find_tx(const char *name)
{
	for (int i = 0; i < TX_DROPS; i++)
		if (!strcmp(tx_names[i], name))
			return &tx_reason_rows[i];
	return NULL;
}

static void print(FILE *out, const char *name, const char *meaning)
{
	fprintf(out, "  %-22s  %s\n", name, meaning);
}

void reasons_print(FILE *out)
{
	fputs("Frames received, in the order in which they meet the reasons:\n\n", out);
	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		print(out, rx_names[i], reason_rows[i].meaning);
	fputs("\nFrames that could not be delivered, counted on the port they were meant for:\n\n",
	      out);
	for (int i = 0; i < TX_DROPS; i++)
		print(out, tx_names[i], tx_reason_rows[i].meaning);
}
