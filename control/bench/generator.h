// SPDX-License-Identifier: BSD-3-Clause
// generator: sends frames to a live switch at a constant rate, and takes them back.
//
// Model     Two ports. Each is a net_ring device: a ring of GENERATOR_RING frames for ingress,
// another
//           for egress. A frame that finds the ingress ring full is lost, as in a NIC. The last
//           bytes of a frame carry the time when it was due, therefore a generator that is late
//           does not make the switch look fast (coordinated omission).
// Threads   The thread of the caller sends and receives. It needs a core of its own.
// Ownership A generator owns its switch and its rings.
// Units     TSC cycles; rates in frames per second.
// Errors    complain() prints them. A function that returns false has called it.
#pragma once

#include <math.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/bench/bench.h"
#include "control/bench/load.h"
#include "dataplane/portset.h"

enum { GENERATOR_PORTS = 2, GENERATOR_RING = 1024, GENERATOR_STOCK = 4 * GENERATOR_RING };
#define GENERATOR_FULL INFINITY // as a rate: the ingress rings are never empty, and nothing is lost

struct generator {
	struct load *load;
	struct rte_ring *in[GENERATOR_PORTS], *out[GENERATOR_PORTS]; // of each device
	struct rte_mbuf *stock[GENERATOR_STOCK];                     // frames that came back
	unsigned stocked;
	uint32_t *sample; // cycles of each frame, in the order of their return; NULL: not kept
	size_t samples, room;
	uint64_t sent, received; // in the last trial
	uint64_t start, cycles;  // of sending
};

// Makes the switch, and frames from each port for MACs behind the other. They are known from then
// on. generator_size() makes frames of another size.
bool generator_open(struct generator *g, struct bench *b);
void generator_close(struct generator *g);
bool generator_size(struct generator *g, const struct bench *b, unsigned size);

// Makes room for the samples of the next trials.
bool generator_reserve(struct generator *g, double frames);

// One trial: sends to the ports of a set in turn, in all `rate` frames per second for so many
// seconds.
void generator_run(struct generator *g, portset ports, double rate, double seconds);

// One trial: sends this number of frames one after the other, as fast as this thread can.
void generator_burst(struct generator *g, unsigned port, uint64_t frames);

// The limit: what comes back, in frames per second, while the ingress rings are never empty, as the
// median of some trials. False: the worker gets no time.
bool generator_find_limit(struct generator *g, portset ports, unsigned trials, double seconds,
			  double *limit);

// What came back in the last trial, in frames per second.
double generator_rate(const struct generator *g);
