// SPDX-License-Identifier: BSD-3-Clause
// replay: runs a fuzz target on the files named, without a fuzzer. The last name printed is that of
// the one it died of.
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		static uint8_t buffer[INPUT_MAX];
		FILE *f = fopen(argv[i], "rb");
		if (!f) {
			perror(argv[i]);
			return 1;
		}
		printf("%s\n", argv[i]);
		fflush(stdout);
		size_t size = fread(buffer, 1, sizeof buffer, f);
		fclose(f);
		// In memory of its own size, so that a read beyond its end is seen.
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, buffer, size);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	return 0;
}
