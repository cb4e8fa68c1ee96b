# SPDX-License-Identifier: BSD-3-Clause
"""bench: programs, a temporary folder and live switches for tests that need no root."""

import json
import re
import signal
import socket
import struct
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import processes

PATIENCE_S = 60
UNREACHABLE = 3
ETHERNET, RAW_IP = 1, 101


def frame(source, destination="ff:ff:ff:ff:ff:ff", size=60):
    header = bytes.fromhex((destination + source).replace(":", "")) + b"\x88\xb5"
    return header.ljust(size, b"\0")


def pcap(frames, linktype=ETHERNET):
    records = b"".join(struct.pack("<IIII", 0, at, len(data), len(data)) + data for at, data in enumerate(frames))
    return struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, linktype) + records


class Client:
    """JSON-RPC over the control socket, one object a line. It can also send arbitrary bytes."""

    schema = None  # checks every answer, if set

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(PATIENCE_S)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """The next answer; None if the switch closed the connection."""
        line = self.file.readline()
        answer = json.loads(line) if line else None
        if self.schema and answer:
            self.schema.check("notification" if "method" in answer else "reply", answer)
        return answer

    def call(self, method, params=None, number=1):
        request = {"jsonrpc": "2.0", "id": number, "method": method} | ({"params": params} if params is not None else {})
        self.send(json.dumps(request).encode() + b"\n")
        answer = self.answer()
        if self.schema and answer and "result" in answer:
            self.schema.check(method, answer["result"])
        return answer

    def close(self):
        self.file.close()
        self.socket.close()


class Bench:
    """With a schema, all JSON output of nestctl is validated."""

    def __init__(self, build, schema=None):
        self.build, self.schema = Path(build).resolve(), schema
        self.temporary = tempfile.TemporaryDirectory(prefix="nest-cli-")
        self.folder = Path(self.temporary.name)
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            processes.end(process, signal.SIGKILL)
        self.temporary.cleanup()

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, program, *words, timeout=PATIENCE_S):
        done = subprocess.run([self.build / program, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=timeout, cwd=self.folder)
        if self.schema and program == "nestctl" and not done.returncode:
            self.schema.check_output(words, done.stdout)
        return done

    def fails(self, status, pattern, program, *words):
        """Expects this exit status, one matching line on standard error and an empty standard output."""
        done = self.run(program, *words)
        assert done.returncode == status, f"exit status {done.returncode}, should be {status}: {done.stderr}{done.stdout}"
        assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), f"standard error is not one line:\n{done.stderr}"
        assert re.search(pattern, done.stderr), f"/{pattern}/ is not in: {done.stderr}"
        assert not done.stdout, f"on standard output: {done.stdout}"

    def succeeds(self, pattern, program, *words):
        done = self.run(program, *words)
        assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr}"
        assert not done.stderr, f"on standard error: {done.stderr}"
        assert re.search(pattern, done.stdout), f"/{pattern}/ is not in: {done.stdout}"
        return done.stdout

    def start(self, config, path, *words, prefix=()):
        """Starts a live switch; its log is next to its socket. words: more options; prefix: a program that starts it."""
        log = path.with_suffix(".log")
        with log.open("wb") as file:
            process = subprocess.Popen([*prefix, self.build / "nestswitch", "run", "--config", config, "--socket", path, "--fresh",
                                        *map(str, words)],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file, cwd=self.folder)
        process.log = log
        self.running.append(process)
        try:
            self.await_start(process, path)
        except BaseException:
            processes.end(process)
            raise
        return process

    def await_start(self, process, path):
        deadline = time.monotonic() + PATIENCE_S
        while (asked := self.run("nestctl", "-s", path, "status")).returncode:
            assert asked.returncode == UNREACHABLE, f"nestctl ended with {asked.returncode}: {asked.stderr}"
            assert process.poll() is None, f"nestswitch ended ({process.returncode}): {process.log.read_text()}"
            assert time.monotonic() < deadline, "nestswitch does not answer"
            time.sleep(0.05)

    @contextmanager
    def switch(self, config, name="live", prefix=(), options=()):
        """A live switch; yields the path of its socket."""
        path = self.folder / f"{name}.sock"
        process = self.start(self.file(f"{name}.yaml", config), path, *options, prefix=prefix)
        try:
            yield path
        finally:
            status = processes.end(process)
        assert status == 0, f"nestswitch ended with {status}: {process.log.read_text()}"
        assert not path.exists(), f"nestswitch left {path} behind"


class SharedSwitch:
    """One live switch for many tests. The first test starts it, the last one stops it."""

    def __init__(self, bench, config, name="live", prefix=(), options=()):
        self.bench, self.path = bench, None
        self.arguments = config, name, prefix, options

    def start(self):
        self.running = self.bench.switch(*self.arguments)
        self.path = self.running.__enter__()

    def stop(self):
        self.path = None
        self.running.__exit__(None, None, None)
