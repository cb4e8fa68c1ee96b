// SPDX-License-Identifier: BSD-3-Clause
// methods: the tables of methods, one for each subject.
#pragma once

#include "control/api/method.h"

extern const struct method methods_switch[], methods_port[], methods_fdb[], methods_mdb[],
	methods_mirror[], methods_binding[], methods_evpn[], methods_config[];
