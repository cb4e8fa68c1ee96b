// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/violation.h"

#include "dataplane/eventtype.h"

#define NS_IN_SECOND UINT64_C(1000000000)

// The reason of each sum. The first ones are the drop reasons that are violations.
static const enum outcome reasons[VIOLATION_SUMS] = {
	OUT_BPDU,
	OUT_FORGED_TRANSMIT,
	OUT_SPOOFED,
	OUT_MAC_CONFLICT,
	OUT_MAC_LIMIT,
	[VIOLATION_DROPS] = OUT_FORGED_TRANSMIT,
	OUT_DHCP_SERVER,
	OUT_ROUTER_ADVERT,
	OUT_SPOOFED,
	OUT_RATE_LIMIT,
	OUT_MAC_LIMIT,
	OUT_STORM_BROADCAST,
	OUT_STORM_MULTICAST,
	OUT_STORM_UNKNOWN_UNICAST,
};

const enum outcome *const violation_trials = reasons + VIOLATION_DROPS;

bool violation_is(enum outcome reason)
{
	for (unsigned i = 0; i < VIOLATION_DROPS; i++)
		if (reasons[i] == reason)
			return true;
	return false;
}

static struct event as_event(const struct violation_sum *s, uint8_t port, unsigned i)
{
	return (struct event){
		.type = EVENT_VIOLATION,
		.ns = s->ns,
		.key = s->key,
		.count = s->count,
		.port = port,
		.reason = (uint8_t)reasons[i],
		.from = i >= VIOLATION_DROPS,
	};
}

bool violation_note(struct violations *v, uint8_t port, enum outcome reason, bool on_trial,
		    uint64_t key, uint64_t ns, struct event *told)
{
	bool over = false;
	unsigned i = on_trial ? VIOLATION_DROPS : 0;

	while (reasons[i] != reason)
		i++;
	struct violation_sum *s = &v->sum[i];
	rte_spinlock_lock(&v->lock);
	if (s->count && s->ns / NS_IN_SECOND != ns / NS_IN_SECOND) {
		*told = as_event(s, port, i);
		s->count = 0;
		over = true;
	}
	if (!s->count)
		*s = (struct violation_sum){.ns = ns, .key = key};
	s->count++;
	rte_spinlock_unlock(&v->lock);
	return over;
}

unsigned violation_collect(struct violations *v, uint8_t port, uint64_t ns,
			   struct event told[VIOLATION_SUMS])
{
	unsigned n = 0;

	rte_spinlock_lock(&v->lock);
	for (unsigned i = 0; i < VIOLATION_SUMS; i++) {
		struct violation_sum *s = &v->sum[i];
		if (!s->count || s->ns / NS_IN_SECOND >= ns / NS_IN_SECOND)
			continue;
		told[n++] = as_event(s, port, i);
		s->count = 0;
	}
	rte_spinlock_unlock(&v->lock);
	return n;
}
