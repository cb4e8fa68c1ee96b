// SPDX-License-Identifier: BSD-3-Clause
// syntax: explains why a text is not YAML, in words for people who do not know libyaml's terms.
//
// Errors  struct error with the place of the fault, which can be before the place where libyaml
//         noticed it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "control/common/error.h"

// Explains the error of a parser that read this text. Returns false.
bool syntax_explain(const yaml_parser_t *y, const char *text, size_t len, struct error *e);
