// SPDX-License-Identifier: BSD-3-Clause
// settle: waits until workers use nothing that was withdrawn, but never for long.
//
// Model     Control publishes a change and waits until each worker has passed a quiescent point. A
//           stuck worker passes none. Therefore each wait ends after WORKER_ROUND_MAX_MS; time in
//           which a worker waits for its core does not count, up to WATCH_PATIENCE_MAX_MS. From
//           then on the switch is unsettled: waits end at once, changes are refused before they
//           begin, and what the worker may use is kept. When each worker has passed a quiescent
//           point, the switch is settled again, and what was kept is freed.
// Threads   The control thread.
// Limits    RETIRED_MAX things are kept. Further ones are never freed.
#pragma once

#include <stdbool.h>

#include "control/common/error.h"
#include "control/switch/state.h"

enum { RETIRED_MAX = 1024 };

// Waits until each worker has passed a quiescent point. Afterwards no worker uses anything that was
// published before the last change. False: a worker may still use it.
bool switch_synchronize(struct vswitch *sw);

// Whether a change can begin, which needs every worker. False: e names the worker, and says whether
// it is stuck or starved.
bool settle_begin(struct vswitch *sw, struct error *e);

// Calls retire(sw, what) when no worker uses what was withdrawn before the last
// switch_synchronize(): at once if that succeeded, else when the switch is settled again.
void settle_retire(struct vswitch *sw, switch_retire_fn retire, void *what);

// Whether the switch is settled. If it was not and now is, what was kept is freed.
bool settle_poll(struct vswitch *sw);

// Frees what is kept. The workers have ended.
void settle_end(struct vswitch *sw);
