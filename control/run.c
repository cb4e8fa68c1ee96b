// SPDX-License-Identifier: BSD-3-Clause
// run: the live switch. It starts configuration, control socket, DPDK, switch (devices, table,
// workers) and loop in this order, and stops them in reverse order. The socket is first, so that a
// second start changes nothing.
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/api/confirm.h"
#include "control/api/control.h"
#include "control/api/event_log.h"
#include "control/api/guests.h"
#include "control/api/method.h"
#include "control/api/recent.h"
#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/common/log.h"
#include "control/common/unixsocket.h"
#include "control/config/config.h"
#include "control/config/file.h"
#include "control/config/history.h"
#include "control/device/eal.h"
#include "control/device/fromwords.h"
#include "control/device/spec.h"
#include "control/ending.h"
#include "control/evpn/overlay.h"
#include "control/netlink.h"
#include "control/notify.h"
#include "control/server/http.h"
#include "control/server/methods.h"
#include "control/server/socket.h"
#include "control/server/telemetry.h"
#include "control/subcommands.h"
#include "control/switch/events.h"
#include "control/switch/keep.h"
#include "control/switch/leases.h"
#include "control/switch/links.h"
#include "control/switch/mactable.h"
#include "control/switch/ports.h"
#include "control/switch/settle.h"
#include "control/switch/snooping.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "control/switch/watch.h"
#include "dataplane/event.h"
#include "dataplane/fdb.h"
#include "dataplane/port.h"

enum {
	LINK_TICKS = 10,
	LOAD_TICKS = 50,
};

struct run {
	struct control control;
	struct event_base *base;
	struct guests *guests;
	struct rpc *rpc;
	struct http *http;
	struct keep *keep;
	int netlink;
	bool links_changed; // of interfaces, since the last tick
	unsigned ticks;
};

static void on_event(void *arg, const struct event *e)
{
	struct run *r = arg;

	overlay_note(r->control.overlay, e);
	event_log(r->control.sw, e);
	recent_add(r->control.recent, r->control.sw, e);
	rpc_tell(r->rpc, e);
}

static void on_switch_tick(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;
	struct vswitch *sw = r->control.sw;

	(void)fd, (void)what;
	log_catch_up();
	settle_poll(sw);
	watch_look(sw);
	if (watch_all_turn(sw))
		notify_alive(switch_now(sw));
	events_drain(sw);
	events_collect_violations(sw, 0);
	links_recover(sw);
	guests_follow(r->guests);
	mactable_sweep(sw, fdb_lines(sw->shared.fdb) / SWITCH_SWEEP_TICKS + 1);
	snooping_sweep(sw);
	leases_sweep(sw);
	keep_tick(r->keep, sw);
	overlay_tick(r->control.overlay);
	bool reconnected = ports_reconnect(sw), changed = port_links_changed() || r->links_changed;
	r->links_changed = false;
	if (++r->ticks % LINK_TICKS == 0 || reconnected || changed)
		links_poll(sw);
	if (r->ticks % LOAD_TICKS == 0) {
		switch_note_load(sw);
		ports_read_losses(sw);
	}
}

static void on_netlink(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)what;
	netlink_drain(fd);
	r->links_changed = true; // a storm of messages costs one look in each tick
}

// SIGHUP: applies the configuration file again.
static void on_reload(evutil_socket_t number, short what, void *arg)
{
	struct run *r = arg;
	struct error e;
	size_t i;
	json_t *result = method_call(&r->control, "config.reload", NULL, &e), *v;

	(void)number, (void)what;
	if (result)
		log_write(LOG_NOTICE, "applied %s", history_path(r->control.history));
	else
		log_write(LOG_ERR, "nothing has changed: %s", e.text);
	json_array_foreach(json_object_get(result, "warnings"), i, v)
		log_write(LOG_WARNING, "%s", json_string_value(v));
	json_decref(result);
}

// Runs the event loop until a signal. False: it could not be set up.
static bool loop(struct run *r)
{
	struct timeval period = {.tv_usec = SWITCH_TICK_MS * 1000};
	struct event *tick = event_new(r->base, -1, EV_PERSIST, on_switch_tick, r);
	struct event *reload = evsignal_new(r->base, SIGHUP, on_reload, r);
	struct event *links = event_new(r->base, r->netlink, EV_READ | EV_PERSIST, on_netlink, r);
	bool good = tick && reload && links && !event_priority_set(tick, 0) &&
		    !event_add(tick, &period) && !event_add(reload, NULL) &&
		    (r->netlink < 0 || !event_add(links, NULL)) && ending_begin(r->base);

	if (good && !ending_is_near()) {
		printf("nestswitch: '%s' forwards between %u ports\n", r->control.sw->config->name,
		       r->control.sw->config->port_count);
		fflush(stdout);
		notify_send("READY=1");
		event_base_dispatch(r->base);
		notify_send("STOPPING=1");
	}
	if (tick)
		event_free(tick);
	if (reload)
		event_free(reload);
	if (links)
		event_free(links);
	ending_end();
	return good;
}

// The switch's own work and nestctl have priority 0. They wait for at most one request of a web
// client.
static struct event_base *new_base(void)
{
	struct event_config *c = event_config_new();
	struct event_base *base = NULL;

	if (c && !event_config_set_max_dispatch_interval(c, NULL, 1, 1))
		base = event_base_new_with_config(c);
	if (c)
		event_config_free(c);
	if (base)
		event_base_priority_init(base, 2);
	return base;
}

// The options of the command line.
struct options {
	const char *config; // NULL: the ports are `devices`
	char *const *devices;
	int device_count;
	const char *socket, *socket_group, *listen, *token_file, *log, *log_level;
	bool web_write, raw_devices, fresh;
	char *const *eal;
	struct http_conf http; // made from listen and token_file
	gid_t group;           // made from socket_group
};

// What errors in the configuration are reported under.
static const char *origin(const struct options *o)
{
	return o->config ? o->config : "nestswitch";
}

static bool open_http(struct run *r, const struct options *o, struct error *e)
{
	if (!o->listen)
		return true;
	if (http_conf_is_exposed(&o->http))
		log_write(
			LOG_WARNING,
			"--web-write at %s without TLS: others on the network can read the token (use --http 127.0.0.1:PORT behind a TLS proxy)",
			o->listen);
	return http_open(&r->http, r->base, &o->http, &r->control, e);
}

// Creates history, recent events and the timer for confirmations.
static bool create_control(struct run *r, const char *file, bool raw_devices)
{
	struct control *k = &r->control;

	k->methods = methods_all;
	k->raw_devices = raw_devices;
	k->recent = recent_create();
	k->history = history_create(file, k->sw->config);
	k->confirm = r->base && k->history ? confirm_create(r->base, k->sw, k->history) : NULL;
	return k->recent && k->confirm;
}

static bool open_servers(struct run *r, const struct options *o, struct error *e)
{
	struct control *k = &r->control;

	return rpc_open(r->rpc, r->base, k, e) && telemetry_open(r->base, k, e) &&
	       open_http(r, o, e);
}

static bool start_switch(struct run *r, const struct options *o, struct config *c)
{
	struct vswitch *sw;
	struct error e;

	r->netlink = netlink_open();
	if (r->netlink < 0)
		log_write(LOG_WARNING, "links are polled, because there is no netlink: %s",
			  strerror(errno));
	if (!(r->rpc = rpc_claim(o->socket, o->group, &e))) {
		config_free(c);
		complain("%s", e.text);
		return false;
	}
	ending_set_socket(o->socket);
	if (!eal_start(c, EAL_LIVE, o->eal, &e) || !switch_create(&sw, c, SWITCH_LIVE, &e)) {
		config_free(c);
		complain_error(origin(o), &e);
		return false;
	}
	r->control.sw = sw;
	r->base = new_base();
	r->keep = keep_create(o->socket);
	r->guests = r->base ? guests_create(r->base, sw) : NULL;
	if (!r->keep || !r->guests || !create_control(r, o->config, o->raw_devices)) {
		complain("out of memory");
		return false;
	}
	if (!open_servers(r, o, &e)) {
		complain("%s", e.text);
		return false;
	}
	sw->on_event = on_event;
	sw->event_arg = r;
	if (!o->fresh)
		keep_restore(r->keep, sw);
	links_report_missing(sw);
	switch_launch(sw);
	if (!(r->control.overlay = overlay_create(r->base, sw, &e))) {
		complain("%s", e.text);
		return false;
	}
	return true;
}

// Reverses start_switch(), also if that failed halfway; then the switch has not forwarded.
static void stop(struct run *r, bool forwarded)
{
	struct control *k = &r->control;
	unsigned stuck;

	http_close(r->http);
	telemetry_close();
	rpc_close(r->rpc);
	ending_set_socket(NULL);
	if (k->sw)
		k->sw->on_event = NULL;
	overlay_destroy(k->overlay); // the first to go: other machines forget its MACs at once
	if (k->sw && !switch_stop(k->sw, &stuck))
		ending_abandon(stuck);
	if (k->sw && forwarded)
		keep_save(r->keep, k->sw);
	keep_destroy(r->keep);
	guests_destroy(r->guests);
	confirm_destroy(k->confirm);
	history_destroy(k->history);
	switch_destroy(k->sw);
	recent_destroy(k->recent);
	if (r->base)
		event_base_free(r->base);
	if (r->netlink >= 0)
		close(r->netlink);
	eal_stop();
}

static struct config *make_config(const struct options *o, struct error *e)
{
	return o->config ? config_read(o->config, e)
			 : fromwords_config(o->devices, o->device_count, e);
}

static int run_switch(const struct options *o)
{
	struct error e;
	struct config *c = make_config(o, &e);
	struct run r = {.netlink = -1};

	if (!c || !device_check_all(c, false, &e)) {
		complain_error(origin(o), &e);
		config_free(c);
		return EXIT_USAGE;
	}
	config_warnings(c, complain_warning, (void *)(uintptr_t)origin(o));
	if (o->config)
		configfile_tidy(o->config);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); // a file that is too large is an error of write()
	signal(SIGHUP, SIG_IGN);  // until the loop runs
	if (!ending_expect()) {
		complain("signals cannot be handled: %s", strerror(errno));
		config_free(c);
		return EXIT_REFUSED;
	}
	bool good = start_switch(&r, o, c) && loop(&r);
	stop(&r, good);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

static const char usage[] =
	"usage: nestswitch run --config FILE | DEVICE … [--socket PATH [--socket-group GROUP]] [--http [ADDRESS:]PORT [--web-write --token-file FILE]]\n"
	"                      [--raw-devices] [--fresh] [--log stderr|syslog] [--log-level LEVEL] [-- EAL…]\n"
	"\n"
	"Forwards between the devices of FILE until SIGINT or SIGTERM. SIGHUP applies FILE again.\n"
	"Without FILE, each DEVICE (such as tap:esx1 or af_packet:eth1) becomes a port of its name with\n"
	"the default policy; `nestctl config save FILE` writes that down.\n"
	"\n"
	"  --config FILE           configuration of the switch\n"
	"  --socket PATH           control socket for nestctl (default " CONTROL_SOCKET ")\n"
	"  --socket-group GROUP    let members of GROUP use the control socket (default: only the user of the switch)\n"
	"  --http [ADDRESS:]PORT   serve web page, JSON and metrics by HTTP (default ADDRESS 127.0.0.1)\n"
	"  --web-write             let HTTP clients that have the token change the switch\n"
	"  --token-file FILE       the token: first line of FILE, at least 16 characters\n"
	"  --fresh                 start with an empty MAC table (default: with the MACs that the switch at this socket knew last)\n"
	"  --raw-devices           nestctl may name DPDK device strings, too; they reach any driver and file\n"
	"  --log stderr|syslog     target of the log (default stderr)\n"
	"  --log-level LEVEL       error, warning, notice (default), info (adds MACs learned, moved and aged) or debug (adds requests)\n"
	"  -- EAL…                 more arguments for DPDK's EAL\n";

static bool find_group(struct options *o)
{
	const struct group *g = getgrnam(o->socket_group);

	if (!g)
		return complain(
			"--socket-group: there is no group '%.40s' (getent group lists them)",
			o->socket_group);
	o->group = g->gr_gid;
	return true;
}

static bool check_options(struct options *o)
{
	struct error e;

	if (!o->config && !o->device_count)
		return complain(
			"--config FILE or devices are missing (such as: nestswitch run tap:esx1 tap:esx2)");
	if (o->config && o->device_count)
		return complain(
			"'%s' is not expected beside --config (devices stand in the file; EAL arguments follow --)",
			o->devices[0]);
	if (o->web_write != !!o->token_file || (o->web_write && !o->listen))
		return complain(
			"--web-write, --token-file FILE and --http [ADDRESS:]PORT belong together (see nestswitch run --help)");
	if (o->socket_group && !find_group(o))
		return false;
	if (!log_open(o->log, o->log_level, &e) ||
	    (o->listen && !http_conf_listen(&o->http, o->listen, &e)) ||
	    (o->token_file && !http_conf_token(&o->http, o->token_file, &e)))
		return complain("%s", e.text);
	return true;
}

// Carries out the options. False: it has printed help or an error, and `status` is the exit status.
static bool parse_run_options(int argc, char **argv, struct options *o, int *status)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'},
		{"socket-group", required_argument, NULL, 'g'},
		{"http", required_argument, NULL, 'H'},
		{"web-write", no_argument, NULL, 'w'},
		{"token-file", required_argument, NULL, 't'},
		{"fresh", no_argument, NULL, 'f'},
		{"raw-devices", no_argument, NULL, 'r'},
		{"log", required_argument, NULL, 'l'},
		{"log-level", required_argument, NULL, 'L'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, own = 1; // words before --

	while (own < argc && strcmp(argv[own], "--") != 0)
		own++;
	*status = EXIT_USAGE;
	while ((option = getopt_long(own, argv, ":c:s:h", longs, NULL)) != -1)
		switch (option) {
		case 'c':
			o->config = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'g':
			o->socket_group = optarg;
			break;
		case 'H':
			o->listen = optarg;
			break;
		case 'w':
			o->web_write = true;
			break;
		case 'f':
			o->fresh = true;
			break;
		case 'r':
			o->raw_devices = true;
			break;
		case 't':
			o->token_file = optarg;
			break;
		case 'l':
			o->log = optarg;
			break;
		case 'L':
			o->log_level = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			*status = EXIT_DONE;
			return false;
		default:
			return complain_option(option, argv[optind - 1], longs,
					       "nestswitch run --help");
		}
	o->devices = argv + optind;
	o->device_count = own - optind;
	o->eal = argv + own + (own < argc);
	return check_options(o);
}

int run_main(int argc, char **argv)
{
	struct options o = {.socket = CONTROL_SOCKET, .group = RPC_NO_GROUP};
	int status;

	return parse_run_options(argc, argv, &o, &status) ? run_switch(&o) : status;
}
