"""All field types that an author can declare, to be imported from here."""

from __future__ import annotations

from gameserver.state.discrete import MAX_CHOICES, Choice, Flag, Ref
from gameserver.state.field import Field
from gameserver.state.jumps import Jumps
from gameserver.state.numeric import TURN, Angle, Float, Int
from gameserver.state.objects import MAX_LIST_ITEMS, MAX_TEXT_BYTES, List, Text, describe

__all__ = [
    "MAX_CHOICES",
    "MAX_LIST_ITEMS",
    "MAX_TEXT_BYTES",
    "TURN",
    "Angle",
    "Choice",
    "Field",
    "Flag",
    "Float",
    "Int",
    "Jumps",
    "List",
    "Ref",
    "Text",
    "describe",
]
