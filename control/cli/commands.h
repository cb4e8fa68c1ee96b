// SPDX-License-Identifier: BSD-3-Clause
// commands: THE table of what can be said to nestctl. Parsing, usage lines, help, completion and
// the manual are made from it; a new command is a row in commands.c and a method of the switch.
//
// Model   A command is a group, a verb and its arguments. Words of ARG_WORD come first, in their
//         order; then, in any order, keywords with their values; then what takes the rest. Each
//         becomes a parameter of the method.
// Errors  What is wrong is said on standard error, with what would be right; the result is NULL
//         then.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "control/common/view.h"

enum argument_form {
	ARG_WORD = 1, // a word by itself
	ARG_VALUE,    // its name, then its value
	ARG_SETTING,  // the same, a member of parameter `set`
	ARG_LIST,     // all words that follow, an array
	ARG_PAIRS,    // KEY VALUE …, members of parameter `set`: policy keys and `settings`
	ARG_KEYS,     // KEY …, elements of parameter `keys`: the same keys
	ARG_COLUMNS,  // COLUMN VALUE …, members of parameter `where`
};

// What a word may be: how it is checked, and completed.
enum argument_kind {
	KIND_TEXT,
	KIND_CHOICE, // one of `words`
	KIND_NUMBER, // a parameter that is a number
	KIND_SECONDS,
	KIND_COLUMN, // of the command's view, behind a '-' or not
	KIND_PORT,
	KIND_GROUP,
	KIND_PORT_OR_GROUP,
	KIND_MAC,  // of the table, or another
	KIND_VLAN, // the same
	KIND_FILE, // a file that is read: its contents become parameter `text`; - is standard input
	KIND_PATH, // a file that is only named, by its whole path; - stands for itself
};

struct argument {
	const char *name; // the parameter, and the keyword of ARG_VALUE and ARG_SETTING; NULL
			  // behind the last argument
	enum argument_form form;
	enum argument_kind kind;
	const char *value; // what stands for it in a usage line
	const char *help;
	bool optional;
	bool repeated;                   // ARG_VALUE: any number of values, an array
	const char *const *words;        // KIND_CHOICE; NULL behind the last one
	const struct argument *settings; // ARG_PAIRS, ARG_KEYS: what can be set besides policy
};

// How a command is carried out; line.c has a function for each way.
enum command_way {
	WAY_ASK, // the method is asked once, its result is shown
	WAY_WATCH,
	WAY_FOLLOW,
	WAY_TRACE,
	WAY_CAPTURE,
};

struct command {
	const char *group, *verb;
	const char *method;
	enum view view;
	const char *help;            // what it does, in one line
	const struct argument *args; // NULL: none
	const char *more;            // what else help and manual say: paragraphs; NULL: nothing
	const char *examples;        // commands, one a line; NULL: none
	enum command_way way;
	enum view one; // where parameter `port` names one; VIEW_NONE: as `view`
};

// Ends with a row that has no group.
extern const struct command commands[];

// Options of nestctl, which may stand anywhere in a command.
struct command_option {
	const char *name; // NULL behind the last one
	int letter;
	const char *value; // what stands for it in help; NULL: it has none
	const char *help;
	const char *const *words; // what the value is one of, NULL behind the last one; NULL: a
				  // file
};

extern const struct command_option command_options[];

#define COMMAND_SORT "sort" // what stands behind it is a column, and may begin with a '-'

enum { ARGUMENT_USAGE = 128, COMMAND_USAGE = 256 };

// "port P"
const char *argument_usage(const struct argument *a, char out[ARGUMENT_USAGE]);

// "port show [NAME]"
const char *command_usage(const struct command *c, char out[COMMAND_USAGE]);

// The command that words begin with, *used: how many of them name it: `show` is the verb if none is
// given. NULL: none.
const struct command *command_find(char *const *words, int *used);

// The same, but there should be one: NULL after a complaint.
const struct command *command_wanted(char *const *words, int *used);

// The parameters that the words behind a command make.
json_t *command_params(const struct command *c, char *const *words);

// The argument whose keyword a word is, NULL for none.
const struct argument *command_keyword(const struct command *c, const char *word);

// The i-th column that a command's table is sorted by and chosen by, NULL behind the last.
const char *command_column(const struct command *c, size_t i);

// Whether words begin with a keyword, or with a column of the command's table and a value.
bool command_begins_pair(const struct command *c, char *const *words);

// The verb of this command's group that a word is near to, NULL for none.
const char *command_nearest_verb(const struct command *c, const char *word);

// Whether a command is its group's only one, which is said without a verb.
bool command_is_alone(const struct command *c);
