// SPDX-License-Identifier: BSD-3-Clause
// file: reads the file of a configuration, and replaces it as a whole.
//
// Model     A temporary file beside the old one is written, synced to disk and renamed. Therefore
//           the file is always the complete old one or the complete new one. Links are followed.
//           Mode and owner stay the same. If the owner cannot be set (not root), the group gets no
//           more rights than all others. The old file can be kept as FILE~. A temporary file that
//           a killed process left is removed before the next one is written.
// Ownership configfile_close() frees the members that configfile_open() filled in.
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
	char *content; // NULL: there is no file
	char *text;    // its configuration as config_text(); NULL: it has no valid one
};

// Reads a file. It may be missing if its folder exists. path: absolute.
bool configfile_open(struct configfile *f, const char *path, struct error *e);
void configfile_close(struct configfile *f);

// Removes temporary files that are older than a minute. path: of the file that they were to
// replace.
void configfile_tidy(const char *path);

// Replaces the file with a text. keep: the old file becomes FILE~.
bool configfile_replace(const struct configfile *f, const char *text, bool keep, struct error *e);
