// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/common/text.h"
#include "control/config/config.h"
#include "control/config/settings.h"
#include "control/config/walk.h"
#include "dataplane/key.h"

enum { OBJECT_TEXT = 128 };

// A visitor that makes {section: {object: {key: value}}} from a configuration.
struct flat {
	struct config_visitor visitor;
	json_t *all;
	const char *section; // the open section, NULL: none
	json_t *settings;    // of the open object
	unsigned maps;       // open mappings within the object, such as its policy
	const char *list;    // key of the open list, NULL: none
	unsigned depth;      // how many objects and lists are open in that list
	unsigned within;     // a bit for each of them, the lowest for the innermost: 1 a list
	bool first;          // the next value is the first one of its list or object
	FILE *values;        // the text of the list so far
	char *text;
	size_t size;
};

static void open_list(struct flat *f, const char *key)
{
	f->list = key;
	f->within = f->depth = 0;
	f->first = true;
	f->values = open_memstream(&f->text, &f->size);
	if (f->values)
		fputc('[', f->values);
}

static void close_list(struct flat *f)
{
	if (f->values) {
		fputc(']', f->values);
		fclose(f->values);
		json_object_set_new(f->settings, f->list, json_string(f->text));
		free(f->text);
	}
	f->list = NULL;
	f->values = NULL;
}

// Adds a value, or the beginning of an object or list, to the open list.
static void add_to_list(struct flat *f, const char *key, const char *text)
{
	if (!f->values)
		return;
	fprintf(f->values, "%s%s%s%s", f->first ? "" : ", ", key ? key : "", key ? ": " : "", text);
	f->first = false;
}

static void begin_in_list(struct flat *f, const char *name, bool list)
{
	add_to_list(f, name, list ? "[" : "{");
	f->within = f->within << 1 | list;
	f->depth++;
	f->first = true;
}

static void end_in_list(struct flat *f)
{
	if (f->values)
		fputc(f->within & 1 ? ']' : '}', f->values);
	f->within >>= 1;
	f->depth--;
	f->first = false;
}

static void diff_begin(struct config_visitor *v, const char *name, enum config_shape shape)
{
	struct flat *f = (struct flat *)v;
	bool list = shape == CONFIG_LIST || shape == CONFIG_BRIEF_LIST;

	if (f->list) {
		begin_in_list(f, name, list);
		return;
	}
	if (f->settings) {
		if (list)
			open_list(f, name);
		else
			f->maps++;
		return;
	}
	if (!list)
		f->settings = json_object();
	if (!f->section) {
		f->section = name;
		if (!json_object_get(f->all, name))
			json_object_set_new(f->all, name, json_object());
	}
}

static void diff_value(struct config_visitor *v, const char *key, const char *text)
{
	struct flat *f = (struct flat *)v;

	if (f->list)
		add_to_list(f, key, text);
	else
		json_object_set_new(f->settings, key, json_string(text));
}

static bool is_group(const char *text)
{
	uint64_t mac;

	return text && text_mac(text, &mac) && mac_is_group(mac);
}

// Address and VLAN identify an object without a name, therefore they are not compared as its
// settings. A group has an object for each of its ports.
static void name_by_address(const char *label, json_t *settings, char out[OBJECT_TEXT])
{
	const char *mac = json_string_value(json_object_get(settings, "mac")),
		   *port = json_string_value(json_object_get(settings, "port")),
		   *vlan = json_string_value(json_object_get(settings, "vlan"));
	bool any_mac = !mac && port; // a binding of every station behind a port

	int length = snprintf(out, OBJECT_TEXT, "%s %s%s%s%s", label, any_mac ? "port " : "",
			      any_mac ? port
			      : mac   ? mac
				      : "",
			      vlan && (mac || any_mac) ? " vlan " : "", vlan ? vlan : "");
	if (is_group(mac))
		snprintf(out + length, OBJECT_TEXT - (size_t)length, " %s", port);
	if (any_mac)
		json_object_del(settings, "port");
	json_object_del(settings, "mac");
	json_object_del(settings, "vlan");
}

static void end_object(struct flat *f)
{
	const char *name = json_string_value(json_object_get(f->settings, "name"));
	const struct setting_element *element = setting_find(config_settings, f->section)->element;
	char object[OBJECT_TEXT];

	if (!element)
		snprintf(object, sizeof object, "%s", f->section);
	else if (name)
		snprintf(object, sizeof object, "%s %s", element->label, name);
	else
		name_by_address(element->label, f->settings, object);
	json_object_set_new(json_object_get(f->all, f->section), object, f->settings);
	f->settings = NULL;
	if (!element)
		f->section = NULL;
}

static void diff_end(struct config_visitor *v)
{
	struct flat *f = (struct flat *)v;

	if (f->list && f->depth)
		end_in_list(f);
	else if (f->list)
		close_list(f);
	else if (f->maps)
		f->maps--;
	else if (f->settings)
		end_object(f);
	else
		f->section = NULL;
}

static json_t *flatten(const struct config *c)
{
	struct flat f = {.visitor = {diff_begin, diff_end, diff_value}, .all = json_object()};

	for (const struct setting *s = config_settings; s->name; s++)
		json_object_set_new(f.all, s->name, json_object());
	config_walk(c, &f.visitor);
	return f.all;
}

static void add_row(json_t *rows, const char *object, const char *key, json_t *running,
		    json_t *file)
{
	json_array_append_new(rows, json_pack("{s:s, s:s, s:O?, s:O?}", "object", object, "key",
					      key, "running", running, "file", file));
}

static void compare_settings(json_t *rows, const char *object, json_t *running, json_t *file)
{
	const char *key;
	json_t *v;

	json_object_foreach(running, key, v)
		if (!json_object_get(file, key) || !json_equal(v, json_object_get(file, key)))
			add_row(rows, object, key, v, json_object_get(file, key));
	json_object_foreach(file, key, v)
		if (!json_object_get(running, key))
			add_row(rows, object, key, NULL, v);
}

static void compare_objects(json_t *rows, json_t *running, json_t *file)
{
	const char *object;
	json_t *settings;

	json_object_foreach(running, object, settings)
		compare_settings(rows, object, settings, json_object_get(file, object));
	json_object_foreach(file, object, settings)
		if (!json_object_get(running, object))
			compare_settings(rows, object, NULL, settings);
}

json_t *configdiff(const struct config *running, const struct config *file)
{
	json_t *a = flatten(running), *b = flatten(file), *rows = json_array(), *objects;
	const char *section;

	json_object_foreach(a, section, objects)
		compare_objects(rows, objects, json_object_get(b, section));
	json_object_foreach(b, section, objects)
		if (!json_object_get(a, section))
			compare_objects(rows, NULL, objects);
	json_decref(a);
	json_decref(b);
	return rows;
}
