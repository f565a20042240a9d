"""Writes constraints.txt and package-lock.json with the newest versions that pyproject.toml and package.json allow.

`make lock` runs it. Both files have names, versions and hashes only; each machine's own settings say where packages
come from.
"""

import json
import shutil
import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lock_python(workspace: Path) -> None:
    """Install everything into an empty environment, and write the versions that were installed."""
    venv.create(workspace / "venv", with_pip=True)
    pip = [str(workspace / "venv/bin/python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", f"{ROOT}[dev,fuzz,conformance]"], check=True)
    freeze = [*pip, "freeze", "--all", "--exclude", "pip", "--exclude", "trio-gameserver"]
    (ROOT / "constraints.txt").write_bytes(subprocess.run(freeze, check=True, capture_output=True).stdout)


def lock_node(workspace: Path) -> None:
    """Let npm resolve package.json in a folder without an older lock file and without node_modules."""
    for name in ("package.json", ".npmrc"):
        shutil.copy(ROOT / name, workspace)
    subprocess.run(["npm", "install", "--package-lock-only", "--loglevel=error"], cwd=workspace, check=True)
    lock = json.loads((workspace / "package-lock.json").read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    (ROOT / "package-lock.json").write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        lock_python(Path(folder))
        lock_node(Path(folder))
