// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/evpn.h"

#include <stdlib.h>
#include <string.h>

#include "control/common/policykeys.h"
#include "control/common/text.h"

static const enum policy_key applying[] = {
	PK_UNICAST_FLOOD,   PK_BROADCAST_FLOOD,       PK_MULTICAST_FLOOD,
	PK_VIOLATION,       PK_RECOVERY_TIME,         PK_STORM_BROADCAST,
	PK_STORM_MULTICAST, PK_STORM_UNKNOWN_UNICAST, PK_INGRESS_RATE,
	PK_INGRESS_PEAK,    PK_INGRESS_BURST,         PK_EGRESS_RATE,
	PK_EGRESS_PEAK,     PK_EGRESS_BURST,          PK_BPDU,
	PK_LINK_LOCAL,      PK_DHCP_SERVER,           PK_ROUTER_ADVERT,
	PK_AUDIT,
};

bool evpn_is_there(const struct config *c)
{
	return *c->evpn.device || *c->evpn.twin || c->evpn.source || c->evpn.vni_count ||
	       c->evpn.peer_count;
}

uint32_t evpn_source(const struct config *c)
{
	return c->evpn.source ? c->evpn.source : c->evpn.found;
}

uint32_t evpn_mtu(const struct config *c)
{
	return c->evpn.mtu ? c->evpn.mtu : MTU_DEFAULT;
}

uint32_t evpn_vni(const struct config *c, uint16_t vid)
{
	for (unsigned i = 0; i < c->evpn.vni_count; i++)
		if (c->evpn.vni[i].vid == vid)
			return c->evpn.vni[i].vni;
	return 0;
}

uint16_t evpn_vlan(const struct config *c, uint32_t vni)
{
	for (unsigned i = 0; i < c->evpn.vni_count; i++)
		if (c->evpn.vni[i].vni == vni)
			return c->evpn.vni[i].vid;
	return 0;
}

bool evpn_policy_applies(enum policy_key key)
{
	for (size_t i = 0; i < sizeof applying / sizeof *applying; i++)
		if (applying[i] == key)
			return true;
	return false;
}

static bool check_vnis(const struct config *c, struct error *e)
{
	for (unsigned i = 0; i < c->evpn.vni_count; i++) {
		const struct config_vni *v = &c->evpn.vni[i];
		for (const struct config_vni *other = c->evpn.vni; other < v; other++) {
			if (other->vid == v->vid)
				return error_at(e, v->at, "VLAN %u has VNI %u already", v->vid,
						other->vni);
			if (other->vni == v->vni)
				return error_at(e, v->vni_at, "VNI %u belongs to VLAN %u", v->vni,
						other->vid);
		}
	}
	return true;
}

static bool check_policy(const struct config *c, struct error *e)
{
	for (unsigned k = 0; k < POLICY_KEYS; k++)
		if (policy_has(&c->evpn.policy, (enum policy_key)k) &&
		    !evpn_policy_applies((enum policy_key)k))
			return error_at(e, c->evpn.policy_at,
					"policy key %s does not apply to tunnels",
					policy_rows[k].name);
	return true;
}

// Whether the VNIs of a peer include that of a VLAN.
static bool peer_has_vlan(const struct config *c, const struct config_peer *p, uint16_t vid)
{
	uint64_t vni;

	for (unsigned i = 0; i < p->vni_count; i++)
		if (text_number(p->vni[i], VNI_MAX, &vni) && vni &&
		    evpn_vlan(c, (uint32_t)vni) == vid)
			return true;
	return false;
}

// The peer that has a MAC, of those before m. NULL: there is none.
static const struct config_peer *earlier_owner(const struct config *c,
					       const struct config_remote *m)
{
	for (const struct config_peer *p = c->evpn.peer;; p++)
		for (unsigned i = 0; i < p->mac_count; i++) {
			if (&p->mac[i] == m)
				return NULL;
			if (p->mac[i].mac == m->mac && p->mac[i].vid == m->vid)
				return p;
		}
}

static bool check_peer_mac(const struct config *c, const struct config_peer *p,
			   const struct config_remote *m, struct error *e)
{
	const struct config_peer *other = earlier_owner(c, m);
	char vtep[IPV4_TEXT], mac[MAC_TEXT];

	text_put_mac(m->mac, mac);
	text_put_ipv4(other ? other->vtep : p->vtep, vtep);
	if (other)
		return error_at(e, m->at,
				"MAC %s in VLAN %u is behind peer %s already (name it once)", mac,
				m->vid, vtep);
	return peer_has_vlan(c, p, m->vid) ||
	       error_at(
		       e, m->at,
		       "MAC %s of peer %s is in VLAN %u, whose VNI the peer does not have (add it to vnis)",
		       mac, vtep, m->vid);
}

static bool check_peer(const struct config *c, const struct config_peer *p, struct error *e)
{
	char vtep[IPV4_TEXT];
	uint64_t vni;

	text_put_ipv4(p->vtep, vtep);
	for (const struct config_peer *other = c->evpn.peer; other < p; other++)
		if (other->vtep == p->vtep)
			return error_at(e, p->at, "peer %s is defined twice (keep one)", vtep);
	if (p->vtep == c->evpn.source)
		return error_at(e, p->at, "peer %s has the address of this switch (evpn.source)",
				vtep);
	for (unsigned i = 0; i < p->vni_count; i++)
		if (!text_number(p->vni[i], VNI_MAX, &vni) || !vni)
			return error_at(e, p->vni_at[i], "vni %s: out of range [1 to %u]",
					p->vni[i], VNI_MAX);
	for (unsigned i = 0; i < p->mac_count; i++)
		if (!check_peer_mac(c, p, &p->mac[i], e))
			return false;
	return true;
}

// Whether a port of the file has the device of the underlay.
static bool check_devices(const struct config *c, struct error *e)
{
	if (config_device_repeats(c->evpn.device))
		return true;
	for (unsigned i = 0; i < c->port_count; i++)
		if (c->port[i].kind == PORT_OF_STATIONS &&
		    !strcmp(c->port[i].device, c->evpn.device))
			return error_at(e, c->port[i].device_at,
					"evpn: port \"%s\" is the underlay: in no VLAN",
					c->port[i].name);
	return true;
}

bool evpn_validate(const struct config *c, struct error *e)
{
	if (!check_vnis(c, e) || !check_policy(c, e) || !check_devices(c, e))
		return false;
	if (c->evpn.control == EVPN_NONE && !c->evpn.source)
		return error_at(
			e, c->evpn.control_at,
			"evpn has no source (control: none needs the address of this VTEP)");
	for (unsigned i = 0; i < c->evpn.peer_count; i++)
		if (!check_peer(c, &c->evpn.peer[i], e))
			return false;
	return true;
}

static void drop_derived(struct config *c)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < c->port_count; i++)
		if (c->port[i].kind == PORT_OF_STATIONS)
			c->port[kept++] = c->port[i];
	c->port_count = kept;
}

// Adds a port. NULL: e says why.
static struct config_port *add_port(struct config *c, const char *name, enum port_kind kind,
				    struct error *e)
{
	const struct config_port *other = config_port(c, name);

	if (other) {
		error_at(e, other->at, "port '%s': evpn has a port of this name (choose another)",
			 name);
		return NULL;
	}
	struct config_port *p = config_add_port(c);
	if (!p) {
		error_set(e,
			  kind == PORT_TUNNEL ? "no port number left for VTEP %s [%d in all]"
					      : "no port number left for %s [%d in all]",
			  name, CONFIG_PORTS_MAX);
		return NULL;
	}
	strcpy(p->name, name);
	p->kind = kind;
	return p;
}

static bool add_underlay(struct config *c, struct error *e)
{
	struct config_port *p = add_port(c, EVPN_UNDERLAY, PORT_UNDERLAY, e);

	if (!p)
		return false;
	strcpy(p->device, c->evpn.device);
	p->device_at = c->evpn.device_at;
	p->mtu = evpn_mtu(c);
	p->queues = c->evpn.queues;
	p->offload = false;
	return true;
}

static bool add_twin(struct config *c, struct error *e)
{
	struct config_port *p = *c->evpn.twin ? add_port(c, c->evpn.twin, PORT_TWIN, e) : NULL;

	if (!p)
		return !*c->evpn.twin;
	snprintf(p->device, sizeof p->device, "tap:%s", c->evpn.twin);
	p->device_at = c->evpn.twin_at;
	p->mtu = evpn_mtu(c);
	p->offload = false;
	return true;
}

// Sets a policy key to one of its values.
static void set_choice(struct policy *p, enum policy_key key, uint32_t value)
{
	p->set |= UINT64_C(1) << key;
	p->value[key] = value;
}

static bool add_tunnel(struct config *c, const struct evpn_vtep *v, struct error *e)
{
	char name[IPV4_TEXT];

	text_put_ipv4(v->address, name);
	struct config_port *p = add_port(c, name, PORT_TUNNEL, e);
	if (!p)
		return false;
	p->vtep = v->address;
	p->next_hop = v->next_hop;
	p->policy = c->evpn.policy;
	set_choice(&p->policy, PK_MAC_LEARNING, CHOICE_OFF);
	set_choice(&p->policy, PK_VLAN_MODE, CHOICE_TRUNK);
	set_choice(&p->policy, PK_NATIVE_VLAN, 0);
	set_choice(&p->policy, PK_AGING_TIME, 0);
	set_choice(&p->policy, PK_ALLOWED_VLANS, 0);
	for (unsigned i = 0; i < v->vni_count; i++) {
		uint16_t vid = evpn_vlan(c, v->vni[i]);
		if (vid)
			vlanset_add(&p->policy.vlans, vid);
	}
	return true;
}

bool evpn_derive(struct config *c, const struct evpn_vtep *all, unsigned count, struct error *e)
{
	drop_derived(c);
	if (!evpn_is_there(c))
		return true;
	if (!add_underlay(c, e) || !add_twin(c, e))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!add_tunnel(c, &all[i], e))
			return false;
	return true;
}

static struct evpn_vtep vtep_of(const struct config_peer *p, uint32_t vni[PEER_VNIS_MAX])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < p->vni_count; i++) {
		text_number(p->vni[i], VNI_MAX, &number);
		vni[i] = (uint32_t)number;
	}
	return (struct evpn_vtep){p->vtep, p->next_hop, vni, p->vni_count};
}

bool evpn_derive_peers(struct config *c, struct error *e)
{
	static uint32_t vni[CONFIG_PORTS_MAX][PEER_VNIS_MAX];
	struct evpn_vtep all[CONFIG_PORTS_MAX];

	for (unsigned i = 0; i < c->evpn.peer_count; i++)
		all[i] = vtep_of(&c->evpn.peer[i], vni[i]);
	return evpn_derive(c, all, c->evpn.peer_count, e);
}
