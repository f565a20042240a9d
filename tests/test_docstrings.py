"""Docstrings have the form of decision 16: complete at the faces, and wrong nowhere."""

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from itertools import pairwise
from types import FunctionType, ModuleType
from typing import Any, TypeAlias, cast

import pytest

from tests.support.source import PACKAGE, ROOT, parse
from tools.docs_site import MODULES

FACES = MODULES

SECTIONS = ("Args", "Returns", "Raises", "Yields")
SECTION = re.compile(rf"^( *)({'|'.join(SECTIONS)}):\n((?:\1 +.*\n|\s*\n)*)", re.MULTILINE)
ENTRY = re.compile(r"^ {4}\*{0,2}([\w.]+)(?: \([^)]*\))?:", re.MULTILINE)
SAID_TO_RAISE = re.compile(r"\b[Rr]aises? (?:an? )?`?(?:\w+Error|\w+Refused|\w+Exception)\b")
CODE = re.compile(r"(?:class|(?:async )?def) \w+\(.*\)(?: -> .*)?:|@\w+|(?:from [\w.]+ )?import \w+")
EMPTY = re.compile(r"\bSee (?:the|its) module\b|^\s*\W?\s*$")


Documented: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


# --- reading


def documented(tree: ast.AST) -> Iterator[tuple[Documented, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield node, text


def sections(docstring: str) -> dict[str, str]:
    """The sections of a docstring and their text."""
    return {name: inspect.cleandoc(f"\n{body}") for _, name, body in SECTION.findall(docstring + "\n")}


def entries(docstring: str, section: str) -> list[str]:
    """What a section lists: parameters, or exceptions."""
    return ENTRY.findall("\n".join(f"    {line}" for line in sections(docstring).get(section, "").splitlines()))


def without_sections(docstring: str) -> str:
    return SECTION.sub("", docstring + "\n")


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    stars = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [argument.arg for argument in (*plain, *stars)]


def constructor(node: ast.ClassDef) -> list[str]:
    """What a class can be called with: the parameters of `__init__`, or the fields of a dataclass or NamedTuple."""
    fields = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
    names = [field.id for field in fields if isinstance(field, ast.Name)]
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name in ("__init__", "__new__", "__init_subclass__"):
            names += parameters(part)
    return names


def raised(node: ast.AST) -> list[str]:
    """The exceptions that a body raises by name, those of functions inside of it left out."""
    made = [part.exc for part in inside(node) if isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call)]
    found = [call.func.id for call in made if isinstance(call.func, ast.Name)]
    return [name for name in found if name[0].isupper() and name not in ("AssertionError", "NotImplementedError")]


def inside(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from inside(child)


# --- the faces


def exported(face: str) -> list[tuple[str, Any]]:
    """The functions and classes that a face gives out, Python's own left out."""
    module: ModuleType = importlib.import_module(face)
    found = [(name, getattr(module, name)) for name in module.__all__]
    ours = [(name, value) for name, value in found if getattr(value, "__module__", "").startswith("gameserver")]
    return [(name, value) for name, value in ours if isinstance(value, type | FunctionType)]


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods of a class and of those of its bases that are ours."""
    for base in cls.__mro__:
        if base.__module__.startswith("gameserver"):
            for name, value in vars(base).items():
                function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
                if isinstance(function, FunctionType) and not name.startswith("_") and getattr(cls, name, None):
                    yield f"{base.__name__}.{name}", function


def overridden(cls: type, qualified: str) -> bool:
    """Whether a class above the method's own has a method of that name."""
    owner, name = qualified.split(".")
    above = [base for base in cls.__mro__ if base.__name__ != owner and base.__module__.startswith("gameserver")]
    own = next(base for base in cls.__mro__ if base.__name__ == owner)
    return any(issubclass(own, base) and name in vars(base) for base in above)


def problems_of_function(name: str, function: Callable[..., Any], *, returns: bool = True) -> list[str]:
    """What the docstring of a function lacks."""
    text = inspect.getdoc(function)
    if not text:
        return [f"{name}: has no docstring"]
    signature = inspect.signature(function)
    wanted = [parameter for parameter in signature.parameters if parameter not in ("self", "cls")]
    found = [f"{name}: Args lacks {parameter}" for parameter in wanted if parameter not in entries(text, "Args")]
    if returns and signature.return_annotation not in (None, "None", "NoReturn", inspect.Signature.empty):
        present = {"Returns", "Yields"} & sections(text).keys()
        found += [] if present else [f"{name}: has no Returns"]
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)))
    listed = entries(text, "Raises")
    return found + [f"{name}: Raises lacks {error}" for error in raised(tree.body[0]) if error not in listed]


def undescribed(cls: type) -> list[str]:
    """The fields of a dataclass or NamedTuple that neither Args nor an attribute docstring describes."""
    body = cast("ast.ClassDef", ast.parse(inspect.cleandoc("\n" + inspect.getsource(cls))).body[0]).body
    described = entries(inspect.getdoc(cls) or "", "Args")
    for field, following in pairwise([*body, ast.Pass()]):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = following.value if isinstance(following, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                described.append(field.target.id)
    if is_dataclass(cls):
        wanted = [field.name for field in dataclass_fields(cls) if not field.metadata.get("counts")]
    else:
        wanted = list(getattr(cls, "_fields", ()))
    return [field for field in wanted if field not in described and field[0] != "_"]


def problems_of_class(name: str, cls: type) -> list[str]:
    if not vars(cls).get("__doc__"):
        return [f"{name}: has no docstring"]
    found = []
    constructs = vars(cls).get("__init__")
    if is_dataclass(cls) or hasattr(cls, "_fields"):
        found += [f"{name}: Args lacks {field}, and nothing stands below it" for field in undescribed(cls)]
    elif isinstance(constructs, FunctionType) and not issubclass(cls, Enum) and not getattr(cls, "_is_protocol", False):
        text = f"{inspect.getdoc(cls)}\n\n{inspect.getdoc(constructs) if constructs.__doc__ else ''}"
        wanted = [parameter for parameter in inspect.signature(constructs).parameters if parameter != "self"]
        found += [f"{name}: Args lacks {one}" for one in wanted if one not in entries(text, "Args") and one[0] != "_"]
    for qualified, method in methods(cls):
        if not overridden(cls, qualified):
            found += problems_of_function(qualified, method)
        elif not method.__doc__:
            found.append(f"{qualified}: has no docstring")
    return found


@pytest.mark.parametrize("face", FACES)
def test_docstrings_of_the_faces_are_complete(face: str) -> None:
    found: list[str] = []
    for name, value in exported(face):
        found += problems_of_class(name, value) if isinstance(value, type) else problems_of_function(name, value)
    assert found == []


# --- all docstrings


def of_package(find: Callable[[Any, str], Iterator[str] | list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node, text in documented(parse(path)):
            where = f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 1)}"
            if problems := list(find(node, text)):
                found[where] = problems
    return found


def test_no_docstring_states_an_exception_outside_of_a_raises_section() -> None:
    """Those of modules state rules: which errors all of their functions raise."""

    def find(node: ast.AST, text: str) -> list[str]:
        return [] if isinstance(node, ast.Module) else SAID_TO_RAISE.findall(without_sections(text))

    assert of_package(find) == {}


def test_no_docstring_refers_to_its_module() -> None:
    assert of_package(lambda _node, text: EMPTY.findall(text)) == {}


def test_examples_in_docstrings_are_indented() -> None:
    """Otherwise the reference runs their lines together, as those of a paragraph."""

    def find(_node: ast.AST, text: str) -> list[str]:
        return [line for line in text.splitlines() if CODE.fullmatch(line)]

    assert of_package(find) == {}


def test_docstrings_describe_parameters_that_there_are() -> None:
    def find(node: ast.AST, text: str) -> list[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            known = parameters(node)
        elif isinstance(node, ast.ClassDef):
            known = constructor(node)
        else:
            known = []
        return [name for name in entries(text, "Args") if name not in known]

    assert of_package(find) == {}


def test_sections_are_in_one_order_and_have_something_below_them() -> None:
    def find(_node: ast.AST, text: str) -> Iterator[str]:
        there = sections(text)
        order = [name for name in ("Args", "Returns", "Yields", "Raises") if name in there]
        if list(there) != order:
            yield f"sections are in the order {', '.join(there)}"
        yield from (f"{name} is empty" for name, body in there.items() if not body.strip())
        yield from (f"{name} lists nothing" for name in ("Args", "Raises") if name in there and not entries(text, name))

    assert of_package(find) == {}


GOOD = '''\
def good(one, *rest, **more):
    """Do something.

    Args:
        one: The first,
            over two lines: with a colon.
        rest: Others.
        more: And more.

    Returns:
        The sum: a number.

    Raises:
        ValueError: one is wrong.
    """
    raise ValueError("x")
'''


def test_sections_are_read_as_they_are_written() -> None:
    ((node, text),) = documented(ast.parse(GOOD))
    assert isinstance(node, ast.FunctionDef)
    assert parameters(node) == entries(text, "Args") == ["one", "rest", "more"]
    assert entries(text, "Raises") == raised(node) == ["ValueError"]
    assert sections(text)["Returns"] == "The sum: a number."
    assert without_sections(text).strip() == "Do something."
    assert SAID_TO_RAISE.findall("Do it. Raises TypeError without.")
    assert SAID_TO_RAISE.findall("Return it, or raise `ProtocolError`.")
    assert not SAID_TO_RAISE.findall("An error that it raises")
