// SPDX-License-Identifier: BSD-3-Clause
// folder: an empty folder for the files of a test. It is removed after the test.
// Files that include it must define _GNU_SOURCE.
#pragma once

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/kit.h"

static char folder[256]; // its path, without symbolic links

static inline int folder_open(void **state)
{
	char path[] = "/tmp/nestswitch-test-XXXXXX";

	(void)state;
	char *whole = mkdtemp(path) ? realpath(path, NULL) : NULL;
	snprintf(folder, sizeof folder, "%s", whole ? whole : "");
	free(whole);
	return *folder ? 0 : -1;
}

static inline int folder_remove_one(const char *path, const struct stat *st, int type,
				    struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static inline int folder_close(void **state)
{
	(void)state;
	return nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

// The path of a file in the folder. The fourth later call overwrites it.
static inline const char *folder_path(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

static inline const char *folder_write(const char *name, const char *text)
{
	const char *path = folder_path(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

static inline void folder_expect(const char *name, const char *wanted)
{
	char text[4096];
	FILE *f = fopen(folder_path(name), "r");

	CHECK(f, "there is no file %s", name);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	CHECK(!strcmp(text, wanted), "%s has '%s', should have '%s'", name, text, wanted);
}

// The number of files in the folder, including hidden files.
static inline unsigned folder_count(void)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}
