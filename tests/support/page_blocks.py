"""The blocks of code in our pages, in order: every fenced block of README, docs/, protocol.md and the other pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.source import ROOT

PAGES: Final = (
    ROOT / "README.md",
    ROOT / "protocol.md",
    ROOT / "client_demo/README.md",
    ROOT / "client_demo/sdk/README.md",
    ROOT / "bench/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)

_FENCE: Final = re.compile(r"(?P<indent> *)```(?P<language>.*)")
_SAVED_AS: Final = re.compile(r"\b[Ss]ave\b[^`]*`(?P<name>[\w./-]+\.\w+)`|this page as `(?P<page>[\w./-]+)`")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    """The page, relative to the repository."""
    line: int
    """The line of the fence in the page, from 1."""
    language: str
    source: str
    saved_as: str | None
    """The file that the sentence before the block says to save it as."""
    replaces: bool = False
    """Whether that sentence says to save it in place of what the file has; otherwise it goes on after that."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path, root: Path = ROOT) -> list[Block]:
    """Return the blocks of a page below a folder, in order."""
    found: list[Block] = []
    opened: tuple[int, str, int] | None = None
    lines = page.read_text("utf-8").splitlines()
    text_from = 0
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            continue
        if opened is None:
            opened = number, fence["language"].strip(), len(fence["indent"])
            continue
        start, language, indent = opened
        body = "".join(f"{text[indent:]}\n" for text in lines[start + 1 : number])
        said = " ".join(lines[text_from:start]).strip()
        where = page.relative_to(root).as_posix()
        found.append(Block(where, start + 1, language, body, _last_name(said), "in place of what it has" in said))
        opened, text_from = None, number + 1
    assert opened is None, f"{page}: a block has no end"
    return found


def _last_name(paragraph: str) -> str | None:
    """The file that the paragraph just before a block names."""
    names = [match["name"] or match["page"] for match in _SAVED_AS.finditer(paragraph)]
    return names[-1] if names else None


BLOCKS: Final = [block for page in PAGES for block in blocks_of(page)]


def blocks_in(language: str) -> list[Block]:
    """Return all blocks of a language."""
    return [block for block in BLOCKS if block.language == language]


PYTHON_PAGES: Final = sorted({block.page for block in blocks_in("python")})


def modules_of(page: str) -> dict[str, str]:
    """Return the Python of a page by module: files that it says to save, and the rest as one."""
    modules: dict[str, str] = {}
    for block in blocks_in("python"):
        if block.page == page:
            name = Path(block.saved_as or "page_module.py").stem
            before = "" if block.replaces else modules.get(name, "")
            modules[name] = f"{before}{block.source}\n"
    return modules


def files_of(blocks: list[Block]) -> dict[str, str]:
    """Return the files that a reader has who has saved some blocks of a page, one after the other."""
    files: dict[str, str] = {}
    for block in blocks:
        if block.saved_as is not None:
            before = "" if block.replaces else files.get(block.saved_as, "")
            files[block.saved_as] = before + ("\n" if before else "") + block.source
    return files


def indented_blocks(page: Path) -> list[int]:
    """Return the lines at which code begins that is indented instead of fenced, so that nothing could run it."""
    lines = page.read_text("utf-8").splitlines()
    found, fenced, in_list = [], False, False
    for number, line in enumerate(lines, 1):
        if _FENCE.fullmatch(line):
            fenced = not fenced
        elif not fenced and line and not line.startswith(" "):
            in_list = bool(re.match(r"[-*] |\d+\. ", line))
        elif not fenced and not in_list and line.startswith("    ") and not lines[number - 2]:
            found.append(number)
    return found
