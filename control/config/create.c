// SPDX-License-Identifier: BSD-3-Clause
// Makes a configuration and its elements with the defaults of the settings.
#include <stdlib.h>
#include <string.h>

#include "control/config/config.h"
#include "control/config/settings.h"

struct config *config_new(void)
{
	struct config *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	strcpy(c->name, "nestswitch");
	setting_init(config_settings, c);
	return c;
}

struct config_group *config_add_group(struct config *c)
{
	return setting_add_element(setting_find(config_settings, "port-groups"), c);
}

struct config_port *config_add_port(struct config *c)
{
	return setting_add_element(setting_find(config_settings, "ports"), c);
}

struct config_static *config_add_static(struct config *c)
{
	return setting_add_element(setting_find(config_settings, "static-macs"), c);
}

struct config_mirror *config_add_mirror(struct config *c)
{
	return setting_add_element(setting_find(config_settings, "mirrors"), c);
}

struct config_binding *config_add_binding(struct config *c)
{
	return setting_add_element(setting_find(config_settings, "bindings"), c);
}

struct config_vlan *config_add_vlan(struct config *c)
{
	return setting_add_element(setting_find(config_settings, "vlans"), c);
}
