// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/guests.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "control/common/error.h"
#include "control/common/log.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/event.h"
#include "dataplane/portset.h"

enum {
	LINE_MAX_BYTES = 1 << 20,
	RETRY_MS = 1000,
	ANSWER_MS = 5000,
	PAUSE_MS = 50,
	NIC_NAME = 64,
	WARNING = 256,
};

enum stage { AWAY, GREETING, NEGOTIATING, READY };

// The monitor of a port's guest.
struct monitor {
	struct guests *all;
	unsigned port;
	char qmp[QMP_PATH]; // empty: the port has none
	struct bufferevent *io;
	struct event *timer; // ends a pause, or the time for an answer
	enum stage stage;
	bool asked, again; // a question is open; another one is to follow
	uint64_t asked_ns;
	bool warned;        // since its last answer
	char nic[NIC_NAME]; // QEMU's name of the port's NIC; empty: not known yet
};

struct guests {
	struct event_base *base;
	struct vswitch *sw;
	uint64_t applied; // the configuration that was followed
	struct monitor monitor[PORTS_MAX];
};

static void set_timer(struct monitor *m, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(m->timer, &tv);
}

__attribute__((format(printf, 2, 3))) static void warn_once(struct monitor *m, const char *format,
							    ...)
{
	char text[WARNING];
	va_list args;

	if (m->warned)
		return;
	m->warned = true;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_write(LOG_WARNING, "port '%s': qmp %s: %s", m->all->sw->port[m->port].name, m->qmp,
		  text);
}

static void hang_up(struct monitor *m)
{
	if (m->io)
		bufferevent_free(m->io);
	m->io = NULL;
	m->stage = AWAY;
	m->asked = m->again = false;
}

// Gives up a connection, and tries again later.
static void lose(struct monitor *m, const char *why)
{
	warn_once(
		m,
		"%s; the guest's last MAC stays in force (is it the socket of a -qmp option, for this switch alone?)",
		why);
	hang_up(m);
	set_timer(m, RETRY_MS);
}

static void say(struct monitor *m, const char *command)
{
	evbuffer_add_printf(bufferevent_get_output(m->io), "{\"execute\": \"%s\"}\n", command);
	set_timer(m, ANSWER_MS);
}

static void ask(struct monitor *m)
{
	m->asked = true;
	m->again = false;
	m->asked_ns = switch_now(m->all->sw);
	say(m, "query-rx-filter");
}

// Asks soon.
static void ask_again(struct monitor *m)
{
	uint64_t since_ms = (switch_now(m->all->sw) - m->asked_ns) / 1000000;

	m->again = true;
	if (m->asked)
		return;
	if (since_ms >= PAUSE_MS)
		ask(m);
	else
		set_timer(m, PAUSE_MS - (unsigned)since_ms);
}

// The MAC of a NIC in QEMU's answer; 0 if it has none that a station can have.
static uint64_t nic_mac(const json_t *nic)
{
	const char *text = json_string_value(json_object_get(nic, "main-mac"));
	uint64_t mac;

	return text && text_mac(text, &mac) && !(mac >> 40 & 1) ? mac : 0;
}

// Finds the NIC of a port in QEMU's answer. NULL: it is not there.
static const json_t *find_nic(struct monitor *m, const json_t *nics)
{
	uint64_t assigned = switch_port_config(m->all->sw, m->port)->mac;
	const json_t *nic;
	size_t i;

	if (!*m->nic && json_array_size(nics) == 1)
		return json_array_get(nics, 0);
	json_array_foreach(nics, i, nic) {
		const char *name = json_string_value(json_object_get(nic, "name"));
		if (*m->nic ? name && !strcmp(name, m->nic) : nic_mac(nic) == assigned)
			return nic;
	}
	return NULL;
}

static void tell_switch(struct monitor *m, const struct switch_guest *g)
{
	struct vswitch *sw = m->all->sw;
	struct error e;
	char mac[MAC_TEXT];

	text_put_mac(g->mac, mac);
	bool changed = g->mac != sw->port[m->port].guest.mac;
	if (!switch_set_guest(sw, m->port, g, &e)) {
		warn_once(m, "the guest's MAC %s cannot take effect: %.150s", mac, e.text);
		set_timer(m, RETRY_MS);
		m->again = true;
		return;
	}
	if (changed && switch_port_config(sw, m->port)->guest_conflicts)
		log_write(LOG_WARNING,
			  "port '%s': the guest took %s, which is the MAC of another port",
			  sw->port[m->port].name, mac);
}

// Takes QEMU's answer to query-rx-filter.
static void take_answer(struct monitor *m, const json_t *nics)
{
	const json_t *nic = find_nic(m, nics);
	const char *name = json_string_value(json_object_get(nic, "name"));
	struct switch_guest g = {
		.mac = nic_mac(nic),
		.promiscuous = json_is_true(json_object_get(nic, "promiscuous")),
		.unicast = (uint32_t)json_array_size(json_object_get(nic, "unicast-table")),
		.multicast = (uint32_t)json_array_size(json_object_get(nic, "multicast-table"))};

	m->asked = false;
	event_del(m->timer);
	if (!g.mac) {
		warn_once(m, nic ? "the guest's NIC has no valid MAC"
				 : "no NIC has the port's mac-address");
		return;
	}
	if (name)
		snprintf(m->nic, sizeof m->nic, "%s", name);
	if (m->warned)
		log_write(LOG_NOTICE, "port '%s': qmp %s answers", m->all->sw->port[m->port].name,
			  m->qmp);
	m->warned = false;
	strcpy(g.qmp, m->qmp);
	tell_switch(m, &g);
	if (m->again)
		ask_again(m);
}

// Takes a message of QEMU. False: it is not as QMP has it.
static bool take_message(struct monitor *m, const json_t *message)
{
	const char *event = json_string_value(json_object_get(message, "event"));
	const json_t *result = json_object_get(message, "return");

	if (m->stage == GREETING && json_object_get(message, "QMP")) {
		m->stage = NEGOTIATING;
		say(m, "qmp_capabilities");
		return true;
	}
	if (event && m->stage == READY && !strcmp(event, "NIC_RX_FILTER_CHANGED"))
		ask_again(m);
	if (event)
		return true;
	if (m->stage == NEGOTIATING && json_is_object(result)) {
		m->stage = READY;
		ask(m);
		return true;
	}
	if (m->stage != READY || !m->asked || !json_is_array(result))
		return false;
	take_answer(m, result);
	return true;
}

// Takes the lines that have arrived. It stops if the connection is given up.
static void on_read(struct bufferevent *io, void *monitor)
{
	struct monitor *m = monitor;
	struct evbuffer *in = bufferevent_get_input(io);
	char *line;
	size_t length;

	while (m->io == io && (line = evbuffer_readln(in, &length, EVBUFFER_EOL_CRLF))) {
		json_t *message = json_loadb(line, length, 0, NULL);
		bool good = json_is_object(message) && take_message(m, message);
		json_decref(message);
		free(line);
		if (!good)
			lose(m, "the answer is not as QMP has it");
	}
	if (m->io == io && evbuffer_get_length(in) >= LINE_MAX_BYTES)
		lose(m, "a line is too long");
}

static void on_change(struct bufferevent *io, short what, void *monitor)
{
	struct monitor *m = monitor;

	(void)io;
	if (what & BEV_EVENT_CONNECTED)
		return;
	lose(m, what & BEV_EVENT_EOF ? "QEMU has gone away" : strerror(errno));
}

static void connect_monitor(struct monitor *m)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", m->qmp);
	m->io = bufferevent_socket_new(m->all->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!m->io) {
		set_timer(m, RETRY_MS);
		return;
	}
	bufferevent_setcb(m->io, on_read, NULL, on_change, m);
	bufferevent_priority_set(m->io, 1);
	bufferevent_setwatermark(m->io, EV_READ, 0, LINE_MAX_BYTES);
	bufferevent_enable(m->io, EV_READ | EV_WRITE);
	m->stage = GREETING;
	set_timer(m, ANSWER_MS);
	if (bufferevent_socket_connect(m->io, (struct sockaddr *)&address, sizeof address) && m->io)
		lose(m, strerror(errno));
}

static void on_timer(evutil_socket_t fd, short what, void *monitor)
{
	struct monitor *m = monitor;

	(void)fd, (void)what;
	if (m->stage == AWAY)
		connect_monitor(m);
	else if (m->stage == READY && !m->asked)
		ask(m);
	else
		lose(m, "QEMU does not answer");
}

// Gives a monitor another socket, or none.
static void set_socket(struct monitor *m, const char *qmp)
{
	if (!strcmp(m->qmp, qmp))
		return;
	hang_up(m);
	event_del(m->timer);
	snprintf(m->qmp, sizeof m->qmp, "%s", qmp);
	m->warned = false;
	*m->nic = 0;
	if (*qmp)
		connect_monitor(m);
}

void guests_follow(struct guests *g)
{
	if (g->applied == g->sw->applied)
		return;
	g->applied = g->sw->applied;
	for (unsigned port = 0; port < PORTS_MAX; port++) {
		struct monitor *m = &g->monitor[port];
		set_socket(m, portset_has(g->sw->ports, port) ? switch_port_config(g->sw, port)->qmp
							      : "");
		if (m->stage == READY && !*g->sw->port[port].guest.qmp) {
			*m->nic = 0; // another port with the same number
			ask_again(m);
		}
	}
}

struct guests *guests_create(struct event_base *base, struct vswitch *sw)
{
	struct guests *g = calloc(1, sizeof *g);
	bool good = g;

	for (unsigned port = 0; port < PORTS_MAX && good; port++) {
		struct monitor *m = &g->monitor[port];
		m->all = g;
		m->port = port;
		m->timer = evtimer_new(base, on_timer, m);
		good = m->timer;
	}
	if (!good) {
		guests_destroy(g);
		return NULL;
	}
	g->base = base;
	g->sw = sw;
	return g;
}

void guests_destroy(struct guests *g)
{
	for (unsigned port = 0; g && port < PORTS_MAX; port++) {
		hang_up(&g->monitor[port]);
		if (g->monitor[port].timer)
			event_free(g->monitor[port].timer);
	}
	free(g);
}
