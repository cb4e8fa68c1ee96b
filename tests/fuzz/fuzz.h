// SPDX-License-Identifier: BSD-3-Clause
// fuzz: what the fuzz targets share.
//
// Model   A target is one function of some bytes. With libFuzzer it is called by a fuzzer, with
//         replay.c by a program that runs the files it is given.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What must hold whatever the input is.
#define MUST(condition, ...) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s:", __FILE__, __LINE__, #condition); \
			fprintf(stderr, " " __VA_ARGS__); \
			fputc('\n', stderr); \
			abort(); \
		} \
	} while (0)

// Input that is eaten from the front; behind its end there are zeros.
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
