// SPDX-License-Identifier: BSD-3-Clause
// json: how JSON prints numbers.
#pragma once

#include <jansson.h>

// A flag of json_dumps(): 0.1 is printed as 0.1. Fifteen digits are exact nanoseconds for eleven
// days.
#define JSON_DIGITS JSON_REAL_PRECISION(15)

// A positive number with at most three decimals, for what is not measured more exactly.
static inline double json_thousandths(double number)
{
	return (double)(json_int_t)(number * 1000 + 0.5) / 1000;
}
