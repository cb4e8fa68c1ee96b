// SPDX-License-Identifier: BSD-3-Clause
// inputs: the captures of a replay, and the port that each of their frames comes to.
//
// Model     An input names a port for all its frames or for those of one interface. Or its
//           interfaces are named like ports. Or --sources names the port of each source MAC. Where
//           a file may have the frames of several ports, frames that it marks as outbound or as
//           dropped are left out: the switch did not receive them there, or not there first.
// Ownership inputs_create() to inputs_destroy(). The options and the configuration must outlive it.
// Errors    Prints its own.
#pragma once

#include "control/config/config.h"
#include "control/pcap/record.h"
#include "control/replay/options.h"

// Why frames are left out.
#define LEFT_LIST(X) \
	X(OUTBOUND, "outbound")   /* marked as sent, not received */ \
	X(DROPPED, "dropped")     /* the record of a drop */ \
	X(INTERFACE, "interface") /* no port has the name of its interface */ \
	X(SOURCE, "source")       /* --sources does not name its source */

enum left {
#define X(id, name) LEFT_##id,
	LEFT_LIST(X)
#undef X
		LEFTS,
};

extern const char *const left_names[LEFTS];

struct inputs;

// Checks the options against the configuration. *status: the exit status where it returns NULL.
struct inputs *inputs_create(const struct replay_options *o, const struct config *c, int *status);
void inputs_destroy(struct inputs *in);

// How many captures there are, and the path of each; "-" is standard input.
unsigned inputs_count(const struct inputs *in);
const char *inputs_path(const struct inputs *in, unsigned n);

// Whether a path is one of the captures.
bool inputs_reads(const struct inputs *in, const char *path);

// Opens the files.
bool inputs_open(struct inputs *in);

enum { INPUTS_READ_MAX = 256 };

// A frame that a port receives.
struct input_frame {
	const struct capture_record *rec;
	unsigned port; // its number in the configuration
};

// The next frames, at most max and INPUTS_READ_MAX. They are valid until the next call. 0 at the
// end. Files that end too early are told.
unsigned inputs_read(struct inputs *in, struct input_frame *out, unsigned max);

// Tells what was left out or changed, a line for each. False: nothing at all was taken.
bool inputs_conclude(struct inputs *in);

uint64_t inputs_skipped(const struct inputs *in); // frames of interfaces that are no Ethernet
uint64_t inputs_left(const struct inputs *in, enum left why);
double inputs_progress(const struct inputs *in);
