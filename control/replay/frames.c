// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/event_json.h"
#include "control/common/complain.h"
#include "control/common/json.h"
#include "control/common/text.h"
#include "control/pcap/frametext.h"
#include "control/pcap/record.h"
#include "control/switch/tunnels.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/frame.h"
#include "dataplane/lease.h"
#include "dataplane/multicast.h"
#include "dataplane/portset.h"
#include "dataplane/snoop.h"
#include "dataplane/vxlan.h"

struct frames {
	FILE *file;
	const char *path;
	bool json;
	const struct player *player;
	uint64_t number;
	json_t *events;  // of the frame
	json_t *tunnels; // packets that carry it
	portset sent;
	struct counters before[PORTS_MAX];
};

static void frames_free(struct frames *f)
{
	if (!f)
		return;
	json_decref(f->events);
	json_decref(f->tunnels);
	free(f);
}

struct frames *frames_open(const char *path, bool json, const struct player *p)
{
	struct frames *f = calloc(1, sizeof *f);

	if (!f || !(f->events = json_array()) || !(f->tunnels = json_array())) {
		complain("out of memory");
		frames_free(f);
		return NULL;
	}
	bool to_stdout = !strcmp(path, "-");
	f->path = to_stdout ? "standard output" : path;
	f->json = json;
	f->player = p;
	f->file = to_stdout ? stdout : fopen(path, "w");
	if (f->file)
		return f;
	complain("%s: %s", path, strerror(errno));
	frames_free(f);
	return NULL;
}

bool frames_close(struct frames *f)
{
	if (!f)
		return true;
	bool good = !ferror(f->file);
	if (f->file == stdout ? fflush(stdout) : fclose(f->file))
		good = false;
	if (!good)
		complain("%s: cannot write all frames", f->path);
	frames_free(f);
	return good;
}

// Ageing and recovery, with the MACs of a peer that come back, happen between frames, and
// violations are collected later.
static bool is_of_frame(const struct event *e)
{
	switch (e->type) {
	case EVENT_MAC_AGED:
	case EVENT_MAC_ADDED:
	case EVENT_EVPN_TABLE_FULL:
	case EVENT_PORT_RECOVERED:
	case EVENT_VIOLATION:
		return false;
	case EVENT_GROUP_LEFT:
	case EVENT_QUERIER_CHANGED:
		return e->from != EVENT_PORT_ANY;
	case EVENT_BINDING_ENDED:
		return e->reason != LEASE_EXPIRED;
	default:
		return true;
	}
}

void frames_event(struct frames *f, const struct event *e)
{
	if (is_of_frame(e))
		json_array_append_new(f->events, event_json(f->player->sw, e));
}

static const char *name_of(const struct frames *f, unsigned port)
{
	return f->player->sw->port[port].name;
}

// What carries the frame through a tunnel.
static json_t *packet_json(const struct frames *f, unsigned tunnel, const struct rte_mbuf *m)
{
	char source[IPV4_TEXT], next_hop[MAC_TEXT];
	struct vxlan_outer o = {0};

	vxlan_read(m, &o);
	text_put_ipv4(o.from, source);
	text_put_mac(frame_be64(rte_pktmbuf_mtod(m, const uint8_t *)) >> 16, next_hop);
	return json_pack("{s:s, s:i, s:s, s:i, s:s, s:i}", "vtep", name_of(f, tunnel), "vni",
			 (int)o.vni, "source", source, "source_port", o.source_port, "next_hop_mac",
			 next_hop, "length", (int)rte_pktmbuf_pkt_len(m));
}

void frames_sent(struct frames *f, unsigned port, const struct rte_mbuf *m)
{
	int tunnel = tunnels_of_packet(f->player->sw, port, m);

	f->sent |= portset_of(tunnel >= 0 ? (unsigned)tunnel : port);
	if (tunnel >= 0)
		json_array_append_new(f->tunnels, packet_json(f, (unsigned)tunnel, m));
}

// The outcome that was counted since the frame before. Keeps the counters for the next one.
static enum outcome find_outcome(struct frames *f, unsigned port)
{
	struct counters now = {0}, *before = &f->before[port];
	enum outcome out = 0;

	counters_read(&f->player->fwd->counters[port], &now);
	while (out < OUTCOMES - 1 && now.outcome[out] == before->outcome[out])
		out++;
	memcpy(before->outcome, now.outcome, sizeof now.outcome);
	return out;
}

// What the port's rules on trial would have dropped the frame as.
static json_t *find_trials(struct frames *f, unsigned port)
{
	struct counters now = {0}, *before = &f->before[port];
	json_t *all = json_array();

	counters_read(&f->player->fwd->counters[port], &now);
	for (unsigned out = 0; out < OUTCOMES; out++)
		if (now.would_drop[out] != before->would_drop[out])
			json_array_append_new(all, json_string(outcome_names[out]));
	memcpy(before->would_drop, now.would_drop, sizeof now.would_drop);
	return all;
}

// {"port", "reason"} for each port that was meant to get the frame, and did not.
static json_t *find_refusals(struct frames *f)
{
	json_t *all = json_array();
	unsigned port;

	PORTSET_FOREACH(port, f->player->sw->ports) {
		struct counters now = {0};
		counters_read(&f->player->fwd->counters[port], &now);
		for (unsigned why = 0; why < TX_DROPS; why++)
			if (now.tx_drop[why] != f->before[port].tx_drop[why])
				json_array_append_new(all, json_pack("{s:s, s:s}", "port",
								     name_of(f, port), "reason",
								     tx_drop_names[why]));
		memcpy(f->before[port].tx_drop, now.tx_drop, sizeof now.tx_drop);
	}
	return all;
}

static json_t *names_json(const struct frames *f, portset ports)
{
	json_t *all = json_array();
	unsigned port;

	PORTSET_FOREACH(port, ports)
		json_array_append_new(all, json_string(name_of(f, port)));
	return all;
}

// The VLAN in which the switch saw the frame, 0 if in none.
static uint16_t find_vlan(const struct frames *f, unsigned port, enum outcome out,
			  const struct frame *head)
{
	uint16_t vid = tag_vid(head->tag);

	if (out == OUT_MALFORMED || out == OUT_PORT_DOWN || out == OUT_VLAN_FILTERED)
		return 0;
	return vid ? vid : f->player->sw->conf->port[port].untagged_vid;
}

// The first 64 KiB of a record as a frame.
static struct rte_mbuf view_of(const struct capture_record *rec)
{
	uint16_t length = (uint16_t)RTE_MIN(rec->captured, (uint32_t)UINT16_MAX);

	return (struct rte_mbuf){.buf_addr = (void *)(uintptr_t)rec->data,
				 .data_len = length,
				 .pkt_len = length,
				 .nb_segs = 1};
}

// The rule that chose the ports of a group frame. NULL: it is none, or was dropped before.
static const char *find_rule(const struct frames *f, uint16_t vid, enum outcome out,
			     const struct frame *head, const struct capture_record *rec)
{
	struct multicast x = {
		.mdb = f->player->sw->shared.mdb,
		.conf = f->player->sw->conf,
		.mac = head->dst,
		.vid = vid,
	};
	struct rte_mbuf m = view_of(rec);
	struct snoop_message msg;

	if (!vid || !multicast_decides(head->dst, out))
		return NULL;
	snoop_read(&msg, &m, FRAME_ADDRESSES + (head->tag ? FRAME_TAG : 0), head->dst);
	enum multicast_rule rule = multicast_rule(&x, &msg);
	// A solicitation that went to the owner of its target alone was not flooded.
	bool floods = rule != MULTICAST_STATIC && rule != MULTICAST_MEMBERS &&
		      rule != MULTICAST_REPORT;
	return floods && out == OUT_FORWARDED ? NULL : multicast_rule_names[rule];
}

static json_t *mac_json(uint64_t mac, bool there)
{
	char text[MAC_TEXT];

	if (!there)
		return json_null();
	text_put_mac(mac, text);
	return json_string(text);
}

// The frame in a packet, with what became of it on its tunnel.
static json_t *inner_json(struct frames *f, const struct vxlan_verdict *v,
			  const struct capture_record *packet)
{
	const uint8_t *ip = packet->data + FRAME_HEADER;
	struct capture_record rec = *packet;
	struct frame head = {0};
	char type[FRAMETEXT_TYPE];

	rec.data += VXLAN_HEADER;
	rec.length = rec.captured = frame_be16(ip + 2) - (uint32_t)VXLAN_OUTER;
	frame_parse(rec.data, rec.captured, &head);
	frametext_type(rec.data, rec.captured, type);
	enum outcome out = find_outcome(f, v->port);
	uint16_t vid = out == OUT_VLAN_FILTERED || out == OUT_PORT_DOWN ? 0 : v->vid;
	return json_pack("{s:o, s:o, s:o, s:s, s:i, s:s, s:s?, s:o}", "vlan",
			 vid ? json_integer(vid) : json_null(), "source", mac_json(head.src, true),
			 "destination", mac_json(head.dst, true), "type", type, "length",
			 (int)rec.length, "outcome", outcome_names[out], "rule",
			 find_rule(f, vid, out, &head, &rec), "would_drop",
			 find_trials(f, v->port));
}

// Of a packet of another VTEP: who sent it, and the frame in it unless the packet was dropped.
// null: it is none.
static json_t *from_tunnel(struct frames *f, unsigned port, enum outcome out,
			   const struct capture_record *rec)
{
	const struct vxlan *x = f->player->sw->conf->vxlan;
	struct rte_mbuf m = view_of(rec);
	struct vxlan_outer o;
	char vtep[IPV4_TEXT];

	if (!x || port != x->underlay || out == OUT_MALFORMED)
		return json_null();
	struct vxlan_verdict v = vxlan_judge(x, &m);
	bool unknown = out == OUT_UNKNOWN_VTEP || out == OUT_UNKNOWN_VNI;
	if ((!v.vid && !unknown) || !vxlan_read(&m, &o))
		return json_null();
	text_put_ipv4(o.from, vtep);
	return json_pack("{s:s, s:i, s:i, s:o}", "vtep", vtep, "vni", (int)o.vni, "source_port",
			 o.source_port, "frame", v.vid ? inner_json(f, &v, rec) : json_null());
}

static json_t *describe(struct frames *f, unsigned port, const struct capture_record *rec)
{
	struct frame head = {0};
	char type[FRAMETEXT_TYPE];
	bool whole = frame_parse(rec->data, rec->captured, &head);
	enum outcome out = find_outcome(f, port);

	uint16_t vid = find_vlan(f, port, out, &head);

	frametext_type(rec->data, rec->captured, type);
	return json_pack("{s:I, s:f, s:s, s:o, s:o, s:o, s:s, s:i, s:s, s:s?, s:o, s:o, s:o, s:O,"
			 " s:o, s:O}",
			 "frame", (json_int_t)f->number, "time", (double)f->player->now_ns / 1e9,
			 "port", name_of(f, port), "vlan", vid ? json_integer(vid) : json_null(),
			 "source", mac_json(head.src, whole), "destination",
			 mac_json(head.dst, whole), "type", type, "length", (int)rec->length,
			 "outcome", outcome_names[out], "rule", find_rule(f, vid, out, &head, rec),
			 "would_drop", find_trials(f, port), "ports", names_json(f, f->sent),
			 "not_delivered", find_refusals(f), "events", f->events, "from_tunnel",
			 from_tunnel(f, port, out, rec), "to_tunnels", f->tunnels);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "-";
}

static int number_of(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

// What carries the frame to a port, if it is a tunnel.
static void print_packet(const struct frames *f, const json_t *frame, const char *port)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(frame, "to_tunnels"), i, o)
		if (!strcmp(text_of(o, "vtep"), port))
			fprintf(f->file, " (VNI %d from UDP port %d, %d bytes)",
				number_of(o, "vni"), number_of(o, "source_port"),
				number_of(o, "length"));
}

static void print_ports(const struct frames *f, const json_t *frame)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(frame, "ports"), i, o) {
		fprintf(f->file, "%s %s", i ? "," : " to", json_string_value(o));
		print_packet(f, frame, json_string_value(o));
	}
	json_array_foreach(json_object_get(frame, "not_delivered"), i, o)
		fprintf(f->file, "%s %s: %s", i ? "," : "; not delivered:", text_of(o, "port"),
			text_of(o, "reason"));
}

static void print_trials(const struct frames *f, const json_t *frame)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(frame, "would_drop"), i, o)
		fprintf(f->file, "%s %s", i ? "," : "; would be dropped as", json_string_value(o));
}

static void print_events(const struct frames *f, const json_t *frame)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(frame, "events"), i, o) {
		fprintf(f->file, "; %s", text_of(o, "type"));
		if (json_object_get(o, "from"))
			fprintf(f->file, " %s from %s to %s%s", text_of(o, "mac"),
				text_of(o, "from"), text_of(o, "to"),
				json_is_false(json_object_get(o, "learned")) ? " (not learned)"
									     : "");
		else if (json_object_get(o, "group"))
			fprintf(f->file, " %s on %s", text_of(o, "group"), text_of(o, "port"));
		else if (json_object_get(o, "mac"))
			fprintf(f->file, " %s on %s", text_of(o, "mac"), text_of(o, "port"));
	}
}

// VLAN, addresses, type, outcome and rule: of a frame, or of one in a packet.
static void print_frame(const struct frames *f, const json_t *frame)
{
	const char *outcome = text_of(frame, "outcome"), *rule = text_of(frame, "rule");
	bool arrives = !strcmp(outcome, "forwarded") || !strcmp(outcome, "flooded");
	char vid[8] = "-";

	if (json_is_integer(json_object_get(frame, "vlan")))
		snprintf(vid, sizeof vid, "%d", number_of(frame, "vlan"));
	fprintf(f->file, "VLAN %s %s > %s %s: %s%s", vid, text_of(frame, "source"),
		text_of(frame, "destination"), text_of(frame, "type"), arrives ? "" : "dropped, ",
		outcome);
	if (json_is_string(json_object_get(frame, "rule")) && strcmp(rule, "flood") != 0)
		fprintf(f->file, " (%s)", rule);
}

// Who sent a packet, and the frame in it.
static void print_tunnel(const struct frames *f, const json_t *from)
{
	const json_t *inner = json_object_get(from, "frame");

	if (!json_is_object(from))
		return;
	fprintf(f->file, "; from %s, VNI %d", text_of(from, "vtep"), number_of(from, "vni"));
	if (!json_is_object(inner))
		return;
	fputs(": ", f->file);
	print_frame(f, inner);
}

static void print_line(const struct frames *f, const json_t *frame)
{
	const json_t *from = json_object_get(frame, "from_tunnel");

	fprintf(f->file, "%.9f %s ", (double)f->player->now_ns / 1e9, text_of(frame, "port"));
	print_frame(f, frame);
	print_tunnel(f, from);
	print_ports(f, frame);
	print_trials(f, frame);
	print_trials(f, json_object_get(from, "frame"));
	print_events(f, frame);
	fputc('\n', f->file);
}

void frames_done(struct frames *f, unsigned port, const struct capture_record *rec)
{
	f->number++;
	json_t *frame = describe(f, port, rec);
	if (f->json)
		json_dumpf(frame, f->file, JSON_COMPACT | JSON_DIGITS);
	else
		print_line(f, frame);
	if (f->json)
		fputc('\n', f->file);
	json_decref(frame);
	f->sent = 0;
	json_decref(f->events);
	json_decref(f->tunnels);
	f->events = json_array();
	f->tunnels = json_array();
}
