// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/watch.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/rates.h"
#include "control/cli/screen.h"
#include "control/cli/select.h"
#include "control/common/complain.h"
#include "control/common/json.h"
#include "control/common/view.h"

enum { ENDLESS = -1 };

struct watch {
	const struct session *s;
	const struct command *c;
	json_t *selection;
	double interval;
	json_t *before;  // the last result
	double before_s; // time of the last result
	bool screen;
};

static double seconds_on(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// The rows to show of a result, a new reference. NULL: none yet, because rates need two results.
static json_t *make_rows(struct watch *w, json_t *result)
{
	double now = seconds_on(CLOCK_MONOTONIC);
	json_t *rows = w->c->view == VIEW_CHANGES ? rates_changes(w->before, result)
		       : w->c->view != VIEW_RATES ? json_incref(result)
		       : w->before                ? rates_of(w->before, result, now - w->before_s)
						  : NULL;

	json_decref(w->before);
	w->before = json_incref(result);
	w->before_s = now;
	json_t *some = rows ? select_rows(w->selection, w->c->view, rows) : NULL;
	json_decref(rows);
	return some;
}

static void show_json(json_t *rows)
{
	json_t *o = json_pack("{s:f, s:O}", "time", json_thousandths(seconds_on(CLOCK_REALTIME)),
			      "result", rows);

	json_dumpf(o, stdout, JSON_COMPACT | JSON_DIGITS);
	putchar('\n');
	json_decref(o);
}

static void print_time(const struct watch *w, FILE *out)
{
	time_t now = time(NULL);
	char text[32];

	strftime(text, sizeof text, "%F %T", localtime(&now));
	fprintf(out, w->screen ? "%s  every %g s, press q to quit\n\n" : "%s\n", text, w->interval);
}

static void show_table(const struct watch *w, json_t *rows)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	print_time(w, out);
	view_print(out, w->c->view, rows, w->s->colours);
	fclose(out);
	if (w->screen)
		screen_show(text);
	else
		printf("%s\n", text);
	free(text);
}

static void show_rows(const struct watch *w, json_t *rows)
{
	if (w->s->json)
		show_json(rows);
	else
		show_table(w, rows);
	fflush(stdout);
}

static bool wait_for_next(const struct watch *w)
{
	struct timespec t = {.tv_sec = (time_t)w->interval};

	if (w->screen)
		return screen_wait(w->interval);
	t.tv_nsec = (long)((w->interval - (double)t.tv_sec) * 1e9);
	return !nanosleep(&t, NULL);
}

static int refresh_until_end(struct watch *w, struct session *s, json_t *params, json_int_t count)
{
	json_t *result;
	int status;

	while (!(status = client_ask(s, w->c, params, &result))) {
		json_t *rows = make_rows(w, result);
		json_decref(result);
		if (rows)
			show_rows(w, rows);
		bool last = rows && !--count;
		json_decref(rows);
		if (last || ferror(stdout) || !wait_for_next(w))
			break;
	}
	return status;
}

// Takes a number out of the parameters that go to the switch. `otherwise`: its default.
static double take_number(json_t *params, const char *name, double otherwise)
{
	json_t *v = json_object_get(params, name);
	double number = v ? json_number_value(v) : otherwise;

	json_object_del(params, name);
	return number;
}

int watch_run(struct session *s, const struct command *c, json_t *params)
{
	json_int_t count = (json_int_t)take_number(params, "count", ENDLESS);

	if (!count) {
		complain("count cannot be '0' (a number from 1)");
		return EXIT_USAGE;
	}
	struct watch w = {.s = s,
			  .c = c,
			  .interval = take_number(params, "interval", 1),
			  .selection = select_take(params)};
	w.screen = !s->json && screen_is_there();
	if (w.screen)
		screen_open();
	int status = refresh_until_end(&w, s, params, count);
	if (w.screen && screen_close())
		status = EXIT_DONE;
	json_decref(w.before);
	json_decref(w.selection);
	return status;
}
