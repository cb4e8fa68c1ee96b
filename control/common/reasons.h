// SPDX-License-Identifier: BSD-3-Clause
// reasons: THE table of drop reasons: for each one a sentence on what it means, the policy keys of
// that port which decide it, and what to do. Help, manual, `nestctl stats port P` and the web page
// are made from it.
#pragma once

#include "control/common/policykeys.h"
#include "dataplane/counters.h"

enum { REASON_KEYS = 3 };

struct reason_row {
	const char *meaning;
	unsigned key_count;
	enum policy_key key[REASON_KEYS];
	const char *advice; // what to do where it is not wanted
};

// Of what a port received, from OUT_FIRST_DROP on; and of what was to be delivered to it.
extern const struct reason_row reason_rows[OUTCOMES];
extern const struct reason_row tx_reason_rows[TX_DROPS];

// By the name that it is counted by, of what was received and of what was to be delivered; NULL:
// none.
const struct reason_row *reason_find(const char *name);
const struct reason_row *reason_find_tx(const char *name);

// Every reason with its meaning.
void reasons_print(FILE *out);
