"""Reads protocol.md: its tables and its worked examples, so that tests can hold the page and the code together."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.support.source import ROOT

PAGE = ROOT / "protocol.md"


@dataclass(frozen=True)
class Example:
    """A message of the page, in its notation and byte by byte."""

    section: str
    notation: str
    data: bytes

    @property
    def array(self) -> list[Any]:
        """Return the message as Python values."""
        value: list[Any] = parse_notation(self.notation)
        return value


def parse_notation(text: str) -> Any:
    """Read `[2, nil, <0c 0a>, {"a": 1}]`: JSON with `nil`, and `<hex>` for a bin."""
    quoted = re.sub(r"<([0-9a-f ]*)>", r'{"$bin": "\1"}', text)
    return json.loads(re.sub(r"\bnil\b", "null", quoted), object_hook=_read_bin)


def _read_bin(pairs: dict[str, Any]) -> Any:
    return bytes.fromhex(pairs["$bin"]) if set(pairs) == {"$bin"} else pairs


def section(number: int) -> str:
    """Return the text of `## number …`."""
    found = re.search(rf"^## {number} .*?(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"protocol.md has no section {number}"
    return found[0]


def tables(number: int) -> list[list[list[str]]]:
    """Return the tables of a section as rows of cells, without their headings."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", section(number), re.MULTILINE)
    return [[_cells(line) for line in block.splitlines()[2:]] for block in blocks]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def examples() -> list[Example]:
    """Return the page's worked examples, in order."""
    found: list[Example] = []
    for number in range(1, 13):
        for block in re.findall(r"^```example\n(.*?)^```", section(number), re.MULTILINE | re.DOTALL):
            notation, listing = re.split(r"\n(?=[0-9a-f]{2}(?: |$))", block, maxsplit=1)
            found.append(Example(f"§{number}", notation, b"".join(map(_bytes_of, listing.splitlines()))))
    return found


def _bytes_of(line: str) -> bytes:
    """Return the bytes at the start of a line; two spaces or more end them."""
    return bytes.fromhex(re.split(r" {2,}| (?=[^0-9a-f])", line.strip())[0])
