"""Compares a step in Python with its translation: makes random cases, runs them in Python, compares the results.

Pure: randomness is an argument, and ops/check_step.py runs the JavaScript. States are exchanged as the 64 bits of each
double, so equal means equal to the last bit. 0 and -0 count as equal, and so do all NaNs.
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

# How likely the inputs change at a step: about every 6th, so that most states come from holding inputs for a while.
CHANGE_INPUTS_CHANCE = 0.15
# Codes this near to 0 are common in games, even where a field can hold millions.
NEAR_ZERO_CODES = 1000


@dataclass(frozen=True, slots=True)
class GridField:
    """A number that a step reads or writes.

    Args:
        name: The attribute's name.
        type: As in protocol.md §4: `float`, `angle` (wraps after `hi` + 1 codes), `int`, `flag`; or `free`, any double
            from `lo` to `hi`, which is never snapped.
        lo: The lowest code, included.
        hi: The highest code, included.
        step: The value of one code.
    """

    name: str
    type: FieldType
    lo: float
    hi: float
    step: float = 1.0

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> GridField | None:
        """Return the field that a schema's map describes (protocol.md §4), None for a type that is not numeric."""
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
        """Return a random value: often one at an end of the range or near 0."""
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
        """Return the value of a code."""
        if self.type == "int":
            return code
        return code != 0 if self.type == "flag" else code * self.step

    def snap(self, value: Value) -> Value:
        """Return the value that a room keeps after a tick.

        Raises:
            ValueError: `value` is NaN.
            OverflowError: `value` is infinite.
        """
        if self.type == "free":
            return value
        if self.type == "flag":
            return value != 0
        code = math.floor(value / self.step + 0.5)
        if self.type == "angle":
            code %= int(self.hi) + 1
        return self.value(max(int(self.lo), min(int(self.hi), code)))

    def describe(self) -> dict[str, object]:
        """Return the field as `ops/check_step.mjs` reads it."""
        return {"name": self.name, "type": self.type, "lo": self.lo, "hi": self.hi, "step": self.step}


@dataclass(frozen=True, slots=True)
class Case:
    """A state to start from, and the inputs of each step."""

    state: tuple[Value, ...]
    inputs: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The states after each step, and the error that ended the run early, or None."""

    states: bytes
    raised: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between the two sides. `state` and `inputs` are the arguments of that step."""

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
    """The result of comparing `cases` of `steps` each, of which `raised` ended early on both sides."""

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
    """A step and the fields of its arguments.

    Args:
        function: Called as `function(state, inputs, dt)`.
        state_fields: The fields of `state`.
        input_fields: The fields of `inputs`.
        dt: In seconds.
        snap: Sets a state to the values of its grid after each step; by default each field's own `snap` does.
    """

    function: Callable[..., object]
    state_fields: tuple[GridField, ...]
    input_fields: tuple[GridField, ...]
    dt: float
    snap: Callable[[SimpleNamespace], None] | None = None

    def check_fields(self, touched: Sequence[frozenset[str]]) -> None:
        """Check that the fields have every attribute that the step uses of its first two parameters.

        Args:
            touched: What `translate.touches` returns for the step.

        Raises:
            TypeError: A field is missing.
        """
        for fields, names in zip((self.state_fields, self.input_fields), touched, strict=False):
            known = [field.name for field in fields]
            for name in sorted(names.difference(known)):
                msg = f"{self.function.__name__} uses .{name}, but the numeric fields are: {', '.join(known)}"
                raise TypeError(msg)

    def random_case(self, source: random.Random, steps: int) -> Case:
        """Return a random state, and inputs for this many steps that are held for a while each."""
        state = tuple([field.random(source) for field in self.state_fields])
        held = tuple([field.random(source) for field in self.input_fields])
        inputs = []
        for _ in range(steps):
            if source.random() < CHANGE_INPUTS_CHANCE:
                held = tuple([field.random(source) for field in self.input_fields])
            inputs.append(held)
        return Case(state, tuple(inputs))

    def run(self, case: Case) -> Trace:
        """Run a case in Python."""
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
        """Return what JavaScript needs before the cases: the ES module, the name of the step in it, and the fields."""
        return {
            "module": module,
            "export": name,
            "state": [field.describe() for field in self.state_fields],
            "inputs": [field.describe() for field in self.input_fields],
            "dt": self.dt,
            "steps": steps,
        }

    def question(self, case: Case) -> dict[str, str]:
        """Return a case as it is sent to JavaScript."""
        held = [value for inputs in case.inputs for value in inputs]
        return {"state": pack(case.state).hex(), "inputs": pack(held).hex()}

    def compare(self, number: int, case: Case, ours: Trace, theirs: Trace) -> Difference | None:
        """Return the first difference in a case, or None. Of an error only the step counts, not the text.

        Args:
            number: The number of the case, for the report.
            case: The case.
            ours: What Python made of it.
            theirs: What JavaScript made of it.
        """
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
    """Return the values as little-endian doubles, -0 as 0, and every NaN as the same one."""
    return struct.pack(f"<{len(values)}d", *[value + 0.0 if value == value else math.nan for value in values])


def _first_difference(one: bytes, other: bytes) -> int | None:
    """Return the index of the first double that differs, None if the shorter one is the beginning of the other."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return None
    return next(at for at in range(length) if one[at] != other[at]) // BYTES_PER_DOUBLE


def _double(states: bytes, index: int) -> float:
    value: float = struct.unpack_from("<d", states, index * BYTES_PER_DOUBLE)[0]
    return value
