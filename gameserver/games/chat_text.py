"""What people write, made safe to show: texts of messages, names of people and of channels.

Clients still show all of it as text and never as markup. Here goes what harms even then: control characters, characters
that turn the direction of what follows, towers of combining marks, names that look like another's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_SAID_BYTES: Final = 2000
MAX_TEXT_LINES: Final = 40
MAX_SHOWN_NAME_CHARS: Final = 24
MAX_MARKS: Final = 4
"""Combining marks on one character: as many as a vowelled and accented Hebrew text has."""
MAX_NAME_MARKS: Final = 2
MOST_OF_NAME_READ: Final = 100
"""How much of a name that was sent is looked at."""
MAX_CHANNEL_CHARS: Final = 24

_JOINERS: Final = "\u200c\u200d"
"""Persian and Indic scripts are written with them, and many emoji."""
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category that show nothing: a text of these would be empty, a name invisible."""
_NAME_PUNCTUATION: Final = frozenset("-_.'\u2019")
_CHANNEL: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{MAX_CHANNEL_CHARS - 1}}}")

_WITH_LATIN: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "MODIFIER"})
"""What people do write beside Latin letters, and what looks like none of them."""
_LOOKS_LIKE: Final = str.maketrans(
    {
        # Cyrillic
        **dict(zip("авекмнорстухіјѕԁһӏґ", "abekmhopctyxljsdhlr", strict=True)),
        # Greek
        **dict(zip("αβεζηικμνορτυχγω", "abeznlkmvoptuxyw", strict=True)),
        # Latin: dotless i, small capital I, alpha, script g. Capital I, small L, i and 1 are one letter here
        **dict(zip("i1\u0131\u026a\u0251\u0261" + "0", "llllag" + "o", strict=True)),
        # Armenian
        **dict(zip("\u0585\u057d\u0581\u0578", "oug" + "n", strict=True)),
    }
)
"""Letters that look like a Latin one in the usual fonts, after `casefold`."""


def clean_text(text: str) -> str:
    """Return a message's text as it may be shown.

    Args:
        text: What was sent.

    Returns:
        Lines of printable characters, at most `MAX_TEXT_LINES` of them; empty when nothing in it can be seen.
    """
    # Marks are cut first, since NFC takes long to put thousands of them in order; and again where NFC has made more.
    normal = _printable(unicodedata.normalize("NFC", _printable(text.replace("\r\n", "\n"))))
    lines: list[str] = []
    for line in map(str.rstrip, normal.strip().split("\n")):
        if line or lines[-1:] != [""]:
            lines.append(line)
    cleaned = "\n".join([*lines[: MAX_TEXT_LINES - 1], " ".join(lines[MAX_TEXT_LINES - 1 :])]).strip()
    return cleaned if any(map(_is_visible, cleaned)) else ""


def _printable(text: str) -> str:
    """Return what is shown of a text, with few marks on each character."""
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(_shown(char))
    return "".join(kept)


def _shown(char: str) -> str:
    """What is shown for a character; nothing for one that is dropped."""
    if " " <= char <= "~":
        return char
    category = unicodedata.category(char)
    if char == "\n" or category in ("Zl", "Zp"):
        return "\n"
    if char == "\t" or category == "Zs":
        return " "
    # Cc: controls, Cf: directions and other invisible ones, Co: without a meaning, Cs: halves of a pair
    return "" if category in ("Cc", "Cf", "Co", "Cs") and char not in _JOINERS else char


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPSC" and char not in _BLANK_LETTERS and char not in _JOINERS


def clean_name(text: str) -> str:
    """Return a person's name as it may be shown: letters, digits, single spaces and a few signs.

    Signs and emoji go, so that no name has a mark that a page puts beside the names of moderators.

    Args:
        text: What was sent.

    Returns:
        At most `MAX_SHOWN_NAME_CHARS` characters; empty when nothing is left.
    """
    kept: list[str] = []
    for char in unicodedata.normalize("NFKC", text[:MOST_OF_NAME_READ]):
        category = unicodedata.category(char)
        if category == "Zs":
            kept += [] if kept[-1:] == [" "] else [" "]
        elif _is_mark(char):
            kept += [char] if kept and not all(map(_is_mark, kept[-MAX_NAME_MARKS:])) else []
        elif char in _NAME_PUNCTUATION or (category[0] in "LN" and char not in _BLANK_LETTERS):
            kept.append(char)
    name = "".join(kept)[:MAX_SHOWN_NAME_CHARS].strip()
    return name if any(unicodedata.category(char)[0] in "LN" for char in name) else ""


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Mc")


@lru_cache(maxsize=1024)  # who joins is compared with all others
def skeleton(name: str) -> str:
    """Return what a name looks like: two names with the same skeleton are easily taken for each other.

    Args:
        name: What `clean_name` returned.
    """
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not _is_mark(char))
    letters = "".join(char for char in plain.casefold() if char.isalnum())
    return letters.translate(_LOOKS_LIKE).replace("rn", "m").replace("vv", "w")


def is_mixed(name: str) -> bool:
    """Return whether a name mixes Latin letters with those of another alphabet, as names that imitate another do.

    Args:
        name: What `clean_name` returned.
    """
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in name if char.isalpha()}
    return "LATIN" in scripts and len(scripts - _WITH_LATIN) > 1


def clean_channel(text: str) -> str:
    """Return a channel's name: small Latin letters, digits and hyphens, so that no two look alike.

    Args:
        text: What was sent; spaces count as hyphens, and a `#` before it does not count.

    Returns:
        The name; empty when it cannot be one.
    """
    name = re.sub(r"[\s_]+", "-", text.strip().removeprefix("#").strip()).lower()
    return name if _CHANNEL.fullmatch(name) else ""
