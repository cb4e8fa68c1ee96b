// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/replay/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

// Opens and locks a folder of this user that was made at least so long ago; 0: whenever, because
// the kernel's stamps can be ahead of time(). Negative: it is in use, another's, or younger.
static int claim(int parent, const char *name, time_t age_s)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 ||
	    (!fstat(fd, &st) && st.st_uid == geteuid() &&
	     (!age_s || time(NULL) - st.st_mtime >= age_s) && !flock(fd, LOCK_EX | LOCK_NB)))
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

// The folder that a signal removes; NULL: none.
static const struct scratch *volatile caught;

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// Calls nothing that a handler of signals must not call. The next signal, and this one when it
// returns, has its usual effect.
static void remove_caught(int number)
{
	static char entries[64 * 1024] __attribute__((aligned(__alignof__(struct dirent64))));
	const struct scratch *s = caught; // its fd is -1 until the folder may have files
	ssize_t len = s && !lseek(s->fd, 0, SEEK_SET) ? getdents64(s->fd, entries, sizeof entries)
						      : 0;

	for (ssize_t at = 0; at < len;) {
		const struct dirent64 *entry = (const void *)(entries + at);
		if (is_result(entry->d_name))
			unlinkat(s->fd, entry->d_name, 0);
		at += entry->d_reclen;
	}
	if (s)
		rmdir(s->path);
	raise(number);
}

static void catch_signals(const struct scratch *s)
{
	const struct sigaction action = {.sa_handler = remove_caught,
					 .sa_flags = (int)SA_RESETHAND};
	struct sigaction before;

	caught = s;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
}

const char *scratch_parent(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp && *tmp ? tmp : "/tmp";
}

FILE *scratch_file(void)
{
	char path[SCRATCH_PATH];

	snprintf(path, sizeof path, "%s/.nestswitch-events-" RANDOM_PART, scratch_parent());
	int fd = mkostemp(path, O_CLOEXEC);
	FILE *f = fd < 0 || unlink(path) ? NULL : fdopen(fd, "w+");
	if (f)
		return f;
	complain("%s: %s (set TMPDIR to a folder with room)", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
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
	s->fd = -1;
	catch_signals(s); // before the folder is there, so that no signal can come too early
	if (mkdtemp(s->path) && (s->fd = claim(AT_FDCWD, s->path, 0)) >= 0)
		return true;
	int error = errno;
	caught = NULL;
	rmdir(s->path); // if it was made
	return complain("%s: %s", s->path, strerror(error));
}

void scratch_remove(struct scratch *s)
{
	if (s->fd < 0)
		return;
	caught = NULL;
	empty(s->fd);
	s->fd = -1;
	if (rmdir(s->path))
		complain("warning: cannot remove %s: %s", s->path, strerror(errno));
}
