// SPDX-License-Identifier: BSD-3-Clause
// handles: frees the interrupt handles that net_memif leaks.
//
// DPDK       22.11.
// Takes over rte_intr_instance_alloc(), rte_intr_instance_free().
// Fault      net_memif allocates an interrupt handle for each egress queue and does not free it
//            when the device is closed. A handle takes some 24 KiB of DPDK's own memory. A port
//            whose peer is silent is reopened every second, so that this memory would be used up
//            within minutes. After that no port could be opened.
// Repair     Both functions note which handles a thread allocates and frees between
//            port_notes_begin() and port_notes_end(). The handles that are left when the port is
//            closed are freed.
// Test       port_test: nothing_is_left.
// Limits     PORT_HANDLES_MAX handles for each port; the rest leak.
#pragma once

#include "dataplane/port.h"

// Frees the handles that the driver of a closed port leaked.
void handles_free(struct port *port);
