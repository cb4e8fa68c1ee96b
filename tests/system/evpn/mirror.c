// SPDX-License-Identifier: BSD-3-Clause
// mirror: EVPN's kernel side with a list of MACs in the place of a switch. It reads commands from
// standard input, one a line, and prints what EVPN does to the list and tells.
//
//   local MAC | sticky MAC | gone MAC   what a guest here does (VLAN 10)
//   many COUNT FIRST                    local MACs that follow each other
//   bind MAC IP | unbind MAC IP         an address of a guest here
//   show                                VNIs, VTEPs, counts, then all MACs and all addresses at
//                                       other machines, then "."
//   resync | hard | end
//
// usage: mirror TWIN SOURCE VNI [BYTES]
//   SOURCE 0.0.0.0: the twin's first address
//   BYTES of the socket that hears the kernel; few: it overruns
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/common/text.h"
#include "control/evpn/fabric.h"
#include "dataplane/key.h"

enum { VLAN = 10, LINE = 128, BINDINGS = 512 };

struct binding_here {
	uint64_t mac;
	struct ip_address ip;
};

static struct binding_here bound[BINDINGS];
static unsigned bindings;

struct station {
	uint64_t key;
	struct host_entry is;
};

static void *table;
static struct fabric *fabric;
static struct event_base *base;

static const char *address_text(uint32_t address)
{
	struct in_addr a = {htonl(address)};

	return inet_ntoa(a);
}

static int compare_entries(const void *a, const void *b)
{
	uint64_t x = ((const struct station *)a)->key, y = ((const struct station *)b)->key;

	return x < y ? -1 : x > y;
}

static struct station *find_entry(uint64_t key)
{
	struct station wanted = {.key = key}, **found = tfind(&wanted, &table, compare_entries);

	return found ? *found : NULL;
}

static void put_entry(uint64_t key, struct host_entry is)
{
	struct station *e = find_entry(key);

	if (!e) {
		e = calloc(1, sizeof *e);
		e->key = key;
		tsearch(e, &table, compare_entries);
	}
	e->is = is;
}

static void del_entry(uint64_t key)
{
	struct station *e = find_entry(key);

	if (!e)
		return;
	tdelete(e, &table, compare_entries);
	free(e);
}

static bool set_vtep(void *arg, uint32_t vtep, const uint32_t *vnis, size_t count)
{
	(void)arg, (void)vnis;
	printf("vtep %s vnis %zu\n", address_text(vtep), count);
	return true;
}

static void resolve(void *arg, uint32_t vtep, uint64_t mac)
{
	char text[MAC_TEXT];

	(void)arg;
	text_put_mac(mac, text);
	printf("next-hop %s %s\n", address_text(vtep), text);
}

static void set_source(void *arg, uint32_t source)
{
	(void)arg;
	printf("source %s\n", address_text(source));
}

static bool publish(void *arg)
{
	(void)arg;
	return true;
}

static int place(void *arg, uint32_t vtep, uint64_t key, bool sticky)
{
	struct station *e = find_entry(key);

	(void)arg;
	if (e && e->is.where == HOST_LOCAL && e->is.sticky)
		return -EEXIST;
	put_entry(key, (struct host_entry){HOST_REMOTE, sticky, vtep});
	return 0;
}

static void remove_mac(void *arg, uint32_t vtep, uint64_t key)
{
	struct station *e = find_entry(key);

	(void)arg;
	if (e && e->is.where == HOST_REMOTE && e->is.vtep == vtep)
		del_entry(key);
}

static void find(void *arg, uint64_t key, struct host_entry *e)
{
	struct station *found = find_entry(key);

	(void)arg;
	if (found)
		*e = found->is;
}

struct walk {
	host_visit_fn visit;
	void *arg;
};

static void walk_node(const void *node, VISIT which, void *walk)
{
	const struct station *e = *(struct station *const *)node;
	const struct walk *w = walk;

	if (which == postorder || which == leaf)
		w->visit(w->arg, e->key, &e->is);
}

static void walk(void *arg, host_visit_fn visit, void *visit_arg)
{
	struct walk w = {visit, visit_arg};

	(void)arg;
	twalk_r(table, walk_node, &w);
}

static uint64_t owner(void *arg, uint16_t vid, struct ip_address ip, unsigned *port)
{
	struct host_entry e = {0};

	for (unsigned i = 0; i < bindings; i++)
		if (bound[i].ip.high == ip.high && bound[i].ip.low == ip.low) {
			find(arg, key_make(vid, bound[i].mac), &e);
			*port = 0;
			return e.where == HOST_LOCAL ? bound[i].mac : 0;
		}
	return 0;
}

static void walk_owners(void *arg, host_owner_fn visit, void *visit_arg)
{
	(void)arg;
	for (unsigned i = 0; i < bindings; i++)
		visit(visit_arg, 0, bound[i].mac, bound[i].ip);
}

static int place_ip(void *arg, uint16_t vid, struct ip_address ip, uint64_t mac)
{
	(void)arg, (void)vid, (void)ip, (void)mac;
	return 0;
}

static void tell(void *arg, enum host_news what, uint32_t vtep, uint32_t count)
{
	static const char *const names[] = {"vtep-up",    "vtep-down",  "resync",
					    "table-full", "port-limit", "neighbour-limit"};

	(void)arg;
	printf("event %s %s %u\n", names[what], address_text(vtep), count);
}

static void show_mac(void *arg, uint64_t key, const struct host_entry *e)
{
	char text[MAC_TEXT];

	(void)arg;
	text_put_mac(key_mac(key), text);
	printf("mac %s %s%s\n", text, e->where == HOST_LOCAL ? "local" : address_text(e->vtep),
	       e->sticky ? " sticky" : "");
}

static void show_address(void *arg, uint64_t key, struct ip_address ip)
{
	char mac[MAC_TEXT], text[IP_TEXT];

	(void)arg;
	text_put_mac(key_mac(key), mac);
	text_put_address(ip.high, ip.low, text);
	printf("address %s %s\n", text, mac);
}

static void show(void)
{
	struct fabric_status s;
	struct fabric_vtep t;
	struct fabric_vni v;

	fabric_status(fabric, &s);
	printf("status written %" PRIu64 " read %" PRIu64 " refused %" PRIu64 " leftovers %" PRIu64
	       " pending %u resyncs %" PRIu64 " nexthop_rows %" PRIu64
	       " addresses %u contested %u refused_addresses %" PRIu64 "\n",
	       s.sync.rows_written, s.sync.rows_read, s.sync.refused, s.sync.leftovers,
	       s.sync.pending, s.resyncs, s.sync.nexthop_rows, s.neighbours.local,
	       s.neighbours.contested, s.neighbours.refused);
	for (size_t i = 0; i < fabric_vni_count(fabric); i++) {
		fabric_vni(fabric, i, &v);
		printf("vni %u %s local %u remote %u %s\n", v.mirror.vni,
		       fabric_vni_state_names[v.state], v.mirror.macs_local, v.mirror.macs_remote,
		       v.reason);
	}
	for (unsigned n = 0; n < MIRROR_VTEPS; n++)
		if (fabric_vtep(fabric, n, &t))
			printf("peer %s %s macs %u by %s\n", address_text(t.mirror.address),
			       fabric_vtep_state_names[t.state], t.mirror.macs, t.interface);
	walk(NULL, show_mac, NULL);
	fabric_walk_neighbours(fabric, show_address, NULL);
	printf(".\n");
}

static void touch(uint64_t mac, enum host_where where, bool sticky)
{
	uint64_t key = key_make(VLAN, mac);
	struct station *e = find_entry(key);

	if (where == HOST_LOCAL && e && e->is.where == HOST_REMOTE && e->is.sticky)
		printf("conflict\n");
	else if (where == HOST_LOCAL)
		put_entry(key, (struct host_entry){HOST_LOCAL, sticky, 0});
	else
		del_entry(key);
	fabric_touch(fabric, key);
}

static void bind_address(const char *word, uint64_t mac, struct ip_address ip)
{
	unsigned i = 0;

	while (i < bindings && (bound[i].mac != mac || bound[i].ip.low != ip.low))
		i++;
	if (*word == 'b' && bindings < BINDINGS)
		bound[bindings++] = (struct binding_here){mac, ip};
	else if (i < bindings)
		bound[i] = bound[--bindings];
	fabric_compare_owners(fabric, false);
}

static bool carry_out(const char *line)
{
	char word[16], text[MAC_TEXT] = "", first[40] = "";
	int n = sscanf(line, "%15s %17s %39s", word, text, first);
	struct ip_address ip;
	uint64_t mac, count;

	if (n == 1 && !strcmp(word, "show"))
		show();
	else if (n == 1 && !strcmp(word, "end"))
		event_base_loopbreak(base);
	else if (n == 1 && (!strcmp(word, "resync") || !strcmp(word, "hard")))
		fabric_resync(fabric, *word == 'h');
	else if (n == 3 && !strcmp(word, "many") && text_number(text, 1 << 24, &count) &&
		 text_mac(first, &mac))
		for (uint64_t i = 0; i < count; i++)
			touch(mac + i, HOST_LOCAL, false);
	else if (n == 3 && text_mac(text, &mac) && text_address(first, &ip.high, &ip.low))
		bind_address(word, mac, ip);
	else if (n == 2 && text_mac(text, &mac))
		touch(mac, *word == 'g' ? HOST_NOWHERE : HOST_LOCAL, *word == 's');
	else
		return false;
	return true;
}

static void on_line(evutil_socket_t fd, short what, void *arg)
{
	char line[LINE];

	(void)fd, (void)what, (void)arg;
	if (!fgets(line, sizeof line, stdin))
		event_base_loopbreak(base);
	else if (!carry_out(line))
		printf("unknown: %s", line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct fabric_host host = {NULL,  set_vtep,    resolve, set_source, publish,
				   place, remove_mac,  find,    walk,       tell,
				   owner, walk_owners, place_ip};
	struct fabric_vlan vlan = {.vid = VLAN};
	struct fabric_settings s = {
		.udp_port = 4789, .hold_ms = 5000, .sync_rate = 10000, .vlan = &vlan, .count = 1};
	struct in_addr source;
	struct error e;

	if (argc < 4 || argc > 5 || !inet_aton(argv[2], &source))
		return 2;
	snprintf(s.twin, sizeof s.twin, "%s", argv[1]);
	s.source = ntohl(source.s_addr);
	vlan.vni = (uint32_t)atoi(argv[3]);
	s.news_bytes = argc > 4 ? atoi(argv[4]) : 0;
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	base = event_base_new();
	event_base_priority_init(base, 2);
	if (!(fabric = fabric_create(base, &host, &s, &e))) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	struct event *in = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line, NULL);
	event_add(in, NULL);
	event_base_dispatch(base);
	fabric_destroy(fabric);
	event_free(in);
	event_base_free(base);
	tdestroy(table, free);
	return 0;
}
