// SPDX-License-Identifier: BSD-3-Clause
// client: a session with a switch: requests and their results, events as they come.
//
// Model   One request at a time; each waits for its reply. A session that follows events does nothing else any more.
// Errors  the exit status; what went wrong has been said on standard error.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct command;

struct session {
	const char *socket;
	bool json;              // results as JSON
	const char *verb_meant; // what the user may have meant, should the switch refuse; NULL: nothing else
	int fd;
	FILE *in; // replies; NULL: not connected
};

#define SESSION_SOCKET "/run/nestswitch/control.sock"

int client_connect(struct session *s);
void client_close(struct session *s);

// The result of a command's method, a new reference; the table, which comes in pages, as a whole. Warnings that came with
// it are told.
int client_ask(struct session *s, const struct command *c, json_t *params, json_t **result);

// Prints a result as the command says, or as JSON.
void client_show(const struct session *s, const struct command *c, json_t *result);

// Carries out `monitor`: events until the switch or the user ends it.
int client_follow(struct session *s, const struct command *c, json_t *params);

// Carries out `trace`: reads the frames that it asks about.
int client_trace(struct session *s, const struct command *c, json_t *params);
