// SPDX-License-Identifier: BSD-3-Clause
#include "reasons.h"

const struct reason_row reason_rows[OUTCOMES] = {
	[OUT_MALFORMED] = {"The frame is shorter than its Ethernet header, or ends inside its 802.1Q tag, or the kernel had to cut "
			   "it."},
	[OUT_PORT_DOWN] = {"The port is disabled, err-disabled or without a link, or it is the destination of a mirror.",
			   2, {PK_VIOLATION, PK_RECOVERY_TIME}},
	[OUT_VLAN_FILTERED] = {"The frame is in none of this port's VLANs: tagged on an access port, with a tag that the trunk "
			       "does not allow, or untagged without a native VLAN.",
			       3, {PK_VLAN_MODE, PK_NATIVE_VLAN, PK_ALLOWED_VLANS}},
	[OUT_BAD_SOURCE] = {"The source is a group address or all zeros, which no station may use."},
	[OUT_BPDU] = {"A spanning tree frame (also Cisco's), and the port does not pass them on.", 1, {PK_BPDU}},
	[OUT_LINK_LOCAL] = {"A frame between neighbours (LACP, LLDP, 802.1X …), which bridges keep to themselves.",
			    1, {PK_LINK_LOCAL}},
	[OUT_FORGED_TRANSMIT] = {"The source is not the port's own MAC. Guests inside a nested host send from MACs of their own: "
				 "they need 'accept'.",
				 1, {PK_FORGED_TRANSMITS}},
	[OUT_DHCP_SERVER] = {"A guest behind this port answers as a DHCP server, and may not.", 1, {PK_DHCP_SERVER}},
	[OUT_ROUTER_ADVERT] = {"A guest behind this port announces itself as an IPv6 router, and may not.", 1, {PK_ROUTER_ADVERT}},
	[OUT_RATE_LIMIT] = {"More came from this port than its ingress rate lets in.",
			    3, {PK_INGRESS_RATE, PK_INGRESS_PEAK, PK_INGRESS_BURST}},
	[OUT_STORM_BROADCAST] = {"More broadcasts came from this port in one second than it may send.", 1, {PK_STORM_BROADCAST}},
	[OUT_STORM_MULTICAST] = {"More multicasts came from this port in one second than it may send.", 1, {PK_STORM_MULTICAST}},
	[OUT_MAC_CONFLICT] = {"The source is fixed on another port (static, assigned or sticky there): two stations use one MAC, "
			      "or a guest has moved away from a port that keeps its MACs."},
	[OUT_MAC_FLAP] = {"The source moved between ports too often and is held on another one for a while: there is a loop, or "
			  "one MAC is used twice.",
			  2, {PK_MAC_MOVE_LIMIT, PK_MAC_MOVE_HOLD}},
	[OUT_MAC_LIMIT] = {"The source is new, and the port has learned as many MACs as it may.",
			   2, {PK_MAC_LIMIT, PK_MAC_LIMIT_POLICY}},
	[OUT_SAME_PORT] = {"The destination is behind the port that the frame came from: it is there already."},
	[OUT_ISOLATED] = {"The destination is behind a port of the same isolation group.", 1, {PK_ISOLATION_GROUP}},
	[OUT_DEST_DOWN] = {"The destination is known, but its port is down or not in the frame's VLAN."},
	[OUT_STORM_UNKNOWN_UNICAST] = {"More frames to unknown MACs came from this port in one second than it may send.",
				       1, {PK_STORM_UNKNOWN_UNICAST}},
	[OUT_NO_DESTINATION] = {"Nobody has the destination MAC, and no port is left to flood to: the others are down, in other "
				"VLANs or the same isolation group, or have unicast-flood or mac-learning off."},
};

const struct reason_row tx_reason_rows[TX_DROPS] = {
	[TX_MAC_CHANGED] = {"The guest uses another MAC than it was assigned, so nothing is delivered to it.", 1, {PK_MAC_CHANGES}},
	[TX_RATE_LIMIT] = {"More was to be delivered than the port's egress rate lets out.",
			   3, {PK_EGRESS_RATE, PK_EGRESS_PEAK, PK_EGRESS_BURST}},
	[TX_QUEUE_FULL] = {"The device took no more: whoever is behind it reads too slowly, or not at all."},
	[TX_TOO_LONG] = {"The frame is longer than the port's mtu."},
};
