// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/binding.h"

int binding_compare(const void *a, const void *b)
{
	const struct binding *x = a, *y = b;

	return x->mac < y->mac ? -1 : x->mac > y->mac;
}

// The first binding whose MAC is not less.
static unsigned first_of(const struct binding *sorted, unsigned count, uint64_t mac)
{
	unsigned low = 0;

	while (low < count) {
		unsigned middle = low + (count - low) / 2;
		if (sorted[middle].mac < mac)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

static bool holds_for(const struct binding *sorted, unsigned count, uint64_t owner, uint16_t vid,
		      struct ip_address ip)
{
	for (unsigned i = first_of(sorted, count, owner); i < count && sorted[i].mac == owner;
	     i++) {
		const struct binding *b = &sorted[i];
		if ((!b->vid || b->vid == vid) && (ip.high & b->mask.high) == b->prefix.high &&
		    (ip.low & b->mask.low) == b->prefix.low)
			return true;
	}
	return false;
}

bool binding_holds(const struct binding *sorted, unsigned count, uint64_t mac, uint16_t vid,
		   struct ip_address ip)
{
	return holds_for(sorted, count, mac, vid, ip) || holds_for(sorted, count, 0, vid, ip);
}
