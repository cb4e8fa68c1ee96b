# SPDX-License-Identifier: BSD-3-Clause
"""hostile: hostile clients of the HTTP server, while a client of the control socket measures its answers."""

import random
import socket
import threading
import time
from contextlib import ExitStack

import tap
from bench import PATIENCE_S, Client
from httpswitch import TOKEN, HttpSwitch, captures

CONNECTIONS_MAX, CONNECTION_PATIENCE_S = 64, 20  # of the server
ANSWER_S = 5  # maximum time for an answer on a busy machine
GARBAGE_S = 2
MIB = 1 << 20

# (name, request, status)
BAD = (
    ("no HTTP at all", b"\0" * 100 + b"\r\n\r\n", b"400"),
    ("a line without end", b"GET /" + b"a" * MIB, b"400"),
    ("a line of 9,000 bytes", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
    ("a header of 9,000 bytes", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", b"400"),
    ("1,000 headers", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10000 + b"\r\n", b"400"),
    ("a header without a colon", b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", b"400"),
    ("an unknown method", b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
    ("an earlier version", b"GET / HTTP/0.1\r\nHost: localhost\r\n\r\n", b"400"),
    ("another version", b"GET / HTTP/7.7\r\nHost: localhost\r\n\r\n", b"400"),
    ("a body longer than may be", b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\nxx", b"413"),
    ("a body of negative length", b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\nxx", b"400"),
    ("a chunk longer than may be", b"POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nxx", b"413"),
    ("a chunk without a number", b"POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"4"),
    ("an expectation", b"POST /api HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Length: 1\r\n\r\nx", b"417"),
    ("a NUL in the path", b"GET /api/\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
)

SEEDS = (
    b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/fdb.show?port=b&vlan=1 HTTP/1.1\r\nHost: [::1]:1\r\nExpect: 100-continue\r\n\r\n",
    b"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n",
    b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\nAuthorization: Bearer " + TOKEN.encode() +
    b"\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\r\n{\"a\":\"bcde\"}",
    b"POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX: y\r\n\r\n",
    b"CONNECT a:b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://localhost/?%00=%zz&a=%ff HTTP/1.1\r\n\r\n",
)
BITS = (b"\r\n", b"\0", b" ", b"HTTP/9.9", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffff\r\n",
        b"%", b"\xff", b"[", b":", b"//", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"Host:\r\n", b"&", b"=")


class Probe:
    """Sends requests to the control socket all the time. The slowest answer took worst_s."""

    def __init__(self, site):
        self.client = Client(site.start().path)
        self.worst_s, self.going = 0, True
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while self.going:
            before = time.monotonic()
            self.client.call("status")
            self.worst_s = max(self.worst_s, time.monotonic() - before)
            time.sleep(0.001)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join()
        self.client.close()

    def check(self):
        assert self.worst_s < ANSWER_S, f"nestctl waited {self.worst_s:.1f} s"


def settles(site, wanted):
    """Waits until the server has closed the ended connections."""
    deadline = time.monotonic() + PATIENCE_S
    while (there := site.descriptors()) > wanted:
        assert time.monotonic() < deadline, f"{there} descriptors are open, {wanted} were before"
        time.sleep(0.05)


def answered(site):
    tap.equal(site.get("/api/status").status, 200, "status for somebody who means no harm")


def slow(site):
    """1,000 clients begin a request and never complete it."""
    answered(site)
    settles(site, before := site.descriptors())
    with Probe(site) as probe, ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(site.connect()).sendall(b"GET / HTTP/1.1\r\nHo")
        answered(site)
        settles(site, before + CONNECTIONS_MAX)
    probe.check()
    settles(site, before)


def newcomers(site):
    """One client beyond the limit: the server closes the connection that was silent for longest, and keeps the others."""
    with ExitStack() as stack:
        clients = [stack.enter_context(site.connect()) for _ in range(CONNECTIONS_MAX)]
        clients[1].sendall(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in clients[1].recv(20)
        stack.enter_context(site.connect())
        tap.equal(clients[0].recv(1), b"", "what the first client hears")
        clients[2].sendall(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in clients[2].recv(20)


def bad(site, request, wanted):
    with site.connect() as client:
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            got = client.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            got = b"HTTP/1.1 " + wanted  # the server closed the connection before it had read everything
    assert got.startswith(b"HTTP/1.1 " + wanted), f"the answer is {got}"
    answered(site)


def mutated(chance):
    data = bytearray(b"".join(chance.choice(SEEDS) for _ in range(chance.randint(1, 3))))
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(data) + 1)
        what = chance.randrange(4)
        if what == 0:
            data[at:at] = chance.choice(BITS)
        elif what == 1:
            del data[at:at + chance.randint(1, 9)]
        elif what == 2 and at < len(data):
            data[at] = chance.randrange(256)
        else:
            data[at:at] = data[chance.randrange(len(data) + 1):][:30]
    return bytes(data)


def garbage_client(site, chance, until):
    while time.monotonic() < until:
        data = mutated(chance)
        cut = chance.randrange(len(data) + 1)
        try:
            with site.connect() as client:
                client.settimeout(0.01)
                client.sendall(data[:cut])
                client.sendall(data[cut:])
                if chance.random() < 0.7:
                    client.shutdown(socket.SHUT_WR)
                client.recv(10000)
        except OSError:
            pass  # the server may close the connection or not answer


def garbage(site):
    settles(site, before := site.descriptors())
    until = time.monotonic() + GARBAGE_S
    with Probe(site) as probe:
        clients = [threading.Thread(target=garbage_client, args=(site, random.Random(seed), until)) for seed in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert site.process.poll() is None, f"the switch ended with {site.process.returncode}: {site.process.log.read_text()}"
    probe.check()
    answered(site)
    settles(site, before)


def resident(site):
    with open(f"/proc/{site.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def deaf(site, room):
    """A client that sends requests endlessly and reads no answer. room: the bytes of memory that it may cost."""
    before = resident(site)
    with Probe(site) as probe, site.connect() as client:
        client.settimeout(0.5)
        try:
            while True:
                client.sendall(b"GET /api/stats.show HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        except TimeoutError:
            pass
    probe.check()
    assert resident(site) < before + room, f"it took {(resident(site) - before) >> 20} MiB"
    answered(site)


def end(site):
    site.stop()
    tap.equal(site.process.log.read_text(), "", "the log")


class Silent:
    """A client that sends half a request, then nothing while other tests run."""

    def begin(self, site):
        self.client = site.connect()
        self.client.sendall(b"GET / HT")
        self.began = time.monotonic()

    def end(self):
        self.client.settimeout(CONNECTION_PATIENCE_S + PATIENCE_S)
        tap.equal(self.client.recv(1), b"", "what it hears")
        self.client.close()
        took = time.monotonic() - self.began
        assert took > CONNECTION_PATIENCE_S - 1, f"hung up on after {took:.1f} s"


def tests(bench, room=32 * MIB):
    captures(bench)
    site = HttpSwitch(bench, "hostile", options=["--web-write", "--token-file", bench.file("secret", TOKEN), "--log-level", "error"])
    yield "1,000 slow clients", lambda: slow(site)
    yield f"{CONNECTIONS_MAX + 1} clients", lambda: newcomers(site)
    for what, request, wanted in BAD:
        yield f"a request that is {what}: {wanted.decode()}", lambda request=request, wanted=wanted: bad(site, request, wanted)
    yield "garbage", lambda: garbage(site)
    yield "a client that asks and does not read", lambda: deaf(site, room)
    yield "the switch under attack stops, and has nothing to say of it", lambda: end(site)
