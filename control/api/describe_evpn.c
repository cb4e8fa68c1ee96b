// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/describe_evpn.h"

#include <stdlib.h>

#include "control/common/json.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/switch/tunnels.h"
#include "dataplane/fdb.h"
#include "dataplane/key.h"
#include "dataplane/portset.h"
#include "dataplane/vxlan.h"

// The number of MACs in each VLAN.
struct macs {
	const struct vswitch *sw;
	uint32_t local[VID_SPACE], remote[VID_SPACE];
};

static void count_begin(void *arg)
{
	struct macs *m = arg;

	*m = (struct macs){.sw = m->sw};
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

static json_t *describe_vni(const struct macs *m, const struct config_vni *v)
{
	portset tunnels = tunnels_of(m->sw, v->vid);
	json_t *vteps = json_array();
	unsigned port;

	PORTSET_FOREACH(port, tunnels)
		json_array_append_new(vteps, json_string(m->sw->port[port].name));
	return json_pack("{s:i, s:I, s:s, s:I, s:I, s:o}", "vlan", v->vid, "vni",
			 (json_int_t)v->vni, "state", tunnels ? "up" : "alone", "macs_local",
			 (json_int_t)m->local[v->vid], "macs_remote", (json_int_t)m->remote[v->vid],
			 "vteps", vteps);
}

static json_t *ipv4_or_null(uint32_t address)
{
	char text[IPV4_TEXT];

	if (!address)
		return json_null();
	text_put_ipv4(address, text);
	return json_string(text);
}

static const char *underlay_state(const struct vswitch *sw)
{
	const struct vxlan *x = sw->conf->vxlan;

	return x ? port_state_names[switch_port_state(sw, x->underlay)] : NULL;
}

json_t *describe_evpn(const struct vswitch *sw)
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
	fdb_walk_all(sw->shared.fdb, switch_tick(sw), count_begin, count_entry, m);
	for (unsigned i = 0; i < v->vni_count; i++)
		json_array_append_new(vnis, describe_vni(m, &v->vni[i]));
	free(m);
	return json_pack("{s:o, s:I, s:s?, s:s?, s:n, s:o}", "source",
			 ipv4_or_null(evpn_source(sw->config)), "udp_port", (json_int_t)v->udp_port,
			 "underlay", underlay_state(sw), "twin", *v->twin ? v->twin : NULL, "sync",
			 "vnis", vnis);
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

static json_t *describe_vtep(const struct vswitch *sw, unsigned port)
{
	const struct config_port *p = switch_port_config(sw, port);
	bool resolved = portset_has(sw->conf->vxlan->resolved, port);
	const char *twin = sw->config->evpn.twin;
	char mac[MAC_TEXT];

	text_put_mac(p->next_hop, mac);
	return json_pack(
		"{s:s, s:s, s:n, s:s?, s:s?, s:o, s:I, s:f}", "vtep", p->name, "state",
		resolved ? "up" : "unresolved", "next_hop", "next_hop_mac",
		p->next_hop ? mac : NULL, "interface", *twin ? twin : NULL, "vnis",
		vnis_of(sw, port), "macs", (json_int_t)fdb_count(sw->shared.fdb, port), "since",
		json_thousandths((double)(switch_now(sw) - sw->port[port].named_ns) / 1e9));
}

json_t *describe_vteps(const struct vswitch *sw)
{
	json_t *all = json_array();
	unsigned port;

	PORTSET_FOREACH(port, sw->conf->vxlan ? sw->conf->vxlan->tunnels : 0)
		json_array_append_new(all, describe_vtep(sw, port));
	return all;
}
