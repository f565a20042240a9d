"""The command line: errors are one line on standard error, with exit status 2 and no traceback."""

import sys
from pathlib import Path

import pytest

from gameserver.cli import main


def succeed(arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert not ended.value.code


def refused(arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    return said.err.strip()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("frob", 'Unknown command "frob"'),
        ("run --frob", "Unknown option: --frob"),
        ("run --port x", 'unable to convert "x" into int'),
        ("run --port 65536", "port 65536: write a number from 0 to 65535"),
        ("run --bots -1", "bots -1: write a number from 0 up"),
        ("run nosuchmodule:Room", "no module named 'nosuchmodule'"),
        ("run gameserver.games.arena", "write module:Class"),
        ("run gameserver.games.arena:Nope", "has no 'Nope'"),
        ("run gameserver.games.arena:Ship", "is no Room"),
        ("run gameserver:Room", "is no Room"),
        ("run mygame.py:Tag", "'mygame.py:Tag': write the name of the module, not its file: mygame:Tag"),
        ("run ./games/tag.py:Tag", "not its file: games.tag:Tag"),
        ("run --cert nope.pem --key nope.pem", "nope.pem: no such file"),
        ("run --cert nope.pem", "come together"),
        ("run --origin play.example.org", "--origin 'play.example.org': write an origin with its scheme"),
        ("run --origin https://play.example.org/game", "write https://play.example.org"),
        ("run --trusted-proxy 10.0.0.5/8", "--trusted-proxy '10.0.0.5/8': write 10.0.0.0/8"),
        ("run --trusted-proxy nginx", "write an address (192.0.2.1) or a network"),
        ("run --lag -1", "times are from 0 to 3600 seconds"),
        ("run --stall 500", "a stall is MS/EVERY_S"),
        ("run --lag 5 --workers 2", "--workers and --lag do not go together"),
        ("run --web nope", "nope: no such folder"),
        ("run --csp none", "--csp is for the page of --web"),
        ("run --coop maybe", "maybe"),
        ("run --web . --csp caf\xe9", "write a policy in one line"),
        ("run --auth nope.toml", "nope.toml: no such file"),
        ("run --limits.max-rooms 0", "max_rooms must be a finite number above 0"),
        ("run --limits.resume-grace-s nan", "resume_grace_s must be a finite number from 0 up, got nan"),
        ("run --limits.max-depth 1000", "max_depth must be at most"),
        ("bots --count 0", "count must be at least 1"),
        ("bots --brain nope", "no brain 'nope'"),
        ("bots --brain gameserver:Room", "is no brain"),
        ("bots --brain policy:missing.py", "no file missing.py"),
        ("bots --url http://x/", "is no WebSocket address"),
        ("check gameserver.games.arena:Ship", "is no Room"),
        ("replay nope.gsrec --serve --port 65536", "port 65536: write a number from 0 to 65535"),
        ("replay nope.gsrec --serve", "nope.gsrec: No such file"),
        ("replay nope.gsrec", "nope.gsrec: No such file"),
        ("token nope.toml", "nope.toml: No such file"),
        ("token nope.toml --seconds nan", "--seconds nan: write a number above 0"),
        ("token nope.toml --seconds -5", "--seconds -5: write a number above 0"),
        ("token nope.toml --seconds 1e300", "--seconds 1e+300: write a number above 0"),
        ("token nope.toml exp=5", "'exp=5': the times of a token follow from --seconds"),
    ],
)
def test_a_wrong_command_line(arguments: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in refused(arguments, capsys)


def test_a_folder_for_recordings_that_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("junk")
    assert refused("run --record file", capsys) == "gameserver: --record file: is no folder"


def test_a_game_that_is_called_like_a_part_of_python(capsys: pytest.CaptureFixture[str]) -> None:
    Path("random.py").write_text("from gameserver import *\nclass Game(Room): pass")
    said = refused("run random:Game", capsys)
    assert said.startswith("gameserver: module 'random' has no 'Game': it is ")
    assert said.endswith("random.py, not random.py of this folder, which needs another name")


def test_a_class_that_cannot_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    Path("slow_game.py").write_text("from gameserver import *\nclass Game(Room):\n    snapshot_hz = 3")
    assert "Game.snapshot_hz is 3; write a divisor of tick_hz" in refused("run slow_game:Game", capsys)


def test_a_class_with_a_setting_that_cannot_work_is_shown_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("still_game.py").write_text("from gameserver import *\nclass Game(Room):\n    tick_hz = 0")
    with pytest.raises(SystemExit) as ended:
        main(["run", "still_game:Game"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Game.tick_hz is 0; write a whole number from 1 to 240" in said
    assert 'still_game.py", line 2' in said


@pytest.mark.parametrize("arguments", ["run --auth auth.toml", "token auth.toml"])
def test_tokens_without_their_package(
    arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "joserfc"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "joserfc", None)  # importing it raises ModuleNotFoundError
    Path("secret").write_text("x" * 40)
    Path("auth.toml").write_text('algorithm = "HS256"\nkey_file = "secret"\n')
    assert refused(arguments, capsys) == (
        "gameserver: tokens need the package joserfc, which is not installed: pip install 'trio-gameserver[auth]'"
    )


def test_a_token_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret").write_text("x" * 40)
    (tmp_path / "auth.toml").write_text('algorithm = "HS256"\nkey_file = "secret"\n')
    succeed("token auth.toml role=admin")
    assert capsys.readouterr().out.count(".") == 2
    assert "write a claim as NAME=VALUE" in refused("token auth.toml role", capsys)


def test_settings_come_from_the_environment_and_a_file_and_flags_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gameserver.toml").write_text("[run]\nport = 70001\n")
    assert "port = 70001" in refused("run", capsys)
    monkeypatch.setenv("GAMESERVER_RUN_PORT", "70002")
    assert "PORT=70002" in refused("run", capsys)
    assert "port 70003" in refused("run --port 70003", capsys)


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "bots", "token", "check", "replay"):
        succeed(f"{command} --help")
        assert "Usage: gameserver" in capsys.readouterr().out


def test_check_names_what_a_room_that_lasts_cannot_save(capsys: pytest.CaptureFixture[str]) -> None:
    Path("leaky.py").write_text(
        "from gameserver import *\n"
        "class Leaky(Room):\n"
        "    lasting = True\n"
        "    def on_create(self, options):\n"
        "        self.hoses = [(n for n in 'ab')]\n"
        "class Tight(Leaky):\n"
        "    def on_create(self, options):\n"
        "        self.hoses = [1]\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(["check", "leaky:Leaky"])
    assert ended.value.code == 1
    assert "cannot be saved: leaky.py:5: Leaky.hoses[0]: a generator cannot be saved; keep" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["check", "leaky:Tight"])
    assert ended.value.code == 0
    assert "Tight: saved and restored 30 times" in capsys.readouterr().out
