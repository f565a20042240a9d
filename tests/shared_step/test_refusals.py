"""What a step cannot do is refused at its declaration, with the place and with what to write instead."""

import linecache
import math

import pytest

from gameserver.shared_step import SharedStepError, shared, to_module
from tests.support.shared_step.declaring import declare

HEAD = "@shared\ndef step(s, i, dt):\n"

# A refused line (the third one of its module), its column, and words of the message.
LINES = [
    ("while s.a < 3:\n        s.a += 1", 5, "`while` may never end", "for i in range(100)"),
    ("s.a = s.b ** 2", 11, "pow()", "x * x"),
    ("s.a **= 2", 5, "pow()", "x * x"),
    ("s.a = 2 ** s.n", 11, "pow()", "x * x"),
    ("s.a = 3 & s.n", 11, "32 bits", "//"),
    ("s.a = 1 << 3", 11, "32 bits", "//"),
    ("s.a = ~s.n", 11, "32 bits", "//"),
    ("s.a = s.n @ s.n", 11, "matrices", "products"),
    ("s.p = s.a is s.b", 11, "`is` compares objects", "write `==`"),
    ("s.p = s.a in (1, 2)", 11, "searches a container", "a == 1 or a == 2"),
    (
        "s.a = math.sin(s.b)",
        11,
        "`math.sin` is not a function that a step can call",
        "from gameserver.shared_math import sin",
    ),
    ("s.a = math.cos(s.b)", 11, "math.cos", "from gameserver.shared_math import cos"),
    ("s.a = math.atan2(1, 2)", 11, "math.atan2", "from gameserver.shared_math import atan2"),
    ("s.a = math.hypot(1, 2)", 11, "math.hypot", "from gameserver.shared_math import hypot"),
    ("s.a = math.exp(1)", 11, "math.exp", "at module level"),
    ("s.a = pow(s.a, 2)", 11, "`pow`", "x * x"),
    ("s.a = round(s.a)", 11, "`round`", "floor(x + 0.5)"),
    ("s.a = len(s.a)", 11, "`len`", "constant"),
    ("print(s.a)", 5, "`print`", "room's hooks"),
    ("s.a = min(s.a)", 11, "`min` with 1 arguments", "2 to 16 numbers"),
    ("s.a = abs(1, 2)", 11, "`abs` with 2 arguments", "one number"),
    ("s.a = max(s.a, s.b, key=abs)", 11, "keywords", "by position"),
    ("s.a = min(*s.a)", 11, "`*`", "by position"),
    ("s.a = unknown(s.a)", 11, "`unknown` is not known", "define it above"),
    ("s.a = missing", 11, "`missing` is not known", "define it above"),
    ("s.a = math.missing", 11, "`math.missing` is not known", "define it above"),
    ("s.a = step(s, i, dt)", 11, "does not call itself", "range()"),
    ("s.a = math", 11, "type module", "numbers"),
    ("s.a = math.sqrt", 11, "is a function", "call it"),
    ("s.a = 'text'", 11, "type str", "numbers"),
    ("s.a = f'{s.b}'", 11, "text is not possible", "Int field"),
    ("s.a = None", 11, "type NoneType", "numbers"),
    ("s.a = 2j", 11, "type complex", "numbers"),
    ("s.a = 9007199254740993", 11, "too large to be exact", "float"),
    ("s.a = 2 ** 60", 11, "too large to be exact", "float"),
    ("s.a = [1, 2]", 11, "lists and dictionaries", "tuple at module level"),
    ("s.a = [x for x in (1, 2)]", 11, "lists and dictionaries", "single variables"),
    ("s.a = s.b[0]", 11, "indexing", "constant"),
    ("s.a[0] = 1", 5, "indexing", "constant"),
    ("s.a = (1, 2)", 11, "several values", "unpack"),
    ("s.a = lambda: 1", 11, "definition inside a step", "module level"),
    ("def inner(): pass", 5, "definition inside a step", "module level"),
    ("import math", 5, "import inside a step", "top of the module"),
    ("if (k := s.a) > 1: pass", 9, "`:=`", "line of its own"),
    ("with s: pass", 5, "manages resources", "remove it"),
    ("try:\n        s.a = 1\n    finally:\n        s.a = 2", 5, "raise or handle exceptions", "test with `if`"),
    ("raise ValueError", 5, "raise or handle exceptions", "test with `if`"),
    ("assert s.a", 5, "python -O", "test"),
    ("global missing", 5, "nothing but its arguments", "attribute of an argument"),
    ("math.pi = 3", 5, "nothing but its arguments", "attribute of an argument"),
    ("del s.a", 5, "removes a field", "set it to a number"),
    ("match s.a:\n        case 1: pass", 5, "`match`", "elif"),
    ("s.b = s", 11, "`s` is an object", "attributes"),
    ("s = 3\n    i.x = s.a", 5, "`s` is an object", "assign to one of its attributes"),
    ("s.a = s.b.c", 11, "is an attribute of an attribute", "as a parameter"),
    ("s.a = s.__dict__", 11, "belongs to Python", "fields"),
    ("k = s.a\n    s.b = k.real", None, "`k` is a number and has no attributes", "as a number"),
    ("s.update()", 5, "`s.update` is a method", "@shared function"),
    ("s.a = (s.b)(1)", 11, "`s.b` is a method", "@shared function"),
    ("dt(1)", 5, "computed at run time", "name it directly"),
    ("s.a = s.b = 1", 5, "several targets", "one assignment a line"),
    ("k: float", 5, "without a value", "first value"),
    ("s.a + 1", 5, "is not used", "remove it"),
    ("abs(s.a)", 5, "is not used", "remove it"),
    ("k, j = 1, 2, 3", 12, "2 targets for 3 values", "as many"),
    ("k, j = s.a", 12, "only several values", "call a function"),
    ("k, *j = 1, 2", 8, "lists and dictionaries", "single variables"),
    ("return (1,)", 12, "fewer than two values", "the value itself"),
    ("s.b = k", 11, "`k` is not known", "define it above"),
    ("for k in range(s.n): pass", 14, "not a constant integer", "break"),
    ("for k in range(1 // 0): pass", 14, "not a constant integer", "break"),
    ("s.a = abs.missing", 11, "`abs.missing` is not known", "define it above"),
    ("for k in range(2.5): pass", 14, "not a constant integer", "break"),
    ("for k in range(0, 9, 0): pass", 14, "step of 0", "another step"),
    ("for k in range(10001): pass", 14, "10001 rounds", "10000"),
    ("for k in s.items: pass", 14, "something other than range()", "range(8)"),
    ("for k in sorted(2): pass", 14, "something other than range()", "range(8)"),
    ("for k, j in range(3): pass", 9, "one number at a time", "for i in range"),
    ("for s.a in range(3): pass", 9, "one number at a time", "for i in range"),
    ("for k in range(3):\n        k = 1", None, "`k` is a loop's variable", "another name"),
    ("for k in range(3): pass\n    s.a = k", None, "outside of its loop", "of its own"),
    ("for dt in range(3): pass", 9, "is already used", "its own variable"),
    ("for k in range(3):\n        for k in range(3): pass", None, "is already used", "its own variable"),
    ("for k in range(3): pass\n    else: pass", None, "`else` after `for`", "break"),
    ("for k in range(101):\n        for j in range(100): pass", None, "10100 rounds", "10000"),
    ("if s.p:\n        k = 1\n    s.a = k", None, "`k` may have no value here", "every path"),
    ("for j in range(3):\n        k = 1\n    s.a = k", None, "`k` may have no value here", "every path"),
    (
        "for j in range(3):\n        if s.p:\n            k = 1\n            break\n        s.a = k",
        None,
        "may have no",
        "",
    ),
    ("k += 1", 5, "`k` may have no value here", "every path"),
    ("if s.p:\n        return 1", None, "without a `return`", "at the end"),
    ("if s.p:\n        return 1\n    return 1, 2", None, "different numbers of values", "the same number"),
    ("if s.p:\n        return\n    return 1", None, "different numbers of values", "the same number"),
    ("return\n    s.a = 1", None, "never reached", "remove it"),
    ("new = 1", 5, "`new` is a reserved word in JavaScript", "`new_`"),
    ("größe = 1", 5, "characters beyond ASCII", "a to z"),
]


@pytest.mark.parametrize(
    ("line", "column", "problem", "instead"), LINES, ids=[entry[0].split("\n")[-1] for entry in LINES]
)
def test_refused_line_names_place_and_replacement(line: str, column: int | None, problem: str, instead: str) -> None:
    with pytest.raises(SharedStepError) as refused:
        declare(f"{HEAD}    {line}\n")
    error = refused.value
    assert problem in error.problem
    assert instead in error.instead
    assert error.function == "step"
    if column is not None:
        assert (error.line, error.column) == (3, column)
    start = f"{error.filename}:{error.line}:{error.column}: @shared step: "
    assert str(error).startswith(start + f"{error.problem}; {error.instead}")


def test_message_shows_the_line_and_points_at_the_place() -> None:
    with pytest.raises(SharedStepError) as refused:
        declare(f"{HEAD}    s.a = s.b * math.sin(dt)\n")
    *_, code, caret = str(refused.value).splitlines()
    assert code[caret.index("^") :] == "math.sin(dt)"


def test_place_is_that_of_the_file() -> None:
    line = 1 + test_place_is_that_of_the_file.__code__.co_firstlineno
    with pytest.raises(SharedStepError, match="pow") as refused:

        @shared
        def step(a: int) -> int:
            return a * a**3  # a nested function: the columns are the file's

    assert refused.value.filename == __file__
    assert (refused.value.line, refused.value.column) == (line + 5, 24)


HEADS = [
    ("@shared\nasync def step(s): pass\n", "an async function can wait", "plain `def`"),
    ("@shared\ndef step(*args): pass\n", "`args` is not positional", "without `*`"),
    ("@shared\ndef step(*, a): pass\n", "`a` is not positional", "without `*`"),
    ("@shared\ndef step(**rest): pass\n", "`rest` is not positional", "without `*`"),
    ("@shared\ndef step(a=abs): pass\n", "a default that is not a plain number", "write the number"),
    ("@shared\ndef step(a, default): pass\n", "`default` is a reserved word in JavaScript", "`default_`"),
    ("@shared\ndef delete(): pass\nstep = delete", "`delete` is a reserved word in JavaScript", "`delete_`"),
    ("step = shared(lambda a: a)\n", "not a `def`", "plain `def`"),
    ("@shared\nclass step: pass\n", "applied to a type", "plain `def`"),
    ("step = (\n    shared,\n    shared(\n        lambda a: a,\n    ),\n)", "not a `def`", "plain `def`"),
    ("step = shared(abs)\n", "builtin_function", "plain `def`"),
    ("def other(f): return f\n@other\n@shared\ndef step(a): pass\n", "another decorator", "the only decorator"),
]


@pytest.mark.parametrize(("text", "problem", "instead"), HEADS, ids=[entry[1] for entry in HEADS])
def test_refused_head_says_what_to_write(text: str, problem: str, instead: str) -> None:
    with pytest.raises(SharedStepError) as refused:
        declare(text)
    assert problem in refused.value.problem
    assert instead in refused.value.instead


def test_function_without_source_text_is_refused() -> None:
    space: dict[str, object] = {}
    exec("def step(a):\n    return a\n", space)
    with pytest.raises(SharedStepError, match=r"cannot be read.*\.py file"):
        shared(space["step"])  # type: ignore[type-var]  # an object as far as mypy knows


def test_text_that_is_known_by_the_name_of_all_executed_code_is_not_taken_for_a_function_s_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As from Python 3.13 on in `python -c`: a function of the same name may stand there, at the same line."""
    space: dict[str, object] = {}
    exec("def step(a):\n    return a\n", space)
    stranger = (1, None, ["def step(a):\n", "    return -a\n"], "<string>")
    monkeypatch.setitem(linecache.cache, "<string>", stranger)
    with pytest.raises(SharedStepError, match=r"cannot be read.*\.py file"):
        shared(space["step"])  # type: ignore[type-var]  # an object as far as mypy knows


def test_function_whose_file_has_changed_is_refused() -> None:
    step = declare("@shared\ndef step(a):\n    return a\n")
    filename = step.__code__.co_filename
    linecache.cache[filename] = (1, None, ["def other(a):\n", "    return -a\n"], filename)
    with pytest.raises(SharedStepError, match="has changed since it was loaded: `other`"):
        shared(step)


CALLS = """
@shared
def twice(a):
    return a * 2

@shared
def move(ship, by):
    ship.x += by

@shared
def take(ship):
    ship.x -= 1
    return ship.x

@shared
def split(a):
    return a, -a

{table}

@shared
def step(s, i, dt):
    s.a += 1
    {line}
"""

CALL_LINES = [
    ("twice(s.a, 1)", "`twice` with 2 arguments", "it takes (a)"),
    ("twice()", "`twice` with 0 arguments", "it takes (a)"),
    ("s.b = twice(s)", "`s` is an object", "attributes"),
    ("move(s.a, 1)", "`ship` must be an object", "own parameters"),
    ("move(1, 1)", "`ship` must be an object", "own parameters"),
    ("s.b = move(s, 1)", "`move` gives nothing", "line of its own"),
    ("s.b = split(s.a)", "`split` gives 2 values", "a, b = "),
    ("k, j, l = split(s.a)", "3 targets for 2 values", "as many"),
    ("k, j = twice(s.a)", "2 targets for 1 values", "as many"),
    ("s.b = 1 < take(s) < 3", "middle of a chained comparison", "variable first"),
    ("s.b = 1 + take(s) or 3", "`or` after a call that writes", "!= 0"),
    ("s.b = twice", "is a function", "call it"),
    ("s.b = TABLE", "`TABLE` is a table", "for … in TABLE"),
    ("for k in TABLE: pass", "has 2 numbers", "name each of them"),
    ("for k, k in TABLE: pass", "has 2 numbers", "name each of them"),
    ("for k, j in FLAT: pass", "has one number", "name each of them"),
    ("for k, j in UNEVEN: pass", "different lengths", "equally long"),
    ("for k in TEXTS: pass", "an item of `TEXTS` of type str", "numbers"),
    ("for k in LIST: pass", "something other than range()", "tuple"),
    ("s.b = NAN", "`NAN` is NaN", "use a number"),
    ("s.b = Odd.ONE", "type Odd", "numbers"),
]
TABLES = """
import enum
TABLE = ((1, 2), (3, 4))
FLAT = (1, 2)
UNEVEN = ((1, 2), (3,))
TEXTS = ("a", "b")
LIST = [1, 2]
NAN = math.nan
class Odd(enum.Enum):
    ONE = "one"
"""


@pytest.mark.parametrize(("line", "problem", "instead"), CALL_LINES, ids=[entry[0] for entry in CALL_LINES])
def test_wrong_use_of_functions_and_constants_is_refused(line: str, problem: str, instead: str) -> None:
    with pytest.raises(SharedStepError) as refused:
        declare(CALLS.format(line=line, table=TABLES))
    assert problem in refused.value.problem
    assert instead in refused.value.instead


def test_number_of_a_library_is_no_plain_number() -> None:
    class Metres(float):
        pass

    with pytest.raises(SharedStepError, match=r"`LIMIT` of type Metres.*plain number"):
        declare(f"{HEAD}    s.a = LIMIT\n", LIMIT=Metres(3))


def test_name_that_the_enclosing_function_assigns_later_is_refused() -> None:
    with pytest.raises(SharedStepError, match="`later` is not known when the function is declared"):

        @shared
        def step(a: float) -> float:
            return a * later

    later = 1.0


def test_parameter_cannot_be_an_object_and_a_number() -> None:
    with pytest.raises(SharedStepError, match="`s` is an object"):
        declare(f"{HEAD}    s.a = s + 1\n")


def test_constant_that_changes_after_the_declaration_is_refused_in_the_module() -> None:
    step = declare("SPEED = 3.0\n" + HEAD + "    s.a = SPEED\n")
    to_module([step])
    step.__globals__["SPEED"] = 4.0
    with pytest.raises(SharedStepError, match="`SPEED` has changed"):
        to_module([step])
    step.__globals__["SPEED"] = 3.0
    assert "SPEED = 3.0" in to_module([step])


def test_unmarked_function_has_no_module() -> None:
    def plain(a: float) -> float:
        return math.sqrt(a)

    with pytest.raises(SharedStepError, match="write @shared above it"):
        to_module([plain])
