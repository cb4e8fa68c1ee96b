// SPDX-License-Identifier: BSD-3-Clause
// load: traffic from memory through a switch, on its workers' lcores, with a count of the cycles.
//
// Model     Each port of a load has a stream: frames in memory that it receives round and round, or
//           none. To receive is to take mbufs in bulk and to copy the frames' bytes in, to send is
//           to free in bulk (or first to copy the bytes into a ring of the port's own, as a virtual
//           NIC's delivery does). The loop is a worker's: its ports in turn, 32 frames each, the
//           clock once a round.
// Threads   One thread calls everything; load_run() has the lcores run meanwhile and returns when
//           they are done.
// Ownership A load owns its switch and its streams.
// Limits    Frames of 2,048 bytes, STREAM_MAX bytes of them.
// Errors    said by complain().
#pragma once

#include "control/config/config.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/portset.h"
#include "dataplane/worker.h"

enum {
	LOAD_FRAME_MAX = RTE_MBUF_DEFAULT_DATAROOM,
	LOAD_RING = 512,
	LOAD_SIZE_IMIX = 0, // 7 x 64, 4 x 576, 1 x 1518 bytes
	LOAD_VLAN = 10,
	LOAD_SLOW_US = 100, // a round that took longer is a slow one
};
#define STREAM_MAX (UINT64_C(4) << 30)
#define LOAD_ENDLESS UINT64_MAX

struct stream {
	_Alignas(64) uint8_t *data; // records, one behind the other
	size_t size, room, at;
	uint64_t frames;
	uint64_t left; // frames to receive yet, LOAD_ENDLESS: round and round
};

// What a stream is made of. Source and destination are another one in every frame, each in a random
// order of its own.
struct recipe {
	unsigned port;    // number of the sender
	portset to;       // the ports, in turn, behind which the destinations are
	uint32_t macs;    // sources, all behind the sender
	uint32_t to_macs; // destinations behind each of the others
	enum { TO_KNOWN, TO_BROADCAST, TO_UNKNOWN, RECIPE_KINDS } kind;
	bool random_source; // of 2^46
	unsigned size;      // on the line, FCS included
	bool tagged;        // in VLAN LOAD_VLAN
};

// What a worker's lcore did in one run.
struct lane {
	_Alignas(64) struct load *load;
	struct worker *worker;
	uint64_t limit; // cycles to run for
	uint64_t cycles, frames, bytes;
	uint64_t start, end;             // TSC; of several lanes the first one's and the last one's
	uint64_t port_frames[PORTS_MAX]; // received on each port
	uint64_t longest;                // round, in cycles
	uint64_t slow;                   // rounds
};

struct load {
	struct vswitch *sw;
	struct stream stream[PORTS_MAX]; // by port number; the lane of its port reads it
	struct lane lane[CONFIG_WORKERS_MAX];
	uint64_t slow_cycles;
	uint8_t *ring[PORTS_MAX]; // a virtual NIC's, of LOAD_RING buffers; NULL: what is sent is
				  // freed only
	uint32_t ring_at[PORTS_MAX];
	bool bare; // without the switch: what is received is sent to the port next to it
	_Atomic unsigned running;
};

// The i-th MAC behind a port.
uint64_t load_mac(unsigned port, uint32_t i);

// A load without streams on a new switch. It takes the configuration. NULL: said why.
struct load *load_create(struct config *c, enum switch_use use);
void load_destroy(struct load *l);

// Adds a frame to a stream; makes one anew from a recipe. False: said why.
bool stream_add(struct stream *s, const uint8_t *frame, uint32_t len);
bool stream_make(struct stream *s, const struct recipe *r);
void stream_clear(struct stream *s);

// The next frame of a stream that has one, round and round; n of them in new mbufs, what a device
// would hand over: the number of them, 0 where there are no buffers.
const uint8_t *stream_next(struct stream *s, uint32_t *len);
unsigned stream_receive(struct stream *s, struct rte_mempool *pool, struct rte_mbuf **frames,
			unsigned n);

// Gives each port a ring that what is sent to it is copied to.
bool load_add_rings(struct load *l);

// Ports `who` receive for so long, or, where seconds is 0, their streams once. meanwhile() is
// called on the calling thread again and again until then; NULL: it takes the workers' news and
// sleeps.
typedef void (*load_fn)(void *arg);
void load_run(struct load *l, portset who, double seconds, load_fn meanwhile, void *arg);

// All lanes of the last run added up.
struct lane load_sum(const struct load *l);
