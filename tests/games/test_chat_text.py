"""What people write, made safe to show."""

from __future__ import annotations

import unicodedata
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.games.chat_text import (
    MAX_MARKS,
    MAX_SHOWN_NAME_CHARS,
    MAX_TEXT_LINES,
    clean_channel,
    clean_name,
    clean_text,
    is_mixed,
    skeleton,
)
from tests.support.nominal_time import nominal_s

DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
INVISIBLE = ("", " \n\t ", "\u200b\u200d", "\u2800\u3164", "\u0301\u0302", "\x00\x07\x1b")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("  hello  ", "hello"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape[31m"),
        (f"safe{DIRECTIONS}exe.txt", "safeexe.txt"),
        ("tab\there", "tab here"),
        ("a\r\nb\u2028c", "a\nb\nc"),
        ("a\n\n\n \n\nb", "a\n\nb"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("👩\u200d👩\u200d👧 👍🏽 1\ufe0f\u20e3", "👩\u200d👩\u200d👧 👍🏽 1\ufe0f\u20e3"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # noqa: RUF001
        ("\U000f0000private", "private"),
    ],
)
def test_texts_keep_what_can_be_shown_harmlessly(sent: str, shown: str) -> None:
    assert unicodedata.normalize("NFC", clean_text(sent)) == unicodedata.normalize("NFC", shown)


def test_ten_thousand_combining_marks_become_a_few() -> None:
    cleaned = clean_text("a" + "\u0301" * 10_000 + "b")
    assert cleaned[0] == "á"
    assert 2 < len(cleaned) <= 2 + MAX_MARKS


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_shows_nothing_is_empty(text: str) -> None:
    assert clean_text(text) == clean_name(text) == ""


@pytest.mark.parametrize(
    "text", ["a" + "\u0301" * 1000 + "\u0316" * 1000, "a" + "\u0301\u0316" * 1000, "a \n \n" * 700]
)
def test_hostile_texts_take_about_as_long_as_others(text: str) -> None:
    plain = "éa " * (len(text) // 3)
    assert nominal_s(partial(clean_text, text)) < 4 * nominal_s(partial(clean_text, plain))


@pytest.mark.parametrize(
    ("name", "mixed"),
    [("\u0410da", True), ("Ada", False), ("Марк", False), ("Ada 李", False), ("\u13aaDA", True)],
)
def test_names_that_mix_alphabets_are_known(name: str, mixed: bool) -> None:
    assert is_mixed(name) is mixed


def test_lines_are_bounded_and_nothing_of_the_text_is_lost() -> None:
    cleaned = clean_text("\n".join(map(str, range(200))))
    assert cleaned.count("\n") == MAX_TEXT_LINES - 1
    assert cleaned.split() == list(map(str, range(200)))


@given(st.text(max_size=80))
def test_cleaned_texts_are_harmless_and_cleaning_them_again_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert not any(unicodedata.category(char) in ("Cc", "Co") and char != "\n" for char in cleaned)
    assert not any(char in DIRECTIONS for char in cleaned)


@given(st.text(max_size=80))
def test_cleaned_names_are_short_lines_of_letters(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= MAX_SHOWN_NAME_CHARS
    assert len(name.encode()) <= 96
    assert name == name.strip()
    assert all(unicodedata.category(char)[0] in "LNM" or char in " -_.'\u2019" for char in name)


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("Аdа", "Ada"),  # noqa: RUF001 - Cyrillic, as is what follows
        ("ADA", "ada"),
        ("Ada", "A d a"),
        ("Àdá", "Ada"),
        ("Ian", "lan"),
        ("B0b", "Bob"),
        ("Morn", "Mom"),
        ("ΑΒΕ", "ABE"),  # noqa: RUF001 - Greek
        ("Моdеrаtоr", "moderator"),  # noqa: RUF001
    ],
)
def test_names_that_look_alike_have_the_same_skeleton(name: str, like: str) -> None:
    assert skeleton(clean_name(name)) == skeleton(clean_name(like))


def test_names_that_differ_have_other_skeletons() -> None:
    names = ["Ada", "Bob", "Eve", "Марк", "李", "ندى"]
    assert len({skeleton(clean_name(name)) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("sent", "name"),
    [("Ada ✔", "Ada"), ("★Root★", "Root"), ("Ａｄａ", "Ada"), ("a" * 99, "a" * 24), ("<b>Ada", "bAda"), ("...", "")],  # noqa: RUF001
)
def test_names_are_letters_digits_and_a_few_signs(sent: str, name: str) -> None:
    assert clean_name(sent) == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("#Cats", "cats"),
        (" board games ", "board-games"),
        ("кошки", ""),
        ("a" * 25, ""),
        ("", ""),
        ("-a", ""),
        ("a\n", "a"),
    ],
)
def test_channels_have_small_latin_letters_digits_and_hyphens(sent: str, name: str) -> None:
    assert clean_channel(sent) == name
