// SPDX-License-Identifier: BSD-3-Clause
// replay-many: reads the arguments of a `nestswitch replay` from each line of standard input, runs
// it, and prints its exit status as `exit N`. DPDK starts only once.
#include <stdio.h>
#include <string.h>

#include "control/replay/replay.h"

enum { WORDS_MAX = 256 };

int main(void)
{
	static char line[65536];

	while (fgets(line, sizeof line, stdin)) {
		char *argv[WORDS_MAX + 1] = {(char[]){"replay"}};
		int argc = 1;
		for (char *word = strtok(line, " \n"); word && argc < WORDS_MAX;
		     word = strtok(NULL, " \n"))
			argv[argc++] = word;
		printf("exit %d\n", replay_main(argc, argv));
		fflush(stdout);
	}
	return 0;
}
