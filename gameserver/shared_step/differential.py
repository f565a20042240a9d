"""Compares a step in Python with its translation: makes random cases, runs Python's side, reads the other's answers.

Pure: the randomness comes in as an argument, and who runs the other side is not known here; ops/check_step.py
does that. States travel as the 64 bits of each double, so equal means equal to the last bit. 0 and -0 count as one
value, and so do all NaNs.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

FieldType: TypeAlias = Literal["float", "angle", "int", "flag", "free"]
Value: TypeAlias = int | float | bool

BYTES_PER_DOUBLE = 8

# How often a player's hands change: about every 6th tick, so that most states are reached by moving on for a while.
CHANGE_INPUTS_CHANCE = 0.15
# Codes this near to 0 are where games mostly happen, even if a field could hold millions.
NEAR_ZERO_CODES = 1000


@dataclass(frozen=True, slots=True)
class GridField:
    """A number that a step reads or writes: its codes go from `lo` to `hi`, and its values are `code * step`.

    Types are protocol.md's: `float`, `angle` (wraps; `hi` + 1 codes to the turn), `int`, `flag`. A `free` field has no
    grid: any double from `lo` to `hi`, never snapped.
    """

    name: str
    type: FieldType
    lo: float
    hi: float
    step: float = 1.0

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> GridField | None:
        """The field that a schema's map describes (protocol.md section 4); `None` for types that are no number."""
        type_name, name = spec["kind"], str(spec["name"])
        if type_name not in get_args(FieldType):
            return None
        if type_name == "flag":
            return cls(name, "flag", 0, 1)
        if type_name == "angle":
            steps = int(str(spec["steps"]))
            return cls(name, "angle", 0, steps - 1, math.tau / steps)
        lo, hi = int(str(spec["lo"])), int(str(spec["hi"]))
        return cls(name, "int", lo, hi) if type_name == "int" else cls(name, "float", lo, hi, float(str(spec["step"])))

    def random(self, source: random.Random) -> Value:
        """A value: often one from the edges of the range or from around 0, else any."""
        if self.type == "free":
            return source.choice((source.uniform(self.lo, self.hi), self.lo, self.hi, 0.0))
        lo, hi = int(self.lo), int(self.hi)
        dice = source.random()
        if dice < 0.5:
            return self.value(source.randint(lo, hi))
        near = NEAR_ZERO_CODES if dice < 0.75 else 1
        wanted = source.choice((lo, hi, source.randint(-near, near)))
        return self.value(max(lo, min(hi, wanted)))

    def value(self, code: int) -> Value:
        if self.type == "int":
            return code
        return code != 0 if self.type == "flag" else code * self.step

    def snap(self, value: Value) -> Value:
        """The value that a room keeps after a tick. Raises ValueError or OverflowError if it is not finite."""
        if self.type == "free":
            return value
        if self.type == "flag":
            return value != 0
        code = math.floor(value / self.step + 0.5)
        if self.type == "angle":
            code %= int(self.hi) + 1
        return self.value(max(int(self.lo), min(int(self.hi), code)))

    def describe(self) -> dict[str, object]:
        """The field as the other side is told of it."""
        return {"name": self.name, "type": self.type, "lo": self.lo, "hi": self.hi, "step": self.step}


@dataclass(frozen=True, slots=True)
class Case:
    """A state to start from, and the inputs of each step after it."""

    state: tuple[Value, ...]
    inputs: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The states after each step, and what ended the run early, if anything did."""

    states: bytes
    raised: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the two sides part; `state` and `inputs` are what the step was given."""

    case: int
    step: int
    field: str
    python: object
    javascript: object
    state: dict[str, Value]
    inputs: dict[str, Value]

    def __str__(self) -> str:
        return (
            f"case {self.case}, step {self.step}: {self.field} is {self.python!r} in Python "
            f"and {self.javascript!r} in JavaScript\n  state  {_named(self.state)}\n  inputs {_named(self.inputs)}"
        )


def _named(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


@dataclass(frozen=True, slots=True)
class Report:
    """What a differential run found in `cases` of `steps` each, of which `raised` ended early on both sides."""

    function: str
    cases: int
    steps: int
    raised: int
    difference: Difference | None

    @property
    def ok(self) -> bool:
        return self.difference is None

    def __str__(self) -> str:
        if self.difference is not None:
            return f"{self.function}: Python and JavaScript differ\n{self.difference}"
        early = f"; {self.raised} of them raised, on both sides alike" if self.raised else ""
        return f"{self.function}: {self.cases} cases x {self.steps} steps, every bit equal{early}"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A step `function(state, inputs, dt)` with the fields of both; `snap`, if given, puts a state on its grid."""

    function: Callable[..., object]
    state_fields: tuple[GridField, ...]
    input_fields: tuple[GridField, ...]
    dt: float
    snap: Callable[[SimpleNamespace], None] | None = None

    def check_fields(self, touched: Sequence[frozenset[str]]) -> None:
        """Raise TypeError if the step touches an attribute of its first two parameters that no field stands for."""
        for fields, names in zip((self.state_fields, self.input_fields), touched, strict=False):
            known = [field.name for field in fields]
            for name in sorted(names.difference(known)):
                msg = f"{self.function.__name__} uses .{name}, which is no numeric field; there are: {', '.join(known)}"
                raise TypeError(msg)

    def random_case(self, source: random.Random, steps: int) -> Case:
        state = tuple([field.random(source) for field in self.state_fields])
        held = tuple([field.random(source) for field in self.input_fields])
        inputs = []
        for _ in range(steps):
            if source.random() < CHANGE_INPUTS_CHANCE:
                held = tuple([field.random(source) for field in self.input_fields])
            inputs.append(held)
        return Case(state, tuple(inputs))

    def run(self, case: Case) -> Trace:
        """Python's side of a case."""
        state = SimpleNamespace(**self._by_name(self.state_fields, case.state))
        states: list[Value] = []
        for held in case.inputs:
            try:
                self.function(state, SimpleNamespace(**self._by_name(self.input_fields, held)), self.dt)
                self._snap(state)
            except (ArithmeticError, ValueError) as error:
                return Trace(pack(states), f"{type(error).__name__}: {error}")
            states += [getattr(state, field.name) for field in self.state_fields]
        return Trace(pack(states), None)

    def _snap(self, state: SimpleNamespace) -> None:
        if self.snap is not None:
            self.snap(state)
            return
        values = state.__dict__
        for field in self.state_fields:
            values[field.name] = field.snap(values[field.name])

    @staticmethod
    def _by_name(fields: Sequence[GridField], values: Sequence[Value]) -> dict[str, Value]:
        return {field.name: value for field, value in zip(fields, values, strict=True)}

    def job(self, module: str, name: str, steps: int) -> dict[str, object]:
        """What the other side must know before the cases: the ES module and which of its exports to run."""
        return {
            "module": module,
            "export": name,
            "state": [field.describe() for field in self.state_fields],
            "inputs": [field.describe() for field in self.input_fields],
            "dt": self.dt,
            "steps": steps,
        }

    def question(self, case: Case) -> dict[str, str]:
        """A case as it is sent."""
        held = [value for inputs in case.inputs for value in inputs]
        return {"state": pack(case.state).hex(), "inputs": pack(held).hex()}

    def compare(self, number: int, case: Case, ours: Trace, theirs: Trace) -> Difference | None:
        """The first difference in a case, `None` if there is none. An error counts by its step, not by its words."""
        width = max(1, len(self.state_fields))
        place = _first_difference(ours.states, theirs.states)
        if place is not None:
            step, column = divmod(place, width)
            values = _double(ours.states, place), _double(theirs.states, place)
            return self._difference(number, case, ours, step, self.state_fields[column].name, *values)
        if len(ours.states) == len(theirs.states) and (ours.raised is None) == (theirs.raised is None):
            return None
        step = min(len(ours.states), len(theirs.states)) // (BYTES_PER_DOUBLE * width)
        outcomes = ours.raised or "no error", theirs.raised or "no error"
        return self._difference(number, case, ours, step, "the outcome", *outcomes)

    def _difference(
        self, number: int, case: Case, ours: Trace, step: int, field: str, python: object, javascript: object
    ) -> Difference:
        width = len(self.state_fields)
        before: Sequence[Value] = case.state
        if step > 0:
            before = struct.unpack_from(f"<{width}d", ours.states, (step - 1) * width * BYTES_PER_DOUBLE)
        return Difference(
            number,
            step,
            field,
            python,
            javascript,
            self._by_name(self.state_fields, before),
            self._by_name(self.input_fields, case.inputs[step]),
        )


def pack(values: Sequence[Value]) -> bytes:
    """Doubles, little-endian, with one zero and one NaN."""
    return struct.pack(f"<{len(values)}d", *[value + 0.0 if value == value else math.nan for value in values])


def _first_difference(one: bytes, other: bytes) -> int | None:
    """The index of the first double that differs, as far as both go."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return None
    return next(at for at in range(length) if one[at] != other[at]) // BYTES_PER_DOUBLE


def _double(states: bytes, index: int) -> float:
    value: float = struct.unpack_from("<d", states, index * BYTES_PER_DOUBLE)[0]
    return value
