// SPDX-License-Identifier: BSD-3-Clause
// select: which rows of a table are shown, and in which order.
//
// Model  A selection is an object: "where", members that rows must have, with their value as it
//        would be printed; "sort", the member to sort by, behind a '-' the greatest first; "limit",
//        so many rows at most. Each may be missing. Numbers come before words, nothing before both;
//        of an object (rx_drops) the sum counts. Equals keep their order.
#pragma once

#include "control/common/view.h"

// Takes what makes a selection out of the parameters of a command; a new reference.
json_t *select_take(json_t *params);

// The chosen part of a result; a new reference. What is no table is left as it is.
json_t *select_rows(const json_t *selection, enum view view, json_t *result);
