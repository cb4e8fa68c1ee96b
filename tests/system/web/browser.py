# SPDX-License-Identifier: BSD-3-Clause
"""browser: controls one page of a headless Chromium with the DevTools protocol over two pipes."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time

PATIENCE_S = 60
PROGRAMS = (["chromium-headless-shell"], ["chromium", "--headless"])
COMMANDS, EVENTS = 3, 4  # Chromium's descriptors for commands, and for answers and events
COMPLAINTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


def program():
    """The command that starts Chromium; None if it is not installed."""
    return next((words for words in PROGRAMS if shutil.which(words[0])), None)


def pipe():
    """A pipe whose descriptors differ from Chromium's."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


class Browser:
    def __init__(self, folder, prefix=()):
        """`prefix`: words that run a command elsewhere, such as in another namespace."""
        self.prefix = prefix
        self.folder, self.number, self.session, self.rest, self.complaints = folder, 0, None, b"", []

    def __enter__(self):
        commands, self.commands = pipe()
        self.events, events = pipe()

        def connect():
            os.dup2(commands, COMMANDS)
            os.dup2(events, EVENTS)

        self.process = subprocess.Popen(
            [*self.prefix, *program(), "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            start_new_session=True, preexec_fn=connect)
        os.close(commands)
        os.close(events)
        try:
            self.attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        os.close(self.commands)
        os.close(self.events)

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def message(self, deadline):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.events], [], [], max(0, deadline - time.monotonic()))
            assert ready, "Chromium does not answer"
            data = os.read(self.events, 1 << 20)
            assert data, "Chromium has ended"
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params} | ({"sessionId": self.session} if self.session else {})
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            message = self.message(deadline)
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            if message.get("method") in COMPLAINTS:
                self.complaints.append(message["params"])

    def complained(self):
        """New messages of the console: errors, warnings, violations of the content policy."""
        self.js("1")  # all earlier messages arrive before this answer
        said, self.complaints = self.complaints, []
        return [json.dumps(one)[:300] for one in said[:5]]

    def open(self, address):
        self.call("Page.navigate", url=address)

    def js(self, expression):
        """The value of an expression. If it is a promise, its result."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, f"{expression}: {done['exceptionDetails']}"
        return done["result"].get("value")

    def wait(self, expression, wanted=True, patience_s=PATIENCE_S):
        """Waits until an expression has this value."""
        deadline = time.monotonic() + patience_s
        while (value := self.js(expression)) != wanted:
            assert time.monotonic() < deadline, f"{expression} is {value!r}, should become {wanted!r}"
            time.sleep(0.05)

    def text(self, selector):
        return self.js(f"document.querySelector({json.dumps(selector)})?.innerText")

    def texts(self, selector):
        """The texts of all matching elements. An element with children, such as a row, has a list of their texts."""
        return self.js(f"[...document.querySelectorAll({json.dumps(selector)})].map((node) => "
                       "node.children.length ? [...node.children].map((child) => child.innerText) : node.innerText)")

    def visible(self, selector):
        return self.js(f"[...document.querySelectorAll({json.dumps(selector)})].filter((node) => node.checkVisibility()).length")

    def box(self, selector):
        """x, y, width and height of an element, after they have been stable for two frames."""
        return self.js(f"""(async () => {{
            const node = document.querySelector({json.dumps(selector)});
            const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            let box = null, last = null;
            do {{
                node.scrollIntoView({{block: 'center', behavior: 'instant'}});
                last = box;
                box = node.getBoundingClientRect();
                await frame();
            }} while (JSON.stringify(box) !== JSON.stringify(last));
            return [box.x, box.y, box.width, box.height];
        }})()""")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector):
        """Clicks with mouse events."""
        x, y, width, height = self.box(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x + width / 2, y + height / 2, button="left", clickCount=1)

    def key(self, name, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def enter(self, selector, text):
        """Replaces the content of a field with key events."""
        self.js(f"document.querySelector({json.dumps(selector)}).select()")
        self.js(f"document.querySelector({json.dumps(selector)}).focus()")
        if text:
            self.call("Input.insertText", text=text)
        else:
            self.key("Delete", 46)

    def choose(self, selector, value):
        self.js(f"""(() => {{
            const field = document.querySelector({json.dumps(selector)});
            field.value = {json.dumps(value)};
            field.dispatchEvent(new Event('input', {{bubbles: true}}));
        }})()""")

    def look(self, width, height, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        """Writes a picture of the whole page."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                            clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        path.write_bytes(base64.b64decode(picture["data"]))
