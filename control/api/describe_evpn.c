// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/describe_evpn.h"

#include <stdlib.h>

#include "control/common/json.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/evpn/fabric.h"
#include "control/evpn/mirror.h"
#include "control/switch/tunnels.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/vxlan.h"

// The number of MACs in each VLAN.
struct macs {
	const struct vswitch *sw;
	const struct fabric *fabric; // NULL: the configuration names the VTEPs
	uint32_t local[VID_SPACE], remote[VID_SPACE];
};

static void count_begin(void *arg)
{
	struct macs *m = arg;

	*m = (struct macs){.sw = m->sw, .fabric = m->fabric};
}

static bool count_entry(void *arg, const struct fdb_entry *e)
{
	struct macs *m = arg;

	++*(tunnels_is_tunnel(m->sw, e->port) ? &m->remote[key_vid(e->key)]
					      : &m->local[key_vid(e->key)]);
	return false;
}

static portset tunnels_of(const struct vswitch *sw, uint16_t vid)
{
	return sw->conf->vxlan ? sw->conf->vxlan->tunnels & sw->conf->vlan[vid].member : 0;
}

static json_t *ipv4_or_null(uint32_t address)
{
	char text[IPV4_TEXT];

	if (!address)
		return json_null();
	text_put_ipv4(address, text);
	return json_string(text);
}

static int compare_addresses(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

// The VTEPs of a set of tunnels, sorted. Returns their number.
static unsigned sorted_vteps(const struct vswitch *sw, portset tunnels, uint32_t vtep[PORTS_MAX])
{
	unsigned port, n = 0;

	PORTSET_FOREACH(port, tunnels)
		vtep[n++] = tunnels_vtep(sw, port);
	qsort(vtep, n, sizeof *vtep, compare_addresses);
	return n;
}

// What the fabric knows of a VNI.
static void find_vni(const struct fabric *f, uint16_t vid, struct fabric_vni *out)
{
	struct fabric_vni v;

	for (size_t i = 0; f && i < fabric_vni_count(f); i++) {
		fabric_vni(f, i, &v);
		if (v.mirror.vid == vid)
			*out = v;
	}
}

static json_t *describe_vni(const struct macs *m, const struct config_vni *v)
{
	portset tunnels = tunnels_of(m->sw, v->vid);
	struct fabric_vni is = {.state = tunnels ? FABRIC_VNI_UP : FABRIC_VNI_ALONE, .reason = ""};
	uint32_t vtep[PORTS_MAX];
	json_t *vteps = json_array();
	unsigned n = sorted_vteps(m->sw, tunnels, vtep);

	find_vni(m->fabric, v->vid, &is);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(vteps, ipv4_or_null(vtep[i]));
	json_t *o = json_pack("{s:i, s:I, s:s, s:I, s:I, s:o}", "vlan", v->vid, "vni",
			      (json_int_t)v->vni, "state", fabric_vni_state_names[is.state],
			      "macs_local", (json_int_t)m->local[v->vid], "macs_remote",
			      (json_int_t)m->remote[v->vid], "vteps", vteps);
	if (*is.reason)
		json_object_set_new(o, "reason", json_string(is.reason));
	return o;
}

static const char *underlay_state(const struct vswitch *sw)
{
	const struct vxlan *x = sw->conf->vxlan;

	return x ? port_state_names[switch_port_state(sw, x->underlay)] : NULL;
}

// How the switch and the kernel keep in step.
static json_t *describe_sync(const struct fabric *f)
{
	struct fabric_status s;

	if (!f)
		return json_null();
	fabric_status(f, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rows_written",
			 (json_int_t)s.sync.rows_written, "rows_read", (json_int_t)s.sync.rows_read,
			 "pending", (json_int_t)s.sync.pending, "resyncs", (json_int_t)s.resyncs,
			 "refused", (json_int_t)s.sync.refused, "leftovers",
			 (json_int_t)s.sync.leftovers, "nexthop_rows",
			 (json_int_t)s.sync.nexthop_rows, "neighbours_local",
			 (json_int_t)s.neighbours.local, "neighbours_remote",
			 (json_int_t)s.neighbours.remote, "neighbours_contested",
			 (json_int_t)s.neighbours.contested, "neighbours_refused",
			 (json_int_t)s.neighbours.refused);
}

json_t *describe_evpn(const struct vswitch *sw, const struct fabric *f)
{
	struct macs *m = calloc(1, sizeof *m);
	const struct config_evpn *v = &sw->config->evpn;
	json_t *vnis = json_array();

	if (!m || !vnis) {
		free(m);
		json_decref(vnis);
		return NULL;
	}
	m->sw = sw;
	m->fabric = f;
	if (v->vni_count)
		fdb_walk_all(sw->shared.fdb, switch_tick(sw), count_begin, count_entry, m);
	for (unsigned i = 0; i < v->vni_count; i++)
		json_array_append_new(vnis, describe_vni(m, &v->vni[i]));
	free(m);
	return json_pack("{s:o, s:I, s:s?, s:s?, s:o, s:o}", "source",
			 ipv4_or_null(evpn_source(sw->config)), "udp_port", (json_int_t)v->udp_port,
			 "underlay", underlay_state(sw), "twin", *v->twin ? v->twin : NULL, "sync",
			 describe_sync(f), "vnis", vnis);
}

// The VNIs of a tunnel that are those of VLANs here.
static json_t *vnis_of(const struct vswitch *sw, unsigned port)
{
	const struct config_evpn *v = &sw->config->evpn;
	json_t *all = json_array();

	for (unsigned i = 0; i < v->vni_count; i++)
		if (portset_has(sw->conf->vlan[v->vni[i].vid].member, port))
			json_array_append_new(all, json_integer(v->vni[i].vni));
	return all;
}

// What the fabric knows of a VTEP, or what follows from a configuration that names it.
static void find_vtep(const struct vswitch *sw, const struct fabric *f, unsigned port,
		      struct fabric_vtep *out)
{
	uint32_t address = tunnels_vtep(sw, port);
	struct fabric_vtep t;

	*out = (struct fabric_vtep){
		.state = portset_has(sw->conf->vxlan->resolved, port) ? FABRIC_VTEP_UP
								      : FABRIC_VTEP_UNRESOLVED,
		.next_hop_mac = switch_port_config(sw, port)->next_hop,
		.interface = sw->config->evpn.twin,
		.since = (double)(switch_now(sw) - sw->port[port].named_ns) / 1e9,
	};
	for (unsigned n = 0; f && n < MIRROR_VTEPS; n++)
		if (fabric_vtep(f, n, &t) && t.mirror.address == address)
			*out = t;
}

static json_t *describe_vtep(const struct vswitch *sw, const struct fabric *f, unsigned port)
{
	struct fabric_vtep t;
	char mac[MAC_TEXT];

	find_vtep(sw, f, port, &t);
	text_put_mac(t.next_hop_mac, mac);
	return json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:o, s:I, s:f}", "vtep", sw->port[port].name,
			 "state", fabric_vtep_state_names[t.state], "next_hop",
			 ipv4_or_null(t.next_hop), "next_hop_mac", t.next_hop_mac ? mac : NULL,
			 "interface", *t.interface ? t.interface : NULL, "vnis", vnis_of(sw, port),
			 "macs", (json_int_t)fdb_count(sw->shared.fdb, port), "since",
			 json_thousandths(t.since));
}

json_t *describe_vteps(const struct vswitch *sw, const struct fabric *f)
{
	portset tunnels = sw->conf->vxlan ? sw->conf->vxlan->tunnels : 0;
	json_t *all = json_array();
	uint32_t vtep[PORTS_MAX];
	unsigned n = sorted_vteps(sw, tunnels, vtep);

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(all,
				      describe_vtep(sw, f, (unsigned)tunnels_port(sw, vtep[i])));
	return all;
}
