// SPDX-License-Identifier: BSD-3-Clause
// reply: results for people: a JSON result and the view that fits it become a table.
#pragma once

#include <jansson.h>
#include <stdio.h>

enum reply_view {
	VIEW_NONE,     // nothing to say
	VIEW_TEXT,     // a text, as it is
	VIEW_COUNTERS, // array of ports: frames in and out
	VIEW_PORTS,    // array of ports: settings
	VIEW_GROUPS,
	VIEW_POLICY, // object of keys with value and origin
	VIEW_FDB,
	VIEW_STATUS,
	VIEW_EVENT,
	VIEW_COUNT, // {"count"}: how many were changed
};

void reply_print(FILE *out, enum reply_view view, json_t *result);
