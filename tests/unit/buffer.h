// SPDX-License-Identifier: BSD-3-Clause
// buffer: an mbuf without a pool, for code that only reads or edits a frame.
#pragma once

#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

// An mbuf with `headroom` free bytes and a frame of `len` bytes. Its memory ends with the frame, so
// that AddressSanitizer sees every read beyond the end. Free it with buffer_free().
static inline struct rte_mbuf *buffer_new(uint16_t headroom, const void *frame, uint16_t len)
{
	struct rte_mbuf *m = calloc(1, sizeof *m);

	m->buf_len = (uint16_t)(headroom + len);
	m->buf_addr = malloc(m->buf_len ? m->buf_len : 1u);
	m->data_off = headroom;
	m->data_len = len;
	m->pkt_len = len;
	m->nb_segs = 1;
	rte_mbuf_refcnt_set(m, 1);
	memcpy((char *)m->buf_addr + headroom, frame, len);
	return m;
}

static inline void buffer_free(struct rte_mbuf *m)
{
	for (struct rte_mbuf *next; m; m = next) {
		next = m->next;
		free(m->buf_addr);
		free(m);
	}
}
