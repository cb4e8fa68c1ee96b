// SPDX-License-Identifier: BSD-3-Clause
// client: a session with a switch: requests and their results, events as they come.
//
// Model   One request at a time; each waits for its reply. A session that follows events does
//         nothing else any more.
// Errors  the exit status; what went wrong has been said on standard error.
#pragma once

#include "control/cli/commands.h"
#include "control/common/view.h"

struct session {
	const char *socket;
	bool json;              // results as JSON
	bool colours;           // in tables
	const char *verb_meant; // what the user may have meant, should the switch refuse; NULL:
				// nothing else
	int fd;
	FILE *in; // replies; NULL: not connected
};

int client_connect(struct session *s);
void client_close(struct session *s);

// The result of a command's method, a new reference; the table, which comes in pages, as a whole.
// Warnings that came with it are told.
int client_ask(struct session *s, const struct command *c, json_t *params, json_t **result);

// Prints a result, for people as a view has it.
void client_show(const struct session *s, enum view view, json_t *result);

// Carries out `monitor`: events until the switch or the user ends it.
int client_follow(struct session *s, const struct command *c, json_t *params);

// What prompts and completion want to know of the switch, without a word where it cannot be had
// within two seconds: its name into out, else empty; an array of the names of a kind, NULL where it
// has none.
void client_switch_name(const struct session *s, char *out, size_t size);
json_t *client_names(const struct session *s, enum argument_kind kind);
