// SPDX-License-Identifier: BSD-3-Clause
// http: serves the switch's state as JSON, metrics and the web page by HTTP.
//
// Model     GET changes nothing, therefore every client may use it. Changes are JSON-RPC requests
//           to POST /api with the right token. The server answers a request completely before it
//           reads the next one. Host must be an address or this machine's name, therefore a page of
//           another site gets nothing when it makes its name point here.
// Threads   The control thread's event loop calls everything.
// Limits    HTTP_CONNECTIONS_MAX. A new connection beyond that closes the one that was idle for
//           longest. HTTP_PATIENCE_S for a request and its answer. HTTP_HEADERS_MAX and
//           HTTP_BODY_MAX bytes.
// Errors    Opening fills in struct error. Clients get {"error": {"code", "message"}}.
#pragma once

#include <event2/event.h>
#include <sys/socket.h>

#include "control/api/control.h"
#include "control/common/error.h"

enum {
	HTTP_CONNECTIONS_MAX = 64,
	HTTP_PATIENCE_S = 20,
	HTTP_HEADERS_MAX = 8 << 10,
	HTTP_BODY_MAX = 1 << 20,
	HTTP_TOKEN_MIN = 16,
	HTTP_TOKEN_MAX = 256,
};

// The settings of a server.
struct http_conf {
	struct sockaddr_storage address;
	int address_len;                // 0: no server
	char token[HTTP_TOKEN_MAX + 1]; // empty: read-only
};

// Parses [ADDRESS:]PORT. Without ADDRESS, only this machine reaches the server.
bool http_conf_listen(struct http_conf *c, const char *text, struct error *e);

// Reads the token from the first line of a file.
bool http_conf_token(struct http_conf *c, const char *path, struct error *e);

// Whether other machines could read the token on the network.
bool http_conf_is_exposed(const struct http_conf *c);

struct http;

bool http_open(struct http **h, struct event_base *base, const struct http_conf *c,
	       struct control *k, struct error *e);
void http_close(struct http *h);
