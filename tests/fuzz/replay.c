// SPDX-License-Identifier: BSD-3-Clause
// replay: runs a fuzz target on given files, without a fuzzer. If it crashes, the last printed name
// is that of the failing file.
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
		// A copy of the exact size, so that AddressSanitizer sees a read beyond its end.
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, buffer, size);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	return 0;
}
