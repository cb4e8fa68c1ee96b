// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/audit.h"

#include <string.h>

// The entry of a MAC and reason. A MAC that has none gets one.
static struct audit_entry *find_entry(struct audit *a, enum outcome reason, uint64_t key)
{
	struct audit_entry *least = &a->entry[0];

	for (unsigned i = 0; i < a->count; i++) {
		struct audit_entry *e = &a->entry[i];
		if (e->key == key && e->reason == reason)
			return e;
		if (e->frames < least->frames)
			least = e;
	}
	uint64_t error = least->frames;
	if (a->count < AUDIT_MACS) {
		least = &a->entry[a->count++];
		error = 0;
	}
	*least = (struct audit_entry){
		.key = key, .frames = error, .error = error, .reason = (uint8_t)reason};
	return least;
}

void audit_note(struct audit *a, enum outcome reason, uint64_t key, uint64_t ns)
{
	rte_spinlock_lock(&a->lock);
	struct audit_entry *e = find_entry(a, reason, key);
	e->frames++;
	e->ns = ns;
	rte_spinlock_unlock(&a->lock);
}

unsigned audit_read(struct audit *a, struct audit_entry out[AUDIT_MACS])
{
	rte_spinlock_lock(&a->lock);
	unsigned n = a->count;
	memcpy(out, a->entry, n * sizeof *out);
	rte_spinlock_unlock(&a->lock);
	return n;
}

void audit_clear(struct audit *a)
{
	rte_spinlock_lock(&a->lock);
	a->count = 0;
	rte_spinlock_unlock(&a->lock);
}
