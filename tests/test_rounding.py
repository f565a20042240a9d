"""Both sides of a link round alike: no fused multiply-add, in the compiled build or in numpy."""

import platform
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from gameserver import compiled
from gameserver.state.entity import Entity
from gameserver.state.fields import Float
from gameserver.sync import loops
from gameserver.sync.motion import Motion
from gameserver.sync.rate_table import rate_table_of
from hatch_build import SETUP, float_flags
from tests.support.source import ROOT

FUSING = ["-O3", "-mfma", "-ffp-contract=fast"] if platform.machine() in ("x86_64", "AMD64") else ["-ffp-contract=fast"]
LOOPS = ("compiled", "state/grids", "state/loops", "sync/loops", "sync/rate_table")
LAST_RESIDUAL = """\
import struct
from gameserver.sync import loops
from gameserver.sync.rate_table import RateTable
table = RateTable([1, -1], [0.1, 0.0], [-1e9, -1e9], [1e9, 1e9], [0, 0])
print(struct.unpack("<2q", loops.residuals(struct.pack("<2q", 0, -5), struct.pack("<2q", 0, -5), 1, 1, table))[0])
"""


class Dot(Entity):
    x = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")


def fuses() -> bool:
    """Whether code that a C compiler fuses runs on this machine."""
    if platform.machine() in ("x86_64", "AMD64"):
        info = Path("/proc/cpuinfo")
        return info.exists() and " fma " in info.read_text()
    return platform.machine() in ("aarch64", "arm64")


def build_loops(folder: Path, flags: list[str]) -> None:
    """Compile the loops, and the check of the compiled build, as hatch_build.py compiles the package."""
    sources = [f"gameserver/{name}.py" for name in LOOPS]
    for name in ("gameserver/state/__init__.py", "gameserver/sync/__init__.py", "gameserver/__init__.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for source in sources:
        shutil.copy(ROOT / source, folder / source)
    (folder / "setup.py").write_text(
        SETUP.format(arguments=["--config-file=", "--strict", *sources], native=[], flags=flags)
    )
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not fuses(), reason="this processor has no fused multiply-add")
@pytest.mark.slow
def test_a_build_with_fused_arithmetic_refuses_to_run(tmp_path: Path) -> None:
    build_loops(tmp_path, FUSING)
    assert run(tmp_path, LAST_RESIDUAL).stdout == "2\n", "the fault that the check is for"
    refused = run(tmp_path, "import gameserver.compiled")
    assert refused.returncode == 1
    message = refused.stderr.splitlines()[-1]
    assert message.startswith("ImportError: this compiled build of gameserver computes 0.1 * -5.0 + 0.5 as -2.7")
    assert "-ffp-contract=off" in message


@pytest.mark.skipif(not fuses(), reason="this processor has no fused multiply-add")
@pytest.mark.slow
def test_the_flags_of_the_build_hook_win_over_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", " ".join(FUSING))
    build_loops(tmp_path, float_flags(sys.platform))
    assert run(tmp_path, LAST_RESIDUAL).stdout == "0\n"
    checked = run(tmp_path, "import gameserver.compiled; assert gameserver.compiled.COMPILED")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_msvc_is_told_the_same_in_its_own_words() -> None:
    assert float_flags("win32") == ["/fp:precise"]
    assert float_flags("darwin") == float_flags("linux") == ["-ffp-contract=off"]


def test_the_interpreter_rounds_as_the_compiled_build_must() -> None:
    compiled.check_rounding()


def test_minus_a_half_rounds_to_0_in_both_forms_of_the_residuals() -> None:
    """k = 0.1, v = -5: the product is -0.5 to a double, and a little less before it is rounded."""
    codes = np.array([[0], [-5]], np.int64)
    assert Motion(Dot.entity_type, 10).residuals(codes, codes, 2).tolist() == [[0], [0]]
    found = loops.residuals(codes.tobytes(), codes.tobytes(), 1, 2, rate_table_of(Dot.entity_type, 10))
    assert struct.unpack("<2q", found) == (0, 0)


def test_numpy_rounds_after_each_operation_whatever_the_length() -> None:
    """Its SIMD loops run one ufunc at a time; nothing is fused across them."""
    random = Random(1)
    for length in (1, 2, 3, 4, 7, 8, 16, 33, 1000):
        factors = np.array([0.1 if i % 2 else random.uniform(-9.0, 9.0) for i in range(length)])
        values = np.array([-5 if i % 2 else random.randrange(-(2**31), 2**31) for i in range(length)], np.int64)
        found = np.floor(factors * values + 0.5)
        expected = [(f * v + 0.5) // 1.0 for f, v in zip(factors.tolist(), values.tolist(), strict=True)]
        assert found.tolist() == expected
