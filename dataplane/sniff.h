// SPDX-License-Identifier: BSD-3-Clause
// sniff: passes copies of frames from the workers to captures in control.
//
// Model     Each worker has a list of sniffers. An empty list costs one load per burst. A sniffer
//           selects frames by direction, by port and by a filter. It has a ring of records in the
//           order in which the worker wrote them. A record that finds no room is lost and counted
//           on its port, therefore a worker never waits.
// Threads   The worker that owns the list writes records. Control adds and removes sniffers, sets
//           their ports and takes records. The worker may write to a removed sniffer until it has
//           passed a quiescent point.
// Ownership Control owns sniffers and the programs of their filters.
// Time      The worker's clock, which it reads once per round over its ports.
// Limits    A record must fit into half of the ring. A filter sees the first SNIFF_REACH bytes of a
//           frame.
#pragma once

#include <rte_mbuf.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/portset.h"

enum { SNIFF_BURST_MAX = 256, SNIFF_REACH = 16384 };

// The event of a frame on a port.
enum sniff_way {
	SNIFF_RX,
	SNIFF_TX,
	SNIFF_DROPPED, // received on the port and dropped
	SNIFF_REFUSED, // not delivered to the port
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
	uint32_t gap;  // not 0: no record, but unused space at the end of the ring
	struct sniff_what what;
	uint32_t length;   // of the frame
	uint32_t captured; // number of bytes copied
	uint8_t bytes[];
};

// Whether a frame of `length` bytes is wanted. The first `there` bytes of it are at `data`.
typedef bool (*sniff_filter_fn)(const void *program, const uint8_t *data, uint32_t length,
				uint32_t there);

struct sniffer {
	_Atomic(struct sniffer *) next;
	_Atomic portset ports[SNIFF_WAYS]; // control writes
	uint32_t snaplen;
	sniff_filter_fn filter; // NULL: all frames are wanted
	const void *program;
	uint64_t size; // of the ring
	uint8_t *ring;
	_Alignas(64) _Atomic uint64_t tail; // control writes: position of the first record
	_Alignas(64) _Atomic uint64_t head; // the worker writes: end of the last record
	_Atomic uint64_t lost[PORTS_MAX];   // the worker writes: records that found no room
	// Used by the worker alone: which of the offered frames are wanted, and how many of those
	// have a record after the head.
	uint64_t end;
	uint64_t quota; // records left to write
	unsigned wanted, copied;
	uint16_t which[SNIFF_BURST_MAX];
	uint8_t flat[SNIFF_REACH];
};

struct sniff_list {
	_Atomic(struct sniffer *) first; // control writes
};

// A sniffer that selects no port yet, with a ring of `size` bytes (a power of two). It writes at
// most `quota` records. NULL if there is no memory.
struct sniffer *sniffer_create(uint32_t size, uint32_t snaplen, uint64_t quota);
void sniffer_destroy(struct sniffer *s);

void sniff_add(struct sniff_list *l, struct sniffer *s);
void sniff_remove(struct sniff_list *l, struct sniffer *s);

// The first record, NULL if there is none. It is valid until sniff_take().
const struct sniff_record *sniff_peek(struct sniffer *s);
void sniff_take(struct sniffer *s);

static inline struct sniffer *sniff_first(const struct sniff_list *l)
{
	return atomic_load_explicit(&l->first, memory_order_acquire);
}

// Records n (at most SNIFF_BURST_MAX) frames.
void sniff_frames(struct sniffer *first, const struct sniff_what *what,
		  struct rte_mbuf *const *frames, unsigned n);

// Records frames in two steps. sniff_offer() takes frames before their event is certain, and
// sniff_commit() keeps the records of the first n.
void sniff_offer(struct sniffer *first, const struct sniff_what *what,
		 struct rte_mbuf *const *frames, unsigned n);
void sniff_commit(struct sniffer *first, const struct sniff_what *what, unsigned n);
