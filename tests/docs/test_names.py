"""What prose names is there: the targets of links, files, modules, and the functions and attributes of them.

Prose is every page of the repository, every docstring and comment of its Python, and every comment of its JavaScript.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.source import ROOT, TEMPLATES, parse, short

LEFT_OUT = {"node_modules", "results", ".git", ".venv", "build", "dist"}

SUFFIXES = r"py|js|mjs|md|html|css"
FILE = re.compile(rf"(?<![\w/.@-])(?:\.\./|\./)*[\w-]+(?:/[\w.-]+)*\.(?:{SUFFIXES})\b(?![\w/-]|\.\w)")
MODULE = re.compile(r"(?<![\w/.@])(?:gameserver|bench|tests|tools)(?:\.[a-zA-Z_]\w*)+")
ATTRIBUTE = re.compile(r"`([A-Z]\w+)\.(\w+)(?:\([^`]*\))?`")
_FILE, _NAME = rf"`([\w./-]+\.(?:{SUFFIXES}))`", rf"(?!`[\w.]+\.(?:{SUFFIXES})`)`(?:\w+\.)*\w+(?:\(\))?`"
IN_FILE = re.compile(rf"{_FILE}(?:\]\([^)]*\))?:? \(?((?:{_NAME}(?:,| and)? ?)+)")
"""A file, then names that it has: "`room/engine.py` `tick`" and the like."""
FROM_FILE = re.compile(rf"({_NAME}) (?:in|of|from|\() ?\[?{_FILE}")
"""A name, then the file that has it: "`tick` in `room/engine.py`"."""
LINK = re.compile(r"\]\(([^()\s]+)\)")
TARGET = re.compile(r"`make ([\w-]+)[^`]*`|^make ([\w-]+)(?: +#.*)?$", re.MULTILINE)
ADDRESS = re.compile(r"\w+://\S+")

NOT_OURS = {
    "gameserver.toml": "a reader's configuration",
    "gameserver.v": "the subprotocol's name",
    "gameserver.v1": "the subprotocol's name",
    "mygame.py": "the reader's",
    "bank.py": "the reader's",
    "coins.py": "the reader's",
    "test_coins.py": "the reader's",
    "page/index.html": "the reader's",
    "page/main.js": "the reader's",
    "club.py": "the reader's",
    "wall.py": "the reader's",
    "weather.py": "the reader's",
    "turns.py": "the reader's",
    "meet.py": "the reader's",
    "race.py": "the reader's",
    "duels.py": "the reader's",
    "race_queue.py": "the reader's",
    "watch.py": "the reader's",
    "cup.py": "the reader's",
    "lobby.py": "the reader's",
    "lobby_bots.py": "the reader's",
    "mybots.py": "the reader's",
    "reach.py": "the reader's",
    "train.py": "the reader's",
    "test_train.py": "the reader's",
    "walk.py": "the reader's",
    "bot.mjs": "the reader's",
    "step/race-1f.js": "made by a server",
    "mypage/index.html": "the reader's",
    "server.js": "of another library",
}
"""What looks like a file or module of the repository and is none, and what it is."""

BASES = ("", "gameserver", "client_demo", "client_demo/sdk", "tests", "docs", "docs/guide")
"""Folders that a name may begin in."""


def files(*suffixes: str) -> list[Path]:
    found = [path for suffix in suffixes for path in ROOT.rglob(f"*{suffix}")]
    inside = [path for path in found if not LEFT_OUT & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in inside if not path.is_relative_to(TEMPLATES))


PAGES = files(".md")
PROSE = [*PAGES, *files(".py", ".js", ".mjs")]


# --- reading


@cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def without_examples(page: str) -> str:
    """A page without its indented and fenced blocks, which are input to a reader's own machine."""
    return re.sub(r"^(```|~~~).*?^\1|^(?:    [^\n]*\n)+", "", page, flags=re.MULTILINE | re.DOTALL)


def prose_of_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def prose_of_javascript(source: str) -> Iterator[str]:
    for comment in re.findall(r"/\*.*?\*/|(?<!:)//[^\n]*", source, re.DOTALL):
        yield re.sub(r"^\s*(?:\*|//) ?", "", comment, flags=re.MULTILINE)


@cache
def prose(path: Path) -> str:
    """What a file says to people."""
    if path.suffix == ".md":
        said = text_of(path)
    elif path.suffix == ".py":
        said = "\n\n".join(prose_of_python(text_of(path)))
    else:
        said = "\n\n".join(prose_of_javascript(text_of(path)))
    return ADDRESS.sub("", said)


# --- what there is


@cache
def places(name: str, beside: Path) -> tuple[Path, ...]:
    """The files that a name in a page or module beside others can mean."""
    folders = [beside, *(ROOT / base for base in BASES)]
    found = [path for folder in folders if (path := folder / name).is_file()]
    if not found and "/" not in name:
        found = [path for path in PROSE if path.name == name]
    return tuple(found)


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a file defines, or for JavaScript all of its words."""
    if path.suffix != ".py":
        return frozenset(re.findall(r"[\w$]+", text_of(path)))
    return frozenset(name for node in ast.walk(parse(path)) for name in defined_by(node))


def defined_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Name(ctx=ast.Store()):
            yield node.id
        case ast.Attribute(ctx=ast.Store()):
            yield node.attr
        case ast.alias():
            yield node.asname or node.name
        case ast.arg():
            yield node.arg


@cache
def attributes() -> dict[str, frozenset[str]]:
    """What the instances of each class have, by the class's name; classes of one name count as one."""
    own: dict[str, set[str]] = defaultdict(set)
    bases: dict[str, set[str]] = defaultdict(set)
    for path in files(".py"):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ClassDef):
                own[node.name].update(name for part in ast.walk(node) for name in defined_by(part))
                bases[node.name].update(ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases)
    for path in files(".js"):
        for name in re.findall(r"^export class (\w+)", text_of(path), re.MULTILINE):
            own[name].update(names_in(path))
    return {name: frozenset().union(*(own[base] for base in lineage(name, bases) if base in own)) for name in own}


def lineage(name: str, bases: dict[str, set[str]]) -> set[str]:
    found, ahead = {name}, [name]
    while ahead:
        new = bases.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def is_there(dotted: str) -> bool:
    """Whether a dotted name is a module or package, or something that one defines."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        module = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if module.is_file():
            return length == len(parts) or parts[length] in names_in(module)
        if path.is_dir():
            return length == len(parts)
    return False


@cache
def anchors(page: Path) -> frozenset[str]:
    """The headings of a page as GitHub names them in links."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", without_fences(text_of(page)), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return frozenset(found)


def without_fences(page: str) -> str:
    return re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)


# --- tests


def broken_links(page: Path) -> list[str]:
    found = []
    for target in LINK.findall(ADDRESS.sub("", without_fences(text_of(page)))):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def missing_files(path: Path) -> list[str]:
    said = LINK.sub("]", without_examples(prose(path))) if path.suffix == ".md" else prose(path)
    return [name for name in FILE.findall(said) if name not in NOT_OURS and not places(name, path.parent)]


def missing_modules(path: Path) -> list[str]:
    return [name for name in MODULE.findall(prose(path)) if name not in NOT_OURS and not is_there(name)]


def names_with_files(said: str) -> Iterator[tuple[str, str]]:
    """Pairs of a file and a name that prose says is in it."""
    for file, names in IN_FILE.findall(said):
        yield from ((file, name) for name in re.findall(r"`((?:\w+\.)*\w+)(?:\(\))?`", names))
    for name, file in FROM_FILE.findall(said):
        yield file, name.strip("`()")


def missing_from_files(path: Path) -> list[str]:
    return [
        f"{file}: {name}"
        for file, name in names_with_files(prose(path))
        if (there := places(file, path.parent))
        if not any(name.split(".")[-1] in names_in(place) for place in there)
    ]


def missing_attributes(path: Path) -> list[str]:
    return [
        f"{cls}.{name}"
        for cls, name in ATTRIBUTE.findall(prose(path))
        if cls in attributes() and name not in attributes()[cls]
    ]


def missing_targets(path: Path) -> list[str]:
    """The targets that neither this repository's Makefile has, nor that of a game that `gameserver new` makes."""
    makefiles = [ROOT / "Makefile", *(ROOT / "gameserver/cli/templates").glob("*/Makefile")]
    there = [target for makefile in makefiles for target in re.findall(r"^([\w-]+):", text_of(makefile), re.MULTILINE)]
    named = {quoted or alone for quoted, alone in TARGET.findall(prose(path))}
    return sorted(named - set(there))


@pytest.mark.parametrize(
    "find", [missing_files, missing_modules, missing_from_files, missing_attributes, missing_targets]
)
def test_everything_that_prose_names_is_there(find: Callable[[Path], list[str]]) -> None:
    found = {short(path): find(path) for path in PROSE}
    assert {path: names for path, names in found.items() if names} == {}


BAD_PAGE = """\
# A heading, with `code`
See [this](#a-heading-with-code), [that](#another) and [a page](gone.md).
`room/gone.py`, docs/guide/gone.md, `gone.js`; mail@gone.py, https://a.example/gone.py, `room/room.py`.
gameserver.gone, `gameserver.room.room.Gone`, `gameserver.room.room.Room`, python -m tests.gone
`room/room.py` `gone`, `Room`; `lost` in `room/room.py`; [`room/room.py`](room.py): `Room.lost` and `Room.all`
`Room.gone`, `Room.all(Ship)`, `Player.gone()`, `make gone`, `make test X=1`

```
from gone.py
```
"""


def test_what_is_not_there_is_found_in_each_of_its_spellings(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(BAD_PAGE)
    assert broken_links(page) == ["#another", "gone.md", "room.py"]
    assert missing_files(page) == ["room/gone.py", "docs/guide/gone.md", "gone.js"]
    assert missing_modules(page) == ["gameserver.gone", "gameserver.room.room.Gone", "tests.gone"]
    assert missing_from_files(page) == ["room/room.py: gone", "room/room.py: Room.lost", "room/room.py: lost"]
    assert missing_attributes(page) == ["Room.lost", "Room.gone", "Player.gone"]
    assert missing_targets(page) == ["gone"]


TWIN = re.compile(r"`([\w/]+\.(?:py|js))` (?:is|has) (?:the|its) twin")


def twins() -> dict[str, str]:
    """The files of both clients that say which file of the other one is their twin."""
    folders = (ROOT / "gameserver/client", ROOT / "client_demo/sdk")
    said = {short(path): TWIN.findall(" ".join(prose(path).split())) for path in PROSE if path.parent in folders}
    return {path: found[0] for path, found in said.items() if found}


def test_twins_have_the_same_name() -> None:
    found = twins()
    assert len(found) > 20
    assert [twin for twin in found.values() if not (ROOT / twin).is_file()] == []
    assert {path: twin for path, twin in found.items() if Path(path).stem != Path(twin).stem} == {}
    assert {path: twin for path, twin in found.items() if found.get(twin, path) != path} == {}
