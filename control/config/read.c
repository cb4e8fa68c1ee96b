// SPDX-License-Identifier: BSD-3-Clause
// Reads YAML into struct config, driven by the tables of config/settings.h.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/common/error.h"
#include "control/common/policykeys.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/config/settings.h"
#include "control/config/syntax.h"

struct reader {
	yaml_document_t doc;
	struct config *config;
	struct error *error;
	const char *text;
	size_t len;
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

// Whether there is no value: nothing, ~ or null without quotes (YAML 1.2.2, 10.3.2).
static bool is_null(const yaml_node_t *n)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp((const char *)n->data.scalar.value, words[i]))
			return true;
	return false;
}

// Returns the text of a scalar, which must contain no zero byte. NULL after an error.
static const char *read_scalar(struct reader *r, const char *name, const yaml_node_t *n)
{
	if (n->type != YAML_SCALAR_NODE) {
		REFUSE(r, n, "%s is %s (give a single value)", name, kind_of(n));
		return NULL;
	}
	const char *text = (const char *)n->data.scalar.value;
	if (strlen(text) != n->data.scalar.length) {
		REFUSE(r, n, "%s contains a zero byte (give a text)", name);
		return NULL;
	}
	return text;
}

// Finds the section, or the list of objects, that a key belongs in. NULL: none, or several.
static const struct setting *section_of(const char *name)
{
	const struct setting *found = NULL;

	for (const struct setting *s = config_settings; s->name; s++) {
		const struct setting *within = s->element ? s->element->settings : s->settings;
		if (!within || !setting_find(within, name))
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}

// A key without a value after a comma in braces: the rest of a list without quotes. False: it is
// something else.
static bool is_rest_of_list(struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair,
			    const char *name)
{
	const yaml_node_t *value = yaml_document_get_node(&r->doc, pair->value), *key, *former;

	if (map->data.mapping.style != YAML_FLOW_MAPPING_STYLE ||
	    pair == map->data.mapping.pairs.start || value->type != YAML_SCALAR_NODE ||
	    value->data.scalar.length)
		return false;
	key = yaml_document_get_node(&r->doc, pair[-1].key);
	former = yaml_document_get_node(&r->doc, pair[-1].value);
	if (key->type != YAML_SCALAR_NODE || former->type != YAML_SCALAR_NODE)
		return false;
	const char *list = (const char *)key->data.scalar.value,
		   *begun = (const char *)former->data.scalar.value;
	error_at(
		r->error, mark_of(yaml_document_get_node(&r->doc, pair->key)),
		"the comma before '%.40s' ends %.40s (inside { }, put a value with commas in quotes: "
		"%.40s: \"%.60s,%.40s\")",
		name, list, list, begun, name);
	return true;
}

static bool refuse_unknown_key(struct reader *r, const char *what, const yaml_node_t *key,
			       const char *name, const struct setting *table)
{
	bool policy = policy_find(name) >= 0 && setting_find(table, "policy");
	bool misspelt = text_nearest(name, setting_name, (void *)(uintptr_t)table);
	const struct setting *section = misspelt ? NULL : section_of(name);
	char hint[TEXT_HINT];

	if (section && section->element && table == config_settings)
		return REFUSE(r, key, "key '%s' of %s belongs to %s (indent it below %s)", name,
			      what, section->element->name, section->name);
	if (section && !section->element)
		return REFUSE(r, key, "key '%s' of %s belongs in %s (%s: { %s: … })", name, what,
			      section->name, section->name, name);
	if (policy)
		return REFUSE(r, key, "key '%s' of %s belongs in its policy (policy: { %s: … })",
			      name, what, name);
	return REFUSE(r, key, "unknown key '%.40s' in %s%s", name, what,
		      text_hint(hint, name, setting_name, (void *)(uintptr_t)table, NULL));
}

// Whether an earlier pair of the mapping has the same key.
static bool has_earlier(struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair,
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

// Returns the name of a pair's key. NULL after an error.
static const char *pair_name(struct reader *r, const char *what, const yaml_node_t *map,
			     const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	const char *name = read_scalar(r, "a key", key);

	if (name && has_earlier(r, map, pair, name)) {
		REFUSE(r, key, "key '%.40s' is defined twice in %s (keep one)", name, what);
		return NULL;
	}
	return name;
}

static bool check_mapping(struct reader *r, const char *what, const yaml_node_t *n)
{
	return n->type == YAML_MAPPING_NODE ||
	       REFUSE(r, n, "%s is %s (give a mapping of keys to values)", what, kind_of(n));
}

static bool has_key(struct reader *r, const yaml_node_t *map, const char *name)
{
	return has_earlier(r, map, map->data.mapping.pairs.top, name);
}

// Returns the text of a list such as 1,10-20. A YAML list is joined. NULL after an error.
static const char *list_text(struct reader *r, enum policy_key key, const yaml_node_t *n,
			     char joined[POLICY_TEXT])
{
	const char *name = policy_rows[key].name;
	size_t at = 0;

	if (n->type != YAML_SEQUENCE_NODE)
		return read_scalar(r, name, n);
	snprintf(joined, POLICY_TEXT, "%s", policy_rows[key].type == POLICY_MACS ? "none" : "");
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
	     i++) {
		const char *text = read_scalar(r, name, yaml_document_get_node(&r->doc, *i));
		if (!text)
			return NULL;
		at += (size_t)snprintf(joined + at, POLICY_TEXT - at, "%s%s", at ? "," : "", text);
		if (at >= POLICY_TEXT) {
			REFUSE(r, n,
			       "%s is longer than %d characters (write neighbours as a range: 10-20)",
			       name, POLICY_TEXT - 1);
			return NULL;
		}
	}
	return joined;
}

// The node of the item of a list that is wrong by itself, else that of the list.
static const yaml_node_t *wrong_item(struct reader *r, enum policy_key key, const yaml_node_t *list)
{
	struct policy alone = {0};
	char why[POLICY_ERROR];

	if (list->type != YAML_SEQUENCE_NODE)
		return list;
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
		if (!policy_set(&alone, key, (const char *)item->data.scalar.value, why))
			return item;
	}
	return list;
}

static bool read_policy(struct reader *r, const char *what, const yaml_node_t *map,
			struct policy *policy)
{
	char why[POLICY_ERROR], joined[POLICY_TEXT], hint[TEXT_HINT];

	if (is_null(map))
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
		if (k < 0 && is_rest_of_list(r, map, p, name))
			return false;
		if (k < 0)
			return REFUSE(r, key, "unknown policy key '%.40s'%s", name,
				      policy_hint(hint, name));
		const char *text = policy_is_list((enum policy_key)k)
					   ? list_text(r, (enum policy_key)k, value, joined)
					   : read_scalar(r, name, value);
		if (!text)
			return false;
		if (!policy_set(policy, (enum policy_key)k, text, why))
			return REFUSE(r, wrong_item(r, (enum policy_key)k, value), "%s", why);
	}
	return true;
}

// Sets the place of an error to that of a node.
static bool blame(struct reader *r, const yaml_node_t *n)
{
	r->error->at = mark_of(n);
	return false;
}

static void set_mark(void *object, size_t at, const yaml_node_t *n)
{
	*(struct mark *)((char *)object + at) = mark_of(n);
}

static bool read_value(struct reader *r, const struct setting *s, const yaml_node_t *n,
		       void *object)
{
	const char *text = read_scalar(r, s->name, n);

	if (!text)
		return false;
	if (s->mark)
		set_mark(object, s->mark, n);
	return setting_set(s, object, text, r->error) || blame(r, n);
}

static bool read_text(struct reader *r, const struct setting *s, const yaml_node_t *n, void *object)
{
	unsigned i = setting_count(s, object);
	const char *text = read_scalar(r, s->name, n);

	if (!text)
		return false;
	if (s->mark && i < s->max)
		set_mark(object, s->mark + i * sizeof(struct mark), n);
	return setting_set(s, object, text, r->error) || blame(r, n);
}

static bool read_object(struct reader *r, const char *what, const yaml_node_t *map,
			const struct setting *table, void *object);

static bool read_element(struct reader *r, const struct setting *s, const yaml_node_t *n,
			 void *object)
{
	void *element = setting_add_element(s, object);

	if (!element)
		return REFUSE(r, n, "more than %u %s (the most there can be)", s->max, s->many);
	set_mark(element, s->element->mark, n);
	return read_object(r, s->element->name, n, s->element->settings, element);
}

// What is in the place of a list.
static bool refuse_list(struct reader *r, const struct setting *s, const yaml_node_t *n)
{
	bool value = n->type == YAML_SCALAR_NODE && s->type != SETTING_ELEMENTS;

	if (value)
		return REFUSE(r, n, "%s is a value (give a list: [%.40s])", s->name,
			      (const char *)n->data.scalar.value);
	return REFUSE(r, n, "%s is %s (give a list, each item behind a '-')", s->name, kind_of(n));
}

// Calls read() for every node of a list.
static bool read_list(struct reader *r, const struct setting *s, const yaml_node_t *n, void *object,
		      bool (*read)(struct reader *r, const struct setting *s, const yaml_node_t *n,
				   void *object))
{
	if (is_null(n))
		return true;
	if (n->type != YAML_SEQUENCE_NODE)
		return refuse_list(r, s, n);
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
	     i++)
		if (!read(r, s, yaml_document_get_node(&r->doc, *i), object))
			return false;
	return true;
}

static bool read_setting(struct reader *r, const struct setting *s, yaml_node_t *n, void *object)
{
	switch (s->type) {
	case SETTING_POLICY:
		if (s->mark)
			set_mark(object, s->mark, n);
		return read_policy(r, s->name, n, setting_member(s, object));
	case SETTING_SECTION:
		return is_null(n) || read_object(r, s->name, n, s->settings, object);
	case SETTING_ELEMENTS:
		return read_list(r, s, n, object, read_element);
	case SETTING_TEXTS:
	case SETTING_NAMES:
		return read_list(r, s, n, object, read_text);
	default:
		return read_value(r, s, n, object);
	}
}

static bool read_object(struct reader *r, const char *what, const yaml_node_t *map,
			const struct setting *table, void *object)
{
	if (!check_mapping(r, what, map))
		return false;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		const char *name = pair_name(r, what, map, p);
		const struct setting *s = name ? setting_find(table, name) : NULL;
		if (!name)
			return false;
		if (!s && is_rest_of_list(r, map, p, name))
			return false;
		if (!s)
			return refuse_unknown_key(r, what, yaml_document_get_node(&r->doc, p->key),
						  name, table);
		if (!read_setting(r, s, yaml_document_get_node(&r->doc, p->value), object))
			return false;
	}
	for (; table->name; table++)
		if (table->flags & SETTING_REQUIRED && !has_key(r, map, table->name))
			return REFUSE(r, map, "%s has no %s (which is required)", what,
				      table->name);
	return true;
}

static bool read_root(struct reader *r)
{
	yaml_node_t *root = yaml_document_get_root_node(&r->doc);

	if (!root || is_null(root))
		return error_at(r->error, (struct mark){1, 1},
				"the configuration is empty (it needs at least ports)");
	return read_object(r, "the configuration", root, config_settings, r->config);
}

// Checks that nothing follows the first document.
static bool check_end(yaml_parser_t *y, const struct reader *r)
{
	struct error *e = r->error;
	yaml_document_t next;

	if (!yaml_parser_load(y, &next))
		return syntax_explain(y, r->text, r->len, e);
	yaml_node_t *more = yaml_document_get_root_node(&next);
	bool good = !more || error_at(e, mark_of(more),
				      "a second document (a configuration is one document)");
	yaml_document_delete(&next);
	return good;
}

static bool parse_document(yaml_parser_t *y, struct reader *r)
{
	if (!yaml_parser_load(y, &r->doc))
		return syntax_explain(y, r->text, r->len, r->error);
	// First, because a file that is indented wrongly can look like two documents.
	bool good = check_end(y, r) && read_root(r) && evpn_validate(r->config, r->error) &&
		    evpn_derive_peers(r->config, r->error) && config_validate(r->config, r->error);
	yaml_document_delete(&r->doc);
	return good;
}

struct config *config_parse(const char *text, size_t len, struct error *e)
{
	struct reader r = {.config = config_new(), .error = e, .text = text, .len = len};
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
		error_set(e, "cannot read it: %s", strerror(errno));
		return NULL;
	}
	struct config *c = config_parse(text, len, e);
	free(text);
	return c;
}
