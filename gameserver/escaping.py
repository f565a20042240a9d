"""Escapes characters that a terminal or a log reader could mistake for something other than text.

Text from outside (a close reason, a message of an exception, a name) may contain escape sequences that clear a screen,
characters that reverse the reading order, and line breaks that forge a line. Pure.
"""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls: line breaks, escape sequences
    "\u2028\u2029"  # line and paragraph separators
    "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"  # direction marks, embeddings, overrides and isolates
    "\ud800-\udfff"  # lone surrogates, which no UTF-8 stream takes
)
_CONTROLS: Final = re.compile(f"[{_UNSAFE}]")
_SHORT_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape_controls(text: str) -> str:
    r"""Replace every character that is not plain text with an escape such as `\n`, `\x1b` or `\u202e`.

    Args:
        text: Any text.

    Returns:
        One line of text without control characters. Text without them is returned as it is.
    """
    return _CONTROLS.sub(_escape, text)


def escape_lines(text: str) -> str:
    """Escape each line of a text; the line breaks themselves stay.

    Args:
        text: Text of several lines, such as a traceback.

    Returns:
        The lines, without other control characters.
    """
    return "\n".join([escape_controls(line) for line in text.split("\n")])


def escape_json(text: str) -> str:
    r"""Replace control characters in JSON with `\u` escapes, which mean the same.

    Args:
        text: JSON on one line.

    Returns:
        The same JSON without control characters.
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def replace_surrogates(text: str) -> str:
    """Replace every lone surrogate, which JSON may contain and UTF-8 cannot, with a question mark.

    Args:
        text: Any text.

    Returns:
        Text that UTF-8 can encode. Text without surrogates is returned as it is.
    """
    return text.encode("utf-8", "replace").decode()


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _SHORT_ESCAPES.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
