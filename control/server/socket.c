// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/socket.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/api/control.h"
#include "control/api/event_json.h"
#include "control/api/method.h"
#include "control/common/error.h"
#include "control/common/eventtypes.h"
#include "control/common/json.h"
#include "control/common/text.h"
#include "control/common/unixsocket.h"
#include "control/config/config.h"
#include "control/device/holder.h"
#include "control/diagnose/capture.h"
#include "control/server/jsonrpc.h"
#include "control/server/listen.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "dataplane/portset.h"

enum {
	REPLY_BACKLOG = 1 << 20, // the switch stops reading a client that has more unread bytes
};

struct client {
	struct rpc *rpc;
	struct bufferevent *io;
	uint32_t monitors;       // a bit for each event type that it monitors
	char port[PORT_NAME];    // whose events it monitors; empty: all
	uint32_t lost;           // number of events that it missed
	struct capture *capture; // NULL: none. Else its stream replaces replies and requests
	bool leaving;            // it sends no more, but still gets its replies
	struct client *next, **link;
};

struct rpc {
	struct control *k;
	struct event_base *base;
	int fd; // listens; -1: the listener has it
	struct evconnlistener *listener;
	struct client *clients;
	unsigned count;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void client_drop(struct client *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->rpc->count--;
	capture_destroy(c->capture);
	bufferevent_free(c->io);
	free(c);
}

static void reply(struct client *c, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_DIGITS);

	json_decref(o);
	if (!text)
		return;
	evbuffer_add_printf(bufferevent_get_output(c->io), "%s\n", text);
	free(text);
}

static bool client_is_backlogged(const struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->io)) > REPLY_BACKLOG;
}

static void notify(struct client *c, const struct event *e)
{
	reply(c, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", "event", "params",
			   event_json(c->rpc->k->sw, e)));
}

// Whether an event is of the port that a client monitors. A MAC that moves is an event of both of
// its ports.
static bool concerns(const struct client *c, const struct event *e)
{
	const struct vswitch *sw = c->rpc->k->sw;
	struct event_members all;

	if (!*c->port || e->type == EVENT_LOST)
		return true;
	event_collect_members(&all, e, event_port_name(sw, e->from), event_port_name(sw, e->port));
	for (unsigned i = 0; i < all.count; i++) {
		const struct event_member *m = &all.member[i];
		bool is_port = !strcmp(m->name, "port") || !strcmp(m->name, "from") ||
			       !strcmp(m->name, "to");
		// A flush of all ports concerns each.
		if (is_port && (!m->word || !strcmp(m->word, c->port)))
			return true;
	}
	return false;
}

// Tells a client how many events it has lost, if it has lost some.
static void notify_lost(struct client *c, uint64_t ns)
{
	if (c->lost)
		notify(c, &(struct event){.type = EVENT_LOST, .ns = ns, .count = c->lost});
	c->lost = 0;
}

void rpc_tell(struct rpc *r, const struct event *e)
{
	for (struct client *c = r->clients; c; c = c->next) {
		if (!(c->monitors >> e->type & 1) || !concerns(c, e))
			continue;
		if (client_is_backlogged(c)) {
			c->lost++;
			continue;
		}
		notify_lost(c, e->ns);
		notify(c, e);
	}
}

static const char *type_name(void *unused, size_t i)
{
	(void)unused;
	return i < EVENT_TYPES ? event_type_names[i] : NULL;
}

// Method "monitor": {"types": […], "port"}. Without types, all; without a port, of all.
static json_t *monitor(struct client *c, const json_t *params, struct error *e)
{
	const json_t *types = json_object_get(params, "types");
	uint32_t wanted = 0;
	char hint[TEXT_HINT];
	size_t i;
	json_t *v;
	const char *port;

	if (!param_optional(params, "port", &port, e))
		return NULL;
	if (port && !config_port(c->rpc->k->sw->config, port))
		return method_no_port(e, c->rpc->k->sw->config, port);
	if (types && !json_is_array(types))
		return method_refuse(e, PARAMS_INVALID, "parameter 'types' is not an array");
	json_array_foreach(types, i, v) {
		int type = json_is_string(v) ? event_type_find(json_string_value(v)) : -1;
		if (type < 0) {
			const char *text = json_is_string(v) ? json_string_value(v) : "";
			return method_refuse(e, METHOD_USAGE, "unknown event type '%.40s'%s", text,
					     text_hint(hint, text, type_name, NULL, NULL));
		}
		wanted |= UINT32_C(1) << type;
	}
	snprintf(c->port, sizeof c->port, "%s", port ? port : "");
	c->monitors = json_array_size(types) ? wanted | UINT32_C(1) << EVENT_LOST : UINT32_MAX;
	return json_object();
}

static json_t *capture(struct client *c, const json_t *params, struct error *e)
{
	unsigned captures = 0;

	for (const struct client *other = c->rpc->clients; other; other = other->next)
		captures += other->capture != NULL;
	if (captures == CAPTURES_AT_ONCE)
		return method_refuse(e, METHOD_REFUSED, "%u captures are running (the limit)",
				     captures);
	c->capture = capture_start(c->rpc->k->sw, params, c->io, e);
	if (!c->capture)
		return NULL;
	c->monitors = 0;
	c->lost = 0; // its stream has no place for them
	return json_object();
}

static json_t *call_from_socket(void *arg, const char *method, const json_t *params,
				struct error *e)
{
	struct client *c = arg;

	const struct method *m = method_find(c->rpc->k, method);

	if (m && m->flags & METHOD_STREAM && !method_has_params(m, params, e))
		return NULL;
	if (m && m->flags & METHOD_EVENTS)
		return monitor(c, params, e);
	if (m && m->flags & METHOD_FRAMES)
		return capture(c, params, e);
	return method_call(c->rpc->k, method, params, e);
}

static void handle_line(struct client *c, const char *line, size_t len)
{
	json_t *answer = jsonrpc_answer(line, len, call_from_socket, c);

	if (answer)
		reply(c, answer);
}

static void on_ports(void *arg, portset gone)
{
	struct rpc *r = arg;

	for (struct client *c = r->clients; c; c = c->next)
		if (c->capture)
			capture_ports_changed(c->capture, gone);
}

// Whether a client has got everything that it waits for.
static bool is_served(const struct client *c)
{
	return !evbuffer_get_length(bufferevent_get_output(c->io)) &&
	       (c->capture ? capture_is_over(c->capture) : c->leaving);
}

// Carries out pending requests while the client reads its replies.
static void serve_client(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);
	size_t len;
	char *line;

	while (!c->capture && !client_is_backlogged(c) &&
	       (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		handle_line(c, line, len);
		free(line);
	}
	if (c->capture && c->leaving)
		capture_end(c->capture);
	if (c->capture)
		evbuffer_drain(in, evbuffer_get_length(in));
	else if (client_is_backlogged(c))
		bufferevent_disable(c->io, EV_READ);
	if (evbuffer_get_length(in) > RPC_LINE_MAX || is_served(c))
		client_drop(c);
}

static void on_read(struct bufferevent *io, void *arg)
{
	(void)io;
	serve_client(arg);
}

// The client has read its replies, therefore carries out its pending requests. There may be no
// other event for a long time, therefore the client is told now that it has lost some.
static void on_written(struct bufferevent *io, void *arg)
{
	struct client *c = arg;

	notify_lost(c, switch_now(c->rpc->k->sw));
	if (!c->leaving)
		bufferevent_enable(io, EV_READ);
	serve_client(c);
}

static void on_gone(struct bufferevent *io, short what, void *arg)
{
	struct client *c = arg;

	(void)io;
	if (what & BEV_EVENT_ERROR) {
		client_drop(c);
	} else if (what & BEV_EVENT_EOF) {
		c->leaving = true;
		serve_client(c);
	}
}

// Refuses a client beyond the limit. The error is lost if the socket does not take it at once.
static void refuse_client(int fd)
{
	char text[160];
	int len = snprintf(
		text, sizeof text,
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,\"message\":\"%d control clients are connected (the "
		"limit)\"},\"id\":null}\n",
		METHOD_REFUSED, RPC_CLIENTS_MAX);

	(void)!send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
		      void *arg)
{
	struct rpc *r = arg;
	struct client *c;

	(void)l, (void)from, (void)len;
	if (r->count == RPC_CLIENTS_MAX) {
		refuse_client(fd);
		return;
	}
	if ((c = calloc(1, sizeof *c)))
		c->io = bufferevent_socket_new(r->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c || !c->io) {
		free(c);
		close(fd);
		return;
	}
	c->rpc = r;
	c->next = r->clients;
	c->link = &r->clients;
	if (c->next)
		c->next->link = &c->next;
	r->clients = c;
	r->count++;
	bufferevent_setcb(c->io, on_read, on_written, on_gone, c);
	bufferevent_priority_set(c->io, 0);
	bufferevent_enable(c->io, EV_READ | EV_WRITE);
}

// Makes the folder of the socket if it is missing.
static void make_socket_folder(const char *path)
{
	char folder[sizeof(struct sockaddr_un)];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	mkdir(folder, 0755); // bind() fails with the reason if this failed
}

static int bind_private(int fd, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t mask = umask(0177);

	strcpy(a.sun_path, path);
	int rc = bind(fd, (struct sockaddr *)&a, sizeof a);
	umask(mask);
	return rc;
}

// Locks the folder of a socket, so that of two switches that start at once one claims first.
// Returns its descriptor. -1: errno.
static int lock_folder(const char *path)
{
	char folder[sizeof(struct sockaddr_un)] = ".";
	const char *slash = strrchr(path, '/');

	if (slash)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

// The service may not use chown(), and does not need it.
static bool admit_group(const char *path, gid_t group)
{
	struct stat st;

	if (group == RPC_NO_GROUP)
		return true;
	return !stat(path, &st) && (st.st_gid == group || !chown(path, (uid_t)-1, group)) &&
	       !chmod(path, 0660);
}

// Returns a socket that listens at the path. -1: errno says why not.
static int claim(const char *path, gid_t group)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), folder = -1;
	bool good = fd >= 0 && (folder = lock_folder(path)) >= 0 &&
		    (!bind_private(fd, path) ||
		     (errno == EADDRINUSE && unixsocket_bury(path) && !bind_private(fd, path))) &&
		    admit_group(path, group) && !listen(fd, RPC_CLIENTS_MAX);
	int error = errno;

	if (folder >= 0)
		close(folder); // and unlocks it
	if (!good && fd >= 0)
		close(fd);
	errno = error;
	return good ? fd : -1;
}

static void *claim_error(const char *path, int error, struct error *e)
{
	char holder[HOLDER_TEXT] = "another process";

	if (error == EADDRINUSE) {
		holder_of_socket(path, holder);
		error_set(e, "control socket %s is in use by %s (give this switch --socket PATH)",
			  path, holder);
	} else if (error == ENOTSOCK) {
		error_set(
			e,
			"control socket %s: a file is there that is not a socket (name another path)",
			path);
	} else {
		error_set(e, "control socket %s: %s", path, strerror(error));
	}
	return NULL;
}

struct rpc *rpc_claim(const char *path, gid_t group, struct error *e)
{
	struct rpc *r = calloc(1, sizeof *r);

	if (!r) {
		error_no_memory(e);
		return NULL;
	}
	if (strlen(path) >= sizeof r->path) {
		free(r);
		error_set(e, "control socket %s: the path is longer than %zu characters", path,
			  sizeof r->path - 1);
		return NULL;
	}
	strcpy(r->path, path);
	make_socket_folder(path);
	r->fd = claim(path, group);
	if (r->fd >= 0)
		return r;
	free(r);
	return claim_error(path, errno, e);
}

bool rpc_open(struct rpc *r, struct event_base *base, struct control *k, struct error *e)
{
	r->k = k;
	r->base = base;
	r->listener = evconnlistener_new(base, on_accept, r, LEV_OPT_CLOSE_ON_FREE, 0, r->fd);
	if (!r->listener)
		return error_no_memory(e);
	r->fd = -1;
	if (!listen_watch(r->listener, r->path))
		return error_no_memory(e);
	k->sw->on_ports = on_ports;
	k->sw->ports_arg = r;
	return true;
}

void rpc_close(struct rpc *r)
{
	if (!r)
		return;
	if (r->k && r->k->sw)
		r->k->sw->on_ports = NULL;
	while (r->clients)
		client_drop(r->clients);
	listen_forget(r->listener);
	if (r->listener)
		evconnlistener_free(r->listener);
	if (r->fd >= 0)
		close(r->fd);
	unlink(r->path);
	free(r);
}
