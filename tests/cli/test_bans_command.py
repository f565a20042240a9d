"""`gameserver ban`, `bans`, `unban`, and `gameserver store audit`."""

from __future__ import annotations

import getpass
import re
from typing import TYPE_CHECKING

import pytest

from gameserver.cli import main
from gameserver.hub.bans import Ruling
from gameserver.store import moderation, rulings
from gameserver.store.sqlite import open_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    open_store(tmp_path).close()
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_bans_are_made_listed_and_lifted_and_the_audit_log_says_by_whom(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "olga")
    place = str(folder)
    assert run("bans", place) == 0
    assert run("ban", place, "sub:ada", "--reason", "griefing\x1b[2J", "--seconds", "3600") == 0
    assert run("ban", place, "address:2001:db8::7") == 0
    assert run("bans", place) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["nobody is banned", "sub:ada is banned", "address:2001:db8::/64 is banned"]
    assert re.fullmatch(r"sub:ada until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: griefing\\x1b\[2J", lines[3])
    assert lines[4] == "address:2001:db8::/64 for good: "
    assert run("unban", place, "address:2001:db8::9") == 0
    assert run("unban", place, "sub:bob") == 2
    said = capsys.readouterr()
    assert said.out == "address:2001:db8::/64 may come in again\n"
    assert said.err == f"gameserver: {folder / 'store.sqlite'}: sub:bob is not banned\n"
    assert run("store", "audit", place) == 0
    audited = [line.partition(" user ")[2] for line in capsys.readouterr().out.splitlines()]
    assert audited == [
        "olga: ban sub:ada for 3600 s: griefing\\x1b[2J",
        "olga: ban address:2001:db8::/64 for good: ",
        "olga: unban address:2001:db8::/64",
    ]


@pytest.mark.parametrize(
    ("who", "problem"),
    [
        ("ada", "'ada': write sub:NAME for the subject of a token, or address:ADDRESS"),
        ("sub:", "'sub:': write sub:NAME"),
        ("address:here", "address:here: write one address"),
        ("address:192.0.2.0/24", "address:192.0.2.0/24: write one address; networks are for the firewall"),
    ],
)
def test_what_is_no_identity_is_said_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], who: str, problem: str
) -> None:
    assert run("ban", str(folder), who) == 2
    assert capsys.readouterr().err.startswith(f"gameserver: {problem}")


def test_a_time_that_is_none_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ban", str(folder), "sub:ada", "--seconds", "0") == 2
    assert "write a number above 0" in capsys.readouterr().err


def test_what_is_removed_is_in_the_audit_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("store", "remove", str(folder), "all") == 0
    assert run("store", "audit", str(folder)) == 0
    assert capsys.readouterr().out == "no room is put aside\nnothing was decided\n"


def test_bans_and_the_log_are_bounded_and_bans_that_have_ended_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulings, "MAX_AUDIT", 3)
    monkeypatch.setattr(rulings, "MAX_BANS", 2)
    store = open_store(folder)
    store.rule([Ruling(float(at), "test", "kick", f"sub:{at}") for at in range(5)])
    store.close()
    assert [line.rsplit(" ", 1)[1] for line in moderation.audit(folder)] == ["sub:2", "sub:3", "sub:4"]
    for who, seconds in (("sub:ended", 1e-9), ("sub:soon", 60.0), ("sub:later", 600.0), ("sub:never", None)):
        moderation.ban(folder, who, "", seconds)
    assert [ban.who for ban in moderation.bans(folder)] == ["sub:later", "sub:never"]
