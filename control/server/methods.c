// SPDX-License-Identifier: BSD-3-Clause
#include "control/server/methods.h"

#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/diagnose/method.h"

// The control socket carries out these methods.
static const struct method methods_stream[] = {
	{"monitor", NULL, METHOD_EVENTS, NULL, PARAMS("types", "port")},
	{"capture", NULL, METHOD_FRAMES, NULL,
	 PARAMS("port", "direction", "count", "snaplen", "program")},
	{0},
};

const struct method *const methods_all[] = {
	methods_switch, methods_port,    methods_fdb,  methods_mdb,
	methods_mirror, methods_binding, methods_evpn, methods_config,
	methods_trace,  methods_stream,  NULL,
};
