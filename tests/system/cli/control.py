# SPDX-License-Identifier: BSD-3-Clause
"""control: tests nestctl and the control socket of a live switch that receives captures."""

import json
import re
import shlex
import threading
import time

import tap
from bench import Client, SharedSwitch, frame, pcap
from programs import A, B, REFUSED, USAGE

DEVICES = 32  # the limit of Debian's DPDK
ASSIGNED, STATIC = "02:00:00:00:00:a1", "02:00:00:00:00:99"
CONFIG = f"""
switch: {{ name: lab, mac-table-size: 20000 }}
dataplane: {{ memory: 128, hugepages: off, busy-poll: off }}
policy: {{ mac-limit: 1024 }}
port-groups:
  - {{ name: nested, policy: {{ aging-time: 100 }} }}
ports:
  - {{ name: a, device: 'pcap:a.pcap', mac-address: '{ASSIGNED}', policy: {{ promiscuous: accept }} }}
  - {{ name: b, device: 'null:', port-group: nested }}
  - {{ name: c, device: 'null:', enabled: off }}
static-macs:
  - {{ mac: '{STATIC}', vlan: 10, port: b }}
"""
PORT_KEYS = """name state device port_group rx_packets rx_bytes rx_forwarded rx_flooded rx_unknown rx_drops rx_would_drop tx_packets tx_bytes tx_drops
    device_drops macs not_learned mac_moves truncated""".split()
REASONS = """malformed port_down vlan_filtered bad_source bpdu link_local forged_transmit dhcp_server router_advert spoofed rate_limit
    mac_conflict reflected mac_flap mac_limit storm_broadcast storm_multicast same_port isolated dest_down storm_unknown_unicast
    unregistered no_destination""".split()


def policies(words):
    """A check that policy show has {key: (value, its source)}."""
    return lambda shown: all((shown[key]["value"], shown[key]["from"]) == wanted for key, wanted in words.items())


def macs(*wanted):
    return lambda entries: [entry["mac"] for entry in entries] == list(wanted)


def port_is(name, **wanted):
    return lambda ports: [{key: port[key] for key in wanted} for port in ports if port["name"] == name] == [wanted]


def group_is(name, policy):
    return lambda groups: {"name": name, "policy": policy} in groups


# (words, pattern of the text, check of the JSON), run in this order on one switch
STEPS = (
    ("status", "lab", lambda s: s["name"] == "lab" and s["uptime"] > 0 and len(s["workers"]) == 1 and s["fdb"]["size"] == 20000),
    ("stats", "DROPPED", lambda ports: all(list(port) == PORT_KEYS for port in ports)),
    ("stats", "a ", lambda ports: all(list(port["rx_drops"]) == REASONS for port in ports)),
    ("stats", "b ", lambda ports: all(list(port["tx_drops"]) == ["mac_changed", "rate_limit", "queue_full"] for port in ports)),
    ("stats", "c ", port_is("a", state="up", rx_packets=3, rx_flooded=2, rx_bytes=180, macs=2)),
    ("stats", "disabled", port_is("c", state="disabled", tx_packets=0, port_group=None)),
    ("port", "pcap:a.pcap", port_is("a", state="up", device="pcap:a.pcap", mac_address=ASSIGNED, effective_mac=ASSIGNED)),
    ("port show", "nested", port_is("b", port_group="nested", policy={}, mac_address=None)),
    ("port show a", ASSIGNED, lambda ports: len(ports) == 1 and ports[0]["policy"] == {"promiscuous": "accept"}),
    ("policy", "mac-limit +1024 +switch", policies({"mac-limit": (1024, "switch"), "aging-time": (300, "default")})),
    ("policy show b", "aging-time +100 +group", policies({"aging-time": (100, "group"), "allowed-vlans": ("1-4094", "default")})),
    ("policy show a", "promiscuous +accept +port", policies({"promiscuous": ("accept", "port"), "mac-limit": (1024, "switch")})),
    ("policy set unicast-flood off aging-time 700", "", None),
    ("policy show", "aging-time +700 +switch", policies({"unicast-flood": ("off", "switch"), "aging-time": (700, "switch")})),
    ("policy audit", "FRAMES", lambda rows: rows == []),
    ("binding add 10.0.0.7 port a mac 02:00:00:00:00:07 vlan 10", "", None),
    ("binding add 2001:db8::/64 port a mac 02:00:00:00:00:07 vlan 10", "", None),
    ("binding add 10.1.0.0/16 port b", "", None),
    ("binding", r"b +all +- +configured +- +10\.1\.0\.0/16", lambda rows: rows[0] == {"port": "a", "mac": "02:00:00:00:00:07", "vlan": 10,
                                                                   "ip": ["10.0.0.7", "2001:db8::/64"], "type": "configured",
                                                                   "lease": None}),
    ("binding show port b", "10.1.0.0/16", lambda rows: [row["port"] for row in rows] == ["b"]),
    ("config show", "(?s)bindings:.*10.0.0.7", None),
    ("binding del 10.0.0.7 port a mac 02:00:00:00:00:07 vlan 10", "", None),
    ("binding del 2001:db8::/64 port a mac 02:00:00:00:00:07 vlan 10", "", None),
    ("binding del 10.1.0.0/16 port b", "", None),
    ("binding", "IP", lambda rows: rows == []),
    ("policy audit show a", "REASON", lambda rows: rows == []),
    ("policy unset unicast-flood aging-time", "", None),
    ("policy show", "unicast-flood +on +default", policies({"unicast-flood": ("on", "default"), "aging-time": (300, "default")})),
    ("port set b allowed-vlans 1,10-20 mac-limit 5 mac-address 0200.0000.00b1", "", None),
    ("port show b", "02:00:00:00:00:b1", port_is("b", mac_address="02:00:00:00:00:b1",
                                                 policy={"mac-limit": 5, "allowed-vlans": "1,10-20"})),
    ("port set b effective-mac 02:00:00:00:00:b2", "", None),
    ("port show b", "02:00:00:00:00:b2", port_is("b", mac_address="02:00:00:00:00:b1", effective_mac="02:00:00:00:00:b2")),
    ("port unset b mac-limit effective-mac", "", None),
    ("port show b", "", port_is("b", effective_mac="02:00:00:00:00:b1", policy={"allowed-vlans": "1,10-20"})),
    ("port unset b mac-address allowed-vlans", "", None),
    ("port set b uplink yes", "", None),
    ("port show b", " on ", port_is("b", uplink="on")),
    ("port show a", " off ", port_is("a", uplink="off")),
    ("port unset b uplink", "", None),
    ("port show b", " off ", port_is("b", uplink="off", offload="on")),
    ("port set b offload off", "", None),
    ("port show b", "", port_is("b", offload="off")),
    ("port unset b offload", "", None),
    ("port show b", "", port_is("b", offload="on")),
    ("port enable c", "", None),
    ("port show c", "up", port_is("c", state="up")),
    ("port disable c", "", None),
    ("port show c", "disabled", port_is("c", state="disabled")),
    ("group", "nested", group_is("nested", {"aging-time": 100})),
    ("group add other unicast-flood off", "", None),
    ("group show other", "other", lambda groups: groups == [{"name": "other", "policy": {"unicast-flood": "off"}}]),
    ("group set other mac-limit 9", "", None),
    ("port set c port-group other", "", None),
    ("policy show c", "mac-limit +9 +group", policies({"mac-limit": (9, "group"), "unicast-flood": ("off", "group")})),
    ("group unset other mac-limit", "", None),
    ("group show", "other", group_is("other", {"unicast-flood": "off"})),
    ("port unset c port-group", "", None),
    ("group del other", "", None),
    ("group show", "nested", lambda groups: len(groups) == 1),
    ("fdb", A, macs(ASSIGNED, A, B, STATIC)),
    ("fdb show port a type dynamic", B, macs(A, B)),
    ("fdb show vlan 10", STATIC, lambda entries: {"mac": STATIC, "vlan": 10, "port": "b", "type": "static", "age": None} in entries),
    ("fdb show type assigned", ASSIGNED, lambda e: e == [{"mac": ASSIGNED, "vlan": None, "port": "a", "type": "assigned", "age": None}]),
    (f"fdb show mac {A}", A, lambda e: len(e) == 1 and (e[0]["vlan"], e[0]["port"], e[0]["type"]) == (1, "a", "dynamic")),
    ("fdb add 02:00:00:00:00:77 vlan 20 port b", "", None),
    ("fdb show vlan 20 type static", "02:00:00:00:00:77", macs("02:00:00:00:00:77")),
    ("fdb del 02:00:00:00:00:77 vlan 20", "", None),
    ("fdb show vlan 20 type static", "", macs()),
    (f"fdb del {A} vlan 1", "", None),
    ("fdb show type dynamic", B, macs(B)),
    ("fdb flush port b", "", None),
    ("fdb show type dynamic", B, macs(B)),
    ("fdb flush vlan 1", "", None),
    ("fdb show", STATIC, macs(ASSIGNED, STATIC)),
    ("stats clear", "", None),
    ("stats", "", port_is("a", rx_packets=0, rx_flooded=0)),
    ("config show", "pcap:a.pcap", None),
    ("port add d device null: mac-limit 7 port-group nested", "", None),
    ("port show d", "d +up +- +nested +null:", port_is("d", state="up", device="null:", port_group="nested", policy={"mac-limit": 7})),
    ("stats", "d +up +0", port_is("d", rx_packets=0, tx_packets=0, macs=0)),
    ("status", r"buffers +\d+ of \d+ used\n.*PORTS\n +0 .* a b c d\n",
     lambda s: s["workers"][0]["ports"] == ["a", "b", "c", "d"] and 0 <= s["buffers"]["used"] < s["buffers"]["size"]),
    ("port set d device net_null7,no-rx=1", "", None),
    ("port show d", "net_null7", port_is("d", state="up", device="net_null7,no-rx=1", policy={"mac-limit": 7})),
    ("port disable d", "", None),
    ("port del d", "", None),
    ("port", "PORT +STATE", lambda ports: [port["name"] for port in ports] == ["a", "b", "c"]),
    ("port add d device null:", "", None),
    ("port show d", "d +up +- +- +null:", port_is("d", state="up", port_group=None, policy={})),
    ("port del d", "", None),
    ("config check live.yaml", "", None),
)

# (words, exit status, pattern of the one line on standard error). No command changes the switch.
REFUSALS = (
    ("port show nosuch", REFUSED, "nosuch"),
    ("port set nosuch mac-limit 5", REFUSED, "nosuch"),
    ("port set a", USAGE, ""),
    ("port set a mac-limit", USAGE, "mac-limit"),
    ("port set a mac-limits 5", USAGE, "mac-limit"),
    ("port set a mac-limit many", USAGE, "0 to 16777216"),
    ("port set a mac-limit 20000", REFUSED, "20000|add up"),
    ("port set a aging-time 5 mac-limit many", USAGE, "mac-limit"),
    ("port set a mac-address 01:00:00:00:00:01", USAGE, "mac-address|group"),
    ("port set b effective-mac 02:00:00:00:00:b2", REFUSED, "mac-address"),
    (f"port set b mac-address {ASSIGNED}", REFUSED, "'a'"),
    ("port set a port-group nosuch", REFUSED, "nosuch"),
    ("port set b allowed-vlans 1", REFUSED, "VLAN 10"),
    ("port unset a nosuch", USAGE, "nosuch"),
    ("port fly", REFUSED, r"'fly' \(a, b or c\)\n"),
    ("port shwo", REFUSED, "'shwo' .did you mean 'port show'"),
    ("group delete", REFUSED, "'delete'"),
    ("port add a device null:", REFUSED, "there is a port 'a' already"),
    ("port add 'a b' device null:", USAGE, "1 to 15 of"),
    ("port add abcdefghijklmnop device null:", USAGE, "1 to 15 of"),
    ("port add", USAGE, "port add NAME device DEVICE"),
    ("port add d", USAGE, "port add NAME device DEVICE"),
    ("port add d mac-limit 5", USAGE, "'device' is missing .*port add NAME device DEVICE"),
    ("port add d device", USAGE, "needs a value"),
    ("port add d device tapp:x", USAGE, "did you mean 'tap'"),
    ("port add d device tap:", USAGE, "argument"),
    ("port add d device null: mac-limits 5", USAGE, "mac-limit"),
    ("port add d device null: port-group nosuch", REFUSED, "nosuch"),
    ("port add d device null: mac-limit 20000", REFUSED, "add up"),
    (f"port add d device null: mac-address {ASSIGNED}", REFUSED, "'a'"),
    ("port add d device af_packet:nosuch0", REFUSED, r"'d': cannot .*'af_packet:nosuch0'.*\(.*interface"),
    ("port add d device pcap:nosuch.pcap", REFUSED, "'d': cannot .*nosuch.pcap"),
    ("port add d device net_null_2,no-rx=1", REFUSED, "'d': cannot .*busy"),  # the name of c's device
    ("port set b device af_packet:nosuch0", REFUSED, r"'b': cannot .*'af_packet:nosuch0'.*\(.*interface"),
    ("port set b device flying:b", USAGE, "no known kind"),
    ("port unset b device", USAGE, "device"),
    ("port add d device pcap:a.pcap mac-address 01:00:00:00:00:01", USAGE, "mac-address"),
    ("port set b device net_null_x,no-rx=1 port-group nosuch", REFUSED, "nosuch"),
    ("port del", USAGE, "port del NAME"),
    ("port del nosuch", REFUSED, "nosuch"),
    ("port del b", REFUSED, f"static MAC {STATIC} .*fdb del {STATIC} vlan 10"),
    ("port enable", USAGE, ""),
    ("policy set promiscuous maybe", USAGE, "reject or accept"),
    ("policy show nosuch", REFUSED, "nosuch"),
    ("policy audit nosuch", REFUSED, "there is no port 'nosuch'"),
    ("binding add 10.0.0.300 port a", USAGE, "ip cannot be '10.0.0.300'"),
    ("binding add 10.0.0.1/24 port a", USAGE, "ip cannot be '10.0.0.1/24'"),
    ("binding add 10.0.0.1 port nosuch", REFUSED, "nosuch"),
    ("binding add 10.0.0.1 port a mac 01:00:5e:00:00:01", USAGE, "a station's"),
    ("binding del 10.0.0.1 port a", REFUSED, "no such binding of 10.0.0.1"),
    ("group add nested", REFUSED, "nested"),
    ("group add 'a b'", USAGE, ""),
    ("group del nested", REFUSED, "'b'"),
    ("group del nosuch", REFUSED, "nosuch"),
    ("fdb show port nosuch", REFUSED, "nosuch"),
    ("fdb show colour blue", USAGE, "colour"),
    ("fdb show vlan 4095", USAGE, "vlan|VLAN"),
    ("fdb show mac 02:00", USAGE, "MAC"),
    ("fdb show type odd", USAGE, "type"),
    ("fdb add", USAGE, ""),
    (f"fdb add {STATIC} vlan 10 port a", REFUSED, "static"),
    ("fdb add 01:00:00:00:00:01 vlan 1 port a", USAGE, "group address"),
    ("fdb add 02:00:00:00:00:77 vlan 1 port nosuch", REFUSED, "nosuch"),
    ("fdb del 02:00:00:00:00:77 vlan 1", REFUSED, ""),
    ("fdb flush type assigned", USAGE, "dynamic, sticky or static"),
    ("stats fly", REFUSED, "there is no port 'fly'"),
    ("config check nosuch.yaml", USAGE, "nosuch.yaml"),
    ("config check bad.yaml", USAGE, "^bad.yaml:1:1: "),
    ("config check 'a bad one.yaml'", USAGE, "^a bad one.yaml:1:1: "),
    ("config check bad:1:2.yaml", USAGE, "^bad:1:2.yaml:1:1: "),
    ("config fly", USAGE, "fly"),
)

# (name, line, error code). Each line gets one answer, all on one connection.
REQUESTS = (
    ("no JSON", b"hello", -32700),
    ("half an object", b'{"jsonrpc": "2.0", ', -32700),
    ("bytes", bytes(range(128, 256)), -32700),
    ("a zero byte", b'{"jsonrpc": "2.0", "id": 1, "method": "status\0"}', -32700),
    ("deeply nested", b"[" * 100000, -32700),
    ("a number", b"5", -32600),
    ("a list", b"[]", -32600),
    ("an empty object", b"{}", -32600),
    ("another version", b'{"jsonrpc": "1.0", "id": 1, "method": "status"}', -32600),
    ("a number as method", b'{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
    ("an unknown method", b'{"jsonrpc": "2.0", "id": 1, "method": "port.fly"}', -32601),
    ("a number as parameters", b'{"jsonrpc": "2.0", "id": 1, "method": "port.show", "params": 5}', (-32600, -32602)),
    ("a number as name", b'{"jsonrpc": "2.0", "id": 1, "method": "port.set", "params": {"name": 5, "set": {}}}', -32602),
    ("a number as settings", b'{"jsonrpc": "2.0", "id": 1, "method": "policy.set", "params": {"set": 5}}', (-32602, -32001)),
    ("a port without a device",
     b'{"jsonrpc": "2.0", "id": 1, "method": "port.add", "params": {"name": "d", "set": {"mac-limit": 5}}}', -32001),
    ("a static MAC without a VLAN",
     b'{"jsonrpc": "2.0", "id": 1, "method": "fdb.add", "params": {"mac": "02:00:00:00:00:77", "port": "a"}}', -32001),
    ("a list as value",
     b'{"jsonrpc": "2.0", "id": 1, "method": "policy.set", "params": {"set": {"mac-limit": [1]}}}', (-32602, -32001)),
)


class Live(SharedSwitch):
    def __init__(self, bench):
        super().__init__(bench, CONFIG, options=["--raw-devices"])
        bench.file("a.pcap", pcap([frame(A), frame(B), frame(B, A)]))
        for name in ("bad.yaml", "a bad one.yaml", "bad:1:2.yaml"):
            bench.file(name, "colour: blue\n")

    def start(self):
        super().start()
        self.await_frames(3)

    def await_frames(self, count):
        """Waits until port a has received this many frames."""
        deadline = time.monotonic() + 10
        while (came := self.stats()["a"]["rx_packets"]) != count:
            assert time.monotonic() < deadline, f"port a received {came} frames, should be {count}"
            time.sleep(0.05)

    def nestctl(self, *words):
        if not self.path:
            raise tap.Skip("the switch did not start")
        return self.bench.run("nestctl", "-s", self.path, *words)

    def stats(self):
        return {port["name"]: port for port in json.loads(self.nestctl("-j", "stats").stdout)}

    def client(self):
        if not self.path:
            raise tap.Skip("the switch did not start")
        return Client(self.path)


def step(live, words, text, proper):
    """Runs a command as text. If it only shows something, also as JSON."""
    done = live.nestctl(*words.split())
    assert (done.returncode, done.stderr) == (0, ""), f"exit status {done.returncode}: {done.stderr}"
    assert re.search(text, done.stdout), f"/{text}/ is not in:\n{done.stdout}"
    if proper:
        shown = json.loads(live.nestctl("-j", *words.split()).stdout)
        assert proper(shown), f"JSON: {json.dumps(shown)}"


def refusal(live, words, status, text):
    before = live.nestctl("config", "show").stdout
    live.bench.fails(status, text, "nestctl", "-s", live.path, *shlex.split(words))
    tap.equal(live.nestctl("config", "show").stdout, before, "configuration")


def round_trip(live):
    """`config show` prints a configuration that gives a fresh switch the same state."""
    live.nestctl("port", "set", "b", "allowed-vlans", "1,10-20", "aging-time", "9")
    shown = live.nestctl("config", "show").stdout
    path = live.bench.file("shown.yaml", shown)
    live.bench.succeeds("valid", "nestswitch", "check", path)
    with live.bench.switch(shown, "fresh") as fresh:
        tap.equal(live.bench.run("nestctl", "-s", fresh, "config", "show").stdout, shown, "configuration of a fresh switch")
        for words in (("policy", "show", "b"), ("group",), ("fdb", "show", "type", "static")):
            tap.equal(live.bench.run("nestctl", "-s", fresh, "-j", *words).stdout, live.nestctl("-j", *words).stdout, str(words))


def ports_by_file(live):
    """config apply adds and removes ports and replaces devices, completely or not at all."""
    before = live.nestctl("config", "show").stdout
    mirror = "mirrors: [{ name: span, source: [b], destination: e }]\n"
    there = before.replace("- name: c", "- name: d\n  device: 'null:'\n- name: e\n  device: 'null:'\n- name: c") + mirror
    for text, received in ((there.replace("pcap:a.pcap", "pcap:,out.pcap"), 0), (there, 3), (before, 3)):
        path = live.bench.file("ports.yaml", text)
        done = live.nestctl("config", "apply", path)
        tap.equal((done.returncode, done.stderr), (0, ""), "exit status and standard error")
        live.await_frames(received)
        if text == there:
            live.bench.fails(REFUSED, "mirror 'span'", "nestctl", "-s", live.path, "port", "del", "e")
    twice = there.replace("name: e\n  device: 'null:'", "name: e\n  device: 'tap:one'").replace("name: d\n  device: 'null:'",
                                                                                       "name: d\n  device: 'tap:one'")
    path = live.bench.file("ports.yaml", twice)
    live.bench.fails(USAGE, "'tap:one' belongs to port 'e'", "nestctl", "-s", live.path, "config", "apply", path)
    wrong = there.replace("name: e\n  device: 'null:'", "name: e\n  device: af_packet:nosuch0")
    path = live.bench.file("ports.yaml", wrong)
    live.bench.fails(REFUSED, "'e': cannot .*nosuch0", "nestctl", "-s", live.path, "config", "apply", path)
    path = live.bench.file("ports.yaml", before.replace("memory: 128", "memory: 256"))
    live.bench.fails(REFUSED, "memory .*restart", "nestctl", "-s", live.path, "config", "apply", path)
    tap.equal(live.nestctl("config", "show").stdout, before, "configuration")


def too_many_devices(live):
    """Adds the maximum number of devices, then one more."""
    for number in range(3, DEVICES):
        tap.equal(live.nestctl("port", "add", f"p{number}", "device", "null:", "mac-limit", "1").returncode, 0, f"exit status {number}")
    live.bench.fails(REFUSED, f"'more': {DEVICES} devices", "nestctl", "-s", live.path, "port", "add", "more", "device", "null:",
                     "mac-limit", "1")
    for number in range(3, DEVICES):
        tap.equal(live.nestctl("port", "del", f"p{number}").returncode, 0, f"exit status {number}")


def request(live, line, codes):
    client = live.client()
    client.send(line + b"\n")
    answer = client.answer()
    assert answer and answer["jsonrpc"] == "2.0" and "result" not in answer, f"answer: {answer}"
    wanted = codes if isinstance(codes, tuple) else (codes,)
    assert answer["error"]["code"] in wanted, f"answer: {answer}"
    assert answer["error"]["message"], f"answer: {answer}"
    tap.equal(client.call("status")["result"]["name"], "lab", "name in the next answer")
    client.close()


def listing(live, method):
    """Lists that help texts are made of. The schema has their form."""
    client = live.client()
    assert "result" in client.call(method), f"no {method}"
    client.close()


def identity(live):
    """an answer has the id of its request"""
    client = live.client()
    for number in (1, 0, -5, "seven", 2 ** 40):
        tap.equal(client.call("status", number=number)["id"], number, "id")
    client.close()


def notification(live):
    """a request without an id gets no answer"""
    client = live.client()
    client.send(b'{"jsonrpc": "2.0", "method": "status"}\n')
    tap.equal(client.call("status", number=2)["id"], 2, "id of the first answer")
    client.close()


def pieces(live):
    """requests may arrive byte by byte, or many at once"""
    client = live.client()
    for byte in b'{"jsonrpc":"2.0","id":1,"method":"status"}\n':
        client.send(bytes([byte]))
    tap.equal(client.answer()["id"], 1)
    client.send(b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"status"}\n' % n for n in range(500)))
    tap.equal([client.answer()["id"] for _ in range(500)], list(range(500)), "ids")
    client.close()


def endless_line(live):
    """an endless line is refused before it fills the memory"""
    client = live.client()
    try:
        for _ in range(40):
            client.send(b"x" * (1 << 20))
        answer = client.answer()
    except (BrokenPipeError, ConnectionResetError):
        answer = None
    assert answer is None or answer["error"]["code"] in (-32700, -32600), f"answer: {answer}"
    client.close()
    tap.equal(live.nestctl("status").returncode, 0, "exit status of the next nestctl")


def deaf_client(live):
    """a client that never reads does not block other clients"""
    client = live.client()
    client.socket.settimeout(0.5)
    try:
        for _ in range(2000):
            client.send(b'{"jsonrpc":"2.0","id":1,"method":"stats.show"}\n' * 100)
    except TimeoutError:
        pass  # the switch rightly stops reading
    started = time.monotonic()
    tap.equal(live.nestctl("status").returncode, 0, "exit status of another nestctl")
    assert time.monotonic() - started < 5, f"another nestctl waits {time.monotonic() - started:.1f} s"
    client.close()


def hang_ups(live):
    """clients may disconnect inside a request, or before the answer"""
    for line in (b"", b'{"jsonrpc"', b'{"jsonrpc":"2.0","id":1,"method":"stats.show"}\n' * 50):
        for _ in range(20):
            client = live.client()
            client.send(line)
            client.close()
    tap.equal(live.nestctl("status").returncode, 0, "exit status of the next nestctl")


def many_clients(live):
    """many clients can be connected at once"""
    clients = [live.client() for _ in range(50)]
    for number, client in enumerate(clients):
        client.send(b'{"jsonrpc":"2.0","id":%d,"method":"stats.show"}\n' % number)
    tap.equal([client.answer()["id"] for client in clients], list(range(50)), "ids")
    for client in clients:
        client.close()


def too_many_clients(live):
    """clients beyond the limit are refused until others disconnect"""
    clients = [live.client() for _ in range(80)]
    live.bench.fails(REFUSED, "64 control clients are connected", "nestctl", "-s", live.path, "status")
    for client in clients:
        client.close()
    deadline = time.monotonic() + 5
    while live.nestctl("status").returncode:
        assert time.monotonic() < deadline, "a client is refused after all others disconnected"


def together(live):
    """concurrent changes are atomic"""
    def change(number):
        statuses.append(live.nestctl("policy", "set", "aging-time", number, "mac-limit", number).returncode)
    statuses = []
    threads = [threading.Thread(target=change, args=(number,)) for number in range(100, 130)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(statuses, [0] * 30, "exit statuses")
    shown = json.loads(live.nestctl("-j", "policy", "show").stdout)
    tap.equal(shown["aging-time"]["value"], shown["mac-limit"]["value"], "aging-time of the last change")
    live.nestctl("policy", "unset", "aging-time", "mac-limit")


def under_load(bench):
    """Changes every key repeatedly at full load. Every frame must be counted."""
    bench.file("load.pcap", pcap([frame(f"02:00:00:00:01:{n:02x}", f"02:00:00:00:01:{(n + 1) % 64:02x}") for n in range(64)]))
    config = ("dataplane: { memory: 128, hugepages: off, busy-poll: off }\nports:\n"
              "  - { name: a, device: 'net_pcap_a,rx_pcap=load.pcap,infinite_rx=1' }\n  - { name: b, device: 'null:' }\n")
    changes = (("promiscuous", "accept"), ("mac-learning", "off"), ("mac-limit", 10), ("native-vlan", 5), ("isolation-group", 3),
               ("unicast-flood", "off"), ("aging-time", 1), ("vlan-mode", "access"), ("allowed-vlans", "1,3"),
               ("forged-transmits", "reject"), ("mac-changes", "reject"), ("mac-limit-policy", "drop"), ("bpdu", "forward"))
    with bench.switch(config, "load") as path:
        client = Client(path)
        for turn in range(20):
            for key, value in changes:
                assert "result" in client.call("policy.set", {"set": {key: value}}), f"{key} cannot be {value}"
                if turn % 2:
                    assert "result" in client.call("policy.unset", {"keys": [key]}), f"{key} cannot be unset"
            client.call("fdb.flush", {})
        first = client.call("stats.show")["result"]
        time.sleep(0.2)
        assert client.call("stats.show")["result"][0]["rx_packets"] > first[0]["rx_packets"], "the port has stopped receiving"
        client.call("port.disable", {"name": "a"})
        time.sleep(0.3)
        for port in client.call("stats.show")["result"]:
            total = port["rx_forwarded"] + port["rx_flooded"] + sum(port["rx_drops"].values())
            assert abs(port["rx_packets"] - total) <= 64, f"{port['name']}: {port['rx_packets']} received, {total} forwarded, flooded or dropped"
        client.close()


def tests(bench):
    live = Live(bench)
    yield "nestctl: start a switch", live.start
    for words, text, proper in STEPS:
        yield f"nestctl {words}", lambda words=words, text=text, proper=proper: step(live, words, text, proper)
    for words, status, text in REFUSALS:
        yield (f"nestctl {words}: exit status {status}",
               lambda words=words, status=status, text=text: refusal(live, words, status, text))
    yield "config apply: add, remove and change ports", lambda: ports_by_file(live)
    yield f"at most {DEVICES} devices", lambda: too_many_devices(live)
    yield "config show prints a complete configuration", lambda: round_trip(live)
    for what, line, code in REQUESTS:
        yield f"a malformed request, {what}: {code}", lambda line=line, code=code: request(live, line, code)
    for method in ("stats.reasons", "policy.keys"):
        yield f"control socket: {method}", lambda method=method: listing(live, method)
    for test in (identity, notification, pieces, endless_line, deaf_client, hang_ups, many_clients, too_many_clients, together):
        yield f"control socket: {test.__doc__}", lambda test=test: test(live)
    yield "nestctl: stop the switch", live.stop
    yield "changes at full load count every frame", lambda: under_load(bench)
