// SPDX-License-Identifier: BSD-3-Clause
// frame: writes the header of a test frame.
#pragma once

#include <stdint.h>
#include <string.h>

enum { TEST_UNTAGGED = -1 };

#define TEST_MAC(n) (UINT64_C(0x020000000000) + (n))

// 14 bytes, or 18 with a tag.
static inline void test_header(uint8_t *p, uint64_t dst, uint64_t src, int vid)
{
	for (int i = 0; i < 6; i++) {
		p[i] = (uint8_t)(dst >> 8 * (5 - i));
		p[6 + i] = (uint8_t)(src >> 8 * (5 - i));
	}
	if (vid >= 0)
		memcpy(p + 12, (uint8_t[]){0x81, 0, (uint8_t)(vid >> 8), (uint8_t)vid}, 4);
}
