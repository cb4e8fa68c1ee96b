// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/replay/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/replay/expect.h"

#define NAME ".nestswitch-results-"
#define RANDOM_PART "XXXXXX"

// A younger folder may belong to a replay that has not locked it yet.
enum { LEFT_S = 60 };

// Opens and locks a folder of this user that was made at least so long ago. Negative: it is in use,
// another's, or younger.
static int claim(int parent, const char *name, time_t age_s)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && st.st_uid == geteuid() &&
		       time(NULL) - st.st_mtime >= age_s && !flock(fd, LOCK_EX | LOCK_NB)))
		return fd;
	close(fd);
	return -1;
}

static bool is_result(const char *name)
{
	size_t len = strlen(name);

	return !strcmp(name, EXPECT_REPORT) || (len > 5 && !strcmp(name + len - 5, ".pcap"));
}

// Removes the results in a folder, and closes it.
static void empty(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (is_result(entry->d_name))
			unlinkat(fd, entry->d_name, 0);
	if (d)
		closedir(d);
	else
		close(fd);
}

// Removes folders that killed replays have left.
static void tidy(const char *parent)
{
	const size_t len = strlen(NAME);
	struct dirent *entry;
	DIR *d = opendir(parent);
	int fd;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, NAME, len) != 0 ||
		    strlen(entry->d_name) != len + strlen(RANDOM_PART) ||
		    (fd = claim(dirfd(d), entry->d_name, LEFT_S)) < 0)
			continue;
		empty(fd);
		unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
}

bool scratch_create(struct scratch *s, const char *parent)
{
	tidy(parent);
	snprintf(s->path, sizeof s->path, "%s/" NAME RANDOM_PART, parent);
	if (mkdtemp(s->path) && (s->fd = claim(AT_FDCWD, s->path, 0)) >= 0)
		return true;
	return complain("%s: %s", s->path, strerror(errno));
}

void scratch_remove(struct scratch *s)
{
	if (s->fd < 0)
		return;
	empty(s->fd);
	s->fd = -1;
	if (rmdir(s->path))
		complain("warning: cannot remove %s: %s", s->path, strerror(errno));
}
