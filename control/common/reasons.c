// SPDX-License-Identifier: BSD-3-Clause
#include "control/common/reasons.h"

#include <string.h>

#include "dataplane/counters.h"

const struct reason_row reason_rows[OUTCOMES] = {
	[OUT_MALFORMED] =
		{
			"The frame is shorter than its Ethernet header, ends inside its 802.1Q tag, or was truncated by the kernel. Or a VXLAN packet has a wrong header, or is a fragment.",
			.advice =
				"Check the sender. On af_packet, run: ethtool -K IFACE tso off gso off",
		},
	[OUT_PORT_DOWN] =
		{
			"The port is disabled, err-disabled, without a link, or the destination of a mirror.",
			2,
			{PK_VIOLATION, PK_RECOVERY_TIME},
			.advice = "Run port enable, or bring up the link.",
		},
	[OUT_UNKNOWN_VTEP] =
		{
			"A VXLAN packet came from an address that is no VTEP of this network, or for which no port number is left.",
			.advice =
				"Check the VTEPs (evpn vtep), and whether FRR has a session to the sender.",
		},
	[OUT_UNKNOWN_VNI] =
		{
			"A VXLAN packet has a VNI that no VLAN here has.",
			.advice = "Check the VNIs (evpn show), and those of the sender.",
		},
	[OUT_VLAN_FILTERED] =
		{
			"The frame's VLAN is not allowed here. It is tagged on an access port, tagged with a VLAN that the trunk "
			"does not allow, or untagged without a native VLAN. Or a second tag follows a priority tag, or the frame came in a tunnel with a tag.",
			3,
			{PK_VLAN_MODE, PK_NATIVE_VLAN, PK_ALLOWED_VLANS},
			.advice =
				"Set allowed-vlans, access-vlan or native-vlan to match the frames.",
		},
	[OUT_BAD_SOURCE] =
		{
			"The source MAC is a group address or all zeros. No station may use such an address.",
			.advice = "Check the sender.",
		},
	[OUT_BPDU] =
		{
			"The frame is a BPDU (IEEE or Cisco), and the port does not forward BPDUs.",
			1,
			{PK_BPDU},
			.advice =
				"Set bpdu forward if bridges on both sides should see each other.",
		},
	[OUT_LINK_LOCAL] =
		{
			"The frame is link-local (LACP, LLDP, 802.1X, Cisco's CDP …). Bridges do not forward such frames.",
			1,
			{PK_LINK_LOCAL},
			.advice =
				"If the two ends should see each other, set link-local lldp or forward. PAUSE is never forwarded.",
		},
	[OUT_FORGED_TRANSMIT] =
		{
			"The source MAC is spoofed: it is neither the port's own MAC nor in allowed-macs. Guests inside a nested host "
			"need 'accept', because they send from other MACs.",
			2,
			{PK_FORGED_TRANSMITS, PK_ALLOWED_MACS},
			.advice =
				"Set forged-transmits accept. For known MACs such as VRRP's, set allowed-macs instead; for a single station, "
				"effective-mac.",
		},
	[OUT_DHCP_SERVER] =
		{
			"A guest behind this port answered as a DHCP server, which the port does not allow.",
			1,
			{PK_DHCP_SERVER},
			.advice = "Set dhcp-server allow if it is the network's server.",
		},
	[OUT_ROUTER_ADVERT] =
		{
			"A guest behind this port sent an IPv6 router advertisement or redirect, which the port does not allow.",
			1,
			{PK_ROUTER_ADVERT},
			.advice = "Set router-advert allow if it is the network's router.",
		},
	[OUT_SPOOFED] =
		{
			"A station behind this port claims an IP address that is not bound to its MAC, or it has no binding and sends "
			"more than requests for an address.",
			1,
			{PK_SPOOF_GUARD},
			.advice =
				"Bind the address with binding add, let bindings be learned (spoof-guard-learn), or set spoof-guard off.",
		},
	[OUT_RATE_LIMIT] =
		{
			"The port received more than its ingress rate allows.",
			3,
			{PK_INGRESS_RATE, PK_INGRESS_PEAK, PK_INGRESS_BURST},
			.advice = "Raise ingress-rate or ingress-burst.",
		},
	[OUT_STORM_BROADCAST] =
		{
			"The port received more broadcasts in one second than storm-broadcast allows. Their sources are learned.",
			1,
			{PK_STORM_BROADCAST},
			.advice = "Look for a loop. If there is none, raise storm-broadcast.",
		},
	[OUT_STORM_MULTICAST] =
		{
			"The port received more multicasts in one second than storm-multicast allows.",
			1,
			{PK_STORM_MULTICAST},
			.advice = "Look for a loop. If there is none, raise storm-multicast.",
		},
	[OUT_MAC_CONFLICT] =
		{
			"The source MAC is static, assigned or sticky on another port. Either two stations use one MAC, or a guest "
			"moved away from a port that keeps its MACs.",
			.advice =
				"Find its port with fdb show mac M. Then run fdb del, or port unset P mac-address. If an assigned MAC comes "
				"back in another VLAN, narrow allowed-vlans.",
		},
	[OUT_REFLECTED] =
		{
			"The frame came in by an uplink, but its source MAC is active on a port that is no uplink. The network outside "
			"sent a guest's frame back.",
			.advice =
				"If two uplinks lead to one network, this is normal. Otherwise look for a loop outside, or for a guest that "
				"forges MACs. Set uplink off if the port leads to guests.",
		},
	[OUT_MAC_FLAP] =
		{
			"The source MAC moved between ports too often and is held at its home for now. There is a loop, or two stations "
			"use one MAC, or a guest forges it.",
			2,
			{PK_MAC_MOVE_LIMIT, PK_MAC_MOVE_HOLD},
			.advice =
				"Look for a loop, a duplicate MAC or a forger; give guests static MACs. To follow a MAC at once, run fdb del. "
				"If a MAC is meant to be on two ports, set mac-move-limit 0.",
		},
	[OUT_MAC_LIMIT] =
		{
			"The source MAC is new, and the port has reached its mac-limit.",
			2,
			{PK_MAC_LIMIT, PK_MAC_LIMIT_POLICY},
			.advice = "Raise mac-limit, or set mac-limit-policy allow.",
		},
	[OUT_SAME_PORT] =
		{
			"The destination is behind the port that received the frame.",
			.advice =
				"Do nothing: the two stations reach each other without the switch.",
		},
	[OUT_ISOLATED] =
		{
			"The destination is behind a port of the same isolation group, or both ports are uplinks.",
			1,
			{PK_ISOLATION_GROUP},
			.advice =
				"Set isolation-group to 0, or to another group. Of two uplinks, set uplink off on one.",
		},
	[OUT_DEST_DOWN] =
		{
			"The destination is known, but its port is down or not in the frame's VLAN.",
			.advice =
				"Check the port's state with port show, and its VLANs with policy show P.",
		},
	[OUT_STORM_UNKNOWN_UNICAST] =
		{
			"The port received more unknown unicast in one second than storm-unknown-unicast allows.",
			1,
			{PK_STORM_UNKNOWN_UNICAST},
			.advice =
				"Check that the destination is up. If it is, raise storm-unknown-unicast.",
		},
	[OUT_UNREGISTERED] =
		{
			"No other port gets this multicast group: none asked for it, none that is up is in its static group, and no "
			"multicast router is known.",
			2,
			{PK_MULTICAST_ROUTER, PK_MULTICAST_FLOOD},
			.advice =
				"If a guest misses the group, check its IGMP or MLD reports with nestctl mdb, or set unregistered: flood in the VLAN.",
		},
	[OUT_NO_DESTINATION] =
		{
			"The frame would be flooded, but no port can take it. Every other port is down, in another VLAN, isolated, "
			"or does not take such frames.",
			3,
			{PK_UNICAST_FLOOD, PK_BROADCAST_FLOOD, PK_MULTICAST_FLOOD},
			.advice =
				"Check the state and VLAN of the other ports, their mac-learning, and unicast-flood, broadcast-flood or multicast-flood.",
		},
};

const struct reason_row tx_reason_rows[TX_DROPS] = {
	[TX_MAC_CHANGED] =
		{
			"The guest uses a MAC that is not its assigned one, therefore nothing is delivered to it.",
			1,
			{PK_MAC_CHANGES},
			.advice = "Set mac-changes accept, or set mac-address to the guest's MAC.",
		},
	[TX_RATE_LIMIT] =
		{
			"The port had more to send than its egress rate allows.",
			3,
			{PK_EGRESS_RATE, PK_EGRESS_PEAK, PK_EGRESS_BURST},
			.advice = "Raise egress-rate or egress-burst.",
		},
	[TX_QUEUE_FULL] =
		{
			"The device's send queue is full, because the guest or peer reads too slowly or not at all.",
			.advice = "Check the guest or peer. Limit the senders with ingress-rate.",
		},
	[TX_TOO_LONG] =
		{
			"The frame is longer than the port's mtu, or than the underlay's with the header of a tunnel.",
			.advice = "Raise the port's mtu, or lower the sender's.",
		},
	[TX_NO_ROUTE] =
		{
			"The next hop to the VTEP of this tunnel is not known.",
			.advice = "Check the route to the VTEP, and that its next hop answers ARP.",
		},
	[TX_VLAN_FILTERED] =
		{
			"The frame has a second tag behind that of its VLAN. A tunnel carries frames without tags.",
			.advice = "Send frames with one tag at most.",
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

static void print_reason(FILE *out, const char *name, const char *meaning)
{
	fprintf(out, "  %-22s  %s\n", name, meaning);
}

void reasons_print(FILE *out)
{
	fputs("Received frames, in the order in which the switch checks the reasons:\n\n", out);
	for (int i = OUT_FIRST_DROP; i < OUTCOMES; i++)
		print_reason(out, rx_names[i], reason_rows[i].meaning);
	fputs("\nUndelivered frames, counted on their destination port:\n\n", out);
	for (int i = 0; i < TX_DROPS; i++)
		print_reason(out, tx_names[i], tx_reason_rows[i].meaning);
}
