"""The load generator and the benchmark server, at a small size: the server that they measure sends the right state."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from bench.tables import faults
from tests.support.source import ROOT

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("taskset") is None, reason="cores are pinned with Linux's taskset"),
]


@pytest.mark.parametrize("mode", ["full", "view", "crowd"])
def test_sampled_clients_see_the_servers_own_state(mode: str) -> None:
    command = ["node", "bench/load/main.mjs", "--peer", "gameserver", "--rooms", "2", "--players", "6", "--mode", mode]
    command += ["--seconds", "1", "--warm", "0.5", "--samples", "4", "--python", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    result = json.loads(done.stdout)
    assert faults(result) == []
    assert result["clients"] == 12
    assert result["verify"]["compared"] > 0
    assert result["inputsPerClientS"] == pytest.approx(20, rel=0.3)
    assert 0 < result["usPerClientTick"] < 5_000
