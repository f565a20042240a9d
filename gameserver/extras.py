"""Packages that only some features need, which pip installs as extras of this one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class MissingExtraError(ImportError):
    """A feature needs a package that is not installed; the message says how to install it."""


@contextmanager
def needs_extra(extra: str, what: str) -> Iterator[None]:
    """Import in this context what an extra installs.

    Args:
        extra: Its name in pyproject.toml.
        what: What needs it, to begin the message with.

    Raises:
        MissingExtraError: A package is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise MissingExtraError(
            f"{what} need the package {package}, which is not installed: pip install 'trio-gameserver[{extra}]'"
        ) from None
