// SPDX-License-Identifier: BSD-3-Clause
// bench: the benchmarks: their options, their rows of results, their plots.
//
// Model   A mode measures and adds rows, which are JSON objects. A measured value has one number
//         for each repeat. In a row it is {"median", "min", "max", "all"}. Table, JSON and plot are
//         made from the rows. Each row tells for what share of its time threads waited for a core.
// Errors  complain() prints them. A function that returns false or NULL has called it.
#pragma once

#include <jansson.h>

#include "control/bench/disturbance.h"
#include "control/bench/load.h"
#include "control/common/complain.h"
#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/pcap/captures.h"
#include "dataplane/portset.h"

enum { BENCH_LIST = 32, BENCH_REPEATS = 100, BENCH_COLUMNS = 12, BENCH_SERIES = 4 };

struct bench_list {
	uint32_t count;
	bool one; // the mode takes a single item
	uint32_t item[BENCH_LIST];
};

struct bench_loads {
	uint32_t count;
	struct {
		double value;
		bool share; // per cent of what the switch can forward; else Mpps
	} item[BENCH_LIST];
};

struct bench_options {
	struct bench_list macs, size, ports, tables, neighbours;
	struct bench_loads load;
	const char *config, *plot, *csv;
	const char *in[CAPTURES_MAX]; // PORT=PCAP
	uint32_t in_count;
	uint32_t workers; // 0: not given
	uint32_t repeats, frames;
	double seconds; // of a repeat; 0: the mode is not timed
	double loss;    // per cent
	bool tagged, json, anyway;
};

struct bench {
	const struct bench_mode *mode;
	struct bench_options o;
	json_t *rows;
	json_t *details;          // a second table; empty in most modes
	struct disturbance since; // the last row
	double disturbed;         // greatest share of a row
	enum exit_status failure; // the exit status if the mode fails
	unsigned done;            // repeats, for the progress on a terminal
};

struct bench_column {
	const char *member; // of the rows
	bool spread;        // shows least and greatest beside the median
};

struct bench_mode {
	const char *name, *help;
	const char *about;             // what is measured, and how
	unsigned takes;                // the options, as bits
	struct bench_options standard; // their defaults
	struct bench_column columns[BENCH_COLUMNS];
	struct bench_column details[BENCH_COLUMNS];
	bool (*run)(struct bench *b);
	// Members of the rows, or of the details. Each value of the members in `series` makes a
	// line; if x is a word, the plot has bars. x NULL: no plot.
	struct {
		const char *x, *y, *series[BENCH_SERIES];
		const char *x_title, *y_title;
		bool log_x, details;
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
bool bench_throughput(struct bench *b);
bool bench_back_to_back(struct bench *b);
bool bench_replay(struct bench *b);
bool bench_tunnel(struct bench *b);
bool bench_control(struct bench *b);

// A configuration of ports p0, p1, …, each with at most `limit` MACs, and one worker.
struct config *bench_config(unsigned ports, uint32_t limit);
void bench_set(struct config *c, unsigned port, enum policy_key key, uint32_t value);

// Whether the process may use two cores. user: what needs the second one.
bool bench_has_cores(const struct bench *b, const char *user);

// Makes streams of known unicast from the ports of `senders`. Each has `macs` sources. The
// destinations are the MACs behind the other ports of `among`.
bool bench_known_unicast(struct load *l, portset senders, portset among, uint32_t macs,
			 unsigned size, bool tagged);

// The size as a member of a row: "64", "imix".
json_t *bench_size(unsigned size);

// Returns the values of the repeats as a member of a row.
// No values are null.
json_t *bench_measured(const double *value, unsigned n);
double bench_median(const double *value, unsigned n);

// Adds a row. It also tells how disturbed its measurement was.
void bench_add(struct bench *b, json_t *row);

// Counts one more repeat, and shows it on a terminal.
void bench_progress(struct bench *b);

// Whether a file can be written. Leaves none where there was none: the measurement may be refused.
bool bench_can_write(const char *path);

// Checks whether the plot can be made, before the mode runs.
bool bench_plot_ready(struct bench *b);
bool bench_plot(const struct bench *b);
bool bench_print(const struct bench *b);

// Checks whether the rows can be written, before the mode runs.
bool bench_csv_ready(const struct bench *b);

// Writes the rows to FILE, and the details to a file beside it.
bool bench_csv(const struct bench *b);
