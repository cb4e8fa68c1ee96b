// SPDX-License-Identifier: BSD-3-Clause
// jsonrpc: answers JSON-RPC 2.0 requests.
//
// Errors  Invalid requests get JSON-RPC's own codes.
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "control/common/error.h"

// Carries out a method. Returns its result, a new reference. NULL: e says why.
typedef json_t *(*jsonrpc_call_fn)(void *arg, const char *method, const json_t *params,
				   struct error *e);

// Returns the reply to one request, a new reference. NULL: it was a notification, which gets none.
json_t *jsonrpc_answer(const char *text, size_t len, jsonrpc_call_fn call, void *arg);
