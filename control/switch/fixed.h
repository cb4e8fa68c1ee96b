// SPDX-License-Identifier: BSD-3-Clause
// fixed: the static and assigned entries of the MAC table, and the static groups, when the
// configuration changes.
//
// Threads  The control thread, while workers learn.
#pragma once

#include <stddef.h>

#include "control/config/config.h"
#include "control/switch/compile.h"
#include "control/switch/flush.h"
#include "control/switch/state.h"
#include "dataplane/portconf.h"
#include "dataplane/portset.h"

// Adds the fixed entries of a new configuration whose keys the current one does not have. Returns
// the ports whose assigned MACs took the place of learned entries, as does the next function.
portset fixed_add(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count);

// Changes the fixed entries whose port or type differs in a new configuration.
portset fixed_change(const struct vswitch *sw, const struct fixed_mac *fixed, size_t count);

// The differences of a new configuration from the current one, which both are in the table.
struct fixed_news {
	const struct config *config; // the new one
	const struct swconf *conf;
	const struct fixed_mac *fixed;
	size_t count;
	portset displaced;              // see fixed_add()
	const struct fdb_filter *flush; // static entries that were flushed together; NULL: none
};

void fixed_report(struct vswitch *sw, const struct fixed_news *n);
