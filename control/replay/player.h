// SPDX-License-Identifier: BSD-3-Clause
// player: forwards frames with a clock that follows their timestamps.
//
// Model   The clock starts at 0 with the first frame that has a stamp, and never goes back. Ageing,
//         recovery and frames of the switch itself happen at their time. A gap between two stamps
//         costs no more than what happens in it.
// Memory  Frames are forwarded where their records are, without a copy, and may be overwritten.
// Limits  The clock stops after PLAYER_CLOCK_MAX.
// Errors  Prints its own.
#pragma once

#include <rte_mbuf_dyn.h>

#include "control/pcap/record.h"
#include "control/replay/inputs.h"
#include "control/replay/offload.h"
#include "control/switch/state.h"
#include "dataplane/forward.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

// 60 years. Half seconds of the clock have 32 bits.
#define PLAYER_CLOCK_MAX (UINT64_C(60) * 366 * 86400 * 1000000000)

// Called after each frame, if bursts have one frame.
typedef void (*player_frame_fn)(void *arg, unsigned port, const struct capture_record *rec);

struct player {
	struct vswitch *sw;
	struct forwarder *fwd;
	unsigned burst;
	uint8_t number[PORTS_MAX]; // the switch's, by that of the configuration
	player_frame_fn on_frame;  // NULL: none
	void *arg;
	int stamp; // offset of the capture's timestamp in an mbuf
	bool own;  // a frame of the switch itself is sent
	bool begun;
	uint64_t first_ns, now_ns; // time of the first record; the switch's clock
	uint32_t sweep_tick;       // no entry expires before
	uint64_t recovery_ns;      // an err-disabled port recovers then
	uint64_t burst_end_ns;     // the pending frames are earlier
	struct rte_mempool *views; // of records
	unsigned count, spares;
	uint32_t buffers, buffers_max; // that the pending frames may need
	struct rte_mbuf *frame[BURST_MAX], *spare[INPUTS_READ_MAX];
	uint64_t when[BURST_MAX];
	uint8_t port[BURST_MAX];
	struct offload offload;
	uint32_t mtu[PORTS_MAX];       // 0: not configured
	uint32_t usual_max[PORTS_MAX]; // longer frames may be segments
	uint64_t segments, doubtful;   // were cut into frames; may be segments
	uint64_t frames, late, late_most_ns, jumps, jump_most_ns;
};

// Sets the player up. sw: made for replay.
bool player_init(struct player *p, struct vswitch *sw, unsigned burst);
void player_clear(struct player *p);

// Forwards at most INPUTS_READ_MAX frames.
bool player_forward(struct player *p, const struct input_frame *frame, unsigned n);

// Lets the clock run on to until_ns.
void player_finish(struct player *p, uint64_t until_ns);

// Tells what was odd about the stamps and about what the ports dropped.
void player_conclude(const struct player *p);

// The stamp of the record that a frame comes from.
static inline uint64_t player_stamp(const struct player *p, const struct rte_mbuf *m)
{
	return *RTE_MBUF_DYNFIELD(m, p->stamp, const uint64_t *);
}
