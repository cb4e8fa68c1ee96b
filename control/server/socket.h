// SPDX-License-Identifier: BSD-3-Clause
// socket: the control socket: JSON-RPC 2.0, one object a line, many clients at once.
//
// Model     A request is carried out whole before the next one is looked at, so that a client never
//           sees half of what another one changes. A client that does not read its replies is not
//           read from either. After the method "monitor" a client gets events, as notifications of
//           the method "event", besides its replies. After "capture" it gets a pcapng stream and
//           nothing else, until it shuts down its own direction, or the capture ends.
// Threads   The control thread's event loop calls everything.
// Limits    64 clients, one more is told so and closed; a request of 16 MiB (a configuration fits).
// Errors    The codes of api/method.h; JSON-RPC's own for what is no request.
#pragma once

#include <event2/event.h>

#include "control/api/control.h"
#include "control/common/error.h"
#include "dataplane/event.h"

enum {
	RPC_CLIENTS_MAX = 64,
	RPC_LINE_MAX = 16 << 20,
};

struct rpc;

// Listens on a socket file, mode 0600; a file that a dead process left is taken over. False: e says
// why.
bool rpc_open(struct rpc **r, struct event_base *base, const char *path, struct control *k,
	      struct error *e);

// Tells an event to the clients that monitor its type. A client that does not read them loses some;
// it is told how many.
void rpc_tell(struct rpc *r, const struct event *e);

// Ends all clients and removes the file.
void rpc_close(struct rpc *r);
