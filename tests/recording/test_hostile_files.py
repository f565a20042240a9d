"""A recording may be from anybody: whatever it says, reading it fails with RecordingError and nothing else, and nothing
of it reaches a terminal as a command."""

from __future__ import annotations

import contextlib
import io
import logging
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.cli.replay import replay_recording
from gameserver.games.arena import Arena
from gameserver.recording.format import MAGIC, Recording, RecordingError, pack_record
from gameserver.recording.timeline import Timeline
from gameserver.room.kind import Kind, make_kind
from tests.support.recorded_game import recorded_game

ESCAPES = "a\x1b]0;owned\x07\x1b[2J\u202e"

LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.sampled_from([-1, 0, 1, 2, 60, 1 << 31])
    | st.floats()
    | st.text(max_size=8)
    | st.just(ESCAPES)
    | st.binary(max_size=40)
    | st.sampled_from(["join", "resume", "suspend", "leave", "message", "done", "listed", "external", "reserve"])
    | st.sampled_from(["expect", "arrive", "moved"])
)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def records_of(data: bytes) -> list[Any]:
    """The payloads of a recording's records, the header first."""
    found, place = [], len(MAGIC)
    while place < len(data):
        size = int.from_bytes(data[place : place + 4])
        found.append(msgpack.unpackb(data[place + 8 : place + 8 + size]))
        place += 8 + size
    return found


def file_of(records: list[Any]) -> bytes:
    """The recording of these records, with right checksums."""
    return MAGIC + b"".join(map(pack_record, records))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A recording in which some values of some records are others."""
    records = records_of(recorded_game(130))
    busy = [number for number, record in enumerate(records) if number and record[1]]
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.just(0) | st.sampled_from(busy) | st.integers(1, len(records) - 1))
        records[number] = draw(changed(records[number]))
    return file_of(records)


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """`value` with one value in it, or all of it, replaced, left out or doubled."""
    if not isinstance(value, list | dict) or not value or draw(st.integers(0, 9)) == 0:
        return draw(VALUE)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key, copy = draw(st.sampled_from(keys)), value.copy()
    how = draw(st.sampled_from(["deeper", "deeper", "deeper", "gone", "doubled"]))
    if how == "deeper":
        copy[key] = draw(changed(value[key]))
    elif how == "gone":
        del copy[key]
    elif isinstance(copy, list):
        copy.insert(key, copy[key])
    return copy


@pytest.fixture(scope="module")
def kind() -> Kind:
    return make_kind(Arena)


def replay(data: bytes) -> str:
    """Replay a file as the command does, and return what is printed and logged."""
    printed, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        path = Path(folder) / "a.gsrec"
        path.write_bytes(data)
        try:
            replay_recording(path, Arena, verify=True)
        except RecordingError:
            pass  # the command line prints it, escaped as all errors
        finally:
            root.handlers[:], level = before
            root.setLevel(level)
    return printed.getvalue()


def show(data: bytes, kind: Kind) -> None:
    """Look at moments of a file as the server of `--serve` does."""
    try:
        timeline = Timeline(Recording(data), kind.schema)
        for part in range(9):
            timeline.moment(timeline.first + (timeline.last - timeline.first) * part / 8)
        list(timeline.events(timeline.first, timeline.last))
    except RecordingError:
        pass


def controls(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character) in ("Cc", "Cf") and character != "\n"]


@given(data=mutated())
def test_whatever_a_file_says_reading_it_fails_with_recording_error_or_not_at_all(kind: Kind, data: bytes) -> None:
    assert not controls(replay(data))
    show(data, kind)


def test_the_names_in_a_file_are_escaped_where_they_are_printed() -> None:
    records = records_of(recorded_game(130))
    records[0]["room"] = ESCAPES
    printed = replay(file_of(records))
    assert not controls(printed)
    assert r"room a\x1b]0;owned\x07\x1b[2J\u202e of kind arena" in printed
    assert "the same after each of" in printed


def test_texts_of_a_file_are_escaped_in_what_the_rules_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError(ESCAPES)

    monkeypatch.setattr(Arena, "on_message", fail, raising=False)
    monkeypatch.setattr(Arena, "on_join", fail)
    printed = replay(recorded_game(130))
    assert "the rules raised an error" in printed
    assert r"ValueError: a\x1b]0;owned" in printed
    assert not controls(printed)


@pytest.mark.parametrize(
    "command",
    [5, [], [[1]], ["join", 1], ["message"], ["join", 1, 9, {}, None, None], ["done"], ["listed", 5, 0], ["?", 1]],
)
def test_a_command_of_another_shape_is_a_recording_error_or_the_files_end(command: object) -> None:
    records = records_of(recorded_game(130))
    records[1][1] = [command]
    replay(file_of(records))


@pytest.mark.parametrize(
    ("key", "value"), [("tick_hz", 0), ("tick_hz", "60"), ("snapshot_every", 0), ("schema", 5), ("room", b"a")]
)
def test_a_header_of_another_shape_is_refused(key: str, value: object) -> None:
    records = records_of(recorded_game(130))
    records[0][key] = value
    with pytest.raises(RecordingError, match="header is damaged"):
        Recording(file_of(records))
