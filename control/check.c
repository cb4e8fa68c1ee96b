// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "control/common/complain.h"
#include "control/common/error.h"
#include "control/common/text.h"
#include "control/config/config.h"
#include "control/device/spec.h"
#include "control/subcommands.h"

static const char usage[] =
	"usage: nestswitch check FILE\n"
	"\n"
	"Reads a configuration and says whether `run` accepts it. Starts nothing.\n";

static int check(const char *path)
{
	struct error e;
	struct config *c = config_read(path, &e);

	if (!c || !device_check_all(c, true, &e)) {
		complain_error(path, &e);
		config_free(c);
		return EXIT_USAGE;
	}
	config_warnings(c, complain_warning, (void *)(uintptr_t)path);
	unsigned ports = 0;
	for (unsigned i = 0; i < c->port_count; i++) {
		ports += c->port[i].kind == PORT_OF_STATIONS;
		if (!*c->port[i].device && c->port[i].kind != PORT_TUNNEL)
			complain(
				"warning: port '%s' has no device: `replay` accepts it, `run` refuses it",
				c->port[i].name);
	}
	text_clean(c->name); // it may have a line break
	printf("%s: valid: switch '%s', %u ports, %u port groups, %u static MACs, a table of %u MACs\n",
	       path, c->name, ports, c->group_count, c->fixed_count, config_table_size(c));
	config_free(c);
	return EXIT_DONE;
}

int check_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	if (argc == 3 && !strcmp(argv[1], "--config"))
		return check(argv[2]);
	if (argc != 2 || argv[1][0] == '-') {
		complain("give one FILE (see nestswitch check --help)");
		return EXIT_USAGE;
	}
	return check(argv[1]);
}
