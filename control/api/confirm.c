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
	struct config *former; // NULL: no confirmation is pending
	unsigned number;
	uint64_t due_ns;      // when it is rolled back
	struct error problem; // of the last rollback that failed; no text: none failed
};

static void start_timer(struct confirm *k, unsigned seconds)
{
	struct timeval tv = {.tv_sec = seconds};

	k->due_ns = switch_now(k->sw) + seconds * UINT64_C(1000000000);
	event_add(k->timer, &tv);
}

static void emit_rollback(struct confirm *k, enum event_type type)
{
	switch_emit(k->sw, &(struct event){.type = type,
					   .ns = switch_now(k->sw),
					   .count = history_newest(k->history)->number});
}

static void note_rollback(struct confirm *k)
{
	char what[HISTORY_WHAT];

	k->former = NULL; // the switch owns it now
	snprintf(what, sizeof what, "not confirmed: rollback to %u", k->number);
	history_note(k->history, k->sw->config, what);
	log_write(LOG_WARNING, "the configuration was not confirmed: rolled back to number %u",
		  k->number);
	emit_rollback(k, EVENT_CONFIG_ROLLED_BACK);
}

static void note_failure(struct confirm *k, const struct error *e)
{
	if (strcmp(e->text, k->problem.text)) {
		log_write(
			LOG_ERR,
			"the configuration was not confirmed, but the rollback to number %u failed: %s",
			k->number, e->text);
		log_write(
			LOG_ERR,
			"number %u stays in force; the rollback is tried again every %d s (nestctl config confirm stops this)",
			history_newest(k->history)->number, RETRY_S);
		emit_rollback(k, EVENT_CONFIG_ROLLBACK_FAILED);
	}
	k->problem = *e;
	start_timer(k, RETRY_S);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct confirm *k = arg;
	struct error e;

	(void)fd, (void)what;
	if (switch_apply(k->sw, k->former, &e))
		note_rollback(k);
	else
		note_failure(k, &e);
}

struct confirm *confirm_create(struct event_base *base, struct vswitch *sw, struct history *h)
{
	struct confirm *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->sw = sw;
	k->history = h;
	k->timer = evtimer_new(base, on_timeout, k);
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
	start_timer(k, seconds);
}

bool confirm_end(struct confirm *k)
{
	bool was_pending = k->former;

	event_del(k->timer);
	config_free(k->former);
	k->former = NULL;
	return was_pending;
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
