"""A reason always fits into a close frame."""

from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import MAX_REASON_BYTES, CloseCode
from gameserver.protocol.errors import ProtocolError, fit_reason


@given(st.text(), st.integers(3, 40))
def test_reason_is_cut_at_a_character(text: str, most: int) -> None:
    reason = fit_reason(text, most)
    whole = text.encode("utf-8", "replace")
    assert len(reason.encode()) <= most
    if len(whole) <= most:
        assert reason.encode() == whole
    else:
        assert reason.endswith("…")
        assert whole.startswith(reason[:-1].encode())


def test_error_carries_code_and_a_reason_that_fits() -> None:
    error = ProtocolError(CloseCode.TOO_BIG, "ü" * 100)
    assert error.code == 4006
    assert len(error.reason.encode()) <= MAX_REASON_BYTES
    assert str(error).startswith("4006 TOO_BIG: üüü")
