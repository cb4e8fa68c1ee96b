// SPDX-License-Identifier: BSD-3-Clause
// offload: captured large segments, as the frames that they were on the wire.
//
// Model     A capture that was made on a host has TCP segments of up to 64 KiB, which a NIC cut or
//           merged. The file does not say so. A TCP packet that is longer than its port's `mtu` is
//           such a segment. Without `mtu`, a packet that is longer than any MTU is one, and becomes
//           packets of 1,500 bytes. Their number is right if the sender filled its frames.
// Ownership The records of the frames are valid until the next call.
// Limits    As segment.h. A segment that the capture cut short stays as it is.
#pragma once

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/common/portsettings.h"
#include "control/pcap/record.h"
#include "dataplane/frame.h"
#include "dataplane/segment.h"

struct offload {
	struct rte_mempool *pool;
	struct rte_mbuf *whole; // the segment that is being cut
	struct segmenter segmenter;
	struct capture_record of;
	uint8_t flat[MTU_MAX + FRAME_HEADER + 2 * FRAME_TAG];
};

// Whether a record is a segment. If so, offload_next() gives its frames until it is false. mtu: of
// its port, or 0.
bool offload_begin(struct offload *o, const struct capture_record *rec, uint32_t mtu);
bool offload_next(struct offload *o, struct capture_record *frame);

// Whether all frames of the last segment were made; else no packet buffer was left.
bool offload_is_whole(const struct offload *o);

// Whether a record would be a segment if its port had an mtu of 1500.
bool offload_is_possible(const struct offload *o, const struct capture_record *rec);
