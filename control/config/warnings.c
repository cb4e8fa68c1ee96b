// SPDX-License-Identifier: BSD-3-Clause
// The part of config that finds what is legal but surely not meant.
#include <stdarg.h>
#include <string.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "dataplane/key.h"

// A port whose warnings are looked for.
struct checked_port {
	const struct config *c;
	const struct config_port *port;
	struct policy policy;
	enum policy_level from[POLICY_KEYS];
	config_warn_fn warn;
	void *arg;
};

static void add_warning(const struct checked_port *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_warning(const struct checked_port *d, const char *format, ...)
{
	struct error e = {.at = d->port->at};
	int n = snprintf(e.text, sizeof e.text, "warning: port '%s': ", d->port->name);
	va_list args;

	va_start(args, format);
	vsnprintf(e.text + n, sizeof e.text - (size_t)n, format, args);
	va_end(args);
	d->warn(d->arg, &e);
}

static void warn_of_rate(const struct checked_port *d, enum policy_key rate, enum policy_key peak,
			 enum policy_key burst)
{
	const uint32_t *v = d->policy.value;

	if (!v[rate] && (v[peak] || v[burst]))
		add_warning(d, "%s without %s limits nothing",
			    policy_rows[v[peak] ? peak : burst].name, policy_rows[rate].name);
	if (v[rate] && v[burst] == 1)
		add_warning(d, "%s of 1 KiB: longer frames never pass", policy_rows[burst].name);
}

// VLAN keys that the mode in force does not read: a guest would be in another VLAN than was meant.
static void warn_of_ignored_vlans(const struct checked_port *d)
{
	static const struct {
		enum policy_key key;
		uint32_t mode; // that reads it
		const char *word;
	} keys[] = {
		{PK_ACCESS_VLAN, CHOICE_ACCESS, "access"},
		{PK_NATIVE_VLAN, CHOICE_TRUNK, "trunk"},
		{PK_ALLOWED_VLANS, CHOICE_TRUNK, "trunk"},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		enum policy_level from = d->from[keys[i].key];
		if (from != LEVEL_DEFAULT && d->policy.value[PK_VLAN_MODE] != keys[i].mode)
			add_warning(d, "%s of the %s has no effect here (it needs vlan-mode: %s)",
				    policy_rows[keys[i].key].name, policy_level_names[from],
				    keys[i].word);
	}
}

static bool share_vlan(const struct vlanset *a, const struct vlanset *b)
{
	for (size_t i = 0; i < sizeof a->word / sizeof *a->word; i++)
		if (a->word[i] & b->word[i])
			return true;
	return false;
}

// The first other port with a MAC that is fixed in a VLAN of this one. NULL: there is none.
static const char *fixed_elsewhere(const struct checked_port *d)
{
	struct vlanset own = config_port_vlans(&d->policy);

	for (unsigned i = 0; i < d->c->port_count; i++) {
		const struct config_port *p = &d->c->port[i];
		struct policy policy;
		config_port_policy(d->c, p, &policy);
		struct vlanset vlans = config_port_vlans(&policy);
		if (p != d->port && config_assigned_mac(d->c, p) && share_vlan(&own, &vlans))
			return p->name;
	}
	for (unsigned i = 0; i < d->c->fixed_count; i++)
		if (!mac_is_group(d->c->fixed[i].mac) &&
		    strcmp(d->c->fixed[i].port, d->port->name) != 0 &&
		    vlanset_has(&own, d->c->fixed[i].vid))
			return d->c->fixed[i].port;
	return NULL;
}

// A frame from an assigned or static MAC that comes back by an uplink is a mac_conflict there, not
// reflected, and so a violation.
static void warn_of_uplink(const struct checked_port *d)
{
	const char *other = d->port->uplink && d->policy.value[PK_VIOLATION] == CHOICE_SHUTDOWN
				    ? fixed_elsewhere(d)
				    : NULL;

	if (other)
		add_warning(
			d,
			"violation: shutdown on an uplink: a frame of port '%s', whose MAC is fixed, shuts it down if it comes back (violation: restrict)",
			other);
}

static bool has_binding(const struct checked_port *d)
{
	for (unsigned i = 0; i < d->c->binding_count; i++)
		if (!strcmp(d->c->binding[i].port, d->port->name))
			return true;
	return false;
}

// Longer packets of a port whose VLAN has a VNI are dropped on the tunnels.
static void warn_of_mtu(const struct checked_port *d)
{
	uint32_t underlay = evpn_mtu(d->c);
	struct vlanset own = config_port_vlans(&d->policy);

	for (unsigned i = 0; i < d->c->evpn.vni_count; i++)
		if (vlanset_has(&own, d->c->evpn.vni[i].vid) &&
		    d->port->mtu > underlay - EVPN_HEADERS) {
			add_warning(
				d,
				"mtu %u: larger packets than %u do not fit in a tunnel (evpn.underlay.mtu: %u)",
				d->port->mtu, underlay - EVPN_HEADERS, d->port->mtu + EVPN_HEADERS);
			return;
		}
}

static void warn_of_evpn(const struct config *c, config_warn_fn warn, void *arg)
{
	struct error e;

	if (!evpn_is_there(c) || c->evpn.control == EVPN_NONE || *c->evpn.twin)
		return;
	error_at(&e, c->evpn.device_at,
		 "warning: evpn: control: kernel without a twin: no VNI comes up (underlay.twin)");
	warn(arg, &e);
}

static void warn_of_port(const struct checked_port *d)
{
	const uint32_t *v = d->policy.value;
	bool trunk = v[PK_VLAN_MODE] == CHOICE_TRUNK, has_mac = config_effective_mac(d->port);

	if (v[PK_FORGED_TRANSMITS] == CHOICE_REJECT && !has_mac && !d->policy.macs.count)
		add_warning(
			d,
			"forged-transmits: reject without a mac-address: every frame it sends is dropped");
	if (v[PK_FORGED_TRANSMITS] == CHOICE_ACCEPT &&
	    policy_has(&d->port->policy, PK_ALLOWED_MACS) && d->policy.macs.count)
		add_warning(d, "allowed-macs without forged-transmits: reject limits nothing");
	if (v[PK_MAC_CHANGES] == CHOICE_REJECT && !has_mac)
		add_warning(d,
			    "mac-changes: reject without a mac-address: there is no MAC to change");
	if (v[PK_MAC_LEARNING] == CHOICE_OFF && !has_mac)
		add_warning(d,
			    "mac-learning: off without a mac-address: no unicast frame reaches it");
	if (trunk && v[PK_NATIVE_VLAN] && !vlanset_has(&d->policy.vlans, v[PK_NATIVE_VLAN]))
		add_warning(
			d, "native-vlan %u is not among allowed-vlans: untagged frames are dropped",
			v[PK_NATIVE_VLAN]);
	if (v[PK_MAC_LIMIT_POLICY] == CHOICE_LIMIT_DROP && !v[PK_MAC_LIMIT])
		add_warning(d, "mac-limit 0 with mac-limit-policy: drop: only fixed MACs may send");
	if (v[PK_RECOVERY_TIME] && v[PK_VIOLATION] != CHOICE_SHUTDOWN &&
	    v[PK_BPDU] != CHOICE_BPDU_GUARD)
		add_warning(
			d,
			"recovery-time, but nothing err-disables it (violation: shutdown, bpdu: guard)");
	bool learns = v[PK_SPOOF_GUARD_LEARN] == CHOICE_LEARN_DHCP;
	if (learns && v[PK_DHCP_SERVER] == CHOICE_ALLOW)
		add_warning(
			d,
			"spoof-guard-learn: dhcp beside dhcp-server: allow: other ports learn from what its stations answer (dhcp-server: block)");
	if (v[PK_SPOOF_GUARD] != CHOICE_SPOOF_OFF && !learns && !has_binding(d))
		add_warning(d, "spoof-guard without a binding: it may use no IP address");
	warn_of_rate(d, PK_INGRESS_RATE, PK_INGRESS_PEAK, PK_INGRESS_BURST);
	warn_of_rate(d, PK_EGRESS_RATE, PK_EGRESS_PEAK, PK_EGRESS_BURST);
	warn_of_uplink(d);
	warn_of_mtu(d);
	if (!config_is_mirror_destination(d->c, d->port->name))
		warn_of_ignored_vlans(d);
	else if (d->port->policy.set)
		add_warning(d, "its policy is without effect: it is the destination of a mirror");
}

void config_warnings(const struct config *c, config_warn_fn warn, void *arg)
{
	for (unsigned i = 0; i < c->port_count; i++) {
		struct checked_port d = {.c = c, .port = &c->port[i], .warn = warn, .arg = arg};
		if (d.port->kind != PORT_OF_STATIONS)
			continue;
		struct policy_stack s = config_stack(c, NULL, d.port);
		policy_resolve(&s, &d.policy, d.from);
		warn_of_port(&d);
	}
	warn_of_evpn(c, warn, arg);
}
