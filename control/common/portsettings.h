// SPDX-License-Identifier: BSD-3-Clause
// portsettings: THE list of what can be set on a port besides policy. A new key is a row here and
// two members of struct config_port (config/config.h), its value and its place in a file. Reading,
// writing, comparing, `port set`, `port show`, help, completion and the manual follow from the row.
//
// X(key, type, member, minimum, maximum, unit, standard, argument, help)
//
// The type is a SETTING_ of config/settings.h. Minimum, maximum and unit are those of
// numbers; NULL: no unit. The standard is what holds while the key is not set; 0: the device
// decides. In help the argument stands for the value.
#pragma once

// Macros, because help quotes them.
#define MTU_MIN 68 // RFC 791
#define MTU_MAX 9600
#define QUEUES_MAX 8

// clang-format off
#define PORT_SETTINGS(X) \
	X("device", DEVICE, device, 0, 0, NULL, 0, "DEVICE", "the port's device, as KIND:ARGUMENT") \
	X("port-group", GROUP, group, 0, 0, NULL, 0, "GROUP", "the group whose policy the port inherits") \
	X("mac-address", MAC, mac, 0, 0, NULL, 0, "MAC", "the MAC that the hypervisor assigned to the vNIC") \
	X("effective-mac", MAC, effective, 0, 0, NULL, 0, "MAC", "the MAC that the guest uses; default: mac-address") \
	X("qmp", TEXT, qmp, 0, 0, NULL, 0, "PATH", "QMP socket of the guest's QEMU, which tells the effective MAC") \
	X("mtu", NUMBER, mtu, MTU_MIN, MTU_MAX, "bytes", 0, "BYTES", "maximum size of a sent packet") \
	X("queues", NUMBER, queues, 1, QUEUES_MAX, NULL, 1, "N", "number of ingress queues of a new port") \
	X("uplink", SWITCH, uplink, 0, 0, NULL, 0, "on|off", "on: the port leads to other networks; default: off") \
	X("offload", SWITCH, offload, 0, 0, NULL, 1, "on|off", "off: the port takes and gives no large segments; default: on")
// clang-format on
