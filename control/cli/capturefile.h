// SPDX-License-Identifier: BSD-3-Clause
// capturefile: a pcapng stream into a file, into several of a size one after another, or to
// standard output.
//
// Model   Blocks are written as they are, and whole. A further file begins with the section and the
//         interfaces so far: each can be read by itself, and each frame is in one of them. They are
//         PATH.0, PATH.1 …; of more than `keep` the oldest one is removed.
// Errors  said on standard error; what was written stays. Nobody at the other end of a pipe is no
//         error.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { CAPTUREFILE_BLOCK = 1 << 20 }; // the longest that is taken

struct capturefile {
	const char *path; // "-": standard output
	uint64_t size;    // of a file; 0: there is one, of any size
	uint64_t keep;    // files; 0: all
	int fd;
	bool unread;              // nobody is at the other end
	uint64_t number, written; // of the file
	uint8_t *head;            // section and interfaces
	size_t head_size;
	uint64_t captured, lost;
	uint64_t open; // interfaces that there are no statistics of yet
};

// The first file; path, size and keep are set.
bool capturefile_open(struct capturefile *f);

// Takes the whole blocks that bytes begin with; *taken: how many bytes they are.
bool capturefile_take(struct capturefile *f, const uint8_t *data, size_t len, size_t *taken);

// False where the last bytes did not reach the file.
bool capturefile_close(struct capturefile *f);

// {"captured", "lost", "files": [PATH, …]}
json_t *capturefile_summary(const struct capturefile *f);
