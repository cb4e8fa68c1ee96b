// SPDX-License-Identifier: BSD-3-Clause
// glossary: what the reasons of drops and the types of events mean, for help and manual.
#pragma once

#include <stdio.h>

void glossary_print_drops(FILE *out);
void glossary_print_events(FILE *out);
