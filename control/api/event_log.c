// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/event_log.h"

#include <stdlib.h>
#include <string.h>

#include "control/api/event_json.h"
#include "control/common/log.h"
#include "control/common/view.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

static const int event_levels[EVENT_TYPES] = {
	[EVENT_MAC_LEARNED] = LOG_INFO,
	[EVENT_MAC_MOVED] = LOG_INFO,
	[EVENT_MAC_AGED] = LOG_INFO,
	[EVENT_MAC_FLAP] = LOG_WARNING,
	[EVENT_VIOLATION] = LOG_WARNING,
	[EVENT_PORT_ERR_DISABLED] = LOG_WARNING,
	[EVENT_PORT_RECOVERED] = LOG_NOTICE,
	[EVENT_TABLE_FULL] = LOG_WARNING,
	[EVENT_PORT_UP] = LOG_NOTICE,
	[EVENT_PORT_DOWN] = LOG_NOTICE,
	[EVENT_LOST] = LOG_WARNING,
	[EVENT_CONFIG_ROLLED_BACK] = LOG_DEBUG, // told in words of its own
	[EVENT_CONFIG_ROLLBACK_FAILED] = LOG_DEBUG,
};

// Events of this second that were logged, and left out.
static struct {
	uint64_t second;
	unsigned logged, left_out;
} budget;

// Whether one more event may be logged in its second.
static bool has_room(const struct event *e)
{
	uint64_t second = e->ns / 1000000000;

	if (second != budget.second) {
		if (budget.left_out)
			log_write(LOG_WARNING, "%u more events, left out (nestctl monitor has all)",
				  budget.left_out);
		budget.second = second;
		budget.logged = budget.left_out = 0;
	}
	if (budget.logged == EVENT_LOG_MAX)
		budget.left_out++;
	else
		budget.logged++;
	return !budget.left_out;
}

void event_log(const struct vswitch *sw, const struct event *e)
{
	char *text = NULL;
	size_t size;

	if (!log_takes(event_levels[e->type]) || !has_room(e))
		return;
	FILE *f = open_memstream(&text, &size);
	json_t *o = event_json(sw, e);
	if (f) {
		view_print(f, VIEW_EVENT, o, false);
		fclose(f);
	}
	json_decref(o);
	if (text) {
		char *words = strchr(text, ' ') + 1; // behind the time
		log_write(event_levels[e->type], "%.*s", (int)strcspn(words, "\n"), words);
	}
	free(text);
}
