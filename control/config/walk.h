// SPDX-License-Identifier: BSD-3-Clause
// walk: visits a configuration as a stream of names and values, in the order of a file
// (config/settings.h). write.c and diff.c use it.
#pragma once

#include "control/config/config.h"

// BRIEF: on one line of a file.
enum config_shape { CONFIG_MAP, CONFIG_BRIEF_MAP, CONFIG_LIST, CONFIG_BRIEF_LIST };

struct config_visitor {
	// Begins a mapping or a list. name NULL: it is an element of a list.
	void (*begin)(struct config_visitor *v, const char *name, enum config_shape shape);
	void (*end)(struct config_visitor *v);
	// key NULL: an element of a list.
	void (*value)(struct config_visitor *v, const char *key, const char *value);
};

// Visits the sections and their settings.
void config_walk(const struct config *c, struct config_visitor *v);
