// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/device/fromwords.h"

#include <string.h>
#include <unistd.h>

#include "control/common/text.h"
#include "control/device/spec.h"

// The part of a device that names it. *len: its length; 0: there is none.
static const char *naming_part(const char *device, size_t *len)
{
	const char *part = strchr(device, ':'), *slash, *dot;

	if (!part || device_is_pci(device) || device_is_raw(device))
		part = device;
	else
		part++;
	*len = strcspn(part, ",");
	slash = memrchr(part, '/', *len);
	if (slash) {
		*len -= (size_t)(slash + 1 - part);
		part = slash + 1;
		dot = memrchr(part, '.', *len);
		*len = dot && dot > part ? (size_t)(dot - part) : *len;
	}
	return part;
}

// A name for the port of a device that no other port has.
static void name_port(const struct config *c, const char *device, char out[PORT_NAME])
{
	size_t len, kind = strcspn(device, ":");
	const char *part = naming_part(device, &len);
	bool bond = !strncmp(device, "bond:", 5); // its first word is the mode
	char name[PORT_NAME], suffix[8] = "";

	snprintf(name, sizeof name, "%.*s", (int)(len && !bond ? len : kind),
		 len && !bond ? part : device);
	text_make_name(name);
	for (unsigned n = 2; n < CONFIG_PORTS_MAX + 2; n++) {
		snprintf(out, PORT_NAME, "%.*s%s", (int)(PORT_NAME - 1 - strlen(suffix)), name,
			 suffix);
		if (!config_port(c, out))
			return;
		snprintf(suffix, sizeof suffix, "-%u", n);
	}
}

static bool add_port(struct config *c, const char *device, struct error *e)
{
	struct config_port *p;
	char name[PORT_NAME];

	if (!strchr(device, ':') && !access(device, R_OK))
		return error_set(e, "'%.200s' is a file (nestswitch run --config %.200s)", device,
				 device);
	if (strlen(device) >= DEVICE_TEXT)
		return error_set(e, "device '%.40s…' is longer than %d characters", device,
				 DEVICE_TEXT - 1);
	name_port(c, device, name);
	if (!(p = config_add_port(c)))
		return error_set(e, "more than %d devices", CONFIG_PORTS_MAX);
	strcpy(p->name, name);
	strcpy(p->device, device);
	return device_check(p, e) && config_device_is_free(c, p, e);
}

struct config *fromwords_config(char *const *words, int count, struct error *e)
{
	struct config *c = config_new();
	bool good = c || error_no_memory(e);

	for (int i = 0; i < count && good; i++)
		good = add_port(c, words[i], e);
	if (good && config_validate(c, e))
		return c;
	config_free(c);
	return NULL;
}
