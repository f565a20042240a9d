"""The machine and the versions that figures were measured with; written beside every table."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON_PACKAGES: Final = ("trio", "trio-websocket", "msgpack", "msgspec", "numpy")


def describe() -> dict[str, str]:
    """Return the machine, the versions of everything that takes part, and this checkout's commit."""
    return {
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {platform.platform()}",
        "python": ", ".join([platform.python_version(), *(f"{name} {version(name)}" for name in PYTHON_PACKAGES)]),
        "node": _output("node", "--version"),
        "peers": _peers(),
        "commit": _output("git", "describe", "--always", "--dirty"),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _peers() -> str:
    manifest = json.loads((ROOT / "bench/peers/package.json").read_text())
    return ", ".join(f"{name} {pinned}" for name, pinned in manifest["dependencies"].items())


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def load_average() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]
