"""Finds slips of the pen: names that are nearly one of ours, and annotations where a value was meant.

Nothing would ever use them, so they are found when the class is made.
"""

from __future__ import annotations

import inspect
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ALIKE: Final = 0.85
"""From here on two names are so alike that one is taken for a slip: `on_mesage`, `max_player`."""
_MIN_CHARS: Final = 7
"""Shorter names are alike by chance."""
_MIN_SWAPPED_CHARS: Final = 4
"""Names of this length or more that differ by two swapped neighbours are not alike by chance: `nmae`."""
_MAYBE: Final = 0.6
"""How alike a name must be to be named in an error that is one anyway."""


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that another one is nearly; None: it is a name of the author's own.

    Args:
        name: The name to look at; it is none of `known`.
        known: The names that mean something.
    """
    known = list(known)
    for one in known:
        if _differs_in_style(name, one) or _is_swapped(name, one):
            return one
    long = [one for one in known if len(one) >= _MIN_CHARS]
    close = get_close_matches(name, long, n=1, cutoff=_ALIKE)
    return close[0] if close and not name.startswith(close[0]) else None  # `on_joined` is a name of the author's own


def hint(name: str, known: Iterable[str]) -> str:
    """Return what an error about an unknown name adds: `"; did you mean size?"`, or nothing."""
    close = get_close_matches(name, list(known), n=1, cutoff=_MAYBE)
    return f"; did you mean {close[0]}?" if close else ""


def _differs_in_style(name: str, known: str) -> bool:
    """Whether names differ by capitals and underscores only, as `onJoin`; NAMES_LIKE_THIS are constants."""
    plain = name.replace("_", "").lower()
    return "_" in known and plain == known.replace("_", "") and not name.isupper() and not name.startswith("_")


def _is_swapped(name: str, known: str) -> bool:
    if len(name) != len(known) or len(name) < _MIN_SWAPPED_CHARS:
        return False
    swaps = (name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1))
    return name != known and known in swaps


def annotations_of(cls: type) -> dict[str, str]:
    """Return the annotations of a class body, as they are written, without those of `ClassVar`."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        annotated: Mapping[str, object] = get_annotations(cls, format=Format.STRING)
    else:
        annotated = vars(cls).get("__annotations__", {})
    found = {name: _as_written(value) for name, value in annotated.items()}
    return {name: text for name, text in found.items() if "ClassVar" not in text}


def bare_annotations(cls: type) -> dict[str, str]:
    """Return those annotations of a class body that give no value."""
    return {name: text for name, text in annotations_of(cls).items() if name not in vars(cls)}


def _as_written(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    if type(annotation).__module__.startswith("gameserver."):
        return f"{type(annotation).__name__}(…)"  # a field
    return inspect.formatannotation(annotation) if isinstance(annotation, type) else repr(annotation)


def refuse_bare_fields(cls: type, field_types: Iterable[str], fields: Iterable[str], *, fields_only: bool) -> None:
    """Refuse annotations that were meant as fields: of a field type, or plain ones where nothing else is declared.

    One with a value, `born: int = 0`, is an attribute of an entity that nobody is sent. Inputs have none.

    Args:
        cls: The class of entities or inputs.
        field_types: The names of the field types.
        fields: The names of the fields that the class has.
        fields_only: Whether the class has no attributes that are not fields.

    Raises:
        DeclarationError: Names the class and the attribute, and says what to write.
    """
    fields = set(fields)
    for name, written in (annotations_of(cls) if fields_only else bare_annotations(cls)).items():
        kind = next((kind for kind in field_types if _names(written, kind)), None)
        if kind is None and (fields_only or not fields):
            kind = FIELD_FOR.get(written)
        if kind is not None and name not in fields:
            raise DeclarationError(
                f"{cls.__name__}.{name}: {written} is an annotation, no field; write {name} = {kind}(…)"
            )


FIELD_FOR: Final = {"float": "Float", "int": "Int", "bool": "Flag", "str": "Text"}
"""The field that holds values of a type."""


def _names(written: str, kind: str) -> bool:
    """Whether an annotation is a field type or a field: `Float`, `fields.Float(step=1)`, `Ref[Ship]`."""
    head = written.split("(")[0].split("[")[0].removeprefix("<").split(" ")[0]
    return head.rsplit(".", 1)[-1] == kind
