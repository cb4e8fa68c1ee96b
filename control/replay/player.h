// SPDX-License-Identifier: BSD-3-Clause
// player: forwards frames with a clock that follows their timestamps.
//
// Model   The clock starts at 0 with the first frame that has a stamp, and never goes back. Ageing,
//         recovery and frames of the switch itself happen at their time. A gap between two stamps
//         costs no more than what happens in it.
// Limits  The clock stops after PLAYER_CLOCK_MAX.
// Errors  Prints its own.
#pragma once

#include <rte_mbuf_dyn.h>

#include "control/pcap/record.h"
#include "control/replay/offload.h"
#include "control/switch/state.h"
#include "dataplane/forward.h"
#include "dataplane/portset.h"
#include "dataplane/txbatch.h"

// 60 years. Half seconds of the clock have 32 bits.
#define PLAYER_CLOCK_MAX (UINT64_C(60) * 366 * 86400 * 1000000000)

enum { PLAYER_SPARES = 32 };

// Called after each frame, if bursts have one frame.
typedef void (*player_frame_fn)(void *arg, unsigned port, const struct capture_record *rec);

struct player {
	struct vswitch *sw;
	struct forwarder *fwd;
	unsigned burst;
	player_frame_fn on_frame; // NULL: none
	void *arg;
	int stamp; // offset of the capture's timestamp in an mbuf
	bool own;  // a frame of the switch itself is sent
	bool begun;
	uint64_t first_ns, now_ns; // time of the first record; the switch's clock
	uint32_t sweep_tick;       // no entry expires before
	uint64_t recovery_ns;      // an err-disabled port recovers then
	unsigned port;             // of the pending burst
	unsigned count, spares;
	uint32_t buffers; // of its frames
	struct rte_mbuf *frame[BURST_MAX], *spare[PLAYER_SPARES];
	uint64_t when[BURST_MAX];
	struct offload offload;
	uint32_t mtu[PORTS_MAX];     // 0: not configured
	uint64_t segments, doubtful; // were cut into frames; may be segments
	uint64_t frames, late, late_most_ns, jumps, jump_most_ns;
};

// Sets the player up. sw: made for replay.
bool player_init(struct player *p, struct vswitch *sw, unsigned burst);
void player_clear(struct player *p);

bool player_add(struct player *p, unsigned port, const struct capture_record *rec);

// Forwards the last frames, and lets the clock run on to until_ns.
void player_finish(struct player *p, uint64_t until_ns);

// Tells what was odd about the stamps and about what the ports dropped.
void player_conclude(const struct player *p);

// The stamp of the record that a frame comes from.
static inline uint64_t player_stamp(const struct player *p, const struct rte_mbuf *m)
{
	return *RTE_MBUF_DYNFIELD(m, p->stamp, const uint64_t *);
}
