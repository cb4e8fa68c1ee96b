// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/walk.h"

#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"

static void number(struct config_visitor *v, const char *key, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof text, "%u", value);
	v->value(v, key, text);
}

static void mac(struct config_visitor *v, const char *key, uint64_t value)
{
	char text[MAC_TEXT];

	text_put_mac(value, text);
	v->value(v, key, text);
}

static void policy(struct config_visitor *v, const struct policy *p)
{
	char text[VLANS_TEXT];

	if (!p->set)
		return;
	v->begin(v, "policy", CONFIG_MAP);
	for (int k = 0; k < POLICY_KEYS; k++)
		if (policy_has(p, (enum policy_key)k)) {
			policy_text(p, (enum policy_key)k, text);
			v->value(v, policy_rows[k].name, text);
		}
	v->end(v);
}

static void switch_section(struct config_visitor *v, const struct config *c)
{
	v->begin(v, "switch", CONFIG_MAP);
	v->value(v, "name", c->name);
	if (c->table_size)
		number(v, "mac-table-size", c->table_size);
	v->end(v);
}

static void dataplane_section(struct config_visitor *v, const struct config *c)
{
	v->begin(v, "dataplane", CONFIG_MAP);
	number(v, "workers", c->dataplane.workers);
	number(v, "memory", c->dataplane.memory_mib);
	v->value(v, "hugepages", hugepages_words[c->dataplane.hugepages]);
	if (!c->dataplane.busy_poll)
		v->value(v, "busy-poll", "off");
	if (c->dataplane.eal_count) {
		v->begin(v, "eal", CONFIG_BRIEF_LIST);
		for (unsigned i = 0; i < c->dataplane.eal_count; i++)
			v->value(v, NULL, c->dataplane.eal[i]);
		v->end(v);
	}
	v->end(v);
}

static void groups(struct config_visitor *v, const struct config *c)
{
	if (!c->group_count)
		return;
	v->begin(v, "port-groups", CONFIG_LIST);
	for (unsigned i = 0; i < c->group_count; i++) {
		v->begin(v, NULL, CONFIG_MAP);
		v->value(v, "name", c->group[i].name);
		policy(v, &c->group[i].policy);
		v->end(v);
	}
	v->end(v);
}

static void port(struct config_visitor *v, const struct config_port *p)
{
	v->begin(v, NULL, CONFIG_MAP);
	v->value(v, "name", p->name);
	if (*p->device)
		v->value(v, "device", p->device);
	if (*p->group)
		v->value(v, "port-group", p->group);
	if (p->mac)
		mac(v, "mac-address", p->mac);
	if (p->effective)
		mac(v, "effective-mac", p->effective);
	if (p->mtu)
		number(v, "mtu", p->mtu);
	if (p->queues)
		number(v, "queues", p->queues);
	if (p->disabled)
		v->value(v, "enabled", "off");
	policy(v, &p->policy);
	v->end(v);
}

static void ports(struct config_visitor *v, const struct config *c)
{
	v->begin(v, "ports", c->port_count ? CONFIG_LIST : CONFIG_BRIEF_LIST);
	for (unsigned i = 0; i < c->port_count; i++)
		port(v, &c->port[i]);
	v->end(v);
}

static void statics(struct config_visitor *v, const struct config *c)
{
	if (!c->fixed_count)
		return;
	v->begin(v, "static-macs", CONFIG_LIST);
	for (unsigned i = 0; i < c->fixed_count; i++) {
		v->begin(v, NULL, CONFIG_BRIEF_MAP);
		mac(v, "mac", c->fixed[i].mac);
		number(v, "vlan", c->fixed[i].vid);
		v->value(v, "port", c->fixed[i].port);
		v->end(v);
	}
	v->end(v);
}

static void mirrors(struct config_visitor *v, const struct config *c)
{
	if (!c->mirror_count)
		return;
	v->begin(v, "mirrors", CONFIG_LIST);
	for (unsigned i = 0; i < c->mirror_count; i++) {
		const struct config_mirror *m = &c->mirror[i];
		v->begin(v, NULL, CONFIG_MAP);
		v->value(v, "name", m->name);
		v->begin(v, "source", CONFIG_BRIEF_LIST);
		for (unsigned k = 0; k < m->source_count; k++)
			v->value(v, NULL, m->source[k]);
		v->end(v);
		v->value(v, "direction", mirror_direction_words[m->direction]);
		v->value(v, "destination", m->destination);
		v->end(v);
	}
	v->end(v);
}

void config_walk(const struct config *c, struct config_visitor *v)
{
	switch_section(v, c);
	dataplane_section(v, c);
	policy(v, &c->policy);
	groups(v, c);
	ports(v, c);
	statics(v, c);
	mirrors(v, c);
}
