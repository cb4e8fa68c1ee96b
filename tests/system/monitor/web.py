# SPDX-License-Identifier: BSD-3-Clause
"""web: tests the HTTP server: answers, changes and refusals."""

import json
import re
import socket
import time

import tap
from bench import PATIENCE_S
from httpswitch import CONFIG, STATIONS, TOKEN, HttpSwitch, captures, free_port

USAGE, REFUSED = 2, 1
SAME = ("port.show", "group.show", "policy.show", "stats.show", "config.show", "config.history", "fdb.show?vlan=1&type=assigned",
        "policy.show?name=b", "port.show?name=esx-1.a", "fdb.show?mac=0200.0001.0003&port=esx-1.a")
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

# (path, status, pattern of the message)
QUESTIONS = (
    ("/nosuch", 404, "not found"),
    ("/../etc/passwd", 404, ""),
    ("/index.html", 404, ""),
    ("/metrics/x", 404, ""),
    ("/api", 405, ""),
    ("/api/", 404, "no method"),
    ("/api/nosuch", 404, "no method"),
    ("/api/port.set?name=b", 404, "POST /api"),
    ("/api/port.disable?name=b", 404, "POST /api"),
    ("/api/stats.clear", 404, "POST /api"),
    ("/api/fdb.flush", 404, "POST /api"),
    ("/api/config.check?text=x", 404, "POST /api"),
    ("/api/monitor", 404, "no method"),
    ("/api/port.show?name=nosuch", 400, "no port 'nosuch'"),
    ("/api/fdb.show?vlan=4095", 400, "1 to 4094"),
    ("/api/fdb.show?vlan=", 400, "1 to 4094"),
    ("/api/fdb.show?after=x", 400, "after"),
    ("/api/fdb.show?type=x", 400, "dynamic, sticky"),
    ("/api/events.show?count=1001", 400, "1 to 1000"),
    ("/api/policy.show?group=nosuch", 400, "no port group 'nosuch'"),
    ("/api/port.show?name=%ff", 400, "UTF-8"),
    ("/api/port.show?name", 400, "PARAMETER=VALUE"),
    ("/api/port.show?name=" + "x" * 5000, 400, "no port"),
)

# (headers, body, status, pattern of the answer). No request changes the switch.
REQUESTS = (
    ({}, "{}", 403, "token"),
    (AUTHORIZED | {"Authorization": f"Bearer {TOKEN}x"}, "{}", 403, "token"),
    (AUTHORIZED | {"Authorization": f"Bearer {TOKEN[:-1]}y"}, "{}", 403, "token"),
    (AUTHORIZED | {"Authorization": f"Bearer y{TOKEN[1:]}"}, "{}", 403, "token"),
    (AUTHORIZED | {"Authorization": "Bearer "}, "{}", 403, "token"),
    (AUTHORIZED | {"Authorization": TOKEN}, "{}", 403, "token"),
    (AUTHORIZED | {"Content-Type": "text/plain"}, "{}", 415, "application/json"),
    (AUTHORIZED | {"Content-Type": "application/x-www-form-urlencoded"}, "{}", 415, "application/json"),
    (AUTHORIZED, "", 200, "-32700"),
    (AUTHORIZED, "{", 200, "-32700"),
    (AUTHORIZED, "[]", 200, "-32600"),
    (AUTHORIZED, '{"jsonrpc": "2.0", "method": "nosuch", "id": 1}', 200, "-32601.*unknown method"),
    (AUTHORIZED, '{"jsonrpc": "2.0", "method": "monitor", "id": 1}', 200, "-32000.*needs the control socket"),
    (AUTHORIZED, '{"jsonrpc": "2.0", "method": "port.disable", "id": 1, "params": {"name": "nosuch"}}', 200, "no port 'nosuch'"),
)

# (options, exit status, pattern of standard error)
AMBIGUOUS = (["Host: localhost", "Host: localhost", "Content-Length: 2"],
             ["Host: localhost", "Content-Length: 2", "Content-Length: 2"],
             ["Host: localhost", "Content-Length: 2", "Transfer-Encoding: identity"])

OPTIONS = (
    (["--http", "x"], USAGE, r"\[ADDRESS:\]PORT"),
    (["--http", "0"], USAGE, r"\[ADDRESS:\]PORT"),
    (["--http", "65536"], USAGE, r"\[ADDRESS:\]PORT"),
    (["--http", "127.0.0.1"], USAGE, r"\[ADDRESS:\]PORT"),
    (["--http", "example.org:80"], USAGE, r"\[ADDRESS:\]PORT"),
    (["--http", "::1"], USAGE, r"\[ADDRESS:\]PORT"),
    (["--http", "192.0.2.1:9100"], REFUSED, "Cannot assign"),
    (["--web-write"], USAGE, "belong together"),
    (["--http", "9100", "--web-write"], USAGE, "belong together"),
    (["--http", "9100", "--token-file", "token"], USAGE, "belong together"),
    (["--web-write", "--token-file", "token"], USAGE, "belong together"),
    (["--http", "9100", "--web-write", "--token-file", "nosuch"], USAGE, "nosuch: No such file"),
    (["--http", "9100", "--web-write", "--token-file", "short"], USAGE, "16 to 256"),
    (["--http", "9100", "--web-write", "--token-file", "long"], USAGE, "16 to 256"),
    (["--http", "9100", "--web-write", "--token-file", "spaced"], USAGE, "without spaces"),
    (["--http", "9100", "--web-write", "--token-file", "."], USAGE, r"token"),
    (["--log", "file"], USAGE, "stderr or syslog"),
    (["--log-level", "loud"], USAGE, "error, warning, notice, info or debug"),
)


def page(site):
    answer = site.get("/")
    tap.equal((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"), "the page")
    assert b"<!doctype html>" in answer.body.lower(), answer.text()
    tap.equal(answer.headers["Content-Security-Policy"].split(";")[0], "default-src 'self'", "what it may load")
    tap.equal(answer.headers["X-Content-Type-Options"], "nosniff", "what it may be taken for")
    tap.equal([name for name in answer.headers if name.lower().startswith("access-control")], [], "who else may read it")


def same(site, question):
    method, _, words = question.partition("?")
    params = dict(word.split("=") for word in words.split("&")) if words else None
    answer = site.get(f"/api/{question}")
    tap.equal((answer.status, answer.headers["Content-Type"]), (200, "application/json"), "the answer")
    tap.equal(answer.json(), site.call(method, params), f"{method} by HTTP")


def status(site):
    by_http, by_socket = site.result("/api/status"), site.call("status")
    tap.equal(list(by_http), list(by_socket), "members of the status")
    tap.equal(by_http["name"], by_socket["name"], "name")


def wait_for_stations(site):
    deadline = time.monotonic() + PATIENCE_S
    while (there := site.result("/api/status")["fdb"]["learned"]) < STATIONS:
        assert time.monotonic() < deadline, f"{there} stations are learned"
        time.sleep(0.02)


def pages(site):
    """The pages of the FDB together are the whole FDB."""
    wait_for_stations(site)
    entries, after, count = [], "", 0
    while after is not None:
        answer = site.result("/api/fdb.show?type=dynamic" + (f"&after={after}" if after else ""))
        entries, after, count = entries + answer["entries"], answer["next"], count + 1
    assert count > 1, "the table came as one page"
    listed = json.loads(site.bench.run("nestctl", "-s", site.path, "-j", "fdb", "show", "type", "dynamic").stdout)
    tap.equal([(entry["vlan"], entry["mac"]) for entry in entries], [(entry["vlan"], entry["mac"]) for entry in listed], "the table")


def refused(site, path, wanted, words):
    before = site.call("config.show"), site.call("stats.show")
    answer = site.get(path)
    tap.equal(answer.status, wanted, "status")
    error = answer.json()["error"]
    assert isinstance(error["code"], int) and re.search(words, error["message"]), f"/{words}/ is not in {error}"
    tap.equal((site.call("config.show"), site.call("stats.show")), before, "the switch")


def method_of(site, method, path, allowed):
    answer = site.ask(method, path)
    tap.equal((answer.status, answer.headers["Allow"]), (405, allowed), f"{method} {path}")


def host(site, name, wanted):
    tap.equal(site.get("/api/status", Host=name).status, wanted, f"status for Host: {name}")


def no_host(site):
    with site.connect() as connection:
        connection.sendall(b"GET /api/status HTTP/1.0\r\n\r\n")
        assert b" 421 " in connection.recv(100), "a request without Host is answered"


def ambiguous(site, lines):
    """A proxy in front could see another request than the switch: it must be refused."""
    with site.connect() as connection:
        connection.sendall("\r\n".join(["POST /api HTTP/1.1", *lines, "", "{}"]).encode())
        tap.matches(connection.recv(100).decode(), r"^HTTP/1.1 400 ")


def head(site):
    for path in ("/", "/metrics", "/api/status"):
        answer = site.ask("HEAD", path)
        tap.equal((answer.status, answer.body), (200, b""), path)
        tap.equal(answer.headers["Content-Type"], site.get(path).headers["Content-Type"], path)


def guesses(site):
    """After some wrong tokens a second is over before the next is looked at. The log names the address."""
    wrong = AUTHORIZED | {"Authorization": "Bearer wrong"}
    deadline = time.monotonic() + 20
    while site.ask("POST", "/api", "{}", wrong.items()).status != 429:
        assert time.monotonic() < deadline, "wrong tokens are not limited"
    deadline = time.monotonic() + 5
    while (status := site.ask("POST", "/api", "{}", AUTHORIZED.items()).status) == 429:
        assert time.monotonic() < deadline, "the right token is refused for ever"
        time.sleep(0.1)
    tap.equal(status, 200, "status with the right token")
    tap.matches(site.process.log.read_text(), r"10 HTTP requests with a wrong token from 127\.0\.0\.1")


def denied(site, headers, body, wanted, words):
    before = site.call("config.show")
    answer = site.ask("POST", "/api", body, headers.items())
    tap.equal(answer.status, wanted, "status")
    assert re.search(words, answer.text()), f"/{words}/ is not in {answer.text()}"
    tap.equal(site.call("config.show"), before, "the configuration")


def write(site):
    request = {"jsonrpc": "2.0", "id": "x", "method": "port.disable", "params": {"name": "b"}}
    answer = site.ask("POST", "/api", json.dumps(request), AUTHORIZED.items())
    tap.equal((answer.status, answer.json()), (200, {"jsonrpc": "2.0", "id": "x", "result": {"warnings": []}}), "answer")
    tap.equal(site.call("port.show", {"name": "b"})[0]["state"], "disabled", "state")
    del request["id"]
    request["method"] = "port.enable"
    answer = site.ask("POST", "/api", json.dumps(request), AUTHORIZED.items())
    tap.equal((answer.status, answer.body), (204, b""), "answer to a notification")
    tap.equal(site.call("port.show", {"name": "b"})[0]["state"], "up", "state")


def saves(site):
    """config.save writes only the file of `run`, whether the request names it or not."""
    own, other = site.bench.folder / "web.yaml", site.bench.folder / "other.yaml"
    site.call("port.set", {"name": "b", "set": {"mac-limit": 77}})
    for params, words in (({"file": str(other)}, f'"error".*{own} only'), ({"file": "/etc/passwd"}, f'"error".*{own} only'),
                          ({}, f'"result".*"file": ?"{own}"'), ({"file": str(own)}, f'"result".*"file": ?"{own}"')):
        request = {"jsonrpc": "2.0", "id": 1, "method": "config.save", "params": params}
        answer = site.ask("POST", "/api", json.dumps(request), AUTHORIZED.items())
        assert re.search(words, answer.text()), f"/{words}/ is not in {answer.text()}"
    assert not other.exists(), "another file was written"
    tap.equal(own.read_text(), site.call("config.show"), "the file")


def read_only(site):
    answer = site.ask("POST", "/api", "{}", AUTHORIZED.items())
    tap.equal(answer.status, 403, "status")
    assert "--web-write" in answer.text(), answer.text()


def raw_device(site):
    """--raw-devices is for the control socket: a page in a browser must not reach drivers and files."""
    answer = site.ask("POST", "/api", json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "port.add", "params": {"name": "x", "set": {"device": "net_null8"}}}), AUTHORIZED.items())
    assert "DPDK device string" in answer.json()["error"]["message"], answer.text()


def version_6(bench):
    try:
        free_port(socket.AF_INET6, "::1")
    except OSError as error:
        raise tap.Skip(f"no IPv6: {error}") from error
    site = HttpSwitch(bench, "version6", address="::1")
    tap.equal(site.result("/api/status")["workers"][0]["id"], 0, "worker")
    site.stop()


def exposed(bench):
    """A token that crosses the network in clear text gives a warning."""
    site = HttpSwitch(bench, "exposed", options=["--web-write", "--token-file", "token"], address="0.0.0.0")
    said = site.start().process.log.read_text()
    assert re.search(r"warning: --web-write at 0\.0\.0\.0:\d+ without TLS", said), said
    site.stop()


def taken(site):
    site.bench.fails(REFUSED, "--http: Address already in use", "nestswitch", "run", "--config", "web.yaml", "--socket", "other.sock",
                     "--http", site.port)


def files(bench):
    captures(bench)
    bench.file("options.yaml", CONFIG)
    bench.file("token", TOKEN + "\nsecond line\n")
    bench.file("short", "x" * 15 + "\n")
    bench.file("long", "x" * 257 + "\n")
    bench.file("spaced", "correct horse battery staple\n")


def tests(bench):
    files(bench)
    site = HttpSwitch(bench, "web", options=["--web-write", "--token-file", "token", "--raw-devices"])
    reader = HttpSwitch(bench, "reader")
    yield "GET / is a page that loads nothing from elsewhere", lambda: page(site)
    yield "GET /api/status", lambda: status(site)
    yield "GET /api/fdb.show, page by page", lambda: pages(site)
    for question in SAME:
        yield f"GET /api/{question} is what nestctl gets", lambda question=question: same(site, question)
    for path, wanted, words in QUESTIONS:
        yield f"GET {path[:60]}: {wanted}", lambda path=path, wanted=wanted, words=words: refused(site, path, wanted, words)
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        yield f"{method} is no method here", lambda method=method: method_of(site, method, "/", "GET, HEAD")
    yield "HEAD gets the headers of GET alone", lambda: head(site)
    yield "GET does not go where POST goes", lambda: method_of(site, "GET", "/api", "POST")
    yield "POST does not go where GET goes", lambda: method_of(site, "POST", "/api/status", "GET, HEAD")
    for name, wanted in (("localhost", 200), ("LOCALHOST:80", 200), ("127.0.0.1", 200), ("192.0.2.1:99", 200), ("[::1]:9100", 200),
                         (socket.gethostname(), 200), ("example.org", 421), ("127.0.0.1.example.org", 421), ("[::1", 421), ("", 421),
                         ("[example.org]", 421), ("[::1].example.org", 421), ("[::1]x:80", 421), ("localhost.example.org:80", 421)):
        yield f"Host: {name}: {wanted}", lambda name=name, wanted=wanted: host(site, name, wanted)
    yield "no Host: refused", lambda: no_host(site)
    for lines in AMBIGUOUS:
        yield f"refused as ambiguous: {lines!r}", lambda lines=lines: ambiguous(site, lines)
    for number, (headers, body, wanted, words) in enumerate(REQUESTS, 1):
        yield (f"POST /api, refusal {number}: {words}",
               lambda headers=headers, body=body, wanted=wanted, words=words: denied(site, headers, body, wanted, words))
    yield "POST /api with the token changes the switch", lambda: write(site)
    yield "wrong tokens are limited and told", lambda: guesses(site)
    yield "POST /api: no DPDK device strings", lambda: raw_device(site)
    yield "config.save by HTTP writes the file of run alone", lambda: saves(site)
    yield "the port is taken: said so", lambda: taken(site)
    yield "the switch stops", site.stop
    yield "POST /api without --web-write", lambda: read_only(reader)
    yield "that switch stops too", reader.stop
    yield "an IPv6 address", lambda: version_6(bench)
    yield "--web-write for others than this machine", lambda: exposed(bench)
    for options, status_, words in OPTIONS:
        yield (f"run {' '.join(options)}: exit status {status_}",
               lambda options=options, status_=status_, words=words: bench.fails(
                   status_, words, "nestswitch", "run", "--config", "options.yaml", "--socket", "options.sock", *options))
