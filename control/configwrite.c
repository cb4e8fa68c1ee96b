// SPDX-License-Identifier: BSD-3-Clause
// The writing half of config: struct config to YAML, through libyaml, which quotes what must be quoted.
#include <errno.h>
#include <yaml.h>

#include "config.h"

// An emitter that remembers that something failed; nothing is asked before the end.
struct writer {
	yaml_emitter_t y;
	bool bad;
};

static void emit(struct writer *w, yaml_event_t *e, int made)
{
	w->bad = w->bad || !made || !yaml_emitter_emit(&w->y, e);
}

static void scalar(struct writer *w, const char *text)
{
	yaml_event_t e;

	emit(w, &e,
	     yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text, -1, 1, 1, YAML_PLAIN_SCALAR_STYLE));
}

static void begin_map(struct writer *w, yaml_mapping_style_t style)
{
	yaml_event_t e;

	emit(w, &e, yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, style));
}

static void end_map(struct writer *w)
{
	yaml_event_t e;

	emit(w, &e, yaml_mapping_end_event_initialize(&e));
}

static void begin_list(struct writer *w, const char *name, yaml_sequence_style_t style)
{
	yaml_event_t e;

	scalar(w, name);
	emit(w, &e, yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, style));
}

static void end_list(struct writer *w)
{
	yaml_event_t e;

	emit(w, &e, yaml_sequence_end_event_initialize(&e));
}

static void pair(struct writer *w, const char *name, const char *value)
{
	scalar(w, name);
	scalar(w, value);
}

static void number(struct writer *w, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof text, "%u", value);
	pair(w, name, text);
}

static void mac(struct writer *w, const char *name, uint64_t value)
{
	char text[MAC_TEXT];

	text_put_mac(value, text);
	pair(w, name, text);
}

static void policy(struct writer *w, const struct policy *p)
{
	char text[VLANS_TEXT];

	if (!p->set)
		return;
	scalar(w, "policy");
	begin_map(w, YAML_BLOCK_MAPPING_STYLE);
	for (int k = 0; k < POLICY_KEYS; k++)
		if (policy_has(p, (enum policy_key)k)) {
			policy_text(p, (enum policy_key)k, text);
			pair(w, policy_rows[k].name, text);
		}
	end_map(w);
}

static void switch_section(struct writer *w, const struct config *c)
{
	scalar(w, "switch");
	begin_map(w, YAML_BLOCK_MAPPING_STYLE);
	pair(w, "name", c->name);
	if (c->table_size)
		number(w, "mac-table-size", c->table_size);
	end_map(w);
}

static void dataplane_section(struct writer *w, const struct config *c)
{
	scalar(w, "dataplane");
	begin_map(w, YAML_BLOCK_MAPPING_STYLE);
	number(w, "workers", c->dataplane.workers);
	number(w, "memory", c->dataplane.memory_mib);
	pair(w, "hugepages", hugepages_words[c->dataplane.hugepages]);
	if (!c->dataplane.busy_poll)
		pair(w, "busy-poll", "off");
	if (c->dataplane.eal_count) {
		begin_list(w, "eal", YAML_FLOW_SEQUENCE_STYLE);
		for (unsigned i = 0; i < c->dataplane.eal_count; i++)
			scalar(w, c->dataplane.eal[i]);
		end_list(w);
	}
	end_map(w);
}

static void groups(struct writer *w, const struct config *c)
{
	if (!c->group_count)
		return;
	begin_list(w, "port-groups", YAML_BLOCK_SEQUENCE_STYLE);
	for (unsigned i = 0; i < c->group_count; i++) {
		begin_map(w, YAML_BLOCK_MAPPING_STYLE);
		pair(w, "name", c->group[i].name);
		policy(w, &c->group[i].policy);
		end_map(w);
	}
	end_list(w);
}

static void port(struct writer *w, const struct config_port *p)
{
	begin_map(w, YAML_BLOCK_MAPPING_STYLE);
	pair(w, "name", p->name);
	if (*p->device)
		pair(w, "device", p->device);
	if (*p->group)
		pair(w, "port-group", p->group);
	if (p->mac)
		mac(w, "mac-address", p->mac);
	if (p->effective)
		mac(w, "effective-mac", p->effective);
	if (p->mtu)
		number(w, "mtu", p->mtu);
	if (p->queues)
		number(w, "queues", p->queues);
	if (p->disabled)
		pair(w, "enabled", "off");
	policy(w, &p->policy);
	end_map(w);
}

static void ports(struct writer *w, const struct config *c)
{
	begin_list(w, "ports", c->port_count ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
	for (unsigned i = 0; i < c->port_count; i++)
		port(w, &c->port[i]);
	end_list(w);
}

static void statics(struct writer *w, const struct config *c)
{
	if (!c->fixed_count)
		return;
	begin_list(w, "static-macs", YAML_BLOCK_SEQUENCE_STYLE);
	for (unsigned i = 0; i < c->fixed_count; i++) {
		begin_map(w, YAML_FLOW_MAPPING_STYLE);
		mac(w, "mac", c->fixed[i].mac);
		number(w, "vlan", c->fixed[i].vid);
		pair(w, "port", c->fixed[i].port);
		end_map(w);
	}
	end_list(w);
}

static void mirrors(struct writer *w, const struct config *c)
{
	if (!c->mirror_count)
		return;
	begin_list(w, "mirrors", YAML_BLOCK_SEQUENCE_STYLE);
	for (unsigned i = 0; i < c->mirror_count; i++) {
		const struct config_mirror *m = &c->mirror[i];
		begin_map(w, YAML_BLOCK_MAPPING_STYLE);
		pair(w, "name", m->name);
		begin_list(w, "source", YAML_FLOW_SEQUENCE_STYLE);
		for (unsigned k = 0; k < m->source_count; k++)
			scalar(w, m->source[k]);
		end_list(w);
		pair(w, "direction", mirror_direction_words[m->direction]);
		pair(w, "destination", m->destination);
		end_map(w);
	}
	end_list(w);
}

static void document(struct writer *w, const struct config *c)
{
	yaml_event_t e;

	emit(w, &e, yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING));
	emit(w, &e, yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1));
	begin_map(w, YAML_BLOCK_MAPPING_STYLE);
	switch_section(w, c);
	dataplane_section(w, c);
	policy(w, &c->policy);
	groups(w, c);
	ports(w, c);
	statics(w, c);
	mirrors(w, c);
	end_map(w);
	emit(w, &e, yaml_document_end_event_initialize(&e, 1));
	emit(w, &e, yaml_stream_end_event_initialize(&e));
}

int config_write(const struct config *c, FILE *out)
{
	struct writer w = {.bad = false};

	if (!yaml_emitter_initialize(&w.y))
		return -ENOMEM;
	yaml_emitter_set_output_file(&w.y, out);
	yaml_emitter_set_width(&w.y, -1);
	document(&w, c);
	yaml_emitter_delete(&w.y);
	return w.bad || fflush(out) ? -EIO : 0;
}
