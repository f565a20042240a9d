"""What a shared function means, with everything that Python's syntax allows and a step does not already refused.

`lower` makes these nodes from Python's `ast`, `flow` proves things about them, `emit` writes them as JavaScript. Nodes
are values: they hold no `ast` and never change.

Throughout, False, 0, 0.0 and -0.0 are one value and True is 1: no operation of the language can tell them apart, so it
does not matter that Python has an int 0 where JavaScript has -0.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.shared_step.scope import Scope
    from gameserver.shared_step.source import Source

Scalar: TypeAlias = int | float | bool
Table: TypeAlias = tuple[Scalar, ...] | tuple[tuple[Scalar, ...], ...]


class ValueType(Enum):
    """What JavaScript surely holds at a place; it decides how conditions and `==` are written."""

    NOTHING = 0
    NUMBER = 1
    TRUTH = 2
    EITHER = 3

    def __or__(self, other: ValueType) -> ValueType:
        return ValueType(self.value | other.value)


# --- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    value: Scalar


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, or a table of numbers, that stood in the module when the function was declared."""

    name: str
    value: Scalar | Table


@dataclass(frozen=True, slots=True)
class Name:
    """A local variable, a loop's variable or a parameter that is a number."""

    name: str
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare:
    """`a < b <= c`: one operand more than operators."""

    operators: tuple[str, ...]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or`; the value is, as in Python, one of the operands."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    test: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Builtin:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A parameter that is an object, handed on to another shared function."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    function: SharedFunction
    arguments: tuple[Expression | Whole, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """Several values at once: what a function returns, or the right side of an unpacking."""

    items: tuple[Expression, ...]


Expression: TypeAlias = (
    Literal | Constant | Name | Attribute | Unary | Not | Binary | Compare | Logic | Choose | Builtin | Call
)
Target: TypeAlias = Name | Attribute


# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a statement stands in its file, so that its comments come along; no part of its meaning."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Assign:
    lines: Lines = field(compare=False)
    target: Target
    value: Expression


@dataclass(frozen=True, slots=True)
class Update:
    lines: Lines = field(compare=False)
    target: Target
    operator: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Unpack:
    lines: Lines = field(compare=False)
    targets: tuple[Target, ...]
    value: Call | Pack


@dataclass(frozen=True, slots=True)
class If:
    lines: Lines = field(compare=False)
    test: Expression
    then: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Repeat:
    """`for variable in range(start, stop, step)`, all three known at declaration."""

    lines: Lines = field(compare=False)
    variable: str
    start: Expression
    stop: Expression
    step: int
    body: Block


@dataclass(frozen=True, slots=True)
class Each:
    """`for a, b in TABLE`, over a constant table."""

    lines: Lines = field(compare=False)
    variables: tuple[str, ...]
    unpacks: bool
    table: Constant
    body: Block


@dataclass(frozen=True, slots=True)
class Return:
    lines: Lines = field(compare=False)
    value: Expression | Pack | None


@dataclass(frozen=True, slots=True)
class Do:
    lines: Lines = field(compare=False)
    call: Call


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`"""

    lines: Lines = field(compare=False)
    word: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """`pass`, kept for its comments."""

    lines: Lines = field(compare=False)


Statement: TypeAlias = Assign | Update | Unpack | If | Repeat | Each | Return | Do | Jump | Nothing
Block: TypeAlias = tuple[Statement, ...]


# --- functions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    is_object: bool
    is_used: bool
    default: Scalar | None = None


@dataclass(frozen=True, eq=False)
class SharedFunction:
    """One checked function. `returns` holds a type for each value that it returns, none if it returns nothing.

    `reads` and `writes` say, for each object parameter, which attributes the function itself touches.
    """

    name: str
    source: Source
    scope: Scope
    parameters: tuple[Parameter, ...]
    body: Block
    returns: tuple[ValueType, ...]
    types: dict[str, ValueType]
    reads: dict[str, tuple[str, ...]]
    writes: dict[str, tuple[str, ...]]
    calls: tuple[SharedFunction, ...]
    constants: tuple[Constant, ...]


Node: TypeAlias = Expression | Whole | Pack | Statement

_EXPRESSIONS = (
    Literal, Constant, Name, Attribute, Unary, Not, Binary, Compare, Logic, Choose, Builtin, Whole, Call, Pack,
)  # fmt: skip
_STATEMENTS = (Assign, Update, Unpack, If, Repeat, Each, Return, Do, Jump, Nothing)

# Where a node may hold others, in the order of the source.
_CHILDREN: dict[type, tuple[str, ...]] = {
    node: tuple(slot.name for slot in dataclasses.fields(node)) for node in _EXPRESSIONS + _STATEMENTS
}


def walk(node: Node | Block) -> Iterator[Node]:
    """Every node at and under `node`, in the order of the source; a call is not followed into its function."""
    ahead: list[object] = [node]
    while ahead:
        current = ahead.pop()
        if isinstance(current, tuple):
            ahead += reversed(current)
        elif type(current) in _CHILDREN:
            ahead += [getattr(current, name) for name in reversed(_CHILDREN[type(current)])]
            yield current  # type: ignore[misc]  # the table holds exactly the classes of Node
