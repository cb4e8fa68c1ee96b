// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "control/api/control.h"
#include "control/api/method.h"
#include "control/api/methods/config.h"
#include "control/common/error.h"
#include "control/common/json.h"
#include "control/common/text.h"
#include "control/config/history.h"
#include "control/server/guesses.h"
#include "control/server/jsonrpc.h"
#include "control/server/listen.h"
#include "control/server/metrics.h"
#include "control/server/web/webfiles.h"
#include "control/switch/state.h"
#include "dataplane/event.h"

enum {
	STATUS_FORBIDDEN = 403,
	STATUS_MISDIRECTED = 421,
	STATUS_MEDIA_TYPE = 415,
	STATUS_TOO_MANY = 429,
};

#define JSON "application/json"

// A connection. When its client closes it, evhttp removes its callbacks.
struct visit {
	struct bufferevent *io; // our own reference
	uint64_t since_ns;      // the time of its last request, or of its start
};

struct http {
	struct control k; // like the caller's, without raw_devices
	struct evhttp *server;
	struct evconnlistener *listener; // the server's
	struct event *sweep;
	struct visit visit[HTTP_CONNECTIONS_MAX];
	char token[HTTP_TOKEN_MAX + 1];
	struct guesses guesses;
};

static bool bad_address(struct error *e, const char *text)
{
	return error_set(
		e,
		"--http cannot be '%.80s' ([ADDRESS:]PORT, such as 9100, 0.0.0.0:9100 or [::1]:9100)",
		text);
}

bool http_conf_listen(struct http_conf *c, const char *text, struct error *e)
{
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	char full[INET6_ADDRSTRLEN + 16];
	uint64_t number;

	c->address_len = sizeof c->address;
	if (!text_number(port, UINT16_MAX, &number) || !number ||
	    (size_t)snprintf(full, sizeof full, "%s%s", colon ? "" : "127.0.0.1:", text) >=
		    sizeof full ||
	    evutil_parse_sockaddr_port(full, (struct sockaddr *)&c->address, &c->address_len))
		return bad_address(e, text);
	// An IPv6 address without brackets has no port.
	return ((struct sockaddr_in *)&c->address)->sin_port == htons((uint16_t)number) ||
	       bad_address(e, text);
}

bool http_conf_token(struct http_conf *c, const char *path, struct error *e)
{
	FILE *f = fopen(path, "r");
	char line[HTTP_TOKEN_MAX + 2] = "";

	if (!f)
		return error_set(e, "--token-file %s: %s", path, strerror(errno));
	bool read = fgets(line, sizeof line, f);
	fclose(f);
	size_t len = strcspn(line, "\r\n");
	for (size_t i = 0; i < len; i++)
		read &= line[i] > ' ' && line[i] <= '~';
	if (!read || len < HTTP_TOKEN_MIN || len > HTTP_TOKEN_MAX)
		return error_set(
			e,
			"--token-file %s: the first line is not a token (%d to %d printable characters without spaces)",
			path, HTTP_TOKEN_MIN, HTTP_TOKEN_MAX);
	memcpy(c->token, line, len);
	c->token[len] = 0;
	return true;
}

bool http_conf_is_exposed(const struct http_conf *c)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&c->address;
	bool alone = v4->sin_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
					       : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);

	return c->address_len && *c->token && !alone;
}

static bool visit_is_over(const struct visit *v)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(v->io, NULL, NULL, &on_event, NULL);
	return !on_event;
}

// Releases connections that are over. Shuts down those that take too long; evhttp then closes them.
static void close_finished(struct http *h)
{
	uint64_t now = switch_now(h->k.sw);

	for (struct visit *v = h->visit; v < h->visit + HTTP_CONNECTIONS_MAX; v++) {
		if (v->io && visit_is_over(v)) {
			bufferevent_decref(v->io);
			v->io = NULL;
		} else if (v->io && now - v->since_ns > HTTP_PATIENCE_S * UINT64_C(1000000000)) {
			shutdown(bufferevent_getfd(v->io), SHUT_RDWR);
		}
	}
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct http *h = arg;

	(void)fd, (void)what;
	close_finished(h);
	guesses_end_second(&h->guesses);
}

// A place for a new connection. If all are taken, closes the one that was idle for longest.
static struct visit *make_visit(struct http *h)
{
	struct visit *oldest = h->visit;

	for (struct visit *v = h->visit; v < h->visit + HTTP_CONNECTIONS_MAX; v++) {
		if (!v->io)
			return v;
		if (v->since_ns < oldest->since_ns)
			oldest = v;
	}
	shutdown(bufferevent_getfd(oldest->io), SHUT_RDWR);
	bufferevent_decref(oldest->io);
	oldest->io = NULL;
	return oldest;
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct http *h = arg;
	struct bufferevent *io = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!io)
		return NULL; // evhttp then makes one itself
	close_finished(h);
	struct visit *v = make_visit(h);
	bufferevent_setwatermark(io, EV_READ, 0, HTTP_HEADERS_MAX + HTTP_BODY_MAX);
	bufferevent_incref(io);
	*v = (struct visit){.io = io, .since_ns = switch_now(h->k.sw)};
	return io;
}

static void note_request(struct http *h, struct evhttp_request *r)
{
	struct bufferevent *io = evhttp_connection_get_bufferevent(
		evhttp_request_get_connection(r));

	for (struct visit *v = h->visit; v < h->visit + HTTP_CONNECTIONS_MAX; v++)
		if (v->io == io)
			v->since_ns = switch_now(h->k.sw);
}

// Sends what is in the output buffer of the request.
static void answer(struct evhttp_request *r, int status, const char *type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(r);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Content-Security-Policy",
			  "default-src 'self'; frame-ancestors 'none'");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_send_reply(r, status, NULL, NULL);
}

static void free_text(const void *data, size_t len, void *arg)
{
	(void)data, (void)len;
	free(arg);
}

// Frees the text. NULL: no memory, the answer is empty.
static void answer_text(struct evhttp_request *r, int status, const char *type, char *text)
{
	struct evbuffer *out = evhttp_request_get_output_buffer(r);

	if (text && evbuffer_add_reference(out, text, strlen(text), free_text, text))
		free(text);
	answer(r, text ? status : HTTP_INTERNAL, type);
}

static void answer_json(struct evhttp_request *r, int status, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY | JSON_DIGITS);

	json_decref(o);
	answer_text(r, status, JSON, text);
}

static void refuse(struct evhttp_request *r, int status, int code, const char *text)
{
	answer_json(r, status, json_pack("{s:{s:i, s:s}}", "error", "code", code, "message", text));
}

static bool has_host_name(const char *host)
{
	char name[HOST_NAME_MAX + 1] = "";

	return !strcasecmp(host, "localhost") ||
	       (!gethostname(name, sizeof name - 1) && !strcasecmp(host, name));
}

// Whether Host names this machine. A browser sends the name that it looked up, therefore this fails
// if the page of another site made its own name point here.
static bool host_is_ours(struct evhttp_request *r)
{
	const char *host = evhttp_request_get_host(r);
	struct in6_addr address;
	char bare[INET6_ADDRSTRLEN];

	if (!host)
		return false;
	if (*host == '[') {
		size_t len = strcspn(host + 1, "]");
		return len < sizeof bare && !strcmp(host + 1 + len, "]") &&
		       snprintf(bare, sizeof bare, "%.*s", (int)len, host + 1) > 0 &&
		       inet_pton(AF_INET6, bare, &address) == 1;
	}
	return inet_pton(AF_INET, host, &address) == 1 || has_host_name(host);
}

// The query of the URL as parameters. NULL: it has a wrong form.
static json_t *query_params(struct evhttp_request *r)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(r));
	json_t *params = json_object();
	struct evkeyvalq words = {0};
	struct evkeyval *word;
	bool good = params && (!query || !evhttp_parse_query_str(query, &words));

	for (word = words.tqh_first; good && word; word = word->next.tqe_next)
		good = !json_object_set_new(params, word->key, json_string(word->value));
	evhttp_clear_headers(&words);
	if (good)
		return params;
	json_decref(params);
	return NULL;
}

// Adds the time of the answer, in seconds of the switch's clock. Rates stay exact however long the
// answer is on its way.
static void add_clock(const struct http *h, struct evhttp_request *r)
{
	char text[32];

	snprintf(text, sizeof text, "%.6f", (double)switch_now(h->k.sw) / 1e9);
	evhttp_add_header(evhttp_request_get_output_headers(r), "Nestswitch-Clock", text);
}

// GET /api/METHOD?PARAMETER=VALUE&…
static void serve_question(struct http *h, struct evhttp_request *r, const char *method)
{
	struct error e;
	const struct method *m = method_find(&h->k, method);

	if (!m || !(m->flags & METHOD_PUBLIC)) {
		refuse(r, HTTP_NOTFOUND, HTTP_NOTFOUND,
		       "no method of this name is read-only (send methods that change something to POST /api)");
		return;
	}
	json_t *params = query_params(r);
	if (!params) {
		refuse(r, HTTP_BADREQUEST, HTTP_BADREQUEST,
		       "the query is not PARAMETER=VALUE&… in UTF-8");
		return;
	}
	add_clock(h, r);
	json_t *result = method_call(&h->k, method, params, &e);
	json_decref(params);
	if (result)
		answer_json(r, HTTP_OK, result);
	else
		refuse(r, HTTP_BADREQUEST, e.code, e.text);
}

// GET /api/access: whether a client with the token may change the switch.
static void serve_access(struct http *h, struct evhttp_request *r, const char *rest)
{
	(void)rest;
	answer_json(r, HTTP_OK, json_pack("{s:b}", "write", *h->token != 0));
}

// Compares in constant time, so that the time tells nothing about the token.
static bool is_same(const char *secret, const char *given)
{
	size_t len = strlen(secret);
	volatile unsigned char differ = 0;

	if (strlen(given) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(secret[i] ^ given[i]);
	return !differ;
}

static bool has_token(const struct http *h, struct evhttp_request *r)
{
	static const char scheme[] = "Bearer ";
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(r),
					       "Authorization");

	return given && !strncasecmp(given, scheme, sizeof scheme - 1) &&
	       is_same(h->token, given + sizeof scheme - 1);
}

static const char *address_of(struct evhttp_request *r)
{
	char *address = "";
	uint16_t port;

	evhttp_connection_get_peer(evhttp_request_get_connection(r), &address, &port);
	return address;
}

static json_t *call_from_web(void *arg, const char *method, const json_t *params, struct error *e)
{
	struct http *h = arg;
	const char *own = history_path(h->k.history);

	if (method_writes_elsewhere(&h->k, method, params))
		return method_refuse(
			e, METHOD_REFUSED,
			"HTTP clients can save to %.400s only (to another file: nestctl config save FILE on the "
			"switch's machine)",
			own ? own : "the file of nestswitch run, which has none,");
	return method_call(&h->k, method, params, e);
}

// POST /api: the body is a JSON-RPC request. A browser lets no other site's page send this
// Content-Type without asking the switch first.
static void serve_rpc(struct http *h, struct evhttp_request *r, const char *rest)
{
	const char *type = evhttp_find_header(evhttp_request_get_input_headers(r), "Content-Type");
	struct evbuffer *body = evhttp_request_get_input_buffer(r);
	size_t len = evbuffer_get_length(body);

	(void)rest;
	if (!*h->token) {
		refuse(r, STATUS_FORBIDDEN, STATUS_FORBIDDEN,
		       "read-only (start the switch with run --web-write --token-file FILE to allow changes)");
	} else if (!guesses_allowed(&h->guesses, address_of(r))) {
		refuse(r, STATUS_TOO_MANY, STATUS_TOO_MANY,
		       "too many wrong tokens came from your address (wait a second)");
	} else if (!has_token(h, r)) {
		guesses_add(&h->guesses, address_of(r));
		refuse(r, STATUS_FORBIDDEN, STATUS_FORBIDDEN,
		       "the token is missing or wrong (Authorization: Bearer TOKEN)");
	} else if (!type || strncasecmp(type, JSON, sizeof JSON - 1) != 0) {
		refuse(r, STATUS_MEDIA_TYPE, STATUS_MEDIA_TYPE, "Content-Type is not " JSON);
	} else {
		json_t *reply = jsonrpc_answer(len ? (char *)evbuffer_pullup(body, -1) : "", len,
					       call_from_web, h);
		if (reply)
			answer_json(r, HTTP_OK, reply);
		else
			answer(r, HTTP_NOCONTENT, JSON);
	}
}

static void serve_metrics(struct http *h, struct evhttp_request *r, const char *rest)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)rest;
	if (f) {
		metrics_write(&h->k, f);
		fclose(f);
	}
	answer_text(r, HTTP_OK, METRICS_TYPE, text);
}

static void serve_file(struct http *h, struct evhttp_request *r, const char *path)
{
	const struct webfile *f = webfiles;

	(void)h;
	while (f->path && strcmp(f->path, path) != 0)
		f++;
	if (!f->path) {
		refuse(r, HTTP_NOTFOUND, HTTP_NOTFOUND,
		       "not found (there are /, /metrics and /api/METHOD)");
		return;
	}
	evbuffer_add_reference(evhttp_request_get_output_buffer(r), f->data, f->size, NULL, NULL);
	answer(r, HTTP_OK, f->type);
}

struct route {
	const char *path;
	bool is_prefix; // serve() gets the rest of the path
	enum evhttp_cmd_type command;
	const char *allow;
	void (*serve)(struct http *h, struct evhttp_request *r, const char *rest);
};

static const struct route routes[] = {
	{"/api", false, EVHTTP_REQ_POST, "POST", serve_rpc},
	{"/api/access", false, EVHTTP_REQ_GET, "GET, HEAD", serve_access},
	{"/api/", true, EVHTTP_REQ_GET, "GET, HEAD", serve_question},
	{"/metrics", false, EVHTTP_REQ_GET, "GET, HEAD", serve_metrics},
	{"", true, EVHTTP_REQ_GET, "GET, HEAD", serve_file},
};

static void route_request(struct http *h, struct evhttp_request *r, const char *path)
{
	const struct route *way = routes;
	size_t len;

	while (len = strlen(way->path),
	       strncmp(path, way->path, len) != 0 || (!way->is_prefix && path[len]))
		way++;
	enum evhttp_cmd_type command = evhttp_request_get_command(r);
	// The answer to HEAD is that to GET, without its body.
	if (command == way->command ||
	    (command == EVHTTP_REQ_HEAD && way->command == EVHTTP_REQ_GET)) {
		way->serve(h, r, path + len);
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(r), "Allow", way->allow);
	refuse(r, HTTP_BADMETHOD, HTTP_BADMETHOD, "wrong HTTP method (see Allow)");
}

static unsigned count_headers(struct evhttp_request *r, const char *name)
{
	const struct evkeyval *header = evhttp_request_get_input_headers(r)->tqh_first;
	unsigned n = 0;

	for (; header; header = header->next.tqe_next)
		n += !strcasecmp(header->key, name);
	return n;
}

// Whether a proxy before the switch could read another request here than the switch does (RFC 9112
// 3.2, 6.3).
static bool is_ambiguous(struct evhttp_request *r)
{
	unsigned lengths = count_headers(r, "Content-Length");

	return count_headers(r, "Host") > 1 || lengths > 1 ||
	       (lengths && count_headers(r, "Transfer-Encoding"));
}

// evhttp accepts earlier versions, and answers with the version of the request.
static void refuse_version(struct evhttp_request *r)
{
	r->major = 1;
	r->minor = 1;
	refuse(r, HTTP_BADREQUEST, HTTP_BADREQUEST, "wrong HTTP version (use 1.0 or 1.1)");
}

static void on_request(struct evhttp_request *r, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(r));

	note_request(arg, r);
	if (r->major != 1)
		refuse_version(r);
	else if (is_ambiguous(r))
		refuse(r, HTTP_BADREQUEST, HTTP_BADREQUEST,
		       "Host or Content-Length stands twice, or a length stands beside Transfer-Encoding");
	else if (host_is_ours(r))
		route_request(arg, r, path ? path : "");
	else
		refuse(r, STATUS_MISDIRECTED, STATUS_MISDIRECTED,
		       "Host is neither an address nor this machine's name");
}

static bool start_server(struct http *h, struct event_base *base)
{
	static const struct timeval second = {.tv_sec = 1};

	h->server = evhttp_new(base);
	h->sweep = event_new(base, -1, EV_PERSIST, on_second, h);
	if (!h->server || !h->sweep || event_add(h->sweep, &second))
		return false;
	evhttp_set_max_headers_size(h->server, HTTP_HEADERS_MAX);
	evhttp_set_max_body_size(h->server, HTTP_BODY_MAX);
	evhttp_set_allowed_methods(h->server, UINT16_MAX); // route_request() refuses
	evhttp_set_bevcb(h->server, on_connection, h);
	evhttp_set_gencb(h->server, on_request, h);
	return true;
}

static bool listen_at(struct http *h, struct event_base *base, const struct http_conf *c)
{
	const unsigned flags = LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	struct evconnlistener *l = evconnlistener_new_bind(
		base, NULL, NULL, flags, HTTP_CONNECTIONS_MAX, (const struct sockaddr *)&c->address,
		c->address_len);

	if (l && evhttp_bind_listener(h->server, l)) {
		h->listener = l;
		return listen_watch(l, "--http"); // evhttp has set a callback of its own
	}
	if (l)
		evconnlistener_free(l);
	return false;
}

static const char *listen_hint(int error)
{
	return error == EAFNOSUPPORT
		       ? " (for the service: RestrictAddressFamilies=AF_INET AF_INET6"
			 " and IPAddressAllow=localhost, by systemctl edit nestswitch)"
		       : "";
}

bool http_open(struct http **out, struct event_base *base, const struct http_conf *c,
	       struct control *k, struct error *e)
{
	struct http *h = calloc(1, sizeof *h);

	if (!h)
		return error_no_memory(e);
	h->k = *k;
	h->k.raw_devices = false; // a page in a browser must not reach drivers and files
	strcpy(h->token, c->token);
	errno = ENOMEM;
	if (start_server(h, base) && listen_at(h, base, c)) {
		*out = h;
		return true;
	}
	error_set(e, "--http: %s%s", strerror(errno), listen_hint(errno));
	http_close(h);
	return false;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	listen_forget(h->listener);
	if (h->server)
		evhttp_free(h->server);
	if (h->sweep)
		event_free(h->sweep);
	for (struct visit *v = h->visit; v < h->visit + HTTP_CONNECTIONS_MAX; v++)
		if (v->io)
			bufferevent_decref(v->io);
	free(h);
}
