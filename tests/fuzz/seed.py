"""Writes the first inputs of the corpus: `python -m tests.fuzz.seed`. Inputs that fuzzing finds are added by hand."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack

from tests.fuzz import targets
from tests.support.vectors.messages import messages, refused
from tests.support.vectors.misfits import REFUSED
from tests.support.vectors.types import Dot, Flock, Ship, Sign, ship

if TYPE_CHECKING:
    from tests.support.vectors.story import Scene

CORPUS = Path(__file__).parent / "corpus"


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield the name of a target, and an input for it."""
    for case in (*messages(), *refused()):
        data = bytes.fromhex(case["hex"])
        yield case["from"], data
        if data[1:2] == b"\x03":
            yield "inputs", data
    yield "inputs", msgpack.packb([3, 300, 1200, 40, -1, 1, 512])
    yield "schema", msgpack.packb(targets.SCHEMA.to_wire())
    yield "schema", msgpack.packb({**targets.SCHEMA.to_wire(), "inputs": [{"name": "x", "kind": "ref"}]})
    for data in deltas():
        yield "delta", data


def deltas() -> Iterator[bytes]:
    """Yield STATE messages that follow `targets.SCENE`, one for each kind of change, and all that are refused."""
    dots, ships = targets.SCENE[Dot], targets.SCENE[Ship]
    changes: tuple[Scene, ...] = (
        {},
        {Ship: {}, Dot: {11: dots[11], 20: dots[20]}},
        {Dot: {**dots, 1: (5, 5), 99: (-5, 900_000)}, Sign: {30: ("exit",), 31: ("way out",)}},
        {Dot: {number: (x + number % 2, vx + number // 18) for number, (x, vx) in dots.items()}},
        {Ship: {3: ship(name="Bo", hp=1, mood=2, shield=1, path=[5, -5]), 4: ship(x=-1600, target=4)}},
        {Ship: {**ships, 7: ship(name="Cy")}, Flock: {40: (6,), 41: (999,)}},
    )
    for span, change in enumerate(changes, 1):
        story = targets.begun()
        story.show(targets.TICK + span, {**targets.SCENE, **change})
        yield from (bytes.fromhex(step["hex"]) for step in story.steps)
    yield from (msgpack.packb([17, *items]) for items in REFUSED.values())


def main() -> None:
    """Write every seed into a file named after the hash of its content."""
    for target, data in seeds():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main()
