# SPDX-License-Identifier: BSD-3-Clause
"""identity: random configurations, as `config show` prints them, give another switch the same state."""

import json
import random
import string
import zlib

import generate
import tap
from bench import Client

PORTS_MAX = 14  # DPDK opens 32 devices, and two configurations are open at once
WHAT = generate.WHOLE_POLICY - {"evpn"}  # two switches of one machine cannot have one twin
BASE = {"memory": 128, "hugepages": "off", "busy-poll": "off", "eal": ["--log-level=lib.eal:notice", "--no-telemetry"]}
NAMES = string.ascii_letters + string.digits + "_.-"
LOOKS_LIKE_SOMETHING_ELSE = "on off yes no null true 0 0x1f 1e3 .5 - -- --- ... 08 1_000 name port".split()
SWITCH_NAMES = (
    "lab", "# none", "a # b", "a: b", "- a", "'", '"', "\\", "\tx\t", " x ", "line\nline", "line\n", "é", "日本語", "\U0001f600",
    "\u2028", "\u00a0", "\x7f", "[a]", "{a}", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "?", ",", "null", "~", "a" * 63)
COUNTED = {
    "state", "rx_packets", "rx_bytes", "rx_forwarded", "rx_flooded", "rx_unknown", "rx_drops", "rx_would_drop", "tx_packets", "tx_bytes", "tx_drops", "macs",
    "not_learned", "mac_moves", "truncated"}


RAW = ["--raw-devices"]


class Maker:
    """Makes random configurations in JSON, which is valid YAML."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def configuration(self):
        chance = self.chance
        while len((made := generate.Configuration(chance, WHAT).config)["ports"]) > PORTS_MAX:
            pass
        for port in made["ports"]:
            if chance.random() < 0.3:
                port["mtu"] = chance.choice((68, 576, 1400, 1500, 9000))
            if chance.random() < 0.2:
                port["queues"] = 1  # queues of an open device cannot change
        if chance.random() < 0.5:
            made["switch"]["name"] = chance.choice(SWITCH_NAMES)
        chance.shuffle(made["port-groups"])
        self.rename(made)
        for port in made["ports"]:
            port["device"] = self.device(port["name"])
        made["dataplane"] = BASE
        return json.dumps(made, ensure_ascii=False).replace("\x7f", "\\x7f")

    def device(self, name):
        """Sometimes repeats a device, so that devices stay open. A device of DPDK belongs to one port only."""
        own = f"net_null{zlib.crc32(name.encode())}x{self.chance.randrange(3)},no-rx=1"
        return self.chance.choice(("null:", "pcap:in.pcap", f"pcap:,out {name}.pcap", own))

    def name(self, longest):
        if self.chance.random() < 0.3:
            return self.chance.choice(LOOKS_LIKE_SOMETHING_ELSE)
        return "".join(self.chance.choices(NAMES, k=self.chance.randint(1, longest)))

    def renaming(self, rows, longest):
        """{old name: new name} for objects. Most names stay."""
        names = {row["name"]: row["name"] for row in rows}
        for old in names:
            new = self.name(longest)
            if self.chance.random() < 0.3 and new not in names.values():
                names[old] = new
        for row in rows:
            row["name"] = names[row["name"]]
        return names

    def rename(self, made):
        groups = self.renaming(made["port-groups"], 63)
        ports = self.renaming(made["ports"], 15)
        self.renaming(made.get("mirrors", []), 63)
        for port in made["ports"]:
            if "port-group" in port:
                port["port-group"] = groups[port["port-group"]]
        for row in made["static-macs"] + made.get("bindings", []):
            row["port"] = ports[row["port"]]
        for mirror in made.get("mirrors", []):
            mirror["source"] = [ports[name] for name in mirror["source"]]
            mirror["destination"] = ports[mirror["destination"]]


class Switch:
    """A client of a live switch."""

    def __init__(self, path):
        self.client = Client(path)

    def ask(self, method, **params):
        answer = self.client.call(method, params)
        assert "result" in answer, f"{method}: {answer['error']['message']}"
        return answer["result"]

    def show(self):
        return self.ask("config.show")

    def apply(self, text):
        self.ask("config.apply", file="random", text=text)

    def state(self):
        """The state of the switch, as far as a configuration sets it."""
        ports = [{key: value for key, value in port.items() if key not in COUNTED} for port in self.ask("port.show")]
        names = [{}] + [{"name": port["name"]} for port in ports] + [{"name": group["name"]} for group in self.ask("group.show")]
        fixed = [entry for kind in ("static", "assigned") for entry in self.ask("fdb.show", type=kind)["entries"]]
        return {"ports": ports, "groups": self.ask("group.show"), "fixed": fixed,
                "policies": [self.ask("policy.show", **name) for name in names]}


def spacious():
    """A first configuration with table space for all further configurations."""
    ports = [{"name": f"p{number}", "device": "null:", "mac-address": f"06:00:00:00:00:{number:02x}"} for number in range(PORTS_MAX)]
    return json.dumps({"dataplane": BASE, "switch": {"mac-table-size": 200000}, "ports": ports})


def same(one, other, made):
    tap.equal(other.show(), one.show(), f"config show after {made}")
    tap.equal(other.state(), one.state(), f"state after {made}")


def no_difference(switch, text, name):
    tap.equal(switch.ask("config.diff", file="random", text=text)["differences"], [], f"difference from the {name} configuration {text}")


class Identity:
    """Each public method is a test."""

    def __init__(self, bench, count, fresh):
        self.bench, self.count, self.fresh = bench, count, fresh
        self.maker = Maker(7)

    def tests(self):
        yield f"{self.count} random configurations applied to another switch", self.from_switch_to_switch
        yield f"{self.fresh} random configurations of starting switches", self.to_fresh_switches
        yield f"{self.fresh} saved random configurations after a restart", self.through_the_file

    def from_switch_to_switch(self):
        with self.bench.switch(spacious(), "one", options=RAW) as one, self.bench.switch(spacious(), "other", options=RAW) as other:
            one, other = Switch(one), Switch(other)
            for _ in range(self.count):
                made = self.maker.configuration()
                one.apply(made)
                no_difference(one, made, "applied")
                text = one.show()
                no_difference(one, text, "shown")
                other.apply(text)
                same(one, other, made)

    def to_fresh_switches(self):
        for number in range(self.fresh):
            made = self.maker.configuration()
            with self.bench.switch(spacious(), "one", options=RAW) as one:
                one = Switch(one)
                one.apply(made)
                with self.bench.switch(one.show(), f"fresh{number}", options=RAW) as fresh:
                    same(one, Switch(fresh), made)

    def through_the_file(self):
        for number in range(self.fresh):
            name = f"saved{number}"
            with self.bench.switch(spacious(), name, options=RAW) as path:
                one = Switch(path)
                made = self.maker.configuration()
                one.apply(made)
                one.ask("config.save")
                shown, state = one.show(), one.state()
            with self.bench.switch((self.bench.folder / f"{name}.yaml").read_bytes(), name, options=RAW) as path:
                again = Switch(path)
                tap.equal((again.show(), again.state()), (shown, state), f"config show and state after {made}")
