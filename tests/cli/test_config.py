"""Options from the environment and from `gameserver.toml`: what is set, and how a mistake is reported."""

from pathlib import Path

import pytest

from gameserver.cli import main
from gameserver.ops.options import ServeOptions

ARENA = "gameserver.games.arena:Arena"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[ServeOptions]:
    """The options that servers were started with, instead of starting them."""
    found: list[ServeOptions] = []
    monkeypatch.setattr("gameserver.cli.run.serve_forever", found.append)
    monkeypatch.setattr("gameserver.cli.run.serve_with_workers", found.append)
    return found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[ServeOptions]:
    """The options that `gameserver dev` was started with."""
    found: list[ServeOptions] = []
    monkeypatch.setattr("gameserver.cli.dev.serve_and_reload", lambda options, *_: found.append(options))
    return found


def run(arguments: str = "") -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", *arguments.split()])
    assert not ended.value.code


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["run"])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    return said.err.removeprefix("gameserver: ").strip()


FILE = f"""
[run]
rooms = ["{ARENA}"]
port = 8001
lag = 5
origin = ["https://a.example", "https://b.example"]
log-format = "json"

[run.limits]
max_messages_per_s = 99
max_rooms = 7

[run.net_limits]
max_links_per_address = 16

[bots]
json = true
"""


def test_a_file_sets_options_of_every_type(served: list[ServeOptions]) -> None:
    Path("gameserver.toml").write_text(FILE)
    run()
    (options,) = served
    assert (options.rooms, options.port, options.log_format) == ((ARENA,), 8001, "json")
    assert options.origins == ("https://a.example", "https://b.example")
    assert options.network_conditions is not None
    assert (options.limits.max_rooms, options.limits.max_messages_per_s) == (7, 99.0)
    assert options.net_limits.max_links_per_address == 16


def test_so_do_variables(served: list[ServeOptions], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ROOMS": f"{ARENA} {ARENA}",
        "PORT": "8002",
        "ORIGIN": "https://a.example https://b.example",
        "LIMITS_MAX_ROOMS": "8",
        "NET_LIMITS_HEAD_TIMEOUT_S": "0.5",
        "AUTH": "",
    }.items():
        monkeypatch.setenv(f"GAMESERVER_RUN_{name}", value)
    run()
    (options,) = served
    assert (options.rooms, options.port, options.auth) == ((ARENA, ARENA), 8002, None)
    assert options.origins == ("https://a.example", "https://b.example")
    assert (options.limits.max_rooms, options.net_limits.head_timeout_s) == (8, 0.5)


def test_flags_win_over_variables_and_these_over_the_file(
    served: list[ServeOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("gameserver.toml").write_text('[run]\nport = 1\nrooms = ["nosuch:Room"]\norigin = ["https://a.example"]\n')
    run(ARENA)
    monkeypatch.setenv("GAMESERVER_RUN_PORT", "2")
    monkeypatch.setenv("GAMESERVER_RUN_ORIGIN", "https://b.example")
    run(ARENA)
    run(f"{ARENA} --port 3 --origin https://c.example")
    assert [options.port for options in served] == [1, 2, 3]
    assert [options.origins for options in served] == [(f"https://{host}.example",) for host in "abc"]
    assert {options.rooms for options in served} == {(ARENA,)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 9000", "run.prot = 9000: there is no such option; did you mean run.port?"),
        ("frobnicate = true", "run.frobnicate = true: there is no such option"),
        ("limits.max_room = 1", "run.limits.max_room = 1: there is no such option; did you mean run.limits.max_rooms?"),
        ("limits = 1", "run.limits = 1: write a section [run.limits]"),
        ('port = "x"', 'run.port = "x": write a whole number'),
        ("port = true", "run.port = true: write a whole number"),
        ("port = 70001", "run.port = 70001: write a number from 0 to 65535"),
        ("bots = -1", "run.bots = -1: write a number from 0 up"),
        ("workers = 0", "run.workers = 0: write a number from 1 up"),
        ('lag = "5"', 'run.lag = "5": write a number'),
        ("lag = -5", "run.lag = -5: lag -5, jitter 0, stall none: times are from 0 to 3600 seconds"),
        ("host = 1", 'run.host = 1: write a text, in " "'),
        ('log_format = "xml"', 'run.log_format = "xml": write one of "text", "json"'),
        ('origin = "https://a.example"', 'run.origin = "https://a.example": write a list, in [ ]'),
        ("origin = [1]", 'run.origin = [1]: in the list, write a text, in " "'),
        (
            'origin = ["a.example"]',
            "run.origin = [\"a.example\"]: 'a.example': write an origin with its scheme, such as https://a.example",
        ),
        ('auth = "nope.toml"', 'run.auth = "nope.toml": no such file'),
        ('web = "nope"', 'run.web = "nope": no such folder'),
        (
            "limits.max_rooms = 0",
            "run.limits.max_rooms = 0: max_rooms must be a finite number above 0, got 0",
        ),
        ("net_limits.max_pending = nan", "run.net_limits.max_pending = nan: write a whole number"),
        (
            "net_limits.head_timeout_s = nan",
            "run.net_limits.head_timeout_s = nan: head_timeout_s must be a finite number above 0, got nan",
        ),
        (
            'rooms = ["gameserver.games.arena:Nope"]',
            "run.rooms = [\"gameserver.games.arena:Nope\"]: module 'gameserver.games.arena' has no 'Nope'",
        ),
    ],
)
def test_a_mistake_in_the_file(text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("gameserver.toml").write_text(f"[run]\n{text}\n")
    assert refused(capsys) == f"gameserver.toml: {says}"


def test_a_file_of_an_editor_on_windows(served: list[ServeOptions], capsys: pytest.CaptureFixture[str]) -> None:
    Path("gameserver.toml").write_text("[run]\r\nport = 5\r\n", encoding="utf-8-sig")
    run(ARENA)
    assert [options.port for options in served] == [5]
    Path("gameserver.toml").write_bytes("# Größe\n[run]\nport = 5\n".encode("latin-1"))
    assert refused(capsys) == "gameserver.toml: byte 4 is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 1", "port = 1: options stand in the section of their command, such as [run]"),
        (
            "[rum]\nport = 1",
            "[rum]: there is no such command; there are ban, bans, bots, check, dev, new, publish, replay, run, "
            "store, token, types, unban",
        ),
        ("[run]\nport = =\n", "Invalid value (at line 2, column 8)"),
    ],
)
def test_a_file_that_is_no_configuration(text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("gameserver.toml").write_text(text)
    assert refused(capsys) == f"gameserver.toml: {says}"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PROT", "1", "GAMESERVER_RUN_PROT=1: there is no such option; did you mean GAMESERVER_RUN_PORT?"),
        ("PORT", "x", 'Invalid value for GAMESERVER_RUN_PORT from the environment: unable to convert "x" into int.'),
        ("PORT", "70001", "GAMESERVER_RUN_PORT=70001: write a number from 0 to 65535"),
        (
            "LIMITS_MAX_ROOMS",
            "0",
            "GAMESERVER_RUN_LIMITS_MAX_ROOMS=0: max_rooms must be a finite number above 0, got 0",
        ),
        (
            "LOG_FORMAT",
            "[red]xml",
            'Invalid value "[red]xml" for GAMESERVER_RUN_LOG_FORMAT from the environment. Choose from: "text", "json".',
        ),
    ],
)
def test_a_mistake_in_the_environment(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"GAMESERVER_RUN_{name}", value)
    assert refused(capsys) == says


def test_another_commands_section_is_not_read(served: list[ServeOptions], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("gameserver.toml").write_text("[bots]\nnonsense = 1\n")
    monkeypatch.setenv("GAMESERVER_BOTS_NONSENSE", "1")
    monkeypatch.setenv("GAMESERVER_COMPILE", "1")  # read by the build, no option
    run()
    assert len(served) == 1


def test_dev_takes_what_its_own_section_has_not_from_the_servers(written: list[ServeOptions]) -> None:
    Path("gameserver.toml").write_text(f'[run]\nrooms = ["{ARENA}"]\nport = 8001\nlag = 5\n[dev]\nport = 8002\n')
    with pytest.raises(SystemExit):
        main(["dev"])
    (options,) = written
    assert (options.rooms, options.port) == ((ARENA,), 8002)


def test_dev_leaves_the_players_rooms_and_other_machines_to_the_server(written: list[ServeOptions]) -> None:
    served = '[run]\ndata = "data"\nhost = "0.0.0.0"\nhost-name = ["a.example"]\norigin = ["https://a.example"]\n'
    Path("gameserver.toml").write_text(f'{served}rooms = ["{ARENA}"]\n[dev]\norigin = ["https://b.example"]\n')
    with pytest.raises(SystemExit):
        main(["dev"])
    (options,) = written
    assert options.host == "127.0.0.1"
    assert options.data != Path("data")
    assert "https://a.example" not in options.origins
    assert "https://b.example" in options.origins
    assert "a.example" not in options.host_names
