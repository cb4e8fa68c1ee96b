// SPDX-License-Identifier: BSD-3-Clause
// client: a session with a switch: sends requests, receives results and events.
//
// Model   One request at a time, each waits for its reply. A session that follows events accepts no
//         further requests.
// Errors  The exit status. The error was printed on standard error.
#pragma once

#include "control/cli/commands.h"
#include "control/common/view.h"

struct session {
	const char *socket;
	bool json;      // results as JSON
	bool colours;   // in tables
	char meant[64]; // suggested if the switch refuses the request; empty: nothing
	int fd;
	FILE *in; // replies; NULL: not connected
};

int client_connect(struct session *s);
void client_close(struct session *s);

// Calls a command's method. *result: a new reference; all pages of the table as one. Prints the
// warnings of the result.
int client_ask(struct session *s, const struct command *c, json_t *params, json_t **result);

// Prints a result, as JSON or in its view.
void client_show(const struct session *s, enum view view, json_t *result);

// Runs `monitor`: prints events until the switch or the user ends it.
int client_follow(struct session *s, const struct command *c, json_t *params);

// Names for the prompt and completion. They print no errors, and give up after two seconds. out
// gets the switch's name, or "". client_names() returns an array of the names of this kind.
void client_switch_name(const struct session *s, char *out, size_t size);
json_t *client_names(const struct session *s, enum argument_kind kind);
