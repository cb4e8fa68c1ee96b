// SPDX-License-Identifier: BSD-3-Clause
// describe_evpn: describes the VNIs and the other VTEPs of a switch as JSON.
//
// Errors  NULL: no memory.
#pragma once

#include <jansson.h>

#include "control/switch/state.h"

json_t *describe_evpn(const struct vswitch *sw);
json_t *describe_vteps(const struct vswitch *sw);
