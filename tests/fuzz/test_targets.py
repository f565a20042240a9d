"""Every fuzz target runs over its stored corpus, and over inputs that Hypothesis damages or makes up."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def corpus(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


@pytest.mark.parametrize("name", TARGETS)
def test_stored_corpus_holds_what_is_accepted_and_what_is_not(name: str) -> None:
    assert {TARGETS[name](data) for data in corpus(name)} == {True, False}


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_damaged_input_is_accepted_or_refused(name: str, data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(corpus(name))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = min(len(damaged), start + data.draw(st.integers(0, 3)))
        damaged[start:end] = data.draw(st.binary(max_size=3))
    TARGETS[name](bytes(damaged))


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=64))
def test_any_input_is_accepted_or_refused(name: str, data: bytes) -> None:
    TARGETS[name](data)
