// SPDX-License-Identifier: BSD-3-Clause
#include "tests/fuzz/testswitch.h"

#include <string.h>

#include "control/api/confirm.h"
#include "control/api/method.h"
#include "control/api/recent.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/config/history.h"
#include "control/device/eal.h"
#include "control/server/methods.h"
#include "control/switch/events.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/snooping.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/mdb.h"
#include "dataplane/txbatch.h"
#include "tests/fuzz/fuzz.h"

enum { METHODS_MAX = 128, STATIONS = 3 };

static const char base_text[] =
	"switch: {name: fuzz, mac-table-size: 256}\n"
	"policy: {mac-limit: 16, allowed-vlans: 1-20}\n"
	"port-groups: [{name: g, policy: {mac-limit: 8}}, {name: empty}]\n"
	"ports:\n"
	"- {name: a, device: 'null:', mac-address: 02:00:00:00:00:0a, policy: {allowed-vlans: '1-5,10'}}\n"
	"- {name: b, device: 'null:', port-group: g, policy: {vlan-mode: access, access-vlan: 2}}\n"
	"- {name: c, device: 'null:', policy: {mac-learning: off}}\n"
	"- {name: m, device: 'null:'}\n"
	"vlans: [{vlan: 2, multicast-snooping: on}]\n"
	"static-macs: [{mac: 02:00:00:00:00:99, vlan: 2, port: b}]\n"
	"mirrors: [{name: mm, source: [a], destination: m}]\n"
	"bindings: [{port: b, mac: 02:00:00:00:00:12, ip: [10.0.0.2, 'fd00::/64']}]\n";

static struct config *base;
static struct event_base *loop;
static struct {
	uint64_t applied, received; // configurations and frames, when the switch was reset
	unsigned events;            // since then
	switch_event_fn tell;
} since;
static struct method offered[METHODS_MAX];

static uint16_t discard(void *unused, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	(void)unused, (void)port;
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

void testswitch_offer(struct control *k, bool captures)
{
	static const struct method *const tables[] = {offered, NULL};
	unsigned n = 0;

	for (const struct method *const *t = methods_all; *t; t++)
		for (const struct method *m = *t; m->name; m++) {
			MUST(n + 1 < METHODS_MAX);
			if (strcmp(m->name, "config.save") != 0 &&
			    (captures || !(m->flags & METHOD_FRAMES)))
				offered[n++] = *m;
		}
	offered[n] = (struct method){0};
	k->methods = tables;
}

// Makes the table smaller than that of a switch, because walks over it would take most of the time.
static void shrink_table(struct vswitch *sw)
{
	fdb_destroy(sw->shared.fdb);
	sw->table_size = 256;
	sw->fixed_room = 512;
	MUST(!fdb_create(&sw->shared.fdb, sw->table_size, (uint32_t)sw->fixed_room, 0));
	for (size_t i = 0; i < sw->fixed_count; i++)
		MUST(!fdb_put(sw->shared.fdb, sw->fixed[i].key, sw->fixed[i].port,
			      (enum fdb_type)sw->fixed[i].type));
}

// A new history for each input. Its times do not matter.
static void restart_history(struct control *k)
{
	confirm_destroy(k->confirm);
	history_destroy(k->history);
	recent_destroy(k->recent);
	MUST((k->history = history_create("/nosuch", base)));
	MUST((k->confirm = confirm_create(loop, k->sw, k->history)));
	MUST((k->recent = recent_create()));
}

static void on_event(void *arg, const struct event *e)
{
	struct control *k = arg;

	since.events++;
	recent_add(k->recent, k->sw, e);
	if (since.tell)
		since.tell(k, e);
}

void testswitch_start(struct control *k, struct event_base *events, switch_event_fn tell)
{
	struct error e;

	since.tell = tell;
	loop = events;
	base = config_parse(base_text, sizeof base_text - 1, &e);
	MUST(base, "%s", e.text);
	MUST(eal_start(base, EAL_REPLAY, NULL, &e), "%s", e.text);
	MUST(switch_create(&k->sw, config_copy(base), SWITCH_REPLAY, &e), "%s", e.text);
	shrink_table(k->sw);
	k->sw->worker[0]->forwarder.tx.send = discard;
	forwarder_set_clock(&k->sw->worker[0]->forwarder, 0);
	k->sw->on_event = on_event;
	k->sw->event_arg = k;
	restart_history(k);
}

static void forward_frame(struct vswitch *sw, const char *port, const uint8_t *bytes, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(sw->pool);
	uint8_t *p = m ? (uint8_t *)rte_pktmbuf_append(m, 60) : NULL;

	MUST(p);
	memset(p, 0, 60);
	memcpy(p, bytes, len);
	forward_burst(&sw->worker[0]->forwarder, (unsigned)switch_port(sw, port), &m, NULL, 1);
	txbatch_drain(&sw->worker[0]->forwarder.tx);
}

// A station and a member of a group, so that there are entries to show and to flush. A spoofed
// frame, so that there is a last drop.
static void learn_some(struct vswitch *sw)
{
	static const uint8_t join[] = {
		1, 0,    0x5e, 1, 1,    1, 2,    0, 0,    0,    0,    0x12, 8, 0,   0x46, 0xc0,
		0, 0x20, 0,    0, 0x40, 0, 1,    2, 0xea, 0xa,  0xa,  0,    0, 0xb, 0xef, 1,
		1, 1,    0x94, 4, 0,    0, 0x16, 0, 0xf9, 0xfc, 0xef, 1,    1, 1};

	for (unsigned i = 0; i < STATIONS; i++)
		forward_frame(sw, base->port[i].name,
			      (const uint8_t[]){2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, (uint8_t)(i + 1)},
			      12);
	forward_frame(sw, "b", join, sizeof join);
	forward_frame(sw, "m", (const uint8_t[]){2, 0, 0, 0, 0, 0, 3}, 7);
	events_drain(sw);
}

static uint64_t count_received(const struct vswitch *sw)
{
	uint64_t frames = 0;

	for (unsigned i = 0; i < base->port_count; i++) {
		struct counters c;
		switch_counters(sw, (unsigned)switch_port(sw, base->port[i].name), &c);
		frames += c.rx_packets;
	}
	return frames;
}

static void flush_tables(struct vswitch *sw)
{
	mactable_flush(sw, &(struct fdb_filter){.port = -1, .type = FDB_DYNAMIC});
	mactable_flush(sw, &(struct fdb_filter){.port = -1, .type = FDB_STICKY});
	snooping_flush(sw, &(struct mdb_filter){.port = -1});
}

void testswitch_reset(struct control *k)
{
	struct error e;
	struct vswitch *sw = k->sw;

	// Each change applies a configuration, emits an event or clears counters.
	if (since.received && sw->applied == since.applied && !since.events &&
	    count_received(sw) == since.received)
		return;
	if (sw->applied != since.applied)
		MUST(switch_apply(sw, config_copy(base), &e), "%s", e.text);
	for (unsigned i = 0; i < base->port_count; i++)
		links_clear_error(sw, (unsigned)switch_port(sw, base->port[i].name));
	flush_tables(sw);
	switch_clear_counters(sw, sw->ports);
	restart_history(k);
	learn_some(sw);
	since.applied = sw->applied;
	since.received = count_received(sw);
	since.events = 0;
}

char *testswitch_shown(const struct control *k)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	MUST(f && !config_write(k->sw->config, f));
	fclose(f);
	return text;
}

static struct config *parsed(const char *text)
{
	struct error e;
	struct config *c = config_parse(text, strlen(text), &e);

	MUST(c, "%u:%u: %s, in the shown configuration:\n%s", e.at.line, e.at.column, e.text, text);
	return c;
}

void testswitch_check_shown(const char *text)
{
	config_free(parsed(text));
}

static void check_apply(struct control *k)
{
	char *before = testswitch_shown(k);
	struct error e;

	MUST(switch_apply(k->sw, parsed(before), &e), "%s", e.text);
	char *after = testswitch_shown(k);
	MUST(!strcmp(before, after), "%s\nbecame:\n%s", before, after);
	free(before);
	free(after);
}

void testswitch_check(struct control *k)
{
	if (k->sw->applied != since.applied)
		check_apply(k);
	MUST(!rte_mempool_in_use_count(k->sw->pool), "%u buffers are not returned",
	     rte_mempool_in_use_count(k->sw->pool));
}

void testswitch_check_line(const char *text)
{
	json_t *said = json_string(text);

	MUST(said, "no UTF-8: %s", text);
	MUST(!strchr(text, '\n'), "%s", text);
	json_decref(said);
}
