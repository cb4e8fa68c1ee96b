// SPDX-License-Identifier: BSD-3-Clause
// jsonrpc: JSON-RPC 2.0: a request as text, and the reply to it.
//
// Errors  JSON-RPC's own codes for what is no request.
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "control/common/error.h"

// Carries out a method: its result, a new reference, or NULL and e.
typedef json_t *(*jsonrpc_call_fn)(void *arg, const char *method, const json_t *params,
				   struct error *e);

// The reply to one request, a new reference; NULL: it was a notification, which gets none.
json_t *jsonrpc_answer(const char *text, size_t len, jsonrpc_call_fn call, void *arg);
