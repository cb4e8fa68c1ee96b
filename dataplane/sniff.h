// SPDX-License-Identifier: BSD-3-Clause
// sniff: copies of the frames that captures want, on their way from the workers to control.
//
// Model     A worker has a list of sniffers; while it is empty that costs a load for each burst. A
//           sniffer says what it wants: what becomes of a frame, on which ports, and a filter. It
//           has a ring in which records lie one behind another, in the order in which the worker
//           made them. A record that finds no room there is lost, and counted on its port: nothing
//           waits.
// Threads   The worker that has the list writes records. Control adds and removes sniffers, says
//           which ports, and takes records. A sniffer that was removed is written to until the
//           worker has passed a quiescent point.
// Ownership Control's, with the program of the filter.
// Time      The worker's clock, which it reads once a round over its ports.
// Limits    A record must fit into half of the ring; a filter sees the first SNIFF_REACH bytes of a
//           frame.
#pragma once

#include <rte_mbuf.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/portset.h"

enum { SNIFF_BURST_MAX = 256, SNIFF_REACH = 16384 };

// What becomes of a frame on a port.
enum sniff_way {
	SNIFF_RX,
	SNIFF_TX,
	SNIFF_DROPPED, // received, and dropped
	SNIFF_REFUSED, // for the port, and not delivered
	SNIFF_WAYS,
};

struct sniff_what {
	uint64_t ns;
	uint8_t way; // enum sniff_way
	uint8_t port;
	uint8_t reason; // SNIFF_DROPPED: enum outcome; SNIFF_REFUSED: enum tx_drop
};

struct sniff_record {
	uint32_t size; // in the ring
	uint32_t gap;  // not 0: no record, but what is left of the ring before its end
	struct sniff_what what;
	uint32_t length;   // of the frame
	uint32_t captured; // of it, the first bytes
	uint8_t bytes[];
};

// Whether a frame of `length` bytes is wanted, of which there are so many at `data`.
typedef bool (*sniff_filter_fn)(const void *program, const uint8_t *data, uint32_t length,
				uint32_t there);

struct sniffer {
	_Atomic(struct sniffer *) next;
	_Atomic portset ports[SNIFF_WAYS]; // control writes
	uint32_t snaplen;
	sniff_filter_fn filter; // NULL: all are wanted
	const void *program;
	uint64_t size; // of the ring
	uint8_t *ring;
	_Alignas(64) _Atomic uint64_t tail; // control writes: where the first record is
	_Alignas(64) _Atomic uint64_t head; // the worker writes: end of the last one,
	_Atomic uint64_t lost[PORTS_MAX];   // and what found no room
	// The worker's own: the frames offered that are wanted, and how many of them, the first
	// ones, lie behind the head.
	uint64_t end;
	uint64_t quota; // records to come
	unsigned wanted, copied;
	uint16_t which[SNIFF_BURST_MAX];
	uint8_t flat[SNIFF_REACH];
};

struct sniff_list {
	_Atomic(struct sniffer *) first; // control writes
};

// A sniffer that wants nothing yet, with a ring of so many bytes (a power of two). It makes `quota`
// records. NULL: no memory.
struct sniffer *sniffer_create(uint32_t size, uint32_t snaplen, uint64_t quota);
void sniffer_destroy(struct sniffer *s);

void sniff_add(struct sniff_list *l, struct sniffer *s);
void sniff_remove(struct sniff_list *l, struct sniffer *s);

// The first record, NULL for none; it is there until sniff_take() takes it out.
const struct sniff_record *sniff_peek(struct sniffer *s);
void sniff_take(struct sniffer *s);

static inline struct sniffer *sniff_first(const struct sniff_list *l)
{
	return atomic_load_explicit(&l->first, memory_order_acquire);
}

// Shows n (at most SNIFF_BURST_MAX) frames to sniffers.
void sniff_frames(struct sniffer *first, const struct sniff_what *what,
		  struct rte_mbuf *const *frames, unsigned n);

// The same in two steps, where it turns out later that this became of the first n alone.
void sniff_offer(struct sniffer *first, const struct sniff_what *what,
		 struct rte_mbuf *const *frames, unsigned n);
void sniff_commit(struct sniffer *first, const struct sniff_what *what, unsigned n);
