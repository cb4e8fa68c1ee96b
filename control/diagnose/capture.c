// SPDX-License-Identifier: BSD-3-Clause
#include "control/diagnose/capture.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <pcap/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/api/method.h"
#include "control/common/error.h"
#include "control/common/version.h"
#include "control/config/config.h"
#include "control/pcap/pcapng.h"
#include "control/switch/settle.h"
#include "control/switch/state.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/portset.h"
#include "dataplane/sniff.h"

enum {
	RINGS = 32 << 20, // bytes of all rings together
	RING_MIN = 1 << 20,
	PERIOD_US = 1000,
	CLOCK_TRIES = 3,
	PROGRAM_MAX = 4096, // instructions
	BLOCK_MAX = 256,    // bytes of a block without a frame
};

// A port of the capture.
struct interface {
	bool is_open;
	uint32_t number; // in the stream
	uint64_t captured, lost;
};

struct capture {
	struct vswitch *sw;
	struct bufferevent *io;
	struct evbuffer *stream; // not yet passed to io
	struct event *tick;
	struct sniffer *sniffer[CONFIG_WORKERS_MAX];
	struct bpf_insn *program;
	char (*name)[PORT_NAME];
	size_t names; // 0: all ports
	bool way[SNIFF_WAYS];
	bool running, over;
	uint64_t left; // frames to capture
	uint32_t snaplen;
	uint32_t interfaces;
	struct interface interface[PORTS_MAX];
};

static bool ring_is_backlogged(const struct capture *c)
{
	return evbuffer_get_length(c->stream) + evbuffer_get_length(bufferevent_get_output(c->io)) >
	       CAPTURE_BACKLOG;
}

// The wall clock minus the switch's clock. Reads both several times and uses the quickest reading.
static uint64_t wall_ahead(const struct vswitch *sw)
{
	uint64_t ahead = 0, least = UINT64_MAX;
	struct timespec wall;

	for (int i = 0; i < CLOCK_TRIES; i++) {
		uint64_t before = switch_now(sw);
		clock_gettime(CLOCK_REALTIME, &wall);
		uint64_t took = switch_now(sw) - before;
		if (took < least)
			ahead = (uint64_t)wall.tv_sec * 1000000000 + (uint64_t)wall.tv_nsec -
				before - took / 2;
		least = RTE_MIN(least, took);
	}
	return ahead;
}

static void begin_interface(struct capture *c, unsigned port)
{
	uint8_t block[BLOCK_MAX];

	if (c->interface[port].is_open)
		return;
	c->interface[port] = (struct interface){.is_open = true, .number = c->interfaces++};
	evbuffer_add(c->stream, block, pcapng_interface(block, c->sw->port[port].name, c->snaplen));
}

// Writes the statistics of a port whose frames are no longer copied.
static void end_interface(struct capture *c, unsigned port)
{
	struct interface *i = &c->interface[port];
	uint8_t block[BLOCK_MAX];

	if (!i->is_open)
		return;
	for (unsigned w = 0; w < c->sw->workers; w++)
		i->lost += atomic_exchange(&c->sniffer[w]->lost[port], 0);
	struct pcapng_statistics s = {
		.interface = i->number,
		.ns = switch_now(c->sw) + wall_ahead(c->sw),
		.received = i->captured + i->lost,
		.dropped = i->lost,
	};
	evbuffer_add(c->stream, block, pcapng_statistics(block, &s));
	i->is_open = false;
}

static bool is_chosen(const struct capture *c, const char *port)
{
	for (size_t i = 0; i < c->names; i++)
		if (!strcmp(c->name[i], port))
			return true;
	return !c->names;
}

static void choose_ports(struct capture *c)
{
	portset chosen = 0;
	unsigned port;

	PORTSET_FOREACH(port, c->sw->ports) {
		if (!is_chosen(c, c->sw->port[port].name))
			continue;
		chosen |= portset_of(port);
		begin_interface(c, port);
	}
	for (unsigned w = 0; w < c->sw->workers; w++)
		for (int way = 0; way < SNIFF_WAYS; way++)
			atomic_store(&c->sniffer[w]->ports[way], c->way[way] ? chosen : 0);
}

static void describe_drop(const struct sniff_what *what, char out[BLOCK_MAX])
{
	bool refused = what->way == SNIFF_REFUSED;

	snprintf(out, BLOCK_MAX, "%s: %s", refused ? PCAPNG_NOT_DELIVERED : PCAPNG_DROPPED,
		 refused ? tx_drop_names[what->reason] : outcome_names[what->reason]);
}

static void write_record(struct capture *c, const struct sniff_record *r, uint64_t ahead)
{
	bool lost = r->what.way == SNIFF_DROPPED || r->what.way == SNIFF_REFUSED;
	struct interface *i = &c->interface[r->what.port];
	struct evbuffer_iovec room;
	char comment[BLOCK_MAX];
	struct pcapng_packet p = {
		.interface = i->number,
		.direction = r->what.way == SNIFF_RX || r->what.way == SNIFF_DROPPED
				     ? PCAPNG_INBOUND
				     : PCAPNG_OUTBOUND,
		.ns = r->what.ns + ahead,
		.data = r->bytes,
		.captured = r->captured,
		.length = r->length,
		.comment = lost ? comment : NULL,
	};

	if (lost)
		describe_drop(&r->what, comment);
	if (ring_is_backlogged(c) ||
	    evbuffer_reserve_space(c->stream, PCAPNG_ROOM + BLOCK_MAX + r->captured, &room, 1) !=
		    1) {
		i->lost++;
		return;
	}
	room.iov_len = pcapng_packet(room.iov_base, &p);
	evbuffer_commit_space(c->stream, &room, 1);
	i->captured++;
	c->left--;
}

// Finds the sniffer with the earliest record. NULL: there is none.
static struct sniffer *earliest(const struct capture *c, const struct sniff_record **r)
{
	struct sniffer *found = NULL;

	for (unsigned w = 0; w < c->sw->workers; w++) {
		const struct sniff_record *next = sniff_peek(c->sniffer[w]);
		if (!next || (found && (*r)->what.ns <= next->what.ns))
			continue;
		found = c->sniffer[w];
		*r = next;
	}
	return found;
}

// Writes the records of the rings. When the stream is full, the others stay in the rings. all: they
// are counted as lost instead.
static void drain(struct capture *c, bool all)
{
	uint64_t ahead = wall_ahead(c->sw), now = switch_now(c->sw); // later records wait
	const struct sniff_record *r;
	struct sniffer *s;

	while (c->left && (all || !ring_is_backlogged(c)) && (s = earliest(c, &r)) &&
	       r->what.ns <= now) {
		write_record(c, r, ahead);
		sniff_take(s);
	}
}

// Writes the statistics and ends the stream. Without ports nothing is left to write, therefore the
// owner of the stream is told in any case.
static void finish(struct capture *c)
{
	for (unsigned port = 0; port < PORTS_MAX; port++)
		end_interface(c, port);
	event_del(c->tick);
	c->over = true;
	bufferevent_trigger(c->io, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

static void on_capture_tick(evutil_socket_t fd, short what, void *arg)
{
	struct capture *c = arg;
	const struct sniff_record *r;

	(void)fd, (void)what;
	drain(c, false);
	if (!c->left)
		capture_end(c);
	if (!c->running && (!c->left || !earliest(c, &r)))
		finish(c);
	evbuffer_add_buffer(bufferevent_get_output(c->io), c->stream);
}

void capture_ports_changed(struct capture *c, portset gone)
{
	unsigned port;

	if (c->over)
		return;
	if (gone)
		drain(c, true); // new ports may get their numbers before the next tick
	PORTSET_FOREACH(port, gone)
		end_interface(c, port);
	choose_ports(c);
}

// Parameter `direction`. The default is rx and tx.
static bool take_direction(struct capture *c, const json_t *params, struct error *e)
{
	const json_t *v = json_object_get(params, "direction");
	const char *name = v ? json_string_value(v) : "both";
	bool both = name && !strcmp(name, "both"), drop = name && !strcmp(name, "drop");

	c->way[SNIFF_RX] = both || (name && !strcmp(name, "rx"));
	c->way[SNIFF_TX] = both || (name && !strcmp(name, "tx"));
	c->way[SNIFF_DROPPED] = c->way[SNIFF_REFUSED] = drop;
	return c->way[SNIFF_RX] || c->way[SNIFF_TX] || drop ||
	       method_refuse(e, METHOD_USAGE, "direction cannot be '%.40s' (rx, tx, both or drop)",
			     name ? name : "");
}

static bool take_ports(struct capture *c, const json_t *params, struct error *e)
{
	const json_t *list = json_object_get(params, "port"), *v;
	size_t i;

	c->name = calloc(json_array_size(list) + 1, sizeof *c->name);
	if ((list && !json_is_array(list)) || json_array_size(list) > PORTS_MAX || !c->name)
		return method_refuse(e, PARAMS_INVALID,
				     "parameter 'port' is not an array of at most %d names",
				     PORTS_MAX);
	json_array_foreach(list, i, v) {
		const char *name = json_is_string(v) ? json_string_value(v) : "";
		if (switch_port(c->sw, name) < 0)
			return method_no_port(e, c->sw->config, name);
		strcpy(c->name[c->names++], name);
	}
	return true;
}

// Refuses jumps backward, because a program with a loop may never end.
static bool take_instruction(const json_t *v, struct bpf_insn *to)
{
	json_int_t code, jt, jf, k;

	if (json_unpack((json_t *)(uintptr_t)v, "[I,I,I,I!]", &code, &jt, &jf, &k) ||
	    (code | jt | jf | k) < 0 || code > UINT16_MAX || jt > UINT8_MAX || jf > UINT8_MAX ||
	    k > UINT32_MAX || (code == (BPF_JMP | BPF_JA) && k > PROGRAM_MAX))
		return false;
	*to = (struct bpf_insn){(uint16_t)code, (uint8_t)jt, (uint8_t)jf, (uint32_t)k};
	return true;
}

static bool take_program(struct capture *c, const json_t *params, struct error *e)
{
	const json_t *list = json_object_get(params, "program"), *v;
	size_t n = json_array_size(list), i;
	bool good = n && n <= PROGRAM_MAX && (c->program = calloc(n, sizeof *c->program));

	if (!list)
		return true;
	json_array_foreach(list, i, v)
		good = good && take_instruction(v, &c->program[i]);
	return (good && bpf_validate(c->program, (int)n)) ||
	       method_refuse(
		       e, METHOD_USAGE,
		       "the filter is not a BPF program without loops, with at most %d instructions",
		       PROGRAM_MAX);
}

static bool matches(const void *program, const uint8_t *data, uint32_t length, uint32_t captured)
{
	return bpf_filter(program, data, length, captured);
}

static uint32_t ring_size(const struct vswitch *sw)
{
	uint32_t size = RINGS;

	while (size > RING_MIN && size > RINGS / sw->workers)
		size /= 2;
	return size;
}

static bool make_sniffers(struct capture *c, struct error *e)
{
	for (unsigned w = 0; w < c->sw->workers; w++) {
		struct sniffer *s = sniffer_create(ring_size(c->sw), c->snaplen, c->left);
		if (!s)
			return method_refuse(e, METHOD_REFUSED,
					     "no memory for a capture (%u bytes for each worker)",
					     ring_size(c->sw));
		s->filter = c->program ? matches : NULL;
		s->program = c->program;
		c->sniffer[w] = s;
	}
	return true;
}

static bool take_params(struct capture *c, const json_t *params, struct error *e)
{
	uint64_t snaplen = CAPTURE_SNAPLEN;

	c->left = UINT64_MAX;
	if (!take_ports(c, params, e) || !take_direction(c, params, e) ||
	    !param_number(params, "count", (struct param_range){1, INT64_MAX, "frames"}, &c->left,
			  e) ||
	    !param_number(params, "snaplen", (struct param_range){1, CAPTURE_SNAPLEN, "bytes"},
			  &snaplen, e) ||
	    !take_program(c, params, e))
		return false;
	c->snaplen = (uint32_t)snaplen;
	return true;
}

static bool prepare(struct capture *c, const json_t *params, struct error *e)
{
	if (!take_params(c, params, e) || !make_sniffers(c, e))
		return false;
	c->stream = evbuffer_new();
	c->tick = event_new(bufferevent_get_base(c->io), -1, EV_PERSIST, on_capture_tick, c);
	if (!c->stream || !c->tick || event_add(c->tick, &(struct timeval){.tv_usec = PERIOD_US}))
		return method_refuse(e, METHOD_REFUSED, "out of memory");
	return true;
}

static bool begin(struct vswitch *sw, struct error *e)
{
	if (settle_begin(sw, e))
		return true;
	e->code = METHOD_REFUSED;
	return false;
}

struct capture *capture_start(struct vswitch *sw, const json_t *params, struct bufferevent *io,
			      struct error *e)
{
	struct capture *c = calloc(1, sizeof *c);
	uint8_t block[BLOCK_MAX];

	if (!c) {
		method_refuse(e, METHOD_REFUSED, "out of memory");
		return NULL;
	}
	c->sw = sw;
	c->io = io;
	if (!begin(sw, e) || !prepare(c, params, e)) {
		capture_destroy(c);
		return NULL;
	}
	evbuffer_add(c->stream, block, pcapng_section(block, "nestswitch " NESTSWITCH_VERSION));
	choose_ports(c);
	for (unsigned w = 0; w < sw->workers; w++)
		sniff_add(&sw->worker[w]->forwarder.tx.sniffers, c->sniffer[w]);
	switch_synchronize(sw); // every later burst sees the sniffers
	c->running = true;
	return c;
}

void capture_end(struct capture *c)
{
	if (!c->running)
		return;
	for (unsigned w = 0; w < c->sw->workers; w++)
		sniff_remove(&c->sw->worker[w]->forwarder.tx.sniffers, c->sniffer[w]);
	switch_synchronize(c->sw);
	c->running = false;
}

bool capture_is_over(const struct capture *c)
{
	return c->over;
}

static void destroy_sniffer(struct vswitch *sw, void *sniffer)
{
	(void)sw;
	sniffer_destroy(sniffer);
}

static void free_program(struct vswitch *sw, void *program)
{
	(void)sw;
	free(program);
}

void capture_destroy(struct capture *c)
{
	if (!c)
		return;
	capture_end(c);
	for (unsigned w = 0; w < c->sw->workers; w++)
		settle_retire(c->sw, destroy_sniffer, c->sniffer[w]);
	settle_retire(c->sw, free_program, c->program);
	if (c->tick)
		event_free(c->tick);
	if (c->stream)
		evbuffer_free(c->stream);
	free(c->name);
	free(c);
}
