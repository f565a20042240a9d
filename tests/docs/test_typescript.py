"""The TypeScript of docs/guide/typescript.md is checked with the types that the page's own command prints.

What the page says to save as a file is built and run by tests/browser/test_npm_package.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.page_blocks import blocks_in, modules_of
from tests.support.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/guide/typescript.md"


@pytest.mark.slow
def test_its_examples_are_checked_with_the_types_of_its_room(tmp_path: Path) -> None:
    (tmp_path / "mygame.py").write_text(modules_of(PAGE)["mygame"])
    (command,) = [block.source for block in blocks_in("sh") if block.page == PAGE and "gameserver" in block.source]
    command = command.replace("gameserver", f'{sys.executable} -c "from gameserver.cli import main; main()"', 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, shell=True, check=True, cwd=tmp_path, env=environment)
    (tmp_path / "sdk").symlink_to(ROOT / "client_demo/sdk")
    for language, suffix in {"ts": "ts", "js": "js"}.items():
        blocks = [block.source for block in blocks_in(language) if block.page == PAGE and not block.saved_as]
        assert blocks
        for number, source in enumerate(blocks):
            (tmp_path / f"page{number}.{suffix}").write_text(source)
    options = json.loads((ROOT / "tsconfig.json").read_text())["compilerOptions"]
    options["paths"] = {"trio-gameserver-sdk": ["./sdk/index.js"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts", "*.js"]}))
    tsc = [str(ROOT / "node_modules/.bin/tsc"), "-p", str(tmp_path)]
    done = subprocess.run(tsc, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
