// SPDX-License-Identifier: BSD-3-Clause
// portset: a set of ports in one 64-bit word.
//
// Model     A port is a number below PORTS_MAX; bit n of a set stands for port n. Sets are combined
//           with the operators of C.
// Limits    64 ports, twice as many as Debian's DPDK can open.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PORTS_MAX = 64 };

typedef uint64_t portset;

static inline portset portset_of(unsigned port)
{
	return UINT64_C(1) << port;
}

static inline bool portset_has(portset s, unsigned port)
{
	return s >> port & 1;
}

// The lowest port of a set that is not empty.
static inline unsigned portset_first(portset s)
{
	return (unsigned)__builtin_ctzll(s);
}

// Runs its statement once for each port of the set, in ascending order.
#define PORTSET_FOREACH(port, set) \
	for (portset rest_ = (set); rest_ && ((port) = portset_first(rest_), true); \
	     rest_ &= rest_ - 1)
