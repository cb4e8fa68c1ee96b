// SPDX-License-Identifier: BSD-3-Clause
// Checks rules that concern more than one setting.
#include <stdlib.h>
#include <string.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "dataplane/key.h"

// The addresses and VLANs of a port.
struct port_facts {
	const struct config_port *port;
	uint64_t mac;
	struct vlanset vlans;
};

static bool check_groups(const struct config *c, struct error *e)
{
	for (unsigned i = 0; i < c->group_count; i++)
		if (config_group(c, c->group[i].name) != &c->group[i])
			return error_at(e, c->group[i].at,
					"port group '%s' is defined twice (give each its own name)",
					c->group[i].name);
	return true;
}

static bool check_port(const struct config *c, const struct config_port *p, struct error *e)
{
	char hint[TEXT_HINT];

	if (config_port(c, p->name) != p)
		return error_at(e, p->at, "port '%s' is defined twice (give each its own name)",
				p->name);
	if (*p->group && !config_group(c, p->group))
		return error_at(e, p->group_at,
				"port '%s' is in port group '%s', which does not exist%s", p->name,
				p->group,
				config_group_hint(hint, c, p->group, "add it to port-groups"));
	if (p->effective && !p->mac)
		return error_at(
			e, p->effective_at,
			"port '%s' has an effective-mac without a mac-address (give the assigned MAC too)",
			p->name);
	if (*p->qmp && !p->mac)
		return error_at(
			e, p->qmp_at,
			"port '%s' has a qmp without a mac-address (give the assigned MAC too)",
			p->name);
	return true;
}

static bool intersect(const struct vlanset *a, const struct vlanset *b, unsigned *vid)
{
	for (*vid = 0; *vid < 4096; ++*vid)
		if (vlanset_has(a, *vid) && vlanset_has(b, *vid))
			return true;
	return false;
}

// Checks that no MAC is assigned to two ports of one VLAN.
static bool check_assigned(const struct port_facts *f, unsigned n, struct error *e)
{
	char mac[MAC_TEXT];

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++) {
			unsigned vid;
			if (!f[i].mac || f[i].mac != f[j].mac ||
			    !intersect(&f[i].vlans, &f[j].vlans, &vid))
				continue;
			const struct config_port *p = f[i].port;
			text_put_mac(f[i].mac, mac);
			return error_at(
				e, p->effective ? p->effective_at : p->mac_at,
				"MAC %s of port '%s' is also assigned to port '%s' in VLAN %u (a MAC belongs to one port of a VLAN)",
				mac, p->name, f[j].port->name, vid);
		}
	return true;
}

// Checks that a static MAC is not that of a group which every port gets, or that policy decides
// about.
static bool check_group_mac(const struct config_static *s, const char *mac, struct error *e)
{
	enum { LINK_GROUPS_BITS = 8 };

	if (mac_is_reserved(s->mac))
		return error_at(
			e, s->at,
			"static MAC %s is reserved for bridges (the policy keys bpdu and link-local decide about it)",
			mac);
	if (s->mac == MAC_BROADCAST)
		return error_at(
			e, s->at,
			"static MAC %s is the broadcast address (broadcast-flood: off keeps broadcasts from a port)",
			mac);
	return s->mac >> LINK_GROUPS_BITS != UINT64_C(0x01005e000000) >> LINK_GROUPS_BITS ||
	       error_at(
		       e, s->at,
		       "static MAC %s is that of 224.0.0.%u, a group that every port gets (use a group outside 224.0.0.0/24)",
		       mac, (unsigned)(s->mac & 0xff));
}

static bool check_static(const struct config *c, const struct config_static *s,
			 const struct port_facts *f, struct error *e)
{
	const struct config_port *own = config_port(c, s->port);
	char mac[MAC_TEXT], hint[TEXT_HINT];

	text_put_mac(s->mac, mac);
	if (!check_group_mac(s, mac, e))
		return false;
	if (!own)
		return error_at(e, s->at, "static MAC %s is on port '%s', which does not exist%s",
				mac, s->port,
				config_port_hint(hint, c, s->port, "add it to ports"));
	if (own->kind != PORT_OF_STATIONS)
		return error_at(
			e, s->at,
			"static MAC %s is on port '%s', behind which nothing can be static (use a port of the list ports)",
			mac, s->port);
	if (!vlanset_has(&f[own - c->port].vlans, s->vid))
		return error_at(
			e, s->at,
			"static MAC %s is in VLAN %u, but port '%s' is not (allow the VLAN on the port)",
			mac, s->vid, s->port);
	for (unsigned i = 0; i < c->port_count; i++)
		if (f[i].port != own && f[i].mac == s->mac && vlanset_has(&f[i].vlans, s->vid))
			return error_at(
				e, s->at,
				"static MAC %s of port '%s' is assigned to port '%s' in VLAN %u (a MAC belongs to one port of a VLAN)",
				mac, s->port, f[i].port->name, s->vid);
	return true;
}

static int compare_statics(const void *a, const void *b)
{
	const struct config_static *x = *(struct config_static *const *)a,
				   *y = *(struct config_static *const *)b;

	if (x->vid != y->vid)
		return x->vid < y->vid ? -1 : 1;
	if (x->mac != y->mac)
		return x->mac < y->mac ? -1 : 1;
	int order = mac_is_group(x->mac) ? strcmp(x->port, y->port) : 0;
	return order ? order : x < y ? -1 : x > y;
}

// Whether two rows cannot both be there: only those of a group can have different ports.
static bool is_static_twice(const struct config_static *a, const struct config_static *b)
{
	return a->vid == b->vid && a->mac == b->mac &&
	       (!mac_is_group(a->mac) || !strcmp(a->port, b->port));
}

static bool check_static_twice(const struct config *c, struct error *e)
{
	const struct config_static **sorted = calloc(c->fixed_count + 1, sizeof *sorted);
	char mac[MAC_TEXT];
	bool good = true;

	if (!sorted)
		return error_no_memory(e);
	for (unsigned i = 0; i < c->fixed_count; i++)
		sorted[i] = &c->fixed[i];
	qsort(sorted, c->fixed_count, sizeof *sorted, compare_statics);
	for (unsigned i = 1; i < c->fixed_count && good; i++) {
		if (!is_static_twice(sorted[i], sorted[i - 1]))
			continue;
		text_put_mac(sorted[i]->mac, mac);
		good = error_at(
			e, sorted[i]->at,
			"static MAC %s is defined twice in VLAN %u, on ports '%s' and '%s' (keep one)",
			mac, sorted[i]->vid, sorted[i - 1]->port, sorted[i]->port);
	}
	free(sorted);
	return good;
}

static bool check_macs(const struct config *c, struct error *e)
{
	struct port_facts *f = calloc(c->port_count + 1, sizeof *f);
	bool good;

	if (!f)
		return error_no_memory(e);
	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		f[i] = (struct port_facts){&c->port[i], config_effective_mac(&c->port[i]),
					   config_port_vlans(&p)};
	}
	good = check_assigned(f, c->port_count, e);
	for (unsigned i = 0; i < c->fixed_count && good; i++)
		good = check_static(c, &c->fixed[i], f, e);
	free(f);
	return good && check_static_twice(c, e);
}

static bool check_limits(const struct config *c, struct error *e)
{
	uint64_t sum = config_limits_sum(c), size = c->table_size ? c->table_size : TABLE_SIZE_MAX;
	struct mark at = c->table_size   ? c->table_size_at
			 : c->port_count ? c->port[0].at
					 : (struct mark){0};

	return sum <= size ||
	       error_at(
		       e, at,
		       "the ports' mac-limits add up to %llu, more than the %llu entries of the table "
		       "(lower mac-limit or raise mac-table-size)",
		       (unsigned long long)sum, (unsigned long long)size);
}

// Checks that a peak is not below its average.
static bool check_peak(const struct config_port *port, const struct policy *p, enum policy_key rate,
		       enum policy_key peak, struct error *e)
{
	return !p->value[peak] || p->value[peak] >= p->value[rate] ||
	       error_at(e, port->at,
			"port '%s': %s %u is below %s %u (a peak is at least the average)",
			port->name, policy_rows[peak].name, p->value[peak], policy_rows[rate].name,
			p->value[rate]);
}

static bool check_rates(const struct config *c, struct error *e)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		config_port_policy(c, &c->port[i], &p);
		if (!check_peak(&c->port[i], &p, PK_INGRESS_RATE, PK_INGRESS_PEAK, e) ||
		    !check_peak(&c->port[i], &p, PK_EGRESS_RATE, PK_EGRESS_PEAK, e))
			return false;
	}
	return true;
}

static bool check_vlan(const struct config *c, const struct config_vlan *v, struct error *e)
{
	if (config_vlan(c, v->vid) != v)
		return error_at(e, v->at,
				"VLAN %u is defined twice in vlans (put its keys together)",
				v->vid);
	if (v->querier != QUERIER_OFF && !v->snooping)
		return error_at(
			e, v->querier_at,
			"VLAN %u has a querier without snooping (set multicast-snooping: on)",
			v->vid);
	uint32_t address;
	return !*v->querier_address || text_station4(v->querier_address, &address) ||
	       error_at(
		       e, v->querier_address_at,
		       "querier-address '%s' is not the IPv4 address of a station (such as 10.0.0.1)",
		       v->querier_address);
}

static bool check_vlans(const struct config *c, struct error *e)
{
	for (unsigned i = 0; i < c->vlan_count; i++)
		if (!check_vlan(c, &c->vlan[i], e))
			return false;
	return true;
}

static bool check_mirror(const struct config *c, const struct config_mirror *m, struct error *e)
{
	char hint[TEXT_HINT];

	for (const struct config_mirror *other = c->mirror; other < m; other++)
		if (!strcmp(other->name, m->name))
			return error_at(e, m->at,
					"mirror '%s' is defined twice (give each its own name)",
					m->name);
	if (!config_port(c, m->destination))
		return error_at(e, m->destination_at,
				"mirror '%s' goes to port '%s', which does not exist%s", m->name,
				m->destination,
				config_port_hint(hint, c, m->destination, "add it to ports"));
	if (config_port(c, m->destination)->kind != PORT_OF_STATIONS)
		return error_at(
			e, m->destination_at,
			"mirror '%s' goes to port '%s', which cannot be given away (use a port of the list ports)",
			m->name, m->destination);
	if (!m->source_count)
		return error_at(e, m->at, "mirror '%s' has no source (name at least one port)",
				m->name);
	for (unsigned i = 0; i < m->source_count; i++) {
		const struct config_port *source = config_port(c, m->source[i]);
		uint32_t vtep;
		if (!source && evpn_is_there(c) && text_station4(m->source[i], &vtep))
			continue; // of a tunnel, which may come later
		if (source && source->kind > PORT_TUNNEL)
			return error_at(
				e, m->source_at[i],
				"mirror '%s' copies port '%s', whose frames are in packets (copy a tunnel, or use capture)",
				m->name, m->source[i]);
		if (!source)
			return error_at(e, m->source_at[i],
					"mirror '%s' copies port '%s', which does not exist%s",
					m->name, m->source[i],
					config_port_hint(hint, c, m->source[i], "add it to ports"));
		if (config_is_mirror_destination(c, m->source[i]))
			return error_at(
				e, m->source_at[i],
				"mirror '%s' copies port '%s', the destination of a mirror (copy a port that forwards)",
				m->name, m->source[i]);
	}
	return true;
}

static bool is_bound_twice(const struct config_binding *a, const struct config_binding *b)
{
	return a->mac == b->mac && a->vid == b->vid && (a->mac || !strcmp(a->port, b->port));
}

static bool check_binding(const struct config *c, const struct config_binding *b, struct error *e)
{
	char hint[TEXT_HINT];
	uint64_t high, low;
	unsigned bits;

	if (!config_port(c, b->port))
		return error_at(e, b->at, "a binding is on port '%s', which does not exist%s",
				b->port, config_port_hint(hint, c, b->port, "add it to ports"));
	if (config_port(c, b->port)->kind != PORT_OF_STATIONS)
		return error_at(
			e, b->at,
			"a binding is on port '%s', which has no stations (use a port of the list ports)",
			b->port);
	if (!b->ip_count)
		return error_at(e, b->at, "a binding of port '%s' has no ip (name at least one)",
				b->port);
	for (unsigned i = 0; i < b->ip_count; i++)
		if (!text_prefix(b->ip[i], &high, &low, &bits))
			return error_at(
				e, b->ip_at[i],
				"ip '%s' is no address or prefix (such as 10.0.0.7, 10.0.0.0/24 or 2001:db8::/64)",
				b->ip[i]);
	for (const struct config_binding *other = c->binding; other < b; other++)
		if (is_bound_twice(other, b))
			return error_at(
				e, b->at,
				"a second binding of %s in the same VLAN (put its addresses into one ip list)",
				b->mac ? "this MAC" : "this port");
	return true;
}

bool config_validate(const struct config *c, struct error *e)
{
	if (!check_groups(c, e) || !evpn_validate(c, e))
		return false;
	for (unsigned i = 0; i < c->port_count; i++)
		if (!check_port(c, &c->port[i], e))
			return false;
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (!check_mirror(c, &c->mirror[i], e))
			return false;
	for (unsigned i = 0; i < c->binding_count; i++)
		if (!check_binding(c, &c->binding[i], e))
			return false;
	return check_vlans(c, e) && check_macs(c, e) && check_limits(c, e) && check_rates(c, e);
}

bool config_device_repeats(const char *device)
{
	return !*device || !strcmp(device, "null:") || !strncmp(device, "pcap:", 5);
}

bool config_device_is_free(const struct config *c, const struct config_port *p, struct error *e)
{
	if (config_device_repeats(p->device))
		return true;
	for (unsigned i = 0; i < c->port_count; i++)
		if (strcmp(c->port[i].name, p->name) && !strcmp(c->port[i].device, p->device))
			return error_at(
				e, p->device_at,
				"port '%s': device '%.200s' belongs to port '%s' (a device has one port)",
				p->name, p->device, c->port[i].name);
	return true;
}
