"""The browser's side of a comparison: runs a script of calls in Node, and compares what came of each call."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.state.fields import Ref

if TYPE_CHECKING:
    from gameserver.client.interpolation import ViewLike

Calls = list[list[Any]]

NODE = shutil.which("node")
TRACE = Path(__file__).parents[1] / "js" / "support" / "twin_trace.mjs"


def in_browser(name: str, script: Any) -> Any:
    """Run a script on the browser's side."""
    if NODE is None:
        pytest.fail("these tests need Node: install nodejs")
    run = subprocess.run(
        [NODE, str(TRACE)], input=json.dumps({name: script}), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(run.stdout)[name]


def assert_same(ours: Any, theirs: Any, within: float = 0.0) -> None:
    """Compare results call by call, so that a failure names the first that differs."""
    assert len(ours) == len(theirs)
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        pairs = zip(one, other, strict=True)
        assert all(same(a, b, within) for a, b in pairs), f"call {number}: {one} is not {other}"


def same(one: object, other: object, within: float) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= within
    return one == other


def finite(values: list[Any]) -> list[Any]:
    """JSON has no infinity: both sides say null."""
    return [None if isinstance(value, float) and math.isinf(value) else value for value in values]


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def plain_snapshot(snapshot: ViewLike) -> dict[str, Any]:
    """A snapshot as `tests/js/support/views.js` reads it."""
    tables = [
        {"ids": t.ids.tolist(), "rows": t.codes.T.tolist(), "objects": [list(column) for column in t.objects]}
        for t in snapshot.tables
    ]
    return {"tick": snapshot.tick, "tables": tables}


def numbers(entity: Any) -> list[float]:
    """The numeric fields of an entity, references left out."""
    fields = type(entity).entity_type.numeric
    return [float(getattr(entity, name)) for name, field in fields.items() if not isinstance(field, Ref)]
