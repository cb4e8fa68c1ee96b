// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE // tdestroy()
#include "control/diagnose/trace.h"

#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/describe.h"
#include "control/api/event_json.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/diagnose/shadow.h"
#include "control/switch/events.h"
#include "control/switch/state.h"
#include "control/switch/tunnels.h"
#include "dataplane/admit.h"
#include "dataplane/binding.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/key.h"
#include "dataplane/mdb.h"
#include "dataplane/multicast.h"
#include "dataplane/neighbour.h"
#include "dataplane/pool.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"
#include "dataplane/txbatch.h"
#include "dataplane/vxlan.h"

enum { TUNNEL_TEXT = 96 };

// The keys whose entries were copied. An entry is copied once: a frame may have removed it since.
struct taken {
	uint64_t *key;
	size_t count;
	void *tree; // of search.h
};

// A traced frame, and what the forwarding path did with it.
struct traced {
	struct vswitch *shadow;
	struct taken *taken;
	const struct trace_frame *frame;
	unsigned port; // ingress
	const struct portconf *in;
	struct frame head;
	bool hides_tag; // a second tag follows the first
	uint16_t vid;
	bool source_known, destination_known;
	struct fdb_entry source;      // before the frame
	struct fdb_entry destination; // at lookup
	enum outcome out;
	uint32_t would_drop;  // a bit for each reason of a rule on trial
	uint32_t event_types; // a bit for each type of its events
	bool asked;           // for the MAC of an address: it went to the owners alone
	struct ip_address target;
	struct neighbour_owner owner[NEIGHBOUR_OWNERS_MAX];
	unsigned owners;
	bool grouped;                 // the rules about groups decide
	enum multicast_rule rule;     // if they do: which one
	struct snoop_message message; // what the frame is to them
	bool displaced;               // the source moved, but the port was at its limit
	unsigned held_on;             // the port where a flap holds the source
	json_t *events;
	portset sent, refused[TX_DROPS];
	json_t *hex[PORTS_MAX]; // the frames sent to each port
};

static const char *name_of(const struct traced *s, unsigned port)
{
	return s->shadow->port[port].name;
}

static const struct vlanconf *vlan_of(const struct traced *s)
{
	return &s->shadow->conf->vlan[s->vid];
}

// Sets the text of a line. A line describes a step or a port.
static void say(json_t *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *line, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_object_set_new(line, "text", json_string(text));
}

// Adds a policy key that decides the line, with its value on a port and the level that sets it.
static void cite(const struct traced *s, json_t *line, unsigned port, enum policy_key key)
{
	json_t *o = describe_key(s->shadow->config, switch_port_config(s->shadow, port), key);

	json_object_set_new(o, "key", json_string(policy_rows[key].name));
	json_array_append_new(json_object_get(line, "policy"), o);
}

static uint32_t effective_value(const struct traced *s, unsigned port, enum policy_key key)
{
	struct policy p;

	config_port_policy(s->shadow->config, switch_port_config(s->shadow, port), &p);
	return p.value[key];
}

static bool has_event(const struct traced *s, enum event_type type)
{
	return s->event_types >> type & 1;
}

// Whether a rule drops the frame for a reason, or would if it were not on trial.
static bool fails(const struct traced *s, enum outcome reason)
{
	return s->out == reason || s->would_drop >> reason & 1;
}

static const struct rules *rules_of(const struct traced *s)
{
	return s->in->on_trial ? &s->in->trial : &s->in->rules;
}

static void explain_header(const struct traced *s, json_t *step)
{
	char from[MAC_TEXT], to[MAC_TEXT], tag[48] = "untagged";

	if (s->out == OUT_MALFORMED) {
		say(step, "%u bytes are too short for an Ethernet header and its tag",
		    s->frame->len);
		return;
	}
	text_put_mac(s->head.src, from);
	text_put_mac(s->head.dst, to);
	if (s->head.tag)
		snprintf(tag, sizeof tag, "%s VID %u, priority %u", "tagged with",
			 tag_vid(s->head.tag), s->head.tag >> 13 & 7);
	say(step, "%u bytes from %s to %s, %s", s->frame->len, from, to, tag);
}

static void explain_port(const struct traced *s, json_t *step)
{
	bool mirrored_to = portset_has(s->shadow->conf->mirror_only, s->port);

	if (s->out == OUT_PORT_DOWN && mirrored_to)
		say(step, "%s is the destination of a mirror and accepts no frames",
		    name_of(s, s->port));
	else
		say(step, "%s %s", name_of(s, s->port),
		    s->out != OUT_PORT_DOWN
			    ? "accepts frames"
			    : port_state_names[switch_port_state(s->shadow, s->port)]);
}

static void explain_vlan(const struct traced *s, json_t *step)
{
	bool access = !s->in->takes_tags, names_vlan = tag_vid(s->head.tag);

	cite(s, step, s->port, PK_VLAN_MODE);
	if (access)
		cite(s, step, s->port, PK_ACCESS_VLAN);
	else if (!names_vlan)
		cite(s, step, s->port, PK_NATIVE_VLAN);
	if (!access)
		cite(s, step, s->port, PK_ALLOWED_VLANS);
	if (s->out != OUT_VLAN_FILTERED)
		say(step, "VLAN %u", s->vid);
	else if (s->hides_tag && !names_vlan)
		say(step, "a second tag follows the priority tag");
	else if (access)
		say(step, "an access port accepts no tagged frames");
	else if (names_vlan)
		say(step, "VLAN %u is not allowed on %s", tag_vid(s->head.tag),
		    name_of(s, s->port));
	else
		say(step, "%s has no VLAN for untagged frames", name_of(s, s->port));
}

static void explain_source(const struct traced *s, json_t *step)
{
	say(step, s->out == OUT_BAD_SOURCE ? "the source is not the address of a station"
					   : "the source is the address of a station");
}

static void explain_reserved(const struct traced *s, json_t *step)
{
	bool bpdu = s->head.dst == MAC_BRIDGE_GROUP || s->head.dst == MAC_PVST;

	if (bpdu)
		cite(s, step, s->port, PK_BPDU);
	else if ((s->head.dst & ~UINT64_C(0xf)) == MAC_BRIDGE_GROUP || s->head.dst == MAC_CDP)
		cite(s, step, s->port, PK_LINK_LOCAL);
	else
		return say(step, "the destination is not reserved for bridges");
	say(step, bpdu                       ? "a spanning tree frame"
		  : s->head.dst == MAC_PAUSE ? "PAUSE is never forwarded"
		  : s->head.dst == MAC_CDP   ? "a frame of CDP or another Cisco protocol"
					     : "the destination is reserved for bridges");
}

static void explain_forged(const struct traced *s, json_t *step)
{
	char mac[MAC_TEXT];

	cite(s, step, s->port, PK_FORGED_TRANSMITS);
	if (!rules_of(s)->own_mac_only)
		return say(step, "the port may send from any source");
	cite(s, step, s->port, PK_ALLOWED_MACS);
	text_put_mac(s->in->mac, mac);
	if (fails(s, OUT_FORGED_TRANSMIT) && !s->in->mac)
		say(step, "%s has no mac-address, and the source is not in allowed-macs",
		    name_of(s, s->port));
	else if (fails(s, OUT_FORGED_TRANSMIT))
		say(step, "the source is not %s, the MAC address of %s", mac, name_of(s, s->port));
	else
		say(step, s->head.src == s->in->mac ? "the source is the MAC address of the port"
						    : "the source is in allowed-macs");
}

static void explain_guards(const struct traced *s, json_t *step)
{
	cite(s, step, s->port, PK_DHCP_SERVER);
	cite(s, step, s->port, PK_ROUTER_ADVERT);
	if (rules_of(s)->spoof)
		cite(s, step, s->port, PK_SPOOF_GUARD);
	if (rules_of(s)->spoof && s->in->learns_leases)
		cite(s, step, s->port, PK_SPOOF_GUARD_LEARN);
	if (fails(s, OUT_DHCP_SERVER))
		say(step, "a message of a DHCP server");
	else if (fails(s, OUT_ROUTER_ADVERT))
		say(step, "a router advertisement or redirect");
	else if (fails(s, OUT_SPOOFED))
		say(step, "claims an address that is not bound to the source");
	else
		say(step, "no message of a DHCP server or router");
}

static void explain_rate(const struct traced *s, json_t *step)
{
	cite(s, step, s->port, PK_INGRESS_RATE);
	if (!rules_of(s)->ingress.rate_kbps)
		return say(step, "no limit");
	cite(s, step, s->port, PK_INGRESS_PEAK);
	cite(s, step, s->port, PK_INGRESS_BURST);
	say(step, fails(s, OUT_RATE_LIMIT) ? "the rate is exceeded" : "within the limit");
}

static const struct {
	enum event_type type;
	const char *text;
	enum policy_key key;
} learning_events[] = {
	{EVENT_MAC_LEARNED, "new on this port, learned", PK_MAC_LIMIT},
	{EVENT_MAC_MOVED, "moved to this port", PK_MAC_MOVE_LIMIT},
	{EVENT_TABLE_FULL, "the table is full, not learned", PK_MAC_LIMIT},
};

// Explains how the table handles the source.
static void explain_learning(const struct traced *s, json_t *step)
{
	const char *where = s->source_known ? name_of(s, s->source.port) : "",
		   *type = fdb_type_names[s->source.type];
	unsigned count = fdb_count(s->shadow->shared.fdb, s->port);

	if (s->displaced) {
		cite(s, step, s->port, PK_MAC_LIMIT);
		cite(s, step, s->port, PK_MAC_LIMIT_POLICY);
		return say(step, "moved from %s, not learned: the port has reached its limit",
			   where);
	}
	if (has_event(s, EVENT_MAC_FLAP)) {
		cite(s, step, s->port, PK_MAC_MOVE_LIMIT);
		cite(s, step, s->port, PK_MAC_MOVE_HOLD);
		return say(step, "the source moved too often and is now held on %s",
			   name_of(s, s->held_on));
	}
	for (size_t i = 0; i < sizeof learning_events / sizeof *learning_events; i++)
		if (has_event(s, learning_events[i].type)) {
			cite(s, step, s->port, learning_events[i].key);
			return say(step, "%s%s%s", learning_events[i].text,
				   s->source_known ? " from " : "", where);
		}
	if (s->out == OUT_MAC_CONFLICT)
		return say(step, "the source is %s on %s", type, where);
	if (s->out == OUT_REFLECTED)
		return say(step, "%s is an uplink, and the source was just heard on %s",
			   name_of(s, s->port), where);
	if (s->out == OUT_MAC_FLAP) {
		cite(s, step, s->port, PK_MAC_MOVE_LIMIT);
		cite(s, step, s->port, PK_MAC_MOVE_HOLD);
		return say(step, "the source moved too often and is held on %s", where);
	}
	if (s->source_known && s->source.port == s->port)
		return say(step, "the source is known on this port: %s", type);
	if (!s->in->learner.learns) {
		cite(s, step, s->port, PK_MAC_LEARNING);
		return say(step, "the port learns no MACs");
	}
	cite(s, step, s->port, PK_MAC_LIMIT);
	cite(s, step, s->port, PK_MAC_LIMIT_POLICY);
	say(step, "the port has reached its limit: %u MACs learned", count);
}

// How frames of each class are flooded.
static const struct {
	enum policy_key limit, takers;
	const char *frame, *ports;
} floods[STORM_CLASSES] = {
	[STORM_BROADCAST] = {PK_STORM_BROADCAST, PK_BROADCAST_FLOOD, "a broadcast",
			     "accept broadcasts"},
	[STORM_MULTICAST] = {PK_STORM_MULTICAST, PK_MULTICAST_FLOOD, "a group address",
			     "accept multicasts"},
	[STORM_UNKNOWN_UNICAST] = {PK_STORM_UNKNOWN_UNICAST, PK_UNICAST_FLOOD, "unknown",
				   "learn and accept unknown unicast"},
};

static enum storm_class class_of(const struct traced *s)
{
	if (!mac_is_group(s->head.dst))
		return STORM_UNKNOWN_UNICAST;
	return s->head.dst == MAC_BROADCAST ? STORM_BROADCAST : STORM_MULTICAST;
}

static const enum outcome beyond_limit[STORM_CLASSES] = {
	[STORM_BROADCAST] = OUT_STORM_BROADCAST,
	[STORM_MULTICAST] = OUT_STORM_MULTICAST,
	[STORM_UNKNOWN_UNICAST] = OUT_STORM_UNKNOWN_UNICAST,
};

static bool is_storm(enum outcome out)
{
	return out == OUT_STORM_BROADCAST || out == OUT_STORM_MULTICAST ||
	       out == OUT_STORM_UNKNOWN_UNICAST;
}

static portset static_ports(const struct traced *s)
{
	return multicast_static(s->shadow->conf, key_make(s->vid, s->head.dst));
}

static portset group_members(const struct traced *s)
{
	return mdb_members(s->shadow->shared.mdb, s->vid, s->message.group);
}

static portset closed_ports(const struct traced *s)
{
	return atomic_load(&mdb_vlan(s->shadow->shared.mdb, s->vid)->closed[s->message.family]);
}

static bool snoops(const struct traced *s)
{
	return s->shadow->conf->snoop[s->vid] & SNOOP_ON;
}

// Explains where the data of a group goes.
static void explain_group(const struct traced *s, json_t *step)
{
	bool prunes = s->shadow->conf->snoop[s->vid] & SNOOP_PRUNES_UNREGISTERED,
	     joins = snoops(s) && s->message.kind == SNOOP_DATA;
	char group[IP_TEXT], mac[MAC_TEXT];

	text_put_address(s->message.group.high, s->message.group.low, group);
	text_put_mac(s->head.dst, mac);
	if (s->rule == MULTICAST_STATIC)
		say(step, "static group %s: to its ports%s", mac,
		    joins ? ", to ports that asked for it, and to multicast routers" : "");
	else if (s->rule == MULTICAST_NO_QUERIER)
		say(step, "%s: flooded, because no querier has asked the ports of VLAN %u", group,
		    s->vid);
	else if (s->rule == MULTICAST_MEMBERS)
		say(step, "%s: to the ports that asked for it, and to multicast routers", group);
	else
		say(step, "%s: nobody asked for it, %s", group,
		    prunes ? "only multicast routers get it" : "flooded");
}

// Explains the rule about groups for a frame.
static void explain_rule(const struct traced *s, json_t *step)
{
	const struct snoop_message *m = &s->message;
	const char *protocol = m->family == SNOOP_IPV4 ? "IGMP" : "MLD";

	switch (s->rule) {
	case MULTICAST_STATIC:
	case MULTICAST_NO_QUERIER:
	case MULTICAST_MEMBERS:
	case MULTICAST_UNREGISTERED:
		return explain_group(s, step);
	case MULTICAST_REPORT:
		return say(step, "a report of %sv%u: to multicast routers", protocol, m->version);
	case MULTICAST_QUERY:
		return say(step, "a query of %sv%u: to every port", protocol, m->version);
	case MULTICAST_ROUTER:
		return say(step, "its sender is a multicast router: flooded");
	case MULTICAST_INVALID:
		return say(step, "an invalid message of %s: flooded, and not believed", protocol);
	case MULTICAST_LINK:
		return say(step, "its group never leaves a link: flooded");
	case MULTICAST_NO_IP:
		return say(step, "no IP multicast: flooded");
	case MULTICAST_PLAIN:
	case MULTICAST_RULES:
		break;
	}
}

// Explains where a request for the MAC of a bound address goes.
static void explain_neighbour(const struct traced *s, json_t *step)
{
	char ip[IP_TEXT], mac[MAC_TEXT];

	text_put_address(s->target.high, s->target.low, ip);
	text_put_mac(key_mac(s->owner[0].key), mac);
	if (s->owners == 1 && s->owner[0].remote)
		say(step, "asks for %s, which %s has at another machine: to its tunnel alone", ip,
		    mac);
	else if (s->owners == 1)
		say(step, "asks for %s, which is bound to %s: to its port alone", ip, mac);
	else
		say(step, "asks for %s, which is bound to %u stations: to their ports alone", ip,
		    s->owners);
}

static void explain_flood(const struct traced *s, json_t *step)
{
	enum storm_class class = class_of(s);

	cite(s, step, s->port, floods[class].limit);
	if (is_storm(s->out))
		return say(step, "the limit of this second is used up");
	if (fails(s, beyond_limit[class]))
		return say(step, "the limit of this second is used up, but it is on trial");
	if (s->asked)
		return explain_neighbour(s, step);
	if (s->grouped && s->rule != MULTICAST_PLAIN)
		return explain_rule(s, step);
	say(step, "%s: flooded to the ports of VLAN %u that %s", floods[class].frame, s->vid,
	    floods[class].ports);
}

// Whether the ingress port and another one are uplinks.
static bool are_uplinks(const struct traced *s, unsigned port)
{
	return portset_has(s->in->learner.uplinks, port);
}

static void explain_destination(const struct traced *s, json_t *step)
{
	if (!s->destination_known)
		return explain_flood(s, step);
	say(step, "known: %s on %s%s", describe_entry_type(s->shadow, &s->destination),
	    name_of(s, s->destination.port),
	    s->out == OUT_SAME_PORT               ? ", the ingress port"
	    : s->out == OUT_DEST_DOWN             ? ", which is down or not in this VLAN"
	    : s->out != OUT_ISOLATED              ? ""
	    : are_uplinks(s, s->destination.port) ? ", and both ports are uplinks"
						  : ", in the same isolation group");
	if (s->out == OUT_ISOLATED && !are_uplinks(s, s->destination.port))
		cite(s, step, s->port, PK_ISOLATION_GROUP);
}

static void explain_promiscuous(const struct traced *s, json_t *step)
{
	portset copies = vlan_of(s)->promisc & s->sent;

	say(step, "copies to promiscuous ports: %d", __builtin_popcountll(copies));
}

enum { DESTINATION = 11, PROMISCUOUS = 12 };

// The steps of a frame, in order. Storm limits, once step 9, are part of step 11.
static const struct {
	uint8_t number;
	const char *name;
	void (*explain)(const struct traced *s, json_t *step);
} steps[] = {
	{1, "header", explain_header},
	{2, "port", explain_port},
	{3, "vlan", explain_vlan},
	{4, "source", explain_source},
	{5, "reserved", explain_reserved},
	{6, "forged", explain_forged},
	{7, "guards", explain_guards},
	{8, "rate", explain_rate},
	{10, "learning", explain_learning},
	{DESTINATION, "destination", explain_destination},
	{PROMISCUOUS, "promiscuous", explain_promiscuous},
};

// The number of the step that decides each outcome.
static const uint8_t decided_at[OUTCOMES] = {
	[OUT_MALFORMED] = 1,
	[OUT_PORT_DOWN] = 2,
	[OUT_UNKNOWN_VTEP] = 1,
	[OUT_UNKNOWN_VNI] = 1,
	[OUT_VLAN_FILTERED] = 3,
	[OUT_BAD_SOURCE] = 4,
	[OUT_BPDU] = 5,
	[OUT_LINK_LOCAL] = 5,
	[OUT_FORGED_TRANSMIT] = 6,
	[OUT_DHCP_SERVER] = 7,
	[OUT_ROUTER_ADVERT] = 7,
	[OUT_SPOOFED] = 7,
	[OUT_RATE_LIMIT] = 8,
	[OUT_STORM_BROADCAST] = DESTINATION,
	[OUT_STORM_MULTICAST] = DESTINATION,
	[OUT_MAC_CONFLICT] = 10,
	[OUT_REFLECTED] = 10,
	[OUT_MAC_FLAP] = 10,
	[OUT_MAC_LIMIT] = 10,
	[OUT_FORWARDED] = DESTINATION,
	[OUT_FLOODED] = DESTINATION,
	[OUT_SAME_PORT] = DESTINATION,
	[OUT_ISOLATED] = DESTINATION,
	[OUT_DEST_DOWN] = DESTINATION,
	[OUT_STORM_UNKNOWN_UNICAST] = DESTINATION,
	[OUT_UNREGISTERED] = DESTINATION,
	[OUT_NO_DESTINATION] = DESTINATION,
};

// Whether a rule on trial would drop the frame in this step.
static bool tried_at(const struct traced *s, unsigned number)
{
	for (unsigned out = 0; out < OUTCOMES; out++)
		if (s->would_drop >> out & 1 && decided_at[out] == number)
			return true;
	return false;
}

static json_t *explain_steps(const struct traced *s)
{
	unsigned decision = decided_at[s->out];
	bool copied = decision == DESTINATION && !is_storm(s->out);
	json_t *all = json_array();

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		unsigned number = steps[i].number;
		if (number > (copied ? PROMISCUOUS : decision))
			break;
		bool on_trial = tried_at(s, number);
		const char *result = number != decision        ? on_trial ? "would drop" : "pass"
				     : s->out < OUT_FIRST_DROP ? outcome_names[s->out]
							       : "drop";
		json_t *step = json_pack("{s:i, s:s, s:s, s:[]}", "step", (int)number, "name",
					 steps[i].name, "result", result, "policy");
		steps[i].explain(s, step);
		if (on_trial)
			cite(s, step, s->port, PK_AUDIT);
		if (number == decision && !s->would_drop &&
		    (has_event(s, EVENT_VIOLATION) || has_event(s, EVENT_PORT_ERR_DISABLED)))
			cite(s, step, s->port, PK_VIOLATION);
		json_array_append_new(all, step);
	}
	return all;
}

static void set_result(json_t *line, const char *result)
{
	json_object_set_new(line, "result", json_string(result));
}

// Explains why a port got a group frame that was not flooded. False: it was flooded to this port.
static bool explain_group_port(const struct traced *s, unsigned port, json_t *line)
{
	const struct mdb_vlan *v = mdb_vlan(s->shadow->shared.mdb, s->vid);
	bool data = s->message.kind == SNOOP_DATA, report = s->message.kind == SNOOP_REPORT,
	     open = !portset_has(closed_ports(s), port);

	if (s->rule == MULTICAST_STATIC && portset_has(static_ports(s), port))
		say(line, "in the static group");
	else if (data && portset_has(group_members(s), port))
		say(line, "asked for the group");
	else if ((data || report) && portset_has(s->shadow->conf->routers_always, port))
		cite(s, line, port, PK_MULTICAST_ROUTER), say(line, "a multicast router");
	else if ((data || report) && portset_has(atomic_load(&v->routers), port))
		say(line, "a multicast router");
	else if (data && portset_has(atomic_load(&v->over), port))
		cite(s, line, port, PK_MULTICAST_GROUPS), say(line, "asked for too many groups");
	else if ((data || report) && open)
		say(line, "no querier has asked this port");
	else
		return false;
	return true;
}

// How a tunnel carries the frame. Empty: the port is none.
static const char *tunnel_text(const struct traced *s, unsigned port, char out[TUNNEL_TEXT])
{
	const struct vxlan *x = s->shadow->conf->vxlan;
	char from[IPV4_TEXT];

	*out = 0;
	if (!tunnels_is_tunnel(s->shadow, port))
		return out;
	text_put_ipv4(x->source, from);
	snprintf(out, TUNNEL_TEXT, "; in VXLAN from %s to %s, VNI %u", from, name_of(s, port),
		 x->vni_of[s->vid]);
	return out;
}

// Explains why a port got the frame, or why the frame could not be sent to it.
static void explain_delivery(const struct traced *s, unsigned port, json_t *line)
{
	static const enum policy_key decides[TX_DROPS] = {
		[TX_MAC_CHANGED] = PK_MAC_CHANGES, [TX_RATE_LIMIT] = PK_EGRESS_RATE};
	static const char *const why[TX_DROPS] = {
		[TX_MAC_CHANGED] = "the guest has changed its MAC address",
		[TX_RATE_LIMIT] = "the rate is exceeded",
		[TX_QUEUE_FULL] = "no packet buffer is left",
		[TX_TOO_LONG] = "longer than the port's MTU",
		[TX_NO_ROUTE] = "the next hop to its VTEP is not known",
		[TX_VLAN_FILTERED] = "a second tag follows that of its VLAN",
	};

	char tunnel[TUNNEL_TEXT];

	// The destination of a mirror can get one copy and not the other.
	for (unsigned i = 0; i < TX_DROPS && !portset_has(s->sent, port); i++)
		if (portset_has(s->refused[i], port)) {
			if (i == TX_MAC_CHANGED || i == TX_RATE_LIMIT)
				cite(s, line, port, decides[i]);
			set_result(line, tx_drop_names[i]);
			return say(line, "%s", why[i]);
		}
	set_result(line, "delivered");
	if (portset_has(s->shadow->conf->mirror_only, port))
		return say(line, "copy of a mirror");
	if (s->destination_known && s->destination.port == port && s->out == OUT_FORWARDED)
		return say(line, "the port of the destination%s", tunnel_text(s, port, tunnel));
	if (portset_has(vlan_of(s)->promisc, port)) {
		cite(s, line, port, PK_PROMISCUOUS);
		return say(line, "promiscuous");
	}
	if (s->asked)
		return say(line, "the owner of the address is there");
	if (!s->grouped || s->rule == MULTICAST_PLAIN || !explain_group_port(s, port, line))
		say(line, "flooded%s", tunnel_text(s, port, tunnel));
}

// Explains why a port got no copy of a flooded frame.
static void explain_absence(const struct traced *s, unsigned port, json_t *line)
{
	set_result(line, "left out");
	if (portset_has(s->shadow->conf->mirror_only, port))
		return say(line, "the destination of a mirror is in no VLAN");
	if (switch_port_config(s->shadow, port)->kind > PORT_TUNNEL)
		return say(line, "in no VLAN");
	if (!portset_has(vlan_of(s)->member, port)) {
		bool access = effective_value(s, port, PK_VLAN_MODE) == CHOICE_ACCESS;
		cite(s, line, port, PK_VLAN_MODE);
		cite(s, line, port, access ? PK_ACCESS_VLAN : PK_ALLOWED_VLANS);
		return say(line, "not in VLAN %u", s->vid);
	}
	if (switch_port_state(s->shadow, port) != PORT_UP)
		return say(line, "%s", port_state_names[switch_port_state(s->shadow, port)]);
	if (!portset_has(s->in->reach, port)) {
		if (are_uplinks(s, port))
			return say(line, "both ports are uplinks");
		if (tunnels_is_tunnel(s->shadow, port))
			return say(line, "both ports are tunnels");
		cite(s, line, port, PK_ISOLATION_GROUP);
		return say(line, "in the same isolation group");
	}
	if (s->grouped && s->rule == MULTICAST_STATIC)
		return say(line, "not in the static group");
	if (s->grouped && s->rule != MULTICAST_PLAIN &&
	    (s->message.kind == SNOOP_DATA || s->message.kind == SNOOP_REPORT) &&
	    portset_has(closed_ports(s), port))
		return say(line, s->message.kind == SNOOP_DATA
					 ? "did not ask for the group"
					 : "no multicast router is known there");
	enum storm_class class = class_of(s);
	bool learns = class != STORM_UNKNOWN_UNICAST ||
		      effective_value(s, port, PK_MAC_LEARNING) == CHOICE_ON;
	cite(s, line, port, learns ? floods[class].takers : PK_MAC_LEARNING);
	say(line, "does not %s", floods[class].ports);
}

static json_t *explain_ports(const struct traced *s)
{
	// Of a flooded frame, also explains ports that got no copy.
	bool whole = s->out == OUT_FLOODED || s->out == OUT_NO_DESTINATION || s->grouped;
	portset given = s->sent;
	json_t *all = json_array();

	for (unsigned i = 0; i < TX_DROPS; i++)
		given |= s->refused[i];
	for (unsigned i = 0; i < s->shadow->config->port_count; i++) {
		unsigned port = (unsigned)switch_port(s->shadow, s->shadow->config->port[i].name);
		if (!portset_has(given, port) && (!whole || port == s->port))
			continue;
		json_t *line = json_pack("{s:s, s:[], s:o}", "port", name_of(s, port), "policy",
					 "frames",
					 s->hex[port] ? json_incref(s->hex[port]) : json_array());
		if (portset_has(given, port))
			explain_delivery(s, port, line);
		else
			explain_absence(s, port, line);
		json_array_append_new(all, line);
	}
	return all;
}

static json_t *frame_to_hex(const struct rte_mbuf *m)
{
	static const char digit[] = "0123456789abcdef";
	uint32_t len = rte_pktmbuf_pkt_len(m);
	char *text = malloc(2 * (size_t)len + 1);
	uint8_t byte;

	for (uint32_t i = 0; text && i < len; i++) {
		const uint8_t *b = rte_pktmbuf_read(m, i, 1, &byte);
		text[2 * i] = digit[*b >> 4];
		text[2 * i + 1] = digit[*b & 15];
	}
	json_t *hex = text ? json_stringn(text, 2 * (size_t)len) : NULL;
	free(text);
	return hex;
}

static uint16_t collect(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct traced *s = arg;

	for (uint16_t i = 0; i < n; i++) {
		int tunnel = tunnels_of_packet(s->shadow, port, frames[i]);
		unsigned to = tunnel >= 0 ? (unsigned)tunnel : port;
		if (!s->hex[to])
			s->hex[to] = json_array();
		json_array_append_new(s->hex[to], frame_to_hex(frames[i]));
		s->sent |= portset_of(to);
	}
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static void note_event(void *arg, const struct event *e)
{
	struct traced *s = arg;

	s->event_types |= UINT32_C(1) << e->type;
	s->displaced |= e->type == EVENT_MAC_MOVED && e->reason == OUT_MAC_LIMIT;
	if (e->type == EVENT_MAC_FLAP)
		s->held_on = e->from;
	json_array_append_new(s->events, event_json(s->shadow, e));
}

// Reads the outcome of the frame from the counters.
static void read_outcome(struct traced *s)
{
	struct counters c;
	unsigned port;

	PORTSET_FOREACH(port, s->shadow->ports) {
		switch_counters(s->shadow, port, &c);
		for (unsigned i = 0; i < TX_DROPS; i++)
			s->refused[i] |= c.tx_drop[i] ? portset_of(port) : 0;
		if (port != s->port)
			continue;
		for (s->out = 0; s->out < OUTCOMES - 1 && !c.outcome[s->out];)
			s->out++;
		for (unsigned out = 0; out < OUTCOMES; out++)
			s->would_drop |= c.would_drop[out] ? UINT32_C(1) << out : 0;
	}
	switch_clear_counters(s->shadow, s->shadow->ports);
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void keep_key(void *key)
{
	(void)key; // of the array
}

static bool taken_init(struct taken *t, size_t keys)
{
	*t = (struct taken){.key = calloc(keys, sizeof *t->key)};
	return t->key;
}

static void taken_fini(struct taken *t)
{
	tdestroy(t->tree, keep_key);
	free(t->key);
}

// Copies the table entry of a key, the first time that a frame asks for it.
static void take_entry(const struct traced *s, const struct vswitch *sw, uint64_t key)
{
	struct taken *t = s->taken;
	uint64_t *new = &t->key[t->count];

	*new = key;
	uint64_t **at = tsearch(new, &t->tree, compare_keys);
	if (!at || *at != new)
		return;
	t->count++;
	shadow_take(s->shadow, sw, key);
}

// Parses the frame as the forwarding path does, and copies the table entries of its addresses.
static void fetch_entries(struct traced *s, const struct vswitch *sw, const struct rte_mbuf *m)
{
	struct arrival a = {0};

	if (frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &s->head))
		s->hides_tag = s->head.tag && frame_has_second_tag(m);
	admit(s->shadow->conf, s->in, portset_of(s->port) & ~s->shadow->conf->mirror_only,
	      s->shadow->shared.leases, m, &a);
	if (!a.src_key)
		return;
	snoop_read(&s->message, m, FRAME_ADDRESSES + (s->head.tag ? FRAME_TAG : 0), s->head.dst);
	s->vid = key_vid(a.src_key);
	take_entry(s, sw, a.src_key);
	take_entry(s, sw, a.dst_key);
	s->source_known = fdb_lookup(s->shadow->shared.fdb, a.src_key,
				     forward_tick(s->shadow->replay_ns), &s->source);
}

// Finds the owners of the address that a frame asks for, if its VLAN looks for them.
static void fetch_owners(struct traced *s, const struct vswitch *sw, const struct rte_mbuf *m)
{
	if (!s->vid || !mac_is_group(s->head.dst) ||
	    !(s->shadow->conf->snoop[s->vid] & SNOOP_FINDS_NEIGHBOURS) ||
	    !neighbour_asks(m, &s->target))
		return;
	struct neighbour_sources sources = {s->shadow->conf, s->shadow->shared.leases,
					    s->shadow->shared.remotes};
	s->owners = neighbour_find(&sources, s->vid, s->target, s->owner);
	for (unsigned i = 0; i < s->owners; i++)
		take_entry(s, sw, s->owner[i].key);
}

// Finds the rule about groups that decided, if one did.
static void find_rule(struct traced *s)
{
	struct multicast x = {.mdb = s->shadow->shared.mdb,
			      .conf = s->shadow->conf,
			      .mac = s->head.dst,
			      .vid = s->vid};

	s->grouped = s->vid && !s->asked && multicast_decides(s->head.dst, s->out);
	if (s->grouped)
		s->rule = multicast_rule(&x, &s->message);
}

static bool forward_frame(struct traced *s, const struct vswitch *sw)
{
	struct forwarder *w = &s->shadow->worker[0]->forwarder;
	struct rte_mbuf *m = pool_frame(sw->pool, s->frame->data, s->frame->len);

	if (!m)
		return false;
	shadow_advance(s->shadow, s->frame->ns);
	fetch_entries(s, sw, m);
	fetch_owners(s, sw, m);
	w->tx.send = collect;
	w->tx.arg = s;
	s->shadow->on_event = note_event;
	s->shadow->event_arg = s;
	forward_burst(w, s->port, &m, NULL, 1);
	txbatch_drain(&w->tx);
	events_drain(s->shadow);
	events_collect_violations(s->shadow, s->shadow->ports);
	read_outcome(s);
	// Without the owners' ports the frame would be flooded.
	s->asked = s->owners && s->out == OUT_FORWARDED;
	find_rule(s);
	if (s->vid)
		s->destination_known = fdb_lookup(
			s->shadow->shared.fdb, key_make(s->vid, s->head.dst),
			forward_tick(s->shadow->replay_ns), &s->destination);
	return true;
}

// The step in which a packet of the underlay is judged.
static json_t *explain_packet(const struct vxlan_verdict *v, const struct rte_mbuf *m)
{
	char from[IPV4_TEXT], to[IPV4_TEXT];
	struct vxlan_outer o;
	bool drop = v->verdict != ADMITTED;
	json_t *step = json_pack("{s:i, s:s, s:s, s:[]}", "step", 0, "name", "tunnel", "result",
				 drop ? "drop" : "pass", "policy");

	if (!drop && !v->vid) {
		say(step, "no VXLAN packet to this VTEP: it is the host's");
	} else if (v->verdict == OUT_NO_DESTINATION) {
		say(step, "no VXLAN packet to this VTEP, and there is no twin");
	} else if (!vxlan_read(m, &o)) {
		say(step, "the header is not that of a VTEP");
	} else {
		text_put_ipv4(o.from, from);
		text_put_ipv4(o.to, to);
		say(step, "VXLAN from VTEP %s to %s, VNI %u%s", from, to, o.vni,
		    v->verdict == OUT_UNKNOWN_VTEP  ? ": no VTEP of this network"
		    : v->verdict == OUT_UNKNOWN_VNI ? ": not the VNI of a VLAN"
		    : drop                          ? ": the packet is malformed"
						    : "");
	}
	return step;
}

// The story of a packet of the underlay or its twin that is in no tunnel.
static json_t *trace_packet(const struct vswitch *sw, unsigned port, const struct vxlan_verdict *v,
			    const struct rte_mbuf *m)
{
	bool drop = v->verdict != ADMITTED;
	json_t *ports = json_array();

	if (!drop)
		json_array_append_new(ports, json_pack("{s:s, s:[], s:[o], s:s, s:s}", "port",
						       sw->port[v->port].name, "policy", "frames",
						       frame_to_hex(m), "result", "delivered",
						       "text", "as it is"));
	return json_pack("{s:s, s:n, s:s, s:n, s:[], s:o, s:[]}", "port", sw->port[port].name,
			 "vlan", "outcome", outcome_names[v->verdict], "rule", "steps", "ports",
			 ports, "events");
}

static json_t *trace_one(struct vswitch *shadow, const struct vswitch *sw, struct taken *taken,
			 const struct trace_frame *frame)
{
	struct traced s = {
		.shadow = shadow,
		.taken = taken,
		.frame = frame,
		.port = frame->port,
		.in = &sw->conf->port[frame->port],
		.events = json_array(),
	};
	json_t *story = NULL;

	if (s.events && forward_frame(&s, sw))
		story = json_pack(
			"{s:s, s:o, s:s, s:s?, s:o, s:o, s:O}", "port", name_of(&s, s.port), "vlan",
			s.vid ? json_integer(s.vid) : json_null(), "outcome", outcome_names[s.out],
			"rule", s.grouped ? multicast_rule_names[s.rule] : NULL, "steps",
			explain_steps(&s), "ports", explain_ports(&s), "events", s.events);
	for (unsigned port = 0; port < PORTS_MAX; port++)
		json_decref(s.hex[port]);
	json_decref(s.events);
	shadow->on_event = NULL;
	return story;
}

// Traces the frame in a packet. It may be longer than a buffer.
static json_t *trace_inner(struct vswitch *shadow, const struct vswitch *sw, struct taken *taken,
			   uint64_t ns, const struct vxlan_verdict *v, struct rte_mbuf *m)
{
	vxlan_decapsulate(m, v);

	uint32_t len = rte_pktmbuf_pkt_len(m);
	uint8_t *room = malloc(len);
	struct trace_frame inner = {.port = v->port, .ns = ns, .len = len};
	json_t *story = NULL;

	if (room && (inner.data = rte_pktmbuf_read(m, 0, len, room)))
		story = trace_one(shadow, sw, taken, &inner);
	free(room);
	return story;
}

// Traces a packet of the underlay or its twin, and the frame that is in it.
static json_t *trace_outer(struct vswitch *shadow, const struct vswitch *sw, struct taken *taken,
			   const struct trace_frame *frame)
{
	const struct vxlan *x = sw->conf->vxlan;
	struct rte_mbuf *m = pool_frame(sw->pool, frame->data, frame->len);
	struct vxlan_verdict v = {.port = x->underlay, .verdict = ADMITTED};

	if (!m)
		return NULL;
	if (frame->port == x->underlay)
		v = vxlan_judge(x, m);
	json_t *step = explain_packet(&v, m);
	json_t *story = v.vid ? trace_inner(shadow, sw, taken, frame->ns, &v, m)
			      : trace_packet(sw, frame->port, &v, m);
	json_array_insert_new(json_object_get(story, "steps"), 0, step);
	rte_pktmbuf_free(m);
	return story;
}

static bool is_outer(const struct vswitch *sw, unsigned port)
{
	return sw->conf->vxlan && portset_has(sw->conf->vxlan->outer, port);
}

json_t *trace_frames(const struct vswitch *sw, const struct trace_frame *frames, size_t n)
{
	size_t keys = (2 + NEIGHBOUR_OWNERS_MAX) * n + 1;
	struct vswitch *shadow = shadow_create(sw, (uint32_t)keys);
	struct taken taken = {0};
	json_t *all = shadow && taken_init(&taken, keys) ? json_array() : NULL;

	for (size_t i = 0; i < n && all; i++) {
		json_t *story = is_outer(sw, frames[i].port)
					? trace_outer(shadow, sw, &taken, &frames[i])
					: trace_one(shadow, sw, &taken, &frames[i]);
		if (!story || json_array_append_new(all, story)) {
			json_decref(all);
			all = NULL;
		}
	}
	taken_fini(&taken);
	shadow_destroy(shadow);
	return all;
}
