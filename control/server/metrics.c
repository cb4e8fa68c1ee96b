// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/metrics.h"

#include <inttypes.h>
#include <rte_mempool.h>
#include <rte_version.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "control/api/control.h"
#include "control/api/recent.h"
#include "control/common/eventtypes.h"
#include "control/common/version.h"
#include "control/config/config.h"
#include "control/evpn/fabric.h"
#include "control/evpn/mirror.h"
#include "control/evpn/overlay.h"
#include "control/switch/state.h"
#include "control/switch/watch.h"
#include "dataplane/counters.h"
#include "dataplane/eventtype.h"
#include "dataplane/fdb.h"
#include "dataplane/port.h"
#include "dataplane/portset.h"
#include "dataplane/violation.h"
#include "dataplane/vxlan.h"

// The values of one scrape.
struct scrape {
	const struct control *k;
	const struct vswitch *sw;
	FILE *out;
	struct counters port[PORTS_MAX];
};

// A family has one series for the switch, for each worker or for each port.
// OF_TUNNEL: the ports that are tunnels to other machines.
enum scope { OF_SWITCH, OF_WORKER, OF_PORT, OF_TUNNEL };

struct family {
	const char *name, *type, *help;
	enum scope scope;
	double (*value)(const struct scrape *l, unsigned i); // i: number of the worker or port
};

static double uptime(const struct scrape *l, unsigned i)
{
	(void)i;
	return (double)switch_now(l->sw) / 1e9;
}

static double table_size(const struct scrape *l, unsigned i)
{
	(void)i;
	return l->sw->table_size;
}

static double table_fixed(const struct scrape *l, unsigned i)
{
	(void)i;
	return (double)l->sw->fixed_count;
}

static double buffers_used(const struct scrape *l, unsigned i)
{
	(void)i;
	return rte_mempool_in_use_count(l->sw->pool);
}

static double buffers(const struct scrape *l, unsigned i)
{
	(void)i;
	return l->sw->pool->size;
}

static double cpu_seconds(const struct scrape *l, unsigned i)
{
	struct rusage u;

	(void)l, (void)i;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double resident_bytes(const struct scrape *l, unsigned i)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	(void)l, (void)i;
	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double worker_busy(const struct scrape *l, unsigned i)
{
	return (double)atomic_load(&l->sw->worker[i]->busy_cycles) / (double)rte_get_tsc_hz();
}

static double worker_stuck(const struct scrape *l, unsigned i)
{
	return l->sw->watch[i].stuck;
}

static double worker_since_round(const struct scrape *l, unsigned i)
{
	return watch_idle_s(l->sw, i);
}

static double port_up(const struct scrape *l, unsigned i)
{
	return switch_port_state(l->sw, i) == PORT_UP;
}

static double port_entries(const struct scrape *l, unsigned i)
{
	return fdb_count(l->sw->shared.fdb, i);
}

static double port_limit(const struct scrape *l, unsigned i)
{
	return l->sw->conf->port[i].learner.limit;
}

// EVPN by FRR. Without it all values are 0.
static struct fabric_status evpn_status(const struct scrape *l)
{
	const struct fabric *f = overlay_fabric(l->k->overlay);
	struct fabric_status s = {0};

	if (f)
		fabric_status(f, &s);
	return s;
}

static double evpn_vteps_up(const struct scrape *l, unsigned i)
{
	const struct fabric *f = overlay_fabric(l->k->overlay);
	struct fabric_vtep t;
	unsigned n = 0;

	(void)i;
	for (unsigned number = 0; f && number < MIRROR_VTEPS; number++)
		n += fabric_vtep(f, number, &t) && t.state == FABRIC_VTEP_UP;
	return n;
}

static double vtep_up(const struct scrape *l, unsigned port)
{
	return portset_has(l->sw->conf->vxlan->resolved, port);
}

static double evpn_rows_written(const struct scrape *l, unsigned i)
{
	(void)i;
	return (double)evpn_status(l).sync.rows_written;
}

static double evpn_rows_pending(const struct scrape *l, unsigned i)
{
	(void)i;
	return evpn_status(l).sync.pending;
}

static double evpn_rows_refused(const struct scrape *l, unsigned i)
{
	(void)i;
	return (double)evpn_status(l).sync.refused;
}

static double evpn_addresses_here(const struct scrape *l, unsigned i)
{
	(void)i;
	return evpn_status(l).neighbours.local;
}

static double evpn_addresses_elsewhere(const struct scrape *l, unsigned i)
{
	(void)i;
	return evpn_status(l).neighbours.remote;
}

static double evpn_addresses_contested(const struct scrape *l, unsigned i)
{
	(void)i;
	return evpn_status(l).neighbours.contested;
}

static double evpn_addresses_refused(const struct scrape *l, unsigned i)
{
	(void)i;
	return (double)evpn_status(l).neighbours.refused;
}

static double evpn_resyncs(const struct scrape *l, unsigned i)
{
	(void)i;
	return (double)evpn_status(l).resyncs;
}

static const struct family families[] = {
	{"nestswitch_uptime_seconds", "gauge", "Time since the switch started.", OF_SWITCH, uptime},
	{"nestswitch_fdb_size", "gauge", "Size of the table: MACs that it can learn.", OF_SWITCH,
	 table_size},
	{"nestswitch_fdb_fixed_entries", "gauge", "Static and assigned entries in the table.",
	 OF_SWITCH, table_fixed},
	{"nestswitch_fdb_entries", "gauge", "MACs learned on the port.", OF_PORT, port_entries},
	{"nestswitch_fdb_limit", "gauge", "MACs that the port may learn (mac-limit).", OF_PORT,
	 port_limit},
	{"nestswitch_buffers_in_use", "gauge",
	 "Packet buffers that hold a frame or wait for one in a queue.", OF_SWITCH, buffers_used},
	{"nestswitch_buffers", "gauge", "Packet buffers.", OF_SWITCH, buffers},
	{"nestswitch_worker_busy_seconds_total", "counter",
	 "Time that the worker spent on frames. Its rate is the load.", OF_WORKER, worker_busy},
	{"nestswitch_worker_stuck", "gauge",
	 "Whether the worker has not finished its round for two seconds.", OF_WORKER, worker_stuck},
	{"nestswitch_worker_since_round_seconds", "gauge",
	 "Time since control last saw the worker finish a round.", OF_WORKER, worker_since_round},
	{"nestswitch_port_up", "gauge", "Whether the port forwards.", OF_PORT, port_up},
	{"nestswitch_evpn_vteps_up", "gauge", "Other machines, told by FRR, that frames can go to.",
	 OF_SWITCH, evpn_vteps_up},
	{"nestswitch_evpn_vtep_up", "gauge", "Whether frames can go to the other machine.",
	 OF_TUNNEL, vtep_up},
	{"nestswitch_evpn_rows_written_total", "counter",
	 "Rows that the switch wrote to the kernel for FRR.", OF_SWITCH, evpn_rows_written},
	{"nestswitch_evpn_rows_pending", "gauge", "Rows that wait to be written.", OF_SWITCH,
	 evpn_rows_pending},
	{"nestswitch_evpn_rows_refused_total", "counter",
	 "Rows that the kernel or the switch refused.", OF_SWITCH, evpn_rows_refused},
	{"nestswitch_evpn_addresses_local", "gauge",
	 "Addresses bound here that other machines are told of.", OF_SWITCH, evpn_addresses_here},
	{"nestswitch_evpn_addresses_remote", "gauge",
	 "Addresses at other machines, requests for which go there alone.", OF_SWITCH,
	 evpn_addresses_elsewhere},
	{"nestswitch_evpn_addresses_contested", "gauge",
	 "Addresses at other machines whose MAC has changed: requests for them are flooded.",
	 OF_SWITCH, evpn_addresses_contested},
	{"nestswitch_evpn_addresses_refused_total", "counter",
	 "How often an address was refused: by the kernel, or because of a limit.", OF_SWITCH,
	 evpn_addresses_refused},
	{"nestswitch_evpn_resyncs_total", "counter",
	 "How often what FRR has in the kernel was read as a whole.", OF_SWITCH, evpn_resyncs},
	{"process_cpu_seconds_total", "counter",
	 "User and system time. A polling worker uses its whole core.", OF_SWITCH, cpu_seconds},
	{"process_resident_memory_bytes", "gauge", "Resident memory without huge pages.", OF_SWITCH,
	 resident_bytes},
};

#define AT(field) offsetof(struct counters, field)

static const struct {
	const char *name, *help;
	size_t at; // in struct counters
} port_counters[] = {
	{"receive_packets", "Frames received.", AT(rx_packets)},
	{"receive_bytes", "Bytes received, without FCS.", AT(rx_bytes)},
	{"receive_forwarded", "Frames received and forwarded to the port of their destination.",
	 AT(outcome[OUT_FORWARDED])},
	{"receive_flooded", "Frames received and flooded.", AT(outcome[OUT_FLOODED])},
	{"receive_unknown", "Frames received and flooded, because their destination was unknown.",
	 AT(unknown)},
	{"not_learned",
	 "Frames received from a new source that was not learned because of mac-limit.",
	 AT(not_learned)},
	{"mac_moves", "MACs that moved to the port.", AT(mac_moves)},
	{"transmit_packets", "Frames sent.", AT(tx_packets)},
	{"transmit_bytes", "Bytes sent, without FCS.", AT(tx_bytes)},
};

static void put_head(const struct scrape *l, const char *name, const char *type, const char *help)
{
	fprintf(l->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

// Writes the text of a label. Only free text needs this: names of ports and of tables contain
// nothing to escape.
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\\"\n", *text))
			fputc('\\', out);
		fputc(*text == '\n' ? 'n' : *text, out);
	}
}

static portset ports_of(const struct scrape *l, enum scope scope)
{
	const struct vxlan *x = l->sw->conf->vxlan;

	if (scope == OF_PORT)
		return l->sw->ports;
	return scope == OF_TUNNEL && x ? x->tunnels : 0;
}

static void put_family(const struct scrape *l, const struct family *f)
{
	unsigned port;

	put_head(l, f->name, f->type, f->help);
	if (f->scope == OF_SWITCH)
		fprintf(l->out, "%s %.16g\n", f->name, f->value(l, 0));
	for (unsigned w = 0; f->scope == OF_WORKER && w < l->sw->workers; w++)
		fprintf(l->out, "%s{worker=\"%u\"} %.16g\n", f->name, w, f->value(l, w));
	PORTSET_FOREACH(port, ports_of(l, f->scope))
		fprintf(l->out, "%s{port=\"%s\"} %.16g\n", f->name, l->sw->port[port].name,
			f->value(l, port));
}

// The counters of a port, starting at an offset in struct counters.
static const uint64_t *counters_at(const struct scrape *l, unsigned port, size_t at)
{
	return (const uint64_t *)((const char *)&l->port[port] + at);
}

static void put_port_counters(const struct scrape *l)
{
	char name[64];
	unsigned port;

	for (size_t i = 0; i < sizeof port_counters / sizeof *port_counters; i++) {
		snprintf(name, sizeof name, "nestswitch_port_%s_total", port_counters[i].name);
		put_head(l, name, "counter", port_counters[i].help);
		PORTSET_FOREACH(port, l->sw->ports)
			fprintf(l->out, "%s{port=\"%s\"} %" PRIu64 "\n", name,
				l->sw->port[port].name, *counters_at(l, port, port_counters[i].at));
	}
}

// Writes drops by reason. at: the offset of the first reason in struct counters.
static void put_drops(const struct scrape *l, const char *name, const char *help, size_t at,
		      const char *const *reasons, int end)
{
	unsigned port;

	put_head(l, name, "counter", help);
	PORTSET_FOREACH(port, l->sw->ports)
		for (int r = 0; r < end; r++)
			fprintf(l->out, "%s{port=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name,
				l->sw->port[port].name, reasons[r], counters_at(l, port, at)[r]);
}

static void put_would_drops(const struct scrape *l)
{
	static const char name[] = "nestswitch_port_receive_would_drop_total";
	unsigned port;

	put_head(l, name, "counter", "Frames that rules on trial would drop, by reason.");
	PORTSET_FOREACH(port, l->sw->ports)
		for (int i = 0; i < VIOLATION_TRIALS; i++)
			fprintf(l->out, "%s{port=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name,
				l->sw->port[port].name, outcome_names[violation_trials[i]],
				l->port[port].would_drop[violation_trials[i]]);
}

static void put_device_drops(const struct scrape *l)
{
	static const char name[] = "nestswitch_port_device_drops_total";
	uint64_t lost[PORT_LOSSES];
	unsigned port;

	put_head(
		l, name, "counter",
		"Frames that the port's device lost itself, by reason. No other counter has them.");
	PORTSET_FOREACH(port, l->sw->ports) {
		switch_losses(l->sw, port, lost);
		for (int i = 0; i < PORT_LOSSES; i++)
			fprintf(l->out, "%s{port=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name,
				l->sw->port[port].name, port_loss_names[i], lost[i]);
	}
}

static void put_states(const struct scrape *l)
{
	static const char name[] = "nestswitch_port_state";
	unsigned port;

	put_head(l, name, "gauge", "1 for the port's state, 0 for all other states.");
	PORTSET_FOREACH(port, l->sw->ports)
		for (int s = 0; s < PORT_STATES; s++)
			fprintf(l->out, "%s{port=\"%s\",state=\"%s\"} %d\n", name,
				l->sw->port[port].name, port_state_names[s],
				switch_port_state(l->sw, port) == (enum port_state)s);
}

// One value for each VNI.
static void put_vnis(const struct scrape *l, const char *name, const char *help,
		     unsigned (*value)(const struct scrape *l, const struct config_vni *v))
{
	const struct config_evpn *v = &l->sw->config->evpn;

	put_head(l, name, "gauge", help);
	for (unsigned i = 0; i < v->vni_count; i++)
		fprintf(l->out, "%s{vlan=\"%u\",vni=\"%u\"} %u\n", name, v->vni[i].vid,
			v->vni[i].vni, value(l, &v->vni[i]));
}

// The other machines that take part in a VNI.
static unsigned vni_vteps(const struct scrape *l, const struct config_vni *v)
{
	portset members = l->sw->conf->vlan[v->vid].member;

	return (unsigned)__builtin_popcountll(members & ports_of(l, OF_TUNNEL));
}

// 1 unless its devices in the kernel are missing.
static unsigned vni_up(const struct scrape *l, const struct config_vni *v)
{
	const struct fabric *f = overlay_fabric(l->k->overlay);
	struct fabric_vni n;

	for (size_t i = 0; f && i < fabric_vni_count(f); i++) {
		fabric_vni(f, i, &n);
		if (n.mirror.vid == v->vid)
			return n.state != FABRIC_VNI_DOWN;
	}
	return 1;
}

static void put_evpn(const struct scrape *l)
{
	put_vnis(l, "nestswitch_evpn_vni_vteps", "Other machines that have the VNI.", vni_vteps);
	put_vnis(l, "nestswitch_evpn_vni_up",
		 "0 if the devices of the VNI in the kernel cannot be made.", vni_up);
}

static void put_event_counts(const struct scrape *l)
{
	static const char name[] = "nestswitch_events_total";

	put_head(l, name, "counter",
		 "Events of each type. events-lost counts lost events of any type.");
	for (int t = 0; t < EVENT_TYPES; t++)
		fprintf(l->out, "%s{type=\"%s\"} %" PRIu64 "\n", name, event_type_names[t],
			recent_count(l->k->recent, (enum event_type)t));
}

static void put_build(const struct scrape *l)
{
	static const char name[] = "nestswitch_build_info";

	put_head(l, name, "gauge", "Always 1. The labels name versions and switch.");
	fprintf(l->out, "%s{version=\"%s\",dpdk=\"%s\",name=\"", name, NESTSWITCH_VERSION,
		rte_version());
	put_escaped(l->out, l->sw->config->name);
	fputs("\"} 1\n", l->out);
}

void metrics_write(const struct control *k, FILE *out)
{
	struct scrape l = {.k = k, .sw = k->sw, .out = out};
	unsigned port;

	PORTSET_FOREACH(port, l.sw->ports)
		switch_counters(l.sw, port, &l.port[port]);
	put_build(&l);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		put_family(&l, &families[i]);
	put_port_counters(&l);
	put_drops(&l, "nestswitch_port_receive_drops_total",
		  "Frames received and dropped, by reason.", AT(outcome[OUT_FIRST_DROP]),
		  outcome_names + OUT_FIRST_DROP, OUTCOMES - OUT_FIRST_DROP);
	put_would_drops(&l);
	put_drops(&l, "nestswitch_port_transmit_drops_total",
		  "Frames for the port that were not sent, by reason.", AT(tx_drop), tx_drop_names,
		  TX_DROPS);
	put_device_drops(&l);
	put_states(&l);
	put_evpn(&l);
	put_event_counts(&l);
}
