"""The intermediate representation of a shared function: only what a step can do, everything else is refused before.

`lower` and `statements` make these nodes from Python's `ast`, `flow` checks them, `emit` writes them as JavaScript.
Nodes are immutable values and hold no `ast`.

False, 0, 0.0 and -0.0 count as one value, and so do True and 1: no operation of a step distinguishes them, so it does
not matter that Python has an int 0 where JavaScript has -0.
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
    """What a value is in JavaScript on all paths. Decides how conditions and `==` are written."""

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
    """A number or table of numbers, defined outside of the function before it was declared."""

    name: str
    value: Scalar | Table


@dataclass(frozen=True, slots=True)
class Name:
    """A local variable, a loop variable, or a parameter that is a number."""

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
    """`and` or `or`. As in Python, the value is one of the operands."""

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
    """A parameter that is an object, passed to another shared function."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    function: SharedFunction
    arguments: tuple[Expression | Whole, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """Several values, as a function returns them, or at the right side of an unpacking."""

    items: tuple[Expression, ...]


Expression: TypeAlias = (
    Literal | Constant | Name | Attribute | Unary | Not | Binary | Compare | Logic | Choose | Builtin | Call
)
Target: TypeAlias = Name | Attribute


# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a statement in its file. They attach comments to it, and are no part of its meaning."""

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
    """`for variable in range(start, stop, step)`, with constant arguments."""

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
    """`break` or `continue`."""

    lines: Lines = field(compare=False)
    word: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """`pass`. Keeps its comments."""

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
    """One checked function.

    Args:
        name: Its name in Python.
        source: Its source text.
        scope: The names around it.
        parameters: In order.
        body: Its statements.
        returns: The type of each value that it returns, empty if it returns nothing.
        types: The type of each local variable and parameter.
        reads: The attributes of each object parameter that it reads, itself or in functions that it calls.
        writes: The attributes of each object parameter that it writes, itself or in functions that it calls.
        calls: The shared functions that it calls.
        constants: The constants that it uses.
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

# The attributes of each node in the order of the source; some hold other nodes.
_CHILDREN: dict[type, tuple[str, ...]] = {
    node: tuple(slot.name for slot in dataclasses.fields(node)) for node in _EXPRESSIONS + _STATEMENTS
}


def walk(node: Node | Block) -> Iterator[Node]:
    """Yield `node` and every node below it, in the order of the source. Does not enter the functions of calls."""
    ahead: list[object] = [node]
    while ahead:
        current = ahead.pop()
        if isinstance(current, tuple):
            ahead += reversed(current)
        elif type(current) in _CHILDREN:
            ahead += [getattr(current, name) for name in reversed(_CHILDREN[type(current)])]
            yield current  # type: ignore[misc]  # the table holds exactly the classes of Node
