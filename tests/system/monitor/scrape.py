# SPDX-License-Identifier: BSD-3-Clause
"""scrape: tests the metrics with Prometheus: its checker, its server, the Grafana dashboard and the alert rules."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import processes
import tap
from bench import PATIENCE_S
from hostile import Silent
from httpswitch import NAME, STATIONS, HttpSwitch, captures, free_port
from web import wait_for_stations

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"
DASHBOARD, ALERTS = PACKAGING / "grafana.json", PACKAGING / "alerts.yaml"
ALERTS_TEST = Path(__file__).with_name("alerts_test.yaml")
SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? ([-+.\de]+)')
LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)",?')
COUNTERS = {"receive_packets": "rx_packets", "receive_bytes": "rx_bytes", "receive_forwarded": "rx_forwarded",
            "receive_flooded": "rx_flooded", "receive_unknown": "rx_unknown", "transmit_packets": "tx_packets", "transmit_bytes": "tx_bytes", "mac_moves": "mac_moves",
            "not_learned": "not_learned"}
VARIABLES = {"$__rate_interval": "10s", "$instance": ".*", "$port": ".*"}


def needed(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tap.Skip(f"there is no {program}")


def samples(site):
    """{(name, labels): value}"""
    answer = site.get("/metrics")
    tap.equal((answer.status, answer.headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "the answer")
    found = {}
    for line in answer.text().splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            key = name, frozenset(LABEL.findall(labels or ""))
            assert key not in found, f"twice: {line}"
            found[key] = float(value)
    return found


def value(found, name, **labels):
    return found[name, frozenset(labels.items())]


def checked(site):
    needed("promtool")
    wait_for_stations(site)
    done = subprocess.run(["promtool", "check", "metrics"], input=site.get("/metrics").body, capture_output=True, check=False)
    tap.equal((done.returncode, done.stdout + done.stderr), (0, b""), "promtool's opinion")


def same(site):
    """The metrics of every port equal the counters of nestctl. Each drop reason has a series."""
    found = samples(site)
    for port in site.call("stats.show"):
        name = port["name"]
        for metric, member in COUNTERS.items():
            tap.equal(value(found, f"nestswitch_port_{metric}_total", port=name), port[member], f"{metric} of {name}")
        for reason, count in port["rx_would_drop"].items():
            tap.equal(value(found, "nestswitch_port_receive_would_drop_total", port=name, reason=reason), count,
                      f"{reason} of {name} on trial")
        for reason, count in port["rx_drops"].items():
            tap.equal(value(found, "nestswitch_port_receive_drops_total", port=name, reason=reason), count, f"{reason} of {name}")
        for reason, count in port["tx_drops"].items():
            tap.equal(value(found, "nestswitch_port_transmit_drops_total", port=name, reason=reason), count, f"{reason} to {name}")
        for reason, count in port["device_drops"].items():
            tap.equal(value(found, "nestswitch_port_device_drops_total", port=name, reason=reason), count, f"{reason} of the device of {name}")
        tap.equal(value(found, "nestswitch_fdb_entries", port=name), port["macs"], f"MACs of {name}")
    tap.equal(value(found, "nestswitch_port_receive_drops_total", port="c", reason="forged_transmit"), 3, "forged frames")
    tap.equal(value(found, "nestswitch_port_receive_packets_total", port="esx-1.a"), STATIONS, "frames")


def rest(site):
    found, status = samples(site), site.call("status")
    tap.equal(value(found, "nestswitch_fdb_size"), status["fdb"]["size"], "size of the table")
    tap.equal(value(found, "nestswitch_fdb_fixed_entries"), status["fdb"]["fixed"], "fixed entries")
    tap.equal(value(found, "nestswitch_fdb_limit", port="b"), 6000, "limit of b")
    tap.equal(value(found, "nestswitch_buffers"), status["buffers"]["size"], "buffers")
    tap.equal(value(found, "nestswitch_events_total", type="mac-learned"), STATIONS, "stations learned")
    tap.equal(value(found, "nestswitch_events_total", type="port-up"), 0, "ports that came up")
    assert 0 < value(found, "nestswitch_worker_busy_seconds_total", worker="0") < value(found, "nestswitch_uptime_seconds")
    assert value(found, "process_cpu_seconds_total") > 0 and value(found, "process_resident_memory_bytes") > 1 << 20
    escaped = NAME.replace("\\", "\\\\").replace('"', '\\"')
    names = [dict(labels)["name"] for name, labels in found if name == "nestswitch_build_info"]
    tap.equal(names, [escaped], "name of the switch")


def states(site):
    """The next scrape shows changes of ports, and series of new ports."""
    site.call("port.disable", {"name": "b"})
    site.call("port.add", {"name": "new", "set": {"device": "null:", "mac-limit": 9}})
    found = samples(site)
    of_b = {state: value(found, "nestswitch_port_state", port="b", state=state) for state in ("up", "down", "absent", "disabled", "err-disabled")}
    tap.equal(of_b, {"up": 0, "down": 0, "absent": 0, "disabled": 1, "err-disabled": 0}, "state of b")
    tap.equal([value(found, "nestswitch_port_up", port=port) for port in ("esx-1.a", "b", "new")], [1, 0, 1], "ports up")
    tap.equal(value(found, "nestswitch_events_total", type="port-down"), 1, "ports that went down")
    site.call("port.del", {"name": "new"})
    assert ("nestswitch_port_up", frozenset({("port", "new")})) not in samples(site), "the port that went has a series"
    site.call("port.enable", {"name": "b"})


class Prometheus:
    """A Prometheus server that scrapes the switch once a second."""

    def __init__(self, site):
        self.site = site
        self.process = None

    def start(self):
        needed("prometheus")
        folder = self.site.bench.folder
        self.port = free_port()
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [
            {"job_name": "nestswitch", "static_configs": [{"targets": [f"127.0.0.1:{self.site.port}"]}]}]}
        path = self.site.bench.file("prometheus.yaml", json.dumps(config))
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        self.site.bench.running.append(self.process)

    def query(self, expression):
        """The result of a query; None while the server does not answer."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            said = error.read().decode()
            if error.code == 400:
                raise AssertionError(f"{expression}: {said}") from error
            return None
        except OSError:
            return None

    def wait_for(self, expression):
        deadline = time.monotonic() + PATIENCE_S
        while not self.query(expression):
            assert self.process.poll() is None, (self.site.bench.folder / "prometheus.log").read_text()
            assert time.monotonic() < deadline, f"prometheus has nothing for {expression}"
            time.sleep(0.1)

    def answers(self):
        needed("prometheus")
        self.wait_for("count(count_over_time(nestswitch_uptime_seconds[1m]) >= 2)")
        result = self.query('nestswitch_port_receive_drops_total{reason="forged_transmit", port="c"}')
        tap.equal([sample["value"][1] for sample in result], ["3"], "forged frames")
        tap.equal(self.query("nestswitch_build_info")[0]["metric"]["name"], NAME, "name of the switch")

    def takes(self, expression):
        """Checks that the server accepts the expression. It must have data, unless the expression counts rare events."""
        needed("prometheus")
        for variable, means in VARIABLES.items():
            expression = expression.replace(variable, means)
        assert "$" not in expression, expression
        result = self.query(expression)
        assert result or "> 0" in expression, f"nothing for {expression}"

    def stop(self):
        needed("prometheus")
        tap.equal(processes.end(self.process), 0, "exit status")


def dashboard():
    return json.loads(DASHBOARD.read_text())


def expressions():
    return [(panel["title"], target["expr"]) for panel in dashboard()["panels"] for target in panel["targets"]]


def exported(site, asked):
    """Every metric in this text exists. This switch has no tunnels: theirs are only announced."""
    tunnels = re.findall(r"^# TYPE (nestswitch_evpn_\w+) ", site.get("/metrics").text(), re.MULTILINE)
    there = {name for name, _ in samples(site)} | set(tunnels)
    metrics = set(re.findall(r"\b(?:nestswitch|process)_\w+", asked))
    assert metrics, "it asks for nothing"
    tap.equal(metrics - there, set(), "asked for and not there")


def of_dashboard():
    queries = [variable["query"]["query"] for variable in dashboard()["templating"]["list"] if variable["type"] == "query"]
    return " ".join([*queries, *(expression for _, expression in expressions())])


def rules():
    """The alert rules are valid, and each fires when it should."""
    needed("promtool")
    for words in (("check", "rules", ALERTS), ("test", "rules", ALERTS_TEST)):
        done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
        tap.equal(done.returncode, 0, f"exit status of promtool {words[0]} rules:\n{done.stdout}{done.stderr}")
    alerts, tested = (set(re.findall(pattern, path.read_text())) for pattern, path in
                      ((r"- alert: (\w+)", ALERTS), (r'alertname="(\w+)"', ALERTS_TEST)))
    tap.equal(tested, alerts, "alerts with a test")


def reasons_of_rules(site):
    """The reasons and states that the alert rules name exist."""
    text = ALERTS.read_text()
    there = {value for _, labels in samples(site) for label, value in labels if label in ("reason", "state")}
    named = {one for values in re.findall(r'(?:reason|state)=~?"([^"]+)"', text) for one in values.split("|")}
    tap.equal((bool(named), named - there), (True, set()), "named and not there")
    exported(site, text)


def panels():
    """Panels do not overlap and have distinct numbers."""
    taken = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, f"{panel['title']} lies over another one"
        taken |= cells
    numbers = [panel["id"] for panel in dashboard()["panels"]]
    tap.equal(len(set(numbers)), len(numbers), "numbers of panels")


class Watch:
    """One switch under observation. The first scrape of Prometheus takes five seconds, and the server closes silent
    connections after twenty. Other tests run meanwhile."""

    def __init__(self, bench):
        captures(bench)
        self.site = HttpSwitch(bench, "metrics")
        self.server = Prometheus(self.site)
        self.silent = Silent()

    def first_tests(self):
        yield "half a request: the server waits", lambda: self.silent.begin(self.site)
        yield "prometheus starts", self.server.start

    def tests(self):
        site, server = self.site, self.server
        yield "promtool has nothing to say against the metrics", lambda: checked(site)
        yield "metrics of ports are nestctl's counters", lambda: same(site)
        yield "metrics of the switch", lambda: rest(site)
        yield "metrics of ports that change, come and go", lambda: states(site)
        yield "prometheus reads them", server.answers
        yield "dashboard: its panels", panels
        yield "dashboard: asks for what is there", lambda: exported(site, of_dashboard())
        for title, expression in expressions():
            yield f"dashboard: {title}", lambda expression=expression: server.takes(expression)
        yield "alert rules: promtool accepts and fires them", rules
        yield "alert rules: they ask for what is there", lambda: reasons_of_rules(site)
        yield "prometheus stops", server.stop
        yield "half a request: the server hangs up", self.silent.end
        yield "the switch that was watched stops", site.stop
