// SPDX-License-Identifier: BSD-3-Clause
// config: makes a configuration from a valid text.
#pragma once

#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "tests/unit/kit.h"

static inline struct config *test_config(const char *text)
{
	struct error e;
	struct config *c = config_parse(text, strlen(text), &e);

	CHECK(c, "%u:%u: %s", e.at.line, e.at.column, e.text);
	return c;
}
