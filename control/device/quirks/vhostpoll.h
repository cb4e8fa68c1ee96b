// SPDX-License-Identifier: BSD-3-Clause
// vhostpoll: a vhost device hears its first caller at once.
//
// Model   DPDK's vhost library waits for all its sockets in one thread, a second at a time, and is
//         not woken for a socket that is new: who calls there was answered after up to a second,
//         and a virtio_user device that calls holds up the switch that it belongs to for as long.
//         So poll() is taken over here: for that library, and nobody else, it ends sooner.
#pragma once

void vhostpoll_is_prompt(void);
