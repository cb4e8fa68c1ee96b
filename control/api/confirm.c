// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/confirm.h"

#include <stdlib.h>
#include <string.h>

#include "control/common/error.h"
#include "control/common/log.h"
#include "control/config/config.h"
#include "control/config/history.h"
#include "control/switch/state.h"
#include "control/switch/switch.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

enum { RETRY_S = 5 };

struct confirm {
	struct vswitch *sw;
	struct history *history;
	struct event *timer;
	struct config *former; // NULL: nothing waits
	unsigned number;
	uint64_t due_ns;
	struct error problem; // of the last attempt; no text: there was none
};

static void wait_for(struct confirm *k, unsigned seconds)
{
	struct timeval tv = {.tv_sec = seconds};

	k->due_ns = switch_now(k->sw) + seconds * UINT64_C(1000000000);
	event_add(k->timer, &tv);
}

static void tell(struct confirm *k, enum event_type type)
{
	switch_emit(k->sw, &(struct event){.type = type,
					   .ns = switch_now(k->sw),
					   .count = history_newest(k->history)->number});
}

static void came_back(struct confirm *k)
{
	char what[HISTORY_WHAT];

	k->former = NULL; // it is the switch's now
	snprintf(what, sizeof what, "not confirmed: back to %u", k->number);
	history_note(k->history, k->sw->config, what);
	log_write(LOG_WARNING,
		  "nobody has confirmed the configuration: number %u is in force again", k->number);
	tell(k, EVENT_CONFIG_ROLLED_BACK);
}

static void stays(struct confirm *k, const struct error *e)
{
	if (strcmp(e->text, k->problem.text)) {
		log_write(
			LOG_ERR,
			"nobody has confirmed the configuration, but number %u cannot come back: %s",
			k->number, e->text);
		log_write(
			LOG_ERR,
			"number %u stays in force; the way back is tried again every %d s (nestctl config confirm ends that)",
			history_newest(k->history)->number, RETRY_S);
		tell(k, EVENT_CONFIG_ROLLBACK_FAILED);
	}
	k->problem = *e;
	wait_for(k, RETRY_S);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct confirm *k = arg;
	struct error e;

	(void)fd, (void)what;
	if (switch_apply(k->sw, k->former, &e))
		came_back(k);
	else
		stays(k, &e);
}

struct confirm *confirm_create(struct event_base *base, struct vswitch *sw, struct history *h)
{
	struct confirm *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->sw = sw;
	k->history = h;
	k->timer = evtimer_new(base, on_time, k);
	if (k->timer && !event_priority_set(k->timer, 0))
		return k;
	if (k->timer)
		event_free(k->timer);
	free(k);
	return NULL;
}

void confirm_destroy(struct confirm *k)
{
	if (!k)
		return;
	event_free(k->timer);
	config_free(k->former);
	free(k);
}

void confirm_expect(struct confirm *k, struct config *former, unsigned number, unsigned seconds)
{
	if (k->former) {
		config_free(former);
	} else {
		k->former = former;
		k->number = number;
	}
	*k->problem.text = 0;
	wait_for(k, seconds);
}

bool confirm_end(struct confirm *k)
{
	bool waited = k->former;

	event_del(k->timer);
	config_free(k->former);
	k->former = NULL;
	return waited;
}

bool confirm_waits(const struct confirm *k, unsigned *seconds, unsigned *number)
{
	uint64_t now = switch_now(k->sw);

	*seconds = k->due_ns > now ? (unsigned)((k->due_ns - now + 999999999) / 1000000000) : 0;
	*number = k->number;
	return k->former;
}

json_t *confirm_describe(const struct confirm *k)
{
	unsigned seconds, number;

	if (!k || !confirm_waits(k, &seconds, &number))
		return json_null();
	return json_pack("{s:i, s:i, s:s?}", "seconds_left", (int)seconds, "number", (int)number,
			 "problem", *k->problem.text ? k->problem.text : NULL);
}
