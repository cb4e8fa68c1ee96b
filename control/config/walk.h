// SPDX-License-Identifier: BSD-3-Clause
// walk: a configuration as a stream of names and values, in the order of a
// file (config/settings.h). Files are written and configurations compared by it.
#pragma once

#include "control/config/config.h"

// BRIEF ones are short: a line in a file.
enum config_shape { CONFIG_MAP, CONFIG_BRIEF_MAP, CONFIG_LIST, CONFIG_BRIEF_LIST };

struct config_visitor {
	// A mapping or a list begins; name NULL: it is an element of a list.
	void (*begin)(struct config_visitor *v, const char *name, enum config_shape shape);
	void (*end)(struct config_visitor *v);
	// key NULL: an element of a list.
	void (*value)(struct config_visitor *v, const char *key, const char *value);
};

// Visits the sections and what is set in them.
void config_walk(const struct config *c, struct config_visitor *v);
