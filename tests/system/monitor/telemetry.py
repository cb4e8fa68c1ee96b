# SPDX-License-Identifier: BSD-3-Clause
"""telemetry: reads a live switch with DPDK's telemetry client."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time

import tap
from bench import PATIENCE_S
from httpswitch import CONFIG, NAME, HttpSwitch
from web import wait_for_stations

OWN_NAME = ".. /tele"  # switches with the same name share a folder
PREFIX = "_.__tele"  # this name as a folder
ASKING = 8  # DPDK accepts ten clients
QUESTIONS = ("/nestswitch/port,b", "/nestswitch/workers", "/nestswitch/status", "/nestswitch/port,nosuch", "/nestswitch/ports")


def folder():
    if os.geteuid():
        return os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "dpdk", PREFIX)
    return os.path.join("/var/run/dpdk", PREFIX)


def asked(*questions):
    """{question: answer}, from dpdk-telemetry.py"""
    program = shutil.which("dpdk-telemetry.py")
    if not program:
        raise tap.Skip("there is no dpdk-telemetry.py")
    done = subprocess.run([program, "-f", PREFIX], input="".join(f"{question}\n" for question in questions), text=True,
                          capture_output=True, timeout=PATIENCE_S, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    tap.equal([list(answer) for answer in answers], [[question.split(",")[0]] for question in questions], "questions answered")
    return [next(iter(answer.values())) for answer in answers]


def ports(site):
    wait_for_stations(site)
    names, *answers = asked("/nestswitch/ports", *(f"/nestswitch/port,{port['name']}" for port in site.call("stats.show")))
    counters = site.call("stats.show")
    tap.equal(names, [port["name"] for port in counters], "names of the ports")
    for answer, port in zip(answers, counters):
        tap.equal(answer, {name: value for name, value in port.items() if value is not None}, f"port {port['name']}")
    assert answers[2]["rx_drops"]["forged_transmit"] == 3, answers[2]


def rest(site):
    table, workers, status = asked("/nestswitch/table", "/nestswitch/workers", "/nestswitch/status")
    by_socket = site.call("status")
    tap.equal(table, by_socket["fdb"], "table")
    tap.equal(status["fdb"], by_socket["fdb"], "table in the status")
    tap.equal((status["name"], status["version"]), (by_socket["name"], by_socket["version"]), "name and version")
    assert 0 < workers["worker0"]["busy_cycles"] < workers["worker0"]["cycles"], workers


def load(site):
    """The load of a worker that always has frames is about 100 per cent."""
    site.call("port.add", {"name": "busy", "set": {"device": "net_null9", "mac-limit": 9}})
    deadline = time.monotonic() + PATIENCE_S
    while site.call("status")["workers"][0]["load"] < 0.1:
        assert time.monotonic() < deadline, "the worker has nothing to do"
        time.sleep(0.05)
    workers, = asked("/nestswitch/workers")
    site.call("port.del", {"name": "busy"})
    assert 10 <= workers["worker0"]["load"] <= 100, workers


def wrong(site):
    site.start()
    tap.equal(asked("/nestswitch/port,nosuch", "/nestswitch/port", "/nestswitch/nosuch"), [None, None, None], "answers")


def ask_until_the_end(counts, number):
    """Sends requests until the switch ends: then there are fewer answers than questions."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect(os.path.join(folder(), "dpdk_telemetry.v2"))
            client.recv(1024)
            while True:
                for question in QUESTIONS:
                    client.send(question.encode())
                    if not client.recv(1 << 15):
                        return
                    counts[number] += 1
    except OSError:
        pass


def together(site):
    """Clients send requests while ports come and go, and while the switch stops."""
    site.start()
    counts = [0] * ASKING
    clients = [threading.Thread(target=ask_until_the_end, args=(counts, number), daemon=True) for number in range(ASKING)]
    for client in clients:
        client.start()
    for _ in range(20):
        site.call("port.add", {"name": "new", "set": {"device": "null:", "mac-limit": 9}})
        site.call("port.del", {"name": "new"})
    site.stop()
    for client in clients:
        client.join(PATIENCE_S)
    assert not any(client.is_alive() for client in clients), "a client still waits for its answer"
    assert min(counts) > 0, f"answers: {counts}"
    tap.equal(os.listdir(folder()), [], "files left behind")


def tests(bench):
    site = HttpSwitch(bench, "telemetry", CONFIG.replace(NAME, OWN_NAME), ["--raw-devices"])
    yield "ports are nestctl's", lambda: ports(site)
    yield "table, workers, status", lambda: rest(site)
    yield "load of a worker", lambda: load(site)
    yield "what there is not", lambda: wrong(site)
    yield "many ask, while ports come and go and the switch stops", lambda: together(site)
