// SPDX-License-Identifier: BSD-3-Clause
// http: the switch over HTTP: what it is and does as JSON, metrics, and the web page.
//
// Model     GET changes nothing and is for everybody who reaches the address. What changes
//           something is a JSON-RPC request to POST /api, taken with the right token alone. A
//           request is answered whole before the next one is looked at. A page of another site that
//           has its name point here gets nothing: Host must be an address or this machine's name.
// Threads   The control thread's event loop calls everything.
// Limits    HTTP_CONNECTIONS_MAX; the one that was silent for longest makes room for a new one.
//           HTTP_PATIENCE_S for a request and its answer. HTTP_HEADERS_MAX, HTTP_BODY_MAX bytes.
// Errors    struct error of what is opened; {"error": {"code", "message"}} to the client.
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

// What a server is told.
struct http_conf {
	struct sockaddr_storage address;
	int address_len;                // 0: no server
	char token[HTTP_TOKEN_MAX + 1]; // empty: nobody may change anything
};

// Read from [ADDRESS:]PORT, this machine alone where there is no address; from the first line of a
// file.
bool http_conf_listen(struct http_conf *c, const char *text, struct error *e);
bool http_conf_token(struct http_conf *c, const char *path, struct error *e);

// Whether others than this machine could read the token on its way.
bool http_conf_is_exposed(const struct http_conf *c);

struct http;

bool http_open(struct http **h, struct event_base *base, const struct http_conf *c,
	       struct control *k, struct error *e);
void http_close(struct http *h);
