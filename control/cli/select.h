// SPDX-License-Identifier: BSD-3-Clause
// select: selects and sorts the rows of a table.
//
// Model  A selection is an object of three optional members. "where" maps members of a row to their
//        printed values. "sort" names the member to sort by; a '-' in front means descending.
//        "limit" is the maximum number of rows. Missing values sort first, then numbers, then
//        words. An object (rx_drops) counts as its sum. Equal rows keep their order.
#pragma once

#include "control/common/view.h"

// Moves the members of a selection out of a command's parameters. Returns a new reference.
json_t *select_take(json_t *params);

// The selected rows of a result; a new reference. A result that is not a table stays unchanged.
json_t *select_rows(const json_t *selection, enum view view, json_t *result);
