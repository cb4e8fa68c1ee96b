// SPDX-License-Identifier: BSD-3-Clause
// rates: what has changed between two readings of a table.
#pragma once

#include <jansson.h>

// Of two results of stats.show, so many seconds apart: the frames and bits a second of the ports of
// the later one, as VIEW_RATES has them. Where a counter is below the earlier one, or the port is
// new, they have begun at 0 meanwhile.
json_t *rates_of(json_t *before, json_t *now, double seconds);

// Of two results of fdb.show: the entries of both with "change" ("new", "moved", "gone", null) and
// the port that they moved "from"; those that changed first, the others beginning with the one
// heard last. `before` NULL: nothing changed.
json_t *rates_changes(json_t *before, json_t *now);
