// SPDX-License-Identifier: BSD-3-Clause
// A control socket with clients in the same thread. Tests choose the pieces in which requests
// arrive.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "control/api/control.h"
#include "control/api/method.h"
#include "control/common/error.h"
#include "control/diagnose/capture.h"
#include "control/server/methods.h"
#include "control/server/socket.h"
#include "control/switch/switch.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"
#include "tests/unit/folder.h"
#include "tests/unit/kit.h"
#include "tests/unit/switch.h"

enum { PATIENCE_S = 60, QUIET_ROUNDS = 100, PARSE_ERROR = -32700, REQUEST_INVALID = -32600 };

struct client {
	int fd;
	bool ended; // the server closed the connection
	char *data; // received, not taken yet
	size_t len, size;
};

static struct event_base *base;
static struct control k;
static struct rpc *rpc;

static const char *socket_path(void)
{
	return folder_path("run/control.sock");
}

// Claims and serves a socket.
static bool open_socket(struct rpc **r, const char *path, struct error *e)
{
	*r = rpc_claim(path, RPC_NO_GROUP, e);
	return *r && rpc_open(*r, base, &k, e);
}

static int set_up(void **state)
{
	struct error e;

	base = event_base_new();
	k = (struct control){
		.sw = test_switch("ports: [{name: a, device: 'null:'}, {name: b}]", SWITCH_BENCH),
		.methods = methods_all,
	};
	return folder_open(state) || !base || !open_socket(&rpc, socket_path(), &e);
}

static int tear_down(void **state)
{
	rpc_close(rpc);
	rpc = NULL;
	switch_destroy(k.sw);
	event_base_free(base);
	return folder_close(state);
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof a), "%s: %s", path,
	      strerror(errno));
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static struct client begin(void)
{
	return (struct client){.fd = connect_to(socket_path())};
}

static void end(struct client *c)
{
	close(c->fd);
	free(c->data);
}

// Runs all pending events of the server.
static void serve(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void serve_all(void)
{
	for (int i = 0; i < QUIET_ROUNDS; i++)
		serve();
}

// Takes the arrived data. Returns false if there is none.
static bool receive(struct client *c)
{
	if (c->len + 65536 > c->size)
		c->data = realloc(c->data, c->size = 2 * c->size + 131072);
	assert_non_null(c->data);
	ssize_t n = recv(c->fd, c->data + c->len, c->size - c->len - 1, 0);
	c->ended |= !n || (n < 0 && errno == ECONNRESET);
	c->len += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static time_t deadline(void)
{
	return time(NULL) + PATIENCE_S;
}

static void send_bytes(struct client *c, const char *data, size_t len)
{
	for (time_t end = deadline(); len; serve()) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; // the connection is closed; the test checks that
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		assert_true(time(NULL) < end);
	}
}

static void send_text(struct client *c, const char *text)
{
	send_bytes(c, text, strlen(text));
}

// The next line for the client; NULL if the server closes the connection first. Free it.
static json_t *next(struct client *c)
{
	char *line_end;
	json_error_t why;

	for (time_t end = deadline(); !(line_end = c->len ? memchr(c->data, '\n', c->len) : NULL);
	     serve()) {
		if (!receive(c) && c->ended)
			return NULL;
		assert_true(time(NULL) < end);
	}
	size_t len = (size_t)(line_end + 1 - c->data);
	json_t *o = json_loadb(c->data, len, 0, &why);
	CHECK(o, "%s: %.*s", why.text, (int)len, c->data);
	memmove(c->data, c->data + len, c->len -= len);
	return o;
}

// The server sends nothing without a request.
static void expect_silence(struct client *c)
{
	serve_all();
	assert_false(receive(c));
	assert_int_equal(c->len, 0);
	assert_false(c->ended);
}

static void expect_end(struct client *c)
{
	assert_null(next(c));
	assert_int_equal(c->len, 0);
}

static void expect_result(struct client *c, json_int_t id)
{
	json_t *o = next(c);

	CHECK(o && json_object_get(o, "result"), "no result for %d", (int)id);
	assert_int_equal(json_integer_value(json_object_get(o, "id")), id);
	json_decref(o);
}

static void expect_error(struct client *c, int code)
{
	json_t *o = next(c), *e = json_object_get(o, "error");

	assert_int_equal(json_integer_value(json_object_get(e, "code")), code);
	json_decref(o);
}

static void ask(struct client *c, int id, const char *method, const char *params)
{
	char text[4096];

	snprintf(text, sizeof text,
		 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s}\n", id, method,
		 params);
	send_text(c, text);
}

static void works(struct client *c)
{
	ask(c, 4711, "status", "{}");
	expect_result(c, 4711);
}

static const char two[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"port.show\"}\n";

static void in_pieces(void **state)
{
	struct client c = begin();

	(void)state;
	for (size_t i = 0; i < strlen(two); i++) {
		send_bytes(&c, two + i, 1);
		serve_all();
	}
	expect_result(&c, 1);
	expect_result(&c, 2);
	expect_silence(&c);
	end(&c);
}

// Requests are carried out and answered in order.
static void several_at_once(void **state)
{
	struct client c = begin();
	char text[4096] = "";

	(void)state;
	for (int i = 0; i < 8; i++)
		sprintf(text + strlen(text),
			"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"port.%s\","
			"\"params\":{\"name\":\"x\"%s}}\n",
			i, i % 2 ? "del" : "add", i % 2 ? "" : ",\"set\":{\"device\":\"null:\"}");
	send_text(&c, text);
	for (int i = 0; i < 8; i++)
		expect_result(&c, i);
	assert_int_equal(k.sw->applied, 1 + 8);
	expect_silence(&c);
	end(&c);
}

// A bad line gets an error and does not affect other lines.
static void bad_lines(void **state)
{
	struct client c = begin();

	(void)state;
	send_text(&c, "nonsense\n");
	send_text(&c, two);
	send_text(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}]\n\n");
	send_bytes(&c, "\0\n", 2);
	send_text(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}\n");
	expect_error(&c, PARSE_ERROR);
	expect_result(&c, 1);
	expect_result(&c, 2);
	expect_error(&c, REQUEST_INVALID);
	expect_error(&c, PARSE_ERROR);
	expect_error(&c, PARSE_ERROR);
	expect_error(&c, METHOD_UNKNOWN);
	works(&c);
	end(&c);
}

static void a_notification(void **state)
{
	struct client c = begin();

	(void)state;
	send_text(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"port.disable\",\"params\":{\"name\":"
		      "\"a\"}}\n");
	expect_silence(&c);
	assert_int_equal(k.sw->applied, 2);
	works(&c);
	end(&c);
}

// A request of `len` bytes including its line end: a short request and blanks.
static void send_long(struct client *c, size_t len)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"status\"}";
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, ' ', len);
	memcpy(text, request, strlen(request));
	text[len - 1] = '\n';
	send_bytes(c, text, len);
	free(text);
}

static void a_request_that_is_too_long(void **state)
{
	struct client c = begin(), other = begin();

	(void)state;
	send_long(&c, RPC_LINE_MAX);
	expect_result(&c, 7);
	char *endless = malloc(RPC_LINE_MAX);
	memset(endless, ' ', RPC_LINE_MAX);
	send_bytes(&c, endless, RPC_LINE_MAX);
	free(endless);
	serve_all();
	assert_false(receive(&c) || c.ended); // the line may still end
	send_bytes(&c, " ", 1);
	expect_end(&c);
	works(&other);
	end(&c);
	end(&other);
}

// Complete requests are answered. An incomplete one is ignored.
static void a_client_that_ends(void **state)
{
	struct client c = begin(), other = begin();

	(void)state;
	send_text(&c, two);
	send_text(&c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"sta");
	shutdown(c.fd, SHUT_WR);
	expect_result(&c, 1);
	expect_result(&c, 2);
	expect_end(&c);
	end(&c);
	struct client gone = begin();
	send_text(&gone, two);
	end(&gone);
	serve_all();
	works(&other);
	end(&other);
}

// While the client reads no replies, requests wait, also those that have arrived. None is lost.
static void a_client_that_does_not_read(void **state)
{
	enum { REQUESTS = 500, CHANGE = 290, AT_ONCE = 16384 };
	struct client c = begin(), other = begin();
	char all[REQUESTS * 96], *end_of_all = all;
	size_t before_change = 0;

	(void)state;
	for (int i = 0; i < REQUESTS; i++) {
		bool change = i == CHANGE;
		end_of_all += sprintf(end_of_all,
				      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\"%s}\n", i,
				      change ? "port.disable" : "policy.keys",
				      change ? ",\"params\":{\"name\":\"a\"}" : "");
		if (change)
			before_change = (size_t)(end_of_all - all);
	}
	assert_true(before_change < AT_ONCE); // of what libevent reads
	assert_int_equal(send(c.fd, all, (size_t)(end_of_all - all), 0), end_of_all - all);
	serve_all();
	works(&other);
	assert_int_equal(k.sw->applied, 1);
	for (int i = 0; i < REQUESTS; i++)
		expect_result(&c, i);
	assert_int_equal(k.sw->applied, 2);
	expect_silence(&c);
	end(&c);
	end(&other);
}

static void as_many_clients_as_there_can_be(void **state)
{
	struct client c[RPC_CLIENTS_MAX];

	(void)state;
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		c[i] = begin();
		works(&c[i]);
	}
	struct client more = begin();
	expect_error(&more, METHOD_REFUSED);
	expect_end(&more);
	end(&more);
	end(&c[0]);
	serve_all();
	c[0] = begin();
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		works(&c[i]);
		end(&c[i]);
	}
}

static void tell(enum event_type type, uint32_t count)
{
	rpc_tell(rpc, &(struct event){.type = (uint8_t)type, .ns = 1, .count = count});
}

static void expect_event(struct client *c, const char *type)
{
	json_t *o = next(c), *params = json_object_get(o, "params");

	assert_string_equal(json_string_value(json_object_get(o, "method")), "event");
	assert_null(json_object_get(o, "id"));
	assert_string_equal(json_string_value(json_object_get(params, "type")), type);
	json_decref(o);
}

static void events(void **state)
{
	struct client all = begin(), some = begin(), none = begin();

	(void)state;
	works(&none);
	ask(&all, 1, "monitor", "{}");
	expect_result(&all, 1);
	ask(&some, 1, "monitor", "{\"types\": [\"port-up\", \"config-rolled-back\"]}");
	expect_result(&some, 1);
	tell(EVENT_PORT_DOWN, 0);
	tell(EVENT_PORT_UP, 0);
	expect_event(&all, "port-down");
	expect_event(&all, "port-up");
	expect_event(&some, "port-up");
	ask(&some, 2, "monitor", "{\"types\": [\"port-down\"]}"); // instead
	expect_result(&some, 2);
	tell(EVENT_PORT_UP, 0);
	tell(EVENT_PORT_DOWN, 0);
	tell(EVENT_LOST, 3); // a filter by type does not hide lost events
	expect_event(&some, "port-down");
	expect_event(&some, "events-lost");
	works(&some);
	expect_silence(&none);
	end(&all);
	end(&some);
	end(&none);
}

static void wrong_types(void **state)
{
	struct client c = begin();

	(void)state;
	ask(&c, 1, "monitor", "{\"types\": \"port-up\"}");
	expect_error(&c, PARAMS_INVALID);
	ask(&c, 2, "monitor", "{\"types\": [\"port-up\", \"port-upp\"]}");
	expect_error(&c, METHOD_USAGE);
	ask(&c, 3, "monitor", "{\"types\": [1]}");
	expect_error(&c, METHOD_USAGE);
	tell(EVENT_PORT_UP, 0);
	expect_silence(&c);
	end(&c);
}

// Every event arrives or counts as lost. The client is told so without another event.
static void events_that_nobody_reads(void **state)
{
	enum { EVENTS = 40000 };
	struct client c = begin();
	json_int_t got = 0, lost = 0;

	(void)state;
	ask(&c, 1, "monitor", "{}");
	expect_result(&c, 1);
	for (unsigned i = 0; i < EVENTS; i++)
		tell(EVENT_PORT_UP, 0);
	serve_all();
	while (!lost) {
		json_t *o = next(&c), *params = json_object_get(o, "params");
		const char *type = json_string_value(json_object_get(params, "type"));
		got += !strcmp(type, "port-up");
		lost += json_integer_value(json_object_get(params, "count"));
		json_decref(o);
	}
	assert_true(got);
	assert_int_equal(got + lost, EVENTS);
	tell(EVENT_PORT_DOWN, 0);
	expect_event(&c, "port-down");
	expect_silence(&c);
	end(&c);
}

// Closes its own direction and reads to the end.
static void receive_all(struct client *c)
{
	shutdown(c->fd, SHUT_WR);
	for (time_t last = deadline(); !c->ended; serve()) {
		receive(c);
		assert_true(time(NULL) < last);
	}
}

static void too_many_captures(void **state)
{
	struct client c[CAPTURES_AT_ONCE], more = begin();

	(void)state;
	for (unsigned i = 0; i < CAPTURES_AT_ONCE; i++) {
		c[i] = begin();
		ask(&c[i], 1, "capture", "{}");
		expect_result(&c[i], 1);
	}
	ask(&more, 1, "capture", "{}");
	expect_error(&more, METHOD_REFUSED);
	works(&more);
	receive_all(&c[0]);
	ask(&more, 2, "capture", "{}");
	expect_result(&more, 2);
	for (unsigned i = 0; i < CAPTURES_AT_ONCE; i++)
		end(&c[i]);
	end(&more);
}

// The captured frames and the statistics after them arrive complete.
static void a_capture_ends(void **state)
{
	struct client c = begin();

	(void)state;
	ask(&c, 1, "capture", "{\"port\": [\"a\"]}");
	expect_result(&c, 1);
	ask(&c, 2, "status", "{}"); // the server reads no more requests
	receive_all(&c);
	assert_true(c.len > 8);
	assert_memory_equal(c.data, "\n\r\r\n", 4); // a section of pcapng
	assert_null(memmem(c.data, c.len, "jsonrpc", 7));
	end(&c);
}

static void the_file(void **state)
{
	struct stat st;
	struct error e;
	struct rpc *second = NULL;
	struct client c = begin();

	(void)state;
	assert_int_equal(stat(socket_path(), &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(open_socket(&second, socket_path(), &e));
	assert_non_null(strstr(e.text, socket_path()));
	works(&c);
	rpc_close(rpc);
	rpc = NULL;
	assert_int_equal(stat(socket_path(), &st), -1);
	assert_null(k.sw->on_ports);
	expect_end(&c);
	assert_true(open_socket(&rpc, socket_path(), &e));
	end(&c);
}

// The socket of a dead process is replaced. Sockets of other processes and other files are not.
static void files_of_others(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char path[200];
	struct rpc *second = NULL;
	struct error e;

	(void)state;
	snprintf(a.sun_path, sizeof a.sun_path, "%s", folder_path("dead.sock"));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	close(fd);
	assert_true(open_socket(&second, a.sun_path, &e));
	rpc_close(second);
	assert_false(open_socket(&second, folder_write("file", "mine"), &e));
	folder_expect("file", "mine");
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = 0;
	assert_false(open_socket(&second, path, &e));
	assert_false(open_socket(&second, folder_path("none/at/all"), &e));
}

#define RPC_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

RUN_TESTS(RPC_TEST(in_pieces), RPC_TEST(several_at_once), RPC_TEST(bad_lines),
	  RPC_TEST(a_notification), RPC_TEST(a_request_that_is_too_long),
	  RPC_TEST(a_client_that_ends), RPC_TEST(a_client_that_does_not_read),
	  RPC_TEST(as_many_clients_as_there_can_be), RPC_TEST(events), RPC_TEST(wrong_types),
	  RPC_TEST(events_that_nobody_reads), RPC_TEST(too_many_captures), RPC_TEST(a_capture_ends),
	  RPC_TEST(the_file), RPC_TEST(files_of_others))
