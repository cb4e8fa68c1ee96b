// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/config/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/config/config.h"

#define RANDOM_PART "XXXXXX" // of the name of a temporary file

enum { TEMPORARY_MAX_S = 60 }; // nobody writes one for so long

static bool cannot(const char *path, const char *what, struct error *e)
{
	return error_set(e, "cannot %s %.400s: %s", what, path, strerror(errno));
}

static bool no_file(const char *path, const char *why, struct error *e)
{
	return error_set(e, "%.400s %s (give the path of a file)", path, why);
}

// Resolves links in the path of a file that does not exist yet.
static bool resolve_new(const char *path, char out[PATH_MAX], struct error *e)
{
	const char *name = strrchr(path, '/') + 1;
	char folder[PATH_MAX], resolved[PATH_MAX];
	struct stat st;

	if (!lstat(path, &st))
		return no_file(path, "is a dangling link", e);
	if (!*name)
		return no_file(path, "is not the name of a file", e);
	if (snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path) >= PATH_MAX ||
	    !realpath(folder, resolved) ||
	    snprintf(out, PATH_MAX, "%s%s%s", resolved, resolved[1] ? "/" : "", name) >= PATH_MAX)
		return cannot(path, "write", e);
	return true;
}

// Reads an existing file.
static bool read_old(struct configfile *f, struct error *e)
{
	struct error unread;

	if (stat(f->path, &f->st))
		return cannot(f->path, "read", e);
	if (!S_ISREG(f->st.st_mode))
		return no_file(f->path, "is not a regular file", e);
	f->content = config_load(f->path, &f->len);
	if (!f->content)
		return cannot(f->path, "read", e);
	struct config *c = config_parse(f->content, f->len, &unread);
	f->text = c ? config_text(c) : NULL;
	config_free(c);
	return true;
}

bool configfile_open(struct configfile *f, const char *path, struct error *e)
{
	*f = (struct configfile){.content = NULL};
	if (*path != '/')
		return no_file(path, "does not start with /", e);
	f->exists = realpath(path, f->path);
	if (!f->exists && errno != ENOENT)
		return cannot(path, "read", e);
	return f->exists ? read_old(f, e) : resolve_new(path, f->path, e);
}

void configfile_close(struct configfile *f)
{
	free(f->content);
	free(f->text);
}

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static bool has_group(int fd, gid_t group)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_gid == group;
}

// Sets mode and owner of the old file, or the usual ones of a new file.
static bool set_owner(int fd, const struct configfile *f)
{
	mode_t mask = umask(0), mode = f->exists ? f->st.st_mode & 0777 : 0666 & ~mask;

	umask(mask);
	if (f->exists && fchown(fd, f->st.st_uid, f->st.st_gid) && !has_group(fd, f->st.st_gid))
		mode = (mode & 0707) | (mode & 07) << 3; // it has another group now
	return !fchmod(fd, mode);
}

// Syncs the new name to disk. Without it, the file is complete too.
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') + 1 - path), path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

// Whether a name is that of a temporary file of `name`.
static bool is_temporary(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return *entry == '.' && !strncmp(entry + 1, name, len) && entry[len + 1] == '.' &&
	       strlen(entry + len + 2) == sizeof RANDOM_PART - 1;
}

void configfile_tidy(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[PATH_MAX];
	struct dirent *entry;
	struct stat st;

	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash + 1 - path) : 1,
		 slash ? path : ".");
	DIR *d = opendir(folder);
	while (d && (entry = readdir(d)))
		if (is_temporary(entry->d_name, name) &&
		    !fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		    time(NULL) - st.st_mtime > TEMPORARY_MAX_S)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

// Replaces a file as a whole. 0 or errno.
static int replace_file(const char *path, const struct configfile *like, const char *text,
			size_t len)
{
	const char *name = strrchr(path, '/') + 1;
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof temporary, "%.*s.%s." RANDOM_PART, (int)(name - path), path,
		     name) >= PATH_MAX)
		return ENAMETOOLONG;
	configfile_tidy(path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return errno;
	int error = write_all(fd, text, len) && set_owner(fd, like) && !fsync(fd) ? 0 : errno;
	if (close(fd) || (!error && rename(temporary, path)))
		error = error ? error : errno;
	if (error)
		unlink(temporary);
	else
		sync_folder(path);
	return error;
}

bool configfile_replace(const struct configfile *f, const char *text, bool keep, struct error *e)
{
	char old[PATH_MAX + 1];

	snprintf(old, sizeof old, "%s~", f->path);
	errno = keep ? replace_file(old, f, f->content, f->len) : 0;
	if (!errno)
		errno = replace_file(f->path, f, text, strlen(text));
	return !errno || cannot(f->path, "write", e);
}
