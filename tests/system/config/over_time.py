# SPDX-License-Identifier: BSD-3-Clause
"""over_time: changes the configuration of one live switch: history, differences, confirmation, SIGHUP, MTU."""

import json
import re
import signal
import time

import tap
from bench import Client, SharedSwitch, frame, pcap

DONE, REFUSED, USAGE = 0, 1, 2
PATIENCE_S = 10
HISTORY_MAX = 100
LIVE = """# the lab
dataplane: { memory: 128, hugepages: off, busy-poll: off }
switch: { name: lab }
policy: { mac-limit: 64 }
port-groups: [ { name: g } ]
ports:
  - { name: a, device: 'net_pcap_a,rx_pcap=load.pcap,infinite_rx=1' }
  - { name: b, device: 'null:', mac-address: 02:00:00:00:00:0b }
"""
CUT_OFF = LIVE.replace("0b }", "0b, enabled: off }")
FRAME_SIZE = 1000

CHANGES = (
    "port set b mac-limit 9 bpdu guard", "port unset b mac-limit bpdu", "port add c device null: mtu 1400", "port disable c",
    "port enable c", "port del c", "group add h mac-limit 3", "group set h mac-limit 4", "group unset h mac-limit", "group del h",
    "policy set aging-time 5", "policy unset aging-time", "fdb add 02:00:00:00:00:99 vlan 5 port b",
    "fdb del 02:00:00:00:00:99 vlan 5", "config apply cut.yaml", "config reload", "config rollback 2", "config rollback 1")
NO_CHANGES = (
    "port set b mac-limit 9000000", "port unset b mac-limit", "port enable b", "config apply live.yaml", "config rollback 1",
    "stats clear")


class Live(SharedSwitch):
    """A live switch with requests and checks."""

    def start(self):
        super().start()
        self.process = self.bench.running[-1]
        self.client = Client(self.path)

    def stop(self):
        self.client.close()
        super().stop()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def say(self, words, status=DONE):
        """Runs a command. Returns its standard error."""
        done = self.bench.run("nestctl", "-s", self.path, *words.split())
        assert done.returncode == status, f"{words}: exit status {done.returncode}: {done.stderr}"
        return done.stderr

    def print(self, words):
        return self.bench.succeeds("", "nestctl", "-s", self.path, *words.split())

    def ask(self, method, **params):
        answer = self.client.call(method, params)
        assert "result" in answer, f"{method}: {answer['error']['message']}"
        return answer["result"]

    def newest(self):
        return self.ask("config.history")[-1]

    def waits(self):
        return self.ask("status")["confirm"]

    def await_end(self, seconds):
        """Waits until no configuration waits for a confirmation."""
        started = time.monotonic()
        while self.waits():
            assert time.monotonic() < started + PATIENCE_S, f"a configuration still waits: {self.waits()}"
            time.sleep(0.02)
        took = time.monotonic() - started
        assert seconds - 0.5 < took < seconds + 2, f"the rollback took {took:.2f} s, should be {seconds}"

    def sent(self):
        """The number of frames that b has sent."""
        return self.ask("stats.show")[1]["tx_packets"]

    def flows(self):
        """Waits until b sends frames."""
        before, deadline = self.sent(), time.monotonic() + PATIENCE_S
        while self.sent() == before:
            assert time.monotonic() < deadline, "b sends no frames"
            time.sleep(0.02)

    def stands_still(self):
        before = self.sent()
        time.sleep(0.1)
        tap.equal(self.sent(), before, "frames that b sent")

    def await_log(self, pattern):
        """Waits for a line in the log."""
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, log := self.process.log.read_text(), re.MULTILINE):
            assert time.monotonic() < deadline, f"/{pattern}/ is not in the log:\n{log}"
            time.sleep(0.02)


class OverTime(Live):
    def __init__(self, bench):
        super().__init__(bench, LIVE, "live")
        bench.file("load.pcap", pcap([frame("02:00:00:00:00:0a", "02:00:00:00:00:0b", FRAME_SIZE)] * 50))
        bench.file("cut.yaml", CUT_OFF)
        bench.file("bad.yaml", LIVE.replace("enabled", "enable").replace("name: g", "nam: g"))
        self.barred = Live(bench, LIVE, "barred")

    def tests(self):
        yield "over time: start a switch", self.start
        for test in (self.no_way_back, self.history, self.words, self.earlier_ones, self.differences, self.rollback_is_whole,
                     self.not_confirmed, self.all_of_it_goes, self.confirmed, self.confirm_refusals, self.reload,
                     self.reload_of_bad_file, self.mtu, self.way_back_again, self.history_is_bounded):
            yield f"over time: {test.__doc__}", test
        yield "over time: stop the switch", self.stop

    def history(self):
        """the history has number, time and words of every change"""
        began = time.time()
        for words in CHANGES:
            self.say(words)
        for words in NO_CHANGES:
            self.bench.run("nestctl", "-s", self.path, *words.split())
        rows = self.ask("config.history")
        tap.equal([(row["number"], row["what"]) for row in rows], list(enumerate(("start", *CHANGES), 1)), "history")
        times = [row["time"] for row in rows]
        assert times == sorted(times) and began < times[1] and times[-1] < time.time(), f"began {began}, times {times}"
        lines = self.print("config history").splitlines()
        assert re.fullmatch(r" +1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  start", lines[1]), lines[1]
        tap.equal(len(lines), 1 + len(rows), "lines of the table")

    def words(self):
        """the words of a change are one short line"""
        self.ask("config.apply", file="né\n" * 200, text=CUT_OFF)
        what = self.newest()["what"]
        assert what.startswith("config apply né?né?") and len(what.encode()) < 256, f"what: {what!r}"

    def earlier_ones(self):
        """config show N and config rollback N use an earlier configuration"""
        first, number = self.print("config show 1"), self.newest()["number"]
        assert "enabled: off" not in first and "enabled: off" in self.print(f"config show {number}"), first
        self.say("config rollback 1")
        tap.equal(self.print("config show"), first, "configuration")
        tap.equal(self.newest()["number"], number + 1, "number")
        for words in ("config show 0", f"config show {number + 2}", "config rollback 0", "config rollback 4294967295"):
            assert "there is no configuration" in self.say(words, REFUSED)
        self.say("config rollback one", USAGE)
        self.say("config rollback", USAGE)

    def differences(self):
        """config diff FILE prints a line for each value that differs"""
        other = self.bench.file("other.yaml", """
dataplane: { memory: 128, hugepages: off, busy-poll: off }
policy: { mac-limit: 65 }
ports:
  - { name: b, device: 'null:', mac-address: 02:00:00:00:00:0b, policy: { bpdu: guard } }
  - { name: c, device: 'null:' }
switch: { name: lab }
""")
        tap.equal(self.print(f"config diff {other}").splitlines(), [
            "- policy mac-limit 64", "+ policy mac-limit 65", "- group g", "- port a",
            "- port a device net_pcap_a,rx_pcap=load.pcap,infinite_rx=1", "+ port b bpdu guard", "+ port c",
            "+ port c device null:"], "differences")
        rows = json.loads(self.print(f"-j config diff {other}"))["differences"]
        tap.equal(rows[0], {"object": "policy", "key": "mac-limit", "running": "64", "file": "65"}, "first difference")
        tap.equal(rows[-1], {"object": "port c", "key": "device", "running": None, "file": "null:"}, "last difference")
        lines = LIVE.splitlines(True)
        self.bench.file("turned.yaml", "".join([*lines[:6], lines[7], lines[6]]))
        tap.equal(self.print("config diff turned.yaml"), "no differences\n", "difference of another order")
        tap.equal(self.print("config diff live.yaml"), "no differences\n", "difference from the file")
        self.bench.fails(USAGE, "^bad.yaml:5:18: ", "nestctl", "-s", self.path, "config", "diff", "bad.yaml")

    def rollback_is_whole(self):
        """a failed rollback changes nothing"""
        gone = self.bench.file("gone.pcap", pcap([frame("02:00:00:00:00:0c")]))
        self.say("port add c device pcap:gone.pcap")
        number = self.newest()["number"]
        self.say("port del c")
        self.say("policy set aging-time 7")
        gone.unlink()
        before = self.print("config show")
        assert "gone.pcap" in self.say(f"config rollback {number}", REFUSED)
        tap.equal(self.print("config show"), before, "configuration")
        self.say("config rollback 1")

    def not_confirmed(self):
        """an unconfirmed configuration is rolled back, and frames flow again"""
        before, number = self.print("config show"), self.newest()["number"]
        monitor = Client(self.path)
        monitor.call("monitor", {"types": ["config-rolled-back"]})
        self.flows()
        warned = self.say("config apply cut.yaml confirm 1")
        assert f"not confirmed: rollback to configuration {number} in 1 s" in warned, warned
        tap.equal(self.waits(), {"seconds_left": 1, "number": number, "problem": None}, "waiting configuration")
        assert re.search(rf"^confirm +1 s left, then rollback to configuration {number}$", self.print("status"), re.MULTILINE)
        self.stands_still()
        self.await_end(0.9)
        self.flows()
        tap.equal(self.print("config show"), before, "configuration")
        tap.equal(self.newest()["what"], f"not confirmed: rollback to {number}", "words of the newest configuration")
        event = monitor.answer()["params"]
        tap.equal((event["type"], event["number"]), ("config-rolled-back", number + 2), "event")
        self.await_log(f"the configuration was not confirmed: rolled back to number {number}")
        monitor.close()

    def all_of_it_goes(self):
        """the rollback includes later changes; another `confirm` restarts the timer"""
        before, number = self.print("config show"), self.newest()["number"]
        self.say("config apply cut.yaml confirm 1")
        assert "rollback to" in self.say("port add c device null:")
        assert "rollback to" in self.say("config apply live.yaml")
        assert "rollback to" in self.say("config apply cut.yaml confirm 2")
        tap.equal(self.waits()["number"], number, "number that comes back")
        assert f"not confirmed yet, {number} comes back in 2 s" in self.say("config save", REFUSED)
        assert "not confirmed" in self.say("config save elsewhere.yaml", REFUSED)
        assert "mac-limit" in self.say("port set b mac-limit x", USAGE)
        self.await_end(1.9)
        tap.equal(self.print("config show"), before, "configuration")

    def confirmed(self):
        """a confirmed configuration stays"""
        self.say("config apply cut.yaml confirm 1")
        tap.equal(self.say("config confirm"), "", "message of confirm")
        tap.equal(self.waits(), None, "waiting configuration")
        time.sleep(1.2)
        assert "enabled: off" in self.print("config show"), "the confirmed configuration was rolled back"
        tap.equal(self.say("port enable b"), "", "message of the next change")

    def confirm_refusals(self):
        """`confirm` refuses bad times, bad files and confirmations of nothing"""
        for seconds in ("0", "86401", "soon"):
            self.say(f"config apply cut.yaml confirm {seconds}", USAGE)
        assert "bad.yaml:5:18" in self.say("config apply bad.yaml confirm 1", USAGE)
        self.bench.file("closed.yaml", LIVE.replace("'null:'", "'pcap:nosuch.pcap'"))
        assert "nosuch.pcap" in self.say("config apply closed.yaml confirm 1", REFUSED)
        tap.equal(self.waits(), None, "waiting configuration")
        assert "nothing waits" in self.say("config confirm", REFUSED)

    def no_way_back(self):
        """a rollback that fails is logged; the running configuration stays"""
        other, gone = self.barred, self.bench.file("barred.pcap", pcap([frame("02:00:00:00:00:0c")]))
        other.start()
        other.say("port add c device pcap:barred.pcap")
        self.before, number = other.print("config show"), other.newest()["number"]
        gone.rename(self.bench.folder / "away.pcap")
        other.say("config apply live.yaml confirm 1")
        other.await_log(rf"nestswitch: error: the configuration was not confirmed, but the rollback to number {number} failed: .*barred.pcap")
        other.await_log(rf"nestswitch: error: number {number + 1} stays in force")
        assert "barred.pcap" in other.waits()["problem"], other.waits()
        tap.equal(other.newest()["number"], number + 1, "number in force")
        other.flows()
        (self.bench.folder / "away.pcap").rename(gone)

    def way_back_again(self):
        """the rollback is retried until it succeeds"""
        deadline = time.monotonic() + PATIENCE_S
        while self.barred.waits():
            assert time.monotonic() < deadline, f"still waits: {self.barred.waits()}"
            time.sleep(0.05)
        tap.equal(self.barred.print("config show"), self.before, "configuration")
        self.barred.stop()

    def reload(self):
        """SIGHUP and config reload apply the switch's file"""
        live = self.bench.folder / "live.yaml"
        live.write_text(LIVE.replace("mac-limit: 64", "mac-limit: 63"))
        self.process.send_signal(signal.SIGHUP)
        self.await_log("applied .*live.yaml")
        tap.equal(self.newest()["what"], "config reload", "words of the newest configuration")
        tap.equal(self.print("config diff live.yaml"), "no differences\n")
        live.write_text(LIVE)
        self.say("config reload")
        tap.equal(self.print("config diff live.yaml"), "no differences\n")

    def reload_of_bad_file(self):
        """reload of a bad file changes nothing and logs the position of the error"""
        live = self.bench.folder / "live.yaml"
        before = self.print("config show")
        for text, wrong in ((self.bench.folder / "bad.yaml").read_text(), "live.yaml:5:18: unknown key 'nam'"), \
                           (LIVE.replace("64", "64, aging-time: x"), "live.yaml:4:38: aging-time"), \
                           (LIVE.replace("128", "256"), "memory cannot change"), (None, "live.yaml"):
            live.unlink()
            if text:
                live.write_text(text)
            self.process.send_signal(signal.SIGHUP)
            self.await_log(f"nestswitch: error: nothing has changed: .*{wrong}")
            self.say("config reload", USAGE if wrong.startswith("live.yaml:") else REFUSED)
            tap.equal(self.print("config show"), before, "configuration")
            live.touch()
        live.write_text(LIVE)

    def dropped(self):
        return self.ask("stats.show")[1]["tx_drops"].get("too_long")

    def shown_mtu(self):
        return self.ask("port.show", name="b")[0]["mtu"]

    def mtu(self):
        """the MTU of a port can change under traffic"""
        longest = FRAME_SIZE - 14
        self.say(f"port set b mtu {longest}")
        self.flows()
        tap.equal(self.dropped(), 0, "frames dropped as too long")
        self.say(f"port set b mtu {longest - 1}")
        self.stands_still()
        assert self.dropped() > 0, "no frame was dropped as too long"
        for wrong in ("67", "9601", "x"):
            assert "a number from 68 to 9600" in self.say(f"port set b mtu {wrong}", USAGE)
        tap.equal(self.shown_mtu(), longest - 1, "MTU")
        self.say("port unset b mtu")
        self.flows()
        tap.equal((self.shown_mtu(), self.dropped()), (None, None), "MTU and frames dropped as too long")
        self.say("port add d device null: mtu 1400")
        tap.equal(self.ask("port.show", name="d")[0]["mtu"], 1400, "MTU of d")

    def history_is_bounded(self):
        """the history keeps the last hundred configurations"""
        for seconds in range(HISTORY_MAX):
            self.ask("policy.set", set={"aging-time": seconds})
        numbers = [row["number"] for row in self.ask("config.history")]
        tap.equal(len(numbers), HISTORY_MAX, "number of configurations")
        tap.equal(numbers, list(range(numbers[0], numbers[0] + HISTORY_MAX)), "numbers")
        self.say("config show 1", REFUSED)
        self.say(f"config rollback {numbers[0] - 1}", REFUSED)
        self.say(f"config rollback {numbers[0]}")
        assert "aging-time: 0\n" in self.print("config show")
