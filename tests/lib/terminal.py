# SPDX-License-Identifier: BSD-3-Clause
"""terminal: runs a program on a pseudo-terminal, types keys and reads the output."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

PATIENCE_S = 20
LINES, COLUMNS = 40, 100
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b[()][A-Z0-9]|[\r\a]")


class Terminal:
    def __init__(self, words, folder, environment):
        self.said, self.at = "", 0
        self.pid, self.file = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.execve(words[0], [str(word) for word in words], os.environ | {"TERM": "xterm"} | environment)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.file)

    def read(self):
        """False at the end."""
        if not select.select([self.file], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.file, 65536)
        except OSError:  # the program has ended
            return False
        self.said += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern):
        """Waits for text after the previous match. Returns the match."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            seen = CONTROL.sub("", self.said)
            found = re.compile(pattern, re.MULTILINE).search(seen, self.at)
            if found:
                self.at = found.end()
                return found
            assert self.read() and time.monotonic() < deadline, f"/{pattern}/ is not in: {seen[self.at:]!r}"

    def type(self, keys):
        os.write(self.file, keys.encode())

    def end(self):
        """Waits for the end of the program. Returns its exit status."""
        deadline = time.monotonic() + PATIENCE_S
        while self.read():
            assert time.monotonic() < deadline, f"the program does not end: {self.said[-200:]!r}"
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status
