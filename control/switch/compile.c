// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/compile.h"

#include <stdlib.h>
#include <string.h>

#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "dataplane/binding.h"
#include "dataplane/fdb.h"
#include "dataplane/guard.h"
#include "dataplane/key.h"
#include "dataplane/meter.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"
#include "dataplane/spoof.h"
#include "dataplane/vxlan.h"

// The VLAN of untagged frames. A trunk's native VLAN counts only if it is allowed on the port.
static uint16_t untagged_vid(const struct policy *p)
{
	uint32_t native = p->value[PK_NATIVE_VLAN];

	if (p->value[PK_VLAN_MODE] == CHOICE_ACCESS)
		return (uint16_t)p->value[PK_ACCESS_VLAN];
	return vlanset_has(&p->vlans, native) ? (uint16_t)native : 0;
}

static struct meter_conf meter_row(const struct policy *p, enum policy_key rate,
				   enum policy_key peak, enum policy_key burst)
{
	const uint32_t *v = p->value;

	return (struct meter_conf){
		.rate_kbps = v[rate],
		.peak_kbps = v[peak],
		.depth = v[burst] ? v[burst] * UINT64_C(1024) : meter_default_depth(v[rate]),
		.peak_depth = meter_default_depth(v[peak]),
	};
}

static struct rules rules_row(const struct policy *p)
{
	static const enum spoof_level spoof[] = {[CHOICE_SPOOF_OFF] = SPOOF_OFF,
						 [CHOICE_SPOOF_IP] = SPOOF_IP,
						 [CHOICE_SPOOF_ARP] = SPOOF_ARP,
						 [CHOICE_SPOOF_STRICT] = SPOOF_STRICT};
	const uint32_t *v = p->value;

	return (struct rules){
		.own_mac_only = v[PK_FORGED_TRANSMITS] == CHOICE_REJECT,
		.drops_at_limit = v[PK_MAC_LIMIT_POLICY] == CHOICE_LIMIT_DROP,
		.guards = (v[PK_DHCP_SERVER] == CHOICE_BLOCK ? GUARD_DHCP_SERVER : 0) |
			  (v[PK_ROUTER_ADVERT] == CHOICE_BLOCK ? GUARD_ROUTER_ADVERT : 0),
		.spoof = spoof[v[PK_SPOOF_GUARD]],
		.storm = {v[PK_STORM_BROADCAST], v[PK_STORM_MULTICAST],
			  v[PK_STORM_UNKNOWN_UNICAST]},
		.ingress = meter_row(p, PK_INGRESS_RATE, PK_INGRESS_PEAK, PK_INGRESS_BURST),
	};
}

static struct fdb_learner learner_row(const struct policy *p, uint8_t number)
{
	return (struct fdb_learner){
		.port = number,
		.learns = p->value[PK_MAC_LEARNING] == CHOICE_ON,
		.sticky = p->value[PK_MAC_STICKY] == CHOICE_ON,
		.move_limit = (uint8_t)p->value[PK_MAC_MOVE_LIMIT],
		.move_hold_s = (uint16_t)p->value[PK_MAC_MOVE_HOLD],
		.limit = p->value[PK_MAC_LIMIT],
	};
}

static struct portconf port_row(const struct policy *p, const struct config_port *port,
				uint8_t number)
{
	static const enum bpdu_action bpdu[] = {[CHOICE_BPDU_FILTER] = BPDU_DROP,
						[CHOICE_BPDU_FORWARD] = BPDU_PASS,
						[CHOICE_BPDU_GUARD] = BPDU_SHUTDOWN};
	static const enum violation_action violation[] = {[CHOICE_RESTRICT] = VIOLATION_EVENT,
							  [CHOICE_PROTECT] = VIOLATION_NOTHING,
							  [CHOICE_SHUTDOWN] = VIOLATION_SHUTDOWN};
	static const enum link_local_action link_local[] = {
		[CHOICE_LINK_LOCAL_DROP] = LINK_LOCAL_DROP,
		[CHOICE_LINK_LOCAL_LLDP] = LINK_LOCAL_LLDP,
		[CHOICE_LINK_LOCAL_FORWARD] = LINK_LOCAL_PASS};
	const uint32_t *v = p->value;
	struct portconf row = {
		.mac = config_effective_mac(port),
		.untagged_vid = untagged_vid(p),
		.takes_tags = v[PK_VLAN_MODE] == CHOICE_TRUNK,
		.on_trial = v[PK_AUDIT] == CHOICE_ON,
		.bpdu = bpdu[v[PK_BPDU]],
		.link_local = link_local[v[PK_LINK_LOCAL]],
		.violation = violation[v[PK_VIOLATION]],
		.recovery_s = v[PK_RECOVERY_TIME],
		.egress = meter_row(p, PK_EGRESS_RATE, PK_EGRESS_PEAK, PK_EGRESS_BURST),
		.groups_max = v[PK_MULTICAST_GROUPS],
		.learner = learner_row(p, number),
	};

	*(row.on_trial ? &row.trial : &row.rules) = rules_row(p);
	row.learner.drops_at_limit = row.rules.drops_at_limit;
	row.learns_leases = v[PK_SPOOF_GUARD_LEARN] == CHOICE_LEARN_DHCP;
	row.serves_dhcp = v[PK_DHCP_SERVER] == CHOICE_ALLOW;
	return row;
}

static void join_vlans(struct swconf *conf, const struct policy *p, enum port_kind kind,
		       uint8_t number)
{
	struct vlanset vlans = config_port_vlans(p);
	portset self = portset_of(number);

	for (unsigned vid = 1; vid <= VID_MAX; vid++) {
		struct vlanconf *v = &conf->vlan[vid];
		if (!vlanset_has(&vlans, vid))
			continue;
		v->member |= self;
		if ((p->value[PK_MAC_LEARNING] == CHOICE_ON || kind == PORT_TUNNEL) &&
		    p->value[PK_UNICAST_FLOOD] == CHOICE_ON)
			v->unknown |= self;
		if (p->value[PK_PROMISCUOUS] == CHOICE_ACCEPT)
			v->promisc |= self;
		if (conf->port[number].untagged_vid == vid)
			v->untagged |= self;
	}
}

static void join_sets(struct swconf *conf, const struct policy *p, uint8_t number)
{
	portset self = portset_of(number);

	if (p->value[PK_BROADCAST_FLOOD] == CHOICE_OFF)
		conf->no_broadcast |= self;
	if (p->value[PK_MULTICAST_FLOOD] == CHOICE_OFF)
		conf->no_multicast |= self;
	if (p->value[PK_MULTICAST_ROUTER] == CHOICE_ROUTER_ON)
		conf->routers_always |= self;
	if (p->value[PK_MULTICAST_ROUTER] == CHOICE_ROUTER_OFF)
		conf->routers_never |= self;
	if (p->value[PK_MULTICAST_FAST_LEAVE] == CHOICE_ON)
		conf->fast_leave |= self;
	if (p->value[PK_VLAN_MODE] == CHOICE_TRUNK)
		conf->trunks |= self;
}

// Appends the sources that a port may use besides its own MAC to those of the ports before it.
static void append_allowed(struct swconf *conf, const struct policy *p, uint8_t number,
			   unsigned *count)
{
	struct portconf *row = &conf->port[number];

	row->allowed_first = (uint16_t)*count;
	row->allowed_count = (uint8_t)p->macs.count;
	for (unsigned i = 0; i < p->macs.count; i++)
		conf->range[(*count)++] = (struct mac_range){p->macs.range[i].mac,
							     text_mac_mask(p->macs.range[i].bits)};
}

static void set_snooping(struct swconf *conf, const struct config *c)
{
	for (unsigned i = 0; i < c->vlan_count; i++) {
		const struct config_vlan *v = &c->vlan[i];
		if (v->finds_neighbours) {
			conf->finds_neighbours = true;
			conf->snoop[v->vid] |= SNOOP_FINDS_NEIGHBOURS;
		}
		if (!v->snooping)
			continue;
		conf->snoops = true;
		conf->snoop[v->vid] |= SNOOP_ON | (v->unregistered == UNREGISTERED_ROUTERS
							   ? SNOOP_PRUNES_UNREGISTERED
							   : 0);
	}
}

// Appends what a binding allows to those before it.
static void append_binding(const struct config_binding *b, struct binding *all, unsigned *count)
{
	for (unsigned i = 0; i < b->ip_count; i++) {
		struct binding *to = &all[(*count)++];
		unsigned bits;
		*to = (struct binding){.mac = b->mac, .vid = b->vid};
		text_prefix(b->ip[i], &to->prefix.high, &to->prefix.low, &bits);
		to->mask = (struct ip_address){text_prefix_mask(bits),
					       text_prefix_mask(bits > 64 ? bits - 64 : 0)};
	}
}

// Appends the bindings of a port, sorted, to those of the ports before it.
static void append_bindings(struct portconf *row, const struct config *c, const char *port,
			    struct binding *all, unsigned *count)
{
	struct binding *first = all + *count;

	for (unsigned i = 0; i < c->binding_count; i++)
		if (!strcmp(c->binding[i].port, port))
			append_binding(&c->binding[i], all, count);
	row->binding = first;
	row->binding_count = (unsigned)(all + *count - first);
	qsort(first, row->binding_count, sizeof *first, binding_compare);
}

static int compare_owners(const void *a, const void *b)
{
	const struct ip_address x = ((const struct owner *)a)->ip,
				y = ((const struct owner *)b)->ip;

	if (x.high != y.high)
		return x.high < y.high ? -1 : 1;
	return x.low < y.low ? -1 : x.low > y.low;
}

// Lists the stations that addresses are bound to, from the bindings of all ports.
static void list_owners(struct swconf *conf, struct owner *all)
{
	conf->owner = all;
	for (unsigned port = 0; port < PORTS_MAX; port++) {
		const struct portconf *row = &conf->port[port];
		for (unsigned i = 0; i < row->binding_count; i++) {
			const struct binding *b = &row->binding[i];
			bool address = b->mask.high == UINT64_MAX && b->mask.low == UINT64_MAX;
			if (b->mac && address)
				all[conf->owner_count++] = (struct owner){b->prefix, b->mac, b->vid,
									  (uint8_t)port};
		}
	}
	qsort(all, conf->owner_count, sizeof *all, compare_owners);
}

static uint8_t port_number(const struct config *c, const uint8_t *numbers, const char *name)
{
	return numbers[config_port(c, name) - c->port];
}

// Appends a row of a static group to those before it.
static void append_group(struct swconf *conf, struct static_group *all,
			 const struct config_static *s, uint8_t number)
{
	all[conf->group_count++] = (struct static_group){key_make(s->vid, s->mac),
							 portset_of(number)};
	conf->snoop[s->vid] |= SNOOP_HAS_STATIC;
	conf->snoops = true;
}

static int compare_groups(const void *a, const void *b)
{
	uint64_t x = ((const struct static_group *)a)->key,
		 y = ((const struct static_group *)b)->key;

	return x < y ? -1 : x > y;
}

// Fills in the static groups, one for all rows of a group.
static void set_groups(struct swconf *conf, const struct config *c, const uint8_t *numbers,
		       struct static_group *all)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < c->fixed_count; i++)
		if (mac_is_group(c->fixed[i].mac))
			append_group(conf, all, &c->fixed[i],
				     port_number(c, numbers, c->fixed[i].port));
	qsort(all, conf->group_count, sizeof *all, compare_groups);
	for (unsigned i = 0; i < conf->group_count; i++)
		if (kept && all[kept - 1].key == all[i].key)
			all[kept - 1].ports |= all[i].ports;
		else
			all[kept++] = all[i];
	conf->group = all;
	conf->group_count = kept;
}

static size_t count_bound(const struct config *c)
{
	size_t n = 0;

	for (unsigned i = 0; i < c->binding_count; i++)
		n += c->binding[i].ip_count;
	return n;
}

// The number of a port that there may be, VXLAN_NOWHERE if there is none.
static uint8_t optional_number(const struct config *c, const uint8_t *numbers, enum port_kind kind)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (c->port[i].kind == kind)
			return numbers[i];
	return VXLAN_NOWHERE;
}

static portset ports_of_kind(const struct config *c, const uint8_t *numbers, enum port_kind kind)
{
	portset found = 0;

	for (unsigned i = 0; i < c->port_count; i++)
		if (c->port[i].kind == kind)
			found |= portset_of(numbers[i]);
	return found;
}

static void add_tunnel(struct vxlan *x, const struct config *c, const struct config_port *p,
		       uint8_t number)
{
	vxlan_add_tunnel(x, number,
			 &(struct vxlan_path){.next_hop = p->next_hop,
					      .source = x->source,
					      .vtep = p->vtep,
					      .udp_port = x->udp_port,
					      .ttl = (uint8_t)c->evpn.ttl,
					      .dscp = (uint8_t)c->evpn.dscp});
}

// Fills in what the section evpn says, except the MAC of the underlay.
static void set_vxlan(struct swconf *conf, const struct config *c, const uint8_t *numbers,
		      struct vxlan *x)
{
	if (!evpn_is_there(c))
		return;
	vxlan_init(x, c->evpn.vni_count);
	x->underlay = optional_number(c, numbers, PORT_UNDERLAY);
	x->twin = optional_number(c, numbers, PORT_TWIN);
	x->outer = ports_of_kind(c, numbers, PORT_UNDERLAY) | ports_of_kind(c, numbers, PORT_TWIN);
	x->udp_port = (uint16_t)c->evpn.udp_port;
	x->source = evpn_source(c);
	for (unsigned i = 0; i < c->evpn.vni_count; i++)
		vxlan_add_vni(x, c->evpn.vni[i].vni, c->evpn.vni[i].vid);
	for (unsigned i = 0; i < c->port_count; i++)
		if (c->port[i].kind == PORT_TUNNEL)
			add_tunnel(x, c, &c->port[i], numbers[i]);
	// Group frames that only some ports have joined go through all tunnels: EVPN tells nothing
	// of groups here.
	conf->routers_always |= x->tunnels;
	conf->vxlan = x;
}

static void add_mirrors(struct swconf *conf, const struct config *c, const uint8_t *numbers)
{
	for (unsigned i = 0; i < c->mirror_count; i++) {
		const struct config_mirror *m = &c->mirror[i];
		portset to = portset_of(port_number(c, numbers, m->destination));
		conf->mirror_only |= to;
		for (unsigned k = 0; k < m->source_count; k++) {
			if (!config_port(c, m->source[k]))
				continue; // a tunnel whose VTEP is not there
			struct portconf *p = &conf->port[port_number(c, numbers, m->source[k])];
			p->mirror_rx |= m->direction & MIRROR_RX ? to : 0;
			p->mirror_tx |= m->direction & MIRROR_TX ? to : 0;
		}
	}
	for (unsigned vid = 1; vid <= VID_MAX && conf->mirror_only; vid++) {
		struct vlanconf *v = &conf->vlan[vid];
		v->member &= ~conf->mirror_only;
		v->unknown &= ~conf->mirror_only;
		v->promisc &= ~conf->mirror_only;
	}
}

// A port is looked at closely as a server's only if some port learns from its answers.
static void find_close_ports(struct swconf *conf)
{
	bool learns = false;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		learns |= conf->port[i].learns_leases;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct portconf *row = &conf->port[i];
		row->serves_dhcp &= learns;
		row->looks_closely = row->rules.own_mac_only || row->rules.guards ||
				     row->rules.spoof || row->learns_leases || row->serves_dhcp;
	}
}

// Derives the members to which frames take the fast paths.
static void find_direct_members(struct swconf *conf)
{
	for (unsigned vid = 1; vid <= VID_MAX; vid++) {
		struct vlanconf *v = &conf->vlan[vid];
		v->direct = v->promisc ? 0 : v->member & ~conf->blocked & ~conf->mirrored;
		v->as_it_is[FORM_UNTAGGED] = v->direct & v->untagged & ~conf->careful;
		v->as_it_is[FORM_TAGGED] = v->direct & ~v->untagged & ~conf->careful;
	}
}

struct swconf *compile_ports(const struct config *c, const uint8_t *numbers)
{
	struct swconf *conf;
	size_t ranges_end = sizeof *conf + c->port_count * MACS_MAX * sizeof *conf->range,
	       bindings_end = ranges_end + count_bound(c) * sizeof(struct binding),
	       owners_end = bindings_end + count_bound(c) * sizeof(struct owner),
	       groups_end = owners_end + c->fixed_count * sizeof(struct static_group),
	       vxlan_at = (groups_end + 63) / 64 * 64,
	       size = vxlan_at + vxlan_size(c->evpn.vni_count);
	portset group[32] = {0}, uplinks = 0, tunnels = ports_of_kind(c, numbers, PORT_TUNNEL);
	uint8_t isolation[CONFIG_PORTS_MAX];
	unsigned ranges = 0, bound = 0;

	conf = aligned_alloc(64, (size + 63) / 64 * 64);
	if (!conf)
		return NULL;
	memset(conf, 0, size);
	struct binding *bindings = (struct binding *)((char *)conf + ranges_end);
	for (unsigned i = 0; i < c->port_count; i++) {
		const struct config_port *port = &c->port[i];
		struct policy p;
		conf->port[numbers[i]].learner.port = numbers[i];
		if (port->kind == PORT_UNDERLAY || port->kind == PORT_TWIN) {
			isolation[i] = 0;
			continue; // in no VLAN
		}
		config_port_policy(c, port, &p);
		conf->port[numbers[i]] = port_row(&p, port, numbers[i]);
		if (port->kind == PORT_TUNNEL)
			conf->port[numbers[i]].learner.limit = UINT32_MAX; // see switch/tunnels.h
		join_vlans(conf, &p, port->kind, numbers[i]);
		join_sets(conf, &p, numbers[i]);
		append_allowed(conf, &p, numbers[i], &ranges);
		append_bindings(&conf->port[numbers[i]], c, port->name, bindings, &bound);
		if (p.value[PK_MAC_CHANGES] == CHOICE_REJECT &&
		    (port->guest_conflicts || config_effective_mac(port) != port->mac))
			conf->blocked |= portset_of(numbers[i]);
		isolation[i] = (uint8_t)p.value[PK_ISOLATION_GROUP];
		group[isolation[i]] |= portset_of(numbers[i]);
		uplinks |= port->uplink ? portset_of(numbers[i]) : 0;
	}
	for (unsigned i = 0; i < c->port_count; i++) {
		struct portconf *row = &conf->port[numbers[i]];
		row->learner.uplinks = c->port[i].uplink ? uplinks : 0;
		// From tunnel to tunnel goes nothing: each VTEP has its own ones to all others.
		row->reach = ~(portset_of(numbers[i]) | row->learner.uplinks |
			       (isolation[i] ? group[isolation[i]] : 0) |
			       (c->port[i].kind == PORT_TUNNEL ? tunnels : 0));
	}
	list_owners(conf, (struct owner *)((char *)conf + bindings_end));
	set_snooping(conf, c);
	set_groups(conf, c, numbers, (struct static_group *)((char *)conf + owners_end));
	set_vxlan(conf, c, numbers, (struct vxlan *)((char *)conf + vxlan_at));
	add_mirrors(conf, c, numbers);
	for (unsigned i = 0; i < c->port_count; i++) {
		if (conf->port[numbers[i]].mirror_tx)
			conf->mirrored |= portset_of(numbers[i]);
		if (conf->port[numbers[i]].egress.rate_kbps)
			conf->careful |= portset_of(numbers[i]);
	}
	conf->careful |= conf->blocked | conf->mirrored;
	find_close_ports(conf);
	find_direct_members(conf);
	return conf;
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = ((const struct fixed_mac *)a)->key, y = ((const struct fixed_mac *)b)->key;

	return x < y ? -1 : x > y;
}

// Appends the assigned MAC of a port once for each of its VLANs. Returns the number of entries.
static size_t append_assigned(const struct config *c, const struct config_port *port,
			      uint8_t number, struct fixed_mac *out)
{
	struct policy p;
	size_t n = 0;

	uint64_t mac = config_assigned_mac(c, port);
	if (!mac)
		return 0;
	config_port_policy(c, port, &p);
	struct vlanset vlans = config_port_vlans(&p);
	for (unsigned vid = 1; vid <= VID_MAX; vid++)
		if (vlanset_has(&vlans, vid))
			out[n++] = (struct fixed_mac){key_make((uint16_t)vid, mac), number,
						      FDB_ASSIGNED};
	return n;
}

// The number of entries that a configuration can have at most.
static size_t count_fixed(const struct config *c)
{
	size_t n = c->fixed_count;

	for (unsigned i = 0; i < c->port_count; i++)
		n += config_assigned_mac(c, &c->port[i]) ? VID_MAX : 0;
	return n;
}

struct fixed_mac *compile_fixed(const struct config *c, const uint8_t *numbers, size_t *count)
{
	struct fixed_mac *all = calloc(count_fixed(c) + 1, sizeof *all);
	size_t n = 0, kept = 0;

	if (!all)
		return NULL;
	for (unsigned i = 0; i < c->port_count; i++)
		n += append_assigned(c, &c->port[i], numbers[i], all + n);
	for (unsigned i = 0; i < c->fixed_count; i++)
		if (!mac_is_group(c->fixed[i].mac))
			all[n++] = (struct fixed_mac){key_make(c->fixed[i].vid, c->fixed[i].mac),
						      port_number(c, numbers, c->fixed[i].port),
						      FDB_STATIC};
	qsort(all, n, sizeof *all, compare_keys);
	// A static MAC that is also the assigned MAC of its port makes one entry.
	for (size_t i = 0; i < n; i++)
		if (!kept || all[kept - 1].key != all[i].key)
			all[kept++] = all[i];
	*count = kept;
	return all;
}

const struct fixed_mac *fixed_find(const struct fixed_mac *sorted, size_t count, uint64_t key)
{
	struct fixed_mac wanted = {.key = key};

	return count ? bsearch(&wanted, sorted, count, sizeof *sorted, compare_keys) : NULL;
}
