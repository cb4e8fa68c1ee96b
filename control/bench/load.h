// SPDX-License-Identifier: BSD-3-Clause
// load: sends traffic from memory through a switch on its workers' lcores, and counts the cycles.
//
// Model     Each port may have a stream: frames in memory that it receives again and again.
//           Receiving takes mbufs in bulk and copies the frames into them. Sending frees them in
//           bulk. If the port has a ring, sending first copies the frames into it, as delivery to a
//           virtual NIC does. The loop is that of a worker: it polls its ports in turn, 32 frames
//           each, gives busy ports equal times, and reads the clock once a round.
// Threads   One thread calls everything. load_run() starts the lcores and returns when they are
//           done.
// Ownership A load owns its switch and its streams.
// Limits    Frames of 2,048 bytes, and STREAM_MAX bytes of frames per stream.
// Errors    complain() prints them. A function that returns false or NULL has called it.
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
	LOAD_GROUP = 0xef010101,   // of TO_GROUP: 239.1.1.1
	LOAD_STATION = 0x0a000002, // 10.0.0.2, of other UDP
	LOAD_PORT = 1024,
	LOAD_SLOW_US = 100, // a longer round is a slow one
};
#define STREAM_MAX (UINT64_C(4) << 30)
#define LOAD_ENDLESS UINT64_MAX

struct stream {
	_Alignas(64) uint8_t *data; // records, one after the other
	size_t size, room, at;
	uint64_t frames;
	uint64_t left; // frames still to receive; LOAD_ENDLESS: again and again
};

// Describes the frames of a stream. Sources and destinations change with every frame, each in a
// random order.
struct recipe {
	unsigned port;    // number of the sender
	portset to;       // the destinations are behind these ports, in turn
	uint32_t macs;    // sources, all behind the sender
	uint32_t to_macs; // destinations behind each of the others
	enum { TO_KNOWN, TO_BROADCAST, TO_UNKNOWN, TO_GROUP } kind;
	bool random_source; // one of 2^46 MACs
	unsigned size;      // on the line, FCS included
	bool tagged;        // in VLAN LOAD_VLAN
	bool udp;           // UDP in IPv4; else no protocol that anybody reads
};

// The results of a worker's lcore in one run.
struct lane {
	_Alignas(64) struct load *load;
	struct worker *worker;
	uint64_t limit; // cycles to run for
	uint64_t cycles, frames, bytes;
	uint64_t start, end;             // TSC; in a sum, the first start and the last end
	uint64_t port_frames[PORTS_MAX]; // received on each port
	uint64_t longest;                // round, in cycles
	uint64_t slow;                   // rounds
};

struct load {
	struct vswitch *sw;
	struct stream stream[PORTS_MAX]; // by port number, read by the lane of the port
	struct lane lane[CONFIG_WORKERS_MAX];
	uint64_t slow_cycles;
	uint8_t *ring[PORTS_MAX]; // of LOAD_RING buffers, as in a virtual NIC; NULL: frames are
				  // only freed
	uint32_t ring_at[PORTS_MAX];
	bool bare; // without the switch: each frame goes to the neighbouring port
	_Atomic unsigned running;
};

// The i-th MAC behind a port.
uint64_t load_mac(unsigned port, uint32_t i);

// Makes a load without streams on a new switch. Takes the configuration.
struct load *load_create(struct config *c, enum switch_use use);
void load_destroy(struct load *l);

// Adds a frame to a stream. stream_make() replaces its frames by those of a recipe.
bool stream_add(struct stream *s, const uint8_t *frame, uint32_t len);
bool stream_make(struct stream *s, const struct recipe *r);
void stream_clear(struct stream *s);

// The next frame of a stream that is not empty. stream_receive() puts n frames into new mbufs, as a
// device does. It returns their number, 0 if there are no buffers.
const uint8_t *stream_next(struct stream *s, uint32_t *len);
unsigned stream_receive(struct stream *s, struct rte_mempool *pool, struct rte_mbuf **frames,
			unsigned n);

// Gives each port a ring, into which sent frames are copied.
bool load_add_rings(struct load *l);

// Lets the ports of `senders` receive for some seconds. seconds 0: each stream once. Meanwhile, the
// calling thread calls meanwhile() again and again. NULL: it drains events and sleeps.
typedef void (*load_fn)(void *arg);
void load_run(struct load *l, portset senders, double seconds, load_fn meanwhile, void *arg);

// The sum of all lanes of the last run.
struct lane load_sum(const struct load *l);
