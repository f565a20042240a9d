"""What a kind of room takes from elsewhere: checked against its declaration, with errors that name the field."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from gameserver.room.accepted_commands import CommandInvalid, CommandUnknown, read_command
from gameserver.room.scopes import has_scope


class Goal(Struct, forbid_unknown_fields=True):
    by: Annotated[str, Meta(max_length=8)]
    points: Annotated[int, Meta(ge=1, le=3)] = 1


def test_a_payload_arrives_as_plain_data_with_its_defaults() -> None:
    assert read_command({"goal": Goal}, "goal", {"by": "Ada"}) == {"by": "Ada", "points": 1}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"by": "Ada", "points": 4}, "goal: 'points': expected `int` <= 3"),
        ({"by": "x" * 9}, "goal: 'by': expected `str` of length <= 8"),
        ({"points": 1}, "goal: object missing required field by"),
        ({"by": "Ada", "at": 1}, "goal: object contains unknown field at"),
        (None, "goal: expected `object`, got null"),
        ([], "goal: expected `object`, got array"),
    ],
)
def test_what_does_not_fit_names_the_field(payload: Any, why: str) -> None:
    with pytest.raises(CommandInvalid) as refused:
        read_command({"goal": Goal}, "goal", payload)
    assert str(refused.value).replace("`", "") == why.replace("`", "")


def test_values_that_a_recording_cannot_hold_are_refused() -> None:
    for value in (float("nan"), 2**70, "\ud800"):
        with pytest.raises(CommandInvalid):
            read_command({"any": Any}, "any", [value])


def test_an_unknown_command_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CommandUnknown) as refused:
        read_command({"goal": Goal}, "foul\x1b", None)
    assert "foul" in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert str(refused.value).endswith("; there are: goal")


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        (None, False),
        ({}, False),
        ({"scope": "publish"}, True),
        ({"scope": "read publish:news"}, True),
        ({"scope": ["publish:news"]}, True),
        ({"scope": "publish:newsroom"}, False),
        ({"scope": "publisher"}, False),
        ({"scope": "publish:"}, False),
        ({"scope": 7}, False),
        ({"scope": {"publish": True}}, False),
    ],
)
def test_a_scope_allows_what_it_names(claims: Any, allowed: bool) -> None:
    assert has_scope(claims, "publish:news") is allowed
