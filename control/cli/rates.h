// SPDX-License-Identifier: BSD-3-Clause
// rates: the changes between two readings of a table.
#pragma once

#include <jansson.h>

// The rates of the ports, for VIEW_RATES, from two results of stats.show that are this many seconds
// apart. If a counter decreased, or the port is new, the counters started again at 0.
json_t *rates_of(json_t *before, json_t *now, double seconds);

// The entries of two results of fdb.show, with members "change" ("new", "moved", "gone", null) and
// "from", the port that the MAC moved from. Changed entries come first; the others follow, the most
// recently seen first. before NULL: nothing changed.
json_t *rates_changes(json_t *before, json_t *now);
