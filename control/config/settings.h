// SPDX-License-Identifier: BSD-3-Clause
// settings: THE tables of what a configuration holds besides policy. A file is read, written and
// compared by them, a port is set and described by them. A new key is one row.
//
// Model   A table lists the keys of one object (the configuration, a section, a port …) in the
//         order of a file. A row knows the offset of its member in the object.
// Errors  struct error without a place: whoever has a file adds it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/common/error.h"
#include "control/config/config.h"

// The type of the member stands behind each.
enum setting_type {
	SETTING_TEXT,     // char[size]
	SETTING_NAME,     // the same, see text_is_name()
	SETTING_DEVICE,   // a text that names a device
	SETTING_GROUP,    // a name, that of a port group
	SETTING_NUMBER,   // uint32_t, from min to max; 0: not set
	SETTING_VLAN,     // uint16_t
	SETTING_SWITCH,   // bool
	SETTING_WORD,     // an enum, the index in `words`
	SETTING_MAC,      // uint64_t, of a station; 0: not set
	SETTING_TEXTS,    // char[max][size], and how many there are at `count`
	SETTING_NAMES,    // the same
	SETTING_POLICY,   // struct policy
	SETTING_SECTION,  // a mapping of its own, whose members are in the same object
	SETTING_ELEMENTS, // a pointer to an array of objects, and how many there are at `count`
};

enum {
	SETTING_REQUIRED = 1, // a file must have it
	SETTING_WRITTEN = 2,  // a file that is written has it even where it is not set
};

struct setting {
	const char *name; // NULL behind the last row
	enum setting_type type;
	unsigned flags;
	size_t at;    // offset of the member
	size_t mark;  // offset of its place in the file, of lists an array; 0: it is not kept
	size_t count; // offset of an unsigned, see the types
	size_t size;  // of the member, in bytes; in a list, of one text
	uint32_t min, max;
	uint32_t standard;        // what holds while it is not set
	const char *const *words; // from index `min` on, NULL behind the last one
	const char *many;         // what several of a list are called
	const char *argument;     // what `port set` calls the value; NULL: it cannot be set there
	const struct setting *settings; // of a section
	const struct setting_element *element;
};

// What is in a list of objects.
struct setting_element {
	const char *name;  // "a port"
	const char *label; // "port", what differences put before an object's name
	size_t size;       // bytes of one
	size_t mark;       // offset of its place in the file
	bool brief;        // a line of a file holds all of it
	const struct setting *settings;
};

// The sections of a configuration; their object is a struct config.
extern const struct setting config_settings[];

// What an object of type struct config_port has.
extern const struct setting config_port_settings[];

// NULL: none of this name.
const struct setting *setting_find(const struct setting *table, const char *name);

// The names of a table, see text_hint().
const char *setting_name(void *table, size_t i);

// Gives the members of a zeroed object their standard values.
void setting_init(const struct setting *table, void *object);

// Sets a single value from its text, appends to a list of texts. False: e says why, nothing has
// changed.
bool setting_set(const struct setting *s, void *object, const char *text, struct error *e);

// Back to the standard value, for a single value.
void setting_unset(const struct setting *s, void *object);

// Whether it has another value than the standard one.
bool setting_is_set(const struct setting *s, const void *object);

// A single value as setting_set() takes it; empty: a text, number or MAC that is not set.
enum { SETTING_VALUE = DEVICE_TEXT };
void setting_text(const struct setting *s, const void *object, char out[SETTING_VALUE]);

// A member of an object.
static inline void *setting_member(const struct setting *s, const void *object)
{
	return (char *)(uintptr_t)object + s->at;
}

// Those of a list that are there.
unsigned setting_count(const struct setting *s, const void *object);
const char *setting_list_text(const struct setting *s, const void *object, unsigned i);
void *setting_element(const struct setting *s, const void *object, unsigned i);

// Adds an element with its standard values. NULL: no memory, or there are `max` of them.
void *setting_add_element(const struct setting *s, struct config *c);
