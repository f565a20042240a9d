"""`gameserver store`: each action prints what it did, and takes what it needs and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gameserver.cli import main
from gameserver.store.api import RoomUpdate
from gameserver.store.sqlite import open_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a room that was put aside, and one that was not."""
    store = open_store(tmp_path)
    store.commit(0, [RoomUpdate(room, "race", b"", b"all of it", 7) for room in ("aaaaaa", "bbbbbb")], [])
    store.put_aside("aaaaaa", "there is no kind of room 'race' that lasts\x1b[2J")
    store.close()
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["store", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_rooms_put_aside_are_listed_tried_again_and_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(folder)
    assert run("aside", place) == 0
    said = capsys.readouterr().out
    assert said.startswith("room aaaaaa (race): saved at ")
    assert said.endswith("9 bytes: there is no kind of room 'race' that lasts\\x1b[2J\n")
    assert run("retry", place, "aaaaaa") == 0
    assert run("aside", place) == 0
    assert capsys.readouterr().out == "room aaaaaa (race) is tried again\nno room is put aside\n"
    store = open_store(folder)
    store.put_aside("bbbbbb", "reason")
    store.close()
    assert run("remove", place, "all") == 0
    assert capsys.readouterr().out == "room bbbbbb (race) is removed\n"
    assert run("show", place) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]] == ["aaaaaa"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backup", "{}"), "backup takes two files: gameserver store backup DATA COPY"),
        (("remove", "{}"), "gameserver store remove DATA ID"),
        (("retry", "{}"), "gameserver store retry DATA ID"),
        (("show", "{}", "aaaaaa"), "show takes one file"),
        (("remove", "{}", "bbbbbb"), "no room 'bbbbbb' is put aside, and there is no such effect"),
        (("aside", "{}/elsewhere"), "no such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*[part.format(folder) for part in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.count("\n") == 1
