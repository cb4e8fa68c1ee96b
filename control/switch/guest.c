// SPDX-License-Identifier: BSD-3-Clause
#include "control/switch/guest.h"

#include <string.h>

#include "control/config/config.h"
#include "control/switch/state.h"

const struct switch_guest *guest_get(const struct vswitch *sw, const struct config_port *p)
{
	int number = switch_port(sw, p->name);

	if (number < 0 || strcmp(switch_port_config(sw, (unsigned)number)->device, p->device) != 0)
		return NULL;
	const struct switch_guest *g = &sw->port[number].guest;
	return *g->qmp && !strcmp(g->qmp, p->qmp) ? g : NULL;
}

bool guest_validate(const struct vswitch *sw, struct config *c, struct error *e)
{
	struct error conflict;

	for (unsigned i = 0; i < c->port_count; i++) {
		c->port[i].guest = 0;
		c->port[i].guest_conflicts = false;
	}
	if (!config_validate(c, e))
		return false;
	for (unsigned i = 0; i < c->port_count; i++) {
		struct config_port *p = &c->port[i];
		const struct switch_guest *g = guest_get(sw, p);
		if (!g || g->mac == config_effective_mac(p))
			continue;
		p->guest = g->mac;
		p->guest_conflicts = !config_validate(c, &conflict);
		if (p->guest_conflicts)
			p->guest = 0;
	}
	return true;
}
