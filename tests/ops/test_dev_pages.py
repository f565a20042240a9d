"""What `gameserver dev` shows of what is wrong with an author's code."""

from __future__ import annotations

import pytest

from gameserver import Room
from gameserver.hub.kinds import make_kinds
from gameserver.ops.dev_messages import Problem
from gameserver.ops.dev_pages import problem_of
from gameserver.state.errors import DeclarationError


class Tag(Room):
    pass


class SameName(Room):
    kind = "tag"


def test_rooms_that_cannot_be_served_together_are_one_line_without_the_packages_own_code() -> None:
    with pytest.raises(DeclarationError) as raised:
        make_kinds([Tag, SameName])
    raised.value.__traceback__ = raised.tb.tb_next  # without the frame of this file
    text = "DeclarationError: two rooms are called 'tag': give SameName a `kind` of its own"
    assert problem_of(raised.value) == Problem(text, "")
