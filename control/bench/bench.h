// SPDX-License-Identifier: BSD-3-Clause
// bench: what a benchmark is: its options, its rows of results, its plot.
//
// Model   A mode measures and adds rows, JSON objects. A measured value has one number for each
//         repeat; in a row it is {"median", "min", "max", "all"}. Table, JSON and plot are made of
//         the rows.
// Errors  said by complain().
#pragma once

#include <jansson.h>

#include "control/bench/load.h"
#include "control/common/complain.h"
#include "control/common/pcapio.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "dataplane/portset.h"

enum { BENCH_LIST = 32, BENCH_REPEATS = 100 };

struct bench_list {
	uint32_t count;
	bool one; // the mode takes one only
	uint32_t item[BENCH_LIST];
};

struct bench_loads {
	uint32_t count;
	struct {
		double value;
		bool share; // in per cent of what the switch can take; else Mpps
	} item[BENCH_LIST];
};

struct bench_options {
	struct bench_list macs, size, ports, tables, neighbours;
	struct bench_loads load;
	const char *config, *plot;
	const char *in[CAPTURES_MAX]; // PORT=PCAP
	uint32_t in_count;
	uint32_t workers; // 0: not given
	uint32_t repeats, frames;
	double seconds; // of a repeat; 0: the mode has none
	bool tagged, json;
};

struct bench {
	const struct bench_mode *mode;
	struct bench_options o;
	json_t *rows;
	json_t *histogram;        // latency's, NULL elsewhere
	enum exit_status failure; // what it is for a mode to fail
	unsigned done;            // repeats, for the progress on a terminal
};

struct bench_mode {
	const char *name, *help;
	const char *about;   // what is measured, and how
	const char *options; // those it takes, with defaults: "macs=2,2000 tagged"; "size.1=64": a
			     // list of one
	const char *columns; // members of the rows that the table shows, with the spread where a +
			     // follows
	bool (*run)(struct bench *b);
	struct {
		const char *x, *y, *series; // members; a line for each value of `series`, bars
					    // where x is a word; x NULL: no plot
		const char *x_title, *y_title;
		bool log_x;
	} plot;
};

// Subcommand `bench`; argv[0] is its name. Returns the exit status.
int bench_main(int argc, char **argv);

bool bench_forward(struct bench *b);
bool bench_learn(struct bench *b);
bool bench_capacity(struct bench *b);
bool bench_flood(struct bench *b);
bool bench_attack(struct bench *b);
bool bench_neighbours(struct bench *b);
bool bench_latency(struct bench *b);
bool bench_replay(struct bench *b);
bool bench_control(struct bench *b);

// A configuration of ports p0, p1, …, each with `limit` MACs at most, one worker. NULL: said why.
struct config *bench_config(unsigned ports, uint32_t limit);
void bench_set(struct config *c, unsigned port, enum policy_key key, uint32_t value);

// Whether there is a second core, for what a mode needs it for.
bool bench_has_cores(const struct bench *b, const char *what);

// Streams of known unicast for the ports of `senders`, to the `macs` MACs behind each other port of
// `among`.
bool bench_known_unicast(struct load *l, portset senders, portset among, uint32_t macs,
			 unsigned size, bool tagged);

// "64", "imix".
json_t *bench_size(unsigned size);

// Of benchout.c: the values of the repeats as a member of a row; a row; that one more repeat is
// done.
json_t *bench_measured(const double *value, unsigned n);
double bench_median(const double *value, unsigned n);
void bench_add(struct bench *b, json_t *row);
void bench_progress(struct bench *b);

// Whether a plot can be made and written; makes it; prints the results.
bool bench_plot_ready(struct bench *b);
bool bench_plot(const struct bench *b);
bool bench_print(const struct bench *b);
