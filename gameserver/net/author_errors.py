"""What an author's async functions raise ends what they were called for, and nothing else.

They may raise anything: `SystemExit` from `sys.exit()`, asyncio's `CancelledError`, and groups of these from nurseries
of their own. Only what trio itself raises has to go on: a cancellation, and the interrupt of a Ctrl-C.
"""

from __future__ import annotations

from typing import Final

import trio

_INTERRUPTS: Final = "trio._core."
"""The modules that raise KeyboardInterrupt for a Ctrl-C: where the program is, or at a checkpoint."""


def pass_on_cancelled(error: BaseException) -> None:
    """Return if an author's code raised `error`; call it in the `except` block.

    Args:
        error: What was caught.

    Raises:
        BaseException: That part of `error` that is a cancellation or a Ctrl-C, if there is one.
    """
    if _is_trios(error):
        raise error
    if isinstance(error, BaseExceptionGroup):
        own = error.subgroup(_is_trios)
        if own is not None:
            raise own from None


def _is_trios(error: BaseException) -> bool:
    return isinstance(error, trio.Cancelled) or (isinstance(error, KeyboardInterrupt) and _is_ctrl_c(error))


def _is_ctrl_c(error: KeyboardInterrupt) -> bool:
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and str(at.tb_frame.f_globals.get("__name__")).startswith(_INTERRUPTS)
