"""No text from outside reaches a terminal or a log as anything but plain text."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.escaping import escape_controls, escape_json, escape_lines

REVERSING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain äöü 😀", "plain äöü 😀"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edcb", "abc\\u202edcb"),
        ("half \ud83d", "half \\ud83d"),
        ("line\u2028break", "line\\u2028break"),
    ],
)
def test_controls_become_escapes_and_text_stays(text: str, escaped: str) -> None:
    assert escape_controls(text) == escaped


@given(ANY)
def test_nothing_that_is_left_controls_anything(text: str) -> None:
    for character in escape_controls(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in REVERSING


@given(ANY)
def test_lines_stay_lines(text: str) -> None:
    assert escape_lines(text).split("\n") == [escape_controls(line) for line in text.split("\n")]


@given(ANY)
def test_escaped_json_means_the_same(text: str) -> None:
    assert json.loads(escape_json(json.dumps(text, ensure_ascii=False))) == text
