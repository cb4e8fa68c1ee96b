// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/pcap/captures.h"
#include "control/replay/expect.h"
#include "control/replay/inputs.h"

enum { PATH_SIZE = 4096, READ_MAX = 1 + CAPTURES_MAX + CONFIG_PORTS_MAX + 1 };

// A file that is read, and the option that says so.
struct read_file {
	dev_t device;
	ino_t inode;
	const char *option;
};

struct paths {
	struct read_file file[READ_MAX];
	unsigned count;
};

static bool is_file(const char *path, struct stat *st)
{
	int rc = strcmp(path, "-") ? stat(path, st) : fstat(STDIN_FILENO, st);

	return !rc && S_ISREG(st->st_mode);
}

static void note_read(struct paths *p, const char *option, const char *path)
{
	struct stat st;

	if (p->count < READ_MAX && is_file(path, &st))
		p->file[p->count++] = (struct read_file){st.st_dev, st.st_ino, option};
}

static bool check_write(const struct paths *p, const char *option, const char *path)
{
	struct stat st;

	if (!path || !strcmp(path, "-") || !is_file(path, &st))
		return true;
	for (unsigned i = 0; i < p->count; i++)
		if (p->file[i].device == st.st_dev && p->file[i].inode == st.st_ino)
			return complain(
				"%s would write over %s, which %s reads (name another file or folder)",
				option, path, p->file[i].option);
	return true;
}

static void put_path(char path[PATH_SIZE], const char *dir, const char *name, const char *suffix)
{
	snprintf(path, PATH_SIZE, "%s/%s%s", dir, name, suffix);
}

static void note_expected(struct paths *p, const char *dir, const struct config *c)
{
	char path[PATH_SIZE];

	for (unsigned i = 0; i < c->port_count; i++) {
		put_path(path, dir, c->port[i].name, ".pcap");
		note_read(p, "--expect", path);
	}
	put_path(path, dir, EXPECT_REPORT, "");
	note_read(p, "--expect", path);
}

static bool check_folder(const struct paths *p, const char *option, const char *dir,
			 const struct config *c, bool report)
{
	char path[PATH_SIZE];

	for (unsigned i = 0; i < c->port_count; i++) {
		put_path(path, dir, c->port[i].name, ".pcap");
		if (!check_write(p, option, path))
			return false;
	}
	put_path(path, dir, EXPECT_REPORT, "");
	return !report || check_write(p, option, path);
}

// Two outputs into one file or pipe would be mixed.
static bool check_pair(const char *frames, const char *report)
{
	struct stat st;

	if (!frames || !report || strcmp(frames, report) != 0)
		return true;
	bool is_stdout = !strcmp(report, "-");
	if (!is_stdout && !stat(report, &st) && S_ISCHR(st.st_mode))
		return true;
	return complain("--frames and --report both write to %s (give one of them another file)",
			is_stdout ? "standard output" : report);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !strcmp(a, b) ||
	       (is_file(a, &x) && is_file(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

// Whether a file of an option is none of the captures that are written to a folder.
static bool check_beside(const struct replay_options *o, const struct config *c, const char *option,
			 const char *file)
{
	const char *dir = o->update ? o->expect : o->out;
	char path[PATH_SIZE];

	for (unsigned i = 0; file && dir && strcmp(file, "-") && i < c->port_count; i++) {
		put_path(path, dir, c->port[i].name, ".pcap");
		if (is_same_file(file, path))
			return complain(
				"%s and %s both write to %s (give one of them another file)",
				option, o->update ? "--update" : "--out", file);
	}
	return true;
}

bool paths_check(const struct replay_options *o, const struct config *c, const struct inputs *in)
{
	struct paths p = {0};

	note_read(&p, "--config", o->config);
	for (unsigned i = 0; i < inputs_count(in); i++)
		note_read(&p, "--in", inputs_path(in, i));
	if (o->expect && !o->update)
		note_expected(&p, o->expect, c);
	return check_pair(o->frames_file, o->report) && check_beside(o, c, "--report", o->report) &&
	       check_beside(o, c, "--frames", o->frames_file) &&
	       (!o->out || check_folder(&p, "--out", o->out, c, false)) &&
	       (!o->update || check_folder(&p, "--update", o->expect, c, true)) &&
	       check_write(&p, "--report", o->report) &&
	       check_write(&p, "--frames", o->frames_file);
}
