// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/client.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/cli/commands.h"
#include "control/common/complain.h"
#include "control/common/json.h"
#include "control/common/text.h"
#include "control/common/view.h"
#include "dataplane/key.h"

enum { VLAN_PAGES = 16 }; // pages of the table that completion searches for VLANs

// 0 or -errno.
static int open_session(struct session *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int error;

	if (strlen(s->socket) >= sizeof a.sun_path)
		return -ENAMETOOLONG;
	strcpy(a.sun_path, s->socket);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd >= 0 && !connect(s->fd, (struct sockaddr *)&a, sizeof a) &&
	    (s->in = fdopen(s->fd, "r")))
		return 0;
	error = errno;
	if (s->fd >= 0)
		close(s->fd);
	return -error;
}

// A socket that this user may not open. Its group may, if it has one besides its user.
static void report_forbidden(const char *path)
{
	struct stat st;
	const struct group *g = !stat(path, &st) && st.st_mode & S_IWGRP ? getgrgid(st.st_gid)
									 : NULL;

	if (g)
		complain(
			"no permission to use the switch at %s: it is for members of group '%s' (usermod -aG %s USER, then log in again)",
			path, g->gr_name, g->gr_name);
	else
		complain(
			"no permission to use the switch at %s: only root and the user of the switch may (nestswitch run --socket-group GROUP admits others)",
			path);
}

int client_connect(struct session *s)
{
	int error = open_session(s);

	if (error == -EACCES)
		report_forbidden(s->socket);
	else if (error)
		complain(
			"no switch at %s: %s (start `nestswitch run`, or name another socket with -s)",
			s->socket, strerror(-error));
	return error ? EXIT_UNREACHABLE : EXIT_DONE;
}

void client_close(struct session *s)
{
	if (s->in)
		fclose(s->in);
	s->in = NULL;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static int report_lost_switch(const struct session *s)
{
	complain("lost the connection to the switch at %s", s->socket);
	return EXIT_UNREACHABLE;
}

// Sends a request and returns its reply. NULL: the connection is lost.
static json_t *send_request(struct session *s, const char *method, json_t *params)
{
	json_t *object = json_pack("{s:s, s:s, s:O, s:i}", "jsonrpc", "2.0", "method", method,
				   "params", params, "id", 1);
	char *text = json_dumps(object, JSON_COMPACT), *line = NULL;
	size_t size = 0;
	json_t *reply = NULL;

	json_decref(object);
	if (text && send_all(s->fd, text, strlen(text)))
		send_all(s->fd, "\n", 1);
	// A switch that stopped reading may still have sent the reason.
	if (text && getline(&line, &size, s->in) > 0)
		reply = json_loads(line, 0, NULL);
	free(text);
	free(line);
	return reply;
}

// The beginning of a ":NUMBER" that ends at `end` and does not begin the text. NULL: there is none.
static const char *number_before(const char *text, const char *end)
{
	const char *digits = end;

	while (digits > text && isdigit((unsigned char)digits[-1]))
		digits--;
	return digits < end && digits - text > 1 && digits[-1] == ':' ? digits - 1 : NULL;
}

// Whether a message begins with "FILE:LINE:COLUMN: ". The name of the file may contain blanks and
// colons.
static bool is_of_file(const char *text)
{
	const char *end = strstr(text, ": "), *column = end ? number_before(text, end) : NULL;

	return column && number_before(text, column);
}

static int length_without_hint(const char *text)
{
	const char *hint = strstr(text, " (");

	return (int)(hint ? (size_t)(hint - text) : strlen(text));
}

static int report_refusal(const struct session *s, json_t *error)
{
	static const int rpc_usage = -32001; // invalid configuration or value, see api/method.h
	bool usage = json_integer_value(json_object_get(error, "code")) == rpc_usage;
	const char *text = json_string_value(json_object_get(error, "message"));

	if (text && is_of_file(text))
		fprintf(stderr, "%s\n", text);
	else if (text && *s->meant && !strstr(text, "did you mean"))
		complain("%.*s (did you mean '%s'?)", length_without_hint(text), text, s->meant);
	else
		complain("%s", text ? text : "refused");
	return usage ? EXIT_USAGE : EXIT_REFUSED;
}

static void show_warnings(const json_t *result)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(result, "warnings"), i, v)
		complain("%s", json_string_value(v));
}

static int ask_once(struct session *s, const struct command *c, json_t *params, json_t **result)
{
	json_t *reply = send_request(s, c->method, params),
	       *error = json_object_get(reply, "error");
	int status = !reply ? report_lost_switch(s) : error ? report_refusal(s, error) : EXIT_DONE;

	*result = status ? NULL : json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return status;
}

// Requests the remaining pages of the table. *result: the first page, then the whole table.
static int fetch_pages(struct session *s, const struct command *c, json_t *params, json_t **result)
{
	json_t *all = json_incref(json_object_get(*result, "entries")),
	       *next = json_incref(json_object_get(*result, "next"));
	int status = EXIT_DONE;

	while (!status && json_is_string(next)) {
		json_t *page;
		json_object_set_new(params, "after", next);
		status = ask_once(s, c, params, &page);
		json_array_extend(all, json_object_get(page, "entries"));
		next = json_incref(json_object_get(page, "next"));
		json_decref(page);
	}
	json_object_del(params, "after");
	json_decref(next);
	json_decref(*result);
	*result = all;
	return status;
}

int client_ask(struct session *s, const struct command *c, json_t *params, json_t **result)
{
	int status = ask_once(s, c, params, result);

	show_warnings(*result);
	if (!status && json_object_get(*result, "entries"))
		status = fetch_pages(s, c, params, result);
	return status;
}

void client_show(const struct session *s, enum view view, json_t *result)
{
	if (!s->json) {
		view_print(stdout, view, result, s->colours);
		return;
	}
	json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_DIGITS);
	putchar('\n');
}

static void show_event(const struct session *s, json_t *event)
{
	if (s->json)
		json_dumpf(event, stdout, JSON_COMPACT | JSON_DIGITS);
	else
		view_print(stdout, VIEW_EVENT, event, s->colours);
	if (s->json)
		putchar('\n');
	fflush(stdout);
}

static struct {
	int fd; // of the session
	volatile sig_atomic_t ends;
} followed;

static void end_following(int number)
{
	(void)number;
	followed.ends = true;
	shutdown(followed.fd, SHUT_RDWR);
}

// The first signal ends the session, the second one ends the program.
static void end_on_signals(int fd)
{
	struct sigaction a = {.sa_handler = end_following, .sa_flags = (int)SA_RESETHAND};

	followed.fd = fd;
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
}

// Returns the exit status of a session that has ended.
static int conclude_following(const struct session *s)
{
	if (ferror(stdout))
		return EXIT_REFUSED;
	if (!followed.ends)
		return report_lost_switch(s);
	if (isatty(STDOUT_FILENO))
		putchar('\n'); // behind the ^C
	return EXIT_DONE;
}

int client_follow(struct session *s, const struct command *c, json_t *params)
{
	char *line = NULL;
	size_t size = 0;
	json_t *result;
	int status = client_ask(s, c, params, &result);

	json_decref(result);
	if (status)
		return status;
	end_on_signals(s->fd);
	while (!followed.ends && !ferror(stdout) && getline(&line, &size, s->in) > 0) {
		json_t *notification = json_loads(line, 0, NULL);
		show_event(s, json_object_get(notification, "params"));
		json_decref(notification);
	}
	free(line);
	return conclude_following(s);
}

// The result of a method, NULL if it does not come within two seconds. Takes the parameters.
static json_t *look_up(const struct session *s, const char *method, json_t *params)
{
	struct session own = {.socket = s->socket};
	struct timeval patience = {.tv_sec = 2};
	json_t *reply = NULL;

	if (!open_session(&own) &&
	    !setsockopt(own.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience))
		reply = send_request(&own, method, params);
	json_t *result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	json_decref(params);
	client_close(&own);
	return result;
}

void client_switch_name(const struct session *s, char *out, size_t size)
{
	json_t *status = look_up(s, "status", json_object());
	const char *name = json_string_value(json_object_get(status, "name"));

	snprintf(out, size, "%s", name ? name : "");
	text_clean(out);
	json_decref(status);
}

// Adds this member of each object in a list, or in its member `entries`.
static void add_members(json_t *names, json_t *list, const char *member)
{
	json_t *entries = json_object_get(list, "entries"), *v;
	size_t i;

	json_array_foreach(entries ? entries : list, i, v)
		json_array_append(names, json_object_get(v, member));
	json_decref(list);
}

// Adds the VLANs of a page of the table. Returns the last one, 0 after the last page.
static uint16_t add_vlans(json_t *names, json_t *page)
{
	json_t *entry;
	uint16_t last = 0;
	size_t i;

	json_array_foreach(json_object_get(page, "entries"), i, entry) {
		uint16_t vid = (uint16_t)json_integer_value(json_object_get(entry, "vlan"));
		if (vid != last)
			json_array_append_new(names, json_sprintf("%u", vid));
		last = vid;
	}
	return json_is_string(json_object_get(page, "next")) ? last : 0;
}

// Adds the VLANs of the table. The table is sorted by VLAN, therefore each request skips the rest
// of the last VLAN.
static void add_all_vlans(const struct session *s, json_t *names)
{
	uint16_t last = 0;

	for (int pages = 0; pages < VLAN_PAGES && (last || !pages); pages++) {
		json_t *params = json_object();
		if (last)
			json_object_set_new(
				params, "after",
				json_sprintf("%" PRIu64, key_make(last, MAC_BROADCAST)));
		json_t *page = look_up(s, "fdb.show", params);
		last = add_vlans(names, page);
		json_decref(page);
	}
}

json_t *client_names(const struct session *s, enum argument_kind kind)
{
	json_t *names = json_array();

	if (kind == KIND_PORT || kind == KIND_PORT_OR_GROUP)
		add_members(names, look_up(s, "port.show", json_object()), "name");
	if (kind == KIND_GROUP || kind == KIND_PORT_OR_GROUP)
		add_members(names, look_up(s, "group.show", json_object()), "name");
	if (kind == KIND_MIRROR)
		add_members(names, look_up(s, "mirror.show", json_object()), "name");
	if (kind == KIND_MAC)
		add_members(names, look_up(s, "fdb.show", json_object()), "mac");
	if (kind == KIND_VLAN)
		add_all_vlans(s, names);
	return names;
}
