// SPDX-License-Identifier: BSD-3-Clause
// handles: what a driver forgets to give back.
//
// Model    net_memif of DPDK 22.11 makes an interrupt handle, of some 24 KiB of DPDK's own memory,
//          for each egress queue, and leaves it behind when the device is closed. One that is
//          opened again every second, as its peer is silent, would use up that memory within
//          minutes, and no port could be opened any more. So rte_intr_instance_alloc() and
//          rte_intr_instance_free() are taken over here: they note what a thread makes and frees
//          between port_notes_begin() and port_notes_end(); what is left of it when the port is
//          closed is freed.
// Limits   PORT_HANDLES_MAX for each port; more are left behind.
#pragma once

#include "dataplane/port.h"

// Frees what the driver of a closed port has not.
void handles_free(struct port *port);
