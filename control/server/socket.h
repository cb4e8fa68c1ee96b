// SPDX-License-Identifier: BSD-3-Clause
// socket: the control socket. It speaks JSON-RPC 2.0, one object a line, with many clients at once.
//
// Model     A request is carried out completely before the next one is read, therefore no client
//           sees half of a change. The switch stops reading a client that does not read its
//           replies. After the method "monitor" a client gets events besides its replies, as
//           notifications of the method "event". After "capture" it gets only a pcapng stream,
//           until it shuts down its direction of the connection or the capture ends.
// Threads   The control thread's event loop calls everything.
// Limits    64 clients; further ones get an error and are closed. Requests of 16 MiB, which is room
//           for the largest configuration.
// Errors    The codes of api/method.h, and those of JSON-RPC for invalid requests.
#pragma once

#include <event2/event.h>
#include <sys/types.h>

#include "control/api/control.h"
#include "control/common/error.h"
#include "dataplane/event.h"

enum {
	RPC_CLIENTS_MAX = 64,
	RPC_LINE_MAX = 16 << 20,
};

#define RPC_NO_GROUP ((gid_t)-1)

struct rpc;

// Claims a socket file before anything else of a switch exists: clients that connect wait, and
// another switch is refused. The file of a dead process is taken over. group: its members may
// connect (mode 0660); RPC_NO_GROUP: only this user may (0600). NULL: e says why.
struct rpc *rpc_claim(const char *path, gid_t group, struct error *e);

// Serves the clients.
bool rpc_open(struct rpc *r, struct event_base *base, struct control *k, struct error *e);

// Sends an event to the clients that monitor its type. A client that does not read fast enough
// loses events, and gets their number as soon as it has read the others.
void rpc_tell(struct rpc *r, const struct event *e);

// Closes all connections and removes the file.
void rpc_close(struct rpc *r);
