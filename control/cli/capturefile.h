// SPDX-License-Identifier: BSD-3-Clause
// capturefile: writes a pcapng stream to one file, to several files of limited size, or to standard
// output; or prints its frames.
//
// Model   Blocks are written unchanged and complete. Each further file begins with the section and
//         the interfaces so far, therefore each file can be read alone. Each frame is in one file.
//         The files are PATH.0, PATH.1 … If there are more than `keep`, the oldest one is removed.
// Errors  are printed on standard error. Written data stay. A closed pipe is not an error.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { CAPTUREFILE_BLOCK = 1 << 20 }; // maximum length of a block

struct framelines;

struct capturefile {
	const char *path;         // "-": standard output
	uint64_t size;            // maximum of each file; 0: one file without a limit
	uint64_t keep;            // number of files to keep; 0: all
	struct framelines *lines; // NULL: the blocks are written; else their frames are printed
	int fd;
	bool unread;              // the reader of the pipe has gone
	uint64_t number, written; // of the current file: its number, its bytes
	uint8_t *head;            // section and interfaces
	size_t head_size;
	uint64_t captured, lost;
	uint64_t open; // interfaces without statistics so far
};

// Opens the first file. The caller sets path, size and keep.
bool capturefile_open(struct capturefile *f);

// Writes the complete blocks at the beginning of data. *taken: their bytes.
bool capturefile_take(struct capturefile *f, const uint8_t *data, size_t len, size_t *taken);

// False if the last bytes could not be written.
bool capturefile_close(struct capturefile *f);

// {"captured", "lost", "files": [PATH, …]}
json_t *capturefile_summary(const struct capturefile *f);
