"""`gameserver replay FILE`: what it prints of a recording, and one line for a file that it cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gameserver.cli import main
from gameserver.games.arena import Arena
from gameserver.recording.format import Recording
from gameserver.recording.verify import check_shown
from gameserver.room.kind import make_kind
from tests.support.recorded_game import recorded_game

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

TICKS = 200


class Drifting(Arena):
    """Differs from the recorded rules from tick 90 on."""

    kind = "arena"

    def on_tick(self) -> None:
        super().on_tick()
        if self.tick == 90:
            self.players[0].avatar.hp -= 1


class Slower(Arena):
    kind = "arena"
    tick_hz = 20


class Other(Arena):
    kind = "other"


class NoStep(Arena):
    kind = "arena"
    predict = None  # type: ignore[assignment]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "game.gsrec"
    path.write_bytes(recorded_game(TICKS))
    return path


def run(*arguments: object) -> int:
    """Run the command; return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["replay", *map(str, arguments)])
    return int(str(ended.value.code))


def test_a_recording_that_gives_the_same_states_is_reported_so(path: Path, capsys: Capture) -> None:
    assert run(path) == 0
    out = capsys.readouterr().out
    assert "of kind arena: 203 ticks, 3.4 s, 3 joined" in out
    assert "the same after each of 203 ticks" in out
    assert "times real time" in out


def test_a_difference_is_reported_with_tick_and_field(path: Path, capsys: Capture) -> None:
    assert run(path, "tests.cli.test_replay:Drifting") == 1
    out = capsys.readouterr().out
    assert "DIFFERS at tick 90" in out
    assert "hp" in out


def test_without_verifying_only_a_summary_is_printed(path: Path, capsys: Capture) -> None:
    assert run(path, "tests.cli.test_replay:Drifting", "--no-verify") == 0
    assert "the same after" not in capsys.readouterr().out


def test_a_file_that_breaks_off_is_used_up_to_there_and_reported(path: Path, capsys: Capture) -> None:
    path.write_bytes(path.read_bytes()[:-5])
    assert run(path, "--no-verify") == 1
    assert run(path) == 0
    out = capsys.readouterr().out
    assert out.count("the file breaks off at byte") == 2
    assert "the same after each of 202 ticks" in out


@pytest.mark.parametrize("more", [(), ("--serve",)])
@pytest.mark.parametrize(
    ("room", "words"),
    [
        ("Slower", "the recording has 60 ticks a second, the room 20"),
        ("Other", "the recording is of a room of kind 'arena', not 'other'"),
    ],
)
def test_a_foreign_recording_is_refused_in_one_line(
    path: Path, capsys: Capture, room: str, words: str, more: tuple[str, ...]
) -> None:
    assert run(path, f"tests.cli.test_replay:{room}", *more) == 2
    assert capsys.readouterr().err == f"gameserver: {words}\n"


def test_with_another_step_a_recording_cannot_be_verified_but_shown(path: Path, capsys: Capture) -> None:
    assert run(path, "tests.cli.test_replay:NoStep") == 2
    assert "another shared step" in capsys.readouterr().err
    check_shown(Recording(path.read_bytes()), make_kind(NoStep))


@pytest.mark.parametrize("more", [(), ("--serve",)])
@pytest.mark.parametrize(
    ("data", "words"), [(b"", "this is not a recording"), (b"GSREC\x001\n??", "header is damaged")]
)
def test_what_is_no_recording_is_refused_in_one_line(
    tmp_path: Path, capsys: Capture, data: bytes, words: str, more: tuple[str, ...]
) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(data)
    assert run(path, *more) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "note.txt: " in err
    assert err.count("\n") == 1


def test_a_recording_that_shows_nothing_is_not_served(path: Path, capsys: Capture) -> None:
    second = [place for place, _ in Recording(path.read_bytes()).placed_ticks()][1]
    path.write_bytes(path.read_bytes()[:second])
    assert run(path, "--serve") == 2
    assert "nothing to show" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: Capture) -> None:
    assert run(tmp_path / "gone.gsrec") == 2
    assert "gone.gsrec: No such file or directory" in capsys.readouterr().err


def test_a_port_that_is_none_is_refused(path: Path, capsys: Capture) -> None:
    assert run(path, "--serve", "--port", 70_000) == 2
    assert "port 70000" in capsys.readouterr().err
