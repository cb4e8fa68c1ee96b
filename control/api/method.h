// SPDX-License-Identifier: BSD-3-Clause
// method: what can be asked of a running switch: one function for each JSON-RPC method.
//
// Model   A table of methods for each subject (api/methods/); who runs a switch says which tables
//         there are. A change edits a copy of the configuration, which is then applied whole, or
//         thrown away.
// Errors  NULL or false, with struct error filled in. Its code is one of JSON-RPC 2.0, or one of
//         ours.
#pragma once

#include <jansson.h>

#include "control/api/control.h"
#include "control/common/error.h"
#include "control/config/config.h"

enum method_error {
	METHOD_UNKNOWN = -32601, // JSON-RPC 2.0, section 5.1
	PARAMS_INVALID = -32602,
	METHOD_REFUSED = -32000, // the switch says no
	METHOD_USAGE = -32001,   // a configuration or a value that is wrong in itself
};

typedef json_t *(*method_fn)(struct control *k, const json_t *params, struct error *e);

enum {
	METHOD_PUBLIC = 1, // it shows, and changes nothing: whoever reaches the web page may ask it
	METHOD_EVENTS = 2, // the connection gets events from then on
	METHOD_FRAMES = 4, // the connection gets captured frames from then on
	METHOD_STREAM = METHOD_EVENTS | METHOD_FRAMES, // the control socket carries it out, not a
						       // function
};

// A table ends with an empty row.
struct method {
	const char *name;
	method_fn call; // NULL: METHOD_STREAM
	unsigned flags;
	const char *positional; // the parameter whose value stands by itself at the prompt; NULL:
				// none does
};

// NULL: there is none of this name.
const struct method *method_find(const struct control *k, const char *name);

// The result of a method, a new reference. NULL: e is filled in, nothing has changed. A change is
// noted in the history.
json_t *method_call(struct control *k, const char *name, const json_t *params, struct error *e);

// Fills in an error; returns NULL.
json_t *method_refuse(struct error *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Marks an error as METHOD_USAGE; returns false.
bool method_usage(struct error *e);

// Fills in the error for a port or group that does not exist; returns NULL.
json_t *method_no_port(struct error *e, const struct config *c, const char *name);
json_t *method_no_group(struct error *e, const struct config *c, const char *name);

// A parameter that is a text; NULL where it is missing or something else. The second one must be
// there; the third may be missing, but is refused where it is something else.
const char *param_text(const json_t *params, const char *name);
const char *param_wanted(const json_t *params, const char *name, struct error *e);
bool param_optional(const json_t *params, const char *name, const char **text, struct error *e);

// A scalar as the text that it would be in a configuration.
bool param_scalar(const json_t *v, char *out, size_t size);

// A number from min to max, or a text of one; left alone where it is missing.
bool param_number(const json_t *params, const char *name, uint64_t min, uint64_t max,
		  uint64_t *number, struct error *e);

struct change {
	struct control *k;
	struct config *c;
	struct error *e;
};

bool change_begin(struct change *ch, struct control *k, struct error *e);

// Applies the edited copy, or throws it away where `good` says that editing failed.
json_t *change_finish(struct change *ch, bool good);

// {"warnings": […]}: those of a configuration that another one does not have.
json_t *change_warnings(const struct config *c, const json_t *before);
