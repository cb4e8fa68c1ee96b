// SPDX-License-Identifier: BSD-3-Clause
// webfiles: the files of the web page. The build puts them into the program.
#pragma once

#include <stddef.h>

struct webfile {
	const char *path; // such as /style.css; the page itself is /
	const char *type; // media type
	const unsigned char *data;
	size_t size;
};

// A row without a path follows the last file.
extern const struct webfile webfiles[];
