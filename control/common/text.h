// SPDX-License-Identifier: BSD-3-Clause
// text: the values people write and read: numbers, MAC addresses, VLAN lists; and what to say of a
// word not known.
//
// Errors  the readers return false and leave their result alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	MAC_TEXT = 18,
	VLANS_TEXT = 20480,
	CONFIG_FILE_MAX = 16 << 20, // a configuration, in a file or in a request
};

// A set of VLANs, one bit to a VID.
struct vlanset {
	uint64_t word[64];
};

static inline bool vlanset_has(const struct vlanset *s, unsigned vid)
{
	return s->word[vid / 64] >> vid % 64 & 1;
}

static inline void vlanset_add(struct vlanset *s, unsigned vid)
{
	s->word[vid / 64] |= UINT64_C(1) << vid % 64;
}

// Decimal digits only, no more than max.
bool text_number(const char *text, uint64_t max, uint64_t *value);

// aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff or aabb.ccdd.eeff.
bool text_mac(const char *text, uint64_t *mac);
void text_put_mac(uint64_t mac, char out[MAC_TEXT]);

// A list such as 1,10-20 of VIDs 1 to 4094; not empty.
bool text_vlans(const char *text, struct vlanset *vlans);
void text_put_vlans(const struct vlanset *vlans, char out[VLANS_TEXT]);

// Milliseconds since 1970 as 2024-02-29T12:00:00.000Z (RFC 3339).
enum { DATE_TEXT = 25 };
void text_put_date(uint64_t unix_ms, char out[DATE_TEXT]);

// on, off and their synonyms.
bool text_switch(const char *text, bool *on);

// Whether a name has 1 to max of A-Z a-z 0-9 _ . -
bool text_is_name(const char *text, size_t max);

// Makes it one that could also be a file's: '_' for what is not in that list, and for a dot at the
// beginning.
void text_make_name(char *text);

// Makes a message fit for a terminal, a log and JSON: one line, UTF-8, no control characters; what
// is not becomes '?'.
void text_clean(char *message);

// Gives the i-th of a list of words, NULL after the last.
typedef const char *(*text_word_fn)(void *arg, size_t i);

// The word nearest to one mistyped, NULL where none is near.
const char *text_nearest(const char *word, text_word_fn next, void *arg);

// What to say behind a word that is not known: " (did you mean 'x'?)" where one is near. Else "
// (otherwise)", or where that is NULL the words there are: " (a, b or c)", as many as there is room
// for.
enum { TEXT_HINT = 256 };
const char *text_hint(char hint[TEXT_HINT], const char *word, text_word_fn next, void *arg,
		      const char *otherwise);

// The same of words in an array, NULL behind the last.
const char *text_hint_of(char hint[TEXT_HINT], const char *word, const char *const *words);

// The columns that a text takes on a terminal; UTF-8.
size_t text_columns(const char *text);

// Prints paragraphs (an empty line between them), none wider than a terminal; each line begins with
// `indent` blanks.
void text_wrap(FILE *out, const char *text, int indent);
