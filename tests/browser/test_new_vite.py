"""The game with a page in TypeScript that `gameserver new` makes: written with Vite's own server, and built."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.live.nginx import free_port
from tests.support.live.process import GAMESERVER, ServerProcess
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.support.browser.page import Enter

READY_WITHIN_S: Final = 60.0
ENVIRONMENT: Final = {
    **os.environ,
    "PATH": f"{GAMESERVER.parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "NO_COLOR": "1",
}
NAMES_DRAWN: Final = """() => {
  window.names = new Map();
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    window.names.set(text.replace(" is it", ""), [x, y]);
    return fillText.call(this, text, x, y);
  };
}"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as the command makes it, with Vite and TypeScript from this checkout in place of a registry."""
    subprocess.run([GAMESERVER, "new", "skittles", "--template", "vite"], cwd=tmp_path, check=True, capture_output=True)
    folder = tmp_path / "skittles"
    modules = folder / "node_modules"
    modules.mkdir()
    for module in (ROOT / "node_modules").resolve().iterdir():
        (modules / module.name).symlink_to(module)
    (modules / "trio-gameserver-sdk").symlink_to("../sdk")  # as `npm install` does
    (folder / ".installed").touch()
    return folder


def until(holds: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while not holds():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.1)


class MakeDev:
    """`make dev` in a project, as in a terminal: Ctrl+C reaches all of its processes."""

    def __init__(self, folder: Path) -> None:
        self._log = folder.parent / "terminal.txt"
        command = ["make", "dev", "NPM=true", f"PYTHON={sys.executable}", f"PORT={free_port()}"]
        with self._log.open("w") as log:
            self._make = subprocess.Popen(
                command, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def said(self) -> str:
        return self._log.read_text()

    def address(self) -> str:
        """Wait until both servers are there, and return the address that Vite prints."""
        until(lambda: "serving tag on" in self.said() and "Local:" in self.said(), "nothing is served")
        (found,) = re.findall(r"Local: +(http://\S+)", self.said())
        return str(found)

    def interrupt(self) -> None:
        """Press Ctrl+C, and wait until all processes have ended."""
        os.killpg(self._make.pid, signal.SIGINT)
        self._make.wait(20)
        until(self._has_ended, "a process goes on")

    def _has_ended(self) -> bool:
        try:
            os.killpg(self._make.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def kill(self) -> None:
        if not self._has_ended():
            os.killpg(self._make.pid, signal.SIGKILL)
            self._make.wait(20)


@pytest.fixture
def dev(project: Path) -> Iterator[MakeDev]:
    dev = MakeDev(project)
    yield dev
    dev.kill()


def join(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(1000 * READY_WITHIN_S)
    page.goto(address)
    page.evaluate(NAMES_DRAWN)
    page.get_by_label("Your name").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => window.names.has('{name}')")
    return page


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.timeout(240)
def test_changes_of_rules_and_page_are_in_the_page_at_once(dev: MakeDev, project: Path, browser: Browser) -> None:
    page = join(browser, dev.address(), "Ada")
    rules, main, types = project / "skittles.py", project / "src/main.ts", project / "src/tag.d.ts"

    change(rules, "    it = Flag()", "    it = Flag()\n    tired = Flag()")
    until(lambda: "skittles.py has changed: restarted" in dev.said(), "the rules were not restarted")
    until(lambda: "tired: boolean" in types.read_text(), "the types were not made anew")
    page.evaluate("window.names.clear()")
    page.wait_for_function("() => window.names.has('Ada')")  # the page was not loaded again, and she has her seat

    change(rules, "class Tag", "class class Tag")
    until(lambda: "SyntaxError" in dev.said(), "the terminal does not say what is wrong")
    page.get_by_text("SyntaxError").wait_for()
    page.evaluate("window.names.clear()")
    page.wait_for_function("() => window.names.has('Ada')")
    assert "tired: boolean" in types.read_text()
    change(rules, "class class Tag", "class Tag")
    page.get_by_text("SyntaxError").wait_for(state="detached")

    change(main, "16px system-ui", "20px system-ui")
    page.wait_for_function("() => window.names === undefined")
    page.evaluate(NAMES_DRAWN)
    page.wait_for_function("() => window.names.has('Ada')")  # in the seat that it had

    dev.interrupt()
    page.close()
    assert " proxy " not in dev.said()
    assert "No such process" not in dev.said()


def test_the_page_is_built_without_an_error_and_plays(enter: Enter, project: Path) -> None:
    for command in (
        ["make", "NPM=true", f"PYTHON={sys.executable}", "build"],
        ["node_modules/.bin/tsc"],
        ["node_modules/.bin/vite", "build"],
    ):
        done = subprocess.run(command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    with ServerProcess("--web", "dist", folder=project) as server:
        ada = enter(server.address)
        ada.evaluate(NAMES_DRAWN)
        ada.get_by_label("Your name").fill("Ada")
        ada.keyboard.press("Enter")
        ada.wait_for_function("() => window.names.has('Ada')")
        before = ada.evaluate("window.names.get('Ada')")
        ada.keyboard.down("KeyA" if before[0] > 400 else "KeyD")
        ada.wait_for_function(f"() => Math.abs(window.names.get('Ada')[0] - {before[0]}) > 50")
        ada.goto("about:blank")
