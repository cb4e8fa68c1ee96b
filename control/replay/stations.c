// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/stations.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"

enum {
	SLOTS = 2 * STATIONS_MAX, // a power of two
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
	IPV4_SOURCE = 12,
	ARP_SOURCE = 14,
	IPV6_SOURCE = 8,
	LOCAL_BIT = 0x02,
};

struct stations {
	uint32_t count;
	uint64_t lost;
	bool is_sorted;        // the index does not fit the list any more
	uint32_t index[SLOTS]; // number of a station + 1; 0: free
	struct station station[STATIONS_MAX];
};

struct stations *stations_create(void)
{
	return calloc(1, sizeof(struct stations));
}

void stations_destroy(struct stations *s)
{
	free(s);
}

static uint32_t slot_of(uint64_t mac)
{
	return (uint32_t)(mac * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (SLOTS - 1);
}

// The slot of a MAC, or the free one where it belongs.
static uint32_t *find_slot(struct stations *s, uint64_t mac)
{
	uint32_t at = slot_of(mac);

	while (s->index[at] && s->station[s->index[at] - 1].mac != mac)
		at = (at + 1) & (SLOTS - 1);
	return &s->index[at];
}

static void index_again(struct stations *s)
{
	memset(s->index, 0, sizeof s->index);
	for (uint32_t i = 0; i < s->count; i++)
		*find_slot(s, s->station[i].mac) = i + 1;
	s->is_sorted = false;
}

static struct station *station_of(struct stations *s, uint64_t mac)
{
	if (s->is_sorted)
		index_again(s);
	uint32_t *slot = find_slot(s, mac);
	if (!*slot) {
		if (s->count == STATIONS_MAX)
			return NULL;
		*slot = ++s->count;
		s->station[*slot - 1].mac = mac;
	}
	return &s->station[*slot - 1];
}

static void note_vlan(struct station *s, uint16_t vlan)
{
	for (unsigned i = 0; i < s->vlans; i++)
		if (s->vlan[i] == vlan)
			return;
	if (s->vlans < STATION_VLANS)
		s->vlan[s->vlans++] = vlan;
	else
		s->more_vlans = true;
}

static void note_address(struct station *s, const uint8_t *from, bool is_ipv6)
{
	uint8_t address[16] = {0}, none[16] = {0};

	memcpy(address, from, is_ipv6 ? 16 : 4);
	if (!memcmp(address, none, sizeof none))
		return;
	for (unsigned i = 0; i < s->addresses; i++)
		if (!memcmp(s->address[i], address, sizeof address) &&
		    (s->ipv6 >> i & 1) == is_ipv6)
			return;
	if (s->addresses == STATION_ADDRESSES) {
		s->more_addresses = true;
		return;
	}
	s->ipv6 |= (uint8_t)(is_ipv6 << s->addresses);
	memcpy(s->address[s->addresses++], address, sizeof address);
}

static void note_details(struct station *s, const struct frame *f, const uint8_t *frame,
			 uint32_t len)
{
	static const struct {
		uint16_t ethertype;
		uint8_t at, size;
	} sources[] = {{ETHERTYPE_IPV4, IPV4_SOURCE, 4},
		       {ETHERTYPE_ARP, ARP_SOURCE, 4},
		       {ETHERTYPE_IPV6, IPV6_SOURCE, 16}};
	uint32_t header = f->tag ? FRAME_HEADER + FRAME_TAG : FRAME_HEADER;
	uint16_t type = frame_be16(frame + header - 2);

	note_vlan(s, tag_vid(f->tag));
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		if (sources[i].ethertype == type && len >= header + sources[i].at + sources[i].size)
			note_address(s, frame + header + sources[i].at, sources[i].size == 16);
}

void stations_add(struct stations *s, const uint8_t *frame, uint32_t len, bool details)
{
	struct frame f;

	if (!frame_parse(frame, len, &f))
		return;
	struct station *station = station_of(s, f.src);
	if (!station) {
		s->lost++;
		return;
	}
	station->frames++;
	if (details)
		note_details(station, &f, frame, len);
}

// More frames first, then by MAC.
static int compare(const void *a, const void *b)
{
	const struct station *x = a, *y = b;

	if (x->frames != y->frames)
		return x->frames < y->frames ? 1 : -1;
	return (x->mac > y->mac) - (x->mac < y->mac);
}

const struct station *stations_sorted(struct stations *s, uint32_t *count)
{
	qsort(s->station, s->count, sizeof *s->station, compare);
	s->is_sorted = true;
	*count = s->count;
	return s->station;
}

uint64_t stations_lost(const struct stations *s)
{
	return s->lost;
}

void station_put_address(const struct station *s, unsigned i, char out[ADDRESS_TEXT])
{
	inet_ntop(s->ipv6 >> i & 1 ? AF_INET6 : AF_INET, s->address[i], out, ADDRESS_TEXT);
}

// IEEE's registry of OUIs, as far as hypervisors take MACs from it.
const char *station_vendor(uint64_t mac)
{
	static const struct {
		uint32_t prefix;
		const char *name;
	} vendors[] = {{0x005056, "VMware"},     {0x000c29, "VMware"},     {0x000569, "VMware"},
		       {0x525400, "QEMU"},       {0x00163e, "Xen"},        {0x00155d, "Hyper-V"},
		       {0x080027, "VirtualBox"}, {0x0a0027, "VirtualBox"}, {0xbc2411, "Proxmox"},
		       {0x506b8d, "Nutanix"},    {0x001c42, "Parallels"},  {0x00005e, "IANA"}};

	for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
		if (vendors[i].prefix == mac >> 24)
			return vendors[i].name;
	return mac >> 40 & LOCAL_BIT ? "local" : "";
}
