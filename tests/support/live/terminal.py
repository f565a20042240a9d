"""A folder in which the commands of our pages run, and the one port for what they serve."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Final

from tests.support.live.nginx import free_port
from tests.support.live.process import GAMESERVER
from tests.support.page_blocks import BLOCKS
from tests.support.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS_WITHIN_S: Final = 60.0


class Terminal:
    """A folder in which commands run, and one port for what they serve."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = str(free_port())
        self.port = int(port)
        self.health = f"http://127.0.0.1:{port}/healthz"
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join((str(GAMESERVER.parent), os.environ["PATH"])),
            "PYTHONPATH": str(ROOT),
            "GAMESERVER_RUN_PORT": port,
            "GAMESERVER_DEV_PORT": port,
            "GAMESERVER_REPLAY_PORT": port,
            "PORT": port,
            "GAMESERVER_BOTS_URL": f"ws://127.0.0.1:{port}/ws",
        }
        self._server: subprocess.Popen[bytes] | None = None

    def save(self, where: str) -> None:
        """Save the files that a page, and README, say to save."""
        for block in BLOCKS:
            if block.page in (where, "README.md") and block.saved_as:
                path = self.folder / block.saved_as
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.source)

    def run(self, command: str) -> str:
        """Run a command to its end, and return what it printed."""
        done = subprocess.run(
            ["sh", "-c", command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self, command: str) -> None:
        """Start a command, in place of the one before, and return when it answers."""
        self.stop()
        self._server = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=self.folder, env=self.environment)
        deadline_s = time.monotonic() + ANSWERS_WITHIN_S
        while time.monotonic() < deadline_s and self._server.poll() is None:
            try:
                with urllib.request.urlopen(self.health, timeout=5) as answer:
                    assert answer.status == 200
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"{command}: nothing answers")

    def stop(self) -> None:
        """Stop what serves."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(20)
            self._server = None
