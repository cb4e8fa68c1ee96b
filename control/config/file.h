// SPDX-License-Identifier: BSD-3-Clause
// file: what stands in a file of a configuration, and the putting of another one in its place.
//
// Model     The new file is written beside the old one, brought to the disk, then renamed: whatever
//           happens meanwhile, the file is the old one or the new one, whole. A link is followed,
//           not replaced. Mode and owner stay what they are; where the owner cannot (not root), its
//           group gets no more than all others have. The old file can be kept beside the new one,
//           as FILE~.
// Ownership configfile_close() frees what configfile_open() found.
// Errors    struct error.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "control/common/error.h"

struct configfile {
	char path[PATH_MAX]; // without links
	bool exists;
	struct stat st;
	size_t len;
	char *content; // NULL where there is no file
	char *text;    // the configuration in it, as config_text() has it; NULL: there is none
};

// A file that is there or can come to be there; an absolute path.
bool configfile_open(struct configfile *f, const char *path, struct error *e);
void configfile_close(struct configfile *f);

// Puts a text in its place; keep: the old file becomes FILE~.
bool configfile_replace(const struct configfile *f, const char *text, bool keep, struct error *e);
