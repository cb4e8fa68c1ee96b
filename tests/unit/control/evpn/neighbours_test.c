// SPDX-License-Identifier: BSD-3-Clause
// What becomes of bound addresses and of the kernel's neighbours, with a kernel that is a list of
// requests.
#include "control/evpn/neighbours.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "control/evpn/host.h"
#include "control/evpn/mirror.h"
#include "control/evpn/row.h"
#include "control/evpn/rtnl.h"
#include "dataplane/key.h"
#include "tests/unit/kit.h"

enum { BRIDGE = 1000001, VID = 10, OTHER_VID = 20, OTHER_BRIDGE = 1000002, STATIONS = 600 };

#define MAC(n) (UINT64_C(0x020000000000) + (n))
#define IP(n) ((struct ip_address){0, UINT64_C(0xffff0a000000) + (n)})
#define IP6(n) ((struct ip_address){UINT64_C(0xfd00) << 48, (n)})

// The kernel: it takes all requests, or refuses them with `refusal`.

struct mnl_socket {
	int none;
};

static struct mnl_socket only;
static struct neighbours_row last; // of the last request
static unsigned requests;
static uint32_t asked, answered;
static int refusal;
static bool obeyed; // requests change rows

static void obey_last_request(void);

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus, (void)flags;
	return &only;
}

int mnl_socket_close(struct mnl_socket *s)
{
	(void)s;
	return 0;
}

unsigned mnl_socket_get_portid(const struct mnl_socket *s)
{
	(void)s;
	return 0;
}

int mnl_socket_bind(struct mnl_socket *s, unsigned groups, pid_t pid)
{
	(void)s, (void)groups, (void)pid;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *bytes, size_t n)
{
	const struct nlmsghdr *h = bytes;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);

	(void)s;
	if (m->ndm_family == AF_BRIDGE) // rows of MACs, without answer
		return (ssize_t)n;
	assert_true(row_read_neighbour(h, &last));
	assert_int_equal(m->ndm_state, NUD_PERMANENT);
	asked = h->nlmsg_seq;
	requests++;
	if (obeyed)
		obey_last_request();
	return (ssize_t)n;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *to, size_t room)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} answer = {{.nlmsg_len = sizeof answer, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = asked},
		    {.error = refusal}};

	(void)s;
	if (answered == asked) {
		errno = EAGAIN;
		return -1;
	}
	answered = asked;
	assert_true(room >= sizeof answer);
	memcpy(to, &answer, sizeof answer);
	return sizeof answer;
}

// The switch: stations 1 to STATIONS, each with the address of its number.

static struct {
	bool bound, local;
} station[STATIONS + 1];
static struct {
	uint64_t mac; // told
	bool full;
	unsigned limits;
	uint32_t limited_port;
} is;

static uint64_t placed[STATIONS + 1]; // told, of each address

static unsigned finds;

static void find(void *arg, uint64_t key, struct host_entry *e)
{
	uint64_t n = key_mac(key) - MAC(0);

	(void)arg;
	finds++;
	*e = (struct host_entry){0};
	if (n <= STATIONS && station[n].local && key_vid(key) == VID)
		e->where = HOST_LOCAL;
}

static uint64_t owner(void *arg, uint16_t vid, struct ip_address ip, unsigned *port)
{
	uint32_t n = (uint32_t)ip.low & 0xffff;

	(void)arg;
	*port = 3;
	return vid == VID && n <= STATIONS && station[n].bound && station[n].local ? MAC(n) : 0;
}

static void walk_owners(void *arg, host_owner_fn visit, void *visit_arg)
{
	(void)arg;
	for (unsigned n = 1; n <= STATIONS; n++)
		if (station[n].bound)
			visit(visit_arg, n % 2 ? VID : 0, MAC(n),
			      n == 6 && !obeyed ? IP6(n) : IP(n));
}

static int place_ip(void *arg, uint16_t vid, struct ip_address ip, uint64_t mac)
{
	(void)arg, (void)ip;
	assert_true(vid == VID || vid == OTHER_VID);
	uint64_t i = ip.low - IP(0).low;
	if (mac && is.full && (i > STATIONS || !placed[i]))
		return -ENOSPC;
	is.mac = mac;
	if (i <= STATIONS)
		placed[i] = mac;
	return 0;
}

static void tell(void *arg, enum host_news what, uint32_t vtep, uint32_t count)
{
	(void)arg, (void)vtep;
	assert_int_equal(what, HOST_NEIGHBOUR_LIMIT);
	is.limits++;
	is.limited_port = count;
}

static struct rtnl writer;
static struct mirror *mirror;
static struct neighbours *n;
static uint64_t now_ms;

static void turn(uint64_t wait_ms)
{
	now_ms += wait_ms;
	mirror_turn(mirror, now_ms);
	neighbours_turn(n, now_ms);
}

static void walk(void *arg, host_visit_fn visit, void *visit_arg)
{
	(void)arg, (void)visit, (void)visit_arg;
}

static int open_neighbours(void **state)
{
	static const struct fabric_host host = {.find = find,
						.walk = walk,
						.tell = tell,
						.owner = owner,
						.walk_owners = walk_owners,
						.place_ip = place_ip};

	(void)state;
	memset(station, 0, sizeof station);
	memset(&is, 0, sizeof is);
	memset(placed, 0, sizeof placed);
	obeyed = false;
	requests = asked = answered = 0;
	refusal = 0;
	now_ms = 1000;
	if (rtnl_open(&writer, 0) || !(mirror = mirror_create(&host, &writer)))
		return -1;
	mirror_configure(mirror, 100000, 0);
	n = neighbours_create(&host, &writer, mirror);
	if (!n || !neighbours_set_vni(n, VID, BRIDGE) ||
	    !neighbours_set_vni(n, OTHER_VID, OTHER_BRIDGE))
		return -1;
	turn(100);
	return 0;
}

static int close_neighbours(void **state)
{
	(void)state;
	neighbours_destroy(n);
	mirror_destroy(mirror);
	rtnl_close(&writer);
	return is.mac != 0; // all was taken out
}

static void row_is(struct ip_address ip, uint64_t mac, bool external)
{
	neighbours_take(n,
			&(struct neighbours_row){.interface = BRIDGE,
						 .ip = ip,
						 .mac = mac,
						 .gone = !mac,
						 .external = external},
			now_ms);
}

static void bind_station(unsigned i, bool bound, bool local)
{
	station[i].bound = bound;
	station[i].local = local;
	neighbours_compare(n, false);
	turn(NEIGHBOURS_COMPARE_MS);
}

static void set_place(unsigned i, bool local)
{
	station[i].local = local;
	neighbours_touch(n, key_make(VID, MAC(i)));
	turn(1);
}

static void expect_request(unsigned count, bool gone, struct ip_address ip)
{
	assert_int_equal(requests, count);
	assert_int_equal(last.gone, gone);
	assert_int_equal(last.interface, BRIDGE);
	assert_true(last.ip.high == ip.high && last.ip.low == ip.low);
}

static void a_bound_address_is_advertised_while_its_mac_is_here(void **state)
{
	(void)state;
	bind_station(1, true, false);
	assert_int_equal(requests, 0);
	set_place(1, true);
	expect_request(1, false, IP(1));
	assert_int_equal(last.mac, MAC(1));
	set_place(1, false);
	expect_request(2, true, IP(1));
	set_place(1, true);
	bind_station(1, false, true);
	expect_request(4, true, IP(1));
}

static void a_binding_of_any_vlan_is_advertised_where_its_mac_is(void **state)
{
	(void)state;
	bind_station(6, true, true);
	expect_request(1, false, IP6(6));
	set_place(6, false);
	expect_request(2, true, IP6(6));
}

static void a_row_of_ours_that_goes_is_written_again(void **state)
{
	(void)state;
	bind_station(1, true, true);
	row_is(IP(1), MAC(1), false);
	turn(1);
	assert_int_equal(requests, 1);
	row_is(IP(1), 0, false);
	turn(1);
	expect_request(2, false, IP(1));
}

static void a_row_that_a_former_process_left_is_removed(void **state)
{
	(void)state;
	neighbours_dump_begin(n);
	row_is(IP(1), MAC(1), false);
	neighbours_dump_end(n, now_ms);
	turn(NEIGHBOURS_COMPARE_MS);
	expect_request(1, true, IP(1));
}

static void a_row_of_frr_is_an_address_elsewhere(void **state)
{
	(void)state;
	row_is(IP(1), MAC(9), true);
	turn(1);
	assert_int_equal(is.mac, MAC(9));
	row_is(IP(1), 0, true);
	turn(1);
	assert_int_equal(is.mac, 0);
	row_is(IP(1), MAC(9), true);
	turn(1);
	assert_int_equal(is.mac, MAC(9));
	// A dump does not have it.
	neighbours_dump_begin(n);
	neighbours_dump_end(n, now_ms);
	turn(1);
	assert_int_equal(is.mac, 0);
	assert_int_equal(requests, 0);
}

static uint32_t contested(void)
{
	struct neighbours_stats s;

	neighbours_stats(n, now_ms, &s);
	return s.contested;
}

// A row as the kernel tells of it. False: it is none that counts.
static bool read_row(uint8_t family, struct ip_address ip, uint64_t mac, struct neighbours_row *r)
{
	uint8_t bytes[16], hardware[6];
	union rtnl_request q;
	struct ndmsg *m = rtnl_begin(&q, RTM_NEWNEIGH, 0, sizeof *m);

	*m = (struct ndmsg){.ndm_family = family,
			    .ndm_ifindex = BRIDGE,
			    .ndm_state = NUD_NOARP,
			    .ndm_flags = NTF_EXT_LEARNED};
	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(ip.high >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(ip.low >> (56 - 8 * i));
	}
	for (unsigned i = 0; i < 6; i++)
		hardware[i] = (uint8_t)(mac >> (40 - 8 * i));
	if (family == AF_INET)
		mnl_attr_put(&q.header, NDA_DST, 4, bytes + 12);
	else
		mnl_attr_put(&q.header, NDA_DST, sizeof bytes, bytes);
	mnl_attr_put(&q.header, NDA_LLADDR, sizeof hardware, hardware);
	return row_read_neighbour(&q.header, r);
}

// ::ffff:10.0.0.1 is another row of the kernel, and another route of BGP, than 10.0.0.1. Whoever
// claims it must not get the requests for the other one when the contest ends.
static void a_mapped_address_is_not_the_ipv4_address(void **state)
{
	struct neighbours_row r;

	(void)state;
	assert_true(read_row(AF_INET, IP(1), MAC(9), &r));
	neighbours_take(n, &r, now_ms);
	turn(1);
	assert_int_equal(is.mac, MAC(9));
	assert_false(read_row(AF_INET6, IP(1), MAC(8), &r));
	assert_true(read_row(AF_INET6, IP6(1), MAC(9), &r));
	assert_int_equal(r.mac, MAC(9));
}

static void expect_contested(struct ip_address ip, bool wanted)
{
	row_is(ip, MAC(8), true);
	turn(1);
	assert_int_equal(is.mac, wanted ? 0 : MAC(8));
	row_is(ip, 0, true);
	turn(1);
}

// A machine that tells of addresses and withdraws them takes no memory without end.
static void not_all_that_was_withdrawn_is_remembered(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= NEIGHBOURS_LEFT_MAX; i++) {
		row_is(IP(i), MAC(9), true);
		row_is(IP(i), 0, true);
	}
	turn(1);
	expect_contested(IP(NEIGHBOURS_LEFT_MAX), true);
	expect_contested(IP(0), false);
	turn(NEIGHBOURS_CONTEST_MS - 1);
	expect_contested(IP(NEIGHBOURS_LEFT_MAX), false);
}

// The former owner does not get the requests for ever.
static void an_address_of_a_group_mac_has_no_owner(void **state)
{
	(void)state;
	row_is(IP(1), MAC(9), true);
	turn(1);
	assert_int_equal(is.mac, MAC(9));
	row_is(IP(1), UINT64_C(0x01005e000009), true);
	turn(1);
	assert_int_equal(is.mac, 0);
	turn(NEIGHBOURS_CONTEST_MS);
	assert_int_equal(is.mac, 0);
	row_is(IP(2), UINT64_C(0x01005e000016), false); // the kernel's own
	turn(1);
	assert_int_equal(requests, 0);
	// It is a claim like others: it is answered later.
	bind_station(1, true, true);
	row_is(IP(1), UINT64_C(0x01005e000009), true);
	turn(1);
	assert_int_equal(requests, 1);
}

// Whether it is replaced or withdrawn first.
static void an_address_that_changes_its_mac_is_contested(void **state)
{
	(void)state;
	row_is(IP(1), MAC(9), true);
	turn(1);
	row_is(IP(1), MAC(8), true);
	turn(1);
	assert_int_equal(is.mac, 0);
	assert_int_equal(contested(), 1);
	turn(NEIGHBOURS_CONTEST_MS - 2);
	row_is(IP(1), 0, true);
	turn(1);
	row_is(IP(1), MAC(9), true);
	turn(1);
	assert_int_equal(is.mac, 0);
	turn(NEIGHBOURS_CONTEST_MS);
	assert_int_equal(is.mac, MAC(9));
	assert_int_equal(contested(), 0);
}

// Two machines that have bound one address do not claim it in turn at the rate of BGP.
static void a_claim_of_another_machine_is_answered_later(void **state)
{
	(void)state;
	bind_station(1, true, true);
	for (unsigned i = 1; i < 4; i++) {
		row_is(IP(1), MAC(9), true);
		turn(1);
		turn(NEIGHBOURS_CLAIM_MS - 2);
		assert_int_equal(requests, i);
		assert_int_equal(is.mac, 0);
		turn(2);
		expect_request(i + 1, false, IP(1));
	}
	// A guest that comes here is claimed at once.
	row_is(IP(1), MAC(1), true);
	turn(1);
	set_place(1, false);
	set_place(1, true);
	expect_request(5, false, IP(1));
}

// What is FRR's is not deleted.
static void a_row_that_frr_replaced_is_left_alone(void **state)
{
	(void)state;
	bind_station(1, true, true);
	row_is(IP(1), MAC(1), true);
	turn(1);
	set_place(1, false);
	assert_int_equal(requests, 1);
	assert_int_equal(is.mac, MAC(1));
}

static void a_refused_row_is_tried_with_the_next_dump(void **state)
{
	struct neighbours_stats s;

	(void)state;
	refusal = -EINVAL;
	bind_station(1, true, true);
	turn(1000);
	assert_int_equal(requests, 1);
	neighbours_stats(n, now_ms, &s);
	assert_int_equal(s.refused, 1);
	refusal = 0;
	neighbours_dump_begin(n);
	neighbours_dump_end(n, now_ms);
	turn(NEIGHBOURS_COMPARE_MS);
	assert_int_equal(requests, 2);
	row_is(IP(1), MAC(1), false);
	turn(1000);
	assert_int_equal(requests, 2);
}

static void a_port_has_a_limit(void **state)
{
	struct neighbours_stats s;

	(void)state;
	for (unsigned i = 1; i <= NEIGHBOURS_PORT_MAX + 10; i++)
		station[i].bound = station[i].local = true;
	neighbours_compare(n, false);
	turn(NEIGHBOURS_COMPARE_MS);
	neighbours_stats(n, now_ms, &s);
	assert_int_equal(s.local, NEIGHBOURS_PORT_MAX);
	assert_int_equal(s.refused, 10);
	assert_int_equal(requests, NEIGHBOURS_PORT_MAX);
	assert_int_equal(is.limits, 1);
	assert_int_equal(is.limited_port, 3);
	// One of those that wait gets the place of one that goes.
	set_place(1, false);
	turn(NEIGHBOURS_RETRY_MS);
	turn(NEIGHBOURS_COMPARE_MS);
	neighbours_stats(n, now_ms, &s);
	assert_int_equal(s.local, NEIGHBOURS_PORT_MAX);
	assert_int_equal(requests, NEIGHBOURS_PORT_MAX + 2);
}

static void a_full_switch_is_told_once_and_tried_again(void **state)
{
	(void)state;
	row_is(IP(1), MAC(9), true);
	turn(1);
	is.full = true;
	row_is(IP(2), MAC(8), true);
	row_is(IP(3), MAC(7), true);
	turn(1);
	assert_int_equal(is.limits, 1);
	assert_int_equal(is.limited_port, HOST_NO_PORT);
	is.full = false;
	row_is(IP(3), 0, true);
	row_is(IP(1), 0, true);
	turn(1);
	turn(NEIGHBOURS_RETRY_MS);
	turn(NEIGHBOURS_COMPARE_MS);
	assert_int_equal(is.mac, MAC(8));
}

static void a_vni_that_goes_takes_its_addresses_along(void **state)
{
	(void)state;
	row_is(IP(1), MAC(9), true);
	turn(1);
	assert_int_equal(is.mac, MAC(9));
	neighbours_del_vni(n, VID);
	assert_int_equal(is.mac, 0);
	row_is(IP(1), MAC(9), true);
	turn(1);
	assert_int_equal(is.mac, 0);
}

static void count_visits(void *count, uint64_t key, struct ip_address ip)
{
	assert_int_equal(key_vid(key), VID);
	assert_int_equal(key_mac(key), MAC(9));
	assert_int_equal(ip.low, IP(1).low);
	++*(unsigned *)count;
}

// A withdrawal must not wait for rows of ours.
static void others_are_heard_while_our_rows_wait(void **state)
{
	unsigned written;

	(void)state;
	row_is(IP(500), MAC(9), true);
	turn(1);
	mirror_configure(mirror, 1, 0);
	for (unsigned i = 1; i <= 100; i++)
		station[i].bound = station[i].local = true;
	neighbours_compare(n, false);
	turn(NEIGHBOURS_COMPARE_MS);
	written = requests;
	assert_true(written < 50);
	row_is(IP(500), 0, true);
	turn(1);
	assert_int_equal(is.mac, 0);
	mirror_configure(mirror, 100000, 0);
	turn(1);
	turn(1);
	assert_int_equal(requests, 100);
}

// A guest that makes MACs without end does not keep addresses away.
static void macs_leave_a_share_of_the_rate(void **state)
{
	enum { TURNS = 100, RATE = 1000 };

	(void)state;
	mirror_configure(mirror, RATE, 0);
	mirror_set_vni(mirror, VID, 10010, BRIDGE + 10, BRIDGE + 11);
	bind_station(1, true, false);
	for (unsigned t = 0; t < TURNS; t++) {
		for (unsigned i = 300; i < STATIONS; i++) {
			station[i].local = t % 2;
			mirror_touch(mirror, key_make(VID, MAC(i)));
		}
		if (t == TURNS / 2)
			set_place(1, true);
		turn(1);
	}
	expect_request(1, false, IP(1));
}

// A guest whose link goes up and down causes comparisons. They leave time for other things.
static void large_comparisons_are_rare(void **state)
{
	enum { VLANS = 1000, MS = 2000 };

	(void)state;
	for (unsigned i = 0; i < VLANS; i++)
		assert_true(neighbours_set_vni(n, (uint16_t)(1000 + i), BRIDGE + 100 + (int)i));
	for (unsigned i = 1; i <= STATIONS; i++)
		station[i].bound = true;
	finds = 0;
	for (unsigned t = 0; t < MS; t++) {
		neighbours_compare(n, true);
		turn(1);
	}
	assert_in_range(finds, VLANS * STATIONS / 2, 2 * MS * NEIGHBOURS_LOOKS_A_MS);
}

// A kernel that tells of its rows later, beside an FRR that writes and deletes what it likes.

enum { IPS = 12, NEWS = 4096, STEPS = 20000 };

static struct {
	uint64_t mac;
	bool external;
} kernel[IPS + 1];
static struct neighbours_row news[NEWS];
static unsigned told, heard;
static uint64_t seed = 5;

static unsigned pick(unsigned count)
{
	return (unsigned)(rnd(&seed) >> 20) % count;
}

static void set_kernel(unsigned i, uint64_t mac, bool external)
{
	if (!mac && !kernel[i].mac)
		return;
	news[told++ % NEWS] = (struct neighbours_row){.interface = BRIDGE,
						      .ip = IP(i),
						      .mac = mac ? mac : kernel[i].mac,
						      .gone = !mac,
						      .external = mac ? external
								      : kernel[i].external};
	kernel[i].mac = mac;
	kernel[i].external = external;
	assert_true(told - heard < NEWS);
}

static void obey_last_request(void)
{
	uint32_t i = (uint32_t)(last.ip.low - IP(0).low);

	if (!refusal && i <= IPS)
		set_kernel(i, last.gone ? 0 : last.mac, false);
}

static void hear(unsigned count)
{
	for (; count && heard != told; count--)
		neighbours_take(n, &news[heard++ % NEWS], now_ms);
}

static void dump_kernel(void)
{
	hear(NEWS);
	neighbours_dump_begin(n);
	for (unsigned i = 1; i <= IPS; i++)
		if (kernel[i].mac)
			row_is(IP(i), kernel[i].mac, kernel[i].external);
	neighbours_dump_end(n, now_ms);
}

static void lose_news_and_dump(void)
{
	heard = told;
	dump_kernel();
}

static void happen(void)
{
	unsigned i = 1 + pick(IPS);

	switch (pick(12)) {
	case 0:
		set_kernel(i, MAC(100 + pick(3)), true);
		break;
	case 1:
		set_kernel(i, 0, false);
		break;
	case 2:
		station[i].bound = !station[i].bound;
		neighbours_compare(n, false);
		break;
	case 3:
		station[i].local = !station[i].local;
		neighbours_touch(n, key_make(VID, MAC(i)));
		break;
	case 4:
		refusal = pick(4) ? 0 : -EINVAL;
		break;
	case 5:
		mirror_configure(mirror, 1 + pick(3) * 1000, 0);
		break;
	case 6:
		if (!pick(20))
			lose_news_and_dump();
		break;
	case 7:
		is.full = !pick(4);
		break;
	case 8:
		if (!pick(40))
			neighbours_drop_external(n);
		break;
	case 9:
		turn(pick(40) ? pick(3) : pick(70000));
		break;
	default:
		hear(1 + pick(4));
		turn(1);
	}
}

static void settle(void)
{
	refusal = 0;
	is.full = false;
	mirror_configure(mirror, 100000, 0);
	neighbours_compare(n, true); // what was refused
	for (unsigned t = 0; t < 4; t++) {
		hear(NEWS);
		turn(NEIGHBOURS_CONTEST_MS);
	}
	hear(NEWS);
	turn(1);
}

static void whatever_happens_the_ends_are_equal(void **state)
{
	struct neighbours_stats s;

	(void)state;
	obeyed = true;
	for (unsigned step = 1; step <= STEPS; step++) {
		happen();
		if (step % 500)
			continue;
		settle();
		uint32_t here = 0, elsewhere = 0;
		for (unsigned i = 1; i <= IPS; i++) {
			bool ours = station[i].bound && station[i].local;
			here += ours;
			elsewhere += !ours && kernel[i].mac;
			assert_int_equal(kernel[i].external, !ours && kernel[i].mac);
			assert_int_equal(ours ? kernel[i].mac : 0, ours ? MAC(i) : 0);
			assert_int_equal(placed[i], ours ? 0 : kernel[i].mac);
		}
		neighbours_stats(n, now_ms, &s);
		assert_int_equal(s.local, here);
		assert_int_equal(s.remote, elsewhere);
		assert_int_equal(s.contested, 0);
	}
	neighbours_del_vni(n, VID);
	for (unsigned i = 1; i <= IPS; i++)
		assert_int_equal(placed[i], 0);
	is.mac = 0;
}

// The rows that zebra does not know any more stay away; others it writes again.
static void frrs_rows_can_be_dropped(void **state)
{
	unsigned visits = 0;

	(void)state;
	bind_station(2, true, true);
	row_is(IP(1), MAC(9), true);
	turn(1);
	neighbours_walk(n, count_visits, &visits);
	assert_int_equal(visits, 1);
	neighbours_drop_external(n);
	expect_request(2, true, IP(1));
}

#define IT(function) cmocka_unit_test_setup_teardown(function, open_neighbours, close_neighbours)

RUN_TESTS(IT(large_comparisons_are_rare), IT(whatever_happens_the_ends_are_equal),
	  IT(not_all_that_was_withdrawn_is_remembered), IT(an_address_of_a_group_mac_has_no_owner),
	  IT(a_mapped_address_is_not_the_ipv4_address), IT(others_are_heard_while_our_rows_wait),
	  IT(macs_leave_a_share_of_the_rate),
	  IT(a_bound_address_is_advertised_while_its_mac_is_here),
	  IT(a_binding_of_any_vlan_is_advertised_where_its_mac_is),
	  IT(a_row_of_ours_that_goes_is_written_again),
	  IT(a_row_that_a_former_process_left_is_removed), IT(a_row_of_frr_is_an_address_elsewhere),
	  IT(an_address_that_changes_its_mac_is_contested),
	  IT(a_claim_of_another_machine_is_answered_later),
	  IT(a_row_that_frr_replaced_is_left_alone), IT(a_refused_row_is_tried_with_the_next_dump),
	  IT(a_port_has_a_limit), IT(a_full_switch_is_told_once_and_tried_again),
	  IT(a_vni_that_goes_takes_its_addresses_along), IT(frrs_rows_can_be_dropped))
