// SPDX-License-Identifier: BSD-3-Clause

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/common/error.h"
#include "control/common/unixsocket.h"
#include "control/config/config.h"
#include "control/device/open.h"
#include "control/device/spec.h"
#include "dataplane/port.h"
#include "tests/unit/kit.h"

static bool parts_of(const char *device, struct device_parts *out, struct error *e)
{
	struct config_port p = {.name = "esx1", .at = {3, 9}, .device_at = {4, 11}};

	snprintf(p.device, sizeof p.device, "%s", device);
	return device_parts(&p, "7", out, e);
}

static void devices(void **state)
{
	static const struct {
		const char *device, *args;
	} cases[] = {
		{"tap:t0", "net_tap_7,iface=t0"},
		{"af_packet:eth0", "net_af_packet_7,iface=eth0"},
		{"af_xdp:eth0", "net_af_xdp_7,iface=eth0"},
		{"vhost:/run/a.sock", "net_vhost_7,iface=/run/a.sock"},
		{"vhost-client:/run/a.sock", "net_vhost_7,client=1,iface=/run/a.sock"},
		{"virtio_user:/dev/vhost-net,iface=v0",
		 "net_virtio_user_7,path=/dev/vhost-net,iface=v0"},
		{"memif:/run/m.sock",
		 "net_memif_7,role=server,socket-abstract=no,socket=/run/m.sock"},
		{"memif:/run/m.sock,role=client,id=3",
		 "net_memif_7,role=server,socket-abstract=no,socket=/run/m.sock,role=client,id=3"},
		{"null:", "net_null_7,no-rx=1"},
		{"pcap:in.pcap", "net_pcap_7,rx_pcap=in.pcap"},
		{"pcap:in.pcap,out.pcap", "net_pcap_7,rx_pcap=in.pcap,tx_pcap=out.pcap"},
		{"pcap:,out.pcap", "net_pcap_7,tx_pcap=out.pcap"},
		{"pci:0000:03:00.0", "0000:03:00.0"},
		{"0000:03:00.1", "0000:03:00.1"},
		{"03:00.1", "03:00.1"},
		{"0000:03:00.1,promiscuous=1", "0000:03:00.1,promiscuous=1"},
		{"net_pcap0,rx_pcap=a.pcap,infinite_rx=1",
		 "net_pcap0,rx_pcap=a.pcap,infinite_rx=1"},
		{"eth_tap7,iface=x", "eth_tap7,iface=x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct device_parts parts;
		struct error e;
		CHECK(parts_of(cases[i].device, &parts, &e), "%s: %s", cases[i].device, e.text);
		const char *args = parts.args[0];
		assert_int_equal(parts.count, 1);
		size_t len = strlen(cases[i].args); // driver settings may follow
		CHECK(!strncmp(args, cases[i].args, len) && (!args[len] || args[len] == ','),
		      "%s: %s", cases[i].device, args);
	}
}

// The members come first, then the bond that names them.
static void bonds(void **state)
{
	struct device_parts parts;
	struct error e;

	(void)state;
	assert_true(parts_of("bond:active-backup,tap:x,eth1", &parts, &e));
	assert_int_equal(parts.count, 3);
	assert_string_equal(parts.args[0], "net_tap_7_0,iface=x");
	assert_memory_equal(parts.args[1], "net_af_packet_7_1,iface=eth1,", 29);
	assert_string_equal(parts.args[2], "net_bonding_7,mode=1," DEVICE_MEMBER
					   "=net_tap_7_0," DEVICE_MEMBER "=net_af_packet_7_1");
	assert_true(parts_of("bond:lacp,0000:03:00.0,pci:03:00.1", &parts, &e));
	assert_string_equal(parts.args[2], "net_bonding_7,mode=4," DEVICE_MEMBER
					   "=0000:03:00.0," DEVICE_MEMBER "=03:00.1");
	assert_true(parts_of("bond:balance-xor,tap:x,tap:y", &parts, &e));
	assert_string_equal(parts.args[2], "net_bonding_7,mode=2,xmit_policy=l34," DEVICE_MEMBER
					   "=net_tap_7_0," DEVICE_MEMBER "=net_tap_7_1");
	assert_true(parts_of("bond:802.3ad,a,b,c,d,e,f,g,h", &parts, &e));
	assert_int_equal(parts.count, PORT_PARTS_MAX);
}

static void refusals(void **state)
{
	static const struct {
		const char *device, *says;
		unsigned line;
	} cases[] = {
		{"", "has no device", 3},
		{"tap:", "has no argument", 4},
		{"tap:a\x7f", "has a control character", 4},
		{"af_packet:", "has no argument", 4},
		{"pci:", "has no argument", 4},
		{"null:x", "has an argument", 4},
		{"pcap:", "has no argument", 4},
		{"pcap:,", "has no argument", 4},
		{"vhost:", "has no argument", 4},
		{"memif:", "has no argument", 4},
		{"bond:", "mode of a bond cannot be ''", 4},
		{"virtio_user:/tmp/x,server=1", "cannot serve its socket", 4},
		{"bond:round-robin,eth1", "mode of a bond cannot be 'round-robin'", 4},
		{"bond:lacp", "has no members", 4},
		{"bond:lacp,", "has no argument", 4},
		{"bond:lacp,x:y", "'x:y' is no member", 4},
		{"bond:lacp,bond:lacp", "'bond:lacp' is no member", 4},
		{"bond:lacp,vhost:/tmp/x", "'vhost:/tmp/x' is no member", 4},
		{"bond:lacp,vhost-client:/tmp/x", "'vhost-client:/tmp/x' is no member", 4},
		{"bond:lacp,a,b,c,d,e,f,g,h,i", "at most 8 members", 4},
		{"vhos:x", "did you mean 'vhost'?", 4},
		{"tab:x", "did you mean 'tap'?", 4},
		{"zzzzzzzzzz:x", "is no known kind", 4},
		{"tap", "has no ':' (tap:, followed by name", 4},
		{"null", "has no ':' (null:, followed by nothing)", 4},
		{"0000:03:00", "is no known kind", 4},
		{"0000:03:00.1x", "is no known kind", 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct device_parts parts = {0};
		struct error e;
		CHECK(!parts_of(cases[i].device, &parts, &e), "%s: %s", cases[i].device,
		      parts.args[0]);
		CHECK(strstr(e.text, cases[i].says), "%s: %s", cases[i].device, e.text);
		CHECK(e.at.line == cases[i].line && strstr(e.text, "esx1"), "%s: %u: %s",
		      cases[i].device, e.at.line, e.text);
	}
}

// The longest text that a configuration accepts.
static void long_devices(void **state)
{
	static const char *const kinds[] = {
		"tap:",       "af_packet:", "memif:", "virtio_user:", "pcap:", "pci:",
		"bond:lacp,", "net_",       "x:"};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char device[DEVICE_TEXT];
		struct device_parts parts;
		struct error e;
		memset(device, 'a', sizeof device - 1);
		device[sizeof device - 1] = 0;
		memcpy(device, kinds[i], strlen(kinds[i]));
		if (parts_of(device, &parts, &e))
			CHECK(strstr(parts.args[0], device + strlen(kinds[i])),
			      "%s cuts its argument", kinds[i]);
	}
}

static void pci_devices(void **state)
{
	static const char *const on_pci[] = {"0000:03:00.1", "03:00.1", "pci:anything",
					     "ffff:ff:1f.7,x=1", "bond:lacp,eth1,03:00.0"};
	static const char *const elsewhere[] = {"tap:x", "net_pcap0,rx_pcap=03:00.1",
						"",      "03:00",
						"pci",   "a:b.x",
						"null:", "bond:lacp,eth1"};

	(void)state;
	for (size_t i = 0; i < COUNT(on_pci); i++)
		CHECK(device_is_pci(on_pci[i]), "%s", on_pci[i]);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		CHECK(!device_is_pci(elsewhere[i]), "%s", elsewhere[i]);
}

// The state of a socket is found without a connection.
static void peers(void **state)
{
	char path[] = "/tmp/nestswitch-test-XXXXXX", device[160];
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(a.sun_path, sizeof a.sun_path, "%s/sock", path);
	snprintf(device, sizeof device, "memif:%s,role=client", a.sun_path);
	assert_int_equal(device_peer(device), PEER_ABSENT);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	assert_false(bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1));
	assert_int_equal(device_peer(device), PEER_PRESENT);
	assert_false(unixsocket_bury(a.sun_path));
	assert_int_equal(accept(fd, NULL, NULL), -1);
	close(fd);
	assert_int_equal(device_peer(device), PEER_ABSENT);
	assert_true(unixsocket_bury(a.sun_path));
	assert_int_equal(access(a.sun_path, F_OK), -1);
	assert_int_equal(device_peer("virtio_user:/nonesuch"), PEER_ABSENT);
	assert_int_equal(device_peer("virtio_user:/dev/vhost-net"), PEER_NONE);
	assert_int_equal(device_peer("memif:/nonesuch"), PEER_NONE);
	assert_int_equal(device_peer("tap:x"), PEER_NONE);
	rmdir(path);
}

RUN_TESTS(TEST(devices), TEST(bonds), TEST(refusals), TEST(long_devices), TEST(pci_devices),
	  TEST(peers))
