// SPDX-License-Identifier: BSD-3-Clause
// fuzz: shared parts of the fuzz targets.
//
// Model   A target is one function of some bytes. libFuzzer calls it with generated inputs, and
//         replay.c calls it with the content of given files.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A condition that must hold for every input.
#define MUST(condition, ...) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s:", __FILE__, __LINE__, #condition); \
			fprintf(stderr, " " __VA_ARGS__); \
			fputc('\n', stderr); \
			abort(); \
		} \
	} while (0)

// Input that is consumed from the front. After its end it gives zeros.
struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take8(struct bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}

static inline uint16_t take16(struct bytes *b)
{
	uint8_t high = take8(b);

	return (uint16_t)(high << 8 | take8(b));
}
