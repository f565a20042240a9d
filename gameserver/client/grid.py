"""Puts one predicted entity on its grid, as the server does with all of them after each tick: to the last bit, and
quickly.

The rule is each field's own (`field.encode`, then `field.decode`). Since a client does this for every tick that it
predicts, and again for every tick that it predicts anew, the rule is compiled into one function for a type's fields; a
test compares the two.

`client_demo/sdk/grid.js` is the twin, and a test compares the two: a page may not compile code, so there the step
module brings the part in which names are written out.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from gameserver.state.fields import Angle, Flag, Float, Int, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.state.declare import AnyField
    from gameserver.state.entity import EntityType

    Codes = tuple[int, ...]
    Snap = Callable[[Any, Sequence[int]], Codes]

_CLAMPED = """
    if c{i} < {lo}: c{i} = {lo}
    elif c{i} > {hi}: c{i} = {hi}"""

_FLOAT = "    c{i} = floor(e.{name} / {step!r} + 0.5)" + _CLAMPED + "\n    e.{name} = c{i} * {step!r}\n"
_ANGLE = "    c{i} = floor(e.{name} / {step!r} + 0.5) % {steps}\n    e.{name} = c{i} * {step!r}\n"
_INT = (
    "    c{i} = e.{name}\n    if type(c{i}) is not int: c{i} = encode{i}(c{i})" + _CLAMPED + "\n    e.{name} = c{i}\n"
)
_FLAG = "    c{i} = 1 if e.{name} else 0\n    e.{name} = c{i} != 0\n"
_OTHER = "    c{i} = encode{i}(e.{name})\n    e.{name} = decode{i}(c{i})\n"
_REFERENCE = "    c{i} = unpredicted[{i}]\n"


def compile_snap(entity_type: EntityType) -> Snap:
    """Return `snap(entity, unpredicted) -> codes`: it puts every numeric attribute on its grid and returns all codes.

    References cannot be predicted; their codes are taken from `unpredicted`, which has one code per field. NaN and
    infinities make `snap` raise what the rule itself raises, ValueError and OverflowError.
    """
    fields = list(entity_type.numeric.items())
    names: dict[str, Any] = {"floor": floor}
    for i, (_, field) in enumerate(fields):
        names[f"encode{i}"], names[f"decode{i}"] = field.encode, field.decode
    body = "".join([_lines(i, name, field) for i, (name, field) in enumerate(fields)])
    codes = "".join([f"c{i}, " for i in range(len(fields))])
    exec(f"def snap(e, unpredicted):\n{body}    return ({codes})\n", names)
    made: Snap = names["snap"]
    return made


def _lines(i: int, name: str, field: AnyField) -> str:
    template = _OTHER
    for field_type, text in ((Float, _FLOAT), (Angle, _ANGLE), (Int, _INT), (Flag, _FLAG), (Ref, _REFERENCE)):
        if isinstance(field, field_type):
            template = text
    return template.format(i=i, name=name, step=field.step, steps=field.steps, lo=field.lo, hi=field.hi)
