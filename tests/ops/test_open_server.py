"""`open_server` has the settings of `gameserver run`, and costs nothing to those who do not use it."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from typing import Any

import gameserver
from gameserver.cli.options import AccessOptions, ListenOptions, NetworkOptions, PageOptions
from gameserver.cli.run import run
from gameserver.ops.open_server import open_server

OF_THE_COMMAND: frozenset[str] = frozenset({"bots", "log_level", "log_format", "workers"})
"""What a program does itself (bots, logging), or cannot do (several processes)."""
OPTION_GROUPS = (ListenOptions, AccessOptions, PageOptions, NetworkOptions)
NONE_IS_THE_DEFAULT: frozenset[str] = frozenset({"limits", "net_limits"})


def settings_of(function: Any) -> dict[str, Any]:
    """The names and defaults of its parameters, with the fields of a group of options instead of the group."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}
    groups = {name: group for name, group in defaults.items() if type(group) in OPTION_GROUPS}
    fields = [field for group in groups.values() for field in dataclasses.fields(group)]
    alone = {name: default for name, default in defaults.items() if name not in groups}
    return alone | {field.name: field.default for field in fields}


def test_the_settings_are_those_of_the_command_with_the_same_defaults() -> None:
    command, own = settings_of(run), settings_of(open_server)
    assert command.keys() - own.keys() == OF_THE_COMMAND
    assert own.keys() - command.keys() == set()
    assert {name for name, value in own.items() if value != command[name]} == NONE_IS_THE_DEFAULT


def test_the_public_name_is_the_function_and_others_are_unknown() -> None:
    assert gameserver.open_server is open_server
    assert not hasattr(gameserver, "open_servers")


def test_rooms_need_neither_trio_nor_sockets() -> None:
    said = "import sys, gameserver; print(*{'trio', 'ssl', 'h11', 'gameserver.net', 'gameserver.ops'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
