// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/event_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "control/api/event_json.h"
#include "control/common/eventtypes.h"
#include "control/common/log.h"
#include "control/switch/state.h"
#include "dataplane/event.h"
#include "dataplane/eventtype.h"

enum { LINE_MAX_BYTES = 512 };

static const int event_levels[EVENT_TYPES] = {
	[EVENT_MAC_LEARNED] = LOG_INFO,
	[EVENT_MAC_MOVED] = LOG_INFO,
	[EVENT_MAC_AGED] = LOG_INFO,
	[EVENT_MAC_FLAP] = LOG_WARNING,
	[EVENT_MAC_ADDED] = LOG_INFO,
	[EVENT_MAC_REMOVED] = LOG_INFO,
	[EVENT_MAC_FLUSHED] = LOG_INFO,
	[EVENT_VIOLATION] = LOG_WARNING,
	[EVENT_PORT_ERR_DISABLED] = LOG_WARNING,
	[EVENT_PORT_RECOVERED] = LOG_NOTICE,
	[EVENT_TABLE_FULL] = LOG_WARNING,
	[EVENT_MAC_CHANGED] = LOG_NOTICE,
	[EVENT_PORT_UP] = LOG_NOTICE,
	[EVENT_PORT_DOWN] = LOG_NOTICE,
	[EVENT_LOST] = LOG_WARNING,
	[EVENT_CONFIG_ROLLED_BACK] = LOG_DEBUG, // confirm.c logs these itself
	[EVENT_CONFIG_ROLLBACK_FAILED] = LOG_DEBUG,
	[EVENT_WORKER_STUCK] = LOG_ERR,
	[EVENT_WORKER_TURNS] = LOG_NOTICE,
	[EVENT_GROUP_JOINED] = LOG_INFO,
	[EVENT_GROUP_LEFT] = LOG_INFO,
	[EVENT_GROUP_LIMIT] = LOG_WARNING,
	[EVENT_GROUP_ADDED] = LOG_INFO,
	[EVENT_GROUP_REMOVED] = LOG_INFO,
	[EVENT_QUERIER_CHANGED] = LOG_NOTICE,
	[EVENT_BINDING_LEARNED] = LOG_INFO,
	[EVENT_BINDING_ENDED] = LOG_INFO,
	[EVENT_BINDING_REFUSED] = LOG_WARNING,
	[EVENT_VTEP_UP] = LOG_NOTICE,
	[EVENT_VTEP_DOWN] = LOG_WARNING,
	[EVENT_EVPN_RESYNC] = LOG_NOTICE,
	[EVENT_EVPN_TABLE_FULL] = LOG_WARNING,
	[EVENT_EVPN_PORT_LIMIT] = LOG_WARNING,
	[EVENT_EVPN_NEIGHBOUR_LIMIT] = LOG_WARNING,
};

// The events of the current second. Each class has a budget of its own, so that those that guests
// cause do not drive out the others.
static struct budget {
	uint64_t second;
	unsigned logged, left_out;
} budgets[EVENT_CLASSES];

// Whether one more event may be logged in its second.
static bool within_budget(const struct event *e)
{
	struct budget *b = &budgets[event_type_class((enum event_type)e->type)];
	uint64_t second = e->ns / 1000000000;

	if (second != b->second) {
		if (b->left_out)
			log_write(LOG_WARNING,
				  "%u more events are not logged (nestctl monitor shows all)",
				  b->left_out);
		*b = (struct budget){.second = second};
	}
	if (b->logged == EVENT_LOG_MAX)
		b->left_out++;
	else
		b->logged++;
	return !b->left_out;
}

// Makes the line of an event: TYPE name=value …
static void make_line(const struct vswitch *sw, const struct event *e, char *line, size_t size)
{
	struct event_members all;
	size_t len = (size_t)snprintf(line, size, "%s", event_type_names[e->type]);

	event_collect_members(&all, e, event_port_name(sw, e->from), event_port_name(sw, e->port));
	for (unsigned i = 0; i < all.count && len < size; i++) {
		const struct event_member *m = &all.member[i];
		bool number = !m->word && (m->number || m->is_number);
		len += (size_t)(number ? snprintf(line + len, size - len, " %s=%" PRIu32, m->name,
						  m->number)
				       : snprintf(line + len, size - len, " %s=%s", m->name,
						  m->word ? m->word : "-"));
	}
}

void event_log(const struct vswitch *sw, const struct event *e)
{
	char line[LINE_MAX_BYTES];

	if (!log_takes(event_levels[e->type]) || !within_budget(e))
		return;
	make_line(sw, e, line, sizeof line);
	log_write(event_levels[e->type], "%s", line);
}
