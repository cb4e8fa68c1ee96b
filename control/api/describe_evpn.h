// SPDX-License-Identifier: BSD-3-Clause
// describe_evpn: describes the VNIs and the other VTEPs of a switch as JSON.
//
// Errors  NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/switch/state.h"

struct fabric;

json_t *describe_evpn(const struct vswitch *sw, const struct fabric *f);
json_t *describe_vteps(const struct vswitch *sw, const struct fabric *f);
