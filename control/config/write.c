// SPDX-License-Identifier: BSD-3-Clause
// Writes struct config as YAML. libyaml quotes where it is necessary.
#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "control/config/config.h"
#include "control/config/walk.h"

enum { DEPTH = 8 };

// An emitter that remembers failures, so that only the end checks for them.
struct writer {
	struct config_visitor visitor;
	yaml_emitter_t y;
	enum config_shape open[DEPTH];
	unsigned depth;
	bool bad;
};

static void emit(struct writer *w, yaml_event_t *e, int made)
{
	w->bad = w->bad || !made || !yaml_emitter_emit(&w->y, e);
}

static void emit_scalar(struct writer *w, const char *text)
{
	yaml_event_t e;

	emit(w, &e,
	     yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text, -1, 1, 1,
					  YAML_PLAIN_SCALAR_STYLE));
}

static void write_begin(struct config_visitor *v, const char *name, enum config_shape shape)
{
	struct writer *w = (struct writer *)v;
	bool map = shape == CONFIG_MAP || shape == CONFIG_BRIEF_MAP;
	yaml_event_t e;

	if (name)
		emit_scalar(w, name);
	if (map)
		emit(w, &e,
		     yaml_mapping_start_event_initialize(&e, NULL, NULL, 1,
							 shape == CONFIG_MAP
								 ? YAML_BLOCK_MAPPING_STYLE
								 : YAML_FLOW_MAPPING_STYLE));
	else
		emit(w, &e,
		     yaml_sequence_start_event_initialize(&e, NULL, NULL, 1,
							  shape == CONFIG_LIST
								  ? YAML_BLOCK_SEQUENCE_STYLE
								  : YAML_FLOW_SEQUENCE_STYLE));
	w->open[w->depth++] = shape;
}

static void write_end(struct config_visitor *v)
{
	struct writer *w = (struct writer *)v;
	enum config_shape shape = w->open[--w->depth];
	yaml_event_t e;

	if (shape == CONFIG_MAP || shape == CONFIG_BRIEF_MAP)
		emit(w, &e, yaml_mapping_end_event_initialize(&e));
	else
		emit(w, &e, yaml_sequence_end_event_initialize(&e));
}

static void write_value(struct config_visitor *v, const char *key, const char *text)
{
	struct writer *w = (struct writer *)v;

	if (key)
		emit_scalar(w, key);
	emit_scalar(w, text);
}

static void emit_document(struct writer *w, const struct config *c)
{
	yaml_event_t e;

	emit(w, &e, yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING));
	emit(w, &e, yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1));
	write_begin(&w->visitor, NULL, CONFIG_MAP);
	config_walk(c, &w->visitor);
	write_end(&w->visitor);
	emit(w, &e, yaml_document_end_event_initialize(&e, 1));
	emit(w, &e, yaml_stream_end_event_initialize(&e));
}

int config_write(const struct config *c, FILE *out)
{
	struct writer w = {.visitor = {write_begin, write_end, write_value}};

	if (!yaml_emitter_initialize(&w.y))
		return -ENOMEM;
	yaml_emitter_set_output_file(&w.y, out);
	yaml_emitter_set_width(&w.y, -1);
	emit_document(&w, c);
	yaml_emitter_delete(&w.y);
	return w.bad || fflush(out) ? -EIO : 0;
}

char *config_text(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	int rc = f ? config_write(c, f) : -ENOMEM;
	if (f)
		fclose(f);
	if (!rc)
		return text;
	free(text);
	return NULL;
}
