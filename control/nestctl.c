// SPDX-License-Identifier: BSD-3-Clause
// nestctl: the control client. A table of commands says which words ask for which method, how the words behind them
// become its parameters, and how its result is shown.
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "complain.h"
#include "reply.h"
#include "version.h"

#define SOCKET_DEFAULT "/run/nestswitch/control.sock"

// What may follow a command's words, behind the one that stands for itself.
enum rest {
	REST_NONE,
	REST_PAIRS,  // KEY VALUE …, the members of parameter `set`; one at least
	REST_PAIRS0, // the same, or none
	REST_KEYS,   // KEY …, the elements of parameter `keys`; one at least
	REST_TYPES,  // TYPE …, the elements of parameter `types`, or none
	REST_WORDS,  // words of `words`, each with a value, as parameters
};

struct command {
	const char *group, *verb;
	const char *method;
	const char *self; // parameter that the first word becomes, NULL: none; in brackets: may be left out
	enum rest rest;
	const char *const *words;
	enum reply_view view;
	const char *usage, *help;
};

static const char *const fdb_words[] = {"port", "vlan", "mac", "type", NULL};
static const char *const fdb_add_words[] = {"vlan", "port", NULL};
static const char *const fdb_del_words[] = {"vlan", NULL};

static const struct command commands[] = {
	{"status", "show", "status", NULL, REST_NONE, NULL, VIEW_STATUS, "", "version, uptime, workers and their load, table use"},
	{"port", "show", "port.show", "[name]", REST_NONE, NULL, VIEW_PORTS, "[NAME]", "ports and what is set on them"},
	{"port", "add", "port.add", "name", REST_PAIRS, NULL, VIEW_NONE, "NAME device DEVICE [KEY VALUE …]", "a new port"},
	{"port", "del", "port.del", "name", REST_NONE, NULL, VIEW_NONE, "NAME", "a port and its device, with all it learned"},
	{"port", "set", "port.set", "name", REST_PAIRS, NULL, VIEW_NONE, "NAME KEY VALUE …",
	 "policy keys, mac-address, effective-mac, port-group, device"},
	{"port", "unset", "port.unset", "name", REST_KEYS, NULL, VIEW_NONE, "NAME KEY …", "back to what the port inherits"},
	{"port", "enable", "port.enable", "name", REST_NONE, NULL, VIEW_NONE, "NAME", "administratively up"},
	{"port", "disable", "port.disable", "name", REST_NONE, NULL, VIEW_NONE, "NAME", "administratively down"},
	{"group", "show", "group.show", "[name]", REST_NONE, NULL, VIEW_GROUPS, "[NAME]", "port groups and their policy"},
	{"group", "add", "group.add", "name", REST_PAIRS0, NULL, VIEW_NONE, "NAME [KEY VALUE …]", "a new port group"},
	{"group", "set", "group.set", "name", REST_PAIRS, NULL, VIEW_NONE, "NAME KEY VALUE …", "policy of all its ports"},
	{"group", "unset", "group.unset", "name", REST_KEYS, NULL, VIEW_NONE, "NAME KEY …", "back to what the switch has"},
	{"group", "del", "group.del", "name", REST_NONE, NULL, VIEW_NONE, "NAME", "an empty port group"},
	{"policy", "show", "policy.show", "[name]", REST_NONE, NULL, VIEW_POLICY, "[NAME]",
	 "policy in force on a port or group (or the switch), and where it comes from"},
	{"policy", "set", "policy.set", NULL, REST_PAIRS, NULL, VIEW_NONE, "KEY VALUE …", "policy of the whole switch"},
	{"policy", "unset", "policy.unset", NULL, REST_KEYS, NULL, VIEW_NONE, "KEY …", "back to the default"},
	{"fdb", "show", "fdb.show", NULL, REST_WORDS, fdb_words, VIEW_FDB, "[port P] [vlan V] [mac M] [type T]", "the MAC table"},
	{"fdb", "add", "fdb.add", "mac", REST_WORDS, fdb_add_words, VIEW_NONE, "MAC vlan V port P", "a static MAC"},
	{"fdb", "del", "fdb.del", "mac", REST_WORDS, fdb_del_words, VIEW_NONE, "MAC vlan V", "a static or learned MAC"},
	{"fdb", "flush", "fdb.flush", NULL, REST_WORDS, fdb_words, VIEW_COUNT, "[port P] [vlan V] [mac M] [type T]",
	 "forget learned MACs, dynamic ones unless a type is named"},
	{"stats", "show", "stats.show", NULL, REST_NONE, NULL, VIEW_COUNTERS, "", "counters of the ports"},
	{"stats", "clear", "stats.clear", NULL, REST_NONE, NULL, VIEW_NONE, "", "start them anew at 0"},
	{"config", "show", "config.show", NULL, REST_NONE, NULL, VIEW_TEXT, "", "the running configuration, as a file for run"},
	{"monitor", "show", "monitor", NULL, REST_TYPES, NULL, VIEW_EVENT, "[TYPE …]", "events as they come, until interrupted"},
	{"config", "check", "config.check", "file", REST_NONE, NULL, VIEW_NONE, "FILE", "whether a configuration is good"},
	{"config", "apply", "config.apply", "file", REST_NONE, NULL, VIEW_NONE, "FILE", "change what differs, all or nothing"},
	{0},
};

struct session {
	const char *socket;
	bool json;
	int fd;
	FILE *in; // replies
};

static void print_commands(FILE *out, const char *group)
{
	for (const struct command *c = commands; c->group; c++)
		if (!group || !strcmp(group, c->group))
			fprintf(out, "  %-6s %-8s %-38s %s\n", c->group, c->verb, c->usage, c->help);
}

static void print_usage(FILE *out)
{
	fputs("usage: nestctl [-s SOCKET] [-j] COMMAND …\n\n", out);
	print_commands(out, NULL);
	fputs("\n  -s, --socket PATH   the switch's control socket (default " SOCKET_DEFAULT ")\n"
	      "  -j, --json          results as JSON\n"
	      "  --help, --version\n\n"
	      "`show` is the verb if none is given. Exit status: 0 done, 1 refused, 2 wrong usage, 3 no switch there.\n"
	      "The policy keys: nestswitch help policy\n",
	      out);
}

static const char *group_name(void *unused, size_t i)
{
	(void)unused;
	return commands[i].group;
}

// The command of these words; *used: how many name it. NULL after an error.
static const struct command *find_command(char **word, int *used)
{
	const struct command *show = NULL;

	for (const struct command *c = commands; c->group; c++) {
		if (strcmp(c->group, word[0]))
			continue;
		if (word[1] && !strcmp(c->verb, word[1]))
			return *used = 2, c;
		if (!strcmp(c->verb, "show"))
			show = c;
	}
	*used = 1;
	if (show)
		return show;
	const char *near = text_nearest(word[0], group_name, NULL);
	complain("unknown command '%s' (%s%s%s)", word[0], near ? "did you mean '" : "see nestctl --help", near ? near : "",
		 near ? "'?" : "");
	return NULL;
}

static bool wrong_usage(const struct command *c, const char *why, const char *word)
{
	complain("%s%s%s%s (usage: nestctl %s %s %s)", why, *word ? " '" : "", word, *word ? "'" : "", c->group, c->verb, c->usage);
	return false;
}

// Whether a key and its value are worth asking the switch; its own settings of a port are the switch's business.
static bool check_pair(const struct command *c, const char *key, const char *value)
{
	static const char *const own[] = {"device", "mac-address", "effective-mac", "port-group"};
	struct policy scratch = {0};
	char why[POLICY_ERROR];
	int k = policy_find(key);

	for (size_t i = 0; i < sizeof own / sizeof *own && !strcmp(c->group, "port"); i++)
		if (!strcmp(key, own[i]))
			return true;
	if (k < 0) {
		const char *near = policy_nearest(key);
		complain("unknown key '%s' (%s%s%s)", key, near ? "did you mean '" : "see nestswitch help policy", near ? near : "",
			 near ? "'?" : "");
		return false;
	}
	if (value && !policy_set(&scratch, (enum policy_key)k, value, why))
		return complain("%s", why), false;
	return true;
}

static bool add_pairs(const struct command *c, char **word, json_t *params)
{
	json_t *set = json_object();

	json_object_set_new(params, "set", set);
	if (!*word)
		return c->rest == REST_PAIRS0 || wrong_usage(c, "no key", "");
	for (; *word; word += 2) {
		if (!word[1])
			return wrong_usage(c, "no value for", *word);
		if (!check_pair(c, word[0], word[1]))
			return false;
		json_object_set_new(set, word[0], json_string(word[1]));
	}
	return true;
}

static bool add_keys(const struct command *c, char **word, json_t *params)
{
	json_t *keys = json_array();

	json_object_set_new(params, "keys", keys);
	if (!*word)
		return wrong_usage(c, "no key", "");
	for (; *word; word++) {
		if (!check_pair(c, *word, NULL))
			return false;
		json_array_append_new(keys, json_string(*word));
	}
	return true;
}

static bool add_types(char **word, json_t *params)
{
	json_t *types = json_array();

	json_object_set_new(params, "types", types);
	for (; *word; word++)
		json_array_append_new(types, json_string(*word));
	return true;
}

static bool add_words(const struct command *c, char **word, json_t *params)
{
	for (; *word; word += 2) {
		const char *const *known = c->words;
		while (*known && strcmp(*known, *word))
			known++;
		if (!*known)
			return wrong_usage(c, "unknown word", *word);
		if (!word[1])
			return wrong_usage(c, "no value for", *word);
		json_object_set_new(params, word[0], json_string(word[1]));
	}
	return true;
}

static bool add_rest(const struct command *c, char **word, json_t *params)
{
	switch (c->rest) {
	case REST_NONE:
		return !*word || wrong_usage(c, "not expected:", *word);
	case REST_PAIRS:
	case REST_PAIRS0:
		return add_pairs(c, word, params);
	case REST_KEYS:
		return add_keys(c, word, params);
	case REST_TYPES:
		return add_types(word, params);
	case REST_WORDS:
		return add_words(c, word, params);
	}
	return false;
}

// The parameters that the words behind a command make; NULL after an error.
static json_t *make_params(const struct command *c, char **word)
{
	json_t *params = json_object();
	bool optional = c->self && *c->self == '[';
	char name[32];

	if (c->self && *word) {
		snprintf(name, sizeof name, "%.*s", (int)strcspn(c->self + optional, "]"), c->self + optional);
		json_object_set_new(params, name, json_string(*word++));
	} else if (c->self && !optional) {
		wrong_usage(c, "something is missing", "");
		json_decref(params);
		return NULL;
	}
	if (add_rest(c, word, params))
		return params;
	json_decref(params);
	return NULL;
}

static bool connect_switch(struct session *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(s->socket) >= sizeof a.sun_path) {
		complain("%s: the path is too long for a socket", s->socket);
		return false;
	}
	strcpy(a.sun_path, s->socket);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, sizeof a)) {
		complain("no switch at %s: %s (is `nestswitch run` there? -s names another socket)", s->socket, strerror(errno));
		return false;
	}
	s->in = fdopen(dup(s->fd), "r");
	return s->in;
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

// One request; its reply object, NULL where the switch is gone.
static json_t *ask(struct session *s, const char *method, json_t *params)
{
	json_t *request = json_pack("{s:s, s:s, s:O, s:i}", "jsonrpc", "2.0", "method", method, "params", params, "id", 1);
	char *text = json_dumps(request, JSON_COMPACT), *line = NULL;
	size_t size = 0;
	json_t *reply = NULL;

	json_decref(request);
	if (text && send_all(s->fd, text, strlen(text)) && send_all(s->fd, "\n", 1) && getline(&line, &size, s->in) > 0)
		reply = json_loads(line, 0, NULL);
	free(text);
	free(line);
	if (!reply)
		complain("the switch at %s went away", s->socket);
	return reply;
}

static int refused(const struct command *c, json_t *error)
{
	static const int rpc_usage = -32001; // a wrong configuration or value, see rpc.h
	bool usage = json_integer_value(json_object_get(error, "code")) == rpc_usage;
	const char *text = json_string_value(json_object_get(error, "message"));

	if (usage && text && !strcmp(c->group, "config"))
		fprintf(stderr, "%s\n", text); // FILE:LINE:COLUMN: …
	else
		complain("%s", text ? text : "refused");
	return usage ? EXIT_USAGE : EXIT_REFUSED;
}

// The table comes in pages; the rest of it is added to the first one.
static json_t *all_pages(struct session *s, json_t *params, json_t *page)
{
	json_t *entries = json_incref(json_object_get(page, "entries")), *next = json_incref(json_object_get(page, "next"));

	while (json_is_integer(next)) {
		json_object_set_new(params, "after", next);
		json_t *reply = ask(s, "fdb.show", params), *result = json_object_get(reply, "result");
		json_array_extend(entries, json_object_get(result, "entries"));
		next = json_incref(json_object_get(result, "next"));
		json_decref(reply);
	}
	json_decref(next);
	return entries;
}

static void show(const struct session *s, const struct command *c, json_t *result)
{
	if (!s->json) {
		reply_print(stdout, c->view, result);
		return;
	}
	json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

// A file becomes parameter `text`.
static bool load_file(json_t *params)
{
	const char *path = json_string_value(json_object_get(params, "file"));
	FILE *f = fopen(path, "r");
	char *text = f ? malloc(CONFIG_FILE_MAX) : NULL;
	size_t n = text ? fread(text, 1, CONFIG_FILE_MAX, f) : 0;
	json_t *string = text && !ferror(f) && n < CONFIG_FILE_MAX ? json_stringn(text, n) : NULL;

	if (!string)
		complain("%s: %s", path, f ? "no text of at most 16 MiB" : strerror(errno));
	else
		json_object_set_new(params, "text", string);
	if (f)
		fclose(f);
	free(text);
	return string;
}

static void show_warnings(json_t *result)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(result, "warnings"), i, v)
		complain("%s", json_string_value(v));
}

// Events until the switch or the user ends it.
static int follow(struct session *s)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, s->in) > 0) {
		json_t *o = json_loads(line, 0, NULL), *event = json_object_get(o, "params");
		if (s->json)
			json_dumpf(event, stdout, JSON_COMPACT), putchar('\n');
		else
			reply_print(stdout, VIEW_EVENT, event);
		fflush(stdout);
		json_decref(o);
	}
	free(line);
	complain("the switch at %s went away", s->socket);
	return EXIT_UNREACHABLE;
}

static int carry_out(struct session *s, const struct command *c, json_t *params)
{
	if (json_object_get(params, "file") && !load_file(params))
		return EXIT_USAGE;
	if (!connect_switch(s))
		return EXIT_UNREACHABLE;
	json_t *reply = ask(s, c->method, params);
	if (!reply)
		return EXIT_UNREACHABLE;
	json_t *error = json_object_get(reply, "error");
	int status = error ? refused(c, error) : EXIT_DONE;
	if (!error && c->view == VIEW_EVENT) {
		status = follow(s);
	} else if (!error) {
		json_t *result = json_object_get(reply, "result");
		show_warnings(result);
		result = c->view == VIEW_FDB ? all_pages(s, params, result) : json_incref(result);
		show(s, c, result);
		json_decref(result);
	}
	json_decref(reply);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'}, {0},
	};
	struct session s = {.socket = SOCKET_DEFAULT};
	int option, used;

	while ((option = getopt_long(argc, argv, "+s:jh", longs, NULL)) != -1)
		switch (option) {
		case 's':
			s.socket = optarg;
			break;
		case 'j':
			s.json = true;
			break;
		case 'h':
			return print_usage(stdout), EXIT_DONE;
		case 'V':
			return puts("nestctl " NESTSWITCH_VERSION), EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	if (optind == argc)
		return print_usage(stderr), EXIT_USAGE;
	const struct command *c = find_command(argv + optind, &used);
	if (!c)
		return EXIT_USAGE;
	char **rest = argv + optind + used;
	if (*rest && !strcmp(*rest, "--help"))
		return print_commands(stdout, c->group), EXIT_DONE;
	json_t *params = make_params(c, rest);
	int status = params ? carry_out(&s, c, params) : EXIT_USAGE;
	json_decref(params);
	if (s.in)
		fclose(s.in);
	return status;
}
