# SPDX-License-Identifier: BSD-3-Clause
"""replay: runs scenarios through the switch, and shrinks scenarios that show a difference."""

import json
import os
import random
import shutil
import subprocess

import compare
import pcap
import yamlout


class Replays:
    """Runs replays, in one process if replay-many is built, otherwise in a process for each."""

    def __init__(self, build, folder):
        self.single = os.path.join(build, "nestswitch")
        self.many = os.path.join(build, "tests/model/replay-many")
        self.errors = open(os.path.join(folder, "stderr"), "w+")
        self.process = None

    def run(self, arguments):
        """Returns (exit status or "died", standard error)."""
        self.errors.seek(0)
        self.errors.truncate()
        if os.path.exists(self.many):
            status = self.ask(arguments)
        else:
            command = [self.single, "replay", *arguments]
            status = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=self.errors).returncode
        self.errors.seek(0)
        return status, self.errors.read()

    def ask(self, arguments):
        if not self.process:
            self.process = subprocess.Popen([self.many], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.errors, text=True)
        self.process.stdin.write(" ".join(arguments) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("exit "):
                return int(line.split()[1])
        status = self.process.wait()
        self.process = None
        return "died (%d)" % status

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
        self.errors.close()


class Trial:
    """One scenario in its own folder."""

    def __init__(self, scenario, folder):
        self.scenario, self.folder = scenario, folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.arguments = ["--config", folder + "/config.yaml"]
        self.write()
        self.expected = compare.Expected(scenario)

    def write(self):
        scenario = self.scenario
        with open(self.folder + "/config.yaml", "w") as file:
            file.write(yamlout.configuration(scenario.config, random.Random(len(scenario.frames))))
        for name in compare.devices(scenario.config):
            records = [(time, data, wire) for time, port, data, wire in scenario.frames if port == name]
            if records:
                path = "%s/in-%s.pcap" % (self.folder, name)
                pcap.write(path, records, pcap.MICROSECONDS if scenario.microseconds else pcap.NANOSECONDS,
                           ">" if scenario.big_endian else "<")
                self.arguments += ["--in", "%s=%s" % (name, path)]
        if scenario.until is not None:
            self.arguments += ["--until", str(scenario.until)]

    def differences(self, replays, burst):
        out = "%s/got-%d" % (self.folder, burst)
        os.makedirs(out)
        status, errors = replays.run(self.arguments + ["--burst", str(burst), "--out", out,
                                                       "--report", out + "/report.json"])
        if status != 0:
            return ["exit %s: %s" % (status, errors.strip()[-1000:])]
        return compare.differences(self.expected, out)

    def keep(self, where):
        """Copies the folder and adds the expected outputs."""
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(self.folder, where)
        os.makedirs(where + "/expected")
        for name in self.expected.bodies:
            pcap.write("%s/expected/%s.pcap" % (where, name),
                       [(self.expected.start + time, data, len(data)) for time, data, _ in self.expected.switch.by_name[name].sent])
        with open(where + "/expected/report.json", "w") as file:
            json.dump(compare.in_seconds(self.expected.report), file, indent=1)


class Shrinker:
    """Removes frames, then settings, as long as the switch still differs in the same way."""

    def __init__(self, replays, folder, burst, most_runs=600):
        self.replays, self.folder, self.burst, self.runs = replays, folder, burst, most_runs

    def shrink(self, scenario):
        self.manner = self.manner_of(scenario)
        frames = self.shrink_list(scenario.frames, lambda some: scenario.but_with(frames=some))
        scenario = scenario.but_with(frames=frames)
        for smaller in self.smaller_configurations(scenario.config, {frame[1] for frame in frames}):
            candidate = scenario.but_with(config=smaller(scenario.config))
            if self.fails(candidate):
                scenario = candidate
        return scenario

    def shrink_list(self, items, make):
        """Removes halves, quarters … single items, if the scenario still fails without them."""
        size = len(items) // 2
        while size:
            at = 0
            while at < len(items):
                fewer = items[:at] + items[at + size:]
                if fewer and self.fails(make(fewer)):
                    items = fewer
                else:
                    at += size
            size //= 2
        return items

    def smaller_configurations(self, config, busy):
        """Functions that each remove one part of a configuration: a setting, or a port that receives no frames."""
        for section in ("static-macs", "mirrors", "vlans", "bindings"):
            yield lambda config, section=section: {**config, section: []}
        for key in config["policy"]:
            yield lambda config, key=key: {**config, "policy": without(config["policy"], key)}
        for section in ("port-groups", "ports"):
            for at, row in enumerate(config[section]):
                for key in row["policy"]:
                    yield lambda config, at=at, key=key, section=section: {
                        **config, section: [{**other, "policy": without(other["policy"], key)} if n == at else other
                                            for n, other in enumerate(config[section])]}
        mirrored = {mirror["destination"] for mirror in config.get("mirrors", [])}
        for name in (port["name"] for port in config["ports"] if port["name"] not in busy | mirrored):
            yield lambda config, name=name: without_port(config, name)
        yield from self.smaller_tunnels(config.get("evpn"), busy)

    @staticmethod
    def smaller_tunnels(evpn, busy):
        if not evpn:
            return
        if not busy & {"underlay", evpn["underlay"].get("twin")}:
            yield lambda config: {key: value for key, value in config.items() if key != "evpn"}
        for key in ("policy", "ttl", "dscp", "udp-port"):
            yield lambda config, key=key: {**config, "evpn": without(config["evpn"], key)}
        for peer in evpn["peers"]:
            yield lambda config, peer=peer: {**config, "evpn": {
                **config["evpn"], "peers": [other for other in config["evpn"]["peers"] if other["vtep"] != peer["vtep"]]}}
            for row in peer.get("macs", []):
                yield lambda config, peer=peer, row=row: {**config, "evpn": {**config["evpn"], "peers": [
                    {**other, "macs": [mac for mac in other.get("macs", []) if mac is not row]} if other["vtep"] == peer["vtep"]
                    else other for other in config["evpn"]["peers"]]}}

    def fails(self, scenario):
        if self.runs == 0:
            return False
        self.runs -= 1
        return self.manner_of(scenario) == self.manner

    def manner_of(self, scenario):
        """The kind of failure: exit status, output, or path of the counter. None if the scenario passes."""
        found = Trial(scenario, self.folder).differences(self.replays, self.burst)
        if not found:
            return None
        words = found[0].split()
        return words[:2] if words[0] == "exit" else words[:1]


def without_port(config, name):
    return {**config, "ports": [port for port in config["ports"] if port["name"] != name],
            **{section: [row for row in config.get(section, []) if row["port"] != name] for section in ("static-macs", "bindings")}}


def without(policy, key):
    return {other: value for other, value in policy.items() if other != key}
