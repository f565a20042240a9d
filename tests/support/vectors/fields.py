"""Vectors of fields: `fields.json`, what codes mean, and to which code a value snaps."""

import math
from collections.abc import Iterator
from typing import Any, Final

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Jumps
from tests.support.vectors.json import Case

TURN: Final = 2 * math.pi


class Probe(Entity):
    """One field of each numeric kind that has a value of its own."""

    sixteenth = Float(step=1 / 16)
    tenth = Float(step=0.1, min=-10, max=10)
    third = Float(step=1 / 3, min=-1, max=7)
    coarse = Float(step=250, min=-1000, max=1_000_000)
    angle = Angle(steps=1024)
    odd_angle = Angle(steps=360)
    whole = Int(-5, 100)
    jumps = Jumps()
    flag = Flag()
    choice = Choice("idle", "chase", "flee")


CODES: Final[dict[str, tuple[int, ...]]] = {
    "sixteenth": (0, 1, -1, 1600, MAX_CODE, -MAX_CODE),
    "tenth": (0, 1, 3, 7, -3, 100, -100),
    "third": (0, 1, 2, -1, 21),
    "coarse": (-4, 0, 4000),
    "angle": (0, 1, 256, 511, 512, 1023),
    "odd_angle": (0, 1, 45, 90, 359),
    "whole": (-5, 0, 100),
    "jumps": (0, 1, 255),
    "flag": (0, 1),
    "choice": (0, 1, 2),
}

VALUES: Final[dict[str, tuple[float, ...]]] = {
    "sixteenth": (0.0, 0.03125, -0.03125, 0.031249999, 100.5, -100.47, 1e12, -1e12),
    "tenth": (0.05, -0.05, 0.15, 0.25, 0.35, -0.15, 9.95, 10.06, -999.0),
    "third": (0.16666666666666666, 0.5, -0.5, 1.0, 6.9),
    "coarse": (124.9, 125.0, -125.0, -126.0, 1e9),
    "angle": (0.0, TURN, -TURN, math.pi, -math.pi, 6.28, -0.001, 100.0, -100.0, 0.003067961575771282),
    "odd_angle": (0.0, TURN, 3.14, -3.14, 0.008726646259971648, 1e6),
    "whole": (-7.0, -4.5, 0.5, 1.5, 99.5, 1000.0),
    "jumps": (0.0, 255.0),
}


def fields() -> Iterator[Case]:
    """Yield every field with its spec, `decode`: [code, value] and `snap`: [value, code]."""
    described: Any = Probe.entity_type.spec()["fields"]
    for spec, (name, field) in zip(described, Probe.entity_type.fields.items(), strict=True):
        yield {
            "name": name,
            "field": spec,
            "decode": [[code, field.decode(code)] for code in CODES[name]],
            "snap": [[value, field.encode(value)] for value in VALUES.get(name, ())],
        }
