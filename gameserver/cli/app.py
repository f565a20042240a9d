"""Registers the subcommands and runs the one that the command line names."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from cyclopts import App
from rich.console import Console
from rich.text import Text

from gameserver import __version__
from gameserver.cli.bans import ban, bans, unban
from gameserver.cli.bots import bots
from gameserver.cli.check import check
from gameserver.cli.config import ENVIRONMENT_PREFIX, ORIGINS, ConfigurationFile, Environment
from gameserver.cli.dev import dev
from gameserver.cli.errors import EXIT_BROKEN_PIPE, EXIT_INTERRUPTED, fail, one_line
from gameserver.cli.new import new
from gameserver.cli.publish import publish
from gameserver.cli.replay import replay
from gameserver.cli.run import run
from gameserver.cli.store import store
from gameserver.cli.token import token
from gameserver.cli.types import types
from gameserver.compiled import COMPILED
from gameserver.protocol.constants import LimitError

_COMMANDS: Final = (ban, bans, bots, check, dev, new, publish, replay, run, store, token, types, unban)

app = App(
    name="gameserver",
    help="A multiplayer game server: rules in Python, played in the browser.",
    version=f"{__version__} ({'compiled' if COMPILED else 'not compiled'})",
    config=[Environment(ENVIRONMENT_PREFIX), ConfigurationFile([command.__name__ for command in _COMMANDS])],
    error_formatter=lambda error: Text(one_line(error)),  # as text: brackets in it are no markup
    error_console=Console(stderr=True, soft_wrap=True),
)
for command in _COMMANDS:
    app.command(command)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line and end the process with its exit status.

    Args:
        arguments: The words after the program's name; None takes them from `sys.argv`.

    Raises:
        SystemExit: Always; see `gameserver.cli.errors` for the statuses.
    """
    try:
        return app(arguments)
    except LimitError as error:
        fail(ORIGINS.describe(error.name, error))
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Standard output is closed. Python flushes it at exit and would report the broken pipe once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(EXIT_BROKEN_PIPE) from None
