// SPDX-License-Identifier: BSD-3-Clause
// A configuration file of arbitrary bytes. It is refused with one sentence and a position, or
// accepted. An accepted configuration, written and read again, stays the same.
#include <string.h>

#include "control/common/error.h"
#include "control/config/config.h"
#include "control/device/spec.h"
#include "control/switch/compile.h"
#include "dataplane/portconf.h"
#include "tests/fuzz/fuzz.h"

static char *written(const struct config *c, size_t *size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, size);

	MUST(!config_write(c, f));
	fclose(f);
	return text;
}

static void check_error(const struct error *e)
{
	MUST(*e->text && !strchr(e->text, '\n'), "'%s'", e->text);
}

static void check_warning(void *unused, const struct error *w)
{
	(void)unused;
	check_error(w);
}

static void check_written(const struct config *c)
{
	struct error e;
	size_t size, size_again;
	char *text = written(c, &size);
	struct config *again = config_parse(text, size, &e);

	MUST(again, "%u:%u: %s, in the written configuration:\n%s", e.at.line, e.at.column, e.text,
	     text);
	char *text_again = written(again, &size_again);
	MUST(!strcmp(text, text_again), "written:\n%s\nread and written again:\n%s", text,
	     text_again);
	free(text);
	free(text_again);
	config_free(again);
}

// Compiles the configuration as the switch does.
static void use(const struct config *c)
{
	uint8_t numbers[CONFIG_PORTS_MAX];
	struct error e = {0};
	size_t count;

	for (unsigned i = 0; i < c->port_count; i++) {
		numbers[i] = (uint8_t)(CONFIG_PORTS_MAX - 1 - i);
		if (!device_check(&c->port[i], &e))
			check_error(&e);
	}
	config_warnings(c, check_warning, NULL);
	struct swconf *conf = compile_ports(c, numbers);
	struct fixed_mac *fixed = compile_fixed(c, numbers, &count);
	MUST(conf && fixed);
	for (size_t i = 1; i < count; i++)
		MUST(fixed[i - 1].key < fixed[i].key);
	free(conf);
	free(fixed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e;
	struct config *c = config_parse((const char *)data, size, &e);

	if (!c) {
		check_error(&e);
		return 0;
	}
	check_written(c);
	use(c);
	config_free(c);
	return 0;
}
