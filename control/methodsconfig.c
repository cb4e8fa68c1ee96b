// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "methodcommon.h"
#include "rpc.h"

static json_t *config_show(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)params;
	int rc = f ? config_write(sw->config, f) : -1;
	if (f)
		fclose(f);
	json_t *yaml = rc ? method_refuse(e, RPC_REFUSED, "out of memory") : json_string(text);
	free(text);
	return yaml;
}

// The configuration that parameter `text` holds, its devices looked at as well. NULL: refused, under the file's name.
static struct config *config_param(const json_t *params, struct method_error *e)
{
	const char *text = param_wanted(params, "text", e), *file = param_text(params, "file");
	struct config_error ce;

	if (!text)
		return NULL;
	struct config *c = config_parse(text, strlen(text), &ce);
	bool good = c;
	for (unsigned i = 0; good && i < c->port_count; i++)
		good = device_check(&c->port[i], &ce) && config_device_is_free(c, &c->port[i], &ce);
	if (good)
		return c;
	config_free(c);
	method_refuse(e, RPC_USAGE, "%s:%u:%u: %s", file ? file : "text", ce.at.line, ce.at.column, ce.text);
	return NULL;
}

static json_t *config_check(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct config *c = config_param(params, e);
	json_t *result = c ? change_warnings(c, NULL) : NULL;

	(void)sw;
	config_free(c);
	return result;
}

static json_t *config_apply(struct vswitch *sw, const json_t *params, struct method_error *e)
{
	struct change ch = {.sw = sw, .c = config_param(params, e), .e = e};

	return ch.c ? change_finish(&ch, true) : NULL;
}

const struct method methods_config[] = {
	{"config.show", config_show},
	{"config.check", config_check},
	{"config.apply", config_apply},
	{0},
};
