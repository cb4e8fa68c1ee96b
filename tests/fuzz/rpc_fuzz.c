// SPDX-License-Identifier: BSD-3-Clause
// Arbitrary requests, one a line, to a switch for replay. Each gets a result or an error. After
// every change the configuration can be shown and applied again.
#include <string.h>

#include "control/api/confirm.h"
#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/api/method.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/config/history.h"
#include "control/device/eal.h"
#include "control/server/methods.h"
#include "control/switch/events.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/fdb.h"
#include "dataplane/forward.h"
#include "dataplane/txbatch.h"
#include "tests/fuzz/fuzz.h"

static const char base_text[] =
	"switch: {name: fuzz, mac-table-size: 256}\n"
	"policy: {mac-limit: 16}\n"
	"port-groups: [{name: g, policy: {mac-limit: 8}}, {name: empty}]\n"
	"ports:\n"
	"- {name: a, device: 'null:', mac-address: 02:00:00:00:00:0a, policy: {allowed-vlans: 1-5}}\n"
	"- {name: b, device: 'null:', port-group: g, policy: {vlan-mode: access, access-vlan: 2}}\n"
	"- {name: c, device: 'null:', policy: {mac-learning: off}}\n"
	"static-macs: [{mac: 02:00:00:00:00:99, vlan: 2, port: b}]\n";

static struct vswitch *sw;
static struct control control;
static struct config *base;

static uint16_t discard(void *unused, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	(void)unused, (void)port;
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

// Makes the table smaller than that of a switch, because walks over it would take most of the time.
static void shrink_table(void)
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
static void restart_history(void)
{
	static struct event_base *loop;

	if (!loop)
		loop = event_base_new();
	confirm_destroy(control.confirm);
	history_destroy(control.history);
	MUST((control.history = history_create("/nosuch", base)));
	MUST((control.confirm = confirm_create(loop, sw, control.history)));
}

static void start(void)
{
	struct error e;

	base = config_parse(base_text, sizeof base_text - 1, &e);
	MUST(base, "%s", e.text);
	MUST(eal_start(base, EAL_REPLAY, NULL, &e), "%s", e.text);
	MUST(switch_create(&sw, config_copy(base), SWITCH_REPLAY, &e), "%s", e.text);
	shrink_table();
	sw->worker[0]->forwarder.tx.send = discard;
	forwarder_set_clock(&sw->worker[0]->forwarder, 0);
	control.sw = sw;
	control.methods = methods_all;
	restart_history();
}

// A frame from one station on each port, so that the FDB has entries to show and to flush.
static void learn_some(void)
{
	for (unsigned i = 0; i < base->port_count; i++) {
		unsigned port = (unsigned)switch_port(sw, base->port[i].name);
		struct rte_mbuf *m = rte_pktmbuf_alloc(sw->pool);
		uint8_t *p = m ? (uint8_t *)rte_pktmbuf_append(m, 60) : NULL;
		MUST(p);
		memset(p, 0, 60);
		p[0] = p[6] = 2;
		p[11] = (uint8_t)(i + 1);
		forward_burst(&sw->worker[0]->forwarder, port, &m, NULL, 1);
		txbatch_drain(&sw->worker[0]->forwarder.tx);
	}
	events_drain(sw);
}

// Returns the switch to its state before the first input.
static void reset(void)
{
	struct error e;
	struct fdb_filter all = {.port = -1, .type = FDB_DYNAMIC},
			  sticky = {.port = -1, .type = FDB_STICKY};

	MUST(switch_apply(sw, config_copy(base), &e), "%s", e.text);
	for (unsigned i = 0; i < base->port_count; i++)
		links_clear_error(sw, (unsigned)switch_port(sw, base->port[i].name));
	mactable_flush(sw, &all);
	mactable_flush(sw, &sticky);
	restart_history();
	learn_some();
}

// The output of `config show`.
static char *shown(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	MUST(f && !config_write(sw->config, f));
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

// The text must be one line of valid UTF-8.
static void check_error(const char *text)
{
	json_t *said = json_string(text);

	MUST(said, "no UTF-8: %s", text);
	MUST(!strchr(text, '\n'), "%s", text);
	json_decref(said);
}

// The shown configuration must be valid. A refused request must not have changed it.
static void check_config(const char *before, const json_t *result)
{
	char *after = shown();

	MUST(result || !strcmp(before, after), "refused, but:\n%s\nbecame:\n%s", before, after);
	config_free(parsed(after));
	free(after);
}

// Applying the shown configuration must change nothing.
static void check_apply(void)
{
	char *before = shown();
	struct error e;

	MUST(switch_apply(sw, parsed(before), &e), "%s", e.text);
	char *after = shown();
	MUST(!strcmp(before, after), "%s\nbecame:\n%s", before, after);
	free(before);
	free(after);
}

// The visible effects of received frames.
static char *seen(void)
{
	struct fdb_filter all = {.port = -1, .type = -1};
	bool more;
	json_t *o = json_pack("[o, o]", describe_ports(sw), describe_fdb(sw, &all, 0, 256, &more));
	char *text = json_dumps(o, 0);

	json_decref(o);
	MUST(text);
	return text;
}

// Calls the method. Traces of frames must have no visible effects.
static json_t *called(const char *name, const json_t *params, struct error *e)
{
	char *before = seen();
	json_t *result = method_call(&control, name, params, e);
	char *after = seen();

	MUST(strcmp(name, "trace") || !strcmp(before, after), "%s\nbecame:\n%s", before, after);
	MUST(!rte_mempool_in_use_count(sw->pool), "%u buffers are not returned",
	     rte_mempool_in_use_count(sw->pool));
	free(before);
	free(after);
	return result;
}

static void request(const char *line, size_t len)
{
	struct error e = {0};
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL),
	       *params = json_object_get(o, "params");
	const char *name = json_string_value(json_object_get(o, "method"));

	// Skip methods that write files.
	if (name && strcmp(name, "config.save") && (!params || json_is_object(params))) {
		char *before = shown();
		json_t *result = called(name, params, &e);
		MUST(result ? !e.code : e.code && *e.text, "%s: %d %s", name, e.code, e.text);
		check_error(e.text);
		char *text = result ? json_dumps(result, JSON_ENCODE_ANY) : NULL;
		MUST(!result == !text);
		free(text);
		check_config(before, result);
		json_decref(result);
		free(before);
	}
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	if (!sw)
		start();
	reset();
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)),
			   *stop = newline ? newline : end;
		request(at, (size_t)(stop - at));
		at = stop + 1;
	}
	check_apply();
	return 0;
}
