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

// Opens the files.
bool inputs_open(struct inputs *in);

// The next frame that a port receives. *port: its number in the configuration. False at the end.
// Files that end too early are told.
bool inputs_next(struct inputs *in, struct capture_record *r, unsigned *port);

// Tells what was left out or changed, a line for each. False: nothing at all was taken.
bool inputs_conclude(struct inputs *in);

uint64_t inputs_skipped(const struct inputs *in); // frames of interfaces that are no Ethernet
uint64_t inputs_left(const struct inputs *in, enum left why);
double inputs_progress(const struct inputs *in);
