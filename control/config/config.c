// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "control/common/text.h"

const char *const hugepages_words[] = {
	[HUGEPAGES_AUTO] = "auto", [HUGEPAGES_ON] = "on", [HUGEPAGES_OFF] = "off", NULL};
const char *const mirror_direction_words[] = {
	[MIRROR_RX] = "rx", [MIRROR_TX] = "tx", [MIRROR_BOTH] = "both", NULL};
const char *const unregistered_words[] = {
	[UNREGISTERED_FLOOD] = "flood", [UNREGISTERED_ROUTERS] = "routers", NULL};
const char *const querier_words[] = {
	[QUERIER_OFF] = "off", [QUERIER_AUTO] = "auto", [QUERIER_ON] = "on", NULL};
const char *const evpn_control_words[] = {[EVPN_KERNEL] = "kernel", [EVPN_NONE] = "none", NULL};
const char *const port_kind_names[PORT_KINDS] = {[PORT_OF_STATIONS] = "port",
						 [PORT_TUNNEL] = "tunnel",
						 [PORT_UNDERLAY] = "underlay",
						 [PORT_TWIN] = "twin"};

static void free_evpn(struct config_evpn *v)
{
	for (unsigned i = 0; v->peer && i < v->peer_count; i++)
		free(v->peer[i].mac);
	free(v->peer);
	free(v->vni);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	free(c->group);
	free(c->port);
	free(c->vlan);
	free(c->fixed);
	free(c->mirror);
	free(c->binding);
	free_evpn(&c->evpn);
	free(c);
}

static void *duplicate(const void *from, size_t count, size_t size)
{
	void *to = calloc(count ? count : 1, size);

	if (to && count)
		memcpy(to, from, count * size);
	return to;
}

static bool copy_evpn(struct config_evpn *to, const struct config_evpn *from)
{
	bool good;

	to->vni = duplicate(from->vni, from->vni_count, sizeof *from->vni);
	to->peer = duplicate(from->peer, from->peer_count, sizeof *from->peer);
	good = to->vni && to->peer;
	for (unsigned i = 0; to->peer && i < from->peer_count; i++) {
		to->peer[i].mac = duplicate(from->peer[i].mac, from->peer[i].mac_count,
					    sizeof *from->peer[i].mac);
		good = good && to->peer[i].mac;
	}
	return good;
}

struct config *config_copy(const struct config *c)
{
	struct config *copy = malloc(sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *c;
	copy->group = duplicate(c->group, c->group_count, sizeof *c->group);
	copy->port = duplicate(c->port, c->port_count, sizeof *c->port);
	copy->vlan = duplicate(c->vlan, c->vlan_count, sizeof *c->vlan);
	copy->fixed = duplicate(c->fixed, c->fixed_count, sizeof *c->fixed);
	copy->mirror = duplicate(c->mirror, c->mirror_count, sizeof *c->mirror);
	copy->binding = duplicate(c->binding, c->binding_count, sizeof *c->binding);
	bool evpn = copy_evpn(&copy->evpn, &c->evpn);
	if (evpn && copy->group && copy->port && copy->vlan && copy->fixed && copy->mirror &&
	    copy->binding)
		return copy;
	config_free(copy);
	return NULL;
}

struct config_group *config_group(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->group_count; i++)
		if (!strcmp(c->group[i].name, name))
			return &c->group[i];
	return NULL;
}

struct config_port *config_port(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (!strcmp(c->port[i].name, name))
			return &c->port[i];
	return NULL;
}

struct config_vlan *config_vlan(const struct config *c, uint16_t vid)
{
	for (unsigned i = 0; i < c->vlan_count; i++)
		if (c->vlan[i].vid == vid)
			return &c->vlan[i];
	return NULL;
}

static const char *group_name(void *c, size_t i)
{
	return i < ((const struct config *)c)->group_count
		       ? ((const struct config *)c)->group[i].name
		       : NULL;
}

const char *config_group_hint(char hint[TEXT_HINT], const struct config *c, const char *name,
			      const char *otherwise)
{
	return text_hint(hint, name, group_name, (void *)(uintptr_t)c, otherwise);
}

static const char *port_name(void *c, size_t i)
{
	return i < ((const struct config *)c)->port_count ? ((const struct config *)c)->port[i].name
							  : NULL;
}

const char *config_port_hint(char hint[TEXT_HINT], const struct config *c, const char *name,
			     const char *otherwise)
{
	return text_hint(hint, name, port_name, (void *)(uintptr_t)c, otherwise);
}

struct policy_stack config_stack(const struct config *c, const struct config_group *g,
				 const struct config_port *p)
{
	if (p && p->kind != PORT_OF_STATIONS)
		return (struct policy_stack){{[LEVEL_PORT] = &p->policy}};
	if (p && *p->group)
		g = config_group(c, p->group);
	return (struct policy_stack){{
		[LEVEL_SWITCH] = &c->policy,
		[LEVEL_GROUP] = g ? &g->policy : NULL,
		[LEVEL_PORT] = p ? &p->policy : NULL,
	}};
}

void config_port_policy(const struct config *c, const struct config_port *p, struct policy *result)
{
	struct policy_stack s = config_stack(c, NULL, p);

	policy_resolve(&s, result, NULL);
}

bool config_mirror_names(const struct config_mirror *m, const char *port)
{
	for (unsigned i = 0; i < m->source_count; i++)
		if (!strcmp(m->source[i], port))
			return true;
	return !strcmp(m->destination, port);
}

bool config_is_mirror_destination(const struct config *c, const char *port)
{
	for (unsigned i = 0; i < c->mirror_count; i++)
		if (!strcmp(c->mirror[i].destination, port))
			return true;
	return false;
}

uint64_t config_effective_mac(const struct config_port *p)
{
	return p->guest ? p->guest : p->effective ? p->effective : p->mac;
}

uint64_t config_assigned_mac(const struct config *c, const struct config_port *p)
{
	struct policy policy;

	if (!p->guest)
		return config_effective_mac(p);
	config_port_policy(c, p, &policy);
	return policy.value[PK_MAC_LEARNING] == CHOICE_ON ||
			       policy.value[PK_MAC_CHANGES] == CHOICE_REJECT
		       ? 0
		       : p->guest;
}

struct vlanset config_port_vlans(const struct policy *resolved)
{
	struct vlanset access = {{0}};

	if (resolved->value[PK_VLAN_MODE] == CHOICE_TRUNK)
		return resolved->vlans;
	vlanset_add(&access, resolved->value[PK_ACCESS_VLAN]);
	return access;
}

uint64_t config_limits_sum(const struct config *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < c->port_count; i++) {
		struct policy p;
		if (c->port[i].kind != PORT_OF_STATIONS)
			continue;
		config_port_policy(c, &c->port[i], &p);
		sum += p.value[PK_MAC_LIMIT];
	}
	return sum;
}

uint32_t config_table_size(const struct config *c)
{
	uint64_t sum = config_limits_sum(c);

	if (c->table_size)
		return c->table_size;
	return sum > TABLE_SIZE_MIN_AUTO ? (uint32_t)sum : TABLE_SIZE_MIN_AUTO;
}
