// SPDX-License-Identifier: BSD-3-Clause
// webfiles: the files of the web page, put into the program when it is built.
#pragma once

#include <stddef.h>

struct webfile {
	const char *path; // such as /style.css; the page itself is /
	const char *type; // media type
	const unsigned char *data;
	size_t size;
};

// A file without a path stands behind the last one.
extern const struct webfile webfiles[];
