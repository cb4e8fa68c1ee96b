// SPDX-License-Identifier: BSD-3-Clause
#include "control/replay/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/device/eal.h"
#include "control/pcap/record.h"
#include "control/replay/expect.h"
#include "control/replay/frames.h"
#include "control/replay/inputs.h"
#include "control/replay/options.h"
#include "control/replay/outputs.h"
#include "control/replay/paths.h"
#include "control/replay/player.h"
#include "control/replay/report.h"
#include "control/replay/scratch.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"
#include "dataplane/portset.h"

enum { PROGRESS_EVERY = 65536, PATH_SIZE = 4096 };

struct replay {
	const struct replay_options *opt;
	struct vswitch *sw;
	struct player player;
	struct inputs *in;
	struct outputs *outputs; // NULL: not wanted
	struct report *report;
	struct frames *frames;
	const char *results;    // folder of the outputs; NULL: none
	struct scratch scratch; // that folder, if it is removed at the end
	bool progress;
};

static uint16_t take_frames(void *arg, unsigned port, struct rte_mbuf **frames, uint16_t n)
{
	struct replay *r = arg;

	for (uint16_t i = 0; i < n && r->outputs; i++)
		outputs_write(r->outputs, port, player_stamp(&r->player, frames[i]), frames[i]);
	for (uint16_t i = 0; i < n && r->frames && !r->player.own; i++)
		frames_sent(r->frames, port, frames[i]);
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static void take_event(void *arg, const struct event *e)
{
	struct replay *r = arg;

	if (r->report)
		report_event(r->report, e);
	if (r->frames)
		frames_event(r->frames, e);
}

static void take_frame(void *arg, unsigned port, const struct capture_record *rec)
{
	struct replay *r = arg;

	frames_done(r->frames, port, rec);
}

static void show_progress(const struct replay *r, bool last)
{
	if (r->progress)
		fprintf(stderr, "\rreplay: %3.0f %%, %" PRIu64 " frames, %.3f s%s",
			inputs_progress(r->in) * 100, r->player.frames,
			(double)r->player.now_ns / 1e9, last ? "\n" : "");
}

static bool forward_captures(struct replay *r)
{
	struct input_frame frame[INPUTS_READ_MAX];
	uint64_t shown = 0;
	unsigned n;

	while ((n = inputs_read(r->in, frame, r->player.burst))) {
		if (!player_forward(&r->player, frame, n))
			return false;
		if (r->player.frames - shown < PROGRESS_EVERY)
			continue;
		shown = r->player.frames;
		show_progress(r, false);
	}
	player_finish(&r->player, r->opt->until_ns);
	show_progress(r, true);
	player_conclude(&r->player);
	return inputs_conclude(r->in);
}

// The folder of the results: that of --out, or a temporary one to compare or to move from.
static bool choose_results(struct replay *r)
{
	const struct replay_options *o = r->opt;

	if (o->out) {
		r->results = o->out;
		return !mkdir(o->out, 0777) || errno == EEXIST ||
		       complain("%s: %s", o->out, strerror(errno));
	}
	if (!o->expect)
		return true;
	if (o->update && mkdir(o->expect, 0777) && errno != EEXIST)
		return complain("%s: %s", o->expect, strerror(errno));
	if (!scratch_create(&r->scratch, o->update ? o->expect : scratch_parent()))
		return false;
	r->results = r->scratch.path;
	return true;
}

static void put_results_path(const struct replay *r, const char *name, const char *suffix,
			     char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%.*s/%s%s", PATH_SIZE - 64, r->results, name, suffix);
}

static bool start(struct replay *r)
{
	const struct replay_options *o = r->opt;

	if (!player_init(&r->player, r->sw, o->frames ? 1 : o->burst))
		return false;
	r->player.fwd->tx.send = take_frames;
	r->player.fwd->tx.arg = r;
	r->sw->on_event = take_event;
	r->sw->event_arg = r;
	if ((o->report || o->expect) && !(r->report = report_create(r->sw)))
		return false;
	if (!inputs_open(r->in) || !choose_results(r))
		return false;
	if (r->results && !(r->outputs = outputs_open(r->results, r->sw)))
		return false;
	if (!o->frames)
		return true;
	r->player.on_frame = take_frame;
	r->player.arg = r;
	return (r->frames = frames_open(o->frames_file, o->json, &r->player));
}

// Writes the results in all the forms that were asked for.
static bool write_results(struct replay *r)
{
	const struct replay_options *o = r->opt;
	char path[PATH_SIZE];
	bool good = outputs_close(r->outputs);

	r->outputs = NULL;
	good = frames_close(r->frames) && good;
	r->frames = NULL;
	if (o->report)
		good = report_write(r->report, o->report, &r->player, r->in) && good;
	if (o->expect) {
		put_results_path(r, EXPECT_REPORT, "", path);
		good = report_write(r->report, path, &r->player, r->in) && good;
	}
	if (!o->report && !o->expect && !o->frames)
		report_print(&r->player, r->in);
	return good;
}

static uint64_t drops_of(const struct replay *r, unsigned port, const char *reason)
{
	struct counters c = {0};

	counters_read(&r->player.fwd->counters[port], &c);
	for (unsigned o = OUT_FIRST_DROP; o < OUTCOMES; o++)
		if (!strcmp(outcome_names[o], reason))
			return c.outcome[o];
	return 0;
}

// --fail-on
static bool check_drops(const struct replay *r)
{
	char reasons[PATH_SIZE], *rest = reasons, *reason;
	bool good = true;
	unsigned port;

	snprintf(reasons, sizeof reasons, "%s", r->opt->fail_on ? r->opt->fail_on : "");
	while ((reason = strsep(&rest, ",")))
		PORTSET_FOREACH(port, r->sw->ports) {
			uint64_t n = drops_of(r, port, reason);
			if (n)
				good = complain("port '%s' dropped %" PRIu64
						" frames as %s (--fail-on)",
						r->sw->port[port].name, n, reason);
		}
	return good;
}

static bool judge_results(struct replay *r)
{
	const struct replay_options *o = r->opt;
	bool good = true;

	if (o->update)
		good = expect_update(o->expect, r->results, r->sw);
	else if (o->expect)
		good = expect_compare(o->expect, r->results, r->sw, r->in);
	return check_drops(r) && good;
}

static bool run_replay(struct replay *r)
{
	return start(r) && forward_captures(r) && write_results(r) && judge_results(r);
}

static void replay_destroy(struct replay *r)
{
	player_clear(&r->player);
	outputs_close(r->outputs);
	frames_close(r->frames);
	report_destroy(r->report);
	scratch_remove(&r->scratch);
	inputs_destroy(r->in);
	switch_destroy(r->sw);
}

static const char *reason_name(void *unused, size_t i)
{
	(void)unused;
	return OUT_FIRST_DROP + i < OUTCOMES ? outcome_names[OUT_FIRST_DROP + i] : NULL;
}

static bool check_reasons(const char *list)
{
	char reasons[PATH_SIZE], *rest = reasons, *reason, hint[TEXT_HINT];

	snprintf(reasons, sizeof reasons, "%s", list);
	while ((reason = strsep(&rest, ","))) {
		size_t i = 0;
		while (reason_name(NULL, i) && strcmp(reason_name(NULL, i), reason))
			i++;
		if (!reason_name(NULL, i))
			return complain("--fail-on: there is no drop reason '%s'%s", reason,
					text_hint(hint, reason, reason_name, NULL,
						  "see nestswitch help drops"));
	}
	return true;
}

// Takes the configuration.
static int replay_with(const struct replay_options *opt, struct config *c)
{
	struct error e = {.text = "out of memory"};
	struct replay r = {.opt = opt, .scratch = {.fd = -1}, .progress = isatty(STDERR_FILENO)};
	int status;

	r.in = inputs_create(opt, c, &status);
	if (!r.in || !paths_check(opt, c, r.in)) {
		inputs_destroy(r.in);
		config_free(c);
		return status;
	}
	if (!eal_start(c, EAL_REPLAY, NULL, &e) || !switch_create(&r.sw, c, SWITCH_REPLAY, &e)) {
		complain("%s", e.text);
		inputs_destroy(r.in);
		config_free(c);
		return EXIT_REFUSED;
	}
	bool good = run_replay(&r);
	replay_destroy(&r);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

int replay_main(int argc, char **argv)
{
	struct replay_options o;
	struct error e;

	switch (replay_options_parse(&o, argc, argv)) {
	case OPTIONS_HELP:
		return EXIT_DONE;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_RUN:
		break;
	}
	if (o.fail_on && !check_reasons(o.fail_on))
		return EXIT_USAGE;
	struct config *c = config_read(o.config, &e);
	if (c)
		return replay_with(&o, c);
	complain_error(o.config, &e);
	return EXIT_USAGE;
}
