// SPDX-License-Identifier: BSD-3-Clause
// kit: shared parts of all unit tests: cmocka with the headers that it needs, and reproducible
// random numbers.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// For tables of cases: the message names the failed case.
#define CHECK(condition, ...) \
	do { \
		if (!(condition)) \
			fail_msg(__VA_ARGS__); \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof *(array))

// The exit status is 1 for any number of failed tests.
#define RUN_TESTS(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = {__VA_ARGS__}; \
		return cmocka_run_group_tests(tests, NULL, NULL) != 0; \
	}

#define TEST(function) cmocka_unit_test(function)

// xorshift64* (Vigna: An experimental exploration of Marsaglia's xorshift generators, 2016). *state
// is not 0.
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint32_t rnd_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rnd(state) >> 32) * n >> 32);
}
