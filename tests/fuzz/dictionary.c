// SPDX-License-Identifier: BSD-3-Clause
// dictionary: prints the words that mean something to a fuzz target, as a dictionary for libFuzzer.
// They come from the tables of the switch, therefore none is missing and none is stale.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/method.h"
#include "control/common/eventtypes.h"
#include "control/common/policykeys.h"
#include "control/config/settings.h"
#include "control/server/methods.h"
#include "control/server/web/webfiles.h"
#include "dataplane/counters.h"
#include "dataplane/eventtype.h"

static void put(const char *before, const char *word, const char *after)
{
	const char *text[] = {before, word, after};

	putchar('"');
	for (unsigned i = 0; i < 3; i++)
		for (const char *c = text[i]; *c; c++)
			printf(*c == '"' || *c == '\\' ? "\\%c" : *c < ' ' ? "\\x%02x" : "%c", *c);
	puts("\"");
}

static void put_words(const char *const *words)
{
	for (; words && *words; words++)
		put("", *words, "");
}

// before, after: what stands around a name in this language.
static void put_settings(const struct setting *s, const char *before, const char *after)
{
	for (; s->name; s++) {
		put(before, s->name, after);
		put_words(s->words ? s->words + s->min : NULL);
		if (s->settings)
			put_settings(s->settings, before, after);
		if (s->element)
			put_settings(s->element->settings, before, after);
	}
}

static void put_policy(const char *before, const char *after)
{
	for (unsigned k = 0; k < POLICY_KEYS; k++) {
		put(before, policy_rows[k].name, after);
		put_words(policy_rows[k].words);
	}
}

static void put_methods(const char *before, const char *after)
{
	for (const struct method *const *table = methods_all; *table; table++)
		for (const struct method *m = *table; m->name; m++)
			put(before, m->name, after);
}

static void put_names(const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		put("", names[i], "");
}

static void put_yaml(void)
{
	put_settings(config_settings, "", ": ");
	put_policy("", ": ");
}

static void put_requests(void)
{
	put("", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"", "\"}\n");
	put("", ",\"params\":{", "}");
	put_methods("\"method\":\"", "\"");
	put_settings(config_settings, "\"", "\":");
	put_policy("\"", "\":");
	put_names(outcome_names, OUTCOMES);
	put_names(tx_drop_names, TX_DROPS);
	put_names(event_type_names, EVENT_TYPES);
}

static void put_http(void)
{
	static const char *const words[] = {"GET ",
					    "HEAD ",
					    "POST ",
					    "OPTIONS ",
					    "/api",
					    "/api/",
					    "/metrics",
					    " HTTP/1.1\r\n",
					    " HTTP/1.0\r\n",
					    "\r\n\r\n",
					    "Host: localhost\r\n",
					    "Host: [::1]:80\r\n",
					    "Content-Type: application/json\r\n",
					    "Content-Length: ",
					    "Expect: 100-continue\r\n",
					    "Authorization: Bearer 0123456789abcdef\r\n",
					    "Transfer-Encoding: chunked\r\n",
					    "Connection: close\r\n",
					    "Connection: keep-alive\r\n",
					    "\r\n0\r\n\r\n",
					    NULL};

	put_words(words);
	put_methods("GET /api/", "?");
	for (const struct webfile *f = webfiles; f->path; f++)
		put("GET ", f->path, " HTTP/1.1\r\n");
}

int main(int argc, char **argv)
{
	const char *target = argc == 2 ? argv[1] : "";

	if (!strcmp(target, "config_fuzz")) {
		put_yaml();
	} else if (!strcmp(target, "rpc_fuzz")) {
		put_requests();
	} else if (!strcmp(target, "server_fuzz")) {
		put_requests();
		put_http();
	} else {
		fprintf(stderr, "usage: dictionary config_fuzz|rpc_fuzz|server_fuzz\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
