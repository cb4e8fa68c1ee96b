// SPDX-License-Identifier: BSD-3-Clause
// methodcommon: what the methods share: how they are found, what they are asked, how they refuse, how they change things.
//
// Model   Each methods*.c has a table of its methods. A change edits a copy of the configuration, which is then applied as
//         a whole, or thrown away.
// Errors  NULL or false, with struct method_error filled in.
#pragma once

#include "methods.h"

enum { PARAMS_INVALID = -32602 };

typedef json_t *(*method_fn)(struct vswitch *sw, const json_t *params, struct method_error *e);

// Tables end with an empty row.
struct method {
	const char *name;
	method_fn call;
};

extern const struct method methods_port[], methods_table[], methods_config[], methods_trace[];

// Fills in an error; returns NULL.
json_t *method_refuse(struct method_error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

// The same for a port or group that is not there.
json_t *method_no_port(struct method_error *e, const struct config *c, const char *name);
json_t *method_no_group(struct method_error *e, const struct config *c, const char *name);

// A parameter that is a text; NULL where it is missing or something else. The second one must be there; the third may be
// missing, but is refused where it is something else.
const char *param_text(const json_t *params, const char *name);
const char *param_wanted(const json_t *params, const char *name, struct method_error *e);
bool param_optional(const json_t *params, const char *name, const char **text, struct method_error *e);

// A scalar as the text that it would be in a configuration.
bool param_scalar(const json_t *v, char *out, size_t size);

// A number from min to max, or a text of one; left alone where it is missing.
bool param_number(const json_t *params, const char *name, uint64_t min, uint64_t max, uint64_t *number, struct method_error *e);

struct change {
	struct vswitch *sw;
	struct config *c;
	struct method_error *e;
};

bool change_begin(struct change *ch, struct vswitch *sw, struct method_error *e);

// Applies the edited copy, or throws it away where `good` says that editing failed.
json_t *change_finish(struct change *ch, bool good);

// {"warnings": […]}: those of a configuration that another one does not have.
json_t *change_warnings(const struct config *c, const json_t *before);
