// SPDX-License-Identifier: BSD-3-Clause
// The reading half of config: YAML to struct config. Each mapping is a table of its keys.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"

struct reader {
	yaml_document_t doc;
	struct config *config;
	struct error *error;
};

// Reads the value of a key into target; name is the key.
typedef bool (*read_fn)(struct reader *r, const char *name, yaml_node_t *value, void *target);

struct field {
	const char *name;
	read_fn read;
	bool required;
};

static struct mark mark_of(const yaml_node_t *n)
{
	return (struct mark){(unsigned)n->start_mark.line + 1, (unsigned)n->start_mark.column + 1};
}

#define REFUSE(r, node, ...) error_at((r)->error, mark_of(node), __VA_ARGS__)

static const char *kind_of(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE     ? "a value"
	       : n->type == YAML_SEQUENCE_NODE ? "a list"
					       : "a mapping";
}

// The text of a scalar without a zero byte in it; NULL after an error.
static const char *scalar(struct reader *r, const char *name, const yaml_node_t *n)
{
	if (n->type != YAML_SCALAR_NODE) {
		REFUSE(r, n, "%s is %s (a single value is wanted)", name, kind_of(n));
		return NULL;
	}
	const char *text = (const char *)n->data.scalar.value;
	if (strlen(text) != n->data.scalar.length) {
		REFUSE(r, n, "%s has a zero byte in it", name);
		return NULL;
	}
	return text;
}

static bool read_text(struct reader *r, const char *name, yaml_node_t *n, char *out, size_t size)
{
	const char *text = scalar(r, name, n);

	if (!text)
		return false;
	if (!*text || strlen(text) >= size)
		return REFUSE(r, n, "%s '%.40s' is not 1 to %zu characters long", name, text,
			      size - 1);
	strcpy(out, text);
	return true;
}

static bool read_name(struct reader *r, const char *name, yaml_node_t *n, char *out, size_t size)
{
	if (!read_text(r, name, n, out, size))
		return false;
	return text_is_name(out, size - 1) ||
	       REFUSE(r, n, "%s '%.64s' has a character that is not one of A-Z a-z 0-9 _ . -", name,
		      out);
}

static bool read_number(struct reader *r, const char *name, yaml_node_t *n, uint32_t min,
			uint32_t max, uint32_t *out)
{
	const char *text = scalar(r, name, n);
	uint64_t v;

	if (!text)
		return false;
	if (!text_number(text, max, &v) || v < min)
		return REFUSE(r, n, "%s cannot be '%.40s' (a number from %u to %u)", name, text,
			      min, max);
	*out = (uint32_t)v;
	return true;
}

static bool read_switch_word(struct reader *r, const char *name, yaml_node_t *n, bool *on)
{
	const char *text = scalar(r, name, n);

	if (!text)
		return false;
	return text_switch(text, on) ||
	       REFUSE(r, n, "%s cannot be '%.40s' (on or off)", name, text);
}

static bool read_mac(struct reader *r, const char *name, yaml_node_t *n, uint64_t *mac)
{
	const char *text = scalar(r, name, n);

	if (!text)
		return false;
	if (!text_mac(text, mac))
		return REFUSE(r, n, "%s '%.40s' is no MAC address (such as 02:00:00:00:00:01)",
			      name, text);
	if (*mac >> 40 & 1 || !*mac)
		return REFUSE(r, n, "%s '%s' is %s address (a single station's is wanted)", name,
			      text, *mac ? "a group" : "no station's");
	return true;
}

static const struct field *field_find(const struct field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(fields->name, name))
			return fields;
	return NULL;
}

static const char *field_name(void *fields, size_t i)
{
	return ((const struct field *)fields)[i].name;
}

static bool unknown_key(struct reader *r, const char *what, const yaml_node_t *key,
			const char *name, const struct field *fields)
{
	bool policy = policy_find(name) >= 0 && field_find(fields, "policy");
	char hint[TEXT_HINT];

	if (policy)
		return REFUSE(r, key,
			      "key '%s' of %s does not stand in its policy (policy: { %s: … })",
			      name, what, name);
	return REFUSE(r, key, "unknown key '%.40s' in %s%s", name, what,
		      text_hint(hint, name, field_name, (void *)(uintptr_t)fields, NULL));
}

// Whether an earlier pair of the mapping has the same key.
static bool stands_before(struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair,
			  const char *name)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
		if (key->type == YAML_SCALAR_NODE &&
		    !strcmp((const char *)key->data.scalar.value, name))
			return true;
	}
	return false;
}

// The name of a pair's key; NULL after an error.
static const char *pair_name(struct reader *r, const char *what, const yaml_node_t *map,
			     const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	const char *name = scalar(r, "a key", key);

	if (name && stands_before(r, map, pair, name)) {
		REFUSE(r, key, "key '%.40s' is there twice in %s", name, what);
		return NULL;
	}
	return name;
}

static bool check_mapping(struct reader *r, const char *what, const yaml_node_t *n)
{
	return n->type == YAML_MAPPING_NODE ||
	       REFUSE(r, n, "%s is %s (a mapping of keys to values is wanted)", what, kind_of(n));
}

static bool has_key(struct reader *r, const yaml_node_t *map, const char *name)
{
	return stands_before(r, map, map->data.mapping.pairs.top, name);
}

static bool read_mapping(struct reader *r, const char *what, yaml_node_t *map,
			 const struct field *fields, void *target)
{
	if (!check_mapping(r, what, map))
		return false;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		const char *name = pair_name(r, what, map, p);
		const struct field *f = name ? field_find(fields, name) : NULL;
		if (!name)
			return false;
		if (!f)
			return unknown_key(r, what, yaml_document_get_node(&r->doc, p->key), name,
					   fields);
		if (!f->read(r, name, yaml_document_get_node(&r->doc, p->value), target))
			return false;
	}
	for (; fields->name; fields++)
		if (fields->required && !has_key(r, map, fields->name))
			return REFUSE(r, map, "%s has no %s (it needs one)", what, fields->name);
	return true;
}

// Calls read() for every element of a list.
static bool read_list(struct reader *r, const char *name, yaml_node_t *n, read_fn read)
{
	if (n->type == YAML_SCALAR_NODE && !n->data.scalar.length)
		return true; // a key with nothing behind it
	if (n->type != YAML_SEQUENCE_NODE)
		return REFUSE(r, n, "%s is %s (a list is wanted)", name, kind_of(n));
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
	     i++)
		if (!read(r, name, yaml_document_get_node(&r->doc, *i), r->config))
			return false;
	return true;
}

// The text of a list of VLANs, which may be written as a YAML list too; NULL after an error.
static const char *vlans_text(struct reader *r, const char *name, const yaml_node_t *n,
			      char joined[VLANS_TEXT])
{
	size_t at = 0;

	if (n->type != YAML_SEQUENCE_NODE)
		return scalar(r, name, n);
	joined[0] = 0;
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
	     i++) {
		const char *text = scalar(r, name, yaml_document_get_node(&r->doc, *i));
		if (!text)
			return NULL;
		at += (size_t)snprintf(joined + at, VLANS_TEXT - at, "%s%s", at ? "," : "", text);
		if (at >= VLANS_TEXT) {
			REFUSE(r, n, "%s is longer than %d characters (join neighbours: 10-20)",
			       name, VLANS_TEXT - 1);
			return NULL;
		}
	}
	return joined;
}

static bool read_policy(struct reader *r, const char *what, yaml_node_t *map, void *target)
{
	char why[POLICY_ERROR], joined[VLANS_TEXT], hint[TEXT_HINT];

	if (map->type == YAML_SCALAR_NODE && !map->data.scalar.length)
		return true;
	if (!check_mapping(r, what, map))
		return false;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *key = yaml_document_get_node(&r->doc, p->key),
			    *value = yaml_document_get_node(&r->doc, p->value);
		const char *name = pair_name(r, what, map, p);
		if (!name)
			return false;
		int k = policy_find(name);
		if (k < 0)
			return REFUSE(r, key, "unknown policy key '%.40s'%s", name,
				      policy_hint(hint, name));
		const char *text = policy_rows[k].type == POLICY_VLANS
					   ? vlans_text(r, name, value, joined)
					   : scalar(r, name, value);
		if (!text)
			return false;
		if (!policy_set(target, (enum policy_key)k, text, why))
			return REFUSE(r, value, "%s", why);
	}
	return true;
}

static bool switch_name(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	return read_text(r, name, n, ((struct config *)c)->name, SWITCH_NAME);
}

static bool switch_table_size(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	((struct config *)c)->table_size_at = mark_of(n);
	return read_number(r, name, n, 1, TABLE_SIZE_MAX, &((struct config *)c)->table_size);
}

static bool read_switch(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	static const struct field fields[] = {
		{"name", switch_name, false},
		{"mac-table-size", switch_table_size, false},
		{0},
	};

	return read_mapping(r, name, n, fields, c);
}

static bool dataplane_workers(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	return read_number(r, name, n, 1, CONFIG_WORKERS_MAX,
			   &((struct config *)c)->dataplane.workers);
}

static bool dataplane_memory(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	return read_number(r, name, n, 64, 1 << 20, &((struct config *)c)->dataplane.memory_mib);
}

static bool dataplane_hugepages(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	const char *text = scalar(r, name, n);
	enum hugepages *h = &((struct config *)c)->dataplane.hugepages;
	char hint[TEXT_HINT];
	bool on;

	if (!text)
		return false;
	if (!strcmp(text, "auto"))
		*h = HUGEPAGES_AUTO;
	else if (text_switch(text, &on))
		*h = on ? HUGEPAGES_ON : HUGEPAGES_OFF;
	else
		return REFUSE(r, n, "hugepages cannot be '%.40s'%s", text,
			      text_hint_of(hint, text, hugepages_words));
	return true;
}

static bool dataplane_busy_poll(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	return read_switch_word(r, name, n, &((struct config *)c)->dataplane.busy_poll);
}

static bool eal_arg(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	struct config *config = c;

	if (config->dataplane.eal_count == EAL_ARGS_MAX)
		return REFUSE(r, n, "more than %d eal arguments", EAL_ARGS_MAX);
	return read_text(r, name, n, config->dataplane.eal[config->dataplane.eal_count++], EAL_ARG);
}

static bool dataplane_eal(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	(void)c;
	return read_list(r, name, n, eal_arg);
}

static bool read_dataplane(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	static const struct field fields[] = {
		{"workers", dataplane_workers, false},
		{"memory", dataplane_memory, false},
		{"hugepages", dataplane_hugepages, false},
		{"busy-poll", dataplane_busy_poll, false},
		{"eal", dataplane_eal, false},
		{0},
	};

	return read_mapping(r, name, n, fields, c);
}

static bool read_switch_policy(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	return read_policy(r, name, n, &((struct config *)c)->policy);
}

static bool group_name(struct reader *r, const char *name, yaml_node_t *n, void *g)
{
	return read_name(r, name, n, ((struct config_group *)g)->name, GROUP_NAME);
}

static bool group_policy(struct reader *r, const char *name, yaml_node_t *n, void *g)
{
	return read_policy(r, name, n, &((struct config_group *)g)->policy);
}

static bool read_group(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	static const struct field fields[] = {
		{"name", group_name, true}, {"policy", group_policy, false}, {0}};
	struct config_group *g = config_add_group(c);

	(void)name;
	if (!g)
		return REFUSE(r, n, "more than %d port groups", CONFIG_GROUPS_MAX);
	g->at = mark_of(n);
	return read_mapping(r, "a port group", n, fields, g);
}

static bool port_name(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	((struct config_port *)p)->at = mark_of(n);
	return read_name(r, name, n, ((struct config_port *)p)->name, PORT_NAME);
}

static bool port_device(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	((struct config_port *)p)->device_at = mark_of(n);
	return read_text(r, name, n, ((struct config_port *)p)->device, DEVICE_TEXT);
}

static bool port_group(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	((struct config_port *)p)->group_at = mark_of(n);
	return read_name(r, name, n, ((struct config_port *)p)->group, GROUP_NAME);
}

static bool port_mac(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	((struct config_port *)p)->mac_at = mark_of(n);
	return read_mac(r, name, n, &((struct config_port *)p)->mac);
}

static bool port_effective(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	((struct config_port *)p)->effective_at = mark_of(n);
	return read_mac(r, name, n, &((struct config_port *)p)->effective);
}

static bool port_mtu(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	return read_number(r, name, n, MTU_MIN, MTU_MAX, &((struct config_port *)p)->mtu);
}

static bool port_queues(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	return read_number(r, name, n, 1, QUEUES_MAX, &((struct config_port *)p)->queues);
}

static bool port_enabled(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	bool on;

	if (!read_switch_word(r, name, n, &on))
		return false;
	((struct config_port *)p)->disabled = !on;
	return true;
}

static bool port_policy(struct reader *r, const char *name, yaml_node_t *n, void *p)
{
	return read_policy(r, name, n, &((struct config_port *)p)->policy);
}

static bool read_port(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	static const struct field fields[] = {
		{"name", port_name, true},
		{"device", port_device, false},
		{"port-group", port_group, false},
		{"mac-address", port_mac, false},
		{"effective-mac", port_effective, false},
		{"mtu", port_mtu, false},
		{"queues", port_queues, false},
		{"enabled", port_enabled, false},
		{"policy", port_policy, false},
		{0},
	};
	struct config_port *p = config_add_port(c);

	(void)name;
	if (!p)
		return REFUSE(r, n, "more than %d ports", CONFIG_PORTS_MAX);
	p->at = mark_of(n);
	return read_mapping(r, "a port", n, fields, p);
}

static bool static_mac(struct reader *r, const char *name, yaml_node_t *n, void *s)
{
	((struct config_static *)s)->at = mark_of(n);
	return read_mac(r, name, n, &((struct config_static *)s)->mac);
}

static bool static_vlan(struct reader *r, const char *name, yaml_node_t *n, void *s)
{
	uint32_t vid = 0;

	if (!read_number(r, name, n, 1, 4094, &vid))
		return false;
	((struct config_static *)s)->vid = (uint16_t)vid;
	return true;
}

static bool static_port(struct reader *r, const char *name, yaml_node_t *n, void *s)
{
	return read_name(r, name, n, ((struct config_static *)s)->port, PORT_NAME);
}

static bool read_static(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	static const struct field fields[] = {
		{"mac", static_mac, true},
		{"vlan", static_vlan, true},
		{"port", static_port, true},
		{0},
	};
	struct config_static *s = config_add_static(c);

	(void)name;
	if (!s)
		return REFUSE(r, n, "more than %d static MACs", CONFIG_STATICS_MAX);
	s->at = mark_of(n);
	return read_mapping(r, "a static MAC", n, fields, s);
}

static bool mirror_name(struct reader *r, const char *name, yaml_node_t *n, void *m)
{
	return read_name(r, name, n, ((struct config_mirror *)m)->name, GROUP_NAME);
}

static bool mirror_source(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	// The list belongs to the mirror that was added last.
	struct config_mirror *m =
		&((struct config *)c)->mirror[((struct config *)c)->mirror_count - 1];

	if (m->source_count == CONFIG_PORTS_MAX)
		return REFUSE(r, n, "more than %d sources", CONFIG_PORTS_MAX);
	m->source_at[m->source_count] = mark_of(n);
	return read_name(r, name, n, m->source[m->source_count++], PORT_NAME);
}

static bool mirror_sources(struct reader *r, const char *name, yaml_node_t *n, void *m)
{
	(void)m;
	return read_list(r, name, n, mirror_source);
}

static bool mirror_direction(struct reader *r, const char *name, yaml_node_t *n, void *m)
{
	const char *text = scalar(r, name, n);
	char hint[TEXT_HINT];

	if (!text)
		return false;
	for (int d = MIRROR_RX; d <= MIRROR_BOTH; d++)
		if (!strcmp(text, mirror_direction_words[d])) {
			((struct config_mirror *)m)->direction = (enum mirror_direction)d;
			return true;
		}
	return REFUSE(r, n, "direction cannot be '%.40s'%s", text,
		      text_hint_of(hint, text, &mirror_direction_words[MIRROR_RX]));
}

static bool mirror_destination(struct reader *r, const char *name, yaml_node_t *n, void *m)
{
	((struct config_mirror *)m)->destination_at = mark_of(n);
	return read_name(r, name, n, ((struct config_mirror *)m)->destination, PORT_NAME);
}

static bool read_mirror(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	static const struct field fields[] = {
		{"name", mirror_name, true},
		{"source", mirror_sources, true},
		{"direction", mirror_direction, false},
		{"destination", mirror_destination, true},
		{0},
	};
	struct config_mirror *m = config_add_mirror(c);

	(void)name;
	if (!m)
		return REFUSE(r, n, "more than %d mirrors", CONFIG_MIRRORS_MAX);
	m->at = mark_of(n);
	m->direction = MIRROR_BOTH;
	return read_mapping(r, "a mirror", n, fields, m);
}

static bool read_mirrors(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	(void)c;
	return read_list(r, name, n, read_mirror);
}

static bool read_groups(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	(void)c;
	return read_list(r, name, n, read_group);
}

static bool read_ports(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	(void)c;
	return read_list(r, name, n, read_port);
}

static bool read_statics(struct reader *r, const char *name, yaml_node_t *n, void *c)
{
	(void)c;
	return read_list(r, name, n, read_static);
}

static bool read_root(struct reader *r)
{
	static const struct field fields[] = {
		{"switch", read_switch, false},        {"dataplane", read_dataplane, false},
		{"policy", read_switch_policy, false}, {"port-groups", read_groups, false},
		{"ports", read_ports, true},           {"static-macs", read_statics, false},
		{"mirrors", read_mirrors, false},      {0},
	};
	yaml_node_t *root = yaml_document_get_root_node(&r->doc);

	if (!root)
		return error_at(r->error, (struct mark){1, 1},
				"nothing in it (a configuration has at least ports)");
	return read_mapping(r, "the configuration", root, fields, r->config);
}

static bool syntax_error(const yaml_parser_t *y, struct error *e)
{
	const yaml_mark_t *m = y->problem_mark.line || y->problem_mark.column ? &y->problem_mark
									      : &y->mark;

	return error_at(e, (struct mark){(unsigned)m->line + 1, (unsigned)m->column + 1}, "%s%s%s",
			y->problem ? y->problem : "out of memory", y->context ? " " : "",
			y->context ? y->context : "");
}

// That nothing follows the first document.
static bool check_end(yaml_parser_t *y, struct error *e)
{
	yaml_document_t next;

	if (!yaml_parser_load(y, &next))
		return syntax_error(y, e);
	yaml_node_t *more = yaml_document_get_root_node(&next);
	bool good = !more || error_at(e, mark_of(more),
				      "a second document (one configuration is one document)");
	yaml_document_delete(&next);
	return good;
}

static bool parse_document(yaml_parser_t *y, struct reader *r)
{
	if (!yaml_parser_load(y, &r->doc))
		return syntax_error(y, r->error);
	bool good = read_root(r) && config_validate(r->config, r->error);
	yaml_document_delete(&r->doc);
	return good && check_end(y, r->error);
}

struct config *config_parse(const char *text, size_t len, struct error *e)
{
	struct reader r = {.config = config_new(), .error = e};
	yaml_parser_t y;

	*e = (struct error){.text = "out of memory"};
	if (!r.config)
		return NULL;
	if (!yaml_parser_initialize(&y)) {
		config_free(r.config);
		return NULL;
	}
	yaml_parser_set_input_string(&y, (const unsigned char *)text, len);
	bool good = parse_document(&y, &r);
	yaml_parser_delete(&y);
	if (good)
		return r.config;
	config_free(r.config);
	return NULL;
}

char *config_load(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? malloc(CONFIG_FILE_MAX + 1) : NULL;
	bool bad = !text;

	if (text) {
		*len = fread(text, 1, CONFIG_FILE_MAX + 1, f);
		bad = ferror(f);
		if (!bad && *len > CONFIG_FILE_MAX) {
			errno = EFBIG;
			bad = true;
		}
	}
	int error = errno;
	if (f)
		fclose(f);
	if (bad) {
		free(text);
		errno = error;
		return NULL;
	}
	text[*len] = 0;
	return text;
}

struct config *config_read(const char *path, struct error *e)
{
	size_t len;
	char *text = config_load(path, &len);

	if (!text) {
		*e = (struct error){0};
		error_set(e, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	struct config *c = config_parse(text, len, e);
	free(text);
	return c;
}
