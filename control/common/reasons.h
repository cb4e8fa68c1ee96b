// SPDX-License-Identifier: BSD-3-Clause
// reasons: THE table of drop reasons. Each row has a meaning, the policy keys that decide it, and
// an advice. Help, manual, `nestctl stats port P` and the web page are made from it.
#pragma once

#include "control/common/policykeys.h"
#include "dataplane/counters.h"

enum { REASON_KEYS = 3 };

struct reason_row {
	const char *meaning;
	unsigned key_count;
	enum policy_key key[REASON_KEYS];
	const char *advice; // how to stop these drops
};

// Reasons on ingress (from OUT_FIRST_DROP on), and reasons on egress.
extern const struct reason_row reason_rows[OUTCOMES];
extern const struct reason_row tx_reason_rows[TX_DROPS];

// Find an ingress or egress reason by its counter's name. NULL: there is none.
const struct reason_row *reason_find(const char *name);
const struct reason_row *reason_find_tx(const char *name);

// Prints every reason with its meaning.
void reasons_print(FILE *out);
