// SPDX-License-Identifier: BSD-3-Clause
// method: the JSON-RPC methods of a running switch, one function for each.
//
// Model   Each subject has a table of methods (api/methods/). The subcommand that runs the switch
//         chooses the tables. A change edits a copy of the configuration. The copy is applied as a
//         whole or discarded.
// Errors  NULL or false, with struct error filled in. Its code is one of enum method_error.
#pragma once

#include <jansson.h>

#include "control/api/control.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/switch/flush.h"

enum method_error {
	METHOD_UNKNOWN = -32601, // JSON-RPC 2.0, section 5.1
	PARAMS_INVALID = -32602,
	METHOD_REFUSED = -32000, // the state of the switch does not allow it
	METHOD_USAGE = -32001,   // a configuration or a value is invalid
};

typedef json_t *(*method_fn)(struct control *k, const json_t *params, struct error *e);

enum {
	METHOD_PUBLIC = 1, // read-only, therefore every client of the web page may call it
	METHOD_EVENTS = 2, // the connection gets events from then on
	METHOD_FRAMES = 4, // the connection gets captured frames from then on
	// The control socket carries it out, not a function.
	METHOD_STREAM = METHOD_EVENTS | METHOD_FRAMES,
};

// A table ends with an empty row.
struct method {
	const char *name;
	method_fn call; // NULL: METHOD_STREAM
	unsigned flags;
	// The parameter whose value has no name before it at the prompt. NULL: none.
	const char *positional;
	// The names of all parameters, NULL after the last one. NULL: it has none.
	const char *const *params;
};

#define PARAMS(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

// Finds a method by its name. NULL: there is none.
const struct method *method_find(const struct control *k, const char *name);

// Whether a method has all these parameters. A misspelt one, left out, would make a command mean
// more than it says. False: e is filled in.
bool method_has_params(const struct method *m, const json_t *params, struct error *e);

// Calls a method. Returns its result, a new reference. NULL: e is filled in and nothing has
// changed. Changes are noted in the history.
json_t *method_call(struct control *k, const char *name, const json_t *params, struct error *e);

// Fills in an error; returns NULL.
json_t *method_refuse(struct error *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Marks an error as METHOD_USAGE; returns false.
bool method_usage(struct error *e);

// Fills in the error for a port or group that does not exist; returns NULL.
json_t *method_no_port(struct error *e, const struct config *c, const char *name);
json_t *method_no_group(struct error *e, const struct config *c, const char *name);

// A text parameter. NULL: it is missing or not a string.
const char *param_text(const json_t *params, const char *name);

// A text parameter that is required. NULL: e is filled in.
const char *param_wanted(const json_t *params, const char *name, struct error *e);

// A text parameter that may be missing. False: it is not a string, and e is filled in.
bool param_optional(const json_t *params, const char *name, const char **text, struct error *e);

// Formats a scalar as in a configuration.
bool param_scalar(const json_t *v, char *out, size_t size);

// The limits of a number and its unit; unit NULL: none.
struct param_range {
	uint64_t min, max;
	const char *unit;
};

// A number in a range, or its text. If it is missing, leaves *number unchanged.
bool param_number(const json_t *params, const char *name, struct param_range range,
		  uint64_t *number, struct error *e);

// Whether a request may give a port this device: DPDK device strings only if the switch allows
// them, or if the port has the device already.
bool method_device_allowed(const struct control *k, const struct config_port *p, struct error *e);

struct change {
	struct control *k;
	struct config *c;
	struct error *e;
	const struct fdb_filter *flush; // see switch_apply_flush()
	// Warnings that were there before are told again: all, or those of these keys of a port.
	bool is_whole;
	const struct config_port *port;
	const json_t *set;
};

bool change_begin(struct change *ch, struct control *k, struct error *e);

// Applies the edited copy. good: the edit succeeded; else discards the copy.
json_t *change_finish(struct change *ch, bool good);

// {"warnings": […]}: the warnings of a configuration that are not in `before`.
json_t *change_warnings(const struct config *c, const json_t *before);
