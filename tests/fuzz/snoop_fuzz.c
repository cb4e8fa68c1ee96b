// SPDX-License-Identifier: BSD-3-Clause
// An arbitrary group frame, with a correct checksum where it has one, in two buffers. Its records
// are about groups that can be pruned, and what they say changes the multicast database within its
// limits.
#include <string.h>

#include "dataplane/checksum.h"
#include "dataplane/frame.h"
#include "dataplane/mdb.h"
#include "dataplane/snoop.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/buffer.h"

enum { FRAME_MAX = 2048, LIMIT = 8, PORT = 5, VLAN = 10, TICK = 1000 };

static void put_sum(uint8_t *field, uint16_t sum)
{
	field[0] = (uint8_t)(~sum >> 8);
	field[1] = (uint8_t)~sum;
}

static uint16_t sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
	return checksum_fold(sum);
}

// Fuzzers find no checksums: completes those of an IPv4 header with options and of IGMP, or of MLD
// behind a hop-by-hop header of 8 bytes.
static void complete(uint8_t *ip, size_t n, bool ipv6)
{
	if (!ipv6 && n >= 28) {
		size_t header = (ip[0] & 15) * 4u;
		ip[10] = ip[11] = 0;
		if (header < 20 || header + 4 > n)
			return;
		put_sum(ip + 10, sum_of(ip, header, 0));
		ip[header + 2] = ip[header + 3] = 0;
		put_sum(ip + header + 2, sum_of(ip + header, n - header, 0));
	} else if (ipv6 && n >= 56) {
		ip[50] = ip[51] = 0;
		put_sum(ip + 50,
			sum_of(ip + 48, n - 48, checksum_pseudo(ip + 8, 32, 58, (uint32_t)n - 48)));
	}
}

static struct rte_mbuf *chain(const uint8_t *frame, uint16_t n, uint16_t cut)
{
	struct rte_mbuf *m = buffer_new(0, frame, cut < n ? cut : n);

	if (cut < n) {
		m->next = buffer_new(0, frame + cut, (uint16_t)(n - cut));
		m->nb_segs = 2;
		m->pkt_len = n;
	}
	return m;
}

static void take_records(struct snoop_message *msg, unsigned bytes)
{
	struct snoop_record r;
	struct mdb *mdb;
	unsigned records = 0;

	MUST(!mdb_create(&mdb, 1));
	for (; snoop_next(msg, &r); records++) {
		struct mdb_membership who = {.group = r.group, .vid = VLAN, .port = PORT};
		MUST(snoop_is_group(r.group) && !snoop_is_for_all(r.group));
		if (r.leaves)
			mdb_leave(mdb, &who, true, TICK);
		else
			mdb_join(mdb, &who, LIMIT, TICK);
		portset members = mdb_members(mdb, VLAN, r.group);
		MUST(!members || members == portset_of(PORT));
		MUST(mdb_count(mdb, PORT) <= LIMIT);
	}
	MUST(records <= bytes / 8, "%u records in %u bytes", records, bytes);
	mdb_destroy(mdb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t frame[FRAME_MAX];
	struct bytes in = {data, size};
	uint8_t mode = take8(&in);
	uint16_t cut = take16(&in);
	uint16_t n = (uint16_t)(in.left < FRAME_MAX ? in.left : FRAME_MAX);
	struct snoop_message msg;
	struct frame f;

	memcpy(frame, in.at, n);
	if (mode & 1 && n > FRAME_HEADER)
		complete(frame + FRAME_HEADER, (size_t)n - FRAME_HEADER, frame[12] == 0x86);
	struct rte_mbuf *m = chain(frame, n, (uint16_t)(FRAME_HEADER + cut % FRAME_MAX));
	if (frame_parse(frame, n, &f)) {
		snoop_read(&msg, m, FRAME_ADDRESSES, f.dst);
		MUST(msg.kind == SNOOP_OTHER || snoop_group_mac(msg.group) == f.dst);
		MUST(msg.kind == SNOOP_REPORT || !snoop_is_none(msg.group) ||
		     msg.kind == SNOOP_OTHER);
		if (msg.kind == SNOOP_REPORT)
			take_records(&msg, n);
	}
	buffer_free(m);
	return 0;
}
