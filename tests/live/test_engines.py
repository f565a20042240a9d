"""The browser client and the shared step in engines other than V8: Firefox, WebKitGTK and the shell of JavaScriptCore.

`make test` runs this short form in the engines that are there; `make test-engines` installs them and runs more.
"""

import json
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from gameserver.games.arena import Arena
from gameserver.ops.check_world import world_experiment
from gameserver.room.kind import make_kind
from gameserver.shared_math import atan2, clamp, cos, hypot, sin
from gameserver.shared_step.differential import Experiment, GridField, pack
from gameserver.shared_step.translate import to_module
from tests.support.engines import engines
from tests.support.engines.engines import LONG, program_of
from tests.support.sim.football import Ball, Disc, Football, Push, glide
from tests.support.source import ROOT

ARGUMENTS: Final = 100_000 if LONG else 2_000
VALUES: Final = 2_400_000 if LONG else 20_000
"""States of the arena's step, each number of each tick."""
STEPS: Final = 60
REPORT_WITHIN_S: Final = 300.0 if LONG else 60.0
FUNCTIONS: Final[tuple[tuple[Callable[..., float], int], ...]] = (
    (sin, 1), (cos, 1), (atan2, 2), (hypot, 2), (clamp, 3),
)  # fmt: skip
SHIMS: Final = ROOT / "tests/support/engines"
OF_NODE: Final = re.compile(r'from "(node:(?!test"|assert/strict")|esbuild)')
"""Imported by tests that look at files of the checkout; of these, only the vectors' test runs in a page."""

pytestmark = pytest.mark.live


def argument(dice: random.Random) -> float:
    """A double: an angle, any exponent, or one with few digits."""
    match dice.randrange(3):
        case 0:
            return dice.uniform(-10.0, 10.0)
        case 1:
            return dice.choice((-1.0, 1.0)) * dice.uniform(1.0, 2.0) * 2.0 ** dice.randint(-500, 500)
        case _:
            return dice.randint(-2_000, 2_000) / 16


def runs_in_a_page(path: Path) -> bool:
    return path.name == "conformance.test.js" or not OF_NODE.search(path.read_text())


def result(function: Callable[..., float], arguments: list[float]) -> float:
    return float(function(*arguments))


def numeric(specs: list[dict[str, Any]]) -> list[GridField]:
    return [field for spec in specs if (field := GridField.from_spec(spec)) is not None]


@pytest.fixture(scope="session")
def arithmetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with a page that computes, and what Python computed."""
    folder = tmp_path_factory.mktemp("arithmetic")
    dice, jobs, expected = random.Random(7), list[dict[str, Any]](), list[str]()
    for function, arity in FUNCTIONS:
        rows = [[argument(dice) for _ in range(arity)] for _ in range(ARGUMENTS)]
        if function is clamp:
            rows = [[value, min(lo, hi), max(lo, hi)] for value, lo, hi in rows]
        given = struct.pack(f"<{arity * ARGUMENTS}d", *(value for row in rows for value in row))
        jobs.append({"name": function.__name__, "arity": arity, "given": given.hex()})
        expected.append(big_endian(pack([result(function, row) for row in rows])))
    steer, world = ship_experiment(), football_experiment()
    for experiment, name in ((steer[0], "steer"), (world[0], "world_tick")):
        job, states = play(experiment, name, dice)
        jobs.append(job)
        expected.append(states)
    (folder / "data.js").write_text(f"export const jobs = {json.dumps(jobs)};")
    (folder / "exact.js").write_text(to_module([function for function, _ in FUNCTIONS]))
    (folder / "step.js").write_text(steer[1])
    (folder / "world.js").write_text(world[1])
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(SHIMS / "arithmetic.js", folder)
    (folder / "index.html").write_text('<!doctype html><script type="module" src="arithmetic.js"></script>')
    return folder, expected


def ship_experiment() -> tuple[Experiment, str]:
    """The arena's step of one ship, and its module."""
    predict, wire = Arena.predict, make_kind(Arena).schema.to_wire()
    assert predict is not None
    (ship,) = (entity for entity in wire["entities"] if entity["name"] == "Ship")
    fields = tuple(numeric(ship["fields"])), tuple(numeric(wire["inputs"]))
    return Experiment(predict, *fields, 1 / Arena.tick_hz), to_module([predict])


def football_experiment() -> tuple[Experiment, str]:
    """Ticks of a predicted world of discs and balls that touch, and their module."""
    touch, types = Football.predict_world, {"Disc": Disc.entity_type, "Ball": Ball.entity_type}
    assert touch is not None
    return world_experiment(touch, glide, types, Push.inputs_type, 1 / Football.tick_hz)


def play(experiment: Experiment, name: str, dice: random.Random) -> tuple[dict[str, Any], str]:
    """Random cases of an experiment for `arithmetic.js`, and the bits of what Python computes."""
    count = VALUES // STEPS // len(experiment.state_fields) + 1
    cases = [experiment.random_case(dice, STEPS) for _ in range(count)]
    traces = [experiment.run(case) for case in cases]
    assert [trace.raised for trace in traces] == [None] * count
    job = {"job": experiment.job("", name, STEPS), "cases": [experiment.question(case) for case in cases]}
    return job, big_endian(b"".join(trace.states for trace in traces))


def big_endian(doubles: bytes) -> str:
    count = len(doubles) // 8
    return struct.pack(f">{count}Q", *struct.unpack(f"<{count}Q", doubles)).hex()


def check(found: list[str], expected: list[str]) -> None:
    names = [*(function.__name__ for function, _ in FUNCTIONS), "the arena's step", "a predicted world"]
    assert [len(one) for one in found] == [len(one) for one in expected]
    for name, one, other in zip(names, found, expected, strict=True):
        assert one == other, f"{name} has other bits"


def test_the_shared_step_has_the_same_bits_in_node(arithmetic: tuple[Path, list[str]]) -> None:
    """It is there where the others are not, and its engine is Chromium's."""
    folder, expected = arithmetic
    prints = "data:text/javascript,globalThis.print = console.log"
    command = ["node", "--import", prints, "arithmetic.js"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    check(json.loads(done.stdout), expected)


@pytest.mark.timeout(900)
def test_the_shared_step_has_the_same_bits_in_jsc(arithmetic: tuple[Path, list[str]]) -> None:
    shell = program_of(engines.jsc)
    folder, expected = arithmetic
    done = subprocess.run([shell, "-m", "arithmetic.js"], cwd=folder, capture_output=True, text=True, check=True)
    check(json.loads(done.stdout), expected)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine", [engines.firefox, engines.webkit], ids=lambda engine: engine.__name__)
def test_the_shared_step_has_the_same_bits(
    engine: Callable[[], str | None], arithmetic: tuple[Path, list[str]]
) -> None:
    program = program_of(engine)
    folder, expected = arithmetic
    with engines.serving(folder) as pages, engines.browsing(program, pages.address):
        check(json.loads(pages.next(REPORT_WITHIN_S)), expected)


@pytest.fixture(scope="session")
def unit_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page that runs the JavaScript unit tests, the vectors among them."""
    folder = tmp_path_factory.mktemp("unit_tests")
    shutil.copytree(ROOT / "tests/conformance/vectors", folder / "conformance/vectors")
    tests = sorted(path for path in (ROOT / "tests/js").glob("*.test.js") if runs_in_a_page(path))
    imports = [f'import "{path}";' for path in (*tests, SHIMS / "page.js")]
    node = SHIMS / "node_test.js"
    bundle = [str(ROOT / "node_modules/.bin/esbuild"), "--bundle", "--format=esm", "--platform=neutral"]
    bundle += [f"--alias:node:test={node}", f"--alias:node:fs={node}", f"--inject:{node}", "--main-fields=module,main"]
    bundle += [f"--alias:node:assert/strict={SHIMS / 'node_assert.js'}", f"--outfile={folder / 'js/tests.js'}"]
    subprocess.run(bundle, input="\n".join(imports), cwd=ROOT, text=True, check=True, capture_output=True)
    (folder / "index.html").write_text(
        '<!doctype html><script src="failed.js"></script><script type="module" src="js/tests.js"></script>'
    )
    shutil.copy(SHIMS / "failed.js", folder)
    return folder


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", [engines.firefox, engines.webkit], ids=lambda engine: engine.__name__)
def test_the_unit_tests_and_the_vectors_pass(engine: Callable[[], str | None], unit_tests: Path) -> None:
    program = program_of(engine)
    with engines.serving(unit_tests) as pages, engines.browsing(program, pages.address):
        report = json.loads(pages.next(120.0))
    assert report["failed"] == []
    assert report["count"] > 250
